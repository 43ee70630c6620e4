"""A witness: check that a tree is consistent, persist it, then cosign (c2sp.org/tlog-witness).

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    …

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv…

The refusals are a tree of errors, one for each status of the specification; there is no HTTP here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .checkpoint import MAX_SIZE, Checkpoint, parse_checkpoint, parse_decimal
from .cosignature import Clock, Cosigner
from .errors import FormatError, LedgerError, ProofError
from .merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency
from .note import (
    MAX_NOTE_SIZE,
    Note,
    NoteSignature,
    NoteVerifier,
    decode_base64,
    encode_base64,
    format_note,
    format_signatures,
    open_note,
    parse_note,
)

MAX_REQUEST_SIZE = MAX_NOTE_SIZE + 4096  # bytes: a note, the old size and 63 hashes

_MAX_HASHES = 63  # "MUST NOT send more than 63 consistency proof lines"
_MAX_ORIGIN_SIZE = 255  # bytes, as an ML-DSA-44 cosignature counts them
_OLD = "old "
_ATTEMPTS = 5
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class WitnessError(LedgerError):
    """A request that the witness refuses; each kind is one status of the specification."""


class BadRequest(WitnessError):
    """400: not a request, or an old size beyond the checkpoint's."""


class Untrusted(WitnessError):
    """403: no trusted key of the log signed the checkpoint, or its signature is wrong."""


class UnknownLog(WitnessError):
    """404: a log that this witness does not follow, or has never cosigned."""


class OtherSize(WitnessError):
    """409: the old size is not that of the latest cosigned checkpoint, which is `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the latest checkpoint cosigned has {size} entries", "prove from there")
        self.size = size


class Inconsistent(WitnessError):
    """422: the tree is not shown to hold the one that was cosigned."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the tree of `checkpoint` (a signed note) holds that of `old_size`, by `proof`."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


def format_add_checkpoint(request: AddCheckpoint) -> bytes:
    """Write the body of a request; raise FormatError for values that one cannot hold."""
    if not 0 <= request.old_size <= MAX_SIZE:
        raise FormatError(f"not the size of a tree: {request.old_size}")
    if len(request.proof) > _MAX_HASHES or any(len(each) != HASH_SIZE for each in request.proof):
        raise FormatError(
            f"a consistency proof is at most {_MAX_HASHES} hashes of {HASH_SIZE} bytes"
        )
    parse_checkpoint(parse_note(request.checkpoint).text)
    lines = [f"{_OLD}{request.old_size}", *map(encode_base64, request.proof)]
    return "\n".join(lines).encode() + b"\n\n" + request.checkpoint


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Read what `format_add_checkpoint` writes; raise FormatError for anything else."""
    if len(body) > MAX_REQUEST_SIZE:
        raise FormatError(f"a request has at most {MAX_REQUEST_SIZE} bytes")
    head, _, checkpoint = body.partition(b"\n\n")
    try:
        first, *proof = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise FormatError("the head of a request is ASCII") from None
    if not first.startswith(_OLD):
        raise FormatError("a request starts with the old size")
    old_size = parse_decimal(first.removeprefix(_OLD))
    request = AddCheckpoint(old_size, tuple(map(decode_base64, proof)), checkpoint)
    if format_add_checkpoint(request) != body:
        raise FormatError("a request that does not re-format to itself")
    return request


def format_size(size: int) -> bytes:
    """Write the body of a 409: the size, and a newline."""
    return f"{size}\n".encode()


def parse_size(body: bytes) -> int:
    """Read what `format_size` writes; raise FormatError for anything else."""
    match = _SIZE.fullmatch(body)
    if match is None:
        raise FormatError("not the size of a tree and a newline")
    return parse_decimal(match[1].decode())


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest checkpoint persisted of a log, and when.

    `note` carries the log's signatures that were verified; `cosigned` is the latest note that also
    carries ours, or None while the first is being made. `time` never goes back.
    """

    size: int
    root_hash: bytes
    time: int
    note: bytes
    cosigned: bytes | None = None


