"""What the C2PA engine does of itself, where we build on it or guard against it.

An upgrade of c2pa-python that changes one of these facts must fail here first: then read
`verifier/_c2pa.py`, `verifier/manifest.py` and the golden files again.
"""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import c2pa
import pytest

from signer import DevelopmentChain
from tests import media
from verifier import _c2pa
from verifier.manifest import ManifestReading, ManifestStore, parse_reading
from verifier.reading import Reading

from .conftest import Original, sign
from .forge import flip, forge

VECTORS = Path(__file__).parents[1] / "vectors" / "c2pa"


def read(path: Path, *roots: str, sidecar: Path | None = None, name: str = "image/jpeg") -> Any:
    lists = {f"list {number}": root for number, root in enumerate(roots)}
    return Reading(str(path), str(sidecar) if sidecar else None, name, lists).read()


def reading(path: Path, *roots: str, sidecar: Path | None = None) -> ManifestReading:
    return parse_reading(read(path, *roots, sidecar=sidecar), _c2pa.LIST_URI)


def store(path: Path, *roots: str) -> ManifestStore:
    found = reading(path, *roots).store
    assert found is not None
    return found


def states(settings: dict[str, object], path: Path) -> str:
    """Return what the engine itself says of a JPEG, with these settings."""
    with path.open("rb") as stream:
        reader = c2pa.Reader("image/jpeg", stream, context=c2pa.Context.from_dict(settings))
        return str(json.loads(reader.json())["validation_state"])


def test_the_engine_is_the_one_that_was_studied() -> None:
    assert _c2pa.engine_version() == "0.91.3"


@pytest.mark.parametrize("kind", ["manifest", "cawg", "tsa"])
def test_it_pools_trust_anchors_of_all_kinds(
    original: Original, chain: DevelopmentChain, kind: str
) -> None:
    """A root listed for time-stamps or identities alone makes a claim signer Trusted."""
    settings = _c2pa.settings({})
    settings["trust"]["anchors"] = [  # type: ignore[index]  # plain JSON
        {"trust_kind": kind, "trust_uri": "urn:any", "trust_anchors": chain.root}
    ]
    assert states(settings, original.path) == "Trusted"


def test_so_our_settings_hold_claim_signers_alone(chain: DevelopmentChain) -> None:
    settings: Any = _c2pa.settings({"one": chain.root, "two": chain.root})
    assert [each["trust_kind"] for each in settings["trust"]["anchors"]] == ["manifest"] * 2
    assert settings["core"]["allowed_network_hosts"] == []
    assert settings["verify"] == {"remote_manifest_fetch": False, "ocsp_fetch": False}


def test_it_calls_an_unknown_signer_valid_and_we_call_him_unknown(
    original: Original, strangers_chain: DevelopmentChain
) -> None:
    assert states(_c2pa.settings({}), original.path) == "Valid"
    for roots in ((), (strangers_chain.root,)):
        found = store(original.path, *roots)
        assert found.trust_list is None
        assert found.signer_failures == ("signingCredential.untrusted",)
        assert found.failures == ()


