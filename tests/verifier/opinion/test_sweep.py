"""A byte flipped anywhere: what the two engines make of it, and why where they differ."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import _c2pa
from verifier.agreement import AGREES, DIFFERS, compare_opinions
from verifier.manifest import parse_reading
from verifier.opinion.examine import examine
from verifier.reading import Reading

from .mint import NOW, Mint, superbox
from .test_attacks import LISTS, PICTURE, SIGNER

# Every byte takes half a minute; FIRSTHAND_SWEEP=1 does it, else every eleventh is flipped.
STEP = 1 if os.environ.get("FIRSTHAND_SWEEP") else 11
SIGNED = Mint(SIGNER).into(PICTURE)


def between(start: bytes, stop: bytes, data: bytes = SIGNED) -> range:
    at = data.index(start)
    return range(at, data.index(stop, at))


# Bytes that no hash and no signature covers, so that what was signed is as it was.
FRAMING = range(2, 24)  # the segment's header (ISO/IEC 19566-5, annex D)
PADDING = range(
    SIGNED.rindex(b"cpad"), SIGNED.index(b"\xf6\x58\x40")
)  # of the claim signature (C2PA 2.2, 10.4.2)
EMPTY = range(PADDING.start + 6, PADDING.stop)  # behind its name and length
UNHASHED = (FRAMING, PADDING)
# The boxes around claim, assertions and signature: their labels and types are not hashed either.
BOXES = (
    range(24, SIGNED.index(b"c2pa.actions")),
    between(b"c2cl", b"cbor\xa5"),
    between(b"c2cs", b"cbor\xd2"),
)


def judge(path: Path, data: bytes) -> tuple[str, bool]:
    """Return what comes of both engines, and whether the first one passes the file."""
    path.write_bytes(data)
    reading = parse_reading(Reading(str(path), None, "image/jpeg", LISTS).read(), _c2pa.LIST_URI)
    if reading.store is None:
        return "", False
    [finding] = compare_opinions(reading)
    return finding.code, not (reading.store.failures or reading.store.signer_failures)


def flips() -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(SIGNED), STEP):
        data = bytearray(SIGNED)
        data[at] ^= 1
        yield at, bytes(data)


def test_a_flipped_byte_is_seen_by_both_but_where_nothing_covers_it(tmp_path: Path) -> None:
    for at, data in flips():
        code, passed = judge(tmp_path / "flipped.jpg", data)
        if at in EMPTY:
            assert (code, passed) == (DIFFERS, True), at
        elif code == DIFFERS:  # ours reads one spelling of the boxes, the engine several
            assert passed
            assert any(at in boxes for boxes in (FRAMING, *BOXES)), at
        elif passed:
            assert code == AGREES, at
            assert any(at in place for place in UNHASHED), at
        else:
            assert code in ("", AGREES, "opinion.not_checked"), at


def test_a_label_that_hides_the_manifest_from_one_engine_is_no_way_past_it(
    tmp_path: Path,
) -> None:
    """The label of the claim's box is not hashed, and the first engine does not mind it."""
    wide = Mint(SIGNER, excludes=lambda at, size: [(at, size), (at + size + 20, 100)])
    hidden = wide.into(PICTURE).replace(b"c2pa.claim.v2\0", b"c2pa.claim.w2\0")
    assert judge(tmp_path / "hidden.jpg", hidden) == (DIFFERS, True)


STORE = superbox(b"c2pa", "c2pa", Mint(SIGNER).manifest({}))
edits = st.lists(
    st.tuples(st.integers(0, len(STORE)), st.integers(0, 12), st.binary(max_size=12)), max_size=6
)


@settings(max_examples=150)
@given(edits)
def test_no_store_raises(changes: list[tuple[int, int, bytes]]) -> None:
    store = STORE
    for at, length, put in changes:
        store = store[:at] + put + store[at + length :]
    opinion = examine(io.BytesIO(PICTURE), LISTS, NOW, store)
    assert opinion.judgements or opinion.reason


HEADS = (
    *(b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\xffWEBP", b"GIF89a", b"%PDF-1.7\n"),
    *(b"II*\x00\x08\x00\x00\x00", b"MM\x00+\x00\x08\x00\x00", b"ID3\x04\x00\x00\x00\x00\x7f\x7f"),
    *(b"fLaC", b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", b"\x00\x00\x00\x00mdat"),
)


@settings(max_examples=150)
@given(st.sampled_from(HEADS), st.lists(st.binary(max_size=60) | st.just(STORE), max_size=4))
def test_no_file_raises(head: bytes, parts: list[bytes]) -> None:
    opinion = examine(io.BytesIO(head + b"".join(parts)), LISTS, NOW)
    assert opinion.judgements or opinion.reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8" + b"\xff" * 50_000,
        b"GIF89a" + bytes(7) + b"\x21\xff\x01" * 50_000,
        b"RIFF\xff\xff\xff\xffWEBP" + b"C2PA\0\0\0\0" * 20_000,
        b"\x00\x00\x00\x08free" * 70_000,
        b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(50_000),
        b"%PDF-" + b"jumb\0\0\0\x1ejumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71" * 5000,
    ],
)
def test_a_hostile_container_ends(data: bytes) -> None:
    assert examine(io.BytesIO(data), LISTS, NOW).reason
