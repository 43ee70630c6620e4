"""Where a clip jumps: frames were left out of a shot, or one shot ends and another begins. Pure.

At a jump one step is longer than all around it, and the frames beside it lie at the two ends of
the way across it. (Frame deletion by motion that breaks off: Feng et al., "Motion-adaptive frame
deletion detection for digital video forensics", IEEE T-CSVT 26, 2016.)
"""

from dataclasses import dataclass

import numpy as np

from .motion import Floats, Motion

_AROUND = 12  # frames on each side that a step is held against
_FLOOR, _PEAK_FLOOR = 0.25, 2.0  # grey levels: smaller steps are noise
_OTHER = 0.5  # frames that are less alike (by correlation) are of two shots


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump between a frame and the one before it.

    `clearness` is how many times longer the step is than the longest within twelve frames, less
    where the frames beside it are not at its ends; `cut` whether the two pictures have little in
    common, as where another shot begins.
    """

    frame: int
    time: float
    clearness: float
    cut: bool


def jumps(motion: Motion, least: float) -> list[Jump]:
    """Every jump that is as clear as `least`, in order."""
    clear = clearness(motion)
    found = np.flatnonzero(clear >= least)
    return [_jump(motion, int(at), float(clear[at])) for at in found]


def clearest(motion: Motion, *, cuts: bool) -> Jump | None:
    """The clearest jump inside a shot (with `cuts`: the clearest of all)."""
    clear = clearness(motion)
    for at in np.argsort(-clear)[:64]:
        jump = _jump(motion, int(at), float(clear[at]))
        if cuts or not jump.cut:
            return jump
    return None


def clearness(motion: Motion) -> Floats:
    """How clear a jump each step is, of shape (n,)."""
    count = len(motion)
    if count <= 2 * _AROUND:
        return np.zeros(count)
    longer = _against(motion.steps, _FLOOR) * _against(motion.peaks, _PEAK_FLOOR)
    across = np.zeros(count)
    across[1:] = np.clip(np.nan_to_num(np.diff(motion.shares)), 0, 1)
    clear: Floats = np.sqrt(longer) * np.where(across > 0.25, across, 0)
    clear[:3] = clear[-3:] = 0
    return clear


def _against(steps: Floats, floor: float) -> Floats:
    """How many times as long as the longest around it each step is."""
    padded = np.pad(steps, _AROUND, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    around = np.delete(windows, _AROUND, 1).max(1)
    against: Floats = steps / np.maximum(around, floor)
    return against


def _jump(motion: Motion, at: int, clear: float) -> Jump:
    before, after = (motion.thumbs[each].astype(np.float64) for each in (max(0, at - 1), at))
    before, after = before - before.mean(), after - after.mean()
    power = float(np.sqrt((before @ before) * (after @ after)))
    alike = float(before @ after) / power if power > 0 else 1.0
    return Jump(at, float(motion.times[at]), clear, alike < _OTHER)
