"""Find the entry that a file is to be held against: step 5 of a verification. Pure.

By digest, by manifest, by the proof in hand, else by fingerprint; and say which.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.asset import Asset, Kind
from ledger.errors import FirsthandError
from ledger.jumbf import ClaimIdentity
from ledger.merkle import leaf_hash
from ledger.proof import LogProof, verify_log_proof
from ledger.vocabulary import Fingerprint, Outcome

from .compare.result import Comparison
from .detector.result import Examination
from .errors import Unreadable, VerifierError
from .fingerprint.match import Match as FingerprintMatch
from .logged import Ledger, Record, find_records, record_in_hand, registration_at
from .manifest import ManifestReading
from .report import Finding, Match, MatchKind, Step
from .words import say


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file as it was observed.

    `claim` identifies its active manifest; `fingerprints` computes them when they are needed and
    raises VerifierError where the file cannot be decoded; `compare` compares it with an original of
    that kind by what is kept of it, and raises VerifierError where that cannot be done; `proof` is
    a log proof that came with it; `examine` asks the detector, and is None where nobody wants to.
    """

    name: str
    asset: Asset
    reading: ManifestReading
    claim: ClaimIdentity | None
    fingerprints: Callable[[], Sequence[Fingerprint]]
    compare: Callable[[Kind, Sequence[Fingerprint]], Comparison]
    proof: LogProof | None = None
    examine: Callable[[], Examination] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The registrations to hold the file against, the best first, each with its match."""

    records: tuple[Record, ...]
    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]


NOTHING = Found((), (), ())


def search(suspect: Suspect, ledger: Ledger | None) -> Found:
    """Find the registrations of these bytes, of this manifest, or of what resembles them."""
    if ledger is None:
        return Found((), (), (say(Step.RECORD, Outcome.NOT_CHECKED, "record.no_log"),))
    records = list(find_records(ledger, suspect.asset, suspect.claim, _label(suspect)))
    findings: list[Finding] = []
    if suspect.proof is not None:
        in_hand = _in_hand(suspect.proof, suspect.asset, ledger)
        if isinstance(in_hand, Finding):
            findings.append(in_hand)
        elif in_hand.index not in {record.index for record in records}:
            records.insert(0, in_hand)
    # What a stranger entered about these bytes does not hide what a known registrar did, nor does
    # the record of another manifest, beside the same bytes, hide that of the one in hand.
    records.sort(
        key=lambda record: (
            record.entry.key not in ledger.registrars,
            _is_of_another_manifest(record, suspect),
        )
    )
    matches = [_match(record, ledger) for record in records]
    if not records or records[0].kind is not MatchKind.EXACT:
        similar, failed = _similar(suspect, ledger, {record.index for record in records})
        records += [record for record, _ in similar]
        matches += [match for _, match in similar]
        if not records:
            findings.append(failed)
    if records:
        findings.append(_record_found(records[0], suspect))
    return Found(tuple(records), tuple(matches), tuple(findings))


def _is_of_another_manifest(record: Record, suspect: Suspect) -> bool:
    claim, recorded = suspect.claim, record.registration.manifest
    return bool(claim and recorded and claim.claim_digest != recorded.claim)


def _in_hand(proof: LogProof, asset: Asset, ledger: Ledger) -> Record | Finding:
    """Return the record that a proof beside the file proves, or why it is of no use."""
    try:
        record = record_in_hand(proof, asset)
        if record is None:
            return say(Step.RECORD, Outcome.FAILED, "record.proof_of_other_bytes")
        verify_log_proof(proof, leaf_hash(record.data), ledger.log_key, ledger.origin)
    except FirsthandError as problem:
        code, reason = "record.proof_not_ours", problem.message
        return say(Step.RECORD, Outcome.FAILED, code, reason=reason)
    return record


def _similar(
    suspect: Suspect, ledger: Ledger, known: set[int]
) -> tuple[list[tuple[Record, Match]], Finding]:
    """Return the other registrations near the suspect, and what to say if there are none at all."""
    try:
        fingerprints = suspect.fingerprints()
    except VerifierError as problem:
        return [], _not_compared(suspect.asset, problem)
    if not fingerprints:
        return [], _absent("; no fingerprint can be taken of these bytes to look further")
    near = [each for each in ledger.similar(fingerprints) if each.entry_index not in known]
    records = [registration_at(ledger, e.entry_index, MatchKind.FINGERPRINT) for e in near]
    found = [(r, _match(r, ledger, each)) for r, each in zip(records, near, strict=True)]
    return found, _absent("")


def _absent(further: str) -> Finding:
    return say(Step.RECORD, Outcome.ABSENT, "record.absent", further=further)


def _not_compared(asset: Asset, problem: VerifierError) -> Finding:
    if asset.media_type.kind in (Kind.OTHER, Kind.DOCUMENT):
        return _absent(f"; no likeness is known for {asset.media_type}")
    reason = problem.message
    if not isinstance(problem, Unreadable):  # this installation's fault, not the file's
        return say(Step.RECORD, Outcome.NOT_CHECKED, "record.not_compared", reason=reason)
    return say(Step.RECORD, Outcome.UNREADABLE, "record.unreadable", reason=reason)


def _match(record: Record, ledger: Ledger, near: FingerprintMatch | None = None) -> Match:
    said = record.registration
    return Match(
        index=record.index,
        kind=record.kind,
        asset=said.subject.hex,
        media_type=said.media_type,
        distance=near.distance if near else None,
        false_match_rate=near.false_match_rate if near else None,
        algorithm=near.algorithm if near else None,
        title=ledger.title(record.index),
    )


def _label(suspect: Suspect) -> str | None:
    if suspect.reading.store is not None:
        return suspect.reading.store.label
    return suspect.claim.label if suspect.claim else None


def _record_found(record: Record, suspect: Suspect) -> Finding:
    said = record.registration
    is_same = suspect.claim and said.manifest and suspect.claim.claim_digest == said.manifest.claim
    same = "is" if is_same else "has the label of"
    code = f"record.{record.kind}"
    if record.kind is MatchKind.EXACT and suspect.asset.digest != said.subject:
        code = "record.source"
    return say(Step.RECORD, Outcome.PASSED, code, index=record.index, same=same)
