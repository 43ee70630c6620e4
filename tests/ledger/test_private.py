"""Commitments: what an entry says without saying it, and how little opens it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cbor import encode_cbor
from ledger.errors import FormatError, ProofError
from ledger.private import (
    SALT_SIZE,
    PrivateRecord,
    commitment,
    format_private_record,
    parse_private_record,
    seal,
)
from ledger.vocabulary import Fingerprint, digest_of

SALT = b"\x5a" * SALT_SIZE
values = st.one_of(
    st.booleans(),
    st.integers(-(1 << 63), 1 << 63),
    st.text(),
    st.binary(),
    st.floats(allow_nan=False),
)
records = st.dictionaries(
    st.text(min_size=1),
    st.tuples(st.binary(min_size=SALT_SIZE, max_size=SALT_SIZE), values),
    max_size=4,
).map(PrivateRecord)


def test_a_commitment_is_a_digest_of_all_that_it_binds() -> None:
    """By hand: a domain, the salt, and the CBOR of [name, value]."""
    assert commitment("title", SALT, "Noon") == digest_of(
        b"firsthand/commitment/v1\x00" + SALT + b"\x82\x65title\x64Noon"
    )


@given(records)
def test_a_record_is_read_back_and_opens_its_own_commitments(record: PrivateRecord) -> None:
    data = format_private_record(record)
    assert parse_private_record(data) == record
    assert format_private_record(parse_private_record(data)) == data
    record.check(record.commitments())


@given(values, values, st.binary(min_size=SALT_SIZE, max_size=SALT_SIZE))
def test_another_salt_name_or_value_does_not_open_it(
    value: object, other: object, salt: bytes
) -> None:
    said = PrivateRecord({"title": (SALT, value)}).commitments()
    wrong = [{"place": (SALT, value)}, {}, {"title": (SALT, value), "place": (SALT, value)}]
    if salt != SALT:
        wrong.append({"title": (salt, value)})
    if encode_cbor(other) != encode_cbor(value):
        wrong.append({"title": (SALT, other)})
    for each in wrong:
        with pytest.raises(ProofError):
            PrivateRecord(each).check(said)


@pytest.mark.parametrize("pair", [(1, True), (0, False), (1, 1.0), ("1", b"1"), ([1], [True])])
def test_what_python_calls_equal_is_not_the_same_value(pair: tuple[object, object]) -> None:
    one, other = pair
    assert commitment("n", SALT, one) != commitment("n", SALT, other)


def test_names_and_values_cannot_be_shifted_into_each_other() -> None:
    assert commitment("ab", SALT, "c") != commitment("a", SALT, "bc")


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33)])
def test_a_short_salt_is_refused(salt: bytes) -> None:
    with pytest.raises(FormatError):
        commitment("title", salt, "Noon")


def test_every_value_is_sealed_with_its_own_salt_and_nothing_with_none() -> None:
    drawn: list[int] = []

    def randomness(size: int) -> bytes:
        drawn.append(size)
        return bytes([len(drawn)]) * size

    record = seal({"title": "Noon", "place": None, "file_name": "a.jpg"}, randomness)
    assert drawn == [SALT_SIZE, SALT_SIZE]
    assert set(record.commitments()) == {"title", "file_name"}
    assert record.value("title") == "Noon"
    assert record.value("place") is None
    assert record.opened["title"][0] != record.opened["file_name"][0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        encode_cbor([]),
        encode_cbor({"title": "Noon"}),
        encode_cbor({"title": [SALT]}),
        encode_cbor({"title": [SALT, "Noon", 1]}),
        encode_cbor({"title": [SALT[:-1], "Noon"]}),
        encode_cbor({"title": ["salt", "Noon"]}),
        encode_cbor({1: [SALT, "Noon"]}),
        format_private_record(PrivateRecord({"title": (SALT, "Noon")})) + b"\x00",
        b"\xbf\x65title\x82\x58\x20" + SALT + b"\x64Noon\xff",
    ],
)
def test_anything_else_is_no_private_record(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_private_record(data)


def test_fingerprints_are_kept_as_they_were() -> None:
    kept = PrivateRecord({"fingerprints": (SALT, [["a", 1, b"\x01"], ["b", 2, b""]])})
    assert kept.fingerprints == (Fingerprint("a", 1, b"\x01"), Fingerprint("b", 2, b""))
    assert PrivateRecord().fingerprints == ()


@pytest.mark.parametrize("value", ["x", 7, {}, [1], [["a", 1]], [["a", "1", b""]], [["a", 1, "b"]]])
def test_what_is_no_fingerprint_is_said_to_be_none(value: object) -> None:
    """The private store is not trusted for truth: a changed row must be told, not crash."""
    with pytest.raises(FormatError):
        _ = PrivateRecord({"fingerprints": (SALT, value)}).fingerprints
