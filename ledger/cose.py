"""COSE_Sign1 (RFC 9052 section 4.2) with Ed25519 keys, in the one spelling that entries use.

The key identifier is the 32-byte public key itself, so that a signature can always be checked;
whether that key is to be believed is another question, which a trust list answers.

Since there is one spelling, a message is the same bytes up to the key, the key, the payload behind
its length, and 64 bytes of signature: it is cut, not parsed, and whatever cannot be cut is refused.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .cbor import encode_cbor
from .errors import FormatError, ProofError

_SIGN1 = 18  # RFC 9052 section 2: the CBOR tag of COSE_Sign1
_ALGORITHM, _CONTENT_TYPE, _KEY_ID = 1, 3, 4  # RFC 9052 section 3.1: header parameters
_EDDSA = -8  # RFC 9053 section 2.2
_KEY_SIZE, _SIGNATURE_SIZE = 32, 64
_TAG_AND_ARRAY = b"\xd2\x84"  # the tag, and an array of four
_NO_HEADERS = b"\xa0"
_STRUCTURE = b"\x84\x6aSignature1"  # RFC 9052 section 4.4: Sig_structure, up to the headers
_NO_EXTERNAL_DATA = b"\x40"
_SIGNATURE_HEAD = b"\x58\x40"
_SHORTEST = {0x58: (1, 24), 0x59: (2, 1 << 8), 0x5A: (4, 1 << 16)}  # RFC 8949 section 4.2.1


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload whose signature verified under `key` (32 bytes, Ed25519)."""

    payload: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedSigned:
    """A message in the right spelling, whose signature was not looked at."""

    payload: bytes
    key: bytes
    signature: bytes
    to_be_signed: bytes

    def verify(self) -> Signed:
        """Check the signature; raises ProofError."""
        try:
            _public_key(self.key).verify(self.signature, self.to_be_signed)
        except InvalidSignature:
            raise ProofError("the signature does not verify") from None
        return Signed(self.payload, self.key)


def sign1(payload: bytes, content_type: str, key: Ed25519PrivateKey) -> bytes:
    """Sign `payload` as a COSE_Sign1 message, protected headers only."""
    protected = _headers(content_type, key.public_key().public_bytes_raw())
    # RFC 9052 section 4.4: Sig_structure, without external data.
    signature = key.sign(encode_cbor(["Signature1", protected, b"", payload]))
    return encode_cbor(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))


def open1(message: bytes, content_type: str) -> Signed:
    """Check a message of `sign1` and return what it signs.

    Raises FormatError for any other shape or spelling, ProofError for a wrong signature.
    """
    return split_unverified(message, content_type).verify()


def split_unverified(message: bytes, content_type: str) -> UnverifiedSigned:
    """Cut a message of `sign1` without checking its signature; raises FormatError as `open1`."""
    before_key = _before_key(content_type)
    after_key = len(before_key) + _KEY_SIZE
    at = after_key + len(_NO_HEADERS)
    if not (message.startswith(before_key) and message[after_key:at] == _NO_HEADERS):
        raise FormatError(f"not a COSE_Sign1 message of {content_type!r} in its one spelling")
    start, stop = _bytes_at(message, at)
    signature = stop + len(_SIGNATURE_HEAD)
    if message[stop:signature] != _SIGNATURE_HEAD or len(message) != signature + _SIGNATURE_SIZE:
        raise FormatError("the COSE_Sign1 message does not end in one signature of 64 bytes")
    protected = message[len(_TAG_AND_ARRAY) : after_key]
    return UnverifiedSigned(
        message[start:stop],
        message[len(before_key) : after_key],
        message[signature:],
        _STRUCTURE + protected + _NO_EXTERNAL_DATA + message[at:stop],
    )


def _bytes_at(message: bytes, at: int) -> tuple[int, int]:
    """Return where the CBOR byte string at `at` begins and ends; raises FormatError."""
    head = message[at] if at < len(message) else 0
    if 0x40 <= head < 0x58:
        start, size = at + 1, head - 0x40
    elif head in _SHORTEST:
        width, least = _SHORTEST[head]
        start = at + 1 + width
        size = int.from_bytes(message[at + 1 : start], "big")
        if size < least:
            raise FormatError("the payload's length is not in its shortest spelling")
    else:
        raise FormatError("the payload is not a byte string")
    return start, start + size


@lru_cache(64)
def _public_key(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


@cache
def _before_key(content_type: str) -> bytes:
    headers = encode_cbor(_headers(content_type, bytes(_KEY_SIZE)))
    return (_TAG_AND_ARRAY + headers).removesuffix(bytes(_KEY_SIZE))


def _headers(content_type: str, key: bytes) -> bytes:
    return encode_cbor({_ALGORITHM: _EDDSA, _CONTENT_TYPE: content_type, _KEY_ID: key})
