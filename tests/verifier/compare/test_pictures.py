"""What was changed is boxed, what a copy loses is not, and every bad picture has its answer."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from bench.edits import HONEST, untouched
from bench.objects import AFTER, edited
from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from tests import media
from tests.verifier.media.test_picture import chunk
from verifier.compare.picture import compare_pictures, picture_of, picture_of_thumbnail
from verifier.compare.picture_in import _parse_comparison, compare_pictures_in
from verifier.compare.regions import Picture
from verifier.compare.result import Comparison, Region, RegionKind
from verifier.errors import DecoderFailed, LimitReached, NotComparable, Unreadable
from verifier.fingerprint.thumbnail import fingerprint_thumbnail, make_thumbnail
from verifier.media.sandbox import Sandbox

Box = tuple[int, int, int, int]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.photograph(tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="module")
def photograph(original: Path) -> Image.Image:
    return Image.open(original).convert("RGB")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    return Image.open(media.another_photograph(tmp_path_factory.mktemp("other"))).convert("RGB")


def kind_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


def file(path: Path) -> tuple[Path, MediaType]:
    return path, kind_of(path)


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def recorded(image: Image.Image, *, full: bool) -> Picture:
    return picture_of(image) if full else picture_of_thumbnail(make_thumbnail(image))


def changed(regions: tuple[Region, ...]) -> list[Box]:
    return [each.box for each in regions if each.kind is RegionKind.CHANGED]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(0, wide) * max(0, high)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("after", AFTER)
def test_a_pasted_object_is_boxed(
    photograph: Image.Image, stranger: Image.Image, after: str, full: bool
) -> None:
    random = np.random.default_rng(3)
    copy = AFTER[after](edited("pasted", photograph, stranger, random), random)
    found = compare_pictures(
        picture_of(copy.image), recorded(photograph, full=full), copy.image.size
    )
    assert found is not None
    left, top, right, bottom = copy.marks.getchannel("R").point(
        lambda v: 255 * (v > 127)
    ).getbbox() or (0, 0, 0, 0)
    boxes = changed(found.regions)
    assert max(overlap(box, (left, top, right - left, bottom - top)) for box in boxes) > 0.5


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    "how",
    [
        *("JPEG q30", "crop 25 %", "gamma 0.6", "mirror", "blur", "screenshot", "letterbox"),
        *("crop 15 %, screenshot", "mirror, crop 20 %, border", "contrast 1.4"),
    ],
)
def test_an_honest_copy_has_nothing_changed(photograph: Image.Image, how: str, full: bool) -> None:
    copy = HONEST[how](untouched(photograph), np.random.default_rng(4))
    found = compare_pictures(
        picture_of(copy.image), recorded(photograph, full=full), copy.image.size
    )
    assert found is not None
    assert [each for each in found.regions if each.kind is not RegionKind.ADDED] == []


def test_a_caption_bar_is_added_and_not_changed(photograph: Image.Image) -> None:
    copy = HONEST["caption bar"](untouched(photograph), np.random.default_rng(0))
    found = compare_pictures(picture_of(copy.image), picture_of(photograph), copy.image.size)
    assert found is not None
    (bar,) = found.regions
    assert bar.kind is RegionKind.ADDED
    assert overlap(bar.box, (0, 0, 640, 85)) > 0.9


def test_a_colour_that_alone_was_changed_is_told_apart(stranger: Image.Image) -> None:
    values = np.array(stranger.convert("YCbCr"))
    values[60:200, 300:460, 1:] = values[60:200, 300:460, :0:-1]  # red for blue, as bright
    copy = Image.fromarray(values, "YCbCr").convert("RGB")
    found = compare_pictures(picture_of(copy), picture_of(stranger), copy.size)
    assert found is not None
    (region,) = found.regions
    assert region.kind is RegionKind.COLOUR
    assert overlap(region.box, (300, 60, 160, 140)) > 0.6


def test_lost_colours_are_one_region_of_the_whole(photograph: Image.Image) -> None:
    copy = photograph.convert("L")
    found = compare_pictures(picture_of(copy), picture_of(photograph), copy.size)
    assert found is not None
    assert found.regions == (Region((0, 0, 640, 427), RegionKind.COLOUR),)


def test_the_heat_map_is_hot_where_it_was_changed_and_cold_elsewhere(
    photograph: Image.Image, stranger: Image.Image
) -> None:
    copy = photograph.copy()
    copy.paste(stranger.resize((160, 120)), (100, 200))
    found = compare_pictures(picture_of(copy), picture_of(photograph), copy.size)
    assert found is not None
    heat = np.frombuffer(found.heat.levels, np.uint8).reshape(found.heat.height, found.heat.width)
    assert heat.shape == (171, 256)
    inside = heat[85:123, 45:100]
    assert inside.mean() > 100
    assert heat[:70].mean() < 5


@pytest.mark.parametrize("full", [True, False])
def test_files_are_compared_in_the_sandbox(
    sandbox: Sandbox, original: Path, photograph: Image.Image, tmp_path: Path, full: bool
) -> None:
    copy = photograph.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    copy.paste(copy.crop((0, 0, 120, 100)).filter(ImageFilter.GaussianBlur(20)), (400, 250))
    suspect = saved(copy, tmp_path / "suspect.jpg", quality=60)
    theirs = file(original) if full else fingerprint_thumbnail(photograph)
    found = compare_pictures_in(sandbox, file(suspect), theirs)
    assert found is not None
    assert found.geometry is not None
    assert found.geometry.mirrored
    assert found.heat is not None
    assert max(found.heat.width, found.heat.height) == 256
    assert max(overlap(box, (400, 250, 120, 100)) for box in changed(found.regions)) > 0.6


def bad(image: Image.Image, what: str, folder: Path) -> Path:
    """The photograph as a file of an unusual kind."""
    size = image.size
    match what:
        case "CMYK":
            return saved(image.convert("CMYK"), folder / "a.jpg")
        case "16 bits":
            deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
            return saved(Image.fromarray(deep), folder / "a.png")
        case "alpha":
            image = image.copy()
            image.putalpha(Image.new("L", size, 255))
            return saved(image, folder / "a.png")
        case "monochrome":
            return saved(image.convert("1"), folder / "a.png")
        case "grey":
            return saved(image.convert("L"), folder / "a.jpg")
        case "animated GIF" | "animated WebP":
            frames = [Image.new("RGB", size, colour) for colour in ("red", "blue")]
            ending = what.split()[1].lower()
            return saved(image, folder / f"a.{ending}", save_all=True, append_images=frames)
        case "EXIF":
            exif = Image.Exif()
            exif[0x0112] = 6
            turned = image.transpose(Image.Transpose.ROTATE_90)
            return saved(turned, folder / "a.jpg", exif=exif)
    raise AssertionError(what)


@pytest.mark.parametrize(
    "what",
    ["CMYK", "16 bits", "alpha", "monochrome", "grey", "animated GIF", "animated WebP", "EXIF"],
)
def test_an_unusual_picture_is_laid_over_the_usual_one(
    sandbox: Sandbox, original: Path, photograph: Image.Image, tmp_path: Path, what: str
) -> None:
    suspect = bad(photograph, what, tmp_path)
    found = compare_pictures_in(sandbox, file(suspect), file(original))
    assert found is not None
    assert found.geometry is not None
    assert found.geometry.crop == found.geometry.placed == (0, 0, 1, 1)
    assert found.geometry.rotation == 0
    assert not found.geometry.mirrored
    assert changed(found.regions) == []


@pytest.mark.parametrize("size", [(1, 1), (640, 1), (7, 7), (300, 200)])
def test_a_picture_with_nothing_on_it_is_said_to_be_so(
    sandbox: Sandbox, original: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    flat = saved(Image.new("RGB", size, "navy"), tmp_path / "flat.png")
    for suspect, theirs in ((flat, original), (original, flat)):
        with pytest.raises(NotComparable, match="too little"):
            compare_pictures_in(sandbox, file(suspect), file(theirs))


def test_a_stranger_has_no_comparison(
    sandbox: Sandbox, original: Path, stranger: Image.Image, tmp_path: Path
) -> None:
    suspect = saved(stranger, tmp_path / "stranger.jpg")
    assert compare_pictures_in(sandbox, file(suspect), file(original)) is None


def test_a_huge_picture_is_refused_before_it_is_unpacked(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.png"
    header = struct.pack(">II", 20_000, 20_000) + bytes([8, 2, 0, 0, 0])
    huge.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b""))
    with pytest.raises(LimitReached, match="megapixels"):
        compare_pictures_in(sandbox, file(huge), file(original))


def test_a_damaged_picture_is_unreadable(sandbox: Sandbox, original: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(original.read_bytes()[:2000])
    with pytest.raises(Unreadable):
        compare_pictures_in(sandbox, file(damaged), file(original))


def test_a_record_that_is_none_is_refused(
    sandbox: Sandbox, original: Path, photograph: Image.Image
) -> None:
    bits = fingerprint_thumbnail(photograph).bits
    for record in (
        Fingerprint("picture-phash", 1, bits),
        Fingerprint("picture-luma", 2, bits),
        Fingerprint("picture-luma", 1, bits[:-9]),
        Fingerprint("picture-luma", 1, b""),
    ):
        with pytest.raises(FormatError):
            compare_pictures_in(sandbox, file(original), record)


def answer(**wrong: object) -> dict[str, Any]:
    right: dict[str, Any] = {
        "crop": [0.0, 0.0, 1.0, 1.0],
        "placed": [0.0, 0.0, 1.0, 1.0],
        "mirrored": False,
        "rotation": 0.0,
        "regions": [[1, 2, 3, 4, "changed"]],
        "heat": [1, 1, b"\0"],
    }
    return right | wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop": [0.0, 0.0, 1.0]},
        {"crop": [0.0, 0.0, 1.0, float("nan")]},
        {"placed": None},
        {"rotation": "left"},
        {"rotation": 1e9},
        {"regions": [[1, 2, 3, 4, "fake"]]},
        {"regions": [[1, 2, 3]]},
        {"regions": [[0, 0, 1, 1, "changed"]] * 100_000},
        {"heat": [1000, 1000, b"\0"]},
        {"heat": 3},
    ],
)
def test_a_nonsensical_answer_of_a_job_is_refused(wrong: dict[str, object]) -> None:
    assert isinstance(_parse_comparison(answer()), Comparison)
    with pytest.raises(DecoderFailed, match="nonsensical"):
        _parse_comparison(answer(**wrong))
