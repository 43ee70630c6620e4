"""How well edits of our own are found in clips and recordings without their originals.

    python -m bench.detector_motion FOLDER --keep DIR [--only clips|sounds|aac] [--as-found NAME...]

FOLDER holds `clips/` and `sounds/`: media that were not edited, as far as anybody knows. `aac` is
the sound of those clips that is AAC as they were published, edited as their pictures are; after
it, what pictures and sound tell together, by whichever is further beyond its threshold. Of each,
edited and honest copies are made in DIR, beside what every test says of them, so that a run that
was cut short goes on. Printed are, for each test and edit, the area under the ROC curve against
all honest copies with its bootstrapped interval, and the share found at the test's own threshold;
how often honest copies reach it, for each kind of copy and each original; and how well places are
found (F1 of tenths of a second for stretches, of places within 0.3 s for joins). `--as-found`
names originals that are known to be edited themselves in the way a test looks for (cuts, another
frame rate): they are left out of a second row of that test, as are those that a list (`--marks`)
names, as `motion_marks.csv` does with what is seen in each. Controls: the same by labels at random,
and by the size of the file alone.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from verifier.detector.calibration import auc, interval
from verifier.detector.result import Trace
from verifier.detector.traces import clip as clips
from verifier.detector.traces import sound as sounds
from verifier.detector.traces.cadence import rhythms, short_rhythms
from verifier.detector.traces.floor import RATE, levels, mutes
from verifier.detector.traces.foreign import foreign
from verifier.detector.traces.jumps import clearest
from verifier.detector.traces.missing import surely
from verifier.detector.traces.motion import SMALL
from verifier.detector.traces.packets import read_packets, renewed
from verifier.detector.traces.repeats import copied
from verifier.detector.traces.stretched import beat
from verifier.detector.traces.stretches import frozen, repeated
from verifier.errors import Unreadable
from verifier.media.decode import frames
from verifier.media.probe import probe

from .clip_edits import headers, type_of
from .motion_aac import made as made_aac
from .motion_edits import Made, Span
from .motion_edits import made as made_clips
from .motion_edits import read as read_clip
from .motion_sounds import made as made_sounds
from .motion_sounds import sources
from .sound_edits import read as read_sound

NEAR = 0.3  # seconds

# A test's name, the edits that it is for (how their names begin), its threshold and its codes.
Test = tuple[tuple[str, ...], float, tuple[str, ...]]
CLIP_TESTS: dict[str, Test] = {
    "rhythm": (
        ("slowed", "sped up", "a stretch", "converted"),
        0.5,
        ("clip.frames-repeated", "clip.frames-left-out"),
    ),
    "frozen": (("frozen",), clips.FROZEN, ("clip.frozen",)),
    "repeated": (("a second",), clips.REPEATED, ("clip.repeated",)),
    "jump": (("dropped", "jump cut"), clips.MISSING, ("clip.jump",)),
    "step": (("dropped", "jump cut"), clips.JUMP, ()),
}
SOUND_TESTS: dict[str, Test] = {
    "stretched": (("stretched",), 0.5, ("sound.stretched",)),
    "muted": (("muted",), 0.5, ("sound.muted",)),
    "repeated": (("a second",), sounds.COPY, ("sound.repeated",)),
    "frames": (("AAC before",), 0.5, ("sound.frames-break",)),
    "foreign": (("spliced", "a part cut out"), sounds.FOREIGN, ("sound.foreign",)),
}
AAC_TESTS: dict[str, Test] = {
    "frames": (("dropped", "jump cut"), 0.5, ("sound.frames-break",)),
    "stretched": (("sped up",), 0.5, ("sound.stretched",)),
}
# What tells of an edit in a clip's pictures and in its sound.
BOTH = {
    "dropped 3-20": ("jump", "frames"),
    "jump cut": ("jump", "frames"),
    "sped up 1.25": ("rhythm", "stretched"),
}


@dataclass(frozen=True)
class Row:
    """What the tests say of one file."""

    original: str
    edit: str
    size: int  # bytes a second
    where: list[list[float]]  # seconds, as edited
    scores: dict[str, float]
    found: dict[str, list[list[float]]]  # seconds, by code


def judged_clip(made: Made) -> tuple[dict[str, float], Sequence[Trace]]:
    """The scores of a clip, and its traces."""
    (width, height), _, _ = headers(made.path)
    size = SMALL if width >= height else SMALL[::-1]
    media_type = type_of(made.path)
    motion, _ = clips.counted(frames(made.path, media_type, per_second=1000, size=size))
    timed = renewed(read_packets(made.path, media_type))
    rate = clips.frame_rate(motion)
    again, jump = repeated(motion, rate), clearest(motion, timed, cuts=False)
    scores = {
        "rhythm": clips.rhythm_score(rhythms(motion), short_rhythms(motion)),
        "frozen": max((each.score for each in frozen(motion, rate)), default=0.0),
        "repeated": again.score if again else 0.0,
        "jump": float(surely(motion, timed).max(initial=0.0)),
        "step": jump.clearness if jump else 0.0,
    }
    return scores, clips.in_motion(motion, timed)[0]


def judged_sound(made: Made) -> tuple[dict[str, float], Sequence[Trace]]:
    """The scores of a recording, and its traces."""
    sound = read_sound(made.path, RATE)
    frame_scores, frame_traces = judged_frames(made)
    decibels = levels(sound)
    other, again, found = foreign(sound), copied(sound, decibels), beat(sound)
    depth = max((each.depth for each in mutes(sound)), default=-sounds.MUTE / 2)
    scores = {
        "stretched": found.strength / (found.strength + sounds.BEAT) if found else 0.0,
        "muted": depth / (depth + sounds.MUTE),
        "repeated": again.score if again else 0.0,
        "foreign": other.score if other else 0.0,
    }
    return scores | frame_scores, (*sounds.in_sound(sound)[0], *frame_traces)


def judged_aac(made: Made) -> tuple[dict[str, float], Sequence[Trace]]:
    """The scores of a clip's sound that was AAC, and its traces."""
    scores, traces = judged_frames(made)
    found = beat(read_sound(made.path, RATE))
    strength = found.strength if found else 0.0
    return scores | {"stretched": strength / (strength + sounds.BEAT)}, traces


