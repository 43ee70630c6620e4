"""Tiles become durable behind the appends, and nothing is dropped before they are."""

import threading
from collections.abc import Sequence

import pytest

from ledger.errors import StorageError
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage

from .conftest import ORIGIN, SEED


class SlowTiles(MemoryTileStorage):
    """Syncs only while the gate is open, and fails on command; knows what was synced."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False
        self.synced: set[str] = set()

    def sync(self, paths: Sequence[str]) -> None:
        self.gate.wait()
        if self.fails:
            raise StorageError("I/O error")
        super().sync(paths)
        self.synced.update(paths)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowTiles:
    monkeypatch.setattr("ledger.settle._FILES", 1)
    monkeypatch.setattr("ledger.settle._LIMIT", 1000)
    return SlowTiles()


def test_a_batch_stays_staged_while_its_tiles_are_not_synced(
    slow: SlowTiles, log_storage: MemoryLogStorage, note_signer: Ed25519NoteSigner
) -> None:
    log = Log(log_storage, slow, note_signer)
    slow.gate.clear()
    for n in range(3):
        log.append([b"%d" % n])  # nobody waits for the gate
    assert [batch.start for batch in log_storage.read_staged()] == [0, 1, 2]
    slow.gate.set()
    log._settler.finish()
    log.append([b"3"])
    assert log_storage.read_staged()[0].start >= 1
    assert {"tile/0/000.p/1", "tile/entries/000.p/1"} <= slow.synced


def test_a_failed_sync_is_never_believed_and_everything_is_written_again(
    slow: SlowTiles, log_storage: MemoryLogStorage
) -> None:
    log = Log(log_storage, slow, Ed25519NoteSigner(ORIGIN, SEED))
    slow.fails = True
    log.append([b"0"])
    log._settler.finish()
    slow.delete(["tile/0/000.p/1"])  # as a disk that failed may do
    slow.fails = False
    assert log.append([b"1"]) == [1]
    assert slow.read("tile/0/000.p/1") is not None
    assert list(log.entries(0, 2)) == [b"0", b"1"]


def test_appends_wait_when_the_disk_falls_far_behind(
    slow: SlowTiles,
    log_storage: MemoryLogStorage,
    note_signer: Ed25519NoteSigner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.settle._LIMIT", 8)
    log = Log(log_storage, slow, note_signer)
    slow.gate.clear()
    indexes: list[int] = []

    def work() -> None:
        for n in range(50):
            indexes.extend(log.append([b"%d" % n]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive(), "it went on without bound"
    assert len(indexes) < 10
    slow.gate.set()
    thread.join()
    assert indexes == list(range(50))
