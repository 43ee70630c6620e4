"""A manifest store is read one way, to the byte, and a hostile one costs nothing."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.jumbf import MAX_BOXES, ClaimIdentity, parse_boxes, read_claim
from ledger.vocabulary import digest_of

SUFFIX = bytes.fromhex("00110010800000aa00389b71")
CLAIM = b"\xa1dname\x65claim"
BINDING = b"\xa1dhash\x41\x00"
LABEL = "urn:c2pa:b475a79c-0583-4b40-a80e-7da142ad0a53"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def superbox(
    uuid: bytes, label: str, *content: bytes, salt: bytes = b"", toggles: int = 3
) -> bytes:
    private = box(b"c2sh", salt) if salt else b""
    described = uuid + SUFFIX + bytes([toggles | (0x10 if salt else 0)]) + label.encode() + b"\0"
    return box(b"jumb", box(b"jumd", described + private) + b"".join(content))


def assertion(label: str, content: bytes = BINDING, kind: bytes = b"cbor") -> bytes:
    return superbox(kind, label, box(kind, content), salt=b"0123456789abcdef")


def claim(content: bytes = CLAIM, label: str = "c2pa.claim.v2") -> bytes:
    return superbox(b"c2cl", label, box(b"cbor", content))


def assertions(*within: bytes) -> bytes:
    return superbox(b"c2as", "c2pa.assertions", *within)


def manifest(
    *parts: bytes, kind: bytes = b"c2ma", label: str = LABEL, signature: bytes = b"\xd2\x84"
) -> bytes:
    signed = superbox(b"c2cs", "c2pa.signature", box(b"cbor", signature))
    return superbox(kind, label, *parts, signed)


def store(*manifests: bytes) -> bytes:
    return superbox(b"c2pa", "c2pa", *manifests)


GOOD = store(manifest(assertions(assertion("c2pa.hash.data")), claim()))


def test_the_claim_and_the_hard_binding_are_hashed_byte_for_byte() -> None:
    assert read_claim(GOOD) == ClaimIdentity(LABEL, digest_of(CLAIM), digest_of(BINDING))


def test_the_active_manifest_is_the_last_one() -> None:
    parent = manifest(assertions(assertion("c2pa.hash.data", b"\x00")), claim(b"\x01"), label="p")
    child = manifest(assertions(assertion("c2pa.hash.bmff.v3")), claim())
    assert read_claim(store(parent, child)).label == LABEL
    assert read_claim(store(child, parent)).label == "p"


@pytest.mark.parametrize(
    "label",
    [
        *("c2pa.hash.data", "c2pa.hash.data__1", "c2pa.hash.boxes", "c2pa.hash.bmff"),
        *("c2pa.hash.bmff.v2", "c2pa.hash.bmff.v3", "c2pa.hash.collection.data"),
    ],
)
def test_every_kind_of_hard_binding_is_found(label: str) -> None:
    data = store(manifest(assertions(assertion("c2pa.actions.v2"), assertion(label)), claim()))
    assert read_claim(data).hard_binding_digest == digest_of(BINDING)


def test_an_update_manifest_has_no_hard_binding_of_its_own() -> None:
    update = manifest(assertions(assertion("c2pa.actions.v2")), claim(), kind=b"c2um")
    assert read_claim(store(update)).hard_binding_digest is None
    bound = manifest(assertions(assertion("c2pa.hash.data")), claim(), kind=b"c2um")
    with pytest.raises(FormatError, match="no hard binding of its own"):
        read_claim(store(bound))


def test_salt_padding_and_signature_change_no_digest() -> None:
    """What the claim signature does not cover must not change who the claim is."""
    other = store(
        manifest(
            assertions(superbox(b"cbor", "c2pa.hash.data", box(b"cbor", BINDING))),
            claim(),
            signature=b"\xd2\x84" + bytes(1000),
        )
    )
    assert other != GOOD
    assert read_claim(other) == read_claim(GOOD)


BAD = {
    "nothing": b"",
    "two stores": GOOD + GOOD,
    "bytes after the store": GOOD + b"\0",
    "another box outside": box(b"free", b""),
    "no manifest": store(),
    "not a store outside": manifest(assertions(assertion("c2pa.hash.data")), claim()),
    "another label outside": superbox(b"c2pa", "c2pb", manifest(claim())),
    "no description": store(box(b"jumb", b"")),
    "a box that is no manifest": store(superbox(b"c2vc", LABEL, claim())),
    "a trailing box after the manifests": store(manifest(claim()), box(b"free", b"")),
    "a compressed manifest": store(superbox(b"c2cm", LABEL, box(b"brob", b"x"))),
    "no claim": store(manifest(assertions(assertion("c2pa.hash.data")))),
    "two claims": store(manifest(assertions(assertion("c2pa.hash.data")), claim(), claim())),
    "no assertion store": store(manifest(claim())),
    "two assertion stores": store(
        manifest(assertions(assertion("c2pa.hash.data")), assertions(), claim())
    ),
    "no hard binding": store(manifest(assertions(assertion("c2pa.actions.v2")), claim())),
    "two hard bindings": store(
        manifest(assertions(assertion("c2pa.hash.data"), assertion("c2pa.hash.boxes")), claim())
    ),
    "a binding only by its beginning": store(
        manifest(assertions(assertion("c2pa.hash.data.more")), claim())
    ),
    "assertions by another name": store(
        manifest(superbox(b"c2as", "c2pa.assert", assertion("c2pa.hash.data")), claim())
    ),
    "a claim by another name": store(
        manifest(assertions(assertion("c2pa.hash.data")), claim(label="c2pa.clam"))
    ),
    "a claim in JSON": store(
        manifest(
            assertions(assertion("c2pa.hash.data")),
            superbox(b"c2cl", "c2pa.claim", box(b"json", b"{}")),
        )
    ),
    "a claim in two boxes": store(
        manifest(
            assertions(assertion("c2pa.hash.data")),
            superbox(b"c2cl", "c2pa.claim", box(b"cbor", CLAIM), box(b"cbor", CLAIM)),
        )
    ),
    "a binding in JSON": store(
        manifest(assertions(assertion("c2pa.hash.data", b"{}", b"json")), claim())
    ),
    "a label that is not UTF-8": GOOD.replace(b"urn:c2pa", b"urn:\xff2pa"),
    "a label without an end": store(box(b"jumb", box(b"jumd", b"c2ma" + SUFFIX + b"\x03abc"))),
    "toggles that hide the label": store(
        superbox(b"c2ma", LABEL, claim(), toggles=0x01),
    ),
    "toggles that promise a signature": store(superbox(b"c2ma", LABEL, claim(), toggles=0x0B)),
    "a salt that the toggles deny": store(
        box(b"jumb", box(b"jumd", b"c2ma" + SUFFIX + b"\x03x\0" + box(b"c2sh", b"0" * 16)))
    ),
    "a salt that the toggles only promise": store(superbox(b"c2ma", LABEL, toggles=0x13)),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_claim(data)


def test_every_truncation_is_refused() -> None:
    for size in range(len(GOOD)):
        with pytest.raises(FormatError):
            read_claim(GOOD[:size])


def test_no_flipped_bit_goes_unseen_but_in_salt_and_signature() -> None:
    """A flipped bit is refused, or changes the identity, or lies where the identity ends."""
    good = read_claim(GOOD)
    silent = {each for each in range(8 * len(GOOD)) if _identity(_flip(GOOD, each)) == good}
    signature = range(GOOD.index(b"c2cs") - 12, len(GOOD))
    salt = range(GOOD.index(b"c2sh"), GOOD.index(b"0123456789abcdef") + 16)
    assert silent
    assert all(bit // 8 in signature or bit // 8 in salt for bit in silent)


def _flip(data: bytes, bit: int) -> bytes:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def _identity(data: bytes) -> ClaimIdentity | None:
    try:
        return read_claim(data)
    except FormatError:
        return None


@pytest.mark.parametrize("length", [0, 1, 7, 9, 0xFFFFFFFF])
def test_a_length_that_does_not_fit_is_refused(length: int) -> None:
    with pytest.raises(FormatError, match="bad length"):
        parse_boxes(struct.pack(">I4s", length, b"jumb"))


def test_a_hundred_thousand_nested_boxes_cost_nothing() -> None:
    """Only the levels that C2PA names are walked, so depth cannot exhaust the stack."""
    depth = 100_000
    nested = b"".join(struct.pack(">I4s", 8 * (depth - i), b"jumb") for i in range(depth))
    with pytest.raises(FormatError):
        read_claim(nested)
    with pytest.raises(FormatError):
        read_claim(store(nested))
    within = manifest(
        assertions(assertion("c2pa.hash.data")), claim(), superbox(b"c2vc", "x", nested)
    )
    assert read_claim(store(within)).claim_digest == digest_of(CLAIM)


def test_too_many_boxes_are_refused() -> None:
    assert len(parse_boxes(box(b"free", b"") * MAX_BOXES)) == MAX_BOXES
    with pytest.raises(FormatError, match="boxes"):
        parse_boxes(box(b"free", b"") * (MAX_BOXES + 1))


@given(st.binary(max_size=300))
def test_noise_is_refused_in_our_own_words(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_claim(data)


@given(st.data())
def test_a_mutated_store_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    mutated = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position] = data.draw(st.integers(0, 255))
    try:
        read_claim(bytes(mutated))
    except FormatError as refused:
        assert "\n" not in refused.message  # noqa: PT017 (both outcomes are right)


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=20)), max_size=6))
def test_boxes_are_read_as_they_were_written(boxes: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(box(kind, content) for kind, content in boxes)
    assert [(each.kind, each.content) for each in parse_boxes(data)] == boxes
