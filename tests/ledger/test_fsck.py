"""One changed byte, anywhere, is found and named; and fsck goes on to the end."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.damage import locate_in_entries
from ledger.fsck import Difference, fsck
from ledger.log import Log
from ledger.meaning import Meaning
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner
from ledger.storage.folder import FolderTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage
from ledger.tile import ENTRIES, Tile, format_entries, parse_tile_path

from .conftest import ORIGIN, SEED

SIZE = 600
LEFTOVERS = (".p/200", ".p/38", "tile/1/000.p/1")  # of earlier checkpoints: they may be gone
SIGNER = Ed25519NoteSigner(ORIGIN, SEED)


@dataclass
class Home:
    """A log of SIZE entries of 1 to 90 bytes, with partial tiles of earlier checkpoints."""

    storage: SqlLogStorage
    tiles: FolderTileStorage
    root: Path

    def differences(self, *, copy: bool = False) -> list[Difference]:
        return list(fsck(None if copy else self.storage, self.tiles, SIGNER.verifier))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.storage._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def execute(self, statement: str, **values: object) -> None:
        with self.storage._engine.begin() as connection:
            connection.execute(text(statement), values)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("home")
    storage = open_log_storage(f"sqlite:///{root}/sql")
    tiles = FolderTileStorage(root / "log")
    log = Log(storage, tiles, SIGNER)
    sizes = [1 + n * 7 % 90 for n in range(SIZE)]
    entries = [(b"%d " % n * 30)[: max(size, 4)] for n, size in enumerate(sizes)]
    for start, stop in ((0, 200), (200, 256), (256, 550), (550, SIZE)):
        log.append(entries[start:stop])
    home = Home(storage, tiles, root)
    # What a kill between publishing and tidying leaves: a narrower tile beside the full one.
    full = tiles.read("tile/0/000")
    assert full is not None
    tiles.write({"tile/0/000.p/200": full[: 200 * 32]})
    tiles.write({"tile/entries/000.p/200": format_entries(entries[:200])})
    assert home.differences() == []
    assert home.differences(copy=True) == []
    return home


def _flips(data: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield some places, the first and the last among them, and the bytes with a bit flipped."""
    for step in range(count):
        at = step * (len(data) - 1) // max(count - 1, 1)
        yield at, data[:at] + bytes([data[at] ^ (1 << (at * 5 + step) % 8)]) + data[at + 1 :]


@pytest.mark.parametrize("copy", [False, True])
def test_one_changed_bit_in_any_file_is_named_with_its_entry_and_bytes(
    home: Home, *, copy: bool
) -> None:
    """With the database beside it, and from a copy of the folder alone."""
    paths = sorted(home.tiles.list_paths())
    assert len(paths) > 10
    for path in paths:
        good = home.tiles.read(path)
        assert good is not None
        for at, changed in _flips(good, 40):
            home.tiles.write({path: changed})
            [difference] = home.differences(copy=copy)
            assert difference.where == path
            if path != "checkpoint":
                _check_place(parse_tile_path(path), good, at, difference)
        home.tiles.write({path: good})
    assert home.differences() == []


