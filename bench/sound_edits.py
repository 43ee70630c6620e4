"""What is done to sound before it is looked for or mapped: by ffmpeg's codecs and filters."""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from ledger.vocabulary import Fingerprint
from verifier.fingerprint.audio import RATE as BAND_RATE
from verifier.fingerprint.audio import fingerprint_samples
from verifier.fingerprint.peaks import RATE, fingerprint_peaks
from verifier.media.ffmpeg import find_ffmpeg

HIGH = 16000  # samples a second, in which copies are made
Samples = npt.NDArray[np.float32]
Prints = tuple[Fingerprint, ...]
Copy = Callable[[Samples, "Others"], Samples]

assert RATE == BAND_RATE


@dataclass
class Others:
    """What is mixed into copies."""

    random: np.random.Generator
    voices: list[Samples]

    def noise(self, sound: Samples, decibels: float) -> Samples:
        """The sound with white noise so many decibels below it."""
        return mixed(sound, self.random.standard_normal(len(sound)).astype(np.float32), decibels)

    def voice(self, length: int) -> Samples:
        """Some other recording, repeated as needed."""
        return np.resize(self.voices[int(self.random.integers(len(self.voices)))], length)

    def babble(self, length: int) -> Samples:
        """Six of them at once."""
        each = [self.voice(length) for _ in range(6)]
        return np.sum([one / loudness(one) for one in each], axis=0).astype(np.float32)

    def echo(self, sound: Samples) -> Samples:
        """The sound in a room: as much echo as sound, falling by 60 dB in half a second."""
        after = np.arange(HIGH // 2) / HIGH
        room = self.random.standard_normal(len(after)) * 10 ** (-6 * after)
        room[: HIGH * 3 // 1000] = 0
        room /= np.sqrt(np.square(room).sum())
        room[0] = 1
        size = len(sound) + len(room)
        both = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)
        return (both[: len(sound)] / 2).astype(np.float32)


def loudness(sound: Samples) -> float:
    """The root mean square."""
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean() + 1e-12))


def mixed(sound: Samples, other: Samples, decibels: float) -> Samples:
    """A sound and another, so many decibels below it."""
    both = sound + other * np.float32(loudness(sound) / loudness(other) * 10 ** (-decibels / 20))
    return (both / max(1.0, float(np.abs(both).max()))).astype(np.float32)


def read(path: Path, rate: int = HIGH) -> Samples:
    """The samples of a file, one channel."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(path), "-vn", "-ac", "1"]
    done = subprocess.run(
        [*command, "-ar", str(rate), "-f", "f32le", "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.float32)


def run_quietly(*arguments: str, sound: bytes) -> None:
    """Run ffmpeg on samples that it reads from its input; raises CalledProcessError."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, input=sound, check=True)


def through(*options: str, ending: str = ".wav", rate: int = HIGH) -> Copy:
    """A copy that ffmpeg makes with these options."""

    def copy(sound: Samples, _: Others) -> Samples:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"copy{ending}"
            raw = ("-f", "f32le", "-ar", str(HIGH), "-ac", "1", "-i", "-")
            run_quietly(*raw, *options, str(path), sound=sound.astype("<f4").tobytes())
            return read(path, rate)

    return copy


def filtered(filters: str) -> Copy:
    """A copy that ffmpeg's filters make."""
    return through("-af", filters)


def faster(rate: float) -> Copy:
    """At another speed, so that the pitch moves."""
    return filtered(f"asetrate={round(HIGH * rate)},aresample={HIGH}")


def higher(semitones: float) -> Copy:
    """At the same speed and another pitch."""
    ratio = 2 ** (semitones / 12)
    return filtered(f"asetrate={round(HIGH * ratio)},aresample={HIGH},atempo={1 / ratio:.6f}")


def excerpt(seconds: int) -> Copy:
    """Some seconds from anywhere."""

    def copy(sound: Samples, others: Others) -> Samples:
        start = int(others.random.integers(0, len(sound) - seconds * HIGH))
        return sound[start : start + seconds * HIGH]

    return copy


