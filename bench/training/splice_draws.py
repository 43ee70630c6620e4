"""Recordings spliced by ourselves, and honest ones, for `bench.training.splices` to learn from.

A draw takes a stretch of a recording, half of the time through a room, noise and colour of our
making. In half of the draws another stretch is put in: of another publisher, of the same one, or of
the same recording through other rooms; it has the level of the whole, begins where it is quiet and
is faded for 5 ms. Some lose a part at a quiet place. The rest stay whole; in many something happens
that is no edit: a sound in the room, another voice, music that begins, a recorder's gain. All are
saved through a codec, as honest files are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from verifier.detector.traces.floor import RATE

from .voice_views import TELEPHONE, Codec, aac, mp3, opus

HONEST, SPLICED, SHORTENED = 0, 1, 2
NOISE = (  # publishers of sounds and backgrounds rather than of speech
    "jtkim-kaist+VAD",
    "giulbia+baby_cry_detection",
    "remvze+moodist",
    "rafaelmardojai+blanket",
    "mdn+webaudio-examples",
    "justinsalamon+scaper",
    "kitzeslab+opensoundscape",
)
FADE = 80  # samples that a join is faded over

Samples = npt.NDArray[np.float32]
Recordings = dict[str, list[npt.NDArray[np.int16]]]
Chances = tuple[float, float, float, float]  # of colour, a room, fewer frequencies, a background
ORDINARY: Chances = (0.6, 0.35, 0.15, 0.4)
OTHER: Chances = (0.8, 0.45, 0.25, 0.6)


CODECS: tuple[tuple[Codec | None, float], ...] = (  # and how often, before they are made one
    (None, 0.30),
    *((aac(24, 16_000), 0.06), (aac(32, 16_000), 0.06), (aac(64, 16_000), 0.12)),
    *((aac(128, 44_100), 0.05), (mp3(32, 16_000), 0.04), (mp3(48, 16_000), 0.06)),
    *((mp3(64, 16_000), 0.06), (mp3(128, 44_100), 0.05), (opus(16, 16_000), 0.03)),
    *((opus(24), 0.07), (opus(48), 0.04), (TELEPHONE, 0.06)),
)


@dataclass(frozen=True, slots=True)
class Draw:
    """A recording, what was done to it, and where foreign parts lie or one is missing (samples)."""

    sound: Samples
    what: int
    where: tuple[tuple[int, int], ...]


def rms(sound: npt.NDArray[np.floating]) -> float:
    """The root mean square."""
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean() + 1e-12))


class Pool:
    """Recordings by publisher, and chances of each."""

    def __init__(self, recordings: Recordings, random: np.random.Generator) -> None:
        self.random, self.of = random, recordings
        long = {
            name: [k for k, sound in enumerate(some) if len(sound) >= 5 * RATE]
            for name, some in recordings.items()
        }
        self.hosts = {name: some for name, some in long.items() if some}
        self.host_names, self.names = list(self.hosts), list(recordings)
        self.host_chances = _chances(
            [
                min(sum(len(recordings[name][k]) / RATE for k in some), 900) ** 0.5
                * (0.4 if name in NOISE else 1)
                for name, some in self.hosts.items()
            ]
        )
        self.chances = _chances(
            [
                min(sum(map(len, some)) / RATE, 600) ** 0.4 * (0.5 if name in NOISE else 1)
                for name, some in recordings.items()
            ]
        )
        self.noises = [name for name in recordings if name in NOISE] or self.names
        self.voices = [name for name in recordings if name.startswith("real_")]

    def cut(self, name: str, number: int, seconds: float) -> Samples:
        """So many seconds from anywhere in a recording, or all of a shorter one."""
        sound = self.of[name][number]
        count = min(len(sound), int(seconds * RATE))
        first = int(self.random.integers(0, len(sound) - count + 1))
        return sound[first : first + count].astype(np.float32) / np.float32(32768)

    def any(
        self, names: list[str], seconds: float, chances: npt.NDArray[np.float64] | None = None
    ) -> Samples:
        """So many seconds of any recording of these publishers that is not silent."""
        part = np.zeros(0, np.float32)
        for _ in range(30):
            name = str(self.random.choice(names, p=chances))
            number = int(self.random.integers(len(self.of[name])))
            if len(self.of[name][number]) >= min(seconds, 1.3) * RATE:
                part = self.cut(name, number, seconds)
                if rms(part) > 1e-3:
                    break
        return part


def _chances(weights: list[float]) -> npt.NDArray[np.float64]:
    told: npt.NDArray[np.float64] = np.array(weights) / np.sum(weights)
    return told


def coloured(sound: Samples, random: np.random.Generator, much: float = 1.0) -> Samples:
    """A slope of the spectrum and up to three hills or valleys in it; at times nothing below."""
    hertz = np.linspace(0, 8000, 65)
    octaves = np.log2(np.maximum(hertz, 60))
    gain = random.normal(0, 2 * much) * np.log2(np.maximum(hertz, 60) / 1000)
    for _ in range(int(random.integers(0, 4))):
        hill = random.normal(0, 4 * much)
        gain = gain + hill * np.exp(
            -(((octaves - random.uniform(6.5, 13)) / random.uniform(0.2, 1)) ** 2)
        )
    if random.random() < 0.3:
        gain = gain - 40 * np.clip((random.uniform(60, 300) - hertz) / 200, 0, 1)
    spectrum = np.fft.rfft(sound)
    told = np.interp(np.linspace(0, 8000, len(spectrum)), hertz, gain.clip(-30, 20))
    made: Samples = np.fft.irfft(spectrum * 10 ** (told / 20), len(sound)).astype(np.float32)
    return made


def in_room(sound: Samples, random: np.random.Generator) -> Samples:
    """With an echo that falls by 60 dB within 0.1 to 0.9 s."""
    time = np.arange(int(RATE * random.uniform(0.1, 0.6))) / RATE
    falls = random.uniform(0.1, 0.9)
    echo = random.standard_normal(len(time)) * 10 ** (-3 * time / falls)
    echo[: int(RATE * random.uniform(0.001, 0.01))] = 0
    echo /= np.sqrt((echo**2).sum()) + 1e-9
    echo *= 10 ** (-random.uniform(-3, 15) / 20)
    echo[0] = 1
    made: Samples = fftconvolve(sound, echo.astype(np.float32))[: len(sound)].astype(np.float32)
    return made


def narrowed(sound: Samples, random: np.random.Generator) -> Samples:
    """With less below a frequency and above another, by 20 to 60 dB."""
    low = random.choice([0, 80, 150, 300])
    high = random.choice([3400, 3800, 5000, 6500, 7500])
    spectrum = np.fft.rfft(sound)
    hertz = np.linspace(0, 8000, len(spectrum))
    spectrum[(hertz < low) | (hertz > high)] *= 10 ** (-random.uniform(20, 60) / 20)
    made: Samples = np.fft.irfft(spectrum, len(sound)).astype(np.float32)
    return made


def noise(count: int, random: np.random.Generator) -> Samples:
    """Noise that falls towards high frequencies, by any slope."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.linspace(1, 8000, len(spectrum))
    spectrum *= np.maximum(hertz, 50) ** (-random.uniform(0, 1.2))
    made = np.fft.irfft(spectrum, count)
    told: Samples = (made / rms(made)).astype(np.float32)
    return told


