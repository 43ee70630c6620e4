"""Compares a log with the rows that the catalogue holds of it, a bundle's at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import groupby
from typing import Protocol, TypeVar

import sqlalchemy as sa

from .chain_check import chain_row
from .damage import Difference
from .entry import Custody, Entry, Erasure, Registration, parse_entry
from .errors import FirsthandError, StorageError
from .meaning import Meaning
from .merkle import leaf_hash, leaf_hashes
from .private import parse_private_record
from .storage.catalogue_tables import followed, private_records, subjects
from .storage.failure import check_integrity, translate
from .subjects import Found, Role, subjects_of
from .tile import TILE_WIDTH
from .vocabulary import Digest

_T = TypeVar("_T")

Connect = Callable[[], AbstractContextManager[sa.Connection]]
_AT_ONCE = 1024  # rows in memory

_SUBJECT_ROW, _RECORD_ROW = "subject row", "private record row"
# In the driver's words: every verification asks it several times.
_ABOUT = "SELECT digest, entry_index, role FROM subjects WHERE digest IN ({}) ORDER BY entry_index"
_BEYOND = "it names an entry that the log does not have"


class Entries(Protocol):
    """The part of a log that a catalogue is about."""

    @property
    def size(self) -> int:
        """The tree size."""

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Return the entries from index `start` up to, not including, `stop`."""


def check_entries(connection: sa.Connection, entries: Sequence[tuple[int, bytes]]) -> Meaning:
    """Say where entries, in the order of the log, and the catalogue's rows do not agree."""
    sentences: list[tuple[int, str]] = []
    parsed: dict[int, tuple[bytes, Entry]] = {}
    rows = []
    for index, data in entries:
        leaf = leaf_hash(data)
        try:
            entry = parse_entry(data)
        except FirsthandError as problem:
            sentences.append((index, f"the entry does not read as one: {problem}"))
            rows.append(chain_row(index, leaf, None))
        else:
            parsed[index] = leaf, entry
            rows.append(chain_row(index, leaf, entry.statement))
    sentences += _compare(connection, parsed)
    return Meaning(sorted(sentences, key=lambda said: said[0]), rows)


def _compare(
    connection: sa.Connection, parsed: Mapping[int, tuple[bytes, Entry]]
) -> Iterator[tuple[int, str]]:
    private = {index: leaf for index, (leaf, entry) in parsed.items() if _commitments(entry)}
    named = _read(partial(_read_subjects, connection), list(parsed))
    bodies = _read(partial(_read_bodies, connection), list(private))
    erased = _read(partial(_read_erased, connection, private), list(private))
    for index, (_, entry) in parsed.items():
        try:
            if _known(named, index) != {(d.value, role) for d, role in subjects_of(entry)}:
                yield index, "its subject rows name other digests than the entry"
        except StorageError as problem:
            yield index, f"its subject rows cannot be read: {problem.message}"
            continue
        if index not in private:
            continue
        try:
            said = _check_private(_known(bodies, index), _known(erased, index), entry)
        except FirsthandError as problem:
            said = f"its private record row was changed: {problem.message}"
        if said:
            yield index, said


def _check_private(body: bytes | None, is_erased: bool | None, entry: Entry) -> str | None:
    if body is None:
        return None if is_erased else "its private record row is missing, and no erasure says so"
    record = parse_private_record(body)
    if is_erased:
        return "its private record is still there, and an erasure says that it is forgotten"
    record.check(_commitments(entry))
    return None


def _commitments(entry: Entry) -> Mapping[str, Digest]:
    match entry.statement:
        case Registration(commitments=commitments) | Custody(commitments=commitments):
            return commitments
        case _:
            return {}


def _read(
    query: Callable[[Sequence[int]], dict[int, _T]], indexes: Sequence[int]
) -> dict[int, _T | StorageError]:
    """Ask for all at once; where that fails, one by one, to know whose rows cannot be read."""
    if not indexes:
        return {}
    try:
        return dict(query(indexes))
    except StorageError as problem:
        if len(indexes) == 1:
            return {indexes[0]: problem}
        return {key: row for index in indexes for key, row in _read(query, [index]).items()}


def _known(rows: Mapping[int, _T | StorageError], index: int) -> _T | None:
    found = rows.get(index)
    if isinstance(found, StorageError):
        raise found
    return found


def _read_subjects(
    connection: sa.Connection, indexes: Sequence[int]
) -> dict[int, set[tuple[bytes, str]]]:
    """Return every digest that the rows of some entries name, by role."""
    table = subjects.c
    query = sa.select(table.entry_index, table.digest, table.role)
    found: dict[int, set[tuple[bytes, str]]] = {}
    with translate():
        for index, *row in connection.execute(query.where(_within(table.entry_index, indexes))):
            found.setdefault(index, set()).add(tuple(row))
    return found


