"""Deterministic CBOR (RFC 8949 section 4.2.1): one spelling for each value, or refused."""

import cbor2

from .errors import FormatError


def encode_cbor(value: object) -> bytes:
    """Encode deterministically: shortest heads, definite lengths, keys in bytewise order."""
    return cbor2.dumps(value, canonical=True)


def decode_cbor(data: bytes) -> object:
    """Decode what `encode_cbor` writes; raise FormatError for any other spelling of the value."""
    try:
        value = cbor2.loads(data)
        again = encode_cbor(value)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise FormatError(f"not CBOR ({type(problem).__name__})") from None
    if again != data:
        raise FormatError("not deterministic CBOR (RFC 8949 section 4.2.1)")
    return value
