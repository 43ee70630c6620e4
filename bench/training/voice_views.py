"""Views of speech for training: each window dirtied, then through a codec, both classes alike.

Room, noise, bandwidth, speed, saturation and level are drawn first; then one of 23 ways of coding
(or none) for all windows that drew it, in one pass of ffmpeg.
"""

import hashlib
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from verifier.detector.voice_bands import BANDS, FRAMES, RATE, WINDOW, seen, spectrum

Floats = npt.NDArray[np.float32]
Random = np.random.Generator

_GAP = RATE // 4  # samples of silence between windows that are coded together
_TOGETHER = 200
_BLOCK = RATE // 20  # samples whose power decides whether they are silence


@dataclass(frozen=True, slots=True)
class Codec:
    """A way through ffmpeg: the ending of the file, its arguments, the rate that is coded."""

    name: str
    ending: str
    arguments: tuple[str, ...]
    rate: int


def mp3(rate: int, coded: int) -> Codec:
    """MP3 of so many kbit/s, of sound of `coded` samples a second."""
    return Codec(f"mp3-{rate}", ".mp3", ("-c:a", "libmp3lame", "-b:a", f"{rate}k"), coded)


def opus(rate: int, coded: int = 48_000) -> Codec:
    """Opus of so many kbit/s."""
    return Codec(f"opus-{rate}", ".ogg", ("-c:a", "libopus", "-b:a", f"{rate}k"), coded)


def aac(rate: int, coded: int) -> Codec:
    """AAC of so many kbit/s, of sound of `coded` samples a second."""
    return Codec(f"aac-{rate}", ".m4a", ("-c:a", "aac", "-b:a", f"{rate}k"), coded)


NONE = Codec("none", "", (), RATE)
TELEPHONE = Codec("telephone", ".wav", ("-c:a", "pcm_mulaw"), 8_000)
CODECS = (
    *(NONE,) * 14,
    *(mp3(16, 16_000), mp3(24, 16_000), mp3(32, 16_000), mp3(32, 22_050), mp3(48, 22_050)),
    *(mp3(64, 44_100), mp3(24, 24_000), mp3(40, 16_000), mp3(64, 24_000), mp3(96, 44_100)),
    *(opus(10), opus(12), opus(16), opus(24), opus(32)),
    *(aac(24, 16_000), aac(32, 22_050), aac(48, 44_100), aac(64, 44_100), aac(96, 44_100)),
    *(TELEPHONE, TELEPHONE),
)


def through(parts: list[Floats], codec: Codec, ffmpeg: str) -> list[Floats]:
    """Code and decode windows at 16 kHz, one after the other in one file."""
    if not codec.ending:
        return parts
    silence = np.zeros(_GAP, np.float32)
    whole = np.concatenate([each for part in parts for each in (part, silence)])
    quiet = (ffmpeg, "-loglevel", "error", "-nostdin", "-y", "-threads", "1")
    plain = ("-f", "f32le", "-ar", str(RATE), "-ac", "1")
    with tempfile.TemporaryDirectory() as folder:
        coded = str(Path(folder) / f"coded{codec.ending}")
        command = [*quiet, *plain, "-i", "-", "-ar", str(codec.rate), *codec.arguments, coded]
        subprocess.run(command, input=whole.astype("<f4").tobytes(), check=True)
        decode = [*quiet, "-i", coded, *plain, "-"]
        told = subprocess.run(decode, capture_output=True, check=True).stdout
    heard = np.frombuffer(told, "<f4")
    heard = np.pad(heard, (0, max(0, len(whole) - len(heard))))
    starts = np.cumsum([0] + [len(part) + _GAP for part in parts[:-1]])
    return [heard[start : start + len(part)] for start, part in zip(starts, parts, strict=True)]


def clips(folder: Path, most: int) -> Iterator[tuple[str, Floats]]:
    """Names and trimmed speech of a source: at least 1.5 s, chosen by the digest of its name."""
    paths = sorted(folder.glob("*.wav"), key=lambda each: digest(each.name))
    for path in paths[:most]:
        with wave.open(str(path)) as opened:
            assert (opened.getframerate(), opened.getnchannels()) == (RATE, 1)
            data = opened.readframes(30 * RATE)
        heard = trimmed((np.frombuffer(data, "<i2") / 32768).astype(np.float32))
        if len(heard) >= 1.5 * RATE:
            yield path.name, heard


def digest(name: str) -> str:
    """SHA-256 of a name: what clips are chosen and divided by."""
    return hashlib.sha256(name.encode()).hexdigest()


