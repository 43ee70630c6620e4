"""Which entries speak of which asset, and the private records behind them.

The subjects are derived from the entries and can be rebuilt from them at will; the private records
cannot, and are durable before the entry that commits to them is appended. The store is trusted for
privacy and for finding; it is not trusted for truth: every answer is checked against the entry.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from .catalogue_check import Entries, check_entries, check_rows, find_each
from .checkpoint import MAX_SIZE
from .damage import Difference
from .entry import Erasure, parse_entry, parse_unverified_entry
from .errors import FormatError, LedgerError, ProofError, StorageError, UnknownEntry
from .meaning import Meaning
from .merkle import leaf_hash, leaf_hashes
from .private import PrivateRecord, format_private_record, parse_private_record
from .storage.catalogue_tables import followed, metadata, private_records
from .storage.engine import create_tables, open_engine
from .storage.failure import translate
from .subjects import Found, Role, subjects_of
from .vocabulary import Digest
from .workers import spread

Progress = Callable[[int, int], None]

_BATCH = 8192  # entries taken in by one transaction: the rows of many lie near one another
_FEW = 2 * _BATCH  # entries that are taken in sooner than a process is started
_AT_ONCE = 256  # private records in memory
_BEHIND = "SELECT body FROM private_records WHERE entry_index = ?"


class Catalogue:
    """The subjects and private records of one log, in a database of their own."""

    def __init__(self, url: str) -> None:
        """Open the store, or make it; raise StorageError where that is impossible."""
        self._taken_in = 0  # at least so many entries: a look-up need not ask again
        self._engine = open_engine(url)
        with self._begin() as connection:
            create_tables(connection, metadata)
            if connection.scalar(sa.select(followed.c.size)) is None:
                first = sqlite.insert(followed).values(id=1, size=0)
                connection.execute(first.on_conflict_do_nothing())  # nor is another's undone

    def __reduce__(self) -> tuple[Callable[[str], "Catalogue"], tuple[str]]:
        """Be opened again, once, in a process that this is sent to."""
        return _opened, (self._engine.url.render_as_string(hide_password=False),)

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
                private_records.update().where(private_records.c.leaf_hash == key).values(body=body)
            )
            if kept.rowcount == 0:
                connection.execute(private_records.insert().values(leaf_hash=key, body=body))

    @property
    def size(self) -> int:
        """How many entries of the log are taken in."""
        with self._connect() as connection:
            return connection.scalar(sa.select(followed.c.size)) or 0

    def follow(
        self,
        log: Entries,
        workers: int = 0,
        progress: Progress | None = None,
        most: int = MAX_SIZE,
    ) -> None:
        """Take in every entry that the log has and the catalogue has not seen, or `most` of them.

        `workers` processes share the reading of many; `progress(done, size)` counts entries.
        """
        if self._taken_in >= log.size:
            return
        size = min(log.size, self.size + most)
        # The mark is read again each time: another may have moved it, and not as far.
        while (start := self.size) < size:
            batches = _batches(start, log.entries(start, size))
            taken = spread(_take_apart, batches, workers if size - start > _FEW else 0)
            with closing(taken):
                for batch in taken:
                    if not self._take_in(batch):
                        break
                    if progress:
                        progress(batch.stop, size)
        self._taken_in = size

    def _take_in(self, batch: "_Batch") -> bool:
        with self._begin() as connection:
            # Two processes may follow at once: who moves the mark takes the entries in.
            moved = connection.execute(
                followed.update().where(followed.c.size == batch.start).values(size=batch.stop)
            )
            if moved.rowcount != 1:
                return False
            # In the driver's words: SQLAlchemy's own way of many rows takes twice as long.
            if batch.subjects:
                insert = "INSERT INTO subjects (digest, role, entry_index) VALUES (?, ?, ?)"
                connection.exec_driver_sql(insert, batch.subjects)
            update = "UPDATE private_records SET entry_index = ? WHERE leaf_hash = ?"
            connection.exec_driver_sql(update, batch.leaves)
        return True

    def look_up(self, log: Entries, digest: Digest) -> list[Found]:
        """Return what `look_up_each` does, for one digest."""
        [found] = self.look_up_each(log, [digest])
        return found

    def look_up_each(self, log: Entries, digests: Sequence[Digest]) -> list[list[Found]]:
        """`follow`, then `find_each`, without the entries whose signature does not verify.

        Those say nothing, whoever put them into the log.
        """
        self.follow(log)
        found = self.find_each(digests)
        return [[each for each in some if _may_say(log, each.index)] for some in found]

    def find(self, digest: Digest) -> list[Found]:
        """Return what `find_each` does, for one digest."""
        [found] = self.find_each([digest])
        return found

    def find_each(self, digests: Sequence[Digest]) -> list[list[Found]]:
        """Return for each digest every entry that names it, in the order of the log.

        An entry is taken at its word, whether its signature verifies or not: see `look_up_each`.
        """
        with self._connect() as connection:
            return find_each(connection, digests)

    def private_record(self, index: int) -> PrivateRecord | None:
        """Return the private record of the entry at `index`, or None where there is none."""
        with self._connect() as connection:
            body = connection.exec_driver_sql(_BEHIND, (index,)).scalar()
        return None if body is None else parse_private_record(body)

    def private_records(self, start: int) -> Iterator[tuple[int, PrivateRecord]]:
        """Return the index and private record of every entry from index `start` on."""
        query = (
            sa.select(private_records.c.entry_index, private_records.c.body)
            .where(private_records.c.entry_index >= start)
            .order_by(private_records.c.entry_index)
        )
        with self._connect() as connection:
            for index, body in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                yield index, parse_private_record(body)

    def private_indexes(self) -> list[int]:
        """Return the index of every entry that has a private record, in the order of the log."""
        column = private_records.c.entry_index
        query = sa.select(column).where(column.is_not(None)).order_by(column)
        with self._connect() as connection:
            return list(connection.scalars(query))

    def check_entries(self, entries: Sequence[tuple[int, bytes]]) -> Meaning:
        """Say in sentences where entries and what the catalogue holds of them do not agree.

        For fsck, as a `CheckEntries`; it can be sent to another process, which opens the store.
        """
        with self._connect() as connection:
            return check_entries(connection, entries)

    def check_rows(self, log: Entries) -> Iterator[Difference]:
        """Yield the rows that no entry of the log accounts for, and the database's own complaints.

        Raises StorageError where the log or the database cannot be read at all.
        """
        return check_rows(self._connect, log)

    def forget(self, index: int) -> None:
        """Erase the private record behind entry `index`: its bytes are overwritten on the disk.

        Every proof over the tree verifies as before. Raises UnknownEntry where there is nothing to
        forget; StorageError, and erases nothing, before the log says so by an entry about it, since
        a record that went missing must never look like one that was erased.
        """
        query = sa.select(private_records.c.leaf_hash).where(private_records.c.entry_index == index)
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
            connection.execute(private_records.delete().where(private_records.c.leaf_hash == leaf))
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


@cache
def _opened(url: str) -> Catalogue:
    return Catalogue(url)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is kept of the entries from index `start` up to `stop`: the parameters of two queries.

    The subjects lie in the order of their digests, as in the database.
    """

    start: int
    stop: int
    subjects: list[tuple[bytes, str, int]]
    leaves: list[tuple[int, bytes]]


