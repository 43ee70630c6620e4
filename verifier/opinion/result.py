"""What a second opinion came to: frozen values, which cross back from the sandbox as plain ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .carried import NOTHING as NOTHING_CARRIED
from .carried import Carried, format_carried, parse_carried
from .coverage import Coverage, Region, format_coverage, parse_coverage
from .source import Range


class Aspect(StrEnum):
    """What a check is about."""

    CONTENT = "content"  # the bytes in hand, by the hard binding
    SIGNATURE = "signature"  # the claim signature
    SIGNER = "signer"  # the certificates
    MANIFEST = "manifest"  # the claim and its assertions


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its outcome, and a code (C2PA 2.2, 15.2.2's own where there is one).

    `about` says what it is about: the label of an assertion, or the reason why it was not done.
    """

    aspect: Aspect
    outcome: Outcome
    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """What came of a hard binding.

    `ranges` are the bytes that it hashes, in order, None where that is not known; `left_out` are
    named regions of what it does not; `changed` are the bytes of the blocks that are not as they
    were, where it hashes in blocks, and `located` says that nothing else has changed. Where the
    blocks say themselves when they are shown, `beside` are those before and after each that was
    changed which are as they were, None where there is none.
    """

    checks: tuple[Check, ...]
    ranges: tuple[Range, ...] | None = None
    left_out: tuple[Region, ...] = ()
    changed: tuple[Range, ...] = ()
    located: bool = False
    beside: tuple[tuple[Range | None, Range | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """Bytes that were changed after signing; the seconds of the film or sound that they hold.

    `time` is None where the bytes hold no sample, or what says which is not as it was signed.
    """

    start: int
    end: int
    time: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """A list that knows a signer, and the time in which each certificate up to its anchor holds."""

    list: str
    valid_from: datetime
    valid_until: datetime

    def holds_at(self, moment: datetime) -> bool:
        """Whether each certificate is within its dates then (RFC 5280, 4.1.2.5)."""
        return self.valid_from <= moment <= self.valid_until


@dataclass(frozen=True, slots=True)
class Judgement:
    """What holds of one manifest; `trust` names each list that knows its signer.

    `carried` is what whoever judges its signer at another time has to go by.
    """

    label: str
    checks: tuple[Check, ...]
    trust: tuple[Trust, ...] = ()
    carried: Carried = NOTHING_CARRIED

    def failed(self, aspect: Aspect) -> Check | None:
        """Return the first check of an aspect that failed, if one did."""
        failed = (each for each in self.checks if each.outcome is Outcome.FAILED)
        return next((each for each in failed if each.aspect is aspect), None)

    def unchecked(self) -> Check | None:
        """Return the first check that could not be done, if there is one."""
        return next((c for c in self.checks if c.outcome is Outcome.NOT_CHECKED), None)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A judgement of each manifest that the active one rests on: itself first, then its ancestors.

    `at` is the time at which certificates were judged. `reason` says why there is no judgement
    where there is none; `refused`, that the reason is a fault of the file and no gap of ours.
    `coverage` is what the signature protects, byte by byte, where that is known; `changed` is what
    was changed, where the hard binding tells. `apart` are the manifests that nothing leads to.
    """

    at: datetime
    judgements: tuple[Judgement, ...] = ()
    reason: str = ""
    refused: bool = False
    coverage: Coverage | None = None
    changed: tuple[Changed, ...] = ()
    apart: tuple[Judgement, ...] = ()


def format_opinion(opinion: Opinion) -> dict[str, object]:
    """Turn an opinion into plain values."""
    return {
        "at": opinion.at.isoformat(),
        "reason": opinion.reason,
        "refused": opinion.refused,
        "coverage": format_coverage(opinion.coverage),
        "changed": [[c.start, c.end, *(c.time or ())] for c in opinion.changed],
        "judgements": [_format_judgement(each) for each in opinion.judgements],
        "apart": [_format_judgement(each) for each in opinion.apart],
    }


def _format_judgement(judgement: Judgement) -> dict[str, object]:
    return {
        "label": judgement.label,
        "checks": [[str(c.aspect), str(c.outcome), c.code, c.about] for c in judgement.checks],
        "trust": [
            [t.list, t.valid_from.isoformat(), t.valid_until.isoformat()] for t in judgement.trust
        ],
        "carried": format_carried(judgement.carried),
    }


def parse_opinion(value: object) -> Opinion:
    """Read what `format_opinion` writes; raises FormatError for anything else."""
    try:
        match value:
            case {
                "at": str() as at,
                "judgements": [*judged],
                "reason": str() as reason,
                "refused": bool() as refused,
                "coverage": coverage,
                "changed": [*changed],
                "apart": [*apart],
            }:
                return Opinion(
                    datetime.fromisoformat(at),
                    tuple(map(_judgement, judged)),
                    reason,
                    refused,
                    parse_coverage(coverage),
                    tuple(map(_changed, changed)),
                    tuple(map(_judgement, apart)),
                )
            case _:
                raise FormatError("this is no second opinion")
    except (ValueError, TypeError) as problem:
        raise FormatError(f"this is no second opinion ({problem})") from None


def _judgement(value: object) -> Judgement:
    match value:
        case {
            "label": str() as label,
            "checks": [*checks],
            "trust": [*trust],
            "carried": carried,
        }:
            made, known = tuple(map(_check, checks)), tuple(map(_trust, trust))
            return Judgement(label, made, known, parse_carried(carried))
        case _:
            raise FormatError("this is no judgement of a manifest")


def _changed(value: object) -> Changed:
    match value:
        case [int() as start, int() as end]:
            return Changed(start, end)
        case [int() as start, int() as end, float() as since, float() as until]:
            return Changed(start, end, (since, until))
        case _:
            raise FormatError("this is no range of changed bytes")


def _check(value: Sequence[str]) -> Check:
    aspect, outcome, code, about = value
    return Check(Aspect(aspect), Outcome(outcome), str(code), str(about))


def _trust(value: Sequence[str]) -> Trust:
    name, since, until = value
    return Trust(str(name), datetime.fromisoformat(since), datetime.fromisoformat(until))
