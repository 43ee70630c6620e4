"""kill -9 of a PostgreSQL server, and of the process in it that serves us, at random moments."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from ledger.errors import LedgerError
from ledger.log import Log
from ledger.storage.folder import FolderTileStorage
from ledger.storage.sql import open_log_storage
from tests.ledger.appender import open_log
from tests.postgres import PostgresServer, own_postgres

from .conftest import Count
from .drill import RUNS, SEED, Home, append_group

KILLS = 4
_MOST_APPENDS = 100
_NOTICED_SECONDS = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_postgres() as server:
        yield server


def test_kill_9_of_the_server_loses_nothing(
    server: PostgresServer, tmp_path: Path, count: Count
) -> None:
    _drill(server, tmp_path, lambda _: server.kill())
    count("PostgreSQL: kill -9 of the server at a random moment", KILLS * RUNS)


def test_kill_9_of_one_of_its_processes_loses_nothing(
    server: PostgresServer, tmp_path: Path, count: Count
) -> None:
    """The server then throws out everybody, and recovers by itself."""
    killed = 0

    def kill_ours(url: str) -> None:
        nonlocal killed
        ours = "datname = current_database() AND pid <> pg_backend_pid()"
        with suppress(psycopg.OperationalError):  # it still recovers from the last time
            with psycopg.connect(url) as connection:
                query = f"SELECT pid FROM pg_stat_activity WHERE {ours}"  # noqa: S608 (ours)
                processes = connection.execute(query).fetchall()
            for (process,) in processes:
                os.kill(process, signal.SIGKILL)
                killed += 1
                _gone(process)

    _drill(server, tmp_path, kill_ours)
    count("PostgreSQL: kill -9 of our server process at a random moment", killed)


def _gone(process: int) -> None:
    """Wait until the server has noticed: before it has, it answers as if nothing had happened."""
    deadline = time.monotonic() + _NOTICED_SECONDS
    with suppress(ProcessLookupError):
        while True:
            os.kill(process, 0)
            assert time.monotonic() < deadline, (
                f"the server never noticed that {process} was killed"
            )
            time.sleep(0.001)


def _drill(server: PostgresServer, root: Path, strike: Callable[[str], None]) -> None:
    url = server.create_database()
    home = Home(
        root, open_storages=lambda root: (open_log_storage(url), FolderTileStorage(root / "log"))
    )
    home.check()
    chance = random.Random(SEED)
    failed = 0
    log: Log | None = None
    for run in range(KILLS * RUNS):
        timer = threading.Timer(chance.random() * 0.05, strike, [url])
        n = 0
        # A strike between two appends is met by the next one.
        while n == 0 or timer.is_alive() or (not failed and n < _MOST_APPENDS):
            try:
                log = log or open_log(root, home.open_storages)
                home.note(append_group(log, f"run{run}", n, chance))
            except LedgerError:
                failed += 1
                if log and chance.random() < 0.5:  # else go on with it
                    log._storage.close()
                    log = None
            if n == 0:
                timer.start()
            n += 1
        timer.join()
        server.start()
        if run % 50 == 49:
            home.check()
    if log:
        log._storage.close()
    home.check()
    assert failed, "nobody noticed that the server was killed"
    assert home.acknowledged
