"""Deterministic CBOR: one spelling for a value, and nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cbor import decode_cbor, encode_cbor
from ledger.errors import FormatError

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.binary()
    | st.text()
    # A NaN is unequal to itself, whatever its bytes.
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read(value: object) -> None:
    assert decode_cbor(encode_cbor(value)) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_the_one_spelling_of_a_value_or_refused(data: bytes) -> None:
    try:
        value = decode_cbor(data)
    except FormatError:
        return
    assert encode_cbor(value) == data


@given(values, st.data())
def test_bytes_that_are_missing_or_added_are_noticed(value: object, data: st.DataObject) -> None:
    encoded = encode_cbor(value)
    for other in (encoded[: data.draw(st.integers(0, len(encoded) - 1))], encoded + b"\x00"):
        with pytest.raises(FormatError):
            decode_cbor(other)


def test_keys_stand_in_the_order_of_their_encodings() -> None:
    """RFC 8949 section 4.2.3, by its example: the shorter first."""
    encoded = encode_cbor({"aa": 0, "z": 0, 100: 0, 10: 0, -1: 0, False: 0})
    assert encoded == bytes.fromhex("a6 0a00 2000 f400 186400 617a00 62616100")


@given(st.dictionaries(st.text(max_size=300), st.none(), max_size=6))
def test_for_texts_alone_that_is_the_bytewise_order(value: dict[str, None]) -> None:
    """RFC 8949 section 4.2.1: so any other deterministic encoder agrees on what we define."""
    keys = sorted(encode_cbor(key) for key in value)
    assert encode_cbor(value)[1:] == b"".join(key + b"\xf6" for key in keys)


OTHER_SPELLINGS = {
    "nothing": "",
    "a number in a longer head": "1800",
    "a length in a longer head": "5801ff",
    "an indefinite text": "7f6161ff",
    "an indefinite string of bytes": "5f4161ff",
    "an indefinite list": "9f00ff",
    "an indefinite map": "bf616100ff",
    "keys out of order": "a2616200616100",
    "a key twice": "a2616100616101",
    "a float in too many bytes": "fb3ff8000000000000",
    "a NaN with a payload": "f97e01",
    "text that is not UTF-8": "61ff",
    "text with half a surrogate pair": "63eda080",
    "a big number that needs no tag": "c24101",
    "a big number with leading zeros": "c24a00010000000000000000",
    "a simple value in two bytes": "f814",
    "two values": "0000",
    "a reserved head": "1c",
    "a stray break": "ff",
    "a list cut short": "8200",
    "a string said to be of 2^63 bytes": "5b7fffffffffffffff",
    "a list said to be of 2^63 items": "9b7fffffffffffffff",
    "a value that holds itself": "d81c81d81d00",
    "a pattern that does not compile": "d8236128",
    "a division by zero": "d81e820100",
    "a date beyond the calendar": "c11b7fffffffffffffff",
    "a date in words": "c0656e6f6f6e21",
}


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_another_spelling_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        decode_cbor(bytes.fromhex(OTHER_SPELLINGS[name]))


@pytest.mark.parametrize(
    "head", [b"\x81", b"\xa1\x00", b"\xc6", b"\xd8\x1c\x81", b"\xd9\x01\x02\x81"]
)
def test_the_deepest_nesting_is_refused_and_not_followed(head: bytes) -> None:
    with pytest.raises(FormatError):
        decode_cbor(head * 30_000 + b"\x00")
