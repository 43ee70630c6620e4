"""What a file says of its own capture is read as far as it makes sense, and no further."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from ledger.asset import read_asset_file
from tests import media
from verifier.compare.context import parse_moment
from verifier.media.capture import SelfSaid, parse_self_said, self_said_in
from verifier.media.sandbox import Sandbox

TAKEN = "2019:03:02 12:00:00"
BERLIN = {
    ExifTags.GPS.GPSLatitudeRef: "N",
    ExifTags.GPS.GPSLatitude: (Fraction(52), Fraction(31), Fraction(12)),
    ExifTags.GPS.GPSLongitudeRef: "E",
    ExifTags.GPS.GPSLongitude: (Fraction(13), Fraction(24), Fraction(18)),
}


def photograph(
    folder: Path, details: dict[Any, Any], position: dict[Any, Any], **options: object
) -> Path:
    """Return a photograph with that EXIF."""
    with Image.open(media.photograph(folder)) as picture:
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif).update(details)
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(position)
        picture.save(folder / "taken.jpg", exif=exif, **options)  # type: ignore[arg-type]
    return folder / "taken.jpg"


def read(sandbox: Sandbox, path: Path) -> SelfSaid:
    return self_said_in(sandbox, path, read_asset_file(path).media_type)


def test_a_camera_says_when_and_where(sandbox: Sandbox, tmp_path: Path) -> None:
    details = {
        ExifTags.Base.DateTimeOriginal: TAKEN,
        ExifTags.Base.OffsetTimeOriginal: "+01:00",
    }
    exact = {**BERLIN, ExifTags.GPS.GPSHPositioningError: Fraction(9, 2)}
    said = read(sandbox, photograph(tmp_path, details, exact))
    assert said == SelfSaid(
        time="2019-03-02T12:00:00+01:00",
        time_source="the file's EXIF",
        place=(52.52, 13.405),
        place_source="the file's EXIF",
        metres=4.5,
    )


def test_south_and_west_are_negative_and_an_unknown_offset_stays_unknown(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    south = {**BERLIN, ExifTags.GPS.GPSLatitudeRef: "S", ExifTags.GPS.GPSLongitudeRef: "W"}
    said = read(sandbox, photograph(tmp_path, {ExifTags.Base.DateTimeOriginal: TAKEN}, south))
    assert said.time == "2019-03-02T12:00:00"
    assert said.place == (-52.52, -13.405)
    assert said.metres is None


def test_an_editor_says_it_in_xmp(sandbox: Sandbox, tmp_path: Path) -> None:
    packet = (
        b'<x:xmpmeta><rdf:Description photoshop:DateCreated="2019-03-02T12:00:00Z"/></x:xmpmeta>'
    )
    said = read(sandbox, photograph(tmp_path, {}, {}, xmp=packet))
    assert (said.time, said.time_source) == ("2019-03-02T12:00:00Z", "the file's XMP")


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_a_telephone_says_it_in_the_container(
    sandbox: Sandbox, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"said{ending}"
    media.run_ffmpeg(
        *("-i", str(media.clip(tmp_path)), "-c", "copy"),
        *("-metadata", "creation_time=2019-03-02T11:00:00Z"),
        *("-metadata", "location=+52.5200+013.4050/", str(path)),
    )
    said = read(sandbox, path)
    assert said.time is not None
    assert parse_moment(said.time).earliest.isoformat() == "2019-03-02T11:00:00+00:00"
    assert (said.place, said.place_source) == ((52.52, 13.405), "the file's container")


@pytest.mark.parametrize(
    ("details", "position"),
    [
        ({ExifTags.Base.DateTimeOriginal: "0000:00:00 00:00:00"}, {}),
        ({ExifTags.Base.DateTimeOriginal: "1970:01:01 00:00:00"}, {}),
        ({ExifTags.Base.DateTimeOriginal: "2019:13:02 12:00:00"}, {}),
        ({ExifTags.Base.DateTimeOriginal: "yesterday"}, {}),
        ({}, {ExifTags.GPS.GPSLatitudeRef: "N"}),
        ({}, {**BERLIN, ExifTags.GPS.GPSLatitude: (Fraction(95), Fraction(0), Fraction(0))}),
        ({}, {**BERLIN, ExifTags.GPS.GPSLatitude: (Fraction(52),)}),
    ],
)
def test_what_makes_no_sense_is_not_taken(
    sandbox: Sandbox, tmp_path: Path, details: dict[Any, Any], position: dict[Any, Any]
) -> None:
    assert read(sandbox, photograph(tmp_path, details, position)) == SelfSaid()


def test_a_file_that_says_nothing_and_one_that_cannot_be_read_say_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert read(sandbox, media.photograph(tmp_path)) == SelfSaid()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(media.clip(tmp_path).read_bytes()[:3000])
    assert read(sandbox, broken) == SelfSaid()
    (tmp_path / "note.txt").write_text("On 2019-03-02.")
    assert read(sandbox, tmp_path / "note.txt") == SelfSaid()


plain = st.none() | st.floats() | st.text(max_size=30) | st.lists(st.floats(), max_size=3)


@given(
    st.dictionaries(
        st.sampled_from(["time", "time_source", "place", "place_source", "metres"]), plain
    )
    | plain
)
def test_whatever_a_job_answers_is_taken_only_where_it_makes_sense(told: object) -> None:
    said = parse_self_said(told)
    if said.time is not None:
        assert parse_moment(said.time).text == said.time
    if said.place is not None:
        assert abs(said.place[0]) <= 90
        assert abs(said.place[1]) <= 180
    assert said.metres is None or 0 < said.metres < 1e6
