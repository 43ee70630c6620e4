"""Brings the sequencer's tables up to date, by alembic, which is configured here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ..errors import StorageError

FIRST = "0001"  # what a database has that is older than the table of its version
HEAD = "0002"

_VERSION_TABLE = "log_version"
_FIRST_TABLE = "log_leaf"
_LOCK = 0x6C6F67  # any number that all of us use


def upgrade(engine: Engine) -> None:
    """Create the tables, or bring those of an older version up to date.

    Two processes may do so at once. Raises StorageError for tables of a newer version; the error
    of SQLAlchemy where the database fails.
    """
    with engine.connect() as connection:
        if _read_version(connection) == HEAD:
            return
    with _exclusive(engine) as connection:
        version = _read_version(connection)
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise StorageError(
                f"the database is of version {version}, and this program of {HEAD}",
                "use the program that made it, or a newer one",
            )
        _run(connection, stamp=version is None and inspect(connection).has_table(_FIRST_TABLE))


def _read_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    version = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 (ours)
    return None if version is None else str(version)


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Connection]:
    """Hold the database alone, in one transaction: all of a migration happens, or nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        yield connection
        connection.commit()


def _run(connection: Connection, *, stamp: bool) -> None:
    # Here, as only a database that is new or old needs it, and it takes a while to load.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = _VERSION_TABLE
    if stamp:
        command.stamp(config, FIRST)
    command.upgrade(config, HEAD)
