"""What others edited is held against what is told of it: where it changed, and where boxes lie."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import detector_edited
from bench.detector_edited import changed, fit, pairs

from .traces.make import again, jpeg, photograph, png

BOX = (120, 80, 96, 64)  # left, top, width, height


def spliced() -> tuple[Image.Image, Image.Image]:
    """A photograph that was JPEG, and the same with a part of another that never was."""
    before = again(photograph("astronaut.png"), 60)
    left, top, width, height = BOX
    after = before.copy()
    after.paste(photograph("coffee.png").crop((200, 100, 200 + width, 100 + height)), (left, top))
    return before, after


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    before, after = spliced()
    for name, image in (
        ("pasted_hand_somebody/000_before", before),
        ("none_other/001_before", before),
    ):
        path = tmp_path / "media" / f"{name}.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(jpeg(image, 95))
    (tmp_path / "media/pasted_hand_somebody/000_after.jpg").write_bytes(jpeg(after, 95))
    (tmp_path / "keep").mkdir()
    return tmp_path


def test_what_was_laid_in_is_found_and_what_was_coded_again_is_not(tmp_path: Path) -> None:
    before, after = spliced()
    paths = [tmp_path / name for name in ("before.png", "after.jpg", "again.jpg", "other.png")]
    data = (png(before), jpeg(after, 90), jpeg(before, 90), png(before.resize((300, 300))))
    for path, each in zip(paths, data, strict=True):
        path.write_bytes(each)
    where = changed(paths[0], paths[1])
    assert where is not None
    left, top, width, height = BOX
    inside = where[top : top + height, left : left + width]
    assert inside.mean() > 0.9
    assert where.sum() < 1.5 * width * height
    assert changed(paths[0], paths[2]) is None
    assert changed(paths[0], paths[3]) is None


def test_a_box_fits_what_it_covers_and_nothing_else() -> None:
    where = np.zeros((100, 200), bool)
    where[20:60, 40:90] = True
    assert fit([(40, 20, 50, 40)], where) == pytest.approx((1.0, 10.0))
    assert fit([(100, 20, 50, 40)], where) == (0.0, 0.0)
    half = fit([(40, 20, 50, 80)], where)
    assert half == pytest.approx((2 / 3, 5.0))
    assert fit([], where) == (0.0, 0.0)


def test_each_file_is_asked_once_and_told_beside_what_it_was_made_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {each.group: each for each in pairs(folder / "media", folder / "keep")}
    assert set(found) == {"pasted", "none"}
    pasted, none = found["pasted"], found["none"]
    assert pasted.publisher == "somebody"
    assert none.after is None
    assert none.before == pasted.before
    assert pasted.after is not None
    assert "jpeg.region-other-history" in pasted.after.parts
    assert pasted.after.fits["jpeg.region-other-history"][1] > 3
    assert none.before is not None
    assert not none.before.parts

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(detector_edited, "told", never)
    assert {each.group: each for each in pairs(folder / "media", folder / "keep")} == found


def test_other_code_is_asked_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(pairs(folder / "media", folder / "keep"))
    kept = len(list((folder / "keep").iterdir()))
    monkeypatch.setattr(detector_edited, "code_digest", lambda: "another")
    list(pairs(folder / "media", folder / "keep"))
    assert len(list((folder / "keep").iterdir())) == 2 * kept


def test_a_file_that_is_no_picture_is_named_and_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "media/none_other/002_before.jpg").write_bytes(b"no picture at all" * 100)
    assert len(list(pairs(folder / "media", folder / "keep"))) == 2
    assert "002_before.jpg" in capsys.readouterr().out
