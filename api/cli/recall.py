"""firsthand recall: ask past verdicts again, and say which come out otherwise now."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from verifier.media.sandbox import Sandbox
from verifier.recall import Difference, Verdict, format_verdict
from verifier.report import Finding, Report

from ..errors import EXIT_INCONCLUSIVE, EXIT_NOT_MET, EXIT_OK, EXIT_UNKNOWN
from ..home import open_home
from ..recalling import Recalled, accept, recall
from ..services import Services
from ..settings import Settings
from .console import COLOURS, advance, note, print_json, progress, say
from .verify import add_process_per_file, take_in_new_entries


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "recall",
        help="ask past verdicts again: which come out otherwise now?",
        description="After a revocation, a withdrawal, a change of a list or of an engine: "
        "verifies again every file on which this home gave a verdict, and says which conclusions "
        "changed, and by which checks. What is not where it lay is looked for in the files and "
        "folders named. Exit code 1 where a conclusion changed, 4 where some could not be asked "
        "again.",
    )
    parser.add_argument("places", nargs="*", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--accept", action="store_true", help="from here on hold against these")
    parser.add_argument("--forget", action="store_true", help="forget all past verdicts")
    add_process_per_file(parser)
    parser.add_argument("--json", action="store_true", help="one object a verdict, one line each")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Ask each verdict again."""
    sandbox = Sandbox(process_per_file=options.process_per_file)
    with Services(open_home(settings.home), sandbox) as services:
        if options.forget:
            note(f"{services.verdicts.forget()} verdicts forgotten")
            return EXIT_OK
        take_in_new_entries(services)
        total = len(services.verdicts.all())
        if not total:
            note("no verdict was given here yet")
            return EXIT_UNKNOWN
        recalled = []
        with progress("Asking again", total) as bar:
            for each in recall(services, options.places):
                _tell(each, as_json=options.json)
                recalled.append(each)
                advance(bar)
        if options.accept:
            accept(services, recalled, datetime.now(UTC))
    return _code(recalled)


def _code(recalled: list[Recalled]) -> int:
    changed = sum(each.concludes_otherwise for each in recalled)
    unasked = sum(each.now is None for each in recalled)
    note(f"{len(recalled)} verdicts, {changed} changed, {unasked} could not be asked again")
    if changed:
        return EXIT_NOT_MET
    return EXIT_INCONCLUSIVE if unasked else EXIT_OK


def _tell(each: Recalled, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(each))
    elif each.report is None or each.now is None:
        say((each.given.name, "bold"), "  not checked: ", each.reason)
    elif each.concludes_otherwise:
        _say_change(each, each.now, each.report)


def _say_change(each: Recalled, now: Verdict, report: Report) -> None:
    then = each.given.verdict
    say((each.given.name, "bold"), "  ", *_code_of(then), " → ", *_code_of(now))
    say(f"  on {each.given.time:%Y-%m-%d}: {then.sentence}")
    say(f"  now: {now.sentence}")
    for name in sorted(then.engine.keys() | now.engine.keys()):
        old, new = then.engine.get(name, "none"), now.engine.get(name, "none")
        if old != new:
            say(f"  {name} was {old} then, and is {new}")
    for difference in each.differences:
        for sentence in _said(difference, report.findings):
            say(f"  {difference.step:<16} {sentence}")


def _code_of(verdict: Verdict) -> tuple[tuple[str, str]]:
    return ((verdict.conclusion.upper(), f"bold {COLOURS[verdict.conclusion]}"),)


def _said(difference: Difference, findings: tuple[Finding, ...]) -> Iterator[str]:
    """Say what is new of a step, in its own sentences."""
    new = set(difference.now) - set(difference.then)
    for finding in findings:
        if finding.step is difference.step and (finding.outcome, finding.code) in new:
            yield finding.sentence
    if not difference.now:
        yield "is no longer said anything of"


def _json(each: Recalled) -> dict[str, object]:
    return {
        "file": each.given.name,
        "sha256": each.given.digest.hex,
        "changed": None if each.now is None else each.concludes_otherwise,
        "reason": each.reason,
        "then": {"time": each.given.time.isoformat(), **format_verdict(each.given.verdict)},
        "now": None if each.now is None else format_verdict(each.now),
        "steps": [difference.step for difference in each.differences],
    }
