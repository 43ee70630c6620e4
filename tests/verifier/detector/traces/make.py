"""Pictures to find traces in: photographs of the test wheels, edited and saved as the tests say."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, PngImagePlugin

from ledger import asset
from verifier.detector.result import Trace
from verifier.detector.traces.examine import picture_traces
from verifier.detector.traces.jpegfile import parse_header
from verifier.detector.traces.look import Look, look_at

_FOLDER = Path(skimage.data.__file__).parent
CALM = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png")
LATTICED = ("brick.png", "grass.png", "gravel.png")


@cache
def photograph(name: str) -> Image.Image:
    """A photograph that was never JPEG."""
    return Image.open(_FOLDER / name).convert("RGB")


def jpeg(image: Image.Image, quality: int, **options: object) -> bytes:
    """The picture's bytes as JPEG, its colour at half the resolution below quality 90."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality, subsampling=2 if quality < 90 else 0, **options)
    return data.getvalue()


def png(image: Image.Image, **texts: str) -> bytes:
    """The picture's bytes as PNG, with texts."""
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_itxt(key, text)
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=info, compress_level=1)
    return data.getvalue()


def again(image: Image.Image, quality: int) -> Image.Image:
    """What comes back of a picture that was compressed."""
    return Image.open(io.BytesIO(jpeg(image, quality))).convert("RGB")


def seen(image: Image.Image) -> Look:
    """The picture as the tests of pixels look at it, without a JPEG file around it."""
    return look_at(image)


def seen_in(data: bytes) -> Look:
    """A JPEG file as the tests of pixels look at it."""
    image = Image.open(io.BytesIO(data))
    image.draft("YCbCr", image.size)
    image.load()
    return look_at(image, parse_header(data))


def traces(data: bytes, folder: Path, ending: str = ".jpg") -> tuple[Trace, ...]:
    """What is told of a file with these bytes."""
    return examined(data, folder, ending)[0]


def examined(
    data: bytes, folder: Path, ending: str = ".jpg"
) -> tuple[tuple[Trace, ...], tuple[str, ...]]:
    """All that is told of a file with these bytes."""
    path = folder / f"picture{ending}"
    path.write_bytes(data)
    kinds = {".jpg": asset.JPEG, ".png": asset.PNG, ".gif": asset.GIF, ".tif": asset.TIFF}
    return picture_traces(path, kinds[ending])


def codes(found: tuple[Trace, ...]) -> set[str]:
    """The codes of traces, but for facts about the file that are no traces of an edit."""
    return {each.code for each in found} - {"jpeg.structure"}


def covered(trace: Trace, box: tuple[int, int, int, int]) -> float:
    """The share of a box (left, top, width, height) that the trace's boxes cover."""
    left, top, width, height = box
    marked = np.zeros((height, width), bool)
    for x, y, across, down in trace.boxes:
        marked[
            max(y - top, 0) : max(y + down - top, 0), max(x - left, 0) : max(x + across - left, 0)
        ] = True
    return float(marked.mean())
