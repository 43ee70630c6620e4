"""What the record of an original says of a suspect: steps 9 and 10 of a verification. Pure.

The private store is asked for the record, and it must open the entry's commitments. Of the record,
a report tells what suspect and original have in common, and what was claimed; never a thumbnail.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain

from ledger.asset import MEDIA_TYPES, Kind
from ledger.errors import FirsthandError, FormatError
from ledger.private import PrivateRecord
from ledger.vocabulary import Outcome

from .compare.context import (
    Captured,
    Claim,
    Moment,
    Spot,
    check_context,
    not_checked,
    parse_moment,
    spot_of,
)
from .compare.result import Comparison
from .compare.sentence import differs
from .errors import NotComparable, Unreadable, Unrelated, VerifierError
from .logged import Ledger, Record
from .manifest import ManifestStore
from .report import Finding, MatchKind, Step
from .search import Suspect
from .timing import entered_findings
from .words import say

SIGNERS_WORD = "the signer's word"  # where a record does not say who said when and where
_KINDS = {media_type.name: media_type.kind for media_type in MEDIA_TYPES}


def check_comparison(
    record: Record | None, suspect: Suspect, ledger: Ledger | None
) -> tuple[Comparison | None, Finding]:
    """Step 9: compare the suspect with what is kept of the recorded original."""
    if record is None or ledger is None:
        return None, say(Step.COMPARISON, Outcome.NOT_CHECKED, "comparison.no_original")
    if record.kind is MatchKind.EXACT:
        return None, say(Step.COMPARISON, Outcome.PASSED, "comparison.identical")
    try:
        private = _private(record, ledger)
        if private is None or not private.fingerprints:
            return None, say(Step.COMPARISON, Outcome.NOT_CHECKED, "comparison.not_kept")
        kind = _KINDS.get(record.registration.media_type, Kind.OTHER)
        found = suspect.compare(kind, private.fingerprints)
    except FirsthandError as problem:
        return None, _failed(problem)
    code, outcome = "comparison.same", Outcome.PASSED
    if differs(found):
        code, outcome = "comparison.differs", Outcome.FAILED
    return found, say(Step.COMPARISON, outcome, code, difference=_clause(found.sentence))


def _failed(problem: FirsthandError) -> Finding:
    outcome, code = Outcome.NOT_CHECKED, "comparison.record_failed"
    if isinstance(problem, Unrelated):
        code = "comparison.unrelated"
    elif isinstance(problem, NotComparable):
        code = "comparison.not_comparable"
    elif isinstance(problem, Unreadable):
        outcome, code = Outcome.UNREADABLE, "comparison.unreadable"
    elif isinstance(problem, VerifierError):
        code = "comparison.failed"
    return say(Step.COMPARISON, outcome, code, reason=problem.message)


def _private(record: Record, ledger: Ledger) -> PrivateRecord | None:
    """Return the private record; raises ProofError where it does not open the commitments."""
    private = ledger.private(record.index)
    if private is not None:
        private.check(record.registration.commitments)
    return private


def check_claim(
    claim: Claim, record: Record | None, ledger: Ledger | None, findings: Iterable[Finding]
) -> list[Finding]:
    """Step 10: hold the claimed time and place against what a known registrar recorded."""
    if record is None or ledger is None:
        return list(not_checked(claim, "no record of it was found"))
    if reason := _doubt(findings):
        return list(not_checked(claim, reason))
    entered = datetime.fromtimestamp(record.registration.time, UTC)
    what = _KINDS.get(record.registration.media_type, Kind.OTHER)
    if not ledger.tells_private:
        return list(chain.from_iterable(_in_public(claim, Captured(entered=entered), what)))
    try:
        captured = captured_of(_private(record, ledger) or PrivateRecord(), entered)
    except FirsthandError as problem:
        return list(not_checked(claim, problem.message))
    return list(check_context(claim, captured, what))


def check_claimed_times(
    store: ManifestStore | None, record: Record, findings: Iterable[Finding]
) -> list[Finding]:
    """Hold the times that a manifest claims against the entry that records it, if that is sound."""
    known = list(findings)
    if store is None or record.kind is MatchKind.FINGERPRINT or _doubt(known):
        return []
    entered = datetime.fromtimestamp(record.registration.time, UTC)
    return list(entered_findings(store, entered, record.index, known))


def _in_public(claim: Claim, captured: Captured, what: str) -> Iterable[Iterable[Finding]]:
    """Say only what the public entry says: since when it is recorded."""
    untold = "when and where it was captured is recorded in private, and not told here"
    for each in check_context(Claim(time=claim.time), captured, what):
        is_old = each.outcome is Outcome.FAILED
        yield [each] if is_old else not_checked(Claim(time=claim.time), untold)
    yield not_checked(Claim(place=claim.place), untold)


def _doubt(findings: Iterable[Finding]) -> str | None:
    """Return why the record is not to be relied on, if it is not."""
    found = {finding.code: finding for finding in findings}
    if "log.proof.verified" not in found:
        return "the log does not prove the record"
    if "record.registrar_unknown" in found:
        return "the record is by a registrar that you have not named as known"
    return None


def captured_of(private: PrivateRecord, entered: datetime) -> Captured:
    """Read what a private record says of when and where. Raises FormatError for what is neither."""
    return Captured(
        entered=entered,
        time=_moment(private.value("capture_time")),
        time_source=_word(private.value("capture_time_source")),
        place=_spot(private.value("capture_place"), private.value("capture_place_metres")),
        place_source=_word(private.value("capture_place_source")),
    )


def _moment(value: object) -> Moment | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise FormatError("the recorded time of capture does not read as one")
    return parse_moment(value)


def _spot(place: object, metres: object) -> Spot | None:
    match place, metres:
        case None, _:
            return None
        case [float() | int() as latitude, float() | int() as longitude], None | float() | int():
            around = float(metres) if isinstance(metres, float | int) else None
            return spot_of(float(latitude), float(longitude), around)
    raise FormatError("the recorded place of capture does not read as one")


def _word(value: object) -> str:
    return value if isinstance(value, str) else SIGNERS_WORD


def _clause(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}"
