"""What people do to recordings before they publish them, by draws, both classes alike.

A recording is cleaned of noise, equalised, muffled, put into a room, made faster or higher, or
levelled; none of it makes a voice, and a detector of cloned voices must not take it for one.
"""

import subprocess
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

from verifier.detector.voice_bands import RATE

from .voice_views import with_noise

Floats = npt.NDArray[np.floating]
Random = np.random.Generator
Way = Callable[[Floats, Random, str], Floats]


def cleaned(samples: Floats, random: Random, ffmpeg: str) -> Floats:
    """Without what is always there: by gains for each moment and frequency, or by ffmpeg's own."""
    if random.random() < 0.4:
        reduction, floor = random.uniform(6, 35), random.uniform(-60, -25)
        return filtered(samples, f"afftdn=nr={reduction:.1f}:nf={floor:.1f}", ffmpeg)
    size = int(random.choice((512, 1024, 2048)))
    share, many = random.uniform(0.05, 0.3), random.uniform(1, 4)
    _, _, bins = signal.stft(samples, RATE, nperseg=size, noverlap=size * 3 // 4)
    sizes = np.abs(bins)
    noise = many * np.quantile(sizes, share, axis=1, keepdims=True)
    if random.random() < 0.5:  # subtracted (Boll, 1979), or shut where it is no louder than noise
        gains = 1 - noise / np.maximum(sizes, 1e-9)
    else:
        gains = 1 / (1 + np.exp(-random.uniform(2, 8) * (sizes / np.maximum(noise, 1e-9) - 1)))
    if random.random() < 0.6:
        gains = ndimage.uniform_filter(
            gains, (int(random.integers(1, 8)), int(random.integers(1, 6)))
        )
    floor = 10 ** (-random.uniform(8, 45) / 20)
    _, told = signal.istft(
        bins * np.maximum(gains, floor), RATE, nperseg=size, noverlap=size * 3 // 4
    )
    whole: Floats = told[: len(samples)]
    return whole


def equalised(samples: Floats, random: Random, ffmpeg: str) -> Floats:
    """Bass and treble raised or cut, and now and then without what is lowest."""
    bass, treble = random.uniform(-9, 9, 2)
    edge, turn = random.uniform(80, 300), random.uniform(2000, 5000)
    said = f"bass=g={bass:.1f}:f={edge:.0f},treble=g={treble:.1f}:f={turn:.0f}"
    told = filtered(samples, said, ffmpeg)
    return _cut(told, random.uniform(60, 250), "high", random) if random.random() < 0.3 else told


def muffled(samples: Floats, random: Random, ffmpeg: str) -> Floats:  # noqa: ARG001  # as all ways are
    """Without what is highest, from 4.4 to 7.6 kHz on."""
    return _cut(samples, random.uniform(4400, 7600), "low", random)


def _cut(samples: Floats, edge: float, kind: str, random: Random) -> Floats:
    order = int(random.integers(2, 9))
    told: Floats = signal.sosfilt(signal.butter(order, edge, kind, fs=RATE, output="sos"), samples)
    return told


def echoing(samples: Floats, random: Random, ffmpeg: str) -> Floats:  # noqa: ARG001  # as all ways are
    """In a room: a few early echoes and a tail that dies away."""
    length = int(RATE * random.uniform(0.1, 0.8))
    tail = random.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= random.uniform(0.02, 0.2)
    for _ in range(int(random.integers(0, 5))):
        tail[int(random.integers(length // 8, length))] += random.uniform(-0.5, 0.5)
    tail[0] = 1
    told: Floats = signal.fftconvolve(samples, tail)[: len(samples)]
    return told


def shifted(samples: Floats, random: Random, ffmpeg: str) -> Floats:
    """Faster or slower, higher or lower, or both together as a tape is."""
    pitch = 2 ** (random.uniform(-4, 4) / 12) if random.random() < 0.7 else 1
    tempo = random.uniform(0.85, 1.2) if random.random() < 0.6 else 1
    said = f"asetrate={RATE * pitch:.0f},aresample={RATE}"
    if random.random() < 0.75:
        said += f",atempo={tempo / pitch:.4f}"
    return filtered(samples, said, ffmpeg)


def levelled(samples: Floats, random: Random, ffmpeg: str) -> Floats:
    """What is quiet made louder, and what is loud cut off."""
    threshold, ratio = random.uniform(-40, -15), random.uniform(2, 12)
    attack, release = random.uniform(1, 30), random.uniform(30, 400)
    loud = samples / max(float(np.abs(samples).max()), 1e-6)
    said = (
        f"acompressor=threshold={threshold:.1f}dB:ratio={ratio:.1f}:attack={attack:.0f}"
        f":release={release:.0f}"
    )
    told = filtered(loud, said, ffmpeg)
    gain = random.uniform(0.5, 4)
    softened: Floats = np.tanh(gain * told / max(float(np.abs(told).max()), 1e-6)) / gain
    return softened


def breathed_over(samples: Floats, random: Random, ffmpeg: str) -> Floats:  # noqa: ARG001  # as all ways are
    """With noise 8 to 35 dB below, white or as of traffic."""
    return with_noise(samples, random, (8, 35))


WAYS: tuple[tuple[str, Way], ...] = (
    ("cleaned", cleaned),
    ("cleaned", cleaned),
    ("equalised", equalised),
    ("muffled", muffled),
    ("echoing", echoing),
    ("shifted", shifted),
    ("levelled", levelled),
    ("noise", breathed_over),
)


def handled(samples: Floats, random: Random, ffmpeg: str) -> tuple[str, npt.NDArray[np.float32]]:
    """One channel at 16 kHz after one way that is drawn, and the way's name."""
    name, way = WAYS[int(random.integers(len(WAYS)))]
    return name, way(samples, random, ffmpeg).astype(np.float32)


def filtered(samples: Floats, said: str, ffmpeg: str) -> Floats:
    """One channel at 16 kHz through ffmpeg's filters."""
    plain = ("-f", "f32le", "-ar", str(RATE), "-ac", "1")
    command = (ffmpeg, "-loglevel", "error", *plain, "-i", "-", "-af", said, *plain, "-")
    data = samples.astype("<f4").tobytes()
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").astype(np.float64)
