"""A copy is laid over its original however it was turned, cut or framed; a stranger is not."""

import numpy as np
import pytest
from PIL import Image

from bench.edits import HONEST, Copy, untouched
from tests import media
from verifier.compare.register import (
    LEAST_SCORE,
    Registration,
    follow,
    geometry,
    prepare,
    register,
)
from verifier.compare.warp import limited, mapped
from verifier.fingerprint.thumbnail import fingerprint_thumbnail, parse_thumbnail


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    return Image.open(media.photograph(tmp_path_factory.mktemp("register"))).convert("RGB")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    return Image.open(media.another_photograph(tmp_path_factory.mktemp("other"))).convert("RGB")


def luma(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), np.float32)


def copied(image: Image.Image, how: str) -> Copy:
    return HONEST[how](untouched(image), np.random.default_rng(5))


def error(found: Registration, copy: Copy) -> float:
    """The greatest distance, in parts of the original, by which a corner of it is misplaced."""
    left, top, right, bottom = copy.marks.getbbox() or (0, 0, 0, 0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    places = corners / np.array(copy.image.size)
    return float(np.abs(mapped(found.matrix, places) - mapped(copy.matrix, places)).max())


MOVED = (
    *("JPEG q30", "quarter size", "crop 50 %", "crop 20 %, gamma 1.4, q40", "squashed by 1.2"),
    *("blur", "noise", "turned 90", "turned 180", "turned 270, mirrored"),
    *("rotated 5, black corners", "rotated -9, cropped", "letterbox", "caption bar"),
    *("screenshot", "crop 15 %, screenshot", "mirror, crop 20 %, border", "recaptured"),
)


@pytest.mark.parametrize("how", MOVED)
def test_a_moved_copy_is_laid_over_the_recorded_thumbnail(
    photograph: Image.Image, how: str
) -> None:
    record = parse_thumbnail(fingerprint_thumbnail(photograph).bits)
    copy = copied(photograph, how)
    found = register(luma(copy.image), record.luma())
    assert found is not None
    assert error(found, copy) < 0.012


def test_a_small_copy_is_enough(photograph: Image.Image) -> None:
    copy = copied(photograph, "crop 25 %")
    found = register(limited(luma(copy.image), 128), limited(luma(photograph), 128))
    assert found is not None
    assert error(found, copy) < 0.01


@pytest.mark.parametrize("how", ["JPEG q95", "mirror", "turned 90", "crop 25 %", "screenshot"])
def test_a_stranger_is_not_found(photograph: Image.Image, stranger: Image.Image, how: str) -> None:
    assert register(luma(copied(stranger, how).image), luma(photograph)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 7), (128, 128), (20, 20)])
def test_a_flat_picture_is_found_nowhere(photograph: Image.Image, shape: tuple[int, int]) -> None:
    flat = np.full(shape, 90, np.uint8)
    assert register(flat, luma(photograph)) is None
    assert register(luma(photograph), flat) is None
    assert register(flat, flat) is None


def test_noise_is_found_nowhere(photograph: Image.Image) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (128, 96), np.uint8)
    assert register(noise, luma(photograph)) is None


def test_a_prepared_picture_gives_the_same(photograph: Image.Image) -> None:
    copy = luma(copied(photograph, "rotated -9, cropped").image)
    plain, ready = (
        register(copy, luma(photograph)),
        register(prepare(copy), prepare(luma(photograph))),
    )
    assert plain is not None
    assert ready is not None
    assert np.array_equal(plain.matrix, ready.matrix)


def test_a_map_that_is_about_right_is_followed(photograph: Image.Image) -> None:
    copy = copied(photograph, "crop 25 %")
    near = copy.matrix + np.array([[0.02, 0, 0.01], [0, -0.02, 0.01], [0, 0, 0]])
    found = follow(limited(luma(copy.image), 64), limited(luma(photograph), 64), near)
    assert found is not None
    assert found.score > LEAST_SCORE
    assert error(found, copy) < 0.01


def test_what_a_map_says_is_what_was_done(photograph: Image.Image) -> None:
    copy = copied(photograph, "turned 270, mirrored")
    found = register(luma(copy.image), luma(photograph))
    assert found is not None
    laid = geometry(found.matrix, copy.image.size, photograph.size)
    assert laid.mirrored
    # Turned by 270 and then mirrored is the same as mirrored and then turned by 90.
    assert laid.rotation == 90
    assert laid.crop == laid.placed == (0, 0, 1, 1)


@pytest.mark.parametrize(
    ("how", "degrees"), [("rotated 5, black corners", 5), ("rotated -9, cropped", -9)]
)
def test_a_small_rotation_is_measured(photograph: Image.Image, how: str, degrees: int) -> None:
    copy = copied(photograph, how)
    found = register(luma(copy.image), luma(photograph))
    assert found is not None
    laid = geometry(found.matrix, copy.image.size, photograph.size)
    assert laid.rotation == pytest.approx(degrees, abs=0.2)
    assert not laid.mirrored


def test_a_border_and_a_crop_are_told_apart(photograph: Image.Image) -> None:
    bordered, cut = (copied(photograph, how) for how in ("white border", "crop 25 %"))
    laid = []
    for copy in (bordered, cut):
        found = register(luma(copy.image), luma(photograph))
        assert found is not None
        laid.append(geometry(found.matrix, copy.image.size, photograph.size))
    assert laid[0].crop == (0, 0, 1, 1)
    margin = 0.08 / 1.16
    assert laid[0].placed == pytest.approx((margin, margin, 1 - margin, 1 - margin), abs=0.004)
    assert laid[1].placed == (0, 0, 1, 1)
    left, top, right, bottom = laid[1].crop
    assert (right - left, bottom - top) == pytest.approx((0.75, 0.75), abs=0.01)
