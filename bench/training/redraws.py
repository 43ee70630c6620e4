"""Pairs of a face: as it is, and laid over by one kind of draw or another; both coded alike.

By `verifier.detector.blend` as it is, over itself or another's, and by four draws more: drawn anew
by an auto-encoder (`bench.training.makers`), another's, whole or the mouth alone, and told again by
a coarse grid, as a small generator would. A face may first be coded as a clip once and its skin be
made smooth, as streams do, and the whole be shrunk after. Needs opencv and PyAV (an encoder within
the process: x264's start costs more than its frames).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.detector import blend
from verifier.detector.blend import Blended, Portrait, changed_whole, self_blended, worn

SQUARE, LOOK = 240, 224  # pixels that are kept, and that are looked at of them
CELLS = 30  # of a mask, along a side
CHIP, CHIP_ROOM = 160, 1.3  # pixels that an auto-encoder sees, and their side in faces
ROOMS, WIDTHS = (1.35, 1.65), (90, 200)
QUALITIES = (18, 22, 25, 28, 31, 34, 37, 40)  # x264's constant rate factor
KINDS = ("self", "other", "other-redrawn", "redrawn", "redrawn-mouth", "told-again")
DRIFT = 1.5  # pixels a frame, and thousandths of its size and turn
SMOOTHED = 0.2  # share of faces whose skin is made smooth before anything else
_EDGE = 24  # pixels that a chip's edge is drawn out by, where it is laid over another face
_REAL = 0.5  # share of faces that are changed as a whole

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Pair:
    """(2, SQUARE, SQUARE, 3) of a face as it is and laid over, where, and the rate factor."""

    squares: Pixels
    cells: Pixels
    quality: int


def box(points: Points) -> tuple[Points, float]:
    """The middle of a face, and the longer side of its box."""
    low, high = points[:468].min(0), points[:468].max(0)
    return (low + high) / 2, float((high - low).max())


def chip_place(points: Points) -> Points:
    """The rows that take a chip's pixels to the picture's: (2, 3); eyes lie level in a chip."""
    middle, side = box(points)
    along = points[263] - points[33]
    unit = along / max(1e-6, float(np.hypot(*along)))
    turn = np.stack((unit, (-unit[1], unit[0])), 1) * (side * CHIP_ROOM / CHIP)
    return np.column_stack((turn, middle - turn @ np.full(2, CHIP / 2)))


def chip(rgb: Pixels, points: Points) -> Pixels:
    """The face as an auto-encoder sees it."""
    rows = chip_place(points)
    factor = float(np.hypot(*rows[:, 0]))
    smooth = cv2.GaussianBlur(rgb, (0, 0), 0.45 * factor) if factor > 1.4 else rgb
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(smooth, rows, (CHIP, CHIP), flags=how, borderMode=cv2.BORDER_REFLECT)


def of_chip(drawn: Pixels, points: Points) -> Portrait:
    """A chip that was drawn anew as a face by itself; `points` are those of what it was cut of."""
    rows = chip_place(points)
    within = np.linalg.solve(rows[:, :2], (points - rows[:, 2]).T).T
    rgb = cv2.copyMakeBorder(drawn, *(_EDGE,) * 4, cv2.BORDER_REPLICATE)
    return Portrait(rgb, within + _EDGE)


def on_canvas(rgb: Pixels, points: Points, width: float) -> Portrait:
    """A face and a little around it, its box's longer side `width` pixels; edges are mirrored."""
    middle, side = box(points)
    scale = min(width / side, 1.25)
    canvas = int(np.ceil(1.82 * scale * side / 4)) * 4
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    shrunk = cv2.resize(rgb, size, interpolation=how)
    x, y = middle * scale - canvas / 2
    rows, columns = (
        _mirrored(np.arange(round(start), round(start) + canvas), shrunk.shape[axis])
        for axis, start in enumerate((y, x))
    )
    part = np.ascontiguousarray(shrunk[rows][:, columns])
    return Portrait(part, points * scale - (round(x), round(y)))


def _mirrored(places: npt.NDArray[np.int64], side: int) -> npt.NDArray[np.int64]:
    there = places % (2 * side)
    return np.minimum(there, 2 * side - 1 - there)


