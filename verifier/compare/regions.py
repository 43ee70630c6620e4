"""Which parts of the suspect differ from the original by their content, and not by a lossy copy.

Once the two lie over one another, tone and sharpness are matched. What then remains is held against
what remains elsewhere at places of as much detail, in this very pair: however strong a compression
was, it is its own measure. Nothing outside of what both show is ever looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .refine import normalised, scene, within
from .result import Part
from .warp import Mask, Matrix, Plane, resized, warped

# In units of the difference that is usual in the pair; chosen on pictures held apart from those of
# `python -m bench.regions`.
SEED = 4.3  # a region must have places that differ by so much (in a view of 128 pixels,
MORE_SEED = 0.9  # and by this more for each time that a view is twice as wide: it has more places),
EXTENT = 2.0  # it reaches as far as the difference stays above this,
LEAST_AREA = 0.0025  # and is at least so large a part of what the suspect shows of the original

USUAL, MOST = 1.0, 8.0  # a difference above the latter says no more
_FLOOR, _COLOUR_FLOOR = 2.0, 4.0  # grey levels: a deviation below is not told from none
_CLASSES = 8  # of detail, for each of which it is found out what is usual
_BLURS = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)  # pixels, tried to match the two
_BESIDE = ((0, 1), (1, 0), (0, -1), (-1, 0))
_AROUND = 11  # pixels: detail so near may ring at a place, as it does in a block of JPEG
_QUARTILE = 1.15  # deviations: what three quarters of normal values stay within
_BLACK, _WHITE = 8, 247  # grey levels: beyond these a tone may be clipped
_CLIPPED = 3.0  # by so much less does a difference count where it is
_RIM, _MOSTLY = 0.03, 0.4  # of the longer side: a region is mostly further in
_LEAST_PIXELS = 400  # that both show: fewer cannot be told from chance
_MARGIN = 2  # pixels: as much of an edge is never looked at
_UNLIKE = 0.2  # of the power of both: a correlation below 0.4 is none
_PARTS, _NEARLY_ALL = 8, 0.7  # of a strip along an edge
_EDGE = 0.015  # of a side: what is cut off is at least so wide
_COARSER = 4  # colours are kept and compared at a quarter of the resolution


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Luma, (height, width), and the blue and red differences, (2, h, w), all 0 to 255."""

    luma: Plane
    colours: Plane


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """How unusual each pixel of a part of the suspect is: about 1 in any lossy copy."""

    part: Part
    mask: Mask  # where it shows the original
    content: Plane
    colour: Plane


