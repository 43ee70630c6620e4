"""Statements that need not be read, as one of their shape was: same bytes but for what may differ.

Most statements of a batch differ in their digests, numbers and labels alone. What may stand there
in deterministic CBOR is a regular language, so the rest is recognised by one regular expression,
made from a statement that was read strictly. It accepts nothing that reading would refuse.
"""

import re

from .cbor import decode_cbor, encode_cbor
from .entry import parse_statement

_MOST = 8  # shapes looked for
_LEARN_EVERY = 64  # so that statements of many shapes are not slowed down
_FREE_TEXTS = frozenset({"label", "note", "reason"})
_DIGEST = rb"X .{32}"  # RFC 8949 section 3: a byte string of 32
_ARGUMENTS = {24: 1, 25: 2, 26: 4}  # RFC 8949 section 3: bytes behind the first, of a length
# RFC 8949 section 4.2.1: the shortest argument; the statement's numbers stay below 2^53.
_NUMBERS = {
    0x18: rb"\x18[\x18-\xff]",
    0x19: rb"\x19(?!\x00).{2}",
    0x1A: rb"\x1a(?!\x00\x00).{4}",
    0x1B: rb"\x1b(?!\x00{4})\x00[\x00-\x1f].{6}",
}


class Shapes:
    """Reads the payloads of statements, or recognises them."""

    def __init__(self) -> None:
        self._known: list[re.Pattern[bytes]] = []
        self._read = 0

    def check(self, payload: bytes) -> None:
        """Raise FormatError where `parse_statement` would."""
        for shape in self._known:
            if shape.fullmatch(payload):
                return
        parse_statement(payload)
        if self._read % _LEARN_EVERY == 0:
            self._known = [shape_of(payload), *self._known[: _MOST - 1]]
        self._read += 1


def shape_of(payload: bytes) -> re.Pattern[bytes]:
    """What matches a statement that was read, and others that can be read as well."""
    return re.compile(_shape(decode_cbor(payload)), re.DOTALL)


def _shape(value: object, name: object = None) -> bytes:
    encoded = encode_cbor(value)
    head = re.escape(encoded[: 1 + _ARGUMENTS.get(encoded[0] & 0x1F, 0)])
    match value:
        case dict():
            return head + b"".join(
                re.escape(encode_cbor(key)) + _shape(item, key) for key, item in value.items()
            )
        case list():
            return head + b"".join(map(_shape, value))
        case bytes():
            return _DIGEST
        case int() if name != "version":
            return _NUMBERS.get(encoded[0], rb"[\x00-\x17]")
        case str() if name in _FREE_TEXTS and value.isascii():
            return head + rb"[\x00-\x7f]{%d}" % len(value)
        case _:
            return re.escape(encoded)
