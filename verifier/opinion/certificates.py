"""The signer's certificates: C2PA's profile, and the way up to an anchor (RFC 5280, 6)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from .result import Trust

# C2PA 2.2, 14.4.1 and 14.5.1.1: what a claim signer's certificate may be for.
_PURPOSES = (
    x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
)
_LONELY = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_HASHES = ("sha256", "sha384", "sha512")
_UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, UnsupportedAlgorithm)


def load_chain(chain: Sequence[bytes]) -> list[x509.Certificate]:
    """Read certificates (DER); raises ValueError."""
    return [x509.load_der_x509_certificate(each) for each in chain]


def profile_breaches(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """Yield what keeps a chain from C2PA's certificate profile (C2PA 2.2, 14.5.1.1)."""
    yield from _profile_breaches(tuple(chain))


@lru_cache(256)  # the same few signers and authorities are met in most files
def _profile_breaches(chain: tuple[x509.Certificate, ...]) -> tuple[str, ...]:
    return tuple(_breaches(chain))


def _breaches(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    try:
        yield from _leaf_breaches(chain[0])
        for number, authority in enumerate(chain[1:]):
            yield from _authority_breaches(authority, number)
    except _UNREADABLE:
        yield "a certificate holds what cannot be read"
        return
    for certificate, issuer in pairwise(chain):
        if not _is_issued_by(certificate, issuer):  # RFC 9360, 2: each is issued by the next
            yield "a certificate of the chain is not issued by the next"


def _leaf_breaches(leaf: x509.Certificate) -> Iterator[str]:
    present = {each.oid: each.value for each in leaf.extensions}
    if leaf.version is not x509.Version.v3:  # C2PA 2.2, 14.5.1.1
        yield "not an X.509 version 3 certificate"
    if not leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        yield "its subject names no organization"
    constraints = present.get(ExtensionOID.BASIC_CONSTRAINTS)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:  # C2PA 2.2, 14.5.1.2
        yield "the signer's certificate is an authority's"
    usage = present.get(ExtensionOID.KEY_USAGE)
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:  # C2PA 2.2, 14.5.1.1
        yield "its key is not for digital signatures"
    elif usage.key_cert_sign:
        yield "its key may sign certificates"
    if ExtensionOID.AUTHORITY_KEY_IDENTIFIER not in present:  # RFC 5280, 4.2.1.1
        yield "it has no authority key identifier"
    yield from _purpose_breaches(present.get(ExtensionOID.EXTENDED_KEY_USAGE))
    yield from _key_breaches(leaf)


def _purpose_breaches(purposes: object) -> Iterator[str]:
    if not isinstance(purposes, x509.ExtendedKeyUsage):  # C2PA 2.2, 14.5.1.1
        yield "it has no extended key usage"
    elif ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes:
        yield "its extended key usage is any"
    elif not any(each in purposes for each in _PURPOSES):
        yield "its extended key usage is none of a claim signer's"
    elif any(each in purposes for each in _LONELY):
        yield "its extended key usage includes one that stands alone"


def _authority_breaches(authority: x509.Certificate, below: int) -> Iterator[str]:
    """Yield what keeps a certificate from issuing, `below` authorities above the leaf."""
    present = {each.oid: each.value for each in authority.extensions}
    constraints = present.get(ExtensionOID.BASIC_CONSTRAINTS)
    if not isinstance(constraints, x509.BasicConstraints) or not constraints.ca:
        yield "an issuer's certificate is not an authority's"  # RFC 5280, 4.2.1.9
    elif constraints.path_length is not None and constraints.path_length < below:
        yield "an issuer may not have so many authorities below it"  # RFC 5280, 4.2.1.9
    usage = present.get(ExtensionOID.KEY_USAGE)
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:  # RFC 5280, 4.2.1.3
        yield "an issuer's key is not for signing certificates"
    purposes = present.get(ExtensionOID.EXTENDED_KEY_USAGE)
    if isinstance(purposes, x509.ExtendedKeyUsage) and not any(
        each in purposes for each in (*_PURPOSES, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    ):
        # RFC 5280, 4.2.1.12, says it of leaves; as everybody reads it, of those below as well.
        yield "an issuer's certificate is for none of a claim signer's purposes"
    yield from _key_breaches(authority)


def _key_breaches(certificate: x509.Certificate) -> Iterator[str]:
    match certificate.public_key():  # C2PA 2.2, 14.5.1.1: keys and their strengths
        case rsa.RSAPublicKey() as key:
            exponent = key.public_numbers().e
            if key.key_size < 2048:
                yield f"an RSA key has {key.key_size} bits, fewer than 2048"
            if exponent % 2 == 0 or exponent <= 1 << 16:  # FIPS 186-5, A.1.1
                yield f"an RSA key's public exponent is {exponent}"
        case ec.EllipticCurvePublicKey(curve=curve):
            if curve.name not in _CURVES:
                yield f"a key is on {curve.name}, not P-256, P-384 or P-521"
        case ed25519.Ed25519PublicKey():
            pass
        case _:
            yield "a key is neither RSA, nor on a NIST curve, nor Ed25519"
    digest = certificate.signature_hash_algorithm
    if digest is not None and digest.name not in _HASHES:  # C2PA 2.2, 14.5.1.1
        yield f"a certificate is signed with {digest.name}"


def find_anchors(chain: Sequence[x509.Certificate], lists: Mapping[str, str]) -> tuple[Trust, ...]:
    """Return the lists that know the signer, each by an anchor of its own alone.

    `lists` are PEM by name. The chain stands as `profile_breaches` demands. An anchor is a name and
    a key (RFC 5280, 6.1.1 d): its own dates and extensions are not looked at.
    """
    return tuple(
        Trust(
            name,
            max(each.not_valid_before_utc for each in chain[:reached]),
            min(each.not_valid_after_utc for each in chain[:reached]),
        )
        for name, pem in lists.items()
        if (reached := _reached(chain, _anchors(pem)))
    )


def _reached(chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]) -> int:
    """Return how many certificates of the chain lie below an anchor; 0 where none does."""
    for number, certificate in enumerate(chain):
        if number and certificate in anchors:
            return number
        if any(_is_issued_by(certificate, anchor) for anchor in anchors):
            return number + 1
    return 0


@lru_cache(32)
def _anchors(pem: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(pem.encode()))
    except ValueError:  # a list that holds none knows nobody
        return ()


@lru_cache(256)
def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)  # RFC 5280, 6.1.3 a (1) and (4)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True
