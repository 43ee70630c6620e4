"""Which places of a picture look like another place in it, and by which moves. Pure.

Distinct places that look alike are paired within the picture (the keypoint family of V. Christlein
et al., "An evaluation of popular copy-move forgery detection approaches", IEEE TIFS 7, 2012; I.
Amerini et al., "A SIFT-based forensic method for copy-move attack detection", IEEE TIFS 6, 2011).
Each pair says how the one part would lie on the other; a move that several pairs agree on is
fitted. A pair whose place has several equals says nothing: windows and bricks are many, a copy is
one. The places are spread over the picture, since a copy is as often in its dark half.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from verifier.compare.features import Features, find_features

from .blocks import Floats, Mask, Plane

_MOST = 4000  # places that are paired
_FOUND = 16000  # places of which they are chosen
_SQUARE = 64  # pixels: of each square the strongest places are taken in turn
_APART = 40.0  # pixels: nearer pairs are one thing
_RATIO = 0.65  # of the distances to the nearest and to the second nearest other place
_FARTHEST = 0.55  # of two descriptors of the same thing
_EQUAL = 0.15  # of two descriptors: a place whose second likeness is so near has equals
_LEAST = 4  # pairs that agree
_MOVES = 5
_TRIED = 600  # pairs from which a move is tried, at most
_HELD = 600_000  # pairs that are held against them, each against each
_NEAR = 3.0  # pixels: so far from where the move puts it, a place agrees
_LEAN = 0.08  # of the distance to the pair that a move is tried from, which is known that well
_FLAT = 0.05  # of the places' longest spread: what is below is a line, and says nothing across

Affine = npt.NDArray[np.float64]  # (2, 3): where x, y, 1 comes to lie
Pairs = npt.NDArray[np.intp]  # (n, 2)


def moves(luma: Plane) -> Iterator[tuple[Affine, Floats]]:
    """The moves that most pairs agree on, each with the places that do, (n, 2) x and y.

    `luma` is a plane (0 to 255) of at most some 1.2 megapixels.
    """
    features = _spread(find_features(luma, _FOUND))
    pairs = _paired(features)
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    for _ in range(_MOVES):
        if len(pairs) < 2 * _LEAST:
            return
        source, target = (features.places[pairs[:, n]].astype(np.float64) for n in (0, 1))
        turn = features.angles[pairs[:, 1]] - features.angles[pairs[:, 0]]
        zoom = features.scales[pairs[:, 1]] / features.scales[pairs[:, 0]]
        agree = _largest(source, target, turn, zoom)
        if agree.sum() < _LEAST:
            return
        yield _fit(source[agree], target[agree]), source[agree]
        pairs = _without(pairs, pairs[agree])


def _spread(features: Features) -> Features:
    """The strongest of each square, then the second strongest of each, and so on."""
    square = (features.places // _SQUARE).astype(np.int64) @ (1, 1 << 20)
    order = np.argsort(square, kind="stable")  # within a square, the strongest stay first
    fresh = np.diff(square[order], prepend=-1) != 0
    count = np.arange(len(order))
    rank = np.empty(len(order), np.int64)
    rank[order] = count - np.maximum.accumulate(np.where(fresh, count, 0))
    kept = np.argsort(rank, kind="stable")[:_MOST]
    return Features(
        features.places[kept],
        features.scales[kept],
        features.angles[kept],
        features.descriptors[kept],
    )


def _paired(features: Features) -> Pairs:
    """Places that are another's only likeness."""
    count = len(features.places)
    if count < 2 * _LEAST:
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
        good = (one < _FARTHEST) & (one < _RATIO * two) & (two > _EQUAL)
        kept.append(np.stack([start + np.flatnonzero(good), first[good]], 1))
    return np.concatenate(kept)


def _largest(source: Floats, target: Floats, turn: Floats, zoom: Floats) -> Mask:
    """The pairs that agree on the move that most do."""
    cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
    many = min(_TRIED, _HELD // len(source))
    tried = np.unique(np.linspace(0, len(source) - 1, many).astype(int))

    def agreeing(pair: npt.NDArray[np.intp]) -> Mask:
        """Of each pair's own move (turn, zoom): (pairs, all pairs)."""
        x, y = np.moveaxis(source[None] - source[pair, None], 2, 0)
        c, s = cos[pair, None], sin[pair, None]
        off = np.stack([c * x - s * y, s * x + c * y], 2) - (target[None] - target[pair, None])
        return np.asarray(np.hypot(*np.moveaxis(off, 2, 0)) < _NEAR + _LEAN * np.hypot(x, y))

    counts = agreeing(tried).sum(1)
    best = np.zeros(len(source), bool)
    for agree in agreeing(tried[np.argsort(-counts, kind="stable")[:5]]):
        held = agree
        for within in (2 * _NEAR, _NEAR):
            if held.sum() < _LEAST:
                break
            move = _fit(source[held], target[held])
            held = np.linalg.norm(_moved(source, move) - target, axis=1) < within
        if held.sum() > best.sum():
            best = held
    return best


def _moved(places: Floats, move: Affine) -> Floats:
    return np.asarray(places @ move[:, :2].T + move[:, 2])


def _fit(source: Floats, target: Floats) -> Affine:
    """The affine move with the least squared error; across a line of places, a similarity."""
    middle, its = source.mean(0), target.mean(0)
    x, y = (source - middle).T
    rotated = np.stack([np.stack([x, y]), np.stack([-y, x])])
    cos, sin = np.einsum("kin,ni->k", rotated, target - its) / max(float(x @ x + y @ y), 1e-6)
    turn = np.array([[cos, -sin], [sin, cos]])
    left = target - its - (source - middle) @ turn.T
    linear = turn + np.linalg.lstsq(source - middle, left, rcond=_FLAT)[0].T
    return np.column_stack([linear, its - linear @ middle])


def _without(pairs: Pairs, gone: Pairs) -> Pairs:
    """The pairs that are not among the others, either way round."""
    code = pairs @ (1 << 20, 1)
    return pairs[~np.isin(code, np.concatenate([gone @ (1 << 20, 1), gone @ (1, 1 << 20)]))]
