"""What is recorded of a picture is small, reads one way only, and cannot be larger than it says."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.fft import dctn

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.errors import FormatError
from tests import media
from verifier.fingerprint import compute
from verifier.fingerprint.thumbnail import (
    MOST_BYTES,
    Thumbnail,
    _transformed,
    fingerprint_thumbnail,
    format_thumbnail,
    make_thumbnail,
    parse_thumbnail,
)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values)


def test_a_thumbnail_is_read_as_it_was_written(tmp_path: Path) -> None:
    thumbnail = make_thumbnail(Image.open(media.photograph(tmp_path)))
    again = parse_thumbnail(format_thumbnail(thumbnail))
    assert (again.width, again.height, again.step) == (128, 85, thumbnail.step)
    for ours, theirs in zip(thumbnail.planes, again.planes, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_thumbnail_looks_like_its_picture(tmp_path: Path) -> None:
    image = Image.open(media.photograph(tmp_path))
    thumbnail = make_thumbnail(image)
    small = image.resize((128, 85), Image.Resampling.BICUBIC).convert("YCbCr")
    luma, blue, red = (np.asarray(each, float) for each in small.split())
    assert np.abs(thumbnail.luma() - luma).mean() < 4
    colours = thumbnail.colours()
    assert colours.shape == (2, 22, 32)
    assert np.abs(colours.mean((1, 2)) - [blue.mean(), red.mean()]).max() < 2


def test_the_transform_is_the_cosine_transform_of_each_block() -> None:
    plane = np.random.default_rng(1).uniform(0, 255, (16, 24))
    rows = _transformed(plane)
    block = dctn(plane[8:16, 16:24] - 128, norm="ortho")
    first = [block[0, 0], block[0, 1], block[1, 0], block[2, 0], block[1, 1], block[0, 2]]
    assert np.allclose(rows[5][:6], first)
    assert np.isclose((rows**2).sum(), ((plane - 128) ** 2).sum())


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2000, 3), (128, 128), (640, 480)])
def test_even_noise_of_any_shape_fits_and_reads_back(size: tuple[int, int]) -> None:
    bits = fingerprint_thumbnail(noise(*size)).bits
    assert len(bits) <= MOST_BYTES
    assert format_thumbnail(parse_thumbnail(bits)) == bits


@given(st.integers(1, 128), st.integers(1, 128), st.integers(0, 2**32))
def test_any_levels_are_read_as_they_were_written(width: int, height: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    thumbnail = make_thumbnail(noise(width, height, seed))
    planes = [np.where(random.random(each.shape) < 0.1, each, 0) for each in thumbnail.planes]
    sparse = Thumbnail(thumbnail.width, thumbnail.height, 9, (planes[0], planes[1], planes[2]))
    bits = format_thumbnail(sparse)
    if len(bits) <= MOST_BYTES:
        again = parse_thumbnail(bits)
        assert all(np.array_equal(a, b) for a, b in zip(again.planes, planes, strict=True))


@given(st.binary(max_size=600))
def test_hostile_bits_are_refused_or_read_one_way(data: bytes) -> None:
    for header in (b"", bytes([16, 16, 9])):
        try:
            thumbnail = parse_thumbnail(header + data)
        except FormatError:
            continue
        assert format_thumbnail(thumbnail) == header + data
        assert thumbnail.luma().shape == (thumbnail.height, thumbnail.width)


def test_no_changed_bit_is_read_as_the_same(tmp_path: Path) -> None:
    bits = fingerprint_thumbnail(Image.open(media.photograph(tmp_path))).bits
    random = np.random.default_rng(2)
    for place in random.integers(0, 8 * len(bits), 200):
        changed = bytearray(bits)
        changed[place // 8] ^= 128 >> place % 8
        with contextlib.suppress(FormatError):
            assert format_thumbnail(parse_thumbnail(bytes(changed))) == changed
    for wrong in (b"", bits[:-1], bits + b"\0", bits + bytes(MOST_BYTES), bits[:3]):
        with pytest.raises(FormatError):
            parse_thumbnail(wrong)


def test_a_picture_is_recorded_with_its_thumbnail_and_a_flat_one_is_not(tmp_path: Path) -> None:
    photograph, flat = media.photograph(tmp_path), tmp_path / "flat.png"
    Image.new("RGB", (64, 64), "white").save(flat)
    for path, names in ((photograph, {"picture-luma"}), (flat, set())):
        found = compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))
        assert {each.algorithm for each in found} & {"picture-luma"} == names


def test_the_layout_of_a_thumbnail_never_changes() -> None:
    """A change here makes every recorded thumbnail useless: raise the version."""
    ramp = np.add.outer(np.arange(16) * 8, np.arange(16) * 4).astype(np.uint8)
    bits = format_thumbnail(make_thumbnail(Image.fromarray(ramp)))
    assert bits.hex() == PINNED


PINNED = "1010042a54a950003fdf7e11800bfbefc230017f7df846002fefbf08c00559083c0420f01083c0420f"
