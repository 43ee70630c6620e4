"""Reads a log from its static files, and trusts nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from .checkpoint import Checkpoint, open_checkpoint
from .errors import FormatError, ProofError, StorageError, UnknownEntry
from .merkle import (
    Node,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from .note import NoteVerifier
from .proof import LogProof
from .storage import CHECKPOINT_PATH
from .tile import ENTRIES, TILE_WIDTH, Tile, TileHashReader, TileReader, read_entries, tile_at

_FSCK = "run fsck: it names what differs"


class LogReader:
    """Reads a log's folder, or any copy of it, with the log's public key and nothing else.

    Everything returned was checked against the checkpoint that `tiles` holds, whose signature was
    checked with `verifier`; the origin is the verifier's name. Methods raise StorageError when the
    files are missing or do not lead to that checkpoint, UnknownEntry for what it does not cover.
    """

    def __init__(self, tiles: TileReader, verifier: NoteVerifier) -> None:
        self._tiles = tiles
        self._verifier = verifier
        self._known = _Known()

    def held(self) -> "LogReader":
        """The same log as it stands when it is first asked: what is published later is not seen.

        For one verification: it speaks of one state, and no file is read twice.
        """
        held = LogReader(_Once(self._tiles), self._verifier)
        held._known = self._known
        return held

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._verifier.name

    @property
    def size(self) -> int:
        """How many entries are published."""
        return self._current().size

    def checkpoint(self) -> bytes:
        """Return the published checkpoint, a signed note."""
        return self._read()[0]

    def entry(self, index: int) -> bytes:
        """Return one entry."""
        [entry] = self.entries(index, index + 1)
        return entry

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the entries with start <= index < stop, a bundle at a time."""
        current = self._current()
        if not 0 <= start <= stop <= current.size:
            raise UnknownEntry(f"the log has {current.size} entries, not {start} to {stop}")
        return self._entries(start, stop, current)

    def prove(self, index: int, checkpoint: bytes | None = None) -> LogProof:
        """Prove that entry `index` is under `checkpoint`: the published one, or any earlier one.

        Raises ProofError for a checkpoint that is not this log's.
        """
        note, current = self._read()
        at = current
        if checkpoint is not None:
            note, at = checkpoint, open_checkpoint(checkpoint, self._verifier, self.origin)
            if self.root_hash(at.size) != at.root_hash:
                raise ProofError(
                    f"the log's first {at.size} entries are not those of the checkpoint"
                )
        reader = TileHashReader(self._tiles, current.size)
        hashes = prove_inclusion(index, at.size, reader)
        [leaf] = reader.read_hashes([Node(0, index)])
        with _distrust():
            verify_inclusion(index, at.size, leaf, hashes, at.root_hash)
        return LogProof(index, tuple(hashes), note)

    def consistency(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """Prove that the tree of `old_size` is a prefix of that of `new_size`, or the published."""
        current = self._current()
        new_size = current.size if new_size is None else new_size
        if new_size > current.size:
            raise UnknownEntry(f"the log has {current.size} entries, not {new_size}")
        reader = TileHashReader(self._tiles, current.size)
        proof = prove_consistency(old_size, new_size, reader)
        old, new = root_hash(old_size, reader), root_hash(new_size, reader)
        with _distrust():
            verify_consistency(old_size, new_size, old, new, proof)
        self._check_prefix(new_size, new, current)
        return proof

    def root_hash(self, size: int) -> bytes:
        """Root hash of the first `size` entries."""
        current = self._current()
        if not 0 <= size <= current.size:
            raise UnknownEntry(f"the log has {current.size} entries, not {size}")
        root = root_hash(size, TileHashReader(self._tiles, current.size))
        self._check_prefix(size, root, current)
        return root

    def _entries(self, start: int, stop: int, current: Checkpoint) -> Iterator[bytes]:
        for number in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            bundle = tile_at(ENTRIES, number, current.size)
            if bundle is not None:
                first = bundle.index * TILE_WIDTH
                entries = self._read_bundle(bundle, current)
                yield from entries[max(start - first, 0) : stop - first]

    def _read_bundle(self, bundle: Tile, current: Checkpoint) -> list[bytes]:
        known = self._known.bundle
        if known is not None and known[:2] == (bundle, current.root_hash):
            return known[2]
        entries = read_entries(self._tiles, bundle)
        hashes = [leaf_hash(entry) for entry in entries]
        reader = TileHashReader(self._tiles, current.size)
        reader.replace(Tile(0, bundle.index, bundle.width), hashes)
        first = bundle.index * TILE_WIDTH
        # The path of the first entry is made of all the others' hashes: one proof for the bundle.
        proof = prove_inclusion(first, current.size, reader)
        with _distrust():
            verify_inclusion(first, current.size, hashes[0], proof, current.root_hash)
        self._known.bundle = bundle, current.root_hash, entries
        return entries

    def _open(self, note: bytes) -> Checkpoint:
        opened = self._known.checkpoint
        if opened is not None and opened[0] == note:
            return opened[1]
        try:
            checkpoint = open_checkpoint(note, self._verifier, self.origin)
        except (FormatError, ProofError) as problem:
            raise StorageError(f"the published checkpoint: {problem.message}", _FSCK) from problem
        self._known.checkpoint = note, checkpoint
        return checkpoint

    def _read(self) -> tuple[bytes, Checkpoint]:
        note = self._tiles.read(CHECKPOINT_PATH)
        if note is None:
            raise StorageError("the log has no checkpoint", "is this the folder of a log?")
        return note, self._open(note)

    def _current(self) -> Checkpoint:
        return self._read()[1]

    def _check_prefix(self, size: int, root: bytes, current: Checkpoint) -> None:
        """Raise StorageError unless the tree (size, root) is a prefix of the signed one."""
        reader = TileHashReader(self._tiles, current.size)
        proof = prove_consistency(size, current.size, reader)
        with _distrust():
            verify_consistency(size, current.size, root, current.root_hash, proof)


class _Known:
    """What was verified last; whoever verifies a file asks for the same again and again."""

    def __init__(self) -> None:
        self.checkpoint: tuple[bytes, Checkpoint] | None = None
        self.bundle: tuple[Tile, bytes, list[bytes]] | None = None


class _Once:
    """Files, each read when it is first asked for, and the same from then on."""

    def __init__(self, tiles: TileReader) -> None:
        self._tiles = tiles
        self._held: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        if path not in self._held:
            self._held[path] = self._tiles.read(path)
        return self._held[path]


@contextmanager
def _distrust() -> Iterator[None]:
    """Within it a proof of ours that does not verify means that the files were changed."""
    try:
        yield
    except ProofError as problem:
        raise StorageError(
            f"the files do not lead to the checkpoint ({problem.message})", _FSCK
        ) from problem
