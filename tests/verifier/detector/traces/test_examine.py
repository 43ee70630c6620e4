"""Any picture is examined within bounds, and what could not be looked for is said."""

import contextlib
import io
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from ledger import asset
from verifier.detector.result import Examination, format_examination, parse_examination
from verifier.detector.traces.examine import picture_traces
from verifier.detector.traces.look import look_at, upright, upright_box
from verifier.errors import Unreadable

from .make import CALM, again, codes, covered, examined, jpeg, photograph, png, traces


@pytest.mark.parametrize("name", CALM)
def test_photographs_and_honest_copies_of_them_carry_no_trace_of_an_edit(
    name: str, tmp_path: Path
) -> None:
    picture = photograph(name)
    smaller = picture.resize(
        (picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.BOX
    )
    assert codes(traces(jpeg(picture, 92), tmp_path)) == set()
    ordinary = {"resampled", "jpeg.compressed-twice"}
    assert codes(traces(jpeg(smaller, 80), tmp_path)) <= ordinary
    assert codes(traces(jpeg(again(picture, 85), 90), tmp_path)) <= ordinary


def test_every_trace_is_told_with_its_limits_and_survives_the_way_out(tmp_path: Path) -> None:
    ground = again(photograph("coffee.png"), 75)
    ground.paste(photograph("chelsea.png").crop((100, 60, 260, 200)), (203, 101))
    found, missing = examined(jpeg(ground, 93), tmp_path)
    assert len(found) >= 3
    for each in found:
        assert "It does not show" in each.does_not_show
        assert each.sentence.endswith(".")
        assert each.score is None or 0.5 <= each.score <= 1
    whole = Examination(traces=found, not_looked_for=missing)
    back = parse_examination(format_examination(whole))
    assert [each.code for each in back.traces] == [each.code for each in found]
    for before, after in zip(found, back.traces, strict=True):
        assert (before.heat is None) == (after.heat is None)
        if before.heat is not None:
            assert after.heat is not None
            assert before.heat.levels == after.heat.levels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_places_are_told_upright(orientation: int) -> None:
    stored = np.zeros((60, 80), np.uint8)
    stored[10:25, 50:70] = 255
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    from PIL import ImageOps

    shown = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(upright(stored, orientation), shown)
    left, top, width, height = upright_box((50, 10, 20, 15), (80, 60), orientation)
    assert shown[top : top + height, left : left + width].min() == 255
    assert (width * height) == (shown == 255).sum()


def test_a_turned_file_is_told_where_it_is_seen(tmp_path: Path) -> None:
    ground = again(photograph("coffee.png"), 75)
    ground.paste(photograph("chelsea.png").crop((100, 60, 260, 200)), (203, 101))
    exif = Image.Exif()
    exif[0x0112] = 6
    found = traces(jpeg(ground, 93, exif=exif.tobytes()), tmp_path)
    told = next(each for each in found if each.code == "jpeg.region-other-history")
    assert covered(told, (400 - 101 - 140, 203, 140, 160)) > 0.7
    assert told.heat is not None
    assert told.heat.height > told.heat.width


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "P", "LA", "RGBA", "I;16"])
def test_a_picture_of_any_mode_is_examined_or_said_not_to_be(mode: str, tmp_path: Path) -> None:
    picture = photograph("chelsea.png")
    if mode == "I;16":
        samples = np.asarray(picture.convert("L"), np.uint16) * 257
        picture = Image.fromarray(samples)
    else:
        picture = picture.convert(mode)
    ending = ".tif" if mode == "CMYK" else ".png"
    data = io.BytesIO()
    picture.save(data, "TIFF" if mode == "CMYK" else "PNG")
    found, missing = examined(data.getvalue(), tmp_path, ending)
    assert codes(found) <= {"resampled"}
    assert missing


def test_cmyk_jpeg_is_not_judged_by_its_history(tmp_path: Path) -> None:
    data = io.BytesIO()
    photograph("chelsea.png").convert("CMYK").save(data, "JPEG", quality=80)
    _, missing = examined(data.getvalue(), tmp_path)
    assert any("JPEG history" in each for each in missing)


def test_of_a_picture_that_moves_only_the_first_is_looked_at(tmp_path: Path) -> None:
    data = io.BytesIO()
    one, two = photograph("chelsea.png"), photograph("coffee.png").resize((451, 300))
    one.save(data, "GIF", save_all=True, append_images=[two])
    _, missing = examined(data.getvalue(), tmp_path, ".gif")
    assert any("first picture" in each for each in missing)
    assert any("palette" in each for each in missing)


@pytest.mark.parametrize("size", [(1, 1), (7, 9000), (64, 64), (65, 63), (9000, 70)])
@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_odd_sizes_are_bounded_and_never_a_traceback(
    size: tuple[int, int], ending: str, tmp_path: Path
) -> None:
    random = np.random.default_rng(6)
    picture = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8))
    data = jpeg(picture, 85) if ending == ".jpg" else png(picture)
    found, missing = examined(data, tmp_path, ending)
    assert codes(found) == set()
    assert missing or min(size) >= 64


def test_flat_pictures_carry_no_trace(tmp_path: Path) -> None:
    for colour in ("white", "black", "grey"):
        assert codes(traces(jpeg(Image.new("RGB", (700, 500), colour), 85), tmp_path)) == set()


@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
def test_of_a_truncated_file_the_rest_is_told_and_the_pixels_are_not(
    part: float, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0131] = "GIMP 2.10"
    data = jpeg(photograph("coffee.png"), 90, exif=exif.tobytes())
    found, missing = examined(data[: int(len(data) * part)], tmp_path)
    assert codes(found) == {"editor.named"}
    assert any("damaged" in each for each in missing)


@given(st.integers(2, 3000), st.binary(min_size=1, max_size=40))
@example(26, b"\0")  # a quantisation table with a step of 0
def test_a_damaged_file_is_told_of_or_refused_with_its_reason(place: int, junk: bytes) -> None:
    import tempfile

    data = bytearray(jpeg(photograph("chelsea.png").crop((0, 0, 120, 90)), 80))
    data[place : place + len(junk)] = junk
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.jpg"
        path.write_bytes(data)
        with contextlib.suppress(Unreadable):
            picture_traces(path, asset.JPEG)


def test_what_is_not_a_picture_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        traces(b"\xff\xd8\xff\xe0" + b"nothing", tmp_path)


def test_a_large_picture_is_cut_and_not_shrunk() -> None:
    wide = Image.effect_noise((6000, 4000), 40)
    seen = look_at(wide)
    assert seen.luma.size <= 3_000_000
    assert seen.is_cut
    assert (seen.left % 8, seen.top % 8) == (0, 0)
    here = np.asarray(wide, np.float32)[seen.top : seen.top + 50, seen.left : seen.left + 50]
    assert np.array_equal(seen.luma[:50, :50], here)
    assert seen.factor == 3
    assert seen.whole.shape == (1334, 2000)


def test_memory_stays_bounded_for_a_hundred_megapixels() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = look_at(Image.new("RGB", (12500, 8000), "grey"))
    assert seen.luma.size <= 3_000_000
    assert seen.whole.size <= 5_000_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 700 * 1024
