"""From scores to evidence: a likelihood ratio with its interval, no stronger than its data allow.

A score is calibrated on sources that the detector was not trained on, every source counting alike
within its class, so that one large source does not speak for all. How strong a ratio may get is
bounded by how much was seen (ELUB, "A Calibration Method for Bayes Factors: the Empirical Lower
and Upper Bound", Vergeer et al., Science & Justice 56, 2016): with one more misleading score of
each class, none of the ratios beyond the bounds would do better than saying nothing. The interval
is the bootstrap's over whole sources, since pictures of one source err together; and where files
come from sources that were not seen (`unseen`), each resample draws that source's offset too, as
far from the others as they are from one another.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .evidence import Evidence

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]

_LADDER = np.linspace(-6, 6, 1201)  # thresholds at which bounds are looked for
_PENALTY = 0.01  # on the slope, in pictures: keeps it finite where the classes do not overlap


@dataclass(frozen=True, slots=True)
class Calibration:
    """A line from a score to a log10 likelihood ratio, its bootstrapped siblings, and the bounds.

    `lines` has a row (slope, offset) a resample, the first of all the data; `bounds` are the least
    and the greatest log10 likelihood ratio that the data can support.
    """

    lines: Floats
    bounds: tuple[float, float]


def weigh(score: float, calibration: Calibration) -> Evidence:
    """What a score says; the ratio and both ends of its interval lie within the bounds."""
    told = np.clip(calibration.lines @ (score, 1.0), *calibration.bounds)
    low, high = np.quantile(told, (0.025, 0.975))
    middle = float(told[0])
    return Evidence(middle, (min(float(low), middle), max(float(high), middle)))


def calibrate(
    scores: Floats,
    generated: Labels,
    sources: Names,
    *,
    seed: int = 1,
    files: Names | None = None,
    resamples: int = 200,
    unseen: bool = False,
    by_size: bool = False,
) -> Calibration:
    """Fit a line to scores of shape (n,) from sources left out of training (logistic regression).

    `files` names the file of each score, where one was scored more than once: for the bounds it
    counts once. Where sources are many and some of them tiny, they may count by their size
    (`by_size`) rather than alike. Raises ValueError where a class has fewer than two sources.
    """

    def shares(which: Labels, names: Names) -> Floats:
        return _even(which, np.where(which, "1", "0") if by_size else names)

    lines = [_line(scores, generated, shares(generated, sources))]
    random = np.random.default_rng(seed)
    classes = [np.unique(sources[generated == which]) for which in (False, True)]
    if min(map(len, classes)) < 2:
        raise ValueError("a calibration needs two sources of photographs and two of generated ones")
    spread, known = _between(scores, generated, sources, by_size=by_size), len(classes[0])
    places = {name: np.flatnonzero(sources == name) for each in classes for name in each}
    while len(lines) <= resamples:
        drawn = [name for each in classes for name in random.choice(each, len(each))]
        chosen = [random.choice(places[name], len(places[name])) for name in drawn]
        rows = np.concatenate(chosen)
        # A source drawn twice counts twice: its second drawing goes by another name.
        names = np.repeat(np.arange(len(drawn)), [len(each) for each in chosen]).astype(np.str_)
        line = _line(scores[rows], generated[rows], shares(generated[rows], names))
        # Student's, since the spread itself is known from a few sources.
        if unseen:
            line[1] += line[0] * spread * random.standard_t(known - 1)
        lines.append(line)
    kept = np.array(lines)
    ratios = (scores * kept[0, 0] + kept[0, 1]).clip(-10, 10)
    return Calibration(kept, supported(ratios, generated, files))


def _between(scores: Floats, generated: Labels, sources: Names, *, by_size: bool) -> float:
    """The standard deviation of the middles of sources of photographs, which count as in `_line`.

    Of photographs, since to call one of a new source generated is the error that must be rare.
    """
    names, counts = np.unique(sources[~generated], return_counts=True)
    middles = np.array([np.median(scores[~generated & (sources == name)]) for name in names])
    shares = counts / counts.sum() if by_size else np.full(len(names), 1 / len(names))
    variance = shares @ (middles - shares @ middles) ** 2
    return float(np.sqrt(variance * len(names) / (len(names) - 1)))


def supported(ratios: Floats, generated: Labels, files: Names | None = None) -> tuple[float, float]:
    """The empirical bounds of log10 likelihood ratios of shape (n,); (0, 0) if none helps.

    With one misleading ratio added to each class, the normalised empirical cross-entropy of a
    decision at a threshold must stay below that of saying nothing (ELUB, section 2.3). A file that
    has several ratios, as `files` names them, is one file: they share its weight.
    """
    weights = np.ones(len(ratios))
    if files is not None:
        _, places, times = np.unique(files, return_inverse=True, return_counts=True)
        weights = 1 / times[places]
    total_false, total_true = weights[~generated].sum(), weights[generated].sum()
    above_false = total_false - _below(ratios[~generated], weights[~generated]) + 1
    below_true = _below(ratios[generated], weights[generated]) + 1
    false_share, miss_share = above_false / (total_false + 1), below_true / (total_true + 1)
    # At a threshold t the expected cost of acting is less than 10^t (or 1) only inside the bounds.
    cost = false_share * 10**_LADDER + miss_share
    least = np.minimum(1, 10**_LADDER)
    good = _LADDER[cost <= least]
    return (float(good.min(initial=0.0)), float(good.max(initial=0.0)))


def _below(ratios: Floats, weights: Floats) -> Floats:
    """The weight of what lies below each threshold of the ladder."""
    order = np.argsort(ratios)
    sums = np.concatenate(([0.0], weights[order].cumsum()))
    return sums[np.searchsorted(ratios[order], _LADDER, "left")]


def cllr(ratios: Floats, generated: Labels, sources: Names | None = None) -> float:
    """The cost of log10 likelihood ratios, in bits: 0 perfect, 1 as good as saying nothing.

    Brümmer and du Preez, "Application-independent evaluation of speaker detection" (2006).
    """
    names = np.where(generated, "1", "0") if sources is None else sources
    weights = _even(generated, names)
    signed = np.where(generated, -ratios, ratios) * np.log(10)
    return float((weights * np.logaddexp(0, signed)).sum() / np.log(2))


def expected_error(ratios: Floats, generated: Labels, *, bins: int = 10) -> float:
    """How far stated chances are from what came true, at even odds (ECE), in equal bins."""
    chances = 1 / (1 + 10.0**-ratios)
    weights = _even(generated, np.where(generated, "1", "0"))
    place = np.minimum((chances * bins).astype(int), bins - 1)

    def total(values: Floats) -> Floats:
        return np.bincount(place, values, bins).astype(np.float64)

    return float(np.abs(total(weights * chances) - total(weights * generated)).sum())


def error_by_chance(
    ratios: Floats, generated: Labels, *, seed: int = 1, resamples: int = 200
) -> tuple[float, float, float]:
    """What `expected_error` is of ratios like these that are exactly right: 5 %, half, 95 %.

    Labels are drawn anew as the ratios say, at the odds that the classes have here. With few files
    it is far from nought.
    """
    random = np.random.default_rng(seed)
    odds = generated.sum() / (~generated).sum() * 10.0**ratios
    drawn = random.random((resamples, len(ratios))) < odds / (1 + odds)
    told = [expected_error(ratios, each) for each in drawn if 0 < each.sum() < len(each)]
    low, middle, high = np.quantile(told, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)


def auc(scores: Floats, generated: Labels) -> float:
    """How often a generated picture scores above a photograph; ties count half."""
    below = np.sort(scores[~generated])
    right = np.searchsorted(below, scores[generated], "right")
    left = np.searchsorted(below, scores[generated], "left")
    return float((left + right).mean() / 2 / len(below))


def interval(
    measure: Callable[[Floats, Labels], float],
    scores: Floats,
    generated: Labels,
    *,
    seed: int = 1,
    resamples: int = 500,
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a measure, resampling each class."""
    random = np.random.default_rng(seed)
    classes = [np.flatnonzero(~generated), np.flatnonzero(generated)]
    told = []
    for _ in range(resamples):
        rows = np.concatenate([random.choice(each, len(each)) for each in classes])
        told.append(measure(scores[rows], generated[rows]))
    low, high = np.quantile(told, (0.025, 0.975))
    return float(low), float(high)


