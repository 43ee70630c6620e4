"""The rates of lines that are about right, to a fraction of a percent. Pure.

`timeline.align` allows a frame to be shown a moment early or late, as encoders do; over a stretch
of one second that is some percent of its rate. Here the frames of a stretch are held against the
moments that a line says they show, and nothing is allowed: what encoders do to single frames is
lost in their number. Of rates that fit as well the plainest is taken: people type 0.75 and 2.

Of a record's few frames a second most samples are far, and only those that happen to lie on one
of its frames tell. A copy of another number of frames shows each a little early or late, and by
which of them lie on a frame on record it would seem a percent faster. So there another speed is
only said where it fits better too if frames may be early or late.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from .lines import Cost, Line, Nats, Piece, Rows, Times
from .timeline import STANDS, chain, weights_of

_LEAST_ROWS, _MOST_ROWS = 8, 160
_AWAY = 0.06  # seconds by which a line may be wrong at either end of its stretch
_STEPS = 25  # of shifts and of tilts that are tried
_FURTHER = 4  # times at most, that it is followed so far
_FAR = 2 * _AWAY  # seconds between two frames of the original, most of which is far from both
# Nats that the original's speed may cost more than another, from a record, frames early or late:
# of honest copies that seemed faster or slower at most 1.2, of 8 s at 97 or 103 % at least 2.7.
_FREE = 2.0
# Rates that are whole multiples of these are plain, the plainest first; and how many nats they may
# cost more than the best one.
_PLAIN = ((0.25, 1.0), (0.05, 0.3), (0.01, 0.3))


class Sharp(Cost, Protocol):
    """A `timeline.Cost` that also tells frames that follow one another apart."""

    def exactly(self, rows: Rows, moments: Times) -> Nats:
        """The cost of samples, (k,), each at its own moments, (k, ...), no more and no less."""
        ...


def sharpened(cost: Sharp, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with exact lines, and with ends where these lines meet."""
    weights = weights_of(cost.times)
    exact = [
        Piece(each.first, each.last, _exact(cost, weights, each, each.line)) if each.line else each
        for each in pieces
    ]
    lines = list(dict.fromkeys(each.line for each in exact if each.line is not None))
    return chain(cost, weights, lines) if lines else exact


def shifted(cost: Sharp, weights: Nats, rows: Rows, line: Line, rate: float = 1.0) -> Line:
    """The line at a rate, near a line, that fits these samples best."""
    middle = float(cost.times[rows].mean())
    moment = float(line.at(np.array(middle)))
    return _best(cost, weights, rows, (middle, 0.0), (moment, rate))[0]


def _exact(cost: Sharp, weights: Nats, piece: Piece, line: Line) -> Line:
    rows = piece.rows(_MOST_ROWS)
    rows = rows[1:-1]  # the outermost may belong to what comes before and after
    times = cost.times[rows]
    if abs(line.rate) < STANDS:
        return Line(0.0, float(line.at(times).mean()))
    if len(rows) < _LEAST_ROWS:
        return line
    middle, half = float(times.mean()), max(float(np.ptp(times)) / 2, 1e-3)
    moment = float(line.at(np.array(middle)))
    found, least = _best(cost, weights, rows, (middle, half), (moment, line.rate))
    at = float(found.at(np.array(middle)))
    gap = _gap(cost.moments, found.at(times))
    if gap > _FAR and abs(found.rate - 1) * half < gap:
        plain, _ = _best(cost, weights, rows, (middle, 0.0), (at, 1.0))
        if _loosely(cost, weights, rows, plain) <= _loosely(cost, weights, rows, found) + _FREE:
            return plain
    for rate, free in _plainer(found.rate, 1.5 * _AWAY / half):
        plain, spent = _best(cost, weights, rows, (middle, 0.0), (at, rate))
        if spent <= least + free:
            return plain
    return found


def _gap(frames: Times, moments: Times) -> float:
    """The seconds between the two frames of the original that most moments lie between."""
    after = np.searchsorted(frames, moments).clip(1, len(frames) - 1)
    return float(np.median(frames[after] - frames[after - 1]))


def _loosely(cost: Cost, weights: Nats, rows: Rows, line: Line) -> float:
    """What a line costs where frames may be early or late, all of them and each by itself."""
    moments = line.at(cost.times[rows])[:, None] + np.linspace(-_AWAY, _AWAY, _STEPS)
    return float((cost.at(rows, moments) * weights[rows, None]).sum(0).min())


def _plainer(rate: float, within: float) -> Iterator[tuple[float, float]]:
    """Plain rates near a rate, the plainest first, and what each may cost more."""
    for step, free in _PLAIN:
        plain = round(round(rate / step) * step, 4)
        if plain and abs(plain - rate) <= within:
            yield plain, free


def _best(
    cost: Sharp,
    weights: Nats,
    rows: Rows,
    stretch: tuple[float, float],
    start: tuple[float, float],
) -> tuple[Line, float]:
    """The best line that passes near a moment at about a rate, and what it costs.

    `stretch` is the middle and half the length of the samples' times; with no length, the rate
    stays as it is.
    """
    (middle, half), (moment, rate) = stretch, start
    times, spent = cost.times[rows], np.inf
    for zoom, most in ((1.0, _FURTHER), (0.3, 1), (0.08, 1)):
        steps = np.linspace(-_AWAY, _AWAY, _STEPS) * zoom
        shifts, tilts = (each.ravel() for each in np.meshgrid(steps, steps if half else [0.0]))
        for _ in range(most):
            rates = rate + tilts / (half or 1.0)
            moments = moment + shifts + rates * (times[:, None] - middle)
            costs = (cost.exactly(rows, moments) * weights[rows, None]).sum(0)
            best = int(costs.argmin())
            spent, rate, moment = float(costs[best]), float(rates[best]), moment + shifts[best]
            if max(abs(shifts[best]), abs(tilts[best])) < steps[-1]:
                break
    return Line(rate, float(moment) - rate * middle), spent
