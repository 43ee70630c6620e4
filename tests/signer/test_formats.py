"""Every format signs, reads back trusted, and shows a flipped byte."""

import hashlib
import stat
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ledger.asset import JPEG, read_asset_file
from ledger.jumbf import parse_boxes, read_claim
from signer import DevelopmentChain, EngineError, SignedAsset, sidecar_path
from signer import _c2pa as engine
from tests import media

from .conftest import BESIDE, CAPTURE, EMBEDDED, Sign, listing


def reading(signed: SignedAsset, trust_anchors: str) -> engine.Reading | None:
    store = None if signed.sidecar is None else signed.sidecar.read_bytes()
    return engine.read(signed.path, signed.asset.media_type, trust_anchors, store)


def flip_in_payload(signed: SignedAsset, source: Path) -> None:
    """Flip one bit of the media itself: a byte that the source has, found again in the copy."""
    original, data = source.read_bytes(), bytearray(signed.path.read_bytes())
    middle = len(original) // 2
    place = data.index(original[middle : middle + 32])
    data[place + 16] ^= 1
    signed.path.write_bytes(data)


@pytest.mark.parametrize("ending", EMBEDDED + BESIDE)
def test_a_signed_file_is_trusted_and_a_flipped_byte_is_not(
    ending: str, files: dict[str, Path], sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    source = files[ending]
    before = source.read_bytes()
    signed = sign(source, tmp_path / f"signed.{ending}")

    assert source.read_bytes() == before
    assert signed.asset == read_asset_file(signed.path)
    read = reading(signed, chain.root)
    assert read is not None
    assert (read.state, read.label, read.failures) == (engine.State.TRUSTED, signed.label, ())

    flip_in_payload(signed, source)
    try:
        tampered = reading(signed, chain.root)
    except EngineError:
        return
    assert tampered is not None
    assert tampered.state is engine.State.INVALID


@pytest.mark.parametrize("ending", EMBEDDED)
def test_the_manifest_lies_inside_where_the_format_has_room(
    ending: str, files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    signed = sign(files[ending], tmp_path / f"signed.{ending}")
    assert signed.sidecar is None
    assert listing(tmp_path) == {f"signed.{ending}"}
    assert signed.asset.size > files[ending].stat().st_size


@pytest.mark.parametrize("ending", BESIDE)
def test_the_manifest_lies_beside_a_byte_identical_copy_where_it_has_none(
    ending: str, files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    signed = sign(files[ending], tmp_path / f"signed.{ending}")
    assert signed.path.read_bytes() == files[ending].read_bytes()
    assert signed.sidecar == sidecar_path(signed.path) == tmp_path / f"signed.{ending}.c2pa"
    assert listing(tmp_path) == {signed.path.name, signed.sidecar.name}
    assert read_claim(signed.sidecar.read_bytes()).label == signed.label


def test_the_digests_are_those_of_the_bytes_in_the_file(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """Found again without our reader: the APP11 segments of the JPEG, and a search for CBOR."""
    signed = sign(photograph, tmp_path / "signed.jpg")
    store = _store_in_jpeg(signed.path.read_bytes())
    claim = _cbor_after(store, b"c2pa.claim.v2\0")
    binding = _cbor_after(store, b"c2pa.hash.data\0")

    assert signed.claim_digest.value == hashlib.sha256(claim).digest()
    assert signed.hard_binding_digest.value == hashlib.sha256(binding).digest()
    assert signed.label in cbor2.loads(claim)["signature"]
    assert {"exclusions", "hash"} <= cbor2.loads(binding).keys()
    assert signed.asset.digest.value == hashlib.sha256(signed.path.read_bytes()).digest()
    leaf = x509.load_pem_x509_certificate(chain.certificate_chain.encode())
    assert signed.certificate_digest.value == leaf.fingerprint(hashes.SHA256())
    assert read_claim(store).claim_digest == signed.claim_digest


def _store_in_jpeg(data: bytes) -> bytes:
    """Join the APP11 segments of a JPEG (ISO/IEC 19566-5, D.2)."""
    store, at = b"", 2
    while data[at : at + 2] != b"\xff\xda":
        length = int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == 0xEB and data[at + 4 : at + 6] == b"JP":
            first = int.from_bytes(data[at + 8 : at + 12]) == 1
            store += data[at + (12 if first else 20) : at + 2 + length]
        at += 2 + length
    return store


def _cbor_after(store: bytes, label: bytes) -> bytes:
    start = store.index(b"cbor", store.index(label) + len(label))
    return store[start + 4 : start - 4 + int.from_bytes(store[start - 4 : start])]


def test_the_type_is_decided_by_the_bytes_and_not_by_the_name(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    picture = media.convert(photograph, tmp_path / "picture.png")
    misnamed = picture.rename(tmp_path / "misnamed.jpg")
    signed = sign(misnamed, tmp_path / "signed.jpg")
    assert signed.path.read_bytes().startswith(b"\x89PNG")
    assert signed.asset.media_type is not JPEG
    read = reading(signed, chain.root)
    assert read is not None
    assert read.state is engine.State.TRUSTED


def test_the_signed_file_has_the_permissions_of_its_source(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    photograph.chmod(0o640)
    signed = sign(photograph, tmp_path / "signed.jpg")
    assert stat.S_IMODE(signed.path.stat().st_mode) == 0o640


def test_what_is_said_can_be_read_in_the_file(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    signed = sign(photograph, tmp_path / "signed.jpg")
    store = _store_in_jpeg(signed.path.read_bytes())
    claim = cbor2.loads(_cbor_after(store, b"c2pa.claim.v2\0"))
    assert claim["dc:title"] == CAPTURE.title
    assert claim["claim_generator_info"]["name"] == "Firsthand"
    [first] = cbor2.loads(_cbor_after(store, b"c2pa.actions.v2\0"))["actions"]
    assert first["action"] == "c2pa.created"
    assert first["digitalSourceType"].endswith("/digitalCapture")
    assert len(parse_boxes(store)) == 1
