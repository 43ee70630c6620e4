"""LogStorage in SQL. The statements are portable; SQLite is what is tested."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from ..errors import LogConflict
from . import LeafRow, StagedBatch
from .engine import check_integrity, open_engine, translate
from .tables import checkpoint as checkpoint_table
from .tables import leaf as leaf_table
from .tables import metadata
from .tables import staged as staged_table

_PARAMETERS = 500  # hashes in one SELECT: below every engine's limit
_FETCH = 4096  # rows held at a time
_ONLY = 1  # the one row of log_checkpoint


class SqlLogStorage:
    """A LogStorage in one SQL database."""

    def __init__(self, engine: Engine) -> None:
        """Create the tables that are missing; raise StorageError when that is impossible."""
        self._engine = engine
        with translate(), engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))

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
    ) -> None:
        """See LogStorage."""
        with translate(), self._engine.begin() as connection:
            # First, as it takes the lock under which all below it is written.
            _swap(connection, expected, checkpoint)
            connection.execute(delete(staged_table))
            if batch is None:
                return
            values = {"start": batch.start, "entries": batch.data}
            connection.execute(insert(staged_table), values)
            rows = [
                {"entry_index": batch.start + offset, "leaf_hash": leaf_hash}
                for offset, leaf_hash in enumerate(leaf_hashes)
            ]
            if rows:
                connection.execute(insert(leaf_table), rows)

    def read_staged(self) -> list[StagedBatch]:
        """See LogStorage."""
        query = select(staged_table.c.start, staged_table.c.entries).order_by(staged_table.c.start)
        with translate(), self._engine.connect() as connection:
            return [StagedBatch(start, bytes(data)) for start, data in connection.execute(query)]

    def find_indexes(self, leaf_hashes: Sequence[bytes]) -> dict[bytes, int]:
        """See LogStorage."""
        found: dict[bytes, int] = {}
        query = select(leaf_table.c.leaf_hash, leaf_table.c.entry_index)
        with translate(), self._engine.connect() as connection:
            for at in range(0, len(leaf_hashes), _PARAMETERS):
                some = leaf_hashes[at : at + _PARAMETERS]
                rows = connection.execute(query.where(leaf_table.c.leaf_hash.in_(some)))
                found.update((bytes(leaf_hash), index) for leaf_hash, index in rows)
        return found

    def read_leaves(self, start: int, stop: int) -> Iterator[LeafRow]:
        """See LogStorage."""
        index = leaf_table.c.entry_index
        query = (
            select(index, leaf_table.c.leaf_hash)
            .where(index >= start, index < stop)
            .order_by(index)
            .limit(_FETCH)
        )
        while True:
            with translate(), self._engine.connect() as connection:
                rows = [LeafRow(at, bytes(value)) for at, value in connection.execute(query)]
            yield from rows
            if len(rows) < _FETCH:
                return
            query = query.where(index > rows[-1].index)

    def check(self) -> Iterator[str]:
        """See LogStorage: SQLite's own integrity check; other engines check themselves."""
        with translate(), self._engine.connect() as connection:
            complaints = check_integrity(connection)
        yield from complaints

    def close(self) -> None:
        """See LogStorage."""
        self._engine.dispose()


def open_log_storage(url: str) -> SqlLogStorage:
    """Open, or create, the sequencer's database at an SQLAlchemy URL (`sqlite:////path`)."""
    return SqlLogStorage(open_engine(url))


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
