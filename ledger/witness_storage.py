"""What a witness keeps, in a database of its own: one row for each log, one swap for each step."""

import sqlalchemy as sa

from .errors import StorageError
from .storage.engine import create_tables, open_engine
from .witness import Seen

_METADATA = sa.MetaData()
_SEEN = sa.Table(
    "seen",
    _METADATA,
    sa.Column("origin", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sa.Column("cosigned", sa.LargeBinary),
)


class SqlWitnessStorage:
    """A WitnessStorage behind an SQLAlchemy URL; every swap is on the disk when it returns."""

    def __init__(self, url: str) -> None:
        """Open the database, and make its table where it is new; raise StorageError otherwise."""
        self._engine = open_engine(url)
        try:
            with self._engine.begin() as connection:
                create_tables(connection, _METADATA)
        except sa.exc.DBAPIError as problem:
            raise _failed(problem) from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def read(self, origin: str) -> Seen | None:
        """See WitnessStorage."""
        columns = (_SEEN.c.size, _SEEN.c.root_hash, _SEEN.c.time, _SEEN.c.note, _SEEN.c.cosigned)
        try:
            with self._engine.connect() as connection:
                row = connection.execute(
                    sa.select(*columns).where(_SEEN.c.origin == origin)
                ).first()
        except sa.exc.DBAPIError as problem:
            raise _failed(problem) from None
        return None if row is None else Seen(*row)

    def swap(self, origin: str, expected: Seen | None, seen: Seen) -> bool:
        """See WitnessStorage."""
        values = {
            "size": seen.size,
            "root_hash": seen.root_hash,
            "time": seen.time,
            "note": seen.note,
        }
        change: sa.Insert | sa.Update
        if expected is None:
            change = _SEEN.insert().values(origin=origin, **values)
        else:
            change = _SEEN.update().where(*_is(origin, expected)).values(values)
        try:
            with self._engine.begin() as connection:
                return connection.execute(change).rowcount == 1
        except sa.exc.IntegrityError:
            return False  # another made the first record
        except sa.exc.DBAPIError as problem:
            raise _failed(problem) from None

    def publish(self, origin: str, seen: Seen, cosigned: bytes) -> None:
        """See WitnessStorage."""
        change = _SEEN.update().where(*_is(origin, seen)).values(cosigned=cosigned)
        try:
            with self._engine.begin() as connection:
                connection.execute(change)
        except sa.exc.DBAPIError as problem:
            raise _failed(problem) from None


def _is(origin: str, seen: Seen) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _SEEN.c.origin == origin,
        _SEEN.c.size == seen.size,
        _SEEN.c.root_hash == seen.root_hash,
        _SEEN.c.time == seen.time,
    )


def _failed(problem: sa.exc.DBAPIError) -> StorageError:
    return StorageError(f"the witness's database failed ({problem.orig})", "see to the disk")
