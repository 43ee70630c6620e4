"""The background of a recording: where it changes at once, and where it is not there at all. Pure.

Between words one hears the room and the recorder. Another recording has others, so that a part
from elsewhere lies on another floor (Pan, Zhang and Lyu, "Detecting splicing in digital audios
using local noise level estimation", ICASSP 2012). And no room is as quiet as nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 16_000  # samples a second, of all that is looked at here
FRAME, HOP = 512, 160  # samples
BANDS = 18  # from 100 Hz to 7.8 kHz, evenly on a scale of octaves above 500 Hz
_BLOCK = 4096  # frames that are transformed together
_SIDE, _STEP = 60, 10  # frames on each side of a place; frames from one place to the next
_LOW = 0.15  # of the frames of a side are its quietest
_MOST_TIMES = 8.0  # that a band may change more than it usually does
_FEW = 8  # places
_SHORT = 80  # samples: 5 ms
_NOTHING = 2.5 / 32768  # the loudest sample of digital silence, after most codecs
_LEAST_MUTE = 0.03  # seconds
_EDGE = 0.25  # seconds at both ends, where codecs and recorders add silence

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """A place (seconds) where the background changes, by how many decibels on average."""

    at: float
    decibels: float
    score: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Mute:
    """Digital silence inside a recording, in seconds; how many decibels below the quietest else."""

    start: float
    end: float
    depth: float


def levels(sound: Samples) -> Floats:
    """The level of each band in each frame, in decibels: (frames, BANDS)."""
    count = max(0, (len(sound) - FRAME) // HOP + 1)
    window = np.hanning(FRAME).astype(np.float32)
    edges = np.unique(np.round(_edges() * FRAME / RATE).astype(int))
    found = np.zeros((count, BANDS))
    for first in range(0, count, _BLOCK):
        some = min(_BLOCK, count - first)
        part = sound[first * HOP : (first + some - 1) * HOP + FRAME]
        frames = np.lib.stride_tricks.sliding_window_view(part, FRAME)[::HOP]
        power = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
        sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
        found[first : first + some] = 10 * np.log10(sums / np.diff(edges) + 1e-7)
    return found


def _edges() -> Floats:
    return np.concatenate([np.linspace(100, 500, 5), 500 * 15.6 ** (np.arange(1, 15) / 14)])


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


def mutes(sound: Samples) -> list[Mute]:
    """Digital silence between parts that sound, in order."""
    count = len(sound) // _SHORT
    loudest = np.abs(sound[: count * _SHORT].reshape(count, _SHORT)).max(1, initial=0)
    quiet = loudest <= _NOTHING
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    if quiet.mean() > 0.5 or not len(edges):
        return []
    else_quietest = float(np.quantile(loudest[~quiet], 0.02))
    found = []
    for first, end in edges.reshape(-1, 2):
        start, stop = first * _SHORT / RATE, end * _SHORT / RATE
        inside = start >= _EDGE and stop <= len(sound) / RATE - _EDGE
        if inside and stop - start >= _LEAST_MUTE:
            depth = 20 * np.log10(else_quietest / max(float(loudest[first:end].max()), 1e-5))
            found.append(Mute(float(start), float(stop), float(depth)))
    return found
