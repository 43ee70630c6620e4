"""Signing keeps its promises when everything else breaks them."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.asset import read_asset_file
from ledger.errors import AssetError
from signer import (
    CertificateError,
    ClaimSignerError,
    DevelopmentChain,
    EngineError,
    PemClaimSigner,
    ReadBackError,
    SigningError,
    SourceChanged,
    Statement,
    StatementError,
    sign_file,
)

from .conftest import CAPTURE, NOW, RemoteSigner, Sign, listing
from .test_certificates import YEAR, Leaf

# The claim signer.


def test_a_signer_that_answers_in_der_is_as_good(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    def der(data: bytes) -> bytes:
        return chain.private_key.sign(data, ec.ECDSA(hashes.SHA256()))

    sign(photograph, tmp_path / "s.jpg", signer=RemoteSigner(chain.certificate_chain, der))


@pytest.mark.usefixtures("untouched")
def test_a_signer_that_raises_is_heard_in_its_own_words(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    problem = ConnectionError("the token was\npulled out")

    def pulled(_: bytes) -> bytes:
        raise problem

    with pytest.raises(ClaimSignerError, match="the token was pulled out") as caught:
        sign(photograph, tmp_path / "s.jpg", signer=RemoteSigner(chain.certificate_chain, pulled))
    assert caught.value.__cause__ is problem
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("untouched")
def test_a_signer_with_the_wrong_key_signs_nothing(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())

    def wrong(data: bytes) -> bytes:
        return other.sign(data, ec.ECDSA(hashes.SHA256()))

    with pytest.raises(EngineError, match="refuses"):
        sign(photograph, tmp_path / "s.jpg", signer=RemoteSigner(chain.certificate_chain, wrong))


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("answer", [b"", b"\0" * 64, b"x" * 63, b"x" * 100_000])
def test_a_signer_that_answers_noise_signs_nothing(
    answer: bytes, photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    noise = RemoteSigner(chain.certificate_chain, lambda _: answer)
    with pytest.raises(SigningError):
        sign(photograph, tmp_path / "s.jpg", signer=noise)


@pytest.mark.usefixtures("untouched")
def test_an_expired_certificate_signs_nothing(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="expired"):
        sign(photograph, tmp_path / "s.jpg", now=NOW + YEAR + timedelta(days=1))


@pytest.mark.usefixtures("untouched")
def test_a_signature_that_strangers_would_not_trust_is_not_kept(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    """The certificate is good, but the root that readers hold is another."""
    other_root, _ = Leaf().issue()
    with pytest.raises(ReadBackError, match=r"reads Valid, not Trusted.*untrusted") as caught:
        sign(photograph, tmp_path / "s.jpg", trust_anchors=other_root)
    assert "trust anchors" in caught.value.remedy


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("anchors", ["", "not PEM"])
def test_no_trust_anchors_trust_nobody(
    anchors: str, photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    with pytest.raises(SigningError):
        sign(photograph, tmp_path / "s.jpg", trust_anchors=anchors)


# The source.


@pytest.mark.usefixtures("untouched")
def test_a_source_that_is_not_the_asset_that_was_read_is_not_signed(
    photograph: Path, claim_signer: PemClaimSigner, chain: DevelopmentChain, tmp_path: Path
) -> None:
    asset = read_asset_file(photograph)
    other = dataclasses.replace(asset, size=asset.size + 1)
    with pytest.raises(SourceChanged, match="changed while"):
        sign_file(
            photograph,
            tmp_path / "s.jpg",
            asset=other,
            statement=CAPTURE,
            claim_signer=claim_signer,
            trust_anchors=chain.root,
            now=NOW,
        )


@pytest.mark.parametrize("ending", ["jpg", "bin"])
def test_a_source_that_changes_while_the_signer_thinks_is_not_signed(
    ending: str,
    files: dict[str, Path],
    sign: Sign,
    chain: DevelopmentChain,
    claim_signer: PemClaimSigner,
    tmp_path: Path,
) -> None:
    source = tmp_path / f"source.{ending}"
    source.write_bytes(files[ending].read_bytes())

    def slow(data: bytes) -> bytes:
        source.write_bytes(source.read_bytes() + b"more")
        return claim_signer.sign(data)

    with pytest.raises(SigningError):
        sign(source, tmp_path / "signed", signer=RemoteSigner(chain.certificate_chain, slow))
    assert listing(tmp_path) == {source.name}


def test_a_source_that_vanishes_is_named(
    photograph: Path, claim_signer: PemClaimSigner, chain: DevelopmentChain, tmp_path: Path
) -> None:
    asset = read_asset_file(photograph)
    photograph.unlink()
    with pytest.raises(AssetError, match=r"photograph\.jpg"):
        sign_file(
            photograph,
            tmp_path / "signed.jpg",
            asset=asset,
            statement=CAPTURE,
            claim_signer=claim_signer,
            trust_anchors=chain.root,
            now=NOW,
        )
    assert listing(tmp_path) == set()


def test_a_source_that_vanishes_while_the_signer_thinks_is_not_signed(
    photograph: Path,
    sign: Sign,
    chain: DevelopmentChain,
    claim_signer: PemClaimSigner,
    tmp_path: Path,
) -> None:
    def slow(data: bytes) -> bytes:
        photograph.unlink()
        return claim_signer.sign(data)

    with pytest.raises(AssetError, match=r"photograph\.jpg"):
        sign(photograph, tmp_path / "s.jpg", signer=RemoteSigner(chain.certificate_chain, slow))
    assert listing(tmp_path) == set()


@pytest.mark.usefixtures("untouched")
def test_nothing_is_claimed_about_how_it_came_to_be_unless_said(
    photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    with pytest.raises(StatementError, match="came to be"):
        sign(photograph, tmp_path / "s.jpg", statement=Statement("t"))


def test_a_file_that_is_not_what_its_first_bytes_say_is_refused(sign: Sign, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0" + b"not a picture" * 100)
    with pytest.raises(SigningError, match="Could not parse input JPEG"):
        sign(broken, tmp_path / "signed.jpg")
    assert listing(tmp_path) == {"broken.jpg"}
