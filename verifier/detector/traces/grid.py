"""Where the block grid of a JPEG compression lies in a picture, as a whole and by region. Pure.

Compression leaves two marks on the grid it used and on no other. The means of its blocks are whole
multiples of a step, which shows as a peak in the spectrum of their histogram, even after one more
compression on another grid (T. Bianchi and A. Piva, "Detection of nonaligned double JPEG
compression based on integer periodicity maps", IEEE TIFS 7, 2012). And more of its coefficients
are 0 than on any other grid, pixel by pixel, as long as nothing was compressed after (T. Nikoukhah
et al., "ZERO: a local JPEG grid origin detector based on the number of DCT zeros", IPOL 2021); a
part that votes for another grid came from elsewhere. How unlikely that is by chance follows from
the binomial law, blocks being counted and not pixels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from .blocks import BASIS, SIDE, Counts, Mask, Plane, blocks
from .jpegfile import Table

CELL = 16  # pixels: regions are told in squares of this side
PHASES = SIDE * SIDE  # where a grid can start: 8 down times 8 to the right
_STEPS = np.arange(2, 33)  # of the mean's quantiser; T.81 keeps eight times the mean
_BINS = 4  # a unit of it
_SPAN = 2048  # units of it
_LIVELY = 3.0  # grey levels of spread: flatter blocks say less than they seem to
ZERO = 0.5  # a coefficient below it was 0, or as good as
_STIRRED = 0.4  # of the steps' root mean square: what a fine quantiser makes of 0 on other grids
_FINEST, _FINE = 0.9, 5.0  # grey levels: the most it is taken for, the steps for which it holds
_AROUND = 5  # cells that vote together
_SHARE = 0.25  # of their votes, for another grid than the picture's

Votes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Periodicity:
    """How strong the steps of each grid are: `strength` is (8 down, 8 right), `steps` likewise.

    `strength` is the height of the peak in the spectrum of the block means, in deviations of what
    no quantiser gives.
    """

    strength: Counts
    steps: npt.NDArray[np.int64]


def periodicity(luma: Plane, clipped: Mask) -> Periodicity | None:
    """How strongly each of the 64 grids shows steps; None where too few blocks are lively."""
    area = np.float32(SIDE * SIDE)
    shift = -SIDE // 2  # so that a value stands at the left upper pixel of its block
    mean, square, cut = (
        ndimage.uniform_filter(each, SIDE, origin=shift)
        for each in (luma, luma * luma, clipped.astype(np.float32))
    )
    lively = (square - mean * mean > _LIVELY**2) & (cut * area < 0.5)
    strength, steps = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), np.int64)
    for down in range(SIDE):
        for right in range(SIDE):
            here = np.s_[down : 1 - SIDE : SIDE, right : 1 - SIDE : SIDE]
            values = mean[here][lively[here]] * SIDE
            if len(values) < 200:
                return None
            spectrum = _spectrum(values)
            strength[down, right] = spectrum.max()
            steps[down, right] = _STEPS[int(np.argmax(spectrum))]
    return Periodicity(strength, steps)


def _spectrum(values: Plane) -> Counts:
    """The spectrum of the values' histogram at each step, in deviations of a smooth one's."""
    which = np.clip((values * _BINS).astype(np.int64), 0, _SPAN * _BINS - 1)
    counts = np.bincount(which, minlength=_SPAN * _BINS).astype(float)
    counts -= ndimage.gaussian_filter1d(counts, 4 * _BINS)
    found = np.abs(np.fft.rfft(counts)) / np.sqrt(len(values))
    places = np.rint(_SPAN / _STEPS).astype(int)
    near = np.stack([found[places - 1], found[places], found[places + 1]])
    return np.asarray(near.max(0))


def zero_in(table: Table | None) -> float:
    """Below what a coefficient counts as 0 in a picture that was quantised so, or not at all."""
    step = ZERO if table is None else float(np.sqrt(np.mean(np.square(table))))
    return float(np.clip(_STIRRED * step, ZERO, _FINEST)) if step < _FINE else ZERO


def votes(luma: Plane, zero: float = ZERO) -> Votes:
    """The grid, 8 * down + right, whose block holds most zeros around each pixel; -1 for a tie."""
    best = np.zeros(luma.shape, np.int8)
    voted = np.full(luma.shape, -1, np.int8)
    for phase in range(PHASES):
        top, left = divmod(phase, SIDE)
        # A grid's blocks cover all but the edges, where the neighbouring pixels' votes suffice.
        inside = blocks(luma, left, top)
        zeros = (np.abs(inside @ BASIS[:, 1:]) < zero).sum(2, dtype=np.int8)
        wide = zeros.repeat(SIDE, 0).repeat(SIDE, 1)
        here = np.s_[top : top + wide.shape[0], left : left + wide.shape[1]]
        level, vote = best[here], voted[here]
        vote[wide == level] = -1
        vote[wide > level] = phase
        np.maximum(level, wide, out=level)
    return voted


@dataclass(frozen=True, slots=True, eq=False)
class Grids:
    """The grid that a picture votes for, and the part that votes for another.

    `main` is None where no grid stands out. `foreign` marks cells of CELL pixels; `other` is their
    grid, `share` the part of each cell's votes that are for it. `certainty` and `foreign_certainty`
    are minus the decimal logarithm of how many such would be found by chance in a picture.
    """

    main: int | None
    certainty: float
    other: int | None
    foreign: Mask
    share: Counts
    foreign_certainty: float


def grids(voted: Votes) -> Grids:
    """Count the votes, over all and by region."""
    rows, columns = voted.shape[0] // CELL, voted.shape[1] // CELL
    cells = np.arange(rows * columns).reshape(rows, columns).repeat(CELL, 0).repeat(CELL, 1)
    inside = voted[: rows * CELL, : columns * CELL]
    cast = inside >= 0
    which = cells[cast] * PHASES + inside[cast]
    counts = np.bincount(which, minlength=rows * columns * PHASES).astype(np.float32)
    counts = counts.reshape(rows, columns, PHASES)
    total = counts.sum((0, 1))
    main = int(np.argmax(total))
    certainty = _certainty(float(total[main]), float(total.sum()), PHASES)
    nothing = Grids(
        main if certainty > 1 else None,
        certainty,
        None,
        np.zeros((rows, columns), bool),
        np.zeros((rows, columns)),
        0.0,
    )
    found = nothing
    around = (_AROUND, _AROUND)
    everyone = ndimage.uniform_filter(counts.sum(2), around)
    for other in np.argsort(-total)[:PHASES]:
        if other == nothing.main or total[other] < 4 * CELL * CELL:
            continue
        its = ndimage.uniform_filter(counts[..., other], around)
        share = its / np.maximum(everyone, CELL)
        labels, number = ndimage.label(share > _SHARE)
        if not number:
            continue
        index = np.arange(1, number + 1)
        held = ndimage.sum_labels(counts[..., other], labels, index)
        largest = int(np.argmax(held))
        region = labels == index[largest]
        # A region may be anywhere and of any size: as many tries as pairs of cells.
        tries = PHASES * PHASES * (rows * columns) ** 2
        sure = _certainty(float(held[largest]), float(counts[region].sum()), tries)
        if sure > found.foreign_certainty:
            found = Grids(nothing.main, certainty, int(other), region, share, sure)
    return found


def _certainty(pixels: float, everyone: float, tries: float) -> float:
    """Minus log10 of how many regions in `tries` would so agree by chance; 0 where any would."""
    its, blocks_in_all = pixels / PHASES, max(int(everyone / PHASES), 1)
    chance = stats.binom.logsf(int(its) - 1, blocks_in_all, 1 / PHASES) / np.log(10)
    return float(np.clip(-chance - np.log10(tries), 0, 1000))
