"""Train what looks for seams in faces.

    python -m bench.training.seams DIR --start FILE --to seams.onnx

A MobileNetV2 that begins with ImageNet's weights learns to tell faces that `bench.training.blends`
drew blended from the same as they were. The two of a face are shown together, so that nothing tells
them apart but the blend; and it learns where of the face was laid over, and where the seam is
("Face X-ray for More General Face Forgery Detection", CVPR 2020), which is needed no more
afterwards. Sources named by --left-out are seen by no step: what is printed every few minutes is
how well their faces are told apart, at each rate factor. Faces may still be drawn meanwhile. Needs
torch.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from verifier.detector.calibration import auc

from .blends import COARSER
from .descriptor import Descriptor, normalised
from .onnx_file import export_mean, resume_mean

SIDE = 176  # pixels that the network sees, of those that are kept
CELL = 16  # pixels a side of what one place of its last part sees
FROZEN = 4  # of the 19 parts: edges and colours need no learning
EVERY = 8192  # faces between two looks at what was left out
HELD = 400  # pairs of what was left out that are looked at, at most
AVERAGED = 0.995  # of the weights that are kept, a step: the mean of the last two hundred
WHERE = 0.5  # how much telling where weighs beside telling whether

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Faces by twos, as they are and blended: (n, KEPT, KEPT, 3), masks, and rate factors (n,)."""

    pixels: Pixels
    masks: Pixels  # (n / 2, KEPT / COARSER, KEPT / COARSER)
    qualities: npt.NDArray[np.uint8]


