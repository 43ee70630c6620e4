"""Shares work out among processes: the one way in which this project does it."""

import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_AHEAD = 4  # items in flight for each worker


def open_pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of processes, each started when it is first needed; Ctrl-C is the caller's."""
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    # Not forked, as the caller may have threads.
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=ignore)


def spread(
    work: Callable[[_T], _R], items: Iterable[_T], workers: int
) -> Generator[_R, None, None]:
    """Yield `work(item)` for each item, in order, done by `workers` processes; by this one if 0.

    `work`, the items and what comes of them must be what can be pickled. Where the processes cannot
    be started, or one is killed, this one does the rest.
    """
    items, waiting = iter(items), deque[_T]()
    if workers:
        # No processes, too few, or no memory for them: slower, and no reason to stop.
        with suppress(BrokenProcessPool, OSError):
            yield from _spread(work, items, waiting, workers)
    yield from map(work, chain(waiting, items))


def _spread(
    work: Callable[[_T], _R], items: Iterator[_T], waiting: deque[_T], workers: int
) -> Iterator[_R]:
    """Do what `spread` does; `waiting` holds the items taken of which nothing was yielded."""
    pool = open_pool(workers)
    try:
        pending: deque[Future[_R]] = deque()
        for item in items:
            waiting.append(item)
            pending.append(pool.submit(work, item))
            if len(pending) == workers * _AHEAD:
                yield _next(pending, waiting)
        while pending:
            yield _next(pending, waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _next(pending: deque[Future[_R]], waiting: deque[_T]) -> _R:
    result = pending[0].result()
    pending.popleft()
    waiting.popleft()
    return result
