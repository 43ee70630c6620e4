"""Train what tells swapped faces: `python -m verifier.detector.clip_train FOLDER --keep DIR ...`.

FOLDER holds real sources alone: folders `face/**/real*/` of pictures and `video/**/real*/` of
clips. Each face is brought to a drawn size, once as it is and once blended over itself (`blend`),
compressed as a frame of H.264 at a drawn quality, both alike, and seen by `adapted` and by
`seams`. What is seen is kept in DIR by source, so that a second run costs seconds. How much the two
weigh is learnt on the sources that neither has seen, and so is a calibration of single faces, which
`bench.training.clips_made` replaces by one of clips; what `adapted` sees of all says how unlike the
training a face is. The same folder and seed give the same weights, where the runtime and its
processor round alike.
"""

import argparse
import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import detect_media_type
from verifier.errors import Unreadable
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.picture import pixels
from verifier.media.probe import probe

from . import seams, swap
from .blend import Portrait, changed_whole, self_blended, worn
from .calibration import Floats, Labels, Names, auc, calibrate
from .clip import LEAST_WIDTH
from .faces import Mesh, box_of, find_faces, fit
from .head import Head, to_bytes
from .learn import held_out, learn, line_of
from .track import stretch, watch

CANVAS = 320  # pixels: a face and its surroundings
WIDTHS = (90, 200)  # pixels of a face on it, drawn from
QUALITIES = (20, 25, 30, 35, 38)  # x264's constant rate factor
OF_ANOTHER = 0.25  # share of blended faces that are another person's
PICTURES = 200  # of a source, the first by the digest of their names
RATE = 0.8  # frames a second of a clip
_LIGHT = 1.0  # penalty on a line of two columns, in faces

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Views:
    """Views of a source: (n, features), whether blended, and the file that each is of."""

    features: npt.NDArray[np.float32]
    blended: npt.NDArray[np.bool_]
    files: npt.NDArray[np.str_]


def portraits(
    source: Path, most: int = PICTURES, rate: float = RATE
) -> Iterator[tuple[str, Pixels, Mesh]]:
    """The largest faces of pictures, and of frames of clips: file name, picture, points."""
    files = sorted(
        (each for each in source.iterdir() if each.is_file()),
        key=lambda path: hashlib.sha256(path.name.encode()).digest(),
    )
    for path in files[:most]:
        media_type = detect_media_type(path.read_bytes()[:4096])
        try:
            found = list(_of_picture(path) if "face" in source.parts else _of_clip(path, rate))
        except Unreadable:
            print(f"left out {media_type} {path.name}")
            continue
        for rgb, mesh in found:
            if box_of(mesh)[2] >= LEAST_WIDTH:
                yield path.name, rgb, mesh


def _of_picture(path: Path) -> Iterator[tuple[Pixels, Mesh]]:
    rgb = pixels(path, detect_media_type(path.read_bytes()[:4096]))
    if (rgb[..., 0] == rgb[..., 2]).all():  # grey: a blend shows in colour too
        return
    found = find_faces(rgb, most=1)
    mesh = fit(rgb, found[0]) if found else None
    if mesh is not None:
        yield rgb, mesh


def _of_clip(path: Path, rate: float) -> Iterator[tuple[Pixels, Mesh]]:
    media_type = detect_media_type(path.read_bytes()[:4096])
    info = probe(path, media_type)
    for look in watch(path, media_type, info.size or (2, 2), stretch(info.duration), rate):
        if look.mesh is not None:
            yield look.rgb, look.mesh


def views(source: Path, keep: Path, seed: int) -> Views:
    """What the encoder sees of a source's faces, each once as it is and once blended.

    A picture that is grey all over is left out.
    """
    kept = keep / f"{source.parts[-3]}-{source.name}.{seed}.npz"
    if not kept.exists():
        names, squares = _made(source, np.random.default_rng((seed, number_of(source.name))))
        seen = [swap.laid_over(each) for each in squares]
        blended = np.arange(len(seen)) % 2 == 1
        part = kept.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, features=np.array(seen, np.float16), blended=blended, files=names)
        part.replace(kept)
    with np.load(kept, allow_pickle=False) as held:
        return Views(held["features"].astype(np.float32), held["blended"], held["files"])