def _batches(start: int, entries: Iterator[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Yield _BATCH entries at a time, and the index of the first; before an error, those read.

    Raises StorageError where the very first cannot be read.
    """
    first = start
    while True:
        batch: list[bytes] = []
        try:
            for entry in islice(entries, _BATCH):
                batch.append(entry)  # noqa: PERF402  # what was read before an error counts
        except StorageError:
            if start == first and not batch:
                raise
        if batch:
            yield start, batch
        if len(batch) < _BATCH:
            return
        start += len(batch)


def _take_apart(batch: tuple[int, list[bytes]]) -> _Batch:
    start, entries = batch
    rows = [
        (digest.value, role.value, index)
        for index, entry in enumerate(entries, start)
        for digest, role in _subjects(entry)
    ]
    leaves = list(enumerate(leaf_hashes(entries), start))
    return _Batch(start, start + len(entries), sorted(rows), leaves)


def _subjects(entry: bytes) -> set[tuple[Digest, Role]]:
    """Return what an entry names; nothing for what is none: it must not stop those after it."""
    try:
        # Unverified: this is for finding, and who finds an entry checks it (see `look_up`); the
        # signature takes five times as long as all else.
        said = parse_unverified_entry(entry)
        if isinstance(said.statement, Erasure):
            parse_entry(entry)  # but a tombstone is acted upon, and there are few
    except LedgerError:
        return set()
    return subjects_of(said)


def _may_say(log: Entries, index: int) -> bool:
    try:
        parse_entry(next(log.entries(index, index + 1)))
    except (FormatError, ProofError):
        return False
    except (StorageError, UnknownEntry):
        pass  # which whoever reads it is told
    return True
