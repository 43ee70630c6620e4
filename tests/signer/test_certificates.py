"""The certificate profile: each breach is named, and the engine agrees or is more lenient."""

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.asset import JPEG
from signer import (
    CertificateError,
    DevelopmentChain,
    EngineError,
    PemClaimSigner,
    check_profile,
    issue_development_chain,
)
from signer import _c2pa as engine
from signer.certificates import CLAIM_SIGNING, DOCUMENT_SIGNING
from signer.keys import PrivateKey
from signer.manifest import build_manifest

from .conftest import CAPTURE, NOW, Sign, listing

YEAR = timedelta(days=365)


def subject(common_name: str, organization: str | None = "An organization") -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(names)


def key_usage(**usages: bool) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**(dict.fromkeys(every, False) | usages))


def pem(*certificates: x509.Certificate) -> str:
    every = (each.public_bytes(serialization.Encoding.PEM) for each in certificates)
    return b"".join(every).decode()


@dataclass
class Leaf:
    """A signing certificate with something wrong; the defaults are right."""

    key: CertificateIssuerPrivateKeyTypes = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,)
    usage: x509.KeyUsage | None = field(default_factory=lambda: key_usage(digital_signature=True))
    organization: str | None = "An organization"
    authority: bool = False
    identifies_issuer: bool = True
    self_signed: bool = False
    start: datetime = NOW - timedelta(hours=1)
    end: datetime = NOW + YEAR

    def issue(self) -> tuple[str, str]:
        """Return the root and the chain, PEM."""
        root_key = ec.generate_private_key(ec.SECP256R1())
        root_name = subject("A root")
        root = (
            x509.CertificateBuilder(root_name, root_name, root_key.public_key(), 1)
            .not_valid_before(NOW - YEAR)
            .not_valid_after(NOW + YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(key_cert_sign=True), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        name = subject("A signer", self.organization)
        issuer, signing_key = (name, self.key) if self.self_signed else (root_name, root_key)
        public = self.key.public_key()
        leaf = (
            x509.CertificateBuilder(issuer, name, public, 2)
            .not_valid_before(self.start)
            .not_valid_after(self.end)
            .add_extension(
                x509.BasicConstraints(ca=self.authority, path_length=None), critical=True
            )
        )
        for extension in self._extensions(signing_key):
            leaf = leaf.add_extension(extension, critical=False)
        return pem(root), pem(leaf.sign(signing_key, hashes.SHA256()))

    def _extensions(
        self, issuer_key: CertificateIssuerPrivateKeyTypes
    ) -> Iterator[x509.ExtensionType]:
        if self.usage is not None:
            yield self.usage
        if self.purposes:
            yield x509.ExtendedKeyUsage(self.purposes)
        if self.identifies_issuer:
            yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())


@pytest.mark.parametrize(
    "purpose", [ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING, CLAIM_SIGNING]
)
def test_every_purpose_that_c2pa_allows_signs_and_is_trusted(
    purpose: x509.ObjectIdentifier, photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    leaf = Leaf(purposes=(purpose,))
    root, chain = leaf.issue()
    check_profile(chain, NOW)
    assert isinstance(leaf.key, ec.EllipticCurvePrivateKey)
    sign(photograph, tmp_path / "s.jpg", signer=PemClaimSigner(chain, leaf.key), trust_anchors=root)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "P-384", "P-521", "Ed25519", "RSA"],
)
def test_every_kind_of_key_that_c2pa_allows_signs_and_is_trusted(
    key: PrivateKey, photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    root, chain = Leaf(key=key).issue()
    sign(photograph, tmp_path / "s.jpg", signer=PemClaimSigner(chain, key), trust_anchors=root)


# What is wrong, the words that say so, and what the engine alone does with it.
REFUSED = "refused"
BREACHES: dict[str, tuple[Callable[[], Leaf], str, str]] = {
    "code signing": (
        lambda: Leaf(purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)), "neither claim", REFUSED,
    ),
    "a server's": (
        lambda: Leaf(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), "neither claim", REFUSED,
    ),
    "a client's": (
        lambda: Leaf(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "neither claim", REFUSED,
    ),
    "any purpose": (
        lambda: Leaf(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), "is any", REFUSED,
    ),
    "no purpose": (lambda: Leaf(purposes=()), "no extended key usage", REFUSED),
    "time-stamping too": (
        lambda: Leaf(
            purposes=(ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.TIME_STAMPING)
        ),
        "stand alone",
        REFUSED,
    ),
    "expired": (lambda: Leaf(start=NOW - 2 * YEAR, end=NOW - YEAR), "expired on", REFUSED),
    "not yet valid": (lambda: Leaf(start=NOW + YEAR, end=NOW + 2 * YEAR), "before", REFUSED),
    "self-signed": (lambda: Leaf(self_signed=True), "nobody vouches", "Valid"),
    "an authority's": (lambda: Leaf(authority=True), "authority's", REFUSED),
    "no key usage": (lambda: Leaf(usage=None), "digital signatures", REFUSED),
    "no digital signature": (
        lambda: Leaf(usage=key_usage(key_agreement=True)), "digital signatures", REFUSED,
    ),
    "signs certificates": (
        lambda: Leaf(usage=key_usage(digital_signature=True, key_cert_sign=True)),
        "also sign certificates",
        REFUSED,
    ),
    "no authority key identifier": (
        lambda: Leaf(identifies_issuer=False), "authority key identifier", REFUSED,
    ),
    "no organization": (lambda: Leaf(organization=None), "names no organization", "Trusted"),
    "a short RSA key": (
        lambda: Leaf(key=rsa.generate_private_key(65537, 1024)),  # noqa: S505 (it is the breach)
        "1024 bits",
        REFUSED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "words", "engine_says"), BREACHES.values(), ids=BREACHES.keys())
def test_each_breach_is_one_sentence_and_nothing_is_signed(
    make: Callable[[], Leaf],
    words: str,
    engine_says: str,
    photograph: Path,
    sign: Sign,
    tmp_path: Path,
) -> None:
    """The profile refuses it; the last column is what the engine alone does with it."""
    leaf = make()
    root, chain = leaf.issue()
    with pytest.raises(CertificateError, match=words) as caught:
        check_profile(chain, NOW)
    assert len(caught.value.breaches) == 1

    assert isinstance(leaf.key, PrivateKey)
    signer = PemClaimSigner(chain, leaf.key)
    with pytest.raises(CertificateError):
        sign(photograph, tmp_path / "signed.jpg", signer=signer, trust_anchors=root)
    assert listing(tmp_path) == {photograph.name}
    assert _engine_alone(signer, root, photograph, tmp_path / "signed.jpg") == engine_says


def _engine_alone(signer: PemClaimSigner, root: str, source: Path, destination: Path) -> str:
    """Sign without the profile check and without reading back; return what reading then says."""
    definition = build_manifest(
        title="", media_type=JPEG, actions=CAPTURE.history(parent=False), version="0"
    )
    request = engine.Request(definition, signer, JPEG, None, root)
    try:
        with destination.open("w+b") as file:
            engine.embed(source, file, request)
    except EngineError:
        return REFUSED
    read = engine.read(destination, JPEG, root)
    assert read is not None
    return read.state


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ed448.Ed448PrivateKey.generate(), "neither RSA"),
    ],
    ids=["secp256k1", "Ed448"],
)
def test_a_key_that_c2pa_has_no_name_for_is_a_breach(
    key: CertificateIssuerPrivateKeyTypes, words: str
) -> None:
    _, chain = Leaf(key=key).issue()
    with pytest.raises(CertificateError, match=words):
        check_profile(chain, NOW)


