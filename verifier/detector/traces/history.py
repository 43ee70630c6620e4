"""Whether a JPEG picture was compressed before, on the same grid, and where it was not. Pure.

What was quantised by one step and then by another has gaps and heaps in the histogram of its
coefficients, at the period of both: D. Fu, Y. Shi and W. Su, "A generalized Benford's law for
JPEG coefficients" (SPIE 6505, 2007); T. Bianchi and A. Piva, "Image forgery localization via
block-grained analysis of JPEG artifacts" (IEEE TIFS 7, 2012), whose model this follows; a part
that lacks them stands out, as ghosts do (H. Farid, IEEE TIFS 4, 2009). What the coefficients were
before any compression is taken from the same picture on a grid moved by half a block, which no
quantiser has touched; each earlier step is tried on that, and the one kept that explains the
histogram best. Statistic: how much better, in nats a coefficient, than no earlier step.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from .blocks import ZIGZAG, Counts, Floats, Mask, Plane, blocks, coefficients
from .jpegfile import Table, libjpeg_table

MODES = ZIGZAG[1:11]  # the frequencies that are looked at: higher ones are nearly all 0
STEPS = tuple(range(1, 41))  # the earlier steps that are tried; 1 is as good as none
REACH = 24  # quantised coefficients up to this are counted, either side of 0
_RANGE = 1100  # of unquantised coefficients
_ROUNDING = 0.35  # grey levels: what decoding to whole grey levels adds to a coefficient
_STRAY = 0.05  # share of blocks that need not follow the model
_LEAST_BLOCKS = 400
_AROUND = 5  # blocks that are judged together
_LEAST_KNOWN = 0.3  # of them
_AGAINST = 0.05  # nats
_AS_CLEAR = 0.4  # of the clearest part: others that are marked beside it
_LEAST_BEYOND = 60  # coefficients that are not 0: fewer tell nothing of a mode


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What the histograms say: per mode of MODES, how much better each earlier step explains it.

    `gains` is (modes, steps), nats a coefficient. `steps` is the best earlier step of each mode, 1
    where none; `score` the mean gain of the best steps. `quantised` are the coefficients as in the
    file, (rows, columns, modes); `ratios` the log ratio of twice against once for each value,
    (modes, 2 REACH + 1).
    """

    gains: Counts
    steps: tuple[int, ...]
    score: float
    quantised: npt.NDArray[np.int32]
    ratios: Counts
    usable: Mask


