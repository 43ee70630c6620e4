"""Pictures of sources as they are seen: read from folders, kept by digest.

A folder holds sources, one a folder: `real*/` of photographs and `fake*/` of generated pictures, in
any tree (`image/train/real_coco/…`). Sources under a folder named `face` are of aligned faces. What
is seen is kept by the digest of the file: a second run costs seconds.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import detect_media_type
from verifier.errors import Unreadable
from verifier.media.picture import picture

from .domain import why_not, why_not_face
from .encoder import SIDE
from .result import Subject
from .seen import ADAPTED, LAYERS, NETWORKS, generated, numbers
from .views import (
    ALIGNED,
    FACE_SMALLEST,
    LEAST,
    Box,
    Look,
    looks,
    looks_at_face,
    looks_at_face_in_training,
    looks_in_training,
    recoded,
)

TRAINING, EXAMINED = "training", "examined"  # views: as drawn, as the product looks; and CHANGES
DIGITS = 12  # of a SHA-256, by which a list tells pictures apart
_LEAST = {Subject.PICTURE: SIDE, Subject.FACE: FACE_SMALLEST}
_UNTOUCHED = 1 << 30  # pixels of the shorter side: none is shrunk


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of a source, by its SHA-256: what is seen of it, and its format's numbers."""

    digest: str
    source: str
    generated: bool
    features: npt.NDArray[np.float32]
    form: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples as arrays: (n,), (n, features), (n,), (n,), (n, numbers of the format)."""

    digests: npt.NDArray[np.str_]
    features: npt.NDArray[np.float64]
    generated: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]
    form: npt.NDArray[np.float64]

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> "Samples":
        """Those of some rows."""
        return Samples(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class File:
    """A file that is to be seen in a view; its bytes, by their SHA-256, decide what is drawn."""

    path: Path
    data: bytes
    digest: str
    subject: Subject
    view: str

    def kept(self, keep: Path, name: str) -> Path:
        """Where what is seen of it is kept; apart where smaller pictures were told than now."""
        view = self.view if self.view == TRAINING else f"{self.view}.{LEAST}"
        return keep / f"{self.digest}.{self.subject}.{view}.{name}"


def gathered(samples: Iterator[Sample]) -> Samples:
    """Put samples together."""
    rows = list(samples)
    return Samples(
        np.array([each.digest for each in rows]),
        np.array([each.features for each in rows], np.float64),
        np.array([each.generated for each in rows]),
        np.array([each.source for each in rows]),
        np.array([each.form for each in rows], np.float64),
    )


def files(folder: Path, subject: Subject, most: int | None = None) -> Iterator[tuple[str, Path]]:
    """Each source's name and file; at most `most` of a source, by the digest of their names."""
    for place in sorted(each for each in folder.rglob("*") if each.is_dir()):
        its = Subject.FACE if "face" in place.parts else Subject.PICTURE
        if not place.name.startswith(("real", "fake")) or its != subject:
            continue
        paths = sorted(
            (each for each in place.rglob("*") if each.is_file()),
            key=lambda path: hashlib.sha256(path.name.encode()).digest(),
        )
        yield from ((place.name, path) for path in paths[:most])


def read_samples(
    folder: Path,
    keep: Path,
    subject: Subject,
    view: str,
    *,
    most: int | None = None,
) -> Iterator[Sample]:
    """Read every source under `folder` in a view; what is abstained from is left out.

    What `adapted` says comes last among the features; nought in training, which `adapted` was
    taught.
    """
    yield from read_files(files(folder, subject, most), keep, subject, view)


def read_files(
    named: Iterable[tuple[str, Path]], keep: Path, subject: Subject, view: str
) -> Iterator[Sample]:
    """Read files of named sources as `read_samples` does."""
    keep.mkdir(parents=True, exist_ok=True)
    by = ".".join((*(each[:8] for each in NETWORKS[subject]), *map(str, LAYERS[subject])))
    for source, path in named:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        file = File(path, data, digest, subject, view)
        kept = file.kept(keep, f"{by}.npz")
        if not kept.exists() and not _keep(file, kept, numbers):
            continue
        with np.load(kept, allow_pickle=False) as held:
            if not held["features"].size:
                continue
            width, height = (float(each) for each in held["size"])
            told = held["features"].astype(np.float32)
        last = 0.0
        if view != TRAINING:
            beside = file.kept(keep, f"{ADAPTED[subject].digest[:8]}.npz")
            if not beside.exists() and not _keep(file, beside, _said):
                continue
            with np.load(beside, allow_pickle=False) as held:
                last = float(held["features"][0])
        told = np.append(told, np.float32(last))
        form = (width * height, width / height, 8 * len(data) / (width * height), len(data))
        kinds = tuple(float(data.startswith(each)) for each in (b"\xff\xd8", b"\x89PNG", b"RIFF"))
        yield Sample(digest, source, source.startswith("fake"), told, (*np.log(form), *kinds))


def _said(subject: Subject, shown: tuple[Look, ...]) -> npt.NDArray[np.float32]:
    return np.array([generated(subject, shown)], np.float32)


def _keep(
    file: File,
    kept: Path,
    tell: Callable[[Subject, tuple[Look, ...]], npt.NDArray[np.float32]],
) -> bool:
    try:
        size, shown = shown_of(file)
    except (Unreadable, OSError):
        return False
    features = np.zeros(0) if shown is None else tell(file.subject, shown)
    part = kept.with_suffix(".part")
    with part.open("wb") as written:
        np.savez(written, features=features.astype(np.float16), size=np.array(size))
    part.replace(kept)
    return True


def shown_of(file: File) -> tuple[tuple[int, int], tuple[Look, ...] | None]:
    """A file's width and height, and its looks; None where it is small or would be abstained from.

    Raises Unreadable or OSError.
    """
    image = picture(file.path, detect_media_type(file.data[:4096])).convert("RGB")
    with Image.open(file.path) as opened:
        tables = getattr(opened, "quantization", None)
    coarseness = float(np.mean(tables[0])) if tables else None
    if min(image.size) < _LEAST[file.subject]:
        return image.size, None
    return image.size, _shown(image, coarseness, file.digest, file.subject, file.view)


def _shown(
    image: Image.Image, coarseness: float | None, digest: str, subject: Subject, view: str
) -> tuple[Look, ...] | None:
    if view == TRAINING:
        random = np.random.default_rng((int(digest[:8], 16), 0))
        drawn = looks_in_training if subject == Subject.PICTURE else looks_at_face_in_training
        return drawn(image, random)
    if view in CHANGES:
        image, coarseness = CHANGES[view](image), None
    if subject == Subject.PICTURE:
        return looks(image) if why_not(image, coarseness) is None else None
    box = aligned(image)
    return looks_at_face(image, box) if why_not_face(image, box) is None else None


def aligned(image: Image.Image) -> Box:
    """Where the face of an aligned picture lies."""
    left, top, width, height = ALIGNED
    side = min(image.size)
    across, down = (image.width - side) / 2, (image.height - side) / 2
    return across + left * side, down + top * side, width * side, height * side


def _quality_50(image: Image.Image) -> Image.Image:
    return recoded(image, _UNTOUCHED, 50)


def _half(image: Image.Image) -> Image.Image:
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    return recoded(half, _UNTOUCHED, 90)


def _screenshot(image: Image.Image) -> Image.Image:
    scale = 720 / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BILINEAR)


CHANGES = {"jpeg50": _quality_50, "half": _half, "screenshot": _screenshot}
