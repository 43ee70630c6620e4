"""The verdicts that this home has given, so that they can be asked again: `firsthand recall`.

Kept by the file's digest and name, the last one for each. No content is kept, and what is forgotten
is overwritten.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from ledger.errors import FormatError, StorageError
from ledger.storage.engine import create_tables, open_engine
from ledger.storage.failure import translate
from ledger.vocabulary import Digest
from verifier.recall import Verdict, format_verdict, parse_verdict

_metadata = sa.MetaData()
_verdicts = sa.Table(
    "verdicts",
    _metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("path", sa.Text),  # of a file of this machine; none of what was sent over HTTP
    sa.Column("proof", sa.Text),  # the log proof that was named, where one was
    sa.Column("time", sa.Integer, nullable=False),  # seconds since 1970-01-01 UTC
    sa.Column("verdict", sa.Text, nullable=False),
)
_REPLACE = "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)"  # in the driver's words


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it was given: on which bytes, under which name, where they lay, and when.

    `path` is None for what was sent over HTTP; `proof` is the log proof that was named, if one was.
    """

    digest: Digest
    name: str
    path: Path | None
    proof: Path | None
    time: datetime
    verdict: Verdict


class Verdicts:
    """The verdicts of one home. Safe for many threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the store at `path`, or make it. Raises StorageError where that is impossible."""
        url = sa.URL.create("sqlite", database=str(path)).render_as_string()
        self._engine = open_engine(url, durable=False)
        with self._begin() as connection:
            create_tables(connection, _metadata)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with translate(), self._engine.begin() as connection:
            yield connection

    def keep(self, given: Sequence[Given]) -> None:
        """Remember verdicts, in place of earlier ones on the same bytes under the same name."""
        rows = [
            (
                each.digest.value,
                each.name,
                _text(each.path),
                _text(each.proof),
                int(each.time.timestamp()),
                json.dumps(format_verdict(each.verdict), separators=(",", ":")),
            )
            for each in given
        ]
        if rows:
            with self._begin() as connection:
                connection.exec_driver_sql(_REPLACE, rows)

    def all(self) -> list[Given]:
        """Return every verdict, the oldest first."""
        with self._begin() as connection:
            rows = connection.execute(
                sa.select(_verdicts).order_by(_verdicts.c.time, _verdicts.c.name)
            ).all()
        return [_given(*row) for row in rows]

    def forget(self) -> int:
        """Forget them all; return how many there were."""
        with self._begin() as connection:
            return int(connection.execute(_verdicts.delete()).rowcount)


def _given(
    digest: bytes, name: str, path: str | None, proof: str | None, seconds: int, text: str
) -> Given:
    try:
        verdict = parse_verdict(json.loads(text))
    except (FormatError, ValueError):
        raise StorageError(
            f"the verdict on {name!r} does not read as one",
            "forget them all: firsthand recall --forget",
        ) from None
    when = datetime.fromtimestamp(seconds, UTC)
    return Given(Digest(digest), name, _path(path), _path(proof), when, verdict)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
