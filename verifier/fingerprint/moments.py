"""Which second of an original each second of a suspect may show, by views of the two clips.

Views find and prove nothing: two people who talk into a camera are as near as some copies. So the
seconds are taken that come in the original's order, at about its speed, and lie nearest all in all:
the cheapest path through the differences of all pairs of seconds (a Viterbi search), on which a
leap to anywhere costs as much as some bits. What one frame looks like by chance then weighs little.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .align import MOST_FRAMES, Alignment, bit_distances, spread
from .described import Footage

VIEW_THRESHOLD = 92  # of 256 bits: seconds that differ in no more may show the same
_LEAP = 16  # bits: what it costs to go on anywhere else
_STAY, _HURRY = 4, 2  # bits: to go on at no speed, and for each speed above the original's
_FASTEST = 3  # times the original's speed: anything faster leaps
_MOST_STEPS = 13  # that are tried, of a long suspect of which few seconds are looked at

Times = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Bits = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Seconds of a suspect, in order, and the seconds of an original that they may show."""

    ours: Times
    theirs: Times
    bits: Bits  # that differ between the two, at most VIEW_THRESHOLD
    share: float  # of the suspect's seconds, those that were looked at


def find_moments(suspect: Footage, original: Footage) -> Moments:
    """The seconds that the two may share; none where no path leads past any that are near."""
    ours, theirs, bits = _differences(suspect, original)
    step = 1
    if len(ours) > 1 and len(theirs) > 1:
        step = max(1, round(float(np.median(np.diff(ours)) / np.median(np.diff(theirs)))))
    path = _cheapest(np.minimum(bits, VIEW_THRESHOLD + 1), step)
    found = bits[np.arange(len(path)), path]
    near = found <= VIEW_THRESHOLD
    share = len(ours) / len(np.unique(suspect.times))
    return Moments(ours[near], theirs[path[near]], found[near], share)


def align_footage(suspect: Footage, original: Footage) -> Alignment | None:
    """How the seconds that the two may share lie over one another; None where there are none."""
    found = find_moments(suspect, original)
    if not len(found.ours):
        return None
    return Alignment(
        float(found.bits.mean()) / 256,
        float(np.median(found.theirs - found.ours)),
        len(found.ours) / found.share,
        len(found.ours),
    )


def _differences(suspect: Footage, original: Footage) -> tuple[Times, Times, Bits]:
    """The seconds of both, and the bits in which the nearer of their views differ."""
    ours, our_first = np.unique(suspect.times, return_index=True)
    theirs, their_first = np.unique(original.times, return_index=True)
    chosen = spread(len(ours), MOST_FRAMES)
    bits = np.empty((len(chosen), len(theirs)), np.float32)
    ends = np.append(our_first, len(suspect.times))
    for row, second in enumerate(chosen.tolist()):
        views = suspect.hashes[ends[second] : ends[second + 1]]
        nearer = np.min([bit_distances(view, original.hashes) for view in views], axis=0)
        bits[row] = np.minimum.reduceat(nearer, their_first)
    return ours[chosen], theirs, bits


def _cheapest(costs: Bits, step: int) -> Places:
    """The column of each row on the cheapest path; the original's speed is `step` columns a row."""
    rows, columns = costs.shape
    steps = spread(_FASTEST * step + 1, _MOST_STEPS).tolist()
    total = costs[0].copy()
    before = np.empty((rows, columns), np.int32)
    for row in range(1, rows):
        leap = int(total.argmin())
        least = np.full(columns, total[leap] + _LEAP, np.float32)
        before[row] = leap
        for ahead in steps:
            if ahead >= columns:
                break
            speed = ahead / step - 1
            came = total[: columns - ahead] + (_HURRY * speed if speed > 0 else -_STAY * speed)
            cheaper = np.flatnonzero(came < least[ahead:])
            least[ahead + cheaper] = came[cheaper]
            before[row, ahead + cheaper] = cheaper
        total = least + costs[row]
    path = np.empty(rows, np.int64)
    path[-1] = total.argmin()
    for row in range(rows - 1, 0, -1):
        path[row - 1] = before[row, path[row]]
    return path
