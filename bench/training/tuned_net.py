"""Networks side by side over the matrices that the encoder holds, each with changes of its own.

A network is CLIP's nine layers with the changes that `adapted` writes, and a line over the last
layer's first token and the mean of its others; `Laid` also says where. They are taught at once, so
that what is left out of one can be asked of it; what is held is multiplied once for all. Numbers
that are multiplied by held matrices are rounded as the product rounds them: to 8 bits of what a
picture spans; gradients pass as if they were not ("Estimating or Propagating Gradients Through
Stochastic Neurons for Conditional Computation", 2013).
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from verifier.detector import encoder

from .adapted import HEADS, RANK, SCALE, Held

QUICK = 1.702  # of the sigmoid that CLIP's layers turn their numbers by

Floats = npt.NDArray[np.float32]
State = dict[str, torch.Tensor]


class Rounded(torch.autograd.Function):
    """Numbers of so many pictures as they are multiplied."""

    @staticmethod
    def forward(_: object, value: torch.Tensor, pictures: int) -> torch.Tensor:
        """Round to 255 steps between a picture's least and greatest, nought among them."""
        rows = value.view(pictures, -1)
        least, greatest = torch.aminmax(rows, dim=1)
        span = (greatest.clamp(min=0) - least.clamp(max=0)).float()
        step = (span / 255).clamp(min=1e-9)[:, None].to(value.dtype)
        return rows.div(step).round_().mul_(step).view(value.shape)

    @staticmethod
    def backward(_: object, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Let them pass."""
        return gradients[0], None


class Changed(nn.Module):
    """A matrix that is held, and what each network adds to it.

    What comes in is `before` times too small, and what goes out is to be `after` times as large.
    """

    def __init__(
        self, matrix: tuple[Floats, Floats], count: int, before: float = 1.0, after: float = 1.0
    ) -> None:
        super().__init__()
        weight, bias = matrix
        self.before, self.after = before, after
        self.held: torch.Tensor
        self.bias: torch.Tensor
        held = {"held": weight * np.float32(before * after), "bias": bias * np.float32(after)}
        for name, values in held.items():
            self.register_buffer(name, torch.from_numpy(values), persistent=False)
        down = torch.randn(1, len(weight), RANK) / len(weight) ** 0.5
        self.down = nn.Parameter(down.repeat(count, 1, 1))
        self.up = nn.Parameter(torch.zeros(count, RANK, weight.shape[1]))

    def forward(self, value: torch.Tensor, pictures: int) -> torch.Tensor:
        """(networks, n, inputs) to (networks, n, outputs)."""
        rounded = Rounded.apply(value, pictures).flatten(0, 1)
        held = torch.addmm(self.bias.to(value.dtype), rounded, self.held.to(value.dtype))
        low = torch.bmm(value, (self.down * self.before).to(value.dtype))
        up, scale = self.up.to(value.dtype), SCALE * self.after
        return torch.baddbmm(held.view(len(value), -1, held.shape[1]), low, up, alpha=scale)


class Norm(nn.Module):
    """A layer's normalisation, of each network its own."""

    def __init__(self, weight: Floats, bias: Floats, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(weight).repeat(count, 1))
        self.bias = nn.Parameter(torch.from_numpy(bias).repeat(count, 1))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """(networks, n, numbers)."""
        level = functional.layer_norm(value, value.shape[-1:], eps=1e-5)
        weight, bias = (each[:, None].to(value.dtype) for each in (self.weight, self.bias))
        return torch.addcmul(bias, level, weight)


class Layer(nn.Module):
    """One layer of the tower."""

    def __init__(
        self,
        norms: list[tuple[Floats, Floats]],
        matrices: list[tuple[Floats, Floats]],
        count: int,
    ) -> None:
        super().__init__()
        self.first, self.second = (Norm(*each, count) for each in norms)
        self.qkv, self.out = (Changed(each, count) for each in matrices[:2])
        self.wide = Changed(matrices[2], count, after=QUICK)
        self.narrow = Changed(matrices[3], count, before=1 / QUICK)

    def forward(self, value: torch.Tensor, tokens: int) -> torch.Tensor:
        """Attend, then look at each place alone."""
        networks, n, width = value.shape
        pictures = networks * n // tokens
        wide = self.qkv(self.first(value), pictures)
        wide = wide.view(pictures, tokens, 3, HEADS, width // HEADS)
        query, key, each = wide.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, each)
        mixed = mixed.transpose(1, 2).reshape(networks, n, width)
        value = value + self.out(mixed, pictures)
        inner = functional.silu(self.wide(self.second(value), pictures))
        return value + self.narrow(inner, pictures)


class Many(nn.Module):
    """The whole: bytes (networks, b, 3, SIDE, SIDE) in, scores (networks, b) out."""

    def __init__(self, start: Held, count: int) -> None:
        super().__init__()
        rest = (start.kernel, start.first, start.spots, *(c.ravel() for c in start.colours))
        names = ("kernel", "token", "spots", "mean", "deviation")
        for name, value in zip(names, rest, strict=True):
            self.register_buffer(name, torch.from_numpy(value), persistent=False)
        self.before = Norm(*start.norms[0], count)
        self.blocks = nn.ModuleList(
            Layer(start.norms[2 * i + 1 : 2 * i + 3], start.matrices[4 * i : 4 * i + 4], count)
            for i in range(len(start.matrices) // 4)
        )
        ones = np.ones(2 * encoder.WIDTH, np.float32)
        self.line_norm = Norm(ones, 0 * ones, count)
        self.line = nn.Parameter(0.01 * torch.randn(1, len(ones)).repeat(count, 1))
        self.offset = nn.Parameter(torch.zeros(count))

    def forward(
        self, pixels: torch.Tensor, keep: int | None = None, drop: float = 0.0
    ) -> torch.Tensor:
        """Say how generated each looks; of `keep` places of a picture, drawn, where it is given."""
        return self.told(self.seen(pixels, keep), drop)

    def seen(self, pixels: torch.Tensor, keep: int | None = None) -> torch.Tensor:
        """What the last layer sees: (networks, b, 1 + places, WIDTH)."""
        networks, many = pixels.shape[:2]
        kind = torch.bfloat16 if pixels.is_cuda else torch.float32
        seen = pixels.flatten(0, 1).float() - self.mean.view(1, 3, 1, 1)
        seen = (seen / self.deviation.view(1, 3, 1, 1)).to(kind)
        seen = functional.conv2d(seen, self.kernel.to(kind), None, 16).flatten(2).transpose(1, 2)
        spots = self.spots.reshape(-1, encoder.WIDTH)
        seen = seen + spots[1:].to(kind)
        if keep is not None and keep < seen.shape[1]:
            rows = torch.rand(seen.shape[:2], device=seen.device).topk(keep, 1).indices
            seen = seen.gather(1, rows[..., None].expand(-1, -1, encoder.WIDTH))
        first = (self.token.reshape(1, 1, -1) + spots[:1]).to(kind).expand(len(seen), -1, -1)
        seen = torch.cat((first, seen), 1)
        tokens = seen.shape[1]
        seen = self.before(seen.reshape(networks, many * tokens, encoder.WIDTH))
        for layer in self.blocks:
            seen = layer(seen, tokens)
        return seen.view(networks, many, tokens, encoder.WIDTH).float()

    def told(self, seen: torch.Tensor, drop: float) -> torch.Tensor:
        """The score of what was seen: (networks, b)."""
        whole = self.line_norm(torch.cat((seen[:, :, 0], seen[:, :, 1:].mean(2)), 2))
        whole = functional.dropout(whole, drop, drop > 0)
        return (whole * self.line[:, None]).sum(2) + self.offset[:, None]


class Laid(Many):
    """Networks that also say where: whether a place looks laid over, and whether it is a seam."""

    def __init__(self, start: Held, count: int) -> None:
        super().__init__(start, count)
        self.where = nn.Parameter(0.01 * torch.randn(1, encoder.WIDTH, 2).repeat(count, 1, 1))
        self.where_offset = nn.Parameter(torch.zeros(count, 1, 2))

    def where_of(self, seen: torch.Tensor) -> torch.Tensor:
        """Of what was seen, of each place: (networks, b, places, 2)."""
        places = seen[:, :, 1:].flatten(1, 2)
        told = torch.baddbmm(self.where_offset, places, self.where)
        return told.unflatten(1, (seen.shape[1], -1))


def onward(model: Many, told: dict[str, Floats]) -> None:
    """Let all networks begin where another was: `told` is as `adapted.read` tells it."""
    told = told | {"line": told["line.weight"][0], "offset": told["line.bias"][0]}
    with torch.no_grad():
        for name, each in model.named_parameters():
            if not name.startswith("where"):
                each.copy_(torch.from_numpy(np.asarray(told[name])))


def one_of(state: State, number: int) -> State:
    """The state of one network, as `adapted.export` takes it."""
    told = {name: each[number].float().cpu() for name, each in state.items()}
    told["line.weight"] = told.pop("line")[None]
    told["line.bias"] = told.pop("offset").reshape(1)
    return told
