"""Where the original's time leaps, whether it ran through instead, at another rate. Pure.

Where little moves, a second that is played in half of one looks like half a second that was left
out, and half a second that is played for one like half a second that is shown again: `timeline`
allows what a codec leaves out of single frames, and that is all that differs. So at each leap both
are held against the frames as they are: a cut at its best place, and running through from any
moment before the leap to any moment after it. The lines before and after are known by then, and so
two edges say all: how long it ran through, and thereby how fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .exact import Sharp, shifted
from .lines import Line, Nats, Piece, Rows, Times
from .timeline import STANDS, weights_of

_LEAST_LEAP, _MOST_LEAP = 0.1, 4.0  # seconds of the original
_REACH = 2.5  # seconds on either side are looked at
_LEAST, _LONGEST = 0.2, 4.0  # seconds of the suspect, in which it may run through
_SLOWEST, _FASTEST = 0.25, 4.0
_ALIKE = 0.05  # of the rate: lines that differ less go on alike
_SAME = 0.02  # likewise: a run that differs less is none
_GRID = (0.1, 0.03, 0.01)  # seconds, ever finer
_LEAST_ROWS = 8  # tell where a line lies
_GAIN = 2.0  # nats by which running through must explain more than a cut
_MEETS = 0.3  # seconds, by which a stretch at another rate may miss the lines beside it
_JOINED = 2.0  # nats by which one that meets them may explain less
_UNSURE = 0.25  # seconds, by which a run at a plain rate may begin or end elsewhere
# As in `exact`; but of what a leap leaves open, how fast for how long, people choose the plain.
_PLAIN = ((0.5, 3.0), (0.25, 2.0), (0.05, 1.0), (0.01, 0.3))
_MOST_LEAPS = 40  # are looked at


def run_through(cost: Sharp, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with a stretch at another rate in place of a leap where that explains more.

    Where one was there already, its edges are found again, both together.
    """
    weights = weights_of(cost.times)
    kept, number, tried = list(pieces), 0, 0
    while number < len(kept) - 1 and tried < _MOST_LEAPS:
        for other in (number + 2, number + 1):
            if other < len(kept) and _may(cost, kept[number : other + 1]):
                tried += 1
                if found := _through(cost, weights, kept[number : other + 1]):
                    kept[number : other + 1] = found
                    number += 1
                    break
        number += 1
    return kept


def _may(cost: Sharp, pieces: Sequence[Piece]) -> bool:
    """Whether the original may run on at another rate from the first of these to the last."""
    rates = [None if piece.line is None else piece.line.rate for piece in pieces]
    first, *middle, last = (np.nan if rate is None else rate for rate in rates)
    if not (first > STANDS and abs(first - last) < _ALIKE):
        return False
    if not all(rate > STANDS and abs(rate - first) > _SAME for rate in middle):
        return False
    start, end = cost.times[[pieces[1].first, pieces[-1].first]]
    before, after = _lines(pieces[0], pieces[-1])
    leap = abs(float(after.at(end) - before.at(end)))
    return bool(end - start < _LONGEST) and _LEAST_LEAP < leap < _MOST_LEAP


def _lines(before: Piece, after: Piece) -> tuple[Line, Line]:
    assert before.line is not None and after.line is not None  # noqa: PT018, S101  # asked by `_may`
    return before.line, after.line


