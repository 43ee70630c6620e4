"""A second that is played in half of one is told from half a second that is left out."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from verifier.compare.leaps import run_through
from verifier.compare.lines import Line, Piece

from .test_exact import Between
from .test_timeline import Walk, shown, wander

FAINT = wander(500) * 0.25  # hardly more than the noise, from one frame to the next
BEFORE = 150  # frames
LENGTH = 25


def played(original: Walk, rate: float, length: int = LENGTH) -> Between:
    """So many frames at another rate, after BEFORE frames as they were."""
    after = BEFORE + round(rate * length)
    frames = np.concatenate(
        [np.arange(BEFORE), BEFORE + rate * np.arange(length), np.arange(after, len(original))]
    )
    return Between(shown(original, np.floor(frames)), original)


def leap(cost: Between, seconds: float, at: int) -> list[Piece]:
    """A cut, as `timeline` tells one: at a row, so many seconds of the original further on."""
    return [
        Piece(0, at - 1, Line(1.0, 0.0)),
        Piece(at, len(cost.times) - 1, Line(1.0, seconds)),
    ]


@pytest.mark.parametrize("rate", [0.5, 1.5, 2.0, 3.0])
def test_what_runs_through_is_no_cut(rate: float) -> None:
    cost = played(FAINT, rate)
    _, second, third = run_through(cost, leap(cost, rate - 1, BEFORE + 12))
    assert second.line is not None
    assert second.line.rate == rate
    assert (second.first, third.first) == pytest.approx((BEFORE, BEFORE + LENGTH), abs=2)


def test_a_rate_that_nobody_types_is_told_to_a_percent() -> None:
    cost = played(wander(500), 1.62)
    _, second, _ = run_through(cost, leap(cost, 0.62, BEFORE + 10))
    assert second.line is not None
    assert second.line.rate == pytest.approx(1.62, rel=0.01)


@pytest.mark.parametrize("left_out", [5, 25, 60])
def test_a_cut_remains_a_cut(left_out: int) -> None:
    frames = np.concatenate([np.arange(BEFORE), np.arange(BEFORE + left_out, 500)])
    for seed in range(4):
        cost = Between(shown(FAINT, frames.astype(float), seed), FAINT)
        pieces = leap(cost, left_out * 0.04, BEFORE)
        assert run_through(cost, pieces) == pieces


def test_where_nothing_moves_a_cut_remains_a_cut() -> None:
    still = np.zeros_like(FAINT)
    for seed in range(4):
        cost = Between(shown(still, np.arange(475.0), seed), still)
        pieces = leap(cost, 1.0, BEFORE)
        assert run_through(cost, pieces) == pieces


def test_a_stretch_that_was_found_already_gets_both_its_edges_right() -> None:
    cost = played(FAINT, 2.0)
    rate, first, last = 1.75, BEFORE - 4, BEFORE + LENGTH + 5
    about = [
        Piece(0, first - 1, Line(1.0, 0.0)),
        Piece(first, last - 1, Line(rate, (1 - rate) * first * 0.04)),
        Piece(last, len(cost.times) - 1, Line(1.0, 1.0)),
    ]
    _, second, third = run_through(cost, about)
    assert second.line is not None
    assert second.line.rate == 2.0
    assert second.line.start == pytest.approx(-BEFORE * 0.04, abs=0.03)
    assert (second.first, third.first) == pytest.approx((BEFORE, BEFORE + LENGTH), abs=2)


@pytest.mark.parametrize("rate", [0.0, -1.0, None])
def test_nothing_runs_through_what_stands_still_or_goes_back_or_is_foreign(
    rate: float | None,
) -> None:
    cost = played(FAINT, 1.0)
    middle = None if rate is None else Line(rate, 6.0 - rate * 6.0)
    pieces = [
        Piece(0, 149, Line(1.0, 0.0)),
        Piece(150, 174, middle),
        Piece(175, len(cost.times) - 1, Line(1.0, 1.0)),
    ]
    assert run_through(cost, pieces) == pieces


def test_of_a_clip_with_a_hundred_cuts_no_more_than_some_are_looked_at() -> None:
    original: npt.NDArray[np.float64] = wander(500)
    cost = Between(shown(original, np.arange(500.0)), original)
    pieces = [
        Piece(5 * number, 5 * number + 4, Line(1.0, 0.2 * (number % 2))) for number in range(100)
    ]
    found = run_through(cost, pieces)
    assert [found[0].first, found[-1].last] == [0, 499]
    assert all(one.last + 1 == other.first for one, other in pairwise(found))
