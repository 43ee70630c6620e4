"""How well each trace of an edit is found, and how often without one: docs/detector-traces.md.

    python -m bench.detector_traces FOLDER... --keep DIR [--most N] [--edits N]

Each FOLDER is one source of real pictures. Edits of our own (`bench.traced_edits`) are made from
those of cameras (at least 800 by 600 pixels) and compared with the same picture handled the same
way without the edit: area under the ROC curve with its bootstrapped interval, the share found at
the shipped threshold, and how well the marked place fits (F1, mean over all edits, missed ones as
0). Then, for every source, how often each trace is told of the files as they are, and of honest
copies of them. What was measured is kept in DIR by the picture's digest.
"""

import argparse
import hashlib
import json
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from bench.traced_edits import EDITS, HANDLING, Box, Made
from ledger import asset
from verifier.detector.calibration import auc, interval
from verifier.detector.traces import thumbnail
from verifier.detector.traces.look import Look, look
from verifier.detector.traces.sight import ASKED, USUAL, Sight, sights
from verifier.detector.traces.texts import exif
from verifier.media.picture import opened

_ASKED = {
    "jpeg.compressed-twice": "history",
    "jpeg.region-other-history": "history",
    "jpeg.moved-grid": "steps",
    "jpeg.region-other-grid": "votes",
    "copy-move": "copies",
    "resampled": "resampling",
    "resampled.region": "resampling",
    "noise.smooth-region": "noise",
}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True, help="where measurements are kept")
    parser.add_argument("--most", type=int, default=60, help="pictures of a source, as they are")
    parser.add_argument("--edits", type=int, default=40, help="pictures that are edited")
    parser.add_argument("--handling", type=int, default=5, help="kinds of handling that are tried")
    parser.add_argument("--only", default="", help="edits whose name begins so")
    options = parser.parse_args()
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    warnings.simplefilter("ignore")
    options.keep.mkdir(parents=True, exist_ok=True)
    originals = list(_originals(options.folders))
    rows = [
        _edited(path, other, options.keep, options.only)
        for path, other in zip(
            originals[: options.edits],
            (originals[1:] + originals[:1])[: options.edits],
            strict=True,
        )
    ]
    _show_edits(rows)
    for folder in options.folders:
        files = sorted(folder.iterdir())[: options.most]
        told = [_handled(path, options.keep, options.handling) for path in files]
        _show_handled(folder.name, [each for each in told if each])


def _originals(folders: list[Path]) -> Iterator[Path]:
    """Pictures large enough, in an order that does not favour one maker."""
    files = [path for folder in folders for path in folder.iterdir() if "camera" in folder.name]
    for path in sorted(files, key=lambda path: hashlib.sha256(path.name.encode()).digest()):
        try:
            with Image.open(path) as image:
                if min(image.size) >= 600 and max(image.size) >= 800 and image.mode == "RGB":
                    yield path
        except OSError:
            continue


def _kept(path: Path, keep: Path) -> tuple[Path, dict[str, Any]]:
    at = keep / f"{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.json"
    return at, json.loads(at.read_text()) if at.exists() else {}


def _edited(path: Path, other: Path, keep: Path, only: str) -> dict[str, Any]:
    """Of each edit: the strength with and without it, and F1."""
    at, found = _kept(path, keep)
    wanted = [name for name in EDITS if name not in found and name.startswith(only)]
    if wanted:
        image, second = (Image.open(each).convert("RGB") for each in (path, other))
        for name in wanted:
            code, make = EDITS[name]
            seed = int.from_bytes(hashlib.sha256((path.name + name).encode()).digest()[:4])
            edit, honest = make(image, second, np.random.default_rng(seed))
            sight, size = _sight(edit, code)
            without, _ = _sight(honest, code)
            found[name] = [
                sight.strength if sight else 0.0,
                without.strength if without else 0.0,
                _fit(sight, edit.parts, size),
            ]
            at.write_text(json.dumps(found))
    return found


def _look(made: Made) -> Look:
    with tempfile.NamedTemporaryFile(suffix=made.ending) as file:
        file.write(made.data)
        file.flush()
        path = Path(file.name)
        kind = asset.JPEG if made.ending == ".jpg" else asset.PNG
        with opened(path, kind) as image:
            return look(image, path, kind)


def _sight(made: Made, code: str) -> tuple[Sight | None, tuple[int, int]]:
    seen = _look(made)
    of_code = [each for each in ASKED[_ASKED[code]](seen) if each.code == code]
    return (of_code[0] if of_code else None), seen.size


