"""COSE_Sign1 in one spelling: whatever is not exactly what we write is refused."""

from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.cbor import encode_cbor
from ledger.cose import open1, sign1
from ledger.errors import FormatError, LedgerError, ProofError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
TYPE = "application/vnd.example+cbor"
PAYLOAD = b"what is said"


def signed(
    protected: Any = None,
    unprotected: Any = None,
    payload: Any = PAYLOAD,
    *,
    tag: int | None = 18,
    signature: bytes | None = None,
    extra: tuple[object, ...] = (),
) -> bytes:
    """Sign with any headers: the signature is good, whatever the message looks like."""
    if protected is None:
        protected = {1: -8, 3: TYPE, 4: PUBLIC}
    headers = protected if isinstance(protected, bytes) else encode_cbor(protected)
    signature = signature or KEY.sign(encode_cbor(["Signature1", headers, b"", payload]))
    body = [headers, {} if unprotected is None else unprotected, payload, signature, *extra]
    return encode_cbor(body if tag is None else cbor2.CBORTag(tag, body))


@given(st.binary(max_size=300) | st.binary(min_size=65_530, max_size=65_540))
def test_what_is_signed_is_opened(payload: bytes) -> None:
    message = sign1(payload, TYPE, KEY)
    opened = open1(message, TYPE)
    assert (opened.payload, opened.key) == (payload, PUBLIC)
    assert message == signed(payload=payload)


def test_the_signature_is_over_what_rfc_9052_says() -> None:
    """RFC 9052 section 4.4: ["Signature1", protected headers, external data, payload]."""
    protected, unprotected, payload, signature = cbor2.loads(sign1(PAYLOAD, TYPE, KEY)).value
    assert unprotected == {}
    structure = b"\x84\x6aSignature1" + b"\x58" + bytes([len(protected)]) + protected
    structure += b"\x40" + bytes([0x40 + len(payload)]) + payload
    Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, structure)


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_a_payload_has_one_spelling_of_its_length(size: int) -> None:
    """RFC 8949 section 4.2.1: the shortest. Every longer one is signed as well, and refused."""
    message = sign1(bytes(size), TYPE, KEY)
    short = encode_cbor(bytes(size))
    at = message.index(short + b"\x58\x40")
    longer = [b"\x58" + size.to_bytes(1, "big")] if size < 24 else []
    longer += [b"\x59" + size.to_bytes(2, "big")] if size < 256 else []
    longer += [b"\x5a" + size.to_bytes(4, "big")] if size < 65_536 else []
    for head in [*longer, b"\x5b" + size.to_bytes(8, "big"), b"\x5f", b"\x60"]:
        with pytest.raises(FormatError):
            open1(message[:at] + head + bytes(size) + message[at + len(short) :], TYPE)


def test_every_flipped_bit_is_noticed() -> None:
    message = sign1(PAYLOAD, TYPE, KEY)
    for at in range(len(message)):
        for bit in range(8):
            changed = bytearray(message)
            changed[at] ^= 1 << bit
            with pytest.raises(LedgerError):
                open1(bytes(changed), TYPE)


REFUSED = {
    "no tag": signed(tag=None),
    "another tag": signed(tag=98),
    "a tag around the tag": encode_cbor(cbor2.CBORTag(61, cbor2.loads(signed()))),
    "an unprotected header": signed(unprotected={4: PUBLIC}),
    "a list for the unprotected headers": signed(unprotected=[]),
    "no payload": signed(payload=None),
    "text for a payload": signed(payload="what is said"),
    "one field more": signed(extra=(b"",)),
    "no headers": signed(b""),
    "an empty map of headers": signed({}),
    "a list of headers": signed([1, -8]),
    "another algorithm": signed({1: -7, 3: TYPE, 4: PUBLIC}),
    "the algorithm by name": signed({1: "EdDSA", 3: TYPE, 4: PUBLIC}),
    "the algorithm as a float": signed({1: -8.0, 3: TYPE, 4: PUBLIC}),
    "true for the label 1": signed({True: -8, 3: TYPE, 4: PUBLIC}),
    "a float for the label 1": signed({1.0: -8, 3: TYPE, 4: PUBLIC}),
    "no algorithm": signed({3: TYPE, 4: PUBLIC}),
    "no key": signed({1: -8, 3: TYPE}),
    "no content type": signed({1: -8, 4: PUBLIC}),
    "another content type": signed({1: -8, 3: "text/plain", 4: PUBLIC}),
    "a content type by number": signed({1: -8, 3: 60, 4: PUBLIC}),
    "a header that we do not know": signed({1: -8, 3: TYPE, 4: PUBLIC, 5: b""}),
    "a critical header": signed({1: -8, 2: [3], 3: TYPE, 4: PUBLIC}),
    "a key of 31 bytes": signed({1: -8, 3: TYPE, 4: PUBLIC[:31]}),
    "a key of 33 bytes": signed({1: -8, 3: TYPE, 4: PUBLIC + b"\x00"}),
    "a key in text": signed({1: -8, 3: TYPE, 4: "key"}),
    "headers out of order": signed(bytes.fromhex("a2 0363") + b"abc" + bytes.fromhex("0127")),
    "a signature of one byte": signed(signature=b"\x00"),
    "a signature of 63 bytes": signed(signature=bytes(63)),
    "a signature of 65 bytes": signed(signature=bytes(65)),
    "nothing": b"",
    "no CBOR": b"\xff",
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_shape_is_refused_though_its_signature_is_good(name: str) -> None:
    with pytest.raises(FormatError):
        open1(REFUSED[name], TYPE)


def test_headers_in_another_spelling_are_refused() -> None:
    """The same headers with a long length, and the same in a map without end."""
    headers = encode_cbor({1: -8, 3: TYPE, 4: PUBLIC})
    long = headers.replace(b"\x03\x78\x1c", b"\x03\x79\x00\x1c")
    assert long != headers
    for other in (long, b"\xbf" + headers[1:] + b"\xff", headers + b"\x00"):
        with pytest.raises(FormatError):
            open1(signed(other), TYPE)


@pytest.mark.parametrize(
    "signature",
    [
        bytes(64),
        KEY.sign(PAYLOAD),
        Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(PAYLOAD),
    ],
)
def test_another_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(ProofError):
        open1(signed(signature=signature), TYPE)


def test_a_signature_is_not_malleable() -> None:
    """RFC 8032 section 5.1.7: S plus the order of the group signs the same, and is refused."""
    order = (1 << 252) + 27742317777372353535851937790883648493
    good = cbor2.loads(signed()).value[3]
    s = int.from_bytes(good[32:], "little") + order
    with pytest.raises(ProofError):
        open1(signed(signature=good[:32] + s.to_bytes(32, "little")), TYPE)


def test_the_key_of_another_does_not_open_it() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key().public_bytes_raw()
    with pytest.raises(ProofError):
        open1(signed({1: -8, 3: TYPE, 4: other}), TYPE)
