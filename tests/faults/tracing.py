"""A child process under strace: to make its system calls fail, or to record them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from .drill import fork, read_all


def _can_trace() -> bool:
    strace = shutil.which("strace")
    return (
        strace is not None and subprocess.run([strace, "true"], capture_output=True).returncode == 0
    )


needs_strace = pytest.mark.skipif(not _can_trace(), reason="strace is not here, or may not trace")


def run_traced(act: Callable[[int], None], record: Path, options: Sequence[str]) -> tuple[str, int]:
    """Do `act(out)` in a child under strace, which writes to the file `record`.

    Return what the child wrote to `out`, and its status as `os.waitpid` gives it.
    """
    go, start = os.pipe()
    waits, waiting = os.pipe()

    def wait_and_act(out: int) -> None:
        os.write(waiting, b".")
        os.read(go, 1)
        act(out)

    child, reader = fork(wait_and_act)
    os.read(waits, 1)  # else a call of the fork itself might be the one that fails
    command: list[str | Path] = ["strace", "-f", "-qq", "-o", record, "-p", str(child), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as tracer:
        _wait_until_traced(child)
        os.write(start, b".")
        for end in (start, go, waits, waiting):
            os.close(end)
        said = read_all(reader)
        _, status = os.waitpid(child, 0)
        tracer.communicate()
    return said, status


def _wait_until_traced(child: int) -> None:
    for _ in range(100_000):
        if "TracerPid:\t0\n" not in Path(f"/proc/{child}/status").read_text():
            return
        os.sched_yield()
    sys.exit("strace did not attach")
