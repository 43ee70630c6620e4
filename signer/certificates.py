"""The C2PA certificate profile (C2PA 2.3, 14.5 "X.509 Certificates"): check it, issue by it.

The check is stricter than the engine's in one way: what could sign but never be trusted by anybody
(a self-signed leaf, a chain in the wrong order) is refused before anything is signed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from .errors import CertificateError

CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
SIGNING_PURPOSES = (CLAIM_SIGNING, DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)
# A certificate for one of these may be for nothing else (C2PA 2.3, 14.5.1).
_LONELY_PURPOSES = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_HASHES = ("sha256", "sha384", "sha512")

_ROOT_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=365)
_CLOCK_SKEW = timedelta(hours=1)  # a reader whose clock is behind ours still finds it valid


def check_profile(certificate_chain: str, now: datetime) -> None:
    """Raise CertificateError, a sentence a breach, unless the chain may sign C2PA claims at `now`.

    `certificate_chain` is PEM, the signing certificate first and the root left out. This does not
    say that anybody trusts it: the signed file is read back for that.
    """
    try:
        chain = x509.load_pem_x509_certificates(certificate_chain.encode())
    except ValueError:
        raise CertificateError(("it is not a chain of certificates in PEM",)) from None
    try:
        breaches = (*_leaf_breaches(chain[0], now), *_chain_breaches(chain, now))
    except (ValueError, x509.DuplicateExtension):
        breaches = ("it holds an extension that cannot be read",)
    if breaches:
        raise CertificateError(breaches)


def _leaf_breaches(leaf: x509.Certificate, now: datetime) -> Iterator[str]:
    """Yield what is wrong with the signing certificate on its own."""
    if leaf.version is not x509.Version.v3:
        yield "it is not an X.509 version 3 certificate"
    if not leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        yield "its subject names no organization"
    if leaf.subject == leaf.issuer:
        yield "it is self-signed, so nobody vouches for it"
    hash_algorithm = leaf.signature_hash_algorithm
    if hash_algorithm is not None and hash_algorithm.name not in _HASHES:
        yield f"it is signed with {hash_algorithm.name}, not SHA-256, SHA-384 or SHA-512"
    yield from _validity_breaches(leaf, "it", now)
    yield from _key_breaches(leaf)
    yield from _usage_breaches(leaf)


def _validity_breaches(certificate: x509.Certificate, what: str, now: datetime) -> Iterator[str]:
    if now < certificate.not_valid_before_utc:
        yield f"{what} is not valid before {certificate.not_valid_before_utc.isoformat()}"
    if now > certificate.not_valid_after_utc:
        yield f"{what} expired on {certificate.not_valid_after_utc.isoformat()}"


def _key_breaches(leaf: x509.Certificate) -> Iterator[str]:
    match leaf.public_key():
        case rsa.RSAPublicKey(key_size=bits):
            if bits < 2048:
                yield f"its RSA key has {bits} bits, fewer than 2048"
        case ec.EllipticCurvePublicKey(curve=curve):
            if curve.name not in _CURVES:
                yield f"its key is on {curve.name}, not P-256, P-384 or P-521"
        case ed25519.Ed25519PublicKey():
            pass
        case _:
            yield "its key is neither RSA, nor on a NIST curve, nor Ed25519"


def _usage_breaches(leaf: x509.Certificate) -> Iterator[str]:
    """Yield what is wrong with the extensions of C2PA 2.3, 14.5.1."""
    present = {extension.oid: extension.value for extension in leaf.extensions}
    if ExtensionOID.AUTHORITY_KEY_IDENTIFIER not in present:
        yield "it has no authority key identifier"
    constraints = present.get(ExtensionOID.BASIC_CONSTRAINTS)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        yield "it is a certificate authority's"
    usage = present.get(ExtensionOID.KEY_USAGE)
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:
        yield "its key usage does not include digital signatures"
    elif usage.key_cert_sign:
        yield "its key may also sign certificates"
    purposes = present.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if not isinstance(purposes, x509.ExtendedKeyUsage):
        yield "it has no extended key usage"
        return
    if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes:
        yield "its extended key usage is any"
    elif not any(purpose in purposes for purpose in SIGNING_PURPOSES):
        yield "its extended key usage is neither claim signing, e-mail protection nor documents"
    if any(purpose in purposes for purpose in _LONELY_PURPOSES):
        yield "its extended key usage includes time-stamping or OCSP signing, which stand alone"


def _chain_breaches(chain: list[x509.Certificate], now: datetime) -> Iterator[str]:
    """Yield what is wrong with the order of the chain, and with the certificates above the leaf."""
    for certificate, issuer in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            yield "a certificate of the chain is not issued by the next"
    for number, authority in enumerate(chain[1:], 2):
        yield from _validity_breaches(authority, f"certificate {number} of the chain", now)
        if authority.subject == authority.issuer:  # C2PA 2.3, 13.2: the chain without the anchor
            yield "the chain includes a root, which readers must hold themselves"


@dataclass(frozen=True, slots=True)
class DevelopmentChain:
    """A root to trust, and a leaf with its key to sign with; all PEM.

    The root's own key was forgotten when this was made: it vouches for this leaf and no other.
    """

    root: str
    certificate_chain: str
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)


def issue_development_chain(
    name: str, now: datetime, random: Callable[[int], bytes]
) -> DevelopmentChain:
    """Issue a P-256 root (ten years) and leaf (one year) for `name`, for trying things out.

    `random(n)` gives n random bytes (secrets.token_bytes). The leaf's purpose is e-mail protection,
    which every reader accepts by default; the engine reads one for claim signing as Invalid unless
    the reader's own settings list that purpose. Raises CertificateError for a name that no
    certificate can carry.
    """
    root_key, leaf_key = _new_key(random), _new_key(random)
    try:
        root_name = _subject(f"{name} development root")
        leaf_name = _subject(name)
    except ValueError as problem:
        raise CertificateError((f"no certificate can carry that name ({problem})",)) from None
    root_identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root = (
        _certificate(root_name, root_name, root_key.public_key(), now, _ROOT_LIFE, random)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(root_identifier, critical=False)
    )
    leaf = (
        _certificate(leaf_name, root_name, leaf_key.public_key(), now, _LEAF_LIFE, random)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_identifier),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(leaf_key.public_key()), critical=False
        )
    )
    return DevelopmentChain(_sign(root, root_key), _sign(leaf, root_key), leaf_key)


def _new_key(random: Callable[[int], bytes]) -> ec.EllipticCurvePrivateKey:
    """Draw a P-256 key (FIPS 186-5, A.2.1: 64 bits more than the order, then reduced)."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    secret = int.from_bytes(random(40)) % (order - 1) + 1
    return ec.derive_private_key(secret, ec.SECP256R1())


def _subject(name: str) -> x509.Name:
    """An organization is mandatory, and says on every screen that this proves nothing."""
    return x509.Name(
        [
            x509.NameAttribute(
                NameOID.ORGANIZATION_NAME, "Firsthand development, not for evidence"
            ),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
    random: Callable[[int], bytes],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(int.from_bytes(random(19)) + 1)  # RFC 5280, 4.1.2.2: positive, 20 bytes
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + life)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(certificate: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> str:
    """Deterministic (RFC 6979), so that the same randomness gives the same certificate."""
    signed = certificate.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(serialization.Encoding.PEM).decode()
