"""Where the background of a recording changes at once: what stood in the place of `foreign`.

Between words one hears the room and the recorder. Another recording has others, so that a part
from elsewhere lies on another floor (Pan, Zhang and Lyu, "Detecting splicing in digital audios
using local noise level estimation", ICASSP 2012).
"""

from dataclasses import dataclass

import numpy as np

from verifier.detector.traces.floor import HOP, RATE, Floats

CHANGE = 0.62  # the score that was told
_SIDE, _STEP = 60, 10  # frames on each side of a place; frames from one place to the next
_LOW = 0.15  # of the frames of a side are its quietest
_MOST_TIMES = 8.0  # that a band may change more than it usually does
_FEW = 8  # places


@dataclass(frozen=True, slots=True)
class Change:
    """A place (seconds) where the background changes, by how many decibels on average."""

    at: float
    decibels: float
    score: float  # 0 to 1


def changes(decibels: Floats) -> list[Change]:
    """Where the background differs most before and after, clearest first.

    It is the middle of the quietest frames of 0.6 seconds. The score is by how many times a band
    changes more than it usually does from one such stretch to the next, the mean of all bands.
    """
    floors = _floors(decibels)
    apart = _SIDE // _STEP
    if len(floors) < 3 * apart:
        return []
    change = np.abs(floors[apart:] - floors[:-apart])
    times = (change / (np.median(change, 0) + 1)).clip(0, _MOST_TIMES).mean(1)
    found: list[Change] = []
    for best in np.argsort(-times):
        at = (float(best) * _STEP + _SIDE) * HOP / RATE
        if all(abs(at - each.at) > 1.0 for each in found):
            score = float(times[best]) / _MOST_TIMES
            found.append(Change(at, float(change[best].mean()), score))
        if len(found) == _FEW:
            break
    return found


def _floors(decibels: Floats) -> Floats:
    """What each band has in the quietest frames from each place on: (places, BANDS)."""
    quiet = max(3, round(_LOW * _SIDE))
    floors = []
    for at in range(0, len(decibels) - _SIDE + 1, _STEP):
        frames = decibels[at : at + _SIDE]
        floors.append(np.median(frames[np.argpartition(frames.mean(1), quiet)[:quiet]], 0))
    return np.array(floors).reshape(len(floors), decibels.shape[1])
