"""Where a picture is smoother than its own noise allows at that brightness. Pure.

A sensor's noise grows with brightness by one law for the whole picture (C. Liu et al., "Automatic
estimation and removal of noise from a single image", IEEE TPAMI 30, 2008), and a part that was
blurred, retouched or generated falls below it (B. Mahdian and S. Saic, "Using noise
inconsistencies for blind image forensics", Image and Vision Computing 27, 2009). Noise is the
median of a second difference in small blocks (J. Immerkaer, "Fast noise variance estimation",
CVIU 64, 1996), the law its lower edge over brightness. More noise than the law is not told: detail
looks the same. Neither is a picture whose law is near 0, as strong compression makes it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .blocks import Counts, Floats, Mask, Plane

CELL = 16  # pixels
_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_LEVELS = 12  # of brightness
_EDGE = 0.2  # quantile that is the law: most blocks hold detail besides noise
_LEAST_NOISE = 0.6  # grey levels
_LEAST_BLOCKS = 60  # of one brightness
_BELOW = 0.45  # of the law: so smooth a cell is marked


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """`level` is each cell's noise in grey levels; `law` what its brightness calls for, 0 unknown.

    `smooth` marks the largest part that falls below; `strength` how far, in cells.
    """

    level: Counts
    law: Counts
    smooth: Mask
    strength: float


def noise(luma: Plane, clipped: Mask) -> Noise | None:
    """Measure a plane (0 to 255); None where it has too little noise, or too little that tells."""
    rows, columns = luma.shape[0] // CELL, luma.shape[1] // CELL
    if rows * columns < 4 * _LEAST_BLOCKS:
        return None
    second = np.abs(ndimage.convolve(luma, _MASK)) / 6
    level = 1.4826 * np.median(_cells(second, rows, columns), axis=2)
    bright = _cells(luma, rows, columns).mean(2)
    whole = ~_cells(clipped, rows, columns).any(2) & (bright > 16) & (bright < 236)
    law = _law(level, bright, whole)
    known = whole & (law >= _LEAST_NOISE)
    if known.sum() < 2 * _LEAST_BLOCKS:
        return None
    below = known & (level < _BELOW * law)
    part = ndimage.binary_opening(below, np.ones((2, 2)))
    labels, count = ndimage.label(part)
    if not count:
        return Noise(level, law, np.zeros_like(known), 0.0)
    lack = np.where(known, np.log((law + 0.1) / (level + 0.1)), 0)
    held = ndimage.sum_labels(lack, labels, np.arange(1, count + 1))
    smooth = labels == 1 + int(np.argmax(held))
    # Where nearly all of a brightness is as smooth, the law is at fault and not the part.
    share = float(smooth.sum() / known.sum())
    return Noise(level, law, smooth, float(held.max()) * (1 - share))


def _cells(plane: Floats, rows: int, columns: int) -> Floats:
    inside = plane[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return inside.swapaxes(1, 2).reshape(rows, columns, CELL * CELL)


def _law(level: Floats, bright: Floats, whole: Mask) -> Counts:
    """What noise each brightness has at least, as far as enough of the picture has it."""
    which = np.clip((bright / 256 * _LEVELS).astype(int), 0, _LEVELS - 1)
    edges = np.zeros(_LEVELS)
    for number in range(_LEVELS):
        its = level[whole & (which == number)]
        if len(its) >= _LEAST_BLOCKS:
            edges[number] = np.quantile(its, _EDGE)
    # A wide retouched part must not lower the law for its own brightness alone.
    known = edges > 0
    for number in np.flatnonzero(known).tolist():
        beside = [edges[n] for n in (number - 1, number + 1) if 0 <= n < _LEVELS and known[n]]
        if beside:
            edges[number] = max(edges[number], 0.7 * min(beside))
    return np.asarray(edges[which])
