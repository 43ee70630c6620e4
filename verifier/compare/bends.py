"""Within what a stretch at another speed begins and ends, and how fast it may be. Pure.

Where a clip is slowed for a second and then runs on as before, its frames lag ever more from the
one moment to the other. Of four frames a second few lie in between: a short stretch that is much
slower and a long one that is little slower show nearly the same. All that explain the frames nearly
as well as the best one are as likely as it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .exact import Sharp, shifted
from .lines import Line, Nats, Piece, Times
from .result import Interval
from .timeline import STANDS, weights_of

_MEETS = 0.3  # seconds, by which a line may miss the one before it: more is a leap
_TURNS = 0.02  # of the rate: lines that differ less are one
_REACH = 2.5  # seconds on either side are looked at
_BESIDE = 1.0  # seconds that tell where the clip would run on as in the original
_STEPS = 40  # edges that are tried on either side
_LEAST = 0.2  # seconds between two of them
_SLOWEST, _FASTEST = 0.25, 4.0
_MOST_ROWS = 160
_SLACK = 3.0  # nats by which a likely stretch may explain less than the best one


@dataclass(frozen=True, slots=True)
class Bend:
    """A stretch of the suspect that was said to play at another speed, and what it may be."""

    suspect: Interval
    starts: Interval
    ends: Interval
    rates: Interval


def bends(cost: Sharp, pieces: Sequence[Piece], duration: float) -> list[Bend]:
    """For each piece at another speed its limits; of the last the suspect's end is one."""
    weights = weights_of(cost.times)
    found = []
    edges = [*(float(cost.times[each.first]) for each in pieces), duration]
    for number, piece in enumerate(pieces):
        if piece.line is None or piece.line.rate < STANDS or abs(piece.line.rate - 1) < _TURNS:
            continue
        told = edges[number], edges[number + 1]
        if told[1] - told[0] < 2 * _LEAST:
            continue
        sides, limits = [], []
        for step, edge in ((-1, told[0]), (1, told[1])):
            near = pieces[number + step] if 0 <= number + step < len(pieces) else None
            if near is not None and near.line is not None and _meets(near.line, piece.line, edge):
                sides.append(near.line)
                limits.append(float(cost.times[near.first if step < 0 else near.last]))
            else:
                sides.append(_run_on(cost, weights, piece, step))
                limits.append(edge)
        found.append(_bend(cost, weights, piece.line, (sides[0], sides[1]), told, limits))
    return found


def _meets(one: Line, other: Line, at: float) -> bool:
    apart = (one.rate - other.rate) * at + one.start - other.start
    return abs(apart) < _MEETS and abs(one.rate - other.rate) > _TURNS


def _run_on(cost: Sharp, weights: Nats, piece: Piece, step: int) -> Line:
    """The line at the original's speed that the first or last second of a piece would follow."""
    assert piece.line is not None  # noqa: S101  # asked by the caller
    rows = np.arange(piece.first, piece.last + 1)
    edge = cost.times[piece.first if step < 0 else piece.last]
    return shifted(cost, weights, rows[np.abs(cost.times[rows] - edge) <= _BESIDE], piece.line)


def _bend(
    cost: Sharp,
    weights: Nats,
    line: Line,
    sides: tuple[Line, Line],
    told: Interval,
    limits: Sequence[float],
) -> Bend:
    """What fits nearly as well as what fits best, of lines between any two moments."""
    first, last = max(limits[0], told[0] - _REACH), min(limits[1], told[1] + _REACH)
    places = np.searchsorted(cost.times, [first, last]).tolist()
    rows = Piece(places[0], min(places[1], len(cost.times) - 1), None).rows(_MOST_ROWS)
    times = cost.times[rows]
    each = weights[rows] * float(weights[rows[0] : rows[-1] + 1].sum() / weights[rows].sum())
    before, after = (cost.exactly(rows, side.at(times)) * each for side in sides)
    starts = np.append(np.linspace(first, told[1], _STEPS), told[0])
    ends = np.append(np.linspace(told[0], last, _STEPS), told[1])
    spent = np.full((len(starts), len(ends)), np.inf)
    rates = np.zeros_like(spent)
    for number, start in enumerate(starts.tolist()):
        moment = sides[0].rate * start + sides[0].start
        length = np.maximum(ends - start, _LEAST)
        rates[number] = (sides[1].at(ends) - moment) / length
        between = cost.exactly(rows, moment + rates[number] * (times[:, None] - start))
        outside = np.where(times < start, before, after)[:, None]
        inside = (times[:, None] >= start) & (times[:, None] < ends)
        spent[number] = np.where(inside, between * each[:, None], outside).sum(0)
        spent[number, ends - start < _LEAST] = np.inf
    spent[(rates < _SLOWEST) | (rates > _FASTEST)] = np.inf
    likely = np.isfinite(spent) & (spent <= spent.min() + _SLACK)
    return Bend(
        told,
        _around(starts[likely.any(1)], told[0]),
        _around(ends[likely.any(0)], told[1]),
        _around(rates[likely], line.rate),
    )


def _around(values: Times, told: float) -> Interval:
    return float(min([told, *values])), float(max([told, *values]))
