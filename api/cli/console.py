"""What a person sees: progress and errors on stderr, data on stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ledger.errors import FirsthandError

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

COLOURS = {
    "unchanged": "green",
    "derived": "cyan",
    "altered": "red",
    "withdrawn": "red",
    "untrusted": "yellow",
    "unknown": "yellow",
    "inconclusive": "yellow",
}
MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "absent": ("–", "dim"),
    "unreadable": ("?", "yellow"),
    "not_checked": ("·", "dim"),
}


def say_error(problem: FirsthandError, about: str = "") -> None:
    """Say in one line what went wrong and what to do next."""
    line = f"firsthand: {about + ': ' if about else ''}{problem}"
    ERR.print(Text(" ".join(line.split())))


def print_json(value: object) -> None:
    """Print one object on one line of stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """Show a bar on stderr while something long goes on, where a person is looking."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = ERR.is_terminal and (total is None or total > 1)
    with Progress(*columns, console=ERR, transient=True, disable=not shown) as bar:
        bar.add_task(what, total=total)
        yield bar


def advance(bar: Progress) -> None:
    """Move the only bar on by one."""
    bar.advance(bar.task_ids[0])
