"""COSE receipts (RFC 9942): the same proofs over the same tree, in the words of SCITT (RFC 9943).

    18([ << {1: -8, 4: h'<public key>', 15: {1: "log.example", 2: "10"}, 395: 1} >>,
         {396: {-1: [ << [10, 3, [h'…', h'…', h'…', h'…']] >> ]}},
         null, h'<signature>' ])

The signature is the log's own Ed25519 key's, over the root hash to which the proof leads. Of the
CWT claims (15) the issuer is the log's origin, and the subject the size of the tree in decimal: the
proof stands in an unprotected header, so that without it nobody would have signed the size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cbor2

from .cbor import decode_cbor, encode_cbor
from .checkpoint import MAX_SIZE, Checkpoint, parse_decimal
from .errors import FormatError
from .merkle import HASH_SIZE, consistency_root, inclusion_root
from .note import Ed25519NoteSigner, Ed25519NoteVerifier

CONTENT_TYPE = "application/cose"

_SIGN1 = 18  # RFC 9052 section 2
_ALGORITHM, _KEY_ID, _CLAIMS = 1, 4, 15  # RFC 9052 section 3.1, RFC 9597
_ISSUER, _SUBJECT = 1, 2  # RFC 8392 section 3.1
_EDDSA = -8
_STRUCTURE, _PROOFS = 395, 396  # RFC 9942 section 2: vds, vdp
_RFC9162_SHA256 = 1  # RFC 9942 section 5
_INCLUSION, _CONSISTENCY = -1, -2
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Entry `index` is in the tree of `size` entries (RFC 9942 section 5.2)."""

    size: int
    index: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """The tree of `old_size` entries is a prefix of that of `size` (RFC 9942 section 5.3)."""

    old_size: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A proof and the log's signature over the root hash that it leads to; nothing is verified."""

    origin: str
    public_key: bytes
    proof: Inclusion | Consistency
    signature: bytes


def sign_inclusion_receipt(
    checkpoint: Checkpoint, index: int, hashes: Sequence[bytes], signer: Ed25519NoteSigner
) -> bytes:
    """Make the receipt of entry `index`; only for a `checkpoint` that the log has published."""
    return _sign(checkpoint, Inclusion(checkpoint.size, index, tuple(hashes)), signer)


def sign_consistency_receipt(
    old_size: int, checkpoint: Checkpoint, hashes: Sequence[bytes], signer: Ed25519NoteSigner
) -> bytes:
    """Make the receipt that `checkpoint` holds the tree of `old_size` entries (at least 1)."""
    return _sign(checkpoint, Consistency(old_size, checkpoint.size, tuple(hashes)), signer)


def _sign(
    checkpoint: Checkpoint, proof: Inclusion | Consistency, signer: Ed25519NoteSigner
) -> bytes:
    receipt = Receipt(checkpoint.origin, signer.verifier.public_key, proof, b"")
    signature = signer.sign(_to_be_signed(receipt, checkpoint.root_hash))
    return format_receipt(Receipt(receipt.origin, receipt.public_key, receipt.proof, signature))


def verify_inclusion_receipt(
    data: bytes, leaf_hash: bytes, verifier: Ed25519NoteVerifier
) -> Checkpoint:
    """Check that the log of `verifier` has the leaf; return what it signed about its tree.

    Raises FormatError for bytes that are no receipt of an inclusion, ProofError for one that is not
    this log's or of this leaf.
    """
    receipt = parse_receipt(data)
    proof = receipt.proof
    if not isinstance(proof, Inclusion):
        raise FormatError("a receipt of consistency, not of inclusion")
    root = inclusion_root(proof.index, proof.size, leaf_hash, proof.hashes)
    return _verify(receipt, root, verifier)


def verify_consistency_receipt(
    data: bytes, old_root: bytes, verifier: Ed25519NoteVerifier
) -> Checkpoint:
    """Check that the log of `verifier` still holds the tree with `old_root`; return the newer tree.

    Raises as `verify_inclusion_receipt` does. The old size is in the receipt.
    """
    receipt = parse_receipt(data)
    proof = receipt.proof
    if not isinstance(proof, Consistency):
        raise FormatError("a receipt of inclusion, not of consistency")
    root = consistency_root(proof.old_size, proof.size, old_root, proof.hashes)
    return _verify(receipt, root, verifier)


