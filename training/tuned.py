"""Train `adapted_picture.onnx`, `adapted_face.onnx`: `python -m training.tuned SUBJECT FOLDER …`.

CLIP's layers are changed a little (`adapted`) until they tell generated pictures, or faces, from
photographs. Five networks are taught side by side (`tuned_net`) on views that processes draw
(`tuned_views`): four each without a fourth of the families of makers and of the sources of
photographs, and one with all, which is what ships. Each class is half of a batch; within it every
family and source weighs by the root of its size. NETS comes to hold 0.onnx to 3.onnx, all.onnx, and
left_out.csv: which of the four was taught without which picture. `training.tuned_said` asks them.
It stops after --seconds; what ships was taught for 700 on a graphics processor, pictures and faces
at once, which drew 740,000 views and showed 262,000 to each network. Needs torch and onnx.
"""

import argparse
import csv
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from verifier.detector.learn import evenly, family
from verifier.detector.result import Subject

from . import adapted
from .tuned_net import Many, State, one_of
from .tuned_views import Pool, Shown, gathered

FOLDS = 4
LARGE = {Subject.PICTURE: 400, Subject.FACE: 700}  # of a family: more do not fill a fold more
PLACES = (98, 130, 196)  # of a picture's 196 that are shown, step after step
AVERAGED = 0.998
CERTAIN = 0.97  # that a generated picture is one
DROP = 0.2  # of what the line sees
FALLING = 0.6  # share of the time in which steps become smaller
LATER = 1000  # views of a worker's stripe that are fetched at once, at most

Labels = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def folds(families: npt.NDArray[np.str_], generated: Labels, large: int, seed: int) -> Numbers:
    """Which fold each picture is left out in: the largest families first, where there is room."""
    random, told = np.random.default_rng(seed), np.zeros(len(families), np.int64)
    for which in (False, True):
        names, counts = np.unique(families[generated == which], return_counts=True)
        counts, held = counts.clip(max=large), np.zeros(FOLDS)
        for each in sorted(range(len(names)), key=lambda n: (-counts[n], random.random())):
            fold = int(np.argmin(held + random.random(FOLDS) * 1e-3))
            held[fold] += counts[each]
            told[(families == names[each]) & (generated == which)] = fold
    return told


class Store:
    """The pool's views where they are learnt from, and which of them each network may be shown."""

    def __init__(
        self, pool: Pool, generated: Labels, fold: Numbers, device: torch.device, seed: int
    ) -> None:
        self.pool, self.generated, self.fold = pool, generated, fold
        self.random = np.random.default_rng(seed)
        workers, each = pool.rows.shape
        side = pool.views.shape[-1]
        self.views = torch.zeros((workers * each, 3, side, side), dtype=torch.uint8, device=device)
        self.rows = np.full(workers * each, -1)
        self.taken = np.zeros(workers, np.int64)
        self.allowed: list[tuple[Numbers, Numbers]] = []
        while not all(len(some) for both in self.allowed for some in both) or not self.allowed:
            time.sleep(0.1)
            self.fetch()
        threading.Thread(target=self._always, daemon=True).start()

    def _always(self) -> None:
        while True:
            time.sleep(1)
            self.fetch()

    def fetch(self) -> None:
        """Bring what was drawn since."""
        each = self.pool.each
        for worker, until in enumerate(self.pool.drawn.tolist()):
            first = max(self.taken[worker], until - min(each, LATER))
            at = np.arange(first, until) % each
            if len(at):
                to = torch.from_numpy(worker * each + at).to(self.views.device)
                new = torch.from_numpy(self.pool.views[worker, at])
                self.views[to] = new.to(self.views.device)
                self.rows[worker * each + at] = self.pool.rows[worker, at]
            self.taken[worker] = until
        have = np.flatnonzero(self.rows >= 0)
        rows = self.rows[have]
        self.allowed = [
            (have[shown & ~self.generated[rows]], have[shown & self.generated[rows]])
            for shown in (self.fold[rows] != number for number in range(FOLDS + 1))
        ]

    def batch(self, many: int) -> torch.Tensor:
        """For each network `many` views, the first half photographs."""
        half = many // 2
        picked = [self.random.choice(some, half) for both in self.allowed for some in both]
        rows = torch.from_numpy(np.concatenate(picked)).to(self.views.device)
        return self.views[rows].unflatten(0, (len(self.allowed), many))


