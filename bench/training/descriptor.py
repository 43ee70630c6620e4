"""Train the descriptor that the package carries: `python -m bench.training.descriptor FOLDER`.

A MobileNetV2 that begins with ImageNet's weights learns to place an edited picture where a teacher,
SSCD ("A Self-Supervised Descriptor for Image Copy Detection", CVPR 2022), places the whole one, and
apart from every other picture. The teacher is asked once about each picture and never shipped. What
it was trained on, and how to repeat it, is in verifier/fingerprint/MODEL_CARD.md.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from PIL import Image
from torch import nn

from .edits import draw_edits
from .onnx_file import export

TEACHER_SIDE = 256
STORED_SIDE = 288  # pixels of the longer side: photographs are kept in memory as small JPEGs
BITS = 256
FROZEN = 7  # of the 19 parts of a MobileNetV2: edges and colours need no learning
TEMPERATURE = 0.06
STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)  # of the residuals
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Descriptor(nn.Module):
    """A MobileNetV2 without normalisation layers, pooled by a learnt power, and a projection."""

    def __init__(self, start: dict[str, torch.Tensor]) -> None:
        super().__init__()
        parts: list[nn.Module] = [_convolution(start, "features.0.0", "features.0.1", 2, clip=True)]
        for place, stride in enumerate(STRIDES, 1):
            parts.append(Residual(start, f"features.{place}.conv", stride))
        parts.append(_convolution(start, "features.18.0", "features.18.1", 1, clip=True))
        self.features = nn.Sequential(*parts)
        self.power = nn.Parameter(torch.tensor(3.0))
        self.project = nn.Linear(1280, BITS)
        for part in self.features[:FROZEN]:
            part.requires_grad_(requires_grad=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Describe pictures of shape (n, 3, side, side), normalised; (n, BITS), not normalised."""
        return self.project(self.pool(pixels))

    def pool(self, pixels: torch.Tensor) -> torch.Tensor:
        """What is seen all over the pictures: (n, 1280)."""
        maps = self.features(pixels).float().clamp(min=1e-6)
        return maps.pow(self.power).mean((2, 3)).pow(1 / self.power)


class Residual(nn.Module):
    """An inverted residual of MobileNetV2 ("MobileNetV2", CVPR 2018, section 3.3)."""

    def __init__(self, start: dict[str, torch.Tensor], name: str, stride: int) -> None:
        super().__init__()
        wide = f"{name}.3.weight" in start  # the first has no widening
        layers = [
            _convolution(start, f"{name}.0.0", f"{name}.0.1", 1 if wide else stride, clip=True)
        ]
        if wide:
            layers.append(_convolution(start, f"{name}.1.0", f"{name}.1.1", stride, clip=True))
        last = 2 if wide else 1
        layers.append(_convolution(start, f"{name}.{last}", f"{name}.{last + 1}", 1, clip=False))
        self.layers = nn.Sequential(*layers)
        first, final = layers[0][0], layers[-1][0]
        self.adds = stride == 1 and wide and first.in_channels == final.out_channels

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """Add what the layers find, where shapes allow."""
        return value + self.layers(value) if self.adds else self.layers(value)


