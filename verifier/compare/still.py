"""Which frames of a suspect stand still, told by the suspect alone. Pure.

A frame that is shown again costs an encoder nothing, so it repeats it to the bit or nearly so; what
moves it never repeats for long. So where a stretch was frozen is seen in the copy itself, to the
frame, also where the scene hardly moves. Noise that was added afterwards is allowed for: nothing is
called moving that moves little more than the quietest moment of the clip.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .lines import Nats, Times

NATS = 3.0  # for or against standing still
_LEAST = 0.006  # grey levels that the mean pixel moves: less is nothing
_MOST = 0.1  # grey levels: more is no noise, in frames as small as thumbnails
_TIMES = 1.5  # as much as in the quietest moment is still no more than noise
_REPEATED = 0.03  # of the usual movement: frames that are shown again move less
_SETTLED = 0.25  # of the movement just before: encoders take a few frames to come to rest
_SETTLES = 4  # frames
_LEAST_RUN = 0.3  # seconds: what stands still for less may do so by itself


def stillness(times: Times, frames: npt.NDArray[np.uint8]) -> Nats:
    """For each frame, (n,): above 0 for standing still, below for moving, in nats."""
    if len(frames) < 2 * _SETTLES:
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
    moves = _settled(steady, steady > still_at)
    found = np.where(moves, -NATS, 0.0)
    usual = float(np.quantile(steady, 0.75))
    if usual > still_at:  # where nothing ever moves, stillness tells nothing
        labels, _ = ndimage.label(~moves)
        for (run,) in ndimage.find_objects(labels):
            lasts = times[run.stop - 1] - times[run.start] >= _LEAST_RUN
            if lasts and np.median(steady[run]) <= max(_LEAST, _REPEATED * usual):
                found[run] = NATS
    return found.astype(np.float32)


def _settled(moved: npt.NDArray[np.float64], moves: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether frames move, without those in which an encoder comes to rest."""
    moves = moves.copy()
    for start in np.flatnonzero(np.diff(moves.astype(np.int8)) < 0).tolist():  # moves, then rests
        first = max(1, start - _SETTLES + 1)
        little = moved[first : start + 1] <= _SETTLED * moved[max(0, first - 2) : first].max()
        rest = int(np.argmin(little[::-1])) if not little.all() else len(little)
        moves[start + 1 - rest : start + 1] = False
    return moves
