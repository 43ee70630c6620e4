"""Where a clip differs from the frames of its original that it shows, in the clip's own pixels."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.luma import Thumbnails

from .changes import Changes, find_changes, halved, interval_of, regions_of
from .geometry import refined_on
from .placed import Laid, box_of_part
from .placement import Box, Frames, Placement, shape_of
from .result import Region, RegionKind

PAIRS_TO_LAY = 24  # to refine the geometry


def changes_of(
    found: Laid,
    suspect: Thumbnails,
    original: Thumbnails,
    ours: npt.NDArray[np.uint8],
    theirs: npt.NDArray[np.uint8],
) -> tuple[Changes, Placement]:
    """How unusual each place is, at half the size of `theirs`; and how `ours` lie over `theirs`."""
    left, right = ours.astype(np.float32), theirs.astype(np.float32)
    placement = found.placement.finer(_times(left, suspect.luma), _times(right, original.luma))
    placement = _finely(placement, left, right)
    shape = shape_of(right)
    seen = placement.seen(_whole(left), left.shape[2], shape)
    changes = find_changes(halved(placement.laid(left, shape)), halved(right), seen[::2, ::2])
    return changes, placement


def changed_regions(
    found: Laid,
    suspect: Thumbnails,
    original: Thumbnails,
    ours: npt.NDArray[np.uint8],
    theirs: npt.NDArray[np.uint8],
) -> tuple[Region, ...]:
    """Where the suspect differs from its original, given larger frames of `found.pairs`."""
    changes, placement = changes_of(found, suspect, original, ours, theirs)
    return _regions(changes, placement, found, suspect, (ours.shape[1], ours.shape[2]), 2)


def shown_by_record(found: Laid, suspect: Thumbnails, original: Thumbnails) -> Laid:
    """The same, with each frame of a record beside the frame of the suspect that shows it best.

    A record has a frame of every fourth of a second, and `found.pairs` may be a moment off.
    """
    columns, first = np.unique(found.pairs[1], return_index=True)
    around = (found.pairs[0][first, None] + np.arange(-2, 3)).clip(0, len(suspect.times) - 1)
    theirs = original.luma[columns].astype(np.float32)
    shape = shape_of(theirs)
    width, height = suspect.luma.shape[2], suspect.luma.shape[1]
    seen = found.placement.seen((0, 0, width, height), width, shape)
    apart = [
        np.abs(found.placement.laid(suspect.luma[rows].astype(np.float32), shape) - theirs)
        for rows in around.T
    ]
    best = np.argmin([each[:, seen].mean(1) for each in apart], 0)
    return replace(found, pairs=(np.take_along_axis(around, best[:, None], 1)[:, 0], columns))


def regions_by_record(
    found: Laid, suspect: Thumbnails, original: Thumbnails, ours: npt.NDArray[np.uint8]
) -> tuple[Region, ...]:
    """`changed_regions`, as far as the thumbnails of the record show them; `ours` are larger.

    So they are sampled where the record's pixels lie, and their lines stay as sharp as there.
    """
    left, right = ours.astype(np.float32), original.luma[found.pairs[1]].astype(np.float32)
    placement = _finely(found.placement.finer(_times(left, suspect.luma), (1, 1)), left, right)
    shape = shape_of(right)
    seen = placement.seen(_whole(left), left.shape[2], shape)
    changes = find_changes(placement.laid(left, shape), right, seen, coarse=True)
    return _regions(changes, placement, found, suspect, shape_of(left), 1)


def _regions(
    changes: Changes,
    placement: Placement,
    found: Laid,
    suspect: Thumbnails,
    shape: tuple[int, int],
    times_as_large: int,
) -> tuple[Region, ...]:
    """Changes in frames so many times smaller than the suspect's, which have this shape."""
    width = shape[1]
    times = suspect.times[found.pairs[0]]
    ends = np.append(times[1:], suspect.duration)
    ends = np.minimum(ends, times + 2 * np.median(ends - times))  # what comes between is no change
    return tuple(
        Region(
            _box(placement.back(_enlarged(change.box, times_as_large), width), shape, suspect),
            RegionKind.CHANGED,
            interval_of(change, times.tolist(), ends.tolist()),
        )
        for change in regions_of(changes)
    )


def _finely(placement: Placement, left: Frames, right: Frames) -> Placement:
    """The placement that fits larger frames best, near the one given."""
    some = np.linspace(0, len(left) - 1, min(len(left), PAIRS_TO_LAY)).astype(int)
    return refined_on(placement, left[some], right[some], _whole(left), evenly=False)


def _whole(frames: Frames) -> Box:
    return 0, 0, frames.shape[2], frames.shape[1]


def _times(fine: Frames, coarse: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """How many times as wide and high."""
    return fine.shape[2] / coarse.shape[2], fine.shape[1] / coarse.shape[1]


def _enlarged(box: Box, by: int) -> Box:
    return by * box[0], by * box[1], by * box[2], by * box[3]


def _box(
    sides: tuple[float, float, float, float], shape: tuple[int, int], suspect: Thumbnails
) -> tuple[int, int, int, int]:
    """Sides in pixels of the frames as left, top, width and height in pixels of the clip."""
    left, top, right, bottom = suspect.part
    across, down = (right - left) / shape[1], (bottom - top) / shape[0]
    x, x_end = (min(max(side, 0), shape[1]) for side in sides[::2])
    y, y_end = (min(max(side, 0), shape[0]) for side in sides[1::2])
    part = left + x * across, top + y * down, left + x_end * across, top + y_end * down
    return box_of_part(part, suspect.size)
