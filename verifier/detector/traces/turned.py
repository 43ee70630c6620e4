"""Whether a part of a picture stands in it twice, turned or made larger or smaller. Pure.

Distinct places that look alike are paired within the picture (the keypoint family of V. Christlein
et al., "An evaluation of popular copy-move forgery detection approaches", IEEE TIFS 7, 2012; I.
Amerini et al., "A SIFT-based forensic method for copy-move attack detection", IEEE TIFS 6, 2011).
Each pair says how the one part would lie on the other; a move that many pairs agree on is fitted,
the picture laid over itself by it, and the fine detail of both compared, place by place. A pair
whose place has several equals says nothing: windows and bricks are many, a copy is one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from verifier.compare.features import Features, find_features

from .blocks import Floats, Mask, Plane

_MOST = 2500  # places that are paired
_APART = 40.0  # pixels: nearer pairs are one thing
_RATIO = 0.65  # of the distances to the nearest and to the second nearest other place
_FARTHEST = 0.55  # of two descriptors of the same thing
_PAIRS = 6  # that agree: fewer do by chance
_NEAR = 4.0  # pixels: so far from where the move puts it, a place agrees
_WINDOW = 15  # pixels
_ALIKE = 0.6
_LEAST = 0.002  # of the picture
_ROUNDS = 40  # pairs from which a move is tried

Affine = npt.NDArray[np.float64]  # (2, 3): where x, y, 1 comes to lie


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """A part that stands twice: masks of both in the plane's pixels.

    `move` takes the one to the other; `likeness` is the mean correlation of their detail, `score`
    the statistic, 0 to 1.
    """

    one: Mask
    other: Mask
    move: Affine
    likeness: float
    score: float

    @property
    def degrees(self) -> float:
        """How far the copy is turned, clockwise as seen."""
        return float(np.degrees(np.arctan2(self.move[1, 0], self.move[0, 0])))

    @property
    def factor(self) -> float:
        """How many times larger the copy is."""
        return float(np.sqrt(abs(np.linalg.det(self.move[:, :2]))))


def find_turned(luma: Plane) -> Turned | None:
    """The clearest such part in a luma plane (0 to 255) of at most some 1.5 megapixels."""
    if min(luma.shape) < 96:
        return None
    features = find_features(luma, _MOST)
    pairs = _pairs(features)
    moves = [each for each in _moves(features, pairs) if each is not None]
    detail = ndimage.gaussian_filter(luma, 0.7) - ndimage.gaussian_filter(luma, 2.5)
    found = [copy for move in moves for copy in (_laid_over(detail, *move),) if copy is not None]
    return max(found, key=lambda copy: copy.score, default=None)


def _pairs(features: Features) -> npt.NDArray[np.intp]:
    """Places that are each other's only likeness, (n, 2)."""
    count = len(features.places)
    if count < 2 * _PAIRS:
        return np.zeros((0, 2), np.intp)
    kept = []
    for start in range(0, count, 500):
        likeness = features.descriptors[start : start + 500] @ features.descriptors.T
        away = np.linalg.norm(
            features.places[start : start + 500, None] - features.places[None], axis=2
        )
        distance = np.sqrt(np.maximum(2 - 2 * likeness, 0))
        distance[away < _APART] = 9.0
        order = np.argpartition(distance, 2, axis=1)[:, :3]
        rows = np.arange(len(distance))[:, None]
        order = order[rows, np.argsort(distance[rows, order], axis=1)]
        first, second = order[:, 0], order[:, 1]
        near = np.linalg.norm(features.places[first] - features.places[second], axis=1) < 8
        rival = np.where(near, order[:, 2], second)  # one place may be described twice
        one, two = distance[rows[:, 0], first], distance[rows[:, 0], rival]
        good = (one < _FARTHEST) & (one < _RATIO * two)
        kept.append(np.stack([start + np.flatnonzero(good), first[good]], 1))
    return np.concatenate(kept)


