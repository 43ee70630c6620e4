"""What the listener is taught with is what it is said to be: where it lies, and through a codec."""

import numpy as np
import pytest

from bench.training.splice_draws import (
    CODECS,
    HONEST,
    SHORTENED,
    SPLICED,
    Pool,
    Samples,
    coloured,
    in_room,
    joined,
    narrowed,
    quiet,
)
from bench.training.splice_events import happening
from bench.training.splice_samples import drawn, many, saved
from bench.training.voice_views import Codec
from verifier.detector.traces.floor import RATE


def pool(seed: int) -> Pool:
    """Three publishers of noises, each of another level."""
    random = np.random.default_rng(seed)
    names = ("real_one", "real_two", "remvze+moodist")
    return Pool(
        {
            name: [
                (random.normal(0, 1000 * (number + 1), RATE * (8 + 4 * k))).astype(np.int16)
                for k in range(3)
            ]
            for number, name in enumerate(names)
        },
        random,
    )


def test_draws_are_of_all_kinds_and_their_places_lie_inside() -> None:
    some = [drawn(pool(seed)) for seed in range(40)]
    assert {each.what for each in some} == {HONEST, SPLICED, SHORTENED}
    for each in some:
        assert (each.what == HONEST) == (not each.where)
        assert len(each.sound) >= 4 * RATE
        assert np.abs(each.sound).max() <= 1
        for first, last in each.where:
            assert 0 < first <= last < len(each.sound)
            assert (first == last) == (each.what == SHORTENED)
            assert last - first <= 4 * RATE


def test_the_same_seed_draws_the_same() -> None:
    one, other = drawn(pool(3)), drawn(pool(3))
    assert one.where == other.where
    assert np.array_equal(one.sound, other.sound)


def test_a_join_is_faded_and_the_rest_is_untouched() -> None:
    one, other = np.full(RATE, 0.5, np.float32), np.full(RATE, -0.5, np.float32)
    whole = joined([one, other])
    assert len(whole) == 2 * RATE - 80
    assert np.array_equal(whole[: RATE - 80], one[80:])
    assert np.array_equal(whole[RATE:], other[80:])
    assert np.abs(np.diff(whole)).max() < 0.02


def test_a_quiet_place_is_quiet() -> None:
    random = np.random.default_rng(1)
    sound = random.normal(0, 0.1, 4 * RATE).astype(np.float32)
    sound[2 * RATE : 3 * RATE] *= 0.01
    assert all(2 * RATE <= quiet(sound, 0.1, 0.9, random) <= 3 * RATE for _ in range(20))


def test_what_happens_in_a_room_leaves_its_length() -> None:
    random = np.random.default_rng(2)
    sound = random.normal(0, 0.1, 6 * RATE).astype(np.float32)
    for seed in range(30):
        heard = happening(sound, pool(seed))
        assert heard.shape == sound.shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
    for change in (coloured, in_room, narrowed):
        assert change(sound, random).shape == sound.shape


@pytest.mark.parametrize("codec", [each for each, _ in CODECS if each is not None])
def test_through_a_codec_each_comes_back_in_its_place(codec: Codec) -> None:
    random = np.random.default_rng(4)
    at = np.arange(2 * RATE) / RATE
    sounds: list[Samples] = [
        (0.3 * np.sin(2 * np.pi * hertz * at) * (at > 0.5)).astype(np.float32)
        + random.normal(0, 1e-3, len(at)).astype(np.float32)
        for hertz in (300, 500, 700)
    ]
    for sound, heard in zip(sounds, saved(sounds, codec), strict=True):
        assert len(heard) == len(sound)
        loud = np.flatnonzero(np.abs(heard) > 0.1)
        assert abs(loud[0] / RATE - 0.5) < 0.06
        tone = np.abs(np.fft.rfft(heard)).argmax(), np.abs(np.fft.rfft(sound)).argmax()
        assert abs(int(tone[0]) - int(tone[1])) <= 1


def test_many_are_heard_in_the_codecs_that_they_were_drawn_for() -> None:
    made = many(pool(5), 6)
    assert len(made) == 6
    assert all(len(heard) == len(draw.sound) for draw, heard in made)
