"""The same asked of many files, by all cores: each process has services of its own for one home."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from ledger.errors import FirsthandError
from ledger.workers import spread
from verifier.report import Report

from .checking import CORES
from .errors import of_system
from .services import Services

_MANY = 64  # files: fewer are done sooner than processes are started
_AT_ONCE = 8  # files that a process is given
_PROCESSES = CORES + 1  # each waits now and then for the engines that it asks

_T = TypeVar("_T")
_R = TypeVar("_R")


def verify_each(
    services: Services, paths: Sequence[Path], asked: Mapping[str, Any]
) -> Iterator[Report | FirsthandError]:
    """Yield what `services.verify(path, **asked)` returns or raises for each file, in order."""
    return for_each(services, partial(_verify, asked), paths)


def for_each(
    services: Services, work: Callable[[Services, _T], _R], items: Sequence[_T]
) -> Iterator[_R]:
    """Yield `work(services, item)` for each item, in order; all of it must be what can be pickled.

    Where they are many, other processes do the work, with services of their own.
    """
    if len(items) < _MANY:
        return (work(services, item) for item in items)
    some = [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
    return chain.from_iterable(spread(partial(_do, services, work), some, _PROCESSES))


def _do(services: Services, work: Callable[[Services, _T], _R], items: Sequence[_T]) -> list[_R]:
    return [work(services, item) for item in items]


def _verify(asked: Mapping[str, Any], services: Services, path: Path) -> Report | FirsthandError:
    try:
        return services.verify(path, **asked)
    except FirsthandError as problem:
        return problem
    except OSError as problem:
        return of_system(problem)
