"""When the detector says nothing, and why: a picture is not of the kind it was measured on."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from .views import FACE_SMALLEST, LEAST, Box, around

FLAT = 0.7  # share of neighbouring pixels that are equal: screens, text, drawings; photographs less
FEW = 10  # colours of 4,096 that cover nine tenths of a picture: graphics; photographs have more
FEW_OF_FACE = 4  # the same of a face: a grey portrait has as few as 5
COARSE = 30  # JPEG quality (the standard's tables) below which traces are compressed away
ROUGH = (
    1.1  # steps between neighbours, in deviations of the whole: noise 1.4, photographs below 0.8
)
SOFT = 0.7  # second steps against first, where both are greatest: photographs above 0.74
BLOCKY = 1.6  # steps across the grid of JPEG's blocks, against those within: seen by the eye
_LUMA_SUM = 3685  # of the standard's luma table (ITU-T T.81, K.1): quality 50

Pixels = npt.NDArray[np.uint8]


def why_not(image: Image.Image, coarseness: float | None, *, moves: bool = False) -> str | None:
    """The reason to abstain from a picture of mode RGB, or None.

    `coarseness` is the mean step of the luma table of a JPEG file, None for other formats. Frames
    of what `moves` are blurred by that, and were learnt so.
    """
    return next(_reasons(image, coarseness, moves=moves), None)


def _reasons(image: Image.Image, coarseness: float | None, *, moves: bool) -> Iterator[str]:
    if min(image.size) < LEAST:
        yield f"it is smaller than {LEAST} pixels on one side"
        return
    if coarseness is not None and coarseness > _LUMA_SUM / 64 * 50 / COARSE:
        yield "it is compressed so heavily that little is left to judge"
    scale = min(1.0, 512 / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX, reducing_gap=2))
    if flatness(np.asarray(_crop(image))) > FLAT or colours(pixels) < FEW:
        yield "it looks like a drawing, a screen or a page of text"
    if roughness(pixels) > ROUGH:
        yield "it looks like noise"
    if not moves and sharpness(pixels) < SOFT:
        yield "it is out of focus, or was blurred, and little fine detail is left to judge"


def why_not_face(image: Image.Image, box: Box) -> str | None:
    """The reason to abstain from a face of a picture of mode RGB, or None."""
    if not np.isfinite(box).all():
        return "where the face lies makes no sense"
    if min(box[2:]) < FACE_SMALLEST or min(image.size) < FACE_SMALLEST:
        return f"the face is smaller than {FACE_SMALLEST} pixels"
    square = around(image, box)
    if min(square.size) < FACE_SMALLEST:
        return f"less than {FACE_SMALLEST} pixels of the face are in the picture"
    if blockiness(np.asarray(square.convert("L"))) > BLOCKY:
        return "the face is compressed so heavily that little is left to judge"
    if colours(np.asarray(square)) < FEW_OF_FACE:
        return "the face looks drawn, or is lost in the dark"
    return None


def blockiness(luma: npt.NDArray[np.uint8]) -> float:
    """How much larger steps are at every eighth column or row than between; 1 without blocks.

    Wherever the grid of eight lies: the greatest of its eight places, of shape (height, width).
    """
    told = []
    for turned in (luma, luma.T):
        steps = np.abs(np.diff(turned.astype(np.float32), axis=1)).mean(0)
        each = np.array([steps[place::8].mean() for place in range(8)])
        told.append(each.max() / (np.median(each) + 0.25))
    return float(min(told))


def flatness(pixels: Pixels) -> float:
    """The share of pixels whose left neighbour has the same colour, in full resolution."""
    return float((pixels[:, 1:] == pixels[:, :-1]).all(2).mean())


def roughness(pixels: Pixels) -> float:
    """How large steps between neighbours are, against how far pixels are from their mean."""
    grey = pixels.astype(np.float32).mean(2)
    return float(np.diff(grey, axis=1).std() / (grey.std() + 1e-3))


def sharpness(pixels: Pixels) -> float:
    """How large second steps are against first ones, of each the greatest hundredth.

    About 1 where edges are as sharp as pixels allow, and less the wider a blur is; of rows and
    columns the greater, since a moved camera blurs in one direction.
    """
    grey = pixels.astype(np.float32).mean(2)
    told = []
    for turned in (grey, grey.T):
        first = np.diff(turned, axis=1)
        second = np.diff(first, axis=1)
        greatest = (float(np.quantile(np.abs(each), 0.99)) for each in (second, first))
        told.append(next(greatest) / (next(greatest) + 1e-3))
    return max(told)


def colours(pixels: Pixels) -> int:
    """How many colours, of 16 levels a channel, cover nine tenths of the pixels."""
    coarse = (pixels >> 4).astype(np.int64)
    index = (coarse[..., 0] << 8) + (coarse[..., 1] << 4) + coarse[..., 2]
    counts = np.sort(np.bincount(index.ravel(), minlength=4096))[::-1]
    return int(np.searchsorted(np.cumsum(counts), 0.9 * index.size) + 1)


def _crop(image: Image.Image) -> Image.Image:
    """At most 1,024 by 1,024 pixels of the middle, as they are."""
    width, height = (min(each, 1024) for each in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
