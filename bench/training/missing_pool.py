"""What was drawn for `missing`, kept where it is learnt from; windows of it, varied."""

from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from torch.nn import functional

from .missing_edits import FEW, MANY, Drawn

WINDOW = 120  # frames that are learnt from together
EDGE = 4  # steps at both ends of a window that are not learnt from
_JUMP = sum(1 << each for each in range(FEW, MANY + 1))


@dataclass
class Batch:
    """Windows: frames (b, n, 72, 128) in grey levels, bits (b, n), and which clips they are of."""

    frames: torch.Tensor
    bits: torch.Tensor
    numbers: list[int]


class Pool:
    """Everything that was drawn."""

    def __init__(self, device: str, seed: int) -> None:
        self._device = device
        self._frames: list[torch.Tensor] = []
        self._bits: list[np.ndarray] = []
        self._jumps: list[np.ndarray] = []
        self._edited: list[int] = []
        self._whole: list[int] = []
        self._hard: list[float] = []
        self._lock = Lock()
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, each: Drawn) -> None:
        """Keep one more clip."""
        frames = torch.from_numpy(np.ascontiguousarray(each.frames)).to(self._device)
        jumps = (each.may_be > 0) & ((each.may_be & (0x7F & ~_JUMP)) == 0)
        inside = np.flatnonzero(jumps)
        inside = inside[(inside >= EDGE) & (inside < len(jumps) - EDGE)]
        with self._lock:
            number = len(self._frames)
            self._frames.append(frames)
            self._bits.append(each.may_be)
            self._jumps.append(inside)
            self._hard.append(1.0)
            (self._edited if len(inside) else self._whole).append(number)

    def weigh(self, batch: Batch, wrong: torch.Tensor) -> None:
        """Draw clips more often in which what is no jump looked like one."""
        with self._lock:
            for number, each in zip(batch.numbers, wrong.tolist(), strict=True):
                self._hard[number] = 0.5 * self._hard[number] + 0.5 * (0.6 + each / 2)

    def batch(self, count: int) -> Batch:
        """Windows, one half of them with a jump."""
        with self._lock:
            edited = self._chosen(self._edited, count // 2)
            numbers = edited + self._chosen(self._whole, count - len(edited))
            frames, bits = [], []
            for number in numbers:
                some, told = self._window(number)
                frames.append(some)
                bits.append(told)
        told = torch.from_numpy(np.stack(bits)).to(self._device, torch.int32)
        return Batch(self._varied(torch.stack(frames).float()), told, numbers)

    def _chosen(self, some: list[int], count: int) -> list[int]:
        if not some:
            return []
        weights = np.array([self._hard[each] for each in some])
        chosen = self._random.choice(len(some), count, p=weights / weights.sum())
        return [some[each] for each in chosen]

    def _window(self, number: int) -> tuple[torch.Tensor, np.ndarray]:
        frames, bits, jumps = self._frames[number], self._bits[number], self._jumps[number]
        low, high = 0, max(0, len(bits) - WINDOW)
        if len(jumps):
            jump = int(jumps[self._random.integers(len(jumps))])
            low = max(0, min(high, jump - WINDOW + EDGE + 1))
            high = max(low, min(high, jump - EDGE))
        first = int(self._random.integers(low, high + 1))
        some, told = frames[first : first + WINDOW], bits[first : first + WINDOW].copy()
        told[:EDGE] = told[len(told) - EDGE :] = 0
        lacking = WINDOW - len(told)
        if lacking > 0:
            some = torch.cat([some, some[-1:].expand(lacking, -1, -1)])
            told = np.concatenate([told, np.zeros(lacking, np.uint8)])
        return some, told

    def _varied(self, frames: torch.Tensor) -> torch.Tensor:
        """Each window mirrored, shifted, nearer, or lit otherwise, or as it is."""
        count, device = len(frames), frames.device
        random = self._random
        size = np.where(random.random(count) < 0.35, random.uniform(0.75, 1.0, count), 1.0)
        across = size * np.where(random.random(count) < 0.5, -1, 1)
        down = size * np.where(random.random(count) < 0.15, -1, 1)
        right, below = (random.uniform(-1, 1, count) * (1 - size) for _ in range(2))
        zero = np.zeros(count)
        rows = np.stack([np.stack([across, zero, right], 1), np.stack([zero, down, below], 1)], 1)
        theta = torch.from_numpy(rows).float().to(device)
        grid = functional.affine_grid(theta, [count, 1, *frames.shape[2:]], align_corners=False)
        frames = functional.grid_sample(
            frames, grid, mode="bilinear", padding_mode="reflection", align_corners=False
        )
        gain = np.where(random.random(count) < 0.5, random.uniform(0.55, 1.35, count), 1.0)
        light = np.where(random.random(count) < 0.5, random.uniform(-25, 25, count), 0.0)
        gain, light = (torch.from_numpy(each).float().to(device) for each in (gain, light))
        frames = (frames - 110) * gain[:, None, None, None] + 110 + light[:, None, None, None]
        return frames.clamp(0, 255)
