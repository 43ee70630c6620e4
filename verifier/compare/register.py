"""Find how the original lies in the suspect, from luma alone.

Distinct places that are known again in both (features.py), in the picture or in its mirror image,
vote for a map; the best maps are refined (refine.py); and what the two pictures then have in common
decides whether they are related at all. A picture with few distinct places is also tried as a whole
copy. Unrelated pictures mostly end after the vote.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features, find_features
from .refine import refine, shown_part, view
from .result import WHOLE, Geometry, Part
from .warp import Matrix, Plane, limited, mapped, resized, scaling

SIDE = 192  # pixels: the longer side of what is looked at; smaller pictures are enlarged to it
CLOSER = 320  # pixels: likewise, for a second look at what may be a small part of the suspect
# Both must be reached; what they let through is measured by `python -m bench.regions --pairs`.
LEAST_VOTES = 1.6
LEAST_SCORE = 7.0

_SURE_VOTES = 4.0  # from here on the first map is right, or none is
_TRIED = 3
_COARSE, _MIDDLE, _FINE = 48, 64, 128  # pixels: where maps are refined, chosen, and judged
_GOOD = 0.85  # a likeness above this needs no perspective
_CELL = 5  # pixels: detail this far apart is independent
_ALIKE = 0.6  # the least correlation of two descriptors
_NEAR = 0.03  # of the original's longer side: how far a place may be from where a map puts it
_OCTAVES, _TURN = 0.4, 0.35  # how far its scale and its angle (radians) may be off
_STIFF = 4 * 24.0**2  # as if four more places had been known again, so many pixels from the middle
_LARGEST_ZOOM, _SMALLEST_ZOOM, _MOST_SQUASHED = 4.0, 0.1, 1.8
_FEW = 25  # places: a picture with fewer is also tried as a whole copy
_SNAP = 0.005  # parts: an edge this near to the picture's is the picture's
_SNAP_DEGREES = 0.25
_MIRROR = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture made ready for `register`, which need not do so again for each pair."""

    plane: Plane
    features: Features
    size: tuple[int, int]  # width and height of what the places and scales are pixels of


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Where the original lies in the suspect.

    `matrix` maps parts of the suspect to parts of the original (warp.py). `score` is the likeness
    of the two in units of what chance gives: see LEAST_SCORE.
    """

    matrix: Matrix
    score: float
    likeness: float  # the correlation of local detail, -1 to 1
    votes: float


def prepare(luma: npt.NDArray[np.generic], side: int = SIDE) -> Prepared:
    """Make luma (height, width), 0 to 255, ready."""
    plane = limited(np.asarray(luma, np.float32), side)
    height, width = plane.shape
    factor = side / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return Prepared(plane, find_features(plane if factor <= 1 else resized(plane, size)), size)


def register(
    suspect: npt.NDArray[np.generic] | Prepared, original: npt.NDArray[np.generic] | Prepared
) -> Registration | None:
    """Find the original, or the part of it that is left, in the suspect; None if it is not there.

    Both are luma (height, width), 0 to 255, of any size; 128 pixels are enough. Where nothing is
    found they are looked at again, closer; pictures that were `prepare`d are not.
    """
    if isinstance(suspect, Prepared) and isinstance(original, Prepared):
        found = best_map(suspect, original)
        return found if found is not None and found.score >= LEAST_SCORE else None
    for side in (SIDE, CLOSER):
        ours, theirs = (
            each if isinstance(each, Prepared) else prepare(each, side)
            for each in (suspect, original)
        )
        found = register(ours, theirs)
        if found is not None:
            return found
    return None


def best_map(suspect: Prepared, original: Prepared) -> Registration | None:
    """The map that fits best, related or not; None where no vote is large enough to try one."""
    planes = suspect.plane, original.plane
    tried = [
        _climb(*planes, judge(*planes, matrix, votes, _MIDDLE), _COARSE, _MIDDLE)
        for votes, matrix in _candidates(suspect, original)
    ]
    if not tried:
        return None
    first = max(tried, key=lambda each: each.score)
    return follow(suspect.plane, original.plane, first.matrix, first.votes)


def follow(suspect: Plane, original: Plane, matrix: Matrix, votes: float = np.inf) -> Registration:
    """Refine a map that is about right already (that of the frame before), and judge it."""
    best = judge(suspect, original, matrix, votes, _FINE)
    for side in (_MIDDLE, _FINE):
        best = _climb(suspect, original, best, side, _FINE)
    return best


def _climb(
    suspect: Plane, original: Plane, best: Registration, side: int, judged_at: int
) -> Registration:
    """Refine a map, affinely and then with a perspective, where that makes the two more alike."""
    for projective in (False, True):
        found = refine(suspect, original, best.matrix, side, steps=5, projective=projective)
        if found is not None:
            better = judge(suspect, original, found, best.votes, judged_at)
            best = max(best, better, key=lambda each: each.score)
        if best.likeness > _GOOD:
            break
    return best


def judge(
    suspect: Plane, original: Plane, matrix: Matrix, votes: float, longest: int
) -> Registration:
    """How alike the two are through a map."""
    seen = view(suspect, original, matrix, longest, window=_CELL)
    if seen is None or not _plausible(matrix, suspect, original):
        return Registration(matrix, 0.0, 0.0, votes)
    likeness = seen.likeness()
    return Registration(matrix, likeness * float(seen.mask.sum()) ** 0.5 / _CELL, likeness, votes)


def _plausible(matrix: Matrix, suspect: Plane, original: Plane) -> bool:
    """Whether a copy can look so: not squeezed to a line, nor a few pixels blown up."""
    pixel = scaling(*original.shape[::-1]) @ matrix @ np.linalg.inv(scaling(*suspect.shape[::-1]))
    around = mapped(pixel, np.array([[0.0, 0], [1, 0], [0, 1]]) + np.array(suspect.shape[::-1]) / 2)
    large, small = np.linalg.svd((around[1:] - around[0]).T)[1]
    zoom = (large * small) ** 0.5 * max(suspect.shape) / max(original.shape)
    return bool(_SMALLEST_ZOOM < zoom < _LARGEST_ZOOM and large < _MOST_SQUASHED * max(small, 1e-9))


def promise(suspect: Prepared, original: Prepared) -> float:
    """The most votes that any map of the two gets: it tells whether to look closer."""
    near = _NEAR * max(original.size)
    ours = suspect.features, suspect.features.mirrored(suspect.size[0])
    found = [votes for each in ours for votes, _ in _agreed(each, original.features, near)]
    return max(found, default=0.0)


def _candidates(suspect: Prepared, original: Prepared) -> Iterator[tuple[float, Matrix]]:
    ours, theirs = suspect.features, original.features
    near = _NEAR * max(original.size)
    found = []
    for features, back in ((ours, np.eye(3)), (ours.mirrored(suspect.size[0]), _MIRROR)):
        for votes, pixel in _agreed(features, theirs, near):
            matrix = np.linalg.inv(scaling(*original.size)) @ pixel @ scaling(*suspect.size) @ back
            found.append((votes, matrix))
    found.sort(key=lambda each: -each[0])
    sure = bool(found) and found[0][0] >= _SURE_VOTES
    yield from (each for each in found[: 1 if sure else _TRIED] if each[0] >= LEAST_VOTES)
    if not sure and min(len(ours.places), len(theirs.places)) < _FEW:
        yield from ((0.0, back) for back in (np.eye(3), _MIRROR))


def _agreed(ours: Features, theirs: Features, near: float) -> list[tuple[float, Matrix]]:
    """The two maps, from pixels to pixels, on which most places agree, and how much they do.

    Each pair of places alike stands for a similarity: their scales, angles and places give it.
    Those agree with it that it puts within about `near` pixels of where they were found.
    """
    if not len(ours.places) or not len(theirs.places):
        return []
    alike = ours.descriptors @ theirs.descriptors.T
    nearest, most = alike.argmax(1), alike.max(1)
    i = np.flatnonzero(most > _ALIKE)
    if not len(i):
        return []
    j, most = nearest[i], most[i]
    here, there = (each @ np.array([1, 1j]) for each in (ours.places[i], theirs.places[j]))
    octaves = np.log2(theirs.scales[j] / ours.scales[i])
    turn = theirs.angles[j] - ours.angles[i]
    zoom = np.exp2(octaves) * np.exp(1j * turn)
    away = np.abs(zoom[:, None] * (here[None, :] - here[:, None]) + there[:, None] - there[None, :])
    off = np.abs(octaves[:, None] - octaves[None, :])
    twist = np.abs((turn[:, None] - turn[None, :] + np.pi) % (2 * np.pi) - np.pi)
    weight = np.exp(-((away / near) ** 2 + (off / _OCTAVES) ** 2 + (twist / _TURN) ** 2) / 2)
    votes = weight @ (most - 0.5)
    return [
        (float(votes[k]), _affine(here, there, weight[k], zoom[k], there[k] - zoom[k] * here[k]))
        for k in np.argsort(-votes, kind="stable")[:2]
    ]


def _affine(
    here: npt.NDArray[np.complex128],
    there: npt.NDArray[np.complex128],
    weight: npt.NDArray[np.float64],
    zoom: complex,
    shift: complex,
) -> Matrix:
    """The affine map that puts the places where they were found, and is near the similarity."""
    guess = np.array([[zoom.real, -zoom.imag, shift.real], [zoom.imag, zoom.real, shift.imag]])
    rows = np.stack([here.real, here.imag, np.ones(len(here))], 1)
    away = np.stack([there.real, there.imag], 1) - rows @ guess.T
    middle = weight @ rows / weight.sum()
    rows[:, :2] -= middle[:2]
    normal = (rows.T * weight) @ rows + np.diag([_STIFF, _STIFF, 1e-3])
    change = np.linalg.solve(normal, (rows.T * weight) @ away).T
    change[:, 2] -= change[:, :2] @ middle[:2]
    return np.vstack([guess + change, [0, 0, 1]])


def geometry(
    matrix: Matrix,
    suspect_size: tuple[int, int],
    original_size: tuple[int, int],
    placed: Part | None = None,
) -> Geometry:
    """What a map says, for pictures of these sizes (width, height).

    `placed` is the part of the suspect that shows the original, where it is less than the map has
    room for: a part of the original was cut out and set into something else.
    """
    left, top, right, bottom = placed = placed or shown_part(matrix) or WHOLE
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    back = scaling(*suspect_size) @ np.linalg.inv(scaling(*original_size) @ matrix)
    middle = np.array(original_size) / 2 + np.array([[0.0, 0], [1, 0], [0, 1]])
    laid = mapped(back, middle)
    x, y = laid[1] - laid[0], laid[2] - laid[0]
    mirrored = bool(x[0] * y[1] - x[1] * y[0] < 0)
    x = -x if mirrored else x
    angle = float(np.degrees(np.arctan2(y[0] - x[1], x[0] + y[1])))
    quarter = 90 * round(angle / 90)
    rotation = float(quarter) if abs(angle - quarter) < _SNAP_DEGREES else round(angle, 2)
    seen = _visible(mapped(matrix, corners))
    return Geometry(
        crop=_snapped(seen),
        placed=_snapped(placed),
        mirrored=mirrored,
        rotation=180.0 if rotation == -180 else rotation,
    )


def _visible(corners: npt.NDArray[np.float64]) -> Part:
    """The box around the part of the original that is within these corners.

    Clipped edge by edge: I. Sutherland and G. Hodgman, Reentrant Polygon Clipping (1974).
    """
    polygon = list(corners)
    for axis, limit, sign in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1)):
        clipped = []
        for one, other in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            a, b = sign * (one[axis] - limit), sign * (other[axis] - limit)
            if a >= 0:
                clipped.append(one)
            if a * b < 0:
                clipped.append(one + (other - one) * a / (a - b))
        polygon = clipped
    if not polygon:
        return WHOLE
    (left, top), (right, bottom) = np.min(polygon, 0), np.max(polygon, 0)
    return float(left), float(top), float(right), float(bottom)


def _snapped(part: Part) -> Part:
    left, top, right, bottom = (round(side, 4) for side in part)
    return (
        0.0 if left < _SNAP else left,
        0.0 if top < _SNAP else top,
        1.0 if right > 1 - _SNAP else right,
        1.0 if bottom > 1 - _SNAP else bottom,
    )
