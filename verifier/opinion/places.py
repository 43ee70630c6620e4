"""Where the items of CBOR lie in their bytes (RFC 8949, 3): what a decoder does not tell. Pure."""

from dataclasses import dataclass

from ledger.errors import FormatError

_MAX_DEPTH = 8
_MAX_ITEMS = 4096


@dataclass(frozen=True, slots=True)
class Item:
    """An item from `start` up to `end`, and those in it: of a map, keys and values in turn."""

    start: int
    end: int
    items: tuple["Item", ...] = ()


def read_item(data: bytes, start: int, depth: int = 0) -> Item:
    """Read the item at `start`; raises FormatError for what is cut short, deep or indefinite."""
    if depth > _MAX_DEPTH:
        raise FormatError("CBOR that is nested too deeply")
    major, number, at = _head(data, start)
    if major in (2, 3):  # strings
        at += number
    inside = {4: number, 5: 2 * number, 6: 1}.get(major, 0)  # arrays, maps, tags
    if inside > _MAX_ITEMS:
        raise FormatError(f"CBOR of over {_MAX_ITEMS} items")
    items = []
    for _ in range(inside):
        items.append(read_item(data, at, depth + 1))
        at = items[-1].end
    if at > len(data):
        raise FormatError("CBOR that is cut short")
    return Item(start, at, tuple(items))


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """Return the major type of an item, its argument, and where what follows them starts."""
    if start >= len(data):
        raise FormatError("CBOR that is cut short")
    major, info = data[start] >> 5, data[start] & 31
    if info < 24:
        return major, info, start + 1
    if info > 27:
        raise FormatError("CBOR of an indefinite length")
    length = 1 << info - 24
    return major, int.from_bytes(data[start + 1 : start + 1 + length]), start + 1 + length
