"""Clips as they are compared: small grey frames of what is left when borders are cut off."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ledger.asset import BY_NAME, MediaType
from verifier.errors import DecoderFailed, Unreadable
from verifier.fingerprint.luma import Thumbnails, collect, frame_size
from verifier.media.decode import frames
from verifier.media.limits import Limits
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

from .geometry import content_box
from .result import WHOLE, Part

FRAMES_PER_SECOND = 30  # every frame of most clips
# 9 minutes of every frame, 2 hours of two a second, ever fewer for longer ones; and square ones,
# 4 KiB each, still fit a job's answer.
MOST_FRAMES = 16_000
_BORDER_SIDE = 192  # pixels: borders are found to a 192nd of the longer side
_BORDER_FRAMES, _BORDER_RATE = 48, 2  # at most; a second
_TICKS = 1_000_000  # times are compared in microseconds


def read_footage(path: Path, media_type: MediaType, *, most: int = MOST_FRAMES) -> Thumbnails:
    """Decode a clip into thumbnails of what lies within its borders.

    Decodes hostile bytes: call it inside a sandbox, or use `read_footage_in`. Raises Unreadable.
    """
    size = probe(path, media_type).size or (16, 9)
    part = _content(path, media_type, size)
    crop = _pixels(part, size)
    shown = frames(
        path,
        media_type,
        per_second=FRAMES_PER_SECOND,
        size=frame_size(crop[2:]),
        crop=None if part == WHOLE else crop,
    )
    found = collect(shown, size, most=most)
    return Thumbnails(found.times, found.luma, found.duration, size, part)


def read_frames_at(
    path: Path, media_type: MediaType, part: Part, times: Sequence[float], long_side: int
) -> npt.NDArray[np.uint8]:
    """Decode the frames that are shown from just these times on, (n, height, width).

    Raises Unreadable, also when one is not there.
    """
    size = probe(path, media_type).size or (16, 9)
    crop = _pixels(part, size)
    wanted = {round(time * _TICKS) for time in times}
    found: dict[int, npt.NDArray[np.uint8]] = {}
    shown = frames(
        path,
        media_type,
        per_second=FRAMES_PER_SECOND,
        size=frame_size(crop[2:], long_side),
        crop=None if part == WHOLE else crop,
    )
    for time, luma in shown:
        if round(time * _TICKS) in wanted:
            found[round(time * _TICKS)] = luma
    if len(found) < len(wanted):
        raise Unreadable("frames of the clip come at other times when read again", "try again")
    return np.stack([found[round(time * _TICKS)] for time in times])


def read_frames_at_in(
    sandbox: Sandbox,
    file: tuple[Path, MediaType],
    part: Part,
    times: Sequence[float],
    long_side: int,
    *,
    limits: Limits,
) -> npt.NDArray[np.uint8]:
    """`read_frames_at` in a job of `sandbox`; also raises what `Sandbox.run` raises."""
    path, media_type = file
    arguments = (str(path.resolve()), media_type.name, list(part), list(times), long_side)
    told = sandbox.run(read_frames_at_task, *arguments, limits=limits)
    try:
        count, height, width = told["shape"]
        luma = np.frombuffer(told["luma"], np.uint8).reshape(count, height, width)
        if count != len(times) or not 0 < max(height, width) <= long_side:
            raise ValueError("count")
    except (KeyError, TypeError, ValueError) as problem:
        raise _nonsensical(problem) from None
    return luma


def read_frames_at_task(
    path: str, media_type: str, part: list[float], times: list[float], long_side: int
) -> dict[str, object]:
    """`read_frames_at` as plain values."""
    left, top, right, bottom = part
    where = (left, top, right, bottom)
    luma = read_frames_at(Path(path), BY_NAME[media_type], where, times, long_side)
    return {"shape": list(luma.shape), "luma": luma.tobytes()}


def _content(path: Path, media_type: MediaType, size: tuple[int, int]) -> Part:
    """What is left of a clip's picture when still, even borders are cut off."""
    small = frame_size(size, min(_BORDER_SIDE, max(size)))
    box = content_box(_sampled(path, media_type, small, key_frames=True))
    if box != (0, 0, *small):  # few key frames do not tell what stands still
        box = content_box(_sampled(path, media_type, small, key_frames=False))
    left, top, right, bottom = box
    width, height = small
    # The outermost row within a border is half of it.
    left, top = (side + 1 if side else 0 for side in (left, top))
    right, bottom = (side - (side < most) for side, most in ((right, width), (bottom, height)))
    if (right - left) * (bottom - top) > 0.97 * width * height:
        return WHOLE
    return left / width, top / height, right / width, bottom / height


def _sampled(
    path: Path, media_type: MediaType, size: tuple[int, int], *, key_frames: bool
) -> npt.NDArray[np.float32]:
    """Some frames of a clip: key frames are had without decoding the others."""
    rate = 1 if key_frames else _BORDER_RATE
    shown = frames(path, media_type, per_second=rate, size=size, key_frames=key_frames)
    some = np.stack([luma for _, luma in islice(shown, _BORDER_FRAMES)]).astype(np.float32)
    shown.close()  # type: ignore[attr-defined]  # a generator: ends ffmpeg
    return some


def _pixels(part: Part, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width, height."""
    width, height = size
    left, top = round(part[0] * width), round(part[1] * height)
    right, bottom = round(part[2] * width), round(part[3] * height)
    return left, top, max(2, right - left), max(2, bottom - top)


def read_footage_in(
    sandbox: Sandbox, path: Path, media_type: MediaType, *, limits: Limits
) -> Thumbnails:
    """`read_footage` in a job of `sandbox`; also raises what `Sandbox.run` raises."""
    told = sandbox.run(read_footage_task, str(path.resolve()), media_type.name, limits=limits)
    return parse_footage(told)


def read_footage_task(path: str, media_type: str) -> dict[str, object]:
    """`read_footage` as plain values."""
    found = read_footage(Path(path), BY_NAME[media_type])
    return {
        "times": found.times.astype("<f8").tobytes(),
        "luma": found.luma.tobytes(),
        "shape": list(found.luma.shape),
        "duration": found.duration,
        "size": list(found.size),
        "part": list(found.part),
    }


def parse_footage(told: object) -> Thumbnails:
    """Read what `read_footage_task` answers; raises DecoderFailed for what it would not."""
    try:
        fields = cast("dict[str, Any]", told)
        count, height, width = fields["shape"]
        times = np.frombuffer(fields["times"], "<f8")
        luma = np.frombuffer(fields["luma"], np.uint8).reshape(count, height, width)
        across, down = (int(side) for side in fields["size"])
        left, top, right, bottom = (float(side) for side in fields["part"])
        duration = float(fields["duration"])
        ordered = bool((np.diff(times) > 0).all()) and bool(np.isfinite(times).all())
        if len(times) != count or not count or not ordered or not times[-1] <= duration < 1e9:
            raise ValueError("times")
    except (KeyError, TypeError, ValueError) as problem:
        raise _nonsensical(problem) from None
    return Thumbnails(times, luma, duration, (across, down), (left, top, right, bottom))


def _nonsensical(problem: Exception) -> DecoderFailed:
    return DecoderFailed(
        f"decoding the clip gave a nonsensical answer ({problem})",
        "treat it as damaged or hostile",
    )
