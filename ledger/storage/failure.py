"""What a database raises, as our errors; and what it finds wrong with itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ..errors import LogBusy, StorageError


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


def check_integrity(connection: Connection) -> list[str]:
    """Return what SQLite's own integrity check complains of; other engines check themselves."""
    if connection.dialect.name != "sqlite":
        return []
    return [line for line in connection.scalars(text("PRAGMA integrity_check")) if line != "ok"]


def _storage_error(problem: SQLAlchemyError) -> StorageError:
    cause = str(getattr(problem, "orig", None) or problem).splitlines()[0]
    return StorageError(f"the database failed ({cause})", "see to the disk, and run fsck")
