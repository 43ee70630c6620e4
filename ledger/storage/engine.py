"""How the ledger opens a database, so that what it commits is on the disk."""

import time
from sqlite3 import OperationalError

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable

from ..errors import StorageError

BUSY_SECONDS = 30

_PAUSES = [0.001 * 2**step for step in range(10)]  # seconds; a second in all
_PAGE_SIZE = 16_384  # bytes: a staged batch is one large value, written page by page
_WAL_PAGES = 2000  # how far the WAL grows before a commit empties it (see `wal`)


def open_engine(url: str, *, durable: bool = True) -> Engine:
    """Open the SQLite database at an SQLAlchemy URL; what is erased there is overwritten.

    Where it need not be `durable`, a power cut may take the last commits, and nothing else.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        if not durable:
            event.listen(engine, "connect", _commit_lazily)
        event.listen(engine, "connect", _erase_securely)
        event.listen(engine, "connect", _grow)
    return engine


def create_tables(connection: Connection, metadata: MetaData) -> None:
    """Make the tables that are not there, which another process may be making just now."""
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))


def open_log_engine(url: str) -> Engine:
    """Open the sequencer's database, SQLite or PostgreSQL, at an SQLAlchemy URL.

    Raises StorageError for another engine, and where the driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except ArgumentError:
        raise StorageError("not the URL of a database", "write sqlite:////path/to/file") from None
    except ModuleNotFoundError as problem:
        raise StorageError(
            f"{problem.name} is not installed", "install the extra firsthand[postgres]"
        ) from None
    match engine.dialect.name:
        case "sqlite":
            event.listen(engine, "connect", _enlarge_pages)  # before there is one
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "connect", _drop_quickly)
            event.listen(engine, "connect", _grow)
        case "postgresql":
            event.listen(engine, "connect", _configure_postgresql)
        case name:
            raise StorageError(f"the log was never tried on {name}", "use SQLite or PostgreSQL")
    return engine


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    _execute(connection, "PRAGMA synchronous = FULL")  # a commit is on the disk when it returns


def _write_ahead(connection: DBAPIConnection) -> None:
    """Of several that open a new database at once, SQLite lets one do so and no other wait."""
    for pause in (*_PAUSES, None):
        try:
            _execute(connection, "PRAGMA journal_mode = WAL")
        except OperationalError as problem:
            if pause is None or "locked" not in str(problem):
                raise
            time.sleep(pause)
        else:
            return


def _enlarge_pages(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, f"PRAGMA page_size = {_PAGE_SIZE}")


def _commit_lazily(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA synchronous = NORMAL")


def _erase_securely(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA secure_delete = ON")  # what is erased is overwritten


def _drop_quickly(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA secure_delete = OFF")  # what the log drops is public


def _grow(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(
        connection,
        f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}",
        "PRAGMA cache_size = -65536",  # KiB
    )


def _configure_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # A server may be set to acknowledge a commit before it is on the disk: not to us.
    _execute(
        connection,
        f"SET lock_timeout = '{BUSY_SECONDS}s'",
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'",
    )
    connection.commit()


def _execute(connection: DBAPIConnection, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
