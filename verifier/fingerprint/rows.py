"""Rows of many assets in one array, which rows are near a given one, and their form in a file.

A file is parts one after another, so that what is new is appended:

     8 bytes    "FHINDEX1"
     8 bytes    all entries before this one are in the parts before
     8 bytes    and all before this one are in these parts together
     8 bytes    the length of the body
     4 bytes    CRC-32 of the body
     ...        the body: for each fingerprint algorithm that has rows

        24 bytes    its name, ASCII, filled up with zeros
         2 bytes    its version
         2 bytes    bytes in a row
         4 bytes    n, the number of assets
         4 bytes    m, the number of rows of all of them
         8 n bytes  the entry of each asset in the log
         4 n bytes  how many rows each has
         ...        the m rows

All numbers are little-endian, as the arrays are in memory.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from ledger.errors import FormatError

_MAGIC = b"FHINDEX1"
_PART = struct.Struct("<8sQQQI")
_BLOCK = struct.Struct("<24sHHII")

Rows = npt.NDArray[Any]
Owners = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows of some assets: `counts[n]` of them belong to the asset of entry `entries[n]`."""

    algorithm: str
    version: int
    entries: Owners
    counts: npt.NDArray[np.uint32]
    rows: Rows  # of bytes: (m, width)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What was added at one time: every asset from entry `start` up to, not including, `stop`."""

    start: int
    stop: int
    blocks: Sequence[Block]


def format_part(part: Part) -> bytes:
    """Encode a part in the layout above."""
    body = b"".join(map(_format_block, part.blocks))
    return _PART.pack(_MAGIC, part.start, part.stop, len(body), zlib.crc32(body)) + body


def _format_block(block: Block) -> bytes:
    name, (count, width) = block.algorithm.encode("ascii"), block.rows.shape
    return b"".join(
        (
            _BLOCK.pack(name, block.version, width, len(block.entries), count),
            block.entries.astype("<i8").tobytes(),
            block.counts.astype("<u4").tobytes(),
            block.rows.tobytes(),
        )
    )


def parse_parts(data: bytes) -> Iterator[Part]:
    """Read what `format_part` wrote; raises FormatError where a part is damaged or missing."""
    view, reached = memoryview(data), 0
    while view:
        if len(view) < _PART.size:
            raise FormatError("the index ends inside of a header")
        magic, start, stop, length, check = _PART.unpack_from(view)
        body = view[_PART.size : _PART.size + length]
        if magic != _MAGIC or len(body) < length or zlib.crc32(body) != check:
            raise FormatError("a part of the index is damaged")
        if start > reached or stop < start:
            raise FormatError("a part of the index is missing")
        yield Part(start, stop, tuple(_parse_blocks(body)))
        reached = max(reached, stop)
        view = view[_PART.size + length :]


def _parse_blocks(body: memoryview) -> Iterator[Block]:
    while body:
        if len(body) < _BLOCK.size:
            raise FormatError("a part of the index ends inside of a header")
        name, version, width, assets, count = _BLOCK.unpack_from(body)
        end = _BLOCK.size + 12 * assets + width * count
        if len(body) < end or not name.isascii():
            raise FormatError("a part of the index does not add up")
        entries = np.frombuffer(body, "<i8", assets, _BLOCK.size).astype(np.int64)
        counts = np.frombuffer(body, "<u4", assets, _BLOCK.size + 8 * assets).astype(np.uint32)
        rows = np.frombuffer(body, np.uint8, width * count, _BLOCK.size + 12 * assets)
        if int(counts.sum(dtype=np.int64)) != count:
            raise FormatError("a part of the index does not add up")
        algorithm = name.rstrip(b"\0").decode("ascii")
        yield Block(algorithm, version, entries, counts, rows.reshape(count, width))
        body = body[end:]


class Store:
    """Rows of many entries in one array that grows by doubling, and the entry of each row.

    After each entry's rows come `gap` rows of zeros, which say nothing.
    """

    def __init__(self, empty: Rows, *, gap: int = 0) -> None:
        self._rows = empty
        self._gap = gap
        self._owners = np.zeros(0, np.int64)
        self._used = 0

    def add(self, entry_index: int, rows: Rows) -> None:
        """Append the rows of one entry. Arrays that were given out before stay as they were."""
        needed = self._make_room(len(rows) + self._gap)
        end = needed - self._gap
        self._rows[self._used : end] = rows
        self._rows[end:needed] = 0
        self._owners[self._used : needed] = entry_index
        self._used = needed

    def extend(self, owners: Owners, rows: Rows) -> None:
        """Append rows of many entries at once, with no gaps."""
        needed = self._make_room(len(rows))
        self._rows[self._used : needed] = rows
        self._owners[self._used : needed] = owners
        self._used = needed

    def _make_room(self, more: int) -> int:
        needed = self._used + more
        if needed > len(self._rows):
            room = max(needed, 2 * len(self._rows))
            self._rows = _resized(self._rows, room)
            self._owners = _resized(self._owners, room)
        return needed

    def remove(self, entries: Owners) -> None:
        """Drop the rows of some entries."""
        kept = ~np.isin(self._owners[: self._used], entries)
        if not kept.all():
            self._rows = self._rows[: self._used][kept]
            self._owners = self._owners[: self._used][kept]
            self._used = len(self._rows)

    def owners(self) -> Owners:
        """The entry of each row."""
        return self._owners[: self._used]

    def arrays(self) -> tuple[Rows, Owners]:
        """The rows, and the entry of each."""
        return self._rows[: self._used], self._owners[: self._used]


def _resized(array: Rows, room: int) -> Rows:
    larger = np.zeros((room, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Pairs of rows that are near: the place of each in what was asked for and in the store."""

    asked: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    bits: npt.NDArray[np.int64]  # that differ


def near_rows(asked: Hashes, rows: Hashes, most: float) -> Near:
    """Every pair of rows of 32 bytes that differ in at most `most` bits: exact, by brute force."""
    if not len(asked) or not len(rows):
        none = np.zeros(0, np.int64)
        return Near(none, none, none)
    asked, rows = np.ascontiguousarray(asked), np.ascontiguousarray(rows)
    result = faiss.RangeSearchResult(len(asked))
    below = int(most) + 1  # faiss looks for what is strictly nearer
    faiss.hamming_range_search(  # type: ignore[attr-defined]
        *(faiss.swig_ptr(asked), faiss.swig_ptr(rows), len(asked), len(rows)),
        *(below, rows.shape[1], result),
    )
    ends = faiss.rev_swig_ptr(result.lims, len(asked) + 1).astype(np.int64)
    count = int(ends[-1])
    if not count:
        return near_rows(asked[:0], rows, most)
    return Near(
        np.repeat(np.arange(len(asked)), np.diff(ends)),
        faiss.rev_swig_ptr(result.labels, count).astype(np.int64),
        faiss.rev_swig_ptr(result.distances, count).astype(np.int64),
    )
