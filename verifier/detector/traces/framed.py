"""Whether sound was AAC before it came into this file, and where its frames stop lining up. Pure.

AAC transforms 1024 new samples at a time and rounds most of what is high to nothing. Whoever
transforms the same frames again finds those holes; one sample beside, they are filled. So the
place of the frames can be read from sound that is not AAC any more, and it runs on for as long as
nothing was taken out or put in (Yang, Qu and Huang, "Detecting digital audio forgeries by checking
frame offsets", ACM MM&Sec 2008, who did so for MP3; ISO/IEC 14496-3, 4.6.11, for the transform).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import median_filter, uniform_filter1d

from .floor import Floats, Samples

FRAME = 1024  # samples from one frame to the next
_BINS = slice(64, 900)  # of 1024: what is lower is seldom rounded to nothing, what is higher absent
_ROUNDING = 0.5  # the power, in steps of 16 bits, below which nothing is told from rounding
_LOOKED_AT = 12  # frames of the whole, and of a part, in which the place is looked for
_SMOOTH = 17  # places: what changes more slowly along the curve is not a hole
_MOST, _TENTH = 12.0, 10  # deviations that one frame counts; see `_clearest`
_OTHERS = (171, 397, 610, 853)  # samples beside the place, that it is held against
_FEWEST, _AVERAGED = 8, 5  # frames of a part; frames over which it is judged
_HOLDING = 0.9  # the quantile of a place's depths that frames have which lie there
_FAILS, _HEARD = 0.3, 0.5  # of that depth: where frames lie elsewhere; where they lie
_MOST_PARTS = 8  # that are searched for another place
_CHANGE = 5.0  # frames' worth of depth that have to speak for another place
_BLOCK = 256  # frames that are transformed together

Places = npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class Break:
    """From where frames no longer lie at one place, and from where they lie at another (seconds).

    `clearness` is by how many frames the part on either side speaks for its own place, the lesser.
    """

    start: float
    end: float
    clearness: float

    def by(self, rate: int) -> "Break":
        """The same in seconds, of samples."""
        return Break(self.start / rate, self.end / rate, self.clearness)


@dataclass(frozen=True, slots=True)
class Framed:
    """Where most frames begin (samples, below 1024), how clearly (deviations), and the breaks."""

    offset: int
    strength: float
    breaks: tuple[Break, ...]


def framed(sound: Samples, rate: int, least: float) -> Framed | None:
    """The frames that sound was compressed in; None where it is too short.

    `least` is the strength from which they are said to be there; only then breaks are looked for.
    """
    steps = sound * np.float32(32768)
    if len(steps) < (_FEWEST + 4) * FRAME:
        return None
    starts = np.arange(0, len(steps) - 3 * FRAME, FRAME)
    clearest = [(*_clearest(steps, starts, window), window) for window in (0, 1)]
    offset, strength, window = max(clearest, key=lambda each: each[1])
    if strength < least:
        return Framed(offset, strength, ())
    depths = {offset: _depths(steps, offset, window)}
    searched: set[tuple[int, int]] = set()
    while len(searched) < _MOST_PARTS:
        left = [each for each in _failing(depths) if each not in searched]
        if not left:
            break
        searched.add(left[0])
        place, clear = _clearest(steps, starts[slice(*left[0])], window)
        if clear >= least and all(_apart(place, other) > 2 for other in depths):
            depths[place] = _depths(steps, place, window)
    breaks = tuple(each.by(rate) for each in _breaks(depths))
    return Framed(offset, strength, breaks)


@cache
def _windows() -> tuple[Samples, Samples]:
    """Both windows of AAC's long frames: sine, and Kaiser-Bessel with alpha 4."""
    rise = np.cumsum(np.kaiser(FRAME + 1, 4 * np.pi))
    half = np.sqrt(rise[:FRAME] / rise[FRAME])
    sine = np.sin(np.pi * (np.arange(2 * FRAME) + 0.5) / (2 * FRAME))
    return sine.astype(np.float32), np.concatenate([half, half[::-1]]).astype(np.float32)


def _fullness(frames: Samples, window: int) -> Floats:
    """The mean logarithm of the power of each frame's coefficients: low where they have holes."""
    a, b, c, d = np.split(frames * _windows()[window], 4, axis=1)
    folded = np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], axis=1)
    coefficients = fft.dct(folded, type=4, norm="ortho", axis=1)[:, _BINS]
    full: Floats = np.log(np.square(coefficients) + _ROUNDING).mean(1, dtype=np.float64)
    return full


