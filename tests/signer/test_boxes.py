"""Only a file with exactly one `mdat`, whole to its last byte, is said to have one."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.boxes import has_one_media_data_box
from tests import media


def box(kind: bytes, content: bytes = b"", *, long: bool = False) -> bytes:
    if long:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def said_of(data: bytes) -> bool:
    return has_one_media_data_box(io.BytesIO(data))


FTYP = box(b"ftyp", b"isom")


def test_real_clips_have_one_or_several(tmp_path: Path) -> None:
    assert said_of(media.clip(tmp_path).read_bytes())
    with_sound = media.clip_with_sound(tmp_path)
    assert not said_of(with_sound.read_bytes())  # an empty second one, as old muxers wrote
    fragmented = tmp_path / "fragmented.mp4"
    flags = ("-c", "copy", "-movflags", "empty_moov", "-frag_duration", "500000")
    media.run_ffmpeg("-i", str(with_sound), *flags, str(fragmented))
    assert not said_of(fragmented.read_bytes())


@pytest.mark.parametrize(
    ("data", "one"),
    [
        (b"", False),
        (FTYP, False),
        (FTYP + box(b"mdat", b"data"), True),
        (FTYP + box(b"mdat"), True),
        (FTYP + box(b"mdat", b"data", long=True) + box(b"moov"), True),
        (FTYP + struct.pack(">I4s", 0, b"mdat") + b"to the end", True),
        (FTYP + box(b"mdat") + box(b"mdat"), False),
        (FTYP + box(b"moov", box(b"mdat")), False),
        (FTYP + box(b"mdat") + b"\0", False),
        (FTYP + box(b"mdat") + struct.pack(">I4s", 7, b"free"), False),
        (FTYP + struct.pack(">I4s", 100, b"mdat"), False),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), False),
        (box(b"mdat") + box(b"free") * 2000, False),
    ],
)
def test_only_the_top_level_counts(data: bytes, one: bool) -> None:
    assert said_of(data) is one


@given(st.binary(max_size=200))
def test_noise_has_none_or_is_read_to_its_end(data: bytes) -> None:
    if said_of(data):
        assert b"mdat" in data
