"""The ASN.1 of time-stamps: RFC 3161, and as much of CMS (RFC 5652, RFC 5035) as a token needs."""

from typing import Annotated, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

from .errors import FormatError

_T = TypeVar("_T")
_Anything = list[asn1.TLV]  # a SEQUENCE of which only the shape is checked


@asn1.sequence
class Algorithm:
    """AlgorithmIdentifier of RFC 5280, with parameters NULL or none."""

    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class Imprint:
    """MessageImprint of RFC 3161 section 2.4.1."""

    algorithm: Algorithm
    digest: bytes


@asn1.sequence
class Request:
    """TimeStampReq of RFC 3161 section 2.4.1."""

    version: int
    imprint: Imprint
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    wants_certificates: Annotated[bool, asn1.Default(False)]  # noqa: FBT003 (the ASN.1 default)


@asn1.sequence
class Accuracy:
    """Accuracy of RFC 3161 section 2.4.2."""

    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class Info:
    """TSTInfo of RFC 3161 section 2.4.2."""

    version: int
    policy: x509.ObjectIdentifier
    imprint: Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]  # noqa: FBT003 (the ASN.1 default)
    nonce: int | None
    authority: Annotated[_Anything | None, asn1.Implicit(0)]
    extensions: Annotated[_Anything | None, asn1.Implicit(1)]


@asn1.sequence
class Content:
    """EncapsulatedContentInfo of RFC 5652 section 5.2."""

    kind: x509.ObjectIdentifier
    data: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class Attribute:
    """Attribute of RFC 5652 section 5.3."""

    kind: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class Issued:
    """IssuerAndSerialNumber of RFC 5652 section 10.2.4."""

    issuer: asn1.TLV
    serial: int


@asn1.sequence
class Signer:
    """SignerInfo of RFC 5652 section 5.3, its certificate named by issuer and serial number."""

    version: int
    certificate: Issued
    digest: Algorithm
    attributes: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]
    algorithm: Algorithm
    signature: bytes
    unsigned: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class Signed:
    """SignedData of RFC 5652 section 5.1."""

    version: int
    digests: asn1.SetOf[Algorithm]
    content: Content
    # Sets, and the only ones that authorities leave unsorted (BER): read in the order they come.
    certificates: Annotated[list[x509.Certificate] | None, asn1.Implicit(0)]
    revocations: Annotated[_Anything | None, asn1.Implicit(1)]
    signers: asn1.SetOf[Signer]


@asn1.sequence
class Token:
    """ContentInfo of RFC 5652 section 3."""

    kind: x509.ObjectIdentifier
    signed: Annotated[Signed, asn1.Explicit(0)]


@asn1.sequence
class Status:
    """PKIStatusInfo of RFC 3161 section 2.4.2."""

    status: int
    texts: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class Refusal:
    """TimeStampResp without a token."""

    status: Status


@asn1.sequence
class Response:
    """TimeStampResp of RFC 3161 section 2.4.2, with a token."""

    status: Status
    token: asn1.TLV


@asn1.sequence
class CertificateDigest:
    """ESSCertIDv2 of RFC 5035 section 4."""

    algorithm: Algorithm | None
    digest: bytes
    issuer: _Anything | None


@asn1.sequence
class SigningCertificate:
    """SigningCertificateV2 of RFC 5035 section 3."""

    certificates: list[CertificateDigest]
    policies: _Anything | None


def decode_der(kind: type[_T], data: bytes, what: str) -> _T:
    """Read a structure; raise FormatError for bytes that are not its one spelling in DER."""
    try:
        value = asn1.decode_der(kind, data)
        again = asn1.encode_der(value)
    except (ValueError, TypeError, x509.InvalidVersion) as problem:
        raise FormatError(f"not {what} in DER ({str(problem)[:200]})") from None
    if again != data:
        raise FormatError(f"not the one spelling of {what} in DER")
    return value
