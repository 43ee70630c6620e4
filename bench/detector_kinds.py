"""What is said of pictures of other kinds than opinions are for: how many abstain, and what else.

    python -m bench.detector_kinds FOLDER --keep DIR

FOLDER holds `KIND_PUBLISHER/…`: drawings, games, pictures with writing over them (`kinds.SAID`),
and photographs of unusual kinds, all of publishers that no training has seen, and none generated.
For each kind: how many publishers and pictures; how many are abstained from for their form (small,
flat, coarse), and how many as of a kind or unlike all that was learnt from; how many of all the
words call generated, or photographed, and how many they would call so if kinds were not asked for.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.kinds import pictures
from verifier.detector.calibration import weigh
from verifier.detector.detect import SIDES, unlike
from verifier.detector.evidence import in_words
from verifier.detector.head import trained
from verifier.detector.kinds import SAID
from verifier.detector.result import Subject
from verifier.detector.samples import EXAMINED, Sample, read_files


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a picture: -1 photographed, 1 generated, 0 neither; and why nothing is."""

    side: int
    unlike: str | None

    @classmethod
    def of(cls, sample: Sample) -> "Said":
        """Weigh a picture, and ask of which kind it is."""
        head, names = trained(Subject.PICTURE), SIDES[Subject.PICTURE]
        words = in_words(weigh(head.score(sample.features), head.calibration), names)
        side = words.endswith(names[0]) - words.endswith(names[1])
        return cls(side, unlike(Subject.PICTURE, sample.features))


def row(name: str, publishers: int, count: int, said: list[Said]) -> str:
    """Format one kind's row."""
    sides = np.array([each.side for each in said])
    told = np.array([each.unlike is None for each in said], bool)
    shares = (
        (sides == side)[some].sum() / count for some in (told, told | True) for side in (1, -1)
    )
    words = "  ".join(f"{each:5.3f}" for each in shares)
    return (
        f"{name:12} {publishers:3d} {count:4d} {count - len(said):4d} {(~told).sum():4d}  {words}"
    )


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    options = parser.parse_args()
    found = list(pictures(options.folder))
    samples = list(read_files(found, options.keep, Subject.PICTURE, EXAMINED))
    names = np.array([source.partition("_")[0] for source, _ in found])
    sources = np.array([source for source, _ in found])
    kinds = np.array([each.source.partition("_")[0] for each in samples])
    said = [Said.of(each) for each in samples]
    print(f"{'':34}words: generated, photo  without kinds: generated, photo")
    print(f"{'kind':12} {'of':>3} {'all':>4} form kind")
    for title, some in (
        *((each, [each]) for each in sorted(set(names), key=lambda k: (k not in SAID, k))),
        ("of a kind", sorted(SAID)),
        ("photographs", sorted(set(names) - set(SAID))),
    ):
        its = np.isin(names, some)
        of_them = [one for one, kind in zip(said, kinds, strict=True) if kind in some]
        if its.any():
            print(row(title, len(set(sources[its])), int(its.sum()), of_them))


if __name__ == "__main__":
    main()
