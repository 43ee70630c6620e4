"""Learn from clips whose faces others swapped, edited or made to speak, and calibrate on them.

    python -m bench.training.clips_made FOLDER... --head line.npz --keep DIR --to swap.npz

A FOLDER holds `fake_KIND-MAKER_PUBLISHER` and `real_PUBLISHER` sources, by no maker that is
measured, and of clips that neither `adapted` nor `seams` has seen.
To the line of `verifier.detector.clip_train`, which knows faces that were laid over themselves,
comes a line over all that is seen of a clip, learnt from these, and as loud. Sources that share a
maker or a publisher are a group: a clip is scored by a line that has seen nothing of its group, and
by those scores the sum is calibrated, files alike within a class, since most sources are of few. No
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


def line(clips: Clips, rows: Labels) -> Floats:
    """A line over what is seen, learnt from some clips; its offset last: (features + 1,)."""
    components = Components(clips.seen[rows], DIRECTIONS)
    told = line_of(components(clips.seen[rows]), clips.made[rows], clips.sources[rows], PENALTY)
    weights = components.scale * (components.directions @ told[:-1])
    return np.append(weights, told[-1] - components.centre @ weights)


def left_out(clips: Clips) -> Floats:
    """A score of each clip by a line that has seen nothing of its group: (n,)."""
    scores, of = np.zeros(len(clips.seen)), groups(clips.sources)
    for group in np.unique(of):
        out = of == group
        told = line(clips, ~out)
        scores[out] = clips.seen[out] @ told[:-1] + told[-1]
    return scores


def learnt(clips: Clips, head: Head, seed: int) -> Head:
    """The head, and as much of a line that is learnt from clips; calibrated on both."""
    before, new = clips.seen @ head.weights + head.offset, left_out(clips)
    loud = float(before.std() / new.std())
    both = before + loud * new
    show(clips, before, new, both, seed)
    told = line(clips, np.ones(len(both), bool))
    found = calibrated(both, clips.made, clips.sources, seed)
    return replace(
        head,
        weights=head.weights + loud * told[:-1],
        offset=head.offset + loud * told[-1],
        lines=found.lines,
        bounds=np.array(found.bounds),
    )


def calibrated(scores: Floats, made: Labels, sources: Names, seed: int) -> Calibration:
    """The calibration of scores, such that no words speak for an unaltered face."""
    told = calibrate(scores, made, sources, seed=seed, unseen=True, by_size=True)
    return replace(told, bounds=(max(LEAST, told.bounds[0]), told.bounds[1]))


def show(clips: Clips, before: Floats, new: Floats, both: Floats, seed: int) -> None:
    """Print how groups that were left out are told, and their ratios, calibrated on the others."""
    made, of = clips.made, groups(clips.sources)
    print(f"{(~made).sum()} real clips, {made.sum()} others, {len(np.unique(of))} groups")
    kinds = np.array([each.split("_")[1].partition("-")[0] for each in clips.sources])
    for kind in ("all", *np.unique(kinds[made])):
        rows = ~made | (made & ((kinds == kind) | (kind == "all")))
        areas = (auc(each[rows], made[rows]) for each in (before, new, both))
        told = ", ".join(f"{each:.3f}" for each in areas)
        print(f"{kind:10} {(made & rows).sum():3}: AUC before, of the line, of both: {told}")
    ratios, words = np.zeros(len(both)), np.zeros(len(both), bool)
    for group in np.unique(of):
        out = of == group
        told_by = calibrated(both[~out], made[~out], clips.sources[~out], seed)
        said = [weigh(float(each), told_by) for each in both[out]]
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
