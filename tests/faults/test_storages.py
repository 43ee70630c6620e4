"""Writes that fail, or fail but happened; old copies; lost tables; a clock that goes back."""

import random
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from ledger.errors import LedgerError, StorageError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.storage.folder import FileLock
from tests.ledger.appender import open_log, open_storages
from tests.ledger.conftest import ORIGIN
from tests.ledger.conftest import SEED as KEY
from tests.ledger.faults import Fault, FaultyLogStorage, FaultyTileStorage

from .conftest import Count
from .drill import RUNS, SEED, Home

DRILLS = 3


@pytest.mark.parametrize("happens", [False, True])
def test_calls_that_fail_again_and_again_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count, *, happens: bool
) -> None:
    """At random calls of both real storages; by lot the log goes on, or is opened anew."""
    monkeypatch.setattr("ledger.settle._FILES", 10)
    monkeypatch.setattr("ledger.settle._LIMIT", 0)
    struck = 0
    for run in range(DRILLS * RUNS):
        chance = random.Random(SEED + run)
        home = Home(tmp_path / str(run))
        home.root.mkdir()
        storage, tiles = open_storages(home.root)
        log: Log | None = None
        for n in range(20):
            fault = Fault(chance.randrange(0, 25), happens=happens)
            faulty = FaultyLogStorage(storage, fault), FaultyTileStorage(tiles, fault)
            group = [f"{n} {part}" for part in range(chance.randrange(1, 90))] + [f"old {n // 3}"]
            try:
                if log is None or chance.random() < 0.5:
                    signer = Ed25519NoteSigner(ORIGIN, KEY)
                    log = Log(*faulty, signer, FileLock(home.root / "lock"))
                indexes = log.append([entry.encode() for entry in group])
            except LedgerError:
                continue
            finally:
                struck += fault.struck
            pairs = zip(indexes, group, strict=True)
            home.note("".join(f"{index} {entry}\n" for index, entry in pairs))
        storage.close()
        home.check()
        shutil.rmtree(home.root)
    count(f"storage calls that failed{' but happened' if happens else ''}", struck)


def test_a_restored_backup_of_the_database_signs_nothing(tmp_path: Path, count: Count) -> None:
    """And neither does an old folder under a new database lose anything."""
    chance = random.Random(SEED)
    for run in range(3 * RUNS):
        root = tmp_path / str(run)
        root.mkdir()
        log = open_log(root)
        backup_at = chance.randrange(1, 5)
        for n in range(6):
            log.append([b"%d %d" % (n, m) for m in range(chance.randrange(1, 300))])
            if n == backup_at:
                log._storage.close()
                shutil.copytree(root, root / "backup")
        log._storage.close()
        published = log.checkpoint()
        shutil.copytree(root / "log", root / "mixed/log")
        shutil.copy(root / "backup/sql", root / "mixed/sql")
        with pytest.raises(StorageError, match="an old copy was restored"):
            open_log(root / "mixed")
        assert (root / "mixed/log/checkpoint").read_bytes() == published
        storage, tiles = open_storages(root / "mixed")
        found = list(fsck(storage, tiles, log._verifier))
        assert any("old copy" in difference.sentence for difference in found)
        storage.close()
        shutil.copytree(root / "backup/log", root / "old/log")
        shutil.copy(root / "sql", root / "old/sql")
        home = Home(root / "old")
        assert home.check() == log.size, "the database had everything staged that the folder lost"
    count("restored backup of the database, or of the folder", 6 * RUNS)


@pytest.mark.parametrize("table", ["log_leaves", "log_bucket", "log_staged", "log_checkpoint"])
def test_a_dropped_table_signs_nothing(tmp_path: Path, count: Count, table: str) -> None:
    log = open_log(tmp_path)
    log.append([b"%d" % n for n in range(17_000)])
    before = log.checkpoint()
    with sqlite3.connect(tmp_path / "sql") as connection:
        connection.execute(f"DROP TABLE {table}")
    for _ in range(2):
        with pytest.raises(StorageError, match="no such table"):
            log.append([b"new"])
        with pytest.raises(StorageError, match="no such table"):
            open_log(tmp_path).append([b"new"])
    assert log.checkpoint() == before
    assert list(log.entries(0, 17_000)) == [b"%d" % n for n in range(17_000)]
    storage, tiles = open_storages(tmp_path)
    assert any("no such table" in d.sentence for d in fsck(storage, tiles, log._verifier))
    assert list(fsck(None, tiles, log._verifier)) == [], "the public tree is whole"
    count("dropped table", 1)


def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count
) -> None:
    chance = random.Random(SEED)
    monkeypatch.setattr(time, "time", lambda: chance.uniform(-1e9, 1e10))
    home = Home(tmp_path)
    for n in range(20 * RUNS):
        log = open_log(tmp_path)
        indexes = log.append([f"{n} {m}".encode() for m in range(40)])
        home.note("".join(f"{index} {n} {m}\n" for m, index in enumerate(indexes)))
        log._storage.close()
    assert home.check() == 40 * 20 * RUNS
    count("clock that jumps, back and forth", 20 * RUNS)
