"""What `tuned` is shown: views of pictures and faces, drawn all the while by processes.

    python -m bench.training.tuned_views SUBJECT FOLDER --most N --to SHRUNK

shrinks the pictures of FOLDER to what is drawn from, SHRUNK/SOURCE/SHA-256.jpg: a machine with a
graphics processor needs no more of them. Photographs and generated pictures are graded, resized and
compressed by the same draws. A picture is then shown whole, its middle made small, or a part of it,
mostly not resized; a face as in training everywhere (`views.looks_at_face_in_training`). Half are
mirrored.
"""

import argparse
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter

from ledger.asset import detect_media_type
from verifier.detector import views
from verifier.detector.encoder import SIDE
from verifier.detector.result import Subject
from verifier.detector.samples import files
from verifier.errors import Unreadable
from verifier.media.picture import picture

from .pool import Array, Draws, Field, Random

LARGEST = {Subject.PICTURE: 416, Subject.FACE: 320}  # pixels of the shorter side that are kept
_LEAST = {Subject.PICTURE: SIDE, Subject.FACE: views.FACE_SMALLEST}
_LONGEST = {Subject.PICTURE: 1.5, Subject.FACE: 1.0}  # of the shorter side: the middle is kept
_QUALITY = {Subject.PICTURE: 90, Subject.FACE: 92}
_RESIZED = (
    Image.Resampling.LANCZOS,
    Image.Resampling.LANCZOS,
    Image.Resampling.BICUBIC,
    Image.Resampling.BILINEAR,
)
_QUALITIES = (62, 97)

Pixels = npt.NDArray[np.uint8]
FIELDS: tuple[Field, ...] = (((3, SIDE, SIDE), np.uint8), ((), np.int32))  # of a draw


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that is drawn from: its SHA-256, its source, and it itself, shrunk, as JPEG."""

    digest: str
    source: str
    data: bytes

    @property
    def generated(self) -> bool:
        """Whether it is of a maker."""
        return self.source.startswith("fake")

    def image(self) -> Image.Image:
        """Its pixels."""
        return Image.open(io.BytesIO(self.data)).convert("RGB")


def shrink(folder: Path, to: Path, subject: Subject, most: int | None) -> None:
    """Write the pictures of a folder, no larger than they are drawn; one that is there stays."""
    for source, path in files(folder, subject, most):
        data = path.read_bytes()
        kept = to / source / f"{hashlib.sha256(data).hexdigest()}.jpg"
        image = None if kept.exists() else opened(path, data, subject)
        if image is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(_shrunk(image, subject))


def gathered(shrunk: Path) -> list[Shown]:
    """What `shrink` wrote."""
    paths = sorted(shrunk.glob("*/*.jpg"))
    return [Shown(path.stem, path.parent.name, path.read_bytes()) for path in paths]


def opened(path: Path, data: bytes, subject: Subject) -> Image.Image | None:
    """A picture of mode RGB; None where it cannot be read, or is smaller than what is looked at."""
    try:
        image = picture(path, detect_media_type(data[:4096])).convert("RGB")
    except (Unreadable, OSError):
        return None
    return image if min(image.size) >= _LEAST[subject] else None


def _shrunk(image: Image.Image, subject: Subject) -> bytes:
    image = views.shrunk(image, LARGEST[subject])
    longest = int(_LONGEST[subject] * min(image.size))
    width, height = (min(each, longest) for each in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    data = io.BytesIO()
    middle = image.crop((left, top, left + width, top + height))
    middle.save(data, "JPEG", quality=_QUALITY[subject], subsampling="4:2:0", optimize=True)
    return data.getvalue()


def view(image: Image.Image, subject: Subject, random: Random) -> Pixels:
    """What a network is shown of a picture: (SIDE, SIDE, 3)."""
    if subject == Subject.FACE:
        square = views.looks_at_face_in_training(_graded(image, random), random)[0].whole
    else:
        square = _of_picture(image, random)
    return square[:, ::-1] if random.random() < 0.5 else square


def _of_picture(image: Image.Image, random: Random) -> Pixels:
    largest = min(image.size)
    shorter = int(random.integers(min(SIDE, largest), largest + 1))
    size = tuple(max(shorter, round(each * shorter / largest)) for each in image.size)
    small = image.resize((size[0], size[1]), _RESIZED[random.integers(len(_RESIZED))])
    small = _coded(_graded(small, random), random)
    if random.random() < 0.1:
        small = _coded(small, random)
    least = min(small.size)
    if random.random() < 0.5:
        side, left, top = least, (small.width - least) // 2, (small.height - least) // 2
    else:
        side = SIDE if random.random() < 0.6 else int(random.integers(SIDE, least + 1))
        left, top = (int(random.integers(each - side + 1)) for each in small.size)
    part = small.crop((left, top, left + side, top + side))
    return np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _graded(image: Image.Image, random: Random) -> Image.Image:
    if random.random() < 0.5:
        image = ImageEnhance.Brightness(image).enhance(random.uniform(0.8, 1.2))
        image = ImageEnhance.Contrast(image).enhance(random.uniform(0.8, 1.2))
        image = ImageEnhance.Color(image).enhance(random.uniform(0.6, 1.3))
    if random.random() < 0.2:
        gains = random.uniform(0.88, 1.12, 3)
        image = image.point([int(min(255, level * g)) for g in gains for level in range(256)])
    if random.random() < 0.12:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 0.9)))
    elif random.random() < 0.12:
        image = ImageEnhance.Sharpness(image).enhance(random.uniform(1.0, 2.5))
    if random.random() < 0.12:
        pixels = np.asarray(image, np.float32)
        noise = random.normal(0, random.uniform(0.5, 5), pixels.shape)
        image = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
    return image.convert("L").convert("RGB") if random.random() < 0.04 else image


def _coded(image: Image.Image, random: Random) -> Image.Image:
    data = io.BytesIO()
    quality = int(random.integers(*_QUALITIES))
    subsampling = "4:4:4" if random.random() < 0.25 else "4:2:0"
    image.save(data, "JPEG", quality=quality, subsampling=subsampling)
    return Image.open(data).convert("RGB")


def draws(pictures: list[Shown], worth: npt.NDArray[np.float64], subject: Subject) -> Draws:
    """Views of pictures, each as often as it is worth, and the pictures' numbers."""
    chance = worth / worth.sum()

    def drawn(random: Random) -> Iterator[tuple[Array, ...]]:
        while True:
            for row in random.choice(len(pictures), 512, p=chance):
                square = view(pictures[row].image(), subject, random)
                yield square.transpose(2, 0, 1), np.array(row)

    return drawn


def main() -> None:
    """Shrink what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, help="pictures of a source")
    parser.add_argument("--to", type=Path, required=True, help="SHRUNK")
    options = parser.parse_args()
    shrink(options.folder, options.to, options.subject, options.most)


if __name__ == "__main__":
    main()
