"""Whether the hum of the mains runs on without a break. Pure.

Near a socket, every recorder hears 50 or 60 Hz and their multiples, whose phase runs on evenly for
as long as it records. Where a part was taken out or put in it jumps (Rodríguez, Apolinário and
Biscainho, "Audio authenticity: detecting ENF discontinuity with high precision phase analysis",
IEEE T-IFS 5, 2010; Grigoras 2005).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .floor import RATE, Floats, Samples

_LINES = (50.0, 60.0, 100.0, 120.0, 150.0, 180.0)  # Hz
_STEP = 320  # samples of a value: 20 ms, a whole period of 50 and of 100 Hz
_SMOOTH = 25  # values: half a second
_BESIDE = 7.0  # Hz from a line, where there is none
_CLEAR = 12.0  # decibels by which a hum has to be above what is beside it
_SIDE, _NEAR = 100, 14  # values of a side, and those next to a place that are left out of it
_SHORTEST = 6.0  # seconds


@dataclass(frozen=True, slots=True)
class Break:
    """Where the hum of `line` Hz breaks (seconds), and by how much of half a turn (0 to 1)."""

    line: float
    at: float
    score: float


@dataclass(frozen=True, slots=True)
class Hum:
    """Of which frequency there is hum, if there is any, and its clearest break."""

    line: float | None
    broken: Break | None


def listen(sound: Samples) -> Hum:
    """Find the clearest hum and how evenly it runs on."""
    if len(sound) < _SHORTEST * RATE:
        return Hum(None, None)
    clear = {line: _clearness(sound, line) for line in _LINES}
    line = max(clear, key=lambda each: clear[each])
    if clear[line] < _CLEAR:
        return Hum(None, None)
    return Hum(line, _break(np.unwrap(np.angle(_turning(sound, line))), line))


def _clearness(sound: Samples, line: float) -> float:
    """How far a line is above what is beside it, in decibels, in the quietest half of the time."""
    here = np.abs(_turning(sound, line))
    beside = [np.abs(_turning(sound, line + by)) for by in (-_BESIDE, _BESIDE)]
    noise = np.maximum(*beside)
    level, around = (max(float(each), 1e-9) for each in (np.quantile(here, 0.3), np.median(noise)))
    return float(20 * np.log10(level / around))


def _turning(sound: Samples, line: float) -> npt.NDArray[np.complex128]:
    """What is left of a line when it is turned back: a value each 20 ms, smoothed."""
    count = len(sound) // _STEP
    turn = np.exp(-2j * np.pi * line / RATE * np.arange(_STEP))
    values = sound[: count * _STEP].reshape(count, _STEP) @ turn
    values *= np.exp(-2j * np.pi * line / RATE * _STEP * np.arange(count))
    window = np.hanning(_SMOOTH + 2)[1:-1]
    smooth: npt.NDArray[np.complex128] = np.convolve(values, window / window.sum(), "same")
    return smooth


def _break(phase: Floats, line: float) -> Break | None:
    """The greatest difference between where a phase was heading and where it comes from."""
    best: Break | None = None
    steps = np.arange(_NEAR, _SIDE, dtype=np.float64)
    for at in range(_SIDE, len(phase) - _SIDE, 2):
        before, after = phase[at - _SIDE : at - _NEAR], phase[at + _NEAR : at + _SIDE]
        heading: Floats = np.polyfit(-steps[::-1], before, 1)[::-1]
        coming: Floats = np.polyfit(steps, after, 1)[::-1]
        error = _rest(-steps[::-1], before, heading) + _rest(steps, after, coming)
        apart = (coming[0] - heading[0] + np.pi) % (2 * np.pi) - np.pi
        score = max(0.0, abs(float(apart)) - 3 * error) / np.pi
        if best is None or score > best.score:
            best = Break(line, at * _STEP / RATE, score)
    return best


def _rest(steps: Floats, phase: Floats, line: Floats) -> float:
    return float(np.sqrt(np.square(phase - line[0] - line[1] * steps).mean()))
