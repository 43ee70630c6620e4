"""Train `verifier/detector/adapted.onnx`: `python -m training.swaps FOLDER --to adapted.onnx`.

FOLDER holds real sources alone: folders `face/**/real*/` of pictures and `video/**/real*/` of
clips. Processes draw pairs of a face, as it is and laid over (`redraws`), all the while; a network
(`adapted`) learns from them to tell the two, and where the seam lies ("Detecting Deepfakes with
Self-Blended Images", CVPR 2022; "Face X-ray for More General Face Forgery Detection", CVPR 2020).
First auto-encoders (`makers`) learn to draw the same faces anew, which some of the pairs are laid
over by. Sources named by --left-out are seen by neither. It stops after --seconds; a graphics
processor learns from a hundred times as many faces as a core does. Needs torch, onnx, opencv and
PyAV.
"""

import argparse
import copy
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from verifier.detector.blend import Portrait
from verifier.detector.calibration import auc
from verifier.detector.clip_train import portraits

from . import adapted, makers, redraws
from .redraws import KINDS, LOOK, Pixels, Random

ODDS = (0.33, 0.15, 0.27, 0.1, 0.15)  # of the kinds of draw
WORTH = {"video": 5.0, "face/real_ffhq256": 2.0, "face/real_web_nomask": 1.5}  # of a face
KEPT = 100_000  # pairs at most that are learnt from at once
NEW = 0.8  # share of a step's pairs that were not shown before, while there are some
WHERE = 0.5  # how much telling where weighs beside telling whether
AVERAGED = 0.998
FALLING = 0.45  # share of the time in which steps become smaller

Drawn = tuple[Pixels, Pixels, int]


@dataclass(frozen=True, slots=True)
class Faces:
    """What is drawn from: faces, where each comes from, chips, and chips drawn anew."""

    faces: list[Portrait]
    sources: npt.NDArray[np.str_]
    files: npt.NDArray[np.str_]
    chips: Pixels
    anew: list[Pixels]

    def pair(self, place: int, kind: int, among: npt.NDArray[np.int64], random: Random) -> Drawn:
        """Draw a face of this place, laid over by itself or by one of `among`."""
        other = int(random.choice(among))
        by_other = KINDS[kind] == "other" and self.files[other] != self.files[place]
        drawn = self.anew[random.integers(len(self.anew))][place] if self.anew else None
        told = redraws.pair(
            self.faces[place], self.faces[other] if by_other else None, drawn, KINDS[kind], random
        )
        return told.squares, told.cells, kind


def gathered(folder: Path, most: int) -> Faces:
    """The faces of a folder, no larger than they are drawn."""
    faces, sources, files = [], [], []
    for source in sorted(folder.glob("*/**/real*")):
        if not source.is_dir() or source.parts[-3] not in ("face", "video"):
            continue
        for name, rgb, mesh in portraits(source, most):
            faces.append(redraws.on_canvas(rgb, mesh.points[:, :2], redraws.WIDTHS[1]))
            sources.append(f"{source.parts[-3]}/{source.name}")
            files.append(name)
    chips = np.stack([redraws.chip(each.rgb, each.points) for each in faces])
    return Faces(faces, np.array(sources), np.array(files), chips, [])


class Pairs(IterableDataset[Drawn]):
    """Pairs without end, drawn in as many processes as there are workers."""

    def __init__(self, faces: Faces, learnt: npt.NDArray[np.int64], seed: int) -> None:
        self.faces, self.learnt, self.seed = faces, learnt, seed

    def __iter__(self) -> Iterator[Drawn]:
        cv2.setNumThreads(1)
        about = torch.utils.data.get_worker_info()
        random = np.random.default_rng((self.seed, about.id if about else 0))
        names = self.faces.sources[self.learnt]
        worth = np.array([WORTH.get(s, WORTH.get(s.split("/")[0], 1.0)) for s in names])
        while True:
            place = int(random.choice(self.learnt, p=worth / worth.sum()))
            kind = int(random.choice(len(KINDS), p=ODDS))
            yield self.faces.pair(place, kind, self.learnt, random)


