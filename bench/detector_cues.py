"""What each measurement of a face over time is worth: its range in real clips, and in others.

    python -m bench.detector_cues TRAINING MEASURING --keep DIR [--plot FILE]

Both folders hold `real*/` and `fake*/` sources of clips. Printed are, for each measurement, the
range of 95 % of TRAINING's real clips (what `verifier.detector.cues` calls usual), the share of
MEASURING's real and other clips that lie outside it, and how well the measurement alone tells the
two (AUC, 0.5 for nothing, with its interval; below 0.5 it is lower in the others). `--plot` draws
every clip's value. Measurements are kept in DIR by digest.
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ledger.asset import detect_media_type
from verifier.detector.calibration import Floats, auc, interval
from verifier.detector.clip import LEAST_SECONDS, LEAST_WIDTH
from verifier.detector.cues import KINDS
from verifier.detector.watched import heard, measured, watched
from verifier.media.probe import probe

Rows = list[dict[str, float | None]]


def measurements(folder: Path, keep: Path, start: str) -> Rows:
    """Measure the clips of the sources whose names begin so, or read what was kept of them."""
    rows = []
    for place in sorted(folder.rglob(f"{start}*")):
        if place.is_dir():
            rows += [_of(path, keep) for path in sorted(place.iterdir()) if path.is_file()]
    return [row for row in rows if row]


def _of(path: Path, keep: Path) -> dict[str, float | None]:
    data = path.read_bytes()
    kept = keep / f"{hashlib.sha256(data).hexdigest()}.json"
    if not kept.exists():
        media_type = detect_media_type(data[:4096])
        info = probe(path, media_type)
        seen = watched(path, media_type, info)
        fit = seen.seconds >= LEAST_SECONDS and np.median(seen.widths) >= LEAST_WIDTH
        told = asdict(measured(seen, heard(path, media_type, info, seen.within))) if fit else {}
        kept.write_text(json.dumps(told))
    told = json.loads(kept.read_text())
    return {str(name): value for name, value in told.items()}


def column(rows: Rows, name: str) -> Floats:
    """One measurement of the clips that give it."""
    return np.array([value for row in rows if (value := row.get(name)) is not None], np.float64)


def show(usual: Rows, real: Rows, others: Rows) -> None:
    """Print the table."""
    print(f"{'':14} {'n':>3}  {'usual':18}  {'n':>3} {'out':>5}  {'n':>3} {'out':>5}  AUC")
    for name in KINDS:
        known, one, two = (column(rows, name) for rows in (usual, real, others))
        low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (np.nan, np.nan)
        line = f"{name:14} {len(known):3}  {low:8.3f} {high:8.3f} "
        for values in (one, two):
            out = np.mean((values < low) | (values > high)) if len(values) else np.nan
            line += f"  {len(values):3} {out:5.2f}"
        if len(one) > 1 and len(two) > 1:
            values, which = np.concatenate((one, two)), np.arange(len(one) + len(two)) >= len(one)
            least, most = interval(auc, values, which)
            line += f"  {auc(values, which):.2f} ({least:.2f} to {most:.2f})"
        print(line)


def draw(usual: Rows, real: Rows, others: Rows, file: Path) -> None:
    """Draw every clip's value of each measurement, over the usual range."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(4, 3, figsize=(11, 9))
    random = np.random.default_rng(0)
    for axis, (name, kind) in zip(axes.ravel(), KINDS.items(), strict=False):
        axis.axvspan(*kind.usual, color="0.9")
        groups = (("training, real", usual), ("measuring, real", real), ("swapped", others))
        for place, (label, rows) in enumerate(groups):
            values = column(rows, name)
            heights = -place + random.uniform(-0.25, 0.25, len(values))
            axis.plot(values, heights, ".", markersize=4, label=label)
        axis.set(title=f"{kind.code}, {kind.unit[:24]}", yticks=[])
        axis.title.set_size(9)
    axes.ravel()[0].legend(fontsize=7)
    for axis in axes.ravel()[len(KINDS) :]:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(file, dpi=80)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("training", type=Path)
    parser.add_argument("measuring", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    usual = measurements(options.training, options.keep, "real")
    real = measurements(options.measuring, options.keep, "real")
    others = measurements(options.measuring, options.keep, "fake")
    show(usual, real, others)
    if options.plot:
        draw(usual, real, others, options.plot)


if __name__ == "__main__":
    main()
