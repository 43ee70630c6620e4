"""The manifests of a store, and what each holds (C2PA 2.2, 11.1). It judges nothing."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cbor2

from ledger.errors import FormatError
from ledger.jumbf import (
    MAX_STORE_SIZE,
    MAX_UNPACKED,
    Box,
    Superbox,
    is_compressed,
    parse_boxes,
    parse_superbox,
    unpack,
)

from .source import Range

_SUFFIX = bytes.fromhex("00110010800000aa00389b71")  # of every type of C2PA's own
_MAX_MANIFESTS = 256
_MAX_CBOR = 16 << 20  # bytes
_HEADER = 8  # bytes: a box's length and type
FOREIGN = "it is no manifest, but a box of a kind that is not known here"


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion: its label, the bytes that its hash is over, and its CBOR where it is CBOR.

    `at` is where the hashed bytes lie in the store.
    """

    label: str
    hashed: bytes
    cbor: bytes | None
    at: int = 0

    def value(self) -> Mapping[str, object]:
        """Read its CBOR map; raises FormatError where it holds none."""
        if self.cbor is None:
            raise FormatError(f"{self.label[:80]!r} does not hold CBOR")
        return as_map(decode(self.cbor), self.label)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest: its claim and signature as they stand, and its assertions in their order.

    `hashed` are the bytes that a hash of the whole manifest is over, `hashed_signature` those of a
    hash of its signature box. `update` and `compressed` tell its kind (C2PA 2.2, 11.2). `at`,
    `claim_at` and `signature_at` are where those bytes lie in the store; `others` are the ranges of
    what it holds besides, by label. Of a compressed one these places are in `unpacked`, what it
    holds. `fault` says why nothing of it could be read, where it could not.
    """

    label: str
    hashed: bytes
    update: bool = False
    compressed: bool = False
    unpacked: bytes = b""
    fault: str = ""
    claim_version: int = 0
    claim: bytes = b""
    signature: bytes = b""
    hashed_signature: bytes = b""
    assertions: tuple[Assertion, ...] = ()
    at: int = 0
    claim_at: int = 0
    signature_at: int = 0
    others: tuple[tuple[str, Range], ...] = ()

    def claimed(self) -> Mapping[str, object]:
        """Read the claim's CBOR map; raises FormatError."""
        return as_map(decode(self.claim), "the claim")


def parse_store(data: bytes) -> tuple[Manifest, ...]:
    """Read a manifest store, in its order, with what in it is no manifest or reads as none.

    Raises FormatError for what is not a well-formed store.
    """
    if len(data) > MAX_STORE_SIZE:
        raise FormatError(f"the manifest store is over {MAX_STORE_SIZE} bytes long")
    boxes = parse_boxes(data)
    if len(boxes) != 1:
        raise FormatError(f"a manifest store is one box, not {len(boxes)}")
    store = _uncovered(parse_superbox(boxes[0]))
    if store.uuid != b"c2pa" + _SUFFIX or store.label != "c2pa":  # C2PA 2.2, 11.1.4.2
        raise FormatError("the outermost box is not a C2PA manifest store")
    if not 1 <= len(store.boxes) <= _MAX_MANIFESTS:
        raise FormatError(f"a manifest store of {len(store.boxes)} manifests")
    start = len(data) - len(boxes[0].content)
    room = MAX_UNPACKED  # for all compressed ones together
    found = []
    for box, at in _places(store, start, len(data)):
        found.append(_guarded(parse_superbox(box), box.content, at, room))
        room -= len(found[-1].unpacked)
    manifests = tuple(found)
    if len({each.label for each in manifests}) != len(manifests):
        raise FormatError("two manifests of the store have the same label")
    return manifests


def active_of(manifests: Sequence[Manifest]) -> Manifest:
    """Return the last manifest, the active one (C2PA 2.2, 15.5.1); FormatError if it is unread."""
    known = [each for each in manifests if each.fault != FOREIGN]
    if not known or known[-1].fault:
        raise FormatError(known[-1].fault if known else "the store holds no manifest")
    return known[-1]


def _guarded(box: Superbox, hashed: bytes, at: int, room: int) -> Manifest:
    """Read what a store holds; a manifest that nothing leads to is no part of what is judged."""
    kinds = (b"c2ma", b"c2md", b"c2um", b"c2cm")
    if box.uuid not in [kind + _SUFFIX for kind in kinds]:  # C2PA 2.2, 11.1.2: is skipped over
        return Manifest(box.label, hashed, fault=FOREIGN, at=at)
    compressed = is_compressed(box)
    try:
        if not compressed:
            return _manifest(box, hashed, at)
        held = unpack(box, room).content
        inner = _manifest(parse_superbox(Box(b"jumb", held)), held, 0)
        # C2PA 2.2, 11.1.3.2: what is hashed is the box as it stands.
        return replace(inner, hashed=hashed, compressed=True, unpacked=held, at=at)
    except FormatError as problem:
        fault = problem.message
        return Manifest(box.label, hashed, compressed=compressed, fault=fault, at=at)


