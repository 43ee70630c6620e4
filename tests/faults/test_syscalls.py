"""Every system call that writes fails, or is the last: by strace, in SQLite and the folder."""

import os
import random
import shutil
from itertools import chain
from pathlib import Path

import pytest

from ledger.errors import LedgerError
from tests.ledger.appender import open_log

from .conftest import Count
from .drill import RUNS, SEED, Home, append_group
from .tracing import needs_strace, run_traced

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir"]
CALLS += ["unlink", "rmdir", "ftruncate", "close"]
EFFECTS = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"]
GROUPS = 4
STRIDE = max(20 // RUNS, 1)  # every call in `make test-faults`, one in twenty in `make test`

pytestmark = needs_strace


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("call", CALLS)
def test_each_call_failing_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count, call: str, effect: str
) -> None:
    monkeypatch.setattr("ledger.settle._FILES", 8)
    monkeypatch.setattr("ledger.settle._LIMIT", 0)
    monkeypatch.setattr("ledger.storage.engine._WAL_PAGES", 25)
    start = tmp_path / "start"
    start.mkdir()
    log = open_log(start)
    # Its tiles are soon full: then the partial ones go, by unlink and rmdir.
    early: dict[str, int] = {}
    for at in range(0, 200, 20):
        group = [f"early {n}" for n in range(at, at + 20)]
        early |= zip(group, log.append([entry.encode() for entry in group]), strict=True)
    log._storage.close()
    first = random.Random(f"{SEED} {call} {effect}").randrange(1, STRIDE + 1)
    runs = 0
    for number in chain([1], range(1 + first, 10_000, STRIDE)):
        home = Home(tmp_path / "home", {**early})
        shutil.copytree(start, home.root)
        struck = _append_traced(home, f"{call}:{effect}:when={number}")
        home.check()
        shutil.rmtree(home.root)
        if not struck:
            break
        runs += 1
    count(f"{call}: {effect.partition('=')[2]} at each call", runs)


def _append_traced(home: Home, injection: str) -> bool:
    """Append some groups while a fault is injected; return whether it came to that call."""

    def act(out: int) -> None:
        chance = random.Random(SEED)
        log = None
        for n in range(GROUPS):
            try:
                log = log or open_log(home.root)
                os.write(out, append_group(log, "traced", n, chance).encode())
            except LedgerError:
                log = None if n % 2 else log  # go on with it, or open it anew

    record = home.root / "strace"
    calls = f"trace={injection.partition(':')[0]}"
    said, status = run_traced(act, record, ["-e", calls, "-e", f"inject={injection}"])
    home.note(said)
    struck = "INJECTED" in record.read_text() or os.WIFSIGNALED(status)
    assert struck or said.count("common") == GROUPS
    return struck
