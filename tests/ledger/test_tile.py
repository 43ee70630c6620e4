"""Coordinates, paths and bytes of tiles are those of c2sp.org/tlog-tiles."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, StorageError
from ledger.integrate import (
    Edge,
    encode_entries,
    extend,
    extend_leaves,
    read_edge,
    tile_files,
    tile_root,
    tiles_between,
)
from ledger.merkle import leaf_hash, prove_inclusion, root_hash, subtree_root, verify_inclusion
from ledger.storage.memory import MemoryTileStorage
from ledger.tile import (
    ENTRIES,
    Tile,
    TileHashReader,
    format_entries,
    format_hashes,
    format_tile_path,
    parse_entries,
    parse_hashes,
    parse_tile_path,
    tile_at,
    tiles_of,
)
from tests import reference_merkle as reference

any_tile = st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, 1 << 62), st.integers(1, 256))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),  # the specification's own example
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 0), "tile/63/000"),
        (Tile(ENTRIES, 999, 255), "tile/entries/999.p/255"),
        (Tile(ENTRIES, 1000), "tile/entries/x001/000"),
    ],
)
def test_a_tile_is_where_the_specification_puts_it(tile: Tile, path: str) -> None:
    assert format_tile_path(tile) == path
    assert parse_tile_path(path) == tile


@given(any_tile)
def test_every_path_reads_back(tile: Tile) -> None:
    assert parse_tile_path(format_tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000"),
        *("tile/64/000", "tile/00/000", "tile/-1/000", "tile/+1/000", "tile/entry/000"),
        *("tile/0/x000/001", "tile/0/x1/001", "tile/0/001/001", "tile/0/X001/001"),
        *("tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p"),
        *("/tile/0/000", "tile/0/000/", "tile/0/000\n", "tile//0/000", "tile/0/../0/000"),
        *("tile/0/\u0661\u0662\u0663", "tile/0/000.p/\u0661", "tile/0/000.P/1", "tile/0/000.p/1 "),
    ],
)
def test_any_other_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(FormatError):
        parse_tile_path(path)


@given(any_tile, st.data())
def test_a_changed_character_names_another_tile_or_nothing(tile: Tile, data: st.DataObject) -> None:
    path = format_tile_path(tile)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = path[:at] + data.draw(st.characters()) + path[at + 1 :]
    try:
        read = parse_tile_path(changed)
    except FormatError:
        return
    assert format_tile_path(read) == changed
    assert (read == tile) == (changed == path)


def test_seventy_thousand_entries_have_the_specification_s_tiles() -> None:
    tiles = list(tiles_of(70_000))
    full = Counter(tile.level for tile in tiles if tile.is_full)
    partial = {tile.level: tile.width for tile in tiles if not tile.is_full}
    assert full == {ENTRIES: 273, 0: 273, 1: 1}
    assert partial == {ENTRIES: 112, 0: 112, 1: 17, 2: 1}


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    expected = [Tile(ENTRIES, 0), Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(256)) == expected


def test_an_empty_tree_has_no_tiles() -> None:
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize(
    ("level", "index", "width"), [(64, 0, 1), (-2, 0, 1), (0, -1, 1), (0, 0, 0)]
)
def test_coordinates_that_no_tree_has_are_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(FormatError):
        Tile(level, index, width)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entry_bundles_read_back(entries: list[bytes]) -> None:
    assert parse_entries(format_entries(entries)) == entries


@given(st.binary(max_size=200))
def test_an_entry_bundle_has_one_spelling(data: bytes) -> None:
    try:
        entries = parse_entries(data)
    except FormatError:
        return
    assert format_entries(entries) == data


def test_an_entry_bundle_cut_short_anywhere_holds_fewer_entries_or_none() -> None:
    data = format_entries([b"one", b"", b"three"])
    for stop in range(len(data)):
        if stop not in (0, 5, 7):
            with pytest.raises(FormatError, match="cut short"):
                parse_entries(data[:stop])


def test_an_entry_of_65536_bytes_does_not_fit() -> None:
    assert len(format_entries([bytes(65_535)])) == 65_537
    with pytest.raises(FormatError):
        format_entries([bytes(65_536)])


def test_a_tile_is_whole_hashes() -> None:
    hashes = [bytes([n]) * 32 for n in range(256)]
    assert len(format_hashes(hashes)) == 8192
    assert parse_hashes(format_hashes(hashes)) == hashes
    with pytest.raises(FormatError):
        parse_hashes(bytes(33))


def _extend(edge: Edge, entries: list[bytes]) -> tuple[Edge, dict[Tile, bytes]]:
    hashes = b"".join(map(leaf_hash, entries))
    return extend(edge, encode_entries(entries), hashes)


@given(st.integers(0, 3), st.lists(st.binary(min_size=32, max_size=32), max_size=600))
def test_full_tiles_can_be_appended_by_their_root_hashes_alone(
    before: int, some: list[bytes]
) -> None:
    leaves = [bytes([n % 256]) * 32 for n in range(256 * (before + 2))]
    whole, tiles = extend_leaves(Edge(), b"".join(leaves))
    edge, _ = extend_leaves(Edge(), b"".join(leaves[: 256 * before]))
    roots = b"".join(tile_root(tiles[Tile(0, before + n)]) for n in range(2))
    assert roots[:32] == subtree_root(leaves[256 * before : 256 * before + 256])
    grown, above = extend_leaves(edge, roots, 1)
    assert (grown.size, grown.root()) == (whole.size, whole.root())
    assert above == {tile: data for tile, data in tiles.items() if tile.level}
    rest = b"".join(some)
    assert extend_leaves(grown, rest)[0].root() == extend_leaves(whole, rest)[0].root()


@given(st.lists(st.integers(1, 600), min_size=1, max_size=6))
def test_however_entries_arrive_the_tiles_are_those_of_the_tree(groups: list[int]) -> None:
    edge, tiles = Edge(), dict[Tile, bytes]()
    for group in groups:
        edge, new = _extend(edge, [b"%d" % n for n in range(edge.size, edge.size + group)])
        tiles |= new
        assert set(tiles_between(edge.size - group, edge.size)) == set(new)
    entries = [b"%d" % n for n in range(edge.size)]
    assert edge.root() == reference.mth(entries)
    for tile in tiles_of(edge.size):
        first = tile.index * 256
        if tile.level == ENTRIES:
            assert tiles[tile] == format_entries(entries[first : first + tile.width])
        else:
            below = 256**tile.level
            hashes = [
                reference.mth(entries[n * below : (n + 1) * below])
                for n in range(first, first + tile.width)
            ]
            assert tiles[tile] == b"".join(hashes)
    storage = MemoryTileStorage()
    storage.write(tile_files(tiles))
    assert read_edge(storage, edge.size) == edge
    reader = TileHashReader(storage, edge.size)
    index = groups[0] - 1
    proof = prove_inclusion(index, edge.size, reader)
    verify_inclusion(index, edge.size, leaf_hash(entries[index]), proof, edge.root())


def test_a_full_tile_stands_in_for_a_partial_one_that_was_deleted() -> None:
    storage = MemoryTileStorage()
    edge, tiles = _extend(Edge(), [b"%d" % n for n in range(300)])
    storage.write(tile_files(tiles))
    older = [b"%d" % n for n in range(200)]
    assert root_hash(200, TileHashReader(storage, 200)) == reference.mth(older)
    assert read_edge(storage, 200).bundle == format_entries(older)
    assert read_edge(storage, 300) == edge


def test_a_missing_or_short_tile_is_named() -> None:
    storage = MemoryTileStorage()
    with pytest.raises(StorageError, match=r"tile/0/000\.p/5 is missing"):
        root_hash(5, TileHashReader(storage, 5))
    storage.write({"tile/0/000.p/5": bytes(32 * 4)})
    with pytest.raises(StorageError, match=r"tile/0/000\.p/5 is cut short"):
        root_hash(5, TileHashReader(storage, 5))


def test_a_tree_has_no_tile_beyond_its_size() -> None:
    assert tile_at(0, 1, 256) is None
    assert tile_at(1, 0, 255) is None
    assert tile_at(1, 0, 65_536) == Tile(1, 0)
