"""A suspect picture against the recorded original: how it lies there, and what was changed.

The original is the picture itself, or no more than the thumbnail that was recorded of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.errors import NotComparable
from verifier.fingerprint.inside import inner_box
from verifier.fingerprint.thumbnail import Thumbnail

from .placed import box_of_part, strips
from .refine import refine
from .regions import MOST, USUAL, Difference, Picture, blobs, box_of, differ, shown
from .register import geometry, register
from .result import WHOLE, Geometry, Heat, Part, Region, RegionKind
from .warp import Matrix, resized

LONGEST = 512  # pixels: of a picture that is compared
HEAT_SIDE = 256  # pixels: the longer side of a heat map
_WORKING = 256  # pixels: the longer side of what is held against the original
_LEAST_DETAIL = 3.0  # grey levels: a picture that varies by less is flat
_LEAST_COLOUR = 1.5  # grey levels: colours that vary by less are none
_TOLD = 0.3  # of a region of strange colours: what a changed region may cover and it is still told


@dataclass(frozen=True, slots=True, eq=False)
class PictureComparison:
    """What differs, in the suspect's terms."""

    geometry: Geometry
    regions: tuple[Region, ...]
    heat: Heat
    matrix: Matrix  # from parts of the suspect to parts of the original (warp.py)
    score: float  # see register.LEAST_SCORE


def picture_of(image: Image.Image) -> Picture:
    """The planes of an upright image, reduced to LONGEST."""
    factor = min(1.0, LONGEST / max(image.size))
    width, height = (max(1, round(side * factor)) for side in image.size)
    small = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3)
    luma, *colours = (np.asarray(each, np.float32) for each in small.convert("YCbCr").split())
    size = -(-width // 4), -(-height // 4)
    inner = inner_box(small, LONGEST) or WHOLE
    return Picture(luma, np.stack([resized(each, size) for each in colours]), inner)


def picture_of_thumbnail(thumbnail: Thumbnail) -> Picture:
    """The planes of a recorded thumbnail."""
    return Picture(thumbnail.luma(), thumbnail.colours())


def compare_pictures(
    suspect: Picture, original: Picture, size: tuple[int, int]
) -> PictureComparison | None:
    """Lay the original over the suspect and tell what differs; None if it is not there.

    `size` is the suspect's width and height in pixels as displayed, in which boxes are told.
    Raises NotComparable when either is flat, or has next to no pixels.
    """
    for picture, whose in ((suspect, "the picture"), (original, "its original")):
        if min(picture.luma.shape) < 8 or picture.luma.std() < _LEAST_DETAIL:
            raise NotComparable(
                f"there is too little on {whose} to compare it", "look at both side by side"
            )
    found = register(suspect.luma, original.luma)
    if found is None:
        return None
    matrix = _refined(suspect, original, found.matrix)
    difference = differ(suspect, original, matrix, _WORKING)
    if difference is not None and difference.core.sum() < difference.mask.sum():
        # What lies around the original pulled the map; now it is known, and left out.
        limit = shown(difference)
        matrix = _refined(suspect, original, matrix, limit)
        difference = differ(suspect, original, matrix, _WORKING, limit) or difference
    height, width = original.luma.shape
    placed = None if difference is None else shown(difference)
    laid = geometry(matrix, size, (width, height), placed)
    regions = [Region(box, RegionKind.ADDED) for box in strips(laid.placed, size)]
    if difference is None:
        return PictureComparison(laid, tuple(regions), Heat(1, 1, b"\0"), matrix, found.score)
    if _colour(suspect) < _LEAST_COLOUR < _colour(original) / 3:
        changed = [Region(box_of_part(laid.placed, size), RegionKind.COLOUR)]
    else:
        changed = []
    changed += _changed(difference, size, colours=not changed)
    return PictureComparison(
        laid, (*changed, *regions), _heat(difference, size), matrix, found.score
    )


def _refined(suspect: Picture, original: Picture, matrix: Matrix, limit: Part = WHOLE) -> Matrix:
    finer = refine(
        *(suspect.luma, original.luma, matrix, _WORKING), steps=4, projective=True, limit=limit
    )
    return matrix if finer is None else finer


def _colour(picture: Picture) -> float:
    """How much the colours of a picture vary, in grey levels."""
    return float(picture.colours.std(axis=(1, 2)).max())


def _changed(difference: Difference, size: tuple[int, int], *, colours: bool) -> list[Region]:
    content = blobs(difference.content, difference.core)
    changed = [Region(_box(blob, difference, size), RegionKind.CHANGED) for blob in content]
    covered = np.zeros_like(difference.mask)
    for blob in content:
        left, top, right, bottom = box_of(blob)
        covered[top:bottom, left:right] = True
    strange = blobs(difference.colour, difference.core) if colours else []
    apart = [blob for blob in strange if (blob & covered).sum() < _TOLD * blob.sum()]
    return changed + [Region(_box(each, difference, size), RegionKind.COLOUR) for each in apart]


def _box(
    blob: npt.NDArray[np.bool_], difference: Difference, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The box of a blob of the difference, in pixels of the suspect."""
    left, top, right, bottom = difference.part
    height, width = difference.mask.shape
    across, down = (right - left) / width, (bottom - top) / height
    x, y, x_end, y_end = box_of(blob)
    part = left + x * across, top + y * down, left + x_end * across, top + y_end * down
    return box_of_part(part, size)


def _heat(difference: Difference, size: tuple[int, int]) -> Heat:
    """The difference over the whole suspect: nothing where it is usual, all where it is most."""
    factor = min(1.0, HEAT_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    x, y, wide, high = box_of_part(difference.part, (width, height))
    strange = np.maximum(difference.content, difference.colour)
    warm = np.clip((strange - USUAL) / (MOST - USUAL), 0, 1)
    levels = np.zeros((height, width), np.uint8)
    drawn = np.clip(resized(warm, (wide, high)) * 255, 0, 255).astype(np.uint8)
    levels[y : y + high, x : x + wide] = drawn
    return Heat(width, height, levels.tobytes())
