"""How well swapped and reenacted clips are told from others, source by source.

    python -m bench.detector_clips FOLDER --keep DIR [--meso FILE] [--head FILE]

FOLDER holds `real*/` and `fake*/` sources of clips that no training has seen. Printed are, for each
source (and each kind of `fake_KIND-*`) against all clips of the other class, the area under the ROC
curve with its bootstrapped interval, once over all clips with a face and once where the detector
does not abstain, and beside it that of MesoNet (`--meso`, its weights `Meso4_DF.h5`) on the same
faces. The controls: what length, size and bits a pixel alone tell, learnt here with scenes left
out, and scores by labels at random. Then the likelihood ratios where it does not abstain: how many
point the wrong way, their cost (Cllr), and how far they are from what came true (ECE). What is seen
is kept in DIR by the digests of the clip and of the networks.
"""

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import detect_media_type
from verifier.detector import clip, seams, swap
from verifier.detector.adapted import FACES, SWAPS
from verifier.detector.calibration import (
    Floats,
    Labels,
    Names,
    auc,
    cllr,
    error_by_chance,
    expected_error,
    interval,
    weigh,
)
from verifier.detector.evidence import in_words
from verifier.detector.head import Head, from_bytes
from verifier.detector.learn import held_out
from verifier.detector.watched import watched
from verifier.media.probe import probe

from .mesonet import SIDE, Meso4

BY = ".".join(each.digest[:8] for each in (SWAPS, seams.NETWORK, FACES))  # what looks at them
RATE = 3.0  # frames a second that are followed here: enough for the opinion, too few for the cues

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip: mean features (None without a face), MesoNet's score, why it is abstained from."""

    source: str
    features: Features | None
    scene: str  # the beginning of its name: a clip and what was made of it share it
    meso: float
    reason: str
    form: tuple[float, ...]


def look(path: Path, source: str, keep: Path, peer: Meso4 | None) -> Clip:
    """Look at a clip, or at what was kept of it."""
    data = path.read_bytes()
    kept = keep / f"{hashlib.sha256(data).hexdigest()}.{BY}.npz"
    media_type = detect_media_type(data[:4096])
    info = probe(path, media_type)
    if not kept.exists():
        seen = watched(path, media_type, info, rate=RATE)
        reason = next(clip.reasons(seen), "")
        faces = [swap.features(each) for each in seen.crops]
        mean = np.mean(faces, axis=0) if faces else np.zeros(0, np.float32)
        np.savez(kept, mean=mean, reason=reason, meso=_peer(peer, seen.crops))
    with np.load(kept, allow_pickle=False) as held:
        mean, reason, meso = held["mean"], str(held["reason"]), float(held["meso"])
    reason = reason or clip.too_coarse(info, len(data)) or ""
    width, height = info.size or (1, 1)
    rate, lasts = info.video[0].frame_rate or 1.0, info.duration or 1.0
    form = (width * height, width / height, lasts, rate, len(data) / lasts / rate / width / height)
    told = mean if mean.size else None
    return Clip(source, told, path.stem[:3], meso, reason, tuple(np.log(form)))


def _peer(peer: Meso4 | None, squares: list[npt.NDArray[np.uint8]]) -> float:
    """MesoNet's mean over the middles of the squares: faces cropped as its authors do."""
    if peer is None or not squares:
        return float("nan")
    edge = round((1 - 1.2 / swap.ROOM) / 2 * squares[0].shape[0])
    faces = [Image.fromarray(each[edge:-edge, edge:-edge]) for each in squares]
    return float(np.mean([peer.generated(np.asarray(each.resize((SIDE, SIDE)))) for each in faces]))


def area(scores: Floats, fake: Labels) -> str:
    """The AUC and its interval, or a dash where a class is missing."""
    if fake.all() or not fake.any():
        return f"{'-':22}"
    low, high = interval(auc, scores, fake)
    return f"{auc(scores, fake):.3f} ({low:.3f} to {high:.3f})"


