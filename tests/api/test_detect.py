"""firsthand detect: at the command line, over HTTP, and what it draws."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import media
from tests.verifier.detector.test_outside import described
from verifier.detector.calibration import Calibration
from verifier.detector.models import models
from verifier.detector.outside import calibration_file, format_calibration, parse_description

from .command import main

NO_HOME = Path("/nowhere/at/all")


def test_an_opinion_needs_no_home_and_says_what_it_holds_for(photograph: Path) -> None:
    ran = main(NO_HOME, "detect", photograph)
    assert ran.code in (0, 4)
    assert "The picture as a whole" in ran.out
    [answer] = main(NO_HOME, "detect", "--json", photograph).objects
    detection = answer["detection"]
    assert detection["kind"] == "image"
    assert all(each.startswith("sha256:") for each in detection["models"])
    assert (detection["log10_lr"] is None) == (detection["abstained"] is not None)
    assert detection["sentence"] in ran.out.replace("\n", " ")


def test_the_exit_code_is_of_having_said_something_never_of_what(
    photograph: Path, folder: Path
) -> None:
    tiny = folder / "tiny.png"
    Image.new("RGB", (16, 16), "red").save(tiny)
    assert main(NO_HOME, "detect", tiny).code == 4
    assert main(NO_HOME, "detect", photograph, tiny).code == 5


def test_what_cannot_be_read_is_said_and_the_others_are_examined(
    photograph: Path, folder: Path
) -> None:
    ran = main(NO_HOME, "detect", "--json", folder / "nowhere.jpg", photograph)
    assert ran.code == 5
    assert "nowhere.jpg" in ran.complaint
    assert [each["file"] for each in ran.objects] == [str(photograph)]


def test_it_is_drawn_and_one_drawing_is_of_one_file(photograph: Path, folder: Path) -> None:
    drawn = folder / "drawn.png"
    assert main(NO_HOME, "detect", photograph, "--picture", drawn).code in (0, 4)
    with Image.open(drawn) as picture:
        assert picture.width == 1600
    assert main(NO_HOME, "detect", photograph, photograph, "--picture", drawn).code == 2
    nowhere = folder / "no" / "such" / "folder.png"
    assert "--picture" in main(NO_HOME, "detect", photograph, "--picture", nowhere).err


def test_verify_shows_the_opinion_unless_it_is_left_out(
    home: Path, photograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTHAND_DETECTOR", "on")
    ran = main(home, "verify", photograph)
    assert "opinion" in ran.out
    [report] = main(home, "verify", "--json", photograph).objects
    assert report["detection"]["kind"] == "image"
    [report] = main(home, "verify", "--json", "--no-detector", photograph).objects
    assert report["detection"] is None
    assert any(each["code"] == "detection.left_out" for each in report["findings"])
    assert main(home, "verify", photograph).code == 3  # unknown, whatever it looks like
    monkeypatch.setenv("FIRSTHAND_DETECTOR", "off")
    [report] = main(home, "verify", "--json", photograph).objects
    assert report["detection"] is None
    monkeypatch.setenv("FIRSTHAND_DETECTOR", "maybe")
    assert "say on or off" in main(home, "verify", photograph).complaint


@pytest.mark.parametrize("make", [media.clip, media.recording])
def test_clips_and_recordings_are_examined_too(folder: Path, make: object) -> None:
    path = make(folder)  # type: ignore[operator]
    [answer] = main(NO_HOME, "detect", "--json", path).objects
    assert answer["detection"] is None or answer["detection"]["kind"] in ("footage", "audio")


def test_the_weights_are_put_on_record_once_and_found_by_the_digests_of_an_answer(
    home: Path, photograph: Path
) -> None:
    first = main(home, "log", "detector")
    assert first.code == 0
    assert "as it was before" not in first.out
    again = main(home, "log", "detector")
    assert again.out.count("as it was before") == len(again.out.splitlines())
    [answer] = main(home, "detect", "--json", photograph).objects
    assert all(each.removeprefix("sha256:") in first.out for each in answer["detection"]["models"])
    assert main(home, "log", "fsck").code == 0


def test_doctor_names_the_weights_by_their_digests(home: Path) -> None:
    ran = main(home, "doctor")
    assert all(f"{each.name} {each.digest[:8]}" in ran.out for each in models())


def test_somebody_elses_model_is_asked_beside_ours_once_it_is_calibrated(
    photograph: Path, folder: Path
) -> None:
    description = described(folder)
    ran = main(NO_HOME, "detect", "--json", photograph, "--model", description)
    [answer] = ran.objects
    assert any("detector.calibration.json" in said for said in answer["not_looked_for"])
    lines = np.array([[1.0, 0.0], [1.1, 0.1], [0.9, -0.1]])
    digest = parse_description(description.read_text(), folder).sha256
    told = format_calibration(Calibration(lines, (-1.0, 1.0)), digest)
    calibration_file(description).write_text(told)
    [answer] = main(NO_HOME, "detect", "--json", photograph, "--model", description).objects
    asked = [calibration_file(description), description.with_name("model.onnx")]
    held = [f"sha256:{sha256(each.read_bytes()).hexdigest()}" for each in asked]
    assert answer["detection"]["models"] != held
    assert held in [each["models"] for each in answer["further_detections"]]
