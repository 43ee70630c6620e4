"""Heal a log's files from a mirror, as far as the signed root hash proves what they must be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from .checkpoint import Checkpoint, parse_checkpoint
from .descend import descend, edge_root, edge_tiles
from .errors import FormatError, LedgerError, StorageError
from .merkle import HASH_SIZE, leaf_hash, subtree_root
from .note import parse_note
from .storage import CHECKPOINT_PATH, TileStorage
from .tile import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileReader,
    format_entries,
    format_hashes,
    format_tile_path,
    parse_entries,
    parse_hashes,
    parse_tile_path,
    read_tile,
    tile_at,
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A file that was not what the root hash says; `is_healed` says whether it is now."""

    path: str
    is_healed: bool


def repair(tiles: TileStorage, mirror: TileReader, checkpoint: Checkpoint) -> Iterator[Repaired]:
    """Replace each tile and bundle that does not lead to the root hash by the mirror's that does.

    Yields every file that was wrong or missing. The mirror is not trusted: what it cannot prove is
    not taken. Nothing but files of the tree of `checkpoint` is read or written.
    """
    return _Repair(tiles, mirror, checkpoint).run()


class _Repair:
    def __init__(self, tiles: TileStorage, mirror: TileReader, checkpoint: Checkpoint) -> None:
        self._tiles = tiles
        self._checkpoint = checkpoint
        self._outcomes: list[Repaired] = []
        self._sources = (tiles, _Ahead(mirror))

    def run(self) -> Iterator[Repaired]:
        edge = self._find_edge()
        if edge is None:
            for tile in edge_tiles(self._checkpoint.size):
                yield Repaired(format_tile_path(tile), is_healed=False)
            return
        for tile, hashes in edge.items():
            self._settle(tile, format_hashes(hashes))
        for tile, hashes in descend(edge, self._pick):
            if tile.level == 0:
                self._heal_bundle(Tile(ENTRIES, tile.index, tile.width), hashes)
            yield from self._outcomes
            self._outcomes.clear()

    def _find_edge(self) -> Mapping[Tile, list[bytes]] | None:
        """Choose ours or the mirror's of each partial tile, so that all lead to the root hash."""
        size = self._checkpoint.size
        tiles = edge_tiles(size)
        choices = [list(self._candidates(tile)) for tile in tiles]
        for chosen in product(*choices):
            edge = {tile: parse_hashes(data) for tile, data in zip(tiles, chosen, strict=True)}
            if edge_root(size, edge, self._tiles) == self._checkpoint.root_hash:
                return edge
        return None

    def _pick(self, tile: Tile, expected: bytes) -> list[bytes] | None:
        for data in self._candidates(tile):
            if subtree_root(parse_hashes(data)) == expected:
                self._settle(tile, data)
                return parse_hashes(data)
        self._outcomes.append(Repaired(format_tile_path(tile), is_healed=False))
        return None

    def _candidates(self, tile: Tile) -> Iterator[bytes]:
        """Yield what the tile may hold: by ours, by the mirror's, and by the entries themselves."""
        for source in self._sources:
            data = _read(source, tile)
            if data:
                yield data
        for source in self._sources if tile.level == 0 else ():
            bundle = _read_bundle(source, Tile(ENTRIES, tile.index, tile.width))
            if bundle:
                yield format_hashes([leaf_hash(entry) for entry in parse_entries(bundle)])

    def _heal_bundle(self, bundle: Tile, hashes: list[bytes]) -> None:
        for source in self._sources:
            data = _read_bundle(source, bundle)
            if data and [leaf_hash(entry) for entry in parse_entries(data)] == hashes:
                self._settle(bundle, data)
                return
        self._outcomes.append(Repaired(format_tile_path(bundle), is_healed=False))

    def _settle(self, tile: Tile, data: bytes) -> None:
        """Put the right bytes in place, unless they are there, byte for byte."""
        path = format_tile_path(tile)
        try:
            stored = self._tiles.read(path)
        except StorageError:
            stored = None
        if stored != data:
            self._tiles.write({path: data})
            self._outcomes.append(Repaired(path, is_healed=True))


class _Ahead:
    """A mirror that may have grown on: where a partial tile is gone, a wider one serves."""

    def __init__(self, mirror: TileReader) -> None:
        self._mirror = mirror
        try:
            note = parse_note(mirror.read(CHECKPOINT_PATH) or b"")
            self._size = parse_checkpoint(note.text).size  # a hint: nothing follows from it
        except LedgerError:
            self._size = 0

    def read(self, path: str) -> bytes | None:
        data = self._mirror.read(path)
        tile = parse_tile_path(path)
        wider = tile_at(tile.level, tile.index, self._size)
        if data is None and wider is not None and wider.width > tile.width:
            return self._mirror.read(format_tile_path(wider))
        return data


def _read(source: TileReader, tile: Tile) -> bytes | None:
    """Return as many hashes as the tile has, or None where they are not there."""
    try:
        data = read_tile(source, tile)[: tile.width * HASH_SIZE]
    except StorageError:
        return None
    return data if len(data) == tile.width * HASH_SIZE else None


def _read_bundle(source: TileReader, bundle: Tile) -> bytes | None:
    try:
        entries = parse_entries(read_tile(source, bundle))[: bundle.width]
    except (FormatError, StorageError):
        return None
    return format_entries(entries) if len(entries) == bundle.width <= TILE_WIDTH else None
