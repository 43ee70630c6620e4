"""What every storage must keep: a suite that any implementation runs.

Subclass `LogStorageContract` or `TileStorageContract` and say how to open one; `reopen` opens the
same store again, as another process would.
"""

import threading
from abc import ABC, abstractmethod

import pytest

from ledger.errors import LogConflict, StorageError
from ledger.storage import LeafRow, LogStorage, StagedBatch, TileStorage

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
            rows = [LeafRow(index, HASHES[index]) for index in range(3)]
            assert list(view.read_leaves(0, 10)) == rows
            assert list(view.read_leaves(1, 2)) == rows[1:2]
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

    def test_a_batch_takes_the_place_of_the_one_before(self, storage: LogStorage) -> None:
        storage.commit(None, b"zero", None, [])
        storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
        storage.commit(b"one", b"two", StagedBatch(1, b"b"), HASHES[1:2])
        assert storage.read_staged() == [StagedBatch(1, b"b")]

    def test_many_leaves_are_found_and_listed_in_order(self, storage: LogStorage) -> None:
        many = [n.to_bytes(32, "big") for n in range(10_000)]
        storage.commit(None, b"zero", None, [])
        storage.commit(b"zero", b"one", StagedBatch(0, b""), many)
        assert storage.find_indexes(many) == {leaf: n for n, leaf in enumerate(many)}
        rows = list(storage.read_leaves(5, 9_990))
        assert rows == [LeafRow(n, many[n]) for n in range(5, 9_990)]

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
