"""What the pixels of a face show in one frame, and from one frame to the next.

The face is laid over itself as it was in the first frame (shifted, turned, scaled), CANVAS pixels
wide, so that what changes is the face and not where it is.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, binary_erosion, laplace

from .closeup import CHEEKS, IRISES, CloseUp, look
from .faces import Mesh
from .signals import RIGID
from .warp import warped

CANVAS = 160  # pixels; the face's width is half of it
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_LEFT = (50, 101, 118, 117, 123, 147, 187, 205, 36, 142, 126, 100, 119, 116, 111, 207, 216, 206)
_RIGHT = (280, 330, 347, 346, 352, 376, 411, 425, 266, 371, 355, 329, 348, 345, 340, 427, 436, 426)
_MIDDLE = (151, 9, 8, 5, 4, 195, 197, 6, 199, 200, 175)
_RIM = (10, 109, 338, 67, 297, 103, 332)  # the forehead's upper edge
_FOREHEAD = (103, 67, 109, 10, 338, 297, 332, 334, 9, 105)
_LEAST_IRIS = 4.5  # pixels of its radius: below it a reflection has no place
_BRIGHT = 35.0  # levels that a reflection stands above its iris

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Template:
    """The first frame's face: where its points lie on the canvas, and the parts of the canvas."""

    rigid: Floats
    skin: Mask
    inside: Mask
    edge: Mask
    outside: Mask
    neighbours: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame shows; None where it cannot."""

    colour: Floats  # the skin's mean red, green and blue
    canvas: Pixels
    flicker: float | None  # the change at the face's edge against that inside and outside
    rim: float  # how far the forehead's edge is from the cheeks in colour, levels of chroma


@dataclass(frozen=True, slots=True)
class Closer:
    """What is looked at once in a while."""

    sharpness: float | None  # fine detail in the face against around it, in doublings
    light: float | None  # degrees between where light comes from by the left half and the right
    reflections: float | None  # how far apart the irises' reflections lie, in radii
    close_up: CloseUp


def template(mesh: Mesh) -> Template:
    """Lay out the canvas by the first frame's face."""
    flat = mesh.points[:468, :2]
    oval = flat[list(OVAL)]
    low, high = oval.min(0), oval.max(0)
    scale = CANVAS / 2 / max(float(high[0] - low[0]), 1.0)
    laid = (flat - (low + high) / 2) * scale + CANVAS / 2
    whole = _filled(laid[list(OVAL)])
    skin = _filled(laid[list(_FOREHEAD)])
    for cheek in CHEEKS:
        skin |= _filled(laid[list(cheek)])
    inside = binary_erosion(whole, iterations=6)
    wide = binary_dilation(whole, iterations=4)
    outside = binary_dilation(whole, iterations=12) & ~wide
    edge = wide & ~binary_erosion(whole, iterations=4)
    places = mesh.points[:468]
    chosen = places[[*_LEFT, *_RIGHT, *_MIDDLE]]
    apart = ((chosen[:, None] - places[None]) ** 2).sum(2)
    near = np.argsort(apart, 1)[:, :9]
    return Template(laid[list(RIGID)], skin, inside, edge, outside, near)


def see(rgb: Pixels, mesh: Mesh, frame: Template, before: Pixels | None) -> Seen:
    """Look at one frame; `before` is the canvas of the frame before."""
    canvas, points = _laid_out(rgb, mesh, frame)
    flicker = None
    if before is not None and frame.inside.any() and frame.outside.any() and frame.edge.any():
        change = np.abs(canvas.astype(np.int16) - before).mean(2)
        around = (change[frame.inside].mean() + change[frame.outside].mean()) / 2
        # Where nothing moves, rounding is all there is to compare.
        flicker = float(change[frame.edge].mean() / around) if around > 0.25 else None
    colour = canvas[frame.skin].mean(0) if frame.skin.any() else np.zeros(3)
    rim = _chroma(canvas, points, _RIM) - _chroma(canvas, points, (*_LEFT, *_RIGHT))
    return Seen(colour, canvas, flicker, float(np.hypot(*rim)))


def look_closer(rgb: Pixels, mesh: Mesh, frame: Template) -> Closer:
    """Look at one frame for what takes longer."""
    canvas, points = _laid_out(rgb, mesh, frame)
    return Closer(
        _sharpness(rgb, mesh),
        _light(canvas, points, mesh, frame),
        _reflections(rgb, mesh),
        look(rgb, mesh),
    )


def _filled(corners: Floats) -> Mask:
    canvas = Image.new("1", (CANVAS, CANVAS))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.array(canvas)


def _laid_out(rgb: Pixels, mesh: Mesh, frame: Template) -> tuple[Pixels, Floats]:
    """The face on the canvas, and its points there."""
    flat = mesh.points[:468, :2]
    a, b = (
        each[:, 0] + 1j * each[:, 1] for each in (flat[list(RIGID)], frame.rigid)
    )  # pixels to canvas, as one complex factor and a shift
    centred = a - a.mean()
    factor = np.vdot(centred, b - b.mean()) / max(float(np.vdot(centred, centred).real), 1e-9)
    factor = factor if abs(factor) > 1e-6 else 1.0 + 0j
    told = (flat[:, 0] + 1j * flat[:, 1] - a.mean()) * factor + b.mean()
    back = 1 / factor
    corner = a.mean() - b.mean() * back
    return warped(rgb, back, corner, CANVAS), np.stack((told.real, told.imag), 1)


