"""A power cut: what was not synced may be there, torn, empty, or as it was before.

The real folder storage runs; what it syncs is noted, file by file and folder by folder. At the cut
a disk is made up that holds what was synced, and by lot any part of what was not. SQLite's own
pages are left to SQLite, whose commits wait for the disk.
"""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.ledger.appender import open_log

from .conftest import Count
from .drill import RUNS, SEED, Home, append_group

CUTS = 6
IN_A_ROW = 3


class _Cut(BaseException):
    """The power is gone: nothing may handle it."""


class Disk:
    """Notes what of a folder was synced; cuts the power at its call number `at`.

    What is there in the beginning is there for sure. A file has a number of its own, as inodes are
    used again.
    """

    def __init__(self, root: Path, at: int) -> None:
        self._root = root
        self._at = at
        self._calls = 0
        self._files: dict[int, int] = {}  # the number of the file that an inode is now
        self._synced: dict[int, bytes] = {}  # what each file has for sure
        self._written: dict[int, bytes] = {}  # what each file should have
        self._names: dict[Path, dict[str, int]] = {}  # what each folder has for sure
        if root.exists():
            self._note_all(root)

    def _note_all(self, folder: Path) -> None:
        for child in folder.iterdir():
            if child.is_dir():
                self._note_all(child)
            else:
                self._note_file(child, child.read_bytes(), synced=True)
        self._note_folder(folder)

    @contextmanager
    def watch(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        fsync, replace = os.fsync, os.replace
        synced: dict[int, bytes] = {}  # files that have no name in the log yet

        def noted_fsync(descriptor: int) -> None:
            self._strike()
            fsync(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            if path.is_dir():
                self._note_folder(path)
            elif path.parent.name == ".tmp":
                synced[path.stat().st_ino] = path.read_bytes()
            else:
                self._synced[self._files[path.stat().st_ino]] = path.read_bytes()

        def noted_replace(source: Path | str, target: Path | str) -> None:
            self._strike()
            source, target = Path(source), Path(target)
            data, inode = source.read_bytes(), source.stat().st_ino
            replace(source, target)  # raises where the folder is still to be made
            self._note_file(target, data, synced=synced.pop(inode, None) == data)

        with patch.context() as context:
            context.setattr(os, "fsync", noted_fsync)
            context.setattr(os, "replace", noted_replace)
            yield

    def _strike(self) -> None:
        self._calls += 1
        if self._calls > self._at:
            raise _Cut

    def _note_file(self, path: Path, data: bytes, *, synced: bool) -> None:
        number = len(self._written)
        self._files[path.stat().st_ino] = number
        self._written[number] = data
        if synced:
            self._synced[number] = data

    def _note_folder(self, folder: Path) -> None:
        self._names[folder] = self._names_in(folder)

    def _names_in(self, folder: Path) -> dict[str, int]:
        """Return the number of each file; of a folder, and of what the log does not see, -1."""
        children = {child: child.stat().st_ino for child in folder.iterdir()}
        return {
            child.name: -1 if child.is_dir() else self._files.get(inode, -1)
            for child, inode in children.items()
        }

    def restore(self, target: Path, chance: random.Random) -> None:
        """Make up the disk as it may be after the cut."""
        self._restore(self._root, target, chance)

    def _restore(self, folder: Path, target: Path, chance: random.Random) -> None:
        target.mkdir()
        sure, now = self._names.get(folder, {}), self._names_in(folder)
        for name in sorted(sure.keys() | now.keys()):
            number = chance.choice([sure.get(name), now.get(name)])
            if number is None:
                continue
            if number >= 0:
                (target / name).write_bytes(self._content(number, chance))
            elif (folder / name).is_dir():
                self._restore(folder / name, target / name, chance)

    def _content(self, number: int, chance: random.Random) -> bytes:
        if number in self._synced:
            return self._synced[number]
        whole = self._written[number]
        torn = whole[: chance.randrange(len(whole) + 1)]
        return chance.choice([whole, b"", bytes(len(whole)), torn])


def test_a_power_cut_at_any_moment_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count
) -> None:
    monkeypatch.setattr("ledger.settle._FILES", 12)
    monkeypatch.setattr("ledger.settle._LIMIT", 0)
    for run in range(CUTS * RUNS):
        root = tmp_path / str(run)
        root.mkdir()
        _cut_one(root, random.Random(SEED + run), monkeypatch)
        shutil.rmtree(root)
    count("power cut, unsynced files and names dropped or torn", CUTS * RUNS * IN_A_ROW)


def _cut_one(root: Path, chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    home = Home(root)
    for cut in range(IN_A_ROW):  # one after the other: also in the middle of recovering
        disk = Disk(root / "log", chance.randrange(10, 120))
        reader, writer = os.pipe()
        with disk.watch(patch), suppress(_Cut):
            log = open_log(root)
            for n in range(1000):
                append_group(log, f"cut{cut}", n, chance, writer)
                home.note(os.read(reader, 1 << 16).decode())
        os.close(reader)
        os.close(writer)
        disk.restore(root / "after", chance)
        shutil.rmtree(root / "log")
        (root / "after").rename(root / "log")
    home.check()
