"""Fingerprints of clips by what about one frame a second shows: they survive crops and frames.

    clip-descriptor 1    an 8-byte duration, then for each view an 8-byte time and a 32-byte hash

Times are microseconds from the container's start, unsigned, big-endian, never falling and at most
the duration. A time comes at most twice: first the whole frame without even bars at its sides,
then, where it is clearly less, the part of it in which anything moved within the same minute (a
clip in a window, over a still). The hash is that of `picture-descriptor`, of the frame in grey.
Flat frames are left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

from .descriptor import SIDE, describe
from .image import HASH_BYTES, LEAST_DETAIL, detail

FOOTAGE = "clip-descriptor"
VERSION = 1
_TOGETHER = 60  # frames: about a minute, of which it is asked what moved
_BAR = 6.0  # grey levels: an even bar differs by less, from place to place and from time to time
_MOVED = 16.0  # grey levels between darkest and brightest: less is noise of the compression
_LEAST_PART = 0.25  # of each side: nothing smaller is taken for the picture
_CLEARLY_LESS = 0.85  # of the area
_TICKS = 1_000_000
_HEADER = 8
_VIEW = np.dtype([("time", ">u8"), ("hash", "u1", HASH_BYTES)])

Luma = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """What a clip shows, about once a second: a row for each view of a frame."""

    duration: float  # seconds
    times: npt.NDArray[np.float64]  # seconds; the second view of a frame has the time of the first
    hashes: npt.NDArray[np.uint8]  # one row of 32 bytes each


class FootageFinder:
    """Describes about one frame a second of those that pass by."""

    def __init__(self) -> None:
        self._minute: list[tuple[float, Luma]] = []
        self._times: list[float] = []
        self._rows: list[npt.NDArray[np.uint8]] = []
        self._last = 0.0
        self._second = -1

    def watch(self, frames: Iterable[tuple[float, Luma]]) -> Iterator[tuple[float, Luma]]:
        """Yield frames as `media.decode.frames` does (square), having seen them."""
        for time, luma in frames:
            self._last = time
            if int(time) > self._second:
                self._second = int(time)
                self._minute.append((time, luma))
            if len(self._minute) == _TOGETHER:
                self._describe()
            yield time, luma
        self._describe()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """What was seen, as it is recorded; nothing if every frame was flat."""
        if not self._times:
            return ()
        footage = Footage(self._last, np.array(self._times), np.concatenate(self._rows))
        return (Fingerprint(FOOTAGE, VERSION, format_footage(footage)),)

    def _describe(self) -> None:
        for time, view in _views(self._minute) if self._minute else ():
            self._times.append(time)
            self._rows.append(describe(_coloured(view)[None]))
        self._minute = []


def _views(minute: list[tuple[float, Luma]]) -> Iterator[tuple[float, Luma]]:
    """Every frame that is not flat without its bars, and what moves in it."""
    stack = np.stack([luma for _, luma in minute])
    top, bottom, left, right = _without_bars(stack)
    moving = _moving(stack[:, top:bottom, left:right])
    for time, luma in minute:
        whole = luma[top:bottom, left:right]
        if _detail(whole) < LEAST_DETAIL:
            continue
        yield time, whole
        if moving is not None:
            part = whole[moving[0] : moving[1], moving[2] : moving[3]]
            if _detail(part) >= LEAST_DETAIL:
                yield time, part


def _detail(luma: Luma) -> float:
    return detail(np.asarray(Image.fromarray(luma).resize((64, 64), Image.Resampling.BOX)))


Box = tuple[int, int, int, int]  # top, bottom, left, right


def _without_bars(stack: Luma) -> Box:
    """Leave out rows and columns at the sides that are even and stay as they are."""
    height, width = stack.shape[1:]
    found: list[int] = []
    for axis, length in ((2, height), (1, width)):
        lines = np.swapaxes(stack, 1, 2) if axis == 1 else stack
        spread = np.ptp(lines.astype(np.int16), axis=2).max(axis=0)
        drift = np.ptp(lines.mean(axis=2), axis=0)
        first, last = _inner((spread > 2 * _BAR) | (drift > _BAR))
        found += [first, last] if last - first >= _LEAST_PART * length else [0, length]
    return found[0], found[1], found[2], found[3]


def _moving(stack: Luma) -> Box | None:
    """The part of the frames in which anything moves, where it is clearly less than the whole."""
    if len(stack) < 3:
        return None
    moved = np.ptp(stack, axis=0) > _MOVED
    height, width = moved.shape
    top, bottom = _inner(moved.mean(axis=1) > 0.05)
    left, right = _inner(moved.mean(axis=0) > 0.05)
    across, down = (right - left) / width, (bottom - top) / height
    if min(across, down) < _LEAST_PART or across * down > _CLEARLY_LESS:
        return None
    return top, bottom, left, right


def _inner(lines: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """From the first to behind the last line that is so; (0, 0) where none is."""
    places = np.flatnonzero(lines)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _coloured(luma: Luma) -> npt.NDArray[np.uint8]:
    small = Image.fromarray(luma).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.repeat(np.asarray(small)[..., None], 3, axis=2)


def format_footage(footage: Footage) -> bytes:
    """Encode footage in the layout above."""
    rows = np.empty(len(footage.times), _VIEW)
    rows["time"] = np.round(footage.times * _TICKS)
    rows["hash"] = footage.hashes
    return round(footage.duration * _TICKS).to_bytes(_HEADER, "big") + rows.tobytes()


def parse_footage(data: bytes) -> Footage:
    """Read what `format_footage` writes; raises FormatError for anything else."""
    if len(data) <= _HEADER or (len(data) - _HEADER) % _VIEW.itemsize:
        raise FormatError(f"a clip's descriptors cannot have {len(data)} bytes")
    duration = int.from_bytes(data[:_HEADER], "big")
    rows = np.frombuffer(data, _VIEW, offset=_HEADER)
    times = rows["time"].astype(np.uint64)
    if (times[1:] < times[:-1]).any() or times[-1] > duration:
        raise FormatError("the frames of a clip's descriptors are not in order")
    if (times[2:] == times[:-2]).any():
        raise FormatError("a frame of a clip's descriptors comes more than twice")
    if duration >= 1 << 53:  # beyond this a float no longer counts single microseconds
        raise FormatError("a clip's descriptors claim to last for centuries")
    return Footage(duration / _TICKS, times / _TICKS, rows["hash"])
