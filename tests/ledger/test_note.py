"""Signed notes are those of c2sp.org/signed-note, and no other byte passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError
from ledger.note import (
    Ed25519NoteSigner,
    Ed25519NoteVerifier,
    Note,
    NoteSignature,
    decode_base64,
    encode_base64,
    format_note,
    format_private_signer_key,
    format_verifier_key,
    open_note,
    parse_note,
    parse_private_signer_key,
    parse_verifier_key,
    sign_note,
)

KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n"
    "\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
    "mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
# The key of Go's sumdb/note, its documentation's example.
PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_the_specification_s_example_verifies() -> None:
    note = open_note(NOTE, [parse_verifier_key(KEY)])
    assert note.text == "This is an example message.\n"
    assert [signature.name for signature in note.signatures] == ["example.com/foo"]


def test_keys_of_go_s_sumdb_note_read_and_write_the_same() -> None:
    signer = parse_private_signer_key(PETER)
    assert format_private_signer_key(signer) == PETER
    assert format_verifier_key(signer.verifier) == PETER_PUBLIC
    assert format_verifier_key(parse_verifier_key(PETER_PUBLIC)) == PETER_PUBLIC


def test_every_changed_bit_of_a_note_is_refused() -> None:
    verifier = parse_verifier_key(KEY)
    for at in range(len(NOTE)):
        for bit in range(8):
            changed = bytearray(NOTE)
            changed[at] ^= 1 << bit
            with pytest.raises((FormatError, ProofError)):
                open_note(bytes(changed), [verifier])


def test_every_truncation_and_every_inserted_byte_of_a_note_is_refused() -> None:
    verifier = parse_verifier_key(KEY)
    for at in range(len(NOTE)):
        for changed in (NOTE[:at], NOTE[:at] + b"\n" + NOTE[at:], NOTE[:at] + b"A" + NOTE[at:]):
            with pytest.raises((FormatError, ProofError)):
                open_note(changed, [verifier])


def test_every_changed_character_of_a_key_is_refused_or_names_another_key() -> None:
    good = parse_verifier_key(KEY)
    for at in range(len(KEY)):
        for character in "+/=0aAz \n\u0661":
            changed = KEY[:at] + character + KEY[at + 1 :]
            if changed == KEY:
                continue
            with pytest.raises(FormatError):
                parse_verifier_key(changed)
        with pytest.raises(FormatError):
            parse_verifier_key(KEY[:at])
    assert good.key_id.hex() == "530d903a"


@given(st.binary(max_size=200))
def test_what_parses_as_a_note_is_written_the_same(data: bytes) -> None:
    try:
        note = parse_note(data)
    except FormatError:
        return
    assert format_note(note) == data


@given(st.text(max_size=60))
def test_any_text_without_control_characters_can_be_signed(text: str) -> None:
    signer = Ed25519NoteSigner("a.example", bytes(32))
    try:
        note = sign_note(text + "\n", [signer])
    except FormatError:
        assert any((c < " " and c != "\n") or "\ud800" <= c <= "\udfff" for c in text)
        return
    assert open_note(note, [signer.verifier]).text == text + "\n"


def test_the_last_empty_line_ends_the_text() -> None:
    signer = Ed25519NoteSigner("a.example", bytes(32))
    text = "one\n\n\u2014 b.example AAAA\n\ntwo\n"
    assert open_note(sign_note(text, [signer]), [signer.verifier]).text == text


def test_signatures_of_unknown_keys_are_ignored_and_not_returned() -> None:
    known, unknown = Ed25519NoteSigner("a", bytes(32)), Ed25519NoteSigner("b", bytes(32))
    namesake = Ed25519NoteSigner("a", bytes([1]) * 32)
    note = sign_note("text\n", [unknown, namesake, known])
    opened = open_note(note, [known.verifier])
    assert [(s.name, s.key_id) for s in opened.signatures] == [("a", known.verifier.key_id)]
    with pytest.raises(ProofError, match="no known key"):
        open_note(sign_note("text\n", [unknown, namesake]), [known.verifier])
    with pytest.raises(ProofError, match="no known key"):
        open_note(note, [])


def test_a_known_key_s_bad_signature_rejects_the_note_whatever_else_is_good() -> None:
    one, two = Ed25519NoteSigner("a", bytes(32)), Ed25519NoteSigner("b", bytes(32))
    bad = NoteSignature("b", two.verifier.key_id, bytes(64))
    note = sign_note("text\n", [one], [bad])
    open_note(note, [one.verifier])
    with pytest.raises(ProofError, match="signature of b"):
        open_note(note, [one.verifier, two.verifier])
    repeated = sign_note("text\n", [one, two], [bad])
    with pytest.raises(ProofError, match="signature of b"):
        open_note(repeated, [one.verifier, two.verifier])


def test_a_key_that_signs_twice_counts_once() -> None:
    one = Ed25519NoteSigner("a", bytes(32))
    assert len(open_note(sign_note("text\n", [one, one]), [one.verifier]).signatures) == 1


def test_a_signature_does_not_serve_another_text() -> None:
    one = Ed25519NoteSigner("a", bytes(32))
    note = parse_note(sign_note("text\n", [one]))
    with pytest.raises(ProofError):
        open_note(format_note(Note("texts\n", note.signatures)), [one.verifier])


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\tb", "a\nb", "a\x00b"]
)
def test_a_key_name_holds_no_space_no_plus_and_no_control(name: str) -> None:
    with pytest.raises(FormatError):
        Ed25519NoteVerifier(name, bytes(32))


def test_too_many_signatures_and_too_many_bytes_are_refused() -> None:
    one = Ed25519NoteSigner("a", bytes(32))
    assert len(parse_note(sign_note("text\n", [one] * 100)).signatures) == 100
    with pytest.raises(FormatError, match="1 to 100 signatures"):
        sign_note("text\n", [one] * 101)
    with pytest.raises(FormatError, match="1 to 100 signatures"):
        sign_note("text\n", [])
    with pytest.raises(FormatError, match="1000000 bytes"):
        sign_note("x" * 1_000_000 + "\n", [one])
    with pytest.raises(FormatError, match="1000000 bytes"):
        parse_note(bytes(1_000_001))


def test_two_verifiers_of_one_key_are_refused() -> None:
    one = Ed25519NoteSigner("a", bytes(32))
    with pytest.raises(ProofError, match="same name"):
        open_note(sign_note("text\n", [one]), [one.verifier, one.verifier])


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "AA==\n", " AA==", "A\u00c1==", "AA==AA=="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(FormatError):
        decode_base64(text)


@given(st.binary())
def test_base64_reads_back(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


def test_keys_of_another_length_or_type_are_refused() -> None:
    with pytest.raises(FormatError, match="public key of 32 bytes"):
        Ed25519NoteVerifier("a", bytes(31))
    with pytest.raises(FormatError, match="private key of 32 bytes"):
        Ed25519NoteSigner("a", bytes(33))
    with pytest.raises(FormatError, match="0x01"):
        parse_verifier_key("a+00000000+" + encode_base64(b"\x04" + bytes(32)))
    with pytest.raises(FormatError, match="not a note signer"):
        parse_private_signer_key(PETER_PUBLIC)
