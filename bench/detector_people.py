"""Whom the detector is wrong about: opinions on photographs and recordings of people, by group.

    python -m bench.detector_people FOLDER --keep DIR

FOLDER holds `face/`, `photo/` and `voice/`, each with folders GROUP_PUBLISHER (a region, an age, a
language, a way of speaking) of files that nobody generated, cloned or edited, and that no training
has seen; in `made/` faces are generated, in `cloned/` voices cloned. Each is asked as the product
asks it: a photograph's largest face, a photograph as a whole, a recording. For each group: how many
publishers and files, how many were judged, the share of the judged that the words call generated or
cloned, and photographed or recorded, the share with a ratio above one, and the mean log10 ratio,
every publisher alike, with its 95 % interval over publishers. Then faces of all groups by how light
their skin is in the picture, the reasons for saying nothing, and how well faces and voices are told
from those that were made. What was told of a file is kept by
its digest and those of the weights.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from skimage.color import rgb2lab

from bench.detector import side_of
from ledger.asset import MediaType, detect_media_type
from ledger.errors import FirsthandError
from verifier.detector import detect, faces, voice
from verifier.detector.calibration import (
    Floats,
    auc,
    error_by_chance,
    expected_error,
    interval,
)
from verifier.detector.closeup import CHEEKS
from verifier.detector.examine import faces_task, picture_task, voice_task
from verifier.detector.faces import find_faces, fit
from verifier.detector.result import parse_examination
from verifier.media.picture import picture

RESAMPLES = 2000
SKINS = ((10, "dark"), (28, "brown"), (41, "tan"), (55, "light"), (91, "fair"))
"""Up to so many degrees of the individual typology angle and their names (Chardon et al., 1991)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was told of one file: 1 words for generated or cloned, -1 for captured, 0 none."""

    side: int = 0
    ratio: float | None = None  # log10; None: nothing is said
    reason: str | None = None
    skin: float | None = None  # degrees


def asked(path: Path, task: Callable[[str, str], dict[str, object]]) -> Asked:
    """Ask the product of a file."""
    try:
        kind = detect_media_type(path.read_bytes()[:4096])
        told = parse_examination(task(str(path), kind.name)).detections
        skin = skin_of(path, kind) if task is faces_task and told else None
    except FirsthandError as problem:
        return Asked(reason=f"it cannot be read: {problem}")
    if not told:
        return Asked(reason="no face was found")
    return Asked(side_of(told[0].words, told[0].sides), told[0].log10_lr, told[0].abstained, skin)


def skin_of(path: Path, kind: MediaType) -> float | None:
    """The individual typology angle of the cheeks of the largest face, in degrees.

    arctan((L* - 50) / b*) of the median colour (CIE 1976, D65), so of the light on it too;
    None where that is blue, or no points can be laid on the face.
    """
    rgb = np.asarray(picture(path, kind).convert("RGB"))
    mesh = fit(rgb, find_faces(rgb, most=1)[0])
    if mesh is None:
        return None
    places = mesh.points[np.ravel(CHEEKS), :2].astype(int)
    inside = ((places >= 0) & (places < (rgb.shape[1], rgb.shape[0]))).all(1)
    if not inside.any():
        return None
    colours = rgb2lab(rgb[None, places[inside, 1], places[inside, 0]])[0]
    light, _, yellow = np.median(colours, 0)
    return float(np.degrees(np.arctan2(light - 50, yellow))) if yellow > 0 else None


def keep_asked(
    paths: Iterable[Path],
    task: Callable[[str, str], dict[str, object]],
    weights: str,
    keep: Path,
) -> list[Asked]:
    """What was told of each file, asked once by weights of these digests."""
    told = []
    for path in paths:
        name = _digest(path.read_bytes() + weights.encode() + task.__name__.encode())
        kept = keep / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(asdict(asked(path, task))))
        told.append(Asked(**json.loads(kept.read_text())))
    return told


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def row(name: str, told: Sequence[Asked], publishers: Sequence[str], files: int) -> None:
    """Print one line: of what was judged, by the publisher of each."""
    if not told:
        print(f"{name:14} {'':3} {files:5} {0:6}")
        return
    sides = np.array([each.side for each in told])
    ratios = np.array([each.ratio for each in told], np.float64)
    means = np.array(
        [ratios[np.array(publishers) == one].mean() for one in sorted(set(publishers))]
    )
    draws = np.random.default_rng(0).choice(means, (RESAMPLES, len(means))).mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    shares = (np.mean(sides == 1), np.mean(sides == -1), np.mean(ratios > 0))
    print(
        f"{name:14} {len(means):3} {files:5} {len(told):6}  "
        f"{shares[0]:5.3f} {shares[1]:8.3f} {shares[2]:8.3f}  "
        f"{means.mean():5.2f} [{low:5.2f}, {high:5.2f}]",
        flush=True,
    )


def show(title: str, told: Sequence[Asked], groups: Sequence[str], by: Sequence[str]) -> None:
    """Print a part's table: each group, and all together."""
    print(f"\n{title:14} {'of':>3} {'files':>5} judged   made captured  above 1  mean log10 [95 %]")
    for group in (*sorted(set(groups)), None):
        its = [n for n, each in enumerate(groups) if group in (None, each)]
        said = [n for n in its if told[n].ratio is not None]
        row(group or "all", [told[n] for n in said], [by[n] for n in said], len(its))


AGAINST = (("face", "made"), ("voice", "cloned"))
PARTS = (
    ("face", faces_task, (detect, faces)),
    ("made", faces_task, (detect, faces)),
    ("photo", picture_task, (detect,)),
    ("voice", voice_task, (voice,)),
    ("cloned", voice_task, (voice,)),
)  # what each rests on


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is told is kept")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    ratios = {}
    for part, task, on in PARTS:
        paths = sorted(each for each in (options.folder / part).glob("*/*") if each.is_file())
        if not paths:
            continue
        named = [each.parent.name.partition("_") for each in paths]
        weights = "".join(sorted(digest for each in on for digest in each.digests().values()))
        told = keep_asked(paths, task, weights, options.keep)
        ratios[part] = np.array([each.ratio for each in told if each.ratio is not None])
        show(part, told, [each[0] for each in named], [each[2] for each in named])
        lit = [n for n, each in enumerate(told) if each.skin is not None]
        if lit:
            tones = [_tone(told[n].skin or 0) for n in lit]
            show("skin", [told[n] for n in lit], tones, [named[n][2] for n in lit])
        reasons = Counter((n[0], each.reason) for n, each in zip(named, told, strict=True))
        for (group, reason), count in sorted(reasons.items(), key=str):
            if reason is not None:
                print(f"{group}: {count} not judged: {reason}")
    for captured, made in AGAINST:
        if captured in ratios and made in ratios:
            print(f"\n{captured} against {made}: ", end="")
            apart(ratios[captured], ratios[made])


def apart(captured: Floats, made: Floats) -> None:
    """Print how well ratios of both classes are told apart, and how near they are to what is so."""
    both = np.concatenate((captured, made))
    labels = np.arange(len(both)) >= len(captured)
    low, high = interval(auc, both, labels, resamples=500)
    least, middle, most = error_by_chance(both, labels)
    error = expected_error(both, labels)
    print(f"AUC {auc(both, labels):.3f} ({low:.3f} to {high:.3f})", end="; ")
    print(f"ECE {error:.3f}, exactly right {middle:.3f} ({least:.3f} to {most:.3f})")


def _tone(degrees: float) -> str:
    return next(f"{n} {name}" for n, (end, name) in enumerate(SKINS) if degrees < end)


if __name__ == "__main__":
    main()
