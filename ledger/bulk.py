"""Hashes many full entry bundles at once, and reads them, for the checks of a whole log."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from .errors import FormatError, StorageError
from .integrate import tile_root
from .meaning import BundleMeaning, CheckEntries, read_meaning
from .merkle import leaf_hashes
from .storage import TileStorage
from .tile import ENTRIES, TILE_WIDTH, Tile, format_tile_path, parse_entries
from .workers import spread

CHUNK = 64  # bundles

_FEW = 2  # chunks that are read sooner than a process is started


@dataclass(frozen=True, slots=True)
class Chunk:
    """CHUNK full bundles from bundle `first` on, each of which hashes to its tile of level 0.

    `leaves` are their leaf hashes, `roots` the root hash of each bundle, joined; `meanings` is of
    each bundle what its entries mean, where that was asked for.
    """

    first: int
    leaves: bytes
    roots: bytes
    meanings: tuple[BundleMeaning, ...] = ()


def hash_chunk(tiles: TileStorage, check: CheckEntries | None, first: int) -> Chunk | None:
    """Read and hash one chunk; None where a file is missing or does not agree with the other."""
    leaves, roots, meanings = [], [], []
    try:
        for number in range(first, first + CHUNK):
            entries = _read_bundle(tiles, number)
            tile = b"".join(leaf_hashes(entries))
            if tile != tiles.read(format_tile_path(Tile(0, number))):
                return None
            leaves.append(tile)
            roots.append(tile_root(tile))
            if check:
                meanings.append(read_meaning(check, Tile(ENTRIES, number), entries))
    except (FormatError, StorageError):
        return None
    return Chunk(first, b"".join(leaves), b"".join(roots), tuple(meanings))


def hash_chunks(
    tiles: TileStorage, count: int, workers: int, check: CheckEntries | None = None
) -> Iterator[Chunk | None]:
    """Yield the first `count` chunks of a log, in order; see `hash_chunk`.

    `workers` processes share the work, unless there is too little of it or `workers` is 0.
    """
    starts = (chunk * CHUNK for chunk in range(count))
    workers = 0 if count <= _FEW else min(workers, count)
    return spread(partial(hash_chunk, tiles, check), starts, workers)


def _read_bundle(tiles: TileStorage, number: int) -> list[bytes]:
    """Read a full bundle; raise FormatError for another."""
    entries = parse_entries(tiles.read(format_tile_path(Tile(ENTRIES, number))) or b"")
    if len(entries) != TILE_WIDTH:
        raise FormatError("not a full bundle")
    return entries