def judged_frames(made: Made) -> tuple[dict[str, float], Sequence[Trace]]:
    """The score of a file's former frames, and their traces."""
    media_type = type_of(made.path)
    former = sounds.former_frames(made.path, media_type, probe(made.path, media_type).sound[0])
    clearest = max((each.clearness for each in former.breaks), default=0.0) if former else 0.0
    return {"frames": clearest / (clearest + sounds.STRAY)}, tuple(sounds.in_frames(former))


def rows(
    made: Iterator[tuple[str, Made]],
    judged: Callable[[Made], tuple[dict[str, float], Sequence[Trace]]],
    kept: Path,
) -> list[Row]:
    """Judge every file that was not judged before."""
    known = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            row = Row(**json.loads(line))
            known[row.original, row.edit] = row
    found = []
    for original, each in made:
        row = known.get((original, each.edit))
        if row is None:
            scores, traces = judged(each)
            places = {trace.code: [list(span) for span in trace.seconds] for trace in traces}
            spans = [list(span) for span in each.where]
            size = each.path.stat().st_size
            row = Row(original, each.edit, size, spans, scores, places)
            with kept.open("a") as stream:
                stream.write(json.dumps(asdict(row)) + "\n")
        found.append(row)
    return found


def every_clip(folder: Path, keep: Path) -> Iterator[tuple[str, Made]]:
    """Edited and honest copies of every clip in a folder."""
    for path in sorted(folder.iterdir()):
        try:
            original = read_clip(path)
        except (Unreadable, AssertionError, IndexError):
            continue
        for each in made_clips(original, keep) if original else ():
            yield path.stem, each


def every_aac(folder: Path, keep: Path) -> Iterator[tuple[str, Made]]:
    """The sound of every clip in a folder that is AAC, cut and not."""
    for path in sorted(folder.iterdir()):
        try:
            found = list(made_aac(path, keep))
        except (Unreadable, AssertionError, IndexError):
            continue
        for each in found:
            yield path.stem, each


def every_sound(folder: Path, keep: Path) -> Iterator[tuple[str, Made]]:
    """Edited and honest copies of some recordings of each source in a folder."""
    for name, sound, others in sources(folder):
        for each in made_sounds(name, sound, others, keep):
            yield name, each


def report(found: list[Row], tests: dict[str, Test], left_out: dict[str, set[str]]) -> None:
    """Print every table."""
    for name, (starts, limit, codes) in tests.items():
        for out in [set(), left_out[name]] if left_out.get(name) else [set()]:
            some = [row for row in found if row.original not in out]
            _table(name, some, starts, limit, codes)


def _table(
    name: str, found: list[Row], starts: tuple[str, ...], limit: float, codes: tuple[str, ...]
) -> None:
    honest = [row for row in found if row.edit.startswith("honest")]
    wrong = [row for row in honest if row.scores[name] >= limit]
    originals = len({row.original for row in found})
    print(f"\n{name}: {originals} originals, {len(honest)} honest copies", end="; ")
    print(f"at the threshold of {limit:.2f}: {len(wrong)} alarms ({len(wrong) / len(honest):.1%})")
    counts: dict[str, int] = defaultdict(int)
    for row in wrong:
        counts[row.original] += 1
    print("  alarms by original:", dict(counts) or "none")
    edits = sorted({row.edit for row in found if row.edit.startswith(starts)})
    for edit in [*edits, "all of these"]:
        edited = [
            row for row in found if row.edit == edit or (edit[:3] == "all" and row.edit in edits)
        ]
        both = [*edited, *honest]
        labels = np.array([True] * len(edited) + [False] * len(honest))
        scores = np.array([row.scores[name] for row in both])
        area, ends = auc(scores, labels), interval(auc, scores, labels)
        hits = float(np.mean([row.scores[name] >= limit for row in edited]))
        size = np.array([float(row.size) for row in both])
        shuffled = np.random.default_rng(1).permutation(labels)
        told = f"{area:.3f} ({ends[0]:.3f} to {ends[1]:.3f})"
        placed = _placed(edited, [row for row in honest if row.edit in PLAIN], codes)
        print(
            f"  {edit:38} n {len(edited):4}  AUC {told}  found {hits:4.0%}  {placed}"
            f"  [size alone {auc(size, labels):.2f}, shuffled {auc(scores, shuffled):.2f}]"
        )


