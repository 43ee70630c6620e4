"""Fingerprints of clips: the hash of about four frames a second, each with its exact time.

    clip-phash 1    an 8-byte duration, then for each frame an 8-byte time and a 32-byte hash

Times are microseconds from the container's start, unsigned, big-endian, strictly growing and at
most the duration. The hash is that of `picture-phash`, on 64 by 64 luma. Flat frames are left out,
so a black clip has no fingerprint; the gap that they leave says that nothing was to be seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

from .image import HASH_BYTES, LEAST_DETAIL, detail, format_hash

CLIP = "clip-phash"
VERSION = 1
FRAMES_PER_SECOND = 4
FRAME_SIDE = 192  # pixels: what is decoded; three times what the hash looks at
_HASHED_SIDE = 64  # pixels: what `imagehash.phash` of 256 bits looks at
_TICKS = 1_000_000
_HEADER = 8
_FRAME = np.dtype([("time", ">u8"), ("hash", "u1", HASH_BYTES)])


@dataclass(frozen=True, slots=True, eq=False)
class FrameHashes:
    """The informative frames of a clip."""

    duration: float  # seconds: until the last frame that was looked at, flat or not
    times: npt.NDArray[np.float64]  # seconds, one for each frame
    hashes: npt.NDArray[np.uint8]  # one row of 32 bytes for each frame


def fingerprint_frames(
    frames: Iterable[tuple[float, npt.NDArray[np.uint8]]],
) -> tuple[Fingerprint, ...]:
    """Hash frames as `media.decode.frames` yields them (FRAME_SIDE square).

    Nothing if all are flat.
    """
    times: list[float] = []
    hashes: list[bytes] = []
    last = 0.0
    for last, large in frames:
        luma = _averaged(large)
        if detail(luma) >= LEAST_DETAIL:
            times.append(last)
            hashes.append(format_hash(imagehash.phash(Image.fromarray(luma), hash_size=16).hash))
    if not times:
        return ()
    rows = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, HASH_BYTES)
    return (Fingerprint(CLIP, VERSION, format_frames(FrameHashes(last, np.array(times), rows))),)


def _averaged(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The mean of each block of pixels: what decoding to _HASHED_SIDE by averaging would give."""
    block = len(luma) // _HASHED_SIDE
    means = luma.reshape(_HASHED_SIDE, block, _HASHED_SIDE, block).mean(axis=(1, 3))
    return np.asarray(np.round(means), np.uint8)


def format_frames(frames: FrameHashes) -> bytes:
    """Encode frames in the layout above."""
    rows = np.empty(len(frames.times), _FRAME)
    rows["time"] = np.round(frames.times * _TICKS)
    rows["hash"] = frames.hashes
    return round(frames.duration * _TICKS).to_bytes(_HEADER, "big") + rows.tobytes()


def parse_frames(data: bytes) -> FrameHashes:
    """Read what `format_frames` writes; raises FormatError for anything else."""
    if len(data) <= _HEADER or (len(data) - _HEADER) % _FRAME.itemsize:
        raise FormatError(f"a clip's fingerprint cannot have {len(data)} bytes")
    duration = int.from_bytes(data[:_HEADER], "big")
    rows = np.frombuffer(data, _FRAME, offset=_HEADER)
    times = rows["time"].astype(np.uint64)
    if (times[1:] <= times[:-1]).any() or times[-1] > duration:
        raise FormatError("the frames of a clip's fingerprint are not in order")
    if duration >= 1 << 53:  # beyond this a float no longer counts single microseconds
        raise FormatError("a clip's fingerprint claims to last for centuries")
    return FrameHashes(duration / _TICKS, times / _TICKS, rows["hash"])
