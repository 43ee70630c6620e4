"""Parts of a recording that do not sound like the rest of it: told by a small network.

It compares each tenth of a second with all others of 20 seconds: convolutions, and attention
between them (Vaswani et al., "Attention Is All You Need", 2017). `bench.training.splices` taught it
on recordings spliced by ourselves, and on honest ones in which doors, other voices, music and the
recorder's gain change what is heard. Its weights are read only by their digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verifier.detector.network import Network

from .colours import STEP, Levels, Samples, bands, place, shown

NETWORK = Network(
    "splices.onnx", "b2a328fc2ceef50053a048875bdc37672d6f96602068d84da32ec2e9e8c98ea3"
)
ODDS = 7.3  # log odds that 1 of 40 honest copies reach, of publishers held out of training
SHORTEST = 50  # tenths of a second
_WHOLE, _WINDOW, _HOP = 250, 200, 100  # tenths: heard as one; else a window, from one to the next
_APART = 3  # tenths between stretches that are told as one
_CLEAREST = 10  # tenths that are taken together
_LESS = 2.0  # log odds: what other windows may have less than the best, to be told beside it
_LIKELY = 0.5  # of a tenth that is told as foreign

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Foreign:
    """How clear it is that a part is foreign, 0 to 1, and from when to when (seconds).

    At one half it is as clear as in 1 of 40 honest copies of what training had not seen.
    """

    score: float
    where: tuple[tuple[float, float], ...]


def foreign(sound: Samples) -> Foreign | None:
    """Listen to sound of RATE samples a second; None where it is short. Raises ToolMissing."""
    levels = bands(sound)
    if len(levels) < SHORTEST * STEP:
        return None
    windows = [
        (first, *heard(levels[first * STEP : end * STEP])) for first, end in _windows(levels)
    ]
    # Each window is another chance to be wrong: the more there are, the more is asked of one.
    odds = [told - np.log(len(windows)) for _, told, _ in windows]
    best = float(max(odds))
    likely = np.zeros(len(levels) // STEP)
    for (first, _, each), told in zip(windows, odds, strict=True):
        if told >= best - _LESS:
            part = likely[first : first + len(each)]
            np.maximum(part, each, out=part)
    return Foreign(float(1 / (1 + np.exp((ODDS - best) / 2))), _places(likely))


def heard(levels: Levels) -> tuple[float, Floats]:
    """Of up to 25 seconds: the log odds of a foreign part, and how likely each tenth is in one."""
    frames, tenths = shown(levels)
    each, whole = NETWORK.session().run(None, {"frames": frames[None], "tenths": tenths[None]})
    odds: Floats = each[0, :, 0]
    around = np.convolve(odds, np.ones(_CLEAREST) / _CLEAREST, "valid")
    likely: Floats = 1 / (1 + np.exp(-odds))
    return float(whole[0] + around.max()), likely


def _windows(levels: Levels) -> Iterator[tuple[int, int]]:
    """From which tenth to which is listened to at once."""
    count = len(levels) // STEP
    if count <= _WHOLE:
        yield 0, count
        return
    for first in range(0, count - _WINDOW, _HOP):
        yield first, first + _WINDOW
    yield count - _WINDOW, count


def _places(likely: npt.NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Stretches that are likely foreign, in order."""
    inside = np.concatenate(([False], likely >= _LIKELY, [False]))
    edges = np.flatnonzero(np.diff(inside.astype(np.int8))).reshape(-1, 2)
    told: list[tuple[int, int]] = []
    for first, end in edges.tolist():
        near = bool(told) and first - told[-1][1] <= _APART
        told.append((told.pop()[0] if near else first, end))
    return tuple((place(first), place(end)) for first, end in told)
