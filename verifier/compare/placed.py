"""How an original lies in a suspect, in a report's terms: parts of both as they are displayed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verifier.fingerprint.luma import Thumbnails

from .geometry import content_box
from .lines import Rows
from .placement import Box, Frames, Placement
from .result import WHOLE, Geometry, Part

_STRIP = 0.01  # of a side: a narrower strip beside the original is not told
_SLACK = 3.0  # times as much as a border may move and vary, one that the suspect has may
_BLACK, _SAME_GREY = 16.0, 24.0  # grey levels of a bar; by which encoders change it, at most
_AT_EDGE = 0.02  # of a side: so near to where a border was cut off is there


@dataclass(frozen=True, slots=True)
class Laid:
    """How one original lies in a suspect."""

    source: int  # the number of the original
    geometry: Geometry
    placement: Placement
    fit: float  # correlation of the frames laid over one another, -1 to 1
    pairs: tuple[Rows, Rows]  # frames of the suspect and of the original that show the same


def describe(placement: Placement, box: Box, suspect: Thumbnails, original: Thumbnails) -> Geometry:
    """Where the original lies in the suspect, as parts of both clips as they are displayed."""
    crop, placed = [], []
    own = _own_borders(placement, box, suspect, original)
    for axis in (0, 1):
        scale, offset = placement.scale[axis], placement.offset[axis]
        length, other = suspect.luma.shape[2 - axis], original.luma.shape[2 - axis]
        low, high = float(box[axis]), float(box[axis + 2])
        if axis == 0 and placement.mirrored:
            low, high = length - high, length - low
        first, last = max(0.0, scale * low + offset), min(float(other), scale * high + offset)
        seen = ((first - offset) / scale, (last - offset) / scale)
        if axis == 0 and placement.mirrored:
            seen = (length - seen[1], length - seen[0])
        shown = _within(first / other, last / other, original.part[axis::2])
        filled = _within(seen[0] / length, seen[1] / length, suspect.part[axis::2])
        half = 1.5 / other  # the innermost row of a border may be half of it
        first, last = own[axis] / other, own[axis + 2] / other
        inner = _within(
            first + half if first else 0.0, last - half if last < 1 else 1.0, original.part[axis::2]
        )
        border = inner[0], 1 - inner[1]
        flip = axis == 0 and placement.mirrored
        shown, filled = _with_borders(shown, filled, border, flip=flip)
        crop.append(shown)
        placed.append(filled)
    return Geometry(_as_part(crop), _as_part(placed), placement.mirrored)


def _own_borders(placement: Placement, box: Box, suspect: Thumbnails, original: Thumbnails) -> Box:
    """What is left of the original without borders of its own: the same that the suspect has.

    Encoding makes what hardly moves still, so that a border may be seen in the copy alone.
    """
    ours, theirs = (each.luma.astype(np.float32) for each in (suspect, original))
    if placement.mirrored:
        width = ours.shape[2]
        ours, box = ours[:, :, ::-1], (width - box[2], box[1], width - box[0], box[3])
    surely, perhaps = content_box(theirs), content_box(theirs, _SLACK)
    cut = np.array(suspect.part) != WHOLE  # what is cut off already was black, as bars are
    if placement.mirrored:
        cut = cut[[2, 1, 0, 3]]
    greys = np.where(cut, _BLACK, _greys(ours, box)).tolist()
    alike = [
        abs(one - other) < _SAME_GREY
        for one, other in zip(greys, _greys(theirs, perhaps), strict=True)
    ]
    left, top, right, bottom = (
        perhaps[side] if is_alike else surely[side] for side, is_alike in enumerate(alike)
    )
    return left, top, right, bottom


def _greys(frames: Frames, box: Box) -> list[float]:
    """The mean grey of each border: left, top, right, bottom; NaN where there is none."""
    left, top, right, bottom = box
    plane = frames.mean(0)
    return [
        float(part.mean()) if part.size else float("nan")
        for part in (plane[:, :left], plane[:top], plane[:, right:], plane[bottom:])
    ]


def _with_borders(
    shown: tuple[float, float],
    filled: tuple[float, float],
    border: tuple[float, float],
    *,
    flip: bool,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """What is shown and where, with the borders that both clips have and that were cut off."""
    scale = (filled[1] - filled[0]) / max(shown[1] - shown[0], 1e-6)
    before, after = filled[0], 1 - filled[1]
    if flip:
        before, after = after, before
    left_out = shown[0], 1 - shown[1]
    low, high = (
        min(out, room / scale) if cut and out < cut + _AT_EDGE else 0.0
        for out, cut, room in zip(left_out, border, (before, after), strict=True)
    )
    shown = shown[0] - low, shown[1] + high
    if flip:
        low, high = high, low
    return shown, (filled[0] - low * scale, filled[1] + high * scale)


def _within(first: float, last: float, part: tuple[float, ...]) -> tuple[float, float]:
    """A stretch of a part as one of the whole."""
    low, high = part
    return low + (high - low) * first, low + (high - low) * last


def _as_part(sides: Sequence[tuple[float, float]]) -> Part:
    (left, right), (top, bottom) = sides
    return _tidy(left), _tidy(top), _tidy(right), _tidy(bottom)


def _tidy(value: float) -> float:
    """Within less than a pixel of a thumbnail of an edge is the edge."""
    return 0.0 if value < 0.012 else 1.0 if value > 0.988 else round(value, 4)


def strips(placed: Part, size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """What lies above, below, left and right of the original."""
    left, top, right, bottom = placed
    strips: list[Part] = [
        (0.0, 0.0, 1.0, top),
        (0.0, bottom, 1.0, 1.0),
        (0.0, top, left, bottom),
        (right, top, 1.0, bottom),
    ]
    return [
        box_of_part(each, size)
        for each in strips
        if each[2] - each[0] > _STRIP and each[3] - each[1] > _STRIP
    ]


def box_of_part(part: Part, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A part as left, top, width and height in pixels; at least one pixel each way."""
    width, height = size
    x, y = min(width - 1, round(part[0] * width)), min(height - 1, round(part[1] * height))
    x_end, y_end = round(part[2] * width), round(part[3] * height)
    return x, y, max(1, x_end - x), max(1, y_end - y)
