"""Look in a picture's file, and in its pixels, for what an edit or a generator left there.

This runs inside a sandboxed job. Time and memory are bounded by `look.MOST` and `MOST_WHOLE`,
whatever the picture's size; what was left out for that is said.
"""

import contextlib
import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from ledger import asset
from ledger.asset import MediaType
from verifier.compare.result import Heat
from verifier.detector.result import Box, Trace
from verifier.errors import Unreadable
from verifier.media.picture import opaque, opened, picture

from . import thumbnail
from .blocks import Plane
from .dates import implausible
from .jpegfile import JpegFile, libjpeg_quality, parse_header
from .look import Look, look, look_at, upright, upright_box
from .sight import USUAL, Sight, bytes_of, sights
from .texts import exif, texts, xmp
from .words import does_not_show, sentence
from .writers import written

MOST_BOXES = 4
_SMALLEST = 64  # pixels of the shorter side
_HEAT = 256  # cells of a heat map's longer side
_UNLIKE = 0.8  # correlation of a thumbnail with its picture: cameras' own are above 0.9
_UNLIKE_PART = 0.03  # of the thumbnail that differs
_PROPORTIONS = 0.06  # that its proportions may be off by: cameras round, and cut a little
_FEW = 64  # colours of a palette: fewer hold no grain

Answer = tuple[tuple[Trace, ...], tuple[str, ...]]


def picture_traces(path: Path, media_type: MediaType) -> Answer:
    """What was found in a picture's file and pixels, and sentences on what was not looked for.

    Boxes and heat maps are upright; a heat map covers the whole picture. Raises Unreadable where
    the file cannot be opened as what its bytes say it is.
    """
    if media_type == asset.HEIC:
        traces, missing = _pixels(look_at(picture(path, media_type)))
        return traces, ("What HEIC files say about themselves was not read.", *missing)
    with opened(path, media_type) as image:
        said = exif(image)
        found = [*written(texts(image), xmp(image)), *implausible(said, image.size)]
        is_moving = getattr(image, "n_frames", 1) > 1 and image.format != "MPO"
        is_drawn = image.mode in ("1", "P")
    missing = ("Only the first picture of those that move was looked at.",) if is_moving else ()
    if media_type == asset.JPEG:
        with path.open("rb") as file:
            found += _structure(parse_header(file.read(4 << 20)))
    try:
        with opened(path, media_type) as image:
            seen = look(image, path, media_type)
    except Unreadable as problem:
        return tuple(found), (*missing, f"The pixels were not looked at: {problem}.")
    found += _against_thumbnail(said.thumbnail, seen)
    if is_drawn:
        return tuple(found), (*missing, "The pixels were not looked at: they are of a palette.")
    traces, further = _pixels(seen)
    return (*found, *traces), (*missing, *further)


def _pixels(seen: Look) -> Answer:
    if min(seen.luma.shape) < _SMALLEST:
        return (), (f"The pixels were not looked at: a side is below {_SMALLEST} pixels.",)
    found = [sight for sight in sights(seen) if sight.strength >= USUAL[sight.code]]
    return tuple(_told(sight, seen) for sight in found), _left_out(seen)


def _left_out(seen: Look) -> tuple[str, ...]:
    left_out = []
    if seen.jpeg is None:
        left_out.append("A JPEG history of this file's own was not looked for: it is none, or its "
                        "colours are not stored as brightness and colour.")  # fmt: skip
    if seen.is_cut:
        height, width = seen.luma.shape
        left_out.append(
            f"Only the middle {width} by {height} pixels were looked at closely, and copies in "
            f"the whole at 1/{seen.factor} of its size."
        )
    return tuple(left_out)


def _told(sight: Sight, seen: Look) -> Trace:
    return Trace(
        code=sight.code,
        sentence=sentence(sight),
        does_not_show=does_not_show(sight),
        boxes=_boxes(sight, seen),
        score=round(sight.score, 4),
        usual=0.5,
        heat=None if sight.heat is None else _upright(sight, seen),
    )


def _boxes(sight: Sight, seen: Look) -> tuple[Box, ...]:
    """The largest connected places, in upright pixels of the picture."""
    if sight.mask is None:
        return ()
    labels, count = ndimage.label(ndimage.binary_closing(sight.mask, np.ones((3, 3))) | sight.mask)
    places = ndimage.find_objects(labels)
    sizes = ndimage.sum_labels(sight.mask, labels, np.arange(1, count + 1))
    boxes = []
    for number in np.argsort(-sizes, kind="stable")[:MOST_BOXES]:
        rows, columns = places[int(number)]
        left, top = sight.left + columns.start * sight.cell, sight.top + rows.start * sight.cell
        right, bottom = sight.left + columns.stop * sight.cell, sight.top + rows.stop * sight.cell
        right, bottom = min(right, seen.size[0]), min(bottom, seen.size[1])
        box = (int(left), int(top), int(right - left), int(bottom - top))
        boxes.append(upright_box(box, seen.size, seen.orientation))
    return tuple(boxes)


