"""COSE_Sign1 (RFC 9052 section 4.2) with Ed25519 keys, in the one spelling that entries use.

The key identifier is the 32-byte public key itself, so that a signature can always be checked;
whether that key is to be believed is another question, which a trust list answers.
"""

from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .cbor import decode_cbor, encode_cbor
from .errors import FormatError, ProofError

_SIGN1 = 18  # RFC 9052 section 2: the CBOR tag of COSE_Sign1
_ALGORITHM, _CONTENT_TYPE, _KEY_ID = 1, 3, 4  # RFC 9052 section 3.1: header parameters
_EDDSA = -8  # RFC 9053 section 2.2


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload whose signature verified under `key` (32 bytes, Ed25519)."""

    payload: bytes
    key: bytes


def sign1(payload: bytes, content_type: str, key: Ed25519PrivateKey) -> bytes:
    """Sign `payload` as a COSE_Sign1 message, protected headers only."""
    protected = _headers(content_type, key.public_key().public_bytes_raw())
    signature = key.sign(_to_be_signed(protected, payload))
    return encode_cbor(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))


def open1(message: bytes, content_type: str) -> Signed:
    """Check a message of `sign1` and return what it signs.

    Raises FormatError for any other shape or spelling, ProofError for a wrong signature.
    """
    match decode_cbor(message):
        case cbor2.CBORTag(
            tag=18,
            value=[
                bytes() as protected,
                {} as unprotected,
                bytes() as payload,
                bytes() as signature,
            ],
        ) if not unprotected:
            pass
        case _:
            raise FormatError("not a COSE_Sign1 message with protected headers only")
    match decode_cbor(protected):
        # Python takes true and 1.0 for 1: only what is written back the same is the same.
        case {3: str() as declared, 4: bytes() as key} if len(key) == 32 and protected == _headers(
            declared, key
        ):
            pass
        case _:
            raise FormatError("the COSE headers are not: EdDSA, a content type, a 32-byte key")
    if declared != content_type:
        raise FormatError(f"the COSE message holds {declared!r}, not {content_type!r}")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _to_be_signed(protected, payload))
    except InvalidSignature:
        raise ProofError("the entry's signature does not verify") from None
    return Signed(payload, key)


def _headers(content_type: str, key: bytes) -> bytes:
    return encode_cbor({_ALGORITHM: _EDDSA, _CONTENT_TYPE: content_type, _KEY_ID: key})


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    # RFC 9052 section 4.4: Sig_structure, without external data.
    return encode_cbor(["Signature1", protected, b"", payload])
