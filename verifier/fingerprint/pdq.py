"""PDQ: 256 bits of the low frequencies of a picture, and what turning and mirroring make of them.

Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019), as its
reference code has it. Luma is smoothed by two box filters along each axis, sampled at 64 by 64
places, and transformed; the 16 by 16 lowest frequencies (without the constant ones) are held
against their median. All of this but the median is linear along each axis, so that it is one small
matrix for each of the two.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIDE = 16  # frequencies along each axis
_PLACES = 64

Luma = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]


def pdq(luma: Luma) -> Bits:
    """The hash of a luma plane of any shape, 16 by 16 bits."""
    height, width = luma.shape
    frequencies = _axis(height) @ luma.astype(np.float32) @ _axis(width).T
    # The median of an even number, as the reference takes it: the lower of the two in the middle.
    middle = np.partition(frequencies, SIDE * SIDE // 2 - 1, axis=None)[SIDE * SIDE // 2 - 1]
    return np.asarray(frequencies > middle)


@lru_cache(maxsize=64)
def _axis(length: int) -> npt.NDArray[np.float32]:
    """What smoothing, sampling and transforming do along an axis of `length` pixels."""
    box = _box(length)
    places = ((np.arange(_PLACES) + 0.5) * length / _PLACES).astype(np.int64)
    down, across = np.mgrid[1 : SIDE + 1, 0:_PLACES]
    cosines = np.sqrt(2 / _PLACES) * np.cos(np.pi / (2 * _PLACES) * down * (2 * across + 1))
    return np.asarray(cosines @ (box[places] @ box), np.float32)


def _box(length: int) -> npt.NDArray[np.float64]:
    """The matrix of a box filter; it is narrower where it would reach over an end."""
    window = -(-length // (2 * _PLACES))
    after = (window + 2) // 2  # the reference leans forward when the window is even
    offsets = np.arange(length)[None] - np.arange(length)[:, None]
    inside = (offsets >= after - window) & (offsets < after)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))


def eight_ways(bits: Bits) -> npt.NDArray[np.bool_]:
    """The hashes of the picture turned and mirrored: (8, 16, 16), itself first.

    A mirror turns the odd cosines over, a transposition swaps the axes. Taken from the bits alone,
    each is within a few bits of the hash of the picture so turned: their median is near zero.
    """
    odd = np.arange(SIDE) % 2 == 0  # the first frequency kept is number 1
    return np.stack(
        [
            plain ^ ((odd & down)[:, None] ^ (odd & across)[None])
            for plain in (bits, bits.T)
            for down in (False, True)
            for across in (False, True)
        ]
    )
