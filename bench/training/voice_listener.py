"""The network that hears voices: short filters, and maps of their envelopes over time. Torch.

Filters of 8 ms, which resolve the pulses of a voice where the statistics' frames of 32 ms resolve
its overtones, begin as pairs of cosines and sines from 0.1 to 7.5 kHz and may change. Four residual
steps (He et al., "Deep Residual Learning for Image Recognition", 2016) halve bands and time.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from verifier.detector.voice_bands import RATE

BANDS, LENGTH, STEP = 40, 128, 32  # filters, and samples of each and between them
CHANNELS = (12, 16, 32, 64, 96)
_LOWEST, _HIGHEST = 100.0, 7_500.0  # Hz
_FLOOR = 1e-8


class Filters(nn.Module):
    """The envelopes of pairs of short filters, in natural logarithms: (n, BANDS, frames)."""

    def __init__(self) -> None:
        super().__init__()
        times = (torch.arange(LENGTH) - LENGTH / 2 + 0.5) / RATE
        taper = torch.hann_window(LENGTH, periodic=False)
        turns = 2 * math.pi * torch.linspace(_LOWEST, _HIGHEST, BANDS)[:, None] * times
        pairs = torch.cat((torch.cos(turns) * taper, torch.sin(turns) * taper))
        self.weights = nn.Parameter((2 * pairs / taper.sum())[:, None])

    def forward(self, sound: Tensor) -> Tensor:
        """Of sound (n, samples)."""
        heard = functional.conv1d(sound[:, None], self.weights, stride=STEP)
        even, odd = heard[:, :BANDS], heard[:, BANDS:]
        return torch.log(even * even + odd * odd + _FLOOR)


class Step(nn.Module):
    """Two convolutions beside a mean, bands and time each divided by `stride`."""

    def __init__(self, given: int, told: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.Conv2d(given, told, 3, stride, 1, bias=False)
        self.first_even = nn.BatchNorm2d(told)
        self.second = nn.Conv2d(told, told, 3, 1, 1, bias=False)
        self.second_even = nn.BatchNorm2d(told)
        mean = nn.AvgPool2d(stride, ceil_mode=True)
        self.beside = nn.Sequential(mean, nn.Conv2d(given, told, 1, bias=False))

    def forward(self, maps: Tensor) -> Tensor:
        """Of maps (n, given, bands, frames)."""
        heard = functional.relu(self.first_even(self.first(maps)))
        told: Tensor = functional.relu(self.beside(maps) + self.second_even(self.second(heard)))
        return told


class Listener(nn.Module):
    """Means and deviations of the last maps over time; for its lessons a line from them to aims."""

    def __init__(self, aims: int) -> None:
        super().__init__()
        self.filters = Filters()
        self.even = nn.BatchNorm1d(BANDS)
        first, *others = CHANNELS
        stem = nn.Conv2d(1, first, (3, 5), (1, 2), (1, 2), bias=False)
        strides = ((2, 2), (2, 2), (2, 2), (1, 2))
        steps = zip((first, *others), others, strides, strict=False)
        self.maps = nn.Sequential(
            stem, nn.BatchNorm2d(first), nn.ReLU(), *(Step(*each) for each in steps)
        )
        self.line = nn.Linear(2 * (BANDS // 8) * CHANNELS[-1], aims)

    def forward(self, sound: Tensor) -> Tensor:
        """Means and deviations (n, 960) of prepared sound (n, samples): what is shipped."""
        maps = self.maps(self.even(self.filters(sound))[:, None]).flatten(1, 2)
        mean = maps.mean(2)
        spread = ((maps - mean[:, :, None]).square().mean(2) + 1e-6).sqrt()
        return torch.cat((mean, spread), 1)

    def aims(self, sound: Tensor) -> Tensor:
        """What it takes its teacher to tell."""
        told: Tensor = self.line(self(sound))
        return told