def report_both(clip_rows: list[Row], sound_rows: list[Row], left_out: dict[str, set[str]]) -> None:
    """Print how well an edit is told by a clip's pictures, by its sound, and by both."""
    heard = {(row.original, row.edit): row.scores for row in sound_rows}
    for edit, (seen, listened) in BOTH.items():
        for way in dict.fromkeys(row.edit.split(", ")[-1] for row in sound_rows if row.where):
            pairs = []
            for row in clip_rows:
                said = f"honest: {way}" if row.edit.startswith("honest") else f"{edit}, {way}"
                honest = row.edit.startswith("honest")
                scores = heard.get((row.original, said))
                if scores and row.original not in left_out[seen] and (honest or row.edit == edit):
                    ours = row.scores[seen] / CLIP_TESTS[seen][1]
                    pairs.append((ours, scores[listened] / AAC_TESTS[listened][1], not honest))
            if not any(edited for *_, edited in pairs):
                continue
            table = np.array(pairs, np.float64)
            labels = table[:, 2] > 0
            print(f"\n{edit}, sound {way}: {labels.sum()} clips, {(~labels).sum()} honest copies")
            both = table[:, :2].max(1)
            for name, told in (("pictures", table[:, 0]), ("sound", table[:, 1]), ("both", both)):
                low, high = interval(auc, told, labels)
                area = f"{auc(told, labels):.3f} ({low:.3f} to {high:.3f})"
                hits, wrong = (float((told[each] >= 1).mean()) for each in (labels, ~labels))
                print(f"  {name:9} AUC {area}  found {hits:4.0%}  alarms {wrong:.1%}")


PLAIN = {"honest: crf 27", "honest: WAV"}  # copies that a false place counts in, one an original


def _placed(edited: list[Row], honest: list[Row], codes: tuple[str, ...]) -> str:
    """How well places are found: F1 of tenths of a second, or of joins."""
    if not edited or not any(row.where for row in edited):
        return ""
    joins = all(end - start < NEAR for row in edited for start, end in row.where)
    right = said = true = 0
    for row in [*edited, *honest]:
        told = [(a, b) for code in codes for a, b in row.found.get(code, [])]
        where: list[Span] = [(a, b) for a, b in row.where]
        if joins:
            near = [any(a - NEAR <= at <= b + NEAR for a, b in told) for at, _ in where]
            right, said, true = right + sum(near), said + len(told), true + len(where)
        else:
            ours, theirs = _tenths(told), _tenths(where)
            right += len(ours & theirs)
            said, true = said + len(ours), true + len(theirs)
    return f"F1 {2 * right / max(said + true, 1):.2f} ({'joins' if joins else 'tenths'})"


def _tenths(spans: Sequence[Span]) -> set[int]:
    return {tenth for a, b in spans for tenth in range(round(10 * a), round(10 * b) + 1)}


def marked(path: Path, *, again: bool) -> Iterator[tuple[str, str]]:
    """Which tests leave out which originals, by a list; `again`: also what was seen later."""
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if again or row["marked"] == "first":
                yield row["test"], row["clip"]
                if row["test"] == "jump":
                    yield "step", row["clip"]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where copies are kept")
    parser.add_argument("--only", choices=("clips", "sounds", "aac"))
    parser.add_argument("--as-found", nargs="*", default=[], metavar="TEST:NAME")
    parser.add_argument("--marks", type=Path, help="a list of what originals have in them")
    parser.add_argument("--marked", choices=("first", "again"), default="again")
    options = parser.parse_args()
    left_out: dict[str, set[str]] = defaultdict(set)
    if options.marks:
        for test, name in marked(options.marks, again=options.marked == "again"):
            left_out[test].add(name)
    for each in options.as_found:
        test, _, name = each.partition(":")
        left_out[test].add(name)
    told: dict[str, list[Row]] = {}
    for kind, held, every, judged, tests in (
        ("clips", "clips", every_clip, judged_clip, CLIP_TESTS),
        ("sounds", "sounds", every_sound, judged_sound, SOUND_TESTS),
        ("aac", "clips", every_aac, judged_aac, AAC_TESTS),
    ):
        if options.only in (None, kind) and (options.folder / held).is_dir():
            keep = options.keep / kind
            keep.mkdir(parents=True, exist_ok=True)
            results = options.keep / f"{kind}.jsonl"
            found = rows(every(options.folder / held, keep), judged, results)
            if found:
                report(found, tests, left_out)
                told[kind] = found
    if "clips" in told and "aac" in told:
        report_both(told["clips"], told["aac"], left_out)


if __name__ == "__main__":
    main()
