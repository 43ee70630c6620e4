"""Learn from clips whose faces others swapped, edited or made to speak, and calibrate on them.

    python -m bench.training.clips_made FOLDER... --head line.npz --keep DIR --to swap.npz

A FOLDER holds `fake_KIND-MAKER_PUBLISHER` and `real_PUBLISHER` sources of clips that no network
has seen. To the line of `verifier.detector.clip_train`, which knows faces that were laid over
themselves, come two that are learnt from these: one over all that is seen of seams, one over all
that is seen of generated faces. The first two together, as loud, say how likely it is that a face
was laid over, the last two that it was made as a whole; the score is of either. Sources that share
a maker or a publisher are a group: a clip is scored by lines that have seen nothing of its group,
and by those scores all is calibrated, files alike within a class, since most sources are of few. No
words speak for an unaltered face. The same folders give the same weights, where the runtime and its
processor round alike.
"""

import argparse
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.detector_clips import look
from ledger.errors import FirsthandError
from verifier.detector.calibration import (
    Calibration,
    Floats,
    Labels,
    Names,
    auc,
    calibrate,
    cllr,
    expected_error,
    weigh,
)
from verifier.detector.clip import SIDES
from verifier.detector.evidence import in_words
from verifier.detector.head import Head, from_bytes, to_bytes
from verifier.detector.learn import Components, line_of

DIRECTIONS, PENALTY = 200, 100.0
LAID_OVER, WHOLE = ("lips", "swap"), ("edit", "reenact")  # kinds, by how their sources are named
LEAST = -0.3  # log10: a face without a seam may be another maker's, and no words speak for it


@dataclass(frozen=True, slots=True)
class Clips:
    """What is seen of clips, (n, features), and of which source each is, (n,)."""

    seen: Floats
    sources: Names

    @property
    def made(self) -> Labels:
        """Whether somebody made its face otherwise, (n,)."""
        told: Labels = np.char.startswith(self.sources, "fake")
        return told

    @property
    def kinds(self) -> Names:
        """How somebody made it; of real clips their publisher, (n,)."""
        return np.array([each.split("_")[1].partition("-")[0] for each in self.sources])


def read(folders: Iterable[Path], keep: Path) -> Clips:
    """Look at the clips of which the detector would say something."""
    seen, sources = [], []
    places = (each for folder in folders for each in sorted(folder.iterdir()))
    for source in (each for each in places if each.name[:4] in ("real", "fake")):
        for path in sorted(each for each in source.iterdir() if each.is_file()):
            try:
                clip = look(path, source.name, keep, None)
            except FirsthandError as problem:
                print(f"{path}: {problem}")
                continue
            if clip.features is not None and not clip.reason:
                seen.append(clip.features)
                sources.append(source.name)
    return Clips(np.array(seen, np.float64), np.array(sources))


