"""`firsthand log fsck`: clean after honest work; one changed byte anywhere is found and named."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.home import open_home
from api.services import Services
from tests import media
from verifier.media.sandbox import Sandbox

from .command import flip, main

ENTRIES = 6
_EVERY = 61  # bytes: with the first and the last of each file, enough to meet every field


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """Return a home with entries of every kind that the command line makes: copy it."""
    folder = tmp_path_factory.mktemp("kept")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    photograph = media.photograph(folder)
    edited = media.convert(photograph, folder / "edited.png")
    for call in (
        ("sign", photograph, "--title", "A rocket"),
        ("sign", edited, "--parent", folder / "photograph.signed.jpg"),
        ("log", "correct", "0", "--note", "In Florida."),
        ("log", "withdraw", "1", "--reason", "A mistake."),
        ("log", "revoke", "0", "--since", "2120-01-01", "--reason", "Retired."),
    ):
        assert main(home, *call).code == 0
    for name in ("ledger.sqlite", "private.sqlite"):  # so that the file alone holds everything
        with closing(sqlite3.connect(home / name)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


@pytest.fixture
def damaged(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "damaged"))


def _fsck(home: Path) -> list[dict[str, Any]]:
    """Return the differences of a damaged home, each of which names a place and says what."""
    ran = main(home, "log", "fsck", "--json")
    found = ran.objects
    assert (ran.code, bool(found)) == (1, True), ran
    assert all(each["where"] and each["sentence"] for each in found)
    assert "nothing was changed" in ran.err
    return found


def test_what_honest_work_left_is_clean(damaged: Path) -> None:
    ran = main(damaged, "log", "fsck")
    said = f"Tree size {ENTRIES}: every entry, tile, row and proof is as it should be.\n"
    assert (ran.code, ran.out, ran.err) == (0, "", said)


def _public(home: Path) -> list[str]:
    files = (path.relative_to(home / "log") for path in sorted((home / "log").rglob("*")))
    return [str(p) for p in files if (home / "log" / p).is_file() and ".tmp" not in p.parts]


def test_one_changed_byte_in_any_public_file_is_named_with_the_file(damaged: Path) -> None:
    names = _public(damaged)
    assert {"checkpoint"} < set(names)
    assert len(names) >= 3
    for name in names:
        path = damaged / "log" / name
        whole = path.read_bytes()
        for at in sorted({0, len(whole) - 1, *range(0, len(whole), _EVERY)}):
            flip(path, at)
            assert name in {each["where"] for each in _fsck(damaged)}, (name, at)
            path.write_bytes(whole)


def test_a_changed_entry_is_named_by_its_index(damaged: Path) -> None:
    name = f"tile/entries/000.p/{ENTRIES}"
    path = damaged / "log" / name
    whole, at = path.read_bytes(), 0
    for index in range(ENTRIES):
        size = int.from_bytes(whole[at : at + 2])
        flip(path, at + 2 + size // 2)
        [found] = _fsck(damaged)
        assert (found["where"], found["entry"]) == (name, index)
        path.write_bytes(whole)
        at += 2 + size


def test_a_missing_or_a_strange_public_file_is_named(damaged: Path) -> None:
    for name in ("checkpoint", f"tile/entries/000.p/{ENTRIES}", f"tile/0/000.p/{ENTRIES}"):
        path = damaged / "log" / name
        whole = path.read_bytes()
        path.unlink()
        assert name in {each["where"] for each in _fsck(damaged)}
        path.write_bytes(whole)
    stranger = damaged / "log" / "tile" / "0" / "stranger"
    stranger.write_text("x")
    assert [each["where"] for each in _fsck(damaged)] == ["tile/0/stranger"]


def _cells(home: Path, name: str) -> Iterator[tuple[str, str, int, object]]:
    """Yield every value of every row of a database: table, column, rowid, value."""
    with closing(sqlite3.connect(home / name)) as database:
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            for row in database.execute(f"SELECT rowid, * FROM {table}").fetchall():  # noqa: S608  # names of its own
                yield from ((table, c, row[0], v) for c, v in zip(columns, row[1:], strict=True))


def _changed(value: object) -> object:
    if isinstance(value, bytes):
        middle = len(value) // 2
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
    if isinstance(value, str):
        return chr(ord(value[0]) ^ 1) + value[1:]
    assert isinstance(value, int)
    return value ^ 1


def _write(home: Path, name: str, cell: tuple[str, str, int, object], value: object) -> bool:
    """Put another value into a cell; return whether the database's own rules allow it."""
    table, column, rowid, _ = cell
    with closing(sqlite3.connect(home / name)) as database, database:
        try:
            database.execute(
                f"UPDATE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608  # names of its own
                (value, rowid),
            )
        except sqlite3.IntegrityError:
            return False
    return True