def history(luma: Plane, table: Table, clipped: Mask) -> History | None:
    """Look for an earlier compression; None where too little of the picture says anything.

    `luma` is the decoded first component (0 to 255) from the corner of a block; `clipped` marks the
    pixels of which a colour was cut off at its least or greatest, where no quantiser shows.
    """
    taken = taken_apart(luma, table, clipped, MODES)
    if taken is None:
        return None
    steps, quantised, usable, free = taken
    gains = np.zeros((len(MODES), len(STEPS)))
    ratios = np.zeros((len(MODES), 2 * REACH + 1))
    for number, step in enumerate(steps):
        counted = _counts(quantised[..., number][usable])
        if counted.sum() - counted[REACH] < _LEAST_BEYOND:
            continue
        source = _source(free[:, number], int(step))
        models = np.stack([_model(source, earlier, int(step)) for earlier in STEPS])
        models = _bent(models, counted)
        likely = np.log(models) @ counted / counted.sum()
        gains[number] = likely - likely[0]
        best = int(np.argmax(gains[number]))
        ratios[number] = np.log(models[best]) - np.log(models[0])
    best_steps = tuple(STEPS[n] for n in np.argmax(gains, 1))
    score = float(np.mean(gains.max(1)))
    return History(gains, best_steps, score, quantised, ratios, usable)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The part of a picture whose blocks were not compressed as the rest was before.

    `blocks` marks it, `against` is each block's neighbourhood in nats against the rest's history
    (rows, columns), `strength` their sum over its clearest piece, by the blocks of the picture.
    """

    blocks: Mask
    against: Counts
    strength: float


def other_history(found: History) -> Part:
    """Where a picture that was compressed twice does not look like it."""
    ratio = np.zeros(found.usable.shape)
    for number in range(len(MODES)):
        value = found.quantised[..., number]
        told = found.ratios[number][np.clip(value, -REACH, REACH) + REACH]
        ratio += np.where(np.abs(value) <= REACH, told, 0)
    ratio[~found.usable] = 0
    known = ndimage.uniform_filter(found.usable.astype(float), _AROUND)
    mean = ndimage.uniform_filter(ratio, _AROUND) / np.maximum(known, _LEAST_KNOWN)
    against = np.where(known >= _LEAST_KNOWN, np.maximum(-mean, 0), 0)
    labels, count = ndimage.label(against > _AGAINST)
    if not count:
        return Part(np.zeros(ratio.shape, bool), against, 0.0)
    held = ndimage.sum_labels(against, labels, np.arange(1, count + 1))
    clear = 1 + np.flatnonzero(held >= _AS_CLEAR * held.max())
    return Part(np.isin(labels, clear), against, float(held.max()) / ratio.size)


def quality(found: History) -> int | None:
    """The libjpeg quality whose table explains the earlier steps best; None where none does."""
    best, which = 0.6 * float(np.mean(found.gains.max(1))), None
    for candidate in range(30, 100):
        table = libjpeg_table(candidate)
        steps = [table[mode] for mode in MODES]
        gain = sum(
            found.gains[n, step - 1] if step <= STEPS[-1] else 0.0 for n, step in enumerate(steps)
        ) / len(MODES)
        if gain > best:
            best, which = gain, candidate
    return which


def taken_apart(
    luma: Plane, table: Table, clipped: Mask, modes: tuple[int, ...]
) -> tuple[Floats, npt.NDArray[np.int32], Mask, Floats] | None:
    """A table's steps, the quantised coefficients, which blocks are of use, and what was before.

    The last are the coefficients of the usable blocks of a grid moved by half a block. None where
    the table tells nothing, or too few blocks do.
    """
    steps = np.array([table[mode] for mode in modes], np.float32)
    if not steps.all():  # ITU-T T.81, B.2.4.1: no step is 0, and such a table tells nothing
        return None
    centred = luma - np.float32(128)
    quantised = np.rint(coefficients(centred, modes) / steps).astype(np.int32)
    usable = _usable(luma, clipped)
    free = coefficients(centred, modes, 4, 4)[_usable(luma, clipped, 4, 4)]
    if usable.sum() < _LEAST_BLOCKS or len(free) < _LEAST_BLOCKS:
        return None
    return steps, quantised, usable, free


def _usable(luma: Plane, clipped: Mask, left: int = 0, top: int = 0) -> Mask:
    """Which blocks are neither cut off anywhere nor flat."""
    inside = blocks(luma, left, top)
    cut = blocks(clipped, left, top).any(2)
    return np.asarray(~cut & (inside.max(2) - inside.min(2) > 2))


def _counts(values: npt.NDArray[np.int32]) -> Counts:
    near = values[np.abs(values) <= REACH] + REACH
    return np.bincount(near, minlength=2 * REACH + 1).astype(float)


def _source(free: Plane, step: int) -> npt.NDArray[np.int64]:
    """How often each value occurs before quantisation, in half grey levels, up to `_reach`."""
    reach = _reach(step)
    values = np.floor(2 * free[np.abs(free) < reach]).astype(int)
    return np.bincount(values + 2 * reach, minlength=4 * reach)


def _reach(step: int) -> int:
    return min((REACH + 1) * step + STEPS[-1], _RANGE)


def _model(source: npt.NDArray[np.int64], earlier: int, step: int) -> Counts:
    """The share of each quantised value, had `source` been quantised by `earlier`, then `step`."""
    expected = source @ _transfer(earlier, step)
    plain = source @ _transfer(1, step)
    mixed = (1 - _STRAY) * expected + _STRAY * plain + 0.5
    return np.asarray(mixed / mixed.sum())


# What the moved grid gets wrong of a histogram is smooth: how much is at 0, how fast it falls.
_BENDS = np.stack([np.abs(np.arange(-REACH, REACH + 1)) / REACH, np.arange(-REACH, REACH + 1) == 0])


def _bent(models: Counts, counted: Counts) -> Counts:
    """Each model bent smoothly to fit as well as it can, so that gaps and heaps alone decide."""
    share = counted / counted.sum()
    wanted = _BENDS @ share
    bends = np.zeros((len(models), 2))
    bent = models
    for _ in range(12):  # Newton's steps towards the greatest likelihood, which is concave
        means = bent @ _BENDS.T
        spread = np.einsum("mk,ik,jk->mij", bent, _BENDS, _BENDS, optimize=True)
        spread -= means[:, :, None] * means[:, None, :]
        spread[:, (0, 1), (0, 1)] += 1e-6
        step = np.linalg.solve(spread, (wanted - means)[:, :, None])[:, :, 0]
        bends = np.clip(bends + np.clip(step, -1, 1), -20, 20)
        bent = models * np.exp(bends @ _BENDS)
        bent /= bent.sum(1, keepdims=True)
    return np.asarray(bent)


@lru_cache(maxsize=512)
def _transfer(earlier: int, step: int) -> Floats:
    """(unquantised value, quantised value): the chance of each after both steps."""
    reach = _reach(step)
    values = (np.arange(-2 * reach, 2 * reach) + 0.5) / 2  # never on a border of a quantiser's cell
    kept = np.rint(values / earlier) * earlier
    borders = (np.arange(-REACH, REACH + 2) - 0.5) * step
    spread = np.hypot(_ROUNDING, 0.29 if step == 1 else 0)
    below = special.ndtr((borders[None] - kept[:, None]) / spread)
    return np.asarray(np.diff(below, axis=1), np.float32)