def _made(source: Path, random: Random) -> tuple[list[str], list[Pixels]]:
    """File names and squares: each face, then the same blended."""
    names, canvases, points = [], [], []
    before: tuple[str, Portrait] | None = None
    for name, rgb, mesh in portraits(source):
        face = worn(on_canvas(rgb, mesh, random), random)
        real = face.rgb
        if random.random() < 0.5:  # a change of the whole is no blend
            real = changed_whole(real.astype(np.float32), random, 0.7).astype(np.uint8)
        other = before[1] if before and before[0] != name else None
        blended = self_blended(face, random, other if random.random() < OF_ANOTHER else None).rgb
        before = (name, face)
        names += [name, name]
        canvases += [real, blended]
        points += [face.points, face.points]
    drawn = random.integers(0, len(QUALITIES), len(canvases) // 2).repeat(2)
    for place, quality in enumerate(QUALITIES):
        rows = np.flatnonzero(drawn == place)
        alone = compressed([canvases[row] for row in rows], quality, "-g", "1")
        for row, told in zip(rows, alone, strict=True):
            canvases[row] = told
    rooms = random.uniform(swap.ROOM - 0.15, swap.ROOM + 0.15, len(canvases))
    squares = [
        swap.look_at(canvas, Mesh(each, 1.0), room)
        for canvas, each, room in zip(canvases, points, rooms, strict=True)
    ]
    return names, squares


def on_canvas(rgb: Pixels, mesh: Mesh, random: Random) -> Portrait:
    """A face and its surroundings at a drawn size, never much enlarged; edges are mirrored."""
    left, top, width, height = box_of(mesh)
    scale = min(random.uniform(*WIDTHS) / max(width, height), 1.25)
    image = Image.fromarray(rgb)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shrunk = image.resize(size, Image.Resampling.LANCZOS)
    x, y = (left + width / 2) * scale - CANVAS / 2, (top + height / 2) * scale - CANVAS / 2
    rows, columns = (
        _mirrored(np.arange(round(start), round(start) + CANVAS), side)
        for start, side in ((y, shrunk.height), (x, shrunk.width))
    )
    part = np.ascontiguousarray(np.asarray(shrunk)[rows][:, columns])
    return Portrait(part, mesh.points[:, :2] * scale - (round(x), round(y)))


def _mirrored(places: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.int64]:
    """Places along a side, those beyond its ends turned back."""
    there = places % (2 * side)
    return np.minimum(there, 2 * side - 1 - there)


def compressed(canvases: list[Pixels], quality: int, *coder: str) -> list[Pixels]:
    """The frames of an H.264 clip, decoded again; `coder` are more of ffmpeg's arguments."""
    if not canvases:
        return []
    quiet = (find_ffmpeg(), "-v", "error", "-threads", "1")
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    h264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", str(quality), *coder)
    form = ("-pix_fmt", "yuv420p", "-f", "matroska")
    told = subprocess.run(
        [
            *quiet,
            *raw,
            "-s",
            f"{CANVAS}x{CANVAS}",
            "-r",
            "25",
            "-i",
            "pipe:",
            *h264,
            *form,
            "pipe:",
        ],
        input=b"".join(each.tobytes() for each in canvases),
        capture_output=True,
        check=True,
    ).stdout
    back = subprocess.run(
        [*quiet, "-i", "pipe:", *raw, "pipe:"], input=told, capture_output=True, check=True
    ).stdout
    return list(np.frombuffer(back, np.uint8).reshape(len(canvases), CANVAS, CANVAS, 3))


def number_of(name: str) -> int:
    """A number for a name, the same on every machine."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


def train(seen: dict[str, Views], seed: int) -> Head:
    """Learn how much both weigh, and calibrate it, on faces of sources left out of both."""
    features = np.concatenate([each.features for each in seen.values()]).astype(np.float64)
    blended = np.concatenate([each.blended for each in seen.values()])
    sources = np.concatenate([np.full(len(v.blended), k) for k, v in seen.items()])
    files = np.concatenate([each.files for each in seen.values()])
    head = learn(features[:, :-2], blended, sources, seed=seed).head
    left = np.isin(sources, seams.LEFT_OUT)
    pair = features[left, -2:]
    blended, sources, files = blended[left], sources[left], files[left]
    both = held_out(pair, blended, sources, _LIGHT)
    shuffled = np.random.default_rng(seed).permutation(blended)
    folds = (np.arange(len(blended)) // 2 % 5).astype(np.str_)
    print(f"labels at random AUC {auc(held_out(pair, shuffled, folds, _LIGHT), shuffled):.3f}")
    keys = np.char.add(np.char.add(sources, "/"), files)
    for name, each in (("adapted", pair[:, 0]), ("seams", pair[:, 1]), ("both", both)):
        told, truth = _by_clip(each, blended, keys)
        print(f"{name:16} faces AUC {auc(each, blended):.3f}, clips {auc(told, truth):.3f}")
    # Not on clips' means: here each face of a clip is blended by another draw, and a mean of many
    # is easier to tell than any clip is whose faces are all swapped by one maker
    # (`bench.training.clips_made` calibrates by clips).
    calibration = calibrate(both, blended, sources, seed=seed, unseen=True)
    *shares, offset = line_of(pair, blended, sources, _LIGHT)
    return replace(
        head,
        weights=np.append(np.zeros_like(head.weights), shares),
        offset=np.array(offset),
        lines=calibration.lines,
        # A face without a seam may be another maker's: it supports nothing.
        bounds=np.array((0.0, calibration.bounds[1])),
        centre=np.append(head.centre, features[:, -2:].mean(0)),
        directions=np.column_stack((head.directions, np.zeros((len(head.directions), 2)))),
    )


def _by_clip(scores: Floats, blended: Labels, keys: Names) -> tuple[Floats, Labels]:
    """The mean score of each clip as it is and blended, and which of the two it is of."""
    clips = [
        (scores[rows].mean(), which)
        for key in np.unique(keys)
        for which in (False, True)
        if (rows := (keys == key) & (blended == which)).any()
    ]
    told, truth = (np.array(each) for each in zip(*clips, strict=True))
    return told, truth


def main() -> None:
    """Train on what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, required=True, help="where the weights are written")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    seen = {}
    for source in sorted(options.folder.glob("*/**/real*")):
        if source.is_dir() and source.parts[-3] in ("face", "video"):
            told = views(source, options.keep, options.seed)
            print(f"{len(told.blended):5} {source.name}")
            if len(told.blended):
                seen[f"{source.parts[-3]}/{source.name}"] = told
    head = train(seen, options.seed)
    print(f"log10 likelihood ratios between {head.bounds[0]:.2f} and {head.bounds[1]:.2f}")
    data = to_bytes(head)
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
