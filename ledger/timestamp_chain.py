"""Whether a certificate was good for time-stamps at some time, under anchors that we chose."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from .errors import ProofError

UNREADABLE = (  # what `cryptography` raises of a certificate that only looks like one
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)

_MAX_DEPTH = 8
_KNOWN = {  # the extensions that are obeyed below; another critical one is refused
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
}


def check_chain(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    time: datetime,
) -> None:
    """Raise ProofError unless a chain leads from `certificate` to an anchor, all valid at `time`.

    `certificate` must be for time-stamps alone (RFC 3161 section 2.3). `others` are certificates
    that may stand between; an anchor is believed as it is, but for its dates. Revocation is not
    looked up: a chain that was valid then is not made invalid by what came later.
    """
    _check_purpose(certificate)
    for depth in range(_MAX_DEPTH):
        _check_dates(certificate, time)
        _check_critical(certificate)
        if certificate in anchors:
            return
        certificate = _find_issuer(certificate, (*anchors, *others), depth)
    raise ProofError("the chain of the time-stamp's certificate is too long")


def _check_purpose(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, *UNREADABLE):
        raise ProofError("the time-stamp's certificate is not for time-stamps") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProofError("the time-stamp's certificate is not for time-stamps alone")


def _find_issuer(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], below: int
) -> x509.Certificate:
    for candidate in candidates:
        if candidate != certificate and _has_issued(candidate, certificate, below):
            return candidate
    raise ProofError("the time-stamp's certificate leads to none of the anchors")


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int) -> bool:
    """Whether `issuer`, with `below` certificates of authorities under it, made `certificate`."""
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (InvalidSignature, x509.ExtensionNotFound, *UNREADABLE):
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        may_sign = True
    else:
        may_sign = usage.key_cert_sign
    is_short = constraints.path_length is None or constraints.path_length >= below
    return constraints.ca and may_sign and is_short


def _check_dates(certificate: x509.Certificate, time: datetime) -> None:
    if not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
        name = certificate.subject.rfc4514_string()
        raise ProofError(f"the certificate of {name} was not valid at the time of the time-stamp")


def _check_critical(certificate: x509.Certificate) -> None:
    try:
        unknown = [each for each in certificate.extensions if each.critical]
    except UNREADABLE:
        raise ProofError("a certificate of the time-stamp does not read") from None
    if any(each.oid not in _KNOWN for each in unknown):
        raise ProofError("a certificate of the time-stamp has an unknown critical extension")
