"""What a verdict that was once given comes to now, and which checks made the difference. Pure.

Verdicts are as good as what was known when they were drawn: a certificate is revoked, an entry
withdrawn, a list changed, an engine mended. Nothing about the file need have changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .report import ConclusionCode, Finding, Report, Step

# What somebody claimed is not about the file, and an opinion weighs nothing.
_ASIDE = (Step.CONTEXT, Step.DETECTION)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one verification came to: its conclusion, each check's outcome and code, and by what."""

    conclusion: ConclusionCode
    sentence: str
    checks: Mapping[Step, tuple[tuple[Outcome, str], ...]]
    engine: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One step that came out otherwise: what it said then and says now, as (outcome, code)."""

    step: Step
    then: tuple[tuple[Outcome, str], ...]
    now: tuple[tuple[Outcome, str], ...]


def verdict_of(report: Report) -> Verdict:
    """What there is to remember of a report."""
    return Verdict(
        report.conclusion.code,
        report.conclusion.sentence,
        _checks(report.findings),
        dict(report.engine),
    )


def differences(then: Verdict, now: Verdict) -> list[Difference]:
    """Every step of which two verdicts on one file say something else, in the steps' order."""
    return [
        Difference(step, then.checks.get(step, ()), now.checks.get(step, ()))
        for step in Step
        if step not in _ASIDE and then.checks.get(step, ()) != now.checks.get(step, ())
    ]


def format_verdict(verdict: Verdict) -> dict[str, object]:
    """Write a verdict as plain values, for JSON."""
    return {
        "conclusion": {"code": verdict.conclusion.value, "sentence": verdict.sentence},
        "checks": {
            step.value: [[outcome.value, code] for outcome, code in said]
            for step, said in verdict.checks.items()
        },
        "engine": dict(verdict.engine),
    }


def parse_verdict(value: Any) -> Verdict:
    """Read what `format_verdict` writes; raises FormatError for anything else."""
    try:
        verdict = Verdict(
            ConclusionCode(value["conclusion"]["code"]),
            str(value["conclusion"]["sentence"]),
            {
                Step(step): tuple((Outcome(outcome), str(code)) for outcome, code in said)
                for step, said in value["checks"].items()
            },
            {str(name): str(version) for name, version in value["engine"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FormatError("not a verdict that was kept") from None
    if format_verdict(verdict) != value:
        raise FormatError("a kept verdict in another spelling")
    return verdict


def _checks(findings: Sequence[Finding]) -> dict[Step, tuple[tuple[Outcome, str], ...]]:
    checks: dict[Step, tuple[tuple[Outcome, str], ...]] = {}
    for finding in findings:
        if finding.step in _ASIDE:
            continue
        checks[finding.step] = (*checks.get(finding.step, ()), (finding.outcome, finding.code))
    return checks
