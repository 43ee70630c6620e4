"""Which entries speak of which asset, and the private records behind them.

The subjects are derived from the entries and can be rebuilt from them at will; the private records
cannot, and are durable before the entry that commits to them is appended. The store is trusted for
privacy and for finding; it is not trusted for truth: every answer is checked against the entry.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import sqlalchemy as sa

from .chain_check import ChainCheck
from .damage import Difference
from .entry import Custody, Entry, Erasure, Registration, parse_entry
from .errors import FirsthandError, LedgerError, StorageError, UnknownEntry
from .merkle import leaf_hash
from .private import PrivateRecord, format_private_record, parse_private_record
from .storage.engine import open_engine
from .storage.failure import check_integrity, translate
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
_FOLLOWED = sa.Table(
    "followed",
    _METADATA,
    # One row, whoever makes it: two marks would both move, and the rows be taken in by nobody.
    sa.Column("id", sa.BigInteger, sa.CheckConstraint("id = 1"), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
)


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
        """Open the store, or make it; raise StorageError where that is impossible."""
        self._engine = open_engine(url)
        with self._begin() as connection:
            _METADATA.create_all(connection)
            if connection.scalar(sa.select(_FOLLOWED.c.size)) is None:
                connection.execute(_FOLLOWED.insert().values(id=1, size=0))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with translate(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        with translate(), self._engine.connect() as connection:
            yield connection

    def keep(self, entry: bytes, record: PrivateRecord) -> None:
        """Make the private record of an entry durable, before that entry is appended."""
        key = leaf_hash(entry)
        with self._begin() as connection:
            body = format_private_record(record)
            # An entry that is in the log already keeps its index.
            kept = connection.execute(
                _PRIVATE.update().where(_PRIVATE.c.leaf_hash == key).values(body=body)
            )
            if kept.rowcount == 0:
                connection.execute(_PRIVATE.insert().values(leaf_hash=key, body=body))

    def follow(self, log: Entries) -> None:
        """Take in every entry that the log has and the catalogue has not seen."""
        size = log.size
        # The mark is read again each time: another may have moved it, and not as far.
        while (followed := self._followed()) < size:
            stop = min(size, followed + _BATCH)
            self._take_in(followed, list(log.entries(followed, stop)))

    def _followed(self) -> int:
        with self._connect() as connection:
            return connection.scalar(sa.select(_FOLLOWED.c.size)) or 0

    def _take_in(self, start: int, entries: list[bytes]) -> None:
        rows = [
            {"digest": digest.value, "role": role, "entry_index": index}
            for index, entry in enumerate(entries, start)
            for digest, role in _subjects(entry)
        ]
        stop = start + len(entries)
        with self._begin() as connection:
            # Two processes may follow at once: who moves the mark takes the entries in.
            moved = connection.execute(
                _FOLLOWED.update().where(_FOLLOWED.c.size == start).values(size=stop)
            )
            if moved.rowcount != 1:
                return
            if rows:
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
        with self._connect() as connection:
            rows = connection.execute(query).all()
        try:
            return [Found(index, Role(role)) for index, role in rows]
        except ValueError as problem:
            raise StorageError(f"a subject row was changed: {problem}", "run fsck") from None

    def private_record(self, index: int) -> PrivateRecord | None:
        """Return the private record of the entry at `index`, or None where there is none."""
        query = sa.select(_PRIVATE.c.body).where(_PRIVATE.c.entry_index == index)
        with self._connect() as connection:
            body = connection.scalar(query)
        return None if body is None else parse_private_record(body)

    def private_records(self, start: int) -> Iterator[tuple[int, PrivateRecord]]:
        """Return the index and private record of every entry from index `start` on."""
        query = (
            sa.select(_PRIVATE.c.entry_index, _PRIVATE.c.body)
            .where(_PRIVATE.c.entry_index >= start)
            .order_by(_PRIVATE.c.entry_index)
        )
        with self._connect() as connection:
            for index, body in connection.execution_options(yield_per=_BATCH).execute(query):
                yield index, parse_private_record(body)

    def check_entry(
        self, index: int, entry: bytes, chains: ChainCheck | None = None
    ) -> Iterator[str]:
        """Say in sentences where the entry and what the catalogue holds of it do not agree.

        `chains` takes the entry in, to say later whether it follows on those before it.
        """
        try:
            parsed = parse_entry(entry)
        except FirsthandError as problem:
            if chains is not None:
                chains.skip(index)
            yield f"the entry does not read as one: {problem}"
            return
        if chains is not None:
            chains.add(index, leaf_hash(entry), parsed.statement)
        try:
            stored = self._subjects_at(index)
        except StorageError as problem:
            yield f"its subject rows cannot be read: {problem.message}"
            return
        if stored != {(digest.value, str(role)) for digest, role in subjects_of(parsed)}:
            yield "its subject rows name other digests than the entry"
        match parsed.statement:
            case Registration(commitments=commitments) | Custody(commitments=commitments):
                if commitments:
                    yield from self._check_private(index, entry, commitments)
            case _:
                pass

    def _subjects_at(self, index: int) -> set[tuple[bytes, str]]:
        query = sa.select(_SUBJECTS.c.digest, _SUBJECTS.c.role)
        with self._connect() as connection:
            rows = connection.execute(query.where(_SUBJECTS.c.entry_index == index))
            return {(bytes(digest), str(role)) for digest, role in rows}

    def _check_private(
        self, index: int, entry: bytes, commitments: Mapping[str, Digest]
    ) -> Iterable[str]:
        try:
            record = self.private_record(index)
            is_erased = bool(self._tombstones(Digest(leaf_hash(entry))))
            if record is None and not is_erased:
                yield "its private record row is missing, and no erasure says so"
            elif record is not None and is_erased:
                yield "its private record is still there, and an erasure says that it is forgotten"
            elif record is not None:
                record.check(commitments)
        except FirsthandError as problem:
            yield f"its private record row was changed: {problem.message}"

    def forget(self, index: int) -> None:
        """Erase the private record behind entry `index`: its bytes are overwritten on the disk.

        Every proof over the tree verifies as before. Raises UnknownEntry where there is nothing to
        forget; StorageError, and erases nothing, before the log says so by an entry about it, since
        a record that went missing must never look like one that was erased.
        """
        query = sa.select(_PRIVATE.c.leaf_hash).where(_PRIVATE.c.entry_index == index)
        with self._connect() as connection:
            leaf = connection.scalar(query)
        if leaf is None:
            raise UnknownEntry(f"no private record stands behind entry {index}")
        if not self._tombstones(Digest(leaf)):
            raise StorageError(
                f"no entry says that the private record of entry {index} is erased",
                "append an erasure first",
            )
        with self._begin() as connection:
            connection.execute(_PRIVATE.delete().where(_PRIVATE.c.leaf_hash == leaf))
        self.overwrite_erased()

    def overwrite_erased(self) -> None:
        """Bring to the disk whatever was erased: the write-ahead log still holds its old pages.

        Raises StorageError while somebody who reads the store keeps them from being dropped.
        """
        with self._connect() as connection:
            query = sa.text("PRAGMA wal_checkpoint(TRUNCATE)")
            is_held = connection.execute(query).one()[0]  # sqlite.org/pragma.html
        if is_held:
            raise StorageError(
                "what was erased is found by nobody, but not overwritten: a reader still holds it",
                "erase it again when every other program has let go of the private store",
            )

    def _tombstones(self, leaf: Digest) -> list[int]:
        return [found.index for found in self.find(leaf) if found.role is Role.ERASED]

    def check_rows(self, log: Entries) -> Iterator[Difference]:
        """Yield the rows that no entry of the log accounts for, and the database's own complaints.

        Raises StorageError where the log or the database cannot be read at all.
        """
        subjects, records = "subject row", "private record row"
        size = log.size
        with self._connect() as connection:
            followed = connection.scalar(sa.select(_FOLLOWED.c.size))
            beyond = connection.scalars(
                sa.select(_SUBJECTS.c.entry_index).where(
                    (_SUBJECTS.c.entry_index >= size) | (_SUBJECTS.c.entry_index < 0)
                )
            ).all()
            kept = connection.execute(
                sa.select(_PRIVATE.c.leaf_hash, _PRIVATE.c.entry_index).where(
                    _PRIVATE.c.entry_index.is_not(None)
                )
            ).all()
            complaints = check_integrity(connection)
        if followed != size:
            yield Difference("followed row", f"it says {followed} entries of {size}")
        for index in beyond:
            yield Difference(subjects, "it names an entry that the log does not have", index)
        for stored, index in kept:
            if not 0 <= index < size:
                yield Difference(records, "it names an entry that the log does not have", index)
            elif _is_of_another(log, index, stored):
                yield Difference(records, "it names another leaf hash than the entry's", index)
        yield from self._check_erasures(log)
        for complaint in complaints:
            yield Difference("private store", complaint)

    def _check_erasures(self, log: Entries) -> Iterator[Difference]:
        """Yield the tombstones that another key made than the entry's own."""
        query = sa.select(_SUBJECTS.c.entry_index).where(_SUBJECTS.c.role == Role.ERASED)
        with self._connect() as connection:
            tombstones = [index for index in connection.scalars(query) if 0 <= index < log.size]
        for index in tombstones:
            try:
                erasure = parse_entry(next(log.entries(index, index + 1)))
                erased = self._entry_of(log, erasure)
            except FirsthandError:
                continue  # fsck names an entry that does not read, and its rows
            if erased is None or erased.key != erasure.key:
                yield Difference(
                    "subject row", "it erases what its key did not enter in this log", index
                )

    def _entry_of(self, log: Entries, erasure: Entry) -> Entry | None:
        if not isinstance(erasure.statement, Erasure):
            return None
        for found in self.find(erasure.statement.subject):
            if found.role is Role.SUBJECT:
                entry = next(log.entries(found.index, found.index + 1))
                if leaf_hash(entry) == erasure.statement.erased.value:
                    return parse_entry(entry)
        return None


def _is_of_another(log: Entries, index: int, leaf: bytes) -> bool:
    try:
        return leaf_hash(next(log.entries(index, index + 1))) != leaf
    except StorageError:
        return False  # the entry itself is damaged, which the log's own check says


def _subjects(entry: bytes) -> set[tuple[Digest, Role]]:
    """Return what an entry names; nothing for what is none: it must not stop those after it."""
    try:
        return subjects_of(parse_entry(entry))
    except LedgerError:
        return set()
