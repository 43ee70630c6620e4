"""Where a leaf is among millions: runs of leaves, each cut into buckets, and a filter over them.

Leaf hashes are random, so one sorted index over all of them would touch a page of its own for each
new leaf. A run of 16,384 leaves is filed once, when it is complete, as 256 buckets by first byte;
before a bucket is read, the filter says which runs may hold the leaf. What is found is compared in
all its 32 bytes: the filter saves work and decides nothing. Pure.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..merkle import HASH_SIZE

RUN_SIZE = 1 << 14  # leaves in a run
BUCKETS = 256  # of a run, one for each first byte

_OFFSET_SIZE = 2
_ITEM_SIZE = HASH_SIZE + _OFFSET_SIZE
_PROBES = 6  # positions of a leaf in the filter: 4 bytes of its hash each, from byte 8 on
_POSITIONS = 32 * RUN_SIZE  # 32 bits a leaf: one leaf in 40,000 is looked for in vain
_WORD = 64  # runs in one word of the filter


def format_buckets(leaves: Sequence[bytes]) -> list[bytes]:
    """File the RUN_SIZE leaf hashes of a run: the bytes of each of its buckets.

    A bucket holds its leaf hashes one after the other, and then the offset of each in the run.
    """
    rows = np.frombuffer(b"".join(leaves), np.uint8).reshape(-1, HASH_SIZE)
    order = np.argsort(rows[:, 0], kind="stable")
    offsets = order.astype(">u2")
    stops = np.bincount(rows[:, 0], minlength=BUCKETS).cumsum().tolist()
    return [
        rows[order[start:stop]].tobytes() + offsets[start:stop].tobytes()
        for start, stop in pairwise([0, *stops])
    ]


def find_in_bucket(bucket: bytes, leaf: bytes) -> int | None:
    """Return the offset in its run of a leaf hash, or None where the bucket does not hold it."""
    stop = len(bucket) // _ITEM_SIZE * HASH_SIZE
    at = bucket.find(leaf, 0, stop)
    while at % HASH_SIZE and at != -1:
        at = bucket.find(leaf, at + 1, stop)
    if at == -1:
        return None
    place = stop + at // HASH_SIZE * _OFFSET_SIZE
    return int.from_bytes(bucket[place : place + _OFFSET_SIZE], "big")


class RunFilter:
    """Says in which complete runs a leaf may be; 1 MB of memory for each 260,000 leaves.

    A Bloom filter for each run, all of one size, kept side by side: a word of the array holds one
    bit position of 64 runs, so that one look answers for 64.
    """

    def __init__(self) -> None:
        self.runs = 0
        self._words: list[NDArray[np.uint64]] = []

    def add(self, hashes: bytes) -> None:
        """Add the next run: its RUN_SIZE leaf hashes."""
        if self.runs % _WORD == 0:
            self._words.append(np.zeros(_POSITIONS, np.uint64))
        # The same bit for all of them, so it does not matter that two may share a position.
        self._words[-1][_positions(hashes)] |= np.uint64(1 << self.runs % _WORD)
        self.runs += 1

    def candidates(self, leaves: Sequence[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield each leaf with each run that may hold it."""
        if not leaves:
            return
        positions = _positions(b"".join(leaves))
        for number, words in enumerate(self._words):
            found = np.bitwise_and.reduce(words[positions], axis=1)
            for at in map(int, np.flatnonzero(found)):
                bits = int(found[at])
                while bits:
                    yield leaves[at], number * _WORD + (bits & -bits).bit_length() - 1
                    bits &= bits - 1


def _positions(hashes: bytes) -> NDArray[np.intp]:
    words = np.frombuffer(hashes, "<u4").reshape(-1, HASH_SIZE // 4)[:, -_PROBES:]
    return (words % _POSITIONS).astype(np.intp)
