"""Speech that is drawn from again and again, on the device that learns: `Pool`. Torch.

Clips go whole through codecs in workers, two dozen at a time, as long as the lesson lasts; each
round leaves one more hearing of the same clips in memory. A window is then drawn anywhere in a
hearing, a short clip repeated; one in two is changed on the device: another speed, an equaliser, a
room, a narrower band, noise. In the end each is prepared as `voice_network.prepared` does it.
"""

import multiprocessing
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from verifier.detector import voice_network
from verifier.detector.voice_bands import RATE, WINDOW
from verifier.detector.voice_network import LOUDNESS, QUIETER

from .voice_coded import LONGEST
from .voice_sounds import FULL, WAYS
from .voice_views import NONE, clips, digest, noisy, through

TOGETHER = 24  # clips through one codec in one file
_SHARE = 0.4  # of the windows that are drawn from what no codec has touched
_LONGEST_ROOM = RATE // 2
_WAYS = tuple(each for each in WAYS if each is not NONE)

Floats = npt.NDArray[np.float32]
Sounds = npt.NDArray[np.int16]

_held: list[Sounds] = []  # in each worker: the clips
_ffmpeg = "ffmpeg"


def gathered(folder: Path, names: list[str]) -> tuple[list[Floats], npt.NDArray[np.float64]]:
    """The first twelve seconds of each clip of these sources, and how often each is drawn."""
    told, shares, recorded = list[Floats](), list[float](), list[bool]()
    for name in names:
        its = [samples[:LONGEST] for _, samples in clips(folder / name, 10**6)]
        told += its
        shares += [max(1, len(its)) ** -0.5] * len(its)
        recorded += [name.startswith("real")] * len(its)
    each, real = np.array(shares), np.array(recorded)
    for which in (False, True):
        each[real == which] /= 2 * each[real == which].sum()
    return told, each


def apart(names: list[str]) -> tuple[list[str], list[str]]:
    """The sources to learn from, and one in sixteen that no lesson hears: digests decide."""
    left = [each for each in names if int(digest(each)[:8], 16) % 16 == 0]
    return [each for each in names if each not in left], left


def _begin(kept: Path, lengths: list[int], ffmpeg: str) -> None:
    global _ffmpeg  # one for each worker
    long = np.load(kept, mmap_mode="r")
    _held[:], _ffmpeg = np.split(long, np.cumsum(lengths)[:-1]), ffmpeg
    torch.set_num_threads(1)


def _coded(asked: tuple[int, int, list[int]]) -> tuple[list[int], list[Sounds]]:
    """Clips, noisy, through one codec: which, and how they sound."""
    seed, way, rows = asked
    random = np.random.default_rng(seed)
    given = [noisy(_held[row] * np.float32(1 / FULL), random) for row in rows]
    heard = through(given, _WAYS[way], _ffmpeg)
    return rows, [whole(each) for each in heard]


def whole(samples: Floats) -> Sounds:
    """In 16 bits, as loud as they may be."""
    loudest = max(float(np.abs(samples).max()), 1e-6)
    return np.round(samples * (0.99 * (FULL - 1) / loudest)).astype(np.int16)


def _rounds(shares: npt.NDArray[np.float64], seed: int) -> Iterator[tuple[int, int, list[int]]]:
    """For ever: a seed, a codec, and clips of all sources that go through it together."""
    random = np.random.default_rng(seed)
    while True:
        order = [int(each) for each in random.permutation(len(shares))]
        for start in range(0, len(order), TOGETHER):
            rows = order[start : start + TOGETHER]
            yield int(random.integers(2**31)), int(random.integers(len(_WAYS))), rows


