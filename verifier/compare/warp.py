"""Laying one picture over another: resampling, and the maps between their coordinates.

A place in a picture is a part of its width and height, (0, 0) its left upper corner and (1, 1) its
right lower one, whatever its size in pixels; a pixel covers an area and is seen at its middle. A
map is a 3 by 3 matrix on (x, y, 1), as in Hartley and Zisserman, Multiple View Geometry, 2.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from .result import WHOLE, Part

Plane = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]

_LEAST_COVER = 0.2  # of a window: less of it says nothing about its middle


def resized(plane: Plane, size: tuple[int, int], part: Part = WHOLE) -> Plane:
    """A part of a plane at `size` (width, height), without aliasing."""
    height, width = plane.shape
    box = (part[0] * width, part[1] * height, part[2] * width, part[3] * height)
    image = Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, box)
    return np.asarray(image, np.float32)


def limited(plane: Plane, longest: int) -> Plane:
    """The plane, no side of it longer than `longest` pixels."""
    height, width = plane.shape
    factor = longest / max(height, width)
    if factor >= 1:
        return plane
    return resized(plane, (max(1, round(width * factor)), max(1, round(height * factor))))


def scaling(width: float, height: float) -> Matrix:
    """From parts to pixels."""
    return np.diag([width, height, 1.0])


def mapped(matrix: Matrix, places: Matrix) -> Matrix:
    """Where the places, (n, 2), come to lie."""
    moved = places @ matrix[:, :2].T + matrix[:, 2]
    return moved[:, :2] / moved[:, 2:]


def middles(width: int, height: int) -> Matrix:
    """The middle of each pixel, row by row, in parts: (height * width, 2)."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.stack([x.ravel(), y.ravel()], 1)


def warped(plane: Plane, matrix: Matrix, size: tuple[int, int]) -> tuple[Plane, Mask]:
    """The plane as seen through a map from the parts of a picture of `size` to the plane's parts.

    The mask tells where the plane was seen, by at least half a pixel from its edge.
    """
    width, height = size
    rows, columns = plane.shape
    pixel = scaling(columns, rows) @ matrix @ scaling(1 / width, 1 / height)
    pixel = pixel / pixel[2, 2]
    seen = Image.fromarray(plane).transform(
        size, Image.Transform.PERSPECTIVE, pixel.ravel()[:8].tolist(), Image.Resampling.BICUBIC
    )
    places = mapped(matrix, middles(width, height))
    near = 0.5 / np.array([columns, rows])
    inside = ((places >= near) & (places <= 1 - near)).all(1).reshape(height, width)
    return np.asarray(seen, np.float32), inside


def footprint(matrix: Matrix, size: tuple[int, int]) -> tuple[float, float]:
    """How many pixels of a picture of `size` the mapped picture's width and height extend over."""
    width, height = size
    slopes = _jacobian(matrix) / np.array([width, height])
    across, down = np.linalg.norm(slopes, axis=1)
    return 1 / max(across, 1e-9), 1 / max(down, 1e-9)


def _jacobian(matrix: Matrix, step: float = 1e-3) -> Matrix:
    """Slopes of a map at the middle: [[du/dx, du/dy], [dv/dx, dv/dy]]."""
    around = np.array([[0.5 + step, 0.5], [0.5 - step, 0.5], [0.5, 0.5 + step], [0.5, 0.5 - step]])
    right, left, below, above = mapped(matrix, around)
    return np.stack([right - left, below - above], 1) / (2 * step)


def blurred(plane: Plane, mask: Mask, side: int) -> Plane:
    """The mean of each window of `side` pixels within the mask; 0 where that is too little."""
    weight = ndimage.uniform_filter(mask.astype(np.float32), side, mode="constant")
    total = ndimage.uniform_filter(np.where(mask, plane, np.float32(0)), side, mode="constant")
    return np.where(weight > _LEAST_COVER, total / np.maximum(weight, 1e-6), np.float32(0))
