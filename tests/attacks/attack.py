"""What an attack is: a lie, the evidence that is forged for it, and what must be said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from verifier.compare.context import Claim
from verifier.trust import TrustList
from verifier.verify import NOTHING_CLAIMED

from .world import World


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A forged file, and what is at hand to judge it by.

    lists: whom whoever verifies believes, if others than usual. ledger: the log that is asked, if
    not an empty one. answers: of OCSP responders, and CRLs. The rest is what `verify` is told.
    """

    path: Path
    lists: Sequence[TrustList] | None = None
    ledger: object = None
    answers: Sequence[bytes] = ()
    as_of: datetime | None = None
    proof: Path | None = None
    claim: Claim = NOTHING_CLAIMED


Forge = Callable[[World, Path], Evidence]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A lie by its name, told in a sentence, and what must be said of it.

    forge: makes the evidence in an empty folder. codes: of findings that must be there; the first
    is the one that tells it. sentence: stands in what that finding says, or in the conclusion.
    now: the conclusion of today, where the evidence asks about another day.
    """

    name: str
    lie: str
    conclusion: str
    codes: Sequence[str]
    sentence: str
    forge: Forge = field(repr=False)
    now: str | None = None


class Theme(list[Attack]):
    """The attacks of a file, in its order: each function is entered by what stands above it."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title

    def __call__(
        self,
        name: str,
        lie: str,
        conclusion: str,
        codes: str | Sequence[str],
        sentence: str,
        *,
        now: str | None = None,
    ) -> Callable[[Forge], Forge]:
        """Enter an attack; `codes` is one, or several."""

        def enter(forge: Forge) -> Forge:
            several = (codes,) if isinstance(codes, str) else tuple(codes)
            attack = Attack(
                name=name,
                lie=lie,
                conclusion=conclusion,
                codes=several,
                sentence=sentence,
                forge=forge,
                now=now,
            )
            self.append(attack)
            return forge

        return enter
