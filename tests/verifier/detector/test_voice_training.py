"""Training of voices runs whole, repeats itself to the bit, and writes what the product reads."""

import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bench.training import voice, voice_views
from bench.training.voice_lines import LOW, fitted
from tests.media import ffmpeg_path
from verifier.detector import voice_model
from verifier.detector.voice_bands import RATE, WINDOW

from .test_voice import babble, noise

Floats = npt.NDArray[np.float32]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sources of each class, the synthetic ones distorted, and one of noise."""
    for number, source in enumerate(("real_a", "real_b", "fake_a", "fake_b")):
        for clip in range(3):
            heard = babble(2, seed=10 * number + clip)
            if source.startswith("fake"):
                heard = (np.tanh(4 * heard) / 4).astype(np.float32)
            _write(tmp_path / source / f"{source}{clip}.wav", heard)
    for clip in range(3):
        _write(tmp_path / "none_a" / f"none_a{clip}.wav", noise(2))
    return tmp_path


def _write(path: Path, samples: Floats) -> None:
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as opened:
        opened.setparams((1, 2, RATE, 0, "NONE", ""))
        opened.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())


def train(folder: Path, keep: Path, to: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    options = ("--leave", "fake_a", "--leave", "fake_b", "--ffmpeg", str(ffmpeg_path()))
    command = ["voice", str(folder), "--keep", str(keep), "--to", str(to), *options]
    monkeypatch.setattr(sys, "argv", command)
    voice.main()
    return to.read_bytes()


def test_training_runs_whole_and_repeats_itself_to_the_bit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(folder, tmp_path / "keep", tmp_path / "first.npz", monkeypatch)
    again = train(folder, tmp_path / "keep", tmp_path / "again.npz", monkeypatch)
    assert first == again
    learnt = voice_model.from_bytes(first)
    assert len(learnt.voice.weights) == len(learnt.low_rate.weights) == 1685
    assert learnt.usual[0] < learnt.usual[1]


def test_no_fold_is_judged_by_what_it_learnt_from() -> None:
    names = np.array(["real_a", "real_a", "real_b", "fake_a", "fake_b", "fake_b"])
    thirds = np.array([0, 1, 2, 0, 1, 2])
    told = np.zeros((6, 1))
    known = voice.Views(told, np.char.startswith(names, "fake"), names, thirds)
    learnt, left = voice.fold(known, "fake_a", 1)
    assert not (learnt & left).any()
    assert left.tolist() == [False, True, False, True, False, False]
    assert learnt.tolist() == [True, False, True, False, False, True]


def test_a_fitted_line_has_no_slope_left() -> None:
    random = np.random.default_rng(1)
    along = random.standard_normal((40, 7))
    synthetic = along[:, 0] + random.standard_normal(40) > 0
    weights = np.full(40, 1 / 40)
    line = fitted(along, synthetic, weights)
    chance = 1 / (1 + np.exp(-(along @ line[:-1] + line[-1])))
    slope = along.T @ (weights * (chance - synthetic)) + 0.1 * line[:-1]
    assert np.allclose(slope, 0, atol=1e-6)


def test_low_rates_are_those_of_mp3_and_are_coded_in_training() -> None:
    assert set(LOW) <= {each.name for each in voice_views.CODECS}
    assert all(each.startswith("mp3-") for each in LOW)


def test_what_is_coded_together_comes_back_at_its_place() -> None:
    parts = [babble(2, seed=1), babble(1.5, seed=2)]
    codec = next(each for each in voice_views.CODECS if each.name == "opus-32")
    for part, heard in zip(
        parts, voice_views.through(parts, codec, str(ffmpeg_path())), strict=True
    ):
        assert len(heard) == len(part)
        assert np.corrcoef(part, heard)[0, 1] > 0.8


def test_a_window_is_filled_by_repeating_what_is_short() -> None:
    told = voice_views.plain(babble(1), np.random.default_rng(1))
    assert len(told) == WINDOW
    assert told.dtype == np.float32
