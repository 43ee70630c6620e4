"""What a mirror can prove is healed to the last byte, and what it cannot is left and named."""

from itertools import combinations

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.fsck import fsck
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.repair import repair
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.tile import format_tile_path, tiles_of
from tests.ledger.conftest import ORIGIN, SEED

SIGNER = Ed25519NoteSigner(ORIGIN, SEED)


def make(size: int, said: bytes = b"entry") -> MemoryTileStorage:
    tiles = MemoryTileStorage()
    log = Log(MemoryLogStorage(), tiles, SIGNER)
    log.append([b"%s %d" % (said, number) for number in range(size)])
    return tiles


def heal(tiles: MemoryTileStorage, mirror: MemoryTileStorage) -> dict[str, bool]:
    note = tiles.read("checkpoint") or b""
    checkpoint = open_checkpoint(note, SIGNER.verifier, ORIGIN)
    return {each.path: each.is_healed for each in repair(tiles, mirror, checkpoint)}


def damages(good: bytes) -> list[bytes | None]:
    return [None, b"", good[:-1], good + b"\0", good[:3] + bytes([good[3] ^ 1]) + good[4:]]


def put(tiles: MemoryTileStorage, path: str, data: bytes | None) -> None:
    tiles.delete([path])
    if data is not None:
        tiles.write({path: data})


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700])
def test_a_whole_log_needs_nothing(size: int) -> None:
    assert heal(make(size), MemoryTileStorage()) == {}


@pytest.mark.parametrize("size", [1, 256, 700, 66_000])
def test_every_damaged_file_is_healed_and_only_it(size: int) -> None:
    tiles, mirror = make(size), make(size)
    whole = {path: tiles.read(path) for path in tiles.list_paths()}
    some = [tile for number, tile in enumerate(tiles_of(size)) if size < 999 or number % 97 == 0]
    for tile in some:
        path = format_tile_path(tile)
        for wrong in damages(whole[path] or b""):
            put(tiles, path, wrong)
            assert heal(tiles, mirror) == {path: True}
            assert {path: tiles.read(path) for path in tiles.list_paths()} == whole
        if size > 999:
            break
    assert [*fsck(None, tiles, SIGNER.verifier)] == []


def test_files_damaged_together_are_healed_together() -> None:
    tiles, mirror = make(700), make(700)
    paths = [format_tile_path(tile) for tile in tiles_of(700)]
    for chosen in combinations(paths, 3):
        for path in chosen:
            put(tiles, path, None)
        assert heal(tiles, mirror) == dict.fromkeys(chosen, True)
    assert [*fsck(None, tiles, SIGNER.verifier)] == []


def test_a_mirror_that_is_ahead_heals_as_well() -> None:
    tiles, mirror = make(700), make(1_100)
    for path in [format_tile_path(tile) for tile in tiles_of(700)]:
        tiles.delete([path])
    assert set(heal(tiles, mirror).values()) == {True}
    assert [*fsck(None, tiles, SIGNER.verifier)] == []


def test_a_mirror_of_another_history_heals_nothing_and_harms_nothing() -> None:
    tiles, mirror = make(700), make(700, b"another")
    path = "tile/entries/001"
    tiles.delete([path])
    before = {path: tiles.read(path) for path in tiles.list_paths()}
    assert heal(tiles, mirror) == {path: False}
    assert {path: tiles.read(path) for path in tiles.list_paths()} == before


def test_a_tile_of_leaf_hashes_that_both_lost_is_healed_from_the_entries() -> None:
    tiles = make(700)
    whole = {path: tiles.read(path) for path in tiles.list_paths()}
    for path in ("tile/0/001", "tile/0/002.p/188"):
        tiles.delete([path])
        assert heal(tiles, MemoryTileStorage()) == {path: True}
        assert {path: tiles.read(path) for path in tiles.list_paths()} == whole


def test_what_is_damaged_in_both_is_named_and_the_rest_is_healed() -> None:
    tiles, mirror = make(700), make(700)
    for storage in (tiles, mirror):
        storage.delete(["tile/entries/000"])
    tiles.delete(["tile/entries/001", "tile/0/001"])
    assert heal(tiles, mirror) == {
        "tile/entries/000": False,
        "tile/0/001": True,
        "tile/entries/001": True,
    }
    tiles.delete(["tile/1/000.p/2"])
    mirror.delete(["tile/1/000.p/2"])
    assert heal(tiles, mirror)["tile/1/000.p/2"] is False