@pytest.mark.parametrize("name", ["ledger.sqlite", "private.sqlite"])
def test_one_changed_value_in_any_row_is_named_with_the_row(
    kept: Path, tmp_path: Path, name: str
) -> None:
    tables = set()
    for number, cell in enumerate(_cells(kept, name)):
        table, column, _, value = cell
        if value is None:
            continue
        home = Path(shutil.copytree(kept, tmp_path / str(number)))
        if not _write(home, name, cell, _changed(value)):
            continue
        found = _fsck(home)
        named = [f"{each['where']} {each['sentence']}" for each in found]
        assert any("row" in each or name in each for each in named), (cell, named)
        if table == "private_records":
            index = _index_of(kept, cell)
            assert index in {each["entry"] for each in found}, (cell, found)
        tables.add((table, column))
        shutil.rmtree(home)
    if name == "private.sqlite":
        assert {table for table, _ in tables} >= {"subjects", "private_records", "followed"}
    assert len(tables) >= 4


def _index_of(home: Path, cell: tuple[str, str, int, object]) -> int:
    with closing(sqlite3.connect(home / "private.sqlite")) as database:
        query = "SELECT entry_index FROM private_records WHERE rowid = ?"
        [[index]] = database.execute(query, (cell[2],)).fetchall()
    return int(index)


@pytest.mark.parametrize("table", ["subjects", "private_records", "followed"])
def test_a_deleted_row_of_the_private_store_is_found(damaged: Path, table: str) -> None:
    with closing(sqlite3.connect(damaged / "private.sqlite")) as database, database:
        database.execute(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")  # noqa: S608
    if table == "followed":
        assert main(damaged, "log", "fsck").code == 1
    else:
        assert 0 in {each["entry"] for each in _fsck(damaged)}


@pytest.mark.parametrize("name", ["ledger.sqlite", "private.sqlite"])
def test_bytes_changed_under_a_database_never_end_in_a_traceback(damaged: Path, name: str) -> None:
    """What lies in no row (free pages, headers) may change nothing; it must not crash anything."""
    path = damaged / name
    whole = path.read_bytes()
    codes = set()
    for at in range(0, len(whole), 1499):
        path.write_bytes(whole)
        for end in ("-wal", "-shm"):
            path.with_name(name + end).unlink(missing_ok=True)
        flip(path, at)
        codes.add(main(damaged, "log", "fsck").code)
    assert 1 in codes
    assert codes <= {0, 1, 2, 4}


def test_damage_in_several_places_is_all_named(damaged: Path, sandbox: Sandbox) -> None:
    bundle = f"tile/entries/000.p/{ENTRIES}"
    flip(damaged / "log" / bundle)
    flip(damaged / "log" / "checkpoint", 0)
    with closing(sqlite3.connect(damaged / "private.sqlite")) as database, database:
        database.execute("UPDATE followed SET size = size + 1")
    where = [each.where for each in Services(open_home(damaged), sandbox).fsck()]
    assert {"checkpoint", bundle} <= set(where)
    assert any("private" in each or "followed" in each for each in where)


def test_what_a_mirror_healed_and_what_it_could_not_are_told_apart(
    kept: Path, damaged: Path
) -> None:
    bundle = f"tile/entries/000.p/{ENTRIES}"
    flip(damaged / "log" / bundle)
    with closing(sqlite3.connect(damaged / "private.sqlite")) as database, database:
        database.execute("UPDATE followed SET size = size + 1")
    ran = main(damaged, "log", "fsck", "--repair-from", kept / "log")
    assert ran.code == 1
    healed, left = ran.out.splitlines()
    assert healed == f"{bundle} is healed"
    assert left.startswith("followed row")
    assert "1 difference; the mirror healed no more." in ran.err
    assert (damaged / "log" / bundle).read_bytes() == (kept / "log" / bundle).read_bytes()
