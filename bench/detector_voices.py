"""How well cloned voices are told from recorded ones, source by source: the detector's table.

    python -m bench.detector_voices FOLDER --keep DIR [--peer CODE WEIGHTS CONFIG]...

FOLDER holds `real*/` and `fake*/` sources that no training has heard, in any formats. Every clip
is decoded, trimmed, cut to 8 s and brought through the same codec as every other of its row: none,
MP3 of 32 and 16 kbit/s, Opus of 16, AAC of 48, and a telephone. Printed are, for each codec and
for each source against the other class, the area under the ROC curve with its bootstrapped
interval and the equal error rate; the cost of the likelihood ratios (Cllr: 1 says nothing) and how
far they are from what came true (ECE); how many were abstained from, and why. Then the same of what
people do to recordings (`voice_ways`; * marks what was learnt from in no form). The controls: what
a file's size, length and ending tell, and what the long-term average spectrum tells, both learnt
here with sources left out; and scores by labels at random. `--peer` measures an AASIST beside (its
model's code, weights and configuration; needs torch), on the first 4 s of the clips of the codecs'
rows, through the same codecs. The last of these rows, for ours and for each peer, is of the scores
of all the codecs that ours judges together, against one threshold.
"""

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bench.detector import side_of
from bench.training.voice_views import NONE, TELEPHONE, Codec, aac, mp3, opus, through, trimmed
from bench.voice_ways import ALL, UNHEARD, handled
from ledger.asset import detect_media_type
from verifier.detector import voice, voice_model
from verifier.detector.calibration import (
    Floats,
    Labels,
    Names,
    auc,
    cllr,
    error_by_chance,
    expected_error,
    interval,
    weigh,
)
from verifier.detector.evidence import in_words
from verifier.detector.learn import held_out
from verifier.detector.voice_bands import RATE, WINDOW, spectrum
from verifier.errors import Unreadable
from verifier.media.decode import samples
from verifier.media.ffmpeg import find_ffmpeg

CODECS = (
    NONE,
    mp3(32, 22_050),
    mp3(16, 16_000),
    opus(16),
    aac(48, 44_100),
    TELEPHONE,
)
JUDGED = ("none", "opus-16", "aac-48")  # of them; from the others the detector abstains
LONGEST = 8 * RATE  # samples of a clip
TOGETHER = "all of these, one threshold"


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of a source, at 16 kHz, and its format's own numbers."""

    source: str
    heard: Any
    form: tuple[float, ...]


def gathered(folder: Path, keep: Path, most: int) -> list[Clip]:
    """At most `most` clips of each source, chosen by the digest of their names; decoded once."""
    keep.mkdir(parents=True, exist_ok=True)
    told = []
    for place in sorted(folder.iterdir()):
        if not place.name.startswith(("real", "fake")):
            continue
        paths = sorted(place.iterdir(), key=lambda each: _digest(each.name.encode()))
        for path in paths[:most]:
            data = path.read_bytes()
            kept = keep / f"{_digest(data)}.npy"
            if not kept.exists():
                try:
                    blocks = list(samples(path, detect_media_type(data[:4096]), rate=RATE))
                except Unreadable:
                    continue
                np.save(kept, np.concatenate(blocks)[: 20 * RATE].astype(np.float16))
            whole = np.load(kept).astype(np.float32)
            seconds = len(whole) / RATE
            ending = tuple(float(path.suffix == each) for each in (".wav", ".mp3", ".flac"))
            form = (np.log(len(data)), np.log(seconds), np.log(len(data) / seconds), *ending)
            heard = trimmed(whole)[:LONGEST]
            if len(heard) >= 2 * RATE:
                told.append(Clip(place.name, heard, form))
    return told


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def first(clips: list[Clip], most: int) -> list[Clip]:
    """At most `most` clips of each source."""
    seen = Counter[str]()
    told = []
    for clip in clips:
        seen[clip.source] += 1
        if seen[clip.source] <= most:
            told.append(clip)
    return told


def equal_error(scores: Floats, cloned: Labels) -> float:
    """The rate at which as many recorded clips are above a threshold as cloned ones below."""
    limits = np.unique(scores)
    missed = np.searchsorted(np.sort(scores[cloned]), limits) / cloned.sum()
    false = 1 - np.searchsorted(np.sort(scores[~cloned]), limits) / (~cloned).sum()
    place = int(np.argmin(np.abs(missed - false)))
    return float((missed[place] + false[place]) / 2)