def test_several_breaches_are_all_named() -> None:
    _, chain = Leaf(organization=None, purposes=(), identifies_issuer=False).issue()
    with pytest.raises(CertificateError) as caught:
        check_profile(chain, NOW)
    assert len(caught.value.breaches) == 3


def test_the_root_does_not_belong_in_the_chain() -> None:
    root, chain = Leaf().issue()
    with pytest.raises(CertificateError, match="includes a root"):
        check_profile(chain + root, NOW)


def test_a_chain_that_does_not_link_is_refused() -> None:
    _, chain = Leaf().issue()
    _, stranger = Leaf().issue()
    with pytest.raises(CertificateError, match="not issued by the next"):
        check_profile(chain + stranger, NOW)


@pytest.mark.parametrize("text", ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_chain_is_refused_in_our_own_words(text: str) -> None:
    with pytest.raises(CertificateError, match="not a chain"):
        check_profile(text, NOW)


def test_a_chain_is_good_only_while_it_is_valid(chain: DevelopmentChain) -> None:
    check_profile(chain.certificate_chain, NOW)
    check_profile(chain.certificate_chain, NOW + YEAR - timedelta(seconds=1))
    with pytest.raises(CertificateError, match="expired"):
        check_profile(chain.certificate_chain, NOW + YEAR + timedelta(seconds=1))
    with pytest.raises(CertificateError, match="not valid before"):
        check_profile(chain.certificate_chain, NOW - timedelta(days=1))


def test_a_development_chain_follows_from_its_arguments() -> None:
    """The same name, time and randomness give the same chain; any other gives another."""
    now = datetime(2026, 11, 22, tzinfo=UTC)

    def issue(name: str, seed: int) -> DevelopmentChain:
        return issue_development_chain(name, now, random.Random(seed).randbytes)

    assert issue("A", 1).certificate_chain == issue("A", 1).certificate_chain
    assert issue("A", 1).root == issue("A", 1).root
    assert issue("A", 1).root != issue("A", 2).root
    assert issue("A", 1).certificate_chain != issue("B", 1).certificate_chain


def test_a_development_certificate_says_what_it_is(chain: DevelopmentChain) -> None:
    for text in (chain.root, chain.certificate_chain):
        certificate = x509.load_pem_x509_certificate(text.encode())
        assert "not for evidence" in certificate.subject.rfc4514_string()
    assert "PRIVATE" not in repr(chain)
    assert chain.root not in chain.certificate_chain


def test_a_name_that_no_certificate_can_carry_is_refused() -> None:
    for name in ("", "x" * 65):
        with pytest.raises(CertificateError, match="name"):
            issue_development_chain(name, NOW, secrets.token_bytes)
