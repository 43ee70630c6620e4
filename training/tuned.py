"""Train `adapted_picture.onnx`, `adapted_face.onnx`: `python -m training.tuned SUBJECT SHRUNK …`.

CLIP's layers are changed a little (`adapted`) until they tell generated pictures, or faces, from
photographs. Networks are taught side by side (`tuned_net`) on views that processes draw of SHRUNK
(`tuned_views`): one with all; four each without a fourth of the families of makers and of the
sources of photographs; and with --by-source four more, each without a fourth of the sources. Each
class is half of a batch; within it every family weighs by the power 0.3 of its size. NETS comes to
hold all.onnx, family0.onnx to family3.onnx, source0.onnx …, and left_out.csv: which two were taught
without a picture's family, and without its source. What ships is one of them, or their mean:
`training.tuned_said`. It stops after --seconds. Needs torch and onnx.
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
POWER = 0.3  # of its size, by which a family weighs
ALL = "all"
PLACES = (98, 130, 196)  # of a picture's 196 that are shown, step after step
AVERAGED = 0.998
CERTAIN = 0.97  # that a generated picture is one
DROP = 0.2  # of what the line sees
FALLING = 0.6  # share of the time in which steps become smaller
LATER = 1000  # views of a worker's stripe that are fetched at once, at most

Labels = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]


def folds(groups: Names, generated: Labels, large: int, seed: int) -> Numbers:
    """Which fold each picture is left out in: the largest groups first, where there is room."""
    random, told = np.random.default_rng(seed), np.zeros(len(groups), np.int64)
    for which in (False, True):
        names, counts = np.unique(groups[generated == which], return_counts=True)
        counts, held = counts.clip(max=large), np.zeros(FOLDS)
        for each in sorted(range(len(names)), key=lambda n: (-counts[n], random.random())):
            fold = int(np.argmin(held + random.random(FOLDS) * 1e-3))
            held[fold] += counts[each]
            told[(groups == names[each]) & (generated == which)] = fold
    return told


def in_parts(sources: Names, large: int) -> Names:
    """Sources, those of more than `large` pictures in parts by turns."""
    told = sources.astype(object)
    for name, count in zip(*np.unique(sources, return_counts=True), strict=True):
        parts = -(-count // large)
        told[sources == name] = [f"{name} {number % parts}" for number in range(count)]
    return told.astype(np.str_)


def left_out(shown: list[Shown], large: int, seed: int, *, by_source: bool) -> list[Names]:
    """Names of the networks that are taught without a picture's family, and without its source."""
    generated = np.array([each.generated for each in shown])
    sources = np.array([each.source for each in shown])
    families = np.array([family(each) for each in sources])
    groups = {"family": families} | ({"source": in_parts(sources, large)} if by_source else {})
    return [
        np.array([f"{kind}{fold}" for fold in folds(some, generated, large, seed)])
        for kind, some in groups.items()
    ]


class Store:
    """The pool's views where they are learnt from, and which of them each network may be shown.

    `taught` (networks, pictures) is who is taught which picture.
    """

    def __init__(
        self, pool: Pool, generated: Labels, taught: Labels, device: torch.device, seed: int
    ) -> None:
        self.pool, self.generated, self.taught = pool, generated, taught
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
        self._over = threading.Event()
        self._fetches = threading.Thread(target=self._always, daemon=True)
        self._fetches.start()

    def _always(self) -> None:
        while not self._over.wait(1):
            self.fetch()

    def close(self) -> None:
        """Fetch no more."""
        self._over.set()
        self._fetches.join()

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
            for shown in self.taught[:, rows]
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
    truth = (side * (2 * CERTAIN - 1) + 1 - CERTAIN).expand(len(store.taught), -1)
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


def _written(
    state: State, names: list[str], shown: list[Shown], without: list[Names], to: Path
) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        adapted.export(one_of(state, number), to / f"{name}.onnx", name="generated", bits=8)
    with (to / "left_out.csv").open("w", encoding="ascii", newline="") as file:
        rows = zip((each.digest for each in shown), without[0], without[-1], strict=True)
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("shrunk", type=Path, help="by `training.tuned_views`")
    parser.add_argument("--to", type=Path, required=True, help="NETS, a folder")
    parser.add_argument("--by-source", action="store_true", help="four networks more")
    parser.add_argument("--seconds", type=float, default=700, help="of learning")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=12, help="processes that draw")
    parser.add_argument("--batch", type=int, default=64, help="views of a step, of each network")
    parser.add_argument("--kept", type=int, default=60_000, help="views at once, 150 kB each")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    shown = gathered(options.shrunk)
    generated = np.array([each.generated for each in shown])
    without = left_out(shown, LARGE[options.subject], options.seed, by_source=options.by_source)
    names = [*sorted({name for some in without for name in some.tolist()}), ALL]
    taught = np.array([[name not in some for some in zip(*without, strict=True)] for name in names])
    for name, some in zip(names, taught, strict=True):
        print(f"{name}: without {(~some & generated).sum()} and {(~some & ~generated).sum()}")
    families = np.array([family(each.source) for each in shown])
    pool = Pool(
        shown,
        evenly(generated, families, power=POWER),
        options.subject,
        workers=options.workers,
        kept=options.kept,
        seed=options.seed,
    )
    device = torch.device(options.device)
    store = Store(pool, generated, taught, device, options.seed)
    model = Many(adapted.held(), len(names)).to(device)
    state = learn(model, store, options)
    store.close()
    pool.close()
    _written(state, names, shown, without, options.to)


if __name__ == "__main__":
    main()
