"""Follow somebody's log: mirror it, verify every append, and keep the evidence when it lies.

    monitor = Monitor(source, mirror, evidence, verifier)
    for named in monitor.follow([parse_watch("sha256:…")]):
        …                                # an entry of the new ones names what is watched

A log may only grow. A checkpoint that is smaller than one seen before is a rollback; one whose tree
does not hold the tree seen before is a split view. Both notes are kept: the log signed them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass

from .checkpoint import Checkpoint, open_checkpoint
from .descend import descend, edge_root, edge_tiles
from .entry import Entry, ManifestIdentity, Registration, parse_entry
from .errors import FirsthandError, ProofError, StorageError
from .merkle import (
    EMPTY_ROOT,
    leaf_hash,
    prove_consistency,
    root_hash,
    subtree_root,
    verify_consistency,
)
from .note import NoteVerifier
from .policy import Policy, check_quorum
from .storage import CHECKPOINT_PATH, TileStorage
from .subjects import subjects_of
from .tile import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileHashReader,
    TileReader,
    format_entries,
    format_hashes,
    format_tile_path,
    read_entries,
    read_hashes,
    tiles_of,
)
from .vocabulary import Digest, digest_of, parse_digest

_BATCH = 64  # files written at once
_HEX = re.compile(r"[0-9a-f]{64}")


class Misbehaviour(ProofError):
    """The log signed two checkpoints that cannot both be true; `evidence` holds both notes."""

    def __init__(self, message: str, evidence: tuple[bytes, bytes]) -> None:
        super().__init__(message, "keep both checkpoints and the mirror: the log signed them")
        self.evidence = evidence


class SplitView(Misbehaviour):
    """Two histories: neither tree holds the other."""


class Rollback(Misbehaviour):
    """The log shows less than it has shown before."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What an owner wants to hear of: a key or a digest, or words that an entry says openly."""

    said: str
    digests: frozenset[Digest]
    words: str | None = None

    def sees(self, entry: Entry) -> bool:
        """Whether the entry names it."""
        named = {digest for digest, _ in subjects_of(entry)} | {digest_of(entry.key)}
        if self.digests & named or self._sees_signer(entry):
            return True
        return self.words is not None and any(
            self.words in text.casefold() for text in _texts(entry.statement)
        )

    def _sees_signer(self, entry: Entry) -> bool:
        """Whether a file was registered that this key signed: by its certificate."""
        match entry.statement:
            case Registration(manifest=ManifestIdentity(certificate=Digest() as certificate)):
                return certificate in self.digests
            case _:
                return False


def parse_watch(said: str) -> Watch:
    """Read `sha256:` and 64 digits, a digest or Ed25519 key of 64 digits, or any other words."""
    if said.startswith("sha256:"):
        return Watch(said, frozenset({parse_digest(said)}))
    if _HEX.fullmatch(said):
        value = bytes.fromhex(said)
        return Watch(said, frozenset({Digest(value), digest_of(value)}))
    return Watch(said, frozenset(), said.casefold())


@dataclass(frozen=True, slots=True)
class Named:
    """Entry `index` names what is watched, or (where `watch` is None) does not read as an entry."""

    index: int
    watch: Watch | None
    entry: Entry | None


