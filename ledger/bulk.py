"""Hashes many full entry bundles at once, for the checks of a whole log."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from .errors import FormatError, StorageError
from .integrate import tile_root
from .merkle import leaf_hashes
from .storage import TileStorage
from .tile import ENTRIES, TILE_WIDTH, Tile, format_tile_path, parse_entries

CHUNK = 64  # bundles

_AHEAD = 4  # chunks in flight for each worker


@dataclass(frozen=True, slots=True)
class Chunk:
    """CHUNK full bundles from bundle `first` on, each of which hashes to its tile of level 0.

    `leaves` are their leaf hashes, `roots` the root hash of each bundle, joined.
    """

    first: int
    leaves: bytes
    roots: bytes


def hash_chunk(tiles: TileStorage, first: int) -> Chunk | None:
    """Read and hash one chunk; None where a file is missing or does not agree with the other."""
    leaves, roots = [], []
    try:
        for number in range(first, first + CHUNK):
            tile = _hash_bundle(tiles.read(format_tile_path(Tile(ENTRIES, number))))
            if tile != tiles.read(format_tile_path(Tile(0, number))):
                return None
            leaves.append(tile)
            roots.append(tile_root(tile))
    except (FormatError, StorageError):
        return None
    return Chunk(first, b"".join(leaves), b"".join(roots))


def hash_chunks(tiles: TileStorage, count: int, workers: int) -> Iterator[Chunk | None]:
    """Yield the first `count` chunks of a log, in order; see `hash_chunk`.

    `workers` processes share the work, unless there is too little of it or `workers` is 0.
    """
    if count <= workers or not workers:
        yield from (hash_chunk(tiles, chunk * CHUNK) for chunk in range(count))
        return
    # Not forked, as this process may have threads.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        pending: deque[Future[Chunk | None]] = deque()
        for chunk in range(count):
            pending.append(pool.submit(hash_chunk, tiles, chunk * CHUNK))
            if len(pending) == workers * _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _hash_bundle(data: bytes | None) -> bytes:
    """Return the tile of level 0 under a full bundle; raise FormatError for another."""
    entries = parse_entries(data or b"")
    if len(entries) != TILE_WIDTH:
        raise FormatError("not a full bundle")
    return b"".join(leaf_hashes(entries))
