"""Edits of our own making, and honest handling, for `bench.detector_traces`."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageFilter

Box = tuple[int, int, int, int]  # left, top, right, lower edge
_SIDE = 800  # pixels of the longer side of what is edited


@dataclass(frozen=True, slots=True)
class Made:
    """A picture as saved: its bytes, their ending, and the parts that were edited."""

    data: bytes
    ending: str = ".jpg"
    parts: tuple[Box, ...] = field(default=())


def saved(image: Image.Image, quality: int | None, *parts: Box) -> Made:
    """Save as JPEG of a quality, with colour at half the resolution below 90, or as PNG."""
    data = io.BytesIO()
    if quality is None:
        image.save(data, "PNG", compress_level=1)
        return Made(data.getvalue(), ".png", parts)
    image.save(data, "JPEG", quality=quality, subsampling=2 if quality < 90 else 0)
    return Made(data.getvalue(), ".jpg", parts)


def again(image: Image.Image, quality: int) -> Image.Image:
    """What comes back of a picture that was compressed."""
    return Image.open(io.BytesIO(saved(image, quality).data)).convert("RGB")


def fresh(image: Image.Image) -> Image.Image:
    """The picture made smaller, so that no earlier compression shows."""
    scale = min(0.6, _SIDE / max(image.size))
    return image.resize([round(side * scale) for side in image.size], Image.Resampling.LANCZOS)


def native(image: Image.Image) -> Image.Image:
    """The middle of the picture, its pixels as they are."""
    width, height = (min(side, _SIDE) for side in image.size)
    left, top = ((a - b) // 2 // 8 * 8 for a, b in zip(image.size, (width, height), strict=True))
    return image.crop((left, top, left + width, top + height))


def place(image: Image.Image, share: tuple[float, float], random: np.random.Generator) -> Box:
    """A box of a share of the picture's area whose content is not flat, where there is one."""
    luma = np.asarray(image.convert("L"), np.float32)
    side = np.sqrt(random.uniform(*share))
    width, height = (round(each * side) for each in image.size)
    for _ in range(60):
        left = int(random.integers(0, image.width - width + 1))
        top = int(random.integers(0, image.height - height + 1))
        inside = luma[top : top + height, left : left + width]
        burnt = np.mean((inside < 4) | (inside > 251))
        if inside.std() > 10 and burnt < 0.2:
            break
    return left, top, left + width, top + height


Maker = Callable[[Image.Image, Image.Image, np.random.Generator], tuple[Made, Made]]


def double(first: int, second: int, cut: tuple[int, int] = (0, 0)) -> Maker:
    """Compressed twice, `cut` columns and rows cut off between, beside once."""

    def make(image: Image.Image, _: Image.Image, __: np.random.Generator) -> tuple[Made, Made]:
        once = fresh(image)
        before = again(once, first).crop((*cut, *once.size))
        return saved(before, second), saved(once, second)

    return make


def splice(first: int, second: int | None, donor: int | None = None) -> Maker:
    """A part of another picture in one that was compressed, saved, beside the one without it."""

    def make(
        image: Image.Image, other: Image.Image, random: np.random.Generator
    ) -> tuple[Made, Made]:
        ground = again(fresh(image), first)
        given = fresh(other).resize(ground.size, Image.Resampling.LANCZOS)
        if donor is not None:
            given = again(given, donor).transform(
                given.size, Image.Transform.AFFINE, (1, 0, 3, 0, 1, 5)
            )
        box = place(given, (0.02, 0.1), random)
        edited = ground.copy()
        edited.paste(given.crop(box), box[:2])
        return saved(edited, second, box), saved(ground, second)

    return make