class Monitor:
    """Mirrors one log from `source` into `mirror`, which any LogReader then reads."""

    def __init__(
        self,
        source: TileReader,
        mirror: TileStorage,
        evidence: TileStorage,
        verifier: NoteVerifier,
        policy: Policy | None = None,
    ) -> None:
        """`evidence` is a folder of its own, for the notes of a log that lied."""
        self._source = source
        self._mirror = mirror
        self._evidence = evidence
        self._verifier = verifier
        self._policy = policy

    def follow(self, watches: Sequence[Watch] = ()) -> Iterator[Named]:
        """Take in what is new, verified to the last byte; yield the entries that are watched.

        Raises SplitView or Rollback, with the evidence kept; StorageError naming the file that is
        missing or was changed; FormatError or ProofError for a checkpoint that is none, or lacks
        the quorum of the policy. Then the mirror stands where it stood.
        """
        note = self._source.read(CHECKPOINT_PATH)
        if note is None:
            raise StorageError("the log has no checkpoint", "is this the address of a log?")
        seen = self._open(note)
        if self._policy is not None:
            check_quorum(note, self._policy, [self._verifier])
        mirrored = self._mirror.read(CHECKPOINT_PATH)
        known = Checkpoint(seen.origin, 0, EMPTY_ROOT) if mirrored is None else self._open(mirrored)
        if seen.size <= known.size:
            self._check_not_older(known, seen, mirrored or b"", note)
        else:
            edge = self._read_edge(seen)
            self._check_prefix(known, seen, mirrored or b"", note)
            yield from self._take_in(edge, known.size, watches)
        self._mirror.write({CHECKPOINT_PATH: note})

    def audit(self) -> Iterator[str]:
        """Compare every file of the mirrored tree with the log's; yield what is missing or changed.

        Says nothing of what is newer than the mirror.
        """
        note = self._mirror.read(CHECKPOINT_PATH)
        for tile in tiles_of(self._open(note).size if note else 0):
            path = format_tile_path(tile)
            try:
                theirs = _content(self._source, tile)
            except FirsthandError as problem:
                yield problem.message
            else:
                if theirs != _content(self._mirror, tile):
                    yield f"{path} is not what it was when it was mirrored"

    def _open(self, note: bytes) -> Checkpoint:
        return open_checkpoint(note, self._verifier, self._verifier.name)

    def _check_not_older(
        self, known: Checkpoint, seen: Checkpoint, mirrored: bytes, note: bytes
    ) -> None:
        ours = root_hash(seen.size, TileHashReader(self._mirror, known.size))
        if ours != seen.root_hash:
            raise self._keep(
                SplitView(
                    f"the log {seen.origin} signed two trees of {seen.size} entries",
                    (mirrored, note),
                )
            )
        if seen.size < known.size:
            raise self._keep(
                Rollback(
                    f"the log {seen.origin} showed {known.size} entries before, now {seen.size}",
                    (mirrored, note),
                )
            )

    def _read_edge(self, seen: Checkpoint) -> dict[Tile, list[bytes]]:
        """Read the partial tiles, which lead to the root hash together."""
        edge = {tile: read_hashes(self._source, tile) for tile in edge_tiles(seen.size)}
        if edge_root(seen.size, edge, self._source) != seen.root_hash:
            paths = ", ".join(format_tile_path(tile) for tile in edge)
            raise StorageError(f"{paths} do not lead to the signed root hash")
        return edge

    def _check_prefix(
        self, known: Checkpoint, seen: Checkpoint, mirrored: bytes, note: bytes
    ) -> None:
        """Check that the new tree holds the one that is mirrored, by the log's own tiles."""
        reader = TileHashReader(self._source, seen.size)
        proof = prove_consistency(known.size, seen.size, reader)
        try:
            verify_consistency(known.size, seen.size, known.root_hash, seen.root_hash, proof)
        except ProofError:
            theirs = root_hash(known.size, reader)
            try:
                verify_consistency(known.size, seen.size, theirs, seen.root_hash, proof)
            except ProofError:
                raise StorageError(
                    f"the log's tiles prove nothing about its first {known.size} entries"
                ) from None
            raise self._keep(
                SplitView(
                    f"the log {seen.origin} signed {seen.size} entries that do not begin with the "
                    f"{known.size} that it signed before",
                    (mirrored, note),
                )
            ) from None

    def _take_in(
        self, edge: dict[Tile, list[bytes]], known_size: int, watches: Sequence[Watch]
    ) -> Iterator[Named]:
        files: dict[str, bytes] = {}
        for tile, hashes in descend(edge, self._pick, known_size):
            files[format_tile_path(tile)] = format_hashes(hashes)
            if tile.level == 0:
                bundle = Tile(ENTRIES, tile.index, tile.width)
                entries = self._read_bundle(bundle, hashes)
                files[format_tile_path(bundle)] = format_entries(entries)
                first = tile.index * TILE_WIDTH
                for index in range(max(known_size - first, 0), len(entries) if watches else 0):
                    yield from _name(first + index, entries[index], watches)
            if len(files) >= _BATCH:
                self._mirror.write(files)
                files.clear()
        self._mirror.write(files)

    def _pick(self, tile: Tile, expected: bytes) -> list[bytes]:
        hashes = read_hashes(self._source, tile)
        if subtree_root(hashes) != expected:
            raise StorageError(f"{format_tile_path(tile)} does not lead to the hash above it")
        return hashes

    def _read_bundle(self, bundle: Tile, hashes: list[bytes]) -> list[bytes]:
        entries = read_entries(self._source, bundle)
        for index, (entry, expected) in enumerate(
            zip(entries, hashes, strict=True), bundle.index * TILE_WIDTH
        ):
            if leaf_hash(entry) != expected:
                raise StorageError(
                    f"{format_tile_path(bundle)}: entry {index} is not the one that was logged"
                )
        return entries

    def _keep(self, problem: Misbehaviour) -> Misbehaviour:
        """Make the evidence durable before anybody hears of it."""
        for note in problem.evidence:
            name = digest_of(note).hex[:16]
            self._evidence.write({f"{self._open(note).size}/{name}": note})
        return problem


def _content(tiles: TileReader, tile: Tile) -> bytes:
    """Bytes of a tile, or of the bundle's first entries, whatever wider one the file holds."""
    if tile.level == ENTRIES:
        return format_entries(read_entries(tiles, tile))
    return format_hashes(read_hashes(tiles, tile))


def _name(index: int, data: bytes, watches: Sequence[Watch]) -> Iterator[Named]:
    try:
        entry = parse_entry(data)
    except FirsthandError:
        yield Named(index, None, None)
        return
    for watch in watches:
        if watch.sees(entry):
            yield Named(index, watch, entry)


def _texts(value: object) -> Iterator[str]:
    """Every text in a statement, and in what it holds."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
