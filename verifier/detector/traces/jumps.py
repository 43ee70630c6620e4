"""Where a clip jumps: frames were left out of a shot, or one shot ends and another begins. Pure.

What moves by itself is quick at one place and slow at another, gathers speed and loses it. Where
frames are missing, all that moves takes a long step at once, each part of the picture against its
own steps before and after; and that one step is most of the way from the frame before it to the
frame after. (Frame deletion by motion that breaks off: Feng et al., "Motion-adaptive frame deletion
detection for digital video forensics", IEEE T-CSVT 26, 2016; by parts of the picture, and against
the way around a step: our own.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .motion import Floats, Motion

_AROUND = 12  # frames on each side that a step is held against
_LONGER = 2.0  # times the power of the longest around it: then a part jumps
_NOISE = 2.0  # grey levels squared: what a codec changes by itself
_MOVES = 8.0  # grey levels squared, once around a step: then a part moves at all
_FEW = 8.0  # parts, added to those that move: an eye that blinks is no jump of the picture
_ALONE = 0.2  # what a step that is all of the way counts, where no part jumps
_OTHER = 0.5  # frames that are less alike (by correlation) are of two shots


Times = Sequence[float]


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump between a frame and the one before it.

    `clearness` (0 to 1): the share of the moving parts of the picture that jump, times how much of
    the way around it the step is; `cut` whether the two pictures have little in common, as where
    another shot begins.
    """

    frame: int
    time: float
    clearness: float
    cut: bool


def jumps(motion: Motion, least: float, renewed: Times = ()) -> list[Jump]:
    """Every jump that is as clear as `least`, in order; `renewed` as in `clearness`."""
    clear = clearness(motion, renewed)
    found = np.flatnonzero(clear >= least)
    return [jump_at(motion, int(at), float(clear[at])) for at in found]


def clearest(motion: Motion, renewed: Times = (), *, cuts: bool) -> Jump | None:
    """The clearest jump inside a shot (with `cuts`: the clearest of all)."""
    clear = clearness(motion, renewed)
    for at in np.argsort(-clear)[:64]:
        jump = jump_at(motion, int(at), float(clear[at]))
        if cuts or not jump.cut:
            return jump
    return None


def clearness(motion: Motion, renewed: Times = ()) -> Floats:
    """How clear a jump each step is, of shape (n,).

    At the moments `renewed` (seconds) the encoder drew the whole picture anew because it was time
    to: that changes all of it a little, and nothing can be told there.
    """
    if len(motion) <= 2 * _AROUND:
        return np.zeros(len(motion))
    around = np.maximum(np.nan_to_num(motion.around, nan=np.inf), 1e-9)
    clear: Floats = (_ALONE + _jumping(motion.parts)) / (1 + _ALONE)
    clear *= np.minimum(1, motion.steps**2 / around)
    clear[:3] = clear[-3:] = 0
    for moment in renewed:
        clear[np.argmin(np.abs(motion.times - moment))] = 0
    return clear


def _jumping(parts: npt.NDArray[np.float32]) -> Floats:
    """Which share of the parts that move around each step jump in it, of shape (n,)."""
    longest = np.zeros_like(parts)
    for away in range(1, _AROUND + 1):
        longest[away:] = np.maximum(longest[away:], parts[:-away])
        longest[:-away] = np.maximum(longest[:-away], parts[away:])
    move = np.maximum(parts, longest) > _MOVES
    jump = move & (parts + _NOISE > _LONGER * (longest + _NOISE))
    share: Floats = jump.sum(1) / (move.sum(1) + _FEW)
    return share


def jump_at(motion: Motion, at: int, clear: float) -> Jump:
    """The step to a frame as a jump of such clearness, or a cut."""
    before, after = (motion.thumbs[each].astype(np.float64) for each in (max(0, at - 1), at))
    before, after = before - before.mean(), after - after.mean()
    power = float(np.sqrt((before @ before) * (after @ after)))
    alike = float(before @ after) / power if power > 0 else 1.0
    return Jump(at, float(motion.times[at]), clear, alike < _OTHER)