def coded(frames: list[Pixels], quality: int, *, preset: str = "veryfast") -> list[Pixels]:
    """The frames of a clip of H.264, decoded again."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = frames[0].shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 25), 1
    apart = f"scenecut=0:bframes=0:keyint={len(frames)}:threads=1"
    encoder.options = {"crf": str(quality), "preset": preset, "x264-params": apart}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = []
    for place, rgb in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts = place
        packets += encoder.encode(frame)
    told = [each for packet in (*packets, *encoder.encode(None)) for each in decoder.decode(packet)]
    return [each.to_ndarray(format="rgb24") for each in (*told, *decoder.decode(None))]


def drifting(rgb: Pixels, random: Random) -> Iterator[Pixels]:
    """Two frames of a picture that moves slowly, the last of them as it is."""
    side = rgb.shape[0]
    x, y, grow, turn = random.normal(0, DRIFT, 4)
    middle = (side / 2, side / 2)
    rows = cv2.getRotationMatrix2D(middle, np.degrees(turn / 1000), 1 + grow / 1000)
    rows[:, 2] += (x, y)
    yield cv2.warpAffine(rgb, rows, (side, side), borderMode=cv2.BORDER_REFLECT)
    yield rgb


def _mask(face: Portrait, random: Random, *, mouth: bool) -> tuple[Floats, bool]:
    """A mask of `blend`, or a soft square, or one drawn in; whether it is the mouth's alone."""
    across = blend.face_width(face)
    if not mouth and random.random() < 0.12:  # as where a square is pasted back
        return _square(face, across, random), False
    while True:
        mask, alone = blend.drawn_mask(face, random)
        if alone if mouth else not alone or random.random() < 0.3:
            break
    if not mouth and random.random() < 0.4:  # drawn in, and softer, as live swaps do it
        size = 2 * max(1, round(across * random.uniform(0.02, 0.1))) + 1
        mask = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
        mask = cv2.GaussianBlur(mask, (0, 0), across * random.uniform(0.02, 0.09))
        mask = mask / max(1e-3, float(mask.max()))
    return mask, alone


def _square(face: Portrait, across: float, random: Random) -> Floats:
    canvas = np.zeros(face.rgb.shape[:2], np.float32)
    middle, side = box(face.points)
    room = random.uniform(0.98, 1.25) * side / 2
    x, y = middle + random.normal(0, 0.03 * side, 2)
    top, left = max(0, round(y - room)), max(0, round(x - room))
    canvas[top : round(y + room), left : round(x + room)] = 1
    soft: Floats = cv2.GaussianBlur(canvas, (0, 0), across * random.uniform(0.01, 0.08))
    return soft


def _checkered(image: Floats, random: Random) -> Floats:
    """Twice as large as a transposed convolution makes it: unevenly weighted in between."""
    spread = np.zeros((image.shape[0] * 2, image.shape[1] * 2, 3), np.float32)
    spread[::2, ::2] = image
    kernel = np.outer((1, 2, 1), (1, 2, 1)).astype(np.float32) / 4
    kernel *= 1 + random.normal(0, random.uniform(0.01, 0.08), (3, 3)).astype(np.float32)
    return cv2.filter2D(spread, -1, kernel, borderType=cv2.BORDER_REFLECT)


