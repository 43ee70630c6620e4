"""Self-blended faces: what a swap leaves behind, made from one real face.

"Detecting Deepfakes with Self-Blended Images" (Shiohara and Yamasaki, CVPR 2022): a face is changed
a little in colour, sharpness and place and laid over itself through a soft mask, so that what there
is to learn is the blend, and not any one maker of swaps. Here the mask may also be the mouth's
alone, as in reenactment; the inner face may lose the detail that a small generator would not give,
or be another person's, laid over by three points ("Face X-ray for More General Face Forgery
Detection", CVPR 2020). Used in training alone: arrays and a random generator in, arrays out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Random = np.random.Generator

# Of MediaPipe's canonical face model: the outline, and what bounds smaller masks.
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
LOWER = (*OVAL[8:28], 50, 280, 5)  # below the eyes
MOUTH = (205, 425, 2, 57, 287, 18, 200, 204, 424, 164)
ANCHORS = (33, 263, 13)  # the eyes' outer corners and the mouth: what a face is laid over by


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture and the points of the face on it: (height, width, 3) and (468 or more, 2)."""

    rgb: Pixels
    points: Floats


def self_blended(face: Portrait, random: Random, other: Portrait | None = None) -> Pixels:
    """A face blended over itself, or over by `other`, drawn from `random`."""
    base = face.rgb.astype(np.float64)
    mask = _mask(face, random)
    source = base if other is None else _laid_over(other, face)
    if other is not None:
        source = _toned_like(source, base, mask)
    first = random.random() < 0.5 or other is not None
    changed = changed_whole(source if first else base, random, 1.0 if other is None else 0.3)
    inner, outer = (changed, base) if first else (base, changed)
    inner = _moved(inner, face, random)
    if random.random() < 0.35:
        inner = _coarse(inner, face, random)
    share = random.choice((0.25, 0.5, 0.75, 1.0, 1.0, 1.0)) if other is None else 1.0
    weights = (mask * share)[..., None]
    told: Pixels = (inner * weights + outer * (1 - weights)).clip(0, 255).astype(np.uint8)
    return told


def _mask(face: Portrait, random: Random) -> Floats:
    height, width = face.rgb.shape[:2]
    across = float(np.ptp(face.points[:468, 0]))
    which = random.choice(4, p=(0.35, 0.3, 0.15, 0.2))
    chosen = (OVAL, (*BROWS, *OVAL[8:28]), LOWER, MOUTH)[which]
    corners = _hull(face.points[list(chosen)] + random.normal(0, 0.015 * across, (len(chosen), 2)))
    canvas = Image.new("L", (width, height))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    mask = _rippled(np.asarray(canvas, np.float64) / 255, 0.04 * across, random)
    spread = across * random.uniform(0.01, 0.08)
    soft = gaussian_filter(mask, spread)
    if random.random() < 0.5:  # shrunk, so that the blend lies within
        soft = (gaussian_filter((soft > random.uniform(0.3, 0.9)).astype(float), spread)).clip(0, 1)
    top = soft.max()
    result: Floats = soft / top if top > 0 else soft
    return result


def _hull(points: Floats) -> Floats:
    from scipy.spatial import ConvexHull

    corners: Floats = points[ConvexHull(points).vertices]
    return corners


def _rippled(plane: Floats, strength: float, random: Random) -> Floats:
    """An elastic deformation, of planes or of pictures."""
    height, width = plane.shape[:2]
    coarse = random.normal(0, 1, (2, 6, 6))
    shifts = [
        np.asarray(Image.fromarray(each.astype(np.float32)).resize((width, height), 3)) * strength
        for each in coarse
    ]
    rows, columns = np.indices((height, width), np.float64)
    places = (rows + shifts[0], columns + shifts[1])
    if plane.ndim == 2:
        told: Floats = map_coordinates(plane, places, order=1, mode="nearest")
        return told
    planes = [map_coordinates(plane[..., c], places, order=1, mode="nearest") for c in range(3)]
    return np.stack(planes, -1)


def changed_whole(rgb: Floats, random: Random, strength: float = 1.0) -> Floats:
    """Other colours, and another sharpness, all over."""
    shifted = rgb + random.uniform(-20, 20, 3) * (strength * (random.random() < 0.7))
    grey = shifted.mean(2, keepdims=True)
    shifted = grey + (shifted - grey) * (1 + strength * random.uniform(-0.3, 0.3))
    middle = shifted.mean()
    gain, lift = 1 + strength * random.uniform(-0.15, 0.15), strength * random.uniform(-15, 15)
    shifted = (shifted - middle) * gain + middle + lift
    if random.random() < 0.5:
        factor = random.uniform(1.5, 4)
        return _resized_and_back(shifted, factor)
    blurred = gaussian_filter(shifted, (1.0, 1.0, 0))
    result: Floats = shifted + random.uniform(0.3, 1.2) * (shifted - blurred)
    return result


def _resized_and_back(rgb: Floats, factor: float) -> Floats:
    height, width = rgb.shape[:2]
    image = Image.fromarray(rgb.clip(0, 255).astype(np.uint8))
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    small = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float64)


def _coarse(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """As a generator of 48 to 112 pixels a face would give it."""
    across = float(np.ptp(face.points[:468, 0]))
    return _resized_and_back(rgb, max(1.0, across / random.uniform(48, 112)))


def _moved(rgb: Floats, face: Portrait, random: Random) -> Floats:
    """Shifted, scaled and rippled a little."""
    across = float(np.ptp(face.points[:468, 0]))
    middle = face.points[:468].mean(0)
    scale = random.uniform(0.96, 1.04)
    shift = random.uniform(-0.025, 0.025, 2) * across
    corner = middle - middle / scale - shift
    rows = (1 / scale, 0.0, float(corner[0]), 0.0, 1 / scale, float(corner[1]))
    image = Image.fromarray(rgb.clip(0, 255).astype(np.uint8))
    moved = image.transform(image.size, Image.Transform.AFFINE, rows, Image.Resampling.BICUBIC)
    told = np.asarray(moved, np.float64)
    return _rippled(told, 0.008 * across, random) if random.random() < 0.5 else told


def _laid_over(other: Portrait, face: Portrait) -> Floats:
    """Another's face, turned and scaled to lie over this one."""
    wanted = np.column_stack((face.points[list(ANCHORS)], np.ones(3)))
    rows = np.linalg.solve(wanted, other.points[list(ANCHORS)]).T
    image = Image.fromarray(other.rgb)
    size = face.rgb.shape[1], face.rgb.shape[0]
    values = [float(each) for each in rows.ravel()]
    laid = image.transform(size, Image.Transform.AFFINE, values, Image.Resampling.BICUBIC)
    return np.asarray(laid, np.float64)


def _toned_like(source: Floats, base: Floats, mask: Floats) -> Floats:
    """The colours' mean and spread as within the mask of the other picture."""
    within = mask > 0.5
    if not within.any():
        return source
    here, there = source[within], base[within]
    gain = (there.std(0) + 1) / (here.std(0) + 1)
    told: Floats = (source - here.mean(0)) * gain + there.mean(0)
    return told
