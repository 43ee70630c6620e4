"""The network that compares each tenth of a second of a recording with all others."""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from verifier.detector.traces.colours import BANDS

WIDTH, _FIRST, _HEADS, _DROPPED = 64, 48, 4, 0.1
_OPSET = 17


class _Near(nn.Module):
    """A convolution over three tenths, so far apart, added to what came in."""

    def __init__(self, apart: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.over = nn.Conv1d(WIDTH, WIDTH, 3, padding=apart, dilation=apart)
        self.drop = nn.Dropout(_DROPPED)

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Tenths in, tenths out: (n, tenths, WIDTH)."""
        seen = self.over(self.norm(value).transpose(1, 2)).transpose(1, 2)
        told: torch.Tensor = value + self.drop(functional.gelu(seen))
        return told


class _Far(nn.Module):
    """Attention of each tenth to all others, and two layers, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.then = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.asked = nn.Linear(WIDTH, 3 * WIDTH)
        self.told = nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.drop = nn.Dropout(_DROPPED)

    def forward(self, value: torch.Tensor, there: torch.Tensor | None) -> torch.Tensor:
        """Tenths in, tenths out; those that are not `there` are not attended to."""
        count, tenths, _ = value.shape
        each = WIDTH // _HEADS
        asked = self.asked(self.norm(value)).reshape(count, tenths, 3, _HEADS, each)
        query, key, seen = asked.permute(2, 0, 3, 1, 4).unbind(0)
        alike = query @ key.transpose(-1, -2) / each**0.5
        if there is not None:
            alike = alike.masked_fill(~there[:, None, None, :], -1e4)
        heard = (alike.softmax(-1) @ seen).transpose(1, 2).reshape(count, tenths, WIDTH)
        value = value + self.drop(self.told(heard))
        wide = functional.gelu(self.wide(self.then(value)))
        told: torch.Tensor = value + self.drop(self.narrow(wide))
        return told


class Network(nn.Module):
    """Levels in, log odds out.

    Of each tenth: that it is foreign, that it is a join, that a part is missing there; and of the
    whole, that something foreign is in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(2 * BANDS, _FIRST, 8, stride=2, padding=3)
        self.second = nn.Conv1d(_FIRST, WIDTH, 5, stride=5)
        self.beside = nn.Linear(3 * BANDS, WIDTH)
        self.near = nn.ModuleList(_Near(apart) for apart in (1, 2, 4))
        self.far = nn.ModuleList(_Far() for _ in range(3))
        self.between = nn.ModuleList(_Near(apart) for apart in (1, 2))
        self.norm = nn.LayerNorm(WIDTH)
        self.each = nn.Linear(WIDTH, 3)
        self.mixed = nn.Linear(WIDTH, WIDTH)
        self.whole = nn.Linear(2 * WIDTH, 1)

    def forward(
        self, frames: torch.Tensor, tenths: torch.Tensor, there: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 10 t, 2 BANDS) and (n, t, 3 BANDS) in; (n, t, 3) and (n,) out."""
        value = functional.gelu(self.first(frames.transpose(1, 2)))
        value = functional.gelu(self.second(value)).transpose(1, 2) + self.beside(tenths)
        for near in self.near:
            value = near(_only(value, there))
        value = _only(value, there)
        for number, far in enumerate(self.far):
            value = far(value, there)
            if number < len(self.between):
                value = self.between[number](_only(value, there))
        value = self.norm(value)
        mixed = functional.gelu(self.mixed(value))
        if there is None:
            most, mean = mixed.amax(1), mixed.mean(1)
        else:
            kept = there[..., None]
            most = mixed.masked_fill(~kept, -1e4).amax(1)
            mean = (mixed * kept).sum(1) / kept.sum(1)
        return self.each(value), self.whole(torch.cat([most, mean], 1))[:, 0]


def _only(value: torch.Tensor, there: torch.Tensor | None) -> torch.Tensor:
    return value if there is None else value * there[..., None]


def write(network: Network, path: Path) -> None:
    """Write it as ONNX, for one recording of any length."""
    network.eval()
    example = (torch.zeros(1, 1000, 2 * BANDS), torch.zeros(1, 100, 3 * BANDS))
    torch.onnx.export(
        network,
        example,
        str(path),
        input_names=["frames", "tenths"],
        output_names=["each", "whole"],
        dynamic_axes={"frames": {1: "f"}, "tenths": {1: "t"}, "each": {1: "t"}},
        opset_version=_OPSET,
        dynamo=False,
    )
