"""Follows the custody chains of all subjects of a log at once, for fsck; in little memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

from .chain import CustodyLink, LinkState, Stated, follow
from .damage import Difference
from .entry import Statement
from .errors import StorageError
from .vocabulary import Digest

_BATCH = 4096

# Subject (None: it does not read as an entry), index, leaf hash, and the leaf hash it names.
Row = tuple[bytes | None, int, bytes, bytes | None]


def chain_row(index: int, leaf: bytes, statement: Statement | None) -> Row:
    """Return the row of entry `index`; a statement of None is that of what does not read as one."""
    if statement is None:
        return None, index, leaf, None
    previous = None if statement.previous is None else statement.previous.value
    return statement.subject.value, index, leaf, previous


class ChainCheck:
    """Takes every entry in the order of the log, then says which links are broken.

    It asks nobody anything: the entries are sorted by subject in a temporary file of SQLite's own,
    which is gone when this is closed. A fork is no difference; see `ledger.chain`.
    """

    def __init__(self) -> None:
        self._sorter = sqlite3.connect("")  # no name: on the disk once it is large, and private
        self._sorter.execute(
            "CREATE TABLE stated (subject BLOB, entry_index INTEGER, leaf BLOB, previous BLOB)"
        )
        self._rows: list[Row] = []
        self._next = 0
        self._first_unseen: int | None = None

    def close(self) -> None:
        """Let go of the temporary file."""
        self._sorter.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Take in the rows of the next entries; an index that is left out is of a damaged entry.

        Raises StorageError when the disk is full.
        """
        for row in rows:
            subject, index, _, _ = row
            if index > self._next and self._first_unseen is None:
                self._first_unseen = self._next
            self._next = index + 1
            if subject is not None:
                self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        with _translate():
            self._sorter.executemany("INSERT INTO stated VALUES (?, ?, ?, ?)", self._rows)
        self._rows.clear()

    def differences(self) -> Iterator[Difference]:
        """Yield the entries whose `previous` cannot be what it must be, by subject.

        Where an entry before was damaged, nothing is said of a `previous` that may have named it.
        Raises StorageError when the disk is full.
        """
        self._flush()
        for _, about in groupby(self._sorted(), itemgetter(0)):
            for link in follow(_stated(row) for row in about):
                if link.state is LinkState.BROKEN and not self._may_name_damaged(link):
                    yield Difference("custody chain", f"it {link}", link.index)

    def _sorted(self) -> Iterator[Row]:
        with _translate():
            yield from self._sorter.execute("SELECT * FROM stated ORDER BY subject, entry_index")

    def _may_name_damaged(self, link: CustodyLink) -> bool:
        unseen = self._first_unseen
        return link.named is None and unseen is not None and unseen < link.index


def _stated(row: Row) -> Stated:
    _, index, leaf, previous = row
    return Stated(index, Digest(leaf), None if previous is None else Digest(previous))


@contextmanager
def _translate() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        said = f"the custody chains cannot be sorted ({problem})"
        raise StorageError(said, "make room for temporary files") from None
