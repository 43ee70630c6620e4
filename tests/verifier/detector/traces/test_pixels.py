"""Interpolated pixels, missing noise, and a thumbnail of another picture are found."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from verifier.detector.traces import thumbnail
from verifier.detector.traces.sight import USUAL, of_noise, of_resampling

from .make import CALM, LATTICED, codes, covered, jpeg, photograph, seen, traces


def strengths(image: Image.Image) -> dict[str, float]:
    return {each.code: each.strength for each in of_resampling(seen(image))}


# The astronaut's picture was made smaller before it came into the wheel, and is told to have been.
@pytest.mark.parametrize("name", [*CALM[1:], *LATTICED])
def test_pixels_as_they_were_taken_are_not_interpolated(name: str) -> None:
    found = strengths(photograph(name))
    assert all(strength < USUAL[code] for code, strength in found.items())


@pytest.mark.parametrize("factor", [1.2, 1.37, 1.5])
def test_an_enlarged_picture_is_told_to_be_interpolated(factor: float) -> None:
    picture = photograph("motorcycle_left.png")
    size = [round(side * factor) for side in picture.size]
    assert (
        strengths(picture.resize(size, Image.Resampling.BICUBIC))["resampled"] > USUAL["resampled"]
    )


def test_an_enlarged_part_is_found_where_it_is() -> None:
    random = np.random.default_rng(7)
    ground = Image.fromarray(random.normal(128, 30, (1024, 1280)).clip(0, 255).astype(np.uint8))
    assert all(each.strength < USUAL[each.code] for each in of_resampling(seen(ground)))
    part = Image.fromarray(random.normal(128, 30, (450, 600)).clip(0, 255).astype(np.uint8))
    ground.paste(part.resize((810, 608), Image.Resampling.BICUBIC), (0, 200))
    told = next(each for each in of_resampling(seen(ground)) if each.code == "resampled.region")
    assert told.strength > USUAL["resampled.region"]
    assert told.mask is not None
    assert told.mask[1:5, 0:5].mean() > 0.3
    assert not told.mask[:, 6:].any()


def test_a_smoothed_part_of_a_noisy_picture_is_found_where_it_is() -> None:
    random = np.random.default_rng(5)
    ramp = np.tile(np.linspace(60, 180, 640), (480, 1)) + random.normal(0, 4, (480, 640))
    picture = Image.fromarray(np.clip(ramp, 0, 255).astype(np.uint8)).convert("RGB")
    assert all(each.strength < USUAL[each.code] for each in of_noise(seen(picture)))
    box = (208, 160, 400, 336)
    picture.paste(picture.crop(box).filter(ImageFilter.GaussianBlur(2)), box[:2])
    (told,) = of_noise(seen(picture))
    assert told.strength > USUAL[told.code]
    assert told.mask is not None
    assert told.mask[11:20, 14:24].mean() > 0.9
    assert told.mask.sum() < 160


def with_thumbnail(picture: Image.Image, small: Image.Image) -> bytes:
    """A JPEG whose EXIF carries `small` as the thumbnail of its first directory."""
    thumb = jpeg(small, 85)
    header = b"MM\0*\0\0\0\x08" + b"\0\0" + b"\0\0\0\x0e"
    entries = (
        b"\x01\x03\0\x03\0\0\0\x01\0\x06\0\0"
         b"\x02\x01\0\x04\0\0\0\x01" + (56).to_bytes(4, "big")
        + b"\x02\x02\0\x04\0\0\0\x01" + len(thumb).to_bytes(4, "big")
    )  # fmt: skip
    exif = (header + b"\0\x03" + entries + bytes(4)).ljust(56, b"\0") + thumb
    return jpeg(picture, 92, exif=b"Exif\0\0" + exif)


def test_a_thumbnail_from_before_the_edit_shows_the_edit(tmp_path: Path) -> None:
    picture = photograph("coffee.png")
    small = picture.resize((160, 107), Image.Resampling.BOX)
    assert codes(traces(with_thumbnail(picture, small), tmp_path)) == set()
    edited = picture.copy()
    edited.paste(photograph("chelsea.png").crop((100, 60, 260, 200)), (203, 101))
    found = traces(with_thumbnail(edited, small), tmp_path)
    told = next(each for each in found if each.code == "thumbnail.differs")
    assert covered(told, (203, 101, 160, 140)) > 0.6
    cropped = with_thumbnail(picture.crop((0, 0, 400, 400)), small)
    assert "thumbnail.other-proportions" in codes(traces(cropped, tmp_path))


def test_bars_around_a_thumbnail_are_ordinary(tmp_path: Path) -> None:
    picture = photograph("coffee.png")
    barred = Image.new("RGB", (160, 120))
    barred.paste(picture.resize((160, 107), Image.Resampling.BOX), (0, 6))
    assert codes(traces(with_thumbnail(picture, barred), tmp_path)) == set()


def test_a_brighter_picture_is_still_its_thumbnails() -> None:
    luma = np.asarray(photograph("coffee.png").convert("L"), np.float32)
    small = luma[:400, :600].reshape(100, 4, 150, 4).mean((1, 3))
    found = thumbnail.compare(small, np.clip(luma * 1.2 + 10, 0, 255))
    assert found is not None
    assert found.likeness > 0.95
    assert (found.differs > 0.5).mean() < 0.01


def test_a_flat_thumbnail_says_nothing() -> None:
    assert (
        thumbnail.compare(np.full((120, 160), 90, np.float32), np.ones((300, 400), np.float32))
        is None
    )