def row(name: str, scores: Floats, cloned: Labels, note: str = "") -> None:
    """Print one line of a table."""
    low, high = interval(auc, scores, cloned, resamples=200)
    area = f"{auc(scores, cloned):.3f} ({low:.3f} to {high:.3f})"
    print(
        f"{name:42} {len(scores):5}  {area:24} {equal_error(scores, cloned):.3f}  {note}",
        flush=True,
    )


def by_source(scores: Floats, cloned: Labels, sources: Names) -> None:
    """Print each source against all of the other class."""
    for name in np.unique(sources):
        its = sources == name
        against = its | (cloned != cloned[its][0])
        row(f"  {name}", scores[against], cloned[against], f"{its.sum()} clips")


def measure(clips: list[Clip], codec: Codec) -> tuple[Floats, Labels, Names]:
    """Print one codec's lines; scores, classes and sources of what was not abstained from."""
    heard = through([each.heard for each in clips], codec, find_ffmpeg())
    listened = [voice.listen(voice.windows([each])) for each in heard]
    reasons = Counter(
        f"{clip.source[:4]}: {one.reason}"
        for clip, one in zip(clips, listened, strict=True)
        if one.reason is not None
    )
    judged = np.array([one.score is not None for one in listened])
    scores = np.array([one.score for one in listened if one.score is not None])
    sources = np.array([each.source for each in clips])[judged]
    cloned = np.char.startswith(sources, "fake")
    for reason, count in reasons.most_common():
        print(f"{codec.name}: abstained from {count} {reason}")
    if len(np.unique(cloned)) == 2:
        show(codec.name, scores, cloned, sources)
    return scores, cloned, sources


def show(name: str, scores: Floats, cloned: Labels, sources: Names) -> None:
    """Print how scores of one codec are told apart, and what their ratios are worth."""
    row(name, scores, cloned)
    ratios = told(scores)
    share = np.mean(ratios[cloned] < 0), np.mean(ratios[~cloned] > 0)
    bits, error = cllr(ratios, cloned, sources), expected_error(ratios, cloned)
    print(f"    Cllr {bits:.3f}, every source alike; ECE {error:.3f}", end="; ")
    low, middle, high = error_by_chance(ratios, cloned)
    print(f"of ratios that are exactly right {middle:.3f} ({low:.3f} to {high:.3f})", end="; ")
    print(f"cloned below a ratio of 1 {share[0]:.3f}, recorded above it {share[1]:.3f}", end="; ")
    print(f"log10 of ratios {ratios.min():.2f} to {ratios.max():.2f}")
    words(scores, cloned)


def words(scores: Floats, cloned: Labels) -> None:
    """Print what is said of how many: of cloned voices, and of recorded ones."""
    calibration = voice_model.trained().calibration
    said = np.array([in_words(weigh(float(one), calibration), voice.SIDES) for one in scores])
    for which in sorted(set(said)):
        of_cloned, of_recorded = (np.mean(said[cloned == each] == which) for each in (True, False))
        print(f"    {which}: {of_cloned:.3f} of cloned, {of_recorded:.3f} of recorded")


def told(scores: Floats) -> Floats:
    """The log10 likelihood ratios of scores."""
    calibration = voice_model.trained().calibration
    slope, offset = calibration.lines[0]
    ratios: Floats = np.clip(slope * scores + offset, *calibration.bounds)
    return ratios


def controls(clips: list[Clip], scores: Floats, cloned: Labels) -> None:
    """Print what the format alone, the average spectrum alone and random labels tell."""
    sources = np.array([each.source for each in clips])
    classes = np.char.startswith(sources, "fake")
    for name, features in (
        ("format alone, sources left out", [each.form for each in clips]),
        ("average spectrum alone, sources left out", [_average(each.heard) for each in clips]),
    ):
        values = np.array(features, np.float64)
        values = (values - values.mean(0)) / (values.std(0) + 1e-6)
        row(name, held_out(values, classes, sources), classes)
    row("labels at random", scores, np.random.default_rng(1).permutation(cloned))


def _average(heard: Any) -> Floats:
    energy = np.log(spectrum(heard).mean(0, dtype=np.float64) + 1e-9)
    told: Floats = energy - energy.mean()
    return told