def show(clips: list[Clip], head: Head) -> None:
    """Print the table."""
    seen = [each for each in clips if each.features is not None]
    features = [each.features for each in clips if each.features is not None]
    scores = np.array([head.score(each) for each in features])
    meso = np.array([each.meso for each in seen])
    fake = np.array([each.source.startswith("fake") for each in seen])
    names = np.array([each.source for each in seen])
    near = np.array([head.distance(each) <= float(head.farthest) for each in features])
    speaks = near & np.array([not each.reason for each in seen])
    print(f"{len(clips)} clips, {len(seen)} with a face, abstained on {np.sum(~speaks)} of those")
    reasons = Counter(re.sub(r"[\d.]+ ", "N ", each.reason) for each in clips if each.reason)
    reasons["unlike the training's"] = int(np.sum(~near))
    for reason, count in reasons.most_common():
        print(f"    {count:3} {reason}")
    print(f"{'source':28} {'n':>3}  {'AUC':22}  {'where it speaks':>3}  {'':20} MesoNet")
    for name, its in _groups(names, fake):
        rows = np.ones(len(fake), bool) if name == "all" else its | (fake != fake[its][0])
        both = rows & speaks
        known = rows & np.isfinite(meso)
        print(
            f"{name:28} {its.sum():3}  {area(scores[rows], fake[rows])}"
            f"  {np.sum(its & speaks):3} {area(scores[both], fake[both])}"
            f"  {area(meso[known], fake[known])}",
            flush=True,
        )
    scenes = np.array([each.scene for each in seen])
    controls(np.array([each.form for each in seen]), scores, fake, scenes)
    ratios(scores[speaks], fake[speaks], head)


def _groups(names: Names, fake: Labels) -> Iterator[tuple[str, Labels]]:
    """What a row of the table is of: all that are no real clips, a kind of them, a source."""
    yield "all", fake
    kinds = np.array([re.sub(r"(?<=-).*", "", each) for each in names])  # fake_KIND- of some
    for kind in np.unique(kinds[np.char.endswith(kinds, "-")]):
        yield str(kind), kinds == kind
    for name in np.unique(names):
        yield str(name), names == name


def ratios(scores: Floats, fake: Labels, head: Head) -> None:
    """Print how the likelihood ratios do, and their words."""
    said = [weigh(float(each), head.calibration) for each in scores]
    told = np.array([each.log10_lr for each in said])
    wrong = np.mean(told[~fake] > 0), np.mean(told[fake] < 0)
    print(f"where it speaks: {wrong[0]:.2f} of real clips above 0, {wrong[1]:.2f} of others below")
    print(f"Cllr {cllr(told, fake):.3f}, ECE {expected_error(told, fake):.3f}")
    low, middle, high = error_by_chance(told, fake)
    print(
        f"ECE of ratios like these that are exactly right: {middle:.3f} ({low:.3f} to {high:.3f})"
    )
    words = np.array([in_words(each, clip.SIDES) for each in said])
    for name, rows in (("real", ~fake), ("others", fake)):
        counted = Counter(words[rows].tolist()).most_common()
        print(f"words, {name}: " + "; ".join(f"{count} {each}" for each, count in counted))


def controls(form: Floats, scores: Floats, fake: Labels, scenes: Names) -> None:
    """Print what the format alone tells, and what scores tell of labels at random."""
    form = (form - form.mean(0)) / (form.std(0) + 1e-6)
    alone = held_out(form, fake, scenes)
    print(f"format alone, scenes left out    AUC {auc(alone, fake):.3f}")
    random = np.random.default_rng(1)
    told = [auc(scores, random.permutation(fake)) for _ in range(50)]
    print(f"labels at random                 AUC {np.mean(told):.3f} ± {np.std(told):.3f}")


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where features are kept")
    parser.add_argument("--meso", type=Path, help="Meso4_DF.h5 of DariusAf/MesoNet")
    parser.add_argument("--head", type=Path, help="other weights than those of the package")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    head = from_bytes(options.head.read_bytes()) if options.head else swap.trained()
    peer = Meso4(options.meso) if options.meso else None
    clips = [
        look(path, place.name, options.keep, peer)
        for place in sorted(options.folder.rglob("*"))
        if place.is_dir() and place.name.startswith(("real", "fake"))
        for path in sorted(place.iterdir())
        if path.is_file()
    ]
    show(clips, head)


if __name__ == "__main__":
    main()
