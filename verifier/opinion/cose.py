"""The claim signature: COSE_Sign1 with the claim as its detached payload (C2PA 2.2, 13.2.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ledger.errors import FormatError, ProofError

from .places import Item, read_item
from .store import as_bytes, as_list, decode

_SIGN1 = 18  # RFC 9052, 2: the tag of COSE_Sign1
_ALGORITHM, _CHAIN = 1, 33  # RFC 9052, 3.1; RFC 9360, 2
_PADDING = ("pad", "pad2")
_MAX_CERTIFICATES = 16

# C2PA 2.2, 13.2.1, by their numbers in RFC 9053, 2.1 and 2.2, and RFC 8230, 2.
_ECDSA: Mapping[object, hashes.HashAlgorithm] = {
    -7: hashes.SHA256(),
    -35: hashes.SHA384(),
    -36: hashes.SHA512(),
}
_PSS: Mapping[object, hashes.HashAlgorithm] = {
    -37: hashes.SHA256(),
    -38: hashes.SHA384(),
    -39: hashes.SHA512(),
}
_EDDSA = -8


@dataclass(frozen=True, slots=True)
class ClaimSignature:
    """A claim signature as it stands: `chain` are the certificates (DER), the signer's first.

    `hides`: its padding, which nothing covers, holds something.
    """

    algorithm: object
    protected: bytes
    signature: bytes
    chain: tuple[bytes, ...]
    hides: bool


def parse_signature(data: bytes, claim_version: int) -> ClaimSignature:
    """Read a claim signature; raises FormatError for another shape or without certificates."""
    message = decode(data)
    if not isinstance(message, cbor2.CBORTag) or message.tag != _SIGN1:  # C2PA 2.2, 13.2.3
        raise FormatError("the claim signature is not tagged COSE_Sign1")
    parts = as_list(message.value, "COSE_Sign1")
    if len(parts) != 4 or parts[2] is not None:  # C2PA 2.2, 10.3.2.4: the payload is detached
        raise FormatError("the claim signature is not a COSE_Sign1 with a detached payload")
    protected = as_bytes(parts[0], "the protected header")
    headers, unprotected = decode(protected), parts[1]
    if not isinstance(headers, Mapping) or not isinstance(unprotected, Mapping):
        raise FormatError("the headers of the claim signature are not maps")
    chain = headers.get(_CHAIN)
    if chain is None and claim_version == 1:
        # C2PA 2.2, 14.5: old claims may have it unprotected, and under its name.
        names = (headers.get("x5chain"), unprotected.get(_CHAIN), unprotected.get("x5chain"))
        chain = next((each for each in names if each is not None), None)
    if chain is None:
        raise FormatError("the claim signature carries no certificates where they belong")
    # RFC 9360, 2: one certificate as a byte string, several as a list.
    found = [chain] if isinstance(chain, bytes) else as_list(chain, "x5chain")
    if not 1 <= len(found) <= _MAX_CERTIFICATES:
        raise FormatError(f"a chain of {len(found)} certificates")
    certificates = tuple(as_bytes(each, "a certificate") for each in found)
    signature = as_bytes(parts[3], "the signature")
    # C2PA 2.2, 10.4.2: filled with zeros.
    hides = any(any(as_bytes(unprotected.get(name, b""), name)) for name in _PADDING)
    return ClaimSignature(headers.get(_ALGORITHM), protected, signature, certificates, hides)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a claim signature: `protected`, `signature`, or the name of an open header."""

    name: str
    start: int
    end: int


def signature_parts(data: bytes) -> Iterator[Part]:
    """Yield where the parts of a COSE_Sign1 lie; none where it is spelt in another way."""
    try:
        message = read_item(data, 0)
        protected, headers, _, signature = message.items[0].items
        names = [_name(data, each) for each in headers.items[::2]]
    except (FormatError, IndexError, ValueError):
        return
    yield Part("protected", message.start, protected.end)
    for name, key, value in zip(names, headers.items[::2], headers.items[1::2], strict=True):
        yield Part(name, key.start, value.end)
    yield Part("signature", signature.start, signature.end)


def _name(data: bytes, item: Item) -> str:
    key = decode(data[item.start : item.end])
    return key if isinstance(key, str) and key not in ("protected", "signature") else ""


def verify_signature(signed: ClaimSignature, claim: bytes, key: object) -> None:
    """Verify the signature over a claim's bytes; raises ProofError, or FormatError for its kind."""
    # RFC 9052, 4.4: Sig_structure with an empty external_aad.
    data = cbor2.dumps(["Signature1", signed.protected, b"", claim])
    verify_bytes(signed.algorithm, signed.signature, data, key)


def verify_bytes(algorithm: object, signature: bytes, data: bytes, key: object) -> None:
    """Verify a signature by COSE's number of its algorithm; raises as `verify_signature`."""
    try:
        _verify(algorithm, signature, data, key)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as problem:
        raise ProofError(f"the claim signature does not verify ({problem})") from None


def _verify(algorithm: object, signature: bytes, data: bytes, key: object) -> None:
    if algorithm in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        length = (key.curve.key_size + 7) // 8
        if len(signature) != 2 * length:  # RFC 9053, 2.1: r and s, each as long as the curve
            raise InvalidSignature
        numbers = int.from_bytes(signature[:length]), int.from_bytes(signature[length:])
        key.verify(encode_dss_signature(*numbers), data, ec.ECDSA(_ECDSA[algorithm]))
    elif algorithm in _PSS and isinstance(key, rsa.RSAPublicKey):
        digest = _PSS[algorithm]
        # RFC 8230, 2: MGF1 with the same hash, a salt of its length.
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
        key.verify(signature, data, scheme, digest)
    elif algorithm == _EDDSA and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)  # RFC 9053, 2.2
    else:  # C2PA 2.2, 13.2.1: no other algorithm, and each with its own kind of key
        raise FormatError(f"the algorithm {str(algorithm)[:20]} is not one for the signer's key")