def aasist(code: Path, weights: Path, configuration: Path) -> Callable[[Any], float]:
    """An AASIST (Jung et al., 2022): more for what it takes for synthetic."""
    from bench.training.voice_teacher import asked, session

    network = session(code, weights, configuration)

    def score(heard: Any) -> float:
        whole = np.tile(heard, WINDOW // len(heard) + 1)[:WINDOW]
        return float(asked(network, np.ascontiguousarray(whole))[0])

    return score


def together(rows: list[tuple[Floats, Labels, Names]]) -> tuple[Floats, Labels, Names]:
    """The scores, classes and sources of several rows, one after the other."""
    scores, cloned, sources = zip(*rows, strict=True)
    return np.concatenate(scores), np.concatenate(cloned), np.concatenate(sources)


def ways(clips: list[Clip]) -> None:
    """Print, for each way to handle recordings, how voices are told and what the words call them.

    Shares are of those that are judged, the first of the cloned ones, the second of the recorded.
    """
    cloned = np.array([each.source.startswith("fake") for each in clips])
    calibration = voice_model.trained().calibration
    print(f"{'':16} judged  AUC    said to be cloned, of both; to be recorded")
    for way in (None, *ALL):
        parts = [each.heard for each in clips]
        heard = handled(parts, way, find_ffmpeg()) if way else parts
        scores = [voice.listen(voice.windows([each])).score for each in heard]
        judged = np.array([each is not None for each in scores])
        known = np.array([each for each in scores if each is not None])
        words = [in_words(weigh(float(each), calibration), voice.SIDES) for each in known]
        its, sides = cloned[judged], np.array([side_of(each, voice.SIDES) for each in words])
        shares = [
            f"{np.mean(sides[its == which] == side):.3f}"
            for side in (1, -1)
            for which in (True, False)
        ]
        area = auc(known, its)
        share = judged.mean()
        name = f"{way or 'as it is'}{' *' if way in UNHEARD else ''}"
        print(f"{name:16} {share:.2f}    {area:.3f}  {'  '.join(shares)}", flush=True)


def beside(clips: list[Clip], score: Callable[[Any], float]) -> None:
    """Print a peer's line for each codec that ours judges, and for all of them together."""
    classes = np.array([each.source.startswith("fake") for each in clips])
    told = []
    for codec in (each for each in CODECS if each.name in JUDGED):
        heard = through([each.heard for each in clips], codec, find_ffmpeg())
        told.append(np.array([score(each) for each in heard]))
        row(codec.name, told[-1], classes)
    row(TOGETHER, np.concatenate(told), np.tile(classes, len(told)))


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where decoded sound is kept")
    parser.add_argument("--most", type=int, default=32, help="clips of a source")
    parser.add_argument(
        "--peer",
        type=Path,
        nargs=3,
        action="append",
        default=[],
        help="code weights configuration: AASIST's (needs torch, onnx)",
    )
    parser.add_argument("--without", action="append", default=[], help="sources left out, a row")
    parser.add_argument("--few", type=int, default=8, help="clips of a source for codecs and peers")
    options = parser.parse_args()
    lacking = [each for each in ("torch", "onnx") if options.peer and find_spec(each) is None]
    if lacking:
        parser.error(f"a peer needs {' and '.join(lacking)}: pip install {' '.join(lacking)}")
    clips = gathered(options.folder, options.keep, options.most)
    print(f"{'':42} {'n':>5}  {'AUC':24} EER")
    scores, cloned, sources = measure(clips, NONE)
    by_source(scores, cloned, sources)
    print("controls:")
    controls(clips, scores, cloned)
    few = first(clips, options.few)
    if few:
        print(f"through codecs, at most {options.few} clips of a source:")
        rows = [measure(few, codec) for codec in CODECS]
        show(TOGETHER, *together(rows))
        for pattern in options.without:
            print(f"without {pattern}:")
            for codec, its in zip((*CODECS, None), (*rows, together(rows)), strict=True):
                left = np.array([not re.search(pattern, name) for name in its[2]], bool)
                if left.any():
                    row(codec.name if codec else TOGETHER, its[0][left], its[1][left])
    if few:
        print(f"handled as people do, at most {options.few // 2} clips of a source:")
        ways(first(clips, options.few // 2))
    for paths in options.peer if few else ():
        print(f"beside, through the same codecs: {paths[1].name}")
        beside(few, aasist(*paths))


if __name__ == "__main__":
    main()
