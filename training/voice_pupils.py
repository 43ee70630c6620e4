"""Wider networks than `voice_listener.Listener`, of the same kind: `voice_lessons`' pupils. Torch.

Its filters and its stem take other steps, its maps are more; what it tells are again the means and
deviations of its last maps. No weights of these have been made yet that are worth shipping.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from verifier.detector.voice_bands import RATE

from .voice_listener import LENGTH, Step

_LOWEST, _HIGHEST = 100.0, 7_500.0  # Hz
_FLOOR = 1e-8


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide a network is: filters, samples between them, frames that the stem takes as one."""

    bands: int
    step: int
    stem: int
    channels: tuple[int, int, int, int, int]


SHAPES = {
    "wide": Shape(64, 32, 2, (24, 32, 64, 128, 160)),
    "fine": Shape(64, 8, 4, (24, 40, 72, 128, 184)),
}


class Envelopes(nn.Module):
    """The envelopes of pairs of short filters, in natural logarithms: (n, bands, frames)."""

    def __init__(self, bands: int, step: int) -> None:
        super().__init__()
        self.bands, self.step = bands, step
        times = (torch.arange(LENGTH) - LENGTH / 2 + 0.5) / RATE
        taper = torch.hann_window(LENGTH, periodic=False)
        turns = 2 * math.pi * torch.linspace(_LOWEST, _HIGHEST, bands)[:, None] * times
        pairs = torch.cat((torch.cos(turns) * taper, torch.sin(turns) * taper))
        self.weights = nn.Parameter((2 * pairs / taper.sum())[:, None])

    def forward(self, sound: Tensor) -> Tensor:
        """Of sound (n, samples)."""
        if self.training:  # the same sums, and many times faster where they are learnt
            heard = (sound.unfold(1, LENGTH, self.step) @ self.weights[:, 0].T).transpose(1, 2)
        else:
            heard = functional.conv1d(sound[:, None], self.weights, stride=self.step)
        even, odd = heard[:, : self.bands], heard[:, self.bands :]
        return torch.log(even * even + odd * odd + _FLOOR)


class Pupil(nn.Module):
    """Means and deviations of the last maps over time; for its lessons a line from them to aims."""

    def __init__(self, aims: int, shape: Shape) -> None:
        super().__init__()
        self.filters = Envelopes(shape.bands, shape.step)
        self.even = nn.BatchNorm1d(shape.bands)
        first, *others = shape.channels
        frames = 2 * shape.stem + 1
        stem = nn.Conv2d(1, first, (3, frames), (1, shape.stem), (1, shape.stem), bias=False)
        strides = ((2, 2), (2, 2), (2, 2), (1, 2))
        steps = zip((first, *others), others, strides, strict=False)
        self.maps = nn.Sequential(
            stem, nn.BatchNorm2d(first), nn.ReLU(), *(Step(*each) for each in steps)
        )
        self.line = nn.Linear(2 * (shape.bands // 8) * shape.channels[-1], aims)

    def forward(self, sound: Tensor) -> Tensor:
        """Means and deviations of prepared sound (n, samples): what is shipped."""
        with torch.autocast(sound.device.type, enabled=False):  # a whisper is lost in 16 bits
            envelopes = self.filters(sound)
        maps = self.maps(self.even(envelopes)[:, None]).flatten(1, 2).float()
        mean = maps.mean(2)
        spread = ((maps - mean[:, :, None]).square().mean(2) + 1e-6).sqrt()
        return torch.cat((mean, spread), 1)

    def aims(self, sound: Tensor) -> Tensor:
        """What it takes its teacher to tell."""
        told: Tensor = self.line(self(sound))
        return told
