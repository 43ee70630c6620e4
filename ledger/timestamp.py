"""Time-stamps over checkpoints by an authority that is not us (RFC 3161).

    request = format_request(note, nonce)            # post as application/timestamp-query
    token = parse_response(answer)                   # answered as application/timestamp-reply
    stamp = verify_token(token, note, anchors, nonce)

The imprint is SHA-256 of the whole signed note, so that its signatures are dated too. A token is
checked here and whole: its chain, up to an anchor that the caller names, must have been valid at
the time that it states, and its certificate may serve for nothing but time-stamps.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from .errors import FormatError, LedgerError, ProofError
from .timestamp_asn1 import (
    Algorithm,
    Attribute,
    Imprint,
    Info,
    Refusal,
    Request,
    Response,
    Signed,
    Signer,
    SigningCertificate,
    Status,
    Token,
    decode_der,
)
from .timestamp_chain import UNREADABLE, check_chain

REQUEST_TYPE = "application/timestamp-query"  # RFC 3161 section 3.4

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_DIGESTS: dict[str, Callable[[], HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": SHA256,
    "2.16.840.1.101.3.4.2.2": SHA384,
    "2.16.840.1.101.3.4.2.3": SHA512,
}
_SIGNED_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.2")
_TST_INFO = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = x509.ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = x509.ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
_GRANTED = (0, 1)  # RFC 3161 section 2.4.2: granted, grantedWithMods
_MAX_NONCE = 1 << 160


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """The bytes existed at `time` (UTC), says the authority of that name (RFC 4514).

    `anchor` is the certificate, of those that the caller believes, that its chain leads to.
    """

    time: datetime
    authority: str
    serial: int
    policy: str
    anchor: x509.Certificate


def format_request(data: bytes, nonce: int) -> bytes:
    """Ask for a time-stamp over `data`, and for the certificates; `nonce` is random."""
    if not 0 < nonce < _MAX_NONCE:
        raise FormatError("a nonce is a positive number of at most 160 bits")
    request = Request(
        version=1,
        imprint=_imprint(data),
        policy=None,
        nonce=nonce,
        wants_certificates=True,
    )
    return asn1.encode_der(request)


def parse_response(answer: bytes) -> bytes:
    """Return the token of an answer, unverified.

    Raises FormatError for bytes that are no answer, LedgerError where the authority refused.
    """
    try:
        refusal = asn1.decode_der(Refusal, answer).status
    except ValueError:
        pass
    else:
        raise LedgerError(f"the time-stamp authority refused: {_say(refusal)}", "try again later")
    response = decode_der(Response, answer, "a time-stamp response")
    if response.status.status not in _GRANTED:
        raise LedgerError(f"the time-stamp authority refused: {_say(response.status)}")
    return asn1.encode_der(response.token)


def verify_token(
    token: bytes, data: bytes, anchors: Sequence[x509.Certificate], nonce: int | None = None
) -> TimeStamp:
    """Check a token over `data`: imprint, nonce (where we know it), signature, certificate, chain.

    Raises FormatError for bytes that are no token in DER, ProofError for one that does not prove
    the time of `data` under one of `anchors`.
    """
    signed, info = _open(token)
    if not _is_of(info.imprint, data):
        raise ProofError("the time-stamp is over other bytes")
    if nonce is not None and info.nonce != nonce:
        raise ProofError("the time-stamp answers another request")
    certificates = signed.certificates or []
    [signer] = signed.signers.as_list()
    time = info.time.as_datetime()
    try:
        certificate = _find_certificate(signer, certificates, anchors)
        _check_signature(signer, signed.content.data, certificate)
        anchor = check_chain(certificate, certificates, anchors, time)
        authority = certificate.subject.rfc4514_string()
    except UNREADABLE:  # certificates are only parsed as they are asked
        raise ProofError("a certificate of the time-stamp does not read") from None
    return TimeStamp(time, authority, info.serial, info.policy.dotted_string, anchor)


def is_over(token: bytes, data: bytes) -> bool:
    """Whether a token, unverified, is over `data`; raises FormatError for what is no token."""
    return _is_of(_open(token)[1].imprint, data)


def _is_of(imprint: Imprint, data: bytes) -> bool:
    """Whether an imprint is one of `data`, by SHA-256, SHA-384 or SHA-512."""
    digest = _DIGESTS.get(imprint.algorithm.algorithm.dotted_string)
    return digest is not None and imprint.digest == _hash(digest(), data)


def _open(token: bytes) -> tuple[Signed, Info]:
    parsed = decode_der(Token, token, "a time-stamp token")
    signed = parsed.signed
    if parsed.kind != _SIGNED_DATA or signed.content.kind != _TST_INFO:
        raise FormatError("not a time-stamp token: another content type")
    if len(signed.signers.as_list()) != 1:  # RFC 3161 section 2.4.2
        raise FormatError("a time-stamp token has one signer")
    info = decode_der(Info, signed.content.data, "what a time-stamp states")
    if info.version != 1 or signed.version != 3:
        raise FormatError("a time-stamp token of another version")
    if info.extensions:
        raise FormatError("a time-stamp with extensions that are not known here")
    return signed, info


def _find_certificate(
    signer: Signer, certificates: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> x509.Certificate:
    issuer = asn1.encode_der(signer.certificate.issuer)
    for certificate in (*certificates, *anchors):
        if (certificate.issuer.public_bytes(), certificate.serial_number) == (
            issuer,
            signer.certificate.serial,
        ):
            return certificate
    raise ProofError("the time-stamp does not carry its certificate")


def _check_signature(signer: Signer, content: bytes, certificate: x509.Certificate) -> None:
    digest = _DIGESTS.get(signer.digest.algorithm.dotted_string)
    if digest is None:
        raise ProofError("the time-stamp is signed over a weak or unknown digest")
    raw = [asn1.encode_der(each) for each in signer.attributes.as_list()]
    attributes = _attributes(raw)
    if attributes.get(_CONTENT_TYPE) != asn1.encode_der(_TST_INFO):
        raise ProofError("the time-stamp's signature is over another content type")
    if attributes.get(_MESSAGE_DIGEST) != asn1.encode_der(_hash(digest(), content)):
        raise ProofError("the time-stamp's signature is over another statement")
    _check_binding(attributes.get(_SIGNING_CERTIFICATE_V2), certificate)
    # RFC 5652 section 5.4: what is signed is a SET OF, whatever tag it has in the message.
    _verify(certificate, signer.signature, _set_of(b"".join(raw)), digest())


def _attributes(raw: Sequence[bytes]) -> dict[x509.ObjectIdentifier, bytes]:
    attributes: dict[x509.ObjectIdentifier, bytes] = {}
    for data in raw:
        attribute = decode_der(Attribute, data, "a signed attribute")
        values = attribute.values.as_list()
        if attribute.kind in attributes or len(values) != 1:
            raise FormatError("a signed attribute has one value, once")
        attributes[attribute.kind] = asn1.encode_der(values[0])
    return attributes


def _check_binding(value: bytes | None, certificate: x509.Certificate) -> None:
    """RFC 5816: the signature itself names the certificate that it is to be checked with."""
    if value is None:
        raise ProofError("the time-stamp does not name its certificate (RFC 5816)")
    named = decode_der(SigningCertificate, value, "a signing certificate attribute").certificates
    if not named:
        raise ProofError("the time-stamp does not name its certificate (RFC 5816)")
    algorithm = named[0].algorithm.algorithm if named[0].algorithm else _SHA256
    digest = _DIGESTS.get(algorithm.dotted_string)
    if digest is None or named[0].digest != certificate.fingerprint(digest()):
        raise ProofError("the time-stamp names another certificate")


def _verify(
    certificate: x509.Certificate, signature: bytes, message: bytes, digest: HashAlgorithm
) -> None:
    key = certificate.public_key()
    try:
        match key:
            case RSAPublicKey():
                key.verify(signature, message, PKCS1v15(), digest)
            case EllipticCurvePublicKey():
                key.verify(signature, message, ECDSA(digest))
            case Ed25519PublicKey():
                key.verify(signature, message)
            case _:
                raise ProofError("the time-stamp is signed by a kind of key that is not known here")
    except InvalidSignature:
        raise ProofError("the time-stamp's signature does not verify") from None


def _imprint(data: bytes) -> Imprint:
    return Imprint(
        algorithm=Algorithm(algorithm=_SHA256, parameters=asn1.Null()),
        digest=hashlib.sha256(data).digest(),
    )


def _hash(algorithm: HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data).digest()


def _set_of(body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([0x31, size]) + body
    length = size.to_bytes(-(-size.bit_length() // 8), "big")
    return bytes([0x31, 0x80 | len(length)]) + length + body


def _say(status: Status) -> str:
    return f"status {status.status}" + "".join(f", {text[:200]}" for text in status.texts or ())
