"""Named lists of those whose claims you accept: a file of PEM certificates, by its own name."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from .errors import VerifierError


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list of trust anchors for claim signers, and the name that reports call it by."""

    name: str
    pem: str


def open_trust_lists(folder: Path) -> list[TrustList]:
    """Open every `*.pem` of a folder, in the order of their names.

    Raises VerifierError for one that holds no certificates: a list that silently lists nobody would
    turn known signers into strangers.
    """
    lists = []
    for path in sorted(folder.glob("*.pem")):
        try:
            pem = path.read_text("ascii")
            x509.load_pem_x509_certificates(pem.encode())
        except (OSError, ValueError):
            raise VerifierError(
                f"the trust list {path} does not hold PEM certificates", "mend or remove it"
            ) from None
        lists.append(TrustList(path.stem, pem))
    return lists
