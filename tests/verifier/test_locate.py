"""Where a manifest store lies: the same claim as the signer's, in every format, and no hang."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer import DevelopmentChain, sidecar_path
from verifier.locate import find_claim, has_store

from .conftest import BESIDE, EMBEDDED, Original, sign
from .forge import forge

LABEL = "urn:c2pa:00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("ending", [*EMBEDDED, *BESIDE])
def test_the_claim_is_the_signers_byte_for_byte_in_every_format(
    files: dict[str, Path], chain: DevelopmentChain, tmp_path: Path, ending: str
) -> None:
    signed = sign(files[ending], tmp_path / f"signed.{ending}", chain)
    expected = [signed.label, signed.claim_digest.value, signed.hard_binding_digest.value]
    holder = signed.path if ending in EMBEDDED else sidecar_path(signed.path)
    assert find_claim(holder, signed.label) == expected
    assert find_claim(holder) == expected
    assert find_claim(holder, LABEL) is None
    assert has_store(holder)
    assert not has_store(files[ending])
    assert find_claim(files[ending]) is None


def test_a_manifest_longer_than_a_jpeg_segment_is_put_together(
    original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """A segment holds 64 KiB at most; the ingredients' stores make this manifest longer."""
    path = original.path
    for number in range(8):
        path = forge(
            original.source,
            tmp_path / f"{number}.jpg",
            chain,
            ingredients=[(path, "parentOf")],
            title="long " * 2000,
        )
    data = path.read_bytes()
    start = data.index(b"\xff\xeb")
    length = int.from_bytes(data[start + 2 : start + 4])
    assert data[start + 2 + length :][:2] == b"\xff\xeb"  # a second segment
    found = find_claim(path)
    assert found is not None
    assert found[0] not in (original.signed.label, LABEL)


def segment(original: Original) -> bytes:
    """Return the APP11 segment of a signed JPEG."""
    data = original.path.read_bytes()
    start = data.index(b"\xff\xeb")
    return data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4])]


def test_the_label_decides_between_a_store_and_its_decoys(
    original: Original, other: Original, tmp_path: Path
) -> None:
    ours, theirs = segment(original), segment(other)
    renumbered = theirs[:6] + b"\x00\x09" + theirs[8:]  # another box instance
    path = tmp_path / "two.jpg"
    for segments in (ours + renumbered, renumbered + ours):
        path.write_bytes(b"\xff\xd8" + segments + other.source.read_bytes()[2:])
        for each in (original, other):
            found = find_claim(path, each.signed.label)
            assert found is not None
            assert found[1] == each.signed.claim_digest.value


@pytest.mark.parametrize("ending", ["png", "wav", "mp4"])
def test_a_decoy_before_or_after_the_store_does_not_hide_it(
    files: dict[str, Path],
    original: Original,
    chain: DevelopmentChain,
    tmp_path: Path,
    ending: str,
) -> None:
    signed = sign(files[ending], tmp_path / f"signed.{ending}", chain)
    data = signed.path.read_bytes()
    store = segment(original)[12:]
    path = tmp_path / f"decoys.{ending}"
    for decoyed in (
        data + store,
        data[:8] + store + data[8:],
        data + b"jumb" * 100 + store,
        data[:8] + store[:40] * 10 + data[8:],
    ):
        path.write_bytes(decoyed)
        found = find_claim(path, signed.label)
        assert found is not None
        assert found[1] == signed.claim_digest.value


def test_another_claim_under_the_same_label_is_another_claim(
    original: Original, tmp_path: Path
) -> None:
    data = original.path.read_bytes()
    at = data.index(b"dc:title") + 12
    changed = bytearray(data)
    changed[at] ^= 1
    path = tmp_path / "f.jpg"
    path.write_bytes(changed)
    found = find_claim(path, original.signed.label)
    assert found is not None
    assert found[1] != original.signed.claim_digest.value


STORE = bytes.fromhex("0000ffff 6a756d62 0000001e 6a756d64 63327061 00110010800000aa00389b71")
HOSTILE = {
    "one byte": b"?",
    "only a start of image": b"\xff\xd8",
    "segments without length": b"\xff\xd8" + b"\xff\xeb\x00\x00" * 5000,
    "a segment beyond the end": b"\xff\xd8\xff\xeb\xff\xffJP\x00\x01\x00\x00\x00\x01" + STORE,
    "fill bytes without end": b"\xff\xd8" + b"\xff" * 100_000,
    "segments that repeat one box": b"\xff\xd8"
    + (b"\xff\xeb\x00\x12JP\x00\x01\x00\x00\x00\x01" + bytes(8)) * 4000,
    "a thousand box instances": b"\xff\xd8"
    + b"".join(
        b"\xff\xeb\x00\x12JP" + n.to_bytes(2) + b"\x00\x00\x00\x01" + bytes(8) for n in range(1000)
    ),
    "a GIF without end": b"GIF89a" + b"\x21\xff\x0bC2PA_GIF\x01\x00\x00" + b"\xff" * 100_000,
    "a GIF of empty blocks": b"GIF89a" + b"\x21\xff\x0bC2PA_GIF\x01\x00\x00\x00" * 5000,
    "a store at the very start": STORE[4:],
    "a store cut short": STORE,
    "stores within stores": STORE * 5000,
    "a store said to be of 4 GiB": b"\xff\xff\xff\xff" + STORE[4:] + bytes(1000),
    "a store said to be empty": bytes(4) + STORE[4:] + bytes(1000),
    "a store said to go on for ever": b"\x00\x00\x00\x01" + STORE[4:] + bytes(1000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_container_holds_no_claim_and_no_trap(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[name])
    assert find_claim(path) is None
    assert find_claim(path, LABEL) is None


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [b"\xff\xd8", b"GIF89a", b"\xff\xeb", b"JP\x00\x01", STORE, STORE[4:], b"\xff\xda"]
            ),
            st.binary(max_size=60),
        ),
        min_size=1,
        max_size=12,
    ).map(b"".join)
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data or b"?")
    assert find_claim(path) is None


@pytest.mark.parametrize("cut", [1, 100, 1000, 11000])
def test_a_store_that_is_cut_short_is_none(original: Original, tmp_path: Path, cut: int) -> None:
    data = original.path.read_bytes()
    stop = data.index(b"\xff\xeb") + len(segment(original)) - cut
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[:stop])
    assert find_claim(path) is None
