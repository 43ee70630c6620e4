"""How the index of an entry is written on the command line."""

import argparse

from ledger.checkpoint import MAX_SIZE


def is_index(text: str) -> bool:
    """Whether it reads as the index of an entry."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_SIZE))


def parse_index(text: str) -> int:
    """Read an index, for argparse."""
    if not is_index(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the index of an entry")
    return int(text)
