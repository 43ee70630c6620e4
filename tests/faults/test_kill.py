"""kill -9 at random moments."""

import os
import random
import select
import signal
import time
from pathlib import Path

from .conftest import Count
from .drill import RUNS, SEED, Home, append_for_ever, fork, read_all

KILLS = 40 if RUNS == 1 else 80


def test_kill_9_at_any_moment_loses_nothing(tmp_path: Path, count: Count) -> None:
    chance = random.Random(SEED)
    home = Home(tmp_path)
    home.check()
    for run in range(KILLS * RUNS):
        _kill_one(home, run, chance)
        if run % 50 == 49:
            home.check()
    assert home.check() > KILLS * RUNS
    count("kill -9 at a random moment", KILLS * RUNS)


def test_two_processes_at_once_one_of_them_killed_again_and_again(
    tmp_path: Path, count: Count
) -> None:
    """The one that lives takes over what the other left half done, and both agree."""
    chance = random.Random(SEED + 1)
    home = Home(tmp_path)
    home.check()
    steady, reader = fork(lambda out: append_for_ever(tmp_path, "steady", out, 8))
    said = b""
    for run in range(KILLS * RUNS // 16):
        _kill_one(home, run, chance)
        while select.select([reader], [], [], 0)[0]:
            said += os.read(reader, 1 << 16)
    os.kill(steady, signal.SIGKILL)
    os.waitpid(steady, 0)
    home.note(said.decode() + read_all(reader))
    home.check()
    assert any(entry.startswith("steady") for entry in home.acknowledged)
    count("two sequencers, one killed at a random moment", KILLS * RUNS // 16)


def _kill_one(home: Home, run: int, chance: random.Random) -> None:
    child, reader = fork(lambda out: append_for_ever(home.root, f"run{run}", out, 6))
    if chance.random() < 0.9:  # else while it opens the log
        select.select([reader], [], [], 10)
    time.sleep(chance.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    home.note(read_all(reader))
