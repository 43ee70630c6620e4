"""Rates to a fraction of a percent, also of a single second."""

import numpy as np
import pytest

from verifier.compare.exact import sharpened
from verifier.compare.lines import Line, Nats, Piece, Rows, Times
from verifier.compare.timeline import OUTSIDE

from .test_timeline import Walk, Wandering, shown, wander

ORIGINAL = wander(500)


class Between(Wandering):
    """A cost that also knows what lies between two points."""

    def exactly(self, rows: Rows, moments: Times) -> Nats:
        ours = self._ours[rows].reshape(len(rows), *(1,) * (moments.ndim - 1), -1)
        places = np.clip(moments / 0.04, 0, len(self._theirs) - 1.001)
        low, part = places.astype(int), (places % 1)[..., None]
        theirs: Walk = self._theirs[low] * (1 - part) + self._theirs[low + 1] * part
        outside = (moments < -0.1) | (moments > self.moments[-1] + 0.1)
        return np.where(outside, np.float32(OUTSIDE), self._nats(ours, theirs))


@pytest.mark.parametrize("rate", [0.75, 0.83, 1.07, 2.0, 2.37, -1.0])
def test_a_second_at_another_rate_is_told_to_a_percent(rate: float) -> None:
    frames = (200 + np.arange(25) * rate).astype(np.float64)
    cost = Between(shown(ORIGINAL, frames), ORIGINAL)
    about = Line(rate * 1.03, 8.0 - 0.015 * rate)
    (piece,) = sharpened(cost, [Piece(0, 24, about)])
    assert piece.line is not None
    assert piece.line.rate == pytest.approx(rate, rel=0.01)


def test_a_rate_that_is_far_from_the_first_guess_is_followed_to_where_it_fits() -> None:
    frames = (100 + np.arange(200) * 1.07).astype(np.float64)
    cost = Between(shown(ORIGINAL, frames), ORIGINAL)
    middle = 4.0 + 1.07 * 4.0
    (piece,) = sharpened(cost, [Piece(0, 199, Line(1.03, middle - 1.03 * 4.0))])
    assert piece.line is not None
    assert piece.line.rate == pytest.approx(1.07, abs=0.002)


def test_of_rates_that_fit_as_well_the_plainest_is_said() -> None:
    still = np.zeros((40, 6)) + ORIGINAL[100]
    cost = Between(still, np.zeros((500, 6)) + ORIGINAL[100])
    (piece,) = sharpened(cost, [Piece(0, 39, Line(0.763, 2.0))])
    assert piece.line is not None
    assert piece.line.rate == 0.75


def test_stretches_meet_where_their_lines_do() -> None:
    frames = np.concatenate([np.arange(100, 150), 150 + 2 * np.arange(25), np.arange(200, 250)])
    cost = Between(shown(ORIGINAL, frames.astype(float)), ORIGINAL)
    pieces = [
        Piece(0, 51, Line(1.0, 4.0)),
        Piece(52, 73, Line(1.97, 2.06)),
        Piece(74, 124, Line(1.0, 5.0)),
    ]
    found = sharpened(cost, pieces)
    assert [each.line.rate for each in found if each.line] == [1.0, 2.0, 1.0]
    assert [each.first for each in found] == pytest.approx([0, 50, 75], abs=1)


def test_what_shows_nothing_of_the_original_stays_so() -> None:
    foreign = np.random.default_rng(3).normal(900, 1, (40, 6))
    pieces = [Piece(0, 39, None)]
    assert sharpened(Between(foreign, ORIGINAL), pieces) == pieces
