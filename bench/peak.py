"""The memory of a process that reads a manifest: tasks for the sandbox, of few imports."""

import resource
from collections.abc import Callable
from pathlib import Path

from verifier import _c2pa, second


def of_engine(path: str, media_type: str, trust_lists: dict[str, str]) -> list[int]:
    """Read it with the C2PA engine; return what the process held before, and at most, in bytes."""
    return _peak(lambda: _c2pa.read(path, None, media_type, trust_lists))


def of_ours(path: str, _: str, trust_lists: dict[str, str]) -> list[int]:
    """Read it ourselves; return what the process held before, and at most, in bytes."""
    return _peak(lambda: second.opine(path, None, trust_lists))


def _peak(act: Callable[[], object]) -> list[int]:
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    act()
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return [before, int(peak.split()[1]) * 1024]
