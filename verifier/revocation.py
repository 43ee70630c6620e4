"""Was a certificate revoked: what OCSP answers (RFC 6960) and CRLs (RFC 5280) say of it. Pure.

Six outcomes: good · revoked before signing, or with no proven time of it · revoked after the
proven time · stale · signed by somebody who may not say · nothing was said. A certificate that is
revoked stays so: that answer never gets stale, and a good one is good for all times before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from ledger.errors import FormatError, ProofError
from ledger.timestamp_chain import UNREADABLE, has_issued

MAX_ANSWER_SIZE = 16 << 20  # bytes: CRLs of large authorities have megabytes
_SKEW = timedelta(minutes=5)  # between their clock and ours
_LIFE = timedelta(hours=24)  # of an answer that does not say when the next one comes
_STRONG = ("sha256", "sha384", "sha512")
_HARMLESS = (ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER)


class Revocation(StrEnum):
    """What came of it."""

    GOOD = "good"
    REVOKED_BEFORE = "revoked_before"
    REVOKED_AFTER = "revoked_after"
    STALE = "stale"
    WRONG_RESPONDER = "wrong_responder"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody who may say so said of the certificate; `revoked` is since when it is."""

    by: str
    this_update: datetime
    next_update: datetime | None
    revoked: datetime | None = None

    @property
    def until(self) -> datetime:
        """The time after which it is stale."""
        return self.next_update or self.this_update + _LIFE


@dataclass(frozen=True, slots=True)
class RevocationStatus:
    """The outcome, the answer that it rests on, and the reason where there is none to rest on."""

    code: Revocation
    said: Said | None = None
    reason: str = ""


def judge_revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    answers: Iterable[bytes],
    now: datetime,
    signed: datetime | None,
    reason: str = "no answer was supplied",
) -> RevocationStatus:
    """Weigh what the answers (DER or PEM) say of a certificate as things stood at `now`.

    `signed` is the proven time of its signature, or None; `reason` is told where no answer is about
    the certificate.
    """
    heard: list[Said] = []
    wrong = ""
    for answer in answers:
        try:
            heard += _read(answer, certificate, issuer)
        except ProofError as problem:
            wrong = wrong or problem.message
        except FormatError as problem:
            reason = problem.message
    revoked = min(
        (each for each in heard if each.revoked and each.revoked <= now),
        key=lambda each: each.revoked or now,
        default=None,
    )
    if revoked is not None and revoked.revoked is not None:
        is_after = signed is not None and signed < revoked.revoked
        code = Revocation.REVOKED_AFTER if is_after else Revocation.REVOKED_BEFORE
        return RevocationStatus(code, revoked)
    return _unrevoked(heard, certificate, signed or now, wrong, reason)


def _unrevoked(
    heard: Sequence[Said],
    certificate: x509.Certificate,
    time: datetime,
    wrong: str,
    reason: str,
) -> RevocationStatus:
    """No answer says that it was revoked by `time`: find one that says it was not."""
    newest = sorted(heard, key=lambda each: each.this_update, reverse=True)
    for said in newest:
        # Authorities forget certificates that have expired: later answers say nothing of them.
        remembers = said.this_update <= certificate.not_valid_after_utc or said.revoked
        if remembers and time <= said.until + _SKEW:
            return RevocationStatus(Revocation.GOOD, said)
    if newest:
        return RevocationStatus(Revocation.STALE, newest[0])
    if wrong:
        return RevocationStatus(Revocation.WRONG_RESPONDER, reason=wrong)
    return RevocationStatus(Revocation.NOT_CHECKED, reason=reason)


