"""Where bytes differ from what they should be, in tiles and entry bundles. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .checkpoint import Checkpoint
from .merkle import HASH_SIZE, leaf_hash
from .storage import CHECKPOINT_PATH
from .tile import (
    ENTRIES,
    MAX_ENTRY_SIZE,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    format_tile_path,
)

CHECKPOINT_ROW = "checkpoint row"

_PREFIX = 2  # bytes of length before an entry


@dataclass(frozen=True, slots=True)
class Damage:
    """Item `number` of a file (or None: behind the last) differs in bytes [start, stop)."""

    number: int | None
    start: int
    stop: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the entries and the log's key say it should be.

    `where` is the path of a file, or names a row ("checkpoint row", "leaf row 41", "staged row 40")
    or the custody chain.
    `entry` is the index concerned, where there is one; `extent` the first byte and the one past the
    last, in that file or row.
    """

    where: str
    sentence: str
    entry: int | None = None
    extent: tuple[int, int] | None = None

    def __str__(self) -> str:
        entry = "" if self.entry is None else f", entry {self.entry}"
        extent = "" if self.extent is None else f", bytes {self.extent[0]} to {self.extent[1]}"
        return f"{self.where}{entry}{extent}: {self.sentence}"


def differences(tile: Tile, data: bytes, hashes: Sequence[bytes]) -> Iterator[Difference]:
    """Compare the bytes of a tile or bundle with the hashes that it should hold, or hash to."""
    path = format_tile_path(tile)
    if tile.level == ENTRIES:
        yield from describe(path, tile.index * TILE_WIDTH, locate_in_entries(data, hashes))
    elif tile.level == 0:
        yield from describe(path, tile.index * TILE_WIDTH, locate_in_hashes(data, hashes))
    else:
        for damage in locate_in_hashes(data, hashes):
            below = 1 << TILE_HEIGHT * tile.level
            first = (tile.index * TILE_WIDTH + (damage.number or 0)) * below
            sentence = f"{damage.sentence} (over entries {first} to {first + below})"
            yield Difference(path, sentence, None, (damage.start, damage.stop))


def describe(where: str, first: int, found: Iterable[Damage]) -> Iterator[Difference]:
    """Say of damage in `where`, whose first item is entry `first`, what it means for the log."""
    for damage in found:
        entry = None if damage.number is None else first + damage.number
        yield Difference(where, damage.sentence, entry, (damage.start, damage.stop))


def compare_rows(
    first: int, rows: Sequence[bytes | None], leaves: Sequence[bytes]
) -> Iterator[Difference]:
    """Compare the leaf hashes that rows hold, from index `first` on, with the right ones."""
    for index, (row, leaf) in enumerate(zip(rows, leaves, strict=True), first):
        if row != leaf:
            sentence = "the row is missing" if row is None else "the row holds another leaf hash"
            yield Difference(f"leaf row {index}", sentence, index)


def compare_checkpoints(published: Checkpoint, committed: Checkpoint) -> Iterator[Difference]:
    """Compare the checkpoint that the world sees with the one that the database holds."""
    if published.size < committed.size:
        yield Difference(
            CHECKPOINT_PATH,
            f"{committed.size} entries are committed and {published.size} published: "
            "opening the log finishes it",
        )
    elif published.size > committed.size:
        yield Difference(
            CHECKPOINT_ROW,
            f"{published.size} entries are published and {committed.size} committed: "
            "an old copy of the database was restored",
        )
    elif published != committed:
        yield Difference(CHECKPOINT_PATH, "the log has signed two trees of the same size")


def locate_in_hashes(data: bytes, hashes: Sequence[bytes]) -> Iterator[Damage]:
    """Compare a tile with the hashes that it should hold."""
    for number, expected in enumerate(hashes):
        start = number * HASH_SIZE
        stop = start + HASH_SIZE
        if len(data) < stop:
            yield Damage(number, min(start, len(data)), len(data), "the hash is cut off")
        elif data[start:stop] != expected:
            yield Damage(number, start, stop, "the hash was changed")
    if len(data) > len(hashes) * HASH_SIZE:
        yield Damage(None, len(hashes) * HASH_SIZE, len(data), "bytes were added after the end")


def locate_in_entries(data: bytes, leaves: Sequence[bytes]) -> Iterator[Damage]:
    """Compare an entry bundle with the leaf hashes of the entries that it should hold.

    Lengths are data too: after a changed one the next entries are found again by their leaf hashes.
    """
    at = 0
    for number, leaf in enumerate(leaves):
        if _is_entry(data, at, leaf):
            at = _stop(data, at)
            continue
        following = leaves[number + 1] if number + 1 < len(leaves) else None
        damage = _judge(data, at, number, leaf, following)
        yield damage
        at = _resume(data, at, damage, leaf)
    if at < len(data):
        yield Damage(None, at, len(data), "bytes were added after the last entry")


def _judge(data: bytes, at: int, number: int, leaf: bytes, following: bytes | None) -> Damage:
    stop = _stop(data, at)
    is_whole = at + _PREFIX <= stop <= len(data)
    if is_whole and (stop == len(data) if following is None else _is_entry(data, stop, following)):
        return Damage(number, at + _PREFIX, stop, "the entry was changed")
    if _find_end(data, at + _PREFIX, leaf) is not None:
        return Damage(number, at, at + _PREFIX, "the length before the entry was changed")
    if following is not None:
        found = _find_entry(data, at, following)
        if found is not None:
            return Damage(number, at, found, "the entry and its length were changed")
    if is_whole:
        return Damage(number, at + _PREFIX, stop, "the entry was changed")
    return Damage(number, at, len(data), "the entry is cut off")


def _resume(data: bytes, at: int, damage: Damage, leaf: bytes) -> int:
    """Where the entry after a damaged one starts."""
    if (damage.start, damage.stop) == (at, at + _PREFIX):
        return _find_end(data, damage.stop, leaf) or damage.stop
    return damage.stop


def _stop(data: bytes, at: int) -> int:
    """Where the entry at `at` ends by its length, which may be past the end of `data`."""
    return at + _PREFIX + int.from_bytes(data[at : at + _PREFIX], "big")


def _is_entry(data: bytes, at: int, leaf: bytes) -> bool:
    stop = _stop(data, at)
    return at + _PREFIX <= stop <= len(data) and leaf_hash(data[at + _PREFIX : stop]) == leaf


def _find_end(data: bytes, start: int, leaf: bytes) -> int | None:
    """Find where the entry that starts at `start` ends, by its leaf hash."""
    digest = hashlib.sha256(b"\x00")  # RFC 6962 section 2.1, one byte at a time
    for stop in range(start, min(start + MAX_ENTRY_SIZE, len(data)) + 1):
        if digest.copy().digest() == leaf:
            return stop
        digest.update(data[stop : stop + 1])
    return None


def _find_entry(data: bytes, start: int, leaf: bytes) -> int | None:
    """Find the place, at most an entry after `start`, where the entry of this leaf stands."""
    for at in range(start + 1, min(start + _PREFIX + MAX_ENTRY_SIZE, len(data)) + 1):
        if _is_entry(data, at, leaf):
            return at
    return None