def _verify(receipt: Receipt, root: bytes, verifier: Ed25519NoteVerifier) -> Checkpoint:
    expected = Receipt(verifier.name, verifier.public_key, receipt.proof, receipt.signature)
    # Rebuilt from what we trust: a receipt that names another log or key is not this one's.
    verifier.verify(_to_be_signed(expected, root), receipt.signature)
    if receipt != expected:
        raise FormatError("a receipt under another log's name")
    return Checkpoint(receipt.origin, receipt.proof.size, root)


def format_receipt(receipt: Receipt) -> bytes:
    """Write a receipt; raise FormatError for values that one cannot hold."""
    proof = receipt.proof
    sizes = [proof.size, proof.index if isinstance(proof, Inclusion) else proof.old_size]
    if not all(0 <= size <= MAX_SIZE for size in sizes):
        raise FormatError("not a size or an index of a tree")
    if len(proof.hashes) > _MAX_HASHES or any(len(value) != HASH_SIZE for value in proof.hashes):
        raise FormatError(f"a proof is at most {_MAX_HASHES} hashes of {HASH_SIZE} bytes")
    if len(receipt.signature) != 64 or len(receipt.public_key) != 32 or not receipt.origin:
        raise FormatError("a receipt has an issuer, a key of 32 bytes and a signature of 64")
    hashes = list(proof.hashes)
    if isinstance(proof, Inclusion):
        kind, encoded = _INCLUSION, encode_cbor([proof.size, proof.index, hashes])
    else:
        kind, encoded = _CONSISTENCY, encode_cbor([proof.old_size, proof.size, hashes])
    unprotected = {_PROOFS: {kind: [encoded]}}
    message = [_protected(receipt), unprotected, None, receipt.signature]
    return encode_cbor(cbor2.CBORTag(_SIGN1, message))


def parse_receipt(data: bytes) -> Receipt:
    """Read what `format_receipt` writes, without verifying; raise FormatError otherwise."""
    match decode_cbor(data):
        case cbor2.CBORTag(
            tag=18,
            value=[
                bytes() as protected,
                {396: {**proofs}, **other},
                None,
                bytes() as signature,
            ],
        ) if not other and len(proofs) == 1:
            pass
        case _:
            raise FormatError("not a COSE receipt with one proof and a detached payload")
    match decode_cbor(protected):
        case {1: -8, 4: bytes() as key, 15: {1: str() as origin, 2: str() as size}, 395: 1}:
            pass
        case _:
            raise FormatError("the receipt's headers are not: EdDSA, a key, claims, RFC9162_SHA256")
    receipt = Receipt(origin, key, _parse_proof(proofs), signature)
    if parse_decimal(size) != receipt.proof.size or format_receipt(receipt) != data:
        raise FormatError("a receipt that does not re-format to itself")
    return receipt


def _parse_proof(proofs: dict[object, object]) -> Inclusion | Consistency:
    match proofs:
        case {-1: [bytes() as encoded]}:
            kind: type[Inclusion | Consistency] = Inclusion
        case {-2: [bytes() as encoded]}:
            kind = Consistency
        case _:
            raise FormatError("not one proof of inclusion or of consistency")
    match decode_cbor(encoded):
        case [int() as first, int() as second, [*values]] if bool not in map(type, (first, second)):
            hashes = tuple(value for value in values if isinstance(value, bytes))
            if len(hashes) == len(values):
                return kind(first, second, hashes)
    raise FormatError("not a proof of RFC 9942")


def _protected(receipt: Receipt) -> bytes:
    return encode_cbor(
        {
            _ALGORITHM: _EDDSA,
            _KEY_ID: receipt.public_key,
            _CLAIMS: {_ISSUER: receipt.origin, _SUBJECT: str(receipt.proof.size)},
            _STRUCTURE: _RFC9162_SHA256,
        }
    )


def _to_be_signed(receipt: Receipt, root: bytes) -> bytes:
    # RFC 9052 section 4.4: Sig_structure. It starts with 0x84, as no note does.
    return encode_cbor(["Signature1", _protected(receipt), b"", root])
