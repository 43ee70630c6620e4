"""What happens in recordings that nobody edited: `splices` is taught that it is honest."""

import numpy as np

from verifier.detector.traces.floor import RATE

from .splice_draws import Pool, Samples, in_room, rms


def happening(sound: Samples, pool: Pool) -> Samples:
    """One or two things that are no edit, each over the background that goes on."""
    random = pool.random
    for _ in range(1 + int(random.random() < 0.3)):
        kind = random.random()
        if kind < 0.3:
            sound = _knock(sound, pool)
        elif kind < 0.5:
            sound = _answer(sound, pool)
        elif kind < 0.62:
            sound = _music(sound, pool)
        elif kind < 0.82:
            sound = sound * _moving(len(sound), 1, 10 ** (random.uniform(-9, 9) / 20), random)
        elif kind < 0.92:
            sound = _levelled(sound, random)
        else:
            sound = _gated(sound, random)
    return sound.astype(np.float32)


def _moving(count: int, first: float, last: float, random: np.random.Generator) -> Samples:
    """A gain that moves from one to another within 50 ms to 2 s, somewhere."""
    time = np.arange(count) / RATE
    at, takes = random.uniform(0.1, 0.9) * count / RATE, 10 ** random.uniform(-1.3, 0.3)
    told: Samples = (first + (last - first) * np.clip((time - at) / takes, 0, 1)).astype(np.float32)
    return told


def _over(
    sound: Samples, other: Samples, first: int, low: float, high: float, pool: Pool
) -> Samples:
    """The sound with another over it, from `low` to `high` decibels beside it."""
    whole = sound.copy()
    level = rms(sound) / max(rms(other), 1e-4) * 10 ** (pool.random.uniform(low, high) / 20)
    whole[first : first + len(other)] += other * np.float32(level)
    return whole


def _knock(sound: Samples, pool: Pool) -> Samples:
    """A short sound that dies away."""
    random, count = pool.random, len(sound)
    other = pool.any(pool.noises, random.uniform(0.2, 2))
    size = min(len(other), count // 2)
    falls = np.exp(-np.arange(size) / RATE / random.uniform(0.05, 1)).astype(np.float32)
    other = other[:size] * falls
    first = int(random.integers(0, count - size))
    rise = min(size, int(RATE * 10 ** random.uniform(-2.5, -0.5)))
    other[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return _over(sound, other, first, -12, 6, pool)


def _answer(sound: Samples, pool: Pool) -> Samples:
    """Another voice, of which one hears the words and not the room behind them."""
    random, count = pool.random, len(sound)
    other = pool.any(pool.voices, random.uniform(0.8, 4))
    size = min(len(other), count // 2)
    other = other[:size]
    first = int(random.integers(0, count - size))
    if random.random() < 0.5:
        other = in_room(other, random)
    fade = min(size // 3, int(RATE * random.uniform(0.05, 0.3)))
    other = other.copy()
    other[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    other[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    loud = np.convolve(np.abs(other), np.ones(800) / 800, "same")
    open_ = np.clip((loud / np.quantile(loud, 0.9) - 0.06) / 0.1, 0, 1)
    other = other * np.convolve(open_, np.ones(400) / 400, "same").astype(np.float32)
    return _over(sound, other, first, -10, 6, pool)


def _music(sound: Samples, pool: Pool) -> Samples:
    """Music, or what is heard outside, that comes or goes."""
    random, count = pool.random, len(sound)
    other = pool.any(pool.noises, count / RATE)
    size = len(other)
    ends = (0, 1) if random.random() < 0.6 else (1, 0)
    gain = _moving(size, *ends, random)
    first = int(random.integers(0, count - size + 1))
    fade = min(size // 4, RATE // 2)
    other = other * gain
    other[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    other[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    return _over(sound, other, first, -25, 3, pool)


def _levelled(sound: Samples, random: np.random.Generator) -> Samples:
    """As a recorder that sets its own gain."""
    loud = np.sqrt(np.convolve(sound * sound, np.ones(3200) / 3200, "same") + 1e-9)
    gain = (loud / rms(sound)) ** -random.uniform(0.2, 0.8)
    told: Samples = sound * np.clip(np.convolve(gain, np.ones(4000) / 4000, "same"), 0.1, 8).astype(
        np.float32
    )
    return told


def _gated(sound: Samples, random: np.random.Generator) -> Samples:
    """As by a noise gate: what is quiet is made quieter."""
    loud = np.convolve(np.abs(sound), np.ones(1600) / 1600, "same")
    limit = np.quantile(loud, random.uniform(0.1, 0.4))
    gain = np.where(loud > limit, 1, 10 ** (-random.uniform(6, 30) / 20))
    told: Samples = sound * np.convolve(gain, np.ones(800) / 800, "same").astype(np.float32)
    return told
