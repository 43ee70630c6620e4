"""The log: append, sequence, integrate, publish.

    log = Log(storage, tiles, signer, FileLock(home / "log.lock"))
    [index] = log.append([entry])       # durable, in the tree, under a signed checkpoint, public
    proof = log.prove(index)            # verifies offline, with the log's public key

The order of an append: sign the checkpoint; stage the entries and swap the checkpoint, in one
durable transaction, the one that makes it true; write the tiles; ask the cosigner; publish. What is
kept when the process dies: before the transaction nothing; after it everything, as the next one
that opens the log finishes the work from the staged batches. A batch stays staged until the tiles
that hold it are durable, so tiles need not be when an append returns: a power cut may take tiles,
and the next opening writes them again.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count

from .checkpoint import Checkpoint, sign_checkpoint
from .errors import EntryError, FormatError, LogConflict, StorageError
from .integrate import Edge, encode_entries, extend, read_edge, tile_files
from .merkle import EMPTY_ROOT, leaf_hashes, root_hash
from .note import NoteSigner
from .reader import LogReader
from .settle import Settler
from .storage import CHECKPOINT_PATH, LogStorage, StagedBatch, TileStorage
from .tile import MAX_ENTRY_SIZE, Tile, TileHashReader, parse_entries

__all__ = ["MAX_BATCH_SIZE", "Cosigner", "Log", "LogReader"]

Cosigner = Callable[[bytes], bytes]
"""Takes the note that was committed, and returns it with cosignatures; may raise LedgerError."""

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
        cosigner: Cosigner | None = None,
    ) -> None:
        """Open the log, or begin it; finish what an earlier process left unfinished.

        `cosigner` is called, under the lock, for each checkpoint before it is published; when it
        raises, the entries are in the log and the next append publishes them. Raises StorageError
        when storage and tiles do not belong together, LogBusy when the lock is held by another for
        too long, and what `cosigner` raises.
        """
        super().__init__(tiles, signer.verifier)
        self._storage = storage
        self._folder = tiles
        self._signer = signer
        self._lock = lock
        self._cosigner = cosigner
        self._mutex = threading.Lock()
        self._state: _State | None = None  # under both locks; None when we cannot be sure of it
        self._settler = Settler(tiles)
        self.append([])

    def append(self, entries: Sequence[bytes]) -> list[int]:
        """Put entries (1 to 65,535 bytes each) into the log, in one commit; return their indexes.

        An entry that the log has, or that comes twice, has one index. When this returns, they are
        durable, in the tree, and under the published checkpoint. Raises EntryError, before anything
        is written, for an entry that cannot be one; LogBusy when others held the log for too long;
        StorageError when a write failed, and what the cosigner raises: then the entries may be in
        the log or not, and to append them again is right.
        """
        check_entries(entries)
        leaves = leaf_hashes(entries)
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
        fresh = dict(zip(leaves, entries, strict=True))  # in order, each once
        for leaf in indexes:
            del fresh[leaf]
        if fresh:
            self._commit(state, fresh)
            indexes |= zip(fresh, count(state.edge.size))
        return [indexes[leaf] for leaf in leaves]

    def _commit(self, state: _State, fresh: dict[bytes, bytes]) -> None:
        """Commit the entries, by their leaf hashes."""
        encoded, leaves = encode_entries(fresh.values()), list(fresh)
        edge, tiles = extend(state.edge, encoded, b"".join(leaves))
        note = sign_checkpoint(Checkpoint(self.origin, edge.size, edge.root()), self._signer)
        batch = StagedBatch(state.edge.size, b"".join(encoded))
        self._state = None  # whatever happens now, believe only what the storage says
        # After this line the batch is in the log, and nobody outside has seen it yet.
        self._storage.commit(state.note, note, batch, leaves, self._settler.size)
        self._folder.write_unsynced(tile_files(tiles))
        self._publish(note)
        self._settler.published(edge, tiles)
        self._state = _State(note, edge)

    def _publish(self, note: bytes) -> None:
        public = note
        if self._cosigner:
            public = self._cosigner(note)
            if self._open(public) != self._open(note):
                raise StorageError("the cosigner returned the checkpoint of another tree")
        self._folder.write({CHECKPOINT_PATH: public})

    def _load(self) -> _State:
        """Return what is committed, having finished what was committed but not published."""
        note = self._storage.read_checkpoint()
        if self._settler.failed:
            self._state = None
        if note is None or self._state is None or self._state.note != note:
            self._state = self._begin() if note is None else self._recover(note)
        return self._state

    def _begin(self) -> _State:
        if self._folder.read(CHECKPOINT_PATH) is not None:
            raise StorageError(
                "the folder has a checkpoint and the database has none",
                "restore the database: a new one would fork the log",
            )
        note = sign_checkpoint(Checkpoint(self.origin, 0, EMPTY_ROOT), self._signer)
        self._storage.commit(None, note, None, [])
        self._publish(note)
        self._settler.start(0, Edge())
        return _State(note, Edge())

    def _recover(self, note: bytes) -> _State:
        committed = self._open(note)
        public = self._open_published(committed)
        staged = self._storage.read_staged()
        before = read_edge(self._folder, staged[0].start if staged else committed.size)
        edge, tiles = before, dict[Tile, bytes]()
        for batch in staged:  # each as it was, so that every partial tile of it is right again
            entries = _parse_staged(batch, edge.size)
            edge, some = extend(edge, encode_entries(entries), b"".join(leaf_hashes(entries)))
            tiles |= some
        if (edge.size, edge.root()) != (committed.size, committed.root_hash):
            raise StorageError("the tiles do not lead to the committed checkpoint", _FSCK)
        # Others may have written them, or a power cut come since: these are right, and durable.
        self._folder.write(tile_files(tiles))
        reader = TileHashReader(self._folder, edge.size)
        if public and root_hash(public.size, reader) != public.root_hash:
            raise StorageError("the tiles do not lead to the published checkpoint", _FSCK)
        if public != committed:
            self._publish(note)
        self._settler.start(before.size, edge)
        return _State(note, edge)

    def _open_published(self, committed: Checkpoint) -> Checkpoint | None:
        note = self._folder.read(CHECKPOINT_PATH)
        if note is None:
            if committed.size:
                raise StorageError(
                    f"the folder has no checkpoint and the database knows {committed.size} entries",
                    "bring the folder that belongs to the database, or a mirror of it",
                )
            return None
        public = self._open(note)
        if public.size > committed.size:
            raise StorageError(
                f"{public.size} entries are published and the database knows {committed.size}",
                "an old copy was restored: append nothing, bring the newest copy",
            )
        return public


def check_entry(entry: bytes) -> None:
    """Raise EntryError unless this can be an entry."""
    if not 1 <= len(entry) <= MAX_ENTRY_SIZE:
        raise EntryError(
            f"an entry has 1 to {MAX_ENTRY_SIZE} bytes, not {len(entry)}",
            "log a digest of what is larger",
        )


def check_entries(entries: Sequence[bytes]) -> None:
    """Raise EntryError unless these can be appended in one commit."""
    if entries:
        check_entry(min(entries, key=len))
        check_entry(max(entries, key=len))
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
