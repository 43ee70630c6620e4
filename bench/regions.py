"""How well a picture is laid over its original, and what was changed in it is found and boxed.

    python -m bench.regions FOLDER                 on the pictures of FOLDER, every figure with its
                                                   95 % interval
    python -m bench.regions FOLDER --pairs 100000  how often two unrelated ones are taken for copies

Each picture is an original once as it is and once as the thumbnail that is recorded of it. Its
edited copies (bench/edits.py) have one object pasted, removed or blurred; `found` is the share in
which some changed region meets the object (intersection over union above 0.1), `overlap` the mean
intersection over union of all changed regions with the box around the object. An honest copy is
flagged when any changed or colour region is told. Intervals: Clopper-Pearson, and the bootstrap.
"""

import argparse
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import beta

from verifier.compare.picture import (
    PictureComparison,
    compare_pictures,
    picture_of,
    picture_of_thumbnail,
)
from verifier.compare.regions import Picture
from verifier.compare.register import LEAST_SCORE, best_map, prepare
from verifier.compare.result import RegionKind
from verifier.compare.warp import mapped
from verifier.fingerprint.thumbnail import make_thumbnail

from .edits import HONEST, Copy, untouched
from .objects import AFTER, edited

HOW = ("pasted", "removed", "blurred")
MET = 0.1
Numbers = dict[tuple[str, ...], list[float]]
Row = dict[str, list[list[Any]]]  # what was measured on one picture


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200, help="how many pictures")
    parser.add_argument("--honest", type=int, default=6, help="honest copies of each picture")
    parser.add_argument("--pairs", type=int, help="unrelated pairs to try, and nothing else")
    parser.add_argument("--keep", type=Path, help="a file to keep what was measured and go on from")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    options = parser.parse_args()
    paths = sorted(each for each in options.folder.iterdir() if each.is_file())
    if options.pairs:
        measure_pairs(paths, options.pairs)
        return
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    kept = options.keep.read_text().splitlines() if options.keep and options.keep.exists() else []
    rows = [json.loads(line) for line in kept]
    until = time.monotonic() + options.seconds
    for number in range(len(rows), len(paths)):
        rows.append(measured(paths, number, options.honest))
        if options.keep:
            options.keep.open("a").write(json.dumps(rows[-1]) + "\n")
        if time.monotonic() > until:
            break
    show(rows)


def measured(paths: list[Path], number: int, honest: int) -> Row:
    """Make the copies of one picture, and compare each with both of its originals."""
    image, other = opened(paths[number]), opened(paths[number - 1])
    both = list(originals(image))
    random = np.random.default_rng(number)
    row: Row = {"edited": [], "honest": []}
    for how, (after, copy) in zip(
        rotated(number), edits(image, other, random, number), strict=True
    ):
        for mode, original in both:
            overlap = overlap_of(compared(copy, original), copy)
            row["edited"].append([mode, how, after, overlap])
    kinds = itertools.islice(itertools.cycle(HONEST), number * honest, (number + 1) * honest)
    for how in kinds:
        copy = HONEST[how](untouched(image), np.random.default_rng(number))
        for mode, original in both:
            result = compared(copy, original)
            flag = result is not None and is_flagged(result, how)
            row["honest"].append([mode, how, flag, *errors_of(result, copy)])
    return row


