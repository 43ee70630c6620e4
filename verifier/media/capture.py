"""When and where a file says itself that it was captured: EXIF, XMP, and what containers note.

It is the camera's word, or that of whoever edited it last; nothing here believes it.
"""

import contextlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from PIL import ExifTags, Image

from ledger.asset import BY_NAME, Kind, MediaType
from ledger.errors import FormatError
from verifier.compare.context import parse_moment
from verifier.errors import Unreadable

from .ffmpeg import probe_json
from .limits import Limits
from .picture import opened
from .sandbox import Sandbox

_EXIF_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", re.ASCII)
_OFFSET = re.compile(r"[+-]\d\d:\d\d", re.ASCII)
_XMP_TIME = re.compile(
    rb"(?:exif:DateTimeOriginal|photoshop:DateCreated)(?:=\"|>)([0-9T:.+Z-]{4,35})[\"<]"
)
_ISO_6709 = re.compile(
    r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-]\d+(?:\.\d+)?)?/?", re.ASCII
)
_NO_TIME = ("1904-01-01", "1970-01-01")  # what a clock says that was never set
_MOST_XMP = 1 << 20  # bytes of it that are searched


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSaid:
    """What a file says of its own capture.

    `time` is ISO 8601, without an offset where the file gives none. `place` is degrees north and
    east, `metres` how exact the receiver thought it was. `time_source` and `place_source` say where
    in the file it stands.
    """

    time: str | None = None
    time_source: str | None = None
    place: tuple[float, float] | None = None
    place_source: str | None = None
    metres: float | None = None


def self_said_in(
    sandbox: Sandbox, path: Path, media_type: MediaType, *, limits: Limits | None = None
) -> SelfSaid:
    """Read what a file says of its capture, in the sandbox; nothing where it cannot be read."""
    if media_type.kind not in (Kind.PICTURE, Kind.CLIP, Kind.RECORDING):
        return SelfSaid()
    try:
        told = sandbox.run(self_said_task, str(path.resolve()), media_type.name, limits=limits)
    except Unreadable:
        return SelfSaid()
    return parse_self_said(told)


def self_said_task(path: str, media_type: str) -> dict[str, object]:
    """Read it as plain values, for the sandbox."""
    kind = BY_NAME[media_type]
    if kind.kind is Kind.PICTURE:
        return _of_picture(Path(path), kind)
    return _of_container(Path(path), kind)


def parse_self_said(told: object) -> SelfSaid:
    """Take what a job answered, as far as it is what it should be: the file may have written it."""
    values = cast("Mapping[str, Any]", told) if isinstance(told, dict) else {}
    time, place = values.get("time"), values.get("place")
    said = SelfSaid()
    if isinstance(time, str) and _is_time(time):
        said = SelfSaid(time=time, time_source=str(values.get("time_source"))[:40])
    match place:
        case [float() as latitude, float() as longitude] if _is_place(latitude, longitude):
            metres = values.get("metres")
            is_known = isinstance(metres, float) and 0 < metres < 1e6
            return SelfSaid(
                time=said.time,
                time_source=said.time_source,
                place=(latitude, longitude),
                place_source=str(values.get("place_source"))[:40],
                metres=metres if is_known else None,
            )
    return said


def _is_time(text: str) -> bool:
    with contextlib.suppress(FormatError):
        return bool(parse_moment(text)) and not text.startswith(_NO_TIME)
    return False


def _is_place(latitude: float, longitude: float) -> bool:
    """On Earth, and not the point that receivers give which know nothing."""
    return abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0.0, 0.0)


def _of_picture(path: Path, media_type: MediaType) -> dict[str, object]:
    said: dict[str, object] = {}
    if media_type.name == "image/heic":  # no decoder here reads its EXIF
        return said
    with opened(path, media_type) as image:
        exif = image.getexif()
        details, position = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        if time := _exif_time(details):
            said |= {"time": time, "time_source": "the file's EXIF"}
        elif time := _xmp_time(image):
            said |= {"time": time, "time_source": "the file's XMP"}
        if place := _quiet(_exif_place, position):
            said |= {"place": place, "place_source": "the file's EXIF"}
            metres = _quiet(_exif_metres, position)
            said["metres"] = metres if metres and math.isfinite(metres) else None
    return said


def _exif_time(details: Mapping[int, object]) -> str | None:
    """EXIF 2.32: DateTimeOriginal, and OffsetTimeOriginal where the camera knew it."""
    match = _EXIF_TIME.fullmatch(str(details.get(ExifTags.Base.DateTimeOriginal, "")).strip("\0 "))
    if match is None:
        return None
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
    known = offset if _OFFSET.fullmatch(offset) else ""
    return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}{known}"


def _exif_place(position: Mapping[int, Any]) -> list[float]:
    """EXIF 2.32: degrees, minutes and seconds, and the side of the equator and of Greenwich."""
    found = []
    for value, side, negative in (
        (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S"),
        (ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W"),
    ):
        degrees, minutes, seconds = (float(each) for each in position[value])
        sign = -1 if str(position[side]).strip("\0 ").upper() == negative else 1
        found.append(round(sign * (degrees + minutes / 60 + seconds / 3600), 6))
    return found


def _exif_metres(position: Mapping[int, Any]) -> float:
    return float(position[ExifTags.GPS.GPSHPositioningError])


def _xmp_time(image: Image.Image) -> str | None:
    packet = image.info.get("xmp", b"")
    if isinstance(packet, str):
        packet = packet.encode()
    match = _XMP_TIME.search(bytes(packet)[:_MOST_XMP])
    return match[1].decode("ascii") if match else None


def _of_container(path: Path, media_type: MediaType) -> dict[str, object]:
    told = cast("dict[str, Any]", probe_json(path, media_type).get("format", {}))
    tags = {str(name).lower(): str(text) for name, text in dict(told.get("tags", {})).items()}
    said: dict[str, object] = {}
    time = tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time")
    if time:
        tidy = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", time)
        said |= {"time": tidy, "time_source": "the file's container"}
    place = tags.get("com.apple.quicktime.location.iso6709") or tags.get("location")
    if place and (match := _ISO_6709.fullmatch(place.strip())):
        found = [float(match[1]), float(match[2])]
        said |= {"place": found, "place_source": "the file's container"}
    return said


def _quiet(read: Callable[[Mapping[int, Any]], Any], values: Mapping[int, Any]) -> Any:
    """Read what may be missing or malformed in any way; None where it is."""
    with contextlib.suppress(KeyError, TypeError, ValueError, ArithmeticError):
        return read(values)
    return None
