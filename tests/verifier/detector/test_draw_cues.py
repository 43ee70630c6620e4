"""How measurements are drawn, and that a face in a picture has them."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import label

from verifier.detector.cues import IN_PICTURES, KINDS, Measured, of_picture
from verifier.detector.draw_cues import draw_cues, position
from verifier.detector.examine import faces_task
from verifier.detector.result import parse_examination

MARK = (204, 121, 167)
NUMBERS = st.floats(-1e6, 1e6)


def marks(drawn: Image.Image) -> int:
    """How many spots of the colour of a mark a sheet has."""
    return int(label((np.asarray(drawn) == MARK).all(2))[1])


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_a_greater_value_never_lies_further_left_and_none_lies_off_the_track(
    value: float, other: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    less, more = sorted((value, other))
    assert 0 <= position(less, low, high) <= position(more, low, high) <= 1


def test_the_usual_range_lies_where_it_is_drawn() -> None:
    assert position(2, 2, 6) == pytest.approx(0.3)
    assert position(6, 2, 6) == pytest.approx(0.7)
    assert position(1e9, 2, 6) == 1


def test_each_measurement_has_a_mark_and_those_without_a_range_have_none() -> None:
    told = of_picture(Measured(**dict.fromkeys(IN_PICTURES, 1.0)))
    assert marks(draw_cues(told, 1600, 30, MARK)) == len(IN_PICTURES)
    some = of_picture(Measured(hair=0.7, skin=-3.0, place=4.0))
    assert marks(draw_cues(some, 1600, 30, MARK)) == 3


def test_a_face_in_a_picture_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "portrait.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    (face,) = parse_examination(faces_task(str(path), "image/png")).detections
    codes = {cue.code for cue in face.cues}
    assert {KINDS[name].code for name in ("skin", "teeth", "hair", "eyes", "place")} <= codes
    assert all(np.isfinite(cue.value) for cue in face.cues)