def show(rows: list[Row]) -> None:
    """Print the tables."""
    found: Numbers = defaultdict(list)
    flags: Numbers = defaultdict(list)
    errors: dict[tuple[str, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        for mode, how, after, overlap in row["edited"]:
            for key in ((mode, how), (mode, after), (mode, "all")):
                found[key].append(overlap)
        for mode, how, flag, corner, crop in row["honest"]:
            for key in ((mode, how), (mode, "all")):
                flags[key].append(flag)
                errors[key].append((corner, crop))
    print(f"{len(rows)} pictures\n\nedited copies: the object is found; overlap of the boxes")
    for key, overlaps in sorted(found.items()):
        met = np.array(overlaps) > MET
        print(f"  {named(key)} {share(met)}   {mean(np.array(overlaps))}")
    print("\nhonest copies: flagged; corners laid within 1 % of the original's sides;")
    print("median and 95th percentile of the corners' error, and of the crop box's")
    for key, values in sorted(flags.items()):
        corner, crop = np.array(errors[key]).T
        told = " ".join(
            f"{np.quantile(each, q):.4f}" for each in (corner, crop) for q in (0.5, 0.95)
        )
        print(f"  {named(key)} {share(np.array(values) > 0)}   {share(corner < 0.01)}   {told}")


def rotated(number: int) -> Iterator[str]:
    """The three ways to edit, from another one for each picture."""
    return itertools.islice(itertools.cycle(HOW), number % 3, number % 3 + 3)


def edits(
    image: Image.Image, other: Image.Image, random: np.random.Generator, number: int
) -> Iterator[tuple[str, Copy]]:
    """One edited copy for each way on which it goes."""
    for how, (after, step) in zip(rotated(number), AFTER.items(), strict=True):
        for _ in range(20):  # until most of the object is left by a crop
            copy = step(edited(how, image, other, random), random)
            changed, shown = (np.asarray(copy.marks)[..., channel] > 127 for channel in (0, 1))
            if changed.sum() >= 0.008 * shown.sum():
                break
        yield after, copy


def originals(image: Image.Image) -> Iterator[tuple[str, Picture]]:
    """The original as it is, and as it is recorded."""
    yield "whole", picture_of(image)
    yield "record", picture_of_thumbnail(make_thumbnail(image))


def opened(path: Path) -> Image.Image:
    """A picture, at most as large as what is compared."""
    with Image.open(path) as image:
        return image.convert("RGB")


def compared(copy: Copy, original: Picture) -> PictureComparison | None:
    """Compare a copy with its original."""
    return compare_pictures(picture_of(copy.image), original, copy.image.size)


def overlap_of(result: PictureComparison | None, copy: Copy) -> float:
    """Intersection over union of the changed regions with the box around what was changed."""
    box = copy.marks.getchannel("R").point(lambda value: 255 * (value > 127)).getbbox()
    if result is None or box is None:
        return 0.0
    true, told = np.zeros((2, copy.image.height, copy.image.width), bool)
    true[box[1] : box[3], box[0] : box[2]] = True
    for region in result.regions:
        if region.kind is RegionKind.CHANGED:
            left, top, width, height = region.box
            told[top : top + height, left : left + width] = True
    return float((true & told).sum() / (true | told).sum())


def is_flagged(result: PictureComparison, how: str) -> bool:
    """Whether anything but what lies around it is said to differ; a grey copy has lost colour."""
    kinds = {each.kind for each in result.regions} - {RegionKind.ADDED}
    return bool(kinds - ({RegionKind.COLOUR} if how == "grey" else set()))


def errors_of(result: PictureComparison | None, copy: Copy) -> tuple[float, float]:
    """How far, in parts of the original, a corner is misplaced, and a side of the crop, at most."""
    if result is None:
        return 1.0, 1.0
    left, top, right, bottom = copy.marks.getbbox() or (0, 0, 0, 0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    places = corners / np.array(copy.image.size)
    found, true = (mapped(each.matrix, places) for each in (result, copy))
    crop = np.clip([*true.min(0), *true.max(0)], 0, 1)
    return float(np.abs(found - true).max()), float(np.abs(crop - result.geometry.crop).max())


def measure_pairs(paths: list[Path], count: int) -> None:
    """Print how often one picture is laid over an unrelated one, each pair tried once, if that."""
    ready = [prepare(picture_of(opened(path)).luma) for path in paths]
    pairs = np.argwhere(~np.eye(len(ready), dtype=bool))
    count = min(count, len(pairs))
    scores = []
    for one, other in np.random.default_rng(0).permutation(pairs)[:count]:
        found = best_map(ready[one], ready[other])
        score = 0.0 if found is None else found.score
        scores.append(score)
        if score >= LEAST_SCORE:
            print(f"  {score:.1f}  {paths[one].name}  {paths[other].name}")
    false = np.array(scores) >= LEAST_SCORE
    upper = beta.ppf(0.95, false.sum() + 1, count - false.sum())
    refined = (np.array(scores) > 0).mean()
    print(f"{false.sum()} of {count} unrelated pairs; rate below {upper:.1e} (95 %, one-sided)")
    print(f"{100 * refined:.2f} % were refined; largest scores {np.sort(scores)[-5:].round(1)}")


def named(key: tuple[str, ...]) -> str:
    """A row's name."""
    return f"{key[0]:7}{key[1]:28}"


def share(yes: np.ndarray) -> str:
    """A share in per cent, with its Clopper-Pearson interval."""
    count, of = int(yes.sum()), len(yes)
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return f"{100 * count / of:5.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {of}"


def mean(values: np.ndarray) -> str:
    """A mean with its bootstrap interval."""
    random = np.random.default_rng(0)
    drawn = random.choice(values, (1000, len(values))).mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
