"""What counts missing frames, as `missing` trains it and `verifier.detector` runs it.

Two things are seen of the step to each frame. First what is computed by rule: the costs of
displacements between frames beside it and across it, least-squares motion, how long steps are and
on which share of the way each frame is, and what `verifier.detector.traces.jumps` asks of it, at
144 places. Second what three small convolutions see of the pictures themselves, at 128 by 72
pixels: a frame and the three differences around its step. Then every place is followed over time,
the picture is looked at as a whole, and each step is held against the clip's own other steps, 48
before and 48 after it. Needs torch.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

CLASSES = 7  # see `bench.training.missing_edits`
HEIGHT, WIDTH = 72, 128
ROWS, COLUMNS = 9, 16  # places
NEAR = [(0, x) for x in range(-3, 4)] + [(y, 0) for y in (-2, -1, 1, 2)]
NEAR += [(y, x) for y in (-1, 1) for x in (-1, 1)]
FAR = [(0, x) for x in (-4, -2, -1, 0, 1, 2, 4)]
FAR += [(y, x) for y in (-2, 2) for x in (-2, 0, 2)] + [(-1, 0), (1, 0)]
PLACED = 10 + len(NEAR) + 2 * len(FAR) + 9  # numbers at each place
WHOLE = 10  # numbers of the whole picture
_AROUND = 12  # frames on each side that a step is held against, as in `jumps`
_BESIDE, _APART = 48, 3  # steps on each side that are looked at, and those that are too near
_SEEN = 40  # numbers at each place that are learnt from the pictures


class Rules(nn.Module):
    """Frames (b, n, 72, 128) in grey levels in; (b, n, PLACED, 9, 16) and (b, n, WHOLE) out."""

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute what is known by rule of the step to each frame."""
        half = functional.avg_pool2d(frames * (1 / 32), 2)
        places, whole = _lengths(half)
        even = _even(half, 5)
        quarter = _even(functional.avg_pool2d(half, 2), 3)
        near = _costs(even, _before(even, 1), NEAR, 4)
        far = _costs(quarter, _before(quarter, 1), FAR, 2)
        around = _costs(_before(quarter, -1), _before(quarter, 2), FAR, 2)
        flows = [
            *_moved(even, _before(even, 1)),
            *_moved(_before(even, -1), even),
            *_moved(_before(even, -1), _before(even, 2)),
        ]
        return torch.stack([*places, *near, *far, *around, *flows], 2), whole


