"""The numbered steps of a verification, in a straight line. Pure: what was observed is an argument.

1 read the manifest store · 2 validate the active manifest · 3 hard binding against the bytes in
hand · 4 time-stamp and certificates · 5 find the entry · 6 re-derive it and compare · 7 inclusion,
checkpoint, consistency · 8 later entries · 9 comparison · 11 the detector · 12 conclude.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.asset import Asset, Kind
from ledger.errors import FirsthandError
from ledger.jumbf import ClaimIdentity
from ledger.proof import LogProof
from ledger.vocabulary import Fingerprint, Outcome

from .conclude import conclude
from .errors import VerifierError
from .fingerprint.match import Match as FingerprintMatch
from .logged import (
    Ledger,
    Record,
    check_content,
    check_history,
    check_inclusion,
    find_records,
    record_in_hand,
    registration_at,
)
from .manifest import ManifestReading
from .report import Finding, Match, MatchKind, Report, Step
from .validation import manifest_findings


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file as it was observed.

    `claim` identifies its active manifest; `fingerprints` computes them when they are needed and
    raises VerifierError where the file cannot be decoded; `proof` is a log proof that came with it.
    """

    name: str
    asset: Asset
    reading: ManifestReading
    claim: ClaimIdentity | None
    fingerprints: Callable[[], Sequence[Fingerprint]]
    proof: LogProof | None = None


def verify(suspect: Suspect, ledger: Ledger | None, engine: Mapping[str, str]) -> Report:
    """Establish what can be established about a file, with or without a log to ask."""
    store = suspect.reading.store
    findings = [
        *manifest_findings(suspect.reading),  # steps 1 to 4
        *([_proof_of_other_bytes()] if _proof_is_foreign(suspect) else []),
    ]
    records, matches, found = _search(suspect, ledger)  # step 5
    findings.append(found)
    if records and ledger is not None:
        record = records[0]
        content = check_content(record, suspect.asset, suspect.claim, ledger.registrars)
        findings += [content, check_inclusion(record, ledger)]  # steps 6 and 7
        findings += check_history(record, ledger)  # step 8
    findings += _not_built()  # steps 9 and 11
    return Report(
        file=suspect.name,
        sha256=suspect.asset.digest.hex,
        media_type=suspect.asset.media_type.name,
        conclusion=conclude(findings, matches),  # step 12
        findings=tuple(findings),
        chain=store.chain if store else (),
        matches=tuple(matches),
        uncovered=store.uncovered if store else None,
        engine=engine,
    )


def _proof_is_foreign(suspect: Suspect) -> bool:
    if suspect.proof is None:
        return False
    try:
        return record_in_hand(suspect.proof, suspect.asset) is None
    except FirsthandError:
        return True


def _proof_of_other_bytes() -> Finding:
    return Finding(
        step=Step.RECORD,
        outcome=Outcome.FAILED,
        code="record.proof_of_other_bytes",
        sentence="The log proof beside the file speaks of other bytes.",
        does_not_show="that these bytes were never recorded",
    )


def _search(suspect: Suspect, ledger: Ledger | None) -> tuple[list[Record], list[Match], Finding]:
    """Step 5: by proof in hand, by digest, by manifest, else by fingerprint (and say so)."""
    if ledger is None:
        said = "No log was asked whether the file is recorded."
        return [], [], _record(Outcome.NOT_CHECKED, "record.no_log", said)
    records = list(find_records(ledger, suspect.asset, suspect.claim))
    if suspect.proof is not None and not _proof_is_foreign(suspect):
        in_hand = record_in_hand(suspect.proof, suspect.asset)
        records = [r for r in (in_hand, *records) if r is not None]
    matches = [_match(record, ledger) for record in records]
    if records and records[0].kind is MatchKind.EXACT:
        return records, matches, _record_found(records[0])
    try:
        similar = ledger.similar(suspect.fingerprints())
    except VerifierError as problem:
        if records:
            return records, matches, _record_found(records[0])
        return [], [], _not_compared(suspect.asset, problem)
    known = {record.index for record in records}
    for near in similar:
        record = registration_at(ledger, near.entry_index, MatchKind.FINGERPRINT)
        if record is not None and near.entry_index not in known:
            records.append(record)
            matches.append(_match(record, ledger, near))
    if not records:
        return [], [], _record(Outcome.ABSENT, "record.absent", "Nothing recorded here matches.")
    return records, matches, _record_found(records[0])


def _not_compared(asset: Asset, problem: VerifierError) -> Finding:
    if asset.media_type.kind in (Kind.OTHER, Kind.DOCUMENT):
        said = f"These bytes are not recorded; no likeness is known for {asset.media_type}."
        return _record(Outcome.ABSENT, "record.absent", said)
    said = (
        f"The file cannot be decoded, so it was not compared with the records: {problem.message}."
    )
    return _record(Outcome.UNREADABLE, "record.unreadable", said)


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


def _record_found(record: Record) -> Finding:
    sentences = {
        MatchKind.EXACT: "These bytes are recorded as entry {}.",
        MatchKind.MANIFEST: "The manifest in the file is recorded as entry {}.",
        MatchKind.FINGERPRINT: "By its fingerprint, the file is near what entry {} records.",
    }
    limits = {
        MatchKind.EXACT: "that what the file shows is true",
        MatchKind.MANIFEST: "that these are the recorded bytes",
        MatchKind.FINGERPRINT: "that nothing was changed: a match only says, possible, compare",
    }
    return Finding(
        step=Step.RECORD,
        outcome=Outcome.PASSED,
        code=f"record.{record.kind}",
        sentence=sentences[record.kind].format(record.index),
        does_not_show=limits[record.kind],
    )


def _record(outcome: Outcome, code: str, sentence: str) -> Finding:
    return Finding(
        step=Step.RECORD,
        outcome=outcome,
        code=code,
        sentence=sentence,
        does_not_show="that the file is false: most files were never recorded",
    )


def _not_built() -> list[Finding]:
    return [
        Finding(
            step=Step.COMPARISON,
            outcome=Outcome.NOT_CHECKED,
            code="comparison.not_available",
            sentence="Which regions or seconds differ from the original was not looked for.",
            does_not_show="that nothing differs",
        ),
        Finding(
            step=Step.DETECTION,
            outcome=Outcome.NOT_CHECKED,
            code="detection.no_model",
            sentence="No detector is installed with this version, so none was asked.",
            does_not_show="whether the content was generated or edited",
        ),
    ]
