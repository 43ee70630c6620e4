"""The numbered steps of a verification, in a straight line. Pure: what was observed is an argument.

1 read the manifest store · 2 validate the active manifest · 3 hard binding against the bytes in
hand · 4 time-stamp and certificates · 5 find the entry · 6 re-derive it and compare · 7 inclusion,
checkpoint, consistency · 8 later entries, custody chain · 9 comparison with the original ·
10 claimed time and place · 11 the detector · 12 conclude.
"""

from collections.abc import Mapping

from ledger.errors import FirsthandError
from ledger.vocabulary import Outcome

from .agreement import compare_opinions
from .compare.context import Claim
from .conclude import conclude
from .covered import harmless, uncovered
from .detector.result import Examination
from .history import check_history
from .logged import Ledger, check_content, check_inclusion
from .recorded import check_claim, check_claimed_times, check_comparison
from .report import Finding, Report, Step
from .search import NOTHING, Found, Suspect, search
from .validation import manifest_findings
from .words import say

NOTHING_CLAIMED = Claim()


def verify(
    suspect: Suspect,
    ledger: Ledger | None,
    engine: Mapping[str, str],
    claim: Claim = NOTHING_CLAIMED,
) -> Report:
    """Establish what can be established about a file, with or without a log to ask.

    `claim` is what somebody says of when and where it was captured.
    """
    store, opinion = suspect.reading.store, suspect.reading.opinion
    coverage = harmless(opinion.coverage) if opinion and opinion.coverage else None
    findings = manifest_findings(suspect.reading)  # steps 1 to 4
    findings += compare_opinions(suspect.reading)  # the same, by another engine
    found = NOTHING
    try:
        found = search(suspect, ledger)  # step 5
        findings += found.findings
        if found.records and ledger is not None:
            best = found.records[0]
            content = check_content(best, suspect.asset, suspect.claim, ledger.registrars)
            findings += [content, check_inclusion(best, ledger)]  # steps 6 and 7
            findings += check_history(best, ledger)  # step 8
            findings += check_claimed_times(store, best, findings)
    except FirsthandError as problem:
        said = problem.message
        findings.append(say(Step.INCLUSION, Outcome.FAILED, "log.failed", reason=said))
    record = found.records[0] if found.records else None
    comparison, compared = check_comparison(record, suspect, ledger)  # step 9
    findings.append(compared)
    findings += check_claim(claim, record, ledger, findings)  # step 10
    examination, asked = examine(suspect, found)  # step 11
    findings.append(asked)
    return Report(
        file=suspect.name,
        sha256=suspect.asset.digest.hex,
        media_type=suspect.asset.media_type.name,
        conclusion=conclude(findings, found.matches),  # step 12
        findings=tuple(findings),
        chain=store.chain if store else (),
        apart=store.apart if store else (),
        matches=found.matches,
        comparison=comparison,
        uncovered=uncovered(coverage) if coverage else store.uncovered if store else None,
        coverage=coverage,
        changed=opinion.changed if opinion else (),
        examination=examination,
        engine=engine,
    )


def examine(suspect: Suspect, found: Found) -> tuple[Examination | None, Finding]:
    """Step 11: ask the detector where nobody signed; what it says weighs nothing."""
    code, particulars = "detection.left_out", {}
    examination = None
    if suspect.reading.store is not None or found.matches:
        code = "detection.answered_for"
    elif suspect.examine is not None:
        try:
            examination = suspect.examine()
            code = "detection.advisory"
        except FirsthandError as problem:
            code, particulars = "detection.failed", {"reason": problem.message}
    return examination, say(Step.DETECTION, Outcome.NOT_CHECKED, code, **particulars)
