"""From about right to a fraction of a pixel: the map that makes two pictures most alike.

Gauss-Newton steps on the difference of locally normalised luma, so that exposure and gamma do not
matter, with weights that fall where the pictures do not agree, so that an edited part does not
pull the rest. After B. Lucas and T. Kanade (1981) and S. Baker and I. Matthews, Lucas-Kanade 20
Years On (IJCV 2004), section 3.1.
"""

from dataclasses import dataclass

import numpy as np

from .result import WHOLE, Part
from .warp import Mask, Matrix, Plane, blurred, footprint, mapped, resized, warped

_WINDOW = 9  # pixels: the side of what is normalised together
_NOISE = 4.0  # grey levels: detail below this is not amplified
_AFFINE, _PROJECTIVE = 6, 8
_DOUBT = 0.6  # of a normal deviation: from here on a disagreement weighs less
_LEAST_PART = 0.02  # of a side: nothing can be told of less
_STILL = 0.02  # pixels: a step that moves no corner further is the last


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The part of the suspect that shows the original, and the original at the same resolution.

    Both are locally normalised, and hold 0 outside of `mask`.
    """

    suspect: Plane
    original: Plane
    mask: Mask
    part: Part  # of the suspect
    matrix: Matrix  # from the parts of this view to those of the original

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.suspect.shape[1], self.suspect.shape[0]

    def likeness(self) -> float:
        """The correlation of the two, -1 to 1."""
        power = float((self.suspect**2).sum() * (self.original**2).sum()) ** 0.5
        return float((self.suspect * self.original).sum()) / power if power > 0 else 0.0


def normalised(plane: Plane, mask: Mask, window: int = _WINDOW) -> Plane:
    """Each pixel as a deviation from the mean of its window, in the window's deviations."""
    middle = blurred(plane, mask, window)
    spread = blurred(plane * plane, mask, window) - middle * middle
    scale = np.sqrt(np.maximum(spread, 0) + np.float32(_NOISE**2))
    return np.where(mask, (plane - middle) / scale, np.float32(0))


def shown_part(matrix: Matrix) -> Part | None:
    """The part of the suspect, as a box, in which the original lies; None where it does not."""
    try:
        back = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
    weight = corners @ back[2, :2] + back[2, 2]
    if not (weight > 1e-3 * weight.max()).all():  # a corner lies beyond the horizon
        return None
    places = mapped(np.asarray(back, np.float64), corners)
    left, top = np.clip(places.min(0), 0, 1)
    right, bottom = np.clip(places.max(0), 0, 1)
    if right - left < _LEAST_PART or bottom - top < _LEAST_PART:
        return None
    return float(left), float(top), float(right), float(bottom)


def within(part: Part) -> Matrix:
    """From parts of a part to parts of the whole."""
    left, top, right, bottom = part
    return np.array([[right - left, 0, left], [0, bottom - top, top], [0, 0, 1]])


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Where a refinement works: both planes at one resolution."""

    suspect: Plane
    original: Plane
    part: Part


def scene(
    suspect: Plane, original: Plane, matrix: Matrix, longest: int, limit: Part = WHOLE
) -> Scene | None:
    """What a map lays over one another, as fine as both are there, no side above `longest`.

    Nothing of the suspect outside of `limit` is looked at.
    """
    shown = shown_part(matrix)
    if shown is None:
        return None
    part = *np.maximum(shown[:2], limit[:2]).tolist(), *np.minimum(shown[2:], limit[2:]).tolist()
    if part[2] - part[0] < _LEAST_PART or part[3] - part[1] < _LEAST_PART:
        return None
    height, width = suspect.shape
    across, down = (part[2] - part[0]) * width, (part[3] - part[1]) * height
    # At most as fine as either picture is there, and as was asked for.
    wide, high = footprint(matrix @ within(part), (1, 1))
    rows, columns = original.shape
    finest = np.sqrt(columns * rows / (wide * high) / (across * down))
    factor = min(1.0, longest / max(across, down), finest)
    size = max(8, round(across * factor)), max(8, round(down * factor))
    wide, high = footprint(matrix @ within(part), size)
    small = min(columns, max(4, round(wide))), min(rows, max(4, round(high)))
    return Scene(resized(suspect, size, part), resized(original, small), part)


def view(
    suspect: Plane, original: Plane, matrix: Matrix, longest: int, *, window: int = _WINDOW
) -> View | None:
    """Both pictures as the map lays them over one another, no side longer than `longest`."""
    working = scene(suspect, original, matrix, longest)
    return None if working is None else _seen(working, matrix @ within(working.part), window)


def _seen(working: Scene, inner: Matrix, window: int = _WINDOW) -> View:
    size = working.suspect.shape[1], working.suspect.shape[0]
    laid, mask = warped(working.original, inner, size)
    suspect = normalised(working.suspect, mask, window)
    original = normalised(laid, mask, window)
    return View(suspect, original, mask, working.part, inner)


def refine(
    suspect: Plane,
    original: Plane,
    matrix: Matrix,
    longest: int,
    *,
    steps: int = 8,
    projective: bool = False,
    limit: Part = WHOLE,
) -> Matrix | None:
    """The map near `matrix` that fits best, at a resolution of `longest` pixels.

    Nothing of the suspect outside of `limit` is looked at. None when the pictures come to overlap
    no more.
    """
    working = scene(suspect, original, matrix, longest, limit)
    if working is None:
        return None
    inner = matrix @ within(working.part)
    free = _PROJECTIVE if projective else _AFFINE
    for _ in range(steps):
        seen = _seen(working, inner)
        if seen.mask.sum() < 64:
            return None
        change = _step(seen, free)
        if change is None:
            return None
        inner = inner @ change
        inner = inner / inner[2, 2]
        if _distance(change, seen.size) < _STILL:
            break
    return inner @ np.linalg.inv(within(working.part))


def _step(seen: View, free: int) -> Matrix | None:
    """One Gauss-Newton step, as a map of the view onto itself."""
    width, height = seen.size
    gy, gx = np.gradient(seen.original)
    gx, gy = gx * np.float32(width / 2), gy * np.float32(height / 2)
    x = np.linspace(-1 + 1 / width, 1 - 1 / width, width, dtype=np.float32)[None, :]
    y = np.linspace(-1 + 1 / height, 1 - 1 / height, height, dtype=np.float32)[:, None]
    along = gx * x + gy * y
    slopes = [gx, gx * x, gx * y, gy, gy * x, gy * y, -along * x, -along * y][:free]
    jacobian = np.stack([each.ravel() for each in slopes])
    away = (seen.suspect - seen.original).ravel()
    weight = seen.mask.ravel() / (1 + (away / np.float32(_DOUBT)) ** 2)
    weighted = jacobian * weight
    normal = (weighted @ jacobian.T).astype(np.float64)
    normal[np.diag_indices(free)] *= 1.001
    normal[np.diag_indices(free)] += 1e-3
    a = np.zeros(8)
    a[:free] = np.linalg.solve(normal, (weighted @ away).astype(np.float64))
    a = np.clip(a, -0.25, 0.25)
    change = np.array([[1 + a[1], a[2], a[0]], [a[4], 1 + a[5], a[3]], [a[6], a[7], 1]])
    centred = np.array([[2.0, 0, -1], [0, 2, -1], [0, 0, 1]])
    found: Matrix = np.linalg.inv(centred) @ change @ centred
    return found if np.isfinite(found).all() else None


def _distance(change: Matrix, size: tuple[int, int]) -> float:
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    return float(np.abs((mapped(change, corners) - corners) * np.array(size)).max())
