"""Recordings are handled by draws, and what is measured is found among what is learnt from."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bench.training import voice_overlap
from bench.training.voice_handled import WAYS, cleaned, handled
from bench.training.voice_views import opus, through
from bench.voice_ways import ALL
from bench.voice_ways import handled as always
from tests.media import ffmpeg_path
from verifier.detector import voice
from verifier.detector.voice_bands import RATE, spectrum
from verifier.detector.voice_domain import EMPTY, emptiness

from .test_voice import babble
from .test_voice_training import _write

Floats = npt.NDArray[np.float32]


@pytest.mark.parametrize("way", [each for _, each in dict(WAYS).items()])
def test_each_way_gives_sound_of_about_the_same_length_and_the_same_again(
    way: Callable[[Floats, np.random.Generator, str], Floats],
) -> None:
    for seed in range(4):
        told, again = (way(babble(3), np.random.default_rng(seed), str(ffmpeg_path()))
                       for _ in range(2))  # fmt: skip
        assert (told == again).all()
        assert np.isfinite(told).all()
        assert 0.6 * 3 * RATE < len(told) < 1.8 * 3 * RATE
        assert 0.01 < told.std() / babble(3).std() < 30


def test_every_way_is_drawn() -> None:
    drawn = {
        handled(babble(1), np.random.default_rng(seed), str(ffmpeg_path()))[0] for seed in range(60)
    }
    assert drawn == {name for name, _ in WAYS}


def test_cleaning_takes_noise_away_where_nobody_speaks() -> None:
    def quietest(sound: Floats) -> float:
        parts = sound[: len(sound) // 320 * 320].reshape(-1, 320).std(1)
        return float(np.quantile(parts[5:-5], 0.05))

    spoken = babble(4)
    hiss = np.random.default_rng(2).standard_normal(len(spoken)).astype(np.float32)
    noisy = spoken + hiss * spoken.std() / np.float32(10)
    told = [cleaned(noisy, np.random.default_rng(seed), str(ffmpeg_path())) for seed in range(12)]
    assert np.median([quietest(each) for each in told]) < 0.6 * quietest(noisy)


@pytest.mark.parametrize("way", ALL)
def test_what_is_measured_by_is_always_the_same(way: str) -> None:
    told, again = (always([babble(2)], way, str(ffmpeg_path()))[0] for _ in range(2))
    assert (told == again).all()
    assert told.dtype == np.float32


def test_a_recording_of_which_noise_reduction_left_little_is_abstained_from() -> None:
    hiss = np.random.default_rng(1).standard_normal(6 * RATE).astype(np.float32) / np.float32(300)
    whole = babble(6) + hiss
    assert emptiness(spectrum(whole)) < EMPTY / 4
    window = spectrum(whole)
    window[:, 3::4] = 0  # holes between harmonics
    assert emptiness(window) > EMPTY
    [left] = always([whole], "… by much", str(ffmpeg_path()))
    told = voice.weigh_voice(left)
    assert (emptiness(spectrum(left)) > EMPTY) == (told.abstained == voice.CLEANED)


def test_silence_is_not_empty() -> None:
    assert emptiness(spectrum(np.zeros(RATE, np.float32))) == 0.0


def test_a_clip_is_found_again_in_another_codec_later_and_quieter_and_another_is_not() -> None:
    known = voice_overlap.Measured([babble(6, seed) for seed in range(3)])
    [coded] = through([babble(6, 1)[RATE:]], opus(16), str(ffmpeg_path()))
    which, agrees = known.nearest(coded / np.float32(5))
    assert which == 1
    assert agrees > voice_overlap.AGREES
    other = np.random.default_rng(4).standard_normal(4 * RATE).astype(np.float32)
    assert known.nearest(other)[1] < voice_overlap.AGREES


def test_what_overlaps_is_named_and_deleted_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hiss = np.random.default_rng(4).standard_normal(4 * RATE).astype(np.float32) / np.float32(10)
    for name in ("learnt", "asked"):
        (tmp_path / name).mkdir()
    _write(tmp_path / "learnt" / "real_a" / "one.wav", babble(6, 1)[RATE:])
    _write(tmp_path / "learnt" / "real_a" / "two.wav", hiss)
    _write(tmp_path / "asked" / "real_b" / "prompt.wav", babble(6, 1))
    command = ["voice_overlap", str(tmp_path / "learnt"), str(tmp_path / "asked")]
    for more, left in ((), 2), (("--delete",), 1):
        monkeypatch.setattr(sys, "argv", [*command, *more])
        voice_overlap.main()
        said = capsys.readouterr().out
        assert said.startswith(("real_a/one.wav 0.9", "real_a/one.wav 1.0"))
        assert said.count("\n") == 1
        assert len(list((tmp_path / "learnt" / "real_a").iterdir())) == left
