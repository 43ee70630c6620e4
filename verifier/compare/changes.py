"""Where frames of a suspect differ from the frames of the original that they show, over time.

A copy differs everywhere, and most where there is most detail: so each difference is held against
what is usual in this very pair of clips at places of as much detail. What stands out at one place
in frame after frame is a change: a replaced face, a mouth made to say something else, a blurred
plate. Where the two clips lie, and when, is known already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .placement import Frames
from .result import Interval
from .sampling import beyond

LONG_SIDE = 256  # pixels of the frames that are laid over one another; compared at half of it
SEED = 1.65  # times what is usual: a region must somewhere differ by so much
EXTENT = 1.45  # and reaches as far as the difference stays above this
_POOLED = 5  # frames, on either side, are judged together
_MOST = 6.0  # times what is usual: more says no more
_FLOOR, _COARSE_FLOOR = 1.5, 1.0  # grey levels: a difference below is not told from none
_UNTOLD = 4.0  # grey levels: a record keeps its level until a pixel is farther from it than that
_LOST = 4.5  # times what is found in most places: what a coarse codec left out is no change
_TILE = 8  # pixels
_CLASSES = 8  # of detail, for each of which it is found out what is usual
_WINDOW = 9  # pixels
_LEAST_AREA = 30  # pixels
_LEAST_FRAMES = 6  # unless the clip has fewer: what flickers is the codec's
_BLURS = (0.0, 0.5, 0.8, 1.1, 1.5, 2.0)  # pixels

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """How unusual each pixel of each frame is, pooled over its neighbours in time and space."""

    unusual: Frames  # (frames, height, width); about 1 in any lossy copy, 0 outside of the mask

    def scores(self) -> npt.NDArray[np.float64]:
        """The most unusual place of each frame."""
        return np.asarray(self.unusual.max((1, 2)), np.float64)


@dataclass(frozen=True, slots=True)
class Change:
    """A region, in pixels of the frames (left, top, right, bottom), and the frames it is in."""

    box: Box
    first: int
    last: int


def halved(frames: Frames) -> Frames:
    """Frames at half the size, without the detail that two samplings show differently."""
    return np.asarray(ndimage.gaussian_filter(frames, (0, 1.2, 1.2), truncate=3)[:, ::2, ::2])


def find_changes(ours: Frames, theirs: Frames, mask: Mask, *, coarse: bool = False) -> Changes:
    """Hold frames, (n, height, width), against those that they show, in the order of time.

    `coarse`: theirs are of a record (`clip-luma`), so that neither need show all that the other
    does, and a whole wall may have grown brighter unseen.
    """
    inside = ndimage.binary_erosion(mask, np.ones((7, 7)))  # edges are half a border
    if inside.sum() < _WINDOW**2 * _CLASSES:
        return Changes(np.zeros_like(ours))
    ours = _toned(ours, theirs, inside)
    ours, theirs = _equally_sharp(ours, theirs, inside)
    if coarse:
        brighter = ndimage.uniform_filter(ours - theirs, (0, _WINDOW, _WINDOW))
        ours = ours - brighter.clip(-_UNTOLD, _UNTOLD)
    away = _away(ours, theirs)
    floor = _FLOOR
    if coarse:
        away, floor = np.minimum(away, _away(theirs, ours)), _COARSE_FLOOR
    floor = max(floor, _LOST * _lost(away, inside))
    detail = ndimage.uniform_filter(
        np.stack([ndimage.gaussian_gradient_magnitude(frame, 1.0) for frame in theirs]), (0, 7, 7)
    )
    times = np.minimum(away / _usual(away, detail, inside, floor), _MOST) ** 2 * inside
    pooled = _pooled(times)
    weight = ndimage.uniform_filter(inside.astype(np.float32), _WINDOW, mode="constant")
    near = ndimage.uniform_filter(pooled, (0, _WINDOW, _WINDOW), mode="constant")
    mean = np.sqrt(np.maximum(near, 0) / np.maximum(weight, 0.4))
    return Changes(np.where(inside, mean, np.float32(0)).astype(np.float32))


def _pooled(times: Frames) -> Frames:
    """The mean of each frame and those around it, but for the most unusual: that was one frame."""
    count = min(len(times), 2 * _POOLED + 1)
    mean = ndimage.uniform_filter1d(times, count, 0, mode="nearest")
    if count < _LEAST_FRAMES:
        return np.asarray(mean)
    most = ndimage.maximum_filter1d(times, count, 0, mode="nearest")
    return np.asarray((count * mean - most) / (count - 1))


def regions_of(changes: Changes) -> list[Change]:
    """The regions that stand out, each for as long as it does in frame after frame."""
    labels, _ = ndimage.label(changes.unusual > EXTENT)
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        part = np.where(labels[place] == number, changes.unusual[place], 0)
        height, width = place[1].stop - place[1].start, place[2].stop - place[2].start
        if part.max() < SEED or height * width < _LEAST_AREA:
            continue
        if len(changes.unusual) > len(part) < _LEAST_FRAMES:
            continue
        box = (place[2].start, place[1].start, place[2].stop, place[1].stop)
        found.append(Change(box, place[0].start, place[0].stop - 1))
    return found


def interval_of(change: Change, times: Sequence[float], ends: Sequence[float]) -> Interval:
    """From when to when a change is seen; `times` are the frames', `ends` when each has gone."""
    return float(times[change.first]), float(ends[change.last])


