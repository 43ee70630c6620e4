"""Counts the drills, and prints the table that docs/reliability.md shows."""

from collections import Counter
from collections.abc import Callable

import pytest

from .drill import RUNS, SEED

Count = Callable[[str, int], None]
_KEY = "fault"


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """Note that a fault was survived so many times; a drill that loses anything fails before."""

    def add(fault: str, runs: int) -> None:
        assert runs, f"{fault}: it never came to that"
        request.node.user_properties.append((_KEY, (fault, runs)))  # reaches xdist's controller

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the faults of this run as a table."""
    runs: Counter[str] = Counter()
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" and "tests/faults/" in report.nodeid
    ]
    for report in sorted(reports, key=lambda report: (report.location[:2], report.nodeid)):
        for key, value in report.user_properties:
            if key == _KEY:
                runs[value[0]] += value[1]
    if not runs:
        return
    terminalreporter.section(f"faults, FIRSTHAND_FAULT_RUNS={RUNS} FIRSTHAND_FAULT_SEED={SEED}")
    terminalreporter.write_line("| fault | runs | losses |\n| --- | ---: | ---: |")
    for fault, number in runs.items():
        terminalreporter.write_line(f"| {fault} | {number} | 0 |")
    for report in reports:
        if report.failed:
            terminalreporter.write_line(f"| {report.nodeid} | | see above |")
