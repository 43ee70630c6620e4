"""A test PKI that lies on command: authorities, time-stamps of any time, OCSP answers and CRLs.

`resign` puts another claim signature of the same length into a signed JPEG: no hash covers it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import c2pa
import cbor2
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ledger.jumbf import read_signed_claim
from ledger.timestamp_asn1 import (
    Algorithm,
    Attribute,
    CertificateDigest,
    Content,
    Imprint,
    Info,
    Issued,
    Signed,
    Signer,
    SigningCertificate,
    Token,
)
from verifier import _c2pa
from verifier.locate import _mapped, _stores

NOW = datetime.now(UTC).replace(microsecond=0)
SIGNS_CLAIMS = (ExtendedKeyUsageOID.EMAIL_PROTECTION,)
STAMPS = (ExtendedKeyUsageOID.TIME_STAMPING,)
ANSWERS = (ExtendedKeyUsageOID.OCSP_SIGNING,)
_SHA256 = hashes.SHA256()
_OID = x509.ObjectIdentifier


def days(number: float) -> datetime:
    """Return the time so many days from now; negative: before."""
    return NOW + timedelta(seconds=round(number * 86400))  # as certificates have it: in seconds


@dataclass(frozen=True)
class Owner:
    """A certificate, its key, and the certificates above it but for the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class Authority(Owner):
    """A root that issues for anybody, from and to any day."""

    def issue(
        self,
        name: str,
        purposes: Sequence[x509.ObjectIdentifier] = SIGNS_CLAIMS,
        valid: tuple[float, float] = (-400, 400),
        addresses: Sequence[str] = (),
    ) -> Owner:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self.certificate.subject, key, valid)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(purposes), critical=purposes == STAMPS
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
            critical=False,
        )
        builder = builder.add_extension(_usage(authority=False), critical=True)
        if addresses:
            access = [
                x509.AccessDescription(
                    AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(each)
                )
                for each in addresses
            ]
            builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
        return Owner(builder.sign(self.key, _SHA256), key)

    def answer(
        self,
        certificate: x509.Certificate,
        *,
        at: datetime = NOW,
        until: datetime | None = None,
        revoked: datetime | None = None,
        by: Owner | None = None,
        carries: Sequence[x509.Certificate] = (),
    ) -> bytes:
        """Answer about a certificate as an OCSP responder, ourselves or `by` another."""
        responder = by or self
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            *(certificate, self.certificate, hashes.SHA256(), status, at),
            until or at + timedelta(days=7),
            *(revoked, x509.ReasonFlags.key_compromise if revoked else None),
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        if carries:
            builder = builder.certificates(carries)
        return builder.sign(responder.key, _SHA256).public_bytes(Encoding.DER)

    def crl(
        self,
        *revoked: tuple[x509.Certificate, datetime],
        at: datetime = NOW,
        by: Owner | None = None,
    ) -> bytes:
        """List who is revoked since when."""
        builder = x509.CertificateRevocationListBuilder(self.certificate.subject)
        builder = builder.last_update(at).next_update(at + timedelta(days=7))
        for certificate, since in revoked:
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, since).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign((by or self).key, _SHA256).public_bytes(Encoding.DER)