def _convolution(
    start: dict[str, torch.Tensor], convolution: str, norm: str, stride: int, *, clip: bool
) -> nn.Sequential:
    """A convolution of the weights in `start`, with the normalisation after it folded in."""
    weight = start[f"{convolution}.weight"]
    out, inner, side, _ = weight.shape
    groups = out if inner == 1 else 1
    layer = nn.Conv2d(inner * groups, out, side, stride, side // 2, groups=groups)
    gain = start[f"{norm}.weight"] / (start[f"{norm}.running_var"] + 1e-5).sqrt()
    with torch.no_grad():
        layer.weight.copy_(weight * gain.view(-1, 1, 1, 1))
        layer.bias.copy_(start[f"{norm}.bias"] - start[f"{norm}.running_mean"] * gain)
    return nn.Sequential(layer, nn.ReLU6()) if clip else nn.Sequential(layer)


def load_pictures(folder: Path) -> list[bytes]:
    """Every photograph under `folder`, in the order of names, as a small JPEG."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with Image.open(path) as opened:
            if opened.format == "JPEG" and max(opened.size) <= STORED_SIDE:
                found.append(path.read_bytes())
                continue
            opened.draft("RGB", (STORED_SIDE, STORED_SIDE))
            image = opened.convert("RGB")
        image.thumbnail((STORED_SIDE, STORED_SIDE))
        data = io.BytesIO()
        image.save(data, "JPEG", quality=92, subsampling=0)
        found.append(data.getvalue())
    return found


def opened(data: bytes) -> Image.Image:
    """Unpack a small JPEG."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def ask_teacher(teacher: Path, pictures: list[bytes], cache: Path) -> Floats:
    """The teacher's descriptors of whole pictures, of length 1; remembered in `cache`."""
    known = np.load(cache) if cache.exists() else np.zeros((0, 512), np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(teacher, options, providers=["CPUExecutionProvider"])
    for first in range(len(known), len(pictures), 16):
        batch = [
            np.asarray(opened(each).resize((TEACHER_SIDE, TEACHER_SIDE)))
            for each in pictures[first : first + 16]
        ]
        told = session.run(None, {"image": np.stack(batch)})[0]
        known = np.concatenate((known, told / np.linalg.norm(told, axis=1, keepdims=True)))
        if first % 800 == 0 or first + 16 >= len(pictures):
            np.save(cache, known)
            print(f"teacher: {len(known)} of {len(pictures)}", flush=True)
    return known.astype(np.float32)


def targets(told: Floats) -> torch.Tensor:
    """The BITS directions in which the teacher's descriptors differ most."""
    centred = torch.from_numpy(told).double()
    centred = centred - centred.mean(0)
    _, directions = torch.linalg.eigh(centred.T @ centred)
    return nn.functional.normalize(centred @ directions[:, -BITS:]).float()


class Views(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """Two edited views of each picture, drawn anew each time from the seed and their number."""

    def __init__(self, pictures: list[bytes], side: int, count: int, seed: int, batch: int) -> None:
        self._pictures, self._side, self._count, self._seed = pictures, side, count, seed
        self._batch = batch

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        random = np.random.default_rng((self._seed, number))
        # The two halves of a batch show the same pictures, in the same order.
        half = self._batch // 2
        row = (number // self._batch) * half + number % half
        epoch, place = divmod(row, len(self._pictures))
        chosen = int(
            np.random.default_rng((self._seed, epoch)).permutation(len(self._pictures))[place]
        )

        def another() -> Image.Image:
            return opened(self._pictures[random.integers(len(self._pictures))])

        view = draw_edits(opened(self._pictures[chosen]), random, another)
        return torch.from_numpy(to_square(view, self._side)), chosen


def to_square(image: Image.Image, side: int) -> Pixels:
    """Squash a picture to the square that the network sees: (3, side, side)."""
    small = image.resize((side, side), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(small, np.uint8).transpose(2, 0, 1))


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """0 to 255 as the network's first layer wants it."""
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) * 255 for each in (MEAN, DEVIATION))
    return ((pixels.float() - mean) / deviation).contiguous(memory_format=torch.channels_last)


def lesson(told: torch.Tensor, chosen: torch.Tensor, bank: torch.Tensor) -> torch.Tensor:
    """How far a batch is from its teacher, and from telling each picture from every other."""
    ours = nn.functional.normalize(told)
    against_teacher = ours @ bank.T / TEMPERATURE
    known = nn.functional.cross_entropy(against_teacher, chosen)
    one, two = ours.chunk(2)
    each_other = one @ two.T / TEMPERATURE
    same = torch.arange(len(one))
    twins = nn.functional.cross_entropy(each_other, same)
    twins = twins + nn.functional.cross_entropy(each_other.T, same)
    away = 1 - (ours * bank[chosen]).sum(1).mean()
    # Components far from zero keep their sign under an edit.
    undecided = (1 - torch.tanh(ours * BITS**0.5).abs()).mean()
    return known + 0.5 * twins + 2 * away + 0.2 * undecided


def remember(bank: torch.Tensor, told: torch.Tensor, chosen: torch.Tensor) -> None:
    """Move what is known of each picture a little towards what was just seen of it."""
    half = len(told) // 2
    ours = nn.functional.normalize(told)
    both = nn.functional.normalize(ours[:half] + ours[half:])
    bank[chosen[:half]] = nn.functional.normalize(0.7 * bank[chosen[:half]] + 0.3 * both)


def train(options: argparse.Namespace) -> None:
    """Train, without the teacher or with it; keep a state every few minutes, go on from one."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    pictures = load_pictures(options.folder)
    model = Descriptor(torch.load(options.start, weights_only=True))
    model = model.to(memory_format=torch.channels_last)
    kept = options.state / "state.pt"
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        bank = state["bank"]
    else:
        seen = see_all(model, pictures, options.side)
        begin_projection(model, seen, options.seed)
        with torch.no_grad():
            bank = nn.functional.normalize(model.project(seen.float()))
    if options.teacher:
        told = ask_teacher(options.teacher, pictures, options.state / "teacher.npy")
        bank = turned(targets(told), bank)
    total = options.views // options.batch
    deep = [each for each in model.features.parameters() if each.requires_grad]
    last = [model.power, *model.project.parameters()]
    groups = [{"params": deep, "share": 1.0}, {"params": last, "share": 5.0}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    views = Views(pictures, options.side, options.views, options.seed, options.batch)
    loader = torch.utils.data.DataLoader(views, options.batch, num_workers=options.workers)
    saved = began = time.monotonic()
    losses: list[float] = []
    for step, (pixels, chosen) in enumerate(loader):
        share = step / total
        warm = min(1.0, (step + 1) / 30)
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * options.rate * warm * 0.5 * (1 + np.cos(np.pi * share))
        with torch.autocast("cpu", torch.bfloat16):
            told = model(normalised(pixels))
        loss = lesson(told.float(), chosen, bank)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*deep, *last], 5.0)
        optimiser.step()
        losses.append(loss.item())
        if not options.teacher:
            remember(bank, told.detach().float(), chosen)
        if step % 10 == 0:
            pace = (step + 1) * options.batch / (time.monotonic() - began)
            print(f"{step}/{total} loss {np.mean(losses[-10:]):.3f} {pace:.1f} views/s", flush=True)
        if time.monotonic() - saved > 120 or step + 1 == total:
            saved = time.monotonic()
            torch.save({"model": model.state_dict(), "bank": bank}, options.state / "new.pt")
            (options.state / "new.pt").replace(kept)
    export(model, options.state / "descriptor.onnx")


def see_all(model: Descriptor, pictures: list[bytes], side: int) -> torch.Tensor:
    """What the network sees in whole pictures, before the projection: (n, 1280)."""
    rows = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for first in range(0, len(pictures), 64):
            batch = [to_square(opened(each), side) for each in pictures[first : first + 64]]
            rows.append(model.pool(normalised(torch.from_numpy(np.stack(batch)))))
    return torch.cat(rows).double()


def begin_projection(model: Descriptor, seen: torch.Tensor, seed: int) -> None:
    """Start with the BITS main directions of what is seen, each made as strong as any other."""
    mean = seen.mean(0)
    strengths, directions = torch.linalg.eigh((seen - mean).T @ (seen - mean) / len(seen))
    whitened = directions[:, -BITS:] / strengths[-BITS:].sqrt()
    source = torch.Generator().manual_seed(seed)
    turn, _ = torch.linalg.qr(torch.randn(BITS, BITS, generator=source, dtype=torch.float64))
    weight = whitened @ turn
    with torch.no_grad():
        model.project.weight.copy_(weight.T)
        model.project.bias.copy_(-mean @ weight)


def turned(goal: torch.Tensor, ours: torch.Tensor) -> torch.Tensor:
    """The goals, turned as a whole to lie as near to `ours` as they can (Procrustes)."""
    left, _, right = torch.linalg.svd(goal.double().T @ ours.double())
    return (goal.double() @ (left @ right)).float()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Train the picture descriptor.")
    parser.add_argument("folder", type=Path, help="photographs, in any tree of folders")
    parser.add_argument("--teacher", type=Path, help="SSCD, as an ONNX file")
    parser.add_argument("--start", type=Path, required=True, help="MobileNetV2's ImageNet weights")
    parser.add_argument("--state", type=Path, required=True, help="where to keep what was learnt")
    parser.add_argument("--views", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
