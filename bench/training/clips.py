"""Likelihood ratios of clips, calibrated on artificial clips that are each of one maker.

    python -m bench.training.clips FOLDER --head line.npz --keep DIR --to swap.npz

FOLDER holds `video/**/real*/` sources that neither `adapted` nor `seams` has seen. Of each clip ten
moments are taken, two frames each. Three makers are drawn for it (`KINDS`): what each does, where,
how strongly, toned and finished how, is the same in all faces of an artificial clip but for what
their points make of it; then all its frames are coded as one clip. The same frames without a maker
are coded alike. Only what survives coding is drawn (rate factors of 28 and more), and only makers
that are hard to see: a face laid over itself, one told again by a coarse grid, and the mouth of
another moment, as lips are reenacted. No maker of swaps is among them, and no measuring clip. The
line of `verifier.detector.clip_train` is kept; its calibration becomes that of the mean scores of
these clips, real ones as they were published and coded again. Each clip counts as a source of its
own, since it shows a person that the others do not: an interval allows for one that was not seen.
Needs opencv and PyAV.
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ledger.asset import detect_media_type
from verifier.detector import blend, calibration, swap
from verifier.detector.blend import Portrait, changed_whole
from verifier.detector.calibration import Calibration, Floats, Labels, Names, calibrate, weigh
from verifier.detector.clip import LEAST_CROPS, LEAST_SECONDS, LEAST_SEEN, LEAST_WIDTH
from verifier.detector.clip_train import number_of
from verifier.detector.evidence import in_words
from verifier.detector.faces import Mesh, box_of
from verifier.detector.head import Head, from_bytes, to_bytes
from verifier.detector.track import STRETCH, stretch, watch
from verifier.detector.watched import CROPS
from verifier.errors import Unreadable
from verifier.media.probe import probe

from . import redraws

KINDS = ("self", "told-again", "mouth")
QUALITIES = (28, 31, 34, 37)  # x264's constant rate factor
WIDTHS = (90.0, 200.0)  # pixels of a face
WIDEST = 230.0  # pixels of a face that is kept to be drawn from
CHANGED = 0.5  # share of real clips that are changed as a whole before they are coded: no blend
FEW = 3  # clips: sources of fewer are left out together
LEAST = -0.3  # log10: a face without a seam may be another maker's, and no words speak for it

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Clip:
    """Squares as the detector cuts them, and moments: two frames, one after the other."""

    squares: list[Pixels]
    moments: list[list[Portrait]]


def looked_at(path: Path) -> Clip | None:
    """Watch a clip; None where the detector would say nothing of it. Raises Unreadable."""
    media_type = detect_media_type(path.read_bytes()[:4096])
    info = probe(path, media_type)
    within = stretch(info.duration)
    every = min(STRETCH, info.duration or STRETCH) / CROPS
    squares: list[Pixels] = []
    moments: list[list[Portrait]] = []
    frames, times, widths, others = 0, [], [], []
    for look in watch(path, media_type, info.size or (2, 2), within):
        frames += 1
        if look.mesh is None:
            moments = [each for each in moments if len(each) == 2]
            continue
        times.append(look.time)
        widths.append(box_of(look.mesh)[2])
        others.append(look.others)
        if len(squares) < CROPS and look.time - within[0] >= every * len(squares):
            squares.append(swap.look_at(look.rgb, look.mesh))
        due = len(moments) < CROPS and look.time - within[0] >= every * len(moments)
        if due and (not moments or len(moments[-1]) == 2):
            moments.append([])
        if moments and len(moments[-1]) < 2:
            moments[-1].append(redraws.on_canvas(look.rgb, look.mesh.points[:, :2], WIDEST))
    moments = [each for each in moments if len(each) == 2]
    if min(len(squares), len(moments)) < LEAST_CROPS or times[-1] - times[0] < LEAST_SECONDS:
        return None
    seen = len(times) >= LEAST_SEEN * frames and np.median(widths) >= LEAST_WIDTH
    return Clip(squares, moments) if seen and np.median(others) < 1 else None


def laid_over(face: Portrait, other: Portrait, kind: str, seed: int) -> Pixels:
    """A face by the maker that `kind` and `seed` are; `other` is the same person's, elsewhen."""
    random = np.random.default_rng(seed)
    if kind == "self":
        return blend.self_blended(face, random).rgb
    if kind == "told-again":
        return redraws.told_again(face, random).rgb
    return redraws.of_another_moment(face, other, random).rgb


