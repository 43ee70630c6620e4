"""Tiles and entry bundles: their coordinates, paths and bytes (c2sp.org/tlog-tiles).

    tile/0/x001/x234/067            256 leaf hashes, 8,192 bytes
    tile/1/000.p/17                 the first 17 hashes of a tile that is not full yet
    tile/entries/x001/x234/067      the 256 entries under the first of these, length-prefixed

A tile at level L holds nodes of level 8 * L of the Merkle tree; what lies between is hashed up.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from .errors import FormatError, StorageError
from .merkle import HASH_SIZE, Node, subtree_root

TILE_WIDTH = 256
TILE_HEIGHT = 8
ENTRIES = -1  # the level of entry bundles, as in Go's sumdb/tlog
MAX_ENTRY_SIZE = 0xFFFF  # c2sp.org/tlog-tiles#log-entries: a uint16 counts the bytes

_MAX_LEVEL = 63
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")


class TileReader(Protocol):
    """The reading half of a TileStorage: a log's folder, a mirror of it, or a web server."""

    def read(self, path: str) -> bytes | None:
        """Return the whole file at `path`, or None when there is none; raises StorageError."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Coordinates of a tile, or of an entry bundle where `level` is ENTRIES."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse coordinates that no tree has."""
        if not (
            ENTRIES <= self.level <= _MAX_LEVEL
            and self.index >= 0
            and 1 <= self.width <= TILE_WIDTH
        ):
            raise FormatError(f"no such tile: level {self.level}, {self.index}, {self.width} wide")

    @property
    def is_full(self) -> bool:
        """Whether nothing will ever be added to it."""
        return self.width == TILE_WIDTH

    @property
    def full(self) -> "Tile":
        """The full tile that this one is, or will become."""
        return Tile(self.level, self.index)


def format_tile_path(tile: Tile) -> str:
    """Path below the log's prefix (c2sp.org/tlog-tiles#merkle-tree)."""
    digits = str(tile.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    elements = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{element}" for element in elements[:-1]), elements[-1]])
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    return f"tile/{level}/{number}" + ("" if tile.is_full else f".p/{tile.width}")


def parse_tile_path(path: str) -> Tile:
    """Read what `format_tile_path` writes; raise FormatError for any other spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise FormatError(f"not the path of a tile: {path[:80]!r}")
    level, number, width = match.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        TILE_WIDTH if width is None else int(width),
    )
    if format_tile_path(tile) != path:
        raise FormatError(f"not the one spelling of a tile's path: {path[:80]!r}")
    return tile


def tile_at(level: int, index: int, size: int) -> Tile | None:
    """Tile `index` of `level` as a tree of `size` entries has it, or None when it has none."""
    width = (size >> TILE_HEIGHT * max(level, 0)) - index * TILE_WIDTH
    return Tile(level, index, min(width, TILE_WIDTH)) if width > 0 else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and entry bundle of a tree of `size` entries, level by level, bundles first."""
    for level in range(ENTRIES, _MAX_LEVEL + 1):
        index = 0
        while tile := tile_at(level, index, size):
            yield tile
            index += 1
        if index == 0:
            return


def format_hashes(hashes: Sequence[bytes]) -> bytes:
    """Bytes of a tile."""
    return b"".join(hashes)


def parse_hashes(data: bytes) -> list[bytes]:
    """Hashes of a tile; raises FormatError where `data` is not whole hashes."""
    if len(data) % HASH_SIZE:
        raise FormatError(f"a tile is whole hashes of {HASH_SIZE} bytes, not {len(data)} bytes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def format_entries(entries: Sequence[bytes]) -> bytes:
    """Bytes of an entry bundle: each entry behind its length as a big-endian uint16."""
    if any(len(entry) > MAX_ENTRY_SIZE for entry in entries):
        raise FormatError(f"an entry has at most {MAX_ENTRY_SIZE} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_entries(data: bytes) -> list[bytes]:
    """Entries of an entry bundle; raises FormatError where the lengths do not add up."""
    entries = []
    at, size = 0, len(data)
    while at + 1 < size:
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1])
        entries.append(data[start:at])
    if at != size:
        raise FormatError(f"an entry bundle of {size} bytes is cut short")
    return entries


def read_tile(tiles: TileReader, tile: Tile) -> bytes:
    """Bytes of `tile`, which for a bundle may hold more entries than its width.

    Raises StorageError when it is missing or too short.
    """
    path = format_tile_path(tile)
    data = tiles.read(path)
    if data is None and not tile.is_full:
        # c2sp.org/tlog-tiles#partial-tiles: the full tile may have replaced the partial one.
        data = tiles.read(format_tile_path(tile.full))
    if data is None:
        raise StorageError(f"{path} is missing", "run fsck, and restore it from a mirror")
    return data


def read_hashes(tiles: TileReader, tile: Tile) -> list[bytes]:
    """Return the `tile.width` hashes of a tile; raises StorageError when they are not there."""
    data = read_tile(tiles, tile)[: tile.width * HASH_SIZE]
    if len(data) != tile.width * HASH_SIZE:
        raise StorageError(f"{format_tile_path(tile)} is cut short", "run fsck")
    return parse_hashes(data)


def read_entries(tiles: TileReader, tile: Tile) -> list[bytes]:
    """Return the `tile.width` entries of a bundle; raises StorageError when they are not there."""
    try:
        entries = parse_entries(read_tile(tiles, tile))
    except FormatError as problem:
        raise StorageError(f"{format_tile_path(tile)}: {problem.message}", "run fsck") from None
    if len(entries) < tile.width:
        raise StorageError(f"{format_tile_path(tile)} is cut short", "run fsck")
    return entries[: tile.width]


class TileHashReader:
    """A HashReader over the tiles of a tree of `size` entries.

    Each tile is read once and kept for the life of the reader: make one for each question. The
    hashes are as good as the storage: verify what is made of them against a signed root hash.
    """

    def __init__(self, tiles: TileReader, size: int) -> None:
        self._tiles = tiles
        self._size = size
        self._hashes: dict[tuple[int, int], list[bytes]] = {}

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hash of each node; raises StorageError when a tile is missing or short."""
        return [self._read(node) for node in nodes]

    def replace(self, tile: Tile, hashes: list[bytes]) -> None:
        """Use `hashes` for this tile, whatever the storage holds."""
        self._hashes[tile.level, tile.index] = hashes

    def _read(self, node: Node) -> bytes:
        level, below = divmod(node.level, TILE_HEIGHT)
        index, offset = divmod(node.index << below, TILE_WIDTH)
        hashes = self._hashes.get((level, index))
        if hashes is None:
            tile = tile_at(level, index, self._size)
            if tile is None:
                raise StorageError(f"a tree of {self._size} has no node {node}")
            hashes = self._hashes[level, index] = read_hashes(self._tiles, tile)
        return _root_over(b"".join(hashes[offset : offset + (1 << below)]))


@lru_cache(512)  # proofs of one tree meet the same few hundreds of hashes again and again
def _root_over(hashes: bytes) -> bytes:
    return subtree_root(parse_hashes(hashes))
