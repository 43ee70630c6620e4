"""Auto-encoders that draw faces anew, taught on real faces: what a generator leaves in a swap.

Three of them, which differ in how narrow their narrowest place is and in how they enlarge: by
repeating, by a transposed convolution, by shuffled channels ("Deconvolution and Checkerboard
Artifacts", Distill 2016). What they make of a face is laid over the same face by `redraws`.
"""

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

KINDS = (("nearest", 40), ("transposed", 20), ("shuffle", 80))  # and channels at the narrowest
_DOWN, _UP = (48, 96, 192, 320), (192, 96, 64, 48)  # channels
_RATE = 8e-4

Pixels = npt.NDArray[np.uint8]


def _larger(kind: str, inner: int, out: int) -> nn.Sequential:
    if kind == "nearest":
        layers = (nn.Upsample(scale_factor=2), nn.Conv2d(inner, out, 3, 1, 1), nn.LeakyReLU(0.1))
    elif kind == "transposed":
        layers = (nn.ConvTranspose2d(inner, out, 3, 2, 1, 1), nn.LeakyReLU(0.1), nn.Identity())
    else:
        wide = nn.Conv2d(inner, 4 * out, 3, 1, 1)
        layers = (wide, nn.LeakyReLU(0.1), nn.PixelShuffle(2))
    return nn.Sequential(*layers)


class Maker(nn.Module):
    """A face through a narrow place: (n, 3, side, side), 0 to 1, in and out."""

    def __init__(self, kind: str, narrow: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inner = 3
        for width in _DOWN:
            layers += [nn.Conv2d(inner, width, 5, 2, 2), nn.LeakyReLU(0.1)]
            inner = width
        layers += [nn.Conv2d(inner, narrow, 1), nn.Conv2d(narrow, inner, 3, 1, 1)]
        layers.append(nn.LeakyReLU(0.1))
        for width in _UP:
            layers.append(_larger(kind, inner, width))
            inner = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inner, 3, 3, 1, 1))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Draw faces anew."""
        return torch.sigmoid(self.layers(value - 0.5).float())


def unlike(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """How unlike two pictures are: absolute difference, and structure (SSIM, TIP 2004)."""
    means = [functional.avg_pool2d(each, 9, 3) for each in (a, b)]
    first, second, both = (functional.avg_pool2d(x * y, 9, 3) for x, y in ((a, a), (b, b), (a, b)))
    spread = first - means[0] ** 2 + second - means[1] ** 2
    alike = (2 * means[0] * means[1] + 1e-4) * (2 * (both - means[0] * means[1]) + 9e-4)
    alike = alike / ((means[0] ** 2 + means[1] ** 2 + 1e-4) * (spread + 9e-4))
    return 2 * (a - b).abs().mean() + (1 - alike).mean() * 0.5


def taught(
    chips: Pixels, learnt: npt.NDArray[np.int64], seconds: float, device: torch.device
) -> list[Maker]:
    """Teach the three on the chips (n, side, side, 3) that are learnt from, for so long."""
    makers = [Maker(*each).to(device, memory_format=torch.channels_last) for each in KINDS]
    steppers = [torch.optim.Adam(each.parameters(), _RATE) for each in makers]
    began, steps = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / seconds) < 1:
        rows = np.random.default_rng(steps).choice(learnt, min(64, len(learnt)))
        some = torch.from_numpy(chips[rows]).to(device).permute(0, 3, 1, 2).float() / 255
        some = some.flip(3) if steps % 2 else some
        bright = 0.85 + 0.3 * torch.rand(len(some), 3, 1, 1, device=device)
        some = (some * bright).clamp(0, 1).contiguous(memory_format=torch.channels_last)
        for maker, stepper in zip(makers, steppers, strict=True):
            slower = min(1.0, (steps + 1) / 100, 2.5 * (1 - gone) + 0.02)
            stepper.param_groups[0]["lr"] = _RATE * slower
            with torch.autocast(device.type, torch.bfloat16):
                told = maker(some)
            loss = unlike(told, some)
            stepper.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(maker.parameters(), 1.0)
            stepper.step()
        steps += 1
    print(f"auto-encoders: {steps} steps", flush=True)
    return makers


def drawn(maker: Maker, chips: Pixels) -> Pixels:
    """The chips, drawn anew."""
    device = next(maker.parameters()).device
    told = []
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for first in range(0, len(chips), 256):
            some = torch.from_numpy(chips[first : first + 256]).to(device)
            made = maker(some.permute(0, 3, 1, 2).float() / 255)
            told.append((made * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(told)


def write(maker: Maker, folder: Path, number: int) -> None:
    """Keep the maker of this number, in 16 bits."""
    state = {name: each.half().cpu() for name, each in maker.state_dict().items()}
    torch.save(state, folder / f"maker{number}.pt")


def read(folder: Path) -> list[Maker]:
    """The makers that `write` kept."""
    kept = [Maker(*each) for each in KINDS]
    for number, maker in enumerate(kept):
        state = torch.load(folder / f"maker{number}.pt", weights_only=True)
        maker.load_state_dict({name: each.float() for name, each in state.items()})
    return kept
