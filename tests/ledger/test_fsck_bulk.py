"""In a log of many chunks one changed bit is still found and named, however many processes look."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.bulk import CHUNK, hash_chunk, hash_chunks
from ledger.fsck import fsck
from ledger.log import Log
from ledger.meaning import Meaning
from ledger.merkle import leaf_hash, subtree_root
from ledger.note import Ed25519NoteSigner
from ledger.storage.folder import FolderTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage

from .conftest import ORIGIN, SEED

SIZE = 70_000  # 17 chunks, a bundle and a partial one; two tiles of level 1
SIGNER = Ed25519NoteSigner(ORIGIN, SEED)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("home")
    storage = open_log_storage(f"sqlite:///{root}/sql")
    log = Log(storage, FolderTileStorage(root / "log"), SIGNER)
    for start in range(0, SIZE, 7_000):
        log.append([b"entry %d" % n for n in range(start, start + 7_000)])
    log._settler.finish()
    storage.close()
    return root


@pytest.fixture
def opened(home: Path, tmp_path: Path) -> tuple[SqlLogStorage, FolderTileStorage]:
    """Return a copy, to be hurt."""
    shutil.copytree(home, tmp_path / "copy")
    storage = open_log_storage(f"sqlite:///{tmp_path}/copy/sql")
    return storage, FolderTileStorage(tmp_path / "copy/log")


def _flip(tiles: FolderTileStorage, path: str, at: int) -> None:
    data = tiles.read(path)
    assert data is not None
    tiles.write({path: data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]})


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("copy", [False, True])
def test_a_whole_log_has_no_difference(
    opened: tuple[SqlLogStorage, FolderTileStorage], workers: int, *, copy: bool
) -> None:
    storage, tiles = opened
    steps: list[tuple[int, int]] = []
    found = fsck(
        None if copy else storage,
        tiles,
        SIGNER.verifier,
        progress=lambda done, size: steps.append((done, size)),
        workers=workers,
    )
    assert list(found) == []
    assert steps[0] == (CHUNK * 256, SIZE)
    assert steps[-1] == (SIZE, SIZE)


@pytest.mark.parametrize("workers", [0, 2])
def test_changed_bits_in_many_chunks_are_each_named(
    opened: tuple[SqlLogStorage, FolderTileStorage], workers: int
) -> None:
    storage, tiles = opened
    _flip(tiles, "tile/entries/003", 5)
    _flip(tiles, "tile/0/070", 32 * 9 + 1)
    _flip(tiles, "tile/1/000", 32 * 200)
    tiles.delete(["tile/entries/260"])
    found = list(fsck(storage, tiles, SIGNER.verifier, workers=workers))
    assert [(one.where, one.entry) for one in found] == [
        ("tile/entries/003", 3 * 256),
        ("tile/0/070", 70 * 256 + 9),
        ("tile/1/000", None),
        ("tile/entries/260", None),
    ]
    assert found[2].extent == (6400, 6432)


SAYS = (0, 255, 3 * 256 + 9, 5_000, 40_000, SIZE - 300, SIZE - 1)  # of which something is said


def check_entries(entries: Sequence[tuple[int, bytes]]) -> Meaning:
    assert all(entry == b"entry %d" % index for index, entry in entries)
    return Meaning([(at, f"of {at}") for at, _ in entries if at in SAYS], [])


@pytest.mark.parametrize("workers", [0, 2])
def test_what_entries_mean_is_asked_of_all_that_are_whole_and_told_in_their_order(
    opened: tuple[SqlLogStorage, FolderTileStorage], workers: int
) -> None:
    storage, tiles = opened
    _flip(tiles, "tile/entries/003", 5)
    _flip(tiles, "tile/0/019", 32 * 136)
    found = list(fsck(storage, tiles, SIGNER.verifier, check_entries, workers=workers))
    assert [(one.where, one.entry) for one in found] == [
        ("tile/entries/000", 0),
        ("tile/entries/000", 255),
        ("tile/entries/003", 3 * 256),
        ("tile/entries/003", 3 * 256 + 9),
        ("tile/entries/019", 5_000),
        ("tile/0/019", 5_000),
        ("tile/entries/156", 40_000),
        ("tile/entries/272", SIZE - 300),
        ("tile/entries/273.p/112", SIZE - 1),
    ]
    for one in found:
        if one.sentence == f"of {one.entry}":
            data = tiles.read(one.where)
            assert data is not None
            assert one.extent is not None
            assert one.entry is not None
            assert data[slice(*one.extent)] == b"entry %d" % one.entry


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE log_bucket SET leaves = x'00' WHERE slot = 300", ["bucket row 300"]),
        ("DELETE FROM log_bucket WHERE slot = 1023", ["bucket row 1023"]),
        ("UPDATE log_bucket SET slot = -1 WHERE slot = 7", ["bucket row -1", "bucket row 7"]),
        ("INSERT INTO log_bucket VALUES (1024, x'')", ["bucket row 1024"]),
    ],
)
def test_a_leaf_that_would_not_be_found_again_is_named(
    opened: tuple[SqlLogStorage, FolderTileStorage], change: str, named: list[str]
) -> None:
    storage, tiles = opened
    with storage._engine.begin() as connection:
        connection.execute(text(change))
    found = list(fsck(storage, tiles, SIGNER.verifier))
    assert [one.where for one in found] == ["database"] * len(named)
    assert [one.sentence.partition(":")[0] for one in found] == named


def test_a_changed_leaf_row_is_named_once_and_what_was_filed_with_it_stays_right(
    opened: tuple[SqlLogStorage, FolderTileStorage],
) -> None:
    storage, tiles = opened
    with storage._engine.begin() as connection:
        change = (
            "UPDATE log_leaves SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)"
            " WHERE start = 0"
        )
        connection.execute(text(change))
    named = [str(one) for one in fsck(storage, tiles, SIGNER.verifier)]
    assert named[0] == "leaf row 0, entry 0: the row holds another leaf hash"
    assert all("bucket row" in one for one in named[1:])


def test_a_chunk_is_what_its_entries_hash_to(home: Path) -> None:
    tiles = FolderTileStorage(home / "log")
    chunk = hash_chunk(tiles, None, CHUNK)
    assert chunk is not None
    leaves = [leaf_hash(b"entry %d" % n) for n in range(CHUNK * 256, 2 * CHUNK * 256)]
    assert chunk.leaves == b"".join(leaves)
    assert chunk.roots == b"".join(
        subtree_root(leaves[at : at + 256]) for at in range(0, CHUNK * 256, 256)
    )
    assert list(hash_chunks(tiles, 4, 0)) == list(hash_chunks(tiles, 4, 2))


@pytest.mark.parametrize(
    "data",
    [None, b"", b"\x00", b"\x00\x01a", b"\x00\x01a" * 255, b"\x00\x01a" * 257, b"\xff\xff" * 9],
)
def test_a_bundle_that_is_none_makes_no_chunk(home: Path, data: bytes | None) -> None:
    class Hurt(FolderTileStorage):
        def read(self, path: str) -> bytes | None:
            return data if path == "tile/entries/010" else super().read(path)

    assert hash_chunk(Hurt(home / "log"), None, 0) is None
