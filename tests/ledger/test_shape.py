"""Shapes: a quick way to say that a statement can be read, never more generous than reading it."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger import shape
from ledger.cose import open1
from ledger.entry import (
    CONTENT_TYPE,
    Correction,
    Registration,
    Statement,
    Withdrawal,
    format_entry,
    parse_statement,
)
from ledger.errors import FormatError
from ledger.shape import Shapes, shape_of
from ledger.vocabulary import digest_of
from tests.vectors.entry import generate

from .test_entry import statements

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EVERY_KIND = generate.statements()


def payload_of(statement: Statement) -> bytes:
    return open1(format_entry(statement, KEY), CONTENT_TYPE).payload


def is_read(payload: bytes) -> bool:
    try:
        parse_statement(payload)
    except FormatError:
        return False
    return True


@given(statements)
def test_a_statement_has_its_own_shape(statement: Any) -> None:
    payload = payload_of(statement)
    assert shape_of(payload).fullmatch(payload)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_no_changed_byte_is_recognised_that_is_not_read(name: str) -> None:
    """Every byte of every kind, to all 255 others."""
    payload = payload_of(EVERY_KIND[name])
    known = shape_of(payload)
    recognised = 0
    for at, byte in enumerate(payload):
        changed = bytearray(payload)
        for value in {*range(256)} - {byte}:
            changed[at] = value
            if known.fullmatch(changed):
                recognised += 1
                assert is_read(bytes(changed)), (at, value)
    assert recognised > 32 * 255, "the digests at least may differ"


@given(statements, st.data())
def test_no_number_is_recognised_in_a_longer_spelling(statement: Any, data: Any) -> None:
    payload = bytearray(payload_of(statement))
    known = shape_of(bytes(payload))
    for _ in range(20):
        at = data.draw(st.integers(0, len(payload) - 9))
        run = data.draw(st.sampled_from([b"\0", b"\0\0", b"\0\0\0\0", b"\0 \0\0\0\0\0\0", b"\x17"]))
        changed = payload.copy()
        changed[at : at + len(run)] = run
        if known.fullmatch(changed):
            assert is_read(bytes(changed))


@pytest.mark.parametrize(
    "edges",
    [(0, 23), (24, 255), (256, 65_535), (65_536, (1 << 32) - 1), (1 << 32, (1 << 53) - 1)],
)
def test_numbers_of_one_length_share_a_shape_and_others_do_not(edges: tuple[int, int]) -> None:
    withdrawal = Withdrawal(subject=digest_of(b""), time=edges[0], reason="a test")
    known = shape_of(payload_of(withdrawal))
    assert known.fullmatch(payload_of(replace(withdrawal, time=edges[1])))
    for outside in {max(edges[0] - 1, 0), min(edges[1] + 1, (1 << 53) - 1)} - {*edges}:
        assert not known.fullmatch(payload_of(replace(withdrawal, time=outside)))


def test_more_than_23_commitments_have_a_shape() -> None:
    names = {f"name_{chr(97 + n)}": digest_of(b"%d" % n) for n in range(26)}
    many = Registration(
        subject=digest_of(b""), time=1, size=1, media_type="image/png", commitments=names
    )
    assert shape_of(payload_of(many)).fullmatch(payload_of(replace(many, subject=digest_of(b"x"))))


def test_statements_of_one_shape_are_read_once() -> None:
    payloads = [
        payload_of(Correction(subject=digest_of(b"%d" % n), time=99_999 + n, note=f"note {n}"))
        for n in range(10)
    ]
    with patch.object(shape, "parse_statement", wraps=parse_statement) as read:
        shapes = Shapes()
        for payload in payloads:
            shapes.check(payload)
    assert read.call_count == 1


def test_what_cannot_be_read_is_refused_and_teaches_nothing() -> None:
    shapes = Shapes()
    good = payload_of(Withdrawal(subject=digest_of(b""), time=1, reason="a test"))
    for _ in range(2):
        shapes.check(good)
        with pytest.raises(FormatError):
            shapes.check(good + b"\0")
        with pytest.raises(FormatError):
            shapes.check(good.replace(b"withdrawal", b"withdrawaL"))
