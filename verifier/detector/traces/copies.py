"""Whether a part of a picture was copied to another place in it, straight on. Pure.

A copy repeats the grain of what it was copied from: the picture's fine residual, correlated with
itself, has a peak at the distance between the two. It is looked for at every distance at once by
Fourier transform, and each peak is verified where it lies, cell by cell. (Dense search by exact
features as in J. Fridrich, D. Soukal and J. Lukas, "Detection of copy-move forgery in digital
images", DFRWS 2003; the normalised correlation of residuals as the proof, as in V. Christlein et
al., "An evaluation of popular copy-move forgery detection approaches", IEEE TIFS 7, 2012.) Bricks,
windows and sky look alike but do not share their grain, and what repeats at several distances, as
patterns and letters do, is not told.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import fft, ndimage

from .blocks import Floats, Mask, Plane

CELL = 8  # pixels: copies are verified in squares of this side
_NEAR = 40  # pixels: nearer, everything is like itself
_PEAKS = 5
_PEAK = 5.0  # deviations of the correlation at distances where nothing is copied
_ALIKE = 0.5  # correlation of a cell with its copy
_LEAST_CELLS = 40
_EDGE = (
    0.12  # least over greatest slope: below it, a cell holds an edge, which is like all of itself
)
_BESIDE = 3  # pixels: so far beside the distance, a copy's grain must not fit any more
_REPEATS = 0.5  # of a copy that stands at another distance, too
_GRAIN = 0.8  # grey levels of residual: less cannot be told from rounding


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A part that stands twice: `cells` marks the one, `moved` the other (rows, columns of CELL).

    `by` is how far the other lies from it, down and to the right, in pixels; `likeness` the mean
    correlation of their cells, `score` the statistic, 0 to 1. `repeats` tells that it stands there
    more than twice, as a pattern does.
    """

    cells: Mask
    moved: Mask
    by: tuple[int, int]
    likeness: float
    score: float
    repeats: bool = False


def residual(luma: Plane) -> Plane:
    """The grain of a picture: what a blur takes away, brought to one level everywhere."""
    fine = luma - ndimage.gaussian_filter(luma, 1.2, truncate=3)
    level = np.sqrt(np.maximum(ndimage.uniform_filter(fine * fine, 31), 0))
    even = np.clip(fine / (level + 1.0), -2.5, 2.5)
    even[level < _GRAIN] = 0
    return np.asarray(even, np.float32)


def find_copy(luma: Plane) -> Copy | None:
    """The clearest copy in a luma plane (0 to 255), however unclear; None where nothing repeats."""
    if min(luma.shape) < 4 * CELL:
        return None
    grain = residual(luma)
    lively = _lively(grain)
    found = [
        copy
        for by in _distances(grain)
        for copy in (_verified(grain, lively, *by),)
        if copy is not None
    ]
    if not found:
        return None
    best = max(found, key=lambda copy: copy.score)
    sharp = _sharpness(grain, lively, best)
    rivals = [each for each in found if each is not best and _is_elsewhere(each, best)]
    overlap = max((float((each.cells & best.cells).sum()) for each in rivals), default=0.0)
    share = min(overlap / float(best.cells.sum()), 1)
    repeats = share > _REPEATS and sharp > _REPEATS
    score = 0.0 if repeats else best.score * (1 - share) * sharp
    return replace(best, score=score, repeats=repeats)


def _is_elsewhere(one: Copy, other: Copy) -> bool:
    return max(abs(one.by[0] - other.by[0]), abs(one.by[1] - other.by[1])) > 4


