"""What people look for in a face close up: skin, teeth, hair, colour of eyes, what hangs at ears.

Generated and swapped faces of some years ago gave themselves away so ("Exploiting Visual Artifacts
to Expose Deepfakes and Face Manipulations", Matern, Riess and Stamminger, WACV Workshops 2019).
The face is turned upright and made small, so that its eyes' outer corners are APART pixels apart:
detail is compared at one size, and a smaller face is not looked at. What a face does not show (a
shut mouth, a head that is turned away, hair beyond the picture) is None.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter, laplace

from .faces import Mesh
from .signals import CORNERS
from .warp import warped

APART = 48  # pixels between the eyes' outer corners, once made small
SIDE = 168  # of the canvas: from above the hair to the chin
_EYES_AT = (84 + 81j, complex(APART))  # their middle, and from the left one to the right one
_LIPS = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    *(324, 318, 402, 317, 14, 87, 178, 88, 95),
)  # their inner edge
_EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)
CHEEKS = ((117, 50, 187, 207, 206, 126, 100), (346, 280, 411, 427, 426, 355, 329))
_CROWN = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
_BETWEEN = 168  # the eyes: from here the forehead's edge is followed outwards, into the hair
_HAIR = (0.12, 0.45)  # so many times as far as that edge
_NOSE, _TEMPLES, _JAW = 1, (127, 356), (132, 361)  # its tip; by the ears; under them
_TURNED = 0.15  # of the distance between the temples that the nose may be off its middle
_SQUARE = np.array((-1 - 1j, 1 - 1j, 1 + 1j, -1 + 1j))
_LOBE = 0.1, 7  # of the jaw's width beyond it, and half of a square's side in pixels
_OPEN = 0.09  # of APART that the lips must be apart
_BRIGHT_AS = 0.75  # of the cheeks: teeth are as bright
_SHARE = 0.25  # of the open mouth that must be as bright
IRISES = (  # middle, both sides, both corners of the eye, upper and lower lid
    (468, 469, 471, 33, 133, 159, 145),
    (473, 474, 476, 362, 263, 386, 374),
)
_RING, _RADIUS = (0.4, 0.9), 3.0  # of an iris's radius; pixels that it must have
_GLINT = 35.0  # levels above the middle of a ring: a reflection, and not the iris
_FEW, _FLAT = 40, 0.25  # pixels that a part must have; levels of detail that are nothing
_PLAIN = 4.0  # squared levels of a gradient: a wall, and no hair

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUp:
    """What one look tells; None where it cannot.

    `skin` and `teeth`: fine detail of the cheeks, and between open lips, against that of the eyes,
    in doublings. `hair`: how far fine lines above the forehead run alongside one another, 0 to 1.
    `eyes`: how far the colours of both irises lie apart, in levels of chroma. `ears`: how far what
    stands out in brightness beside the two jaws differs, in levels.
    """

    skin: float | None = None
    teeth: float | None = None
    hair: float | None = None
    eyes: float | None = None
    ears: float | None = None


def look(rgb: Pixels, mesh: Mesh) -> CloseUp:
    """Look at a face of a picture of shape (height, width, 3)."""
    eyes = _eyes(rgb, mesh)
    flat, back, corner = _laid(mesh)
    if not 1 <= abs(back) < min(rgb.shape[:2]):
        return CloseUp(eyes=eyes)
    points = (flat - corner) / back
    luma = warped(rgb, back, corner, SIDE) @ np.array((0.299, 0.587, 0.114))
    shown = _shown(rgb, back, corner)
    detail = np.abs(laplace(luma))
    by = _middle(detail, _filled(points, *_EYES) & shown)
    if by is None or by < _FLAT:
        return CloseUp(eyes=eyes)
    cheeks = binary_erosion(_filled(points, *CHEEKS)) & shown
    skin = _middle(detail, cheeks)
    return CloseUp(
        skin=None if skin is None else _doublings(skin, by),
        teeth=_teeth(luma, detail, points, cheeks, shown, by),
        hair=_hair(luma, points, shown),
        eyes=eyes,
        ears=_ears(luma, points, shown),
    )


def places(mesh: Mesh) -> dict[str, list[Complex]]:
    """Where each number is measured: outlines in pixels of the picture (x + iy), by its name."""
    flat, back, _ = _laid(mesh)
    square, turns = back * _LOBE[1] * _SQUARE, np.exp(1j * np.linspace(0, 2 * np.pi, 24))
    irises = [flat[list(each[:3])] for each in IRISES]
    return {
        "skin": [flat[list(each)] for each in CHEEKS],
        "teeth": [flat[list(_LIPS)]],
        "hair": [_band(flat)],
        "eyes": [middle + abs(one - other) / 2 * turns for middle, one, other in irises],
        "ears": [each + square for each in _lobes(flat)],
    }


def _laid(mesh: Mesh) -> tuple[Complex, complex, complex]:
    """The points (x + iy), the way from a pixel of the canvas to the next, and its corner."""
    flat: Complex = mesh.points[:, 0] + 1j * mesh.points[:, 1]
    one, two = (flat[each] for each in CORNERS)
    back = complex(two - one) / _EYES_AT[1]
    return flat, back, complex(one + two) / 2 - _EYES_AT[0] * back


def _band(points: Complex) -> Complex:
    """The outline of what lies beyond the forehead's edge."""
    edge = points[list(_CROWN)]
    away = edge - points[_BETWEEN]
    return np.concatenate((edge + _HAIR[0] * away, (edge + _HAIR[1] * away)[::-1]))


