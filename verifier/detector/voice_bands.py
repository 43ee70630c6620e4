"""What the networks of voices see: the energy of 64 bands, each relative to its mean.

A recording's level, its room's and its microphone's colour are constant factors in a band; with the
mean of each band taken away they are gone, and so is what a format does to the long-term spectrum.
A floor 60 dB below the mean energy hides how silent the silences are: synthetic ones are often
digital, and anything that a recording passes through fills them.
"""

import numpy as np
import numpy.typing as npt

RATE = 16_000  # samples a second
WINDOW = 4 * RATE  # samples that are judged together
BANDS = 64
STEP = 160  # samples between frames: 10 ms
_FRAME = 512
FRAMES = (WINDOW - _FRAME) // STEP + 1
_TOP = 7_600.0  # Hz: above it resamplers and codecs differ more than voices do
_FLOOR = 1e-6
_ACTIVE = 1e-3  # of the mean energy of the loudest tenth of the frames: 30 dB below

Floats = npt.NDArray[np.float32]


def spectrum(samples: Floats) -> Floats:
    """The energy of each band of each frame: (frames, 64), of samples at 16 kHz, at least 512."""
    sharp = np.empty_like(samples)  # speech falls with frequency: this keeps the floor off its top
    sharp[0] = 0
    np.subtract(samples[1:], 0.97 * samples[:-1], out=sharp[1:])
    frames = np.lib.stride_tricks.sliding_window_view(sharp, _FRAME)[::STEP]
    bins = np.fft.rfft(frames * _TAPER, axis=1)
    told: Floats = (bins.real**2 + bins.imag**2).astype(np.float32) @ _FILTERS
    return told


def active(energy: Floats) -> npt.NDArray[np.bool_]:
    """Which frames are within 30 dB of the loudest tenth, of energies (frames, 64)."""
    loudness = energy.sum(1)
    loud = np.partition(loudness, -1 - len(loudness) // 10)[-1 - len(loudness) // 10 :].mean()
    heard: npt.NDArray[np.bool_] = loudness > _ACTIVE * loud
    return heard


def normalised(energy: Floats) -> Floats:
    """Energies (frames, 64) in units of 10 dB, above the floor, relative to each band's mean."""
    heard = active(energy)
    level = energy[heard].mean() if heard.any() else 1.0
    decibels = np.log10(energy + _FLOOR * level + np.float32(1e-20))
    told: Floats = (decibels - decibels[heard].mean(0)).astype(np.float32)
    return told


def seen(energy: Floats) -> Floats:
    """What a network sees of a window of energies (frames, 64): always 397 frames.

    Silence before and after is cut off, and what is left is repeated until the window is full.
    """
    heard = np.flatnonzero(active(energy))
    first, last = (heard[0], heard[-1] + 1) if len(heard) else (0, len(energy))
    bands = normalised(energy)[first:last].clip(-6, 6)
    return np.tile(bands, (-(-FRAMES // len(bands)), 1))[:FRAMES]


def _filters() -> Floats:
    """Triangles of equal width, from 0 to 7,600 Hz: (bins, 64)."""
    places = np.arange(_FRAME // 2 + 1) * RATE / _FRAME
    width = _TOP / (BANDS + 1)
    centres = width * np.arange(1, BANDS + 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - centres) / width).astype(np.float32)


_FILTERS = _filters()
_TAPER = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
