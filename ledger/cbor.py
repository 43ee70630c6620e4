"""Deterministic CBOR (RFC 8949 section 4.2): one spelling for each value, or refused.

Keys stand in the order of section 4.2.3, shorter encodings first. Where all keys of a map are
texts, or all small numbers, as in everything that we define, that is the order of 4.2.1 as well.
"""

import cbor2

from .errors import FormatError


def encode_cbor(value: object) -> bytes:
    """Encode deterministically: shortest heads, definite lengths, keys in order."""
    return cbor2.dumps(value, canonical=True)


def decode_cbor(data: bytes) -> object:
    """Decode what `encode_cbor` writes; raise FormatError for any other spelling of the value."""
    try:
        value = cbor2.loads(data)
        again = encode_cbor(value)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise FormatError(f"not CBOR ({type(problem).__name__})") from None
    if again != data:
        raise FormatError("not deterministic CBOR (RFC 8949 section 4.2)")
    return value
