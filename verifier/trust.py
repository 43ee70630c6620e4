"""Named lists of those whom you believe, each of one kind: a list of PEM certificates. Pure.

Who is known for time-stamps is not thereby known for claims: each is judged against lists of its
own kind alone. The engine pools them, so it is given the lists of claim signers and no other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from cryptography import x509

from ledger.vocabulary import Digest, digest_of

from .errors import VerifierError


class Kind(StrEnum):
    """What those on a list are believed for."""

    CLAIM_SIGNERS = "claim-signers"
    TIME_STAMPS = "time-stamps"
    IDENTITIES = "identities"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Trust anchors of one kind, and the name that reports call them by.

    source: where it came from, an address or words; it is told and never fetched. since: the day
    from which it was this, or None where nobody said.
    """

    name: str
    pem: str
    kind: Kind = Kind.CLAIM_SIGNERS
    source: str = ""
    since: date | None = None

    @property
    def digest(self) -> Digest:
        """The SHA-256 of the file."""
        return digest_of(self.pem.encode())

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        """The certificates on it."""
        return _anchors(self.pem)


def of_kind(lists: Iterable[TrustList], kind: Kind) -> list[TrustList]:
    """Return the lists of one kind."""
    return [each for each in lists if each.kind is kind]


def list_of(anchor: x509.Certificate, lists: Iterable[TrustList]) -> TrustList | None:
    """Return the first list that an anchor stands on."""
    return next((each for each in lists if anchor in each.anchors), None)


def parse_trust_list(name: str, data: bytes) -> TrustList:
    """Read a file of PEM certificates as a list of claim signers.

    Raises VerifierError for one that holds no certificates: a list that silently lists nobody would
    turn known signers into strangers.
    """
    try:
        pem = data.decode("ascii")
        _anchors(pem)
    except ValueError:
        raise VerifierError(
            f"the trust list {name} does not hold PEM certificates", "mend or remove it"
        ) from None
    return TrustList(Path(name).stem, pem)


def open_trust_lists(folder: Path) -> list[TrustList]:
    """Open every `*.pem` of a folder, in the order of their names: lists of claim signers."""
    lists = []
    for path in sorted(folder.glob("*.pem")):
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        lists.append(parse_trust_list(str(path), data))
    return lists


@cache
def _anchors(pem: str) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(pem.encode()))
