"""A crop, a screenshot, a picture in a picture: found by the descriptor, confirmed by geometry."""

from pathlib import Path

import pytest
from PIL import Image

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.compare.registers import pictures_register as registers
from verifier.fingerprint import compute
from verifier.fingerprint.thumbnail import THUMBNAIL

Prints = tuple[Fingerprint, ...]


def prints(image: Image.Image, path: Path) -> Prints:
    image.save(path, quality=85)
    return compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))


@pytest.fixture
def photograph(tmp_path: Path) -> Image.Image:
    with Image.open(media.another_photograph(tmp_path)) as image:
        return image.convert("RGB")


def test_a_crop_registers_and_another_picture_does_not(
    photograph: Image.Image, tmp_path: Path
) -> None:
    original = prints(photograph, tmp_path / "original.jpg")
    width, height = photograph.size
    crop = photograph.crop((width // 5, height // 6, width * 9 // 10, height * 5 // 6))
    assert registers(prints(crop, tmp_path / "crop.jpg"), original)
    with Image.open(media.photograph(tmp_path)) as other:
        assert not registers(prints(other.convert("RGB"), tmp_path / "other.jpg"), original)


def test_what_has_no_small_luma_or_a_damaged_one_confirms_nothing(
    photograph: Image.Image, tmp_path: Path
) -> None:
    found = prints(photograph, tmp_path / "original.jpg")
    without = tuple(each for each in found if each.algorithm != THUMBNAIL)
    damaged = (*without, Fingerprint(THUMBNAIL, 1, b"\x80\x80\x04short"))
    newer = (*without, Fingerprint(THUMBNAIL, 2, b"of tomorrow"))
    assert registers(found, found)
    for other in (without, damaged, newer):
        assert not registers(other, found)
        assert not registers(found, other)