def before(sound: Samples, pool: Pool) -> Samples:
    """Before a background of 8 to 45 dB less: noise, or one of the sounds, again and again."""
    random, count = pool.random, len(sound)
    if random.random() < 0.5:
        behind = pool.any(pool.noises, count / RATE)
        over = int(0.05 * RATE)
        if len(behind) < count and len(behind) < 3 * over:
            behind = noise(count, random)
        part, rise = behind, np.linspace(0, 1, over, dtype=np.float32)
        while len(behind) < count:
            mixed = behind[-over:] * (1 - rise) + part[:over] * rise
            behind = np.concatenate([behind[:-over], mixed, part[over:]])
        behind = behind[:count]
    else:
        behind = noise(count, random)
    level = rms(sound) / max(rms(behind), 1e-4) * 10 ** (-random.uniform(8, 45) / 20)
    return sound + behind * np.float32(level)


def recorded(sound: Samples, pool: Pool, chances: Chances = ORDINARY) -> Samples:
    """As if recorded elsewhere, by something else."""
    random = pool.random
    if random.random() < chances[1]:
        sound = in_room(sound, random)
    if random.random() < chances[0]:
        sound = coloured(sound, random)
    if random.random() < chances[3]:
        sound = before(sound, pool)
    if random.random() < chances[2]:
        sound = narrowed(sound, random)
    return sound


def quiet(sound: Samples, low: float, high: float, random: np.random.Generator) -> int:
    """Somewhere between two shares of a recording, where it is quiet for a moment: a sample."""
    step = RATE // 50
    first, last = int(low * len(sound)), int(high * len(sound))
    places = range(first, max(last - step, first + 1), step)
    levels = [rms(sound[at : at + step]) for at in places]
    quietest = np.argsort(levels)[: max(1, len(levels) // 8)]
    return first + step * int(random.choice(quietest)) + step // 2


def joined(parts: list[Samples]) -> Samples:
    """Parts one behind the other, each faded into the next for 5 ms."""
    rise = np.linspace(0, 1, FADE, dtype=np.float32)
    whole = parts[0].copy()
    for part in parts[1:]:
        whole[-FADE:] = whole[-FADE:] * (1 - rise) + part[:FADE] * rise
        whole = np.concatenate([whole, part[FADE:]])
    return whole
