"""Entries: one class a kind, one spelling each, and every changed byte is refused."""

from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.cbor import decode_cbor, encode_cbor
from ledger.cose import open1, sign1
from ledger.entry import (
    CONTENT_TYPE,
    MAX_TEXT,
    Correction,
    Custody,
    Derivation,
    Erasure,
    KeyRevocation,
    ManifestIdentity,
    Registration,
    Statement,
    Withdrawal,
    format_entry,
    parse_entry,
)
from ledger.errors import FirsthandError, FormatError, LedgerError
from ledger.merkle import leaf_hash
from ledger.subjects import Role, label_digest, subjects_of
from ledger.tile import MAX_ENTRY_SIZE
from ledger.vocabulary import Digest, digest_of
from tests.vectors.entry import generate

VECTORS = Path(generate.__file__).parent
KEY = generate.KEY
PUBLIC = KEY.public_key().public_bytes_raw()
STATEMENTS = generate.statements()

digests = st.binary(min_size=32, max_size=32).map(Digest)
optional = st.none() | digests
numbers = st.integers(0, (1 << 53) - 1)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50)
common: dict[str, Any] = {"subject": digests, "time": numbers, "previous": optional}
media_types = st.from_regex(r"[a-z0-9.+-]{1,20}/[a-z0-9.+-]{1,20}", fullmatch=True)
names = st.from_regex(r"[a-z][a-z_]{0,39}", fullmatch=True)
manifests = st.builds(
    ManifestIdentity, label=texts, claim=digests, hard_binding=optional, certificate=optional
)
statements = st.one_of(
    st.builds(
        Registration,
        **common,
        size=numbers,
        media_type=media_types,
        source=optional,
        manifest=st.none() | manifests,
        commitments=st.dictionaries(names, digests, max_size=4),
    ),
    st.builds(Derivation, **common, parents=st.lists(digests, min_size=1, max_size=5).map(tuple)),
    st.builds(Withdrawal, **common, reason=texts),
    st.builds(Correction, **common, note=texts),
    st.builds(KeyRevocation, **common, since=numbers, reason=texts),
    st.builds(
        Custody,
        **common,
        giver=optional,
        receiver=digests,
        commitments=st.dictionaries(names, digests, max_size=4),
    ),
    st.builds(Erasure, **common, erased=digests, reason=texts),
)


class TestGoldenVectors:
    @pytest.mark.parametrize("name", STATEMENTS)
    def test_a_statement_has_one_spelling_for_ever(self, name: str) -> None:
        expected = bytes.fromhex((VECTORS / f"{name}.hex").read_text())
        assert format_entry(STATEMENTS[name], KEY) == expected
        parsed = parse_entry(expected)
        assert parsed.statement == STATEMENTS[name]
        assert parsed.key == PUBLIC

    def test_another_reader_of_cose_reads_the_same(self) -> None:
        """RFC 9052 by hand, with a CBOR decoder and Ed25519 and nothing of ours."""
        message = cbor2.loads(bytes.fromhex((VECTORS / "registration.hex").read_text()))
        assert message.tag == 18
        protected, unprotected, payload, signature = message.value
        assert cbor2.loads(protected) == {1: -8, 3: CONTENT_TYPE, 4: PUBLIC}
        assert unprotected == {}
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        Ed25519PublicKey.from_public_bytes(PUBLIC).verify(signature, signed)
        said = cbor2.loads(payload)
        assert said["kind"] == "registration"
        assert said["subject"] == generate.ASSET.value
        assert set(said) == {
            *("version", "kind", "subject", "time", "previous"),
            *("size", "media_type", "source", "manifest", "commitments"),
        }

    def test_the_chain_of_custody_can_be_followed_by_hand(self) -> None:
        registration = bytes.fromhex((VECTORS / "registration.hex").read_text())
        withdrawal = parse_entry(bytes.fromhex((VECTORS / "withdrawal.hex").read_text()))
        assert withdrawal.statement.previous == digest_of(b"\x00" + registration)
        assert leaf_hash(registration) == digest_of(b"\x00" + registration).value


