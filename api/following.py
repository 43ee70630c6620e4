"""Takes new entries into the private store behind the appends, so that no verification waits.

Once a second, whoever appended them; in a process of its own, as there it holds up nobody here.
"""

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from ledger.errors import FirsthandError
from ledger.reader import LogReader
from ledger.workers import open_pool

from .home import Home

_EVERY = 1  # second
_LEAST_URGENT = 19
_MOST = 1 << 15  # entries at a time: about as long as the end of the service may wait for it


class Follower:
    """Follows the log of a home until the block ends. The process starts when it is needed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        tried = 0
        while not self._ended.is_set():
            # A worker that was killed is replaced.
            with suppress(BrokenProcessPool, OSError), open_pool(1) as pool:
                while not self._ended.wait(_EVERY):
                    # What cannot be read is tried again when the log has grown, not every second;
                    # whoever asks the store meets the same, and is told.
                    with suppress(FirsthandError):
                        size = LogReader(self._home.tiles(), self._home.log_verifier()).size
                        if size > tried:
                            tried = size
                            self._take_in(pool, size)

    def _take_in(self, pool: ProcessPoolExecutor, size: int) -> None:
        taken = _size(self._home)
        while taken < size and not self._ended.is_set():
            taken = pool.submit(_follow, self._home).result()


def _size(home: Home) -> int:
    with closing(home.catalogue()) as catalogue:
        return catalogue.size


def _follow(home: Home) -> int:
    """Take some entries in; return how many are."""
    os.nice(_LEAST_URGENT)  # appends, and whoever asks, go first
    with closing(home.catalogue()) as catalogue:
        catalogue.follow(LogReader(home.tiles(), home.log_verifier()), most=_MOST)
        return catalogue.size
