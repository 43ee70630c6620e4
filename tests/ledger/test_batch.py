"""Many entries sent at once: one spelling, each checked, and nobody vouches for another."""

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger import batch
from ledger.batch import (
    MAX_BATCH,
    MOST_FAULTS,
    find_faults,
    find_faults_but_signatures,
    format_batch,
    open_batch,
    parse_batch,
    sign_batch,
)
from ledger.entry import Withdrawal, format_entry
from ledger.errors import FormatError, LedgerError, ProofError
from ledger.vocabulary import digest_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC, OTHER_PUBLIC = (key.public_key().public_bytes_raw() for key in (KEY, OTHER))


def entry(number: int, key: Ed25519PrivateKey = KEY) -> bytes:
    subject = digest_of(b"%d" % number)
    return format_entry(Withdrawal(subject=subject, time=number, reason="a test"), key)


def test_a_batch_is_the_array_of_its_entries() -> None:
    """RFC 8949: an array of two, each a byte string."""
    assert format_batch([b"one", b""]) == b"\x82\x43one\x40"


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=40))
def test_what_is_written_is_read(entries: list[bytes]) -> None:
    assert parse_batch(format_batch(entries)) == entries
    assert open_batch(sign_batch(entries, KEY)) == (entries, PUBLIC)


REFUSED = {
    "nothing": b"",
    "no entries": b"\x80",
    "a map": b"\xa0",
    "one entry, not in an array": b"\x43one",
    "a text among them": b"\x82\x43one\x63two",
    "an array within": b"\x81\x81\x43one",
    "an array without end": b"\x9f\x43one\xff",
    "a longer length": b"\x98\x01\x43one",
    "a longer length of an entry": b"\x81\x58\x03one",
    "something behind": b"\x81\x43one\x00",
    "cut short": b"\x82\x43one",
    "too many": cbor2.dumps([b""] * (MAX_BATCH + 1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_shape_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_batch(REFUSED[name])


def test_every_flipped_bit_of_a_signed_batch_is_noticed() -> None:
    message = sign_batch([b"one", b"two"], KEY)
    for at in range(len(message)):
        for bit in range(8):
            changed = bytearray(message)
            changed[at] ^= 1 << bit
            with pytest.raises(LedgerError):
                open_batch(bytes(changed))


def test_an_entry_is_no_batch_and_a_batch_no_entry() -> None:
    """One's signature must never pass for the other's."""
    with pytest.raises(FormatError):
        open_batch(entry(0))
    [fault] = find_faults([sign_batch([entry(0)], KEY)], {PUBLIC})
    assert "not a COSE_Sign1 message of" in fault.sentence


def test_good_entries_have_no_faults() -> None:
    mixed = [entry(0), entry(1, OTHER), entry(2)]
    assert find_faults(mixed, {PUBLIC, OTHER_PUBLIC}) == []
    assert find_faults_but_signatures([entry(0), entry(1)], PUBLIC) == []


def test_each_fault_is_told_by_its_place() -> None:
    forged = bytearray(entry(1))
    forged[-1] ^= 1
    entries = [entry(0), bytes(forged), b"no entry", entry(3, OTHER), entry(4)]
    assert [fault.position for fault in find_faults(entries, {PUBLIC})] == [1, 2, 3]
    unchecked = find_faults_but_signatures(entries, PUBLIC)
    assert [fault.position for fault in unchecked] == [2, 3], "his own signatures are his affair"


def test_a_batch_of_faults_is_not_told_to_its_end() -> None:
    assert len(find_faults([b"no entry"] * 1000, {PUBLIC})) == MOST_FAULTS


def test_a_signed_batch_vouches_for_nobody_else() -> None:
    assert len(find_faults_but_signatures([entry(0, OTHER)], PUBLIC)) == 1


def test_a_batch_signed_by_another_is_his() -> None:
    _, signer = open_batch(sign_batch([entry(0)], OTHER))
    assert signer == OTHER_PUBLIC
    with pytest.raises(ProofError):
        open_batch(sign_batch([entry(0)], OTHER).replace(OTHER_PUBLIC, PUBLIC))


def test_the_largest_batch_is_read() -> None:
    assert len(parse_batch(format_batch([b"x"] * batch.MAX_BATCH))) == batch.MAX_BATCH
