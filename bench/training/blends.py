"""Draw faces for `bench.training.seams`: `python -m bench.training.blends FOLDER --to DIR`.

FOLDER holds real sources alone: folders `face/**/real*/` of pictures and `video/**/real*/` of
clips. Each face is drawn some times: brought to a drawn size, once as it is and once blended over
itself (`verifier.detector.blend`), both moved a little from frame to frame and compressed alike as
a clip of H.264 at a drawn quality, of which the last frame is kept. What is kept of a source lies
in DIR, in parts: pixels (n, KEPT, KEPT, 3) of bytes, every second one blended; masks
(n / 2, KEPT / COARSER, KEPT / COARSER) of bytes, of the blended; and the rate factors and names of
files that they are of.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.detector import swap
from verifier.detector.blend import Blended, Portrait, changed_whole, self_blended, worn
from verifier.detector.clip_train import OF_ANOTHER, compressed, number_of, on_canvas, portraits
from verifier.detector.encoder import SIDE
from verifier.detector.faces import Mesh

KEPT = 200  # pixels: the middle of what is looked at
COARSER = 4  # pixels a side of what a mask says
QUALITIES = (18, 22, 25, 28, 31, 34, 37, 40)  # x264's constant rate factor
FRAMES = 2  # of a clip: what follows the first is predicted, as nearly all of a clip is
ROOMS = (swap.ROOM - 0.15, swap.ROOM + 0.15)  # of the square, in sides of the face's box
PART = 192  # faces that are drawn and written at once
DRIFT = 1.5  # pixels a frame, and thousandths of its size and turn

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator
Drawn = tuple[Pixels, Blended, Portrait]  # as it is, blended, and where its points are


def draw(face: Portrait, before: Portrait | None, random: Random) -> tuple[Pixels, Blended]:
    """A face as it is, and the same blended: over by `before` now and then."""
    real = face.rgb
    if random.random() < 0.5:  # a change of the whole is no blend
        real = changed_whole(real.astype(np.float32), random, 0.7).astype(np.uint8)
    other = before if random.random() < OF_ANOTHER else None
    return real, self_blended(face, random, other)


def drifting(rgb: Pixels, random: Random) -> Iterator[Pixels]:
    """Frames of a picture that moves slowly, the last of them where it began."""
    image = Image.fromarray(rgb)
    x, y, grow, turn = random.normal(0, DRIFT, 4)
    middle = image.width / 2
    for away in range(FRAMES - 1, -1, -1):
        scale, angle = 1 + away * grow / 1000, away * turn / 1000
        corner = middle - middle * scale
        rows = (scale, -angle, corner + middle * angle + away * x)
        rows += (angle, scale, corner - middle * angle + away * y)
        moved = image.transform(image.size, Image.Transform.AFFINE, rows, Image.Resampling.BILINEAR)
        yield np.asarray(moved) if away else rgb


def last_frames(pictures: list[Pixels], quality: int, seeds: list[int]) -> list[Pixels]:
    """Each as the last frame of a clip of its own, decoded again; a seed says how each moves."""
    shown = [
        each
        for rgb, seed in zip(pictures, seeds, strict=True)
        for each in drifting(rgb, np.random.default_rng(seed))
    ]
    apart = ("-g", str(FRAMES), "-x264-params", "scenecut=0:bframes=0")
    return compressed(shown, quality, *apart)[FRAMES - 1 :: FRAMES]


def looks(drawn: list[Drawn], random: Random) -> tuple[Pixels, Pixels, npt.NDArray[np.uint8]]:
    """What is kept of faces: pixels, two of each face, masks, and the rate factor of each."""
    qualities = np.array(QUALITIES)[random.integers(0, len(QUALITIES), len(drawn))]
    pixels = np.zeros((2 * len(drawn), KEPT, KEPT, 3), np.uint8)
    masks = np.zeros((len(drawn), KEPT // COARSER, KEPT // COARSER), np.uint8)
    edge = (SIDE - KEPT) // 2
    for quality in np.unique(qualities):
        rows = np.flatnonzero(qualities == quality)
        pictures = [each for row in rows for each in (drawn[row][0], drawn[row][1].rgb)]
        seeds = [int(each) for each in random.integers(0, 2**31, len(rows)) for _ in (0, 1)]
        told = last_frames(pictures, int(quality), seeds)
        for place, row in enumerate(rows):
            mesh, room = Mesh(drawn[row][2].points, 1.0), random.uniform(*ROOMS)
            for which in (0, 1):
                square = swap.look_at(told[2 * place + which], mesh, room)
                pixels[2 * row + which] = square[edge:-edge, edge:-edge]
            mask = (255 * drawn[row][1].mask).astype(np.uint8)
            square = swap.look_at(mask, mesh, room)[edge:-edge, edge:-edge]
            masks[row] = square.reshape(len(masks[row]), COARSER, -1, COARSER).mean((1, 3))
    return pixels, masks, qualities.repeat(2).astype(np.uint8)


def faces(source: Path, most: int, times: int, random: Random) -> Iterator[tuple[str, Drawn]]:
    """The faces of a source, each drawn so many times at other sizes."""
    before: Portrait | None = None
    for name, rgb, mesh in portraits(source, most):
        for _ in range(times):
            face = worn(on_canvas(rgb, mesh, random), random)
            yield name, (*draw(face, before, random), face)
        before = face


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--most", type=int, default=2000, help="pictures of a source")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for source in sorted(options.folder.glob("*/**/real*")):
        if not source.is_dir() or source.parts[-3] not in ("face", "video"):
            continue
        random = np.random.default_rng((options.seed, number_of(source.name)))
        drawn = faces(source, options.most, options.times, random)
        for number, some in enumerate(iter(lambda: list(islice(drawn, PART)), [])):  # noqa: B023
            pixels, masks, qualities = looks([each for _, each in some], random)
            names = np.array([name for name, _ in some]).repeat(2)
            path = options.to / f"{source.parts[-3]}-{source.name}.{options.seed}.{number}.npz"
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, pixels=pixels, masks=masks, qualities=qualities, files=names)
            part.replace(path)
            print(path.name, len(pixels), flush=True)


if __name__ == "__main__":
    main()
