"""What crosses the wall between a job and its parent: CBOR (RFC 8949), never pickle.

A job may have been taken over by the file it read, so its answer is hostile: plain values only,
every semantic tag refused before anything is built from it, and errors by a closed table of names.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import cbor2

from ledger.errors import AssetError, FirsthandError, FormatError
from verifier.errors import (
    DecoderFailed,
    LimitReached,
    NotComparable,
    SandboxError,
    ToolMissing,
    Unreadable,
    Unrelated,
    VerifierError,
)
from verifier.harmless import printable

_ERRORS: dict[str, type[FirsthandError]] = {
    error.__name__: error
    for error in (
        *(AssetError, FormatError, VerifierError, Unreadable),
        *(LimitReached, DecoderFailed, NotComparable, Unrelated, ToolMissing, SandboxError),
    )
}
_PLAIN = (bytes, str, int, float, bool, type(None))
_LONGEST_TEXT = 500  # characters of a message that a job may put before a person


class _NoTags(Mapping[int, Callable[[Any, bool], Any]]):
    """Stands where cbor2 looks up how to decode a tag, and refuses every one."""

    def __getitem__(self, tag: int) -> NoReturn:
        raise FormatError(f"an answer may not hold the CBOR tag {tag}")

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


def format_value(value: object) -> bytes:
    """Encode plain values; raises FormatError for any other (arrays, dates, objects)."""
    _require_plain(value)
    return cbor2.dumps(value)


def parse_value(data: bytes) -> object:
    """Decode hostile CBOR into plain values; raises FormatError for any other value or spelling."""
    try:
        value = cbor2.loads(
            data,
            semantic_decoders=_NoTags(),
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, RecursionError, MemoryError, OverflowError) as problem:
        raise FormatError(f"not plain CBOR ({problem})") from None
    if format_value(value) != data:
        raise FormatError("not CBOR as it is written here, or followed by something else")
    return value


def _require_plain(value: object) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is list:
            waiting.extend(item)
        elif type(item) is dict:
            if not all(type(key) is str for key in item):
                raise FormatError("the keys of an answer must be text")
            waiting.extend(item.values())
        elif type(item) not in _PLAIN:
            raise FormatError(f"an answer may not hold a {type(item).__name__}")


def format_error(error: FirsthandError) -> bytes:
    """Encode an error of ours as its name, message and remedy."""
    kind = next((name for name in _lineage(error) if name in _ERRORS), "DecoderFailed")
    return format_value({"error": [kind, error.message, error.remedy]})


def _lineage(error: FirsthandError) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def parse_answer(data: bytes) -> object:
    """Return the value of `{"value": …}`, or raise the error of `{"error": [name, …]}`.

    Raises FormatError for anything else, and for the name of an error that is not in the table.
    """
    answer = parse_value(data)
    if type(answer) is dict and set(answer) == {"value"}:
        return answer["value"]
    if type(answer) is dict and set(answer) == {"error"}:
        match answer["error"]:
            case [str(name), str(message), str(remedy)] if name in _ERRORS:
                raise _ERRORS[name](
                    printable(message, _LONGEST_TEXT), printable(remedy, _LONGEST_TEXT)
                )
    raise FormatError("an answer must hold a value, or an error of the table")