def test_it_calls_a_file_whose_parent_was_tampered_with_trusted(
    original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    tampered = flip(original.path, tmp_path / "t.jpg", -2000)
    laundered = forge(tampered, tmp_path / "l.jpg", chain, ingredients=[(tampered, "parentOf")])
    assert states(_c2pa.settings({"list": chain.root}), laundered) == "Trusted"
    found = store(laundered, chain.root)
    assert found.failures == ()
    assert [link.codes for link in found.broken_ancestors] == [("assertion.dataHash.mismatch",)]


def test_it_keeps_what_fails_deeper_out_of_the_active_manifests_failures(
    original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    child = forge(
        original.source, tmp_path / "c.jpg", chain, ingredients=[(original.path, "parentOf")]
    )
    suspect = flip(child, tmp_path / "f.jpg", child.read_bytes().index(b"digitalCapture"))
    results = read(suspect, chain.root)["store"]["validation_results"]
    assert results["activeManifest"]["failure"] == []
    [link] = store(suspect, chain.root).broken_ancestors
    assert "ingredient.manifest.mismatch" in link.codes
    assert link.manifest == original.signed.label


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Listen on the loopback interface; collect whatever anybody sends."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(100))

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa", heard
        server.shutdown(socket.SHUT_RDWR)


def test_a_manifest_elsewhere_is_named_and_never_fetched(
    original: Original,
    chain: DevelopmentChain,
    tmp_path: Path,
    listener: tuple[str, list[bytes]],
) -> None:
    """With its own settings the engine asks the address that a stranger's file names."""
    url, heard = listener
    path = forge(original.source, tmp_path / "r.jpg", chain, remote=url)
    assert read(path, chain.root) == {"state": "remote", "url": url}
    assert reading(path, chain.root).remote_url == url
    assert heard == []
    with pytest.raises(c2pa.C2paError), path.open("rb") as stream:
        c2pa.Reader("image/jpeg", stream, context=c2pa.Context())
    assert [each[:4] for each in heard] == [b"GET "]


@pytest.mark.parametrize("version", [1, 2])
def test_a_time_stamp_of_an_authority_that_nobody_lists_is_said_to_be_so(version: int) -> None:
    """For version 1 claims the engine takes any authority for trusted; we take none."""
    path = VECTORS / f"claim-v{version}-unlisted-time-stamp.jpg"
    root = (VECTORS / "root-lasting.pem").read_text()
    codes = read(path, root)["store"]["validation_results"]["activeManifest"]["success"]
    assert ("timeStamp.trusted" in {each["code"] for each in codes}) == (version == 1)
    found = store(path, root)
    assert found.time_stamps == ("timeStamp.validated", "timeStamp.untrusted")
    assert found.trust_list == "list 0"


@pytest.mark.parametrize("version", [1, 2])
def test_an_expired_certificate_is_not_kept_alive_by_such_an_authority(version: int) -> None:
    path = VECTORS / f"claim-v{version}-unlisted-time-stamp-expired.jpg"
    root = (VECTORS / "root-brief.pem").read_text()
    answer = read(path, root)
    assert answer["expired"]
    assert answer["store"]["validation_state"] == ("Trusted" if version == 1 else "Invalid")
    found = store(path, root)
    assert found.trust_list is None
    assert "signingCredential.expired" in found.signer_failures


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text/plain", b"A caption."),
        ("video/x-matroska", b"\x1aE\xdf\xa3" + bytes(60)),
        ("image/bmp", b"BM" + bytes(60)),
        ("audio/ogg", b"OggS" + bytes(60)),
        ("application/octet-stream", bytes(60)),
    ],
)
def test_no_manifest_is_looked_for_in_types_that_it_does_not_know(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert read(path, name=name) == {"state": "absent", "searched": False}


def test_a_manifest_in_a_type_that_is_not_searched_is_not_called_absent(
    original: Original, tmp_path: Path
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"?" + original.path.read_bytes())
    answer = read(path, name="application/octet-stream")
    assert answer["state"] == "unsearched"
    assert answer["identity"][1] == original.signed.claim_digest.value


def test_a_file_with_no_manifest_has_none(original: Original) -> None:
    assert read(original.source) == {"state": "absent", "searched": True}


@pytest.mark.parametrize("name", ["image/png", "video/mp4", "application/pdf", "audio/flac"])
def test_a_file_that_breaks_off_is_not_said_to_have_a_manifest(tmp_path: Path, name: str) -> None:
    head = {
        "image/png": b"\x89PNG\r\n\x1a\n",
        "video/mp4": b"\x00\x00\x00\x18ftypisom",
        "application/pdf": b"%PDF-1.7",
        "audio/flac": b"fLaC",
    }
    path = tmp_path / "file"
    path.write_bytes(head[name])
    answer = read(path, name=name)
    assert answer["state"] == "unsearched"
    assert answer["reason"]


def test_a_damaged_manifest_is_unreadable_and_still_names_itself(
    original: Original, tmp_path: Path
) -> None:
    at = original.path.read_bytes().index(b"cbor", 600)
    for mask in (0x01, 0xFF):
        answer = read(flip(original.path, tmp_path / "d.jpg", at + 4, mask))
        assert answer["state"] == "unreadable"
        assert answer["embedded"]
        assert answer["identity"][0] == original.signed.label


def test_a_sidecar_is_read_where_the_file_carries_nothing(
    original: Original, other: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    bitmap = media.convert(original.source, tmp_path / "p.bmp")
    signed = sign(bitmap, tmp_path / "s.bmp", chain)
    assert signed.sidecar is not None
    answer = read(signed.path, chain.root, sidecar=signed.sidecar, name="image/bmp")
    assert not answer["embedded"]
    assert answer["identity"][1] == signed.claim_digest.value
    found = parse_reading(answer, _c2pa.LIST_URI).store
    assert found is not None
    assert found.failures == ()
    assert found.trust_list == "list 0"
    # The sidecar of another file says that these are other bytes, of whichever type they are.
    for path, name in ((other.source, "image/jpeg"), (bitmap.with_name("q.bmp"), "image/bmp")):
        if name == "image/bmp":
            media.convert(other.source, path)
        found = parse_reading(
            read(path, chain.root, sidecar=signed.sidecar, name=name), _c2pa.LIST_URI
        ).store
        assert found is not None
        assert found.hard_binding_failures == ("assertion.dataHash.mismatch",)
    # A manifest inside comes first.
    assert read(original.path, chain.root, sidecar=signed.sidecar)["embedded"]


def test_a_sidecar_that_is_none_is_unreadable_and_no_part_of_the_file(
    original: Original, tmp_path: Path
) -> None:
    bare = Path(shutil.copy(original.source, tmp_path / "bare.jpg"))
    junk = tmp_path / "bare.jpg.c2pa"
    for data in (b"", b"junk", bytes(1000)):
        junk.write_bytes(data)
        found = reading(bare, sidecar=junk)
        assert found.store is None
        assert not found.embedded
    assert reading(bare, sidecar=tmp_path / "missing").outcome == "unreadable"


def test_it_reads_a_manifest_whose_jpeg_framing_was_changed(
    original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """Bytes around the claim that no hash covers: why a record is found by label, too."""
    data = original.path.read_bytes()
    segment = data.index(b"\xff\xeb")
    tolerated = []
    for at in range(segment + 4, segment + 20):
        suspect = flip(original.path, tmp_path / "f.jpg", at)
        found = reading(suspect, chain.root).store
        if found is not None and found.trust_list and not found.failures:
            assert found.label == original.signed.label
            tolerated.append(at - segment)
    assert tolerated


def test_a_signature_by_another_certificate_than_the_engines_is_nobodys(
    original: Original, chain: DevelopmentChain, strangers_chain: DevelopmentChain, tmp_path: Path
) -> None:
    """Whoever took over the process of one engine cannot put a known signer in for a stranger."""
    stranger = sign(original.source, tmp_path / "stranger.jpg", strangers_chain)
    answer = read(stranger.path, chain.root)
    answer["signature"] = read(original.path, chain.root)["signature"]
    found = parse_reading(answer, _c2pa.LIST_URI).store
    assert found is not None
    assert found.signature == "the engine names another certificate than that of the signature"