def _told_again(face: Portrait, random: Random) -> Floats:
    """As a generator of 48 to 180 pixels a face: a coarse grid, enlarged one way or another."""
    rgb = face.rgb.astype(np.float32)
    height, width = rgb.shape[:2]
    factor = max(1.0, blend.face_width(face) / random.uniform(48, 180))
    size = max(16, round(width / factor)), max(16, round(height / factor))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    which = int(random.integers(5))
    if which == 0:
        how = cv2.INTER_AREA if 2 * size[0] > width else cv2.INTER_LINEAR
        told = cv2.resize(_checkered(small, random), (width, height), interpolation=how)
    elif which == 1:
        twice = (size[0] * 2, size[1] * 2)
        told = cv2.resize(small, twice, interpolation=cv2.INTER_NEAREST)
        told = cv2.GaussianBlur(told, (0, 0), random.uniform(0.5, 1.0))
        told = cv2.resize(told, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        ways = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
        told = cv2.resize(small, (width, height), interpolation=ways[which - 2])
    if random.random() < 0.3:
        told = cv2.bilateralFilter(told.clip(0, 255), 5, random.uniform(10, 40), 3)
    return np.asarray(told, np.float32)


def _finished(inner: Floats, random: Random) -> Floats:
    """Sharpened, softened or with grain put on, as an enhancer or a merger does."""
    which = random.random()
    if which < 0.35:
        soft = cv2.GaussianBlur(inner, (0, 0), random.uniform(0.6, 2.0))
        inner = inner + (inner - soft) * np.float32(random.uniform(0.3, 1.6))
    elif which < 0.5:
        inner = cv2.GaussianBlur(inner, (0, 0), random.uniform(0.4, 1.2))
    if random.random() < 0.2:
        grain = random.standard_normal(inner.shape, np.float32)
        inner = inner + grain * np.float32(random.uniform(0.5, 4))
    return inner


def _smoothed(face: Portrait, random: Random) -> Portrait:
    """As cameras and streams make skin smooth: real faces are not all rough."""
    wide, strength = int(random.integers(5, 10)), random.uniform(15, 60)
    smooth = cv2.bilateralFilter(face.rgb, wide, strength, wide / 2)
    share = random.uniform(0.4, 1.0)
    return Portrait(cv2.addWeighted(smooth, share, face.rgb, 1 - share, 0), face.points)


def _laid(face: Portrait, inner: Floats, mask: Floats, random: Random, *, mouth: bool) -> Blended:
    """Move what is laid over a little, finish and tone it, and lay it over."""
    base = face.rgb.astype(np.float32)
    if random.random() < 0.6:
        inner = blend.moved(inner.clip(0, 255), face, random)
    if mouth and random.random() < 0.5:
        inner = blend.mouthed(inner, face, random)
    inner = _finished(inner, random)
    if random.random() >= 0.25:
        toned = blend.toned_like(inner, base, mask)
        share = 1.0 if random.random() < 0.6 else random.uniform(0.3, 1.0)
        inner = inner + (toned - inner) * np.float32(share)
    weights = (mask * np.float32(random.choice((0.75, 1.0, 1.0, 1.0))))[..., None]
    return Blended((base + (inner - base) * weights).clip(0, 255).astype(np.uint8), mask)


def _redrawn(face: Portrait, drawn: Pixels, random: Random, *, mouth: bool) -> Blended:
    """A face laid over by what an auto-encoder made of it."""
    size, rows = (face.rgb.shape[1], face.rgb.shape[0]), chip_place(face.points)
    how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[random.integers(3)]
    back = cv2.warpAffine(drawn, rows, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    mask, alone = _mask(face, random, mouth=mouth)
    within = cv2.warpAffine(np.ones((CHIP, CHIP), np.float32), rows, size)
    return _laid(face, back.astype(np.float32), mask * within, random, mouth=alone)


def _laid_by(
    kind: str, face: Portrait, other: Portrait | None, drawn: Pixels, random: Random
) -> Blended:
    if kind in ("self", "other", "other-redrawn"):
        return self_blended(face, random, None if kind == "self" else other)
    if random.random() < _REAL:  # `self_blended` changes the one or the other itself
        changed = changed_whole(face.rgb.astype(np.float32), random, 0.7).astype(np.uint8)
        face = Portrait(changed, face.points)
    if kind.startswith("redrawn"):
        return _redrawn(face, drawn, random, mouth=kind == "redrawn-mouth")
    mask, alone = _mask(face, random, mouth=random.random() < 0.15)
    return _laid(face, _told_again(face, random), mask, random, mouth=alone)


def pair(face: Portrait, other: Portrait | None, drawn: Pixels, kind: str, random: Random) -> Pair:
    """Draw a pair of a face; `other` and `drawn` (a chip) are what it may be laid over by."""
    width = random.uniform(*WIDTHS)
    larger = random.uniform(1.1, 1.7) if random.random() < 0.35 else 1.0  # shrunk afterwards
    base = on_canvas(face.rgb, face.points, width * larger)
    if random.random() < 0.35:  # a first generation of video
        (once,) = coded([base.rgb], int(random.integers(16, 30)), preset="ultrafast")
        base = Portrait(once, base.points)
    if random.random() < SMOOTHED:
        base = _smoothed(base, random)
    base = worn(base, random)
    if other is not None and kind == "other":
        other = on_canvas(other.rgb, other.points, width * larger)
    real = base.rgb
    if random.random() < _REAL:
        real = changed_whole(real.astype(np.float32), random, 0.7).astype(np.uint8)
    made = _laid_by(kind, base, other, drawn, random)
    both, mask, points = [real, made.rgb], made.mask, base.points
    if larger > 1:
        side = max(96, round(real.shape[0] / larger / 4) * 4)
        points = points * (side / real.shape[0])
        both = [cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA) for each in both]
        mask = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
    quality, seed = int(random.choice(QUALITIES)), int(random.integers(2**31))
    both = [coded(list(drifting(each, np.random.default_rng(seed))), quality)[-1] for each in both]
    return _looked_at(both, mask, points, quality, random.uniform(*ROOMS))


def _looked_at(both: list[Pixels], mask: Floats, points: Points, quality: int, room: float) -> Pair:
    """As `swap.look_at` cuts a face out, and a little more around it."""
    (x, y), side = box(points)
    half = side * room / 2 * SQUARE / LOOK
    rows, columns = (
        np.clip(np.arange(round(at - half), round(at + half)), 0, mask.shape[0] - 1)
        for at in (y, x)
    )
    how = Image.Resampling.BICUBIC
    squares = [
        np.asarray(Image.fromarray(each[rows][:, columns]).resize((SQUARE, SQUARE), how))
        for each in both
    ]
    cells = cv2.resize(mask[rows][:, columns], (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return Pair(np.stack(squares), (255 * cells.clip(0, 1)).astype(np.uint8), quality)
