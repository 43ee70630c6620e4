"""The time map of samples: lines are found, kept where nothing can be told, and never invented."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from verifier.compare.lines import Nats, Piece, Rows, Times
from verifier.compare.result import SegmentKind
from verifier.compare.segments import removed_from, segments_of, united
from verifier.compare.timeline import OUTSIDE, align, nearest

Walk = npt.NDArray[np.float64]


class Wandering:
    """A `Cost` of points that wander: the suspect shows points of the original, with noise."""

    def __init__(self, suspect: Walk, original: Walk, step: float = 0.04) -> None:
        self.times: Times = np.arange(len(suspect), dtype=np.float64) * step
        self.moments: Times = np.arange(len(original), dtype=np.float64) * step
        self.still: Nats = np.zeros(len(suspect), np.float32)
        self._ours, self._theirs = suspect, original

    def _nats(self, ours: Walk, theirs: Walk) -> Nats:
        return np.asarray(np.minimum(((ours - theirs) ** 2).sum(-1), 8), np.float32)

    def block(self, rows: Rows) -> Nats:
        return self._nats(self._ours[rows][:, None], self._theirs[None])

    def at(self, rows: Rows, moments: Times) -> Nats:
        ours = self._ours[rows].reshape(len(rows), *(1,) * (moments.ndim - 1), -1)
        costs = self._nats(ours, self._theirs[nearest(self.moments, moments)])
        outside = (moments < -0.1) | (moments > self.moments[-1] + 0.1)
        return np.where(outside, np.float32(OUTSIDE), costs)

    def told(self, one: Times, other: Times) -> npt.NDArray[np.bool_]:
        apart = (
            self._theirs[nearest(self.moments, one)] - self._theirs[nearest(self.moments, other)]
        )
        return np.asarray(np.abs(apart).max(-1) > 0.5)


def wander(count: int, seed: int = 0) -> Walk:
    steps = np.random.default_rng(seed).normal(0, 1, (count, 6))
    return np.cumsum(steps, 0)


def shown(original: Walk, frames: npt.NDArray[np.float64], seed: int = 1) -> Walk:
    noise = np.random.default_rng(seed).normal(0, 0.2, (len(frames), original.shape[1]))
    return np.asarray(original[np.round(frames).astype(int)] + noise)


def kinds(suspect: Walk, original: Walk) -> list[SegmentKind]:
    cost = Wandering(suspect, original)
    duration = len(suspect) * 0.04
    found = segments_of(align(cost), cost.times, duration, [(0.0, len(original) * 0.04, 0)])
    return [each.kind for each in found.segments]


ORIGINAL = wander(500)
ALL = np.arange(500.0)


def test_an_untouched_copy_is_one_stretch_of_the_same() -> None:
    (piece,) = align(Wandering(shown(ORIGINAL, ALL), ORIGINAL))
    assert piece.line is not None
    assert piece.line.rate == 1.0
    assert abs(piece.line.start) < 0.02


@pytest.mark.parametrize("rate", [0.5, 0.75, 0.83, 1.07, 1.5])
def test_another_speed_is_found_within_one_percent(rate: float) -> None:
    frames = np.arange(0, 499, rate)
    (piece,) = align(Wandering(shown(ORIGINAL, frames), ORIGINAL))
    assert piece.line is not None
    assert piece.line.rate == pytest.approx(rate, rel=0.01)


def test_one_second_at_double_speed_is_found_within_two_frames() -> None:
    frames = np.concatenate([ALL[:200], np.arange(200, 250, 2.0), ALL[250:]])
    first, second, third = align(Wandering(shown(ORIGINAL, frames), ORIGINAL))
    assert abs(second.first - 200) <= 2
    assert abs(third.first - 225) <= 2
    assert second.line is not None
    assert second.line.rate == pytest.approx(2, rel=0.05)
    assert first.line is not None


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        (np.concatenate([ALL[:150], ALL[250:]]), ["same", "same"]),
        (np.concatenate([ALL[:250], ALL[150:]]), ["same", "repeated", "same"]),
        (np.concatenate([ALL[:250], np.full(40, 250.0), ALL[250:]]), ["same", "frozen", "same"]),
        (np.concatenate([ALL[:150], ALL[250:150:-1], ALL[250:]]), ["same", "reversed", "same"]),
        (np.concatenate([ALL[300:], ALL[:300]]), ["same", "same"]),
    ],
)
def test_what_was_done_is_called_by_its_name(
    frames: npt.NDArray[np.float64], wanted: list[str]
) -> None:
    assert kinds(shown(ORIGINAL, frames), ORIGINAL) == wanted


def test_what_comes_from_elsewhere_is_inserted_and_what_it_hides_is_removed() -> None:
    foreign = wander(60, seed=9) + 50
    suspect = np.concatenate([shown(ORIGINAL, ALL[:200]), foreign, shown(ORIGINAL, ALL[260:])])
    cost = Wandering(suspect, ORIGINAL)
    found = segments_of(align(cost), cost.times, 20.0, [(0.0, 20.0, 0)])
    assert [each.kind for each in found.segments] == ["same", "inserted", "same"]
    assert found.segments[1].suspect == pytest.approx((8.0, 10.4), abs=0.08)
    ((first, last),) = removed_from(found, 0).removed
    assert (first, last) == pytest.approx((8.0, 10.4), abs=0.08)


def test_a_scene_in_which_nothing_moves_gives_no_breaks() -> None:
    still = np.zeros((500, 6))
    noise = np.random.default_rng(3).normal(0, 0.3, (500, 6))
    assert kinds(still + noise, still) == [SegmentKind.SAME]


def test_a_still_stretch_is_bridged_by_the_line_around_it() -> None:
    original = ORIGINAL.copy()
    original[150:350] = original[150]
    noise = np.random.default_rng(3).normal(0, 0.3, original.shape)
    assert kinds(original + noise, original) == [SegmentKind.SAME]


def test_what_stands_still_in_the_suspect_is_frozen_though_the_scene_hardly_moves() -> None:
    original = ORIGINAL.copy()
    original[150:350] = original[150] + 0.002 * (original[150:350] - original[150])
    frames = np.concatenate([ALL[:250], np.full(50, 250.0), ALL[250:]])
    cost = Wandering(shown(original, frames), original)
    assert [piece.line and piece.line.rate for piece in align(cost)] != [1.0, 0.0, 1.0]
    cost.still[:] = -3
    cost.still[250:300] = 3
    first, frozen, last = align(cost)
    assert (frozen.first, last.first) == pytest.approx((250, 300), abs=2)
    assert frozen.line is not None
    assert frozen.line.rate == 0.0
    assert frozen.line.start == pytest.approx(10.0, abs=0.1)
    assert first.line is not None
    assert first.line.rate == 1.0


def test_what_moves_is_not_frozen_however_well_one_moment_fits() -> None:
    original = ORIGINAL.copy()
    original[100:130] = ORIGINAL[115] + np.where(ALL[:30, None] < 15, -0.8, 0.8)
    suspect = shown(original, ALL)
    suspect[100:130] -= original[100:130] - ORIGINAL[115]  # as if it showed one moment
    cost = Wandering(suspect, original)
    cost.still[:] = -3
    assert not any(piece.line and piece.line.rate == 0.0 for piece in align(cost))


def test_one_sample_is_aligned_too() -> None:
    pieces = align(Wandering(shown(ORIGINAL, ALL[200:201]), ORIGINAL))
    assert [(piece.first, piece.last) for piece in pieces] == [(0, 0)]


def test_pieces_follow_one_another_without_holes() -> None:
    order = np.random.default_rng(5).permutation(10).repeat(50)
    frames = np.asarray(order * 50.0 + np.tile(ALL[:50], 10), np.float64)
    pieces: list[Piece] = align(Wandering(shown(ORIGINAL, frames), ORIGINAL))
    assert pieces[0].first == 0
    assert pieces[-1].last == 499
    assert all(one.last + 1 == other.first for one, other in pairwise(pieces))


def test_united_intervals_close_small_holes_only() -> None:
    assert united([(5, 6), (0, 1), (1.05, 2)], 0.1) == [(0, 2), (5, 6)]