def _clearest(steps: Samples, starts: Places, window: int) -> tuple[int, float]:
    """The place at which frames have most holes, and how much clearer than the tenth it is.

    Deviations of all places, a mean of some frames. A tone has as many clear places as it swings.
    """
    some = starts[np.linspace(0, len(starts) - 1, min(_LOOKED_AT, len(starts))).astype(int)]
    total = np.zeros(FRAME)
    for start in some:
        part = steps[start : start + 3 * FRAME - 1]
        frames = np.lib.stride_tricks.sliding_window_view(part, 2 * FRAME)
        blocks = [_fullness(frames[k : k + _BLOCK], window) for k in range(0, FRAME, _BLOCK)]
        curve = np.concatenate(blocks)
        depth = median_filter(curve, _SMOOTH, mode="wrap") - curve
        usual = 1.4826 * float(np.median(np.abs(depth)))
        total += (depth / max(usual, 1e-3)).clip(-_MOST, _MOST)
    best = int(np.argmax(total))
    return best, float(total[best] - np.partition(total, -_TENTH)[-_TENTH]) / len(some)


def _depths(steps: Samples, offset: int, window: int) -> Floats:
    """By how much each frame is emptier at a place than beside it."""
    count = (len(steps) - max(_OTHERS) - offset) // FRAME - 1
    found = np.zeros((len(steps) - max(_OTHERS)) // FRAME - 1)
    for first in range(0, count, _BLOCK):
        size = min(_BLOCK, count - first)
        levels = []
        for beside in (0, *_OTHERS):
            begin = offset + beside + first * FRAME
            part = steps[begin : begin + (size + 1) * FRAME]
            frames = np.lib.stride_tricks.sliding_window_view(part, 2 * FRAME)[::FRAME]
            levels.append(_fullness(frames, window))
        found[first : first + size] = np.mean(levels[1:], 0) - levels[0]
    return found


def _failing(depths: dict[int, Floats]) -> list[tuple[int, int]]:
    """Parts in which frames lie at none of some places, the longest first."""
    most = np.max([uniform_filter1d(_worth(each), _AVERAGED) for each in depths.values()], axis=0)
    fails = most < _FAILS
    edges = np.flatnonzero(np.diff(np.concatenate(([False], fails, [False])).astype(np.int8)))
    parts = [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
    parts = [each for each in parts if each[1] - each[0] >= _FEWEST]
    return sorted(parts, key=lambda each: each[0] - each[1])


def _worth(depths: Floats) -> Floats:
    """How much each frame speaks for a place: 1 where it does as it does where frames lie there."""
    usual = max(float(np.quantile(depths, _HOLDING)), 1e-3)
    return np.asarray(np.clip(depths / usual, -0.5, 1.5))


def _apart(one: int, other: int) -> int:
    return min((one - other) % FRAME, (other - one) % FRAME)


def _breaks(depths: dict[int, Floats]) -> Iterator[Break]:
    """Where the likeliest course from place to place changes, in samples."""
    places, worth = list(depths), np.array([_worth(each) for each in depths.values()])
    course = _course(worth)
    marks = [0, *(np.flatnonzero(np.diff(course)) + 1).tolist(), len(course)]
    for first, at, end in zip(marks[:-2], marks[1:-1], marks[2:], strict=True):
        one, other = course[at - 1], course[at]
        rather = worth[one] - worth[other]
        before, after = rather[first:at], rather[at:end]
        # Sound that was AAC twice has two places from end to end, now one clearer, now the other.
        strange = max(worth[other, first:at].mean(), worth[one, at:end].mean())
        heard = np.flatnonzero(_mean_up_to(before) > _FAILS)
        again = len(after) - 1 - np.flatnonzero(_mean_up_to(-after[::-1]) > _FAILS)
        if len(heard) and len(again) and strange < _FAILS:
            last, next_one = first + heard[-1] + 2, at + again[-1]
            span = places[one] + last * FRAME, places[other] + next_one * FRAME
            clear = min(before.sum(), -after.sum())
            yield Break(float(min(span)), float(max(span)), float(clear))


def _mean_up_to(rather: Floats) -> Floats:
    """The mean of each frame and the four before it, 0 where it does not itself hold."""
    padded = np.concatenate([np.zeros(_AVERAGED - 1), rather])
    means = np.convolve(padded, np.full(_AVERAGED, 1 / _AVERAGED), "valid")
    return np.where(rather > _HEARD, means, 0.0)


def _course(worth: Floats) -> npt.NDArray[np.int_]:
    """The place of each frame that is worth most together, where each change costs `_CHANGE`."""
    best, came = worth[:, 0].copy(), np.zeros(worth.shape, int)
    for frame in range(1, worth.shape[1]):
        other = int(np.argmax(best))
        moves = best < best[other] - _CHANGE
        came[:, frame] = np.where(moves, other, np.arange(len(worth)))
        best = np.where(moves, best[other] - _CHANGE, best) + worth[:, frame]
    course = [int(np.argmax(best))]
    for frame in range(worth.shape[1] - 1, 0, -1):
        course.append(int(came[course[-1], frame]))
    return np.array(course[::-1])