def lateness(sound: Samples, made: Samples, rate: float) -> float:
    """By how many seconds what a filter made runs behind the even map at this rate; the median.

    `atempo` joins pieces of the sound where they fit, so it is some 10 ms off, and how many depends
    on the sound. Measured where 40 ms of its output are the sound's own (correlation above 0.99).
    """
    half, reach = HIGH // 50, HIGH // 10
    found = []
    for middle in range(HIGH // 2, len(made) - half, HIGH // 20):
        part = made[middle - half : middle + half]
        start = round(middle * rate) - half - reach
        over = sound[max(start, 0) : start + 2 * (half + reach)]
        if start < 0 or len(over) < 2 * (half + reach) or loudness(part) < 0.01:
            continue
        power = np.convolve(np.square(over), np.ones(2 * half), "valid") * np.square(part).sum()
        alike = np.correlate(over, part, "valid") / np.sqrt(np.maximum(power, 1e-12))
        if alike.max() > 0.99:
            found.append((start + int(alike.argmax()) + half - rate * middle) / HIGH)
    return float(np.median(found)) if found else 0.0


OPUS = ("-c:a", "libopus", "-b:a")
COPIES: dict[str, Copy] = {
    "10 s": lambda sound, _: sound,
    "5 s": excerpt(5),
    "3 s": excerpt(3),
    "MP3 32 kb/s": through("-c:a", "libmp3lame", "-b:a", "32k", ending=".mp3"),
    "AAC 24 kb/s": through("-c:a", "aac", "-b:a", "24k", ending=".m4a"),
    "Opus 16 kb/s": through(*OPUS, "16k", ending=".opus"),
    "telephone": through(
        "-af", "highpass=f=300,lowpass=f=3400", "-ar", "8000", "-c:a", "pcm_mulaw"
    ),
    "noise 10 dB": lambda sound, others: others.noise(sound, 10),
    "noise 0 dB": lambda sound, others: others.noise(sound, 0),
    "babble 10 dB": lambda sound, others: mixed(sound, others.babble(len(sound)), 10),
    "another voice 0 dB": lambda sound, others: mixed(sound, others.voice(len(sound)), 0),
    "echo": lambda sound, others: others.echo(sound),
    **{f"tempo {rate}": filtered(f"atempo={rate}") for rate in (0.75, 0.9, 1.1, 1.25, 1.5)},
    **{f"speed {rate}": faster(rate) for rate in (0.75, 0.9, 1.1, 1.25)},
    **{f"pitch {steps:+d}": higher(steps) for steps in (-2, 2)},
}


def lower(sound: Samples) -> Samples:
    """The samples at RATE of a sound at HIGH."""
    return np.asarray(resample_poly(sound, 1, HIGH // RATE), np.float32)


def fingerprints(sound: Samples) -> Prints:
    """Both fingerprints of a recording in HIGH samples a second."""
    low = lower(sound)
    return fingerprint_samples([low]) + fingerprint_peaks([low])


def interval(good: int, tried: int) -> str:
    """A share and its two-sided 95 % interval (Clopper-Pearson)."""
    from scipy.stats import beta

    low = beta.ppf(0.025, good, tried - good + 1) if good else 0.0
    high = beta.ppf(0.975, good + 1, tried - good) if good < tried else 1.0
    return f"{100 * good / max(tried, 1):5.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {tried}"


def chosen(sounds: dict[str, Samples], count: int, seconds: float) -> list[str]:
    """Some recordings of at least so many seconds, evenly spread over the names."""
    long = [
        name
        for name, sound in sounds.items()
        if len(sound) > seconds * HIGH and loudness(sound) > 1e-3
    ]
    if not long:
        raise SystemExit(f"no recording is as long as {seconds:g} s: name a folder that has some")
    return [long[place] for place in np.unique(np.linspace(0, len(long) - 1, count).astype(int))]
