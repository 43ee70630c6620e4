"""The largest face of a clip, followed from frame to frame, in constant memory.

A stretch of at most STRETCH seconds is watched, at most RATE frames a second: blinks, the pulse and
flicker need frames that follow one another, and a whole film would take hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import MediaType
from verifier.media.decode import colour_frames

from .faces import MOST, Face, Mesh, box_of, find_faces, find_near, fit, follow

STRETCH = 10.0  # seconds
LONG = 60.0  # seconds from which it lies in a clip's middle: titles come first
RATE = 25.0  # frames a second, at most
LARGEST = 1280  # pixels of the longer side that frames are scaled to
AGAIN, LOST = 0.5, 0.1  # seconds between two looks for all faces: with a face in view, without

Pixels = npt.NDArray[np.uint8]
Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """One frame: its time in seconds, its pixels, the face that is followed, and how many others.

    `mesh` is None where the face is not seen; `others` counts faces at least half as wide.
    """

    time: float
    rgb: Pixels
    mesh: Mesh | None
    others: int


def stretch(duration: float | None) -> Seconds:
    """The seconds of a clip that are watched: the first, or the middle ones of a long clip."""
    if duration is None or duration <= LONG:
        return 0.0, STRETCH
    start = min((duration - STRETCH) / 2, 3600.0)
    return start, start + STRETCH


def scaled(size: tuple[int, int]) -> tuple[int, int]:
    """The size that frames of `size` are looked at in: even, and no larger than LARGEST."""
    scale = min(1.0, LARGEST / max(size))
    width, height = (max(2, round(side * scale) // 2 * 2) for side in size)
    return width, height


def watch(
    path: Path, media_type: MediaType, size: tuple[int, int], within: Seconds, rate: float = RATE
) -> Iterator[Look]:
    """Look at the frames of a clip whose size as displayed is known; raises Unreadable."""
    mesh: Mesh | None = None
    looked, others = -np.inf, 0
    shown = colour_frames(path, media_type, per_second=rate, size=scaled(size), within=within)
    for time, rgb in shown:
        if mesh is not None:
            mesh = follow(rgb, mesh)
        if time - looked >= (LOST if mesh is None else AGAIN):
            found = find_faces(rgb, most=MOST) if looked == -np.inf else find_near(rgb)
            looked = time
            mesh = _largest(rgb, found, mesh)
            others = _others(found, mesh)
        yield Look(time, rgb, mesh, others)


def _largest(rgb: Pixels, found: list[Face], mesh: Mesh | None) -> Mesh | None:
    """The face that is followed, unless another one is half as wide again."""
    if not found:
        return mesh
    width = 0.0 if mesh is None else box_of(mesh)[2]
    if found[0].box[2] > 1.5 * width:
        return fit(rgb, found[0]) or mesh
    return mesh


def _others(found: list[Face], mesh: Mesh | None) -> int:
    if mesh is None:
        return 0
    width = box_of(mesh)[2]
    return max(0, sum(face.box[2] > width / 2 for face in found) - 1)
