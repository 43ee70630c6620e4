"""A frozen stretch is told by the frames that are shown again, to the frame."""

import numpy as np
import numpy.typing as npt
import pytest

from verifier.compare.still import stillness

TIMES = np.arange(150) / 25


def moving(step: float = 3.0, seed: int = 0) -> npt.NDArray[np.float64]:
    steps = np.random.default_rng(seed).normal(0, step, (150, 12, 16))
    return 120 + np.cumsum(steps, 0)


def encoded(frames: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    return np.clip(frames.round(), 0, 255).astype(np.uint8)


def test_frames_that_are_shown_again_stand_still_and_all_others_move() -> None:
    frames = moving()
    frames[60:100] = frames[60]
    found = stillness(TIMES, encoded(frames))
    assert (found[61:100] > 0).all()
    assert (found[:60] < 0).all()
    assert (found[101:] < 0).all()


def test_a_key_frame_in_a_frozen_stretch_is_no_move() -> None:
    frames = moving()
    frames[60:100] = frames[60]
    frames[80:100] += 4  # the same moment, encoded anew
    assert (stillness(TIMES, encoded(frames))[61:100] > 0).all()


def test_an_encoder_that_takes_a_few_frames_to_settle_stands_still_from_the_first() -> None:
    frames = moving()
    frames[60:100] = frames[60] + 0.4 * 0.3 ** np.arange(40)[:, None, None]
    assert (stillness(TIMES, encoded(frames))[61:100] >= 0).all()


def test_in_a_clip_of_which_nothing_ever_moves_stillness_tells_nothing() -> None:
    frames = encoded(np.repeat(moving()[:1], 150, 0))
    assert (stillness(TIMES, frames) == 0).all()


def test_a_clip_of_half_the_frames_each_shown_twice_is_not_frozen() -> None:
    frames = encoded(moving()[np.arange(150) // 2 * 2])
    assert (stillness(TIMES, frames) <= 0).all()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_of_a_few_frames_nothing_is_told(count: int) -> None:
    assert (stillness(TIMES[:count], encoded(moving())[:count]) == 0).all()
