"""Real faces, cut out once for `swaps`.

    python -m bench.training.portraits FOLDER … --to DIR

Each FOLDER holds real sources alone: folders `face/**/real*/` of pictures and `video/**/real*/` of
clips. Of each picture the largest face, of each clip some moments of it, is brought to the size
that it is drawn from at most, with what is around it. DIR comes to hold them by source, in parts of
at most PART faces, as WebP beside their points, so that they can be carried to where networks are
taught. A source that is there stays.
"""

import argparse
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.detector.blend import Portrait
from verifier.detector.clip_train import portraits

from . import redraws

RATE = 2.4  # frames a second of a clip: 24 of ten seconds
PART = 512  # faces that lie in one file
QUALITY = 88  # of WebP
FINE = 64  # parts of a pixel that a point is told to


@dataclass(frozen=True, slots=True)
class Gathered:
    """Faces, and the source and file that each is of."""

    faces: list[Portrait]
    sources: npt.NDArray[np.str_]
    files: npt.NDArray[np.str_]


def source_of(folder: Path) -> str:
    """What a source is called, `face/real_…` or `video/real_…`."""
    kind = next(each for each in reversed(folder.parts) if each in ("face", "video"))
    return f"{kind}/{folder.name}"


def sources(folder: Path) -> Iterator[Path]:
    """The real sources of a folder."""
    for each in sorted(folder.glob("**/real*")):
        if each.is_dir() and {"face", "video"} & set(each.parts):
            yield each


def cut_out(source: Path, most: int, to: Path) -> None:
    """Write the faces of a source, those of `most` files of it."""
    name = source_of(source).replace("/", "-")
    if (to / f"{name}.0.npz").exists():
        return
    told, parts = portraits(source, most, RATE), []
    for number, some in enumerate(iter(lambda: list(islice(told, PART)), [])):
        widest = redraws.WIDTHS[1]
        faces = [redraws.on_canvas(rgb, mesh.points[:, :2], widest) for _, rgb, mesh in some]
        coded = [_coded(each) for each in faces]
        parts.append(to / f"{name}.{number}.part")
        with parts[-1].open("wb") as file:
            np.savez(
                file,
                data=np.frombuffer(b"".join(coded), np.uint8),
                ends=np.cumsum([len(each) for each in coded]),
                points=np.array([np.rint(each.points * FINE) for each in faces], np.int16),
                files=np.array([each[0] for each in some]),
            )
        print(parts[-1].stem, len(some), flush=True)
    for each in reversed(parts):  # the first comes last: where it is, all are
        each.replace(each.with_suffix(".npz"))


def _coded(face: Portrait) -> bytes:
    data = io.BytesIO()
    Image.fromarray(face.rgb).save(data, "WEBP", quality=QUALITY)
    return data.getvalue()


def gathered(folder: Path) -> Gathered:
    """What `cut_out` wrote."""
    paths = sorted(folder.glob("*.npz"))
    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(_read, paths))
    faces = [each for part, _ in parts for each in part]
    files = [each for _, names in parts for each in names]
    sources = [
        path.name.split(".")[0].replace("-", "/", 1)
        for path, (part, _) in zip(paths, parts, strict=True)
        for _ in part
    ]
    return Gathered(faces, np.array(sources), np.array(files))


def _read(path: Path) -> tuple[list[Portrait], list[str]]:
    with np.load(path, allow_pickle=False) as held:
        data, ends = held["data"].tobytes(), held["ends"].tolist()
        points, names = held["points"] / float(FINE), held["files"].tolist()
    within = zip((0, *ends[:-1]), ends, strict=True)
    coded = (io.BytesIO(data[first:last]) for first, last in within)
    return [
        Portrait(np.asarray(Image.open(c)), p) for c, p in zip(coded, points, strict=True)
    ], names


def main() -> None:
    """Cut out what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--most", type=int, default=8000, help="files of a source")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for folder in options.folders:
        for source in sources(folder):
            cut_out(source, options.most, options.to)


if __name__ == "__main__":
    main()