def groups(sources: Names) -> Names:
    """The first source of those that share a maker or a publisher with each, directly or not."""
    names = np.unique(sources).tolist()
    leader = {each: each for each in names}
    by_mark: dict[str, str] = {}

    def led(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for name in names:
        for mark in _marks(name):
            one, other = sorted((led(name), led(by_mark.setdefault(mark, name))))
            leader[other] = one
    return np.array([led(each) for each in sources])


def _marks(source: str) -> Iterator[str]:
    *_, publisher = source.split("_")
    yield f"by {publisher}"
    maker = source.split("_")[1].partition("-")[2]
    if maker and maker != "unknown":
        yield f"of {maker}"


@dataclass(frozen=True, slots=True)
class Line:
    """Weights of all that is seen, (features,), an offset, and what clips score, (n,).

    The scores are by weights that have seen nothing of a clip's group.
    """

    weights: Floats
    offset: float
    scores: Floats

    def __add__(self, other: "Line") -> "Line":
        return Line(
            self.weights + other.weights, self.offset + other.offset, self.scores + other.scores
        )

    def times(self, by: float, more: float = 0.0) -> "Line":
        """The line multiplied, and with more of an offset."""
        return Line(by * self.weights, by * self.offset + more, by * self.scores + more)

    def alike(self) -> "Line":
        """The line as loud as any other."""
        return self.times(1 / float(self.scores.std()))


def weighed(clips: Clips, part: slice, rows: Labels) -> tuple[Floats, float]:
    """Weights over a part of what is seen, learnt from some clips, (features,), and an offset."""
    seen = clips.seen[rows][:, part]
    components = Components(seen, DIRECTIONS)
    told = line_of(components(seen), clips.made[rows], clips.sources[rows], PENALTY)
    weights = np.zeros(clips.seen.shape[1])
    weights[part] = components.scale * (components.directions @ told[:-1])
    return weights, float(told[-1] - components.centre @ weights[part])


def line(clips: Clips, part: slice) -> Line:
    """A line over a part of what is seen."""
    scores, of = np.zeros(len(clips.seen)), groups(clips.sources)
    for group in np.unique(of):
        out = of == group
        weights, offset = weighed(clips, part, ~out)
        scores[out] = clips.seen[out] @ weights + offset
    return Line(*weighed(clips, part, np.ones(len(scores), bool)), scores)


def ratio(told: Line, clips: Clips, kinds: tuple[str, ...], seed: int) -> Line:
    """The logarithm of how much likelier a score is of what was made so than of real clips."""
    rows = ~clips.made | np.isin(clips.kinds, kinds)
    found = calibrated(told.scores[rows], clips.made[rows], clips.sources[rows], seed)
    slope, offset = np.log(10) * found.lines[0]
    return told.times(float(slope), float(offset))


def learnt(clips: Clips, head: Head, seed: int) -> Head:
    """Two lines, of faces laid over and of faces made as a whole, calibrated on both together.

    `head` is over the first of what is seen, and so is what says how unlike the training a clip is.
    """
    known, every = len(head.weights), clips.seen.shape[1]
    weights = np.append(head.weights, np.zeros(every - known))
    before = Line(weights, float(head.offset), clips.seen @ weights + head.offset).alike()
    seams, faces = (line(clips, part).alike() for part in (slice(known), slice(known, every)))
    laid_over = ratio(before + seams, clips, LAID_OVER, seed)
    whole = ratio(seams + faces, clips, WHOLE, seed)
    either = np.logaddexp(laid_over.scores, whole.scores) - np.log(2)  # as `Head.score` does
    parts = {"before": before, "seams": seams, "faces": faces}
    show(clips, parts | {"laid over": laid_over, "whole": whole}, either, seed)
    found = calibrated(either, clips.made, clips.sources, seed)
    nothing = np.zeros((len(head.directions), every - known))
    return replace(
        head,
        weights=np.stack((laid_over.weights, whole.weights)),
        offset=np.array((laid_over.offset, whole.offset)),
        lines=found.lines,
        bounds=np.array(found.bounds),
        centre=np.append(head.centre, nothing[0]),
        directions=np.hstack((head.directions, nothing)),
    )


def calibrated(scores: Floats, made: Labels, sources: Names, seed: int) -> Calibration:
    """The calibration of scores, such that no words speak for an unaltered face."""
    told = calibrate(scores, made, sources, seed=seed, unseen=True, by_size=True)
    return replace(told, bounds=(max(LEAST, told.bounds[0]), told.bounds[1]))


def show(clips: Clips, parts: dict[str, Line], either: Floats, seed: int) -> None:
    """Print how groups that were left out are told, and the ratios that are calibrated so."""
    made, of = clips.made, groups(clips.sources)
    print(f"{(~made).sum()} real clips, {made.sum()} others, {len(np.unique(of))} groups")
    scores = {name: each.scores for name, each in parts.items()} | {"either": either}
    for kind in ("all", *np.unique(clips.kinds[made])):
        rows = ~made | (made & ((clips.kinds == kind) | (kind == "all")))
        told = (f"{name} {auc(each[rows], made[rows]):.3f}" for name, each in scores.items())
        print(f"{kind:10} {(made & rows).sum():3}: AUC {', '.join(told)}")
    ratios, words = np.zeros(len(made)), np.zeros(len(made), bool)
    for group in np.unique(of):
        out = of == group
        told_by = calibrated(either[~out], made[~out], clips.sources[~out], seed)
        said = [weigh(float(each), told_by) for each in either[out]]
        ratios[out] = [each.log10_lr for each in said]
        words[out] = [in_words(each, SIDES).endswith(SIDES[0]) for each in said]
    print(f"groups left out: Cllr {cllr(ratios, made):.3f}, ECE {expected_error(ratios, made):.3f}")
    print(
        f"words for a swap of {words[~made].mean():.3f} of real, {words[made].mean():.3f} of others"
    )


def main() -> None:
    """Learn from what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--head", type=Path, required=True, help="of verifier.detector.clip_train")
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, required=True, help="where the weights are written")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    clips = read(options.folders, options.keep)
    data = to_bytes(learnt(clips, from_bytes(options.head.read_bytes()), options.seed))
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