def _through(cost: Sharp, weights: Nats, pieces: Sequence[Piece]) -> list[Piece]:
    """The first and last piece, and what runs through between; none where that is no better."""
    around = _Around.of(cost, weights, pieces)
    now = around.now(pieces)
    found = _best(around)
    if found is None or found.spent > now + (_JOINED if around.is_met(pieces) else -_GAIN):
        return []
    around = around.without(found)
    again = around.best(np.array([found.start]), np.array([found.end])) or found
    return around.pieces(_plainest(around, _finer(around, again, _GRID[1:])))


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch that runs through, in seconds of the suspect, and what all around it then costs."""

    start: float
    end: float
    rate: float
    spent: float


@dataclass(frozen=True, slots=True)
class _Around:
    """The samples around a leap, and the pieces before and after it."""

    cost: Sharp
    weights: Nats
    ends: tuple[Piece, Piece]
    rows: Rows
    sums: tuple[Nats, Nats]  # (n + 1,), what samples until each cost on the line before, and after

    @classmethod
    def of(cls, cost: Sharp, weights: Nats, pieces: Sequence[Piece]) -> "_Around":
        """Those within reach."""
        before, after = pieces[0], pieces[-1]
        first, last = cost.times[[pieces[1].first, after.first]]
        places = np.searchsorted(cost.times, [first - _REACH, last + _REACH]).tolist()
        rows = np.arange(max(before.first, places[0]), min(after.last + 1, places[1]))
        return cls._on(cost, weights, (before, after), rows)

    @classmethod
    def _on(cls, cost: Sharp, weights: Nats, ends: tuple[Piece, Piece], rows: Rows) -> "_Around":
        spent = [_spent(cost, weights, rows, each.line) for each in ends]
        sums = [np.concatenate(([0.0], np.cumsum(each, dtype=np.float64))) for each in spent]
        return cls(cost, weights, ends, rows, (sums[0], sums[1]))

    @property
    def times(self) -> Times:
        """Seconds of the samples."""
        return self.cost.times[self.rows]

    @property
    def lines(self) -> tuple[Line, Line]:
        """The lines before and after."""
        return _lines(*self.ends)

    def now(self, pieces: Sequence[Piece]) -> float:
        """What the samples cost as they lie on these pieces, or with a cut at its best place."""
        before, after = self.sums
        cut = float((before + after[-1] - after).min())
        if len(pieces) == 2:
            return cut
        told = 0.0
        for piece in pieces:
            own = self.rows[(self.rows >= piece.first) & (self.rows <= piece.last)]
            told += float(_spent(self.cost, self.weights, own, piece.line).sum())
        return told

    def is_met(self, pieces: Sequence[Piece]) -> bool:
        """Whether a stretch at another rate between the two begins and ends where they do."""
        if len(pieces) == 2 or (line := pieces[1].line) is None:
            return False
        edges = self.cost.times[[pieces[1].first, pieces[2].first]]
        missed = [
            float(abs(one.at(at) - line.at(at))) for one, at in zip(self.lines, edges, strict=True)
        ]
        return max(missed) <= _MEETS

    def spent(self, starts: Times, ends: Times) -> tuple[Times, Times]:
        """What each run costs, with what lies around it; and its rate."""
        times, (before, after) = self.times, self.lines
        moments = before.at(starts)
        rates = (after.at(ends) - moments) / np.maximum(ends - starts, _LEAST)
        first, last = np.searchsorted(times, starts), np.searchsorted(times, ends)
        spent = self.sums[0][first] + self.sums[1][-1] - self.sums[1][last]
        places = np.arange(len(times))[:, None]
        row, run = np.nonzero((places >= first) & (places < last))
        shown = moments[run] + rates[run] * (times[row] - starts[run])
        inside = self.cost.exactly(self.rows[row], shown) * self.weights[self.rows[row]]
        spent = spent + np.bincount(run, inside, len(starts))
        odd = (ends - starts < _LEAST - 1e-9) | (rates < _SLOWEST) | (rates > _FASTEST)
        return np.where(odd, np.inf, spent), rates

    def at_rates(self, starts: Times, rates: Times) -> tuple[Times, Times]:
        """The runs that begin at some times at some rates: where they begin, and where they end."""
        before, after = self.lines
        leaps = after.at(starts) - before.at(starts)
        return starts, starts + leaps / (rates - after.rate)

    def best(self, starts: Times, ends: Times) -> _Run | None:
        """The run of these that costs least; None if none can be."""
        low, high = self.times[[0, -1]]
        good = (starts > low) & (ends <= high)  # something is left on either side
        good &= (ends - starts >= _LEAST) & (ends - starts <= _LONGEST)
        if not good.any():
            return None
        starts, ends = starts[good], ends[good]
        spent, rates = self.spent(starts, ends)
        place = int(spent.argmin())
        found = _Run(*(float(each[place]) for each in (starts, ends, rates, spent)))
        return found if np.isfinite(found.spent) else None

    def without(self, run: _Run) -> "_Around":
        """The same with the lines before and after fitted to what is none of a run."""
        first, last = np.searchsorted(self.cost.times, [run.start, run.end]).tolist()
        outer = ((self.ends[0].first, first - 1), (last, self.ends[1].last))
        ends = [
            self._fitted(piece, Piece(*span, piece.line))
            for piece, span in zip(self.ends, outer, strict=True)
        ]
        return self._on(self.cost, self.weights, (ends[0], ends[1]), self.rows)

    def _fitted(self, piece: Piece, part: Piece) -> Piece:
        """A piece with the line that fits a part of it best, at the same rate."""
        if part.line is None or part.last - part.first < _LEAST_ROWS:
            return piece
        line = shifted(self.cost, self.weights, part.rows(), part.line, part.line.rate)
        return Piece(piece.first, piece.last, line)

    def pieces(self, run: _Run) -> list[Piece]:
        """The pieces before and after, and the run between them."""
        first, last = np.searchsorted(self.cost.times, [run.start, run.end]).tolist()
        before, after = self.ends
        moment = float(self.lines[0].at(np.array(run.start)))
        line = Line(run.rate, moment - run.rate * run.start)
        return [
            Piece(before.first, first - 1, before.line),
            Piece(first, last - 1, line),
            Piece(last, after.last, after.line),
        ]


def _spent(cost: Sharp, weights: Nats, rows: Rows, line: Line | None) -> Nats:
    assert line is not None  # noqa: S101  # asked by `_may`
    return cost.exactly(rows, line.at(cost.times[rows])) * weights[rows]


def _best(around: _Around) -> _Run | None:
    """The run that costs least: of all whose edges lie on a grid, and of all at plain rates."""
    low, high = around.times[[0, -1]]
    grid = np.arange(low, high, _GRID[0])
    some = around.best(*(each.ravel() for each in np.meshgrid(grid, grid, indexing="ij")))
    starts, rates = np.meshgrid(np.arange(low, high, _GRID[1]), _plain(around, _PLAIN[1][0]))
    plain = around.best(*around.at_rates(starts.ravel(), rates.ravel()))
    found = min((each for each in (some, plain) if each), key=_cost, default=None)
    return None if found is None else _finer(around, found, _GRID)


def _cost(run: _Run) -> float:
    return run.spent


def _plain(around: _Around, step: float) -> Times:
    """The rates that are multiples of a step, at which the original may have run through."""
    rates = np.arange(np.ceil(_SLOWEST / step), _FASTEST / step + 0.5) * step
    return rates[np.abs(rates - around.lines[1].rate) > _SAME]


def _finer(around: _Around, run: _Run, grid: Sequence[float]) -> _Run:
    """The best run near one, ever nearer."""
    for step, finer in pairwise(grid):
        near = np.arange(-step, step + finer / 2, finer)
        both = np.meshgrid(run.start + near, run.end + near, indexing="ij")
        starts, ends = (each.ravel() for each in both)
        run = min((around.best(starts, ends) or run, run), key=_cost)
    return run


def _plainest(around: _Around, run: _Run) -> _Run:
    """The run at a plain rate that costs least, where that costs about as little."""
    reach = np.arange(-_UNSURE, _UNSURE + _GRID[-1] / 2, _GRID[-1])
    for step, free in _PLAIN:
        starts, rates = np.meshgrid(run.start + reach, _plain(around, step))
        starts, ends = around.at_rates(starts.ravel(), rates.ravel())
        near = np.abs(ends - run.end) <= _UNSURE
        found = around.best(starts[near], ends[near])
        if found is not None and found.spent <= run.spent + free:
            rate = round(round(found.rate / step) * step, 4)
            return _Run(found.start, found.end, rate, found.spent)
    return run
