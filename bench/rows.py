"""The rows of a run that goes on where an earlier one was cut off: one a line, as JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_R = TypeVar("_R", bound="DataclassInstance")


def kept_rows(results: Path | None, kind: type[_R]) -> list[_R]:
    """Read the rows that earlier runs have gathered; none where nothing is kept."""
    if results is None or not results.exists():
        return []
    return [kind(**json.loads(line)) for line in results.read_text().splitlines()]


def gathered(rows: Iterable[_R], results: Path | None) -> Iterator[_R]:
    """Yield rows as they come, each kept first."""
    for row in rows:
        if results:
            with results.open("a") as stream:
                stream.write(json.dumps(asdict(row)) + "\n")
        yield row
