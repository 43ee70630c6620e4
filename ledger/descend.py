"""From a signed root hash down to every tile: which hashes a tile must hold, before it is read.

The partial tiles at the right edge lead to the root hash together; every full tile leads to one
hash of the tile above it. Going down this way each file is judged alone, and named alone.
"""

from collections.abc import Callable, Iterator, Mapping

from .merkle import root_hash
from .tile import TILE_HEIGHT, TILE_WIDTH, Tile, TileHashReader, TileReader, tile_at

# Returns the hashes of a full tile that lead to the hash given, or None where nobody has them.
Pick = Callable[[Tile, bytes], list[bytes] | None]


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles of a tree of `size` entries, from level 0 up; bundles are none."""
    levels = range(-(-size.bit_length() // TILE_HEIGHT))
    tiles = [tile_at(level, size >> TILE_HEIGHT * (level + 1), size) for level in levels]
    return [tile for tile in tiles if tile]


def edge_root(size: int, edge: Mapping[Tile, list[bytes]], tiles: TileReader) -> bytes:
    """Root hash of a tree of `size` entries by the hashes of its `edge_tiles`, and nothing else."""
    reader = TileHashReader(tiles, size)
    for tile, hashes in edge.items():
        reader.replace(tile, hashes)
    return root_hash(size, reader)


def descend(
    edge: Mapping[Tile, list[bytes]], pick: Pick, known_size: int = 0
) -> Iterator[tuple[Tile, list[bytes]]]:
    """Yield every tile with its hashes, each before those below it; `edge` must lead to the root.

    Tiles that the tree of `known_size` holds in full are left out. Below a tile that `pick` has
    nothing for, nothing is yielded.
    """
    for tile, hashes in edge.items():
        yield from _descend(tile, hashes, pick, known_size)


def _descend(
    tile: Tile, hashes: list[bytes], pick: Pick, known_size: int
) -> Iterator[tuple[Tile, list[bytes]]]:
    yield tile, hashes
    if tile.level == 0:
        return
    for index, expected in enumerate(hashes, tile.index * TILE_WIDTH):
        child = Tile(tile.level - 1, index)
        if (index + 1) << TILE_HEIGHT * tile.level > known_size:
            found = pick(child, expected)
            if found is not None:
                yield from _descend(child, found, pick, known_size)