class Seams(nn.Module):
    """The first parts of a MobileNetV2, the mean of what they see, and a line; lines for places."""

    def __init__(self, start: dict[str, torch.Tensor], parts: int) -> None:
        super().__init__()
        self.features = Descriptor(start).features[:parts]
        self.features.requires_grad_(requires_grad=True)
        self.features[:FROZEN].requires_grad_(requires_grad=False)
        width = self.features[-1].layers[-1][0].out_channels
        self.drop = nn.Dropout(0.2)
        self.line = nn.Linear(width, 1)
        self.where = nn.Conv2d(width, 2, 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (n,) and (n, 2, places, places) of pixels (n, 3, SIDE, SIDE), normalised.

        More for a face that looks blended; for a place that looks laid over, and for a seam.
        """
        seen = self.features(pixels).float()
        return self.line(self.drop(seen.mean((2, 3))))[:, 0], self.where(seen)


def read(folder: Path, known: dict[str, Drawn]) -> None:
    """Read what was drawn since."""
    for path in sorted(folder.glob("*.npz")):
        if path.name not in known:
            with np.load(path, allow_pickle=False) as held:
                known[path.name] = Drawn(held["pixels"], held["masks"], held["qualities"])


def apart(known: dict[str, Drawn], without: list[str]) -> tuple[list[Drawn], list[Drawn]]:
    """What is learnt from, and what was left out."""
    kept: tuple[list[Drawn], list[Drawn]] = ([], [])
    for name, drawn in known.items():
        kept[name.split(".")[0] in without].append(drawn)
    return kept


def twos(parts: list[Drawn]) -> npt.NDArray[np.int64]:
    """Each face by its part and its place there: (n, 2)."""
    return np.array([(part, row) for part, it in enumerate(parts) for row in range(len(it.masks))])


def shown(
    drawn: list[Drawn], pairs: npt.NDArray[np.int64], random: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Squares of faces as they are, then of the same blended, placed and mirrored alike.

    And of each place how much of it was laid over, and how much of a seam it holds.
    """
    room = drawn[0].pixels.shape[1] - SIDE
    squares = np.zeros((2, len(pairs), SIDE, SIDE, 3), np.uint8)
    masks = np.zeros((len(pairs), SIDE // COARSER, SIDE // COARSER), np.float32)
    for place, (part, row) in enumerate(pairs):
        top, left = random.integers(0, room // COARSER + 1, 2) * COARSER
        it, two = drawn[part], slice(2 * row, 2 * row + 2)
        both = it.pixels[two, top : top + SIDE, left : left + SIDE]
        rows = slice(top // COARSER, (top + SIDE) // COARSER)
        mask = it.masks[row, rows, left // COARSER : (left + SIDE) // COARSER] / 255
        mirrored = random.random() < 0.5
        squares[:, place] = both[:, :, ::-1] if mirrored else both
        masks[place] = mask[:, ::-1] if mirrored else mask
    bright = random.uniform(0.85, 1.15, (1, len(pairs), 1, 1, 3)).astype(np.float32)
    told = (squares * bright).clip(0, 255).reshape(-1, SIDE, SIDE, 3).astype(np.uint8)
    return torch.from_numpy(told.transpose(0, 3, 1, 2)), _places(torch.from_numpy(masks))


def _places(masks: torch.Tensor) -> torch.Tensor:
    """(2n, 2, places, places) of the masks of n: nothing for the faces as they are."""
    over = nn.functional.avg_pool2d(masks[:, None], CELL // COARSER)
    seam = nn.functional.max_pool2d(4 * masks * (1 - masks), CELL // COARSER)[:, None]
    blended = torch.cat((over, seam), 1)
    return torch.cat((torch.zeros_like(blended), blended))


def look(model: Seams, left: list[Drawn]) -> str:
    """How well faces that were left out are told apart: all, and at each rate factor."""
    edge, pairs = (left[0].pixels.shape[1] - SIDE) // 2, twos(left)
    pairs = pairs[np.unique(np.linspace(0, len(pairs) - 1, HELD).astype(int))]
    middle = slice(edge, edge + SIDE)
    scores = []
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for first in range(0, len(pairs), 32):
            some = [
                left[part].pixels[2 * row : 2 * row + 2, middle, middle]
                for part, row in pairs[first : first + 32]
            ]
            told, _ = model(
                normalised(torch.from_numpy(np.concatenate(some).transpose(0, 3, 1, 2)))
            )
            scores.append(told.float().numpy())
    model.train()
    whole, blended = np.concatenate(scores).astype(np.float64), np.arange(2 * len(pairs)) % 2 == 1
    qualities = np.array([left[part].qualities[2 * row] for part, row in pairs]).repeat(2)
    told = [f"AUC {auc(whole, blended):.3f}"]
    for quality in np.unique(qualities):
        here = qualities == quality
        told.append(f"{quality}: {auc(whole[here], blended[here]):.2f}")
    return ", ".join(told)


def go_on(model: Seams, path: Path) -> None:
    """Read back what an earlier run wrote: all of it, or its ONNX alone, without places."""
    if path.suffix == ".pt":
        model.load_state_dict(torch.load(path, weights_only=True))
    else:
        resume_mean(model.features, model.line, path)


def train(options: argparse.Namespace) -> None:
    """Train on what the command line names; keep a state every few minutes."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    random = np.random.default_rng(options.seed)
    known: dict[str, Drawn] = {}
    read(options.folder, known)
    learnt, left = apart(known, options.left_out)
    print(f"{len(twos(learnt))} to learn from, {len(twos(left))} left out", flush=True)
    model = Seams(torch.load(options.start, weights_only=True), options.parts)
    if options.onward is not None:
        go_on(model, options.onward)
    model = model.to(memory_format=torch.channels_last)
    deep = [each for each in model.features.parameters() if each.requires_grad]
    lines = [*model.line.parameters(), *model.where.parameters()]
    groups = [{"params": deep, "share": 1.0}, {"params": lines, "share": 5.0}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
    pairs, losses = np.zeros((0, 2), np.int64), []
    bce = nn.functional.binary_cross_entropy_with_logits
    truth = (torch.arange(options.batch) >= options.batch // 2).float()
    steps = options.views // options.batch
    for step in range(steps):
        if len(pairs) < options.batch // 2:
            pairs = random.permutation(twos(learnt))
        some, pairs = pairs[: options.batch // 2], pairs[options.batch // 2 :]
        slower = (1 - step / steps) / max(1e-9, options.falling)
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * options.rate * min(1.0, slower, (step + 1) / 50)
        pixels, places = shown(learnt, some, random)
        with torch.autocast("cpu", torch.bfloat16):
            told, where = model(normalised(pixels))
        loss = bce(told.float(), truth) + WHERE * bce(where.float(), places)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(deep, 3.0)
        optimiser.step()
        averaged.update_parameters(model)
        losses.append(loss.item())
        if (step + 1) * options.batch % EVERY == 0:
            seams = averaged.module
            export_mean(seams.features, seams.line, "seams", options.to)
            torch.save(seams.state_dict(), options.to.with_suffix(".pt"))
            print(
                step + 1,
                len(twos(learnt)),
                f"loss {np.mean(losses[-64:]):.3f}",
                look(seams, left),
                flush=True,
            )
            read(options.folder, known)
            learnt, left = apart(known, options.left_out)
            pairs = pairs[:0]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="what `bench.training.blends` drew")
    parser.add_argument("--left-out", nargs="+", required=True, help="as in video-real_talkers")
    parser.add_argument("--start", type=Path, required=True, help="MobileNetV2's ImageNet weights")
    parser.add_argument("--onward", type=Path, help="an earlier run's .pt or .onnx")
    parser.add_argument("--to", type=Path, required=True, help="written at each look")
    parser.add_argument("--parts", type=int, default=14, help="of the 19 of a MobileNetV2")
    parser.add_argument("--views", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--falling", type=float, default=0.125, help="share of smaller steps")
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