class Pool:
    """Hearings of clips on a device, one after the other in one long tensor of 16 bits."""

    def __init__(
        self, held: list[Floats], shares: npt.NDArray[np.float64], seconds: int, device: str
    ) -> None:
        self.device = torch.device(device)
        self.clip_shares = shares
        plain = [whole(each) for each in held]
        self.sound = torch.zeros(seconds * RATE, dtype=torch.int16, device=device)
        self.starts, self.lengths, self.of = list[int](), list[int](), list[int]()
        self.used = 0
        self.plain = len(plain)
        self.add(list(range(len(plain))), plain)
        self._freeze()

    def add(self, rows: list[int], heard: list[Sounds]) -> None:
        """Keep hearings of clips while there is room."""
        long = np.concatenate(heard)
        if self.used + len(long) > len(self.sound):
            return
        self.sound[self.used : self.used + len(long)] = torch.from_numpy(long).to(self.device)
        for row, each in zip(rows, heard, strict=True):
            self.starts.append(self.used)
            self.lengths.append(len(each))
            self.of.append(row)
            self.used += len(each)

    def _freeze(self) -> None:
        """Lay out on the device what there is to draw from."""
        self.where = torch.tensor(self.starts, device=self.device)
        self.long = torch.tensor(self.lengths, device=self.device)
        shares = torch.tensor(self.clip_shares[self.of], device=self.device)
        plain = torch.arange(len(shares), device=self.device) < self.plain
        shares[plain] *= _SHARE / shares[plain].sum()
        if len(shares) > self.plain:
            shares[~plain] *= (1 - _SHARE) / shares[~plain].sum()
        self.drawn = shares.float()

    @property
    def hours(self) -> float:
        """Of hearings that are kept."""
        return self.used / RATE / 3600

    def coding(
        self, workers: int, ffmpeg: str, seed: int, kept: Path
    ) -> Generator[None, None, None]:
        """Each `next` keeps what the workers have coded by now; they stop when it is closed."""
        random_rounds = _rounds(self.clip_shares, seed)
        np.save(kept, self.sound[: self.used].cpu().numpy())
        given = (kept, list(self.lengths), ffmpeg)
        context: Any = multiprocessing.get_context("spawn")
        with context.Pool(workers, _begin, given) as pool:
            asked = [pool.apply_async(_coded, (next(random_rounds),)) for _ in range(3 * workers)]
            while True:
                ready = [each for each in asked if each.ready()]
                for each in ready:
                    self.add(*each.get())
                    asked.remove(each)
                    asked.append(pool.apply_async(_coded, (next(random_rounds),)))
                if ready:
                    self._freeze()
                yield

    def draw(self, count: int) -> Tensor:
        """So many windows (count, WINDOW), prepared for a network."""
        rows = torch.multinomial(self.drawn, count, replacement=True)
        long = self.long[rows][:, None].double()
        changed = torch.rand(count, 1, device=self.device) < 0.5
        faster = torch.rand(count, 1, device=self.device) * 0.12 + 0.94
        faster = torch.where(changed & (self._chance(count) < 0.5), faster, 1.0).double()
        free = (long - WINDOW * faster - 2).clamp(min=0)
        begin = (free * torch.rand(count, 1, device=self.device)).floor()
        begin = torch.where(long < WINDOW, (long * self._chance(count)).floor(), begin)
        place = begin + torch.arange(WINDOW, device=self.device).double() * faster
        left = place.floor()
        part = (place - left).float()
        first, second = (
            self.sound[self.where[rows][:, None] + ((left + more) % long).long()].float()
            for more in (0, 1)
        )
        sound = (first + (second - first) * part) / FULL
        return prepared(sound, self._gains(count, changed), self._noises(count, changed))

    def _chance(self, count: int) -> Tensor:
        return torch.rand(count, 1, device=self.device)

    def _gains(self, count: int, changed: Tensor) -> Tensor:
        """What each window's spectrum is multiplied with: equaliser, room, narrower band."""
        bins = WINDOW // 2 + 1
        knots = torch.randn(count, 1, 9, device=self.device) * 4
        decibels = torch.nn.functional.interpolate(
            knots - knots.mean(2, keepdim=True), bins, mode="linear", align_corners=True
        )[:, 0]
        decibels = decibels * (changed & (self._chance(count) < 0.5))
        hertz = torch.linspace(0, RATE / 2, bins, device=self.device)
        edge = 3_300 + 4_300 * self._chance(count)
        order = 8 + 12 * self._chance(count)
        narrow = changed & (self._chance(count) < 0.15)
        fall = -10 * torch.log10(1 + (hertz / edge) ** order)
        decibels = decibels + torch.where(narrow, fall.clamp(min=-90), 0.0)
        times = torch.arange(_LONGEST_ROOM, device=self.device) / RATE
        echo = torch.randn(count, _LONGEST_ROOM, device=self.device)
        echo = echo * torch.exp(-6.9 * times / (0.1 + 0.4 * self._chance(count)))
        echo = echo * (0.02 + 0.2 * self._chance(count) * (self._chance(count) < 0.5))
        echo = echo * (changed & (self._chance(count) < 0.25))
        echo[:, 0] = 1
        told: Tensor = torch.fft.rfft(echo, WINDOW) * 10 ** (decibels / 20)
        return told

    def _noises(self, count: int, changed: Tensor) -> Tensor:
        """Noise (count, WINDOW) to be added to sound of deviation one."""
        quieter = torch.where(
            changed & (self._chance(count) < 0.4),
            18 + 22 * self._chance(count),
            40 + 20 * self._chance(count),
        )
        noise = torch.randn(count, WINDOW, device=self.device)
        return noise * 10 ** (-quieter / 20)


def prepared(sound: Tensor, gains: Tensor | None = None, noises: Tensor | None = None) -> Tensor:
    """What `voice_network.prepared` makes of a window, for many; changed before by `gains`."""
    sound = sound - sound.mean(1, keepdim=True)
    band = torch.from_numpy(voice_network._band()).float().to(sound.device)  # noqa: SLF001
    noise = torch.from_numpy(voice_network._noise()).float().to(sound.device)  # noqa: SLF001
    heard = torch.fft.rfft(sound)
    if gains is not None:
        heard = heard * gains
    if noises is not None:
        changed = torch.fft.irfft(heard, WINDOW)
        heard = torch.fft.rfft(changed + noises * changed.std(1, keepdim=True))
    told = torch.fft.irfft(heard * band, WINDOW)
    told = told + noise * (_loudness(told) + 1e-8) * 10 ** (-QUIETER / 20)
    even: Tensor = told * (LOUDNESS / (_loudness(told) + 1e-8))
    return even


def _loudness(sound: Tensor) -> Tensor:
    return sound.square().mean(1, keepdim=True).sqrt()