def _moves(features: Features, pairs: npt.NDArray[np.intp]) -> list[tuple[Affine, Floats] | None]:
    """Up to two moves that most pairs agree on, each with the places that do."""
    moves: list[tuple[Affine, Floats] | None] = []
    for _ in range(2):
        if len(pairs) < _PAIRS:
            break
        source, target = features.places[pairs[:, 0]], features.places[pairs[:, 1]]
        turn = features.angles[pairs[:, 1]] - features.angles[pairs[:, 0]]
        zoom = features.scales[pairs[:, 1]] / features.scales[pairs[:, 0]]
        best = np.zeros(len(pairs), bool)
        for pick in np.linspace(0, len(pairs) - 1, min(_ROUNDS, len(pairs))).astype(int):
            move = _similarity(source[pick], target[pick], turn[pick], zoom[pick])
            agree = _agreeing(move, source, target, 6 * _NEAR)
            if agree.sum() >= _PAIRS:
                fitted = _fit(source[agree], target[agree])
                agree = _agreeing(fitted, source, target, _NEAR)
            if agree.sum() > best.sum():
                best = agree
        if best.sum() < _PAIRS:
            break
        moves.append((_fit(source[best], target[best]), source[best]))
        pairs = pairs[~best]
    return moves


def _similarity(source: Floats, target: Floats, turn: float, zoom: float) -> Affine:
    cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, target - linear @ source])


def _fit(source: Floats, target: Floats) -> Affine:
    """The affine move with the least squared error, pulled to none where places are in a line."""
    ones = np.column_stack([source, np.ones(len(source))])
    return np.asarray(np.linalg.lstsq(ones, target, rcond=1e-4)[0].T, np.float64)


def _agreeing(move: Affine, source: Floats, target: Floats, within: float) -> Mask:
    moved = source @ move[:, :2].T + move[:, 2]
    return np.asarray(np.linalg.norm(moved - target, axis=1) < within)


def _laid_over(detail: Plane, move: Affine, places: Floats) -> Turned | None:
    """Lay the picture over itself, and mark where its detail agrees around the paired places."""
    linear = move[:, :2]
    size = abs(np.linalg.det(linear))
    if not 0.1 < size < 10 or np.linalg.cond(linear) > 4:
        return None
    height, width = detail.shape
    # Places are counted from the picture's corner, array indices from the first pixel's middle.
    shift = linear @ (0.5, 0.5) + move[:, 2] - 0.5
    swapped = linear[::-1, ::-1]
    seen = ndimage.affine_transform(
        detail, swapped, shift[::-1], order=1, mode="constant", cval=0.0
    )
    inside = ndimage.affine_transform(np.ones_like(detail), swapped, shift[::-1], order=0) > 0
    both, one, two = (
        ndimage.uniform_filter(each, _WINDOW) for each in (detail * seen, detail**2, seen**2)
    )
    alike = both / np.sqrt(np.maximum(one * two, 1e-6))
    marked = inside & (alike > _ALIKE) & (np.minimum(one, two) > 0.6)
    labels, count = ndimage.label(ndimage.binary_closing(marked, np.ones((5, 5)), iterations=2))
    if not count:
        return None
    column, row = (np.clip(places.T.astype(int), 0, [[width - 1], [height - 1]])).tolist()
    held = np.bincount(labels[row, column], minlength=count + 1)
    held[0] = 0
    part = (labels == int(np.argmax(held))) & marked
    if held.max() < _PAIRS or part.mean() < _LEAST:
        return None
    y, x = np.nonzero(part)
    to_x, to_y = np.rint(linear @ np.stack([x, y]) + shift[:, None]).astype(int)
    other = np.zeros_like(part)
    other[np.clip(to_y, 0, height - 1), np.clip(to_x, 0, width - 1)] = True
    other = ndimage.binary_closing(other, np.ones((3, 3)))
    if (other & part).sum() > 0.2 * part.sum():  # a turn about its own middle: no copy
        return None
    likeness = float(alike[part].mean())
    score = likeness * (1 - float(np.exp(-(held.max() - _PAIRS) / 12)))
    return Turned(part, other, move, likeness, score)
