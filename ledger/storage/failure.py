"""What a database raises, as our errors; and what it finds wrong with itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import FirsthandError, LogBusy, LogConflict, StorageError

# SQLSTATEs of PostgreSQL: lock_not_available; serialization_failure and deadlock_detected.
_BUSY = ("55P03",)
_UNDONE = ("40001", "40P01")


@contextmanager
def translate() -> Iterator[None]:
    """Within it what the database raises is LogBusy, LogConflict or StorageError.

    LogConflict is a transaction that met another and was undone: to try again is right.
    """
    try:
        yield
    except SQLAlchemyError as problem:
        raise _error_of(problem) from problem


def check_integrity(connection: Connection) -> list[str]:
    """Return what SQLite's own integrity check complains of; other engines check themselves."""
    if connection.dialect.name != "sqlite":
        return []
    return [line for line in connection.scalars(text("PRAGMA integrity_check")) if line != "ok"]


def _error_of(problem: SQLAlchemyError) -> FirsthandError:
    original = problem.orig if isinstance(problem, DBAPIError) else None
    state = getattr(original, "sqlstate", None)
    if state in _BUSY or "database is locked" in str(original):
        return LogBusy("another process holds the database", "try again")
    if state in _UNDONE:
        return LogConflict("the database undid a transaction that met another", "try again")
    cause = str(original or problem).splitlines()[0]
    return StorageError(f"the database failed ({cause})", "see to the disk, and run fsck")
