"""What a verification says: findings, matches, and one conclusion. Frozen, serialisable."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import NoReturn

from ledger.vocabulary import Outcome

from .compare.result import Comparison
from .detector.as_json import examination_json
from .detector.result import Examination
from .harmless import harmless_values
from .opinion.coverage import Coverage, coverage_json
from .opinion.result import Changed


class Step(StrEnum):
    """The numbered steps of a verification, in their order."""

    MANIFEST = "manifest"
    SIGNATURE = "claim-signature"
    HARD_BINDING = "hard-binding"
    COVERAGE = "coverage"
    INGREDIENTS = "ingredients"
    UNREFERENCED = "unreferenced"
    TIME = "time"
    REVOCATION = "revocation"
    CLAIMED_TIME = "claimed-time"
    IDENTITY = "identity"
    SECOND_OPINION = "second-opinion"
    RECORD = "record"
    RECORD_CONTENT = "record-content"
    INCLUSION = "inclusion"
    HISTORY = "history"
    CUSTODY_CHAIN = "custody-chain"
    COMPARISON = "comparison"
    CONTEXT = "context"
    DETECTION = "detection"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what came of it, in a code and a sentence; `words` has the words.

    does_not_show: the end of “It does not show …”. settles: the end of “To settle it, …”, or
    nothing, where it leaves nothing open.
    """

    step: Step
    outcome: Outcome
    code: str
    sentence: str
    does_not_show: str = ""
    settles: str = ""


class MatchKind(StrEnum):
    """How a recorded asset was found.

    EXACT: the same bytes; MANIFEST: the same C2PA claim; FINGERPRINT: it looks or sounds alike.
    """

    EXACT = "exact"
    MANIFEST = "manifest"
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A recorded asset near the suspect.

    `distance` is 0 (the same) to 1; `false_match_rate` is how often two unrelated assets come as
    close, measured per pair; both are None where the match is by digest.
    """

    index: int
    kind: MatchKind
    asset: str
    media_type: str
    distance: float | None = None
    false_match_rate: float | None = None
    algorithm: str | None = None
    title: str | None = None


NO_NAME = "a signer without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One manifest of the chain, from the active one down: who signed it, and who knows him.

    codes: what is against it. Of those below the active one, `holder` signed over it, and found its
    bytes as in `outcome_of_bytes`; where `altered_before`, he recorded that something had changed.
    rejudged: what came of judging its signature, assertions and certificate again, `reason` why
    that was not done. bytes: what holds of the bytes that it binds, where those are in hand.
    signed_at: the proven time, by a time-stamp that a later manifest carries where `stamped_late`.
    attested: by a list, in a certificate that may be out of date. over: the manifest that was
    signed over it. claimed_times: when it says that it came to be.
    """

    manifest: str
    signer: str
    list: str | None
    outcome: Outcome
    codes: tuple[str, ...] = ()
    sentence: str = ""
    signed_at: str | None = None
    depth: int = 0
    is_parent: bool = False
    holder: str = ""
    over: str = ""
    stamped_late: bool = False
    claimed_times: tuple[str, ...] = ()
    outcome_of_bytes: Outcome = Outcome.NOT_CHECKED
    altered_before: bool = False
    rejudged: Outcome = Outcome.NOT_CHECKED
    reason: str = ""
    bytes: Outcome = Outcome.NOT_CHECKED
    attested: bool = False

    @property
    def who(self) -> str:
        """Say who signed it: a name that no list attests is told as claimed."""
        if self.attested or self.list or self.signer == NO_NAME:
            return self.signer
        return f"somebody who goes by the name “{self.signer}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """Bytes, from the first up to but not including the second, that the hard binding skips."""

    bytes: tuple[int, int]
    what: str


class ConclusionCode(StrEnum):
    """What it all comes to; never "authentic", never "fake"."""

    UNCHANGED = "unchanged"
    UNTRUSTED = "untrusted"
    ALTERED = "altered"
    DERIVED = "derived"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The one conclusion that `conclude` draws; its limit and its remedy are as a finding's."""

    code: ConclusionCode
    sentence: str
    does_not_show: str = ""
    settles: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The time that the report speaks of, what is concluded now, and why that is something else.

    `because` is a sentence a cause, and empty where both agree.
    """

    time: str
    now: Conclusion
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that one verification established about one file.

    apart: the manifests in it that nothing leads to, and that weigh nothing.
    """

    file: str
    sha256: str | None
    media_type: str | None
    conclusion: Conclusion
    findings: tuple[Finding, ...]
    chain: tuple[Link, ...] = ()
    apart: tuple[Link, ...] = ()
    matches: tuple[Match, ...] = ()
    comparison: Comparison | None = None
    uncovered: tuple[Uncovered, ...] | None = None
    coverage: Coverage | None = None
    changed: tuple[Changed, ...] = ()
    examination: Examination | None = None
    as_of: AsOf | None = None
    engine: Mapping[str, str]

    def __bool__(self) -> NoReturn:
        """Refuse: a report is neither true nor false; read its conclusion."""
        raise TypeError("a report has no truth value; read report.conclusion.code")

    def to_json(self) -> dict[str, object]:
        """Return the object of DESIGN.md section 7, of plain values.

        Whatever a stranger said in it is harmless to show; `file` alone is as it was given.
        """
        values = asdict(replace(self, comparison=None, coverage=None, changed=(), examination=None))
        told = {
            "file": self.file,
            "comparison": self.comparison.to_json() if self.comparison else None,
            "coverage": coverage_json(self.coverage) if self.coverage else None,
            "changed": [_changed_json(each) for each in self.changed],
        }
        plain: dict[str, object] = {}
        for name, value in values.items():
            if name == "examination":
                opinions = examination_json(self.examination).items()
                plain |= {key: harmless_values(each) for key, each in opinions}
            else:
                plain[name] = told[name] if name in told else harmless_values(value)
        return plain


def _changed_json(changed: Changed) -> dict[str, object]:
    time = [round(each, 3) for each in changed.time] if changed.time else None
    return {"bytes": [changed.start, changed.end], "time": time}