def _fit(sight: Sight | None, parts: tuple[Box, ...], size: tuple[int, int]) -> float | None:
    """F1 of the marked pixels, in squares of 8, against the edited ones; None where all is."""
    if not parts:
        return None
    if sight is None or sight.mask is None:
        return 0.0
    true = np.zeros((-(-size[1] // 8), -(-size[0] // 8)), bool)
    for left, top, right, bottom in parts:
        true[top // 8 : bottom // 8, left // 8 : right // 8] = True
    down = ((np.arange(true.shape[0]) * 8 + 4 - sight.top) / sight.cell).astype(int)
    along = ((np.arange(true.shape[1]) * 8 + 4 - sight.left) / sight.cell).astype(int)
    inside = ((down >= 0) & (down < sight.mask.shape[0]))[:, None] & (
        (along >= 0) & (along < sight.mask.shape[1])
    )
    down, along = (
        np.clip(each, 0, count - 1)
        for each, count in zip((down, along), sight.mask.shape, strict=True)
    )
    marked = inside & sight.mask[down[:, None], along[None]]
    return float(2 * (marked & true).sum() / max(marked.sum() + true.sum(), 1))


def _handled(path: Path, keep: Path, many: int) -> dict[str, dict[str, float]]:
    """Every test's strength on a file as it is, and on honest copies of it."""
    at, found = _kept(path, keep)
    names = ("as it is", *HANDLING)[:many]
    names = tuple(name for name in names if f"honest: {name}" not in found)
    try:
        for name in names:
            if name == "as it is":
                made = Made(path.read_bytes(), path.suffix.lower().replace("jpeg", "jpg"))
            else:
                made = HANDLING[name](Image.open(path).convert("RGB"))
            seen = _look(made)
            found[f"honest: {name}"] = {each.code: float(each.strength) for each in sights(seen)}
            if name == "as it is":
                found[f"honest: {name}"] |= _thumbnail(path, seen)
    except Exception as problem:  # noqa: BLE001  # a damaged file of the folder is no measurement
        print(f"{path.name}: {problem}")
    at.write_text(json.dumps(found))
    return {key[8:]: value for key, value in found.items() if key.startswith("honest: ")}


def _thumbnail(path: Path, seen: Look) -> dict[str, float]:
    """How the file's own thumbnail compares, as it is and after an edit of the picture."""
    from verifier.detector.traces.examine import _small

    with Image.open(path) as image:
        data = exif(image).thumbnail
    small = None if data is None else _small(data)
    if small is None:
        return {}
    told = {}
    edited = seen.whole.copy()
    height, width = edited.shape
    edited[height // 3 : height // 2, width // 3 : width // 2] = edited[
        height // 2 : height // 2 + height // 2 - height // 3, : width // 2 - width // 3
    ]
    for name, plane in (("", seen.whole), (" edited", edited)):
        factor = max(1, int(min(plane.shape) / (2 * min(small.shape))))
        rows, columns = (side // factor * factor for side in plane.shape)
        shrunk = plane[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor)
        found = thumbnail.compare(small, shrunk.mean((1, 3)).astype(np.float32))
        if found is not None:
            told[f"thumbnail.likeness{name}"] = found.likeness
            told[f"thumbnail.proportions{name}"] = found.proportions
            told[f"thumbnail.differs{name}"] = float((found.differs > 0.5).mean())
    return told


def _show_edits(rows: list[dict[str, Any]]) -> None:
    print(f"{'edit':38} {'n':>3}  {'AUC':24} {'found':>6} {'false':>6}  F1")
    for name, (code, _) in EDITS.items():
        values = [row[name] for row in rows if name in row]
        if len(values) < 2:
            continue
        edited, honest = (np.array([each[n] for each in values]) for n in (0, 1))
        scores, labels = np.concatenate([edited, honest]), np.arange(2 * len(values)) < len(values)
        low, high = interval(auc, scores, labels)
        area = f"{auc(scores, labels):.3f} ({low:.3f} to {high:.3f})"
        shares = [float(np.mean(each >= USUAL[code])) for each in (edited, honest)]
        fits = [each[2] * (each[0] >= USUAL[code]) for each in values if each[2] is not None]
        fit = f"{np.mean(fits):.2f}" if fits else ""
        print(f"{name:38} {len(values):3}  {area:24} {shares[0]:6.2f} {shares[1]:6.2f}  {fit}")


def _show_handled(name: str, told: list[dict[str, dict[str, float]]]) -> None:
    print(f"\n{name}: {len(told)} pictures; share of each trace, and the 99 % quantile of strength")
    by_handling: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        for handling, strengths in each.items():
            for code, strength in strengths.items():
                by_handling[handling][code].append(strength)
    for handling, strengths in by_handling.items():
        count = sum(handling in each for each in told)
        for code, values in sorted(strengths.items()):
            top = np.quantile(np.r_[values, np.zeros(count - len(values))], 0.99)
            above = "" if code not in USUAL else f"{sum(v >= USUAL[code] for v in values):4}"
            print(f"  {handling:26} {code:28} {count:4} {above:>5} {top:9.4f}")


if __name__ == "__main__":
    main()