def differ(suspect: Picture, original: Picture, matrix: Matrix, longest: int) -> Difference | None:
    """Hold the suspect against the original, as `matrix` lays it, no side longer than `longest`.

    None when they have too little in common to be held against one another.
    """
    working = scene(suspect.luma, original.luma, matrix, longest)
    if working is None:
        return None
    height, width = working.suspect.shape
    inner = matrix @ within(working.part)
    laid, mask = warped(working.original, inner, (width, height))
    mask = ndimage.binary_erosion(mask, np.ones((3, 3)))
    if mask.sum() < _LEAST_PIXELS:
        return None
    mask = _cut(working.suspect, laid, mask)
    size = width, height
    ours = [resized(each, size, working.part) for each in suspect.colours]
    theirs = [warped(each, inner, size)[0] for each in original.colours]
    clipped = _clipped(working.suspect, *ours) & ~_clipped(laid, *theirs)
    content = _content(working.suspect, laid, theirs, mask, clipped)
    colour = np.zeros_like(content)
    small = max(4, -(-width // _COARSER)), max(4, -(-height // _COARSER))
    inside = resized((mask & ~clipped).astype(np.float32), small) > 0.99
    if inside.sum() < 4 * _CLASSES:
        return Difference(working.part, mask, content, colour)
    tones = [resized(each, small) for each in (laid, *theirs)]
    tones += [tones[0] * each / 128 for each in tones]
    for plane in ours:
        told = resized(plane, small)
        toned = _summed(tones, _fit(tones, told, inside))
        strange = _unusual(told, toned, inside, np.full_like(toned, _COLOUR_FLOOR / _FLOOR))
        colour = np.maximum(colour, resized(strange, size))
    return Difference(working.part, mask, content, colour)


def _clipped(luma: Plane, blue: Plane, red: Plane) -> Mask:
    """Where red, green or blue (ITU-T T.871) is about as dark or as bright as it can be."""
    b, r = blue - 128, red - 128
    channels = np.stack([luma + 1.402 * r, luma - 0.344 * b - 0.714 * r, luma + 1.772 * b])
    return np.asarray((channels.min(0) < _BLACK) | (channels.max(0) > _WHITE))


def _cut(suspect: Plane, laid: Plane, mask: Mask) -> Mask:
    """The mask without the edges at which nothing is as in the original.

    There a part of the original was cut out and set into something else, or a bar lies over it.
    """
    ours, theirs = normalised(suspect, mask), normalised(laid, mask)
    # Above 0 where there is detail and it is not the same; below where it is; 0 where it is flat.
    unlike = _UNLIKE * (ours * ours + theirs * theirs) - ours * theirs
    kept = mask.copy()
    for _ in range(2):  # what is cut off one way makes the other way clearer
        for turns in range(4):
            turned, away = np.rot90(kept, turns), np.rot90(unlike, turns)  # a view of `kept`
            rows = _edge(np.where(turned, away, 0))
            if rows >= _EDGE * len(turned):
                turned[: rows + _MARGIN] = False
    return kept if kept.sum() >= _LEAST_PIXELS else mask


def _edge(unlike: Plane) -> int:
    """How many of the first rows are, taken together, unlike over nearly all of their width."""
    rows = int(np.cumsum(unlike.sum(1)).argmax()) + 1
    parts = [each.sum() for each in np.array_split(unlike[:rows], _PARTS, axis=1)]
    told = [part for part in parts if abs(part) > 1]
    return rows if sum(part > 0 for part in told) > _NEARLY_ALL * len(told) else 0


def shown(difference: Difference) -> Part:
    """The part of the suspect that shows the original, as far as `mask` goes."""
    left, top, right, bottom = difference.part
    height, width = difference.mask.shape
    x, y, x_end, y_end = box_of(difference.mask)
    across, down = (right - left) / width, (bottom - top) / height
    return (
        left if x <= _MARGIN else left + x * across,
        top if y <= _MARGIN else top + y * down,
        right if x_end >= width - _MARGIN else left + x_end * across,
        bottom if y_end >= height - _MARGIN else top + y_end * down,
    )


def _content(suspect: Plane, laid: Plane, colours: list[Plane], mask: Mask, clipped: Mask) -> Plane:
    """How unusual the luma is, once the original has the suspect's tone and sharpness."""
    toned = _summed([*_curve(laid), *colours], _fit([*_curve(laid), *colours], suspect, mask))
    ours, theirs = _blurs(suspect, toned, mask)
    suspect, laid = _soft(suspect, ours), _soft(laid, theirs)
    colours = [_soft(each, theirs) for each in colours]
    fit = _fit([*_curve(laid), *colours], suspect, mask)
    brighter, darker = (_summed([*_curve(laid + by), *colours], fit) for by in (4, -4))
    toned = _summed([*_curve(laid), *colours], fit)
    slope = np.maximum((brighter - darker) / 8, 1)
    return _unusual(suspect, toned, mask, np.where(clipped, _CLIPPED, 1) * slope)


def _curve(laid: Plane) -> list[Plane]:
    """What sums to any usual change of brightness, contrast and gamma."""
    return [laid, laid**2 / 128, laid**3 / 128**2, np.sqrt(128 * np.maximum(laid, 0))]


def _fit(planes: Iterable[Plane], target: Plane, mask: Mask) -> Plane:
    """By how much of each plane, after a constant, their sum is nearest to the target.

    Robustly: what was edited does not pull it.
    """
    a = np.stack([np.ones_like(target), *planes], -1)[mask].astype(np.float64)
    b = target[mask].astype(np.float64)
    scale = np.abs(a).mean(0) + 1e-6
    a /= scale
    within = (b > _BLACK) & (b < _WHITE)  # what was clipped says nothing about the tone
    weight = np.where(within, 1.0, 0.01)
    for _ in range(6):
        weighted = a * weight[:, None]
        normal = weighted.T @ a + np.eye(a.shape[1]) * 1e-4 * len(b)
        fit = np.linalg.solve(normal, weighted.T @ b)
        away = np.abs(b - a @ fit)
        weight = within / (1 + (away / max(2 * float(np.median(away)), 1.0)) ** 2)
    return np.asarray(fit / scale)


def _summed(planes: Iterable[Plane], fit: Plane) -> Plane:
    total = sum(plane * share for plane, share in zip(planes, fit[1:], strict=True))
    return np.clip(np.asarray(fit[0] + total, np.float32), 0, 255)


def _blurs(suspect: Plane, original: Plane, mask: Mask) -> tuple[float, float]:
    """By how much to blur the suspect or the original, whichever is sharper."""
    softer = {sigma: _left(suspect, _soft(original, sigma), mask) for sigma in _BLURS}
    # Blurring makes any two pictures more alike: of the suspect, it must do so by more than a bit.
    other = {sigma: 1.05 * _left(_soft(suspect, sigma), original, mask) for sigma in _BLURS[1:5]}
    best, least = min(softer, key=softer.__getitem__), min(other, key=other.__getitem__)
    if other[least] < softer[best]:
        return least, 0.0
    near = [best * by for by in (0.88, 0.94, 1.06, 1.12)] if best else []
    softer |= {sigma: _left(suspect, _soft(original, sigma), mask) for sigma in near}
    return 0.0, min(softer, key=softer.__getitem__)


def _soft(plane: Plane, sigma: float) -> Plane:
    return np.asarray(ndimage.gaussian_filter(plane, sigma, truncate=3)) if sigma else plane


def _left(one: Plane, other: Plane, mask: Mask) -> float:
    return float(np.abs(one - other)[mask].mean())


def _unusual(suspect: Plane, original: Plane, mask: Mask, slope: Plane) -> Plane:
    """The difference in units of what is usual; `slope` is how much the tone amplifies noise."""
    away = _away(suspect, original) / slope
    detail = ndimage.uniform_filter(ndimage.gaussian_gradient_magnitude(original, 1.0), _AROUND)
    usual = np.maximum(_usual(away, detail, mask), _FLOOR)
    return _root_mean_square(np.minimum(away / usual, MOST), mask)


def _root_mean_square(times: Plane, mask: Mask) -> Plane:
    """Over 3 by 3 pixels, of those within the mask."""
    inside = mask.astype(np.float32)
    weight = ndimage.uniform_filter(inside, 3, mode="constant")
    total = ndimage.uniform_filter(times * times * inside, 3, mode="constant")
    return np.where(mask, np.sqrt(np.maximum(total, 0) / np.maximum(weight, 1e-3)), np.float32(0))


def _away(suspect: Plane, original: Plane) -> Plane:
    """How far each pixel is from the original's, there or half a pixel beside it."""
    ours, theirs = _soft(suspect, 0.5), _soft(original, 0.5)
    away = np.abs(ours - theirs)
    for step in _BESIDE:
        away = np.minimum(away, np.abs(ours - (theirs + np.roll(theirs, step, (0, 1))) / 2))
    return away


def _usual(away: Plane, detail: Plane, mask: Mask) -> Plane:
    """What difference is usual at places of as much detail: a deviation, by quartiles."""
    inside, values = detail[mask], away[mask]
    groups = np.array_split(np.argsort(inside, kind="stable"), _CLASSES)
    middle = np.array([np.median(inside[group]) for group in groups])
    spread = np.array([np.quantile(values[group], 0.75) / _QUARTILE for group in groups])
    return np.interp(detail, middle, np.maximum.accumulate(spread)).astype(np.float32)


def blobs(unusual: Plane, mask: Mask) -> list[Mask]:
    """The regions that are unusual, largest first."""
    least = LEAST_AREA * float(mask.sum())
    seed = SEED + MORE_SEED * max(0.0, float(np.log2(max(mask.shape) / 128)))
    extent = ndimage.binary_opening(unusual > EXTENT, np.ones((2, 2)))
    labels, _ = ndimage.label(extent, np.ones((3, 3)))
    # Where another picture begins is not known to the pixel: a strip along an edge is none.
    core = ndimage.binary_erosion(mask, iterations=max(1, round(_RIM * max(mask.shape))))
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        blob, inner = labels[place] == number, core[place]
        sure = blob & inner
        if sure.sum() < max(least, _MOSTLY * blob.sum()):
            continue
        if np.quantile(unusual[place][sure], 0.9) >= seed:
            found.append(labels == number)
    return sorted(found, key=lambda each: -int(each.sum()))


def box_of(blob: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a blob, in its pixels."""
    rows, columns = np.flatnonzero(blob.any(1)), np.flatnonzero(blob.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