def _places(holder: Superbox, start: int, end: int) -> Sequence[tuple[Box, int]]:
    """Return the boxes in a superbox that ends at `end`, and where what is in each starts."""
    at = end - sum(_HEADER + len(box.content) for box in holder.boxes)
    if at < start:
        raise FormatError("a superbox is shorter than what it holds")
    found = []
    for box in holder.boxes:
        found.append((box, at + _HEADER))
        at += _HEADER + len(box.content)
    return found


def _manifest(box: Superbox, hashed: bytes, at: int) -> Manifest:
    _uncovered(box)
    end = at + len(hashed)
    parts = [
        (part, parse_superbox(part), place)
        for part, place in _places(box, at, end)
        if part.kind == b"jumb"
    ]
    whole_claim, claim, claim_at = _only(
        parts, b"c2cl", "claim"
    )  # C2PA 2.2, 15.6.1: exactly one claim
    signature, signed, signature_at = _only(parts, b"c2cs", "claim signature")
    held, assertions, assertions_at = _only(parts, b"c2as", "assertion store")
    if claim.label not in ("c2pa.claim", "c2pa.claim.v2"):  # C2PA 2.2, 15.6.1
        raise FormatError(f"a claim is labelled c2pa.claim.v2, not {claim.label[:80]!r}")
    if signed.label != "c2pa.signature" or assertions.label != "c2pa.assertions":
        raise FormatError("a part of a manifest has another label than its type's")
    for part in (claim, signed, assertions):
        _uncovered(part)
    placed = _places(assertions, assertions_at, assertions_at + len(held.content))
    at_home = (claim_at, signature_at, assertions_at)
    return Manifest(
        box.label,
        hashed,
        update=box.uuid == b"c2um" + _SUFFIX,
        claim_version=2 if claim.label.endswith(".v2") else 1,
        claim=_content(claim),
        signature=_content(signed),
        hashed_signature=signature.content,
        assertions=tuple(_assertion(parse_superbox(b), b.content, place) for b, place in placed),
        at=at,
        claim_at=claim_at + len(whole_claim.content) - len(_content(claim)),
        signature_at=signature_at + len(signature.content) - len(_content(signed)),
        others=tuple(
            (part.label, (place, place + len(whole.content)))
            for whole, part, place in parts
            if place not in at_home
        ),
    )


def _uncovered(box: Superbox) -> Superbox:
    """Return a box whose description no hash of the claim is over; raises FormatError if it hides.

    C2PA 2.2, 8.4.2: it may hold a salt, of 16 or 32 bytes.
    """
    if box.private and (box.private.kind != b"c2sh" or len(box.private.content) not in (16, 32)):
        raise FormatError(f"the description of {box.label[:80]!r} holds more than a salt")
    return box


def _assertion(box: Superbox, hashed: bytes, at: int) -> Assertion:
    cbor = _content(box) if box.uuid == b"cbor" + _SUFFIX else None
    return Assertion(box.label, hashed, cbor, at)


def _only(
    parts: Sequence[tuple[Box, Superbox, int]], kind: bytes, what: str
) -> tuple[Box, Superbox, int]:
    found = [part for part in parts if part[1].uuid == kind + _SUFFIX]
    if len(found) != 1:
        raise FormatError(f"a manifest has {len(found)} of what it has one of: {what}")
    return found[0]


def _content(box: Superbox) -> bytes:
    if len(box.boxes) != 1 or box.boxes[0].kind != b"cbor":
        raise FormatError(f"{box.label[:80]!r} does not hold one box of CBOR")
    return box.boxes[0].content


def decode(data: bytes) -> object:
    """Decode one item of CBOR that fills `data`; raises FormatError."""
    if len(data) > _MAX_CBOR:
        raise FormatError(f"CBOR of over {_MAX_CBOR} bytes")
    stream = io.BytesIO(data)
    try:
        # One map entry a key (RFC 8949, 5.6): of two, another reader might take the other.
        value: object = cbor2.CBORDecoder(stream, max_depth=64, allow_duplicate_keys=False).decode()
    except (
        cbor2.CBORError,
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        MemoryError,
    ) as bad:
        raise FormatError(f"not CBOR ({type(bad).__name__})") from None
    except RecursionError:
        raise FormatError("CBOR that is nested too deeply") from None
    if stream.tell() != len(data):
        raise FormatError("bytes follow the CBOR")
    return value


def as_map(value: object, what: str) -> Mapping[str, object]:
    """Return a map with text keys; raises FormatError for anything else."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise FormatError(f"{what[:80]} is not a map of texts")
    return value


def as_list(value: object, what: str) -> Sequence[object]:
    """Return a list; raises FormatError for anything else."""
    if not isinstance(value, list | tuple):
        raise FormatError(f"{what[:80]} is not a list")
    return value


def as_text(value: object, what: str) -> str:
    """Return a text; raises FormatError for anything else."""
    if not isinstance(value, str):
        raise FormatError(f"{what[:80]} is not a text")
    return value


def as_bytes(value: object, what: str) -> bytes:
    """Return a byte string; raises FormatError for anything else."""
    if not isinstance(value, bytes):
        raise FormatError(f"{what[:80]} is not a byte string")
    return value


def as_number(value: object, what: str) -> int:
    """Return a whole number that is not negative; raises FormatError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FormatError(f"{what[:80]} is not a whole number")
    return value
