"""A stranger's text, made harmless to show: on a terminal, on a page, in JSON. Pure.

What it says stays as it is. What is there to move a cursor, to turn a line, to hide, or to run over
other lines becomes U+FFFD, so that one sees that something was there.
"""

import unicodedata
from collections.abc import Mapping
from itertools import groupby

_REPLACED = "\N{REPLACEMENT CHARACTER}"
# Letters and marks by their category, and nothing to see (Unicode: Default_Ignorable_Code_Point).
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))
}
_MOST_MARKS = 3  # one on another, as some languages write; more run over the lines around


def printable(text: str, limit: int = 200) -> str:
    """Make a text harmless to show, and cut it to `limit` characters.

    Controls, line ends, direction marks, invisible characters and towers of accents become U+FFFD.
    """
    shown = harmless(text[: limit + 1])
    return shown if len(text) <= limit else shown[: limit - 1] + "…"


def harmless(text: str) -> str:
    """Make a text harmless to show, whatever its length; the same again changes nothing."""
    if text.isascii() and text.isprintable():
        return text
    clean = "".join(c if c.isprintable() and c not in _UNSEEN else _REPLACED for c in text)
    runs = groupby(clean, lambda c: bool(unicodedata.combining(c)))
    return "".join(_cut(list(run), is_mark=is_mark) for is_mark, run in runs)


def _cut(run: list[str], *, is_mark: bool) -> str:
    if is_mark and len(run) > _MOST_MARKS:
        return "".join(run[:_MOST_MARKS]) + _REPLACED
    return "".join(run)


def harmless_values(value: object) -> object:
    """Make every text in plain values harmless, the names of their keys aside."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {key: harmless_values(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [harmless_values(each) for each in value]
    return value
