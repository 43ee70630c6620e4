"""A signed file says what it was made from, and nobody launders a broken parent."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.asset import JPEG
from ledger.errors import AssetError
from signer import (
    Action,
    ActionKind,
    DevelopmentChain,
    ParentError,
    PemClaimSigner,
    Statement,
    build_manifest,
    sidecar_path,
)
from signer import _c2pa as engine
from signer.certificates import check_profile
from tests import media

from .conftest import NOW, Sign, listing
from .test_certificates import Leaf


def test_a_source_with_a_manifest_is_its_own_parent(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    first = sign(photograph, tmp_path / "first.jpg")
    edited = Statement("Edited", edits=(Action(ActionKind.ADJUSTED_COLOR),))
    second = sign(first.path, tmp_path / "second.jpg", statement=edited)
    assert second.label != first.label
    data = second.path.read_bytes()
    assert first.label.encode() in data
    assert b"c2pa.opened" in data
    third = sign(second.path, tmp_path / "third.jpg", statement=edited)
    read = engine.read(third.path, third.asset.media_type, chain.root)
    assert read is not None
    assert (read.state, read.failures) == (engine.State.TRUSTED, ())


@pytest.mark.parametrize("ending", ["bin", "webm"])
def test_a_manifest_beside_the_source_is_its_parent_too(
    ending: str, files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    first = sign(files[ending], tmp_path / f"first.{ending}")
    second = sign(first.path, tmp_path / f"second.{ending}", statement=Statement("Again"))
    assert second.sidecar is not None
    store = second.sidecar.read_bytes()
    assert first.label.encode() in store
    assert b"parentOf" in store


def test_another_file_can_be_the_parent(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    """An export that lost its manifest names the signed original, or an unsigned one."""
    original = sign(photograph, tmp_path / "original.jpg")
    export = media.convert(photograph, tmp_path / "export.png")
    signed = sign(export, tmp_path / "s.png", statement=Statement("t"), parent=original.path)
    assert original.label.encode() in signed.path.read_bytes()
    unsigned = sign(export, tmp_path / "u.png", statement=Statement("t"), parent=photograph)
    assert b"parentOf" in unsigned.path.read_bytes()
    beside = sign(export, tmp_path / "b.png", statement=Statement("t"), parent=_bytes(tmp_path))
    assert b"parentOf" in beside.path.read_bytes()


def _bytes(folder: Path) -> Path:
    path = folder / "some.bin"
    path.write_bytes(bytes(range(256)))
    return path


def test_two_parents_are_one_too_many(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    first = sign(photograph, tmp_path / "first.jpg")
    with pytest.raises(ParentError, match="one parent"):
        sign(first.path, tmp_path / "second.jpg", parent=photograph)


def test_a_missing_parent_is_named(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"elsewhere\.jpg"):
        sign(photograph, tmp_path / "s.jpg", parent=tmp_path / "elsewhere.jpg")


def _tampered(path: Path, original: Path) -> None:
    data, source = bytearray(path.read_bytes()), original.read_bytes()
    middle = len(source) // 2
    data[data.index(source[middle : middle + 32])] ^= 1
    path.write_bytes(data)


def test_nobody_can_launder_a_tampered_file_by_signing_it_again(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    first = sign(photograph, tmp_path / "first.jpg")
    _tampered(first.path, photograph)
    with pytest.raises(ParentError, match=r"does not hold .*dataHash\.mismatch"):
        sign(first.path, tmp_path / "second.jpg", statement=Statement("Clean"))
    with pytest.raises(ParentError, match="does not hold"):
        sign(photograph, tmp_path / "second.jpg", parent=first.path)
    assert listing(tmp_path) == {photograph.name, "first.jpg"}


def test_nobody_can_launder_what_another_tool_has_laundered(
    photograph: Path,
    sign: Sign,
    chain: DevelopmentChain,
    claim_signer: PemClaimSigner,
    tmp_path: Path,
) -> None:
    """The engine signs over a tampered parent and reads Trusted; we look at the grandparent."""
    first = sign(photograph, tmp_path / "first.jpg")
    _tampered(first.path, photograph)
    laundered = tmp_path / "laundered.jpg"
    kind = first.asset.media_type
    parent = engine.Parent(first.path, kind, None, engine.read(first.path, kind, chain.root))
    actions = Statement().history(parent=True)
    definition = build_manifest(title="", media_type=JPEG, actions=actions, version="0")
    with laundered.open("w+b") as file:
        request = engine.Request(definition, claim_signer, kind, parent, chain.root)
        engine.embed(first.path, file, request)
    read = engine.read(laundered, kind, chain.root)
    assert read is not None
    assert read.state is engine.State.TRUSTED  # what the engine says, and why we look deeper
    assert "assertion.dataHash.mismatch" in read.failures
    with pytest.raises(ParentError, match=r"dataHash\.mismatch"):
        sign(laundered, tmp_path / "second.jpg", statement=Statement())


def test_a_parent_whose_signer_we_do_not_know_may_be_built_upon(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    """Untrusted is not invalid: an agency edits strangers' photographs, and says so."""
    leaf = Leaf()
    root, certificates = leaf.issue()
    check_profile(certificates, NOW)
    assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)
    stranger = PemClaimSigner(certificates, leaf.key)
    theirs = sign(photograph, tmp_path / "theirs.jpg", signer=stranger, trust_anchors=root)
    ours = sign(theirs.path, tmp_path / "ours.jpg", statement=Statement("Ours"))
    assert theirs.label.encode() in ours.path.read_bytes()


def test_a_manifest_that_cannot_be_read_stops_the_signing(
    files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    source = tmp_path / "clip.webm"
    source.write_bytes(files["webm"].read_bytes())
    for broken in (b"", b"not a manifest store", b"\0" * 1000):
        sidecar_path(source).write_bytes(broken)
        with pytest.raises(ParentError, match="no manifest can be read"):
            sign(source, tmp_path / "signed.webm")
    assert listing(tmp_path) == {"clip.webm", "clip.webm.c2pa"}