def _lobes(points: Complex) -> tuple[complex, complex]:
    """The places beside both ends of the jaw."""
    one, two = (complex(points[each]) for each in _JAW)
    return one + _LOBE[0] * (one - two), two + _LOBE[0] * (two - one)


def _teeth(
    luma: Floats,
    detail: Floats,
    points: Complex,
    cheeks: Mask,
    shown: Mask,
    by: float,
) -> float | None:
    if abs(points[13] - points[14]) < _OPEN * APART or not cheeks.any():
        return None
    mouth = _filled(points, _LIPS) & shown
    bright = mouth & (luma > _BRIGHT_AS * np.median(luma[cheeks]))
    if bright.sum() < max(_SHARE * mouth.sum(), _FEW):
        return None
    # The lips' own edge is no tooth.
    told = _middle(detail, binary_erosion(mouth) & binary_dilation(bright))
    return None if told is None else _doublings(told, by)


def _hair(luma: Floats, points: Complex, shown: Mask) -> float | None:
    """The coherence of the structure tensor (Bigün and Granlund, 1987), weighed by its energy."""
    band = _band(points)
    part = _filled(band, range(len(band)))
    if part.sum() < 4 * _FEW or (part & shown).sum() < 0.9 * part.sum():
        return None
    down, across = np.gradient(luma)
    xx, yy, xy = (gaussian_filter(each, 2.0) for each in (across**2, down**2, across * down))
    energy = (xx + yy)[part & shown].sum()
    if energy < _PLAIN * (part & shown).sum():
        return None
    return float(np.hypot(xx - yy, 2 * xy)[part & shown].sum() / energy)


def _ears(luma: Floats, points: Complex, shown: Mask) -> float | None:
    left, right = (points[each] for each in _TEMPLES)
    off = (points[_NOSE] - (left + right) / 2).real / max(abs(right - left), 1.0)
    if abs(off) > _TURNED:
        return None
    told = []
    for lobe in _lobes(points):
        x, y, half = round(lobe.real), round(lobe.imag), _LOBE[1]
        place = (slice(max(y - half, 0), y + half), slice(max(x - half, 0), x + half))
        if not shown[place].all() or shown[place].size < 4 * half * half:
            return None
        told.append(np.quantile(luma[place], 0.98) - np.median(luma[place]))
    return float(abs(told[0] - told[1]))


def _eyes(rgb: Pixels, mesh: Mesh) -> float | None:
    colours = [_iris(rgb, mesh.points[:, :2], each) for each in IRISES]
    if colours[0] is None or colours[1] is None:
        return None
    return float(np.hypot(*(colours[0] - colours[1])))


def _iris(rgb: Pixels, points: Floats, iris: tuple[int, ...]) -> Floats | None:
    """Blue and red difference (ITU-R BT.601) of the ring about the pupil, without reflections."""
    middle, one, other, _, _, upper, lower = (points[each] for each in iris)
    radius = float(np.hypot(*(one - other))) / 2
    if not _RADIUS <= radius < min(rgb.shape[:2]) or np.hypot(*(upper - lower)) < 1.2 * radius:
        return None
    left, top = np.floor(middle - radius).astype(int)
    right, bottom = np.ceil(middle + radius).astype(int) + 1
    if left < 0 or top < 0 or right > rgb.shape[1] or bottom > rgb.shape[0]:
        return None
    rows, columns = np.indices((bottom - top, right - left))
    away = np.hypot(columns + left - middle[0], rows + top - middle[1]) / radius
    open_ = (rows + top > upper[1]) & (rows + top < lower[1])
    ring = rgb[top:bottom, left:right][(away > _RING[0]) & (away < _RING[1]) & open_] * 1.0
    luma = ring @ np.array((0.299, 0.587, 0.114))
    ring = ring[luma < np.median(luma) + _GLINT] if len(luma) else ring
    if len(ring) < _FEW / 4:
        return None
    red, green, blue = np.median(ring, 0)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.array((0.564 * (blue - grey), 0.713 * (red - grey)))


def _shown(rgb: Pixels, back: complex, corner: complex) -> Mask:
    """Where the canvas shows the picture, and not what is beyond it."""
    rows, columns = np.indices((SIDE, SIDE))
    at = corner + (columns + 1j * rows) * back
    inside = (at.real >= 1) & (at.real < rgb.shape[1] - 1)
    told: Mask = inside & (at.imag >= 1) & (at.imag < rgb.shape[0] - 1)
    return told


def _filled(points: Complex, *outlines: tuple[int, ...] | range) -> Mask:
    canvas = Image.new("1", (SIDE, SIDE))
    for outline in outlines:
        corners = [(float(each.real), float(each.imag)) for each in points[list(outline)]]
        ImageDraw.Draw(canvas).polygon(corners, fill=1)
    return np.array(canvas)


def _middle(detail: Floats, part: Mask) -> float | None:
    return float(detail[part].mean()) if part.sum() >= _FEW else None


def _doublings(detail: float, by: float) -> float:
    return float(np.log2(max(detail, _FLAT) / by))
