"""Every mode of picture becomes upright pixels, and a bomb is refused before it goes off."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ledger.asset import HEAD_SIZE, JPEG, PNG, MediaType, detect_media_type
from ledger.errors import AssetError
from tests import media
from verifier.errors import LimitReached, Unreadable
from verifier.media.limits import Limits
from verifier.media.picture import GREY, MAX_PIXELS, picture, picture_size, pixels
from verifier.media.sandbox import Sandbox

from . import jobs

FORMATS = (".jpg", ".png", ".webp", ".tif", ".gif", ".bmp", ".avif", ".heic")


def kind_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(path: Path, side: int) -> Path:
    """A PNG of side by side white-and-black pixels: all zeros, squeezed to almost nothing."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side * 3)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize(
    "ending", [".jpg", ".png", ".webp", ".tif", ".gif", ".bmp", ".avif", ".heic"]
)
def test_one_photograph_looks_the_same_in_every_format(tmp_path: Path, ending: str) -> None:
    original = media.photograph(tmp_path)
    copy = media.convert(original, tmp_path / f"copy{ending}")
    seen = picture(copy, kind_of(copy)).convert("L").resize((32, 32))
    meant = picture(original, JPEG).convert("L").resize((32, 32))
    assert np.abs(np.asarray(seen, float) - np.asarray(meant, float)).mean() < 4
    width, height = picture_size(copy, kind_of(copy))
    assert (width, height) == picture(copy, kind_of(copy)).size


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("1", ".png"),
        ("L", ".png"),
        ("P", ".png"),
        ("LA", ".png"),
        ("RGBA", ".png"),
        ("I;16", ".png"),
        ("I;16", ".tif"),
        ("F", ".tif"),
        ("CMYK", ".jpg"),
        ("CMYK", ".tif"),
        ("LAB", ".tif"),
        ("YCbCr", ".jpg"),
        ("P", ".gif"),
    ],
)
def test_every_mode_gives_the_picture_that_was_saved(
    tmp_path: Path, mode: str, ending: str
) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        grey = opened.convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    elif mode == "LAB":
        image = Image.merge("LAB", (grey, *[Image.new("L", grey.size, 128)] * 2))
    else:
        image = grey.convert("RGB").convert(mode)
    path = saved(image, tmp_path / f"mode{ending}")
    seen = pixels(path, kind_of(path))
    assert seen.shape == (*grey.size[::-1], 3)
    assert seen.dtype == np.uint8
    near = np.asarray(grey.resize((32, 32)), float)
    assert np.corrcoef(near.ravel(), small(seen).ravel())[0, 1] > 0.99
    if mode != "F":  # a float picture is stretched to its own range
        assert np.abs(near - small(seen)).mean() < 12


def small(
    seen: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(Image.fromarray(seen).convert("L").resize((32, 32)), np.float64)


def test_what_is_transparent_is_seen_over_grey(tmp_path: Path) -> None:
    """A white sign on clear ground and a black one must both be seen."""
    for colour in (0, 255):
        image = Image.new("RGBA", (20, 20), (colour, colour, colour, 0))
        image.paste((colour, colour, colour, 255), (0, 0, 10, 20))
        seen = pixels(saved(image, tmp_path / f"{colour}.png"), PNG)
        assert seen[5, 5, 0] == colour
        assert seen[5, 15, 0] == GREY
    palette = Image.new("P", (20, 20), 0)
    path = saved(palette, tmp_path / "palette.png", transparency=0)
    assert pixels(path, PNG)[0, 0].tolist() == [GREY] * 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        upright = opened.convert("RGB")
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    laid = upright if back is None else upright.transpose(back)
    path = saved(laid, tmp_path / "turned.jpg", exif=exif, quality=95)
    seen = picture(path, JPEG, shrink_to=64)
    assert picture_size(path, JPEG) == upright.size
    assert np.abs(
        np.asarray(seen.convert("L").resize((32, 32)), float)
        - np.asarray(upright.convert("L").resize((32, 32)), float)
    ).mean() < 4  # fmt: skip


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_of_an_animation_the_first_frame_is_seen(tmp_path: Path, ending: str) -> None:
    shades = [Image.new("RGB", (16, 16), (shade,) * 3) for shade in (200, 10, 90)]
    path = tmp_path / f"animation{ending}"
    shades[0].save(path, save_all=True, append_images=shades[1:], lossless=True)
    assert abs(int(pixels(path, kind_of(path))[8, 8, 0]) - 200) <= 2


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (1, 1), (1, 2, 3)), tmp_path / "one.png")
    assert pixels(path, PNG).tolist() == [[[1, 2, 3]]]
    assert picture(path, PNG, shrink_to=256).size == (1, 1)


def test_a_large_jpeg_is_decoded_smaller_but_never_too_small(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        path = saved(opened.resize((3000, 2001)), tmp_path / "large.jpg")
    assert 256 <= min(picture(path, JPEG, shrink_to=256).size) < 512
    png = media.convert(path, tmp_path / "large.png")
    assert 256 <= min(picture(png, PNG, shrink_to=256).size) < 512


def test_a_picture_of_240_megapixels_is_decoded(tmp_path: Path, sandbox: Sandbox) -> None:
    path = saved(Image.new("1", (20000, 12000), 1), tmp_path / "honest.png")
    size = sandbox.run(jobs.shrunken_size, str(path), "png", limits=Limits())
    assert min(size) >= 256


def test_a_bomb_is_refused_from_its_header_in_one_sentence(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    bomb = png_bomb(tmp_path / "bomb.png", 20_000)
    assert bomb.stat().st_size < 2_000_000
    assert MAX_PIXELS < 20_000**2
    small_limits = Limits(address_space=400 << 20, cpu=10)  # not enough to decode a tenth of it
    with pytest.raises(LimitReached, match="20000 by 20000 pixels; at most 250 megapixels"):
        sandbox.run(jobs.shrunken_size, str(bomb), "png", limits=small_limits)
    with pytest.raises(LimitReached, match="megapixels"):
        picture_size(bomb, PNG)


def test_a_picture_within_the_limit_of_pixels_may_still_want_too_much_memory(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    heavy = png_bomb(tmp_path / "heavy.png", 12_000)
    limits = Limits(address_space=400 << 20, cpu=30)
    with pytest.raises(LimitReached, match="400 MiB of memory"):
        sandbox.run(jobs.shrunken_size, str(heavy), "png", limits=limits)


def test_damaged_pictures_are_unreadable(tmp_path: Path) -> None:
    for ending in FORMATS:
        whole = media.convert(media.photograph(tmp_path), tmp_path / f"whole{ending}")
        data = whole.read_bytes()
        kind = kind_of(whole)
        for length in (16, 40, 200, len(data) // 2):
            torn = tmp_path / "torn"
            torn.write_bytes(data[:length])
            with pytest.raises(Unreadable) as caught:
                picture(torn, kind)
            assert caught.value.message.isprintable()
            assert caught.value.remedy


def test_what_is_no_picture_is_unreadable_whatever_it_is_called(tmp_path: Path) -> None:
    lie = tmp_path / "lie.jpg"
    for data in (b"", b"hello, this is text\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x00" * 5000):
        lie.write_bytes(data)
        with pytest.raises(Unreadable):
            picture(lie, kind_of(lie))
        with pytest.raises(Unreadable):
            picture(lie, JPEG)
    with pytest.raises(AssetError, match="does not exist"):
        picture(tmp_path / "missing.jpg", JPEG)
