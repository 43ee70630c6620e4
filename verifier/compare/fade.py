"""Where detail of the original is gone from the suspect: what was blurred, or painted over softly.

No pixel of such a part need be far from what it was. But all of them together lack what the
original has there, and that is told by a matched filter: how much of the original's fine structure
is found again, in units of the noise that the rest of the pair shows.
"""

import numpy as np
from scipy import ndimage

from .warp import Mask, Plane, blurred

_WINDOW = 9  # pixels: the side of what is told together
_SMEARED = 2  # pixels: by so much the window makes a part look larger
_FLAT = 1.0  # the square of grey levels: less structure is none
_EXTENT, _SEED = 3.0, 6.0  # in units of the usual: a part reaches so far, and has such places
_LEFT = 0.75  # of the structure: more is left by any lossy copy
_STRANGE = 0.5  # of the usual difference of pixels: where it is less, nothing is missing
_LEAST_AREA = 0.0025  # of what both show


def faded(suspect: Plane, original: Plane, mask: Mask, strange: Plane) -> Mask:
    """The parts that have lost what structure they had.

    Both are luma of one tone and sharpness. `strange` is how unusual the difference of each pixel
    is: below 1 where it is as everywhere.
    """
    ours, theirs = (
        np.where(mask, each - blurred(each, mask, _WINDOW), 0) for each in (suspect, original)
    )
    both, whole = (blurred(each * theirs, mask, _WINDOW) for each in (ours, theirs))
    noise = 1.5 * float(np.median(np.abs(ours - theirs)[mask])) + 0.5
    lost = (whole - both) / np.sqrt(whole + _FLAT) * (_WINDOW / noise)
    first, middle, third = np.quantile(lost[mask], (0.25, 0.5, 0.75))
    lost = (lost - middle) / max(third - first, 0.5)
    labels, _ = ndimage.label(
        ndimage.binary_opening((lost > _EXTENT) & mask, np.ones((2, 2))), np.ones((3, 3))
    )
    found = np.zeros_like(mask)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        part = labels[place] == number
        if (
            part.sum() >= _LEAST_AREA * mask.sum()
            and np.quantile(lost[place][part], 0.9) >= _SEED
            and both[place][part].sum() < _LEFT * whole[place][part].sum()
            and np.median(strange[place][part]) >= _STRANGE
        ):
            found[place] |= ndimage.binary_erosion(part, iterations=_SMEARED)
    return found
