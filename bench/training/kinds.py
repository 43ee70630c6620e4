"""Learn `verifier/detector/kinds.npz`.

    python -m bench.training.kinds FOLDER --keep DIR --to kinds.npz

FOLDER holds `kinds/train/KIND_PUBLISHER/…`, pictures of kinds that opinions are not for
(`kinds.SAID`) and photographs of unusual ones (news, aerial, …), and `image/train/` with the
sources that opinions are learnt from: the last two are what is ordinary. Lines are learnt twice:
what was generated to look drawn or painted is found by the first, and left out of the second. What
is seen is kept in DIR. Printed: for each kind, publishers left out in FOLDS, how many are taken for
ordinary, and for what else. Takes a few minutes of one core once everything has been seen (0.14 s
each).
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from verifier.detector.kinds import LIKELY, ORDINARY, SAID, TOKENS, Kinds, to_bytes
from verifier.detector.learn import Components
from verifier.detector.result import Subject
from verifier.detector.samples import TRAINING, Samples, gathered, read_files, read_samples

COMPONENTS = 512  # of what differs most between pictures
PENALTY = 10.0  # on the lines' squared weights, in pictures
POWER = 0.5  # of a source's size, by which it weighs
UNUSUAL = 0.25  # share of the unusual photographs in what ordinary pictures weigh
MOST = 40  # pictures of a source of `image/train`
FOLDS = 5

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]


def pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file of a folder of `KIND_PUBLISHER/`, and that name."""
    for place in sorted(each for each in folder.iterdir() if each.is_dir()):
        yield from ((place.name, path) for path in sorted(place.iterdir()))


def weigh(kinds: Names, sources: Names, unusual: npt.NDArray[np.bool_]) -> Floats:
    """What each picture weighs, their mean 1: half is what is ordinary, kinds share the rest."""
    _, place, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = counts[place] ** (POWER - 1)
    ordinary = kinds == ORDINARY
    parts = [(kinds == each, 1.0) for each in np.unique(kinds[~ordinary])]
    half = float(len(parts))
    parts.append((ordinary & unusual, UNUSUAL * half))
    parts.append((ordinary & ~unusual, (1 - UNUSUAL) * half))
    for part, worth in parts:
        weights[part] *= worth / weights[part].sum() if part.any() else 1.0
    return np.asarray(weights / weights.mean())


def learn(tokens: Floats, kinds: Names, weights: Floats) -> Kinds:
    """Learn a line a kind from pictures of shape (n, TOKENS)."""
    components = Components(tokens, COMPONENTS)
    along = components(tokens) / components.deviations[0]
    names = [ORDINARY, *sorted(set(kinds) - {ORDINARY})]
    wanted = (kinds[:, None] == np.array(names)).astype(float)
    shape = len(names), along.shape[1]

    def cost(flat: Floats) -> tuple[float, Floats]:
        lines, offsets = flat[: -shape[0]].reshape(shape), flat[-shape[0] :]
        told = along @ lines.T + offsets
        told -= told.max(1, keepdims=True)
        logs = told - np.log(np.exp(told).sum(1, keepdims=True))
        away = weights[:, None] * (np.exp(logs) - wanted)
        slopes = away.T @ along + PENALTY * lines
        total = -(weights[:, None] * wanted * logs).sum() + PENALTY / 2 * (lines**2).sum()
        return float(total), np.append(slopes.ravel(), away.sum(0))

    start = np.zeros(shape[0] * (shape[1] + 1))
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    lines, offsets = found[: -shape[0]].reshape(shape), found[-shape[0] :]
    turned = (components.directions / components.deviations[0]).T * components.scale
    told = lines @ turned
    return Kinds(tuple(names), told, offsets - told @ components.centre)


def kinds_of(samples: Samples) -> Names:
    """Of which kind pictures of `KIND_PUBLISHER` are; unusual photographs are ordinary."""
    told = (str(each).partition("_")[0] for each in samples.sources)
    return np.array([each if each in SAID else ORDINARY for each in told])


def folds(samples: Samples) -> npt.NDArray[np.int64]:
    """Which fold each picture's publisher is left out in."""
    names = (str(each).partition("_")[2] for each in samples.sources)
    return np.array([hashlib.sha256(each.encode()).digest()[0] % FOLDS for each in names])


class Training:
    """Pictures of kinds, and those that opinions are learnt from."""

    def __init__(self, some: Samples, ordinary: Samples) -> None:
        self.some, self.kinds = some, kinds_of(some)
        self.ordinary = ordinary
        first = self.learnt(np.ones(len(self.kinds), bool))
        likely = first.chances(ordinary.features[:, :TOKENS])[:, 0]
        self.ordinary = ordinary[~ordinary.generated | (likely >= LIKELY)]
        self.left_out = len(likely) - len(self.ordinary.digests)

    def learnt(self, rows: npt.NDArray[np.bool_]) -> Kinds:
        """Learn from some pictures of kinds, and all others."""
        some, ordinary = self.some[rows], self.ordinary
        tokens = np.concatenate((some.features[:, :TOKENS], ordinary.features[:, :TOKENS]))
        count = len(ordinary.digests)
        kinds = np.concatenate((self.kinds[rows], np.full(count, ORDINARY)))
        sources = np.concatenate((some.sources, ordinary.sources))
        unusual = np.arange(len(kinds)) < len(kinds) - count
        return learn(tokens, kinds, weigh(kinds, sources, unusual))


def show(training: Training) -> None:
    """Print what publishers that are left out are taken for, by kind."""
    some, fold = training.some, folds(training.some)
    told = np.full(len(fold), ORDINARY, dtype=object)
    for each in range(FOLDS):
        kinds, out = training.learnt(fold != each), fold == each
        told[out] = [kinds.of(one) for one in some.features[out].astype(np.float32)]
    of = np.array([str(each).partition("_")[0] for each in some.sources])
    for name in sorted(set(of)):
        its = Counter(told[of == name])
        rest = ", ".join(f"{other} {many}" for other, many in its.most_common())
        print(f"{name:12} {its.total():4d}  ordinary {its[ORDINARY] / its.total():.2f}  ({rest})")


def main() -> None:
    """Learn from what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--to", type=Path, required=True, help="where the lines are written")
    options = parser.parse_args()
    places = pictures(options.folder / "kinds" / "train")
    some = gathered(read_files(places, options.keep, Subject.PICTURE, TRAINING))
    folder = options.folder / "image" / "train"
    ordinary = gathered(read_samples(folder, options.keep, Subject.PICTURE, TRAINING, most=MOST))
    training = Training(some, ordinary)
    print(f"{training.left_out} generated pictures look drawn, or otherwise of a kind")
    show(training)
    kinds = training.learnt(np.ones(len(training.kinds), bool))
    data = to_bytes(kinds)
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
