"""Write docs/command-line.md from the parser itself: python docs/make_command_line.py."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from api.cli import build_parser

PAGE = Path(__file__).with_name("command-line.md")
_HEAD = """# Command line

What each verb says of itself (written by `docs/make_command_line.py`; a test keeps it complete).
"""


def parsers(
    parser: argparse.ArgumentParser, name: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every parser with its full name, from `parser` down."""
    yield name, parser
    for action in parser._actions:  # noqa: SLF001  # no other way to its verbs
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # nor to this
            for verb, below in action.choices.items():
                yield from parsers(below, f"{name} {verb}")


def page() -> str:
    """Return the whole page."""
    os.environ["COLUMNS"] = "96"
    sections = (
        f"## {name}\n\n```\n{parser.format_help().strip()}\n```\n"
        for name, parser in parsers(build_parser(), "firsthand")
    )
    return "\n".join((_HEAD, *sections))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
