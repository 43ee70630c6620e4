"""Real processes on one home: killed at any moment, and two at once."""

import random
import subprocess
import sys
from pathlib import Path

from ledger.fsck import fsck

from .appender import open_log, open_storages

KILLS = 30
SEED = 20_261_122


def test_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Kill when a random number of lines was read and a random moment more has passed."""
    chance = random.Random(SEED)
    acknowledged: dict[str, int] = {}
    size = 0
    for run in range(KILLS):
        process = _start(tmp_path, f"run{run}")
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(chance.randrange(0, 400))]
        for _ in range(chance.randrange(0, 40_000)):
            pass  # a few milliseconds at most: somewhere in the next append
        process.kill()
        rest, _ = process.communicate()
        _note(acknowledged, "".join(lines) + rest)
        if run % 5 == 4:
            size = _check_home(tmp_path, acknowledged, size)
    assert len(acknowledged) > KILLS
    _check_home(tmp_path, acknowledged, size)


def test_two_processes_append_one_history_at_once(tmp_path: Path) -> None:
    processes = [_start(tmp_path, name, 30) for name in ("one", "two")]
    acknowledged: dict[str, int] = {}
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        _note(acknowledged, output)
    log = open_log(tmp_path)
    assert log.size == len(acknowledged) == 2 * sum(1 + n * 37 % 90 for n in range(30)) + 10
    _check_home(tmp_path, acknowledged, 0)


def _start(home: Path, name: str, count: int = 1_000_000) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.ledger.appender", str(home), name, str(count)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def _note(acknowledged: dict[str, int], output: str) -> None:
    whole, _, _ = output.rpartition("\n")  # a last line cut by the kill says nothing
    for line in whole.splitlines():
        index, _, entry = line.partition(" ")
        assert acknowledged.setdefault(entry, int(index)) == int(index), "one entry, two indexes"


def _check_home(home: Path, acknowledged: dict[str, int], size: int) -> int:
    """Open the log as the next process does, and check all of it; return its size."""
    log = open_log(home)
    entries = [entry.decode() for entry in log.entries(0, log.size)]
    assert len(set(entries)) == len(entries), "an entry is in the log twice"
    assert {entry: entries[index] for entry, index in acknowledged.items()} == {
        entry: entry for entry in acknowledged
    }
    assert log.size >= size
    storage, tiles = open_storages(home)
    assert list(fsck(storage, tiles, log._verifier)) == []
    return log.size
