"""How well the time map of a clip is found: real clips, edited and encoded again for real.

    python -m bench.timemap FOLDER [--all] [--keep FOLDER] [--part N/M] [--results FILE]

Each clip of FOLDER (6 s or longer; of longer ones the first 20 s are edited) is slowed, sped up,
cut, re-ordered, and so on; then left plain, cropped by 15 % under a banner, mirrored, or laid into
an upright frame, in turn (with `--all`: each of these); and encoded with H.264 at 360 lines, crf
32. What `verifier.compare.clip` says is held against what was done, once with the whole original
at hand (dense) and once with its record `clip-luma` (sparse). Intervals are 95 %: of shares of
copies Clopper and Pearson's, of shares of seconds by drawing clips again. `--part N/M` takes every
M-th clip from the N-th on; `--results` gathers the rows of several runs and leaves out clips that
it has; `--keep` keeps the edited clips.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from verifier.compare.clip import map_clip
from verifier.compare.footage import read_footage

from .clip_edits import LAYOUTS, edited, edits, is_long_enough, recorded, type_of
from .rows import gathered, kept_rows
from .time_maps import Row, judge, report


def measured(
    clips: Sequence[Path], part: tuple[int, int], folder: Path, done: set[str], *, every: bool
) -> Iterator[Row]:
    """Edit, compare and judge."""
    for index, original in enumerate(clips):
        if index % part[1] != part[0] or original.stem in done:
            continue
        other = clips[(index + 3) % len(clips)]
        records = {"dense": read_footage(original, type_of(original)), "sparse": recorded(original)}
        for number, edit in enumerate(edits(10)):
            ways = LAYOUTS if every else [LAYOUTS[(index + number) % len(LAYOUTS)]]
            for layout in ways:
                path, pieces, rate = edited(original, other, edit, layout, folder)
                suspect = read_footage(path, type_of(path))
                for name, record in records.items():
                    start = time.process_time()
                    found = map_clip(suspect, [record])
                    spent = time.process_time() - start
                    segments = () if found is None else found.shown.segments
                    right, tenths, rates, errors, missed, kinds = judge(pieces, rate, segments)
                    yield Row(
                        original.stem,
                        edit,
                        layout,
                        name,
                        right,
                        tenths,
                        rates,
                        errors,
                        missed,
                        len(segments),
                        kinds,
                        spent,
                    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    clips = [path for path in sorted(options.folder.iterdir()) if is_long_enough(path)]
    first, of = (int(number) for number in options.part.split("/"))
    rows = kept_rows(options.results, Row)
    done = {row.clip for row in rows}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        more = measured(clips, (first, of), folder, done, every=options.all)
        rows += gathered(more, options.results)
    report(rows)


if __name__ == "__main__":
    main()
