"""What a file is: by its bytes, never by its name, and without ever failing."""

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import asset as assets
from ledger.asset import (
    HEAD_SIZE,
    MEDIA_TYPES,
    TEXT,
    UNKNOWN,
    Kind,
    MediaType,
    detect_media_type,
    name_contradicts,
    read_asset,
    read_asset_file,
)
from ledger.errors import AssetError
from tests import media

BY_ENDING = {
    "jpg": assets.JPEG,
    "png": assets.PNG,
    "gif": assets.GIF,
    "webp": assets.WEBP,
    "tif": assets.TIFF,
    "bmp": assets.BMP,
    "avif": assets.AVIF,
    "heic": assets.HEIC,
    "pdf": assets.PDF,
    "mp4": assets.MP4,
    "mov": assets.MOV,
    "mkv": assets.MKV,
    "webm": assets.WEBM,
    "avi": assets.AVI,
    "ogv": assets.OGV,
    "ts": assets.MPEG_TS,
    "m2ts": assets.MPEG_TS,
    "mpg": assets.MPEG_PS,
    "mxf": assets.MXF,
    "wmv": assets.ASF,
    "flv": assets.FLV,
    "wav": assets.WAV,
    "mp3": assets.MP3,
    "flac": assets.FLAC,
    "m4a": assets.M4A,
    "ogg": assets.OGG,
    "opus": assets.OGG,
    "aif": assets.AIFF,
    "caf": assets.CAF,
    "aac": assets.AAC,
}
NO_MEDIA = {"txt": TEXT, "bin": UNKNOWN}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one real file of every type."""
    folder = tmp_path_factory.mktemp("files")
    picture, sound = media.photograph(folder), media.recording(folder)
    small = folder / "small.mp4"
    media.run_ffmpeg("-i", str(media.clip(folder)), "-t", "1", "-vf", "scale=160:-2", str(small))
    found = {}
    for ending, media_type in BY_ENDING.items():
        source = {Kind.CLIP: small, Kind.RECORDING: sound}.get(media_type.kind, picture)
        found[ending] = media.convert(source, folder / f"file.{ending}")
    found["txt"] = folder / "file.txt"
    found["txt"].write_text("Ein schöner Tag.\n" * 1000)
    found["bin"] = folder / "file.bin"
    found["bin"].write_bytes(os.urandom(5000).replace(b"\x00", b"\x01") + b"\x00")
    return found


@pytest.mark.parametrize(("ending", "expected"), (BY_ENDING | NO_MEDIA).items())
def test_every_type_is_known_by_its_bytes(
    files: dict[str, Path], ending: str, expected: MediaType
) -> None:
    asset = read_asset_file(files[ending])
    data = files[ending].read_bytes()
    assert asset.media_type is expected
    assert asset.size == len(data)
    assert asset.digest.value == hashlib.sha256(data).digest()


def test_every_type_that_we_name_was_tried() -> None:
    assert {*BY_ENDING.values(), *NO_MEDIA.values()} == set(MEDIA_TYPES)


@pytest.mark.parametrize("ending", BY_ENDING)
def test_a_name_changes_nothing_but_is_seen_to_lie(
    files: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    lying = "wav" if ending != "wav" else "jpg"
    renamed = tmp_path / f"renamed.{lying}"
    renamed.write_bytes(files[ending].read_bytes())
    assert read_asset_file(renamed).media_type is BY_ENDING[ending]
    assert name_contradicts(renamed.name, BY_ENDING[ending]) is BY_ENDING[lying]
    assert name_contradicts(files[ending].name, BY_ENDING[ending]) is None


def test_an_mp3_is_known_with_a_tag_and_without(files: dict[str, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare.mp3"
    media.run_ffmpeg(
        *("-i", str(files["mp3"]), "-c", "copy", "-id3v2_version", "0", "-write_xing", "0"),
        str(bare),
    )
    assert bare.read_bytes()[:1] == b"\xff"
    assert files["mp3"].read_bytes()[:3] == b"ID3"
    assert read_asset_file(bare).media_type is assets.MP3


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", UNKNOWN),
        (b"\xff\xd8", UNKNOWN),
        (b"\xff\xd8\xff", assets.JPEG),
        (b"GIF87a", assets.GIF),
        (b"GIF88a", TEXT),
        (b"II+\x00", assets.TIFF),
        (b"MM\x00*", assets.TIFF),
        (b"RIFF\x00\x00\x00\x00RIFF", UNKNOWN),
        (b"RF64\xff\xff\xff\xffWAVE", assets.WAV),
        (b"\x00\x00\x00\x18ftypisom", assets.MP4),
        (b"\x00\x00\x00\x18ftypqt  ", assets.MOV),
        (b"\x00\x00\x00\x18ftypM4B ", assets.M4A),
        (b"\x00\x00\x00\x18ftypmif1", assets.HEIC),
        (b"\x00\x00\x00\x18ftypavis", assets.AVIF),
        (b"\x00\x00\x00\x08wide", assets.MOV),
        (b"BM\x10\x00\x00\x00\x00\x00\x00\x00", assets.BMP),
        (b"BMW drives on.", TEXT),
        (b"\xff\xf1\x50\x80", UNKNOWN),  # AAC, but no frame
        (b"\xff\xf1\x50\x80\x01\x1f\xfc\x00" + b"\xff\xf1", assets.AAC),
        (b"\xff\xf1\x50\x80\x01\x1f\xfc\x00" + b"\xff\xf9", UNKNOWN),  # no second frame
        (b"G" + bytes(187) + b"G" + bytes(187) + b"G", assets.MPEG_TS),
        (b"G" + bytes(187) + b"G" + bytes(187) + b"H", UNKNOWN),
        (b"G" * 400, TEXT),
        (b"FORM\x00\x00\x00\x00AIFC", assets.AIFF),
        (b"\xff\xfb\xfc\x00", UNKNOWN),  # a reserved sample rate
        (b"%PDF", TEXT),
        (b"#EXTM3U\nhttp://127.0.0.1/\n", TEXT),
        (b"a\x00b", UNKNOWN),
        (b"caf\xc3", UNKNOWN),
        (b"caf\xc3\xa9", TEXT),
    ],
)
def test_a_head_is_what_it_is(head: bytes, expected: MediaType) -> None:
    assert detect_media_type(head) is expected


def test_text_may_break_off_in_the_middle_of_a_character() -> None:
    for shift in range(4):
        head = (b"x" * shift + "🚀".encode() * HEAD_SIZE)[:HEAD_SIZE]
        assert detect_media_type(head) is TEXT


@given(st.binary(max_size=200), st.sampled_from([b"", *(magic for magic, _ in assets._MAGIC)]))
def test_no_head_is_too_strange(rest: bytes, magic: bytes) -> None:
    assert detect_media_type(magic + rest) in MEDIA_TYPES


@given(st.text(max_size=40), st.sampled_from(MEDIA_TYPES))
def test_no_name_is_too_strange(name: str, media_type: MediaType) -> None:
    promised = name_contradicts(name, media_type)
    assert promised is None or promised in MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "held", "promised"),
    [
        ("a.jpg", assets.JPEG, None),
        ("a.JPEG", assets.JPEG, None),
        ("a.jpg", assets.PNG, assets.JPEG),
        ("a.png.jpg", assets.PNG, assets.JPEG),
        ("a.jpg.png", assets.PNG, None),
        ("jpg", assets.PNG, None),
        (".jpg", assets.PNG, None),
        ("a", assets.PNG, None),
        ("a.xyz", assets.PNG, None),
        ("a.jpg", TEXT, assets.JPEG),
        ("a.txt", assets.JPEG, TEXT),
        ("a.ogg", assets.OGG, None),
        ("a.ogg", assets.OGV, None),
        ("a.mp4", assets.M4A, assets.MP4),
        ("a.m4a", assets.MP4, assets.M4A),
        ("a.mka", assets.MKV, None),
        ("a.dng", assets.TIFF, None),
        ("/a/b.mp4/c.wav", assets.MP4, assets.WAV),
        ("a.jpg ", assets.PNG, None),
    ],
)
def test_a_name_promises_a_type_only_by_an_ending_that_we_know(
    name: str, held: MediaType, promised: MediaType | None
) -> None:
    assert name_contradicts(name, held) is promised


@given(st.binary(min_size=1, max_size=3 * HEAD_SIZE))
def test_a_stream_is_read_once_to_its_end(data: bytes) -> None:
    stream = io.BytesIO(data)
    asset = read_asset(stream)
    assert (asset.size, asset.digest.value) == (len(data), hashlib.sha256(data).digest())
    assert stream.read() == b""


def test_nothing_is_no_asset(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="empty"):
        read_asset(io.BytesIO(b""))
    empty = tmp_path / "empty.jpg"
    empty.touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("empty.jpg", "missing.jpg", ".", "pipe", "loop"):
        with pytest.raises(AssetError) as refusal:
            read_asset_file(tmp_path / name)
        assert "\n" not in str(refusal.value)
