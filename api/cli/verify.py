"""firsthand verify: say what can be established about files, and what cannot."""

import argparse
import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ledger.errors import AssetError, FirsthandError, FormatError
from ledger.vocabulary import Outcome
from verifier.as_of import parse_as_of
from verifier.compare.context import Claim, parse_moment, parse_spot
from verifier.conclude import is_contradicted
from verifier.media.sandbox import Sandbox
from verifier.policy import Policy, judge, parse_policy
from verifier.report import Conclusion, ConclusionCode, Finding, Report, Step

from ..errors import (
    EXIT_INCONCLUSIVE,
    EXIT_NOT_MET,
    EXIT_OK,
    EXIT_PARTLY_FAILED,
    EXIT_UNKNOWN,
    exit_code,
)
from ..home import open_home
from ..many import verify_each
from ..revocations import read_answer
from ..services import Asked, Services
from ..settings import Settings
from .console import (
    COLOURS,
    MARKS,
    advance,
    print_json,
    progress,
    read_by,
    say,
    say_error,
    show,
)
from .detect import print_examination

EXIT_CODES = {
    ConclusionCode.UNCHANGED: EXIT_OK,
    ConclusionCode.UNTRUSTED: EXIT_NOT_MET,
    ConclusionCode.ALTERED: EXIT_NOT_MET,
    ConclusionCode.DERIVED: EXIT_NOT_MET,
    ConclusionCode.WITHDRAWN: EXIT_NOT_MET,
    ConclusionCode.UNKNOWN: EXIT_UNKNOWN,
    ConclusionCode.INCONCLUSIVE: EXIT_INCONCLUSIVE,
}


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("verify", help="say what can be established about files")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--proof", type=Path, help="its log proof (default: FILE.tlog-proof, where there is one)"
    )
    parser.add_argument(
        "--claimed-time",
        type=read_by(parse_moment),
        metavar="TIME",
        help="when it is said to have been captured: 2022, 2022-05, 2022-05-01, or a full time",
    )
    parser.add_argument(
        "--claimed-place",
        type=read_by(parse_spot),
        metavar="LAT,LON",
        help="where, in degrees, and how many kilometres around if you like: 52.52,13.40,25 "
        "(southern or western: --claimed-place=-33.86,151.21)",
    )
    parser.add_argument(
        "--as-of",
        type=read_by(_read_as_of),
        metavar="DATE",
        help="the answer as it would have been then (2026-11-25, or 2026-11-25T10:00:00Z), by the "
        "lists, certificates and revocations of that time; it says why the answer now is another",
    )
    parser.add_argument(
        "--revocation",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="OCSP answers and CRLs to judge signers by; those that count are kept in the home "
        "(put -- before the files to verify where they follow)",
    )
    parser.add_argument(
        "--online",
        action="store_true",
        help="ask the addresses in a signer's certificate whether it was revoked: they learn that "
        "somebody asks, and when",
    )
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="what is enough for exit code 0: a file in TOML (docs/policies.md)",
    )
    parser.add_argument(
        "--no-detector",
        action="store_true",
        help="do not ask the detector about files that nobody signed or recorded",
    )
    add_process_per_file(parser)
    parser.add_argument("--json", action="store_true", help="one object a file, one line each")
    parser.set_defaults(run=run)


def add_process_per_file(parser: argparse.ArgumentParser) -> None:
    """Add `--process-per-file`."""
    parser.add_argument(
        "--process-per-file",
        action="store_true",
        help="let no process read two files: a fifth of the speed, and a file that took one over "
        "could not speak for the next (docs/decisions/0005)",
    )


def _read_as_of(text: str) -> datetime:
    return parse_as_of(text, datetime.now(UTC))


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Verify each file; the exit code is the policy's answer for all of them."""
    if options.proof and len(options.files) > 1:
        raise FirsthandError("--proof speaks of one file", "name just that file")
    policy = read_policy(options.policy) if options.policy else None
    codes = []
    asked = Asked(
        proof=options.proof,
        claim=Claim(options.claimed_time, options.claimed_place),
        as_of=options.as_of,
        revocations=[read_answer(path) for path in options.revocation],
        online=options.online,
        detect=settings.detector and not options.no_detector,
    )
    sandbox = Sandbox(process_per_file=options.process_per_file)
    with Services(open_home(settings.home), sandbox) as services:
        take_in_new_entries(services)
        with progress("Verifying", len(options.files)) as bar:
            found = verify_each(services, options.files, asked)
            for path, each in zip(options.files, found, strict=True):
                codes.append(_tell(path, each, policy, services, as_json=options.json))
                advance(bar)
    return overall(codes)


