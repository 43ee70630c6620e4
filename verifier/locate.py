"""Find a C2PA manifest store's own bytes in a file, to identify its claim byte for byte.

The engine tells what a manifest says, not where it lies. A store is one JUMBF superbox, contiguous
in every container but two: JPEG cuts it into APP11 segments (ISO/IEC 19566-5 annex D), GIF into
sub-blocks. The label that the engine calls active decides between several; a file that lies to one
of the two readers only hides its own claim: its label still finds the record.
"""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import FirsthandError, FormatError
from ledger.jumbf import MAX_STORE_SIZE, read_claim, read_signed_claim

from .signature import Signature, claim_hashes, verify_signature

# A description box of type c2pa right behind the superbox's header.
_STORE = bytes.fromhex("6a756d62 0000001e 6a756d64 63327061 00110010800000aa00389b71")
_GIF_EXTENSION = b"\x21\xff\x0bC2PA_GIF\x01\x00\x00"
_MAX_CANDIDATES = 16


def has_store(path: Path) -> bool:
    """Whether something in the file looks like a box of a manifest store, its start or not."""
    with _mapped(path) as data:
        return data.find(_STORE[-12:]) >= 0


def find_claim(path: Path, label: str | None = None) -> list[str | bytes | None] | None:
    """Return [label, claim digest, hard-binding digest or None] of the manifest with that label.

    Without a label, of the first active manifest that can be read; None where there is none.
    """
    with _mapped(path) as data:
        for store in _stores(data):
            try:
                claim = read_claim(store)
            except FormatError:
                continue
            if label in (None, claim.label):
                binding = claim.hard_binding_digest
                return [claim.label, claim.claim_digest.value, binding.value if binding else None]
    return None


def find_signature(
    path: Path, label: str, hashes: list[tuple[str, bytes]]
) -> Signature | FirsthandError:
    """Return the signature over the claim that names just these assertions by address and hash.

    It has been verified against its own certificate. Since the hashes are those that the engine
    found true of the file, whoever made this signature signed this file, wherever it lay in it.
    Where there is none, returns why the last one that was tried is not it.
    """
    problem: FirsthandError = FormatError("no manifest store with that label was found")
    with _mapped(path) as data:
        for store in _stores(data):
            try:
                signed = read_signed_claim(store)
                if signed.label == label and hashes and claim_hashes(signed.claim) == hashes:
                    return verify_signature(signed.signature, signed.claim)
            except FirsthandError as found:
                problem = found
    return problem


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _stores(data: mmap.mmap) -> Iterator[bytes]:
    if data[:2] == b"\xff\xd8":
        yield from _jpeg_stores(data)
    if data[:4] == b"GIF8":
        yield from _gif_stores(data)
    yield from _contiguous_stores(data)  # in those too, where their own framing is damaged


def _contiguous_stores(data: mmap.mmap) -> Iterator[bytes]:
    at = 0
    for _ in range(_MAX_CANDIDATES):
        at = data.find(_STORE, at)
        if at < 4:
            return
        size = int.from_bytes(data[at - 4 : at])
        yield data[at - 4 : at - 4 + min(size, MAX_STORE_SIZE)]
        at += len(_STORE)


def _jpeg_stores(data: mmap.mmap) -> Iterator[bytes]:
    """Join the APP11 segments of each box: `JP`, instance, sequence, then the box, header first."""
    boxes: dict[bytes, bytearray] = {}
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:  # until start of scan
        if data[at + 1] == 0xFF:  # a fill byte
            at += 1
            continue
        segment = data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4])]
        if data[at + 1] == 0xEB and segment[:2] == b"JP":
            instance, box = segment[2:4], segment[8:]
            if instance in boxes:
                boxes[instance] += box[8:]  # each further segment repeats the box's header
            elif len(boxes) < _MAX_CANDIDATES:
                boxes[instance] = bytearray(box)
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return (bytes(box) for box in boxes.values())


def _gif_stores(data: mmap.mmap) -> Iterator[bytes]:
    at = data.find(_GIF_EXTENSION)
    if at < 0:
        return
    at += len(_GIF_EXTENSION)
    store = bytearray()
    while at < len(data) and data[at]:
        store += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    yield bytes(store)
