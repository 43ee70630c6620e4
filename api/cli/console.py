"""What a person sees: progress and errors on stderr, data on stdout."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ledger.errors import FirsthandError, FormatError
from verifier.harmless import harmless as shown

_T = TypeVar("_T")


def read_by(parse: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return how argparse reads an argument by a parser of ours."""

    def read(text: str) -> _T:
        try:
            return parse(text)
        except FormatError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return read


class _Console(Console):
    """A console that takes text as it is: no markup, no emoji codes, no colours of its own."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Leave a reader that is gone to `main`."""
        raise BrokenPipeError


OUT = _Console()
ERR = _Console(stderr=True)

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


def harmless(*parts: str | tuple[str, str]) -> Text:
    """Join texts, each with a style or none, on one line that cannot move or colour a terminal.

    File names, titles and reasons are strangers' words: see `verifier.harmless`.
    """
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((shown(text), style) for text, style in pairs))


def say(*parts: str | tuple[str, str]) -> None:
    """Print one line on stdout."""
    OUT.print(harmless(*parts))


def note(line: str) -> None:
    """Print one line on stderr."""
    ERR.print(harmless(line))


def say_error(problem: FirsthandError, about: str = "") -> None:
    """Say in one line what went wrong and what to do next."""
    note(" ".join(f"firsthand: {about + ': ' if about else ''}{problem}".split()))


def print_json(value: object) -> None:
    """Print one object on one line of stdout, in ASCII: whatever a name holds, it gets through."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
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


def show(bar: Progress, done: int, total: int) -> None:
    """Let the only bar show how far it is."""
    bar.update(bar.task_ids[0], completed=done, total=total)
