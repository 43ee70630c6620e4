"""Keys sign what they are asked to, and are neither shown, shared nor overwritten."""

import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signer import (
    Algorithm,
    DevelopmentChain,
    KeyFileError,
    PemClaimSigner,
    load_claim_signer,
    write_private_key,
)

from .test_certificates import Leaf

DATA = b"a claim"


def saved(folder: Path, chain: DevelopmentChain) -> tuple[Path, Path]:
    write_private_key(folder / "key.pem", chain.private_key)
    (folder / "chain.pem").write_text(chain.certificate_chain)
    return folder / "key.pem", folder / "chain.pem"


def test_a_key_file_is_its_owners_alone_and_reads_back(
    tmp_path: Path, chain: DevelopmentChain, claim_signer: PemClaimSigner
) -> None:
    before = os.umask(0)
    try:
        key, certificates = saved(tmp_path, chain)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    loaded = load_claim_signer(key, certificates)
    assert loaded.private_key.private_numbers() == claim_signer.private_key.private_numbers()  # type: ignore[union-attr]  # (it is a P-256 key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_may_open_is_refused(
    mode: int, tmp_path: Path, chain: DevelopmentChain
) -> None:
    key, certificates = saved(tmp_path, chain)
    key.chmod(mode)
    with pytest.raises(KeyFileError, match="open to other users") as caught:
        load_claim_signer(key, certificates)
    assert "chmod 600" in caught.value.remedy


def test_a_key_is_never_overwritten(tmp_path: Path, chain: DevelopmentChain) -> None:
    key, _ = saved(tmp_path, chain)
    before = key.read_bytes()
    with pytest.raises(KeyFileError, match="already exists"):
        write_private_key(key, ec.generate_private_key(ec.SECP256R1()))
    assert key.read_bytes() == before
    with pytest.raises(KeyFileError, match="cannot be written"):
        write_private_key(key / "below-a-file", chain.private_key)


def test_a_key_is_shown_nowhere(claim_signer: PemClaimSigner) -> None:
    assert isinstance(claim_signer.private_key, ec.EllipticCurvePrivateKey)
    secret = claim_signer.private_key.private_numbers().private_value
    shown = repr(claim_signer) + str(claim_signer)
    assert "private_key" not in shown
    assert str(secret) not in shown
    assert f"{secret:x}" not in shown


def test_a_broken_key_file_is_refused_without_quoting_it(
    tmp_path: Path, chain: DevelopmentChain
) -> None:
    key, certificates = saved(tmp_path, chain)
    whole = key.read_bytes()
    for broken in (b"", b"s3cret", whole[:-40], whole.replace(b"PRIVATE", b"PUBLIC")):
        key.write_bytes(broken)
        with pytest.raises(KeyFileError) as caught:
            load_claim_signer(key, certificates)
        assert "s3cret" not in str(caught.value)
        assert whole.splitlines()[1].decode() not in str(caught.value)


def test_an_encrypted_key_or_one_that_cannot_sign_is_refused(
    tmp_path: Path, chain: DevelopmentChain
) -> None:
    key, certificates = saved(tmp_path, chain)
    shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(
        chain.private_key.private_bytes(*shape, serialization.BestAvailableEncryption(b"word"))
    )
    with pytest.raises(KeyFileError):
        load_claim_signer(key, certificates)
    key.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(*shape, serialization.NoEncryption())
    )
    with pytest.raises(KeyFileError, match="no key that can sign"):
        load_claim_signer(key, certificates)


def test_a_missing_file_is_named(tmp_path: Path, chain: DevelopmentChain) -> None:
    key, certificates = saved(tmp_path, chain)
    with pytest.raises(KeyFileError, match="elsewhere"):
        load_claim_signer(tmp_path / "elsewhere", certificates)
    with pytest.raises(KeyFileError, match="elsewhere"):
        load_claim_signer(key, tmp_path / "elsewhere")


def test_a_key_that_is_not_the_certificates_is_refused(chain: DevelopmentChain) -> None:
    with pytest.raises(KeyFileError, match="not the signing certificate's"):
        PemClaimSigner(chain.certificate_chain, ec.generate_private_key(ec.SECP256R1()))


def test_a_curve_that_c2pa_has_not_is_refused(chain: DevelopmentChain) -> None:
    with pytest.raises(KeyFileError, match="no signature for this kind"):
        PemClaimSigner(chain.certificate_chain, ec.generate_private_key(ec.SECP256K1()))


@pytest.mark.parametrize(
    ("curve", "algorithm", "digest"),
    [
        (ec.SECP256R1(), Algorithm.ES256, hashes.SHA256()),
        (ec.SECP384R1(), Algorithm.ES384, hashes.SHA384()),
        (ec.SECP521R1(), Algorithm.ES512, hashes.SHA512()),
    ],
)
def test_ecdsa_is_r_and_s_side_by_side(
    curve: ec.EllipticCurve, algorithm: Algorithm, digest: hashes.HashAlgorithm
) -> None:
    """RFC 9053, 2.1: each as long as the curve's order, with no DER around them."""
    key = ec.generate_private_key(curve)
    signer = PemClaimSigner(Leaf(key=key).issue()[1], key)
    signature = signer.sign(DATA)
    size = (curve.key_size + 7) // 8
    assert (signer.algorithm, len(signature)) == (algorithm, 2 * size)
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    key.public_key().verify(encode_dss_signature(r, s), DATA, ec.ECDSA(digest))


def test_ed25519_and_rsa_sign_as_cose_wants() -> None:
    edwards = ed25519.Ed25519PrivateKey.generate()
    signer = PemClaimSigner(Leaf(key=edwards).issue()[1], edwards)
    edwards.public_key().verify(signer.sign(DATA), DATA)
    assert signer.algorithm is Algorithm.ED25519

    factors = rsa.generate_private_key(65537, 2048)
    signer = PemClaimSigner(Leaf(key=factors).issue()[1], factors)
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), 32)  # RFC 8230, 2: salt as long as the hash
    factors.public_key().verify(signer.sign(DATA), DATA, salted, hashes.SHA256())
    assert signer.algorithm is Algorithm.PS256


def test_the_chain_is_certificates_and_nothing_else(claim_signer: PemClaimSigner) -> None:
    chain = claim_signer.certificate_chain
    assert len(x509.load_pem_x509_certificates(chain.encode())) == 1
    assert "KEY" not in chain