def _read_bodies(connection: sa.Connection, indexes: Sequence[int]) -> dict[int, bytes]:
    """Return the private records of some entries, as they are stored."""
    table = private_records.c
    query = sa.select(table.entry_index, table.body).where(_within(table.entry_index, indexes))
    found: dict[int, bytes] = {}
    with translate():
        for index, body in connection.execute(query):
            found.setdefault(index, body)
    return found


def _within(column: sa.Column[int], indexes: Sequence[int]) -> sa.ColumnElement[bool]:
    return column.between(indexes[0], indexes[-1])


def _read_erased(
    connection: sa.Connection, leaves: Mapping[int, bytes], indexes: Sequence[int]
) -> dict[int, bool]:
    """Say of some entries, whose leaf hashes are given, whether the log says they are erased."""
    table = subjects.c
    asked = [leaves[index] for index in indexes]
    with translate():
        query = sa.select(table.digest, table.role).where(table.digest.in_(asked))
        roles = [(leaf, _parse_role(role)) for leaf, role in connection.execute(query)]
    erased = {leaf for leaf, role in roles if role is Role.ERASED}
    return {index: leaves[index] in erased for index in indexes}


def check_rows(connect: Connect, log: Entries) -> Iterator[Difference]:
    """Yield the rows that no entry of the log accounts for, and the database's own complaints.

    Raises StorageError where the log or the database cannot be read at all.
    """
    size, index = log.size, subjects.c.entry_index
    with connect() as connection:
        mark = connection.scalar(sa.select(followed.c.size))
        beyond = connection.scalars(sa.select(index).where((index >= size) | (index < 0))).all()
        complaints = check_integrity(connection)
    if mark != size:
        yield Difference("followed row", f"it says {mark} entries of {size}")
    for each in beyond:
        yield Difference(_SUBJECT_ROW, _BEYOND, each)
    with connect() as connection:
        yield from _check_records(connection, log, size)
        yield from _check_erasures(connection, log, size)
    for complaint in complaints:
        yield Difference("private store", complaint)


def _check_records(connection: sa.Connection, log: Entries, size: int) -> Iterator[Difference]:
    """Yield the private records that are filed under another entry than their own."""
    table = private_records.c
    query = (
        sa.select(table.entry_index, table.leaf_hash)
        .where(table.entry_index.is_not(None))
        .order_by(table.entry_index)
    )
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for number, some in groupby(rows, lambda row: row.entry_index // TILE_WIDTH):
        leaves = _leaves(log, number, size)
        for index, stored in some:
            if not 0 <= index < size:
                yield Difference(_RECORD_ROW, _BEYOND, index)
            elif leaves and leaves[index % TILE_WIDTH] != stored:
                said = "it names another leaf hash than the entry's"
                yield Difference(_RECORD_ROW, said, index)


def _leaves(log: Entries, bundle: int, size: int) -> list[bytes]:
    """Return the leaf hashes of a bundle; none where it is damaged, which the log's check says."""
    start, stop = bundle * TILE_WIDTH, min((bundle + 1) * TILE_WIDTH, size)
    if not 0 <= start < stop:
        return []
    try:
        return leaf_hashes(list(log.entries(start, stop)))
    except StorageError:
        return []


def _check_erasures(connection: sa.Connection, log: Entries, size: int) -> Iterator[Difference]:
    """Yield the tombstones that another key made than the entry's own."""
    query = sa.select(subjects.c.entry_index).where(subjects.c.role == Role.ERASED)
    tombstones = [index for index in connection.scalars(query) if 0 <= index < size]
    for index in tombstones:
        try:
            erasure = parse_entry(next(log.entries(index, index + 1)))
            erased = _entry_of(connection, log, erasure)
        except FirsthandError:
            continue  # fsck names an entry that does not read, and its rows
        if erased is None or erased.key != erasure.key:
            yield Difference(
                _SUBJECT_ROW, "it erases what its key did not enter in this log", index
            )


def _entry_of(connection: sa.Connection, log: Entries, erasure: Entry) -> Entry | None:
    if not isinstance(erasure.statement, Erasure):
        return None
    [about] = find_each(connection, [erasure.statement.subject])
    for found in about:
        if found.role is Role.SUBJECT:
            entry = next(log.entries(found.index, found.index + 1))
            if leaf_hash(entry) == erasure.statement.erased.value:
                return parse_entry(entry)
    return None


def find_each(connection: sa.Connection, digests: Sequence[Digest]) -> list[list[Found]]:
    """Return for each digest every entry whose rows name it, in the order of the log."""
    found: dict[bytes, list[Found]] = {digest.value: [] for digest in digests}
    query = _ABOUT.format(", ".join("?" * len(found)))
    with translate():
        rows = connection.exec_driver_sql(query, tuple(found)).all()
    for digest, index, role in rows:
        found[digest].append(Found(index, _parse_role(role)))
    return [found[digest.value] for digest in digests]


def _parse_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as problem:
        raise StorageError(f"a subject row was changed: {problem}", "run fsck") from None
