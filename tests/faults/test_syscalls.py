"""Every system call that writes fails, or is the last: by strace, in SQLite and the folder."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ledger.settle
from ledger.errors import LedgerError
from tests.ledger.appender import open_log

from .conftest import Count
from .drill import RUNS, SEED, Home, append_group, fork, read_all

CALLS = ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "unlink", "close"]
EFFECTS = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"]
GROUPS = 6
STRIDE = max(12 // RUNS, 1)  # every call in `make test-faults`, one in twelve in `make test`


def _can_trace() -> bool:
    strace = shutil.which("strace")
    return (
        strace is not None and subprocess.run([strace, "true"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not _can_trace(), reason="strace is not here, or may not trace")
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("call", CALLS)
def test_each_call_failing_loses_nothing(
    tmp_path: Path, count: Count, call: str, effect: str
) -> None:
    first = random.Random(SEED).randrange(1, STRIDE + 1)
    runs = 0
    for number in range(first, 10_000, STRIDE):
        root = tmp_path / str(number)
        root.mkdir()
        home = Home(root)
        home.check()
        struck = _append_traced(home, f"{call}:{effect}:when={number}")
        home.check()
        shutil.rmtree(root)
        if not struck:
            break
        runs += 1
    count(f"{call}: {effect.partition('=')[2]} at each call", runs)


def _append_traced(home: Home, injection: str) -> bool:
    """Append some groups while a fault is injected; return whether it came to that call."""
    go, start = os.pipe()

    def act(out: int) -> None:
        ledger.settle._FILES, ledger.settle._LIMIT = 8, 0
        os.read(go, 1)
        chance = random.Random(SEED)
        log = None
        for n in range(GROUPS):
            try:
                log = log or open_log(home.root)
                append_group(log, "traced", n, chance, out)
            except LedgerError:
                log = None if n % 2 else log  # go on with it, or open it anew

    child, reader = fork(act)
    record = home.root / "strace"
    command: list[str | Path] = ["strace", "-f", "-qq", "-o", record, "-p", str(child)]
    tracer = subprocess.Popen(
        [*command, "-e", f"trace={injection.partition(':')[0]}", "-e", f"inject={injection}"],
        stderr=subprocess.PIPE,
    )
    _wait_until_traced(child)
    os.write(start, b".")
    os.close(start)
    os.close(go)
    _, status = os.waitpid(child, 0)
    tracer.communicate()
    said = read_all(reader)
    home.note(said)
    struck = "INJECTED" in record.read_text() or os.WIFSIGNALED(status)
    assert struck or said.count("common") == GROUPS
    return struck


def _wait_until_traced(child: int) -> None:
    for _ in range(100_000):
        if "TracerPid:\t0\n" not in Path(f"/proc/{child}/status").read_text():
            return
        os.sched_yield()
    sys.exit("strace did not attach")
