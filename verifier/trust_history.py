"""Which trust lists held on which day: a history that only grows. Pure.

One line of JSON a change, in the order in which they were made here:

    {"name":"c2pa","kind":"claim-signers","date":"2026-11-25","digest":"sha256:…","source":"https://…"}
    {"name":"c2pa","kind":"claim-signers","date":"2026-12-01","digest":null,"source":"removed"}

`date` is the day from which the list was this, and may lie before the day of the change: who takes
in an older list says since when it held. Of two changes on one day the later one holds.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ledger.errors import FormatError
from ledger.vocabulary import Digest, parse_digest

from .trust import Kind

_NAME = re.compile(r"\w[\w .,()'’-]{0,63}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIELDS = ("name", "kind", "date", "digest", "source")
MAX_SOURCE = 500  # characters


@dataclass(frozen=True, slots=True)
class Change:
    """From `date` on the list of that name was the file with this digest; with None, it was not."""

    name: str
    kind: Kind
    date: date
    digest: Digest | None
    source: str

    def __post_init__(self) -> None:
        """Refuse what a report could not show, or a file could not be called."""
        if not _NAME.fullmatch(self.name) or self.name != self.name.strip():
            raise FormatError(
                f"{self.name[:80]!r} is no name for a list",
                "give 1 to 64 letters, digits, spaces and . , ( ) ' -",
            )
        if len(self.source) > MAX_SOURCE or not self.source.isprintable():
            raise FormatError("a list's source is one line", f"of at most {MAX_SOURCE} characters")


def parse_date(text: str) -> date:
    """Read 2026-11-25 and nothing else; raises FormatError."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise FormatError(f"{text[:40]!r} is not a date", "give it as 2026-11-25") from None


def format_history(changes: Iterable[Change]) -> str:
    """Write a history, a line each."""
    return "".join(
        json.dumps(
            {
                "name": change.name,
                "kind": change.kind.value,
                "date": change.date.isoformat(),
                "digest": str(change.digest) if change.digest else None,
                "source": change.source,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        + "\n"
        for change in changes
    )


def parse_history(text: str) -> tuple[Change, ...]:
    """Read what `format_history` writes; raises FormatError for any other spelling."""
    changes = tuple(_change(line) for line in text.split("\n")[:-1])
    if format_history(changes) != text:
        raise FormatError("the history of trust lists is not in its one spelling")
    return changes


def _change(line: str) -> Change:
    try:
        said = json.loads(line)
        name, kind, day, digest, source = (said[field] for field in _FIELDS)
        return Change(
            name, Kind(kind), parse_date(day), parse_digest(digest) if digest else None, source
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise FormatError(f"not a change of a trust list: {line[:80]!r}") from None


def held_on(changes: Sequence[Change], day: date) -> list[Change]:
    """Return what each list was on a day, in the order of their names; those that were not, not."""
    latest: dict[str, Change] = {}
    for change in changes:
        before = latest.get(change.name)
        if change.date <= day and (before is None or before.date <= change.date):
            latest[change.name] = change
    return [latest[name] for name in sorted(latest) if latest[name].digest]


def append_change(changes: Sequence[Change], change: Change, today: date) -> tuple[Change, ...]:
    """Return the history with one more change.

    Raises FormatError for a date that is still to come, a name that is of another kind already, and
    the removal of what is not there.
    """
    if change.date > today:
        raise FormatError(f"{change.date} is still to come", "give the day from which it holds")
    known = {each.name: each.kind for each in changes}
    if known.get(change.name, change.kind) is not change.kind:
        raise FormatError(
            f"the list “{change.name}” is of the kind {known[change.name]}", "choose another name"
        )
    there = {each.name for each in held_on(changes, change.date)}
    if change.digest is None and change.name not in there:
        raise FormatError(f"there is no list “{change.name}” on {change.date}", "see: trust list")
    return (*changes, change)