def clip_by(
    clip: Clip, kind: str | None, quality: int, width: float, seed: int
) -> Iterator[tuple[Pixels, Mesh]]:
    """The second frame of each moment, made by one maker (None: by nobody), and coded."""
    count = len(clip.moments)
    away = 1 + seed % (count - 1)
    faces = [_shrunk(each, width) for moment in clip.moments for each in moment]
    side = min(min(each.rgb.shape[:2]) for each in faces) // 2 * 2
    faces = [_cut(each, side) for each in faces]
    frames = [
        face.rgb
        if kind is None
        else laid_over(face, faces[(place + 2 * away) % len(faces)], kind, seed)
        for place, face in enumerate(faces)
    ]
    # Each moment begins with a whole picture: it does not follow the one before.
    told = redraws.coded(frames, quality, together=2)
    for frame, face in zip(told[1::2], faces[1::2], strict=True):
        yield frame, Mesh(face.points, 1.0)


def _shrunk(face: Portrait, width: float) -> Portrait:
    scale = min(1.0, width / redraws.box(face.points)[1])
    size = max(2, round(face.rgb.shape[1] * scale)), max(2, round(face.rgb.shape[0] * scale))
    rgb = cv2.resize(face.rgb, size, interpolation=cv2.INTER_AREA)
    return Portrait(rgb, face.points * (np.array(size) / face.rgb.shape[1::-1]))


