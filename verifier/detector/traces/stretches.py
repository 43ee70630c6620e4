"""Stretches of a clip that stand still, or that were shown before. Pure.

A still scene is not a frozen one: sensor noise moves, and what moved comes to rest by and by. And a
scene that looks as before is not a repeated one: in a repetition the frames agree at one offset and
disagree at the next, by as much as moves from one frame to another. (Wang and Farid, "Exposing
digital forgeries in video by detecting duplication", ACM MM&Sec 2007.)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .motion import Floats, Motion

_FLANK = 0.5  # seconds before and after a stretch that it is held against
_SHORTEST = 0.3  # seconds of a frozen stretch
_ACTIVE = 1.5  # grey levels: where less moves before and after, nothing can be said to stop
_RESTS = (0.2, 0.4, 0.8, 1.5, 3.0)  # grey levels: runs of frames that move less are looked at
_NOISE_STILL = 0.8  # grey levels: where more moves, noise does
_FAINT = 0.05  # grey levels, added to what moves in it: rounding
_MOST_ODD = 0.15  # of the frames of a frozen stretch may move: a codec refreshes the picture
_COMPARED, _FEWEST = 0.5, 8  # seconds, and frames, of a stretch that is looked for elsewhere
_PARTS = 24  # principal components that frames are compared by
_MOVES = 0.1  # grey levels, between a frame and the next: less is rounding
_NOISE = 0.05  # grey levels that remain between copies at least: rounding
_REMAINS = 2.0  # grey levels between copies: what comes back by itself, as steps do, differs more
_CANDIDATES = 40  # that are looked at closely


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one frame up to, and without, another; `score` 0 to 1, higher for a clearer one.

    `source` is the frame that a repeated stretch was first shown from.
    """

    first: int
    end: int
    score: float
    source: int | None = None


def frozen(motion: Motion, rate: float) -> list[Stretch]:
    """Stretches in which nothing moves between two in which much does, in order.

    The score is how much less moves in it than before and after, whichever is less; lower where
    what moves may be noise.
    """
    found: list[Stretch] = []
    for limit in _RESTS:
        for first, end in _runs(motion.peaks <= limit):
            if end - first >= _SHORTEST * rate:
                found.append(Stretch(first, end, _stillness(motion.peaks, first, end, rate)))
    found.sort(key=lambda each: (-each.score, each.first))
    kept: list[Stretch] = []
    for each in found[:_CANDIDATES]:
        if each.score > 0 and not any(each.first < k.end and k.first < each.end for k in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.first)


def _runs(still: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of frames that are still, but for single ones in which a codec refreshes the picture."""
    closed = still.copy()
    closed[1:-1] |= still[:-2] & still[2:]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], closed, [False])).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _stillness(peaks: Floats, first: int, end: int, rate: float) -> float:
    flank = max(4, round(_FLANK * rate))
    before, after = peaks[max(1, first - flank) : first], peaks[end : end + flank]
    if min(len(before), len(after)) < flank // 2:
        return 0.0
    moves = min(float(np.median(before)), float(np.median(after)))
    still = float(np.quantile(peaks[first:end], 1 - _MOST_ODD))
    if moves < _ACTIVE:
        return 0.0
    return max(0.0, 1 - (still + _FAINT) / moves) * min(1.0, _NOISE_STILL / max(still, _FAINT))


def repeated(motion: Motion, rate: float) -> Stretch | None:
    """The stretch that agrees best with an earlier one.

    The score is 1 less the difference at the best offset over that one frame beside it, as powers:
    noise adds the same to both, so that a copy shows in what hardly moves.
    """
    size = max(_FEWEST, round(_COMPARED * rate))
    parts = _components(motion.thumbs)
    count = len(parts)
    if count < 3 * size:
        return None
    candidates: list[tuple[float, int, int]] = []
    for first in range(0, count - 2 * size, max(1, size // 2)):
        apart = _apart(parts[first : first + size], parts[first + size - 1 :])
        if len(apart) < 3:
            continue
        ratio = _ratio(apart)
        best = int(np.argmin(ratio))
        candidates.append((float(ratio[best]), first, first + size + best))
    candidates.sort()
    closely = [_closely(motion.thumbs, *each[1:], size) for each in candidates[:_CANDIDATES]]
    best_of = max(closely, key=lambda each: each.score, default=None)
    return best_of if best_of is not None and best_of.score > 0 else None


def _components(thumbs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Frames of shape (n, 576) by what changes most in the clip: (n, 24), distances kept."""
    # Two side by side as one: a smaller matrix.
    halved: npt.NDArray[np.float32] = thumbs.reshape(len(thumbs), -1, 2).mean(2)
    if len(halved) < 2:
        return halved[:, :_PARTS]
    centred = halved - halved.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    shown: npt.NDArray[np.float32] = (centred @ vectors[:, -_PARTS:]) / np.sqrt(halved.shape[1])
    return shown


def _apart(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> Floats:
    """How far a stretch is from as long a one at each offset: root mean square, grey levels."""
    squares = np.square(ours).sum(1)[:, None] + np.square(theirs).sum(1)[None]
    table = np.maximum(squares - 2 * ours @ theirs.T, 0)
    offsets = table.shape[1] - len(ours) + 1
    total = sum(table[k, k : k + offsets] for k in range(len(ours)))
    return np.sqrt(np.asarray(total, np.float64) / len(ours))


def _ratio(apart: Floats) -> Floats:
    """The power of the difference at each offset but the ends over that one frame beside it."""
    beside = np.minimum(apart[:-2], apart[2:])
    ratio: Floats = (apart[1:-1] ** 2 + _NOISE**2) / np.maximum(beside, 1e-6) ** 2
    ratio[beside < _MOVES] = 9.0
    return ratio


def _closely(thumbs: npt.NDArray[np.float32], source: int, copy: int, size: int) -> Stretch:
    """Measure a candidate on all pixels, and see how far it reaches."""
    offset = copy - source
    beside = min(_difference(thumbs, source, copy + k, size) for k in (-1, 1))
    if beside < _MOVES or offset < size:
        return Stretch(copy, copy + size, 0.0, source)
    apart = _difference(thumbs, source, copy, size)
    score = max(0.0, 1 - (apart**2 + _NOISE**2) / beside**2)
    score *= min(1.0, _REMAINS / max(apart, _NOISE)) ** 2
    first, end, between = copy, copy + size, (apart + beside) / 2
    while first - 1 >= offset and _difference(thumbs, first - 1 - offset, first - 1, 1) < between:
        first -= 1
    while end < len(thumbs) and _difference(thumbs, end - offset, end, 1) < between:
        end += 1
    return Stretch(first, end, score, first - offset)


def _difference(thumbs: npt.NDArray[np.float32], one: int, other: int, size: int) -> float:
    """The mean over so many frames of the root mean square difference, in grey levels."""
    size = min(size, len(thumbs) - other)
    if size <= 0:
        return np.inf
    apart = thumbs[one : one + size] - thumbs[other : other + size]
    return float(np.sqrt(np.square(apart).mean(1)).mean())
