"""Which of libjpeg's tables a JPEG picture was compressed with before, over all frequencies. Pure.

A fine quantiser before a coarse one leaves little in each histogram: steps of 2 before steps of 7
put now three, now four of the old values into one of the new, a seventh more or less. All
frequencies together tell it, if one table is asked to explain them all. The model of each
histogram is that of T. Bianchi and A. Piva ("Image forgery localization via block-grained analysis
of JPEG artifacts", IEEE TIFS 7, 2012), with what the values were before taken from the same
picture on a grid moved by half a block. What the moved grid gets wrong of values other than 0 is
taken to be a factor that changes evenly with the value. Statistic: how much more likely the best
table makes the histograms than none does, in nats, less where both explain them badly.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from .blocks import ZIGZAG, Counts, Floats, Mask, Plane
from .history import taken_apart
from .jpegfile import Table, libjpeg_table

MODES = ZIGZAG[1:21]  # higher frequencies are nearly all 0
QUALITIES = tuple(range(40, 100))
_STEPS = np.arange(1, 31)  # earlier steps that are tried; 1 is as good as none
_REACH = 24  # quantised coefficients up to this are counted
_RANGE = 1100  # that unquantised coefficients do not exceed
_LEAST = 5  # coefficients of a value, from 1 upwards: the first that has fewer is the end
_LEAST_VALUES = 4
_UNSURE = 0.02  # of each share, however many are counted
_FINE = 2  # bins a grey level, of the values before
_ROUNDING = 0.35  # grey levels: what decoding to whole grey levels adds to a coefficient
_BESIDE = _ROUNDING * np.linspace(-1.7, 1.7, 7)
_STRAY = 0.05  # share of blocks that need not follow the model


@dataclass(frozen=True, slots=True)
class Earlier:
    """The libjpeg quality that explains best what came before, and by how many nats."""

    quality: int
    nats: float


def earlier(luma: Plane, table: Table, clipped: Mask) -> Earlier | None:
    """Look for an earlier table; None where too little of the picture says anything.

    `luma` is the decoded first component (0 to 255) from the corner of a block; `clipped` marks the
    pixels of which a colour was cut off at its least or greatest, where no quantiser shows.
    """
    taken = taken_apart(luma, table, clipped, MODES)
    if taken is None:
        return None
    steps, every, usable, before = taken
    quantised, free = every[usable], np.abs(before)
    gains = np.stack(
        [_gains(quantised[:, n], free[:, n], int(step)) for n, step in enumerate(steps)]
    )
    best = max(QUALITIES, key=lambda quality: _explained(gains, quality))
    return Earlier(best, _explained(gains, best))


def _explained(gains: Counts, quality: int) -> float:
    """The nats that a quality's table gains; a step beyond those tried gains none."""
    table = libjpeg_table(quality)
    steps = np.array([table[mode] for mode in MODES])
    tried = steps <= _STEPS[-1]
    return float(gains[np.flatnonzero(tried), steps[tried] - 1].sum())


def _gains(quantised: Floats, free: Floats, step: int) -> Counts:
    """What each earlier step gains for one frequency, in nats."""
    reach = min(_REACH, _RANGE // step)
    values = np.minimum(np.abs(quantised), reach + 1).astype(int)
    counts = np.bincount(values, minlength=reach + 2)[1:]
    end = int(np.argmax(np.append(counts[:reach], 0) < _LEAST))
    if end < _LEAST_VALUES:
        return np.zeros(len(_STEPS))
    counted = counts[:end]
    off = np.log(counted) - np.log(_models(free, step, reach)[:, :end])
    weight = np.sqrt(1 / (1 / counted + _UNSURE**2))
    smooth, _ = np.linalg.qr(np.stack([weight, weight * np.arange(end)], 1))
    off *= weight
    off -= off @ smooth @ smooth.T
    unlike = (off * off).sum(1)
    # A model that misses by more than chance does, as all do of a large picture, says less.
    misses = np.maximum(unlike / (end - 2), 1)
    gain = (unlike[0] - unlike) / 2
    return np.asarray(gain / np.where(gain > 0, misses, misses[0]))


def _models(free: Floats, step: int, reach: int) -> Counts:
    """The share of each quantised value from 1, after each earlier step."""
    top = (reach + 2) * step + 100
    fine = np.bincount((_FINE * free[free < top]).astype(int), minlength=_FINE * top)
    # Both signs together: as much lies on either side of 0.
    below = np.cumsum(np.concatenate([[0], fine[::-1], fine])).astype(float)

    def until(value: Floats) -> Floats:
        return np.asarray(np.interp(_FINE * (value + top), np.arange(len(below)), below))

    borders = (np.arange(1, reach + 2) - 0.5) * step
    plain = np.diff(np.mean([until(borders + off) for off in _BESIDE], axis=0))
    models = [plain]
    for before in _STEPS[1:]:
        kept, share = _shares(int(before), step, reach)
        after = (until(kept + before / 2) - until(kept - before / 2)) @ share
        models.append((1 - _STRAY) * after + _STRAY * plain)
    # Half a coefficient a value, so that none is impossible.
    return np.asarray(models) + 0.5


def _shares(before: int, step: int, reach: int) -> tuple[Floats, Floats]:
    """The multiples of an earlier step, and the chance of each to become each value from 1."""
    kept = np.arange(-1, int((reach + 1) * step / before) + 2) * before
    borders = (np.arange(1, reach + 2) - 0.5) * step
    spread = np.hypot(_ROUNDING, 0.29 if step == 1 else 0)
    return kept, np.diff(special.ndtr((borders[None] - kept[:, None]) / spread), axis=1)
