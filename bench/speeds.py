"""How little slower or faster a whole clip may play, and be told to.

    python -m bench.speeds FOLDER [--record dense|sparse] [--results FILE] [--keep FOLDER]

Of each clip of FOLDER (6 s or longer; of one above 10 s the middle 8 s) copies are made that play
at other speeds, H.264 at 360 lines, crf 32, and copies that do not, at other numbers of frames a
second. Each is held against its original (dense), and against its record `clip-luma` (sparse).
Intervals are 95 % (Clopper and Pearson). `--results` gathers the rows of several runs and leaves
out clips that it has; `--keep` keeps the copies.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verifier.compare.clip import map_clip
from verifier.compare.footage import read_footage

from .clip_edits import H264, headers, is_long_enough, recorded, run_ffmpeg, type_of
from .honest import RECORDS, original_of, scaled
from .rows import gathered, kept_rows
from .time_maps import share

SPEEDS = (0.75, 0.83, 0.95, 0.97, 0.98, 1.02, 1.03, 1.07)
FRAMES_PER_SECOND = (12, 15, 20, 25, 30)  # of copies that play as the original does


@dataclass(frozen=True)
class Row:
    """What was said of one copy."""

    clip: str
    record: str
    speed: float
    frames_per_second: float
    stretches: int
    rate: float  # of the longest stretch; 0 where there is none


def copied(original: Path, speed: float, frames_per_second: float, folder: Path) -> Path:
    """Make a copy."""
    path = folder / f"{original.stem}.{speed}.{frames_per_second:.3f}.mp4"
    if not path.exists():
        played = f"setpts=(PTS-STARTPTS)/{speed},fps={frames_per_second}" if speed != 1 else "null"
        rate = ("-r", str(frames_per_second)) if speed == 1 else ()
        scale = f"scale={scaled(headers(original)[0], 360)}"
        filters = ("-an", "-vf", f"{played},{scale}")
        run_ffmpeg("-i", str(original), *filters, *H264, "-crf", "32", *rate, str(path))
    return path


def measured(
    clips: Sequence[Path], folder: Path, done: set[str], records: Sequence[str]
) -> Iterator[Row]:
    """Make copies, and compare each."""
    for clip in clips:
        if clip.stem in done:
            continue
        original = original_of(clip, folder)
        usual = headers(original)[1]
        held = {"sparse": recorded(original)} if "sparse" in records else {}
        if "dense" in records:
            held["dense"] = read_footage(original, type_of(original))
        ways = [*((speed, usual) for speed in SPEEDS), *((1.0, fps) for fps in FRAMES_PER_SECOND)]
        for speed, fps in ways:
            copy = copied(original, speed, fps, folder)
            suspect = read_footage(copy, type_of(copy))
            for record, known in held.items():
                found = map_clip(suspect, [known])
                segments = () if found is None else found.shown.segments
                lengths = [(each.suspect[1] - each.suspect[0], each.rate) for each in segments]
                _, rate = max(lengths, key=lambda each: each[0], default=(0.0, 0.0))
                yield Row(clip.stem, record, speed, fps, len(segments), rate or 0.0)


def report(rows: Sequence[Row]) -> None:
    """Print the tables."""
    for record in RECORDS:
        some = [row for row in rows if row.record == record]
        if not some:
            continue
        print(f"\n{record}: {len(some)} copies of {len({row.clip for row in some})} clips")
        for speed in SPEEDS:
            group = [row for row in some if row.speed == speed]
            told = share(sum((row.rate - 1) * (speed - 1) > 0 for row in group), len(group))
            right = share(sum(abs(row.rate / speed - 1) < 0.01 for row in group), len(group))
            print(f"  {speed:5}  told: {told:32}within 1 %: {right}")
        for fps in FRAMES_PER_SECOND:
            group = [row for row in some if (row.speed, row.frames_per_second) == (1, fps)]
            wrong = share(sum((row.stretches, row.rate) != (1, 1) for row in group), len(group))
            print(f"  honest, {fps}/s  alarms: {wrong}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--record", choices=RECORDS)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    rows = kept_rows(options.results, Row)
    records = (options.record,) if options.record else RECORDS
    clips = [path for path in sorted(options.folder.iterdir()) if is_long_enough(path)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        more = measured(clips, folder, {row.clip for row in rows}, records)
        rows += gathered(more, options.results)
    report(rows)


if __name__ == "__main__":
    main()
