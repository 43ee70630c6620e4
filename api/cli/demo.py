"""firsthand demo: the whole job on real files, as a table."""

import argparse
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verifier.media.sandbox import Sandbox

from ..demonstration import Row, demonstrate, own_subjects, shipped_subjects
from ..errors import EXIT_OK, ServiceError
from ..home import create_home, open_home
from ..services import Services
from ..settings import Settings
from .console import COLOURS, OUT, advance, harmless, note, print_json, progress

_STEPS = 4
_WIDE = 120


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "demo",
        help="sign, verify, tamper, re-encode: the whole job on real files",
        description="Works on copies in a folder of its own; the home is made if there is none.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files of your own")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), metavar="DIR", help="default: ./demo"
    )
    parser.add_argument("--json", action="store_true", help="one report a file, one line each")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Show it."""
    now = datetime.now(UTC)
    if not settings.home.exists():
        create_home(
            settings.home, origin="localhost/firsthand/demo", name="Firsthand demo", now=now
        )
        note(f"Created the home {settings.home}")
    home = open_home(settings.home)
    folder = options.output / f"{now:%Y-%m-%dT%H-%M-%S}"
    originals = folder / "originals"
    try:
        originals.mkdir(parents=True)
    except OSError as problem:
        raise ServiceError(
            f"{folder} cannot be made ({problem.strerror})", "name another folder with -o"
        ) from None
    subjects = (
        own_subjects(options.files, originals) if options.files else shipped_subjects(originals)
    )
    rows: list[Row] = []
    with (
        Services(home, Sandbox()) as services,
        progress("Signing, tampering, verifying", len(subjects) * _STEPS) as bar,
    ):
        for subject in subjects:
            for row in demonstrate(services, subject, folder):
                rows.append(row)
                advance(bar)
                if options.json:
                    print_json(row.report.to_json())
        size = services.reader.size
    if not options.json:
        _print_table(rows)
    _say_next(settings, folder, size)
    return EXIT_OK


def _print_table(rows: list[Row]) -> None:
    """Print a row a file; where the terminal is narrow, what was done stands under the name."""
    width = OUT.width if OUT.is_terminal else _WIDE
    wide = width >= _WIDE
    table = Table(title="What can be established about each file", title_justify="left")
    table.add_column("File", no_wrap=wide, overflow="fold")
    if wide:
        table.add_column("What was done to it", no_wrap=True)
    table.add_column("Conclusion", no_wrap=True)
    table.add_column("Why", overflow="fold")
    table.add_column("Time", justify="right", no_wrap=True)
    for number, row in enumerate(rows, 1):
        conclusion = row.report.conclusion
        name = harmless(row.file.name)
        what = [name, Text(row.done)] if wide else [name + Text(f"\n{row.done}")]
        table.add_row(
            *what,
            Text(conclusion.code, f"bold {COLOURS[conclusion.code]}"),
            harmless(conclusion.sentence),
            f"{row.seconds:.1f} s",
            end_section=number % _STEPS == 0,
        )
    Console(width=width, highlight=False, markup=False, emoji=False).print(table)


def _say_next(settings: Settings, folder: Path, size: int) -> None:
    program = shlex.quote(sys.argv[0])
    home = f"FIRSTHAND_HOME={shlex.quote(str(settings.home))}"
    note(f"The files and their log proofs are in {folder}; the log's tree size is {size}.")
    note(f"Check the whole log:   {home} {program} log fsck")
    note(f"Open the page:         {home} {program} serve")
