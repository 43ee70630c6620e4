"""firsthand sign: sign files, record them, and write the evidence beside them."""

import argparse
from pathlib import Path

from ledger.errors import AssetError
from signer.actions import DigitalSourceType
from verifier.media.sandbox import Sandbox

from ..errors import ServiceError
from ..home import open_home
from ..registrar import Recorded, write_proof
from ..services import Services
from ..settings import Settings
from .batch import SOURCE_TYPES, add_statement, each, statement


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "sign",
        help="sign files with a C2PA manifest and record them",
        description="Writes a signed copy of each file, and its log proof beside the copy. The "
        "input is never changed, an existing file never replaced.",
    )
    add_statement(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="where to (default: NAME.signed.EXT beside)",
    )
    parser.add_argument("--parent", type=Path, metavar="FILE", help="the file it was made from")
    parser.add_argument(
        "--source-type",
        choices=sorted(SOURCE_TYPES),
        default="digitalCapture",
        metavar="TYPE",
        help="how it came to be, in IPTC's words (default: digitalCapture; a file with a parent "
        f"keeps what that says): {', '.join(sorted(SOURCE_TYPES))}",
    )
    parser.add_argument(
        "--resume", action="store_true", help="keep what an interrupted call finished; do the rest"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Sign each file."""
    home = open_home(settings.home)
    said = statement(options, DigitalSourceType(SOURCE_TYPES[options.source_type]))
    if options.output:
        _make_folder(options.output)

    with Services(home, Sandbox()) as services:

        def act(source: Path) -> Recorded:
            destination = _destination(source, options.output)
            do = services.registrar.resume if options.resume else services.registrar.sign
            recorded = do(source, destination, said, options.parent)
            write_proof(recorded)
            return recorded

        return each("Signing", options, act)


def _destination(source: Path, folder: Path | None) -> Path:
    if not source.name:  # such as . and /
        raise AssetError(f"{source} is a folder", "name the files in it")
    if folder is None:
        return source.with_name(f"{source.stem}.signed{source.suffix}")
    return folder / source.name


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ServiceError(
            f"{folder} cannot be made ({problem.strerror})", "name another folder with -o"
        ) from None
