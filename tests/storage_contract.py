"""What every storage must keep: a suite that any implementation runs.

Subclass `LogStorageContract` or `TileStorageContract` and say how to open one; `reopen` opens the
same store again, as another process would.
"""

import threading
from abc import ABC, abstractmethod
from itertools import count

import pytest

from ledger.errors import LogConflict, StorageError
from ledger.merkle import leaf_hash
from ledger.storage import LogStorage, StagedBatch, TileStorage
from ledger.tile import parse_hashes


def leaves_of(storage: LogStorage, start: int, stop: int) -> dict[int, bytes]:
    """Return the leaf hash of each index that `read_leaves` speaks of."""
    leaves: dict[int, bytes] = {}
    for row in storage.read_leaves(start, stop):
        assert row.hashes
        assert start <= row.start
        for index, leaf in enumerate(parse_hashes(row.hashes), row.start):
            assert index < stop
            assert list(leaves)[-1:] in ([], [index - 1]), "ascending, and none twice"
            leaves[index] = leaf
    return leaves


HASHES = [bytes([n]) * 32 for n in range(200)]


class LogStorageContract(ABC):
    """Promises of LogStorage."""

    @abstractmethod
    @pytest.fixture
    def storage(self) -> LogStorage:
        """Return an empty one."""

    @abstractmethod
    def reopen(self, storage: LogStorage) -> LogStorage:
        """Return the same store, opened once more."""

    def test_an_empty_one_has_nothing(self, storage: LogStorage) -> None:
        assert storage.read_checkpoint() is None
        assert storage.read_staged() == []
        assert storage.find_indexes(HASHES) == {}
        assert list(storage.read_leaves(0, 1 << 62)) == []
        assert list(storage.check()) == []

    def test_a_commit_is_seen_whole_also_by_others(self, storage: LogStorage) -> None:
        storage.commit(None, b"zero", None, [])
        batch = StagedBatch(0, b"\x00\xffdata")
        storage.commit(b"zero", b"one", batch, HASHES[:3])
        for view in (storage, self.reopen(storage)):
            assert view.read_checkpoint() == b"one"
            assert view.read_staged() == [batch]
            assert view.find_indexes(HASHES[1:5]) == {HASHES[1]: 1, HASHES[2]: 2}
            assert leaves_of(view, 0, 10) == dict(enumerate(HASHES[:3]))
            assert leaves_of(view, 1, 2) == {1: HASHES[1]}
            assert list(view.check()) == []

    @pytest.mark.parametrize("expected", [None, b"zero", b"", b"one "])
    def test_a_commit_from_another_checkpoint_changes_nothing(
        self, storage: LogStorage, expected: bytes | None
    ) -> None:
        storage.commit(None, b"zero", None, [])
        storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
        with pytest.raises(LogConflict):
            storage.commit(expected, b"two", StagedBatch(1, b"b"), HASHES[1:2])
        assert storage.read_checkpoint() == b"one"
        assert storage.read_staged() == [StagedBatch(0, b"a")]
        assert storage.find_indexes(HASHES) == {HASHES[0]: 0}

    def test_an_empty_one_refuses_a_second_beginning(self, storage: LogStorage) -> None:
        with pytest.raises(LogConflict):
            storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
        assert storage.read_checkpoint() is None
        assert list(storage.read_leaves(0, 10)) == []

    def test_a_leaf_that_is_recorded_cannot_be_recorded_again(self, storage: LogStorage) -> None:
        storage.commit(None, b"zero", None, [])
        storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
        with pytest.raises(StorageError):
            storage.commit(b"one", b"two", StagedBatch(1, b"b"), [HASHES[1], HASHES[0]])
        with pytest.raises(StorageError):
            storage.commit(b"one", b"two", StagedBatch(1, b"b"), [HASHES[1], HASHES[1]])
        assert storage.read_checkpoint() == b"one"
        assert storage.read_staged() == [StagedBatch(0, b"a")]
        assert storage.find_indexes(HASHES) == {HASHES[0]: 0}

    def test_a_batch_stays_staged_until_it_is_settled(self, storage: LogStorage) -> None:
        batches = [StagedBatch(n, b"%d" % n) for n in range(4)]
        storage.commit(None, b"note", None, [])
        for n, settled in enumerate((0, 0, 1, 1)):
            storage.commit(b"note", b"note", batches[n], HASHES[n : n + 1], settled)
            assert self.reopen(storage).read_staged() == batches[settled : n + 1]

    def test_many_leaves_are_found_and_listed_in_order(self, storage: LogStorage) -> None:
        many = [n.to_bytes(32, "big") for n in range(10_000)]
        storage.commit(None, b"zero", None, [])
        storage.commit(b"zero", b"one", StagedBatch(0, b""), many)
        assert storage.find_indexes(many) == {leaf: n for n, leaf in enumerate(many)}
        assert leaves_of(storage, 5, 9_990) == {n: many[n] for n in range(5, 9_990)}

    @pytest.mark.parametrize("batch", [7_000, 16_384, 50_000])
    def test_among_many_runs_of_leaves_each_is_found_and_no_other(
        self, storage: LogStorage, batch: int
    ) -> None:
        """Also by one that was opened later, by one that looks for few, and by one that looked on.

        Leaves that differ in their last byte alone share a bucket.
        """
        many = [leaf_hash(b"%d" % n) for n in range(50_000)]
        others = [leaf[:-1] + bytes([leaf[-1] ^ 1]) for leaf in many]
        on_looker = self.reopen(storage)
        storage.commit(None, b"note", None, [])
        for start in range(0, len(many), batch):
            part = many[start : start + batch]
            storage.commit(b"note", b"note", StagedBatch(start, b""), part, start)
            assert on_looker.find_indexes(part[:3]) == dict(zip(part[:3], count(start)))
        for view in (storage, on_looker, self.reopen(storage)):
            assert view.find_indexes(many[9:11]) == {many[9]: 9, many[10]: 10}
            assert view.find_indexes(others[:2]) == {}
            assert view.find_indexes(many) == {leaf: n for n, leaf in enumerate(many)}
            assert view.find_indexes(others) == {}
            assert leaves_of(view, 16_000, 17_000) == {n: many[n] for n in range(16_000, 17_000)}
            assert list(view.check()) == []
            for at in (0, 16_383, 16_384, 49_999):
                with pytest.raises(StorageError):
                    view.commit(b"note", b"2", StagedBatch(50_000, b""), [others[0], many[at]])
        assert storage.read_checkpoint() == b"note"

    def test_a_batch_that_does_not_follow_is_refused(self, storage: LogStorage) -> None:
        storage.commit(None, b"zero", None, [])
        for start in (1, -1):
            with pytest.raises(StorageError):
                storage.commit(b"zero", b"one", StagedBatch(start, b""), HASHES[:1])
        assert storage.read_checkpoint() == b"zero"

    def test_of_many_commits_from_one_checkpoint_exactly_one_wins(
        self, storage: LogStorage
    ) -> None:
        storage.commit(None, b"zero", None, [])
        start = threading.Barrier(8)
        won: list[int] = []

        def race(number: int, view: LogStorage) -> None:
            start.wait()
            try:
                view.commit(
                    b"zero", b"%d" % number, StagedBatch(0, b"%d" % number), [HASHES[number]]
                )
            except LogConflict:
                return
            won.append(number)

        views = [self.reopen(storage) if n % 2 else storage for n in range(8)]
        threads = [threading.Thread(target=race, args=pair) for pair in enumerate(views)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [winner] = won
        assert storage.read_checkpoint() == b"%d" % winner
        assert storage.find_indexes(HASHES) == {HASHES[winner]: 0}


class TileStorageContract(ABC):
    """Promises of TileStorage."""

    @abstractmethod
    @pytest.fixture
    def storage(self) -> TileStorage:
        """Return an empty one."""

    @abstractmethod
    def reopen(self, storage: TileStorage) -> TileStorage:
        """Return the same store, opened once more."""

    def test_an_empty_one_has_nothing(self, storage: TileStorage) -> None:
        assert storage.read("checkpoint") is None
        assert storage.read("tile/0/000.p/1") is None
        assert list(storage.list_paths()) == []
        assert list(storage.list_paths("tile/0/000.p/")) == []

    def test_what_is_written_is_read_and_replaced_also_by_others(
        self, storage: TileStorage
    ) -> None:
        files = {"checkpoint": b"c", "tile/0/x001/000": b"", "tile/0/000.p/9": bytes(8192)}
        storage.write(files)
        other = self.reopen(storage)
        for view in (storage, other):
            assert {path: view.read(path) for path in view.list_paths()} == files
        other.write({"checkpoint": b"d"})
        assert storage.read("checkpoint") == b"d"

    def test_what_is_written_unsynced_is_there_at_once_and_can_be_synced(
        self, storage: TileStorage
    ) -> None:
        files = {"checkpoint": b"c", "tile/0/x001/000": b"x", "tile/0/000.p/9": bytes(8192)}
        storage.write_unsynced(files)
        assert {path: self.reopen(storage).read(path) for path in files} == files
        storage.sync(list(files))
        self.reopen(storage).sync(list(files))
        with pytest.raises(StorageError):
            storage.sync(["checkpoint", "tile/0/001"])
        storage.write_unsynced({"checkpoint": b"d"})
        assert storage.read("checkpoint") == b"d"

    def test_a_prefix_lists_what_starts_with_it(self, storage: TileStorage) -> None:
        paths = {"tile/0/000", "tile/0/000.p/1", "tile/0/000.p/12", "tile/0/001", "checkpoint"}
        storage.write(dict.fromkeys(paths, b"x"))
        assert set(storage.list_paths()) == paths
        assert set(storage.list_paths("tile/0/000.p/")) == {"tile/0/000.p/1", "tile/0/000.p/12"}
        assert set(storage.list_paths("tile/0/000.p/1")) == {"tile/0/000.p/1", "tile/0/000.p/12"}
        assert set(storage.list_paths("tile/1")) == set()

    def test_what_is_deleted_is_gone_and_what_is_not_there_is_no_error(
        self, storage: TileStorage
    ) -> None:
        storage.write({"tile/0/000.p/1": b"x", "tile/0/000.p/2": b"y"})
        storage.delete(["tile/0/000.p/1", "tile/0/000.p/1", "tile/9/000"])
        assert list(storage.list_paths()) == ["tile/0/000.p/2"]
        storage.delete(["tile/0/000.p/2"])
        storage.write({"tile/0/000.p/1": b"z"})
        assert storage.read("tile/0/000.p/1") == b"z"

    def test_a_reader_never_sees_a_mixture(self, storage: TileStorage) -> None:
        size = 200_000
        storage.write({"checkpoint": b"0" * size})
        done = threading.Event()
        seen: set[bytes | None] = set()

        def read() -> None:
            while not done.is_set():
                seen.add(storage.read("checkpoint"))

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for n in range(100):
            storage.write({"checkpoint": (b"%d" % (n % 10)) * size})
        done.set()
        for reader in readers:
            reader.join()
        assert seen <= {(b"%d" % n) * size for n in range(10)}
