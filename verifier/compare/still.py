"""Which frames of a suspect stand still, told by the suspect alone. Pure.

A frame that is shown again costs an encoder nothing, so it repeats it to the bit or nearly so; what
moves it never repeats for long. So where a stretch was frozen is seen in the copy itself, to the
frame, also where the scene hardly moves. Noise that was added afterwards is allowed for: nothing is
called moving that moves little more than the quietest moment of the clip.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .timeline import Nats, Times

NATS = 3.0  # for or against standing still
_LEAST = 0.006  # grey levels that the mean pixel moves: less is nothing
_MOST = 0.1  # grey levels: more is no noise, in frames as small as thumbnails
_TIMES = 1.5  # as much as in the quietest moment is still no more than noise
_REPEATED = 0.03  # of the usual movement: frames that are shown again move less
_SETTLED = 0.25  # of the movement just before: encoders take a few frames to settle
_SETTLES = 9  # frames
_LEAST_RUN = 0.3  # seconds: what stands still for less may do so by itself


def stillness(times: Times, frames: npt.NDArray[np.uint8]) -> Nats:
    """For each frame, (n,): above 0 for standing still, below for moving, in nats."""
    if len(frames) < _SETTLES:
        return np.zeros(len(frames), np.float32)
    moved = np.array(
        [
            np.abs(one.astype(np.int16) - other).mean()
            for one, other in zip(frames[1:], frames, strict=False)
        ]
    )
    steady = ndimage.median_filter(np.append(moved[:1], moved), 3)  # a key frame looks like a move
    quiet = float(np.quantile(ndimage.median_filter(steady, 5), 0.05))
    still_at = min(_LEAST + _TIMES * quiet, _MOST)
    before = ndimage.maximum_filter1d(steady, _SETTLES, origin=_SETTLES // 2)
    moves = steady > np.maximum(still_at, _SETTLED * before)
    found = np.where(moves, -NATS, 0.0)
    usual = float(np.quantile(steady, 0.75))
    if usual > still_at:  # where nothing ever moves, stillness tells nothing
        labels, _ = ndimage.label(~moves)
        for (run,) in ndimage.find_objects(labels):
            lasts = times[run.stop - 1] - times[run.start] >= _LEAST_RUN
            if lasts and np.median(steady[run]) <= max(_LEAST, _REPEATED * usual):
                found[run] = NATS
    return found.astype(np.float32)
