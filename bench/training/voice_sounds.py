"""Windows of speech as our ears are to hear them; whether one is synthetic is told to nobody.

Some are spread over all clips (`spread`), each through one of the three codecs of the line. Others
are drawn (`drawn`), the classes alike often, a source by the root of its size: every fourth is
played at another speed, every third goes through an equaliser; all have noise, one in four 18 to 40
dB below, the others 40 to 60; five in twenty go through no codec, four each through Opus of 16 and
AAC of 48 kbit/s, one each through seven others.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.detector.voice_bands import RATE, WINDOW
from verifier.detector.voice_network import prepared

from .voice_coded import THROUGH, is_judged
from .voice_views import CODECS, NONE, Random, clips, digest, plain, through, window

Floats = npt.NDArray[np.float32]
Sounds = npt.NDArray[np.int16]

FULL = 32_768
TOGETHER = 48  # windows through one codec in one file
_SHORTEST = 3 * RATE // 2
_LEAST = 1e-3  # of full scale, root mean square
_NAMED = {each.name: each for each in reversed(CODECS)}
_OFTEN, _OTHERS = ("opus-16", "aac-48"), ("opus-12", "opus-24", "opus-32", "aac-32", "aac-64")
WAYS = (
    *(NONE,) * 5,
    *(_NAMED[name] for name in _OFTEN for _ in range(4)),
    *(_NAMED[name] for name in (*_OTHERS, "aac-96", "mp3-64")),
)


def spread(
    folder: Path, names: list[str], most: int, random: Random, ffmpeg: str, to: Path
) -> Sounds:
    """At most so many windows of each synthetic source, half as many more of a recorded one."""
    parts = [each for name in names for each in _of_source(folder / name, most)]
    told = _opened(to, len(parts))
    order = random.permutation(len(parts))
    for chunk, start in enumerate(range(0, len(order), TOGETHER)):
        rows = order[start : start + TOGETHER]
        given = [plain(parts[row], random) for row in rows]
        heard = through(given, THROUGH[chunk % len(THROUGH)], ffmpeg)
        for row, sound in zip(rows, heard, strict=True):
            told[row] = _kept(sound)
    return told


def _of_source(folder: Path, most: int) -> list[Floats]:
    wanted = most * 3 // 2 if folder.name.startswith("real") else most
    its = [heard for _, heard in clips(folder, wanted)]
    each = max(1, min(3, -(-wanted // max(1, len(its)))))
    return [part for heard in its for part in _windows(heard, each)][:wanted]


def _windows(samples: Floats, most: int) -> list[Floats]:
    """At most `most` windows of speech, spread over a clip; a short clip is one."""
    places = np.linspace(0, max(0, len(samples) - WINDOW), max(1, len(samples) // WINDOW))
    told: list[Floats] = []
    for place in sorted((int(each) for each in places), key=lambda each: digest(str(each))):
        part = samples[place : place + WINDOW]
        if len(told) < most and len(part) >= _SHORTEST and is_judged(part):
            told.append(part)
    return told


def _opened(to: Path, count: int) -> Sounds:
    return np.lib.format.open_memmap(to, "w+", np.int16, (count, WINDOW))


def _kept(sound: Floats) -> Sounds:
    """A window as networks hear it, in 16 bits."""
    heard = prepared(np.ascontiguousarray(sound[:WINDOW])) * FULL
    return np.round(heard).clip(-FULL, FULL - 1).astype(np.int16)


def drawn(
    folder: Path, names: list[str], count: int, random: Random, ffmpeg: str, to: Path
) -> Sounds:
    """So many windows of these sources, prepared for a network: (count, WINDOW), kept in a file."""
    held = [samples for name in names for _, samples in clips(folder / name, 10**6)]
    shares = _shares(folder, names)
    told = _opened(to, count)
    done = 0
    while done < count:
        way = WAYS[int(random.integers(len(WAYS)))]
        parts = list[Floats]()
        while len(parts) < min(TOGETHER, count - done):
            samples = held[int(random.choice(len(held), p=shares))]
            part = window(samples, random, min(WINDOW * 11 // 10, len(samples)))
            if part.std() >= _LEAST:
                parts.append(changed(part, random))
        for heard in through(parts, way, ffmpeg):
            told[done] = _kept(heard)
            done += 1
    return told


def _shares(folder: Path, names: list[str]) -> npt.NDArray[np.float64]:
    """How often each clip of these sources is drawn."""
    counts = [sum(1 for _ in clips(folder / name, 10**6)) for name in names]
    each = np.repeat([max(count, 1) ** -0.5 for count in counts], counts)
    recorded = np.repeat([name.startswith("real") for name in names], counts)
    for which in (False, True):
        each[recorded == which] /= 2 * each[recorded == which].sum()
    return each


def changed(part: Floats, random: Random) -> Floats:
    """Now and then another speed or an equaliser; always noise, and another level."""
    told = part - part.mean()
    if random.random() < 0.25:
        length = int(len(told) / random.uniform(0.94, 1.06))
        told = np.interp(np.linspace(0, len(told) - 1, length), np.arange(len(told)), told)
    if random.random() < 0.35:
        bins, knots = np.fft.rfft(told), random.normal(0, 4, 9)
        gain = np.interp(np.linspace(0, 8, len(bins)), np.arange(9), knots - knots.mean())
        told = np.fft.irfft(bins * 10 ** (gain / 20), len(told))
    low, high = (18, 40) if random.random() < 0.25 else (40, 60)
    noise = random.standard_normal(len(told)) * told.std()
    told = told + noise * 10 ** (-random.uniform(low, high) / 20)
    level = 10 ** random.uniform(-1, -0.1) / max(float(np.abs(told).max()), 1e-6)
    louder: Floats = (told * level).astype(np.float32)
    return louder
