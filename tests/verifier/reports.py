"""How tests read a report."""

from ledger.vocabulary import Outcome
from verifier.report import Report, Step

UNCHANGED, UNTRUSTED, ALTERED = "unchanged", "untrusted", "altered"
DERIVED, WITHDRAWN, UNKNOWN, INCONCLUSIVE = "derived", "withdrawn", "unknown", "inconclusive"


def codes(report: Report) -> set[str]:
    """Return the codes of all findings."""
    return {finding.code for finding in report.findings}


def finding(report: Report, step: Step) -> tuple[Outcome, str]:
    """Return the outcome and the sentence of the only finding of a step."""
    [found] = [each for each in report.findings if each.step is step]
    return found.outcome, found.sentence
