"""Steps in which frames of the same shot are missing, by what a network counted in each. Pure.

The network (`counter`) gives seven numbers for the step to each frame, of which shares are made:
repeated, none missing, one, 2 to 5, 6 to 20, more, or another shot. How they are weighed here, and
from which odds on a step is told, was chosen on publishers that training had not seen.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .jumps import Jump, clearness, jump_at
from .motion import Floats, Motion

CLASSES = 7  # repeated, none missing, 1, 2 to 5, 6 to 20, more, another shot
_FEWEST, _MOST, _OTHER = 3, 5, 6  # the classes of two frames and more, and that of another shot
_BESIDE = 3  # frames on each side of a step in which no other is told
_ENDS = 4  # frames at both ends, of whose steps nothing is told
_LITTLE = 0.02  # clearness that is added, so that none has odds too
_LEAST_CUT = 0.05  # clearness from which on it is asked whether a step is between two shots
_SURE = 15.0  # log odds that no step has more of
_USUALLY = 0.9  # of a clip's steps have no higher odds than what is usual in it
_BY_STEP, _OF_CLIP, _ALIKE, TOLD = 0.25, 0.5, 0.5, 4.05  # see `log_odds`

Numbers = npt.NDArray[np.floating]
Times = Sequence[float]


def missing(motion: Motion, least: float, renewed: Times = ()) -> list[Jump]:
    """Every step in which frames of the same shot are missing, in order, as `surely` says."""
    sure = surely(motion, renewed)
    found = []
    for at in np.flatnonzero(sure >= least):
        beside = sure[max(0, at - _BESIDE) : at + _BESIDE + 1]
        if sure[at] == beside.max():  # of steps beside each other one is told
            found.append(jump_at(motion, int(at), float(sure[at])))
    return found


def surely(motion: Motion, renewed: Times = ()) -> Floats:
    """How surely frames are missing in each step, of shape (n,); 0.5 is as sure as is told."""
    told = log_odds(motion, renewed)
    sure: Floats = 1 / (1 + np.exp(-np.clip(told - TOLD, -60, 60)))
    sure[told == -np.inf] = 0
    return sure


def log_odds(motion: Motion, renewed: Times = ()) -> Floats:
    """Log odds that frames of the same shot are missing in each step, of shape (n,).

    More where the step is clear by itself, less where many of the clip's steps have such odds.
    Minus infinity at both ends, where the encoder drew the picture anew because it was time to, and
    everywhere without the network. Another shot counts as missing frames where the two pictures
    have much in common.
    """
    looked_at = np.ones(len(motion), bool)
    looked_at[:_ENDS] = looked_at[-_ENDS:] = False
    for moment in renewed:
        looked_at[np.argmin(np.abs(motion.times - moment))] = False
    if motion.missing is None or not looked_at.any():
        return np.full(len(motion), -np.inf)
    clear = clearness(motion, renewed)
    cut = np.zeros(len(motion), bool)
    shares = shared(motion.missing)
    for at in np.flatnonzero((clear >= _LEAST_CUT) | (shares[:, _OTHER] >= _LEAST_CUT)):
        cut[at] = jump_at(motion, int(at), 0.0).cut
    counted = odds(shares, np.where(cut, 0.0, _ALIKE))
    usual = float(np.quantile(counted[looked_at], _USUALLY))
    clear[cut] = 0
    of_step = np.log((clear + _LITTLE) / (1 + _LITTLE - clear))
    told: Floats = counted + _BY_STEP * of_step - _OF_CLIP * usual
    told[~looked_at] = -np.inf
    return told


def shared(numbers: Numbers) -> npt.NDArray[np.float64]:
    """What the network said as shares of 1, of shape (..., 7)."""
    shares = np.exp(numbers.astype(np.float64) - numbers.max(-1, keepdims=True))
    found: npt.NDArray[np.float64] = shares / shares.sum(-1, keepdims=True)
    return found


def odds(shares: npt.NDArray[np.float64], other: Floats | float = 0.0) -> Floats:
    """Log odds that two frames and more are missing; of another shot's share so much counts too."""
    some = shares[..., _FEWEST : _MOST + 1].sum(-1) + other * shares[..., _OTHER]
    told: Floats = np.log(some + 1e-7) - np.log(np.maximum(1 - some, 0) + 1e-7)
    return np.clip(told, -_SURE, _SURE)
