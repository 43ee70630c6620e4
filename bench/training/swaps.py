"""Train `verifier/detector/adapted.onnx`: `python -m bench.training.swaps PORTRAITS … --to NETS`.

PORTRAITS are real faces alone (`bench.training.portraits`). Processes draw pairs of a face, as it
is and laid over (`redraws`), all the while; networks side by side (`tuned_net`) learn from them to
tell the two, and where the seam lies ("Detecting Deepfakes with Self-Blended Images", CVPR 2022;
"Face X-ray for More General Face Forgery Detection", CVPR 2020), each without a part of the faces.
First auto-encoders (`makers`) learn to draw the same faces anew, which some pairs are laid over by.
Sources named by --left-out are seen by none. NETS comes to hold the networks, 0.onnx …, and what
draws anew; `bench.training.swaps_told` asks them of what was left out. What ships is the mean of
the networks: `python -m bench.training.swaps --mean NETS/?.onnx --to adapted.onnx`. It stops after
--seconds. Needs torch, onnx, opencv and PyAV.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from verifier.detector.blend import ANCHORS, OVAL

from . import adapted, makers, portraits, redraws
from .adapted import PLACES
from .pool import Array, Draws, Field, Pool, shared
from .portraits import Gathered
from .redraws import CELLS, CHIP, KINDS, LOOK, SQUARE, Pair, Pixels, Random
from .teach import Numbers, Ring, taught
from .tuned_net import Laid, State, one_of, onward

NETWORKS = 4  # each is taught without as small a part of the faces
ODDS = (0.28, 0.12, 0.16, 0.2, 0.1, 0.14)  # of the kinds of draw
FIRST = (0.5, 0.2, 0.0, 0.0, 0.0, 0.3)  # until faces are drawn anew
WORTH = {"video": 3.0, "face": 1.5, "face/real_utk_bagashvilit": 0.5}  # of a face
ALIKE = 32  # faces of others, of which the one that holds its head most alike is laid over
WHERE = 0.5  # how much telling where weighs beside telling whether
DROP = 0.2  # of what the line sees
FALLING = 0.5  # share of the time in which steps become smaller
FIELDS: tuple[Field, ...] = (
    ((2, SQUARE, SQUARE, 3), np.uint8),
    ((CELLS, CELLS), np.uint8),
    ((), np.int32),
)  # of a draw: both squares, the mask, and which face it is of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces, how they hold their heads, and as they are drawn anew: (makers, faces, …), once ready.

    `ready` is one number, in memory that processes share: not nought once faces are drawn anew.
    """

    told: Gathered
    poses: Floats
    anew: Pixels
    ready: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, told: Gathered) -> "Faces":
        """Faces, none of them drawn anew."""
        anew = shared((len(makers.KINDS), len(told.faces), CHIP, CHIP, 3), np.uint8)
        poses = np.array([_pose(each.points) for each in told.faces])
        return cls(told, poses, anew, shared((1,), np.uint8))

    def chips(self) -> Pixels:
        """The faces as auto-encoders see them."""
        with ThreadPoolExecutor() as pool:
            return np.stack(
                list(pool.map(lambda f: redraws.chip(f.rgb, f.points), self.told.faces))
            )

    def pair(self, place: int, kind: str, among: Numbers, random: Random) -> Pair:
        """Draw a face of this place, laid over by itself or by one of `among`."""
        maker = self.anew[random.integers(len(self.anew))]
        other = self._other(place, among, random) if kind.startswith("other") else None
        if other is None:
            by = None
        elif kind == "other":
            by = self.told.faces[other]
        else:
            by = redraws.of_chip(maker[other], self.told.faces[other].points)
        return redraws.pair(self.told.faces[place], by, maker[place], kind, random)

    def _other(self, place: int, among: Numbers, random: Random) -> int | None:
        """Whose face is laid over this one: None where all that were drawn are of the same file."""
        some = random.choice(among, ALIKE)
        some = some[self.told.files[some] != self.told.files[place]]
        away = np.abs(self.poses[some] - self.poses[place]).sum(1)
        return int(some[np.argmin(away)]) if len(some) else None


def _pose(points: redraws.Points) -> Floats:
    """Where the outline lies of a face whose eyes and mouth are brought to one place."""
    wanted = np.column_stack((points[list(ANCHORS)], np.ones(3)))
    rows = np.linalg.solve(wanted, np.array(((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))))
    return (np.column_stack((points[list(OVAL)], np.ones(len(OVAL)))) @ rows).ravel()


def draws(faces: Faces, learnt: Numbers) -> Draws:
    """Pairs without end of the faces of some places."""
    names = faces.told.sources[learnt]
    worth = np.array([WORTH.get(s, WORTH.get(s.split("/")[0], 1.0)) for s in names])
    chance = worth / worth.sum()

    def drawn(random: Random) -> Iterator[tuple[Array, ...]]:
        cv2.setNumThreads(1)
        while True:
            for place in random.choice(learnt, 64, p=chance):
                kind = random.choice(KINDS, p=ODDS if faces.ready[0] else FIRST)
                pair = faces.pair(int(place), str(kind), learnt, random)
                yield pair.squares, pair.cells, np.array(place)

    return drawn


