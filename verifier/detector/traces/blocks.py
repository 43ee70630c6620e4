"""The 8 by 8 blocks of a JPEG picture, seen from its decoded luma. Pure.

The decoder's rounding to whole grey levels moves a coefficient by about 0.3, so that dividing by
the quantisation step and rounding gives back what stood in the file (for steps of 2 and more).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Floats = npt.NDArray[Any]  # of floats
Counts = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SIDE = 8


def _basis() -> Plane:
    """The 64 two-dimensional basis functions (T.81, A.3.3) as columns, pixel by coefficient."""
    along = np.arange(SIDE)
    one = np.cos((2 * along[None] + 1) * along[:, None] * np.pi / 16) / 2
    one[0] /= np.sqrt(2)
    return np.ascontiguousarray(np.kron(one, one).T, np.float32)


BASIS = _basis()
# T.81, figure A.6: row by row of the diagonals, upwards and downwards in turn.
ZIGZAG = tuple(
    sorted(range(64), key=lambda n: (n // 8 + n % 8, n // 8 if (n // 8 + n % 8) % 2 else n % 8))
)


def blocks(plane: Floats, left: int = 0, top: int = 0) -> Floats:
    """The whole blocks of the grid that starts at (left, top): (rows, columns, 64 pixels)."""
    rows, columns = (plane.shape[0] - top) // SIDE, (plane.shape[1] - left) // SIDE
    rows, columns = max(rows, 0), max(columns, 0)
    inside = plane[top : top + rows * SIDE, left : left + columns * SIDE]
    split = inside.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
    return split.reshape(rows, columns, SIDE * SIDE)


def coefficients(plane: Plane, modes: tuple[int, ...], left: int = 0, top: int = 0) -> Plane:
    """Cosine coefficients, (rows, columns, modes), of the grid that starts at (left, top)."""
    return np.asarray(blocks(plane, left, top) @ BASIS[:, list(modes)])
