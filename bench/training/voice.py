"""Train the line of voices: `python -m bench.training.voice FOLDER --keep DIR --leave PATTERN...`.

FOLDER holds sources of 16 kHz WAVs, one a folder: `real*/` of recorded and `fake*/` of synthetic
speech, among them what `bench.training.voice_copies` makes of the recorded ones, and `none*/` of
music and noise. Of each clip a window is taken (of recorded ones two), with a little noise, by
draws from the seed; sources are drawn alike within their class. Each `--leave` is a fold: a line
that never heard the systems it names, judged by them. What is shipped is the mean of the folds'
lines, and what calibrates it their scores of what they never heard. `--coded` dirties and codes
every window (`voice_views.py`): it was tried, and told sources that were left out worse.
"""

import argparse
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from verifier.detector.calibration import auc, calibrate
from verifier.detector.voice_bands import RATE, seen, spectrum
from verifier.detector.voice_statistics import statistics

from .voice_lines import fitted, low_rate_line, speech_line
from .voice_views import clips, digest, plain, views

Floats = npt.NDArray[np.floating]


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
                thirds += [int(digest(name.split(".")[0]), 16) % 3] * again
                heard += [samples] * again
        random = np.random.default_rng(options.seed)
        if options.coded:
            bands = list(views(heard, random, options.ffmpeg)[0])
        else:
            bands = [seen(spectrum(plain(each, random))) for each in heard]
        told = np.array([statistics(each) for each in bands])
        np.savez(kept, told=told, sources=np.array(sources), thirds=np.array(thirds))
    with np.load(kept, allow_pickle=False) as held:
        synthetic = np.char.startswith(held["sources"], "fake")
        return Views(held["told"], synthetic, held["sources"], held["thirds"])


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


def fold(known: Views, pattern: str, third: int) -> tuple[npt.NDArray[np.bool_], ...]:
    """Which views a fold learns from and which it is judged by.

    It learns from no source that `pattern` names and from no recording of a third, nor any copy of
    one. It is judged by the systems that `pattern` names, and by recordings that it has not heard.
    """
    named = np.array([bool(re.search(pattern, each)) for each in known.sources])
    apart = known.thirds == third
    return ~named & ~apart, np.where(known.synthetic, named, named | apart)


def show(scores: npt.NDArray[np.float64], known: Views) -> None:
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
    parser.add_argument("--sung", default="^$", help="sources of singing: no speech, nor none")
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
    beside = speech_line(options.folder, options.seed, options.sung) | low_rate_line(
        options.folder, 24, options.seed, options.ffmpeg, mean, deviation
    )
    held = beside | {
        "mean": mean,
        "deviation": deviation,
        "line": line[:-1],
        "offset": line[-1],
        "lines": calibration.lines,
        "bounds": np.array(calibration.bounds),
        "usual": np.quantile(told[recorded], (0.025, 0.975)),
    }
    kept: dict[str, Any] = {name: np.asarray(each, np.float32) for name, each in held.items()}
    np.savez(options.to, **kept)
    print(f"DIGEST = {hashlib.sha256(options.to.read_bytes()).hexdigest()!r}")


if __name__ == "__main__":
    main()
