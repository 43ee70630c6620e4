"""The log on a real PostgreSQL: the same promises, the same drills."""

import os
import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from ledger.errors import LogConflict, StorageError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.sequencer import Sequencer
from ledger.storage import LogStorage, StagedBatch
from ledger.storage.memory import MemoryTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage
from tests.postgres import Postgres, running_postgres
from tests.storage_contract import HASHES, LogStorageContract


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.create_database()


class TestPostgresLogStorage(LogStorageContract):
    @pytest.fixture
    def storage(self, url: str) -> Iterator[LogStorage]:
        self.url = url
        self.opened = [open_log_storage(url)]
        yield self.opened[0]
        for storage in self.opened:
            storage.close()

    def reopen(self, storage: LogStorage) -> LogStorage:
        assert isinstance(storage, SqlLogStorage)
        self.opened.append(open_log_storage(self.url))
        return self.opened[-1]


def test_it_really_is_postgresql_and_it_really_writes_to_the_disk(url: str) -> None:
    storage = open_log_storage(url)
    with storage._engine.connect() as connection:
        assert "PostgreSQL" in str(connection.scalar(text("SELECT version()")))
        assert connection.scalar(text("SHOW fsync")) == "on"
    storage.close()


def test_a_server_that_does_not_wait_for_the_disk_is_told_to(postgres: Postgres, url: str) -> None:
    name = url.rpartition("/")[2].partition("?")[0]
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    storage = open_log_storage(url)
    with storage._engine.connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    storage.close()


def test_two_sequencers_on_one_database_write_one_history(
    url: str, note_signer: Ed25519NoteSigner
) -> None:
    """Without a lock: only the database stands between them."""
    tiles = MemoryTileStorage()
    storages = [open_log_storage(url) for _ in range(2)]
    sequencers = [Sequencer(Log(storage, tiles, note_signer)) for storage in storages]
    answers: dict[bytes, set[int]] = {}
    guard = threading.Lock()

    def work(number: int) -> None:
        for n in range(25):
            for entry in (b"%d %d" % (number, n), b"common %d" % n):
                index = _insist(sequencers[number % 2], entry)
                with guard:
                    answers.setdefault(entry, set()).add(index)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sequencer in sequencers:
        sequencer.close()
    log = Log(storages[0], tiles, note_signer)
    entries = list(log.entries(0, log.size))
    assert {entry: {index} for index, entry in enumerate(entries)} == answers
    assert len(entries) == 7 * 25
    assert list(fsck(storages[1], tiles, note_signer.verifier)) == []
    for storage in storages:
        storage.close()


def _insist(sequencer: Sequencer, entry: bytes) -> int:
    for _ in range(200):
        try:
            return sequencer.append(entry)
        except (LogConflict, StorageError):  # the other was faster, or is half way through
            continue
    raise AssertionError("never had a turn")


def test_a_transaction_that_the_database_undoes_is_a_conflict_which_the_log_tries_again(
    url: str,
) -> None:
    """SQLSTATE 40001, from the server itself: two serialisable transactions that cross."""
    storage = open_log_storage(url)
    storage.commit(None, b"zero", None, [])
    with psycopg.connect(url) as other, storage._engine.connect() as ours:
        ours.execute(
            text("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        )
        ours.commit()
        other.execute("UPDATE log_checkpoint SET note = note")
        blocked = threading.Timer(0.2, other.commit)
        blocked.start()
        ours.close()  # back into the pool, where the commit finds it
        with pytest.raises(LogConflict, match="undid"):
            storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
        blocked.join()
    assert storage.read_checkpoint() == b"zero"
    storage.commit(b"zero", b"one", StagedBatch(0, b"a"), HASHES[:1])
    storage.close()


def test_a_server_that_throws_us_out_costs_nothing_that_was_acknowledged(
    postgres: Postgres, url: str, note_signer: Ed25519NoteSigner
) -> None:
    storage, tiles = open_log_storage(url), MemoryTileStorage()
    log = Log(storage, tiles, note_signer)
    done = threading.Event()

    def throw_out() -> None:
        while not done.wait(0.02):
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname LIKE 'firsthand%' AND pid <> pg_backend_pid()"
            )

    thread = threading.Thread(target=throw_out)
    thread.start()
    failed = 0
    acknowledged: dict[bytes, int] = {}
    for n in range(150):
        group = [b"%d %d" % (n, m) for m in range(20)]
        try:
            indexes = log.append(group)
        except StorageError:
            failed += 1
        else:
            acknowledged.update(zip(group, indexes, strict=True))
    done.set()
    thread.join()
    assert acknowledged
    assert failed, "nobody was thrown out"
    again = Log(storage, tiles, note_signer)
    entries = list(again.entries(0, again.size))
    assert len(set(entries)) == len(entries)
    assert all(entries[index] == entry for entry, index in acknowledged.items())
    assert list(fsck(storage, tiles, note_signer.verifier)) == []
    storage.close()


def test_without_a_server_it_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="database failed"):
        open_log_storage(f"postgresql://nobody@/nothing?host=/nowhere{os.getpid()}")
    for url in ("mysql://x", "nonsense", ""):
        with pytest.raises(StorageError):
            open_log_storage(url)
