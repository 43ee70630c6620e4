"""From entries to tiles: the right edge of the tree, and what a batch adds to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from .errors import StorageError
from .merkle import Node, leaf_hash, root_hash, subtree_root
from .storage import TileStorage
from .tile import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    format_entries,
    format_hashes,
    format_tile_path,
    read_entries,
    read_hashes,
    tile_at,
)


@dataclass(frozen=True, slots=True)
class Edge:
    """Everything about a tree of `size` entries that is not in full tiles.

    `entries` are those of the bundle at the right edge, `levels[L]` the hashes of the tile at the
    right edge of level L; each holds 0 to 255.
    """

    size: int = 0
    entries: tuple[bytes, ...] = ()
    levels: tuple[tuple[bytes, ...], ...] = ()

    def root(self) -> bytes:
        """Root hash of the tree."""
        return root_hash(self.size, self)

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of nodes under the right edge (a HashReader for `root_hash` only)."""
        return [self._read(node) for node in nodes]

    def _read(self, node: Node) -> bytes:
        level, below = divmod(node.level, TILE_HEIGHT)
        offset = (node.index << below) % TILE_WIDTH
        return subtree_root(self.levels[level][offset : offset + (1 << below)])

    def partial_tiles(self) -> list[Tile]:
        """Return the partial tiles, and the partial bundle, that the tree ends in."""
        widths = [(ENTRIES, len(self.entries))]
        widths += [(level, len(hashes)) for level, hashes in enumerate(self.levels)]
        return [
            Tile(level, (self.size >> TILE_HEIGHT * max(level, 0)) // TILE_WIDTH, width)
            for level, width in widths
            if width
        ]


def extend(edge: Edge, entries: Sequence[bytes]) -> tuple[Edge, dict[Tile, bytes]]:
    """Append `entries`; return the new edge and the bytes of each tile that is new or wider."""
    grown, tiles = extend_leaves(edge, [leaf_hash(entry) for entry in entries])
    bundle = [*edge.entries, *entries]
    for tile, part in _cut(ENTRIES, edge.size, bundle):
        tiles[tile] = format_entries(part)
    return replace(grown, entries=_rest(bundle)), tiles


def extend_leaves(edge: Edge, hashes: Sequence[bytes]) -> tuple[Edge, dict[Tile, bytes]]:
    """Append entries of which only the leaf hashes are known: `extend` without bundles."""
    size = edge.size + len(hashes)
    tiles: dict[Tile, bytes] = {}
    levels = list(edge.levels)
    for level in count():
        if not hashes:
            break  # nothing new at this level, so nothing above it
        if level == len(levels):
            levels.append(())
        row = [*levels[level], *hashes]
        parents = []
        for tile, part in _cut(level, edge.size >> TILE_HEIGHT * level, row):
            tiles[tile] = format_hashes(part)
            if tile.is_full:  # c2sp.org/tlog-tiles#partial-tiles: only a full tile has a parent
                parents.append(subtree_root(part))
        levels[level] = _rest(row)
        hashes = parents
    return Edge(size, (), tuple(levels)), tiles


def read_edge(tiles: TileStorage, size: int) -> Edge:
    """Read the right edge of a tree of `size` entries; raises StorageError when it is not there."""
    bundle = _partial_tile(ENTRIES, size)
    entries = tuple(read_entries(tiles, bundle)) if bundle else ()
    levels: list[tuple[bytes, ...]] = []
    while size >> TILE_HEIGHT * len(levels):
        tile = _partial_tile(len(levels), size)
        levels.append(tuple(read_hashes(tiles, tile)) if tile else ())
    # Its bytes go on into the next, wider bundle: a changed entry must not be carried along.
    if bundle and tuple(leaf_hash(entry) for entry in entries) != levels[0]:
        raise StorageError(f"{format_tile_path(bundle)} does not hash to its tile", "run fsck")
    return Edge(size, entries, tuple(levels))


def tile_files(tiles: dict[Tile, bytes]) -> dict[str, bytes]:
    """Return the same under their paths."""
    return {format_tile_path(tile): data for tile, data in tiles.items()}


def _partial_tile(level: int, size: int) -> Tile | None:
    return tile_at(level, (size >> TILE_HEIGHT * max(level, 0)) // TILE_WIDTH, size)


def _cut(level: int, size: int, row: list[bytes]) -> list[tuple[Tile, list[bytes]]]:
    """Cut `row`, which starts with the unfinished tile of `size` items, into tiles."""
    first = size // TILE_WIDTH
    parts = [row[at : at + TILE_WIDTH] for at in range(0, len(row), TILE_WIDTH)]
    return [(Tile(level, first + n, len(part)), part) for n, part in enumerate(parts)]


def _rest(row: list[bytes]) -> tuple[bytes, ...]:
    """Return what is left at the end of `row` when the full tiles are cut off."""
    return tuple(row[len(row) // TILE_WIDTH * TILE_WIDTH :])
