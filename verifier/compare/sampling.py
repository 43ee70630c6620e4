"""Comparing what two samplings of one picture show: a sharp edge is not found to the pixel."""

import numpy as np

from .warp import Plane

_BESIDE = ((0, 1), (1, 0), (0, -1), (-1, 0))


def beyond(ours: Plane, theirs: Plane) -> Plane:
    """How far each pixel of ours is from all that theirs shows within half a pixel of it.

    Both are (..., height, width). After S. Birchfield and C. Tomasi, A Pixel Dissimilarity Measure
    That Is Insensitive to Image Sampling (PAMI 1998), in both directions of the plane.
    """
    least = most = theirs
    for step in _BESIDE:
        between = (theirs + np.roll(theirs, step, (-2, -1))) / 2
        least, most = np.minimum(least, between), np.maximum(most, between)
    return np.maximum(np.maximum(ours - most, least - ours), 0)
