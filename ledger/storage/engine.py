"""How the ledger opens a database: SQLite in WAL mode with every commit on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import LogBusy, StorageError

BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """Open the database at an SQLAlchemy URL."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # a commit is on the disk when it returns
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    cursor.close()


def check_integrity(connection: Connection) -> list[str]:
    """Return what SQLite's own integrity check complains of; other engines check themselves."""
    if connection.dialect.name != "sqlite":
        return []
    return [line for line in connection.scalars(text("PRAGMA integrity_check")) if line != "ok"]


@contextmanager
def translate() -> Iterator[None]:
    """Within it what the database raises is LogBusy or StorageError."""
    try:
        yield
    except OperationalError as problem:
        if "locked" in str(problem.orig):
            raise LogBusy("another process holds the database", "try again") from None
        raise _storage_error(problem) from problem
    except SQLAlchemyError as problem:
        raise _storage_error(problem) from problem


def _storage_error(problem: SQLAlchemyError) -> StorageError:
    cause = str(getattr(problem, "orig", None) or problem).splitlines()[0]
    return StorageError(f"the database failed ({cause})", "see to the disk, and run fsck")
