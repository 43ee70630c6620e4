"""Read a C2PA manifest store: the boxes of JUMBF (ISO/IEC 19566-5), down to the claim's own bytes.

    store       superbox labelled `c2pa`
    └── manifest    superbox labelled `urn:c2pa:…`; the last one is the active manifest
        ├── c2pa.assertions     superbox of assertions, each a superbox with its label
        ├── c2pa.claim.v2       superbox; its CBOR is what the claim signature covers
        └── c2pa.signature      superbox

A manifest may be compressed as a whole (C2PA 2.2, 11.2.4); it is unpacked within a bound. The walk
goes down these four levels and no further, so nesting costs a hostile file nothing. One spelling is
read: 32-bit lengths that fill their parent exactly, and description boxes that C2PA writes (C2PA
2.3, 11.1 "Use of JUMBF"). Anything else raises FormatError.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import brotli

from .errors import FormatError
from .vocabulary import Digest, digest_of

_T = TypeVar("_T")

MAX_STORE_SIZE = 64 << 20  # bytes
MAX_BOXES = 4096  # in one superbox
MAX_UNPACKED = 32 << 20  # bytes of a compressed manifest, as many as c2pa-rs lets it have
_STEP = 1 << 20  # bytes that are unpacked at once

_C2PA_SUFFIX = bytes.fromhex("00110010800000aa00389b71")
_STORE = b"c2pa" + _C2PA_SUFFIX
_MANIFEST = b"c2ma" + _C2PA_SUFFIX
_OLD_MANIFEST = b"c2md" + _C2PA_SUFFIX  # C2PA 2.2, 11.2.2: is read, and not written
_UPDATE_MANIFEST = b"c2um" + _C2PA_SUFFIX
_COMPRESSED_MANIFEST = b"c2cm" + _C2PA_SUFFIX
_ASSERTION_STORE = b"c2as" + _C2PA_SUFFIX
_CLAIM = b"c2cl" + _C2PA_SUFFIX
_SIGNATURE = b"c2cs" + _C2PA_SUFFIX
_CBOR = b"cbor" + _C2PA_SUFFIX

_MANIFESTS = (_MANIFEST, _OLD_MANIFEST, _UPDATE_MANIFEST)
_CLAIM_LABELS = ("c2pa.claim", "c2pa.claim.v2")  # C2PA 2.3, 10.2: version 1 and version 2

# Toggles of a description box (ISO/IEC 19566-5, B.3): C2PA boxes are requestable and labelled, and
# may carry a private box, which holds the salt.
_LABELLED = 0x03
_PRIVATE = 0x10

# C2PA 2.3, 9.2 "Hard Bindings": the assertions that may bind a claim to its bytes, in any version.
_HARD_BINDING = re.compile(r"c2pa\.hash\.(data|boxes|bmff|collection\.data)(\.v[0-9]+)?(__[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-byte type and what lies between its header and its end."""

    kind: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Superbox:
    """A `jumb` box: the UUID (16 bytes) and label of its description, and the boxes after it.

    private: the box within the description, which holds the salt, or None.
    """

    uuid: bytes
    label: str
    boxes: tuple[Box, ...]
    private: Box | None = None

    def superboxes(self) -> tuple["Superbox", ...]:
        """Read, in order, the superboxes that lie directly within."""
        return tuple(parse_superbox(box) for box in self.boxes if box.kind == b"jumb")


@dataclass(frozen=True, slots=True)
class ClaimIdentity:
    """What stays the same when unsigned bytes of a file change (padding, containers).

    label: of the active manifest, `urn:c2pa:…`.
    claim_digest: SHA-256 of the claim's CBOR, byte for byte as in the file.
    hard_binding_digest: SHA-256 of the hard-binding assertion's CBOR; None for an update manifest,
    which binds through its parent (C2PA 2.3, 11.2 "Types of Manifests").
    """

    label: str
    claim_digest: Digest
    hard_binding_digest: Digest | None


