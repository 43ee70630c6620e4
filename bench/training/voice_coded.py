"""Train the line of voices through codecs.

    python -m bench.training.voice_coded FOLDER --sources CSV

FOLDER holds sources of 16 kHz WAVs, one a folder, `real*/` and `fake*/`; CSV says of each which
folds leave it out, pages whole: a page's recordings and its clones have a room, a microphone and a
maker of files in common. Every clip, with a little noise, is heard twice by each seed, as it is and
handled (`voice_handled`: cleaned of noise, equalised, put into a room …), each time whole through
one of three: no codec, Opus of 16 or AAC of 48 kbit/s; its windows are cut as the detector cuts
them. Sources weigh by the root of their size, classes alike. What is shipped is the mean of the
folds' lines. What calibrates it are means over the windows of a clip, as the detector weighs means,
of the scores by the line that never heard the clip's page; every clip counts alike, but for those
that CSV calls copies, of recordings by a vocoder alone, in which nobody is made to speak. The mean
of several lines says more of a page than one of them does, so ratios are then raised to the power
that suits means of lines on pages which neither they nor their calibration had: folds within folds
tell it. What hears low-rate MP3 and speech, and the units of the statistics, are those of
`--beside`, an earlier `voice.npz` of `bench.training.voice`, which this one replaces.
"""

import argparse
import csv
import hashlib
import itertools
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from verifier.detector import voice_model
from verifier.detector.calibration import auc, calibrate, cllr, supported
from verifier.detector.voice import windows
from verifier.detector.voice_bands import RATE, seen, spectrum
from verifier.detector.voice_domain import (
    EMPTY,
    SILENT,
    describe,
    emptiness,
    is_narrow,
    loudness,
    seconds_of_sound,
)
from verifier.detector.voice_model import Line
from verifier.detector.voice_network import NUMBERS, numbers
from verifier.detector.voice_statistics import statistics

from .voice_handled import handled
from .voice_views import CODECS, NONE, clips, noisy, through

THROUGH = (NONE, *(each for each in CODECS if each.name in ("opus-16", "aac-48")))
RIDGE = 0.1  # on each weight of the line, where the windows' weights sum to one
STEPS = 100  # of L-BFGS, at most
LENGTH = 1685 + NUMBERS
LONGEST = 12 * RATE  # samples of a clip that are heard
POWERS = np.arange(0.8, 2.001, 0.05)  # of ratios, that are tried
_FEWEST_FOLDS = 3  # for folds within folds
_TOGETHER = 24  # clips
AS_IT_IS = "as it is"

Floats = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is learnt from: numbers of each window, what it has been through, and whose it is."""

    told: Floats  # (n, LENGTH)
    codecs: npt.NDArray[np.int64]  # places in THROUGH
    ways: npt.NDArray[np.str_]  # how they were handled; AS_IT_IS
    sources: npt.NDArray[np.str_]
    clips: npt.NDArray[np.str_]

    def __getitem__(self, rows: npt.NDArray[np.intp]) -> "Heard":
        """Those of some rows."""
        return Heard(*(getattr(self, each.name)[rows] for each in fields(self)))

    @property
    def cloned(self) -> npt.NDArray[np.bool_]:
        """Whether each window is of a synthetic source."""
        return np.char.startswith(self.sources, "fake")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A line through numbers in these units, its offset last."""

    mean: Floats
    deviation: Floats
    weights: Floats


def is_judged(part: Floats) -> bool:
    """Whether the detector would listen to a window."""
    if len(part) < RATE or loudness(part) < SILENT:
        return False
    energy = spectrum(part)
    speech = voice_model.trained().is_speech(describe(part, energy))
    if emptiness(energy) > EMPTY or is_narrow(energy):
        return False
    return speech and seconds_of_sound(energy) >= 1


def gathered(folder: Path, names: list[str], most: int) -> list[tuple[str, str, Floats]]:
    """Source, name and the first twelve seconds of at most so many clips of each source."""
    return [
        (name, clip, samples[:LONGEST])
        for name in names
        for clip, samples in clips(folder / name, most)
    ]


