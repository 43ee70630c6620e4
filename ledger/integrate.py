"""From entries to tiles: the right edge of the tree, and what a batch adds to it. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from .errors import StorageError
from .merkle import HASH_SIZE, Node, leaf_hashes, root_hash, subtree_root
from .storage import TileStorage
from .tile import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    format_entries,
    format_tile_path,
    parse_hashes,
    read_entries,
    read_hashes,
    tile_at,
)

_TILE_SIZE = TILE_WIDTH * HASH_SIZE  # bytes of a full tile


@dataclass(frozen=True, slots=True)
class Edge:
    """Everything about a tree of `size` entries that is not in full tiles.

    `bundle` has the bytes of the entry bundle at the right edge, `levels[L]` those of the tile at
    the right edge of level L; each holds 0 to 255 entries or hashes.
    """

    size: int = 0
    bundle: bytes = b""
    levels: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Root hash of the tree."""
        return root_hash(self.size, self)

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of nodes under the right edge (a HashReader for `root_hash` only)."""
        return [self._read(node) for node in nodes]

    def _read(self, node: Node) -> bytes:
        level, below = divmod(node.level, TILE_HEIGHT)
        start = (node.index << below) % TILE_WIDTH * HASH_SIZE
        return subtree_root(parse_hashes(self.levels[level][start : start + (HASH_SIZE << below)]))

    def partial_tiles(self) -> list[Tile]:
        """Return the partial tiles, and the partial bundle, that the tree ends in."""
        tiles = [_edge_tile(level, self.size) for level in range(ENTRIES, len(self.levels))]
        return [tile for tile in tiles if tile]


def extend(edge: Edge, encoded: Sequence[bytes], hashes: bytes) -> tuple[Edge, dict[Tile, bytes]]:
    """Append entries; return the new edge and the bytes of each tile that is new or wider.

    `encoded` holds each entry as a bundle does (see `encode_entries`), `hashes` their leaf hashes.
    """
    grown, tiles = extend_leaves(edge, hashes)
    first, held = divmod(edge.size, TILE_WIDTH)
    bundle = edge.bundle
    at = 0
    for index in count(first):
        part = encoded[at : at + TILE_WIDTH - held]
        if not part:
            return replace(grown, bundle=bundle), tiles
        at += len(part)
        tile = Tile(ENTRIES, index, held + len(part))
        tiles[tile] = bundle + b"".join(part)
        bundle, held = (b"", 0) if tile.is_full else (tiles[tile], tile.width)
    raise AssertionError("count() ends")


def extend_leaves(edge: Edge, hashes: bytes, lowest: int = 0) -> tuple[Edge, dict[Tile, bytes]]:
    """Append entries of which only the leaf hashes are known: `extend` without bundles.

    With `lowest`, `hashes` are what a tile of that level holds. The edge must end in full tiles
    below that level, and no tile below it is returned.
    """
    size = edge.size + (len(hashes) // HASH_SIZE << TILE_HEIGHT * lowest)
    tiles: dict[Tile, bytes] = {}
    levels = [*edge.levels, *[b""] * (lowest - len(edge.levels))]
    for level in count(lowest):
        if not hashes:
            break  # nothing new at this level, so nothing above it
        if level == len(levels):
            levels.append(b"")
        row = levels[level] + hashes
        levels[level] = row[len(row) // _TILE_SIZE * _TILE_SIZE :]
        parents = []
        first = (edge.size >> TILE_HEIGHT * level) // TILE_WIDTH
        for index, at in enumerate(range(0, len(row), _TILE_SIZE), first):
            part = row[at : at + _TILE_SIZE]
            tiles[Tile(level, index, len(part) // HASH_SIZE)] = part
            if len(part) == _TILE_SIZE:
                # c2sp.org/tlog-tiles#partial-tiles: only a full tile has a parent
                parents.append(tile_root(part))
        hashes = b"".join(parents)
    return Edge(size, b"", tuple(levels)), tiles


def tile_root(tile: bytes) -> bytes:
    """Root hash over a full tile: `subtree_root`, written for speed."""
    sha256 = hashlib.sha256
    width = 2 * HASH_SIZE
    while len(tile) > HASH_SIZE:
        pairs = range(0, len(tile), width)
        tile = b"".join([sha256(b"\x01" + tile[at : at + width]).digest() for at in pairs])
    return tile


def encode_entries(entries: Iterable[bytes]) -> list[bytes]:
    """Write each entry as a bundle holds it."""
    return [len(entry).to_bytes(2, "big") + entry for entry in entries]


def read_edge(tiles: TileStorage, size: int) -> Edge:
    """Read the right edge of a tree of `size` entries; raises StorageError when it is not there."""
    bundle = _edge_tile(ENTRIES, size)
    entries = read_entries(tiles, bundle) if bundle else []
    levels: list[bytes] = []
    while size >> TILE_HEIGHT * len(levels):
        tile = _edge_tile(len(levels), size)
        levels.append(b"".join(read_hashes(tiles, tile)) if tile else b"")
    # Its bytes go on into the next, wider bundle: a changed entry must not be carried along.
    if bundle and b"".join(leaf_hashes(entries)) != levels[0]:
        raise StorageError(f"{format_tile_path(bundle)} does not hash to its tile", "run fsck")
    return Edge(size, format_entries(entries), tuple(levels))


def tiles_between(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield every tile and bundle of the tree of `new_size` that the one of `old_size` lacks."""
    for level in count(ENTRIES):
        old, new = (size >> TILE_HEIGHT * max(level, 0) for size in (old_size, new_size))
        if old == new:
            return
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield Tile(level, index, min(new - index * TILE_WIDTH, TILE_WIDTH))


def tile_files(tiles: dict[Tile, bytes]) -> dict[str, bytes]:
    """Return the same under their paths."""
    return {format_tile_path(tile): data for tile, data in tiles.items()}


def _edge_tile(level: int, size: int) -> Tile | None:
    """Return the partial tile at the right edge of a level, or None when all there are full."""
    return tile_at(level, (size >> TILE_HEIGHT * max(level, 0)) // TILE_WIDTH, size)