def take_in_new_entries(services: Services) -> None:
    """Take in what others appended; of a million entries nobody should wait in silence."""
    with (
        progress("Taking in new entries", None) as bar,
        contextlib.suppress(FirsthandError),  # which each file's verification meets, and says
    ):
        services.follow(partial(show, bar))


def overall(codes: list[int]) -> int:
    """Return the exit code of a batch: 5 where some could be checked and some could not."""
    if len(set(codes)) == 1:
        return codes[0]
    could_not = {code for code in codes if code not in (EXIT_OK, EXIT_NOT_MET, EXIT_UNKNOWN)}
    if could_not:
        return EXIT_PARTLY_FAILED
    return EXIT_NOT_MET if EXIT_NOT_MET in codes else EXIT_UNKNOWN


def read_policy(path: Path) -> Policy:
    """Read the policy in a file; raises FormatError, which names the file."""
    try:
        return parse_policy(path.read_text("utf-8"))
    except OSError as problem:
        raise FormatError(f"{path} cannot be read ({problem.strerror})") from None
    except (FormatError, ValueError) as problem:
        raise FormatError(f"{path}: {problem}", "see docs/policies.md") from None


def _tell(
    path: Path,
    found: Report | FirsthandError,
    policy: Policy | None,
    services: Services,
    *,
    as_json: bool,
) -> int:
    """Print what was found, or why nothing was; return the exit code."""
    if isinstance(found, FirsthandError):
        say_error(found, "" if str(path) in found.message else str(path))
        if as_json:
            print_json(_unread(path, found, services).to_json())
        is_unfit = isinstance(found, AssetError) and _is_file(path)
        return EXIT_INCONCLUSIVE if is_unfit else exit_code(found)
    if policy is not None:
        found = replace(found, findings=(*found.findings, judge(policy, found)))
    if as_json:
        print_json(found.to_json())
    else:
        print_report(found)
    return _code(found)


def _code(report: Report) -> int:
    """The exit code: a policy's answer where one was given, else what is enough without one."""
    code = EXIT_CODES[report.conclusion.code]
    for finding in report.findings:
        if finding.step is Step.POLICY:
            met = finding.outcome is Outcome.PASSED
            return EXIT_OK if met else EXIT_NOT_MET if code == EXIT_OK else code
    return EXIT_NOT_MET if code == EXIT_OK and is_contradicted(report.findings) else code


def _is_file(path: Path) -> bool:
    with contextlib.suppress(OSError):  # such as a name that is too long for one
        return path.is_file()
    return False


def _unread(path: Path, problem: FirsthandError, services: Services) -> Report:
    return Report(
        file=str(path),
        sha256=None,
        media_type=None,
        conclusion=Conclusion(ConclusionCode.INCONCLUSIVE, f"Could not be read: {problem}."),
        findings=(),
        engine=services.engine,
    )


def print_report(report: Report) -> None:
    """Print a report as a person reads it: the conclusion, then each check and its limits."""
    code = report.conclusion.code
    say((report.file, "bold"), "  ", (code.upper(), f"bold {COLOURS[code]}"))
    say(f"  {report.conclusion.sentence}", (limits(report.conclusion), "dim"))
    if report.as_of:
        now = report.as_of.now
        say("  Now: ", (now.code.upper(), COLOURS[now.code]), f". {now.sentence}")
        for reason in report.as_of.because:
            say(f"  Why they differ: {reason}")
    for finding in report.findings:
        mark, colour = MARKS[finding.outcome]
        said = finding.sentence, (limits(finding), "dim")
        say("  ", (mark, colour), f" {finding.step:<16} ", *said)
    for link in report.chain if len(report.chain) > 1 else ():
        mark, colour = MARKS[link.outcome]
        say("  ", (mark, colour), f" {'chain':<16} ", link.sentence)
    if report.examination is not None:
        print_examination(report.examination)
    say((f"  sha256 {report.sha256}", "dim"))


def limits(said: Conclusion | Finding) -> str:
    """Say what it does not show, and what would settle it, as further sentences."""
    limit = f" It does not show {said.does_not_show}." if said.does_not_show else ""
    return f"{limit} To settle it, {said.settles}." if said.settles else limit
