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
        # Sorting takes most of the time, and what we read is nearly always sorted.
        again = cbor2.dumps(value) if _is_in_order(value) else encode_cbor(value)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise FormatError(f"not CBOR ({type(problem).__name__})") from None
    if again != data:
        raise FormatError("not deterministic CBOR (RFC 8949 section 4.2)")
    return value


_PLAIN = frozenset({str, bytes, int, bool, type(None)})


def _is_in_order(value: object) -> bool:
    """Whether any encoder writes it deterministically: plain values, and texts in order as keys."""
    if type(value) in _PLAIN:
        return True
    if type(value) is list:
        return _PLAIN.issuperset(map(type, value)) or all(map(_is_in_order, value))
    if type(value) is not dict:
        return False
    before = (-1, "")
    for key, item in value.items():
        if type(key) is not str or not key.isascii() or before >= (before := (len(key), key)):
            return False
        if type(item) not in _PLAIN and not _is_in_order(item):
            return False
    return True
