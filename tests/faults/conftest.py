"""Counts the drills, and prints the table that docs/reliability.md shows."""

from collections import Counter
from collections.abc import Callable

import pytest

Count = Callable[[str, int], None]
_RUNS: Counter[str] = Counter()


@pytest.fixture
def count() -> Count:
    """Note that a fault was survived so many times; a drill that loses anything fails before."""

    def add(fault: str, runs: int) -> None:
        _RUNS[fault] += runs

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the faults of this run."""
    if _RUNS:
        terminalreporter.section("faults survived")
        for fault, runs in _RUNS.items():
            terminalreporter.write_line(f"| {fault} | {runs} | 0 |")