def _even(generated: Labels, sources: Names) -> Floats:
    """Weights that sum to one: half a class, and alike for each source within it."""
    weights = np.zeros(len(generated))
    for which in (False, True):
        names = np.unique(sources[generated == which])
        for name in names:
            rows = (sources == name) & (generated == which)
            weights[rows] = 0.5 / len(names) / rows.sum()
    return weights


def _line(scores: Floats, generated: Labels, weights: Floats) -> Floats:
    """Logistic regression of one feature, by Newton's steps; in log10 units, even odds."""
    slope, offset = 0.0, 0.0
    design = np.stack((scores, np.ones(len(scores))))
    for _ in range(50):
        chances = 1 / (1 + np.exp(-(slope * scores + offset).clip(-500, 500)))
        gradient = design @ (weights * (chances - generated))
        gradient[0] += _PENALTY / len(scores) * slope
        curve = (design * (weights * chances * (1 - chances))) @ design.T
        curve += np.diag((_PENALTY / len(scores), 1e-9))
        step = np.linalg.solve(curve, gradient)
        step *= min(1.0, 4 / max(np.abs(step).max(), 1e-12))  # far from the answer steps overshoot
        slope, offset = slope - step[0], offset - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return np.array((slope / np.log(10), offset / np.log(10)))