def _group(name: str) -> tuple[float, float]:
    """A parameter's share of the rate, and its decay."""
    if name.startswith(("line", "offset")):
        return 3.0, 0.05
    return (1.0, 0.1) if name.endswith((".down", ".up")) else (0.3, 0.0)


def learn(model: Many, store: Store, options: argparse.Namespace) -> State:
    """Teach the networks until the time is up: the mean of their weights over the last steps."""
    named = dict(model.named_parameters())
    mean = {name: each.detach().clone() for name, each in named.items()}
    kinds = sorted({_group(name) for name in named})
    groups = [[each for name, each in named.items() if _group(name) == kind] for kind in kinds]
    optimiser = torch.optim.AdamW(
        [
            {"params": some, "weight_decay": kind[1]}
            for some, kind in zip(groups, kinds, strict=True)
        ],
        options.rate,
        betas=(0.9, 0.98),
    )
    side = (torch.arange(options.batch, device=store.views.device) >= options.batch // 2).float()
    truth = (side * (2 * CERTAIN - 1) + 1 - CERTAIN).expand(FOLDS + 1, -1)
    began = said = time.monotonic()
    step = 0
    while (gone := (time.monotonic() - began) / options.seconds) < 1:
        slower = min(1.0, (step + 1) / 150, (1 - gone) / FALLING + 0.01)
        for group, kind in zip(optimiser.param_groups, kinds, strict=True):
            group["lr"] = options.rate * kind[0] * slower
        told = model(store.batch(options.batch), PLACES[step % len(PLACES)], DROP)
        loss = functional.binary_cross_entropy_with_logits(told, truth, reduction="none").mean(1)
        optimiser.zero_grad(set_to_none=True)
        loss.sum().backward()
        optimiser.step()
        step += 1
        with torch.no_grad():
            for name, each in mean.items():
                each.lerp_(named[name], 1 - min(AVERAGED, step / (step + 10)))
        if time.monotonic() - said > options.seconds / 20:
            said = time.monotonic()
            losses = " ".join(f"{each:.3f}" for each in loss.tolist())
            print(step, int(store.taken.sum()), losses, flush=True)
    return mean


def _written(state: State, shown: list[Shown], fold: Numbers, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate((*map(str, range(FOLDS)), "all")):
        path = to / f"{name}.onnx"
        adapted.export(one_of(state, number), path, name="generated", bits=8)
    with (to / "left_out.csv").open("w", encoding="ascii", newline="") as file:
        rows = zip((each.digest for each in shown), fold.tolist(), strict=True)
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where shrunk pictures are kept")
    parser.add_argument("--to", type=Path, required=True, help="NETS, a folder")
    parser.add_argument("--most", type=int, help="pictures of a source")
    parser.add_argument("--seconds", type=float, default=700, help="of learning")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=12, help="processes that draw")
    parser.add_argument("--batch", type=int, default=64, help="views of a step, of each network")
    parser.add_argument("--kept", type=int, default=60_000, help="views at once, 150 kB each")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    shown = gathered(options.folder, options.keep, options.subject, options.most)
    generated = np.array([each.generated for each in shown])
    families = np.array([family(each.source) for each in shown])
    fold = folds(families, generated, LARGE[options.subject], options.seed)
    for number in range(FOLDS):
        out = fold == number
        print(f"{number}: without {(out & generated).sum()} and {(out & ~generated).sum()}")
    worth, device = evenly(generated, families), torch.device(options.device)
    pool = Pool(
        shown,
        worth,
        options.subject,
        workers=options.workers,
        kept=options.kept,
        seed=options.seed,
    )
    store = Store(pool, generated, fold, device, options.seed)
    model = Many(adapted.held(), FOLDS + 1).to(device)
    _written(learn(model, store, options), shown, fold, options.to)
    pool.close()


if __name__ == "__main__":
    main()