class Store(Ring):
    """The pairs that were drawn last, where they are learnt from; each network lacks some faces."""

    def batch(self, many: int, random: Random) -> tuple[torch.Tensor, torch.Tensor]:
        """For each network `many` faces, and the same laid over; and masks of the latter.

        (networks, 2 * many, 3, LOOK, LOOK), changed alike, and (networks, many, 1, cells, cells).
        """
        have = self.have()
        of = self.facts[have] % NETWORKS
        picked = [random.choice(have[of != number], many) for number in range(NETWORKS)]
        rows = torch.from_numpy(np.concatenate(picked)).to(self.device)
        cell = SQUARE // CELLS
        top, left = random.integers(0, (SQUARE - LOOK) // cell + 1, 2).tolist()
        cells = LOOK // cell
        squares = self.fields[0][rows, :, top * cell :, left * cell :][:, :, :LOOK, :LOOK].float()
        masks = self.fields[1][rows, top : top + cells, left : left + cells].float() / 255
        flip = (torch.rand(len(rows), device=self.device) < 0.5)[:, None, None]
        squares = torch.where(flip[..., None, None], squares.flip(3), squares)
        masks = torch.where(flip, masks.flip(2), masks)[:, None]
        bright = 0.85 + 0.3 * torch.rand((len(rows), 1, 1, 1, 3), device=self.device)
        told = (squares * bright).clamp(0, 255).permute(1, 0, 4, 2, 3).flatten(0, 1)
        told = _rescaled(told, random).round().unflatten(0, (2, NETWORKS, many))
        return told.transpose(0, 1).flatten(1, 2), masks.unflatten(0, (NETWORKS, many))


def _rescaled(pixels: torch.Tensor, random: Random) -> torch.Tensor:
    """Now and then at a lower resolution, as a clip that was sent on."""
    if random.random() >= 0.3:
        return pixels
    side = int(LOOK * random.uniform(0.55, 0.95))
    small = functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    return functional.interpolate(small, (LOOK, LOOK), mode="bicubic").clamp(0, 255)


def places(masks: torch.Tensor) -> torch.Tensor:
    """Of masks, and as many faces before them that nothing is laid over: laid over, and a seam.

    (networks, n, 1, cells, cells) to (networks, 2n, PLACES², 2).
    """
    flat = masks.flatten(0, 1)
    side = flat.shape[-1] // PLACES
    seam = functional.max_pool2d(4 * flat * (1 - flat), side)
    both = torch.cat((functional.avg_pool2d(flat, side), seam), 1).flatten(2).transpose(1, 2)
    both = both.unflatten(0, masks.shape[:2])
    return torch.cat((torch.zeros_like(both), both), 1)


def learn(model: Laid, store: Store, options: argparse.Namespace) -> State:
    """Teach the networks until the time is up: the mean of their weights over the last steps."""
    random = np.random.default_rng(options.seed)
    truth = torch.arange(2 * options.batch, device=store.device) >= options.batch
    whether = truth.float().expand(NETWORKS, -1)

    def lesson(_: int) -> torch.Tensor:
        pixels, masks = store.batch(options.batch, random)
        seen = model.seen(pixels)
        bce = functional.binary_cross_entropy_with_logits
        told = bce(model.told(seen, DROP), whether, reduction="none").mean(1)
        where = bce(model.where_of(seen), places(masks), reduction="none").mean((1, 2, 3))
        return told + WHERE * where

    return taught(
        model,
        lesson,
        seconds=options.seconds,
        rate=options.rate,
        falling=FALLING,
        so_far=lambda state: _written(state, options.to),
    )


def _written(state: State, to: Path) -> None:
    for number in range(NETWORKS):
        part = to / f"{number}.part"
        adapted.export(one_of(state, number), part, name="laid_over")
        part.replace(to / f"{number}.onnx")


def drawn_anew(
    faces: Faces, learnt: Numbers, seconds: float, device: torch.device, to: Path
) -> None:
    """Teach auto-encoders for so long, draw all faces anew by them, and keep them."""
    chips = faces.chips()
    for number, maker in enumerate(makers.taught(chips, learnt, seconds, device)):
        faces.anew[number] = makers.drawn(maker, chips)
        makers.write(maker, to, number)
    faces.ready[0] = 1


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("portraits", type=Path, nargs="?")
    parser.add_argument("--left-out", nargs="*", default=[], help="as in video/real_talkers")
    parser.add_argument("--to", type=Path, required=True, help="NETS")
    parser.add_argument(
        "--mean", type=Path, nargs="*", help="write the mean of these to NETS, a file"
    )
    parser.add_argument("--start", type=Path, help="a network that all begin as")
    parser.add_argument("--seconds", type=float, default=580, help="of learning")
    parser.add_argument("--anew", type=float, default=45, help="seconds for the auto-encoders")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=15, help="processes that draw")
    parser.add_argument("--batch", type=int, default=64, help="pairs of a step, of each network")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--kept", type=int, default=60_000, help="pairs at once, 350 kB each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.mean:
        options.to.write_bytes(adapted.mean([each.read_bytes() for each in options.mean]))
        return
    if options.portraits is None:
        parser.error("say what is learnt from: PORTRAITS, by bench.training.portraits")
    options.to.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    device, faces = torch.device(options.device), Faces.of(portraits.gathered(options.portraits))
    out = np.isin(faces.told.sources, options.left_out)
    learnt = np.flatnonzero(~out)
    print(f"{len(learnt)} faces to learn from, {out.sum()} left out", flush=True)
    each = max(1, min(options.kept // options.workers, 500))
    pool = Pool(
        draws(faces, learnt),
        FIELDS,
        workers=options.workers,
        kept=options.workers * each,
        seed=options.seed,
    )
    drawn_anew(faces, learnt, options.anew, device, options.to)
    store = Store(pool, options.kept, device)
    store.begin()
    model = Laid(adapted.held(), NETWORKS)
    if options.start:
        onward(model, adapted.read(options.start.read_bytes()))
    state = learn(model.to(device), store, options)
    print(f"{store.drawn} pairs were drawn", flush=True)
    store.close()
    pool.close()
    _written(state, options.to)


if __name__ == "__main__":
    main()
