"""How well a replaced face is found when its original is known: frame by frame, on real deepfakes.

    python -m bench.faces FOLDER [--results FILE]

FOLDER holds FaceForensics++ as its authors lay it out: `original/NAME.mp4`, and for each method
`METHOD/NAME_OTHER.mp4`. Four seconds of each clip, the originals too, are encoded with H.264 at
360 lines, crf 30, whole and cropped by 15 %, and compared with the untouched original. A frame's
score is its most unusual place. Printed is the area under the ROC curve over frames, the interval
by drawing originals again, and at the threshold of the product the share of clips in which a
region is named. `--results` gathers what was found, copy by copy, and leaves out what it has.
"""

import argparse
import tempfile
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.clip_edits import H264, run_ffmpeg, type_of
from bench.rows import gathered, kept_rows
from bench.time_maps import share
from verifier.compare.changes import LONG_SIDE, Changes, regions_of
from verifier.compare.clip import map_clip
from verifier.compare.clip_regions import changes_of
from verifier.compare.footage import read_footage, read_frames_at

LAYOUTS = {
    "whole": "scale=-2:360",
    "cropped": "crop=iw*0.85:ih*0.85:iw*0.06:ih*0.05,scale=-2:360",
}
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What was found in one copy."""

    original: str
    method: str
    layout: str
    scores: list[float]  # of each frame
    named: bool


def judged(folder: Path, done: Container[tuple[str, str, str]]) -> Iterator[Judged]:
    """Compare copies of each original and of what was made of it."""
    methods = sorted(each for each in folder.iterdir() if each.is_dir() and each.name != "original")
    for original in sorted((folder / "original").glob("*.mp4")):
        whole = read_footage(original, type_of(original))
        made = [(each.name, f) for each in methods for f in each.glob(f"{original.stem}_*.mp4")]
        for method, path in [("original", original), *made]:
            for layout, filters in LAYOUTS.items():
                if (original.stem, method, layout) in done:
                    continue
                with tempfile.TemporaryDirectory() as scratch:
                    copy = Path(scratch) / "copy.mp4"
                    cut = ("-t", "4", "-i", str(path), "-an", "-vf", filters)
                    run_ffmpeg(*cut, *H264, "-crf", "30", str(copy))
                    suspect = read_footage(copy, type_of(copy))
                    found = map_clip(suspect, [whole])
                    if found is None:
                        print(f"  {path.name} {layout}: nothing in common")
                        continue
                    laid = found.laid[0]
                    rows, columns = laid.pairs
                    fine = [
                        read_frames_at(file, type_of(file), clip.part, times.tolist(), LONG_SIDE)
                        for file, clip, times in (
                            (copy, suspect, suspect.times[rows]),
                            (original, whole, whole.times[columns]),
                        )
                    ]
                    changes: Changes = changes_of(laid, suspect, whole, *fine)[0]
                scores, named = changes.scores().tolist(), bool(regions_of(changes))
                yield Judged(original.stem, method, layout, scores, named)


def area(fakes: Scores, honest: Scores) -> float:
    """The chance that a fake frame scores above an honest one."""
    order = np.sort(honest)
    below = np.searchsorted(order, fakes, "left") + np.searchsorted(order, fakes, "right")
    return float(below.mean() / 2 / len(order))


def report(rows: list[Judged]) -> None:
    """Print a line for each method and layout."""
    random = np.random.default_rng(1)
    for layout in LAYOUTS:
        some = [row for row in rows if row.layout == layout]
        names = sorted({row.original for row in some})
        for method in sorted({row.method for row in some}):
            fakes = [row for row in some if row.method == method]
            named = share(sum(row.named for row in fakes), len(fakes))
            told = f"{layout:8} {method:16} region named in {named:26}"
            if method != "original":
                drawn = [
                    area(*two(some, method, random.choice(names, len(names)))) for _ in range(300)
                ]
                low, high = np.nanpercentile(drawn, [2.5, 97.5])
                told += f" frame AUC {area(*two(some, method, names)):.4f} ({low:.4f}-{high:.4f})"
            print(told)


def two(rows: list[Judged], method: str, names: npt.ArrayLike) -> tuple[Scores, Scores]:
    """The scores of a method and of the originals, of the names drawn."""
    picked = [
        np.concatenate(
            [
                np.empty(0),
                *(
                    row.scores
                    for name in np.asarray(names).tolist()
                    for row in rows
                    if row.method == each and row.original == name
                ),
            ]
        )
        for each in (method, "original")
    ]
    return picked[0], picked[1]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    rows = kept_rows(options.results, Judged)
    done = {(row.original, row.method, row.layout) for row in rows}
    rows += gathered(judged(options.folder, done), options.results)
    report(rows)


if __name__ == "__main__":
    main()