def _distances(grain: Plane) -> list[tuple[int, int]]:
    """The likeliest distances, down and to the right, of what stands twice."""
    rows, columns = (fft.next_fast_len(side, real=True) for side in grain.shape)
    power = np.abs(fft.rfft2(grain, (rows, columns), overwrite_x=False)) ** 2
    # What repeats as lines and lattices do is a few frequencies: no one may outweigh the rest.
    level = ndimage.uniform_filter(power, 9) + 1e-6
    power = np.minimum(power / level, 8.0).astype(np.float32) * np.sqrt(level)
    likeness = fft.irfft2(power, (rows, columns))
    half = likeness[: rows // 2 + 1]
    spread = 1.4826 * float(np.median(np.abs(half[::7, ::7]))) + 1e-9
    down, right = np.arange(half.shape[0])[:, None], np.arange(columns)[None]
    around = np.minimum(right, columns - right)
    half = np.where((down < _NEAR) & (around < _NEAR), 0, half)
    peak = (half > _PEAK * spread) & (half >= ndimage.maximum_filter(half, 9))
    places = np.argwhere(peak)
    order = np.argsort(-half[peak], kind="stable")[:_PEAKS]
    chosen = []
    for y, x in places[order]:
        options = {(y, x), (y, x - columns), (rows - y, columns - x), (rows - y, -x)}
        chosen += [
            (int(a), int(b))
            for a, b in options
            if abs(a) < grain.shape[0] - 2 * CELL and abs(b) < grain.shape[1] - 2 * CELL
        ]
    return chosen


def _lively(grain: Plane) -> Mask:
    """The cells whose grain goes more than one way."""
    down, right = np.gradient(grain)
    xx, yy, xy = (_sums(np.asarray(each)) for each in (right * right, down * down, right * down))
    half, root = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    return np.asarray(half - root > _EDGE * (half + root))


def _sharpness(grain: Plane, lively: Mask, copy: Copy) -> float:
    """How far the likeness falls a little beside the distance: 1 for grain, 0 for edges."""
    beside = []
    for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for sign in (-_BESIDE, _BESIDE):
            down, right = copy.by[0] + sign * step[0], copy.by[1] + sign * step[1]
            held = _alike(grain, lively, down, right)
            if held is not None:
                alike, (top, left) = held
                its = copy.cells[top:, left:][: alike.shape[0], : alike.shape[1]]
                beside.append(float(alike[its].mean()) if its.any() else 0.0)
    return float(np.clip((copy.likeness - max(beside, default=0.0)) / 0.4, 0, 1))


def _verified(grain: Plane, lively: Mask, down: int, right: int) -> Copy | None:
    """Hold each cell against what lies so far from it."""
    held = _alike(grain, lively, down, right)
    if held is None:
        return None
    alike, start = held
    marked = ndimage.binary_opening(alike > _ALIKE, np.ones((2, 2)))
    labels, count = ndimage.label(ndimage.binary_closing(marked, np.ones((3, 3))))
    if not count:
        return None
    sizes = ndimage.sum_labels(marked, labels, np.arange(1, count + 1))
    largest = 1 + int(np.argmax(sizes))
    cells = (labels == largest) & marked
    if cells.sum() < _LEAST_CELLS:
        return None
    likeness = float(alike[cells].mean())
    score = likeness * float(1 - np.exp(-cells.sum() / 160))
    return Copy(*_laid(cells, start, (down, right), grain.shape), (down, right), likeness, score)


def _alike(
    grain: Plane, lively: Mask, down: int, right: int
) -> tuple[Floats, tuple[int, int]] | None:
    """The correlation of each cell with what lies so far from it, and the first cell's place."""
    height, width = grain.shape
    top, left = max(0, -down), max(0, -right)
    bottom, end = min(height, height - down), min(width, width - right)
    if bottom - top < 2 * CELL or end - left < 2 * CELL:
        return None
    # Cells are those of the whole picture, so that the two parts can be laid over each other.
    top, left = -(-top // CELL) * CELL, -(-left // CELL) * CELL
    one = grain[top:bottom, left:end]
    two = grain[top + down : bottom + down, left + right : end + right]
    product, first, second = (_sums(each) for each in (one * two, one * one, two * two))
    rows, columns = product.shape
    their = lively[top // CELL :, left // CELL :][:rows, :columns]
    enough = their & (np.minimum(first, second) > 0.15 * CELL * CELL)
    alike = np.where(enough, product / np.sqrt(np.maximum(first * second, 1e-6)), 0)
    return alike, (top // CELL, left // CELL)


def _sums(plane: Plane) -> Floats:
    rows, columns = plane.shape[0] // CELL, plane.shape[1] // CELL
    inside = plane[: rows * CELL, : columns * CELL]
    return np.asarray(inside.reshape(rows, CELL, columns, CELL).sum((1, 3)))


def _laid(
    cells: Mask, start: tuple[int, int], by: tuple[int, int], shape: tuple[Any, ...]
) -> tuple[Mask, Mask]:
    """Both parts as cells of the whole picture."""
    rows, columns = -(-shape[0] // CELL), -(-shape[1] // CELL)
    source, moved = np.zeros((rows, columns), bool), np.zeros((rows, columns), bool)
    at = np.argwhere(cells) + np.array(start)
    to = np.rint(at + np.array(by) / CELL).astype(int)
    source[at[:, 0], at[:, 1]] = True
    inside = ((to >= 0) & (to < (rows, columns))).all(1)
    moved[to[inside, 0], to[inside, 1]] = True
    return source, moved
