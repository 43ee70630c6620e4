"""A part that was recorded elsewhere is told where it lies; what happens in a room is not."""

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import butter, sosfilt

from verifier.detector.traces import foreign as listener
from verifier.detector.traces.colours import BANDS, STEP, bands, place, shown
from verifier.detector.traces.floor import RATE
from verifier.detector.traces.foreign import foreign
from verifier.detector.traces.sound import FOREIGN, in_sound

Samples = npt.NDArray[np.float32]


def speech(seconds: float, *, seed: int, low: float, high: float, floor: float) -> Samples:
    """Syllables of noise, as one microphone passes them, in a room with a noise of its own."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    at = np.arange(count) / RATE
    slow = np.interp(at, np.arange(seconds * 6 + 2) / 6, random.random(round(seconds * 6) + 2))
    says = (np.sin(2 * np.pi * 0.6 * at + seed) > -0.6) * np.clip(slow - 0.25, 0, 1) ** 2
    passes = butter(2, [low, high], "bandpass", fs=RATE, output="sos")
    heard = 0.4 * says * sosfilt(passes, random.normal(size=count))
    noise = sosfilt(butter(1, high, fs=RATE, output="sos"), random.normal(size=count))
    made: Samples = (heard + floor * noise).astype(np.float32)
    return made


def here(seconds: float, seed: int = 1) -> Samples:
    return speech(seconds, seed=seed, low=120, high=6500, floor=0.002)


def elsewhere(seconds: float, seed: int = 2) -> Samples:
    return speech(seconds, seed=seed, low=350, high=3000, floor=0.02)


def spliced(at: float = 7.0, seconds: float = 2.0) -> Samples:
    sound, first = here(16), round(at * RATE)
    return np.concatenate([sound[:first], elsewhere(seconds), sound[first:]])


def test_a_part_from_elsewhere_is_told_where_it_lies() -> None:
    traces = {trace.code: trace for trace in in_sound(spliced())[0]}
    trace = traces["sound.foreign"]
    (first, last), *others = trace.seconds
    assert not others
    assert (first, last) == pytest.approx((7.0, 9.0), abs=0.5)
    assert "from 0:0" in trace.sentence
    assert trace.models == (f"sha256:{listener.NETWORK.digest}",)
    assert trace.does_not_show.startswith("It does not show that parts were joined")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_room_is_one_room(seed: int) -> None:
    found = foreign(here(16, seed))
    assert found is not None
    assert found.score < FOREIGN


def test_a_door_over_a_background_that_goes_on_is_no_splice() -> None:
    sound = here(16)
    falls = np.exp(-np.arange(RATE) / RATE / 0.1)
    sound[8 * RATE : 9 * RATE] += (0.3 * falls * np.random.default_rng(5).normal(size=RATE)).astype(
        np.float32
    )
    found = foreign(sound)
    assert found is not None
    assert found.score < FOREIGN


@pytest.mark.parametrize("gain", [0.05, 0.5, 2.0, -1.0])
def test_louder_quieter_and_turned_over_it_is_the_same_splice(gain: float) -> None:
    plain, other = foreign(spliced()), foreign(spliced() * np.float32(gain))
    assert plain is not None
    assert other is not None
    assert other.score == pytest.approx(plain.score, abs=0.1)


def test_what_is_short_is_not_listened_to_and_that_is_said() -> None:
    assert foreign(here(4)) is None
    assert any(
        "parts of other recordings: it is too short" in each for each in in_sound(here(3))[1]
    )


def test_other_weights_are_not_run_and_the_rest_is_still_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "NETWORK", replace(listener.NETWORK, digest="0" * 64))
    sound = spliced()
    sound[3 * RATE : 4 * RATE] = 0
    traces, untold = in_sound(sound)
    codes = {trace.code for trace in traces}
    assert "sound.foreign" not in codes
    assert "sound.muted" in codes
    assert any("are not those that belong to this version" in sentence for sentence in untold)


@pytest.mark.parametrize("kind", ["silence", "tone", "clicks", "full scale", "gaps"])
def test_hostile_sound_has_a_score_like_any_other(kind: str) -> None:
    at = np.arange(12 * RATE) / RATE
    made = {
        "silence": np.zeros(len(at)),
        "tone": np.sin(2 * np.pi * 440 * at),
        "clicks": (np.arange(len(at)) % 4000 == 0) * 8.0,
        "full scale": np.sign(np.random.default_rng(7).normal(size=len(at))) * 8.0,
        "gaps": here(12) * (np.floor(at) % 2),
    }
    found = foreign(made[kind].astype(np.float32))
    assert found is not None
    assert np.isfinite(found.score)
    assert all(0 <= first < last <= 12.1 for first, last in found.where)


def test_ten_minutes_take_seconds_and_little_memory() -> None:
    sound = np.tile(here(20), 30)
    began = time.process_time()
    tracemalloc.start()
    found = foreign(sound)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert time.process_time() - began < 30
    assert most < 100e6


def test_a_splice_in_a_long_recording_is_told_too() -> None:
    long = np.concatenate([here(30, 4), spliced(), here(30, 5)])
    found = foreign(long)
    assert found is not None
    assert any(abs(first - 37) < 0.4 and abs(last - 39) < 0.4 for first, last in found.where)


def test_every_tenth_is_listened_to() -> None:
    for count in (50, 250, 251, 399, 400, 401, 6000):
        seen = np.zeros(count, bool)
        levels = np.zeros((count * STEP + 7, BANDS), np.uint8)
        for first, last in listener._windows(levels):  # what it leaves out
            assert 0 <= first < last <= count
            assert last - first <= 250
            seen[first:last] = True
        assert seen.all()


def test_levels_are_beside_what_is_usual_in_the_recording() -> None:
    levels = bands(here(8))
    assert levels.shape[1] == BANDS
    frames, tenths = shown(levels)
    assert len(frames) == STEP * len(tenths)
    assert np.abs(np.median(frames[:, :BANDS], 0)).max() < 0.01
    quieter = shown(bands(here(8) * np.float32(0.5)))
    assert np.abs(frames - quieter[0]).max() < 0.2
    assert place(10) - place(0) == pytest.approx(1.0)
