"""Train the line of voices: `python -m training.voice FOLDER --keep DIR --leave PATTERN...`.

FOLDER holds sources of 16 kHz WAVs, one a folder: `real*/` of recorded and `fake*/` of synthetic
speech, among them what `training.voice_copies` makes of the recorded ones, and `none*/` of music
and noise. Of each clip a window is taken (of recorded ones two), with a little noise, by draws from
the seed; sources are drawn alike within their class. Each `--leave` is a fold: a line that never
heard the systems it names, judged by them. What is shipped is the mean of the folds' lines, and
what calibrates it their scores of what they never heard. `--coded` dirties and codes every window
(`voice_views.py`): it was tried, and told sources that were left out worse.
"""

import argparse
import hashlib
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.detector.calibration import auc, calibrate
from verifier.detector.voice_bands import RATE, WINDOW, seen, spectrum
from verifier.detector.voice_domain import SILENT, describe, loudness
from verifier.detector.voice_statistics import statistics

from .voice_views import dirtied, trimmed, views, window

RIDGE = 0.1  # on each weight of a line, where the views' weights sum to one
STEPS = 7  # of Newton

Floats = npt.NDArray[np.floating]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Views:
    """What is learnt from: statistics (n, 1685), whether synthetic, and of which source."""

    told: Floats
    synthetic: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]
    thirds: npt.NDArray[np.int64]  # of the recordings, by digest; a copy is in its original's

    def only(self, rows: npt.NDArray[np.bool_]) -> "Views":
        """Some of them."""
        return Views(self.told[rows], self.synthetic[rows], self.sources[rows], self.thirds[rows])


def clips(folder: Path, most: int) -> Iterator[tuple[str, Floats]]:
    """Names and trimmed speech of a source: at least 1.5 s, chosen by the digest of its name."""
    paths = sorted(folder.glob("*.wav"), key=lambda each: _digest(each.name))
    for path in paths[:most]:
        with wave.open(str(path)) as opened:
            assert (opened.getframerate(), opened.getnchannels()) == (RATE, 1)
            data = opened.readframes(30 * RATE)
        heard = trimmed((np.frombuffer(data, "<i2") / 32768).astype(np.float32))
        if len(heard) >= 1.5 * RATE:
            yield path.name, heard


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def kept_views(options: argparse.Namespace) -> Views:
    """The views of every source, made where DIR does not hold them."""
    options.keep.mkdir(parents=True, exist_ok=True)
    kind = "coded" if options.coded else "plain"
    kept = options.keep / f"{kind}.{options.most}.{options.seed}.npz"
    if not kept.exists():
        sources, thirds, heard = list[str](), list[int](), list[Floats]()
        for place in sorted(options.folder.iterdir()):
            times = {"real": 2, "fake": 1}.get(place.name[:4], 0)
            for name, samples in clips(place, options.most) if times else ():
                again = times if len(samples) > 4.6 * RATE else 1
                sources += [place.name] * again
                # Copies are named as what they copy: a recording and its copies go together.
                thirds += [int(_digest(name.split(".")[0]), 16) % 3] * again
                heard += [samples] * again
        random = np.random.default_rng(options.seed)
        if options.coded:
            bands = list(views(heard, random, options.ffmpeg)[0])
        else:
            bands = [seen(spectrum(_plain(each, random))) for each in heard]
        told = np.array([statistics(each) for each in bands])
        np.savez(kept, told=told, sources=np.array(sources), thirds=np.array(thirds))
    with np.load(kept, allow_pickle=False) as held:
        synthetic = np.char.startswith(held["sources"], "fake")
        return Views(held["told"], synthetic, held["sources"], held["thirds"])


def _plain(samples: Floats, random: Random) -> npt.NDArray[np.float32]:
    """A window with noise 40 to 60 dB below: digital silence is no trace of a voice's maker."""
    part = window(samples, random, WINDOW)
    noise = random.standard_normal(WINDOW) * part.std() * 10 ** (-random.uniform(40, 60) / 20)
    return (part + noise).astype(np.float32)


def evenly(known: Views) -> npt.NDArray[np.float64]:
    """How much each view weighs: half of each class; a source by the root of its size."""
    shares = np.zeros(len(known.sources))
    for which in (False, True):
        its = known.synthetic == which
        names, counts = np.unique(known.sources[its], return_counts=True)
        for name, count in zip(names, counts, strict=True):
            shares[(known.sources == name) & its] = count**-0.5
        shares[its] /= 2 * shares[its].sum()
    return shares


