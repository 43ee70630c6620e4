"""The command line: one file a verb.

Exit codes: 0 the policy is met · 1 it is not met · 2 the call must be changed · 3 nothing recorded
or signed · 4 inconclusive · 5 a part of a batch failed. stdout is data, stderr is progress.
"""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from ledger.errors import FirsthandError

from ..errors import EXIT_USAGE, exit_code, of_system
from ..settings import read_settings
from . import compare, demo, detect, doctor, init, log, recall, record, serve, sign, trust, verify
from .console import note, say_error

_BY_SIGNAL = 128  # as shells count: 128 and the number of the signal that ended it
VERBS = (init, sign, record, verify, recall, compare, detect, trust, log, serve, doctor, demo)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal knows every character
    try:
        code = int(options.run(options, read_settings(os.environ)))
        sys.stdout.flush()  # what cannot be written is said now, not after the last word
    except FirsthandError as problem:
        say_error(problem)
        return exit_code(problem)
    except BrokenPipeError:  # `firsthand verify … | head` ends quietly
        _close_stdout()
        return _BY_SIGNAL + signal.SIGPIPE
    except OSError as problem:  # such as a full disk behind stdout
        _close_stdout()
        say_error(of_system(problem))
        return exit_code(of_system(problem))
    except KeyboardInterrupt:
        note("firsthand: interrupted; what was finished is kept")
        return _BY_SIGNAL + signal.SIGINT
    return code


def _close_stdout() -> None:
    """Let the interpreter's last flush go nowhere, where stdout cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Parser(argparse.ArgumentParser):
    """A parser that complains as everything here does: in one line that says what to do."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call, and exit."""
        say_error(FirsthandError(message, f"for how to call it: {self.prog} --help"))
        sys.exit(EXIT_USAGE)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of every verb."""
    parser = _Parser(
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
