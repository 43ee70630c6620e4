"""Checkpoints: what a log signs about its tree (c2sp.org/tlog-checkpoint).

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv…

RFC 6962 calls it a signed tree head.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import FormatError, ProofError
from .merkle import HASH_SIZE
from .note import NoteSigner, NoteVerifier, decode_base64, encode_base64, open_note, sign_note

MAX_SIZE = (1 << 63) - 1  # fits the signed 64-bit integers that others keep it in

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` entries, whose tree has `root_hash` (32 bytes)."""

    origin: str
    size: int
    root_hash: bytes
    extensions: tuple[str, ...] = ()


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Write the text that is signed; raise FormatError for values that a checkpoint cannot hold."""
    lines = (checkpoint.origin, *checkpoint.extensions)
    if not all(lines) or any(c < " " for line in lines for c in line):
        raise FormatError("an origin or an extension of a checkpoint is one line, not empty")
    if not 0 <= checkpoint.size <= MAX_SIZE:
        raise FormatError(f"not the size of a tree: {checkpoint.size}")
    if len(checkpoint.root_hash) != HASH_SIZE:
        raise FormatError(f"a root hash has {HASH_SIZE} bytes, not {len(checkpoint.root_hash)}")
    size, root = str(checkpoint.size), encode_base64(checkpoint.root_hash)
    return "\n".join((checkpoint.origin, size, root, *checkpoint.extensions)) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read what `format_checkpoint` writes; raise FormatError for any other spelling."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise FormatError("a checkpoint is at least three lines")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(origin, parse_decimal(size), decode_base64(root), tuple(extensions))
    if format_checkpoint(checkpoint) != text:
        raise FormatError("a checkpoint that does not re-format to itself")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """Sign a checkpoint: a signed note."""
    return sign_note(format_checkpoint(checkpoint), [signer])


@lru_cache(16)  # one checkpoint stands while many files are verified
def open_checkpoint(note: bytes, verifier: NoteVerifier, origin: str) -> Checkpoint:
    """Verify a signed checkpoint of the log `origin`.

    Raises FormatError for bytes that are no checkpoint, ProofError for another log's or a bad
    signature.
    """
    checkpoint = parse_checkpoint(open_note(note, [verifier]).text)
    if checkpoint.origin != origin:
        raise ProofError(f"a checkpoint of the log {checkpoint.origin}, not of {origin}")
    return checkpoint


def parse_decimal(text: str) -> int:
    """Read a number as a log writes it: ASCII digits, no leading zero, at most MAX_SIZE."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise FormatError(f"not a decimal number: {text[:80]!r}")
    return int(text)
