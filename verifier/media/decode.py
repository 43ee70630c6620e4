"""Clips and recordings as streams of frames and samples, in constant memory.

These run inside a sandboxed job. Presentation times are the container's own, to the microsecond,
counted from its start: ffmpeg's `fps` filter would put frames on a grid, up to 0.12 s away.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import ffmpeg
import numpy as np
import numpy.typing as npt

from ledger.asset import Kind, MediaType
from verifier.errors import Unreadable

from .ffmpeg import decoding, open_stream
from .moving import moving_frames

_TICKS = 1_000_000  # presentation times are passed on in microseconds
_MARK = "frame"  # what is printed of a frame, and nothing that a camera put there (timecodes)
_NOTE = re.compile(r"frame:\s*\d+\s+pts:(-?\d+)")


def frames(
    path: Path,
    media_type: MediaType,
    *,
    per_second: float = 4,
    size: tuple[int, int] = (64, 64),
    crop: tuple[int, int, int, int] | None = None,
    key_frames: bool = False,
    beside: tuple[int, int] | None = None,
) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield (presentation time in seconds, luma of height by width) for some frames of a clip.

    A picture that moves is one too. The first frame shown in each period of 1 / `per_second` is
    taken, turned as it is displayed and scaled to `size` (width, height) by averaging. A frame that
    is shown for several periods comes once. `crop` (left, top, width, height in pixels as
    displayed) leaves the rest out; `key_frames` decodes only those that stand alone, which is far
    cheaper. With `beside` each frame comes twice, scaled to that size too: to the right of the
    first and no higher than it. Raises Unreadable, also when there was no frame at all.
    """
    if media_type.kind is Kind.PICTURE:
        yield from moving_frames(
            path, media_type, per_second=per_second, size=size, crop=crop, beside=beside
        )
        return
    width, height = size[0] + (beside[0] if beside else 0), size[1]
    only = {"skip_frame": "nokey"} if key_frames else {}
    source = open_stream(path, media_type, "V:0", **only)  # V: never a cover picture
    reader, writer = os.pipe()
    chosen = source.filter("select", _first_in_each_period(per_second))
    if crop is not None:
        left, top, across, down = crop
        chosen = chosen.filter("crop", across, down, left, top, exact=1)
    chosen = chosen.filter("settb", f"1/{_TICKS}")
    if beside is None:
        scaled = _scaled(chosen, size)
    else:
        both = chosen.filter_multi_output("split")
        first, second = both[0], both[1]
        filled = _scaled(second, beside).filter("pad", beside[0], height)
        scaled = ffmpeg.filter([_scaled(first, size), filled], "hstack")
    stream = (
        scaled
        # `metadata` prints the time of a frame only if the frame carries something to print.
        .filter("metadata", mode="add", key=_MARK, value="1").filter(
            "metadata", mode="print", key=_MARK, file=f"pipe:{writer}", direct=1
        )
    )
    raw = {"format": "rawvideo", "pix_fmt": "gray", "fps_mode": "passthrough"}
    some = False
    with (
        open(reader, encoding="ascii") as notes,  # noqa: PTH123  # a descriptor, not a path
        decoding(stream, notes=writer, **raw) as output,
    ):
        # The filter writes a frame's note before the frame leaves it, so neither pipe can stall.
        while len(luma := output.read(width * height)) == width * height:
            some = True
            yield _time(notes), np.frombuffer(luma, np.uint8).reshape(height, width)
    if not some:
        raise Unreadable("the file holds no frame that can be decoded", "get a whole copy")


def colour_frames(
    path: Path,
    media_type: MediaType,
    *,
    per_second: float,
    size: tuple[int, int],
    within: tuple[float, float],
) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield (presentation time in seconds, red, green and blue of height by width by 3).

    Frames are chosen as `frames` does, from the seconds `within` (start, end) alone, and scaled to
    `size` (width, height). Raises Unreadable, also when there was no frame.
    """
    start = within[0]
    width, height = size
    reader, writer = os.pipe()
    source = open_stream(path, media_type, "V:0", **_seconds(within))
    stream = (
        source.filter("select", _first_in_each_period(per_second))
        .filter("settb", f"1/{_TICKS}")
        .filter("scale", *size, flags="area")
        .filter("format", "rgb24")
        .filter("metadata", mode="add", key=_MARK, value="1")
        .filter("metadata", mode="print", key=_MARK, file=f"pipe:{writer}", direct=1)
    )
    raw = {"format": "rawvideo", "pix_fmt": "rgb24", "fps_mode": "passthrough"}
    some, whole = False, 3 * width * height
    with (
        open(reader, encoding="ascii") as notes,  # noqa: PTH123  # a descriptor, not a path
        decoding(stream, notes=writer, **raw) as output,
    ):
        while len(data := output.read(whole)) == whole:
            some = True
            pixels = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            yield start + _time(notes), pixels
    if not some:
        raise Unreadable("the file holds no frame that can be decoded", "get a whole copy")


def _seconds(within: tuple[float, float]) -> dict[str, str]:
    """The decoder's options that leave the rest of a file alone."""
    start, end = within
    return {"ss": f"{start:.6f}", "t": f"{end - start:.6f}"}


def _scaled(stream: Any, size: tuple[int, int]) -> Any:
    return stream.filter("scale", *size, flags="area").filter("format", "gray")


def _first_in_each_period(per_second: float) -> str:
    period, before = f"floor(t*{per_second:g})", f"floor(prev_selected_t*{per_second:g})"
    return f"isnan(prev_selected_t)+gt({period},{before})"


def _time(notes: IO[str]) -> float:
    """Read one frame's note: `frame:12 pts:480000 pts_time:0.48`, then its metadata."""
    match = _NOTE.match(notes.readline())
    notes.readline()
    if match is None:
        raise Unreadable("a frame of the clip has no presentation time", "get a whole copy")
    return int(match[1]) / _TICKS


def samples(
    path: Path,
    media_type: MediaType,
    *,
    rate: int = 8000,
    block: int = 1 << 16,
    within: tuple[float, float] | None = None,
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield a recording, or a clip's first sound, mixed to one channel, about -1 to 1, in blocks.

    Each block has `block` samples but the last; `within` are the seconds (start, end) that alone
    are decoded. Raises Unreadable when there is no sound.
    """
    only = {} if within is None else _seconds(within)
    # Padded and filled with silence, so that sample n is heard n / rate seconds after the start.
    stream = open_stream(path, media_type, "a:0", **only).filter(
        "aresample", **{"async": 1, "first_pts": 0}
    )
    some = False
    with decoding(stream, format="f32le", ac=1, ar=rate) as output:
        while data := output.read(4 * block):
            some = True
            yield np.frombuffer(data[: len(data) // 4 * 4], "<f4")
    if not some:
        raise Unreadable("the file holds no sound that can be decoded", "get a whole copy")