@dataclass(frozen=True, slots=True)
class SignedClaim:
    """The active manifest's label, its claim and its COSE_Sign1 message, byte for byte (CBOR)."""

    label: str
    claim: bytes
    signature: bytes


def read_signed_claim(manifest_store: bytes) -> SignedClaim:
    """Return the claim of the active manifest, and what signs it, unverified.

    Raises FormatError for anything but a well-formed store whose active manifest has one of each.
    """
    manifest = _active_manifest(manifest_store)
    parts = manifest.superboxes()
    claim = _only([part for part in parts if part.uuid == _CLAIM], "claim")
    signature = _only([part for part in parts if part.uuid == _SIGNATURE], "claim signature")
    if claim.label not in _CLAIM_LABELS or signature.label != "c2pa.signature":
        raise FormatError(f"not a claim and its signature: {claim.label[:80]!r}")
    return SignedClaim(manifest.label, _cbor(claim), _cbor(signature))


def read_claim(manifest_store: bytes) -> ClaimIdentity:
    """Identify the active manifest of a manifest store (the JUMBF bytes, or a `.c2pa` file).

    This reads; it verifies no signature and no hash. Raises FormatError for anything but a
    well-formed store whose active manifest has one claim, and one hard binding or, in an update
    manifest, none.
    """
    manifest = _active_manifest(manifest_store)
    parts = manifest.superboxes()
    claim = _only([part for part in parts if part.uuid == _CLAIM], "claim")
    if claim.label not in _CLAIM_LABELS:
        raise FormatError(f"a claim is labelled c2pa.claim.v2, not {claim.label[:80]!r}")
    assertions = _only([part for part in parts if part.uuid == _ASSERTION_STORE], "assertion store")
    if assertions.label != "c2pa.assertions":
        raise FormatError(f"an assertion store is not labelled {assertions.label[:80]!r}")
    bindings = [each for each in assertions.superboxes() if _HARD_BINDING.fullmatch(each.label)]
    if manifest.uuid == _UPDATE_MANIFEST:
        if bindings:
            raise FormatError("an update manifest has no hard binding of its own")
        return ClaimIdentity(manifest.label, digest_of(_cbor(claim)), None)
    binding = _only(bindings, "hard binding")
    return ClaimIdentity(manifest.label, digest_of(_cbor(claim)), digest_of(_cbor(binding)))


def _active_manifest(manifest_store: bytes) -> Superbox:
    """Return the last manifest of the store (C2PA 2.3, 15.5 "Locating the Active Manifest")."""
    if len(manifest_store) > MAX_STORE_SIZE:
        raise FormatError(f"the manifest store is over {MAX_STORE_SIZE} bytes long")
    boxes = parse_boxes(manifest_store)
    if len(boxes) != 1:
        raise FormatError(f"a manifest store is one box, not {len(boxes)}")
    store = parse_superbox(boxes[0])
    if store.uuid != _STORE or store.label != "c2pa":
        raise FormatError("the outermost box is not a C2PA manifest store")
    if not store.boxes:
        raise FormatError("the manifest store is empty")
    manifest = parse_superbox(store.boxes[-1])
    if is_compressed(manifest):
        manifest = parse_superbox(unpack(manifest))
    if manifest.uuid not in _MANIFESTS:
        raise FormatError("the last box of the manifest store is not a manifest")
    return manifest


def is_compressed(manifest: Superbox) -> bool:
    """Whether a manifest lies within another box, compressed."""
    return manifest.uuid == _COMPRESSED_MANIFEST


