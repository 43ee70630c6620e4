"""Many entries sent at once: how they are written, and whether a log should take them. Pure.

A batch is the deterministic CBOR array of its entries, as byte strings. Sent plain, each entry's
own signature is checked. Sent signed, as a COSE_Sign1 message over the batch by the one key that
made all its entries, that one signature is: then the entries' own are left to whoever reads them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .cbor import decode_cbor, encode_cbor
from .cose import Signed, UnverifiedSigned, open1, sign1, split_unverified
from .entry import CONTENT_TYPE as ENTRY
from .errors import FirsthandError, FormatError
from .shape import Shapes

CONTENT_TYPE = "application/vnd.firsthand.batch+cbor"
MAX_BATCH = 16_384  # entries
MOST_FAULTS = 10  # are told


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the entry at `position` of a batch is not taken."""

    position: int
    sentence: str


def format_batch(entries: Sequence[bytes]) -> bytes:
    """Write some entries as one batch."""
    return encode_cbor(list(entries))


def parse_batch(data: bytes) -> list[bytes]:
    """Read what `format_batch` writes; raises FormatError, also for none or too many entries."""
    entries = decode_cbor(data)
    if not isinstance(entries, list) or not all(type(entry) is bytes for entry in entries):
        raise FormatError("not a batch: an array of byte strings, one an entry")
    if not 1 <= len(entries) <= MAX_BATCH:
        raise FormatError(f"a batch has 1 to {MAX_BATCH} entries, not {len(entries)}")
    return entries


def sign_batch(entries: Sequence[bytes], key: Ed25519PrivateKey) -> bytes:
    """Write and sign a batch with the key that made all its entries."""
    return sign1(format_batch(entries), CONTENT_TYPE, key)


def open_batch(message: bytes) -> tuple[list[bytes], bytes]:
    """Return the entries of a signed batch, and the key (32 bytes) that signed it.

    Raises FormatError, and ProofError for a wrong signature.
    """
    signed = open1(message, CONTENT_TYPE)
    return parse_batch(signed.payload), signed.key


def find_faults(entries: Sequence[bytes], registrars: Collection[bytes]) -> list[Fault]:
    """Check each entry, its signature too, and that one of `registrars` made it.

    Returns the first MOST_FAULTS that are not to be taken; none when all are.
    """
    return _find_faults(entries, open1, registrars)


def find_faults_but_signatures(entries: Sequence[bytes], signer: bytes) -> list[Fault]:
    """`find_faults` for a batch that `signer` signed: all must be his, and he vouches for them."""
    return _find_faults(entries, split_unverified, (signer,))


def _find_faults(
    entries: Sequence[bytes],
    open_entry: Callable[[bytes, str], Signed | UnverifiedSigned],
    makers: Collection[bytes],
) -> list[Fault]:
    faults: list[Fault] = []
    shapes = Shapes()
    for position, entry in enumerate(entries):
        try:
            opened = open_entry(entry, ENTRY)
            shapes.check(opened.payload)
            if opened.key not in makers:
                faults.append(Fault(position, "it is made by a key that may not add to this log"))
        except FirsthandError as problem:
            faults.append(Fault(position, problem.message))
        if len(faults) == MOST_FAULTS:
            break
    return faults
