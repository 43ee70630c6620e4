"""What `firsthand verify` says: its own services, over a home that is handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from api.revocations import RevocationFolder
from api.services import Asked, Services
from verifier.media.sandbox import Sandbox
from verifier.report import Report
from verifier.trust import TrustList

from .attack import Evidence
from .world import World


@dataclass(frozen=True)
class _Home:
    """What a verification asks of a home, where the log is another's."""

    lists: Sequence[TrustList]
    folder: Path

    def trust_lists(self, day: date) -> list[TrustList]:  # noqa: ARG002  # the same on any day
        return list(self.lists)

    def revocations(self) -> RevocationFolder:
        return RevocationFolder(self.folder / "revocation")


def lists_of(evidence: Evidence, world: World) -> Sequence[TrustList]:
    """Return whom whoever verifies believes."""
    return world.lists if evidence.lists is None else evidence.lists


def judge(evidence: Evidence, world: World, sandbox: Sandbox) -> Report:
    """Verify a file as the command line does, in the sandbox, and remember nothing."""
    home: Any = _Home(lists_of(evidence, world), evidence.path.parent)
    services = Services(home, sandbox)
    ledger = evidence.ledger or world.empty
    vars(services)["ledger"] = SimpleNamespace(held=lambda: ledger)
    asked = Asked(
        proof=evidence.proof,
        claim=evidence.claim,
        as_of=evidence.as_of,
        revocations=evidence.answers,
        keep=False,
    )
    return services.verify(evidence.path, asked)
