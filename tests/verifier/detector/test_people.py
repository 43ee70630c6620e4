"""Whom the detector is wrong about is told by what it says, and by how light a skin is."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from bench.detector import side_of
from bench.detector_people import Asked, asked, skin_of
from ledger.asset import PNG
from verifier.detector.examine import faces_task, picture_task


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """Return an astronaut's portrait, which comes with the tests' media."""
    path = tmp_path / "portrait.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("weak support for a generated face", 1),
        ("moderate support for a photographed face", -1),
        ("no support", 0),
    ],
)
def test_words_are_of_one_side_of_the_other_or_of_none(words: str, side: int) -> None:
    assert side_of(words, ("a generated face", "a photographed face")) == side


def test_the_same_face_in_less_light_is_of_a_darker_skin(portrait: Path) -> None:
    bright = skin_of(portrait, PNG)
    darker = portrait.with_name("darker.png")
    ImageEnhance.Brightness(Image.open(portrait)).enhance(0.5).save(darker)
    dark = skin_of(darker, PNG)
    assert bright is not None
    assert dark is not None
    assert 20 < bright < 80
    assert dark < bright - 20


def test_a_face_is_asked_whole_and_what_holds_none_says_so(portrait: Path) -> None:
    told = asked(portrait, faces_task)
    assert told.ratio is not None
    assert told.skin is not None
    flat = portrait.with_name("flat.png")
    Image.fromarray(np.full((400, 400, 3), 128, np.uint8)).save(flat)
    assert asked(flat, faces_task) == Asked(reason="no face was found")
    broken = portrait.with_name("broken.png")
    broken.write_bytes(portrait.read_bytes()[:900])
    assert (asked(broken, picture_task).reason or "").startswith("it cannot be read")
