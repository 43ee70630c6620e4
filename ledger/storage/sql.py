"""LogStorage in SQL: SQLite and PostgreSQL, by the same statements."""

import threading
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import LogConflict
from ..migrations import upgrade
from . import LeafRow, StagedBatch
from .engine import open_log_engine
from .failure import check_integrity, translate
from .leaf_index import LeafIndex, read_leaf_rows
from .tables import checkpoint as checkpoint_table
from .tables import staged as staged_table
from .wal import WalKeeper

_ONLY = 1  # the one row of log_checkpoint


class SqlLogStorage:
    """A LogStorage in one SQL database."""

    def __init__(self, engine: Engine) -> None:
        """Create the tables, or bring them up to date; raise StorageError where that fails."""
        self._engine = engine
        self._index = LeafIndex()
        self._index_lock = threading.Lock()
        self._wal = WalKeeper(engine) if engine.dialect.name == "sqlite" else None
        with translate():
            upgrade(engine)

    def read_checkpoint(self) -> bytes | None:
        """See LogStorage."""
        with translate(), self._engine.connect() as connection:
            note = connection.scalar(select(checkpoint_table.c.note))
        return None if note is None else bytes(note)

    def commit(
        self,
        expected: bytes | None,
        checkpoint: bytes,
        batch: StagedBatch | None,
        leaf_hashes: Sequence[bytes],
        settled: int = 0,
    ) -> None:
        """See LogStorage."""
        with translate(), self._engine.begin() as connection:
            # First, as it takes the lock under which all below it is written.
            _swap(connection, expected, checkpoint)
            if batch is None:
                return
            connection.execute(delete(staged_table).where(staged_table.c.start < settled))
            values = {"start": batch.start, "entries": batch.data}
            connection.execute(insert(staged_table), values)
            with self._index_lock:
                self._index.record(connection, batch.start, leaf_hashes)
        with self._index_lock:
            self._index.recorded(batch.start, leaf_hashes)
            if self._wal:
                self._wal.committed(len(batch.data))

    def read_staged(self) -> list[StagedBatch]:
        """See LogStorage."""
        query = select(staged_table.c.start, staged_table.c.entries).order_by(staged_table.c.start)
        with translate(), self._engine.connect() as connection:
            return [StagedBatch(start, bytes(data)) for start, data in connection.execute(query)]

    def find_indexes(self, leaf_hashes: Sequence[bytes]) -> dict[bytes, int]:
        """See LogStorage."""
        with translate(), self._engine.connect() as connection, self._index_lock:
            return self._index.find(connection, leaf_hashes)

    def read_leaves(self, start: int, stop: int) -> Iterator[LeafRow]:
        """See LogStorage."""
        with translate(), self._engine.connect() as connection:
            yield from read_leaf_rows(connection, start, stop)

    def check(self) -> Iterator[str]:
        """See LogStorage: SQLite's own integrity check, and that the buckets are the leaves'."""
        with translate(), self._engine.connect() as connection:
            yield from check_integrity(connection)
            yield from self._index.check(connection)

    def close(self) -> None:
        """See LogStorage."""
        if self._wal:
            self._wal.close()
        self._engine.dispose()


def open_log_storage(url: str) -> SqlLogStorage:
    """Open, or create, the sequencer's database at an SQLAlchemy URL.

    `sqlite:////path`, or `postgresql://user@host/database` with the extra `postgres`. Raises
    StorageError.
    """
    return SqlLogStorage(open_log_engine(url))


def _swap(connection: Connection, expected: bytes | None, checkpoint: bytes) -> None:
    conflict = LogConflict("the checkpoint is no longer the one we started from", "try again")
    if expected is None:
        try:
            connection.execute(insert(checkpoint_table), {"id": _ONLY, "note": checkpoint})
        except IntegrityError:
            raise conflict from None
        return
    # The one line that makes it true: before it nothing is, after the transaction all of it.
    swapped = connection.execute(
        update(checkpoint_table).where(checkpoint_table.c.note == expected).values(note=checkpoint)
    )
    if swapped.rowcount != 1:
        raise conflict
