"""The log: append, sequence, integrate, publish.

    log = Log(storage, tiles, signer, FileLock(home / "log.lock"))
    [index] = log.append([entry])       # durable, in the tree, under a signed checkpoint, public
    proof = log.prove(index)            # verifies offline, with the log's public key

What is kept when the process dies: before the commit nothing; after it everything, as the next one
that opens the log finishes the work from the staged batch.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from .checkpoint import Checkpoint, sign_checkpoint
from .errors import EntryError, FormatError, LogConflict, StorageError
from .integrate import Edge, extend, read_edge, tile_files
from .merkle import EMPTY_ROOT, leaf_hash
from .note import NoteSigner
from .reader import LogReader
from .storage import CHECKPOINT_PATH, LogStorage, StagedBatch, TileStorage
from .tile import MAX_ENTRY_SIZE, format_entries, format_tile_path, parse_entries, tile_at

__all__ = ["MAX_BATCH_SIZE", "Log", "LogReader"]

MAX_BATCH_SIZE = 1 << 28  # bytes of entries in one commit

_ATTEMPTS = 5
_FSCK = "run fsck: it names what differs"


@dataclass(frozen=True, slots=True)
class _State:
    """What was committed last, integrated and published: the signed note, and the tree's edge."""

    note: bytes
    edge: Edge


class Log(LogReader):
    """The writer of a log. Its origin is the signer's name.

    Safe for many threads, and for several processes on the same storage and folder when `lock` is
    the same for all (see FileLock). Without a lock entries stay one history all the same, but the
    published checkpoint might step back for a moment.
    """

    def __init__(
        self,
        storage: LogStorage,
        tiles: TileStorage,
        signer: NoteSigner,
        lock: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Open the log, or begin it; finish what an earlier process left unfinished.

        Raises StorageError when storage and tiles do not belong together, LogBusy when the lock is
        held by another for too long.
        """
        super().__init__(tiles, signer.verifier)
        self._storage = storage
        self._signer = signer
        self._lock = lock
        self._mutex = threading.Lock()
        self._state: _State | None = None  # under both locks; None when we cannot be sure of it
        self.append([])

    def append(self, entries: Sequence[bytes]) -> list[int]:
        """Put entries (1 to 65,535 bytes each) into the log, in one commit; return their indexes.

        An entry that the log has, or that comes twice, has one index. When this returns, they are
        durable, in the tree, and under the published checkpoint. Raises EntryError, before anything
        is written, for an entry that cannot be one; LogBusy when others held the log for too long;
        StorageError when a write failed: then the entries may be in the log or not, and to append
        them again is right.
        """
        _check_entries(entries)
        leaves = [leaf_hash(entry) for entry in entries]
        with self._mutex, self._lock():
            for _ in range(_ATTEMPTS):
                try:
                    return self._append(entries, leaves)
                except LogConflict:
                    self._state = None
        raise LogConflict(f"others were faster {_ATTEMPTS} times", "try again")

    def _append(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> list[int]:
        state = self._load()
        indexes = self._storage.find_indexes(leaves)
        fresh: list[bytes] = []
        for leaf, entry in zip(leaves, entries, strict=True):
            if leaf not in indexes:
                indexes[leaf] = state.edge.size + len(fresh)
                fresh.append(entry)
        if fresh:
            self._commit(state, fresh)
        return [indexes[leaf] for leaf in leaves]

    def _commit(self, state: _State, entries: Sequence[bytes]) -> None:
        edge, tiles = extend(state.edge, entries)
        note = sign_checkpoint(Checkpoint(self.origin, edge.size, edge.root()), self._signer)
        batch = StagedBatch(state.edge.size, format_entries(entries))
        self._state = None  # whatever happens now, believe only what the storage says
        # Everything before this batch is in durable tiles. After this line so is the batch, or will
        # be: it is in the log, and nobody outside has seen it yet.
        self._storage.commit(state.note, note, batch, [leaf_hash(entry) for entry in entries])
        self._publish(state.edge, tile_files(tiles), edge, note)
        self._state = _State(note, edge)

    def _publish(self, before: Edge, files: dict[str, bytes], edge: Edge, note: bytes) -> None:
        self._tiles.write(files)
        self._tiles.write({CHECKPOINT_PATH: note})
        # c2sp.org/tlog-tiles#partial-tiles: a partial tile may go once the full one is there.
        for tile in before.partial_tiles():
            if tile_at(tile.level, tile.index, edge.size) == tile.full:
                prefix = format_tile_path(tile.full) + ".p/"
                self._tiles.delete(list(self._tiles.list_paths(prefix)))

    def _load(self) -> _State:
        """Return what is committed, having finished what was committed but not published."""
        note = self._storage.read_checkpoint()
        if note is None or self._state is None or self._state.note != note:
            self._state = self._begin() if note is None else self._recover(note)
        return self._state

    def _begin(self) -> _State:
        if self._tiles.read(CHECKPOINT_PATH) is not None:
            raise StorageError(
                "the folder has a checkpoint and the database has none",
                "restore the database: a new one would fork the log",
            )
        note = sign_checkpoint(Checkpoint(self.origin, 0, EMPTY_ROOT), self._signer)
        self._storage.commit(None, note, None, [])
        self._tiles.write({CHECKPOINT_PATH: note})
        return _State(note, Edge())

    def _recover(self, note: bytes) -> _State:
        committed = self._open(note)
        published = self._tiles.read(CHECKPOINT_PATH)
        public = Checkpoint(self.origin, 0, EMPTY_ROOT)
        if published is not None:
            public = self._open(published)
        if public.size > committed.size:
            raise StorageError(
                f"{public.size} entries are published and the database knows {committed.size}",
                "an old copy was restored: append nothing, bring the newest copy",
            )
        before = read_edge(self._tiles, public.size)
        if before.root() != public.root_hash:
            raise StorageError("the tiles do not lead to the published checkpoint", _FSCK)
        edge, files = before, dict[str, bytes]()
        for batch in self._storage.read_staged():
            if batch.start >= public.size:
                edge, tiles = extend(edge, _parse_staged(batch, edge.size))
                files |= tile_files(tiles)
        if (edge.size, edge.root()) != (committed.size, committed.root_hash):
            raise StorageError("the tiles do not lead to the committed checkpoint", _FSCK)
        if public.size < committed.size or published is None:
            self._publish(before, files, edge, note)
        return _State(note, edge)


def _check_entries(entries: Sequence[bytes]) -> None:
    for entry in entries:
        if not 1 <= len(entry) <= MAX_ENTRY_SIZE:
            raise EntryError(
                f"an entry has 1 to {MAX_ENTRY_SIZE} bytes, not {len(entry)}",
                "log a digest of what is larger",
            )
    if sum(map(len, entries)) > MAX_BATCH_SIZE:
        raise EntryError(
            f"one commit takes at most {MAX_BATCH_SIZE} bytes of entries", "append fewer at a time"
        )


def _parse_staged(batch: StagedBatch, size: int) -> list[bytes]:
    if batch.start != size:
        raise StorageError(f"the batch staged at {batch.start} does not follow {size}", _FSCK)
    try:
        return parse_entries(batch.data)
    except FormatError as problem:
        raise StorageError(f"the batch staged at {batch.start}: {problem.message}", _FSCK) from None
