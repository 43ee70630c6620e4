"""Which entries speak of which asset, and the private records behind them.

The subjects are derived from the entries and can be rebuilt from them at will; the private records
cannot, and are durable before the entry that commits to them is appended. The store is trusted for
privacy and for finding; it is not trusted for truth: every answer is checked against the entry.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import sqlalchemy as sa

from .damage import Difference
from .entry import Registration, parse_entry
from .errors import FirsthandError, StorageError
from .merkle import leaf_hash
from .private import PrivateRecord, format_private_record, parse_private_record
from .storage.engine import open_engine
from .subjects import Found, Role, subjects_of
from .vocabulary import Digest

_BATCH = 256


_METADATA = sa.MetaData()
_SUBJECTS = sa.Table(
    "subjects",
    _METADATA,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("entry_index", sa.BigInteger, primary_key=True, index=True, autoincrement=False),
)
_PRIVATE = sa.Table(
    "private_records",
    _METADATA,
    sa.Column("leaf_hash", sa.LargeBinary(32), primary_key=True),
    # Null until the entry is seen in the log: a crash between the two leaves such a row behind.
    sa.Column("entry_index", sa.BigInteger, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
_FOLLOWED = sa.Table("followed", _METADATA, sa.Column("size", sa.BigInteger, nullable=False))


class Entries(Protocol):
    """The part of a log that the catalogue follows."""

    @property
    def size(self) -> int:
        """The tree size."""

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Return the entries from index `start` up to, not including, `stop`."""


class Catalogue:
    """The subjects and private records of one log, in a database of their own."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        try:
            _METADATA.create_all(self._engine)
            with self._engine.begin() as connection:
                if connection.scalar(sa.select(_FOLLOWED.c.size)) is None:
                    connection.execute(_FOLLOWED.insert().values(size=0))
        except sa.exc.DBAPIError as problem:
            raise StorageError(f"the private store cannot be opened ({problem.orig})") from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def keep(self, entry: bytes, record: PrivateRecord) -> None:
        """Make the private record of an entry durable, before that entry is appended."""
        key = leaf_hash(entry)
        with self._engine.begin() as connection:
            connection.execute(_PRIVATE.delete().where(_PRIVATE.c.leaf_hash == key))
            connection.execute(
                _PRIVATE.insert().values(leaf_hash=key, body=format_private_record(record))
            )

    def follow(self, log: Entries) -> None:
        """Take in every entry that the log has and the catalogue has not seen."""
        size = log.size
        with self._engine.begin() as connection:
            followed = connection.scalar(sa.select(_FOLLOWED.c.size)) or 0
        while followed < size:
            stop = min(size, followed + _BATCH)
            self._take_in(followed, list(log.entries(followed, stop)))
            followed = stop

    def _take_in(self, start: int, entries: list[bytes]) -> None:
        rows = [
            {"digest": digest.value, "role": role, "entry_index": index}
            for index, entry in enumerate(entries, start)
            for digest, role in subjects_of(parse_entry(entry))
        ]
        stop = start + len(entries)
        with self._engine.begin() as connection:
            # Two processes may follow at once: who moves the mark takes the entries in.
            moved = connection.execute(
                _FOLLOWED.update().where(_FOLLOWED.c.size == start).values(size=stop)
            )
            if moved.rowcount != 1:
                return
            connection.execute(_SUBJECTS.insert(), rows)
            for index, entry in enumerate(entries, start):
                connection.execute(
                    _PRIVATE.update()
                    .where(_PRIVATE.c.leaf_hash == leaf_hash(entry))
                    .values(entry_index=index)
                )

    def find(self, digest: Digest) -> list[Found]:
        """Return every entry that names the digest, in the order of the log."""
        query = (
            sa.select(_SUBJECTS.c.entry_index, _SUBJECTS.c.role)
            .where(_SUBJECTS.c.digest == digest.value)
            .order_by(_SUBJECTS.c.entry_index)
        )
        with self._engine.connect() as connection:
            return [Found(index, Role(role)) for index, role in connection.execute(query)]

    def private_record(self, index: int) -> PrivateRecord | None:
        """Return the private record of the entry at `index`, or None where there is none."""
        query = sa.select(_PRIVATE.c.body).where(_PRIVATE.c.entry_index == index)
        with self._engine.connect() as connection:
            body = connection.scalar(query)
        return None if body is None else parse_private_record(body)

    def private_records(self, start: int) -> Iterator[tuple[int, PrivateRecord]]:
        """Return the index and private record of every entry from index `start` on."""
        query = (
            sa.select(_PRIVATE.c.entry_index, _PRIVATE.c.body)
            .where(_PRIVATE.c.entry_index >= start)
            .order_by(_PRIVATE.c.entry_index)
        )
        with self._engine.connect() as connection:
            for index, body in connection.execution_options(yield_per=_BATCH).execute(query):
                yield index, parse_private_record(body)

    def check_entry(self, index: int, entry: bytes) -> Iterator[str]:
        """Say in sentences where the entry and what the catalogue holds of it do not agree."""
        try:
            parsed = parse_entry(entry)
        except FirsthandError as problem:
            yield f"the entry does not read as one: {problem}"
            return
        rows = sa.select(_SUBJECTS.c.digest, _SUBJECTS.c.role)
        with self._engine.connect() as connection:
            stored = {
                (bytes(digest), str(role))
                for digest, role in connection.execute(rows.where(_SUBJECTS.c.entry_index == index))
            }
        if stored != {(digest.value, str(role)) for digest, role in subjects_of(parsed)}:
            yield "the catalogue's rows name other subjects than the entry"
        if isinstance(parsed.statement, Registration) and parsed.statement.commitments:
            yield from self._check_private(index, parsed.statement)

    def _check_private(self, index: int, statement: Registration) -> Iterable[str]:
        try:
            record = self.private_record(index)
            if record is None:
                yield "its private record is missing"
            else:
                record.check(statement.commitments)
        except FirsthandError as problem:
            yield f"its private record was changed: {problem}"

    def check_rows(self, log: Entries) -> Iterator[Difference]:
        """Yield the rows that no entry of the log accounts for."""
        subjects, records = "subject row", "private record row"
        with self._engine.connect() as connection:
            followed = connection.scalar(sa.select(_FOLLOWED.c.size))
            beyond = connection.scalars(
                sa.select(_SUBJECTS.c.entry_index).where(
                    (_SUBJECTS.c.entry_index >= log.size) | (_SUBJECTS.c.entry_index < 0)
                )
            ).all()
            kept = connection.execute(
                sa.select(_PRIVATE.c.leaf_hash, _PRIVATE.c.entry_index).where(
                    _PRIVATE.c.entry_index.is_not(None)
                )
            ).all()
        if followed != log.size:
            yield Difference("followed row", f"it says {followed} entries of {log.size}")
        for index in beyond:
            yield Difference(subjects, "it names an entry that the log does not have", index)
        for stored, index in kept:
            if not 0 <= index < log.size:
                yield Difference(records, "it names an entry that the log does not have", index)
            elif leaf_hash(next(log.entries(index, index + 1))) != stored:
                yield Difference(records, "it names another leaf hash than the entry's", index)
