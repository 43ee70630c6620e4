"""The same asked of many files, by all cores: each process has services of its own for one home."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from ledger.errors import FirsthandError
from ledger.workers import spread
from verifier.report import Report

from .checking import CORES
from .services import Asked, Services

_MANY = 64  # files: fewer are done sooner than processes are started
_AT_ONCE = 8  # files that a process is given
_PROCESSES = CORES + 1  # each waits now and then for the engines that it asks

_T = TypeVar("_T")
_R = TypeVar("_R")


def verify_each(
    services: Services, paths: Sequence[Path], asked: Asked
) -> Iterator[Report | FirsthandError]:
    """Yield what `services.verify(path, asked)` returns or raises for each file, in order."""
    return for_each(services, _verify, [(path, asked) for path in paths])


def for_each(
    services: Services, work: Callable[[Services, Sequence[_T]], Iterable[_R]], items: Sequence[_T]
) -> Iterator[_R]:
    """Yield what `work(services, some items)` gives for all items, in order.

    Where they are many, other processes do the work, with services of their own: all of it must be
    what can be pickled.
    """
    if len(items) < _MANY:  # and whoever waits for a few sees each as soon as it is done
        return chain.from_iterable(work(services, [item]) for item in items)
    some = [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
    return chain.from_iterable(spread(partial(_do, services, work), some, _PROCESSES))


def _do(
    services: Services, work: Callable[[Services, Sequence[_T]], Iterable[_R]], items: Sequence[_T]
) -> list[_R]:
    return list(work(services, items))


def _verify(
    services: Services, files: Sequence[tuple[Path, Asked]]
) -> list[Report | FirsthandError]:
    return services.verify_each(files)