def _lengths(now: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """How long steps are, and shares of the way: at each place, and of all of the picture."""
    last, earlier, after = _before(now, 1), _before(now, 2), _before(now, -1)
    step, both, around = now - last, after - last, after - earlier
    powers = [each * each for each in (step, both, around, after - now, last - earlier)]
    ways = ((step, both), (step, now - earlier), (step, around))
    places = [functional.avg_pool2d(each, 4) * 1024 for each in powers]  # grey levels squared
    whole = [torch.log(each.mean((2, 3)) * 256 + 0.1) for each in powers]
    longest = _longest(places[0])
    longer = torch.log((places[0] + 2) / (longest + 2))
    moves = torch.maximum(places[0], longest) > 8
    jumps = moves & (places[0] + 2 > 2 * (longest + 2))
    numbers = [torch.log(each * 0.25 + 0.5) for each in places] + [longer, jumps.float()]
    for some, way in ways:
        pooled = functional.avg_pool2d(way * way, 4) + 0.002
        numbers.append((functional.avg_pool2d(some * way, 4) / pooled).clamp(-1, 2))
        whole.append(((some * way).mean((2, 3)) / ((way * way).mean((2, 3)) + 1e-4)).clamp(-1, 2))
    share = jumps.float().sum((2, 3)) / (moves.float().sum((2, 3)) + 8)
    whole += [share * 4, torch.log(moves.float().sum((2, 3)) + 1)]
    return numbers, torch.stack(whole, 2)


def _longest(power: torch.Tensor) -> torch.Tensor:
    """The greatest of the frames around each, at each place."""
    found, count = torch.zeros_like(power), power.shape[1]
    padded = functional.pad(power, (0, 0, 0, 0, _AROUND, _AROUND))
    for away in [*range(_AROUND), *range(_AROUND + 1, 2 * _AROUND + 1)]:
        found = torch.maximum(found, padded[:, away : away + count])
    return found


def _even(x: torch.Tensor, size: int) -> torch.Tensor:
    """Take away what is bright around each pixel, and make the rest equally strong."""
    centred = x - functional.avg_pool2d(x, size, 1, size // 2)
    power = functional.avg_pool2d(centred * centred, size + 4, 1, size // 2 + 2)
    return centred * torch.rsqrt(power + 0.01)


def _costs(
    now: torch.Tensor, then: torch.Tensor, shifts: list[tuple[int, int]], pool: int
) -> list[torch.Tensor]:
    """How well each place agrees with the one so far from it in another frame."""
    padded = functional.pad(then, (4, 4, 2, 2))
    height, width = now.shape[-2:]
    products = []
    for down, across in shifts:
        moved = padded[..., 2 + down : 2 + down + height, 4 + across : 4 + across + width]
        products.append(functional.avg_pool2d(now * moved, pool))
    return products


def _moved(now: torch.Tensor, then: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """How far each place went (across, down), and which share of its change that explains."""
    mean, change = (now + then) / 2, now - then
    wide = functional.pad(mean, (1, 1, 1, 1))
    across = (wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]) / 2
    down = (wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]) / 2
    products = [across * across, down * down, across * down, across * change, down * change]
    products.append(change * change)
    sums = [functional.avg_pool2d(each, 4) for each in products]
    xx, yy, xy, xt, yt, tt = (functional.avg_pool2d(each, 3, 1, 1) for each in sums)
    xx, yy = xx + 0.01, yy + 0.01
    below = xx * yy - xy * xy
    u, v = (xy * yt - yy * xt) / below, (xy * xt - xx * yt) / below
    explained = -(u * xt + v * yt) / (tt + 0.01)
    return u.clamp(-2, 2), v.clamp(-2, 2), explained.clamp(-0.5, 1.5)


def _before(x: torch.Tensor, count: int) -> torch.Tensor:
    """Of each frame, the one so many before it (after it); at the ends the first (the last)."""
    if count > 0:
        return torch.cat([x[:, :1]] * count + [x], 1)[:, : x.shape[1]]
    return torch.cat([x] + [x[:, -1:]] * -count, 1)[:, -count:]


class Seen(nn.Module):
    """Frames (b, n, 72, 128) in grey levels in, what is seen at each place (b, 40, n, 144) out."""

    def __init__(self, first: int = 24) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(4, first, 5, 2, 2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, _SEEN, 3, 2, 1, bias=False),
            nn.BatchNorm2d(_SEEN),
            nn.ReLU(),
            nn.Conv2d(_SEEN, _SEEN, 3, 2, 1, bias=False),
            nn.BatchNorm2d(_SEEN),
            nn.ReLU(),
        )

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Look at a frame, and at the steps before it, to it and after it."""
        last, earlier, after = _before(frames, 1), _before(frames, 2), _before(frames, -1)
        steps = [(each * 0.25) for each in (frames - last, after - frames, last - earlier)]
        even = [each / (1 + each.abs() * 0.25) for each in steps]
        stacked = torch.stack([frames * (1 / 64) - 2, *even], 2).flatten(0, 1)
        seen = self.look(stacked.contiguous(memory_format=torch.channels_last))
        placed = seen.reshape(frames.shape[0], -1, _SEEN, ROWS * COLUMNS)
        return placed.transpose(1, 2)


class _Over(nn.Module):
    """Over time, at each place: (b, width, n, places)."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.time = nn.Conv2d(width, width, (3, 1), dilation=(dilation, 1), padding=(dilation, 0))
        self.norm = nn.BatchNorm2d(width)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add what was learnt of the frames around each."""
        told: torch.Tensor = x + self.out(functional.relu(self.norm(self.time(x))))
        return told


class Missing(nn.Module):
    """What `Rules` gives, and the frames themselves, in; (b, n, 7) out."""

    def __init__(self, fine: int = 44, width: int = 72, head: int = 160) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(PLACED))
        self.register_buffer("scale", torch.ones(PLACED))
        self.seen = Seen()
        self.join = nn.Sequential(
            nn.Conv2d(PLACED + _SEEN, fine, 1), nn.BatchNorm2d(fine), nn.ReLU()
        )
        self.fine = _Over(fine, 1)
        self.pool = nn.Sequential(nn.Conv2d(2 * fine, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        self.blocks = nn.Sequential(*[_Over(width, dilation) for dilation in (2, 4, 1)])
        self.look = nn.Conv2d(width, 4, 1)
        self.head = nn.Sequential(nn.Conv1d(6 * width + WHOLE, head, 1), nn.ReLU())
        self.drop = nn.Dropout1d(0.1)
        self.over = nn.Conv1d(head, head, 5, padding=2)
        self.usual = nn.Conv1d(head, 32, 1)
        self.line = nn.Sequential(
            nn.Conv1d(head + 4 * 32, head, 1), nn.ReLU(), nn.Conv1d(head, CLASSES, 1)
        )

    def forward(
        self, placed: torch.Tensor, whole: torch.Tensor, frames: torch.Tensor
    ) -> torch.Tensor:
        """Tell of the step to each frame."""
        scaled = (placed.flatten(3) - self.mean[:, None]) * self.scale[:, None]
        seen = self.seen(frames)
        x = torch.cat([scaled.transpose(1, 2).to(seen.dtype), seen], 1)
        x = self.fine(self.join(x))
        found = self.blocks(self.pool(_fewer(x.unflatten(3, (ROWS, COLUMNS)))))
        look = torch.softmax(self.look(found).float(), -1)
        full = found.float()
        looks = [(full * look[:, each : each + 1]).sum(-1) for each in range(4)]
        whole = whole.transpose(1, 2).float() / 2
        told = self.head(torch.cat([*looks, full.mean(-1), full.max(-1).values, whole], 1))
        told = self.drop(told + functional.relu(self.over(told)))
        usual = functional.relu(self.usual(told)).float()
        size = 2 * _BESIDE + 1
        mean = functional.avg_pool1d(usual, size, 1, _BESIDE, count_include_pad=False)
        before, after = _greatest_beside(usual)
        said: torch.Tensor = self.line(torch.cat([told.float(), usual, mean, before, after], 1))
        return said.transpose(1, 2)


def _greatest_beside(usual: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The greatest of the steps before each, and after it, (b, width, n); 0 where there is none."""
    far = _BESIDE + _APART
    padded = functional.pad(usual, (far, far))  # step i lies at i + far
    most = functional.max_pool1d(padded, _BESIDE, 1)  # of i to i + _BESIDE - 1
    longer = far + _APART + 1  # than steps
    return most[:, :, :-longer], most[:, :, longer:]


def _fewer(x: torch.Tensor) -> torch.Tensor:
    """The mean and the greatest of four places, (b, width, n, 9, 16) to (b, 2 width, n, 40)."""
    left, right = x[..., 0::2], x[..., 1::2]
    mean, most = (left + right) / 2, left + functional.relu(right - left)
    joined = []
    for each, greatest in ((mean, False), (most, True)):
        upper, lower = each[..., 0::2, :], torch.cat([each[..., 1::2, :], each[..., 8:, :]], -2)
        joined.append(upper + functional.relu(lower - upper) if greatest else (upper + lower) / 2)
    return torch.cat(joined, 1).flatten(3)


class _Whole(nn.Module):
    def __init__(self, model: Missing) -> None:
        super().__init__()
        self.rules, self.model = Rules(), model

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        some = frames.float()[None]
        placed, whole = self.rules(some)
        told: torch.Tensor = self.model(placed, whole, some)[0]
        return told


def export(model: Missing, path: Path) -> None:
    """Write a model as ONNX: bytes (n, 72, 128) in, floats (n, 7) out; weights of 16 bits."""
    frames = torch.zeros((160, HEIGHT, WIDTH), dtype=torch.uint8)
    torch.onnx.export(
        _Whole(model.cpu().float()).eval(),
        (frames,),
        str(path),
        input_names=["frames"],
        output_names=["missing"],
        dynamic_axes={"frames": {0: "n"}, "missing": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    whole = onnx.load(path)
    graph, casts, kept = whole.graph, [], []
    for each in graph.initializer:
        values = numpy_helper.to_array(each)
        if values.dtype != np.float32 or values.size < 32:
            kept.append(each)
            continue
        half = f"{each.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [each.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    whole.producer_name = whole.producer_version = whole.doc_string = ""
    onnx.checker.check_model(whole)
    path.write_bytes(whole.SerializeToString())
