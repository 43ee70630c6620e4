"""firsthand detect: an opinion on files that nobody signed, and the traces that edits left."""

import argparse
from pathlib import Path

from ledger.asset import Asset, read_asset_file
from ledger.errors import FirsthandError
from verifier.compare.look import look_in
from verifier.compare.picturing import as_png
from verifier.detector.as_json import examination_json
from verifier.detector.draw import draw_examination
from verifier.detector.examine import examine_in
from verifier.detector.result import Examination
from verifier.detector.sentence import tell
from verifier.harmless import harmless_values
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox

from ..errors import (
    EXIT_INCONCLUSIVE,
    EXIT_OK,
    EXIT_PARTLY_FAILED,
    ServiceError,
    exit_code,
    of_system,
)
from ..settings import Settings
from .compare import write_picture
from .console import advance, print_json, progress, say, say_error


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "detect",
        help="an opinion on files that nobody signed, and the traces that edits left",
        description="Says how strong the evidence is that a picture was generated, a face swapped "
        "or a voice cloned, and for which kind of file that holds; or why it says nothing. It "
        "needs no home and no record, and proves nothing. Exit code 0: there is an opinion or a "
        "trace; 4: there is neither, or the file cannot be read.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--picture", type=Path, metavar="OUT.png", help="draw it, and where each trace was found"
    )
    parser.add_argument(
        "--model",
        dest="models",
        action="append",
        default=[],
        type=Path,
        metavar="DETECTOR.toml",
        help="ask somebody else's model of pictures too (docs/detector.md); may be given again",
    )
    parser.add_argument("--json", action="store_true", help="one object a file, one line each")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, _: Settings) -> int:
    """Examine each file; what it looks like never makes an exit code of its own."""
    codes = []
    if options.picture and len(options.files) > 1:
        raise ServiceError("--picture draws one file", "name just that file")
    with Sandbox() as sandbox, progress("Examining", len(options.files)) as bar:
        for path in options.files:
            codes.append(_one(sandbox, path, options))
            advance(bar)
    return codes[0] if len(set(codes)) == 1 else EXIT_PARTLY_FAILED


def _one(sandbox: Sandbox, path: Path, options: argparse.Namespace) -> int:
    try:
        asset = read_asset_file(path)
        limits = limits_for(asset.size)
        found = examine_in(sandbox, path, asset.media_type, limits=limits, models=options.models)
        if options.picture:
            write_picture(options.picture, _drawn(sandbox, path, asset, found))
    except (FirsthandError, OSError) as unread:
        problem = of_system(unread) if isinstance(unread, OSError) else unread
        say_error(problem, "" if str(path) in problem.message else str(path))
        return exit_code(problem)
    if options.json:
        told = {name: harmless_values(each) for name, each in examination_json(found).items()}
        head = {"file": str(path), "sha256": asset.digest.hex, "media_type": asset.media_type.name}
        print_json(head | told)
    else:
        say((str(path), "bold"))
        print_examination(found)
    has_opinion = any(each.abstained is None for each in found.detections)
    return EXIT_OK if has_opinion or found.traces else EXIT_INCONCLUSIVE


def _drawn(sandbox: Sandbox, path: Path, asset: Asset, found: Examination) -> bytes:
    times = [seconds for trace in found.traces for seconds in trace.seconds]
    at = sum(times[0]) / 2 if times else 0.0
    seen = look_in(sandbox, path, asset.media_type, at=at, limits=limits_for(asset.size))
    drawn = draw_examination(path.name, found, seen.picture, seen.size, seen.strip)
    return as_png(drawn)


def print_examination(found: Examination) -> None:
    """Print opinions, measurements and traces, a line each."""
    for detection in found.detections:
        say("  ", ("~", "magenta"), f" {'opinion':<16} {tell(detection)}")
        for cue in detection.cues:
            say("  ", ("~", "dim"), f" {'measured':<16} {cue.sentence}")
    for trace in found.traces:
        say(
            "  ",
            ("~", "magenta"),
            f" {'trace':<16} {trace.sentence}",
            (f" {trace.does_not_show}", "dim"),
        )
    for sentence in found.not_looked_for:
        say("  ", ("·", "dim"), f" {'not looked for':<16} {sentence}")