def copied(quality: int, *, turned: bool = False) -> Maker:
    """A part copied to another place, perhaps turned and resized, beside the picture without."""

    def make(image: Image.Image, _: Image.Image, random: np.random.Generator) -> tuple[Made, Made]:
        ground = native(image)
        box = place(ground, (0.02, 0.08), random)
        part = ground.crop(box).convert("RGBA")
        if turned:
            part = part.rotate(
                float(random.uniform(-35, 35)), Image.Resampling.BICUBIC, expand=True
            )
            factor = float(random.uniform(0.8, 1.25))
            part = part.resize(
                [round(side * factor) for side in part.size], Image.Resampling.BICUBIC
            )
        for _ in range(100):
            left = int(random.integers(0, max(ground.width - part.width, 1)))
            top = int(random.integers(0, max(ground.height - part.height, 1)))
            target = (left, top, left + part.width, top + part.height)
            if target[0] > box[2] or target[2] < box[0] or target[1] > box[3] or target[3] < box[1]:
                break
        edited = ground.copy()
        edited.paste(part, target[:2], part)
        return saved(edited, quality, box, target), saved(ground, quality)

    return make


def enlarged(quality: int | None, *, whole: bool) -> Maker:
    """The whole, or a part from another picture, made larger, beside the picture without."""

    def make(
        image: Image.Image, other: Image.Image, random: np.random.Generator
    ) -> tuple[Made, Made]:
        ground, factor = native(image), float(random.uniform(1.15, 1.6))
        source = ground if whole else native(other)
        size = [round(side * factor) for side in source.size]
        large = source.resize(size, Image.Resampling.BICUBIC)
        if whole:
            return saved(native(large), quality), saved(ground, quality)
        large = large.crop((0, 0, *ground.size))
        box = place(large, (0.15, 0.25), random)
        edited = ground.copy()
        edited.paste(large.crop(box), box[:2])
        return saved(edited, quality, box), saved(ground, quality)

    return make


def smoothed(quality: int) -> Maker:
    """A part of which the noise was taken by a median and a blur, beside the picture without."""

    def make(image: Image.Image, _: Image.Image, random: np.random.Generator) -> tuple[Made, Made]:
        ground = native(image)
        box = place(ground, (0.03, 0.1), random)
        part = ground.crop(box).filter(ImageFilter.MedianFilter(5))
        edited = ground.copy()
        edited.paste(part.filter(ImageFilter.GaussianBlur(1.2)), box[:2])
        return saved(edited, quality, box), saved(ground, quality)

    return make


EDITS: dict[str, tuple[str, Maker]] = {
    **{
        f"compressed at {a}, then {b}": ("jpeg.compressed-twice", double(a, b))
        for a, b in ((60, 90), (75, 95), (70, 85), (85, 95), (75, 80), (92, 90), (90, 75), (95, 80))
    },
    **{
        f"compressed at {a}, cropped, {b}": ("jpeg.moved-grid", double(a, b, (3, 5)))
        for a, b in ((75, 95), (85, 95), (90, 95), (75, 85), (85, 75))
    },
    **{
        f"splice: ground {a}, saved {b}": ("jpeg.region-other-history", splice(a, b))
        for a, b in ((70, 90), (80, 95), (90, 95), (75, 80))
    },
    "splice: ground 90, part 85, PNG": ("jpeg.region-other-grid", splice(90, None, 85)),
    "splice: ground 90, part 85, saved 98": ("jpeg.region-other-grid", splice(90, 98, 85)),
    **{f"copied, saved {q}": ("copy-move", copied(q)) for q in (95, 85, 75)},
    "copied, turned and resized, saved 90": ("copy-move", copied(90, turned=True)),
    "whole enlarged, PNG": ("resampled", enlarged(None, whole=True)),
    "whole enlarged, saved 90": ("resampled", enlarged(90, whole=True)),
    "part enlarged, PNG": ("resampled.region", enlarged(None, whole=False)),
    "part enlarged, saved 95": ("resampled.region", enlarged(95, whole=False)),
    "part smoothed, saved 95": ("noise.smooth-region", smoothed(95)),
}
# What happens to a picture that nobody edited.
HANDLING: dict[str, Callable[[Image.Image], Made]] = {
    "a platform's copy": lambda image: saved(_limited(image, 1280), 80),
    "saved again at 85": lambda image: saved(_limited(image, 2400), 85),
    "cropped, saved at 92": lambda image: saved(image.crop((13, 7, *image.size)), 92),
    "brightened, saved at 90": lambda image: saved(image.point(lambda v: 1.1 * v + 4), 90),
}


def _limited(image: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(image.size)
    if scale >= 1:
        return image
    return image.resize([round(side * scale) for side in image.size], Image.Resampling.LANCZOS)