def _upright(sight: Sight, seen: Look) -> Heat:
    levels = np.ascontiguousarray(upright(_heat(sight, seen), seen.orientation))
    return Heat(levels.shape[1], levels.shape[0], levels.tobytes())


def _heat(sight: Sight, seen: Look) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The map over the whole picture as stored; 0 where nothing was looked at."""
    assert sight.heat is not None  # noqa: S101  # asked only where there is one
    width, height = seen.size
    scale = _HEAT / max(width, height)
    rows, columns = (max(1, round(side * scale)) for side in (height, width))
    y = ((np.arange(rows) + 0.5) / scale - sight.top) / sight.cell
    x = ((np.arange(columns) + 0.5) / scale - sight.left) / sight.cell
    down, right = np.floor(y).astype(int), np.floor(x).astype(int)
    inside = ((down >= 0) & (down < sight.heat.shape[0]))[:, None] & (
        (right >= 0) & (right < sight.heat.shape[1])
    )
    down = np.clip(down, 0, sight.heat.shape[0] - 1)
    right = np.clip(right, 0, sight.heat.shape[1] - 1)
    return bytes_of(np.where(inside, sight.heat[down[:, None], right[None]], 0))


def _structure(file: JpegFile) -> list[Trace]:
    """How the file is built: a fact, no evidence of an edit."""
    if file.luma is None:
        return []
    quality = libjpeg_quality(file)
    tables = f"those of libjpeg at quality {quality}" if quality else "its maker's own"
    kind = "progressive" if file.progressive else "sequential"
    restart = "with" if file.restart else "without"
    sampling = "x".join(str(each) for each in file.sampling[0])
    return [
        Trace(
            code="jpeg.structure",
            sentence=f"The JPEG file is {kind}, {restart} restart markers; its quantisation tables "
            f"are {tables}, its brightness is sampled {sampling}.",
            does_not_show="Cameras and programs share tables. It does not show what wrote it.",
        )
    ]


def _against_thumbnail(data: bytes | None, seen: Look) -> list[Trace]:
    if data is None:
        return []
    small = _small(data)
    if small is None:
        return []
    factor = max(1, int(min(seen.whole.shape) / (2 * min(small.shape))))
    rows, columns = (side // factor * factor for side in seen.whole.shape)
    whole = seen.whole[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor)
    found = thumbnail.compare(small, np.asarray(whole.mean((1, 3)), np.float32))
    if found is None:
        return []
    told = []
    limits = (
        "Some programs and cameras write a thumbnail of their own cut. It does not show what was "
        "changed, nor who did it."
    )
    if abs(np.log(max(found.proportions, 1e-3))) > _PROPORTIONS:
        told.append(
            Trace(
                code="thumbnail.other-proportions",
                sentence="The thumbnail in the file has other proportions than the picture, as it "
                "has after cropping or turning.",
                does_not_show=limits,
            )
        )
    elif (differs := float((found.differs > 0.5).mean())) > _UNLIKE_PART or (
        found.likeness < _UNLIKE
    ):
        sight = Sight(
            "thumbnail.differs",
            differs,
            {},
            found.differs > 0.5,
            found.differs,
            seen.size[0] / found.differs.shape[1],
        )
        told.append(
            Trace(
                code="thumbnail.differs",
                sentence="The thumbnail in the file shows another picture than the file does, in "
                f"{100 * differs:.0f} % of it.",
                does_not_show=limits,
                boxes=_boxes(sight, seen),
                score=round(differs / (differs + _UNLIKE_PART), 4),
                usual=0.5,
                heat=_upright(sight, seen),
            )
        )
    return told


def _small(data: bytes) -> Plane | None:
    """Decode a thumbnail that claims no more than a thumbnail's size."""
    with (
        contextlib.suppress(Exception),  # a stranger's bytes within a stranger's bytes
        Image.open(io.BytesIO(data), formats=("JPEG",)) as image,
    ):
        if max(image.size) <= 1024:
            return np.asarray(opaque(image).convert("L"), np.float32)
    return None
