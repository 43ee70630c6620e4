"""A rhythm in which frames were repeated or left out: speed, or frame rate, was changed. Pure.

What is moved by even steps is moved by half of the way between its two neighbours. Where a frame is
repeated it has not moved at all, where one is left out the step is twice as long, and a machine
does so in a rhythm: every fourth frame, or 5 of 24. So each rhythm is held against the clip: how
much longer (or shorter) are the steps that it names than the others? (After the periodicity of
residues that Bestagini et al., "Detection of temporal interpolation in video sequences", ICASSP
2013, and Yao et al., "Detecting frame-rate up-conversion", Signal Processing 2016, look for.)
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from .motion import Floats, Motion

_LONG, _SHORT = 256, 64  # frames that are held against a rhythm together
_SLOWEST = 1 / 32  # of the frames are named by a rhythm, at least
_FEWEST = 3  # times that a rhythm has to come round in a window, weighed by how much moves
_NOISE = 4.0  # grey levels squared: parts of a picture that move by more count more than half
_STILL = 0.5  # grey levels squared: what rounding and a codec change by themselves
_FEW = 3.0  # moving parts of a picture, with which a step tells half of what it can
_LEAST_MOVING = 8.0  # frames' worth of steps, below which a window tells nothing
_AS_STRONG = 0.95  # of the strongest: among such rhythms the one that differs most is named
_REPEATED = -0.45  # by how much the share of the way changes at a repetition; -1 if nothing is left


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A rhythm: of one frame, `share` are repeated (or, of those there were, left out).

    `contrast` is how much the steps it names differ, in shares of the way (-1 to 1); `strength` by
    how many standard errors. `first` and `last` are the frames between which it was looked for.
    """

    share: float
    repeats: bool
    contrast: float
    strength: float
    first: int
    last: int


def rhythms(motion: Motion, window: int = _LONG) -> list[Rhythm]:
    """The strongest rhythm of each window of frames (windows overlap)."""
    lengths, weights = _lengths(motion)
    size = min(window, len(lengths))
    if size < _SHORT:
        return []
    hop = size // 2 if size > _SHORT else size // 4
    starts = sorted({*range(0, len(lengths) - size + 1, hop), len(lengths) - size})
    found = (_strongest(lengths, weights, start, size) for start in starts)
    return [each for each in found if each is not None]


def short_rhythms(motion: Motion) -> list[Rhythm]:
    """The strongest rhythm of each short window: for a change of speed of a few seconds."""
    return rhythms(motion, _SHORT)


def _lengths(motion: Motion) -> tuple[Floats, Floats]:
    """How long each step is against the next and the one before, and how much it tells.

    A step that is k times as long as its neighbours has (k - 1) / (k + 1), 0 where all are alike:
    the mean of what shares of the way say, and of what the steps of the moving parts do.
    """
    lengths, weights = np.zeros(len(motion)), np.zeros(len(motion))
    if len(motion) < 5:
        return lengths, weights
    change = np.diff(motion.shares)[:-1]
    longer, moving = _by_parts(motion.parts)
    lengths[1:-1] = (np.clip(np.nan_to_num(change), -1, 1) + longer) / 2
    weights[1:-2] = (moving / (moving + _FEW))[:-1]
    weights[1:-1][~np.isfinite(change)] = 0
    return lengths, weights


def _by_parts(parts: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """How long each step but the ends is, as the parts that move say, and how many move."""
    steps = np.sqrt(parts + np.float32(_STILL))
    beside = np.sqrt(steps[:-2] * steps[2:])
    most = np.maximum(np.maximum(parts[:-2], parts[1:-1]), parts[2:])
    weight = np.square(most / (most + np.float32(_NOISE)))
    moving: Floats = weight.sum(1, dtype=np.float64)
    said = (weight * (steps[1:-1] - beside) / (steps[1:-1] + beside)).sum(1, dtype=np.float64)
    return said / np.maximum(moving, 1e-6), moving


def _strongest(lengths: Floats, weights: Floats, start: int, size: int) -> Rhythm | None:
    length, weight = lengths[start : start + size], weights[start : start + size]
    total = float(weight.sum())
    if total < _LEAST_MOVING:
        return None
    masks, shares = _masks(size)
    inside = masks @ weight
    outside = total - inside
    sums, squares = masks @ (weight * length), masks @ (weight * length**2)
    whole, whole_square = float(weight @ length), float(weight @ length**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        named, others = sums / inside, (whole - sums) / outside
        spread = squares - inside * named**2 + (whole_square - squares) - outside * others**2
        error = np.sqrt(np.maximum(spread / total, 1e-4) * (1 / inside + 1 / outside))
        strength = np.abs(named - others) / error
    strength[(inside < _FEWEST) | (outside < _FEWEST)] = 0
    as_strong = strength > _AS_STRONG * strength.max()
    best = int(np.argmax(np.where(as_strong, np.abs(named - others), -1)))
    contrast = float(named[best] - others[best])
    share, repeats = float(shares[best]), contrast < 0
    if not repeats and share > 0.4:  # of every other frame either kind may be the named one
        repeats = contrast > -_REPEATED
    value = float(strength[best])
    return Rhythm(share, repeats, contrast, value, start, start + size - 1)


@cache
def _masks(size: int) -> tuple[npt.NDArray[np.float64], Floats]:
    """Every rhythm in six phases: which of `size` frames it names (rows), and their share."""
    fine = np.linspace(_SLOWEST, 0.5, round(0.94 * size))  # half of what a window can tell apart
    shares = np.unique(np.concatenate([1 / np.arange(2, 33), fine]))
    rows, kept = [], []
    for share in shares:
        for phase in range(6):
            named = np.diff(np.floor(np.arange(size + 1) * share + phase / 6)) > 0
            if _FEWEST < named.sum() <= size * 0.51:
                rows.append(named)
                kept.append(share)
    return np.array(rows, np.float64), np.array(kept)
