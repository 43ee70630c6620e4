"""What each measurement of a face is worth: its range in real media, and in others.

    python -m bench.detector_cues TRAINING MEASURING --keep DIR [--pictures] [--most N] [--plot F]

Both folders hold `real*/` and `fake*/` sources of clips, or of pictures. Printed are, for each
measurement, the range of 95 % of TRAINING's real ones (what `verifier.detector.cues` calls usual),
the share of MEASURING's real and other ones that lie outside it, and how well the measurement alone
tells the two (AUC, 0.5 for nothing, with its interval; below 0.5 it is lower in the others). Of a
picture it is the largest face. `--plot` draws every value. Measurements are kept in DIR by digest.
"""

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ledger.asset import Kind, MediaType, detect_media_type
from ledger.errors import FirsthandError
from verifier.detector.calibration import Floats, auc, interval
from verifier.detector.clip import LEAST_SECONDS, LEAST_WIDTH
from verifier.detector.cues import IN_CLIPS, IN_PICTURES, KINDS, Measured, Usual
from verifier.detector.domain import why_not_face
from verifier.detector.faces import find_faces
from verifier.detector.pictured import pictured
from verifier.detector.watched import heard, measured, watched
from verifier.media.picture import picture
from verifier.media.probe import probe

Rows = list[dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is measured: where it is kept, clips or pictures, how many of a source."""

    keep: Path
    kind: Kind
    most: int | None

    def of(self, folder: Path, start: str) -> Rows:
        """Measure the sources whose names begin so, or read what was kept of them."""
        rows = []
        for place in sorted(each for each in folder.rglob(f"{start}*") if each.is_dir()):
            paths = sorted(
                (each for each in place.iterdir() if each.is_file()),
                key=lambda path: hashlib.sha256(path.name.encode()).digest(),
            )
            rows += [self._of(path) for path in paths[: self.most]]
        return [row for row in rows if row]

    def _of(self, path: Path) -> dict[str, float | None]:
        data = path.read_bytes()
        kept = self.keep / f"{hashlib.sha256(data).hexdigest()}.{self.kind.value}.json"
        if not kept.exists():
            try:
                told = self._measured(path, detect_media_type(data[:4096]))
            except (FirsthandError, OSError):
                told = None
            kept.write_text(json.dumps(asdict(told) if told else {}))
        read = json.loads(kept.read_text())
        return {str(name): value for name, value in read.items()}

    def _measured(self, path: Path, media_type: MediaType) -> Measured | None:
        if media_type.kind is not self.kind:
            return None
        return _pictured(path, media_type) if self.kind is Kind.PICTURE else _clip(path, media_type)


def _clip(path: Path, media_type: MediaType) -> Measured | None:
    info = probe(path, media_type)
    seen = watched(path, media_type, info)
    if seen.seconds < LEAST_SECONDS or np.median(seen.widths) < LEAST_WIDTH:
        return None
    return measured(seen, heard(path, media_type, info, seen.within))


def _pictured(path: Path, media_type: MediaType) -> Measured | None:
    image = picture(path, media_type).convert("RGB")
    rgb = np.asarray(image)
    for face in find_faces(rgb, most=1):
        return None if why_not_face(image, face.box) else pictured(rgb, face)
    return None


def column(rows: Rows, name: str) -> Floats:
    """One measurement of the clips that give it."""
    return np.array([value for row in rows if (value := row.get(name)) is not None], np.float64)


def show(names: Usual, usual: Rows, real: Rows, others: Rows) -> None:
    """Print the table."""
    print(f"{'':14} {'n':>3}  {'usual':18}  {'n':>3} {'out':>5}  {'n':>3} {'out':>5}  AUC")
    for name in names:
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


def draw(names: Usual, usual: Rows, real: Rows, others: Rows, file: Path) -> None:
    """Draw every value of each measurement, over the usual range."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(-(-len(names) // 4), 4, figsize=(14, 2.2 * -(-len(names) // 4)))
    random = np.random.default_rng(0)
    for axis, (name, known) in zip(axes.ravel(), names.items(), strict=False):
        kind = KINDS[name]
        axis.axvspan(*known, color="0.9")
        groups = (("training, real", usual), ("measuring, real", real), ("others", others))
        for place, (label, rows) in enumerate(groups):
            values = column(rows, name)
            heights = -place + random.uniform(-0.25, 0.25, len(values))
            axis.plot(values, heights, ".", markersize=4, label=label)
        axis.set(title=f"{kind.code}, {kind.unit[:24]}", yticks=[])
        axis.title.set_size(9)
    axes.ravel()[0].legend(fontsize=7)
    for axis in axes.ravel()[len(names) :]:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(file, dpi=80)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("training", type=Path)
    parser.add_argument("measuring", type=Path)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--pictures", action="store_true", help="of pictures, not of clips")
    parser.add_argument("--most", type=int, help="of a source")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    kind = Kind.PICTURE if options.pictures else Kind.CLIP
    reading = Reading(options.keep, kind, options.most)
    usual = reading.of(options.training, "real")
    real, others = (reading.of(options.measuring, each) for each in ("real", "fake"))
    names = IN_PICTURES if options.pictures else IN_CLIPS
    show(names, usual, real, others)
    if options.plot:
        draw(names, usual, real, others, options.plot)


if __name__ == "__main__":
    main()
