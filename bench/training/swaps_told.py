"""How well networks of `bench.training.swaps` tell faces laid over, of people they were not taught.

    python -m bench.training.swaps_told PORTRAITS --nets NETS --of video/real_talkers …

Pairs are drawn of the sources named, which no network may have seen, as in training, by the
auto-encoders that NETS holds. Printed is the area under the ROC curve of each network, of the mean
of their weights, of what ships, and of `seams`: over all, over faces of clips, by each kind of
draw, and where the coding is coarsest. Needs torch, onnx, opencv and PyAV.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from verifier.detector import encoder, seams
from verifier.detector.adapted import SWAPS
from verifier.detector.calibration import auc

from . import adapted, makers, portraits
from .portraits import Gathered
from .redraws import KINDS, LOOK, QUALITIES, SQUARE, Pair, Pixels
from .swaps import ODDS, Faces

Says = Callable[[Pixels], float]


def network(graph: bytes) -> Says:
    """What a graph says of a square."""
    session = encoder.opened(threads=1, graph=graph)
    return lambda square: float(session.run([SWAPS.says], {"pixels": square[None]})[0][0, 0])


def asked(nets: Path) -> dict[str, Says]:
    """All that is asked, by name."""
    paths = sorted(nets.glob("?.onnx"))
    graphs = {path.stem: path.read_bytes() for path in paths}
    graphs["mean"] = adapted.mean(list(graphs.values()))
    told = {name: network(each) for name, each in graphs.items()}
    return told | {"shipped": lambda square: SWAPS.look(square)[1], "seams": seams.score}


def drawn(faces: Faces, count: int, seed: int) -> tuple[list[Pair], list[str], list[str]]:
    """Pairs, and the kind and source of each: pictures laid over by pictures, clips by clips."""
    random = np.random.default_rng(seed)
    sources = faces.told.sources
    pairs, kinds, of = [], [], []
    for place in random.permutation(len(sources))[:count]:
        alike = np.char.startswith(sources, sources[place].split("/")[0])
        kind = str(random.choice(KINDS, p=ODDS))
        pairs.append(faces.pair(int(place), kind, np.flatnonzero(alike), random))
        kinds.append(kind)
        of.append(str(sources[place]))
    return pairs, kinds, of


def main() -> None:
    """Ask what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--nets", type=Path, required=True)
    parser.add_argument("--of", nargs="+", required=True, help="sources that were left out")
    parser.add_argument("--pairs", type=int, default=470)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = portraits.gathered(options.portraits)
    rows = np.flatnonzero(np.isin(every.sources, options.of))
    kept = [every.faces[row] for row in rows]
    faces = Faces.of(Gathered(kept, every.sources[rows], every.files[rows]))
    torch.set_num_threads(1)
    chips = faces.chips()
    for number, maker in enumerate(makers.read(options.nets)):
        faces.anew[number] = makers.drawn(maker, chips)
    pairs, kinds, of = drawn(faces, options.pairs, options.seed)
    edge = (SQUARE - LOOK) // 2
    squares = [np.ascontiguousarray(s[edge:-edge, edge:-edge]) for p in pairs for s in p.squares]
    coarse = np.array([each.quality == QUALITIES[-1] for each in pairs])
    parts = {"all": np.ones(len(pairs), bool), "clips": np.char.startswith(of, "video/")}
    parts |= {kind: np.array(kinds) == kind for kind in KINDS} | {"coarsest": coarse}
    print(f"{len(pairs)} pairs; {'':4}", *(f"{name:>13}" for name in parts))
    for name, says in asked(options.nets).items():
        told = np.array([says(each) for each in squares]).reshape(-1, 2)
        areas = [
            auc(told[part].ravel(), np.tile((False, True), int(part.sum()))) if part.any() else None
            for part in parts.values()
        ]
        print(f"{name:16}", *(f"{'-' if a is None else format(a, '.3f'):>13}" for a in areas))


if __name__ == "__main__":
    main()