class WitnessStorage(Protocol):
    """One record for each log. Every method raises StorageError when the storage fails."""

    def read(self, origin: str) -> Seen | None:
        """Return the record of a log, or None."""

    def swap(self, origin: str, expected: Seen | None, seen: Seen) -> bool:
        """Replace the record `expected`, durably and atomically, among all threads and processes.

        Return False, and change nothing, where the record is another by now.
        """

    def publish(self, origin: str, seen: Seen, cosigned: bytes) -> None:
        """Set the cosigned note, unless the record is no longer `seen`."""


class Witness:
    """Cosigns the checkpoints of the logs that it follows. Safe for many threads and processes."""

    def __init__(
        self,
        storage: WitnessStorage,
        cosigners: Sequence[Cosigner],
        logs: Mapping[str, Sequence[NoteVerifier]],
        clock: Clock,
    ) -> None:
        """Follow `logs`: by origin, the keys that are trusted for it.

        Raises FormatError for an origin longer than a cosignature can cover.
        """
        if any(len(origin.encode()) > _MAX_ORIGIN_SIZE for origin in logs):
            raise FormatError(f"an origin has at most {_MAX_ORIGIN_SIZE} bytes")
        self._storage = storage
        self._cosigners = cosigners
        self._logs = logs
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> bytes:
        """Answer a request with signature lines, or raise the WitnessError of its status."""
        try:
            request = parse_add_checkpoint(body)
            checkpoint = parse_checkpoint(parse_note(request.checkpoint).text)
        except FormatError as problem:
            raise BadRequest(problem.message) from None
        note = self._open(request.checkpoint, checkpoint.origin)
        for _ in range(_ATTEMPTS):
            before = self._storage.read(checkpoint.origin)
            _check(request, checkpoint, before)
            seen = self._advance(before, checkpoint, format_note(note))
            if self._storage.swap(checkpoint.origin, before, seen):
                return self._cosign(checkpoint.origin, note, seen)
        raise OtherSize(seen.size)  # others are faster; all of them asked for the same size

    def checkpoint(self, origin: str) -> bytes:
        """Return the latest cosigned checkpoint of a log; raise UnknownLog where there is none."""
        seen = self._storage.read(origin)
        if seen is None or seen.cosigned is None:
            raise UnknownLog(f"no checkpoint of {origin[:80]!r} was cosigned")
        return seen.cosigned

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that are followed."""
        return tuple(self._logs)

    def _open(self, note: bytes, origin: str) -> Note:
        """Return the note with the signatures of trusted keys alone."""
        if origin not in self._logs:
            raise UnknownLog(f"this witness does not follow the log {origin[:80]!r}")
        try:
            return open_note(note, self._logs[origin])
        except ProofError as problem:
            raise Untrusted(problem.message) from None

    def _advance(self, before: Seen | None, checkpoint: Checkpoint, note: bytes) -> Seen:
        # The time is read before the swap: once another has swapped in a larger tree, "as of now
        # the largest that I have seen" would not be true of this one.
        time = max(self._clock(), before.time if before else 1)
        cosigned = before.cosigned if before else None
        return Seen(checkpoint.size, checkpoint.root_hash, time, note, cosigned)

    def _cosign(self, origin: str, note: Note, seen: Seen) -> bytes:
        ours = tuple(
            NoteSignature(
                cosigner.verifier.name,
                cosigner.verifier.key_id,
                cosigner.sign_at(note.text.encode(), seen.time),
            )
            for cosigner in self._cosigners
        )
        whole = replace(note, signatures=(*note.signatures, *ours))
        self._storage.publish(origin, seen, format_note(whole))
        return format_signatures(ours).encode()


def _check(request: AddCheckpoint, checkpoint: Checkpoint, before: Seen | None) -> None:
    """Make the checks of the specification, in its order."""
    if request.old_size > checkpoint.size:
        raise BadRequest(f"the old size {request.old_size} is beyond the checkpoint's")
    known_size = before.size if before else 0
    if request.old_size != known_size:
        raise OtherSize(known_size)
    if checkpoint.size == 0 and checkpoint.root_hash != EMPTY_ROOT:
        raise Inconsistent("an empty tree has another root hash")
    old_root = before.root_hash if before else EMPTY_ROOT
    try:
        verify_consistency(
            request.old_size, checkpoint.size, old_root, checkpoint.root_hash, request.proof
        )
    except ProofError as problem:
        raise Inconsistent(problem.message) from None
