"""Self-blended faces: what a swap leaves behind, made from one real face.

"Detecting Deepfakes with Self-Blended Images" (Shiohara and Yamasaki, CVPR 2022): a face is changed
a little in colour, sharpness and place and laid over itself through a soft mask, so that what there
is to learn is the blend, and not any one maker of swaps. Here the mask may also be the mouth's
alone, as in reenactment, and the mouth be opened or shut; the inner face may lose the detail that a
small generator would not give, or its fine texture as one that draws it anew, be sharpened as by an
enhancer and toned like what is around it, as live swaps are; or be another person's, laid over by
three points ("Face X-ray for More General Face Forgery Detection", CVPR 2020). Used in training
alone: arrays and a random generator in, arrays out.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Random = np.random.Generator

CELLS = 5  # squares along each side of what is rippled
COARSER = 2  # a mask is drawn at a half of the picture's size: it is soft in any case
NOISE = 5.0  # levels of a camera's noise, at most

# Of MediaPipe's canonical face model: the outline, and what bounds smaller masks.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
LOWER = (*OVAL[8:28], 50, 280, 5)  # below the eyes
MOUTH = (205, 425, 2, 57, 287, 18, 200, 204, 424, 164)
LIP, CHIN, BROW = 14, 152, 10  # the lower lip's inner edge, and the ends of the outline
ANCHORS = (33, 263, 13)  # the eyes' outer corners and the mouth: what a face is laid over by


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture and the points of the face on it: (height, width, 3) and (468 or more, 2)."""

    rgb: Pixels
    points: Points


@dataclass(frozen=True, slots=True)
class Blended:
    """A picture, and where it was laid over: (height, width), 0 to 1 within."""

    rgb: Pixels
    mask: Floats


def worn(face: Portrait, random: Random) -> Portrait:
    """As a camera and a first file leave a face, before anybody changes it: noise, then a JPEG."""
    rgb = face.rgb
    if random.random() < 0.5:
        noise = random.standard_normal(rgb.shape, np.float32)
        rgb = _bytes(rgb + noise * np.float32(random.uniform(0.5, NOISE)))
    if random.random() < 0.5:
        kept = io.BytesIO()
        Image.fromarray(rgb).save(kept, "JPEG", quality=int(random.integers(50, 96)))
        rgb = np.asarray(Image.open(kept))
    return Portrait(rgb, face.points)


def self_blended(face: Portrait, random: Random, other: Portrait | None = None) -> Blended:
    """A face blended over itself, or over by `other`, drawn from `random`."""
    base = face.rgb.astype(np.float32)
    mask, mouth = drawn_mask(face, random)
    source = base if other is None else _laid_over(other, face)
    if other is not None:
        source = toned_like(source, base, mask)
    first = random.random() < 0.5 or other is not None
    changed = changed_whole(source if first else base, random, 1.0 if other is None else 0.3)
    inner, outer = (changed, base) if first else (base, changed)
    inner = moved(inner, face, random)
    if mouth and random.random() < 0.5:
        inner = mouthed(inner, face, random)
    inner = _made(inner, face, random)
    if other is None and random.random() < 0.4:
        inner = toned_like(inner, outer, mask)
    share = random.choice((0.25, 0.5, 0.75, 1.0, 1.0, 1.0)) if other is None else 1.0
    weights = (mask * np.float32(share))[..., None]
    return Blended(_bytes(outer + (inner - outer) * weights), mask)


