"""Ears are taught alike again, from windows that are drawn alike again. Needs torch."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from bench.training import voice_sounds
from bench.training.voice_sounds import FULL, WAYS
from tests.media import ffmpeg_path
from verifier.detector import network
from verifier.detector.voice_bands import WINDOW
from verifier.detector.voice_network import OF_OURS

from .test_voice import babble
from .test_voice_training import _write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, source in enumerate(("real_a", "fake_a")):
        for clip in range(2):
            _write(tmp_path / source / f"{clip}.wav", babble(5, seed=10 * number + clip))
    return tmp_path


def test_windows_are_drawn_alike_again_and_prepared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_sounds, "is_judged", lambda _part: True)
    names, ffmpeg = ["fake_a", "real_a"], str(ffmpeg_path())
    for how in (voice_sounds.spread, voice_sounds.drawn):
        first, again = (
            np.array(how(folder, names, 4, np.random.default_rng(3), ffmpeg, folder / f"{n}.npy"))
            for n in range(2)
        )
        assert first.shape[1:] == (WINDOW,)
        assert len(first) >= 4
        assert (first == again).all()
        level = np.sqrt(np.mean((first / FULL) ** 2, axis=1))
        assert level == pytest.approx(0.06, rel=0.01)


def test_a_quarter_of_the_ways_is_no_codec_and_none_is_of_a_low_rate() -> None:
    assert len(WAYS) == 20
    assert sum(not each.ending for each in WAYS) == 5
    assert all(each.name == "mp3-64" for each in WAYS if each.ending == ".mp3")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ears_are_taught_alike_again_and_written_as_they_are(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    voice_ears = importlib.import_module("bench.training.voice_ears")

    random = np.random.default_rng(1)
    sounds = [(random.standard_normal((n, WINDOW)) * 2000).astype(np.int16) for n in (3, 2)]
    told = random.standard_normal((5, voice_ears.LAST + 400)).astype(np.float32)
    first, again = (voice_ears.taught(sounds, told, 2, seed=1) for _ in range(2))
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    voice_ears.written(first, tmp_path / "ears.onnx")
    heard = (sounds[0][:1] / FULL).astype(np.float32)
    session = network.running((tmp_path / "ears.onnx").read_bytes(), network.options(threads=1))
    numbers = session.run(None, {"sound": heard})[0]
    assert numbers.shape == (1, OF_OURS)
    with torch.no_grad():
        assert np.allclose(numbers, first(torch.from_numpy(heard)).numpy(), atol=1e-3)