def _cut(face: Portrait, side: int) -> Portrait:
    top, left = ((length - side) // 2 for length in face.rgb.shape[:2])
    rgb = np.ascontiguousarray(face.rgb[top : top + side, left : left + side])
    return Portrait(rgb, face.points - (left, top))


@dataclass(frozen=True, slots=True)
class Scores:
    """What both networks say of each face, (faces, 2): of the clip as published, and of each draw.

    `real` and `made` have an array a draw, coded alike; `kinds` are the makers of the latter.
    """

    published: Floats
    real: list[Floats]
    made: list[Floats]
    kinds: tuple[str, ...]


def scores(path: Path, keep: Path) -> Scores | None:
    """Of a clip, or what was kept of it; None where nothing is said of it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = keep / f"{digest}.npz"
    if not kept.exists():
        clip = looked_at(path)
        told = {} if clip is None else _drawn(clip, np.random.default_rng(number_of(digest)))
        np.savez(kept, **told)
    with np.load(kept, allow_pickle=False) as held:
        if "kinds" not in held.files:
            return None
        kinds = tuple(map(str, held["kinds"]))
        real, made = ([held[f"{n}{i}"] for i in range(len(kinds))] for n in ("real", "made"))
        return Scores(held["published"], real, made, kinds)


def _drawn(clip: Clip, random: Random) -> dict[str, npt.NDArray[np.generic]]:
    kinds = random.permutation(KINDS)
    told: dict[str, npt.NDArray[np.generic]] = {"kinds": kinds, "published": _seen(clip.squares)}
    for place, kind in enumerate(kinds):
        quality, width = int(random.choice(QUALITIES)), float(random.uniform(*WIDTHS))
        seed = int(random.integers(2**31))
        real = _changed(clip, seed) if random.random() < CHANGED else clip
        for name, each, by in (("real", real, None), ("made", clip, str(kind))):
            shown = clip_by(each, by, quality, width, seed)
            told[f"{name}{place}"] = _seen([swap.look_at(*face) for face in shown])
    return told


def _seen(squares: list[Pixels]) -> Floats:
    return np.array([swap.features(each)[-2:] for each in squares], np.float64)


def _changed(clip: Clip, seed: int) -> Clip:
    """All of its frames changed alike, as a whole."""

    def one(face: Portrait) -> Portrait:
        told = changed_whole(face.rgb.astype(np.float32), np.random.default_rng(seed), 0.7)
        return Portrait(told.astype(np.uint8), face.points)

    return Clip(clip.squares, [[one(each) for each in moment] for moment in clip.moments])


@dataclass(frozen=True, slots=True)
class Means:
    """The mean scores of clips, (n,): whether made, of which clip and source, by which maker."""

    values: Floats
    made: Labels
    clips: Names
    sources: Names
    kinds: Names


def means(told: dict[str, list[Scores]], head: Head) -> Means:
    """The clips as they were published, coded again, and made, by the line of a head."""
    rows = [
        (
            float(each.mean(0) @ head.weights[-2:] + head.offset),
            kind in KINDS,
            f"{source} {number}",
            source if len(clips) >= FEW else "few",
            kind,
        )
        for source, clips in told.items()
        for number, clip in enumerate(clips)
        for each, kind in (
            (clip.published, "published"),
            *((real, "coded") for real in clip.real),
            *zip(clip.made, clip.kinds, strict=True),
        )
    ]
    return Means(*(np.array(each) for each in zip(*rows, strict=True)))


def calibrated(head: Head, told: dict[str, list[Scores]], seed: int) -> Head:
    """The head, calibrated on clips."""
    all_of = means(told, head)
    show(all_of, seed)
    line = _bounded(all_of, np.ones(len(all_of.values), bool), seed)
    return replace(head, lines=line.lines, bounds=np.array(line.bounds))


def _bounded(told: Means, rows: Labels, seed: int) -> Calibration:
    """The calibration of some rows, such that no words speak for an unaltered face."""
    values, made, clips = told.values[rows], told.made[rows], told.clips[rows]
    # However often a clip was coded or altered, what it shows was seen once.
    files = np.char.add(np.where(made, "made of ", ""), clips)
    line = calibrate(values, made, clips, files=files, seed=seed, unseen=True)
    return replace(line, bounds=(max(LEAST, line.bounds[0]), line.bounds[1]))


def show(told: Means, seed: int) -> None:
    """Print how well makers are told, and the ratios of each source, calibrated on the others."""
    made, kinds = told.made, told.kinds
    print(f"{Counter(told.sources[kinds == 'published'].tolist())}, {int(made.sum())} made")
    for name, beside in (("published", kinds == "published"), ("coded", kinds == "coded")):
        for kind, of in (("all", made), *((each, kinds == each) for each in KINDS)):
            area = calibration.auc(told.values[beside | of], made[beside | of])
            print(f"{name} against {kind:12} AUC {area:.3f}")
    ratios, spoken = np.zeros(len(made)), np.zeros(len(made), bool)
    for name in np.unique(told.sources):
        out = told.sources == name
        line = _bounded(told, ~out, seed)
        said = [weigh(float(each), line) for each in told.values[out]]
        ratios[out] = [each.log10_lr for each in said]
        spoken[out] = [in_words(each, ("made", "")).endswith("made") for each in said]
    cost, error = calibration.cllr(ratios, made), calibration.expected_error(ratios, made)
    print(f"sources left out: Cllr {cost:.3f}, ECE {error:.3f}")
    wrong, right = spoken[~made].mean(), spoken[made].mean()
    print(f"words for a maker of {wrong:.3f} of the real clips, of {right:.3f} of the others")


def main() -> None:
    """Calibrate on what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--head", type=Path, required=True, help="of verifier.detector.clip_train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, required=True, help="where the weights are written")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    told: dict[str, list[Scores]] = {}
    for source in sorted(options.folder.glob("video/**/real*")):
        for path in sorted(each for each in source.iterdir() if each.is_file()):
            try:
                seen = scores(path, options.keep)
            except Unreadable:
                seen = None
            print(f"{source.name} {path.name}: {'used' if seen else 'left out'}", flush=True)
            if seen:
                told.setdefault(source.name, []).append(seen)
    head = from_bytes(options.head.read_bytes())
    data = to_bytes(calibrated(head, told, options.seed))
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
