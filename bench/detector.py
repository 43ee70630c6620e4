"""How well generated pictures are told from photographs, source by source: the detector's table.

    python -m bench.detector FOLDER --keep DIR [--head FILE] [--plot DIR]

FOLDER holds `real*/` and `fake*/` sources that no training has seen. Printed are, over all and for
each source against the other class, the area under the ROC curve with its bootstrapped interval,
the share above the threshold that 5 % of photographs exceed (and above the one of 1 %), the cost
of the likelihood ratios (Cllr: 1 says nothing) and how far they are from what came true (ECE). The
controls: what size, shape and format alone tell, learnt here with sources left out, and scores by
labels at random. Pictures on which the detector abstains are counted, and left out of the rest.
`--plot` draws the reliability diagram and the Tippett plot. Features are kept in DIR by digest.
"""

import argparse
from pathlib import Path

import numpy as np

from verifier.detector.calibration import Floats, Labels, auc, cllr, expected_error, interval
from verifier.detector.head import Head, from_bytes, trained
from verifier.detector.learn import held_out
from verifier.detector.train import Samples, gathered, read_samples


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where features are kept")
    parser.add_argument("--head", type=Path, help="other weights than those of the package")
    parser.add_argument("--most", type=int, default=100, help="pictures of a source")
    parser.add_argument("--plot", type=Path, help="where to draw")
    options = parser.parse_args()
    head = from_bytes(options.head.read_bytes()) if options.head else trained()
    samples = gathered(read_samples(options.folder, options.keep, seed=None, most=options.most))
    near = np.array([head.distance(each) for each in samples.features]) <= float(head.farthest)
    print(f"{len(near)} pictures, abstained on {np.sum(~near)} unlike the training's")
    kept = Samples(
        samples.features[near], samples.generated[near], samples.sources[near], samples.form[near]
    )
    ratios = show(kept, head)
    if options.plot:
        draw(ratios, kept.generated, options.plot)


def show(samples: Samples, head: Head) -> Floats:
    """Print the table; the log10 likelihood ratios of the samples."""
    generated = samples.generated
    scores = samples.features @ head.weights + head.offset
    slope, offset = head.lines[0]
    ratios: Floats = np.clip(slope * scores + offset, *head.bounds)
    five, one = np.quantile(scores[~generated], (0.95, 0.99))
    print(f"{'source':34} {'n':>4}  {'AUC':22} > 5 %  > 1 %   LR>1")
    row("all", scores, generated, (five, one), ratios)
    for name in np.unique(samples.sources):
        its = samples.sources == name
        against = its | (generated != generated[its][0])
        row(name, scores[against], generated[against], (five, one), ratios[against], its[against])
    bits = cllr(ratios, generated, samples.sources)
    print(f"Cllr {bits:.3f}, every source alike; ECE {expected_error(ratios, generated):.3f}")
    form = (samples.form - samples.form.mean(0)) / (samples.form.std(0) + 1e-6)
    alone = held_out(form, generated, samples.sources)
    print(f"format alone, sources left out   AUC {auc(alone, generated):.3f}")
    shuffled = np.random.default_rng(1).permutation(generated)
    print(f"labels at random                 AUC {auc(scores, shuffled):.3f}")
    return ratios


def row(
    name: str,
    scores: Floats,
    generated: Labels,
    limits: tuple[float, float],
    ratios: Floats,
    its: Labels | None = None,
) -> None:
    """Print one source: its AUC against the other class, and its share above each threshold."""
    if its is None:
        its = generated
    low, high = interval(auc, scores, generated)
    area = f"{auc(scores, generated):.3f} ({low:.3f} to {high:.3f})"
    above = "  ".join(f"{np.mean(scores[its] > limit):.3f}" for limit in limits)
    print(f"{name:34} {its.sum():4}  {area:22} {above}  {np.mean(ratios[its] > 0):.3f}", flush=True)


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
