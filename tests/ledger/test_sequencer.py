"""Many callers share a commit; each gets its own answer, and nobody waits without bound."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.errors import EntryError, LogBusy, StorageError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.sequencer import Sequencer
from ledger.storage import StagedBatch
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.storage.sql import open_log_storage


class GatedStorage(MemoryLogStorage):
    """Commits only while the gate is open; counts, and fails on command."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.commits = 0
        self.fails = False

    def commit(
        self,
        expected: bytes | None,
        checkpoint: bytes,
        batch: StagedBatch | None,
        leaf_hashes: Sequence[bytes],
        settled: int = 0,
    ) -> None:
        self.gate.wait()
        self.commits += 1
        if self.fails:
            raise StorageError("no space left on device")
        super().commit(expected, checkpoint, batch, leaf_hashes, settled)


@pytest.fixture
def gated() -> GatedStorage:
    return GatedStorage()


@pytest.fixture
def gated_log(gated: GatedStorage, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner) -> Log:
    return Log(gated, tiles, note_signer)


def test_a_thousand_callers_at_once_share_few_commits(gated: GatedStorage, gated_log: Log) -> None:
    async def run() -> list[int]:
        with Sequencer(gated_log) as sequencer:
            calls = [sequencer.append_async(b"%d" % (n % 700)) for n in range(1000)]
            return await asyncio.gather(*calls)

    before = gated.commits
    indexes = asyncio.run(run())
    assert sorted(set(indexes)) == list(range(700))
    assert indexes[:300] == indexes[700:], "the same entry has the same index, whoever brings it"
    assert [gated_log.entry(index) for index in indexes[::100]] == [
        b"%d" % (n % 700) for n in range(0, 1000, 100)
    ]
    assert gated.commits - before <= 2


class _Answers:
    """What callers were answered, from threads and from tasks."""

    def __init__(self) -> None:
        self.of: dict[bytes, set[int]] = {}
        self._guard = threading.Lock()

    def work(self, sequencer: Sequencer, number: int) -> None:
        for n in range(10):
            for entry in (b"thread %d %d" % (number, n), b"common %d" % n):
                self._note(sequencer, entry, sequencer.append(entry))

    def loop(self, sequencer: Sequencer, number: int) -> None:
        asyncio.run(self._tasks(sequencer, number))

    async def _tasks(self, sequencer: Sequencer, number: int) -> None:
        await asyncio.gather(*(self._task(sequencer, 50 * number + n) for n in range(50)))

    async def _task(self, sequencer: Sequencer, number: int) -> None:
        for n in range(10):
            for entry in (b"task %d %d" % (number, n), b"common %d" % n):
                self._note(sequencer, entry, await sequencer.append_async(entry))

    def _note(self, sequencer: Sequencer, entry: bytes, index: int) -> None:
        assert index < sequencer._log.size
        with self._guard:
            self.of.setdefault(entry, set()).add(index)


