"""A suspect picture against the recorded original: how it lies there, and what was changed.

The original is the picture itself, or no more than the thumbnail that was recorded of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.errors import Unreadable
from verifier.fingerprint.thumbnail import Thumbnail

from .refine import refine
from .regions import Difference, Picture, blobs, box_of, differ
from .register import geometry, register
from .result import Geometry, Part, Region, RegionKind
from .warp import Matrix, limited, resized

LONGEST = 512  # pixels: of a picture that is compared
HEAT_SIDE = 256  # pixels: the longer side of a heat map
_WORKING = 256  # pixels: the longer side of what is held against the original
_LEAST_DETAIL = 3.0  # grey levels: a picture that varies by less is flat
_STRIP = 0.01  # of a side: a narrower strip beside the original is not told


class Incomparable(Unreadable):
    """A picture with too little on it to be laid over another: flat, or of a few pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureComparison:
    """What differs, in the suspect's terms; `heat` is over the whole suspect, 0 same to 255."""

    geometry: Geometry
    regions: tuple[Region, ...]
    heat: npt.NDArray[np.uint8]
    colourless: bool  # it has lost all colour, as a whole
    matrix: Matrix  # from parts of the suspect to parts of the original
    score: float  # see register.LEAST_SCORE


def picture_of(image: Image.Image) -> Picture:
    """The planes of an upright image, reduced to LONGEST."""
    factor = min(1.0, LONGEST / max(image.size))
    width, height = (max(1, round(side * factor)) for side in image.size)
    small = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3)
    luma, *colours = (np.asarray(each, np.float32) for each in small.convert("YCbCr").split())
    size = -(-width // 4), -(-height // 4)
    return Picture(luma, np.stack([resized(each, size) for each in colours]))


def picture_of_thumbnail(thumbnail: Thumbnail) -> Picture:
    """The planes of a recorded thumbnail."""
    return Picture(thumbnail.luma(), thumbnail.colours())


def compare_pictures(
    suspect: Picture, original: Picture, size: tuple[int, int]
) -> PictureComparison | None:
    """Lay the original over the suspect and tell what differs; None if it is not there.

    `size` is the suspect's width and height in pixels as displayed, in which boxes are told.
    Raises Incomparable when either is flat.
    """
    for picture, whose in ((suspect, "the picture"), (original, "its original")):
        if min(picture.luma.shape) < 8 or picture.luma.std() < _LEAST_DETAIL:
            raise Incomparable(
                f"there is too little on {whose} to compare it", "look at both side by side"
            )
    found = register(suspect.luma, original.luma)
    if found is None:
        return None
    ours = limited(suspect.luma, LONGEST)
    finer = refine(ours, original.luma, found.matrix, _WORKING, steps=4, projective=True)
    matrix = found.matrix if finer is None else finer
    difference = differ(suspect, original, matrix, _WORKING)
    shape = original.luma.shape
    laid = geometry(matrix, size, (shape[1], shape[0]))
    regions = [Region(box, RegionKind.ADDED) for box in _strips(laid.placed, size)]
    heat = np.zeros((1, 1), np.uint8)
    if difference is not None:
        regions = _changed(difference, size) + regions
        heat = _heat(difference, size)
    gone = float(suspect.colours.std()) < 1.5 < float(original.colours.std()) / 2
    return PictureComparison(laid, tuple(regions), heat, gone, matrix, found.score)


def _changed(difference: Difference, size: tuple[int, int]) -> list[Region]:
    content = blobs(difference.content, difference.mask)
    changed = [Region(_box(blob, difference, size), RegionKind.CHANGED) for blob in content]
    covered = np.zeros_like(difference.mask)
    for blob in content:
        left, top, right, bottom = box_of(blob)
        covered[top:bottom, left:right] = True
    for blob in blobs(difference.colour, difference.mask):
        if (blob & covered).sum() < 0.3 * blob.sum():
            changed.append(Region(_box(blob, difference, size), RegionKind.COLOUR))
    return changed


def _box(
    blob: npt.NDArray[np.bool_], difference: Difference, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The box of a blob of the difference, in pixels of the suspect."""
    left, top, right, bottom = difference.part
    height, width = difference.mask.shape
    across, down = (right - left) * size[0] / width, (bottom - top) * size[1] / height
    x, y, x_end, y_end = box_of(blob)
    box = (left * size[0] + x * across, top * size[1] + y * down)
    return (
        round(box[0]),
        round(box[1]),
        max(1, round((x_end - x) * across)),
        max(1, round((y_end - y) * down)),
    )


def _strips(placed: Part, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """What lies around the original: above, below, left and right of it."""
    width, height = size
    left, top, right, bottom = placed
    x, x_end, y, y_end = (
        round(a * b)
        for a, b in zip((left, right, top, bottom), (width, width, height, height), strict=True)
    )
    strips = [
        (top, (0, 0, width, y)),
        (1 - bottom, (0, y_end, width, height - y_end)),
        (left, (0, y, x, y_end - y)),
        (1 - right, (x_end, y, width - x_end, y_end - y)),
    ]
    return [box for share, box in strips if share > _STRIP and box[2] > 0 and box[3] > 0]


def _heat(difference: Difference, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    factor = min(1.0, HEAT_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    left, top, right, bottom = difference.part
    x, x_end = round(left * width), max(round(left * width) + 1, round(right * width))
    y, y_end = round(top * height), max(round(top * height) + 1, round(bottom * height))
    warm = np.clip((np.maximum(difference.content, difference.colour) - 1) / 5, 0, 1) * 255
    heat = np.zeros((height, width), np.float32)
    heat[y:y_end, x:x_end] = resized(warm.astype(np.float32), (x_end - x, y_end - y))[
        : height - y, : width - x
    ]
    return np.clip(heat, 0, 255).astype(np.uint8)
