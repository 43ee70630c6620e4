"""What is measured over time, on signals whose answer is known."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.detector import signals

Floats = npt.NDArray[np.float64]
RATE = 30.0


def times(seconds: float, rate: float = RATE) -> Floats:
    return np.arange(0, seconds, 1 / rate)


def face(count: int, seed: int = 0) -> Floats:
    """Points of a face that does not move, some 200 pixels wide, in `count` frames."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 200, (478, 2))
    points[33], points[263] = (50, 80), (150, 80)
    return np.repeat(points[None], count, 0)


def with_lids(points: Floats, opening: Floats) -> Floats:
    """Eyes 30 pixels wide whose lids are `opening` of that apart."""
    for corner, other, *lids in (signals._LEFT_EYE, signals._RIGHT_EYE):
        points[:, corner], points[:, other] = (50, 80), (80, 80)
        for upper, lower in (lids[:2], lids[2:]):
            points[:, upper] = np.stack((np.full(len(opening), 60), 80 - 15 * opening), 1)
            points[:, lower] = np.stack((np.full(len(opening), 60), 80 + 15 * opening), 1)
    return points


def test_blinks_are_counted_and_timed() -> None:
    at = times(10)
    opening = np.full(len(at), 0.3)
    for start in (2.0, 4.5, 8.0):
        opening[(at >= start) & (at < start + 0.2)] = 0.08
    told = signals.eye_opening(with_lids(face(len(at)), opening))
    assert told == pytest.approx(opening)
    found = signals.blinks(at, told)
    assert found is not None
    assert [start for start, _ in found] == pytest.approx([2.0, 4.5, 8.0], abs=0.04)
    assert [end - start for start, end in found] == pytest.approx([0.2] * 3, abs=0.04)


def test_a_look_down_and_eyes_that_were_shut_from_the_start_are_no_blinks() -> None:
    at = times(10)
    opening = np.full(len(at), 0.3)
    opening[:20] = 0.05
    opening[(at > 4) & (at < 6)] = 0.1
    assert signals.blinks(at, opening) == []
    assert signals.blinks(at[:60], opening[:60]) is None


def test_jitter_is_what_remains_once_the_head_has_moved_turned_and_come_nearer() -> None:
    at = times(5)
    still = face(len(at))
    angle, scale = 0.3 * np.sin(at), 1 + 0.1 * np.sin(2 * at)
    turn = scale[:, None] * np.exp(1j * angle[:, None])
    moved = (still[..., 0] + 1j * still[..., 1]) * turn + 40 * at[:, None]
    points = np.stack((moved.real, moved.imag), 2)
    assert signals.jitter(at, points) == pytest.approx(0, abs=1e-6)
    noisy = still + np.random.default_rng(1).normal(0, 0.5, still.shape)
    # The second difference of independent errors has six times their variance, in x and in y.
    told = signals.jitter(at, noisy)
    assert told is not None
    assert told == pytest.approx(1000 * 0.5 * np.sqrt(12) / 100, rel=0.15)


def test_a_cut_between_two_frames_is_no_tremble() -> None:
    at = times(3)
    points = face(len(at))
    points[40:] = face(1, seed=5)[0]
    assert signals.jitter(at, points) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("beats", [54, 72, 110])
def test_a_pulse_is_found_under_a_change_of_light_and_noise(beats: int) -> None:
    at = times(10)
    random = np.random.default_rng(beats)
    light = 1 + 0.1 * np.sin(2 * np.pi * 0.3 * at)[:, None]
    beat = np.sin(2 * np.pi * beats / 60 * at)[:, None] * (0.001, 0.004, 0.002)
    colours = np.array((180.0, 130, 110)) * light * (1 + beat) + random.normal(0, 0.1, (300, 3))
    told = signals.pulse(at, colours)
    assert told is not None
    assert told.beats == pytest.approx(beats, abs=4)
    assert told.decibels > 5
    flat = signals.pulse(at, colours[:1] + random.normal(0, 0.5, (300, 3)))
    assert flat is not None
    assert flat.decibels < 2


@pytest.mark.parametrize("lag", [-0.3, 0.0, 0.2])
def test_the_lag_of_sound_after_the_mouth_is_found(lag: float) -> None:
    def loud(at: Floats) -> Floats:
        told: Floats = np.sin(2 * np.pi * 2.1 * at) + np.sin(2 * np.pi * 3.7 * at + 1)
        return told

    at, heard = times(8), np.arange(0, 8, 0.02)
    told = signals.lips(at, 0.1 + 0.05 * loud(at), heard, -30 + 10 * loud(heard - lag))
    assert told is not None
    assert told.lag == pytest.approx(lag, abs=0.03)
    assert told.correlation > 0.95


def test_a_shut_mouth_silence_and_too_short_a_clip_have_no_lag() -> None:
    at, heard = times(8), np.arange(0, 8, 0.02)
    sound = np.sin(20 * heard)
    assert signals.lips(at, np.full(len(at), 0.01), heard, sound) is None
    assert signals.lips(at, np.sin(9 * at), heard, np.full(len(heard), -50.0)) is None
    assert signals.lips(at[:40], np.sin(9 * at[:40]), heard, sound) is None
    assert signals.lips(at, np.sin(9 * at), heard + 100, sound) is None


def test_loudness_is_in_decibels_and_has_a_floor() -> None:
    samples = np.concatenate((np.zeros(8000), np.full(8000, 0.1)))
    at, told = signals.loudness(samples, 8000)
    assert at[:2] == pytest.approx([0.01, 0.03])
    assert told[-1] == pytest.approx(-20, abs=0.01)
    assert told[0] == pytest.approx(-70, abs=0.01)
    assert len(signals.loudness(np.zeros(0), 8000)[0]) == 0


@given(st.integers(0, 40), st.integers(0, 3), st.floats(0, 255))
def test_no_length_and_no_level_breaks_the_arithmetic(count: int, seed: int, level: float) -> None:
    at = times(count / RATE)[:count]
    points, colours = face(len(at), seed), np.full((len(at), 3), level)
    points[:, :, 1] *= level > 99  # all on one line
    told = [signals.jitter(at, points)]
    pulse = signals.pulse(np.arange(len(at)) / 4, colours)
    told.append(pulse.decibels if pulse else None)
    signals.blinks(np.arange(len(at)) / 4, signals.eye_opening(points))
    signals.mouth_opening(points)
    assert all(each is None or np.isfinite(each) for each in told)
