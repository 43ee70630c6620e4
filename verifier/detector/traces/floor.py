"""The levels of a recording, and where its background is not there at all. Pure.

Between words one hears the room and the recorder: no room is as quiet as nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 16_000  # samples a second, of all that is looked at here
FRAME, HOP = 512, 160  # samples
BANDS = 18  # from 100 Hz to 7.8 kHz, evenly on a scale of octaves above 500 Hz
_BLOCK = 4096  # frames that are transformed together
_SHORT = 80  # samples: 5 ms
_NOTHING = 2.5 / 32768  # the loudest sample of digital silence, after most codecs
_LEAST_MUTE = 0.03  # seconds
_EDGE = 0.25  # seconds at both ends, where codecs and recorders add silence

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


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
