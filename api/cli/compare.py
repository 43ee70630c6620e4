"""firsthand compare: say what was done to an original, and draw it."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from ledger.errors import FirsthandError
from ledger.vocabulary import Outcome
from verifier.compare.compare import Medium, compare_in, read_medium
from verifier.compare.engines import ENGINES
from verifier.compare.picturing import picture_of, picture_of_kept
from verifier.compare.result import Comparison
from verifier.compare.sentence import IDENTICAL, differs, main_source
from verifier.errors import NotComparable
from verifier.media.sandbox import Sandbox
from verifier.report import Report, Step

from ..errors import EXIT_NOT_MET, EXIT_OK, EXIT_PARTLY_FAILED, ServiceError, exit_code, of_system
from ..files import replace_file
from ..home import open_home
from ..services import Asked, Services
from ..settings import Settings
from .console import advance, print_json, progress, say, say_error

_T = TypeVar("_T")
_MARKS = {True: ("DIFFERS", "bold cyan"), False: ("NO DIFFERENCE FOUND", "bold green")}


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "compare",
        help="say what was done to an original, and draw it",
        usage="firsthand compare [-h] [--json] [--picture OUT.png] [--also ORIGINAL]\n"
        "                         [ORIGINAL] SUSPECT...",
        description="Compares pictures, clips or recordings with their original. The files are all "
        "that it needs: no home, no record. A suspect alone is compared with its original in the "
        "log of this home, as far as its private store keeps that. Exit code 0: nothing differs "
        "but what encoding and scaling change; 1: something differs; 3: they have nothing in "
        "common, or nothing is recorded; 4: one of them cannot be read.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="as above")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        type=Path,
        metavar="ORIGINAL",
        help="another original that a clip or recording may be cut together from; more than once",
    )
    parser.add_argument("--json", action="store_true", help="one object a suspect, one line each")
    parser.add_argument(
        "--picture", type=Path, metavar="OUT.png", help="draw the two and what differs, as a PNG"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Compare each suspect with the original."""
    files: list[Path] = options.files
    if options.picture and len(files) > 2:
        raise ServiceError(
            "--picture draws one original and one suspect",
            "name just these two files, or a suspect whose original is in the log",
        )
    if options.also and len(files) == 1:
        raise ServiceError(
            "--also names a further original, beside a first one", "name ORIGINAL and SUSPECT too"
        )
    if len(files) == 1:
        return _with_recorded(files[0], options, settings)
    with Sandbox() as sandbox:
        original, *others = (_read(read_medium, path) for path in (files[0], *options.also))
        suspects = files[1:]
        codes = []
        with progress("Comparing", len(suspects) if len(suspects) > 1 else None) as bar:
            for path in suspects:
                codes.append(_one(sandbox, (original, *others), path, options))
                advance(bar)
    return codes[0] if len(set(codes)) == 1 else _overall(codes)


def _overall(codes: list[int]) -> int:
    return EXIT_NOT_MET if set(codes) <= {EXIT_OK, EXIT_NOT_MET} else EXIT_PARTLY_FAILED


def _read(act: Callable[[Path], _T], path: Path) -> _T:
    try:
        return act(path)
    except OSError as problem:
        raise of_system(problem) from None


def _one(
    sandbox: Sandbox, originals: Sequence[Medium], path: Path, options: argparse.Namespace
) -> int:
    try:
        suspect = _read(read_medium, path)
        found = compare_in(sandbox, originals[0], suspect, ENGINES, originals[1:])
        if options.picture:
            shown = main_source(found)
            drawn = picture_of(sandbox, originals[shown], suspect, found, shown)
            write_picture(options.picture, drawn)
    except FirsthandError as problem:
        return _failed(path, problem, options)
    paths = [str(each.path) for each in originals]
    also: dict[str, object] = {"also": paths[1:]} if paths[1:] else {}
    return _say(path, found, options, {"original": paths[0], **also})


def _with_recorded(path: Path, options: argparse.Namespace, settings: Settings) -> int:
    """Compare a suspect with its original in the log."""
    with (
        Services(open_home(settings.home), Sandbox()) as services,
        progress("Comparing", None),
    ):
        try:
            report = _read(partial(services.verify, asked=Asked(detect=False)), path)
            found = _established(report)
            if options.picture:
                write_picture(options.picture, _drawn(services, path, report, found))
        except FirsthandError as problem:
            return _failed(path, problem, options)
    return _say(path, found, options, {"entry": report.matches[0].index})


def _established(report: Report) -> Comparison:
    """What a verification found in comparing; raises NotComparable where it could not."""
    [finding] = [each for each in report.findings if each.step is Step.COMPARISON]
    if report.comparison is not None:
        return report.comparison
    if finding.outcome is Outcome.PASSED:
        return Comparison(sentence=IDENTICAL)
    raise NotComparable(finding.sentence.removesuffix("."))


def _drawn(services: Services, path: Path, report: Report, found: Comparison) -> bytes:
    """The suspect, and what the private store keeps of its original."""
    index = report.matches[0].index
    record = services.ledger.private(index)
    if record is None:
        raise NotComparable("nothing is kept of the original that could be drawn")
    name = services.ledger.title(index) or f"entry {index} of the log"
    return picture_of_kept(
        services.sandbox, name, record.fingerprints, _read(read_medium, path), found
    )


def _failed(path: Path, problem: FirsthandError, options: argparse.Namespace) -> int:
    say_error(problem, "" if str(path) in problem.message else str(path))
    if options.json:
        print_json({"file": str(path), "error": str(problem)})
    return exit_code(problem)


def _say(
    path: Path, found: Comparison, options: argparse.Namespace, of: Mapping[str, object]
) -> int:
    is_other = differs(found)
    if options.json:
        print_json({"file": str(path), **of, "differs": is_other, "comparison": found.to_json()})
    else:
        say((f"{path}", "bold"), "  ", _MARKS[is_other])
        say(f"  {found.sentence}")
    return EXIT_NOT_MET if is_other else EXIT_OK


def write_picture(path: Path, data: bytes) -> None:
    """Write what --picture asked for; raises ServiceError."""
    try:
        replace_file(path, data)
    except OSError as problem:
        raise ServiceError(
            f"{path} cannot be written ({problem.strerror})", "name another with --picture"
        ) from None