def fitted(along: Floats, synthetic: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """A line of logistic regression through (n, numbers), its offset last: Newton, in the dual."""
    design = np.c_[along, np.ones(len(along))].astype(np.float64)
    ridge = np.full(design.shape[1], RIDGE)
    ridge[-1] = 1e-6
    line, scaled = np.zeros(design.shape[1]), design / np.sqrt(ridge)
    alike = scaled @ scaled.T
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-design @ line))
        slope = design.T @ (weights * (chance - synthetic)) + ridge * line
        inner = alike + np.diag(1 / (weights * chance * (1 - chance) + 1e-9))
        back = np.linalg.solve(inner, scaled @ (slope / np.sqrt(ridge)))
        line -= slope / ridge - (scaled.T @ back) / np.sqrt(ridge)
    return line


def speech_line(folder: Path, most: int, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    """The line that knows speech from `none*/` sources, and the score of all but 1 % of speech."""
    random = np.random.default_rng(seed)
    told, spoken = [], list[bool]()
    for place in sorted(each for each in folder.iterdir() if each.is_dir()):
        for _, heard in clips(place, most):
            for start in range(0, len(heard) if place.name.startswith("none") else 1, WINDOW):
                part = heard[start : start + WINDOW]
                if len(part) < RATE or loudness(part) < SILENT:
                    continue
                for each in (part, dirtied(window(part, random, WINDOW), random)):
                    told.append(describe(each.astype(np.float32), spectrum(each)))
                    spoken.append(not place.name.startswith("none"))
    features, speech = np.array(told), np.array(spoken)
    mean, deviation = features.mean(0), features.std(0)
    along = (features - mean) / deviation
    design = np.c_[along, along**2, np.ones(len(along))]
    weights = np.where(speech, 0.5 / speech.sum(), 0.5 / (~speech).sum())
    line = np.zeros(design.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-design @ line))
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        slope = design.T @ (weights * (chance - speech)) + 1e-3 * line
        line -= np.linalg.solve(curve + 1e-3 * np.eye(len(line)), slope).clip(-2, 2)
    scores = design @ line
    print(f"speech known from the rest: AUC {auc(scores, speech):.3f}")
    return {
        "speech_mean": mean,
        "speech_deviation": deviation,
        "speech_line": line,
        "speech_least": np.quantile(scores[speech], 0.01),
    }


def fold(known: Views, pattern: str, third: int) -> tuple[npt.NDArray[np.bool_], ...]:
    """Which views a fold learns from and which it is judged by.

    It learns from no source that `pattern` names and from no recording of a third, nor any copy of
    one. It is judged by the systems that `pattern` names, and by recordings that it has not heard.
    """
    named = np.array([bool(re.search(pattern, each)) for each in known.sources])
    apart = known.thirds == third
    return ~named & ~apart, np.where(known.synthetic, named, named | apart)


def show(scores: Floats, known: Views) -> None:
    """Print each synthetic source's area under the ROC curve against the recorded ones."""
    print(f"left out: AUC {auc(scores, known.synthetic):.3f} of {len(scores)} views")
    for name in np.unique(known.sources[known.synthetic]):
        against = (known.sources == name) | ~known.synthetic
        count = np.sum(known.sources == name)
        print(f"  {name:36} {count:5} {auc(scores[against], known.synthetic[against]):.3f}")


def main() -> None:
    """Train a line for each `--leave`, and write their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where views are kept")
    parser.add_argument("--leave", action="append", required=True, help="sources of a fold")
    parser.add_argument("--most", type=int, default=150, help="clips of a source")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--coded", action="store_true", help="dirty and code every window")
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--to", type=Path, help="where the weights are written")
    options = parser.parse_args()
    known = kept_views(options)
    mean, deviation = known.told.mean(0), known.told.std(0) + 1e-3
    along = ((known.told - mean) / deviation).clip(-4, 4)
    lines, scores, rows = list[Floats](), [], []
    for number, pattern in enumerate(options.leave):
        learnt, left = fold(known, pattern, number % 3)
        weights = evenly(known.only(learnt))
        lines.append(fitted(along[learnt], known.synthetic[learnt], weights))
        rows.append(np.flatnonzero(left))
        scores.append(along[left] @ lines[-1][:-1] + lines[-1][-1])
        show(scores[-1], known.only(left))
    if options.to is None:
        return
    told, places = np.concatenate(scores), np.concatenate(rows)
    recorded, line = ~known.synthetic[places], np.mean(lines, 0)
    calibration = calibrate(told, ~recorded, known.sources[places])
    held = speech_line(options.folder, 40, options.seed) | {
        "mean": mean,
        "deviation": deviation,
        "line": line[:-1],
        "offset": line[-1],
        "lines": calibration.lines,
        "bounds": np.array(calibration.bounds),
        "usual": np.quantile(told[recorded], (0.025, 0.975)),
    }
    np.savez(options.to, **{name: np.asarray(each, np.float32) for name, each in held.items()})
    print(f"DIGEST = {hashlib.sha256(options.to.read_bytes()).hexdigest()!r}")


if __name__ == "__main__":
    main()
