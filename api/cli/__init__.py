"""The command line: one file a verb.

Exit codes: 0 the policy is met · 1 it is not met · 2 the call must be changed · 3 nothing recorded
or signed · 4 inconclusive · 5 a part of a batch failed. stdout is data, stderr is progress.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ledger.errors import FirsthandError

from ..errors import exit_code
from ..settings import read_settings
from . import demo, doctor, init, log, record, serve, sign, verify
from .console import say_error

VERBS = (init, sign, record, verify, log, serve, doctor, demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `firsthand verify … | head` ends quietly
    try:
        return int(options.run(options, read_settings(os.environ)))
    except FirsthandError as problem:
        say_error(problem)
        return exit_code(problem)
    except KeyboardInterrupt:
        sys.stderr.write("firsthand: interrupted; what was finished is kept\n")
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every verb."""
    parser = argparse.ArgumentParser(
        prog="firsthand",
        description="Sign photographs, clips and recordings, keep a tamper-evident record of them, "
        "and say what can be established about any file.",
        epilog="The home is $FIRSTHAND_HOME, else ~/.firsthand.",
    )
    parser.add_argument("--version", action="version", version=f"firsthand {version('firsthand')}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.add(verbs)
    return parser
