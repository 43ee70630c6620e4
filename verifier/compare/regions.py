"""Which parts of the suspect differ from the original by their content, and not by a lossy copy.

Once the two lie over one another, tone and sharpness are matched. What then remains is held against
what remains elsewhere at places of as much detail, in this very pair: however strong a compression
was, it is its own measure. Nothing outside of what both show is ever looked at.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .fade import faded
from .refine import normalised, scene, within
from .result import WHOLE, Part
from .sampling import beyond
from .tone import clipped, curve, fit_tone, matching_blurs, soft, toned, toned_by_channel
from .warp import Mask, Matrix, Plane, resized, warped

# In units of the difference that is usual in the pair; chosen on pictures held apart from those of
# `python -m bench.regions`.
SEED = 4.5  # a region must have places that differ by so much (in a view of 128 pixels,
MORE_SEED = 0.9  # and by this more for each time that a view is twice as wide: it has more places),
EXTENT = 2.0  # it reaches as far as the difference stays above this,
LEAST_AREA = 0.0035  # and is at least so large a part of what the suspect shows of the original

USUAL, MOST = 1.0, 8.0  # a difference above the latter says no more
_FLOOR, _COLOUR_FLOOR = 1.5, 4.0  # grey levels: a deviation below is not told from none
_CLASSES = 8  # of detail, for each of which it is found out what is usual
_AROUND = 11  # pixels: detail so near may ring at a place, as it does in a block of JPEG
_QUARTILE = 1.15  # deviations: what three quarters of normal values stay within
_CLIPPED = 3.0  # by so much less does a difference count where the tone was clipped
_RIM, _MOSTLY = 0.03, 0.4  # of the longer side: a region is mostly further in
_LEAST_PIXELS = 400  # that both show: fewer cannot be told from chance
_MARGIN = 2  # pixels: as much of an edge is never looked at
_OURS, _THEIRS = 0.1, 0.3  # of the power of each: noise of the suspect's own says little
_PARTS, _NEARLY_ALL = 8, 0.7  # of a strip along an edge
_PLAIN, _PLAINER = 6, 0.25  # grey levels; how much more of a strip is plain
_DETAILED = 0.03  # of the power of what is normalised: less is flat
_RARELY = 0.2  # of the power of what a frame covers: so much may look like the original by chance
_NOTHING = 0.6  # of the power of both: 1 where they have nothing in common, below 0 where all
_FRAMED = 8.0  # grey levels: what lies under a frame differs from it by so much
_MOST_OF_ROW = 0.6
_EDGE = 0.015  # of a side: what is cut off is at least so wide
_COARSER = 4  # colours are kept and compared at a quarter of the resolution


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Luma, (height, width), and the blue and red differences, (2, h, w), all 0 to 255."""

    luma: Plane
    colours: Plane
    inner: Part = WHOLE  # without an even frame around it


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """How unusual each pixel of a part of the suspect is: about 1 in any lossy copy."""

    part: Part
    mask: Mask  # where it shows the original
    core: Mask  # where it does so for sure: what is cut out is not found to the pixel
    content: Plane
    colour: Plane


