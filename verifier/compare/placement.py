"""Where the frames of one clip lie over those of another, and how they look there. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Frames = npt.NDArray[np.float32]  # frames, height, width
Places = npt.NDArray[np.floating]
Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels


@dataclass(frozen=True, slots=True)
class Placement:
    """original pixel = scale * suspect pixel + offset, across and down; the suspect mirrored first.

    Pixels are those of the thumbnails, their middles at whole numbers plus a half.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    mirrored: bool

    def laid(self, frames: Frames, shape: tuple[int, int]) -> Frames:
        """Frames of the suspect as seen in the original's pixels; beyond them their edge."""
        turned = frames[:, :, ::-1] if self.mirrored else frames
        scales = (self.scale[1], self.scale[0])
        offsets = (self.offset[1], self.offset[0])
        blurred = turned
        if min(scales) < 0.8:  # the original is seen smaller here: average before sampling
            blurred = ndimage.gaussian_filter(turned, (0, *(0.5 * (1 / s - 1) for s in scales)))
        places = [
            (np.arange(length) + 0.5 - offset) / scale - 0.5
            for length, scale, offset in zip(shape, scales, offsets, strict=True)
        ]
        return _sampled(blurred, places[0], places[1])

    def finer(self, ours: tuple[float, float], theirs: tuple[float, float]) -> "Placement":
        """The same for frames so many times as large, across and down."""
        scale, offset = (
            (values[0], values[1])
            for values in (
                [s * b / a for s, a, b in zip(self.scale, ours, theirs, strict=True)],
                [o * b for o, b in zip(self.offset, theirs, strict=True)],
            )
        )
        return Placement(scale, offset, self.mirrored)

    def back(self, box: Box, width: int) -> tuple[float, float, float, float]:
        """Where a box of the original lies in the suspect, which is `width` pixels wide."""
        left, right = ((side - self.offset[0]) / self.scale[0] for side in (box[0], box[2]))
        top, bottom = ((side - self.offset[1]) / self.scale[1] for side in (box[1], box[3]))
        if self.mirrored:
            left, right = width - right, width - left
        return left, top, right, bottom

    def seen(self, box: Box, width: int, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Which of the original's pixels lie inside `box` of the suspect, which is `width` wide."""
        left, top, right, bottom = box
        if self.mirrored:
            left, right = width - right, width - left
        inside = []
        for length, scale, offset, low, high in zip(
            shape[::-1], self.scale, self.offset, (left, top), (right, bottom), strict=True
        ):
            places = (np.arange(length) + 0.5 - offset) / scale
            inside.append((places > low + 0.4) & (places < high - 0.4))
        return inside[1][:, None] & inside[0][None, :]


def shape_of(frames: Frames) -> tuple[int, int]:
    """Height and width."""
    return frames.shape[1], frames.shape[2]


def spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of the numbers below `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round()).astype(np.int64)


def fine_structure(frames: Frames, size: int) -> Frames:
    """Frames without what is coarser than so many pixels."""
    coarse = ndimage.uniform_filter(frames, (0, 2 * size + 1, 2 * size + 1), mode="nearest")
    return np.asarray(frames - coarse)


def _sampled(frames: Frames, rows: Places, columns: Places) -> Frames:
    """Bilinear samples at the rows and columns, of which frames beyond have their edge."""

    def parts(places: Places, length: int) -> tuple[npt.NDArray[np.int64], Frames]:
        inside = np.asarray(places, np.float64).clip(0, length - 1)
        low = np.minimum(inside.astype(np.int64), max(0, length - 2))
        return low, (inside - low).astype(np.float32)

    low, share = parts(rows, frames.shape[1])
    high = np.minimum(low + 1, frames.shape[1] - 1)
    mixed = frames[:, low] * (1 - share)[None, :, None] + frames[:, high] * share[None, :, None]
    low, share = parts(columns, frames.shape[2])
    high = np.minimum(low + 1, frames.shape[2] - 1)
    return np.asarray(mixed[:, :, low] * (1 - share) + mixed[:, :, high] * share, np.float32)