def drawn_mask(face: Portrait, random: Random) -> tuple[Floats, bool]:
    """What is laid over, and whether it is the mouth and what is around it alone."""
    height, width = face.rgb.shape[:2]
    points = face.points / COARSER
    across = face_width(face) / COARSER
    which = random.choice(4, p=(0.35, 0.25, 0.2, 0.2))
    chosen = (OVAL, (*BROWS, *OVAL[8:28]), LOWER, MOUTH)[which]
    corners = _hull(points[list(chosen)] + random.normal(0, 0.015 * across, (len(chosen), 2)))
    canvas = Image.new("L", (width // COARSER, height // COARSER))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    spread = ImageFilter.GaussianBlur(across * random.uniform(0.01, 0.1))
    soft = _rippled(canvas, 0.04 * across, random).filter(spread)
    if random.random() < 0.5:  # shrunk, so that the blend lies within
        least = 255 * random.uniform(0.3, 0.9)
        soft = soft.point([255 * (level > least) for level in range(256)]).filter(spread)
    told = np.asarray(soft.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    return told / max(1.0, float(told.max())), which >= 2


def _hull(points: Points) -> Points:
    from scipy.spatial import ConvexHull

    corners: Points = points[ConvexHull(points).vertices]
    return corners


def face_width(face: Portrait) -> float:
    """How wide a face is, in pixels."""
    return float(np.ptp(face.points[:468, 0]))


def _rippled(image: Image.Image, strength: float, random: Random) -> Image.Image:
    """An elastic deformation: the corners of squares are moved by about `strength` pixels."""
    return _bent(image, _corners(image) + random.normal(0, strength, (CELLS + 1,) * 2 + (2,)))


def _corners(image: Image.Image) -> npt.NDArray[np.int64]:
    xs, ys = (np.rint(np.linspace(0, side, CELLS + 1)).astype(int) for side in image.size)
    return np.stack(np.meshgrid(xs, ys), -1)


def _bent(image: Image.Image, corners: Points) -> Image.Image:
    """The corners of squares are taken from elsewhere: (CELLS + 1, CELLS + 1, 2)."""
    xs, ys = _corners(image)[0, :, 0], _corners(image)[:, 0, 1]
    squares = []
    for row in range(CELLS):
        for column in range(CELLS):
            box = (xs[column], ys[row], xs[column + 1], ys[row + 1])
            around = ((row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1))
            quad = tuple(float(each) for place in around for each in corners[place])
            squares.append((tuple(map(int, box)), quad))
    return image.transform(image.size, Image.Transform.MESH, squares, Image.Resampling.BILINEAR)


def changed_whole(rgb: Floats, random: Random, strength: float = 1.0) -> Floats:
    """Other colours, and another sharpness, all over."""
    shifted = rgb
    if random.random() < 0.7:
        shifted = shifted + (random.uniform(-20, 20, 3) * strength).astype(np.float32)
    grey = shifted.mean(2, keepdims=True)
    shifted = grey + (shifted - grey) * np.float32(1 + strength * random.uniform(-0.3, 0.3))
    middle = shifted.mean()
    gain, lift = 1 + strength * random.uniform(-0.15, 0.15), strength * random.uniform(-15, 15)
    image = Image.fromarray(
        _bytes((shifted - middle) * np.float32(gain) + middle + np.float32(lift))
    )
    if random.random() < 0.5:
        told = _resized_and_back(image, random.uniform(1.5, 4))
    else:
        smooth = image.filter(ImageFilter.BoxBlur(1))
        told = Image.blend(smooth, image, 1 + random.uniform(0.3, 1.2))  # beyond it: sharper
    return np.asarray(told, np.float32)


def _bytes(rgb: Floats) -> Pixels:
    told: Pixels = rgb.clip(0, 255).astype(np.uint8)
    return told


def _resized_and_back(
    image: Image.Image, factor: float, back: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    width, height = image.size
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    return image.resize(size, Image.Resampling.BILINEAR).resize((width, height), back)


def mouthed(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """The mouth opened or shut a little: what is below it is drawn up or down."""
    down = face.points[CHIN] - face.points[BROW]
    image = Image.fromarray(_bytes(rgb))
    corners = _corners(image).astype(np.float64)
    away = np.linalg.norm(corners - face.points[LIP], axis=2) / np.linalg.norm(down)
    pull = np.exp(-((away / 0.3) ** 2))[..., None] * random.uniform(-0.08, 0.08)
    return np.asarray(_bent(image, corners + pull * down), np.float32)


def _made(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """As a maker would give a face: as it was, coarse, or drawn anew."""
    which = random.choice(3, p=(0.25, 0.3, 0.45))
    if which == 0:
        return rgb
    return (_coarse if which == 1 else _anew)(rgb, face, random)


def _anew(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """As a generator of 160 to 320 pixels a face: edges without texture, often sharpened after.

    What a picture coder leaves of few bytes stands for what a generator leaves.
    """
    image, scale = Image.fromarray(_bytes(rgb)), random.uniform(160, 320) / face_width(face)
    scale = min(1.5, max(0.75, scale))
    size = round(image.width * scale), round(image.height * scale)
    kept, form = io.BytesIO(), ("WEBP", "JPEG")[random.integers(2)]
    least, most = (5, 50) if form == "WEBP" else (15, 60)
    image.resize(size, Image.Resampling.BICUBIC).save(
        kept, form, quality=int(random.integers(least, most))
    )
    told = Image.open(kept).convert("RGB")
    if random.random() < 0.5:
        told = told.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.5)))
    told = told.resize(image.size, Image.Resampling.BICUBIC)
    if random.random() < 0.5:
        radius, percent = random.uniform(0.6, 2), int(random.integers(50, 200))
        told = told.filter(ImageFilter.UnsharpMask(radius, percent, 0))
    return np.asarray(told, np.float32)


def _coarse(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """As a generator of 48 to 112 pixels a face would give it, or one that keeps edges alone."""
    image = Image.fromarray(_bytes(rgb))
    if random.random() < 0.3:
        return np.asarray(image.filter(ImageFilter.MedianFilter(3)), np.float32)
    factor = max(1.0, face_width(face) / random.uniform(48, 112))
    back = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    told = _resized_and_back(image, factor, back[random.integers(len(back))])
    return np.asarray(told, np.float32)


def moved(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """Shifted, scaled and rippled a little."""
    across = face_width(face)
    middle = face.points[:468].mean(0)
    scale = random.uniform(0.96, 1.04)
    shift = random.uniform(-0.025, 0.025, 2) * across
    corner = middle - middle / scale - shift
    rows = (1 / scale, 0.0, float(corner[0]), 0.0, 1 / scale, float(corner[1]))
    image = Image.fromarray(_bytes(rgb))
    moved = image.transform(image.size, Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
    if random.random() < 0.5:
        moved = _rippled(moved, 0.008 * across, random)
    return np.asarray(moved, np.float32)


def _laid_over(other: Portrait, face: Portrait) -> Floats:
    """Another's face, turned and scaled to lie over this one."""
    wanted = np.column_stack((face.points[list(ANCHORS)], np.ones(3)))
    rows = np.linalg.solve(wanted, other.points[list(ANCHORS)]).T
    image = Image.fromarray(other.rgb)
    size = face.rgb.shape[1], face.rgb.shape[0]
    values = [float(each) for each in rows.ravel()]
    laid = image.transform(size, Image.Transform.AFFINE, values, Image.Resampling.BICUBIC)
    return np.asarray(laid, np.float32)


def toned_like(source: Floats, base: Floats, mask: Floats) -> Floats:
    """The colours' mean and spread as within the mask of the other picture."""
    within = mask > 0.5
    if not within.any():
        return source
    here, there = source[within], base[within]
    gain = (there.std(0) + 1) / (here.std(0) + 1)
    told: Floats = (source - here.mean(0)) * gain + there.mean(0)
    return told
