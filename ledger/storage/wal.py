"""Empties SQLite's write-ahead log behind the commits, so that few of them wait for it.

SQLite does so itself within the commit that fills the WAL (`_WAL_PAGES` in `engine`); done here,
earlier and in a thread, that is seldom left to a commit (sqlite.org/wal.html, section 2.1).
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_DUE = 1 << 22  # bytes committed since the last time


class WalKeeper:
    """For one SQLite database. Called by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._executor = ThreadPoolExecutor(1, "wal")
        self._running: Future[None] | None = None
        self._bytes = 0

    def committed(self, size: int) -> None:
        """Note that about `size` bytes were committed."""
        self._bytes += size
        if self._bytes >= _DUE and (self._running is None or self._running.done()):
            self._bytes = 0
            self._running = self._executor.submit(self._empty)

    def _empty(self) -> None:
        # What fails here fails again in a commit, where somebody is told.
        with suppress(SQLAlchemyError), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody

    def close(self) -> None:
        """Wait for what is under way."""
        if self._running is not None:
            wait([self._running])
        self._executor.shutdown()
