"""A database of any older version is brought up to date when it is opened, and loses nothing."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ledger.errors import StorageError
from ledger.merkle import leaf_hash
from ledger.storage.engine import open_log_engine
from ledger.storage.sql import open_log_storage
from ledger.storage.tables import metadata
from tests.postgres import running_postgres

FIRST = """
CREATE TABLE log_checkpoint (id BIGINT NOT NULL CHECK (id = 1), note {blob} NOT NULL,
    PRIMARY KEY (id));
CREATE TABLE log_staged (start BIGINT NOT NULL, entries {blob} NOT NULL, PRIMARY KEY (start));
CREATE TABLE log_leaf (entry_index BIGINT NOT NULL, leaf_hash {blob} NOT NULL,
    PRIMARY KEY (entry_index), UNIQUE (leaf_hash))
"""
LEAVES = [leaf_hash(b"%d" % n) for n in range(40_000)]


@pytest.fixture(scope="module")
def new_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Make the URL of an empty database of an engine."""
    with running_postgres() as postgres:

        def make(engine: str) -> str:
            if engine == "postgresql":
                return postgres.create_database()
            return f"sqlite:///{tmp_path_factory.mktemp('sql')}/sql"

        yield make


ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


@ENGINES
def test_migrations_lead_to_the_tables_that_the_code_uses(
    new_url: Callable[[str], str], engine: str
) -> None:
    url = new_url(engine)
    open_log_storage(url).close()
    database = open_log_engine(url)
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "log_version"})
        assert context.get_current_revision() == "0002"
        assert compare_metadata(context, metadata) == []
    database.dispose()


@ENGINES
@pytest.mark.parametrize("size", [0, 1, 16_384, 40_000])
def test_a_database_of_the_first_version_keeps_every_leaf(
    new_url: Callable[[str], str], engine: str, size: int
) -> None:
    url = new_url(engine)
    _make_first(url, size)
    storage = open_log_storage(url)
    assert storage.read_checkpoint() == b"note"
    assert [batch.data for batch in storage.read_staged()] == [b"staged"]
    found = storage.find_indexes(LEAVES)
    assert found == {leaf: n for n, leaf in enumerate(LEAVES[:size])}
    assert b"".join(row.hashes for row in storage.read_leaves(0, 1 << 40)) == b"".join(
        LEAVES[:size]
    )
    assert list(storage.check()) == []
    storage.close()
    open_log_storage(url).close()


def test_a_database_with_a_gap_is_not_touched(new_url: Callable[[str], str]) -> None:
    url = new_url("sqlite")
    _make_first(url, 300)
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DELETE FROM log_leaf WHERE entry_index = 100")
    with pytest.raises(StorageError, match="gap"):
        open_log_storage(url)
    assert connection.execute("SELECT count(*) FROM log_leaf").fetchone() == (299,)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert not tables & {"log_leaves", "log_bucket", "log_version"}
    connection.close()


def test_a_database_of_a_newer_version_is_refused(new_url: Callable[[str], str]) -> None:
    url = new_url("sqlite")
    storage = open_log_storage(url)
    with storage._engine.begin() as connection:
        connection.execute(text("UPDATE log_version SET version_num = '0999'"))
    storage.close()
    with pytest.raises(StorageError, match="version 0999"):
        open_log_storage(url)


@ENGINES
def test_many_may_create_one_database_at_once(new_url: Callable[[str], str], engine: str) -> None:
    url = new_url(engine)
    start = threading.Barrier(6)
    opened: list[str] = []

    def create() -> None:
        start.wait()
        storage = open_log_storage(url)
        storage.close()
        opened.append(url)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6


def test_the_migrations_are_part_of_what_is_installed() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert '"ledger.migrations", "ledger.migrations.versions"' in project


def _make_first(url: str, size: int) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    blob = "BLOB" if engine.dialect.name == "sqlite" else "BYTEA"
    with engine.begin() as connection:
        for statement in FIRST.format(blob=blob).split(";"):
            connection.execute(text(statement))
        connection.execute(text("INSERT INTO log_checkpoint VALUES (1, :n)"), {"n": b"note"})
        connection.execute(text("INSERT INTO log_staged VALUES (0, :s)"), {"s": b"staged"})
        rows = [{"i": n, "leaf": leaf} for n, leaf in enumerate(LEAVES[:size])]
        if rows:
            connection.execute(text("INSERT INTO log_leaf VALUES (:i, :leaf)"), rows)
    engine.dispose()