def test_an_answer_means_published_and_durable_in_the_real_storages_too(
    tmp_path: Path, note_signer: Ed25519NoteSigner
) -> None:
    """Two sequencers on one folder and database, as two processes have them; threads and tasks."""
    url, lock = f"sqlite:///{tmp_path}/sql", FileLock(tmp_path / "lock")
    folder = FolderTileStorage(tmp_path / "log")
    logs = [Log(open_log_storage(url), folder, note_signer, lock) for _ in range(2)]
    answers = _Answers()

    with Sequencer(logs[0]) as one, Sequencer(logs[1]) as two:
        threads = [
            threading.Thread(target=act, args=((one, two)[number % 2], number))
            for number in range(4)
            for act in (answers.work, answers.loop)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    entries = list(logs[0].entries(0, logs[0].size))
    assert {entry: {index} for index, entry in enumerate(entries)} == answers.of
    assert len(entries) == 200 * 10 + 4 * 10 + 10
    assert list(fsck(open_log_storage(url), folder, note_signer.verifier)) == []


def test_a_bad_entry_fails_its_caller_alone(gated_log: Log) -> None:
    async def run() -> list[int | BaseException]:
        with Sequencer(gated_log) as sequencer:
            entries = [b"a", b"", b"b", bytes(65_536), b"c"]
            calls = [sequencer.append_async(entry) for entry in entries]
            return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(run())
    assert [outcomes[n] for n in (0, 2, 4)] == [0, 1, 2]
    assert all(isinstance(outcomes[n], EntryError) for n in (1, 3))
    with Sequencer(gated_log) as sequencer, pytest.raises(EntryError):
        sequencer.append(b"")


def test_a_failed_commit_fails_those_in_it_and_the_next_succeeds(
    gated: GatedStorage, gated_log: Log
) -> None:
    async def run(sequencer: Sequencer) -> list[int | BaseException]:
        calls = [sequencer.append_async(b"%d" % n) for n in range(5)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with Sequencer(gated_log) as sequencer:
        gated.fails = True
        assert all(isinstance(one, StorageError) for one in asyncio.run(run(sequencer)))
        with pytest.raises(StorageError, match="no space"):
            sequencer.append_batch([b"x", b"y"])
        gated.fails = False
        assert asyncio.run(run(sequencer)) == [0, 1, 2, 3, 4]
        assert sequencer.append_batch([b"y", b"3", b"x"]) == [5, 3, 6]


def test_who_finds_no_room_waits_and_then_is_told_that_the_log_is_busy(
    gated: GatedStorage, gated_log: Log
) -> None:
    async def run(sequencer: Sequencer) -> list[int | BaseException]:
        calls = [sequencer.append_async(b"%d" % n) for n in range(8)]
        return await asyncio.gather(*calls, return_exceptions=True)

    async def wait_for_room(sequencer: Sequencer) -> list[int | BaseException]:
        asyncio.get_running_loop().call_later(0.05, gated.gate.set)
        return await run(sequencer)

    gated.gate.clear()
    with Sequencer(gated_log, max_waiting=5, busy_seconds=0.2) as sequencer:
        thread = threading.Thread(target=sequencer.append_batch, args=([b"x", b"y", b"z", b"w"],))
        thread.start()
        while not sequencer._count:
            pass

        async def fill() -> list[int | BaseException]:
            task = asyncio.ensure_future(run(sequencer))
            await asyncio.sleep(0.4)
            gated.gate.set()
            return await task

        waiting_outcomes = asyncio.run(fill())
        thread.join()
        assert [type(one) for one in waiting_outcomes[1:]] == [LogBusy] * 7
        assert waiting_outcomes[0] == 4
        assert "append fewer at a time" in str(waiting_outcomes[1])
        gated.gate.clear()
        assert set(asyncio.run(wait_for_room(sequencer))) == set(range(4, 12))
    assert (sequencer._count, sequencer._bytes, sequencer._held_up) == (0, 0, [])


def test_closing_answers_everybody_and_takes_nobody_new(
    gated: GatedStorage, gated_log: Log
) -> None:
    gated.gate.clear()
    sequencer = Sequencer(gated_log)
    indexes: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: indexes.append(sequencer.append(b"%d" % n)))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    while sequencer._count < 20:
        pass
    closing = threading.Thread(target=sequencer.close)
    closing.start()
    while not sequencer._closing:
        pass
    with pytest.raises(LogBusy, match="closing"):
        sequencer.append(b"late")
    gated.gate.set()
    closing.join()
    for thread in threads:
        thread.join()
    assert sorted(indexes) == list(range(20))
    sequencer.close()


def test_a_caller_that_is_cancelled_or_whose_loop_is_gone_harms_nobody(
    gated: GatedStorage, gated_log: Log
) -> None:
    async def cancel(sequencer: Sequencer) -> int:
        gated.gate.clear()
        given_up = asyncio.ensure_future(sequencer.append_async(b"given up"))
        other = asyncio.ensure_future(sequencer.append_async(b"other"))
        await asyncio.sleep(0)
        given_up.cancel()
        gated.gate.set()
        return await other

    async def leave(sequencer: Sequencer) -> None:
        gated.gate.clear()
        task = asyncio.ensure_future(sequencer.append_async(b"left"))
        await asyncio.sleep(0.01)
        task.cancel()

    with Sequencer(gated_log) as sequencer:
        assert asyncio.run(cancel(sequencer)) in (0, 1)
        asyncio.run(leave(sequencer))
        gated.gate.set()
        assert sequencer.append(b"next") == gated_log.size - 1
    assert b"other" in list(gated_log.entries(0, gated_log.size))