class Store:
    """The pairs that were drawn last, where they are learnt from; a thread fetches them."""

    def __init__(self, pairs: Pairs, workers: int, kept: int, device: torch.device) -> None:
        side, cells = redraws.SQUARE, redraws.CELLS
        self.squares = torch.zeros((kept, 2, side, side, 3), dtype=torch.uint8, device=device)
        self.cells = torch.zeros((kept, cells, cells), dtype=torch.uint8, device=device)
        self.drawn = self.shown = 0
        self.kept = kept
        loader = DataLoader(pairs, batch_size=8, num_workers=workers)
        threading.Thread(target=self._fetch, args=(loader,), daemon=True).start()

    def _fetch(self, loader: DataLoader[Drawn]) -> None:
        for squares, cells, _ in loader:
            rows = (torch.arange(len(squares)) + self.drawn) % self.kept
            self.squares[rows], self.cells[rows] = (
                each.to(self.squares.device) for each in (squares, cells)
            )
            self.drawn += len(squares)

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Squares of faces as they are, then of the same laid over, changed alike; and masks."""
        self.shown = max(self.shown, self.drawn - self.kept // 2)
        new = min(int(count * NEW), self.drawn - self.shown)
        first = torch.arange(self.shown, self.shown + new) % self.kept
        self.shown += new
        rest = torch.randint(min(self.drawn, self.kept), (count - new,))
        rows = torch.cat((first, rest)).to(self.squares.device)
        cell = redraws.SQUARE // redraws.CELLS
        top, left = (int(each) for each in torch.randint(3, (2,)))
        side, cells = LOOK, LOOK // cell
        squares = self.squares[rows, :, top * cell :, left * cell :][:, :, :side, :side].float()
        masks = self.cells[rows, top : top + cells, left : left + cells].float()[:, None] / 255
        flip = (torch.rand(count, device=rows.device) < 0.5)[:, None, None, None]
        squares = torch.where(flip[..., None], squares.flip(3), squares)
        masks = torch.where(flip, masks.flip(3), masks)
        bright = 0.85 + 0.3 * torch.rand((count, 1, 1, 1, 3), device=rows.device)
        told = (squares * bright).clamp(0, 255).transpose(0, 1).flatten(0, 1).permute(0, 3, 1, 2)
        return _rescaled(told).round(), masks


def _rescaled(pixels: torch.Tensor) -> torch.Tensor:
    """Now and then at a lower resolution, as a clip that was sent on."""
    if torch.rand(()) >= 0.3:
        return pixels
    side = int(LOOK * (0.55 + 0.4 * torch.rand(())))
    small = functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    return functional.interpolate(small, (LOOK, LOOK), mode="bicubic").clamp(0, 255)


def places(masks: torch.Tensor) -> torch.Tensor:
    """(2n, 2, PLACES, PLACES) of the masks of n: laid over, and a seam; nothing for the others."""
    over = functional.avg_pool2d(masks, 2)
    both = torch.cat((over, functional.max_pool2d(4 * masks * (1 - masks), 2)), 1)
    return torch.cat((torch.zeros_like(both), both))


def look(model: nn.Module, left: list[Drawn], device: torch.device) -> str:
    """How well pairs of faces that were left out are told: all, and by each kind of draw."""
    if not left:
        return "nothing left out"
    edge, scores = (redraws.SQUARE - LOOK) // 2, []
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for squares, _, _ in left:
            some = torch.from_numpy(squares[:, edge:-edge, edge:-edge].copy()).to(device)
            scores.append(model(some.permute(0, 3, 1, 2).float())[0].float().cpu().numpy())
    told, kinds = np.stack(scores).astype(np.float64), np.array([each[2] for each in left])
    words = []
    for name, rows in (("all", kinds >= 0), *((n, kinds == k) for k, n in enumerate(KINDS))):
        if rows.any():
            truth = np.tile((False, True), int(rows.sum()))
            words.append(f"{name} {auc(told[rows].ravel(), truth):.3f}")
    return ", ".join(words)


def learn(
    model: adapted.Adapted, store: Store, left: list[Drawn], options: argparse.Namespace
) -> adapted.Adapted:
    """Teach the network until the time is up; the mean of its weights over the last steps."""
    device, bce = torch.device(options.device), functional.binary_cross_entropy_with_logits
    head = [*model.line.parameters(), *model.where.parameters()]
    heads = {id(each) for each in head}
    deep = [each for each in model.parameters() if id(each) not in heads]
    groups = [{"params": deep, "share": 1.0}, {"params": head, "share": 5.0}]
    optimiser = torch.optim.AdamW(groups, options.rate, weight_decay=0.02)
    averaged = copy.deepcopy(model)
    truth = (torch.arange(2 * options.batch, device=device) >= options.batch).float()
    began, step, said = time.monotonic(), 0, time.monotonic()
    while (gone := (time.monotonic() - began) / options.seconds) < 1:
        if store.drawn < options.batch:
            time.sleep(0.1)
            continue
        slower = min(1.0, (step + 1) / 100, (1 - gone) / FALLING)
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * options.rate * slower
        model.train()
        pixels, masks = store.batch(options.batch)
        with torch.autocast(device.type, torch.bfloat16):
            told, where = model(pixels)
        loss = bce(told.float(), truth) + WHERE * bce(where.float(), places(masks))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*deep, *head], 3.0)
        optimiser.step()
        share = 1 - min(AVERAGED, 1 - 1 / (step / 4 + 2))
        with torch.no_grad():
            for mean, each in zip(averaged.parameters(), model.parameters(), strict=True):
                mean.lerp_(each, share)
        step += 1
        if time.monotonic() - said > options.seconds / 8:
            said = time.monotonic()
            print(step, store.drawn, f"{loss.item():.3f}", look(averaged, left, device), flush=True)
            _written(averaged, options.to)
    return averaged


def _written(model: adapted.Adapted, path: Path) -> None:
    state = {name: each.cpu() for name, each in model.state_dict().items()}
    adapted.export(state, path, name="laid_over", bits=16)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--left-out", nargs="*", default=[], help="as in video/real_talkers")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=240, help="of learning")
    parser.add_argument("--anew", type=float, default=48, help="seconds for the auto-encoders")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    parser.add_argument("--batch", type=int, default=128, help="pairs of a step")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--most", type=int, default=8000, help="files of a source")
    parser.add_argument("--kept", type=int, default=KEPT, help="pairs at once, 350 kB each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    device, faces = torch.device(options.device), gathered(options.folder, options.most)
    out = np.isin(faces.sources, options.left_out)
    learnt, left = np.flatnonzero(~out), np.flatnonzero(out)
    print(f"{len(learnt)} faces to learn from, {len(left)} left out", flush=True)
    for maker in makers.taught(faces.chips, learnt, options.anew, device):
        faces.anew.append(makers.drawn(maker, faces.chips))
    random = np.random.default_rng(options.seed)
    held = [faces.pair(int(p), int(random.integers(len(KINDS))), left, random) for p in left]
    store = Store(Pairs(faces, learnt, options.seed), options.workers, options.kept, device)
    model = adapted.Adapted(adapted.held()).to(device)
    averaged = learn(model, store, held, options)
    print(look(averaged, held, device))
    _written(averaged, options.to)


if __name__ == "__main__":
    main()