def trimmed(samples: Floats) -> Floats:
    """Without the silence before and after."""
    whole = samples[: len(samples) // _BLOCK * _BLOCK]
    power = (whole.reshape(-1, _BLOCK) ** 2).mean(1)
    if not len(power):
        return samples
    heard = np.flatnonzero(power > 10**-3.5 * np.quantile(power, 0.95))
    return samples[heard[0] * _BLOCK : (heard[-1] + 1) * _BLOCK] if len(heard) else samples


def window(samples: Floats, random: Random, length: int) -> Floats:
    """A part of `length` samples, from anywhere; what is shorter is repeated."""
    if len(samples) < length:
        return np.tile(samples, -(-length // len(samples)))[:length]
    start = int(random.integers(len(samples) - length + 1))
    return samples[start : start + length]


def plain(samples: Floats, random: Random) -> Floats:
    """A window, `noisy`."""
    return noisy(window(samples, random, WINDOW), random)


def noisy(samples: Floats, random: Random) -> Floats:
    """With noise 40 to 60 dB below: digital silence is no trace of a voice's maker."""
    noise = random.standard_normal(len(samples)) * samples.std()
    told: Floats = (samples + noise * 10 ** (-random.uniform(40, 60) / 20)).astype(np.float32)
    return told


def dirtied(samples: Floats, random: Random) -> Floats:
    """Another speed, a room, a narrower band, saturation, noise and level, each now and then."""
    told = samples - samples.mean()
    told = told / max(float(np.abs(told).max()), 1e-4)
    if random.random() < 0.25:
        length = int(len(told) / random.uniform(0.92, 1.08))
        told = np.interp(np.linspace(0, len(told) - 1, length), np.arange(len(told)), told)
    if random.random() < 0.2:
        told = _in_a_room(told, random)
    if random.random() < 0.3:
        order, edge = int(random.integers(4, 10)), random.uniform(3300, 7600)
        told = signal.sosfilt(signal.butter(order, edge, fs=RATE, output="sos"), told)
    if random.random() < 0.1:
        edge = random.uniform(60, 300)
        told = signal.sosfilt(signal.butter(2, edge, "high", fs=RATE, output="sos"), told)
    if random.random() < 0.15:
        gain = random.uniform(0.5, 3)
        told = np.tanh(gain * told / np.abs(told).max()) / gain
    drawn = random.random()
    if drawn < 0.5:
        told = with_noise(told, random, (8, 30) if drawn < 0.2 else (30, 55))
    told = told / max(float(np.abs(told).max()), 1e-6) * 10 ** (-random.uniform(0, 20) / 20)
    if random.random() < 0.04:
        told = np.clip(told * random.uniform(1.5, 4), -1, 1)
    rounded: Floats = (np.round(told * 32767) / 32767).astype(np.float32)
    return rounded


def _in_a_room(samples: Floats, random: Random) -> Floats:
    length = int(RATE * random.uniform(0.1, 0.6))
    echo = random.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    echo *= random.uniform(0.03, 0.3)
    echo[0] = 1
    told: Floats = signal.fftconvolve(samples, echo)[: len(samples)]
    return told


def with_noise(samples: Floats, random: Random, decibels: tuple[float, float]) -> Floats:
    """With noise so many decibels below, from white to as of traffic."""
    noise = random.standard_normal(len(samples))
    if random.random() < 0.6:
        noise = signal.lfilter([1], [1, -random.uniform(0.3, 0.98)], noise)
    level = samples.std() * 10 ** (-random.uniform(*decibels) / 20)
    told: Floats = samples + noise / noise.std() * level
    return told


def views(
    clips: list[Floats], random: Random, ffmpeg: str, codecs: tuple[Codec, ...] = CODECS
) -> tuple[npt.NDArray[np.float16], list[str]]:
    """A view of each clip of trimmed speech: bands of shape (n, 397, 64), and the codec's name."""
    drawn = [int(random.integers(len(codecs))) for _ in clips]
    dirty = [dirtied(window(each, random, WINDOW * 11 // 10), random) for each in clips]
    told = np.zeros((len(clips), FRAMES, BANDS), np.float16)
    for number, codec in enumerate(codecs):
        its = [row for row, which in enumerate(drawn) if which == number]
        for start in range(0, len(its), _TOGETHER):
            rows = its[start : start + _TOGETHER]
            heard = through([dirty[row] for row in rows], codec, ffmpeg)
            for row, samples in zip(rows, heard, strict=True):
                told[row] = seen(spectrum(np.ascontiguousarray(samples[:WINDOW])))
    return told, [codecs[which].name for which in drawn]