def is_about(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether an answer is worth keeping: it speaks of the certificate, and may."""
    try:
        return bool(list(_read(answer, certificate, issuer)))
    except (FormatError, ProofError):
        return False


def _read(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Iterator[Said]:
    """Yield what an answer says of the certificate: nothing, where it is about others.

    Raises FormatError for what is no answer, ProofError where it is about the certificate and
    signed by somebody who may not say.
    """
    if len(answer) > MAX_ANSWER_SIZE:
        raise FormatError("a revocation answer is larger than any that is read")
    try:
        crl = _load_crl(answer)
        if crl is not None:
            return iter(_read_crl(crl, certificate, issuer))
        return iter(_read_ocsp(ocsp.load_der_ocsp_response(answer), certificate, issuer))
    except UNREADABLE:
        raise FormatError("a revocation answer does not read as OCSP or as a CRL") from None


def _load_crl(answer: bytes) -> x509.CertificateRevocationList | None:
    try:
        if answer.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(answer)
        return x509.load_der_x509_crl(answer)
    except UNREADABLE:
        return None


def _read_crl(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate
) -> list[Said]:
    if crl.issuer != certificate.issuer or crl.issuer != issuer.subject:
        return []
    name = crl.issuer.rfc4514_string()
    if not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]  # any key's
        raise ProofError(f"the CRL of {name} is not signed by the certificate's issuer")
    if not _may_sign(issuer) or not _is_strong(crl.signature_hash_algorithm):
        raise ProofError(f"the CRL of {name} is signed with a key or a digest that may not")
    if any(each.critical and each.oid not in _HARMLESS for each in crl.extensions):
        raise ProofError(f"the CRL of {name} covers only a part, or in a way not known here")
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    revoked = _since(entry) if entry is not None else None
    return [Said(f"the CRL of {name}", crl.last_update_utc, crl.next_update_utc, revoked)]


def _since(entry: x509.RevokedCertificate) -> datetime:
    """RFC 5280 section 5.3.2: a key may have been stolen before it was revoked."""
    try:
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc
    return min(entry.revocation_date_utc, invalid.invalidity_date_utc)


def _read_ocsp(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> list[Said]:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return []
    about = [each for each in response.responses if _is_of(each, certificate, issuer)]
    if not about:
        return []
    responder = _responder(response, issuer)
    by = f"the OCSP responder {responder.subject.rfc4514_string()}"
    return [
        Said(by, each.this_update_utc, each.next_update_utc, each.revocation_time_utc)
        for each in about
        if each.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN
    ]


def _is_of(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    if single.serial_number != certificate.serial_number:
        return False
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm)
    asked = builder.build()
    return (single.issuer_name_hash, single.issuer_key_hash) == (
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _responder(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate:
    """Return who signed the response: the issuer, or one whom it delegated (section 4.2.2.2)."""
    if not _is_strong(response.signature_hash_algorithm):
        raise ProofError("the OCSP answer is signed over a weak digest")
    for candidate in (issuer, *response.certificates):
        if _has_signed(candidate, response):
            if candidate == issuer or _is_delegated(candidate, issuer, response.produced_at_utc):
                return candidate
            name = candidate.subject.rfc4514_string()
            raise ProofError(f"{name} signed the OCSP answer, and the issuer never let it")
    raise ProofError("the OCSP answer is not signed by the certificate's issuer or its delegate")


def _is_delegated(candidate: x509.Certificate, issuer: x509.Certificate, time: datetime) -> bool:
    try:
        usage = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in usage
        and has_issued(issuer, candidate)
        and candidate.not_valid_before_utc <= time <= candidate.not_valid_after_utc
    )


def _has_signed(candidate: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    signed, signature = response.tbs_response_bytes, response.signature
    digest = response.signature_hash_algorithm
    try:
        match candidate.public_key():
            case rsa.RSAPublicKey() as key if digest:
                key.verify(signature, signed, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() as key if digest:
                key.verify(signature, signed, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() as key:
                key.verify(signature, signed)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.crl_sign


def _is_strong(digest: HashAlgorithm | None) -> bool:
    return digest is None or digest.name in _STRONG  # Ed25519 names none
