"""A file's bytes, a block at a time: no file is too large to look at."""

import hashlib
import os
from collections.abc import Iterable
from io import BufferedIOBase

from ledger.errors import FormatError

_BLOCK = 1 << 20
_HASHED = 1 << 18  # bytes at a time: they stay in the processor's cache, where they are hashed
# Bytes that one reading may ask for at once. What is longer is read by `feed`, in blocks.
MAX_READ = 64 << 20

Range = tuple[int, int]  # from the first byte up to, and without, the second


class NotRead(FormatError):
    """Something that may be as it should be, and that is not read here."""


class Source:
    """A seekable stream of `size` bytes. Memory: one block, whatever the file's size."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        self._block = bytearray(min(_HASHED, self.size))

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes; raises FormatError where the file has not so many."""
        if not (start >= 0 and 0 <= length <= MAX_READ and start + length <= self.size):
            raise FormatError(f"no {length} bytes at byte {start} of {self.size}")
        self._stream.seek(start)
        data = self._stream.read(length)
        if len(data) != length:
            raise FormatError(f"the file ends before byte {start + length}")
        return data

    def part(self, start: int, end: int) -> "Source":
        """Return the bytes from `start` up to `end` as a source of their own; FormatError."""
        if not 0 <= start <= end <= self.size:
            raise FormatError(f"no bytes {start} to {end} of {self.size}")
        return _Part(self, start, end)

    def feed(self, hasher: "hashlib._Hash", start: int, end: int) -> None:
        """Hash the bytes from `start` up to `end`; raises FormatError where they are missing."""
        if not 0 <= start <= end <= self.size:
            raise FormatError(f"no bytes from {start} to {end} of {self.size}")
        block = memoryview(self._block)
        self._stream.seek(start)
        while start < end:
            length = self._stream.readinto(block[: end - start])
            if not length:
                raise FormatError(f"the file ends before byte {end}")
            hasher.update(block[:length])
            start += length

    def digest(self, algorithm: str, ranges: Iterable[Range]) -> bytes:
        """Hash some ranges, in their order."""
        hasher = new_hash(algorithm)
        for start, end in ranges:
            self.feed(hasher, start, end)
        return hasher.digest()

    def find(self, marker: bytes, limit: int) -> list[int]:
        """Return where `marker` lies, at most `limit` places."""
        found: list[int] = []
        start = 0
        while start < self.size and len(found) < limit:
            block = self.read(start, min(_BLOCK + len(marker) - 1, self.size - start))
            at = block.find(marker)
            while at >= 0 and len(found) < limit:
                found.append(start + at)
                at = block.find(marker, at + 1)
            start += _BLOCK
        return found


class _Part(Source):
    def __init__(self, whole: Source, start: int, end: int) -> None:
        self._whole, self._start = whole, start
        self.size = end - start

    def read(self, start: int, length: int) -> bytes:
        if not (start >= 0 and length >= 0 and start + length <= self.size):
            raise FormatError(f"no {length} bytes at byte {start} of {self.size}")
        return self._whole.read(self._start + start, length)

    def feed(self, hasher: "hashlib._Hash", start: int, end: int) -> None:
        if not 0 <= start <= end <= self.size:
            raise FormatError(f"no bytes from {start} to {end} of {self.size}")
        self._whole.feed(hasher, self._start + start, self._start + end)


def new_hash(algorithm: str) -> "hashlib._Hash":
    """Start a hash of C2PA's list of allowed ones (C2PA 2.2, 13.1 "Hashing")."""
    if algorithm not in ("sha256", "sha384", "sha512"):  # C2PA 2.2, 13.1
        raise FormatError(f"the hash algorithm {algorithm[:20]!r} is not one of C2PA's")
    return hashlib.new(algorithm)


def digest(algorithm: str, data: bytes) -> bytes:
    """Hash some bytes."""
    hasher = new_hash(algorithm)
    hasher.update(data)
    return hasher.digest()
