"""Finds leaves in the tables `log_leaves` and `log_bucket`, and records new ones there.

The tables are the truth. What is kept in memory is the run that is not complete yet, and the filter
over the complete ones; both only ever say what was read from committed rows.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

from sqlalchemy import Connection, func, insert, select

from ..errors import StorageError
from ..merkle import HASH_SIZE
from . import LeafRow
from .leaves import BUCKETS, RUN_SIZE, RunFilter, find_in_bucket, format_buckets
from .tables import buckets as bucket_table
from .tables import leaves as leaf_table

_PARAMETERS = 500  # values in one SELECT: below every engine's limit
_ROWS = 64  # rows of log_leaves held at a time: 32 MB at most
_FEW = 2048  # buckets that are read sooner than the filter is built
_FSCK = "run fsck: it names what differs"


class LeafIndex:
    """Where each leaf is. Not safe for several threads at once."""

    def __init__(self) -> None:
        self._size = 0  # leaves that were committed, as far as we know
        self._open_run: dict[bytes, int] = {}  # the leaves of the run that is not complete
        self._filter: RunFilter | None = None  # over the complete runs, once it pays
        self._absent: set[bytes] = set()  # leaves of which `find` said, at that size, that none is

    def find(self, connection: Connection, leaves: Sequence[bytes]) -> dict[bytes, int]:
        """Return the index of each of `leaves` that is recorded."""
        self._refresh(connection)
        wanted = set(leaves)
        found = {leaf: self._open_run[leaf] for leaf in wanted & self._open_run.keys()}
        slots: dict[int, list[bytes]] = defaultdict(list)
        others = list(wanted - found.keys())
        for leaf, run in self._candidates(connection, others):
            slots[run * BUCKETS + leaf[0]].append(leaf)
        for slot, bucket in _read_buckets(connection, list(slots)):
            for leaf in slots[slot]:
                offset = find_in_bucket(bucket, leaf)
                if offset is not None:
                    found[leaf] = slot // BUCKETS * RUN_SIZE + offset
        self._absent = wanted - found.keys()
        return found

    def record(self, connection: Connection, start: int, leaves: Sequence[bytes]) -> None:
        """Record new leaves from index `start` on, and file the runs that they complete.

        Raises StorageError when `start` is not the number of leaves so far, or a leaf is not new.
        """
        self._refresh(connection)
        new = set(leaves)
        # Who appends has just asked; nothing was committed since, or nothing would be absent.
        is_new = new <= self._absent or not self.find(connection, leaves)
        if not is_new or len(new) != len(leaves):
            raise StorageError("a leaf hash is recorded already", _FSCK)
        if start != self._size:
            raise StorageError(f"the leaf hashes end at {self._size}, not at {start}", _FSCK)
        if not leaves:
            return
        rows = []
        at = start
        while at < start + len(leaves):
            stop = min(at - at % RUN_SIZE + RUN_SIZE, start + len(leaves))
            rows.append({"start": at, "hashes": b"".join(leaves[at - start : stop - start])})
            at = stop
        connection.execute(insert(leaf_table), rows)
        run = [*self._open_run, *leaves]
        for number in range(len(run) // RUN_SIZE):
            part = run[number * RUN_SIZE : (number + 1) * RUN_SIZE]
            file_run(connection, start // RUN_SIZE + number, part)

    def recorded(self, start: int, leaves: Sequence[bytes]) -> None:
        """Note that what was recorded is committed, which saves reading it back."""
        stop = start + len(leaves)
        if self._size == start and start // RUN_SIZE == stop // RUN_SIZE:
            self._open_run.update(zip(leaves, count(start)))
            self._size = stop
            self._absent = set()

    def _refresh(self, connection: Connection) -> None:
        """Take in what was committed since."""
        size = count_leaves(connection)
        if size == self._size:
            return
        self._absent = set()
        if size < self._size:  # another database has taken the place of this one
            self._size, self._open_run, self._filter = 0, {}, None
        complete = size - size % RUN_SIZE
        if complete > self._size:
            self._size, self._open_run = complete, {}
        for row in read_leaf_rows(connection, self._size, size):
            leaves = split(row.hashes)
            self._open_run.update(zip(leaves, count(self._size)))
            self._size += len(leaves)
        if self._size != size or len(self._open_run) != size - complete:
            self._size, self._open_run, self._filter = 0, {}, None
            raise StorageError("the leaf hashes are not one for each entry", _FSCK)

    def _candidates(
        self, connection: Connection, leaves: Sequence[bytes]
    ) -> Iterator[tuple[bytes, int]]:
        runs = self._size // RUN_SIZE
        if self._filter is None and len(leaves) * runs <= _FEW:
            yield from ((leaf, run) for leaf in leaves for run in range(runs))
            return
        self._filter = self._filter or RunFilter()
        while self._filter.runs < runs:
            start = self._filter.runs * RUN_SIZE
            rows = read_leaf_rows(connection, start, start + RUN_SIZE)
            self._filter.add(join(rows, RUN_SIZE))
        yield from self._filter.candidates(leaves)

    def check(self, connection: Connection) -> Iterator[str]:
        """Yield a sentence for each bucket that does not hold the leaves of its run."""
        runs = count_leaves(connection) // RUN_SIZE
        slot, stored = bucket_table.c.slot, bucket_table.c.leaves
        for number in connection.scalars(
            select(slot).where((slot < 0) | (slot >= runs * BUCKETS)).order_by(slot)
        ):
            yield f"bucket row {number}: there is no such run of leaves"
        for run in _runs(connection, runs):
            first = run * BUCKETS
            query = select(slot, stored).where(slot >= first, slot < first + BUCKETS)
            rows = {number: bytes(bucket) for number, bucket in connection.execute(query)}
            leaf_rows = read_leaf_rows(connection, run * RUN_SIZE, (run + 1) * RUN_SIZE)
            leaves = split(b"".join(row.hashes for row in leaf_rows))
            if len(leaves) != RUN_SIZE:
                continue  # rows of leaves are missing: fsck has named them
            for number, bucket in enumerate(format_buckets(leaves), first):
                if rows.get(number) != bucket:
                    yield f"bucket row {number}: it does not hold the leaves of its run"


def _runs(connection: Connection, stop: int) -> Iterator[int]:
    """Yield each run below `stop` of which there is a row, however far apart they are."""
    at = leaf_table.c.start
    run = 0
    while True:
        start = connection.scalar(select(func.min(at)).where(at >= run * RUN_SIZE))
        if start is None or start // RUN_SIZE >= stop:
            return
        run = start // RUN_SIZE
        yield run
        run += 1


def file_run(connection: Connection, run: int, leaves: Sequence[bytes]) -> None:
    """Write the buckets of a complete run."""
    rows = [
        {"slot": slot, "leaves": bucket}
        for slot, bucket in enumerate(format_buckets(leaves), run * BUCKETS)
    ]
    connection.execute(insert(bucket_table), rows)


def count_leaves(connection: Connection) -> int:
    """Return the number of leaf hashes recorded, by the last row."""
    start, hashes = leaf_table.c.start, leaf_table.c.hashes
    query = select(start, func.length(hashes)).order_by(start.desc()).limit(1)
    last = connection.execute(query).first()
    return 0 if last is None else int(last[0]) + int(last[1]) // HASH_SIZE


def read_leaf_rows(connection: Connection, start: int, stop: int) -> Iterator[LeafRow]:
    """Yield the rows over start <= index < stop, cut to that range."""
    at, hashes = leaf_table.c.start, leaf_table.c.hashes
    before = connection.scalar(select(func.max(at)).where(at <= start))
    query = select(at, hashes).where(at < stop).order_by(at).limit(_ROWS)
    page = query.where(at >= (start if before is None else before))
    while True:
        rows = [(int(first), bytes(data)) for first, data in connection.execute(page)]
        for first, data in rows:
            skip = max(start - first, 0)
            part = data[skip * HASH_SIZE : (stop - first) * HASH_SIZE]
            if part:
                yield LeafRow(first + skip, part)
        if len(rows) < _ROWS:
            return
        page = query.where(at > rows[-1][0])


def split(hashes: bytes) -> list[bytes]:
    """Cut what a row holds into leaf hashes."""
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]


def join(rows: Iterator[LeafRow], count: int) -> bytes:
    """Return the `count` leaf hashes of these rows; raise StorageError when there are not as many.

    That they are the right ones is for fsck to say.
    """
    hashes = b"".join(row.hashes for row in rows)
    if len(hashes) != count * HASH_SIZE:
        raise StorageError("the leaf hashes are not one for each entry", _FSCK)
    return hashes


def _read_buckets(connection: Connection, slots: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    query = select(bucket_table.c.slot, bucket_table.c.leaves)
    for at in range(0, len(slots), _PARAMETERS):
        some = slots[at : at + _PARAMETERS]
        rows = connection.execute(query.where(bucket_table.c.slot.in_(some))).all()
        if len(rows) != len(some):  # else a leaf that is recorded could be taken for new
            raise StorageError("buckets of leaf hashes are missing", _FSCK)
        yield from ((slot, bytes(bucket)) for slot, bucket in rows)
