"""Values that all four packages speak in have one spelling each."""

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.vocabulary import Digest, Fingerprint, Outcome, digest_of, format_digest, parse_digest


@given(st.binary(min_size=32, max_size=32).map(Digest))
def test_a_digest_is_read_back_as_it_was_written(digest: Digest) -> None:
    assert parse_digest(format_digest(digest)) == digest
    assert str(digest) == f"sha256:{digest.hex}"


@given(st.binary(max_size=100))
def test_a_digest_is_sha_256(data: bytes) -> None:
    assert digest_of(data).value == hashlib.sha256(data).digest()


@pytest.mark.parametrize("size", [0, 20, 31, 33, 64])
def test_a_digest_has_32_bytes(size: int) -> None:
    with pytest.raises(FormatError):
        Digest(bytes(size))


GOOD = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    "text",
    [
        *("", "sha256:", "0a" * 32, GOOD[:-1], GOOD + "0", GOOD + "\n", " " + GOOD),
        *(GOOD.upper(), GOOD.replace("a", "A"), GOOD.replace("sha256", "sha512")),
        *(GOOD.replace("0a", "0g"), GOOD.replace("0", "\N{FULLWIDTH DIGIT ZERO}"), GOOD + "\x00"),
    ],
)
def test_another_spelling_of_a_digest_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_digest(text)


def test_values_cannot_be_changed() -> None:
    for value in (digest_of(b""), Fingerprint("a", 1, b"")):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            value.value = b""  # type: ignore[union-attr, misc]  # that is the point


def test_there_are_five_answers_and_none_of_them_is_yes() -> None:
    assert [str(outcome) for outcome in Outcome] == [
        *("passed", "failed", "absent", "unreadable", "not_checked")
    ]
