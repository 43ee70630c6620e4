"""Which seconds lie in which bytes: as ffprobe has it, and whatever a stranger's tables say."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import media
from verifier.media.film import seconds_of
from verifier.opinion.source import Source

FRAGMENTS = ("-c", "copy", "-movflags", "frag_keyframe+empty_moov")
COPIES = {
    "as it comes": ("film.mp4", ("-c", "copy")),
    "its tables first": ("film.mov", ("-c", "copy", "-movflags", "faststart")),
    "sound alone": ("film.m4a", ("-vn", "-c:a", "aac")),
    "in fragments": ("film.mp4", FRAGMENTS),
    "in fragments, from their own start": (
        "film.mp4",
        ("-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    ),
}


def packets(path: Path) -> list[dict[str, Any]]:
    """Ask ffprobe where each packet lies, and when it is shown."""
    told = subprocess.run(
        [
            *(str(media.ffprobe_path()), "-v", "error", "-show_packets", "-of", "json"),
            *("-show_entries", "packet=pts_time,duration_time,pos,size", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    found: list[dict[str, Any]] = json.loads(told.stdout)["packets"]
    return found


@pytest.mark.parametrize("name", COPIES)
def test_each_packet_is_shown_when_ffprobe_says(tmp_path: Path, name: str) -> None:
    ending, options = COPIES[name]
    path = tmp_path / ending
    media.run_ffmpeg("-i", str(media.clip_with_sound(tmp_path)), *options, str(path))
    told = packets(path)
    asked = told[:: max(1, len(told) // 25)]
    ranges = [(int(each["pos"]), int(each["pos"]) + int(each["size"])) for each in asked]
    with path.open("rb") as stream:
        found = seconds_of(Source(stream), ranges)
    for each, place in zip(asked, ranges, strict=True):
        since, until = found[place]
        assert since == pytest.approx(max(0.0, float(each["pts_time"])), abs=0.03), each
        assert since <= until < since + 0.2


def test_what_is_in_no_sample_has_no_time(tmp_path: Path) -> None:
    path = media.clip_with_sound(tmp_path)
    with path.open("rb") as stream:
        assert seconds_of(Source(stream), [(0, 16)]) == {}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("films")
    source = media.clip_with_sound(folder)
    media.run_ffmpeg("-i", str(source), "-t", "1", *FRAGMENTS, str(folder / "pieces.mp4"))
    media.run_ffmpeg(
        *("-i", str(source), "-t", "1", "-c", "copy", "-movflags", "faststart"),
        str(folder / "brief.mp4"),
    )
    return [(folder / name).read_bytes() for name in ("brief.mp4", "pieces.mp4")]


edits = st.lists(
    st.tuples(
        st.floats(0, 1), st.sampled_from([b"\x00", b"\xff", b"\xff" * 4, b"\x7f" * 8, b"\x01"])
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(changes=edits, which=st.integers(0, 1))
def test_no_tables_raise_or_take_long(
    films: list[bytes], changes: list[tuple[float, bytes]], which: int
) -> None:
    data = bytearray(films[which])
    for share, put in changes:  # where the tables lie
        at = int(share * 4000)
        data[at : at + len(put)] = put
    found = seconds_of(Source(io.BytesIO(bytes(data))), [(0, len(data)), (500, 40_000)])
    assert all(0 <= since <= until for since, until in found.values())
