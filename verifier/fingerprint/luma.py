"""A clip as small grey frames, each with its exact time.

`Thumbnails` are the value. `clip-luma 1` is how the ledger's private store keeps them:

    clip-luma 1   "width height" of the clip (4 bytes each), of a frame (1 byte each), the duration
                  (8), the number of frames (4), then for each frame its time (8), the length of its
                  code (2) and its code

Numbers are unsigned and big-endian, times and duration microseconds as in `clip-phash`. A pixel has
one of 64 levels (grey / 4). A frame codes how its levels differ from those of the frame before
(the first: from 32), in blocks of 4 by 4, row by row: a byte k; a bit for each block that differs;
then for the pixels of those blocks, v = 2d - 1 for a difference d > 0 and -2d otherwise: v >> k in
unary (that many zeros and a one), and the k low bits of all, plane by plane, lowest first (Rice
codes). Each of the three parts is filled up with zeros to whole bytes. k is the least that makes
the code shortest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

CLIP_LUMA = "clip-luma"
VERSION = 1
FRAMES_PER_SECOND = 4  # of what is recorded, for clips up to an hour; fewer for longer ones
LONG_SIDE = 64  # pixels
MOST_FRAMES = 14_400  # kept of one clip; when there are more, every other one is dropped
_TICKS = 1_000_000
_HEADER = 4 + 4 + 1 + 1 + 8 + 4
_BEFORE_CODE = 8 + 2
_BLOCK = 4
_STEP = 4  # of grey, between levels
_STILL = 4  # a pixel keeps its level while it is no further from that level's middle
_PARAMETERS = 7  # values of k: 0 to 6

Luma = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int16]  # 0 to 63


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnails:
    """Frames of a clip in the order in which they are shown."""

    times: npt.NDArray[np.float64]  # seconds, one for each frame, strictly growing
    luma: Luma  # frames, height, width
    duration: float  # seconds, until the last frame is no longer shown
    size: tuple[int, int]  # of the clip as it is displayed: width, height in pixels
    # What part of the clip the frames show: left, top, right, bottom, each 0 to 1.
    part: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @property
    def pixel_aspect(self) -> float:
        """How many times as wide as high a pixel of the frames is: about 1."""
        left, top, right, bottom = self.part
        _, height, width = self.luma.shape
        across, down = (right - left) * self.size[0], (bottom - top) * self.size[1]
        return float(across / width / (down / height))


def frame_size(size: tuple[int, int], long_side: int = LONG_SIDE) -> tuple[int, int]:
    """Width and height of a thumbnail of a clip of this size."""
    factor = long_side / max(*size, 1)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


class Gathering:
    """Frames gathered one by one, in constant memory.

    Each time that there would be more than `most`, every other frame is dropped and from then on
    only frames twice as far apart are taken: between `most` / 2 and `most` stay, evenly spread.
    """

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self._most, self._step, self._count = most, 1, 0
        self._last = self._gap = 0.0
        self._times: list[float] = []
        self._luma: list[Luma] = []

    def add(self, time: float, luma: Luma) -> None:
        """Take the next frame."""
        self._gap = time - self._last if self._count else 0.0
        self._last = time
        number, self._count = self._count, self._count + 1
        if number % self._step == 0 and len(self._times) == self._most:
            self._times, self._luma = self._times[::2], self._luma[::2]
            self._step *= 2
        if number % self._step == 0:
            self._times.append(time)
            self._luma.append(luma.copy())

    def gathered(self, size: tuple[int, int]) -> Thumbnails:
        """What was gathered of a clip that is displayed at this size; at least one frame."""
        return Thumbnails(np.array(self._times), np.stack(self._luma), self._last + self._gap, size)


def collect(
    frames: Iterable[tuple[float, Luma]], size: tuple[int, int], *, most: int = MOST_FRAMES
) -> Thumbnails:
    """Gather frames as `media.decode.frames` yields them, in constant memory."""
    gathering = Gathering(most)
    for time, luma in frames:
        gathering.add(time, luma)
    return gathering.gathered(size)


def fingerprint_thumbnails(thumbnails: Thumbnails) -> Fingerprint:
    """The record of a clip, in 64 levels."""
    return Fingerprint(CLIP_LUMA, VERSION, format_thumbnails(steadied(thumbnails)))


def steadied(thumbnails: Thumbnails) -> Thumbnails:
    """The frames in 64 levels, where noise that is smaller than a level changes nothing."""
    luma = np.empty_like(thumbnails.luma)
    levels = np.full(luma.shape[1:], 32, np.int16)
    for number, frame in enumerate(thumbnails.luma):
        moved = np.abs(frame - (levels * _STEP + _STEP // 2)) > _STILL
        levels = np.where(moved, frame // _STEP, levels)
        luma[number] = levels * _STEP + _STEP // 2
    return Thumbnails(thumbnails.times, luma, thumbnails.duration, thumbnails.size)


def format_thumbnails(thumbnails: Thumbnails) -> bytes:
    """Encode frames in the layout above; of each grey its level is kept."""
    count, height, width = thumbnails.luma.shape
    parts = [
        *(side.to_bytes(4, "big") for side in thumbnails.size),
        bytes([width, height]),
        round(thumbnails.duration * _TICKS).to_bytes(8, "big"),
        count.to_bytes(4, "big"),
    ]
    before = np.full((height, width), 32, np.int16)
    for time, frame in zip(thumbnails.times.tolist(), thumbnails.luma, strict=True):
        levels = (frame // _STEP).astype(np.int16)
        code = _format_difference(levels - before)
        parts += [round(time * _TICKS).to_bytes(8, "big"), len(code).to_bytes(2, "big"), code]
        before = levels
    return b"".join(parts)


def parse_thumbnails(data: bytes) -> Thumbnails:
    """Read what `format_thumbnails` writes; raises FormatError for anything else."""
    size, duration, shape = _parse_header(data)
    times = np.empty(shape[0], np.int64)
    luma = np.empty(shape, np.uint8)
    end, before = _HEADER, np.full(shape[1:], 32, np.int16)
    for number, (time, levels, code) in enumerate(_frames(data, shape)):
        if time > duration:
            raise FormatError("a frame of a clip's thumbnails comes too late")
        if _format_difference(levels - before) != code:  # one spelling only
            raise FormatError("a frame of a clip's thumbnails is not coded as short as it can be")
        times[number], luma[number] = time, _grey(levels)
        end, before = end + _BEFORE_CODE + len(code), levels
    if end != len(data) or (times[1:] <= times[:-1]).any():
        raise FormatError("the frames of a clip's thumbnails are not in order")
    return Thumbnails(times / _TICKS, luma, duration / _TICKS, size)


def frames_at(data: bytes, times: Sequence[float]) -> Luma:
    """The frames that are shown at some times, (n, height, width); what comes later is not read.

    Twice as fast as reading everything, for it is not asked whether that is the only spelling.
    Raises FormatError where a frame cannot be read.
    """
    _, _, shape = _parse_header(data)
    ticks = np.round(np.asarray(times) * _TICKS)
    found = np.empty((len(ticks), *shape[1:]), np.uint8)
    for number, (time, levels, _) in enumerate(_frames(data, shape)):
        if number and time > ticks.max(initial=0):
            break
        found[(ticks >= time) | (number == 0)] = _grey(levels)
    return found


def _parse_header(data: bytes) -> tuple[tuple[int, int], int, tuple[int, int, int]]:
    """The size of the clip, its duration in ticks, and how many frames of what height and width."""
    if len(data) < _HEADER:
        raise FormatError(f"a clip's thumbnails cannot have {len(data)} bytes")
    size = (int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"))
    width, height = data[8], data[9]
    duration, count = int.from_bytes(data[10:18], "big"), int.from_bytes(data[18:22], "big")
    if not 1 <= count <= MOST_FRAMES or duration >= 1 << 53 or (width, height) != frame_size(size):
        raise FormatError("a clip's thumbnails claim a size that no clip has")
    if count * _BEFORE_CODE > len(data):  # before memory for that many frames is taken
        raise FormatError("a clip's thumbnails end too early")
    return size, duration, (count, height, width)


def _frames(data: bytes, shape: tuple[int, int, int]) -> Iterator[tuple[int, Levels, bytes]]:
    """The time in ticks, the levels and the code of each frame."""
    count, height, width = shape
    levels = np.full((height, width), 32, np.int16)
    place = _HEADER
    for _ in range(count):
        head, place = data[place : place + _BEFORE_CODE], place + _BEFORE_CODE
        time, length = int.from_bytes(head[:8], "big"), int.from_bytes(head[8:], "big")
        code, place = data[place : place + length], place + length
        if len(head) + len(code) != _BEFORE_CODE + length:
            raise FormatError("a frame of a clip's thumbnails is cut short")
        levels = levels + _parse_difference(code, height, width)
        if levels.min() < 0 or levels.max() > 63:
            raise FormatError("a frame of a clip's thumbnails has levels that do not exist")
        yield time, levels, code


def _grey(levels: Levels) -> Luma:
    return (levels * _STEP + _STEP // 2).astype(np.uint8)


def _blocks(height: int, width: int) -> tuple[int, int]:
    return -(-height // _BLOCK), -(-width // _BLOCK)


def _format_difference(difference: npt.NDArray[np.int16]) -> bytes:
    height, width = difference.shape
    down, across = _blocks(height, width)
    filled = np.zeros((down * _BLOCK, across * _BLOCK), np.int16)
    filled[:height, :width] = difference
    blocks = filled.reshape(down, _BLOCK, across, _BLOCK).swapaxes(1, 2).reshape(-1, _BLOCK**2)
    differs = blocks.any(1)
    signed = blocks[differs].ravel().astype(np.int64)
    values = np.where(signed > 0, 2 * signed - 1, -2 * signed)
    sizes = [
        -(-int((values >> k).sum() + len(values)) // 8) + -(-k * len(values) // 8)
        for k in range(_PARAMETERS)
    ]
    k = int(np.argmin(sizes))
    ends = np.cumsum((values >> k) + 1) - 1
    unary = np.zeros(ends[-1] + 1 if len(ends) else 0, np.uint8)
    unary[ends] = 1
    low = [(values >> bit & 1).astype(np.uint8) for bit in range(k)]
    return b"".join(
        [
            bytes([k]),
            np.packbits(differs).tobytes(),
            np.packbits(unary).tobytes(),
            np.packbits(np.concatenate(low)).tobytes() if low else b"",
        ]
    )


def _parse_difference(code: bytes, height: int, width: int) -> npt.NDArray[np.int16]:
    down, across = _blocks(height, width)
    flags = -(-down * across // 8)
    if len(code) < 1 + flags or code[0] >= _PARAMETERS:
        raise FormatError("a frame of a clip's thumbnails is cut short")
    k, rest = code[0], np.frombuffer(code, np.uint8, offset=1 + flags)
    differs = np.unpackbits(np.frombuffer(code, np.uint8, flags, 1))[: down * across] > 0
    count = int(differs.sum()) * _BLOCK**2
    low = -(-k * count // 8)
    coded = rest[: len(rest) - low]
    ends = np.flatnonzero(np.unpackbits(coded))
    if len(ends) != count:
        raise FormatError("a frame of a clip's thumbnails codes too few or too many pixels")
    values = np.diff(ends, prepend=-1) - 1 << k
    planes = np.unpackbits(rest[len(rest) - low :])[: k * count].reshape(k, count)
    for bit in range(k):
        values |= planes[bit].astype(np.int64) << bit
    signed = np.where(values & 1, (values + 1) >> 1, -(values >> 1))
    if count and int(np.abs(signed).max()) > 63:
        raise FormatError("a frame of a clip's thumbnails has levels that do not exist")
    blocks = np.zeros((down * across, _BLOCK, _BLOCK), np.int16)
    blocks[differs] = signed.reshape(-1, _BLOCK, _BLOCK)
    whole = blocks.reshape(down, across, _BLOCK, _BLOCK).swapaxes(1, 2)
    return whole.reshape(down * _BLOCK, across * _BLOCK)[:height, :width]
