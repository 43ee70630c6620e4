"""Somebody else's model is run by its digest alone, and says nothing before it is calibrated."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.errors import FormatError
from tests.verifier.detector.tiny_model import mean_colour, model
from verifier.detector import outside
from verifier.detector.calibration import Calibration
from verifier.detector.outside import (
    Outside,
    calibrated,
    calibration_file,
    format_calibration,
    opened,
    parse_calibration,
    parse_description,
)
from verifier.errors import ToolMissing


def described(folder: Path, data: bytes | None = None, **other: str) -> Path:
    """A description in `folder` beside its model."""
    told = mean_colour(16) if data is None else data
    (folder / "model.onnx").write_bytes(told)
    values = {
        "file": '"model.onnx"',
        "sha256": f'"{hashlib.sha256(told).hexdigest()}"',
        "size": "16",
        "mean": "[0.0, 0.0, 0.0]",
        "deviation": "[1.0, 1.0, 1.0]",
        "output": "0",
        "sides": '["a generated picture", "a photograph"]',
        "stratum": '"red and green pictures"',
    } | other
    path = folder / "detector.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in values.items() if value))
    return path


def read(path: Path) -> Outside:
    return Outside(parse_description(path.read_text(), path.parent))


def picture(red: int, seed: int = 0) -> Image.Image:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 20, (40, 60, 3)) + np.array((red, 60, 60))
    return Image.fromarray(pixels.astype(np.uint8))


def sources(folder: Path, each: int = 6) -> None:
    for source, red in (("real_a", 30), ("real_b", 60), ("fake_a", 150), ("fake_b", 200)):
        (folder / source).mkdir(parents=True)
        for seed in range(each):
            picture(red, seed).save(folder / source / f"{seed}.png")


def test_a_score_is_the_output_that_the_description_names(tmp_path: Path) -> None:
    red = read(described(tmp_path)).score(Image.new("RGB", (50, 30), (51, 102, 153)))
    assert red == pytest.approx(0.2, abs=1e-6)
    blue = read(described(tmp_path, output="2")).score(Image.new("RGB", (50, 30), (51, 102, 153)))
    assert blue == pytest.approx(0.6, abs=1e-6)
    moved = described(tmp_path, mean="[0.1, 0.0, 0.0]", deviation="[0.5, 1.0, 1.0]")
    assert read(moved).score(Image.new("RGB", (9, 9), (51, 0, 0))) == pytest.approx(0.2, abs=1e-6)


def test_a_model_that_is_calibrated_weighs_within_its_bounds(tmp_path: Path) -> None:
    sources(tmp_path / "media")
    path = described(tmp_path)
    model = read(path)
    calibration = calibrated(model, tmp_path / "media", most=10)
    text = format_calibration(calibration, model.description.sha256)
    calibration_file(path).write_text(text)
    again, read_back = opened(path)
    told = again.detect(picture(190), read_back)
    assert told.log10_lr is not None
    assert 0 < told.log10_lr <= calibration.bounds[1] + 1e-6
    asked = calibration_file(path), model.description.file
    assert told.models == tuple(
        f"sha256:{hashlib.sha256(x.read_bytes()).hexdigest()}" for x in asked
    )
    photographed = again.detect(picture(30), read_back).log10_lr
    assert photographed is not None
    assert photographed < 0


def test_a_model_is_not_asked_before_it_is_calibrated(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"calibration\.json") as raised:
        opened(described(tmp_path))
    assert "verifier.detector.outside" in raised.value.remedy


def test_another_models_calibration_is_refused(tmp_path: Path) -> None:
    path = described(tmp_path)
    calibration = Calibration(np.array([[1.0, 0.0]]), (-1.0, 1.0))
    calibration_file(path).write_text(format_calibration(calibration, "f" * 64))
    with pytest.raises(FormatError, match="another model"):
        opened(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"model": "MODEL", "bounds": [-1, 1], "lines": []}',
        '{"model": "MODEL", "bounds": [-1, 1], "lines": [[1]]}',
        '{"model": "MODEL", "bounds": [1, 2], "lines": [[1, 0]]}',
        '{"model": "MODEL", "bounds": [-1, 1], "lines": [[NaN, 0]]}',
        '{"model": "MODEL", "bounds": [-1, Infinity], "lines": [[1, 0]]}',
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_calibration(text.replace("MODEL", "a" * 64), "a" * 64)


def test_a_calibration_is_read_as_it_was_written() -> None:
    calibration = Calibration(np.array([[1.25, -0.5], [1.0, 0.125]]), (-1.5, 2.0))
    text = format_calibration(calibration, "a" * 64)
    read_back = parse_calibration(text, "a" * 64)
    assert np.array_equal(read_back.lines, calibration.lines)
    assert format_calibration(read_back, "a" * 64) == text


def test_a_file_with_another_digest_is_not_run(tmp_path: Path) -> None:
    path = described(tmp_path)
    (tmp_path / "model.onnx").write_bytes(mean_colour(17))
    with pytest.raises(ToolMissing, match="not those"):
        read(path)


def test_an_absent_model_is_said_by_name(tmp_path: Path) -> None:
    path = described(tmp_path)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(ToolMissing, match=r"model\.onnx"):
        read(path)


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="not a model"):
        read(described(tmp_path, data=b"not a model at all"))


def test_a_model_that_does_not_answer_as_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="as described"):
        read(described(tmp_path, output="3")).score(picture(9))
    with pytest.raises(ToolMissing, match="as described"):
        read(described(tmp_path, size="32")).score(picture(9))
    with pytest.raises(ToolMissing, match="no number"):
        # The logarithm of a number below zero.
        read(described(tmp_path, data=model("Log", 16), mean="[9.0, 9.0, 9.0]")).score(picture(9))


@pytest.mark.parametrize(
    "other",
    [
        {"size": "8"},
        {"size": "100000"},
        {"size": '"wide"'},
        {"output": "-1"},
        {"mean": "[0.5]"},
        {"deviation": "[1.0, 1.0, 0.0]"},
        {"sides": '["one"]'},
        {"sha256": '"ABC"'},
        {"stratum": ""},
        {"weight": "1"},
        {"file": "model.onnx"},
    ],
)
def test_a_description_that_makes_no_sense_is_refused(
    tmp_path: Path, other: dict[str, str]
) -> None:
    path = described(tmp_path, None, **other)
    with pytest.raises(FormatError):
        parse_description(path.read_text(), tmp_path)


def test_the_command_calibrates_and_says_how_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources(tmp_path / "media", each=3)
    (tmp_path / "media" / "real_a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    path = described(tmp_path)
    monkeypatch.setattr("sys.argv", ["outside", str(path), str(tmp_path / "media")])
    outside.main()
    assert "12 pictures, AUC 1.000" in capsys.readouterr().out
    assert opened(path)[1].bounds[1] > 0
