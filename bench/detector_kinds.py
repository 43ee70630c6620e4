"""What is said of pictures of other kinds than opinions are for: how many abstain, and what else.

    python -m bench.detector_kinds FOLDER --keep DIR

FOLDER holds `KIND_PUBLISHER/…`: drawings, games, pictures with writing over them (`kinds.SAID`),
and photographs of unusual kinds, all of publishers that no training has seen, and none generated.
For each kind: how many publishers and pictures; how many are abstained from for their form (small,
flat, coarse), and how many as of a kind or unlike all that was learnt from; how many of all the
words call generated, or photographed, and how many they would call so if kinds were not asked for.
"""

import argparse
from pathlib import Path

import numpy as np

from bench.detector import Told
from bench.training.kinds import pictures
from verifier.detector.calibration import Floats, Labels
from verifier.detector.detect import unlike
from verifier.detector.head import trained
from verifier.detector.kinds import SAID
from verifier.detector.result import Subject
from verifier.detector.samples import EXAMINED, gathered, read_files


def row(name: str, publishers: int, count: int, sides: Floats, told: Labels) -> str:
    """Format one kind's row: of `count` pictures those that are looked at have sides (n,).

    1 for generated, -1 for photographed; of some of them something is told.
    """
    shares = (
        (sides[some] == side).sum() / count for some in (told, told | True) for side in (1, -1)
    )
    words = "  ".join(f"{each:5.3f}" for each in shares)
    return (
        f"{name:12} {publishers:3d} {count:4d} {count - len(told):4d} {(~told).sum():4d}  {words}"
    )


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    options = parser.parse_args()
    found = list(pictures(options.folder))
    samples = gathered(read_files(found, options.keep, Subject.PICTURE, EXAMINED))
    sides = Told.by(trained(Subject.PICTURE), samples, Subject.PICTURE).sides
    features = samples.features.astype(np.float32)
    told = np.array([unlike(Subject.PICTURE, each) is None for each in features])
    kinds = np.array([str(each).partition("_")[0] for each in samples.sources])
    sources = np.array([source for source, _ in found])
    names = np.array([source.partition("_")[0] for source, _ in found])
    print(f"{'':34}words: generated, photo  without kinds: generated, photo")
    print(f"{'kind':12} {'of':>3} {'all':>4} form kind")
    for title, some in (
        *((each, [each]) for each in sorted(set(names), key=lambda k: (k not in SAID, k))),
        ("of a kind", sorted(SAID)),
        ("photographs", sorted(set(names) - set(SAID))),
    ):
        its, seen = np.isin(names, some), np.isin(kinds, some)
        if its.any():
            publishers = len(set(sources[its]))
            print(row(title, publishers, int(its.sum()), sides[seen], told[seen]))


if __name__ == "__main__":
    main()
