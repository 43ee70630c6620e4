"""Measure how well a part from another recording is told: `python -m bench.splices FOLDER`.

FOLDER holds `sounds/`, recordings that nobody spliced, of two publishers or more: a publisher is
the beginning of a file's name. Each is spliced and shortened as `motion_sounds` does it, and saved
as AAC and WAV as there, and as MP3 and Opus too; beside the same eleven honest copies. What the
network says (`foreign`) stands beside what changes of the quietest frames say (`changes`).
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from verifier.detector.calibration import auc, interval
from verifier.detector.traces.floor import RATE, levels
from verifier.detector.traces.foreign import foreign
from verifier.detector.traces.sound import FOREIGN

from .background import CHANGE, changes
from .motion_edits import Made
from .motion_sounds import AFTER_AAC, HONEST, LATER, Samples, edits, sources, was_aac, written
from .sound_edits import read

WAYS = {
    **LATER,
    "MP3 64 kb/s": ("mp3", ("-c:a", "libmp3lame", "-b:a", "64k")),
    "Opus 24 kb/s": ("ogg", ("-c:a", "libopus", "-b:a", "24k")),
}
EDITS = ("spliced from elsewhere", "a part cut out")
NEAR = 0.3  # seconds


@dataclass(frozen=True)
class Row:
    """What both say of one file; what the network says has places, the other has moments."""

    original: str
    edit: str
    seconds: float
    size: int  # bytes
    where: list[list[float]]
    network: float
    by_hand: float
    told: list[list[float]]
    moments: list[float]


def every(name: str, sound: Samples, others: list[Samples], folder: Path) -> Iterator[Made]:
    """Every copy of a recording."""
    for edit, edited, where in edits(name, sound, others):
        for way, (ending, options) in WAYS.items() if edit in EDITS else ():
            yield written(name, edited, f"{edit}, {way}", where, folder, ending, options)
    for way, (ending, options) in HONEST.items():
        yield written(name, sound, f"honest: {way}", (), folder, ending, options)
    before = was_aac(name, sound)
    for way, (ending, options) in AFTER_AAC.items():
        yield written(name, before, f"honest: AAC before, {way}", (), folder, ending, options)


def judged(original: str, made: Made) -> Row:
    """Listen to a copy."""
    sound = read(made.path, RATE)
    found, by_hand = foreign(sound), changes(levels(sound))
    return Row(
        original,
        made.edit,
        len(sound) / RATE,
        made.path.stat().st_size,
        [list(each) for each in made.where],
        found.score if found else 0.0,
        by_hand[0].score if by_hand else 0.0,
        [list(each) for each in found.where] if found else [],
        [each.at for each in by_hand if each.score >= CHANGE],
    )


def rows(folder: Path, keep: Path) -> list[Row]:
    """Judge every copy that was not judged before."""
    results = keep / "splices.jsonl"
    known = {}
    if results.exists():
        for line in results.read_text().splitlines():
            row = Row(**json.loads(line))
            known[row.original, row.edit] = row
    found = []
    for name, sound, others in sources(folder):
        for made in every(name, sound, others, keep):
            row = known.get((name, made.edit))
            if row is None:
                row = judged(name, made)
                with results.open("a") as stream:
                    stream.write(json.dumps(asdict(row)) + "\n")
            found.append(row)
    return found


def _tenths(spans: list[list[float]]) -> set[int]:
    return {tenth for a, b in spans for tenth in range(round(10 * a), round(10 * b))}


def f1_of_tenths(some: list[Row]) -> float:
    """How well tenths of a second are told, by the network, where it is above its threshold."""
    right = said = true = 0
    for row in some:
        ours = _tenths(row.told) if row.network >= FOREIGN else set()
        theirs = _tenths(row.where)
        right, said, true = right + len(ours & theirs), said + len(ours), true + len(theirs)
    return 2 * right / max(1, said + true)


def f1_of_joins(some: list[Row], *, by_hand: bool) -> float:
    """How well joins are told, to 0.3 s."""
    right = said = true = 0
    for row in some:
        told = row.moments
        if not by_hand:
            told = [at for span in row.told for at in span] if row.network >= FOREIGN else []
        joins = [at for span in row.where for at in dict.fromkeys(span)]
        right += sum(any(abs(at - each) <= NEAR for each in told) for at in joins)
        said, true = said + len(told), true + len(joins)
    return 2 * right / max(1, said + true)


def report(found: list[Row]) -> None:
    """Print every table."""
    honest = [row for row in found if row.edit.startswith("honest")]
    plain = [row for row in honest if row.edit == "honest: WAV"]
    print(f"{len({row.original for row in found})} originals, {len(honest)} honest copies")
    for name, by_hand, limit in (("network", False, FOREIGN), ("by hand", True, CHANGE)):
        scores = {id(row): row.by_hand if by_hand else row.network for row in found}
        wrong = [row for row in honest if scores[id(row)] >= limit]
        of = {row.original: sum(row.original == each.original for each in wrong) for row in wrong}
        share = len(wrong) / len(honest)
        print(f"\n{name}: {len(wrong)} alarms ({share:.1%}) at {limit}, by original: {of}")
        for edit in sorted({row.edit for row in found if not row.edit.startswith("honest")}):
            edited = [row for row in found if row.edit == edit]
            both = [*edited, *honest]
            labels = np.array([True] * len(edited) + [False] * len(honest))
            values = np.array([scores[id(row)] for row in both])
            low, high = interval(auc, values, labels)
            hits = float(np.mean([scores[id(row)] >= limit for row in edited]))
            sizes = np.array([row.size / row.seconds for row in both])
            shuffled = np.random.default_rng(1).permutation(labels)
            places = f"joins {f1_of_joins([*edited, *plain], by_hand=by_hand):.2f}"
            if not by_hand:
                places += f", tenths {f1_of_tenths([*edited, *plain]):.2f}"
            print(
                f"  {edit:38} n {len(edited):3}  AUC {auc(values, labels):.3f} ({low:.3f} to "
                f"{high:.3f})  found {hits:4.0%}  F1 {places}  [size alone "
                f"{auc(sizes, labels):.2f}, shuffled {auc(values, shuffled):.2f}]"
            )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where copies are kept")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    report(rows(options.folder / "sounds", options.keep))


if __name__ == "__main__":
    main()
