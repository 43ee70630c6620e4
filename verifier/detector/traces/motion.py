"""How a clip moves, from frame to frame: what every test of its time looks at. Pure.

Frames come small, so that what a codec leaves (noise, blocks, the better quality of every fourth
frame) is averaged away, and what remains is what moves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SMALL = 128, 72  # pixels of a frame that lies; one that stands is turned
_CELL, _THUMB = 2, 4  # pixels that are averaged: for steps, and for what is kept of a frame
_PART = 4  # cells on each side of a part of the picture, of which there are 144
_TOP = 100  # of the pixels of a frame, one in so many is said to move most
MOST_FRAMES = 18_000  # ten minutes at 30 a second: 41 MB of thumbnails

Floats = npt.NDArray[np.float64]
Frame = tuple[float, npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Motion:
    """What is kept of n frames.

    `times` (n,) in seconds. `steps` (n,): the root mean square difference from the frame before, in
    grey levels, and `peaks` (n,) the mean of the hundredth of the pixels that differ most; the
    first of both is 0. `shares` (n,): which share of the way from the frame before it to the frame
    after it each frame is on: 0.5 in even motion, 0 for a repetition; NaN at both ends. `parts`
    (n, 144): the mean square difference from the frame before, in each part of the picture.
    `around` (n,): that of the frames on both sides of the step to each frame, over all of the
    picture; NaN at both ends. `thumbs` (n, 576) are grey levels. `whole` is False where the clip
    goes on after the last frame. `missing` (n, 7) is what `counter.Counter` said of the step to
    each frame, where it was asked.
    """

    times: Floats
    steps: Floats
    peaks: Floats
    shares: Floats
    parts: npt.NDArray[np.float32]
    around: Floats
    thumbs: npt.NDArray[np.float32]
    whole: bool
    missing: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.times)


def watch(frames: Iterable[Frame]) -> Motion:
    """Keep what moves in frames of 128 by 72 pixels (or 72 by 128), the first MOST_FRAMES."""
    times: list[float] = []
    steps: list[tuple[float, float]] = []
    shares: list[float] = []
    parts: list[npt.NDArray[np.float32]] = []
    around: list[float] = []
    thumbs: list[npt.NDArray[np.float32]] = []
    last: list[npt.NDArray[np.float32]] = []  # the frames before, up to three
    whole = True
    for time, luma in frames:
        if len(times) == MOST_FRAMES:
            whole = False
            break
        now = _averaged(luma.astype(np.float32), _CELL)
        change = now - (last[-1] if last else now)
        steps.append(_step(change))
        parts.append(_averaged(np.square(change), _PART).ravel())
        if len(last) >= 2:
            shares.append(share_of_the_way(last[-2], last[-1], now))
        if len(last) == 3:
            around.append(float(np.square(now - last[0]).mean()))
        last = [*last[-2:], now]
        times.append(time)
        thumbs.append(_averaged(luma.astype(np.float32), _THUMB).ravel())
    count = len(times)
    table = np.array(steps, np.float64).reshape(-1, 2)
    return Motion(
        np.array(times),
        table[:, 0],
        table[:, 1],
        _placed(shares, 1, count),
        np.array(parts, np.float32).reshape(count, SMALL[0] * SMALL[1] // (_CELL * _PART) ** 2),
        _placed(around, 2, count),
        np.array(thumbs, np.float32).reshape(count, SMALL[0] * SMALL[1] // _THUMB**2),
        whole,
    )


def _placed(values: list[float], first: int, count: int) -> Floats:
    """Values of successive frames, beginning with the frame `first`; NaN for the others."""
    placed = np.full(count, np.nan)
    placed[first : first + len(values)] = values
    return placed


def share_of_the_way(
    before: npt.NDArray[np.float32], now: npt.NDArray[np.float32], after: npt.NDArray[np.float32]
) -> float:
    """On which share of the way from one frame to another a third one is (least squares)."""
    way = (after - before).ravel()
    length = float(way @ way)
    return float((now - before).ravel() @ way) / length if length > 0 else np.nan


def _step(change: npt.NDArray[np.float32]) -> tuple[float, float]:
    size = np.abs(change).ravel()
    top = max(1, len(size) // _TOP)
    most = np.partition(size, len(size) - top)[-top:]
    return float(np.sqrt(np.square(size).mean())), float(most.mean())


def _averaged(luma: npt.NDArray[np.float32], cell: int) -> npt.NDArray[np.float32]:
    height, width = luma.shape
    cells = luma.reshape(height // cell, cell, width // cell, cell)
    averaged: npt.NDArray[np.float32] = cells.mean((1, 3))
    return averaged
