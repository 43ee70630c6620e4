"""Train `adapted_picture.onnx`, `adapted_face.onnx`.

    python -m bench.training.tuned SUBJECT SHRUNK …

CLIP's layers are changed a little (`adapted`) until they tell generated pictures, or faces, from
photographs. Networks are taught side by side (`tuned_net`) on views that processes draw of SHRUNK
(`tuned_views`): one with all; four each without a fourth of the families of makers and of the
sources of photographs; and with --by-source four more, each without a fourth of the sources. Each
class is half of a batch; within it every family weighs by the power 0.3 of its size. NETS comes to
hold all.onnx, family0.onnx to family3.onnx, source0.onnx …, and left_out.csv: which two were taught
without a picture's family, and without its source. What ships is one of them, or their mean:
`bench.training.tuned_said`. It stops after --seconds. Needs torch and onnx.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from verifier.detector.learn import evenly, family
from verifier.detector.result import Subject

from . import adapted
from .pool import Pool
from .teach import Labels, Numbers, Ring, taught
from .tuned_net import Many, State, one_of
from .tuned_views import FIELDS, Shown, draws, gathered

FOLDS = 4
LARGE = {Subject.PICTURE: 400, Subject.FACE: 700}  # of a family: more do not fill a fold more
POWER = 0.3  # of its size, by which a family weighs
ALL = "all"
PLACES = (98, 130, 196)  # of a picture's 196 that are shown, step after step
CERTAIN = 0.97  # that a generated picture is one
DROP = 0.2  # of what the line sees
FALLING = 0.6  # share of the time in which steps become smaller

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


class Store(Ring):
    """The pool's views where they are learnt from, and which of them each network may be shown.

    `taught` (networks, pictures) is who is taught which picture.
    """

    def __init__(
        self, pool: Pool, generated: Labels, taught: Labels, device: torch.device, seed: int
    ) -> None:
        self.generated, self.taught = generated, taught
        self.random = np.random.default_rng(seed)
        self.allowed: list[tuple[Numbers, Numbers]] = []
        super().__init__(pool, len(pool.drawn) * pool.each, device)
        while not all(len(some) for both in self.allowed for some in both):
            time.sleep(0.1)
            self.fetch()
        self.begin()

    def fetch(self) -> None:
        """Bring what was drawn since, and say who may be shown it."""
        super().fetch()
        have = self.have()
        rows = self.facts[have]
        self.allowed = [
            (have[shown & ~self.generated[rows]], have[shown & self.generated[rows]])
            for shown in self.taught[:, rows]
        ]

    def batch(self, many: int) -> torch.Tensor:
        """For each network `many` views, the first half photographs."""
        half = many // 2
        picked = [self.random.choice(some, half) for both in self.allowed for some in both]
        rows = torch.from_numpy(np.concatenate(picked)).to(self.device)
        return self.fields[0][rows].unflatten(0, (len(self.allowed), many))


def learn(model: Many, store: Store, options: argparse.Namespace) -> State:
    """Teach the networks until the time is up: the mean of their weights over the last steps."""
    side = (torch.arange(options.batch, device=store.device) >= options.batch // 2).float()
    truth = (side * (2 * CERTAIN - 1) + 1 - CERTAIN).expand(len(store.taught), -1)

    def lesson(step: int) -> torch.Tensor:
        told = model(store.batch(options.batch), PLACES[step % len(PLACES)], DROP)
        return functional.binary_cross_entropy_with_logits(told, truth, reduction="none").mean(1)

    return taught(model, lesson, seconds=options.seconds, rate=options.rate, falling=FALLING)


def _written(
    state: State, names: list[str], shown: list[Shown], without: list[Names], to: Path
) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        adapted.export(one_of(state, number), to / f"{name}.onnx", name="generated")
    with (to / "left_out.csv").open("w", encoding="ascii", newline="") as file:
        rows = zip((each.digest for each in shown), without[0], without[-1], strict=True)
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("shrunk", type=Path, help="by `bench.training.tuned_views`")
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
    rows = list(zip(*without, strict=True))
    allowed = np.array([[name not in some for some in rows] for name in names])
    for name, some in zip(names, allowed, strict=True):
        print(f"{name}: without {(~some & generated).sum()} and {(~some & ~generated).sum()}")
    families = np.array([family(each.source) for each in shown])
    pool = Pool(
        draws(shown, evenly(generated, families, power=POWER), options.subject),
        FIELDS,
        workers=options.workers,
        kept=options.kept,
        seed=options.seed,
    )
    device = torch.device(options.device)
    store = Store(pool, generated, allowed, device, options.seed)
    model = Many(adapted.held(), len(names)).to(device)
    state = learn(model, store, options)
    store.close()
    pool.close()
    _written(state, names, shown, without, options.to)


if __name__ == "__main__":
    main()
