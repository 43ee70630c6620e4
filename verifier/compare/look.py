"""What the drawing of a comparison needs of a file: a picture, and its whole length as a strip.

Decoded inside the sandbox; what comes out is pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import BY_NAME, Kind, MediaType
from verifier.errors import DecoderFailed
from verifier.media.decode import samples
from verifier.media.ffmpeg import decoding, open_stream
from verifier.media.limits import Limits
from verifier.media.picture import picture, picture_size
from verifier.media.probe import MediaInfo, probe
from verifier.media.sandbox import Sandbox

from .draw_time import Strip

_LARGEST = 1600  # pixels: the longer side of what is drawn
STRIP_SIZE = _STRIP_WIDTH, _STRIP_HEIGHT = 3008, 168  # pixels: twice what the time line has
_RATE = 8000  # samples a second
_PEAK = 200  # samples behind one peak: 25 ms
_PEAKS = 3008
_FOREGROUND, _BACKGROUND = (66, 92, 122), (233, 236, 240)

Peaks = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """A file to look at. `size` is as displayed; `picture` may be smaller; a sound has neither."""

    size: tuple[int, int] | None
    seconds: float | None
    picture: Image.Image | None
    strip: Strip | None


def look_in(
    sandbox: Sandbox,
    path: Path,
    media_type: MediaType,
    *,
    at: float | None = None,
    limits: Limits | None = None,
) -> Look:
    """Look at a file; of a clip, at the frame shown `at` so many seconds. Raises VerifierError."""
    seen = sandbox.run(look_task, str(path.resolve()), media_type.name, at, limits=limits)
    try:
        return _parse(seen)
    except (KeyError, TypeError, ValueError, IndexError):
        raise DecoderFailed("the decoder gave pixels that are none", "get a whole copy") from None


def look_task(path: str, media_type: str, at: float | None) -> dict[str, object]:
    """Decode what is looked at as plain values: sizes, seconds and the bytes of pixels."""
    where, kind = Path(path), BY_NAME[media_type]
    if kind.kind is Kind.PICTURE:
        shown = picture(where, kind, shrink_to=_LARGEST // 2).convert("RGB")
        shown.thumbnail((_LARGEST, _LARGEST))
        return {"size": list(picture_size(where, kind)), "picture": _plain(shown)}
    info = probe(where, kind)
    if not info.video:
        peaks, seconds = _peaks(where, kind)
        return {"seconds": seconds, "peaks": peaks.astype("<f4").tobytes()}
    seconds = info.duration or 0.0
    return {
        "size": list(info.size or (0, 0)),
        "seconds": seconds,
        "picture": _frame(where, kind, info, at or 0.0),
        "frames": _frames(where, kind, info, seconds),
    }


def _parse(seen: Mapping[str, Any]) -> Look:
    size, seconds = seen.get("size"), seen.get("seconds")
    shown = _picture(seen["picture"]) if seen.get("picture") else None
    look = joined([_picture(each) for each in seen.get("frames") or ()])
    if "peaks" in seen:
        look = wave(np.frombuffer(seen["peaks"], "<f4"))
    return Look(
        (int(size[0]), int(size[1])) if size else None,
        None if seconds is None else float(seconds),
        shown,
        None if seconds is None else Strip(float(seconds), look),
    )


def _plain(image: Image.Image) -> list[int | bytes]:
    return [image.width, image.height, image.tobytes()]


def _picture(plain: tuple[int, int, bytes]) -> Image.Image:
    width, height, data = plain
    return Image.frombytes("RGB", (width, height), data)


def joined(frames: list[Image.Image]) -> Image.Image | None:
    """Frames of one size side by side; None where there are none."""
    if not frames:
        return None
    strip = Image.new("RGB", (sum(each.width for each in frames), frames[0].height))
    left = 0
    for each in frames:
        strip.paste(each, (left, 0))
        left += each.width
    return strip


def _fitting(info: MediaInfo, side: int) -> tuple[int, int]:
    """Return the size of a frame whose longer side is at most `side`, its sides even."""
    width, height = info.size or (2, 2)
    scale = min(1.0, side / max(width, height))
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


def _frame(path: Path, kind: MediaType, info: MediaInfo, at: float) -> list[int | bytes] | None:
    """Decode the frame shown at a time, else the first."""
    width, height = _fitting(info, _LARGEST)
    for wanted in (max(at - 1e-3, 0.0), 0.0):
        stream = open_stream(path, kind, "V:0").filter("select", f"gte(t,{wanted:.3f})")
        shown = _decoded(stream, width, height, 1)
        if shown:
            return shown[0]
    return None


def _frames(
    path: Path, kind: MediaType, info: MediaInfo, seconds: float
) -> list[list[int | bytes]]:
    """Decode frames from all along a clip, as many as fill a strip."""
    width, height = info.size or (2, 2)
    wide = min(max(round(_STRIP_HEIGHT * width / max(height, 1) / 2) * 2, 2), _STRIP_WIDTH)
    count = max(_STRIP_WIDTH // wide, 1)
    per_second = count / max(seconds, 0.1)
    stream = open_stream(path, kind, "V:0").filter("fps", f"{per_second:.6f}")
    return _decoded(stream, wide, _STRIP_HEIGHT, count)


def _decoded(stream: Any, width: int, height: int, most: int) -> list[list[int | bytes]]:
    scaled = stream.filter("scale", width, height, flags="area").filter("format", "rgb24")
    size = 3 * width * height
    found: list[list[int | bytes]] = []
    raw: dict[str, Any] = {"format": "rawvideo", "pix_fmt": "rgb24", "frames:v": most}
    with decoding(scaled, **raw) as output:
        while len(found) < most and len(data := output.read(size)) == size:
            found.append([width, height, data])
        while output.read(1 << 16):
            pass
    return found


def _peaks(path: Path, kind: MediaType) -> tuple[Peaks, float]:
    """Return the loudest sample of each 25 ms, at most a few thousand of them, and the length."""
    found, count, rest = [], 0, np.zeros(0, np.float32)
    for block in samples(path, kind, rate=_RATE):
        count += len(block)
        joined = np.concatenate((rest, np.abs(block)))
        whole = len(joined) // _PEAK * _PEAK
        found.append(joined[:whole].reshape(-1, _PEAK).max(axis=1))
        rest = joined[whole:]
    peaks = np.concatenate([*found, [rest.max(initial=0.0)]]).astype(np.float32)
    step = -(-len(peaks) // _PEAKS)
    padded = np.pad(peaks, (0, -len(peaks) % step))
    return cast("Peaks", padded.reshape(-1, step).max(axis=1)), count / _RATE


def wave(peaks: Peaks) -> Image.Image:
    """Draw peaks (0 to 1) as the outline of a sound, as wide as a strip."""
    across = np.linspace(0, len(peaks) - 1, _STRIP_WIDTH)
    loud = np.interp(across, np.arange(len(peaks)), np.nan_to_num(peaks))
    tall = np.clip(loud / max(float(loud.max()), 1e-6), 0.02, 1.0) * (_STRIP_HEIGHT / 2 - 6)
    rows = np.abs(np.arange(_STRIP_HEIGHT) - (_STRIP_HEIGHT - 1) / 2)
    inside = rows[:, None] <= tall[None, :]
    pixels = np.where(inside[..., None], np.array(_FOREGROUND), np.array(_BACKGROUND))
    return Image.fromarray(pixels.astype(np.uint8))