def _at(canvas: Pixels, points: Floats, chosen: tuple[int, ...]) -> Floats:
    """Mean colours of 5 by 5 pixels around points: (points, 3)."""
    places = np.clip(points[list(chosen)].round().astype(int), 2, CANVAS - 3)
    near = np.arange(-2, 3)
    rows = places[:, 1, None, None] + near[None, :, None]
    columns = places[:, 0, None, None] + near[None, None, :]
    told: Floats = canvas[rows, columns].astype(np.float64).mean((1, 2))
    return told


def _chroma(canvas: Pixels, points: Floats, chosen: tuple[int, ...]) -> Floats:
    """Blue and red difference (ITU-R BT.601), the median over points."""
    red, green, blue = _at(canvas, points, chosen).T
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.array((np.median(0.564 * (blue - luma)), np.median(0.713 * (red - luma))))


def _sharpness(rgb: Pixels, mesh: Mesh) -> float | None:
    flat = mesh.points[:468, :2]
    oval = flat[list(OVAL)]
    low, high = oval.min(0), oval.max(0)
    room = 0.3 * (high - low)
    left, top = np.maximum(low - room, 0).astype(int)
    right, bottom = np.minimum(high + room, rgb.shape[1::-1]).astype(int)
    if right - left < 24 or bottom - top < 24:
        return None
    image = Image.fromarray(np.ascontiguousarray(rgb[top:bottom, left:right])).convert("L")
    canvas = Image.new("1", image.size)
    corners = [(float(x - left), float(y - top)) for x, y in oval]
    ImageDraw.Draw(canvas).polygon(corners, fill=1)
    face = np.array(canvas)
    # Beyond the edge of both: the outline itself is neither face nor surroundings.
    wide = binary_dilation(face, iterations=3)
    detail = np.abs(laplace(np.asarray(image, np.float64)))
    if face.sum() < 200 or (~wide).sum() < 200:
        return None
    return float(np.log2((detail[face].mean() + 0.5) / (detail[~wide].mean() + 0.5)))


def _light(canvas: Pixels, points: Floats, mesh: Mesh, frame: Template) -> float | None:
    """Fit brightness to the surface's directions (Lambert), by each half of the face alone."""
    chosen = (*_LEFT, *_RIGHT, *_MIDDLE)
    around = mesh.points[frame.neighbours]
    _, _, turned = np.linalg.svd(around - around.mean(1, keepdims=True))
    normals = turned[:, 2] * -np.sign(turned[:, 2, 2:])
    luma = _at(canvas, points, chosen) @ (0.299, 0.587, 0.114)
    left, right, middle = len(_LEFT), len(_RIGHT), len(_MIDDLE)
    both = []
    for half in (np.arange(left), np.arange(left, left + right)):
        rows = np.concatenate((half, np.arange(left + right, left + right + middle)))
        design = np.column_stack((normals[rows], np.ones(len(rows))))
        fit = np.linalg.lstsq(design, luma[rows], rcond=1e-3)[0]
        both.append(complex(fit[0], fit[1]))
    if min(abs(each) for each in both) < 5:  # levels: lit from the front alone
        return None
    return float(np.degrees(abs(np.angle(both[0] * both[1].conjugate()))))


def _reflections(rgb: Pixels, mesh: Mesh) -> float | None:
    places = [_reflection(rgb, mesh, iris) for iris in IRISES]
    if places[0] is None or places[1] is None:
        return None
    return abs(places[0] - places[1])


def _reflection(rgb: Pixels, mesh: Mesh, iris: tuple[int, ...]) -> complex | None:
    """Where the brightest part of an iris lies from its middle, in radii."""
    points = mesh.points[:, :2]
    middle, one, other, corner, far, upper, lower = (points[each] for each in iris)
    radius = float(np.hypot(*(one - other))) / 2
    opened = float(np.hypot(*(upper - lower)))
    if radius < _LEAST_IRIS or opened < 1.2 * radius or np.hypot(*(corner - far)) < 1:
        return None
    left, top = np.floor(middle - radius).astype(int)
    right, bottom = np.ceil(middle + radius).astype(int) + 1
    if left < 0 or top < 0 or right > rgb.shape[1] or bottom > rgb.shape[0]:
        return None
    luma = rgb[top:bottom, left:right] @ np.array((0.299, 0.587, 0.114))
    rows, columns = np.indices(luma.shape)
    away = ((columns + left - middle[0]) + 1j * (rows + top - middle[1])) / radius
    within = np.abs(away) < 0.9
    usual, most = np.median(luma[within]), luma[within].max()
    if most - usual < _BRIGHT:
        return None
    bright = within & (luma > (usual + most) / 2)
    return complex(np.average(away[bright], weights=luma[bright] - usual))