def _check_place(tile: Tile, good: bytes, at: int, difference: Difference) -> None:
    assert difference.extent is not None
    start, stop = difference.extent
    assert start <= at < stop, f"byte {at} of {tile} is not in {difference}"
    if tile.level == ENTRIES:
        number, place = 0, 0
        while place + 2 + int.from_bytes(good[place : place + 2], "big") <= at:
            place += 2 + int.from_bytes(good[place : place + 2], "big")
            number += 1
        assert difference.entry == tile.index * 256 + number
        assert stop - start < 100
    else:
        assert (start, stop) == (at // 32 * 32, at // 32 * 32 + 32)
        assert difference.entry == (tile.index * 256 + at // 32 if tile.level == 0 else None)


@pytest.mark.parametrize(
    ("table", "key", "column", "where"),
    [
        ("log_leaves", "start", "hashes", "leaf row {}"),
        ("log_staged", "start", "entries", "staged row {}"),
        ("log_checkpoint", "id", "note", "checkpoint row"),
    ],
)
def test_one_changed_bit_in_any_row_is_named(
    home: Home, table: str, key: str, column: str, where: str
) -> None:
    rows = home.rows(f"SELECT {key}, {column} FROM {table} ORDER BY {key}")  # noqa: S608 (our names)
    assert rows
    statement = f"UPDATE {table} SET {column} = :value WHERE {key} = :key"  # noqa: S608 (our names)
    for number, value in rows[:: max(1, len(rows) // 40)] + rows[-1:]:
        assert isinstance(value, bytes)
        assert isinstance(number, int)
        for at, changed in _flips(value, 2 if len(rows) > 1 else 80):
            home.execute(statement, key=number, value=changed)
            [difference] = home.differences()
            named = number + at // 32 if table == "log_leaves" else number
            assert difference.where == where.format(named)
            if table == "log_leaves":
                assert difference.entry == number + at // 32
            if table == "log_staged":
                assert difference.extent is not None
                assert difference.extent[0] <= at < difference.extent[1]
        home.execute(statement, key=number, value=value)
    assert home.differences() == []


def test_missing_files_and_rows_and_those_too_many_are_named(home: Home) -> None:
    for path in sorted(home.tiles.list_paths()):
        good = home.tiles.read(path)
        assert good is not None
        home.tiles.delete([path])
        expected = [] if path.endswith(LEFTOVERS) else [path]
        assert [difference.where for difference in home.differences()] == expected
        for changed in (good + b"\x00", good[:-1]):
            home.tiles.write({path: changed})
            assert {difference.where for difference in home.differences()} == {path}
        home.tiles.write({path: good})
    for path in ("tile/0/003", "tile/0/002.p/99", "tile/3/000.p/1", "tile/0/01", "index.html"):
        home.tiles.write({path: bytes(32)})
        assert [difference.where for difference in home.differences()] == [path]
        home.tiles.delete([path])
    for change, named in (
        ("DELETE FROM log_leaves WHERE start = 200", range(200, 256)),
        ("UPDATE log_leaves SET hashes = substr(hashes, 1, 64) WHERE start = 200", range(202, 256)),
        ("UPDATE log_leaves SET start = 201 WHERE start = 200", range(200, 256)),
        ("INSERT INTO log_leaves SELECT 600, hashes FROM log_leaves WHERE start = 200", [600]),
        (
            "INSERT INTO log_leaves SELECT 1 << 40, hashes FROM log_leaves WHERE start = 0",
            [1 << 40],
        ),
        ("INSERT INTO log_leaves SELECT -9, substr(hashes, 1, 64) FROM log_leaves", [-9]),
    ):
        good_rows = home.rows("SELECT start, hashes FROM log_leaves")
        home.execute(change + (" WHERE start = 0" if change.endswith("log_leaves") else ""))
        assert [d.where for d in home.differences()] == [f"leaf row {index}" for index in named]
        home.execute("DELETE FROM log_leaves")
        for start, hashes in good_rows:
            home.execute("INSERT INTO log_leaves VALUES (:s, :h)", s=start, h=hashes)
    assert home.differences() == []


def test_it_goes_on_and_names_every_one_of_many_differences(home: Home) -> None:
    bundle, tile = home.tiles.read("tile/entries/001"), home.tiles.read("tile/0/000")
    above = home.tiles.read("tile/1/000.p/2")
    assert bundle
    assert tile
    assert above
    home.tiles.write({"tile/entries/001": bundle[:2] + b"?" + bundle[3:-1] + b"?"})
    home.tiles.write({"tile/0/000": bytes(32) + tile[32:-32] + bytes(32)})
    home.tiles.write({"tile/1/000.p/2": above[:32] + bytes(32)})
    [(leaves,)] = home.rows("SELECT hashes FROM log_leaves WHERE start = 550")
    assert isinstance(leaves, bytes)
    changed = leaves[:-32] + bytes(32)
    home.execute("UPDATE log_leaves SET hashes = :leaves WHERE start = 550", leaves=changed)
    named = [(difference.where, difference.entry) for difference in home.differences()]
    home.execute("UPDATE log_leaves SET hashes = :leaves WHERE start = 550", leaves=leaves)
    home.tiles.write({"tile/entries/001": bundle, "tile/0/000": tile, "tile/1/000.p/2": above})
    assert sorted(named, key=str) == sorted(
        [
            ("tile/entries/001", 256),
            ("tile/entries/001", 511),
            ("tile/0/000", 0),
            ("tile/0/000", 255),
            ("tile/1/000.p/2", None),
            ("leaf row 599", 599),
        ],
        key=str,
    )
    assert home.differences() == []


def test_a_signed_root_that_is_not_that_of_the_entries_is_named(home: Home) -> None:
    """What a log that lies would sign: every hash agrees, only the signature is over another."""
    good = home.tiles.read("checkpoint")
    assert good is not None
    lie = sign_checkpoint(Checkpoint(ORIGIN, SIZE, bytes(32)), SIGNER)
    home.tiles.write({"checkpoint": lie})
    alone = home.differences(copy=True)
    both = home.differences()
    home.tiles.write({"checkpoint": good})
    assert [difference.where for difference in alone] == ["checkpoint"]
    assert "two trees of the same size" in both[0].sentence
    assert {difference.where for difference in both} == {"checkpoint"}


def test_an_older_database_and_an_older_publication_are_told_apart(home: Home) -> None:
    log = Log(home.storage, home.tiles, SIGNER)
    earlier = sign_checkpoint(Checkpoint(ORIGIN, 550, log.root_hash(550)), SIGNER)
    note = log.checkpoint()
    home.execute("UPDATE log_checkpoint SET note = :note", note=earlier)
    assert any("old copy" in difference.sentence for difference in home.differences())
    home.execute("UPDATE log_checkpoint SET note = :note", note=note)
    home.tiles.write({"checkpoint": earlier})
    [difference] = home.differences()
    assert "opening the log finishes it" in difference.sentence
    Log(home.storage, home.tiles, SIGNER)
    assert home.tiles.read("checkpoint") == note
    assert home.differences() == []


def test_without_any_checkpoint_it_still_checks_everything_else(home: Home) -> None:
    checkpoint, bundle = home.tiles.read("checkpoint"), home.tiles.read("tile/entries/001")
    assert checkpoint
    assert bundle
    home.tiles.delete(["checkpoint"])
    home.tiles.write({"tile/entries/001": bundle[:-1] + b"?"})
    named = [difference.where for difference in home.differences(copy=True)]
    home.tiles.write({"checkpoint": checkpoint, "tile/entries/001": bundle})
    assert named == ["checkpoint", "tile/entries/001"]


def test_what_an_entry_says_is_the_caller_s_to_check(home: Home) -> None:
    seen: list[int] = []
    steps: list[tuple[int, int]] = []

    def check_entries(entries: Sequence[tuple[int, bytes]]) -> Meaning:
        seen.extend(index for index, _ in entries)
        assert all(entry.startswith(b"%d " % index) for index, entry in entries)
        return Meaning([(at, "it says nothing") for at, _ in entries if at in (3, 300)], [])

    found = fsck(
        home.storage,
        home.tiles,
        SIGNER.verifier,
        check_entries,
        lambda done, size: steps.append((done, size)),
    )
    named = [(difference.where, difference.entry) for difference in found]
    assert named == [("tile/entries/000", 3), ("tile/entries/001", 300)]
    assert seen == list(range(SIZE))
    assert steps == [(256, SIZE), (512, SIZE), (600, SIZE)]


def test_a_difference_reads_as_one_line() -> None:
    difference = Difference("tile/0/000", "the hash was changed", 41, (1312, 1344))
    assert str(difference) == "tile/0/000, entry 41, bytes 1312 to 1344: the hash was changed"


def _entries(count: int) -> list[bytes]:
    return [b"entry number %d" % n for n in range(count)]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda data: data, []),
        (lambda data: data[:17], [(1, 16, 17), (2, 17, 17), (3, 17, 17)]),
        (lambda data: data + b"more", [(None, 64, 68)]),
        (lambda data: data[:32] + data[48:], [(2, 34, 48), (3, 48, 48)]),
        (lambda data: b"\xff\xff" + bytes(14) + data[16:], [(0, 0, 16)]),
        (lambda data: b"\x00\x00" + data[2:], [(0, 0, 2)]),
        (lambda data: data[:48] + b"\x00\x0d" + data[50:], [(3, 48, 50)]),
        (lambda _: b"", [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]),
    ],
)
def test_after_a_changed_length_the_next_entries_are_found_again(
    change: Callable[[bytes], bytes], named: list[tuple[int | None, int, int]]
) -> None:
    entries = _entries(4)
    leaves = [leaf_hash(entry) for entry in entries]
    found = locate_in_entries(change(format_entries(entries)), leaves)
    assert [(damage.number, damage.start, damage.stop) for damage in found] == named


def test_a_bundle_of_noise_is_judged_to_its_end() -> None:
    leaves = [leaf_hash(entry) for entry in _entries(5)]
    for size in (1, 2, 3, 100, 5000):
        found = list(locate_in_entries(os.urandom(size), leaves))
        assert {damage.number for damage in found} >= set(range(5))
