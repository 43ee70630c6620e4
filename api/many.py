"""Many files verified, by all cores: each process has services of its own, over the same home."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ledger.errors import FirsthandError
from ledger.workers import spread
from verifier.report import Report

from .checking import CORES
from .errors import of_system
from .services import Services

_MANY = 64  # files: fewer are verified sooner than processes are started
_AT_ONCE = 8  # files that a process is given


def verify_each(
    services: Services, paths: Sequence[Path], asked: Mapping[str, Any]
) -> Iterator[Report | FirsthandError]:
    """Yield what `services.verify(path, **asked)` returns or raises for each file, in order."""
    if len(paths) < _MANY:
        return (_verify(services, asked, path) for path in paths)
    some = [paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE)]
    return chain.from_iterable(spread(partial(_verify_some, services, asked), some, CORES))


def _verify_some(
    services: Services, asked: Mapping[str, Any], paths: Sequence[Path]
) -> list[Report | FirsthandError]:
    return [_verify(services, asked, path) for path in paths]


def _verify(services: Services, asked: Mapping[str, Any], path: Path) -> Report | FirsthandError:
    try:
        return services.verify(path, **asked)
    except FirsthandError as problem:
        return problem
    except OSError as problem:
        return of_system(problem)
