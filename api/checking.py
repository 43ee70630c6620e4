"""Checks entries in processes beside the service: one core verifies some thousands a second."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from ledger.batch import MOST_FAULTS, Fault
from ledger.workers import open_pool

Check = Callable[[Sequence[bytes]], list[Fault]]

CORES = len(os.sched_getaffinity(0))
_MOST, _LEAST = 256, 32  # entries handed to a worker at once: so many that none waits for us


class Checkers:
    """As many processes as there are cores, started when they are first needed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def find_faults(self, entries: Sequence[bytes], check: Check) -> list[Fault]:
        """Run `check`, which must be what can be pickled, on all entries, shared out.

        A worker that was killed is replaced, and the work done again, once.
        """
        try:
            return self._find_faults(entries, check)
        except BrokenProcessPool:
            self.close()
            return self._find_faults(entries, check)

    def _find_faults(self, entries: Sequence[bytes], check: Check) -> list[Fault]:
        pool = self._open()
        size = min(max(len(entries) // (4 * CORES), _LEAST), _MOST)
        starts = range(0, len(entries), size)
        shares = [(at, pool.submit(check, entries[at : at + size])) for at in starts]
        faults: list[Fault] = []
        for at, share in shares:
            faults += _moved(share, at)
        return faults[:MOST_FAULTS]

    def _open(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = open_pool(CORES)
            return self._pool

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _moved(share: Future[list[Fault]], by: int) -> list[Fault]:
    return [Fault(by + fault.position, fault.sentence) for fault in share.result()]
