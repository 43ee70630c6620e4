"""firsthand detect: an opinion on files that nobody signed, and the traces that edits left."""

import argparse
from pathlib import Path

from ledger.asset import read_asset_file
from ledger.errors import FirsthandError
from verifier.detector.examine import examine_in
from verifier.detector.result import Examination, examination_json
from verifier.detector.sentence import tell, tell_cue
from verifier.harmless import harmless_values
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox

from ..errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_PARTLY_FAILED, exit_code, of_system
from ..settings import Settings
from .console import advance, print_json, progress, say, say_error


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "detect",
        help="an opinion on files that nobody signed, and the traces that edits left",
        description="Says how strong the evidence is that a picture was generated, a face swapped "
        "or a voice cloned, and for which kind of file that holds; or why it says nothing. It "
        "needs no home and no record, and proves nothing. Exit code 0: there is an opinion; 4: it "
        "abstains, or the file cannot be read.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one object a file, one line each")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, _: Settings) -> int:
    """Examine each file; what it looks like never makes an exit code of its own."""
    codes = []
    with Sandbox() as sandbox, progress("Examining", len(options.files)) as bar:
        for path in options.files:
            codes.append(_one(sandbox, path, as_json=options.json))
            advance(bar)
    return codes[0] if len(set(codes)) == 1 else EXIT_PARTLY_FAILED


def _one(sandbox: Sandbox, path: Path, *, as_json: bool) -> int:
    try:
        asset = read_asset_file(path)
        found = examine_in(sandbox, path, asset.media_type, limits=limits_for(asset.size))
    except (FirsthandError, OSError) as unread:
        problem = of_system(unread) if isinstance(unread, OSError) else unread
        say_error(problem, "" if str(path) in problem.message else str(path))
        return exit_code(problem)
    if as_json:
        told = {name: harmless_values(each) for name, each in examination_json(found).items()}
        head = {"file": str(path), "sha256": asset.digest.hex, "media_type": asset.media_type.name}
        print_json(head | told)
    else:
        say((str(path), "bold"))
        print_examination(found)
    return (
        EXIT_OK if any(each.abstained is None for each in found.detections) else EXIT_INCONCLUSIVE
    )


def print_examination(found: Examination) -> None:
    """Print opinions, measurements and traces, a line each."""
    for detection in found.detections:
        say("  ", ("~", "magenta"), f" {'opinion':<16} {tell(detection)}")
        for cue in detection.cues:
            say("  ", ("~", "dim"), f" {'measured':<16} {tell_cue(cue)}")
    for trace in found.traces:
        limit = f" It does not show {trace.does_not_show}."
        say("  ", ("~", "magenta"), f" {'trace':<16} {trace.sentence}", (limit, "dim"))
    for sentence in found.not_looked_for:
        say("  ", ("·", "dim"), f" {'not looked for':<16} {sentence}")
