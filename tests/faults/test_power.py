"""A power cut, over the whole disk: SQLite's database and WAL, and the folder.

A real run is recorded, system call by system call (recording.py). At any moment of it the power is
cut: a disk is made up that holds what was synced, and by lot any part of what was not (disk.py). It
is opened as the next process does. The recording of that is cut next, and so on: also while
recovering. One recording gives many cuts.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine.interfaces import DBAPIConnection

from ledger.errors import LedgerError
from ledger.storage import engine, folder
from ledger.storage.folder import FolderTileStorage
from tests.ledger.appender import open_log

from .conftest import Count
from .disk import Disk
from .drill import RUNS, SEED, Home, append_group
from .recording import record
from .tracing import needs_strace

ROWS = 2  # of recordings, one of which begins where another was cut
IN_A_ROW = 3
CUTS = 8  # in a recording
GROUPS = 10

pytestmark = needs_strace


class _Lost(Exception):
    """What was found after a cut is not what was there."""


def test_a_power_cut_at_any_moment_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count
) -> None:
    _cut_rows(tmp_path, ROWS * RUNS, monkeypatch)
    count("power cut, at any moment of a recorded run", ROWS * RUNS * IN_A_ROW * CUTS)


def _fsync_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "fsync", lambda _: None)


def _sync_no_tiles(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FolderTileStorage, "sync", lambda *_: None)


def _sync_no_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FolderTileStorage, "_sync_folders", lambda *_: None)


def _sync_no_deletions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(folder, "_sync_nearest", lambda _: None)


def _set_synchronous(mode: str, patch: pytest.MonkeyPatch) -> None:
    real = engine._execute

    def execute(connection: DBAPIConnection, *statements: str) -> None:
        real(connection, *(line.replace("= FULL", f"= {mode}") for line in statements))

    patch.setattr(engine, "_execute", execute)


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(lambda patch: _set_synchronous("OFF", patch), id="SQLite syncs nothing"),
        pytest.param(lambda patch: _set_synchronous("NORMAL", patch), id="SQLite syncs later"),
        pytest.param(_fsync_nothing, id="the folder syncs nothing"),
        pytest.param(_sync_no_tiles, id="tiles are settled without a sync"),
        pytest.param(_sync_no_names, id="names are not synced"),
        pytest.param(
            _sync_no_deletions,
            id="deletions are not synced",
            marks=pytest.mark.skipif(RUNS == 1, reason="some 200 cuts: see make test-faults"),
        ),
    ],
)
def test_the_drill_finds_a_sync_that_is_missing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
) -> None:
    plant(monkeypatch)
    with pytest.raises(_Lost):
        _cut_rows(tmp_path, 100, monkeypatch)


def _cut_rows(place: Path, rows: int, patch: pytest.MonkeyPatch) -> None:
    for row in range(rows):
        _cut_in_a_row(place / str(row), random.Random(f"{SEED} {row}"), patch)
        shutil.rmtree(place / str(row))


def _cut_in_a_row(place: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    home = Home(place / "0")
    home.root.mkdir(parents=True)
    for number in range(1, IN_A_ROW + 1):
        home = _record_and_cut(home, place / str(number), chance, patch)
    _check(home, "the last of a row")


def _record_and_cut(
    home: Home, next_root: Path, chance: random.Random, patch: pytest.MonkeyPatch
) -> Home:
    """Cut a run that begins in `home` here and there; return a home that one more cut left."""
    disk = Disk(home.root)
    with patch.context() as context:
        context.setattr("ledger.settle._FILES", 12)
        context.setattr("ledger.settle._LIMIT", chance.choice([0, 4]))
        context.setattr("ledger.storage.engine._WAL_PAGES", chance.choice([5, 25, 2000]))
        name = f"{next_root.name} {chance.random()}"
        steps = record(lambda out: _append(home.root, name, out), home.root.parent / "strace")
    moments = [at for at, step in enumerate(steps) if step.call not in ("openat", "mmap", "close")]
    *cuts, last = chance.choices(moments, k=CUTS + 1)
    for at, step in enumerate(steps):
        disk.apply(step)
        for _ in range(cuts.count(at)):
            cut = _make_up(home, disk, home.root.parent / "cut", chance)
            _check(cut, f"after step {at} of {len(steps)}, {step.call}")
            shutil.rmtree(home.root.parent / "cut")
        if at == last:
            after = _make_up(home, disk, next_root, chance)
    disk.check()
    return after


def _check(home: Home, cut: str) -> None:
    try:
        home.check()
    except (AssertionError, LedgerError) as problem:
        raise _Lost(f"{home.root}, {cut}") from problem


def _append(root: Path, name: str, out: int) -> None:
    """Append some groups; now and then close the log, and open it again."""
    chance = random.Random(name)
    log = open_log(root)
    for n in range(GROUPS):
        os.write(out, append_group(log, name, n, chance).encode())
        if chance.random() < 0.15:
            log._settler.finish()
            log._storage.close()
            log = open_log(root)
    log._settler.finish()


def _make_up(home: Home, disk: Disk, root: Path, chance: random.Random) -> Home:
    """Make up a home after a cut, of which what was read and said before is known."""
    after = Home(root, {**home.acknowledged}, home.seen)
    after.note(disk.said.decode())
    note = disk.read("log/checkpoint")
    if note is not None:
        after.see(note)
    disk.make_up(root, chance)
    return after