@given(statements, st.binary(min_size=32, max_size=32))
def test_every_statement_is_read_back_as_it_was_said(statement: Statement, seed: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    entry = format_entry(statement, key)
    parsed = parse_entry(entry)
    assert parsed.statement == statement
    assert type(parsed.statement) is type(statement)
    assert parsed.key == key.public_key().public_bytes_raw()
    assert format_entry(parsed.statement, key) == entry


def test_there_is_a_vector_of_every_kind() -> None:
    kinds = {each.kind for each in Statement.__subclasses__()}
    assert {each.kind for each in STATEMENTS.values()} == kinds


@pytest.mark.parametrize("name", ["registration", "withdrawal", "custody"])
def test_every_flipped_byte_is_refused(name: str) -> None:
    entry = format_entry(STATEMENTS[name], KEY)
    for at in range(len(entry)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(entry)
            changed[at] ^= mask
            with pytest.raises(LedgerError):
                parse_entry(bytes(changed))


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_cut_and_every_addition_is_refused(name: str) -> None:
    entry = format_entry(STATEMENTS[name], KEY)
    for other in (*(entry[:stop] for stop in range(len(entry))), entry + b"\x00", b"\x00" + entry):
        with pytest.raises(FormatError):
            parse_entry(other)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(FirsthandError):
        parse_entry(data)
    with pytest.raises(FormatError):
        parse_entry(sign1(data, CONTENT_TYPE, KEY))


def said(name: str, **changes: object) -> bytes:
    """Sign, rightly, what a statement does not say: `...` takes a field away."""
    fields = decode_cbor(open1(format_entry(STATEMENTS[name], KEY), CONTENT_TYPE).payload)
    assert isinstance(fields, dict)
    kept = {key: value for key, value in (fields | changes).items() if value is not ...}
    return sign1(encode_cbor(kept), CONTENT_TYPE, KEY)


MANIFEST: dict[str, object] = {
    "label": "urn",
    "claim": bytes(32),
    "hard_binding": None,
    "certificate": None,
}
LONG = "x" * (MAX_TEXT + 1)
# By kind and field, what does not belong there; `...` is no field at all.
WRONG: dict[tuple[str, str], tuple[object, ...]] = {
    ("registration", "version"): (0, 2, -1, True, 1.0, "1", None, ...),
    ("registration", "kind"): ("derivation", "", "Registration", 1, None, ...),
    ("registration", "subject"): (bytes(31), bytes(33), b"", "x", None, ...),
    ("registration", "time"): (-1, 1 << 53, 1.5, True, "1", None, ...),
    ("registration", "previous"): (bytes(31), "x", 0, False, ...),
    ("registration", "size"): (-1, 1 << 53, True, 0.5, None, ...),
    ("registration", "media_type"): (
        *("jpeg", "image/", "/jpeg", "Image/JPEG", "image/jpeg\n", "a/b/c", "", "a/" + "b" * 61),
        *(b"a/b", None, ...),
    ),
    ("registration", "source"): (bytes(31), "x", 0, ...),
    ("registration", "manifest"): (
        *({}, [], "urn", False, ..., MANIFEST | {"more": None}, MANIFEST | {"claim": None}),
        *(MANIFEST | {"claim": bytes(31)}, MANIFEST | {"label": ""}, MANIFEST | {"label": LONG}),
    ),
    ("registration", "commitments"): (
        *(None, [], ..., {"title": bytes(31)}, {"title": None}, {1: bytes(32)}),
        *({name: bytes(32)} for name in ("", "Name", "1st", "a-b", "a b", "é", "a\n", "x" * 41)),
    ),
    ("derivation", "parents"): (
        *([], None, bytes(32), [bytes(31)], [None], [bytes(32)] * 101, ...),
    ),
    ("withdrawal", "reason"): ("", b"x", None, 1, LONG, ...),
    ("correction", "note"): ("", None, LONG, ...),
    ("key-revocation", "since"): (-1, True, None, 1 << 53, ...),
    ("key-revocation", "reason"): ("", None, ...),
    ("custody", "giver"): (bytes(31), "x", False, ...),
    ("custody", "receiver"): (bytes(31), "x", None, ...),
    ("custody", "commitments"): (None, {"title": bytes(31)}, {"No": bytes(32)}, ...),
    ("erasure", "erased"): (bytes(31), "x", None, ...),
    ("erasure", "reason"): ("", None, LONG, ...),
    **{(name, "more"): (None,) for name in STATEMENTS},
}


@pytest.mark.parametrize(("name", "field"), WRONG)
def test_a_field_that_is_missing_wrong_or_new_is_refused(name: str, field: str) -> None:
    assert parse_entry(said(name)).statement == STATEMENTS[name]
    for value in WRONG[name, field]:
        with pytest.raises(FormatError):
            parse_entry(said(name, **{field: value}))


def test_a_field_with_a_number_for_a_name_is_refused() -> None:
    fields = decode_cbor(open1(said("withdrawal"), CONTENT_TYPE).payload)
    assert isinstance(fields, dict)
    with pytest.raises(FormatError):
        parse_entry(sign1(encode_cbor(fields | {1: None}), CONTENT_TYPE, KEY))


@pytest.mark.parametrize(
    "payload",
    [
        b"\xbf\x64kind\x6awithdrawal\xff",  # without end
        encode_cbor(["registration"]),
        encode_cbor("registration"),
        encode_cbor(None),
        b"\xa2\x64kind\x6awithdrawal\x64kind\x6awithdrawal",  # a field twice
        b"\x81" * 60_000 + b"\x00",
        b"\xa1\x61a" * 20_000 + b"\x00",
        encode_cbor(cbor2.CBORTag(1, 0)),
    ],
)
def test_another_spelling_of_a_statement_is_refused_though_it_is_signed(payload: bytes) -> None:
    with pytest.raises(FormatError):
        parse_entry(sign1(payload, CONTENT_TYPE, KEY))


def test_another_content_type_is_another_statement() -> None:
    payload = open1(said("withdrawal"), CONTENT_TYPE).payload
    with pytest.raises(FormatError):
        parse_entry(sign1(payload, "application/cbor", KEY))


@pytest.mark.parametrize(
    "statement",
    [
        Withdrawal(subject=Digest(bytes(32)), time=0, reason=""),
        Withdrawal(subject=Digest(bytes(32)), time=0, reason="x" * (MAX_TEXT + 1)),
        Withdrawal(subject=Digest(bytes(32)), time=-1, reason="x"),
        Withdrawal(subject=Digest(bytes(32)), time=True, reason="x"),
        Derivation(subject=Digest(bytes(32)), time=0, parents=()),
        Registration(subject=Digest(bytes(32)), time=0, size=-1, media_type="a/b"),
        Registration(subject=Digest(bytes(32)), time=0, size=1, media_type="A/B"),
        Registration(
            subject=Digest(bytes(32)),
            time=0,
            size=1,
            media_type="a/b",
            commitments={"No": Digest(bytes(32))},
        ),
    ],
)
def test_nothing_is_signed_that_could_not_be_read_back(statement: Statement) -> None:
    with pytest.raises(FormatError):
        format_entry(statement, KEY)


def test_a_statement_of_no_kind_is_a_bug() -> None:
    with pytest.raises((TypeError, AttributeError)):
        format_entry(Statement(subject=Digest(bytes(32)), time=0), KEY)


def test_the_longest_entry_fits_a_leaf() -> None:
    """A text is counted in characters, of up to four bytes."""
    long = "\U0001f680" * MAX_TEXT
    subject = Digest(bytes(32))
    for statement in (
        Correction(subject=subject, time=0, previous=subject, note=long),
        Derivation(subject=subject, time=0, parents=(subject,) * 100),
        Registration(
            subject=subject,
            time=(1 << 53) - 1,
            size=(1 << 53) - 1,
            media_type="a" * 60 + "/" + "b" * 60,
            source=subject,
            manifest=ManifestIdentity(long, subject, subject, subject),
            commitments={f"{chr(97 + n)}" * 40: subject for n in range(26)},
        ),
    ):
        entry = format_entry(statement, KEY)
        assert parse_entry(entry).statement == statement
        assert len(entry) < MAX_ENTRY_SIZE // 4


def test_all_digests_of_an_entry_find_it_by_their_roles() -> None:
    registration = STATEMENTS["registration"]
    assert isinstance(registration, Registration)
    assert registration.manifest is not None
    entry = parse_entry(format_entry(registration, KEY))
    assert subjects_of(entry) == {
        (generate.ASSET, Role.SUBJECT),
        (generate.SOURCE, Role.SOURCE),
        (registration.manifest.claim, Role.CLAIM),
        (registration.manifest.hard_binding, Role.HARD_BINDING),
        (label_digest(registration.manifest.label), Role.LABEL),
    }
    roles = {
        "derivation": {Role.SUBJECT, Role.PARENT},
        "custody": {Role.SUBJECT, Role.GIVER, Role.RECEIVER},
        "erasure": {Role.SUBJECT, Role.ERASED},
        "withdrawal": {Role.SUBJECT},
        "key-revocation": {Role.SUBJECT},
    }
    for name, expected in roles.items():
        named = subjects_of(parse_entry(format_entry(STATEMENTS[name], KEY)))
        assert {role for _, role in named} == expected
    bare = parse_entry(format_entry(STATEMENTS["registration-bare"], KEY))
    assert subjects_of(bare) == {(generate.SOURCE, Role.SUBJECT)}


class TestTheDocument:
    """docs/formats/entry.md: what it shows was made by the code, and it names all there is."""

    TEXT = (Path(__file__).parents[2] / "docs" / "formats" / "entry.md").read_text()

    def test_its_example_is_an_entry(self) -> None:
        dump, notation, leaf = (block.strip() for block in self.TEXT.split("```")[1:7:2])
        entry = bytes.fromhex(dump)
        assert entry == format_entry(STATEMENTS["registration"], KEY)
        assert notation == generate.diagnostic(entry)
        assert bytes.fromhex(leaf) == leaf_hash(entry)
        assert f"{len(entry)} bytes" in self.TEXT

    def test_it_names_every_kind_and_every_field(self) -> None:
        for name, statement in STATEMENTS.items():
            assert f"`{statement.kind}`" in self.TEXT
            fields = decode_cbor(open1(format_entry(statement, KEY), CONTENT_TYPE).payload)
            assert isinstance(fields, dict)
            for field in fields:
                assert f"`{field}`" in self.TEXT, (name, field)
        for field in ManifestIdentity.__dataclass_fields__:
            assert f"`{field}`" in self.TEXT

    def test_its_limits_are_the_codes(self) -> None:
        assert f"1 to {MAX_TEXT} characters" in self.TEXT
        assert f"{MAX_ENTRY_SIZE:,} bytes" in self.TEXT
        assert CONTENT_TYPE in self.TEXT
