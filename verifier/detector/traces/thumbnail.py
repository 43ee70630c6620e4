"""Whether the thumbnail that a camera left in the file shows the same picture. Pure, of arrays.

An editor that does not renew the thumbnail leaves the picture as it was before the edit in the file
(E. Kee, M. Johnson and H. Farid, "Digital image authentication from JPEG headers", IEEE TIFS 6,
2011, on thumbnails as a mark of the file's history). Both are brought to the thumbnail's size, the
bars that cameras add are cut off, what is left of a shift and of tone is fitted away, and the rest
compared by correlation in windows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from .blocks import Floats, Plane

_WINDOW = 13  # pixels of the thumbnail
_LEAST = 40  # pixels of its shorter side
_FLAT = 6.0  # grey levels of spread: flatter windows cannot be compared
_BAR = 24.0  # grey levels: darker whole lines are bars


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """How thumbnail and picture differ.

    `likeness` is their correlation over all; `differs`, 0 to 1 in the thumbnail's pixels, how far
    each place that can be compared is from agreeing; `part` the part of the picture that the
    thumbnail without its bars covers (left, top, right, bottom), the whole being (0, 0, 1, 1).
    """

    likeness: float
    differs: Plane
    proportions: float  # the thumbnail's, without bars, over the picture's: 1 where they agree


def compare(thumbnail: Plane, picture: Plane) -> Thumbnail | None:
    """Compare two luma planes (0 to 255), the picture already shrunk to about twice the other.

    None where one is too small or flat to be compared.
    """
    bare = _without_bars(thumbnail)
    if min(bare.shape) < _LEAST or min(picture.shape) < _LEAST or bare.std() < _FLAT:
        return None
    own = _resized(picture, bare.shape)
    proportions = (bare.shape[1] / bare.shape[0]) / (picture.shape[1] / picture.shape[0])
    fitted = _fitted(own, bare)
    first, second = (ndimage.gaussian_filter(each, 1.0) for each in (bare, fitted))
    local, spread = _correlation(first, second)
    differs = np.clip((0.75 - local) / 0.75, 0, 1) * (spread > _FLAT)
    whole = float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) if second.std() > 0 else 0.0
    return Thumbnail(whole, differs.astype(np.float32), proportions)


def _without_bars(plane: Plane) -> Plane:
    """Cut off the black lines by which a thumbnail of 4:3 holds a picture of 3:2."""
    rows, columns = (
        np.nonzero((plane.mean(axis) > _BAR) | (plane.std(axis) > 12))[0] for axis in (1, 0)
    )
    if not len(rows) or not len(columns):
        return plane[:0, :0]
    return plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(plane: Plane, shape: tuple[int, int]) -> Plane:
    factors = (plane.shape[0] / shape[0], plane.shape[1] / shape[1])
    smooth = ndimage.gaussian_filter(plane, [0.4 * max(each, 0.01) for each in factors])
    rows, columns = (
        (np.arange(count) + 0.5) * factor - 0.5
        for count, factor in zip(shape, factors, strict=True)
    )
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.asarray(ndimage.map_coordinates(smooth, grid, order=1, mode="nearest"), np.float32)


def _fitted(plane: Plane, target: Plane) -> Plane:
    """The plane moved and stretched a little, as lies best on the target."""
    height, width = target.shape
    row, column = np.mgrid[:height, :width].astype(np.float32)
    aim = ndimage.gaussian_filter(target, 1.5)
    smooth = ndimage.gaussian_filter(plane, 1.5)

    def moved(source: Plane, by: Floats) -> Plane:
        rows = (row - height / 2) * (1 + by[2]) + height / 2 + by[0]
        columns = (column - width / 2) * (1 + by[3]) + width / 2 + by[1]
        return np.asarray(
            ndimage.map_coordinates(source, [rows, columns], order=1, mode="nearest"), np.float32
        )

    def unlike(by: npt.NDArray[np.float64]) -> float:
        seen = moved(smooth, by)
        if seen.std() == 0:
            return 1.0
        return 1 - float(np.corrcoef(seen.ravel(), aim.ravel())[0, 1])

    start = np.zeros(4)
    simplex = np.vstack([start, np.diag([1.5, 1.5, 0.03, 0.03])])
    found = optimize.minimize(
        unlike, start, method="Nelder-Mead", options={"maxfev": 150, "initial_simplex": simplex}
    )
    limits = np.array([0.08 * height, 0.08 * width, 0.1, 0.1])
    by = found.x if (np.abs(found.x) <= limits).all() else start
    return moved(plane, by)


def _correlation(first: Plane, second: Plane) -> tuple[Floats, Floats]:
    """Correlation in a window around each pixel, and the spread of the flatter of the two."""
    one, two = (ndimage.uniform_filter(each, _WINDOW) for each in (first, second))
    variance_one = ndimage.uniform_filter(first * first, _WINDOW) - one * one
    variance_two = ndimage.uniform_filter(second * second, _WINDOW) - two * two
    both = ndimage.uniform_filter(first * second, _WINDOW) - one * two
    low = np.minimum(variance_one, variance_two)
    product = np.sqrt(np.maximum(variance_one * variance_two, 1e-6))
    # A thing that was removed leaves one of both flat: its spread is what counts.
    spread = np.sqrt(np.maximum(np.maximum(variance_one, variance_two), 0))
    del low
    return both / product, spread