def heard(options: argparse.Namespace, names: list[str], seed: int) -> Heard:
    """The numbers of all windows, each clip as it is and handled, made where DIR lacks them.

    Clips bear the seed in their names: heard through another codec they are others.
    """
    options.keep.mkdir(parents=True, exist_ok=True)
    kept = options.keep / f"clips.{options.most}.{seed}.npz"
    if not kept.exists():
        found = gathered(options.folder, names, options.most)
        # What is coded together is of all sources, so that no codec's state tells one.
        order = np.random.default_rng(seed).permutation(2 * len(found))
        starts = range(0, len(order), _TOGETHER)
        chunks = [
            Chunk(
                tuple(found[row // 2][2] for row in order[start : start + _TOGETHER]),
                tuple(bool(row % 2) for row in order[start : start + _TOGETHER]),
                chunk % len(THROUGH),
                (seed, chunk),
                options.ffmpeg,
            )
            for chunk, start in enumerate(starts)
        ]
        rows = list[tuple[Floats, int, str, str, str]]()
        with ProcessPoolExecutor(options.workers) as beside:
            for start, chunk, its in zip(starts, chunks, beside.map(listened, chunks), strict=True):
                for place, way, numbered in its:
                    source, clip, _ = found[order[start + place] // 2]
                    rows.append((numbered, chunk.codec, way, source, clip))
        told, codecs, ways, sources, named = (np.array(each) for each in zip(*rows, strict=True))
        np.savez(kept, told=told, codecs=codecs, ways=ways, sources=sources, clips=named)
    with np.load(kept, allow_pickle=False) as held:
        known = Heard(*(held[each.name] for each in fields(Heard)))
    return replace(known, clips=np.char.add(known.clips, f" {seed}"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Clips that go through one codec together, and which of them are handled before."""

    parts: tuple[Floats, ...]
    handled: tuple[bool, ...]
    codec: int
    seed: tuple[int, int]
    ffmpeg: str


def listened(chunk: Chunk) -> list[tuple[int, str, Floats]]:
    """Of each window that is judged: its clip's place, how that was handled, and its numbers."""
    random = np.random.default_rng(chunk.seed)
    parts, ways = list[Floats](), list[str]()
    for samples, also in zip(chunk.parts, chunk.handled, strict=True):
        way, part = handled(samples, random, chunk.ffmpeg) if also else (AS_IT_IS, samples)
        parts.append(noisy(part, random))
        ways.append(way)
    told = list[tuple[int, str, Floats]]()
    for place, part in enumerate(through(parts, THROUGH[chunk.codec], chunk.ffmpeg)):
        for one in windows([part]):
            if is_judged(one):
                its = np.concatenate((statistics(seen(spectrum(one))), numbers(one)))
                told.append((place, ways[place], its))
    return told


def joined(parts: list[Heard]) -> Heard:
    """All that was heard, as one."""
    return Heard(
        *(np.concatenate([getattr(each, one.name) for each in parts]) for one in fields(Heard))
    )


def by_clip(known: Heard, scores: Scores, copies: Collection[str] = ()) -> tuple[Heard, Scores]:
    """The first window of each clip that was judged, and the mean of its windows' scores.

    A clip as it is and the same one handled are two; sources that are `copies` are left out.
    """
    judged = np.flatnonzero(np.isfinite(scores) & ~np.isin(known.sources, list(copies)))
    names = (known.sources[judged], known.clips[judged], known.ways[judged] == AS_IT_IS)
    name = np.array(["/".join(map(str, each)) for each in zip(*names, strict=True)])
    _, first, which = np.unique(name, return_index=True, return_inverse=True)
    mean = np.bincount(which, scores[judged]) / np.bincount(which)
    return known[judged[first]], mean


def originals(known: Heard) -> npt.NDArray[np.str_]:
    """The file of each: however often a clip is heard, for bounds it counts once."""
    names = zip(known.sources, known.clips, strict=True)
    return np.array([f"{source}/{clip.rpartition(' ')[0]}" for source, clip in names])


def evenly(known: Heard, rows: npt.NDArray[np.bool_]) -> Floats:
    """How much each of `rows` weighs: half of each class; a source by the root of its size."""
    shares = np.zeros(len(known.sources))
    for which in (False, True):
        its = rows & (known.cloned == which)
        names, counts = np.unique(known.sources[its], return_counts=True)
        for name, count in zip(names, counts, strict=True):
            shares[its & (known.sources == name)] = count**-0.5
        shares[its] /= 2 * shares[its].sum()
    return shares[rows]


def fitted(along: Floats, cloned: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """A line of logistic regression through (n, numbers), its offset last."""

    def cost(line: Floats) -> tuple[float, Floats]:
        scores = along @ line[:-1] + line[-1]
        slope = weights * (expit(scores) - cloned)
        lost = weights @ np.logaddexp(0, np.where(cloned, -scores, scores))
        ridge = RIDGE * line[:-1]
        return float(lost + ridge @ line[:-1] / 2), np.append(along.T @ slope + ridge, slope.sum())

    start = np.zeros(along.shape[1] + 1)
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    told: Scores = found.x
    return told


def left_out(known: Heard, folds: dict[str, set[int]], earlier: Line) -> tuple[Fitted, Scores]:
    """The mean of the folds' lines, and the scores (n,) of windows by the line that heard none.

    What several folds leave out is scored by none of them.
    """
    mean, deviation = units(known, earlier)
    along = ((known.told - mean) / deviation).clip(-4, 4)
    scores = np.full(len(known.sources), np.nan)
    lines = []
    for fold in sorted(set.union(*folds.values())):
        judged = np.array([folds[each] == {fold} for each in known.sources])
        lines.append(without(known, along, folds, {fold}))
        scores[judged] = along[judged] @ lines[-1][:-1] + lines[-1][-1]
        print(f"fold {fold}: {auc(scores[judged], known.cloned[judged]):.3f}")
    return Fitted(mean, deviation, np.mean(lines, 0)), scores


def without(known: Heard, along: Floats, folds: dict[str, set[int]], left: set[int]) -> Floats:
    """The line of what no fold of `left` leaves out."""
    learnt = np.array([not left & folds[each] for each in known.sources])
    return fitted(along[learnt], known.cloned[learnt], evenly(known, learnt))


def power(
    known: Heard, folds: dict[str, set[int]], earlier: Line, copies: Collection[str] = ()
) -> float:
    """What log ratios are multiplied by, to suit the mean of lines on pages that are new to all.

    For each fold all is done again without it: lines that leave out one more, calibrated by what
    they left out, and their mean asked of the fold. The power is that of the least cost there.
    """
    mean, deviation = units(known, earlier)
    along = ((known.told - mean) / deviation).clip(-4, 4)
    every = sorted(set.union(*folds.values()))
    if len(every) < _FEWEST_FOLDS:
        return 1.0
    pairs = list(itertools.combinations(every, 2))
    scores = {pair: _scored(along, without(known, along, folds, set(pair))) for pair in pairs}
    judged = {fold: np.array([folds[each] == {fold} for each in known.sources]) for fold in every}
    parts = []
    for fold in every:
        inner, outer = (np.full(len(known.sources), np.nan) for _ in range(2))
        its = {
            other: scores[min(fold, other), max(fold, other)] for other in every if other != fold
        }
        for other, each in its.items():
            inner[judged[other]] = each[judged[other]]
        outer[judged[fold]] = np.mean([each[judged[fold]] for each in its.values()], 0)
        (learnt, given), (asked, told) = (by_clip(known, each, copies) for each in (inner, outer))
        line = calibrate(given, learnt.cloned, learnt.sources, resamples=0, by_size=True).lines[0]
        parts.append(
            (given * line[0] + line[1], learnt.cloned, told * line[0] + line[1], asked.cloned)
        )
    cloned = np.concatenate([each for *_, each in parts])

    def cost(raised: float) -> float:
        bounds = [supported((raised * given).clip(-10, 10), which) for given, which, *_ in parts]
        ratios = [
            (raised * told).clip(*its) for its, (*_, told, _) in zip(bounds, parts, strict=True)
        ]
        return cllr(np.concatenate(ratios), cloned)

    return float(min(POWERS, key=cost))


def _scored(along: Floats, line: Floats) -> Scores:
    told: Scores = along @ line[:-1] + line[-1]
    return told


def units(known: Heard, earlier: Line) -> tuple[Floats, Floats]:
    """The mean and the deviation of each number: of the statistics, those of an earlier line."""
    mean, deviation = known.told.mean(0, np.float64), known.told.std(0, np.float64) + 1e-3
    many = len(earlier.mean)
    mean[:many], deviation[:many] = earlier.mean, earlier.deviation
    return mean, deviation


def show(known: Heard, scores: Scores) -> None:
    """Print how well what was left out is told apart, by codec, by way, and together."""
    judged = np.isfinite(scores)
    ways = np.array([each.name for each in THROUGH])[known.codecs]
    for of in (ways, known.ways):
        for name in sorted(set(of)):
            its = judged & (of == name)
            if len(np.unique(known.cloned[its])) == 2:
                area = auc(scores[its], known.cloned[its])
                print(f"{name:10} {area:.3f} of {its.sum()} left out")
    area = auc(scores[judged], known.cloned[judged])
    print(f"together   {area:.3f} of {judged.sum()}, one threshold")


def main() -> None:
    """Train a line for each fold, and write their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", type=Path, required=True, help="which folds leave which out")
    parser.add_argument("--keep", type=Path, required=True, help="where statistics are kept")
    parser.add_argument("--beside", type=Path, default=voice_model.MODEL, help="earlier weights")
    parser.add_argument("--most", type=int, default=1000, help="clips of a source")
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6], help="times it is heard")
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--workers", type=int, default=2, help="processes that listen")
    parser.add_argument("--to", type=Path, help="where the weights are written")
    options = parser.parse_args()
    with options.sources.open(newline="") as file:
        listed = list(csv.DictReader(file))
    folds = {row["source"]: set(map(int, row["fold"].split())) for row in listed}
    copies = {row["source"] for row in listed if row["copies"]}
    known = joined([heard(options, sorted(folds), seed) for seed in options.seeds])
    earlier = voice_model.from_bytes(options.beside.read_bytes()).low_rate
    line, scores = left_out(known, folds, earlier)
    show(known, scores)
    heard_clips, means = by_clip(known, scores, copies)
    print("means over clips, without copies:")
    show(heard_clips, means)
    if options.to is None:
        return
    cloned = heard_clips.cloned
    sources, files = heard_clips.sources, originals(heard_clips)
    calibration = calibrate(means, cloned, sources, files=files, unseen=True, by_size=True)
    raised = power(known, folds, earlier, copies)
    lines = raised * calibration.lines
    bounds = supported((means * lines[0, 0] + lines[0, 1]).clip(-10, 10), cloned, files)
    print(f"ratios to the power of {raised:.2f}")
    with np.load(options.beside, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    kept |= {
        "mean": line.mean,
        "deviation": line.deviation,
        "line": line.weights[:-1],
        "offset": line.weights[-1],
        "lines": lines,
        "bounds": np.array(bounds),
        "usual": np.quantile(means[~cloned], (0.025, 0.975)),
    }
    narrow: dict[str, Any] = {name: np.asarray(each, np.float32) for name, each in kept.items()}
    np.savez(options.to, **narrow)
    print(f"DIGEST = {hashlib.sha256(options.to.read_bytes()).hexdigest()!r}")


if __name__ == "__main__":
    main()