def unpack(manifest: Superbox, limit: int = MAX_UNPACKED) -> Box:
    """Return the box of the manifest that a compressed one holds (C2PA 2.2, 11.2.4 and 15.5.4).

    Raises FormatError for anything but a manifest of the same label, of `limit` bytes at most.
    """
    content = _only(manifest.boxes, "compressed content")
    if content.kind != b"brob":  # C2PA 2.2, 11.1.3.2
        raise FormatError("a compressed manifest does not hold a `brob` box")
    box = _only(parse_boxes(_decompress(content.content, limit)), "manifest")
    inner = parse_superbox(box)
    if inner.uuid not in _MANIFESTS or inner.label != manifest.label:  # C2PA 2.2, 11.2.4
        raise FormatError("a compressed manifest holds something else than the one of its label")
    return box


def _decompress(data: bytes, limit: int) -> bytes:
    """Decompress Brotli (RFC 7932), no further than up to a limit."""
    stream = brotli.Decompressor()
    found = bytearray()
    try:
        found += stream.process(data, output_buffer_limit=_STEP)
        while not stream.is_finished():
            if len(found) > limit:
                break
            more = stream.process(b"", output_buffer_limit=_STEP)
            if not more:
                raise FormatError("a compressed manifest is cut short")
            found += more
    except brotli.error:
        raise FormatError("a compressed manifest cannot be unpacked") from None
    if len(found) > limit:
        raise FormatError(f"a compressed manifest comes to over {limit} bytes")
    return bytes(found)


def parse_boxes(data: bytes) -> tuple[Box, ...]:
    """Split `data` into the boxes that fill it exactly; raise FormatError where they do not.

    A length of 0 ("to the end") or 1 ("64 bits follow") is a second spelling, and refused.
    """
    boxes: list[Box] = []
    start = 0
    while start < len(data):
        length = int.from_bytes(data[start : start + 4])
        if length < 8 or start + length > len(data):
            raise FormatError(f"the box at byte {start} of {len(data)} has a bad length: {length}")
        boxes.append(Box(data[start + 4 : start + 8], data[start + 8 : start + length]))
        if len(boxes) > MAX_BOXES:
            raise FormatError(f"over {MAX_BOXES} boxes in one superbox")
        start += length
    return tuple(boxes)


def parse_superbox(box: Box) -> Superbox:
    """Read a `jumb` box: a description box, then the rest (ISO/IEC 19566-5, B.2 and B.3)."""
    if box.kind != b"jumb":
        raise FormatError(f"not a JUMBF superbox: {box.kind!r}")
    boxes = parse_boxes(box.content)
    if not boxes or boxes[0].kind != b"jumd":
        raise FormatError("a JUMBF superbox starts with its description")
    description = boxes[0].content
    uuid, toggles = description[:16], description[16:17]
    end = description.find(b"\x00", 17)
    if not toggles or end < 0:
        raise FormatError("a JUMBF description is cut short")
    if toggles[0] & ~_PRIVATE != _LABELLED:
        raise FormatError(f"a JUMBF description has toggles {toggles.hex()}, not 03 or 13")
    private = parse_boxes(description[end + 1 :])
    if len(private) != (1 if toggles[0] & _PRIVATE else 0):
        raise FormatError("a JUMBF description's toggles contradict what follows its label")
    try:
        label = description[17:end].decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("a JUMBF label is not UTF-8") from None
    return Superbox(uuid, label, boxes[1:], private[0] if private else None)


def _cbor(superbox: Superbox) -> bytes:
    """Return the one CBOR content box of a claim or of an assertion."""
    if superbox.uuid not in (_CLAIM, _SIGNATURE, _CBOR):
        raise FormatError(f"{superbox.label[:80]!r} does not hold CBOR")
    box = _only(superbox.boxes, f"content box in {superbox.label[:80]!r}")
    if box.kind != b"cbor":
        raise FormatError(f"{superbox.label[:80]!r} does not hold CBOR")
    return box.content


def _only(found: Sequence[_T], what: str) -> _T:
    if len(found) != 1:
        raise FormatError(f"the active manifest has {len(found)} of what it has one of: {what}")
    return found[0]
