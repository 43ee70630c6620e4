"""Memory, SQLite and the folder keep the promises of the protocols."""

import os
from pathlib import Path

import pytest

from ledger.errors import LogBusy, StorageError
from ledger.storage import LogStorage, StagedBatch, TileStorage
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage
from tests.storage_contract import LogStorageContract, TileStorageContract


class TestMemoryLogStorage(LogStorageContract):
    @pytest.fixture
    def storage(self) -> LogStorage:
        return MemoryLogStorage()

    def reopen(self, storage: LogStorage) -> LogStorage:
        return storage


class TestSqliteLogStorage(LogStorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> LogStorage:
        self.url = f"sqlite:///{tmp_path}/log.sqlite"
        return open_log_storage(self.url)

    def reopen(self, storage: LogStorage) -> LogStorage:
        assert isinstance(storage, SqlLogStorage)
        return open_log_storage(self.url)


class TestMemoryTileStorage(TileStorageContract):
    @pytest.fixture
    def storage(self) -> TileStorage:
        return MemoryTileStorage()

    def reopen(self, storage: TileStorage) -> TileStorage:
        return storage


class TestFolderTileStorage(TileStorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> TileStorage:
        self.root = tmp_path / "deep" / "log"
        return FolderTileStorage(self.root)

    def reopen(self, storage: TileStorage) -> TileStorage:
        assert isinstance(storage, FolderTileStorage)
        return FolderTileStorage(self.root)


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "tile/../../x", ".tmp/x", "tile//0", "a\x00b", "tile/.hidden"],
)
def test_a_path_cannot_leave_the_folder(tmp_path: Path, path: str) -> None:
    storage = FolderTileStorage(tmp_path / "log")
    with pytest.raises(StorageError, match="not a path"):
        storage.read(path)
    with pytest.raises(StorageError, match="not a path"):
        storage.write({path: b"x"})
    with pytest.raises(StorageError, match="not a path"):
        storage.delete([path])


def test_what_is_deleted_stays_deleted_after_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its folder goes with it, or was gone before."""
    storage = FolderTileStorage(tmp_path)
    storage.write({"tile/0/000.p/1": b"1", "tile/0/000.p/2": b"2"})
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)
        synced.append(f"{path}: {', '.join(sorted(os.listdir(descriptor)))}")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    storage.delete(["tile/0/000.p/1"])
    storage.delete(["tile/0/000.p/2"])
    storage.delete(["tile/0/000.p/2"])
    assert synced == ["tile/0/000.p: 2", "tile/0: ", "tile/0: "]


def test_a_write_that_was_killed_is_not_part_of_the_log_and_is_cleaned_up(tmp_path: Path) -> None:
    storage = FolderTileStorage(tmp_path)
    fresh, old = tmp_path / ".tmp" / "fresh", tmp_path / ".tmp" / "old"
    fresh.write_bytes(b"half")
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert list(storage.list_paths()) == []
    FolderTileStorage(tmp_path)
    assert fresh.exists()
    assert not old.exists()


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        FolderTileStorage(tmp_path / "file")
    storage = FolderTileStorage(tmp_path / "log")
    (tmp_path / "log" / "tile").write_bytes(b"a file where a folder should be")
    with pytest.raises(StorageError):
        storage.write({"tile/0/000": b"x"})
    assert storage.read("tile/0/000") is None
    assert list((tmp_path / "log" / ".tmp").iterdir()) == []


def test_a_lock_has_one_holder_and_says_what_to_do(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", timeout_seconds=0)
    with lock(), pytest.raises(LogBusy, match="let it finish, or stop it") as busy, lock():
        pass
    assert str(tmp_path) in busy.value.message
    with lock():
        pass


def test_sqlite_commits_reach_the_disk(tmp_path: Path) -> None:
    storage = open_log_storage(f"sqlite:///{tmp_path}/log.sqlite")
    with storage._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_dropped_table_and_a_file_that_is_no_database_are_storage_errors(tmp_path: Path) -> None:
    storage = open_log_storage(f"sqlite:///{tmp_path}/log.sqlite")
    with storage._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE log_staged")
    with pytest.raises(StorageError, match="no such table"):
        storage.commit(None, b"zero", StagedBatch(0, b""), [])
    assert storage.read_checkpoint() is None
    (tmp_path / "noise").write_bytes(b"noise" * 1000)
    with pytest.raises(StorageError, match="not a database"):
        open_log_storage(f"sqlite:///{tmp_path}/noise")
