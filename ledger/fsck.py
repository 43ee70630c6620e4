"""Re-derive the whole log from its entries, and name everything that differs. Then go on.

Each leaf hash is attested up to four times: by the entry itself, by the tile at level 0, by the
deduplication row, and, for all leaves of a tile together, by the hash above them (at the right
edge: by the signed root hash). What leads to the hash above is right; where nothing does, most
votes decide. Where all agree, which is nearly everywhere, it goes by chunks of bundles. Nobody
should append meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress

from .bulk import CHUNK, Chunk, hash_chunks
from .chain_check import ChainCheck
from .checkpoint import MAX_SIZE, Checkpoint, open_checkpoint
from .damage import (
    CHECKPOINT_ROW,
    Difference,
    compare_checkpoints,
    compare_rows,
    describe,
    differences,
    locate_in_entries,
)
from .errors import FormatError, ProofError, StorageError
from .integrate import Edge, extend_leaves
from .meaning import BundleMeaning, CheckEntries, read_meaning
from .merkle import HASH_SIZE, leaf_hash, subtree_root
from .note import NoteVerifier
from .storage import CHECKPOINT_PATH, LogStorage, StagedBatch, TileStorage
from .tile import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    format_tile_path,
    parse_entries,
    parse_hashes,
    parse_tile_path,
    tile_at,
)

__all__ = ["CheckEntries", "Difference", "Progress", "fsck"]

Progress = Callable[[int, int], None]

_Leaves = list[bytes | None]
_UNKNOWN = bytes(HASH_SIZE)  # stands for a leaf of which nothing is left


def fsck(
    storage: LogStorage | None,
    tiles: TileStorage,
    verifier: NoteVerifier,
    check_entries: CheckEntries | None = None,
    progress: Progress | None = None,
    workers: int = 0,
) -> Iterator[Difference]:
    """Yield every difference, to the end of the log; nothing when all is well.

    `storage` is None for a copy of the folder alone. `check_entries` is asked what undamaged
    entries mean, a bundle at a time; their custody chains are followed, to be judged last.
    `progress(done, size)` counts entries. `workers` processes share what is to be done for each
    entry of a large log; `tiles` and `check_entries` must then be what can be pickled, and the
    caller's main module what can be imported. Holds one tile of each level, a few chunks and what
    is staged in memory, whatever the size of the log.
    """
    with closing(ChainCheck()) as chains:
        check = _Fsck(storage, tiles, verifier, check_entries, chains, progress, workers)
        yield from check.checkpoints()
        yield from check.files()
        yield from check.entries()
        yield from check.staged()
        yield from check.rows()
        yield from chains.differences()


class _Fsck:
    def __init__(
        self,
        storage: LogStorage | None,
        tiles: TileStorage,
        verifier: NoteVerifier,
        check_entries: CheckEntries | None,
        chains: ChainCheck,
        progress: Progress | None,
        workers: int,
    ) -> None:
        self._storage = storage
        self._tiles = tiles
        self._verifier = verifier
        self._check_entries = check_entries
        self._chains = chains
        self._progress = progress
        self._workers = workers
        self._committed: Checkpoint | None = None
        self._tree: Checkpoint | None = None  # what the files should lead to
        self._size = 0
        self._edge = Edge()  # derived so far
        self._leftovers: dict[tuple[int, int], list[Tile]] = {}
        self._batches: list[StagedBatch] = []
        self._tail: list[bytes] = []  # the leaf hashes from the first staged entry on
        self._parents: tuple[int, list[bytes]] = (-1, [])  # the stored tile of level 1 in use

    def checkpoints(self) -> Iterator[Difference]:
        published: Checkpoint | None = None
        try:
            published = self._open(self._tiles.read(CHECKPOINT_PATH))
        except (FormatError, ProofError, StorageError) as problem:
            yield Difference(CHECKPOINT_PATH, problem.message)
        if self._storage is not None:
            try:
                self._committed = self._open(self._storage.read_checkpoint())
            except (FormatError, ProofError, StorageError) as problem:
                yield Difference(CHECKPOINT_ROW, problem.message)
            try:
                self._batches = self._storage.read_staged()
            except StorageError as problem:
                yield Difference("staged rows", problem.message)
        self._tree = published or self._committed
        self._size = self._tree.size if self._tree else self._guess_size()
        if published and self._committed:
            yield from compare_checkpoints(published, self._committed)

    def _open(self, note: bytes | None) -> Checkpoint:
        if note is None:
            raise StorageError("there is no checkpoint")
        return open_checkpoint(note, self._verifier, self._verifier.name)

    def _guess_size(self) -> int:
        size = 0
        for path in self._tiles.list_paths():
            tile = _parse_path(path)
            if tile and tile.level == ENTRIES:
                size = max(size, tile.index * TILE_WIDTH + tile.width)
        return size

    def files(self) -> Iterator[Difference]:
        for path in self._tiles.list_paths():
            tile = _parse_path(path)
            if tile is None:
                if path != CHECKPOINT_PATH:
                    yield Difference(path, "the log has no such file")
                continue
            expected = tile_at(tile.level, tile.index, self._size)
            if expected is None or tile.width > expected.width:
                if not self._is_unfinished(tile):
                    yield Difference(path, f"a log of {self._size} entries has no such tile")
            elif tile.width < expected.width:
                self._leftovers.setdefault((tile.level, tile.index), []).append(tile)

    def _is_unfinished(self, tile: Tile) -> bool:
        """Whether the last commit has this tile and is not published; the next opening does it."""
        committed = self._committed.size if self._committed else 0
        expected = tile_at(tile.level, tile.index, committed)
        return expected is not None and tile.width <= expected.width

    def entries(self) -> Iterator[Difference]:
        bundles = -(-self._size // TILE_WIDTH)
        chunks = self._size // TILE_WIDTH // CHUNK
        hashed = hash_chunks(self._tiles, chunks, self._workers, self._check_entries)
        for number, chunk in enumerate(hashed):
            if chunk and self._is_right(chunk):
                yield from self._accept(chunk)
            else:
                yield from self._check_bundles(number * CHUNK, (number + 1) * CHUNK)
        yield from self._check_bundles(chunks * CHUNK, bundles)
        if self._tree and self._edge.root() != self._tree.root_hash:
            yield Difference(CHECKPOINT_PATH, "the signed root hash is not that of the entries")

    def _is_right(self, chunk: Chunk) -> bool:
        """Whether the rows and the hashes above say the same, and nothing is left over."""
        numbers = range(chunk.first, chunk.first + CHUNK)
        if any((level, n) in self._leftovers for n in numbers for level in (ENTRIES, 0)):
            return False
        position = chunk.first % TILE_WIDTH
        if self._read_parents(chunk.first)[position : position + CHUNK] != parse_hashes(
            chunk.roots
        ):
            return False
        if self._storage is None:
            return True
        start = chunk.first * TILE_WIDTH
        try:
            rows = list(self._storage.read_leaves(start, start + CHUNK * TILE_WIDTH))
        except StorageError:
            return False
        starts = [row.start for row in rows]
        ends = [row.start + len(row.hashes) // HASH_SIZE for row in rows]
        follow = starts == [start, *ends[:-1]]
        return follow and b"".join(row.hashes for row in rows) == chunk.leaves

    def _accept(self, chunk: Chunk) -> Iterator[Difference]:
        self._keep_staged(chunk.first * TILE_WIDTH, parse_hashes(chunk.leaves))
        for meaning in chunk.meanings:
            yield from self._take(meaning)
        yield from self._check_above(chunk.roots, 1)
        self._report_progress()

    def _check_bundles(self, first: int, stop: int) -> Iterator[Difference]:
        for number in range(first, stop):
            yield from self._check_bundle(number)
            self._report_progress()

    def _report_progress(self) -> None:
        if self._progress:
            self._progress(self._edge.size, self._size)

    def _keep_staged(self, first: int, leaves: Sequence[bytes]) -> None:
        if self._batches:
            self._tail += leaves[max(self._batches[0].start - first, 0) :]

    def _check_bundle(self, number: int) -> Iterator[Difference]:
        width = min(TILE_WIDTH, self._size - number * TILE_WIDTH)
        bundle, tile = Tile(ENTRIES, number, width), Tile(0, number, width)
        data, bundle_problem = self._read(bundle)
        stored, tile_problem = self._read(tile)
        rows, rows_problem = self._read_rows(number * TILE_WIDTH, width)
        for problem in (bundle_problem, tile_problem, rows_problem):
            if problem:
                yield problem
        hashed = _leaves_of(data)
        votes = [
            _pad(hashed, width),
            _pad(_hashes_of(stored), width),
            rows or _pad([], width),
        ]
        leaves = self._settle(number, votes)
        first = number * TILE_WIDTH
        if not bundle_problem and hashed != leaves:
            yield from differences(bundle, data, leaves)
        yield from self._check_meaning(bundle, data, hashed, leaves)
        if not tile_problem:
            yield from differences(tile, stored, leaves)
        if rows and rows != leaves:
            yield from compare_rows(first, rows, leaves)
        yield from self._check_leftovers(bundle, leaves)
        yield from self._check_leftovers(tile, leaves)
        self._keep_staged(first, leaves)
        yield from self._check_above(b"".join(leaves), 0)

    def _settle(self, number: int, votes: Sequence[_Leaves]) -> list[bytes]:
        """Return the leaf hashes of a tile that are right."""
        for candidate in votes:
            leaves = [leaf for leaf in candidate if leaf is not None]
            if len(leaves) == len(candidate) and self._leads_up(number, leaves):
                return leaves
        most = [_vote(some) for some in zip(*votes, strict=True)]
        return [leaf or _UNKNOWN for leaf in most]

    def _leads_up(self, number: int, leaves: list[bytes]) -> bool:
        if len(leaves) < TILE_WIDTH:
            root = extend_leaves(self._edge, b"".join(leaves))[0].root()
            return self._tree is not None and root == self._tree.root_hash
        parents, position = self._read_parents(number), number % TILE_WIDTH
        return position < len(parents) and subtree_root(leaves) == parents[position]

    def _read_parents(self, number: int) -> list[bytes]:
        """Return the hashes of the stored tile of level 1 above a bundle."""
        above = number // TILE_WIDTH
        if self._parents[0] != above:
            tile = tile_at(1, above, self._size)
            stored = self._read(tile)[0] if tile else b""
            self._parents = above, _hashes_of(stored)
        return self._parents[1]

    def _check_meaning(
        self, bundle: Tile, data: bytes, hashed: Sequence[bytes], leaves: Sequence[bytes]
    ) -> Iterator[Difference]:
        if self._check_entries is None:
            return
        entries = _entries_of(data)[: len(leaves)]
        damaged = {at for at in range(len(entries)) if hashed[at] != leaves[at]}
        yield from self._take(read_meaning(self._check_entries, bundle, entries, damaged))

    def _take(self, meaning: BundleMeaning) -> Sequence[Difference]:
        self._chains.add(meaning.rows)
        return meaning.differences

    def _check_above(self, hashes: bytes, level: int) -> Iterator[Difference]:
        """Derive the tiles above these hashes; check each when it has its final width."""
        self._edge, tiles = extend_leaves(self._edge, hashes, level)
        for tile, data in tiles.items():
            if tile.level and tile == tile_at(tile.level, tile.index, self._size):
                stored, problem = self._read(tile)
                expected = parse_hashes(data)
                if problem:
                    yield problem
                else:
                    yield from differences(tile, stored, expected)
                yield from self._check_leftovers(tile, expected)

    def _check_leftovers(self, tile: Tile, hashes: Sequence[bytes]) -> Iterator[Difference]:
        """Check the narrower tiles that earlier checkpoints left behind."""
        for leftover in self._leftovers.pop((tile.level, tile.index), []):
            with suppress(StorageError):  # it may be gone at any moment
                stored = self._tiles.read(format_tile_path(leftover))
                if stored is not None:
                    yield from differences(leftover, stored, hashes[: leftover.width])

    def _read(self, tile: Tile) -> tuple[bytes, Difference | None]:
        path = format_tile_path(tile)
        try:
            data = self._tiles.read(path)
        except StorageError as problem:
            return b"", Difference(path, problem.message)
        return (b"", Difference(path, "the file is missing")) if data is None else (data, None)

    def _read_rows(self, start: int, width: int) -> tuple[_Leaves | None, Difference | None]:
        if self._storage is None:
            return None, None
        rows: _Leaves = [None] * width
        try:
            for row in self._storage.read_leaves(start, start + width):
                at = row.start - start
                some = _hashes_of(row.hashes)[: width - at]
                rows[at : at + len(some)] = some
        except StorageError as problem:
            return None, Difference(f"leaf row {start}", problem.message)
        return rows, None

    def staged(self) -> Iterator[Difference]:
        committed = self._committed.size if self._committed else self._size
        tail: _Leaves = [*self._tail]
        if self._storage is not None and committed > self._size:
            rows, problem = self._read_rows(self._size, committed - self._size)
            if problem:
                yield problem
            tail += rows or []
        starts = [batch.start for batch in self._batches]
        for batch, stop in zip(self._batches, [*starts[1:], committed], strict=False):
            where = f"staged row {batch.start}"
            known = tail[batch.start - starts[0] : stop - starts[0]]
            leaves = [leaf for leaf in known if leaf is not None]
            if not leaves or len(leaves) != stop - batch.start:
                yield Difference(where, "the batch does not fit the log", batch.start)
            elif _leaves_of(batch.data) != leaves:
                yield from describe(where, batch.start, locate_in_entries(batch.data, leaves))
        yield from self._check_unfinished(committed)

    def _check_unfinished(self, committed: int) -> Iterator[Difference]:
        """Check that what is committed and not in tiles can be finished from what is staged."""
        if self._committed is None or committed <= self._size:
            return
        leaves = [leaf for batch in self._batches for leaf in _leaves_of(batch.data)]
        start = self._batches[0].start if self._batches else committed
        edge, _ = extend_leaves(self._edge, b"".join(leaves[max(self._size - start, 0) :]))
        if start > self._size or edge.root() != self._committed.root_hash:
            yield Difference(
                CHECKPOINT_ROW, f"entries {self._size} to {committed} are not all staged"
            )

    def rows(self) -> Iterator[Difference]:
        if self._storage is None:
            return
        size = max(self._size, self._committed.size if self._committed else 0)
        try:
            for start, stop in ((-MAX_SIZE, 0), (size, MAX_SIZE)):
                for row in self._storage.read_leaves(start, stop):
                    yield Difference(
                        f"leaf row {row.start}", "the log has no such entry", row.start
                    )
            for sentence in self._storage.check():
                yield Difference("database", sentence)
        except StorageError as problem:
            yield Difference("database", problem.message)


def _parse_path(path: str) -> Tile | None:
    try:
        return parse_tile_path(path)
    except FormatError:
        return None


def _entries_of(data: bytes) -> list[bytes]:
    try:
        return parse_entries(data)
    except FormatError:
        return []


def _leaves_of(data: bytes) -> list[bytes]:
    return [leaf_hash(entry) for entry in _entries_of(data)]


def _hashes_of(data: bytes) -> list[bytes]:
    return parse_hashes(data[: len(data) // HASH_SIZE * HASH_SIZE])


def _pad(leaves: Sequence[bytes], width: int) -> _Leaves:
    return [*leaves[:width], *[None] * (width - len(leaves))]


def _vote(votes: Sequence[bytes | None]) -> bytes | None:
    """Return what two agree on, else the first that says anything."""
    said = [vote for vote in votes if vote is not None]
    return max(said, key=said.count, default=None)