def _toned(ours: Frames, theirs: Frames, inside: Mask) -> Frames:
    """Ours with the contrast and brightness of theirs, whatever is edited."""
    a, b = ours[:, inside].ravel()[::7], theirs[:, inside].ravel()[::7]
    weight = np.ones_like(a)
    gain, offset = 1.0, 0.0
    for _ in range(4):
        mean, other = np.average(a, weights=weight), np.average(b, weights=weight)
        spread = np.average((a - mean) ** 2, weights=weight)
        gain = float(np.average((a - mean) * (b - other), weights=weight) / max(spread, 1e-6))
        offset = float(other - gain * mean)
        away = np.abs(gain * a + offset - b)
        weight = 1 / (1 + (away / max(2 * float(np.median(away)), 1.0)) ** 2)
    return np.asarray(ours * gain + offset, np.float32)


def _equally_sharp(ours: Frames, theirs: Frames, inside: Mask) -> tuple[Frames, Frames]:
    some = np.linspace(0, len(ours) - 1, min(len(ours), 12)).astype(int)
    softer = [_left(ours[some], _soft(theirs[some], blur), inside) for blur in _BLURS]
    sharper = [1.03 * _left(_soft(ours[some], blur), theirs[some], inside) for blur in _BLURS]
    if min(sharper) < min(softer):
        return _soft(ours, _BLURS[int(np.argmin(sharper))]), theirs
    return ours, _soft(theirs, _BLURS[int(np.argmin(softer))])


def _soft(frames: Frames, blur: float) -> Frames:
    if not blur:
        return frames
    return np.asarray(ndimage.gaussian_filter(frames, (0, blur, blur), truncate=3))


def _left(one: Frames, other: Frames, inside: Mask) -> float:
    return float(np.abs(one - other)[:, inside].mean())


def _away(ours: Frames, theirs: Frames) -> Frames:
    """How far each pixel is from all that the original has within half a pixel of it."""
    return np.asarray(beyond(_soft(ours, 0.5), _soft(theirs, 0.5)))


def _lost(away: Frames, inside: Mask) -> float:
    """What a codec left out in half of all places or more: a change is in fewer."""
    weight = _tiled(inside.astype(np.float32))
    squares = _tiled((away**2).mean(0) * inside)[weight > 0.5] / weight[weight > 0.5]
    return float(np.sqrt(np.median(squares))) if squares.size else 0.0


def _tiled(plane: Frames) -> Frames:
    """The mean of each whole tile of a plane."""
    height, width = (side // _TILE for side in plane.shape)
    tiles = plane[: height * _TILE, : width * _TILE].reshape(height, _TILE, width, _TILE)
    return np.asarray(tiles.mean((1, 3)))


def _usual(away: Frames, detail: Frames, inside: Mask, floor: float) -> Frames:
    """What difference is usual at places of as much detail."""
    details, values = detail[:, inside].ravel(), away[:, inside].ravel()
    groups = np.array_split(np.argsort(details, kind="stable"), _CLASSES)
    middle = np.array([np.median(details[group]) for group in groups])
    spread = np.array([np.quantile(values[group], 0.75) / 1.15 for group in groups])
    usual = np.interp(detail, middle, np.maximum.accumulate(spread))
    return np.maximum(usual, floor).astype(np.float32)