def authority(name: str, valid: tuple[float, float] = (-4000, 4000)) -> Authority:
    """Make a root."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, None, key, valid, authority=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return Authority(builder.sign(key, _SHA256), key)


def stamp(owner: Owner, over: bytes, time: datetime) -> bytes:
    """Make a time-stamp token as RFC 3161 has it, of any time (compare tests/ledger/authority)."""
    sha256 = Algorithm(algorithm=_OID("2.16.840.1.101.3.4.2.1"), parameters=asn1.Null())
    info = Info(
        version=1,
        policy=_OID("1.2.3"),
        imprint=Imprint(algorithm=sha256, digest=_hash(over)),
        serial=1,
        time=asn1.GeneralizedTime(time),
        accuracy=None,
        ordering=False,
        nonce=None,
        authority=None,
        extensions=None,
    )
    statement = asn1.encode_der(info)
    named = CertificateDigest(algorithm=None, digest=_hash(owner.der), issuer=None)
    attributes = sorted(
        (
            _attribute("1.2.840.113549.1.9.3", asn1.encode_der(_OID("1.2.840.113549.1.9.16.1.4"))),
            _attribute("1.2.840.113549.1.9.4", asn1.encode_der(_hash(statement))),
            _attribute(
                "1.2.840.113549.1.9.16.2.47",
                asn1.encode_der(SigningCertificate(certificates=[named], policies=None)),
            ),
        )
    )
    held = [asn1.decode_der(asn1.TLV, each) for each in attributes]
    body = b"".join(attributes)
    signer = Signer(
        version=1,
        certificate=Issued(
            issuer=asn1.decode_der(asn1.TLV, owner.certificate.issuer.public_bytes()),
            serial=owner.certificate.serial_number,
        ),
        digest=sha256,
        attributes=asn1.SetOf(held),
        algorithm=Algorithm(algorithm=_OID("1.2.840.10045.4.3.2"), parameters=None),
        signature=owner.key.sign(b"\x31\x81" + bytes([len(body)]) + body, ec.ECDSA(_SHA256)),
        unsigned=None,
    )
    signed = Signed(
        version=3,
        digests=asn1.SetOf([sha256]),
        content=Content(kind=_OID("1.2.840.113549.1.9.16.1.4"), data=statement),
        certificates=[owner.certificate],
        revocations=None,
        signers=asn1.SetOf([signer]),
    )
    return asn1.encode_der(Token(kind=_OID("1.2.840.113549.1.7.2"), signed=signed))


def base(source: Path, destination: Path, claim_version: int = 2, when: str | None = None) -> Path:
    """Sign a JPEG, with room for another signature."""
    root = authority("base")
    owner = root.issue("base")
    action = {"action": "c2pa.created", "digitalSourceType": "http://cv.iptc.org/newscodes/x"}
    if when:
        action["when"] = when
    definition = {
        "claim_generator_info": [{"name": "Forger", "version": "1"}],
        "claim_version": claim_version,
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    settings = _c2pa.settings({"base": root.pem}) | {"builder": {"thumbnail": {"enabled": False}}}
    builder = c2pa.Builder.from_json(json.dumps(definition), c2pa.Context.from_dict(settings))
    signer = c2pa.Signer.from_callback(
        lambda data: owner.key.sign(data, ec.ECDSA(_SHA256)), c2pa.C2paSigningAlg.ES256, owner.pem
    )
    with source.open("rb") as given, destination.open("w+b") as made:
        builder.sign(signer, "image/jpeg", given, made)
    return destination


def resign(
    path: Path,
    destination: Path,
    owner: Owner,
    *,
    stamps: Sequence[tuple[Owner, datetime]] = (),
    above: Sequence[Owner] = (),
    ocsp_answers: Sequence[bytes] = (),
    other_token: bytes | None = None,
) -> Path:
    """Replace the claim signature by one of `owner`, stamped by anybody at any time."""
    with _mapped(path) as data:
        found = read_signed_claim(next(iter(_stores(data))))
    chain = [owner.der, *(each.der for each in above)]
    protected = cbor2.dumps({1: -7, 33: chain if len(chain) > 1 else chain[0]})
    r_and_s = decode_dss_signature(
        owner.key.sign(cbor2.dumps(["Signature1", protected, b"", found.claim]), ec.ECDSA(_SHA256))
    )
    signature = b"".join(each.to_bytes(32) for each in r_and_s)
    is_old = b"c2pa.claim.v2" not in path.read_bytes()
    payload = found.claim if is_old else cbor2.dumps(signature)
    over = cbor2.dumps(["CounterSignature", protected, b"", payload])
    tokens = [stamp(each, over, time) for each, time in stamps]
    tokens += [other_token] if other_token else []
    unprotected: dict[str, object] = {}
    if tokens:
        name = "sigTst" if is_old else "sigTst2"
        unprotected[name] = {"tstTokens": [{"val": token} for token in tokens]}
    if ocsp_answers:
        unprotected["rVals"] = {"ocspVals": list(ocsp_answers)}
    whole, size, room = path.read_bytes(), len(found.signature), len(found.signature)
    assert whole.count(found.signature) == 1
    for _ in range(3):  # the head of the padding may get shorter as the padding does
        padded = unprotected | {"pad": bytes(room)}
        message = cbor2.dumps(cbor2.CBORTag(18, [protected, padded, None, signature]))
        room -= len(message) - size
    assert len(message) == size
    destination.write_bytes(whole.replace(found.signature, message))
    return destination


def _builder(
    name: str,
    issuer: x509.Name | None,
    key: ec.EllipticCurvePrivateKey,
    valid: tuple[float, float],
    *,
    authority: bool = False,
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "The tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(days(valid[0]))
        .not_valid_after(days(valid[1]))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _attribute(kind: str, value: bytes) -> bytes:
    values = asn1.SetOf([asn1.decode_der(asn1.TLV, value)])
    return asn1.encode_der(Attribute(kind=_OID(kind), values=values))


def _hash(data: bytes) -> bytes:
    digest = hashes.Hash(_SHA256)
    digest.update(data)
    return digest.finalize()
