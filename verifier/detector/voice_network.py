"""What two networks hear in 4 s of sound: numbers over which a line is laid.

One is ours: it was taught by `bench.training.voice_ears` to tell of a window what a larger network
tells of it, and by no label. The other is the first part of Distill-MOS (Stahl and Gamper, 2025;
Microsoft, MIT, from the wheel `distillmos`), which was taught how good speech sounds, written by
`bench.training.voice_maps`. Listened to are means and deviations of their last maps over time. Each
window is prepared alike before they hear it: the band above 7.6 kHz taken away, where resamplers
and codecs differ more than voices do; noise 52 dB below, since digital silence is no trace of a
voice's maker; and one level. Weights are read only by their digest.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from .network import Network
from .voice_bands import RATE, WINDOW

OURS = Network("voice.onnx", "3c0dad74f681b2473770d08462d5c148ac09791910586e6861bef01c0739e35f")
MAPS = Network(
    "voice_maps.onnx", "6024e45c393250baea7893501f3caaf45d2a6e420da5f5976ae7662ab6c96f64"
)
NETWORKS = (OURS, MAPS)
OF_OURS = 960  # means and deviations of its last maps over time
OF_MAPS = 3_072  # the same of its last maps, and deviations of what they change from frame to frame
NUMBERS = OF_OURS + OF_MAPS
LOUDNESS = 0.06  # root mean square, full scale 1
QUIETER = 52.0  # dB below the sound: the noise that is added
_TOP, _FALL = 7_600.0, 150.0  # Hz: the last that is heard, and how far it takes to fall to nothing
_TINT = 800.0  # Hz: above it the noise falls by 6 dB an octave
_LEAST = 1e-3

Floats = npt.NDArray[np.float32]


def numbers(samples: Floats) -> Floats:
    """What they tell of at least a second at 16 kHz: shape (NUMBERS,); raises ToolMissing."""
    sound = {"sound": prepared(samples)[None]}
    return np.concatenate([each.session().run(None, sound)[0][0] for each in NETWORKS])


def prepared(samples: Floats) -> Floats:
    """The window that a network hears: what is shorter than 4 s is repeated."""
    whole = np.resize(samples.astype(np.float64) - samples.mean(dtype=np.float64), WINDOW)
    heard = np.fft.irfft(np.fft.rfft(whole) * _band(), WINDOW)
    heard += _noise() * (np.sqrt(np.mean(heard**2)) + 1e-8) * 10 ** (-QUIETER / 20)
    told: Floats = (heard * (LOUDNESS / (np.sqrt(np.mean(heard**2)) + 1e-8))).astype(np.float32)
    return told


@cache
def _band() -> npt.NDArray[np.float64]:
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    told: npt.NDArray[np.float64] = np.cos(((_TOP - hertz) / _FALL).clip(-1, 0) * np.pi / 2)
    return told.clip(_LEAST)


@cache
def _noise() -> npt.NDArray[np.float64]:
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    white = np.fft.rfft(np.random.default_rng(1).standard_normal(WINDOW))
    tinted = np.fft.irfft(white / np.sqrt(1 + (hertz / _TINT) ** 2), WINDOW)
    told: npt.NDArray[np.float64] = tinted / np.sqrt(np.mean(tinted**2))
    return told
