"""Many files verified, by all cores: each process has services of its own, over the same home."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ledger.errors import FirsthandError
from ledger.workers import spread
from verifier.report import Report

from .checking import CORES
from .errors import of_system
from .services import Services

_MANY = 64  # files: fewer are verified sooner than processes are started


def verify_each(
    services: Services, paths: Sequence[Path], asked: Mapping[str, Any]
) -> Iterator[Report | FirsthandError]:
    """Yield what `services.verify(path, **asked)` returns or raises for each file, in order."""
    workers = CORES if len(paths) >= _MANY else 0
    return spread(partial(_verify, services, asked), paths, workers)


def _verify(services: Services, asked: Mapping[str, Any], path: Path) -> Report | FirsthandError:
    try:
        return services.verify(path, **asked)
    except FirsthandError as problem:
        return problem
    except OSError as problem:
        return of_system(problem)
