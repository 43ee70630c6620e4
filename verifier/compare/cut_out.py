"""Whether a clip is an upright or a wide cut-out of another, as high or as wide as it. Pure.

Views may fail here: of two people at the sides of a shot an upright middle shows the gap between
them. But its size is known, so that each of its frames can be laid over all that the original
shows, wherever it was cut out.
"""

import numpy as np
import numpy.typing as npt

from .geometry import Frames, Placement, fine_structure, shape_of

AnyFrames = npt.NDArray[np.floating] | npt.NDArray[np.uint8]

_NARROWER = 1.15  # times: with less to cut off, nothing is told from a crop
_FINE = 4  # pixels of the original
_EDGE = 2  # pixels, beside which there is no knowing what is fine
_FLAT = 5.0  # grey levels over all pixels: what differs less is like nothing


def may_be_cut_out(ours: AnyFrames, theirs: AnyFrames) -> bool:
    """Whether frames, (n, height, width), are clearly more upright than others, or wider."""
    apart = _aspect(ours) / _aspect(theirs)
    return max(apart, 1 / apart) >= _NARROWER


def likeness_of_cut_out(ours: Frames, theirs: Frames) -> float:
    """The median over our frames of how alike the nearest of theirs is, wherever it was cut out.

    A correlation, -1 to 1, of what is fine; they are frames that `may_be_cut_out`.
    """
    if _aspect(ours) > _aspect(theirs):
        ours, theirs = ours.swapaxes(1, 2), theirs.swapaxes(1, 2)
    height, width = shape_of(theirs)
    size = height / ours.shape[1]
    across = round(ours.shape[2] * size)
    if min(across, height) <= 4 * _EDGE:
        return -1.0
    laid = Placement((size, size), (0.0, 0.0), mirrored=False).laid(ours, (height, across))
    inner = slice(_EDGE, -_EDGE)
    one = fine_structure(laid, _FINE)[:, inner, inner]
    other = fine_structure(theirs, _FINE)[:, inner]
    best = np.full(len(one), -1, np.float32)
    for left in range(width - across + 1):
        part = other[:, :, left + _EDGE : left + across - _EDGE]
        best = np.maximum(best, (_unit(one) @ _unit(part).T).max(1))
    return float(np.median(best))


def _aspect(frames: AnyFrames) -> float:
    return float(frames.shape[2] / frames.shape[1])


def _unit(frames: Frames) -> Frames:
    rows = frames.reshape(len(frames), -1)
    rows = rows - rows.mean(1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _FLAT))
