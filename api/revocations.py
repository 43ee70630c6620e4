"""What authorities answered about certificates: kept in the home, given as files, or fetched.

An answer is kept where it is about a certificate that was judged, and signed by somebody who may
say so: then the same verdict can be drawn again, on any later day, without the network.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from ledger.errors import FirsthandError
from ledger.timestamp_chain import UNREADABLE
from ledger.vocabulary import digest_of
from verifier.judgement import Answers
from verifier.revocation import MAX_ANSWER_SIZE, is_about

from .errors import HomeBroken, ServiceError
from .files import replace_file

_MAX_KEPT = 10_000  # files
_MAX_ASKED = 16  # certificates of one file: a chain may hold hundreds
_MAX_ADDRESSES = 4  # of one certificate
_REQUEST_TYPE = "application/ocsp-request"  # RFC 6960 appendix A.1


class Network(Protocol):
    """What asks authorities; `transports.PublicTransport` is one."""

    def post(self, url: str, body: bytes, content_type: str) -> bytes:
        """Post a body and return the answer; raises FirsthandError."""

    def get(self, url: str) -> bytes | None:
        """Return what a URL holds, or None where it holds nothing; raises FirsthandError."""


class RevocationFolder:
    """The answers that are kept. Files that somebody put there are read too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def held(self) -> list[bytes]:
        """Return every answer; raises HomeBroken where there are too many to read."""
        paths = sorted(path for path in self._folder.glob("*") if path.is_file())
        if len(paths) > _MAX_KEPT:
            raise HomeBroken(f"{self._folder} holds over {_MAX_KEPT} files", "move old ones away")
        return [read_answer(path) for path in paths]

    def keep(self, answer: bytes) -> None:
        """Keep an answer, once."""
        path = self._folder / f"{digest_of(answer).hex}.der"
        if not path.exists():
            self._folder.mkdir(exist_ok=True)
            replace_file(path, answer)


def read_answer(path: Path) -> bytes:
    """Read a file with an OCSP answer or a CRL; raises ServiceError."""
    try:
        with path.open("rb") as stream:
            answer = stream.read(MAX_ANSWER_SIZE + 1)
    except OSError as problem:
        raise ServiceError(f"{path} cannot be read ({problem.strerror})", "check it") from None
    if len(answer) > MAX_ANSWER_SIZE:
        raise ServiceError(f"{path} is larger than any revocation answer", "check what it is")
    return answer


class Gatherer:
    """Gathers what is known about one certificate: a `verifier.judgement.Gather`."""

    def __init__(
        self, folder: RevocationFolder, supplied: Sequence[bytes], network: Network | None
    ) -> None:
        """Ask `network` too, unless it is None; `supplied` are the user's own files."""
        self._folder = folder
        self._supplied = supplied
        self._network = network
        self._fetched: dict[x509.Certificate, tuple[list[bytes], str]] = {}
        self._held: list[bytes] | None = None

    def __call__(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Answers:
        """Return all answers that are at hand; those that count are kept."""
        if certificate not in self._fetched:  # nobody is asked twice for one report
            self._fetched[certificate] = self._fetch(certificate, issuer)
        fetched, reason = self._fetched[certificate]
        for answer in (*self._supplied, *fetched):
            if is_about(answer, certificate, issuer):
                self._folder.keep(answer)
        if self._held is None:  # what was kept since then is at hand all the same
            self._held = self._folder.held()
        held = [*self._held, *self._supplied, *fetched]
        return Answers(list(dict.fromkeys(held)), reason)

    def _fetch(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[list[bytes], str]:
        if self._network is None:
            return [], Answers().reason
        if len(self._fetched) >= _MAX_ASKED:
            return [], f"the network was asked about {_MAX_ASKED} others of its signers already"
        reason = "the certificate does not say whom to ask"
        for is_ocsp, url in _addresses(certificate):
            try:
                if is_ocsp:
                    asked = _request(certificate, issuer)
                    return [
                        self._network.post(url, asked, _REQUEST_TYPE)
                    ], "the answer is of no use"
                if answer := self._network.get(url):
                    return [answer], "the answer is of no use"
                reason = f"{url} holds nothing"
            except FirsthandError as problem:
                reason = problem.message
        return [], reason


def _request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    # SHA-1 only names the issuer here, and is what every responder knows (RFC 5019 section 2.1.1).
    name = SHA1()  # noqa: S303  # names, secures nothing
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, name)
    return builder.build().public_bytes(Encoding.DER)


def _addresses(certificate: x509.Certificate) -> list[tuple[bool, str]]:
    """Return the few addresses in a certificate: OCSP (True), then CRLs."""
    found = []
    try:
        for extension in certificate.extensions:
            match extension.value:
                case x509.AuthorityInformationAccess() as access:
                    found += [
                        (True, str(each.access_location.value))
                        for each in access
                        if each.access_method == AuthorityInformationAccessOID.OCSP
                    ]
                case x509.CRLDistributionPoints() as points:
                    found += [
                        (False, str(name.value))
                        for point in points
                        for name in point.full_name or ()
                        if isinstance(name, x509.UniformResourceIdentifier)
                    ]
    except UNREADABLE:
        return []
    return sorted(found, key=lambda each: not each[0])[:_MAX_ADDRESSES]
