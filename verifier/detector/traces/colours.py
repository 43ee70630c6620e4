"""What sound is made of, as the network that looks for foreign parts is shown it. Pure.

Between words one hears the room and the recorder, and in words both colour the voice: each has its
noise, its echo and the frequencies that it passes (Pan, Zhang and Lyu, "Detecting splicing in
digital audios using local noise level estimation", ICASSP 2012; Malik and Farid, "Audio forensics
from acoustic reverberation", ICASSP 2010). So what is shown are levels of
bands every hundredth of a second, and what a band has in its quietest, middling and loudest moments
around each tenth, all beside what is usual in the recording itself.
"""

import numpy as np
import numpy.typing as npt

from .floor import FRAME, HOP, RATE

STEP = 10  # frames of one tenth of a second
_BLOCK = 4096  # frames that are transformed together
_LEVELS = (9, 30, 54)  # of the 60 frames around a tenth, sorted: quiet, middling, loud
_AROUND = 60  # frames
_LEAST, _HALVES = -72.0, 2  # decibels of the least level that is told apart, and steps of one
_UNIT = 10.0  # decibels

Samples = npt.NDArray[np.float32]
Levels = npt.NDArray[np.uint8]  # (frames, BANDS): half decibels above _LEAST
Shown = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _edges() -> npt.NDArray[np.int64]:
    """Where bands begin and end: evenly to 1 kHz, then evenly on a scale of octaves to 8 kHz."""
    low = np.arange(0, 33, 3)
    return np.unique(np.round([*low, *(33 * (257 / 33) ** (np.arange(1, 31) / 30))]).astype(int))


_EDGES = _edges()
BANDS = len(_EDGES) - 1


def bands(sound: Samples) -> Levels:
    """The level of each band in each frame of sound, RATE samples a second."""
    count = max(0, (len(sound) - FRAME) // HOP + 1)
    window = np.hanning(FRAME).astype(np.float32)
    found = np.zeros((count, BANDS), np.uint8)
    for first in range(0, count, _BLOCK):
        some = min(_BLOCK, count - first)
        part = sound[first * HOP : (first + some - 1) * HOP + FRAME]
        frames = np.lib.stride_tricks.sliding_window_view(part, FRAME)[::HOP]
        power = np.square(np.abs(np.fft.rfft(frames * window, axis=1))).astype(np.float32)
        mean = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1) / np.diff(_EDGES)
        told = (10 * np.log10(mean + 1e-7) - _LEAST) * _HALVES
        found[first : first + some] = told.clip(0, 255)
    return found


def shown(levels: Levels) -> Shown:
    """Levels as the network takes them: of frames (10 n, 2 BANDS), and of tenths (n, 3 BANDS)."""
    count = len(levels) // STEP
    decibels = levels[: count * STEP].astype(np.float32) / _HALVES + _LEAST
    usual, low = np.median(decibels, 0), np.quantile(decibels, 0.1, 0)
    frames = np.concatenate([decibels - usual, decibels - low], 1) / _UNIT
    half = (_AROUND - STEP) // 2
    padded = np.pad(decibels, ((half, half), (0, 0)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, _AROUND, axis=0)[::STEP][:count]
    sorted_levels = np.partition(around, _LEVELS, axis=2)[:, :, list(_LEVELS)]
    tenths = (sorted_levels - np.median(sorted_levels, 0, keepdims=True)) / _UNIT
    flat = tenths.transpose(0, 2, 1).reshape(count, -1)
    return frames.astype(np.float32), flat.astype(np.float32)


def place(tenth: int) -> float:
    """The moment (seconds) at which a tenth begins; frames are as long as their middles lie."""
    return float((tenth * STEP * HOP + (FRAME - HOP) / 2) / RATE)
