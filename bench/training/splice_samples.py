"""Draw what `bench.training.splices` learns from: `drawn` one, `saved` many through a codec."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from verifier.detector.traces.floor import RATE
from verifier.media.ffmpeg import find_ffmpeg

from .splice_draws import (
    CODECS,
    FADE,
    HONEST,
    OTHER,
    SHORTENED,
    SPLICED,
    Draw,
    Pool,
    Samples,
    coloured,
    joined,
    quiet,
    recorded,
    rms,
)
from .splice_events import happening
from .voice_views import Codec

Places = list[tuple[int, int]]


def drawn(pool: Pool) -> Draw:
    """A recording, edited or not."""
    random = pool.random
    share = random.random()
    what = SPLICED if share < 0.5 else SHORTENED if share < 0.62 else HONEST
    for _ in range(40):
        name = str(random.choice(pool.host_names, p=pool.host_chances))
        number = int(random.choice(pool.hosts[name]))
        sound = pool.cut(name, number, random.uniform(6, 20))
        if len(sound) >= 4.8 * RATE and rms(sound) > 2e-3:
            break
    if random.random() < 0.55:
        sound = recorded(sound, pool)
    if random.random() < (0.5 if what == HONEST else 0.25):
        sound = happening(sound, pool)
    where: Places = []
    if what == SPLICED:
        for _ in range(1 + int(random.random() < 0.12)):
            sound = _spliced(sound, name, number, where, pool)
    if what == SHORTENED:
        at = quiet(sound, 0.1, 0.5, random)
        length = int(random.uniform(0.5, 2) * RATE)
        if at + length < len(sound) - RATE:
            sound = joined([sound[:at], sound[at + length :]])
            where.append((at, at))
    if random.random() < 0.15:
        sound = coloured(sound, random, 0.6)
    return Draw(_at_a_level(sound, random), what if where else HONEST, tuple(where))


def _spliced(sound: Samples, name: str, number: int, where: Places, pool: Pool) -> Samples:
    """The sound with a foreign part put in, or in the place of as much; where it lies is added."""
    random = pool.random
    seconds = random.uniform(1, 2.5) if random.random() < 0.7 else random.uniform(0.5, 4)
    seconds = min(seconds, len(sound) / RATE * 0.45)
    source = random.random()
    if source < 0.62:
        part = pool.any(pool.names, seconds, pool.chances)
    elif source < 0.8:
        some = pool.of[name]
        others = [k for k in range(len(some)) if k != number and len(some[k]) > RATE]
        part = pool.cut(name, int(random.choice(others or [number])), seconds)
    else:
        part = pool.cut(name, number, seconds)
    if source >= 0.62 or random.random() < 0.35:
        part = recorded(part, pool, OTHER)
    if len(part) < 0.4 * RATE or rms(part) < 5e-4:
        return sound
    if random.random() < 0.4:
        first, last = quiet(part, 0, 0.2, random), quiet(part, 0.8, 1, random)
        if last - first > 0.4 * RATE:
            part = part[first:last]
    beside = sound if random.random() < 0.8 else sound[max(0, len(sound) // 3) :]
    level = rms(beside) / max(rms(part), 1e-4) * 10 ** (random.normal(0, 2) / 20)
    part = part * np.float32(level)
    low, high = (0.05, 0.95) if random.random() < 0.35 else (0.2, 0.45)
    at = quiet(sound, low, high, random)
    if at < RATE // 2 or at > len(sound) - RATE // 2:
        return sound
    instead = random.random() < 0.25 and at + len(part) < len(sound) - RATE // 2
    rest = sound[at + len(part) :] if instead else sound[at:]
    if where and at <= where[0][1] + RATE // 2:
        return sound
    where.append((at, at + len(part) - FADE))
    return joined([sound[:at], part, rest])


def _at_a_level(sound: Samples, random: np.random.Generator) -> Samples:
    """As a file holds it: louder or quieter, at times clipped, in steps of 16 bits."""
    if random.random() < 0.5:
        gain = 10 ** (random.uniform(-18, 9) / 20) * 0.1 / max(rms(sound), 1e-4)
    else:
        gain = 10 ** (random.uniform(-3, 9) / 20) if random.random() < 0.3 else 1.0
    sound = sound * np.float32(gain)
    if random.random() < 0.5:
        sound = np.clip(sound, -1, 1)
    else:
        sound = sound / max(1.0, float(np.abs(sound).max()))
    return np.rint(sound * 32767).astype(np.float32) / np.float32(32768)


def many(pool: Pool, count: int) -> list[tuple[Draw, Samples]]:
    """So many draws, and what is heard of each after its codec; draws of one codec together."""
    chances = np.array([often for _, often in CODECS])
    chances /= chances.sum()
    groups: dict[int, list[Draw]] = {number: [] for number in range(len(CODECS))}
    for _ in range(count):
        groups[int(pool.random.choice(len(CODECS), p=chances))].append(drawn(pool))
    made: list[tuple[Draw, Samples]] = []
    for number, draws in groups.items():
        codec = CODECS[number][0]
        sounds = [each.sound for each in draws]
        if codec is not None and sounds:
            sounds = saved(sounds, codec)
        made += zip(draws, sounds, strict=True)
    return made


def saved(sounds: list[Samples], codec: Codec) -> list[Samples]:
    """Recordings of 16 bits through a codec: in one file, half a second apart.

    `voice_views.through` has 32 bits and less between: the weights were taught by this.
    """
    gap = np.zeros(RATE // 2, np.float32)
    whole = np.concatenate([each for sound in sounds for each in (sound, gap)])
    raw = np.clip(np.rint(whole * 32768), -32768, 32767).astype("<i2").tobytes()
    quietly = [find_ffmpeg(), "-v", "error", "-nostdin"]
    rate = ("-ar", str(RATE), "-ac", "1")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"saved{codec.ending}")
        how = ("-ar", str(codec.rate), *codec.arguments, path)
        subprocess.run([*quietly, "-f", "s16le", *rate, "-i", "-", *how], input=raw, check=True)
        back = [*quietly, "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
        heard = np.frombuffer(subprocess.run(back, capture_output=True, check=True).stdout, "<f4")
    made, first = [], 0
    for sound in sounds:
        part = heard[first : first + len(sound)]
        made.append(np.pad(part, (0, len(sound) - len(part))))
        first += len(sound) + len(gap)
    return made
