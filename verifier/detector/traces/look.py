"""A picture as the tests look at it: its luma as stored, uncut where it is small enough.

Traces are finer than a pixel and die when a picture is shrunk, so a large one is cut instead: its
middle, from the corner of a block. Copies outlive shrinking, and are looked for in the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger import asset
from ledger.asset import MediaType
from verifier.detector.result import Box
from verifier.media.picture import opaque

from .blocks import SIDE, Mask, Plane
from .jpegfile import JpegFile, parse_header

MOST = 3_000_000  # pixels that are examined closely
MOST_WHOLE = 5_000_000  # pixels of the whole in which copies are looked for
_HEADER = 4 << 20  # bytes of a JPEG file in which its header ends


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The pixels of one picture as stored, before it is turned upright.

    `luma` is the examined part, `left` and `top` where it begins, `clipped` where a colour of it
    is cut off. `whole` is the whole picture's luma, each pixel the mean of `factor` by `factor`.
    `size` is width and height as stored, `orientation` EXIF's, 1 to 8. `jpeg` is the file's header
    where it is JPEG in luma and colour differences, and None elsewhere.
    """

    luma: Plane
    clipped: Mask
    left: int
    top: int
    whole: Plane
    factor: int
    size: tuple[int, int]
    orientation: int
    jpeg: JpegFile | None

    @property
    def is_cut(self) -> bool:
        """Whether less than the whole picture is examined closely."""
        return self.luma.size < self.size[0] * self.size[1]


def look(image: Image.Image, path: Path, media_type: MediaType) -> Look:
    """Unpack an opened picture; raises what its decoder raises."""
    is_jpeg = media_type == asset.JPEG and image.mode in ("L", "RGB")
    header = parse_header(_beginning(path)) if is_jpeg else None
    orientation = _orientation(image)
    if header is not None and header.luma is not None and image.mode == "RGB":
        image.draft("YCbCr", image.size)  # the decoder's own luma, before colour is made of it
    image.load()
    return look_at(image, header, orientation)


def look_at(image: Image.Image, jpeg: JpegFile | None = None, orientation: int = 1) -> Look:
    """Look at unpacked pixels, of any mode, as they lie."""
    width, height = image.size
    box = _middle(width, height)
    part = _plain(image.crop(box))
    colours = np.asarray(part.convert("RGB"))
    whole, factor = _whole(image)
    return Look(
        np.asarray(_luma(part), np.float32),
        np.asarray(((colours <= 1) | (colours >= 254)).any(2)),
        box[0],
        box[1],
        whole,
        factor,
        (width, height),
        orientation,
        jpeg,
    )


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER)


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(0x0112, 1)  # EXIF 2.32, Orientation
    return value if value in range(1, 9) else 1


def _luma(image: Image.Image) -> Image.Image:
    return image.getchannel(0) if image.mode == "YCbCr" else image.convert("L")


def _middle(width: int, height: int) -> Box:
    """Left, top, right and lower edge of the part, in whole blocks where it is cut."""
    scale = (MOST / (width * height)) ** 0.5
    if scale >= 1:
        return 0, 0, width, height
    # A very long picture is examined over a shorter length, not in a thinner strip.
    across = min(width, max(int(width * scale), min(width, 1024), MOST // height))
    down = min(height, MOST // across)
    left, top = ((a - b) // 2 // SIDE * SIDE for a, b in ((width, across), (height, down)))
    return left, top, left + across, top + down


def _whole(image: Image.Image) -> tuple[Plane, int]:
    factor = max(1, int(np.ceil((image.width * image.height / MOST_WHOLE) ** 0.5)))
    if image.mode not in ("L", "RGB", "RGBA", "YCbCr", "CMYK"):
        image = _plain(image)
    elif image.mode == "YCbCr":
        image = image.getchannel(0)
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray(_luma(_plain(small)), np.float32), factor


def _plain(image: Image.Image) -> Image.Image:
    return image if image.mode == "YCbCr" else opaque(image)


def upright(array: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Turn what lies as stored as it is displayed (EXIF 2.32, Orientation)."""
    turned: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]] | None = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, 1),
    }.get(orientation)
    return np.ascontiguousarray(turned(array) if turned else array)


def upright_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Turn a box (left, top, width, height) of a picture of `size` as stored, likewise."""
    left, top, width, height = box
    across, down = size
    right, below = across - left - width, down - top - height
    return {
        2: (right, top, width, height),
        3: (right, below, width, height),
        4: (left, below, width, height),
        5: (top, left, height, width),
        6: (below, left, height, width),
        7: (below, right, height, width),
        8: (top, right, height, width),
    }.get(orientation, box)
