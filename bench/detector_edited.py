"""What is told of pictures that others edited: docs/detector-traces.md.

    python -m bench.detector_edited FOLDER --keep DIR

FOLDER holds folders GROUP_MAKER_PUBLISHER of files NUMBER_after.* that somebody's program, model or
hand edited in a part, beside NUMBER_before.*, the same before, where it is known; of the group
`none` nothing was edited. No test was set on any of them. Each is asked as the product asks it. For
each group: how many files of how many publishers; the share of them of which a trace tells a part,
before and after the edit; where both are known, of how many a trace's boxes hold at least three
times as much of what was changed as chance would; the share in which a program or generator is
named, and that of which nothing is told but how the file is built. Then each trace: of how many it
is told, before and after, and how well its boxes fit what was changed (F1). What was told is kept
in DIR by the digests of the files and of the code that told it.
"""

import argparse
import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile
from scipy import ndimage

import verifier.detector.traces
from ledger.asset import detect_media_type
from ledger.errors import FirsthandError
from verifier.detector.result import Box, Trace
from verifier.detector.traces.examine import picture_traces

FACT = "jpeg.structure"
NAMED = ("generator.named", "editor.named", "editor.history")
_CHANGED = 14  # grey levels, of the mean of seven by seven pixels
_OVER = 3.0  # times what most of the picture changed by
_MARKED = 3.0  # times the share of what changed that boxes hold of the picture: no chance

Changed = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Told:
    """What traces were told of one file; of those that mark a part, how their boxes fit.

    A fit is F1, and how many times more of the boxes was changed than of the whole picture.
    """

    codes: tuple[str, ...]
    fits: dict[str, tuple[float, float]]
    parts: tuple[str, ...] = ()

    @property
    def tells(self) -> bool:
        """Whether anything is told but how the file is built."""
        return any(each != FACT for each in self.codes)


@dataclass(frozen=True, slots=True)
class Edited:
    """A file that was edited, or one that was not, and the same before where it is known."""

    group: str
    publisher: str
    after: Told | None
    before: Told | None


def changed(before: Path, after: Path) -> Changed | None:
    """Which pixels an edit changed, more than coding them again does; None where none is found."""
    both = [np.asarray(Image.open(each).convert("RGB"), np.float32) for each in (before, after)]
    if both[0].shape != both[1].shape:
        return None
    differ = ndimage.uniform_filter(np.abs(both[0] - both[1]).max(2), 7)
    where = differ > max(_CHANGED, _OVER * float(np.quantile(differ, 0.3)) + 6)
    opened = ndimage.binary_opening(where, np.ones((5, 5)))
    closed: Changed = ndimage.binary_closing(opened, np.ones((15, 15)))
    return closed if closed.any() else None


def fit(boxes: Iterable[Box], where: Changed) -> tuple[float, float]:
    """F1 of boxes against what was changed, and how many times more of them was changed."""
    marked = np.zeros(where.shape, bool)
    for left, top, width, height in boxes:
        marked[top : top + height, left : left + width] = True
    both = float((marked & where).sum())
    share = both / max(float(marked.sum()), 1.0)
    return 2 * both / max(float(marked.sum() + where.sum()), 1.0), share / float(where.mean())


def told(path: Path, where: Changed | None) -> Told:
    """Ask the product of one file."""
    with path.open("rb") as file:
        kind = detect_media_type(file.read(4096))
    traces: tuple[Trace, ...] = picture_traces(path, kind)[0]
    placed = [each for each in traces if each.boxes]
    fits = {} if where is None else {each.code: fit(each.boxes, where) for each in placed}
    return Told(tuple(each.code for each in traces), fits, tuple(each.code for each in placed))


def code_digest() -> str:
    """The SHA-256 of the code that tells traces."""
    paths = sorted(Path(verifier.detector.traces.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in paths)).hexdigest()


def pairs(folder: Path, keep: Path) -> Iterator[Edited]:
    """What is told of every file, asked once."""
    code = code_digest()
    for path in sorted(folder.glob("*/*_*.*")):
        number, _, which = path.stem.partition("_")
        beside = {each.stem.partition("_")[2]: each for each in path.parent.glob(f"{number}_*.*")}
        if which == "before" and "after" in beside:
            continue
        group, _, publisher = path.parent.name.partition("_")
        before, after = beside.get("before"), beside.get("after")
        try:
            both = [_kept(each, before, after, keep, code) for each in (after, before)]
        except FirsthandError as problem:
            print(f"{path}: {problem}")
            continue
        yield Edited(group, publisher.rpartition("_")[2], *both)


def _kept(
    path: Path | None, before: Path | None, after: Path | None, keep: Path, code: str
) -> Told | None:
    if path is None:
        return None
    beside = before if path == after else None
    data = [each.read_bytes() for each in (path, beside) if each is not None]
    name = hashlib.sha256(b"".join([*data, code.encode()])).hexdigest()
    at = keep / f"{name}.json"
    if not at.exists():
        where = None if beside is None else changed(beside, path)
        at.write_text(json.dumps(asdict(told(path, where))))
    kept = json.loads(at.read_text())
    fits = {name: (float(one), float(other)) for name, (one, other) in kept["fits"].items()}
    return Told(tuple(kept["codes"]), fits, tuple(kept["parts"]))


def show(name: str, some: Sequence[Edited]) -> None:
    """One line: of a group, or of all."""
    after = [each.after for each in some if each.after is not None]
    before = [each.before for each in some if each.before is not None]
    line = f"{name:10} {len({each.publisher for each in some}):4} {len(before):4} {len(after):4}"
    line += f"  {_share(bool(each.parts) for each in before):6.3f}"
    if after:
        placed = [each for each in after if each.fits]
        there = [any(over >= _MARKED for _, over in each.fits.values()) for each in placed]
        line += f" {_share(bool(each.parts) for each in after):6.3f}"
        line += f" {sum(there):4} of {len(there):3}"
        line += f" {_share(any(code in NAMED for code in each.codes) for each in after):6.3f}"
        line += f" {_share(not each.tells for each in after):7.3f}"
    print(line, flush=True)


def _share(of: Iterable[bool]) -> float:
    told = list(of)
    return float(np.mean(told)) if told else float("nan")


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is told is kept")
    options = parser.parse_args()
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    warnings.simplefilter("ignore")
    options.keep.mkdir(parents=True, exist_ok=True)
    every = list(pairs(options.folder, options.keep))
    print(f"{'':10}   of before after  a part: before, after, there   named  nothing")
    for group in sorted({each.group for each in every}):
        show(group, [each for each in every if each.group == group])
    edited = [each for each in every if each.after is not None]
    show("all edited", edited)
    before = [each.before for each in every if each.before is not None]
    after = [each.after for each in edited if each.after is not None]
    print(f"\n{'trace':28} of {len(before)} before, {len(after)} after; F1")
    for code in sorted({code for each in (*before, *after) for code in each.codes}):
        counts = [sum(code in each.codes for each in some) for some in (before, after)]
        fits = [each.fits[code][0] for each in after if code in each.fits]
        fit_told = f"{np.mean(fits):.2f} of {len(fits)}" if fits else ""
        print(f"{code:28} {counts[0]:4} {counts[1]:4}  {fit_told}")


if __name__ == "__main__":
    main()
