"""Log proofs: that an entry is in a log, in one file that checks offline (c2sp.org/tlog-proof).

    c2sp.org/tlog-proof@v1
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    …

    example.com/fancylog
    109482
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    — example.com/fancylog hI2DJw…

The usual ending of such a file's name is `.tlog-proof`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .checkpoint import MAX_SIZE, Checkpoint, open_checkpoint, parse_checkpoint, parse_decimal
from .errors import FormatError
from .merkle import HASH_SIZE, verify_inclusion
from .note import NoteVerifier, decode_base64, encode_base64, parse_note

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "
_MAX_HASHES = 63  # no path is longer in a tree of MAX_SIZE leaves
_MAX_PROOF_SIZE = 2_000_000  # bytes: a note of MAX_NOTE_SIZE, the hashes, and as much again


@dataclass(frozen=True, slots=True)
class LogProof:
    """Entry `index` is in the tree of `checkpoint` (a signed note), by the inclusion `hashes`.

    `extra` is not authenticated by anything: never trust it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def format_log_proof(proof: LogProof) -> bytes:
    """Write a `.tlog-proof`; raise FormatError for values that one cannot hold."""
    if not 0 <= proof.index <= MAX_SIZE:
        raise FormatError(f"not the index of an entry: {proof.index}")
    if len(proof.hashes) > _MAX_HASHES or any(len(value) != HASH_SIZE for value in proof.hashes):
        raise FormatError(
            f"an inclusion proof is at most {_MAX_HASHES} hashes of {HASH_SIZE} bytes"
        )
    parse_checkpoint(parse_note(proof.checkpoint).text)
    data = "\n".join(_lines(proof)).encode() + b"\n\n" + proof.checkpoint
    if len(data) > _MAX_PROOF_SIZE:
        raise FormatError(f"a log proof has at most {_MAX_PROOF_SIZE} bytes")
    return data


def _lines(proof: LogProof) -> Iterator[str]:
    yield _HEADER
    if proof.extra is not None:
        yield _EXTRA + encode_base64(proof.extra)
    yield f"{_INDEX}{proof.index}"
    yield from map(encode_base64, proof.hashes)


def parse_log_proof(data: bytes) -> LogProof:
    """Read what `format_log_proof` writes, without verifying; raise FormatError otherwise."""
    if len(data) > _MAX_PROOF_SIZE:
        raise FormatError(f"a log proof has at most {_MAX_PROOF_SIZE} bytes")
    head, _, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise FormatError("the head of a log proof is ASCII") from None
    if lines.pop(0) != _HEADER:
        raise FormatError(f"a log proof starts with {_HEADER}")
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = decode_base64(lines.pop(0).removeprefix(_EXTRA))
    if not lines or not lines[0].startswith(_INDEX):
        raise FormatError("a log proof names an index")
    index = parse_decimal(lines.pop(0).removeprefix(_INDEX))
    proof = LogProof(index, tuple(map(decode_base64, lines)), checkpoint, extra)
    if format_log_proof(proof) != data:
        raise FormatError("a log proof that does not re-format to itself")
    return proof


def verify_log_proof(
    proof: LogProof, leaf_hash: bytes, verifier: NoteVerifier, origin: str
) -> Checkpoint:
    """Check that the leaf is in the log `origin`; return the checkpoint that says so.

    Raises FormatError for a checkpoint that does not parse, ProofError for one that is not the
    log's and for an inclusion proof that does not lead to it (c2sp.org/tlog-proof, verifying).
    """
    checkpoint = open_checkpoint(proof.checkpoint, verifier, origin)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root_hash)
    return checkpoint
