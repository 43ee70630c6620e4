"""Whether a certificate was good at some time, under anchors that we chose.

`check_chain` is for time-stamps (RFC 3161); `find_chain` and `check_dates` are for any purpose.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from .errors import ProofError

UNREADABLE = (  # what `cryptography` raises of a certificate that only looks like one
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
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
) -> x509.Certificate:
    """Return the anchor that a chain leads to from `certificate`, all valid at `time`.

    `certificate` must be for time-stamps alone (RFC 3161 section 2.3). `others` are certificates
    that may stand between; an anchor is believed as it is, but for its dates. Revocation is not
    looked up: a chain that was valid then is not made invalid by what came later. Raises ProofError
    where no such chain leads to an anchor.
    """
    _check_purpose(certificate)
    chain = find_chain(certificate, others, anchors, time)
    check_dates(chain, time)
    return chain[-1]


def find_chain(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    time: datetime,
    of: str = "time-stamp",
) -> tuple[x509.Certificate, ...]:
    """Return a chain from `certificate` to an anchor, whatever its dates are.

    Of several issuers one that was valid at `time` is preferred. `of` is what the certificate
    signed, for the sentences. Raises ProofError where no chain leads to an anchor.
    """
    chain = [certificate]
    candidates = sorted((*anchors, *others), key=lambda each: not _is_valid(each, time))
    for depth in range(_MAX_DEPTH):
        _check_critical(chain[-1], of)
        if chain[-1] in anchors:
            return tuple(chain)
        chain.append(_find_issuer(chain[-1], candidates, depth, of))
    raise ProofError(f"the chain of the {of}'s certificate is too long")


def check_dates(
    chain: Sequence[x509.Certificate], time: datetime, when: str = "at the time of the time-stamp"
) -> None:
    """Raise ProofError unless every certificate of the chain was valid at `time`."""
    for certificate in chain:
        if not _is_valid(certificate, time):
            name = certificate.subject.rfc4514_string()
            raise ProofError(f"the certificate of {name} was not valid {when}")


def _check_purpose(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, *UNREADABLE):
        raise ProofError("the time-stamp's certificate is not for time-stamps") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProofError("the time-stamp's certificate is not for time-stamps alone")


def _find_issuer(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], below: int, of: str
) -> x509.Certificate:
    for candidate in candidates:
        if candidate != certificate and has_issued(candidate, certificate, below):
            return candidate
    raise ProofError(f"the {of}'s certificate leads to none of the anchors")


@lru_cache(256)  # the same few authorities issued most of what is met
def has_issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int = 0) -> bool:
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


def _is_valid(certificate: x509.Certificate, time: datetime) -> bool:
    return certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc


def _check_critical(certificate: x509.Certificate, of: str) -> None:
    try:
        unknown = [each for each in certificate.extensions if each.critical]
    except UNREADABLE:
        raise ProofError(f"a certificate of the {of} does not read") from None
    if any(each.oid not in _KNOWN for each in unknown):
        raise ProofError(f"a certificate of the {of} has an unknown critical extension")
