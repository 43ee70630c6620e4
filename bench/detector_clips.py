"""How well swapped and reenacted clips are told from others, source by source.

    python -m bench.detector_clips FOLDER --keep DIR [--coded] [--meso FILE] [--head FILE]

FOLDER holds `real*/` and `fake*/` sources of clips that no training has seen. Printed are, for each
source (and each kind of `fake_KIND-*`) against all clips of the other class, the area under the ROC
curve with its bootstrapped interval, once over all clips with a face and once where the detector
does not abstain, and beside it that of MesoNet (`--meso`, its weights `Meso4_DF.h5`) on the same
faces. The controls: what length, size and bits a pixel alone tell, learnt here with scenes left
out, and scores by labels at random. Then the likelihood ratios where it does not abstain: how many
point the wrong way, their cost (Cllr), and how far they are from what came true (ECE); and what is
told of the same clips coded again, as they are where people share them (`--coded`: at most 480
lines, rate factors of 26 to 36 by a draw from their bytes). What is seen is kept in DIR by the
digests of the clip and of the networks.
"""

import argparse
import hashlib
import re
import tempfile
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
from .training.footage import coded

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


def look(path: Path, source: str, keep: Path, peer: Meso4 | None, *, again: bool = False) -> Clip:
    """Look at a clip, or at what was kept of it: as it is, or coded `again`."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    kept = keep / f"{digest}.{BY}{'.coded' if again else ''}.npz"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as work:
            it = coded(path, Path(work) / "clip.mp4", digest) if again else path
            media_type = detect_media_type(it.read_bytes()[:4096])
            info = probe(it, media_type)
            seen = watched(it, media_type, info, rate=RATE)
            reason = next(clip.reasons(seen), clip.too_coarse(info, it.stat().st_size) or "")
        faces = [swap.features(each) for each in seen.crops]
        mean = np.mean(faces, axis=0) if faces else np.zeros(0, np.float32)
        np.savez(kept, mean=mean, reason=reason, meso=_peer(peer, seen.crops))
    with np.load(kept, allow_pickle=False) as held:
        mean, reason, meso = held["mean"], str(held["reason"]), float(held["meso"])
    info = probe(path, detect_media_type(data[:4096]))
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


def shared(clips: list[Clip], again: list[Clip], head: Head) -> None:
    """Print what is told of clips that were coded again, beside what is told of the same before."""
    told = np.array(
        [[_told(each, head) for each in pair] for pair in zip(clips, again, strict=True)]
    )
    both = np.isfinite(told).all(axis=1)
    fake = np.array([each.source.startswith("fake") for each in clips])[both]
    lost = np.isfinite(told[:, 0]) & ~both
    print(f"coded again: {both.sum()} told, {lost.sum()} that are told as published are not")
    for name, scores in zip(("as published", "coded again"), told[both].T, strict=True):
        said = [in_words(weigh(float(each), head.calibration), clip.SIDES) for each in scores]
        swapped = np.char.endswith(said, clip.SIDES[0])
        print(
            f"    {name:12} AUC {area(scores, fake)}; words for a swap of {swapped[~fake].sum()} "
            f"of {(~fake).sum()} real, {swapped[fake].sum()} of {fake.sum()} others"
        )


def _told(seen: Clip, head: Head) -> float:
    """The score of a clip, or not a number where it is abstained from."""
    if seen.features is None or seen.reason:
        return float("nan")
    near = head.distance(seen.features) <= float(head.farthest)
    return head.score(seen.features) if near else float("nan")


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
    parser.add_argument("--coded", action="store_true", help="measure them coded again, too")
    parser.add_argument("--meso", type=Path, help="Meso4_DF.h5 of DariusAf/MesoNet")
    parser.add_argument("--head", type=Path, help="other weights than those of the package")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    head = from_bytes(options.head.read_bytes()) if options.head else swap.trained()
    peer = Meso4(options.meso) if options.meso else None
    paths = [
        path
        for place in sorted(options.folder.rglob("*"))
        if place.is_dir() and place.name.startswith(("real", "fake"))
        for path in sorted(place.iterdir())
        if path.is_file()
    ]
    clips = [look(each, each.parent.name, options.keep, peer) for each in paths]
    show(clips, head)
    if options.coded:
        again = [look(each, each.parent.name, options.keep, peer, again=True) for each in paths]
        shared(clips, again, head)


if __name__ == "__main__":
    main()
