"""Decode a picture, whatever its mode, into upright pixels.

Only the decoder that the first bytes call for is tried (Pillow has others that run programs), and
the size in the header is checked before a single pixel is unpacked.
"""

import contextlib
import io
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ledger import asset
from ledger.asset import MediaType
from ledger.errors import AssetError
from verifier.errors import LimitReached, Unreadable

from .ffmpeg import decoding, open_stream, probe_json

MAX_PIXELS = 250_000_000  # width times height: above every camera sold, below what fills memory
GREY = 128  # what lies behind transparent pixels: neither hides white on clear, nor black on clear

_DECODERS = {
    asset.JPEG: ("JPEG", "MPO"),
    asset.PNG: ("PNG",),
    asset.GIF: ("GIF",),
    asset.WEBP: ("WEBP",),
    asset.TIFF: ("TIFF",),
    asset.BMP: ("BMP",),
    asset.AVIF: ("AVIF",),
}
# What Pillow's decoders raise on damaged files, found by feeding them damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
)


def picture_size(path: Path, media_type: MediaType) -> tuple[int, int]:
    """Width and height in pixels as displayed, from the header alone; raises Unreadable."""
    if media_type == asset.HEIC:
        return _heic_size(path)
    with opened(path, media_type) as image:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # EXIF 2.32, Orientation
        return image.size[::-1] if turned else image.size


def picture(path: Path, media_type: MediaType, *, shrink_to: int | None = None) -> Image.Image:
    """Decode the first frame, upright, over grey where it is transparent; mode RGB or L.

    With `shrink_to`, a larger picture is decoded smaller, where that is cheaper, but with no side
    below `shrink_to` pixels. Raises Unreadable, or LimitReached above MAX_PIXELS.
    """
    if media_type == asset.HEIC:
        whole = _decode_heic(path)
        return whole if shrink_to is None else _reduced(whole, shrink_to)
    with opened(path, media_type) as image:
        if shrink_to and image.format in ("JPEG", "MPO"):
            image.draft(None, (shrink_to, shrink_to))  # JPEG decodes at 1/2, 1/4, 1/8 for less
        image.load()
        upright = opaque(ImageOps.exif_transpose(image))
    return upright if shrink_to is None else _reduced(upright, shrink_to)


def pixels(path: Path, media_type: MediaType) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Decode the first frame as an array: height, width, 3 (red, green, blue), 0 to 255."""
    return np.asarray(picture(path, media_type).convert("RGB"))


@contextlib.contextmanager
def opened(path: Path, media_type: MediaType) -> Iterator[Image.Image]:
    """Open a picture by the one decoder that its bytes call for; nothing is unpacked yet.

    Raises Unreadable, also for what goes wrong inside the block, or LimitReached.
    """
    decoders = _DECODERS.get(media_type)
    if decoders is None:
        raise Unreadable(
            f"there is no decoder for {media_type} pictures", "convert it to JPEG or PNG first"
        )
    try:
        with _our_limit_only(), Image.open(path, formats=decoders) as image:
            _require_size(image.size)
            yield image
    except FileNotFoundError:
        raise AssetError(f"{path} does not exist", "check the name") from None
    except UnidentifiedImageError:
        raise Unreadable(
            f"the file begins like {media_type} but its header is damaged", "get a whole copy"
        ) from None
    except _DAMAGE as problem:
        raise Unreadable(f"the picture is damaged ({problem})", "get a whole copy") from None


@contextlib.contextmanager
def _our_limit_only() -> Iterator[None]:
    """Lift Pillow's limit, which refuses 179 megapixels: ours is checked before any is unpacked.

    Pillow's is global. A job has the process to itself; anywhere else, one thread at a time.
    """
    theirs, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = theirs


def _require_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_large(f"{width} by {height} pixels")


def _too_large(size: str) -> LimitReached:
    return LimitReached(
        f"the picture claims {size}; at most {MAX_PIXELS // 10**6} megapixels are decoded",
        "treat it as hostile, or give a smaller copy",
    )


def opaque(image: Image.Image) -> Image.Image:
    """Any mode to RGB or L, 8 bits, over grey where it is transparent."""
    if image.mode in ("RGB", "L"):
        # PNG and GIF mark one colour as clear in a side note.
        return image if "transparency" not in image.info else _over_grey(image.convert("RGBA"))
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode in ("RGBA", "LA", "La", "RGBa", "PA") or "transparency" in image.info:
        return _over_grey(image.convert("RGBA"))
    return image.convert("L" if image.mode == "1" else "RGB")


def _over_grey(image: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", image.size, (GREY, GREY, GREY, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit samples to 8 by their high byte; other ranges by their own least and greatest."""
    samples = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(samples.min()), float(samples.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (samples - low) * (255 / max(high - low, 1e-9))
    return Image.fromarray(scaled.astype(np.uint8))


def _reduced(image: Image.Image, smallest: int) -> Image.Image:
    """Average whole blocks of pixels: the cheapest honest way to make a large picture smaller."""
    factor = min(image.size) // smallest
    return image.reduce(factor) if factor > 1 else image


def _heic_size(path: Path) -> tuple[int, int]:
    """Width and height of a HEIC picture of one piece; raises Unreadable for one in tiles."""
    told = probe_json(path, asset.HEIC)
    streams = cast("list[dict[str, Any]]", told.get("streams", []))
    sizes = [(int(each.get("width", 0)), int(each.get("height", 0))) for each in streams]
    if len(sizes) != len(set(sizes)):  # a thumbnail is smaller; tiles are alike
        raise Unreadable("the HEIC picture is stored in tiles", "convert it to JPEG or PNG first")
    if not sizes:
        raise Unreadable("the HEIC file holds no picture", "get a whole copy")
    _require_size(max(sizes))
    return max(sizes)


def _decode_heic(path: Path) -> Image.Image:
    """Decode by ffmpeg, which turns the picture upright."""
    _heic_size(path)
    stream = open_stream(path, asset.HEIC, "V:0")
    with decoding(stream, format="image2pipe", vcodec="ppm", **{"frames:v": 1}) as output:
        data = output.read()
    with Image.open(io.BytesIO(data), formats=("PPM",)) as image:
        return image.convert("RGB")
