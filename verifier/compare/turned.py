"""Clips that lie on a side or stand on their head: quarter turns, counter-clockwise. Pure."""

from dataclasses import replace

import numpy as np

from verifier.fingerprint.luma import Thumbnails

from .result import Geometry, Part, Region

QUARTERS = (0, 1, 2, 3)


def turned(clip: Thumbnails, quarters: int) -> Thumbnails:
    """A clip turned by so many quarters."""
    if not quarters % 4:
        return clip
    luma = np.ascontiguousarray(np.rot90(clip.luma, quarters, (1, 2)))
    size = clip.size if quarters % 2 == 0 else clip.size[::-1]
    return replace(clip, luma=luma, size=size, part=turned_part(clip.part, quarters))


def turned_part(part: Part, quarters: int) -> Part:
    """Where a part lies when the whole is turned by so many quarters."""
    for _ in range(quarters % 4):
        left, top, right, bottom = part
        part = top, 1 - right, bottom, 1 - left
    return part


def turned_back(region: Region, size: tuple[int, int], quarters: int) -> Region:
    """A region of a clip that was turned so, in the clip as it was, which has this size."""
    left, top, across, down = region.box
    width, height = size if quarters % 2 == 0 else size[::-1]
    for _ in range(quarters % 4):  # each: a quarter clockwise
        left, top, across, down = height - top - down, left, down, across
        width, height = height, width
    return replace(region, box=(left, top, across, down))


def geometry_back(geometry: Geometry, quarters: int) -> Geometry:
    """How an original lies in a clip that had to be turned so to show it upright."""
    if not quarters % 4:
        return geometry
    placed = turned_part(geometry.placed, -quarters)
    return replace(geometry, placed=placed, rotation=float(-90 * quarters % 360))
