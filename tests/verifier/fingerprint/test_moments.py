"""Seconds of two clips that may be the same: in the original's order, at about its speed."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.fingerprint.align import bit_distances
from verifier.fingerprint.described import Footage
from verifier.fingerprint.footage_index import MOST_ALIGNED, near_footage
from verifier.fingerprint.moments import VIEW_THRESHOLD, _cheapest, align_footage, find_moments

Hashes = npt.NDArray[np.uint8]


def hashes(count: int, seed: int) -> Hashes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def worn(rows: Hashes, flips: int, seed: int = 1) -> Hashes:
    """Hashes with so many bits turned over in each."""
    random = np.random.default_rng(seed)
    bits = np.unpackbits(rows, axis=1)
    for row in bits:
        row[random.choice(256, flips, replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def footage(rows: Hashes, times: npt.ArrayLike | None = None) -> Footage:
    shown = np.arange(len(rows), dtype=float) if times is None else np.asarray(times, float)
    return Footage(float(shown[-1]) + 1, shown, rows)


ORIGINAL = footage(hashes(40, 0))


@pytest.mark.parametrize(
    "shown",
    [
        list(range(5, 15)),
        [5, 6, 6, 7, 8, 9, 9, 10],  # slowed
        [5, 7, 9, 11, 13, 15],  # at twice its speed
        [5, 6, 7, 8, 30, 31, 32, 33],  # cut
        [30, 31, 32, 33, 5, 6, 7, 8],  # re-ordered
    ],
)
def test_a_copy_is_followed_through_an_edit_of_its_time(shown: list[int]) -> None:
    found = find_moments(footage(worn(ORIGINAL.hashes[shown], 70)), ORIGINAL)
    assert found.theirs.tolist() == shown
    assert found.ours.tolist() == list(range(len(shown)))
    assert set(found.bits.tolist()) == {70}


def test_a_second_that_looks_like_another_one_stays_in_its_place() -> None:
    """A close crop is nearer to some other second by chance: the seconds around it say more."""
    rows = worn(ORIGINAL.hashes[10:20], 75)
    rows[4] = worn(ORIGINAL.hashes[[14]], 80)[0]
    original = footage(ORIGINAL.hashes.copy())
    original.hashes[33] = worn(rows[[4]], 65)[0]
    assert find_moments(footage(rows), original).theirs.tolist() == list(range(10, 20))


def test_seconds_from_elsewhere_are_left_out_and_the_rest_is_told() -> None:
    rows = np.concatenate([hashes(6, 7), worn(ORIGINAL.hashes[20:25], 60), hashes(4, 8)])
    found = find_moments(footage(rows), ORIGINAL)
    assert found.theirs.tolist() == [20, 21, 22, 23, 24]
    told = align_footage(footage(rows), ORIGINAL)
    assert told is not None
    assert (told.length, told.overlap, told.offset) == (5, 5, 14)
    assert told.distance == 60 / 256
    assert align_footage(footage(hashes(9, 9)), ORIGINAL) is None


def test_of_two_views_of_a_second_the_nearer_counts() -> None:
    rows = np.stack([hashes(8, 3), worn(ORIGINAL.hashes[3:11], 50)], axis=1).reshape(-1, 32)
    found = find_moments(footage(rows, np.repeat(np.arange(8), 2)), ORIGINAL)
    assert found.theirs.tolist() == list(range(3, 11))
    back = find_moments(ORIGINAL, footage(rows, np.repeat(np.arange(8), 2)))
    assert back.ours.tolist() == list(range(3, 11))


def test_of_a_long_suspect_seconds_from_everywhere_are_followed() -> None:
    original = footage(hashes(2000, 4))
    found = find_moments(footage(worn(original.hashes[100:1900], 70)), original)
    assert len(found.ours) == 512
    assert (found.theirs == found.ours + 100).all()
    told = align_footage(footage(worn(original.hashes[100:1900], 70)), original)
    assert told is not None
    assert told.overlap == pytest.approx(1800)


def test_single_seconds_are_laid_over_one_another() -> None:
    one = footage(ORIGINAL.hashes[:1])
    for ours, theirs in ((one, one), (one, ORIGINAL), (ORIGINAL, one)):
        assert find_moments(ours, theirs).theirs.tolist() == [0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 5))
def test_the_path_is_the_cheapest_of_all(seed: int, rows: int, columns: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 40, (rows, columns)).astype(np.float32)
    prices = {0: 4, 1: 0, 2: 2, 3: 4}  # of steps; a leap costs 16

    def price(path: tuple[int, ...]) -> float:
        steps = sum(min(16, prices.get(b - a, 16)) for a, b in itertools.pairwise(path))
        return float(steps + sum(costs[row, column] for row, column in enumerate(path)))

    least = min(price(path) for path in itertools.product(range(columns), repeat=rows))
    assert price(tuple(_cheapest(costs, 1).tolist())) == least


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3))
def test_the_clips_are_chosen_for_which_most_views_speak(seed: int, views: int) -> None:
    random = np.random.default_rng(seed)
    asked = hashes(views, seed)
    rows = np.concatenate([hashes(200, seed + 1), *[worn(asked, n, n) for n in range(60, 110, 5)]])
    owners = random.integers(0, 100, len(rows))
    said = dict.fromkeys(range(100), 0)
    for view in asked:
        away = bit_distances(view, rows).astype(int)
        for owner in said:
            nearest = away[owners == owner].min(initial=256)
            said[owner] += max(0, VIEW_THRESHOLD + 1 - nearest)
    found = near_footage(asked, rows, owners)
    told = sorted((-much, owner) for owner, much in said.items() if much)[:MOST_ALIGNED]
    assert found == {owner for _, owner in told}
    assert near_footage(asked, rows[:0], owners[:0]) == set()
