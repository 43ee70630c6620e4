"""What a file holds, read from its headers: size, length, streams. Nothing is decoded."""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

from ledger.asset import Kind, MediaType

from .ffmpeg import probe_json
from .moving import moves
from .picture import picture_size


@dataclass(frozen=True, slots=True)
class Video:
    """A stream of pictures as it is coded; `rotation` turns it counter-clockwise for display."""

    width: int  # pixels
    height: int
    rotation: int  # degrees: 0, 90, 180 or 270
    frame_rate: float | None  # a second, on average; None where the container does not say
    codec: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A stream of sound."""

    rate: int  # samples a second
    channels: int
    codec: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a picture, clip or recording holds. `size` is as displayed: width, height in pixels."""

    duration: float | None  # seconds; None for a picture, and where the container does not say
    size: tuple[int, int] | None
    video: tuple[Video, ...]
    sound: tuple[Sound, ...]


def probe(path: Path, media_type: MediaType) -> MediaInfo:
    """Read the headers of a picture, clip or recording; raises Unreadable.

    A file without a single stream of pictures or sound is Unreadable, a cover picture is no video.
    A picture has a video where it moves.
    """
    if media_type.kind is Kind.PICTURE:
        size = picture_size(path, media_type)
        frames = (Video(*size, 0, None, media_type.name),) if moves(path, media_type) else ()
        return MediaInfo(None, size, frames, ())
    told = probe_json(path, media_type)
    streams = cast("list[dict[str, Any]]", told.get("streams", []))
    video = tuple(_video(stream) for stream in streams if _is_video(stream))
    sound = tuple(_sound(stream) for stream in streams if stream.get("codec_type") == "audio")
    return MediaInfo(
        _positive(cast("dict[str, Any]", told.get("format", {})).get("duration")),
        _displayed(video[0]) if video else None,
        video,
        sound,
    )


def _is_video(stream: dict[str, Any]) -> bool:
    cover = stream.get("disposition", {}).get("attached_pic")
    return stream.get("codec_type") == "video" and not cover


def _video(stream: dict[str, Any]) -> Video:
    return Video(
        int(stream.get("width", 0)),
        int(stream.get("height", 0)),
        _rotation(stream),
        _rate(stream.get("avg_frame_rate")),
        str(stream.get("codec_name", "unknown")),
    )


def _sound(stream: dict[str, Any]) -> Sound:
    return Sound(
        int(stream.get("sample_rate", 0)),
        int(stream.get("channels", 0)),
        str(stream.get("codec_name", "unknown")),
    )


def _rotation(stream: dict[str, Any]) -> int:
    """The display matrix's rotation, to the nearest quarter turn."""
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            return round(int(side["rotation"]) / 90) * 90 % 360
    return 0


def _displayed(video: Video) -> tuple[int, int]:
    upright = video.rotation % 180 == 0
    return (video.width, video.height) if upright else (video.height, video.width)


def _rate(text: object) -> float | None:
    with suppress(ValueError, ZeroDivisionError):
        return _positive(Fraction(str(text)))
    return None


def _positive(value: object) -> float | None:
    with suppress(ValueError, TypeError):
        number = float(cast("Any", value))
        return number if 0 < number < float("inf") else None
    return None
