"""How well generated clips are told from filmed ones by some of their frames, source by source.

    python -m bench.detector_footage FOLDER --keep DIR [--most N]

FOLDER holds sources of clips that no calibration has seen, `real*/` and `fake*/` in any tree. The
table and the controls are those of `bench.detector`: over all, and each family of makers, talking
people and other filmed clips against the other class. Then the same clips coded again (at most 480
lines, rate factors of 26 to 36, by a draw from their bytes), both classes alike, beside what was
told of them as published. What is seen of frames is kept in DIR by digest.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.detector import Told, controls, show
from bench.training.footage import CODED, PUBLISHED, Clip, family, read
from verifier.detector import footage
from verifier.detector.calibration import auc
from verifier.detector.samples import Samples


def judged(clips: list[Clip]) -> tuple[Samples, Told]:
    """Clips that are judged, as a table's rows, and what the product says of them."""
    kept = [each for each in clips if _silent(each) is None]
    samples = Samples(
        np.array([each.digest for each in kept]),
        np.array([each.seen for each in kept]),
        np.array([each.generated for each in kept]),
        np.array([each.source for each in kept]),
        np.array([each.form for each in kept], np.float64),
    )
    by = [footage.calibration(faces_close=each.near) for each in kept]
    return samples, Told.between(footage.SIDES, footage.trained(), samples, by)


def _silent(clip: Clip) -> str | None:
    """Why nothing is said of a clip, or None."""
    return clip.reason if clip.seen is None else footage.unlike(clip.seen)


def _group(source: str) -> str:
    """A maker's family; filmed clips of talking people, and other ones."""
    filmed = "real_talking_people" if source.endswith("_talk") else "real_others"
    return family(source) if source.startswith("fake") else filmed


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--most", type=int, default=12, help="clips of a source")
    options = parser.parse_args()
    published, coded = (
        list(read(options.folder, options.keep, view, most=options.most))
        for view in (PUBLISHED, CODED)
    )
    samples, told = judged(published)
    groups = np.array([_group(str(each)) for each in samples.sources])
    total = Counter(_group(each.source) for each in published)
    show(replace(samples, sources=groups), told, dict(sorted(total.items())))
    controls(samples, told)
    silent = Counter(filter(None, map(_silent, published)))
    for reason, count in silent.most_common():
        print(f"abstained from {count:3d}: {reason}")
    again, told_again = judged(coded)
    rows = np.isin(again.digests, samples.digests)
    before = np.isin(samples.digests, again.digests)
    wrong = np.mean(told_again.sides[rows] == np.where(again.generated[rows], -1, 1))
    print(
        f"coded again: {rows.sum()} told, AUC "
        f"{auc(told_again.scores[rows], again.generated[rows]):.3f}, as published "
        f"{auc(told.scores[before], samples.generated[before]):.3f}; words for the wrong side "
        f"{wrong:.3f}, for neither {np.mean(told_again.sides[rows] == 0):.3f}"
    )


if __name__ == "__main__":
    main()
