"""Train a head that the package carries: `python -m verifier.detector.train SUBJECT FOLDER …`.

SUBJECT is `image` or `face`; FOLDER holds sources, as `samples` reads them. Every picture is
resized and compressed once, by draws from its own bytes, so that both classes come alike. SAID
holds what `adapted` says of each, taught without its family and without its source
(`bench.training.tuned_said`): lines of subject, the first digits of the SHA-256, both scores. The
same folder gives the same weights, where the runtime and its processor round alike. Printed beside
the figure of what was held out: what file size, shape and format alone would tell, and what is
learnt from labels at random (about 0.5).
"""

import argparse
import csv
import hashlib
import lzma
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import head, likeness
from .calibration import auc
from .learn import Kind, Learnt, Said, held_out, learn
from .learn_likeness import learn_likeness
from .result import Subject
from .samples import DIGITS, TRAINING, Samples, gathered, read_samples


def scores(path: Path, subject: Subject, digests: npt.NDArray[np.str_]) -> Said:
    """What `adapted` says of pictures, taught without their like; NaN where it was not asked.

    Raises ValueError where it was asked of none.
    """
    with lzma.open(path, "rt", encoding="ascii", newline="") as file:
        told = {digest: both for of, digest, *both in csv.reader(file) if of == subject}
    both = np.array([told.get(each[:DIGITS], (np.nan, np.nan)) for each in digests], np.float64)
    if np.isnan(both).all():
        raise ValueError(
            f"{path} has no line of these pictures: write one with bench.training.tuned_said"
        )
    return Said(both[:, 0], both[:, 1])


def show(samples: Samples, learnt: Learnt[Kind]) -> None:
    """Print how sources and families that were left out are told apart, and the two controls."""
    random = np.random.default_rng(0)
    generated = samples.generated
    form = (samples.form - samples.form.mean(0)) / (samples.form.std(0) + 1e-6)
    by_form = held_out(form, generated, samples.sources)
    shuffled = random.permutation(generated)
    folds = random.integers(0, 5, len(generated)).astype(np.str_)
    by_chance = learnt.left_out(shuffled, folds)
    asked = np.isfinite(learnt.by_family)
    for name, told in (("sources", learnt.by_source), ("families", learnt.by_family)):
        print(f"{name + ' left out':18} AUC {auc(told[asked], generated[asked]):.3f}")
    print(f"format alone       AUC {auc(by_form, generated):.3f}")
    print(f"labels at random   AUC {auc(by_chance, shuffled):.3f}")


def _shown(samples: Samples, learnt: Learnt[Kind]) -> Kind:
    show(samples, learnt)
    low, high = learnt.head.calibration.bounds
    print(f"log10 likelihood ratios between {low:.2f} and {high:.2f}")
    return learnt.head


def main() -> None:
    """Train on what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where features are kept")
    parser.add_argument("--most", type=int, default=400, help="pictures of a source")
    parser.add_argument("--said", type=Path, required=True, help="scores by `adapted`, .csv.xz")
    parser.add_argument("--to", type=Path, required=True, help="where the weights are written")
    options = parser.parse_args()
    subject = options.subject
    samples = gathered(
        read_samples(options.folder, options.keep, subject, TRAINING, most=options.most)
    )
    said = scores(options.said, subject, samples.digests)
    for name, count in zip(*np.unique(samples.sources, return_counts=True), strict=True):
        print(f"{count:5d} {name}")
    told = samples.features[:, :-1], samples.generated, samples.sources
    if subject == Subject.PICTURE:
        data = likeness.to_bytes(_shown(samples, learn_likeness(*told, said=said)))
    else:
        data = head.to_bytes(_shown(samples, learn(*told, said=said)))
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
