"""A coarse spectrum is the same however it arrives, and alike only to itself."""

import numpy as np
import pytest

from verifier.compare.spectrum import BANDS, HOP, RATE, Spectrograph, Spectrum, correlation

TIMES = np.arange(0.5, 3.5, HOP)
AT = TIMES, TIMES, 0.0


def sound(seed: int, seconds: float = 4.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Notes of random heights, ten a second."""
    random = np.random.default_rng(seed)
    notes = random.uniform(300, 1500, round(10 * seconds)).repeat(RATE // 10)
    return (0.2 * np.sin(2 * np.pi * np.cumsum(notes) / RATE)).astype(np.float32)


def spectrum(*blocks: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Spectrum:
    graph = Spectrograph()
    assert sum(len(block) for block in graph.listen(blocks)) == sum(map(len, blocks))
    return Spectrum(graph.rows())


@pytest.mark.parametrize("size", [1, 99, 400, 8000])
def test_blocks_of_any_size_make_the_same_rows(size: int) -> None:
    whole = sound(1, 1.5)
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert (spectrum(*parts).rows == spectrum(whole).rows).all()


def test_a_sound_is_like_itself_whatever_its_loudness_and_unlike_another() -> None:
    one, other = spectrum(sound(1)), spectrum(sound(2))
    assert (
        correlation(one, spectrum((sound(1) / 8).astype(np.float32)), TIMES, TIMES, 0).mean() > 0.95
    )
    assert abs(correlation(one, other, TIMES, TIMES, 0).mean()) < 0.5
    assert correlation(one, one, TIMES, TIMES + 0.3, 0).mean() < 0.5


def test_two_sounds_of_one_colour_are_unlike_where_one_grows_and_the_other_fades() -> None:
    colour = np.random.default_rng(3).standard_normal(4 * RATE)
    course = 0.1 * (1.1 + np.sin(2 * np.pi * 4 * np.arange(4 * RATE) / RATE))
    other = 0.1 * (1.1 + np.cos(2 * np.pi * 4 * np.arange(4 * RATE) / RATE))
    one = spectrum((colour * course).astype(np.float32))
    assert correlation(one, spectrum((colour * course / 4).astype(np.float32)), *AT).mean() > 0.95
    assert correlation(one, spectrum((colour * other).astype(np.float32)), *AT).mean() < 0.7


def test_nothing_is_known_outside_of_a_recording_or_too_far_in_pitch() -> None:
    one = spectrum(sound(1))
    assert np.isnan(correlation(one, one, np.array([-1.0, 9.0]), np.array([1.0, 1.0]), 0)).all()
    assert np.isnan(correlation(one, one, TIMES, TIMES, 40)).all()
    empty = Spectrum(np.zeros((0, BANDS), np.uint8))
    assert np.isnan(correlation(empty, one, TIMES, TIMES, 0)).all()
    assert not empty.is_clear(TIMES).any()
