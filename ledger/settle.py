"""Makes tiles durable behind the appends, so that no append waits for it."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from .integrate import Edge, tiles_between
from .storage import TileStorage
from .tile import Tile, format_tile_path, tile_at

_FILES = 256  # written, before it starts
_BYTES = 1 << 26
_LIMIT = 4  # times as much: then an append waits for it


class Settler:
    """Knows up to which size the log is in durable tiles, and moves that on.

    Tiles are written without waiting for the disk, as their batches are staged in the database. At
    times all that are new are synced, in a thread; then the partial tiles go whose full tile is
    durable (c2sp.org/tlog-tiles#partial-tiles), and the next commit may drop the staged batches.
    Called by one thread at a time.
    """

    def __init__(self, tiles: TileStorage) -> None:
        self._tiles = tiles
        self._executor = ThreadPoolExecutor(1, "settle")
        self._running: Future[int] | None = None
        self._size = 0
        self._partial: set[Tile] = set()  # the full tiles of which there may be partial ones
        self._written: set[Tile] = set()  # since the last sync began
        self._bytes = 0  # in them

    def start(self, old_size: int, edge: Edge) -> None:
        """Begin, or begin anew, with everything durable; the tiles after `old_size` are new."""
        self.finish()
        self._running = None
        self._size = edge.size
        new = [*tiles_between(old_size, edge.size), *edge.partial_tiles()]
        self._partial = {tile.full for tile in new}
        self._written = set()
        self._bytes = 0

    @property
    def size(self) -> int:
        """The size up to which the log is in durable tiles."""
        if self._running is not None and self._running.done() and not self.failed:
            self._size = self._running.result()
            self._running = None
        return self._size

    @property
    def failed(self) -> bool:
        """Whether a sync failed. Then nothing is known of what was written since: begin anew."""
        running = self._running
        return running is not None and running.done() and running.exception() is not None

    def published(self, edge: Edge, tiles: Mapping[Tile, bytes]) -> None:
        """Note that `tiles`, which lead to `edge`, were written and can be read."""
        self._written.update(tiles)
        self._partial.update(tile.full for tile in tiles if not tile.is_full)
        self._bytes += sum(map(len, tiles.values()))
        if self._running is None or (self._running.done() and not self.failed):
            self._start_if_due(edge.size)
        if len(self._written) >= _LIMIT * _FILES or self._bytes >= _LIMIT * _BYTES:
            self.finish()

    def _start_if_due(self, size: int) -> None:
        if len(self._written) < _FILES and self._bytes < _BYTES:
            return
        full = {tile for tile in self._partial if tile_at(tile.level, tile.index, size) == tile}
        # A partial tile that has no full one yet stays, for those who hold an older checkpoint.
        new = [tile for tile in self._written if tile.is_full or tile.full not in full]
        self._size = self.size
        self._running = self._executor.submit(self._settle, size, new, full)
        self._partial -= full
        self._written = set()
        self._bytes = 0

    def finish(self) -> None:
        """Wait for the sync that is under way, if there is one, whatever comes of it."""
        if self._running is not None:
            wait([self._running])

    def _settle(self, size: int, new: Iterable[Tile], full: Iterable[Tile]) -> int:
        self._tiles.sync([format_tile_path(tile) for tile in new])
        prefixes = [format_tile_path(tile) + ".p/" for tile in full]
        self._tiles.delete([path for prefix in prefixes for path in self._tiles.list_paths(prefix)])
        return size
