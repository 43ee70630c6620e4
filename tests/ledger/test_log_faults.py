"""Whatever fails, at whatever call, there is one history, and trying again is right."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import StorageError
from ledger.fsck import fsck
from ledger.log import Log, LogReader
from ledger.note import Ed25519NoteSigner
from ledger.storage.folder import FolderTileStorage
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.storage.sql import open_log_storage

from .faults import Fault, FaultyLogStorage, FaultyTileStorage

GROUPS = [[b"a", b"b"], [b"c"], [b"%d" % n for n in range(300)], [b"d", b"a"], [b"e"]]


@pytest.mark.parametrize("settles", [False, True])
@pytest.mark.parametrize("happens", [False, True])
@pytest.mark.parametrize("survives", [False, True])
def test_each_call_failing_leaves_one_history_and_a_retry_works(
    note_signer: Ed25519NoteSigner,
    monkeypatch: pytest.MonkeyPatch,
    *,
    happens: bool,
    survives: bool,
    settles: bool,
) -> None:
    """For every call, of either storage; the process then goes on, or a new one opens the log."""
    if settles:  # at each append, and waited for: so that the calls come in one order
        monkeypatch.setattr("ledger.settle._FILES", 1)
        monkeypatch.setattr("ledger.settle._LIMIT", 0)
    at = 0
    while True:
        fault = Fault(at, happens=happens)
        storage, tiles = MemoryLogStorage(), MemoryTileStorage()
        if not _append_with(fault, storage, tiles, note_signer, survives=survives):
            break
        at += 1
    assert at > 30, "the fault struck at fewer calls than the log makes"


def _append_with(
    fault: Fault,
    storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    signer: Ed25519NoteSigner,
    *,
    survives: bool,
) -> bool:
    """Append GROUPS through one fault; return whether it struck."""

    def open_log() -> Log:
        return Log(FaultyLogStorage(storage, fault), FaultyTileStorage(tiles, fault), signer)

    log: Log | None = None
    acknowledged: dict[bytes, int] = {}
    size = 0
    for group in GROUPS:
        for _ in range(2):
            try:
                log = log or open_log()
                indexes = log.append(group)
                break
            except StorageError:
                log = log if survives else None
                size = _check_published(tiles, signer, size)
        else:
            pytest.fail("a retry failed as well")
        for entry, index in zip(group, indexes, strict=True):
            assert acknowledged.setdefault(entry, index) == index
    struck = fault.struck
    reader = LogReader(tiles, signer.verifier)
    entries = list(reader.entries(0, reader.size))
    assert {entry: index for index, entry in enumerate(entries)} == acknowledged
    assert list(fsck(storage, tiles, signer.verifier)) == []
    return struck


def _check_published(tiles: MemoryTileStorage, signer: Ed25519NoteSigner, size: int) -> int:
    """Check that what is public is whole, as far as it goes, and has not gone back."""
    if tiles.read("checkpoint") is None:
        return 0
    differences = [
        difference
        for difference in fsck(None, tiles, signer.verifier)
        if "has no such tile" not in difference.sentence  # not published yet
    ]
    assert differences == []
    published = LogReader(tiles, signer.verifier).size
    assert published >= size
    return published


def test_a_full_disk_stops_the_log_and_an_emptied_one_continues_it(
    tmp_path: Path, note_signer: Ed25519NoteSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real folder and the real SQLite; the folder fails from its first, second … fsync on."""
    storage = open_log_storage(f"sqlite:///{tmp_path}/sql")
    folder = FolderTileStorage(tmp_path / "log")
    log = Log(storage, folder, note_signer)
    log.append([b"first"])
    real = os.fsync
    refused = 0
    for failing in range(20):
        descriptors = iter(range(failing))

        def fsync(descriptor: int, descriptors: Iterator[int] = descriptors) -> None:
            if next(descriptors, None) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(descriptor)

        entries = [b"%d %d" % (failing, n) for n in range(30)]
        monkeypatch.setattr(os, "fsync", fsync)
        try:
            log.append(entries)
        except StorageError:
            refused += 1
        monkeypatch.setattr(os, "fsync", real)
        assert log.append(entries) == list(range(1 + 30 * failing, 31 + 30 * failing))
    assert 2 <= refused < 20
    assert list(fsck(storage, folder, note_signer.verifier)) == []


def test_a_database_that_may_not_grow_refuses_and_the_log_stays_whole(
    tmp_path: Path, note_signer: Ed25519NoteSigner
) -> None:
    storage = open_log_storage(f"sqlite:///{tmp_path}/sql")
    folder = FolderTileStorage(tmp_path / "log")
    log = Log(storage, folder, note_signer)
    assert log.append([b"first"]) == [0]
    with storage._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageError, match="full"):
        log.append([os.urandom(60_000) for _ in range(3)])
    assert log.size == 1
    assert list(fsck(storage, folder, note_signer.verifier)) == []
    storage.close()
    assert log.append([b"second"]) == [1]


def test_a_dropped_table_stops_the_log_and_loses_no_entry(
    tmp_path: Path, note_signer: Ed25519NoteSigner
) -> None:
    storage = open_log_storage(f"sqlite:///{tmp_path}/sql")
    folder = FolderTileStorage(tmp_path / "log")
    log = Log(storage, folder, note_signer)
    log.append([b"a", b"b"])
    for table in ("log_leaves", "log_bucket", "log_staged", "log_checkpoint"):
        with storage._engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        with pytest.raises(StorageError, match="no such table"):
            log.append([b"c"])
        assert any("no such table" in d.sentence for d in fsck(storage, folder, log._verifier))
        assert list(log.entries(0, 2)) == [b"a", b"b"]
    with pytest.raises(StorageError, match="no such table"):
        Log(open_log_storage(f"sqlite:///{tmp_path}/sql"), folder, note_signer)
    (tmp_path / "sql").unlink()
    with pytest.raises(StorageError, match="the database has none"):
        Log(open_log_storage(f"sqlite:///{tmp_path}/sql"), folder, note_signer)
