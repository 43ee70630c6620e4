"""Real copies of real files, tampered with: told in a sentence, drawn, found by their record."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import media
from verifier.compare.engines import ENGINES

from .command import code_of, main, verify

NO_HOME = Path("/nowhere/at/all")
pictures = pytest.mark.skipif(ENGINES.picture is None, reason="no picture engine is merged yet")
clips = pytest.mark.skipif(ENGINES.clip is None, reason="no clip engine is merged yet")


def tampered(photograph: Path, *, cropped: bool = True) -> Path:
    """Return the photograph with a second rocket, cropped on two sides or not, and compressed."""
    with Image.open(photograph) as picture:
        copy = picture.convert("RGB")
    copy.paste(copy.crop((300, 180, 360, 330)).resize((50, 130)), (430, 40))
    width, height = copy.size
    if cropped:
        copy = copy.crop((int(0.12 * width), 0, width, int(0.95 * height)))
    copy.save(photograph.with_name("tampered.jpg"), quality=70)
    return photograph.with_name("tampered.jpg")


def honest(photograph: Path) -> Path:
    """Return what a platform makes of the photograph."""
    with Image.open(photograph) as picture:
        small = picture.convert("RGB").resize((picture.width // 2, picture.height // 2))
    small.save(photograph.with_name("honest.jpg"), quality=60)
    return photograph.with_name("honest.jpg")


def recut(clip: Path) -> Path:
    """Return the clip with its fourth and fifth second at 75 %, and two seconds cut out."""
    parts = (
        "[0:v]trim=0:3,setpts=PTS-STARTPTS[a];"
        "[0:v]trim=3:5,setpts=(PTS-STARTPTS)/0.75[b];"
        "[0:v]trim=7:10,setpts=PTS-STARTPTS[c];[a][b][c]concat=n=3:v=1[v]"
    )
    path = clip.with_name("recut.mp4")
    media.run_ffmpeg("-i", str(clip), "-filter_complex", parts, "-map", "[v]", str(path))
    return path


@pictures
def test_what_was_done_to_a_picture_is_told_and_drawn(photograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    ran = main(NO_HOME, "compare", "--picture", out, photograph, tampered(photograph))
    assert ran.code == 1
    assert re.search(r"One region was changed \(top right, [2-6] % of the frame\)", ran.out)
    assert re.search(r"cropped \(left 1[123] % and bottom [456] % are missing\)", ran.out)
    with Image.open(out) as drawn:
        away = np.abs(np.asarray(drawn.convert("RGB")).astype(int) - (213, 94, 0)).max(axis=2)
    assert (away < 20).sum() > 200  # the box


@pictures
def test_an_honest_copy_differs_in_nothing_and_another_picture_in_everything(
    photograph: Path, folder: Path
) -> None:
    assert main(NO_HOME, "compare", photograph, honest(photograph)).code == 0
    other = main(NO_HOME, "compare", photograph, media.another_photograph(folder))
    assert other.code == 3
    assert "nothing was found that the two have in common" in other.complaint


@pictures
def test_a_stripped_copy_is_compared_with_what_the_record_keeps(
    home: Path, photograph: Path
) -> None:
    assert main(home, "sign", photograph).code == 0
    shutil.move(photograph, photograph.with_name("away.jpg"))  # nothing but the record is left
    away = photograph.with_name("away.jpg")
    [differs, same] = verify(home, tampered(away, cropped=False), honest(away))
    assert code_of(differs) == code_of(same) == "derived"
    assert (
        "Compared with the original: one region was changed (top right"
        in differs["conclusion"]["sentence"]
    )
    assert "nothing was found to differ" in same["conclusion"]["sentence"]
    [region] = differs["comparison"]["regions"]
    left, top, width, height = region["box"]
    # Where the second rocket was put.
    assert abs(left + width / 2 - 455) < 30
    assert abs(top + height / 2 - 105) < 40
    alone = main(home, "compare", "--json", away.with_name("tampered.jpg"))
    assert (alone.code, alone.objects[0]["differs"], alone.objects[0]["entry"]) == (1, True, 0)


@pictures
def test_no_pixel_of_the_recorded_original_is_in_a_report(home: Path, photograph: Path) -> None:
    assert main(home, "record", photograph).code == 0
    [report] = verify(home, tampered(photograph, cropped=False))
    heat = report["comparison"].pop("heat")
    assert set(heat) == {"width", "height", "levels"}
    assert len(json.dumps(report)) < 8000  # there is no room for a thumbnail


@clips
def test_what_was_done_to_a_clip_in_time_is_told_and_drawn(folder: Path, tmp_path: Path) -> None:
    clip, out = media.clip(folder), tmp_path / "out.png"
    ran = main(NO_HOME, "compare", "--json", "--picture", out, clip, recut(clip))
    assert ran.code == 1
    comparison = ran.objects[0]["comparison"]
    kinds = [each["kind"] for each in comparison["time_map"]]
    assert kinds == ["same", "slowed", "same"]
    assert comparison["time_map"][1]["rate"] == pytest.approx(0.75, abs=0.03)
    assert comparison["removed"][0] == pytest.approx([5.0, 7.0], abs=0.2)
    assert re.search(r"plays at 7\d % speed; 0:05.* is missing", comparison["sentence"])
    with Image.open(out) as drawn:
        assert drawn.width == 1600


@pytest.mark.parametrize("kind", ["photograph", "clip", "recording"])
def test_a_suspect_alone_is_drawn_beside_what_the_record_keeps_of_its_original(
    home: Path, folder: Path, tmp_path: Path, kind: str
) -> None:
    original: Path = getattr(media, kind)(folder)
    assert main(home, "record", original).code == 0
    suspect, out = tmp_path / f"suspect{original.suffix}", tmp_path / "out.png"
    options = ("-vf", "scale=iw/2:ih/2") if kind == "photograph" else ("-t", "4", "-q:a", "9")
    media.run_ffmpeg("-i", str(original), *options, str(suspect))
    original.unlink()
    ran = main(home, "compare", "--json", "--picture", out, suspect)
    assert ran.code in (0, 1)
    with Image.open(out) as drawn:
        shades = drawn.convert("L").getcolors() or []
    assert len([1 for count, _ in shades if count > 20]) > 60  # both are pictured