def differ(
    suspect: Picture, original: Picture, matrix: Matrix, longest: int, limit: Part = WHOLE
) -> Difference | None:
    """Hold the suspect against the original, as `matrix` lays it, no side longer than `longest`.

    Nothing of the suspect outside of `limit` is looked at. None when they have too little in common
    to be held against one another.
    """
    working = scene(suspect.luma, original.luma, matrix, longest, limit)
    if working is None:
        return None
    height, width = working.suspect.shape
    inner = matrix @ within(working.part)
    laid, mask = warped(working.original, inner, (width, height))
    mask = ndimage.binary_erosion(mask, np.ones((3, 3)))
    if mask.sum() < _LEAST_PIXELS:
        return None
    size = width, height
    ours = [resized(each, size, working.part) for each in suspect.colours]
    theirs = [warped(each, inner, size)[0] for each in original.colours]
    whole = mask
    framed = _inside(suspect.inner, working.part, mask)
    mask = _cut([working.suspect, *ours], [laid, *theirs], mask, framed)
    lost = clipped(working.suspect, *ours) & ~clipped(laid, *theirs)
    doubt = np.where(lost, _CLIPPED, 1.0)
    content = _content([working.suspect, *ours], [laid, *theirs], mask, doubt)
    mask = _unstriped(content, mask)
    core = mask
    if limit != WHOLE or mask.sum() < whole.sum():
        rim = max(1, round(_RIM * max(mask.shape)))
        core = ndimage.binary_erosion(mask, iterations=rim)
    colour = np.zeros_like(content)
    small = max(4, -(-width // _COARSER)), max(4, -(-height // _COARSER))
    inside = resized(mask.astype(np.float32), small) > 0.99
    if inside.sum() < 4 * _CLASSES:
        return Difference(working.part, mask, core, content, colour)
    tones = [resized(each, small) for each in (laid, *theirs)]
    tones += [tones[0] * each / 128 for each in tones]
    for plane in ours:
        told = resized(plane, small)
        meant = toned(tones, fit_tone(tones, told, inside))
        strange = _unusual(
            told, [meant], inside, resized(doubt.astype(np.float32), small) * _COLOUR_FLOOR / _FLOOR
        )
        colour = np.maximum(colour, resized(strange, size))
    return Difference(working.part, mask, core, content, colour)


def _inside(inner: Part, part: Part, mask: Mask) -> Mask:
    """Where a part of the suspect lies in a view of another part of it."""
    height, width = mask.shape
    across, down = width / (part[2] - part[0]), height / (part[3] - part[1])
    left, right = (max(0, round((each - part[0]) * across)) for each in inner[::2])
    top, bottom = (max(0, round((each - part[1]) * down)) for each in inner[1::2])
    found = np.zeros_like(mask)
    found[top:bottom, left:right] = True
    return found


def _cut(suspect: list[Plane], laid: list[Plane], mask: Mask, inner: Mask) -> Mask:
    """The mask without the edges at which nothing is as in the original.

    There a part of the original was cut out and set into something else, or a bar lies over it.
    Planes are luma and the colours; `inner` is what an even frame around the suspect leaves.
    """
    ours, theirs = (normalised(each[0], mask) for each in (suspect, laid))
    power = _OURS * ours * ours + _THEIRS * theirs * theirs
    # Above 0 where there is detail and it is not the same; below where it is; 0 where it is flat.
    unlike = power - ours * theirs
    kept = _unframed(suspect, laid, mask, inner, unlike, power)
    for _ in range(2):  # what is cut off one way makes the other way clearer
        for turns in range(4):
            turned = np.rot90(kept, turns)  # a view of `kept`
            away, of = (np.where(turned, np.rot90(each, turns), 0) for each in (unlike, power))
            rows = int(np.cumsum(away.sum(1)).argmax()) + 1
            strip = (np.rot90(each[0], turns)[:rows][turned[:rows]] for each in (suspect, laid))
            if rows >= _EDGE * len(turned) and _is_foreign(away[:rows], of[:rows], *strip):
                turned[: rows + _MARGIN] = False
    return kept if kept.sum() >= _LEAST_PIXELS else mask


def _unframed(
    suspect: list[Plane], laid: list[Plane], mask: Mask, inner: Mask, unlike: Plane, power: Plane
) -> Mask:
    """The mask without what an even frame around the suspect covers of the original.

    What is as even in the original, and of the same colour, may be the original's own.
    """
    box = mask & inner
    if box.sum() < _LEAST_PIXELS or box.sum() == mask.sum():
        return mask.copy()
    planes = [*curve(laid[0]), *laid[1:]]
    strange = np.max([np.abs(e - toned(planes, fit_tone(planes, e, box))) for e in suspect], 0)
    kept = mask.copy()
    for turns in range(4):
        turned = np.rot90(kept, turns)
        rows = int(np.rot90(inner, turns).any(1).argmax())
        strip = turned[:rows]
        if not strip.any():
            continue
        away, of, off = (
            np.where(strip, np.rot90(each, turns)[:rows], 0) for each in (unlike, power, strange)
        )
        if of.sum() > _DETAILED * strip.sum():
            away, of = _pieces(away), _pieces(of)
            foreign = of[away < -_NOTHING * of].sum() < _RARELY * of.sum()
        else:
            foreign = np.median(off[strip]) > _FRAMED
        if foreign:
            turned[: rows + _MARGIN] = False
    return kept


def _unstriped(content: Plane, mask: Mask) -> Mask:
    """The mask without strips along its edges that are unusual over most of their length.

    Those are of a bar that is as plain as the original is there, so that nothing else told it.
    """
    kept = mask.copy()
    for turns in range(4):
        turned = np.rot90(kept, turns)
        strange = np.rot90(content > EXTENT, turns) & turned
        seen = turned.sum(1)
        first = int((seen > 0).argmax())
        rows = int((strange[first:].sum(1) < _MOST_OF_ROW * np.maximum(seen[first:], 1)).argmax())
        if rows >= _EDGE * len(turned):
            turned[: first + rows + _MARGIN] = False
    return kept if kept.sum() >= _LEAST_PIXELS else mask


def _pieces(strip: Plane) -> Plane:
    """The sum of each piece of a strip along its length."""
    return np.array([part.sum() for part in np.array_split(strip, _PARTS, axis=1)])


def _is_foreign(unlike: Plane, power: Plane, suspect: Plane, laid: Plane) -> bool:
    """Whether a strip is unlike the original over nearly all of its width, or plain as it is not.

    An object that was changed in front of a plain sky is neither.
    """
    away, of = _pieces(unlike), _pieces(power)
    told = of > 1
    if not told.any() or (away[told] > _NOTHING * of[told]).sum() < _NEARLY_ALL * told.sum():
        return False
    return told.sum() >= _NEARLY_ALL * _PARTS or _plainness(suspect) > _plainness(laid) + _PLAINER


def _plainness(strip: Plane) -> float:
    """The share of pixels that are about as bright as most are."""
    return float((np.abs(strip - np.median(strip)) < _PLAIN).mean()) if strip.size else 0.0


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


def _content(ours: list[Plane], theirs: list[Plane], mask: Mask, doubt: Plane) -> Plane:
    """How unusual the luma is, once the original has the suspect's tone and sharpness.

    Planes are luma and the colours.
    """
    planes = [*curve(theirs[0]), *theirs[1:]]
    rough = toned(planes, fit_tone(planes, ours[0], mask))
    blurs = matching_blurs(ours[0], rough, mask)
    ours, theirs = (
        [soft(e, by) for e in each] for each, by in zip((ours, theirs), blurs, strict=True)
    )
    suspect, (laid, *colours) = ours[0], theirs
    fit = fit_tone([*curve(laid), *colours], suspect, mask)
    meant, brighter, darker = (toned([*curve(laid + by), *colours], fit) for by in (0, 4, -4))
    # A tone that is stretched stretches its noise.
    doubt = doubt * np.maximum((brighter - darker) / 8, 1)
    strange = _unusual(suspect, [meant, toned_by_channel(ours, theirs, mask)], mask, doubt)
    return np.where(faded(suspect, meant, mask, strange), MOST, strange)


def _unusual(suspect: Plane, originals: list[Plane], mask: Mask, doubt: Plane) -> Plane:
    """The difference from the nearest, in units of what is usual and of what there is to doubt."""
    away = np.min([_away(suspect, each) for each in originals], 0) / doubt
    original = originals[0]
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
    """How far each pixel is from what the other has there and up to half a pixel beside it.

    So a sharp edge that two samplings show differently is no difference (S. Birchfield and C.
    Tomasi, A Pixel Dissimilarity Measure That Is Insensitive to Image Sampling, PAMI 1998).
    """
    ours, theirs = soft(suspect, 0.5), soft(original, 0.5)
    return np.minimum(beyond(ours, theirs), beyond(theirs, ours))


def _usual(away: Plane, detail: Plane, mask: Mask) -> Plane:
    """What difference is usual at places of as much detail: a deviation, by quartiles.

    Of all lines through two classes of detail, the one that most other classes lie near: an edited
    object that fills a class or two does not pass for usual.
    """
    inside, values = detail[mask], away[mask]
    groups = np.array_split(np.argsort(inside, kind="stable"), _CLASSES)
    x = np.array([np.median(inside[group]) for group in groups])
    y = np.array([np.quantile(values[group], 0.75) / _QUARTILE for group in groups])
    i, j = np.triu_indices(_CLASSES, 1)
    slope = np.maximum(0, (y[j] - y[i]) / np.maximum(x[j] - x[i], 1e-6))
    start = np.maximum(0, y[i] - slope * x[i])
    lines = start[:, None] + slope[:, None] * x
    off = (np.abs(lines - y) / (lines + y + 0.1)).sum(1)
    best = int(off.argmin())
    return np.asarray(start[best] + slope[best] * np.minimum(detail, x[-1]))


def blobs(unusual: Plane, core: Mask) -> list[Mask]:
    """The regions that are unusual, and mostly within the core; largest first."""
    least = LEAST_AREA * float(core.sum())
    seed = SEED + MORE_SEED * max(0.0, float(np.log2(max(core.shape) / 128)))
    extent = ndimage.binary_opening(unusual > EXTENT, np.ones((2, 2)))
    labels, _ = ndimage.label(extent, np.ones((3, 3)))
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
