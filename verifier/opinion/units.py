"""The named parts of a file that a data hash may leave out: which are metadata, which are not.

C2PA 2.2, 9.2.5 and 15.12.1.1: a signer may leave out metadata such as EXIF or XMP (which are then
not attributed to him), and nothing else beside the manifest store and its padding.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.errors import FormatError

from .coverage import Guard, Region
from .source import Range, Source

_MAX_UNITS = 1 << 16
_BLOCK = 1 << 20
_MARKER = re.compile(rb"\xff[^\x00\xff]")  # T.81, B.1.1.5: in a scan, the next marker
# T.81, table B.1, whose symbols C2PA 2.2, 18.7.3.1 has for names.
_OTHERS = ("SOI", "EOI", "SOS", "DQT", "DNL", "DRI", "DHP", "EXP", "DHT", "JPG", "DAC", "COM")
_SYMBOLS = {
    **{0xC0 + number: f"SOF{number}" for number in range(16)},
    **{0xD0 + number: f"RST{number}" for number in range(8)},
    **{0xE0 + number: f"APP{number}" for number in range(16)},
    **{0xF0 + number: f"JPG{number}" for number in range(14)},
    **dict(zip((*range(0xD8, 0xE0), 0xC4, 0xC8, 0xCC, 0xFE), _OTHERS, strict=True)),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a file by its format's own framing: header, then from `body` on what it holds.

    `box` is its name where boxes are hashed one by one (C2PA 2.2, 18.7.3), and empty elsewhere.
    """

    start: int
    body: int
    end: int
    what: str
    metadata: bool = False
    box: str = ""


def name_open(source: Source, ranges: Sequence[Range]) -> Iterator[tuple[Region, bool]]:
    """Cut what is left out at the borders of a file's units, and name it.

    Yields regions, each with whether C2PA lets it be left out: metadata, of which a header is left
    out with the whole of its unit alone. A header that somebody could change would say how far the
    metadata reach, and so where the picture starts.
    """
    found = list(units(source))
    at = 0
    for start, end in ranges:
        place = start
        while at > 0 and found[at - 1].end > start:
            at -= 1
        while at < len(found) and found[at].end <= start:
            at += 1
        for unit in found[at:]:
            if unit.start >= end:
                break
            if place < unit.start:
                yield Region(place, unit.start, Guard.OPEN, _UNKNOWN), False
            first, place = max(place, unit.start), min(end, unit.end)
            allowed = unit.metadata and (first >= unit.body or end >= unit.end)
            yield Region(first, place, Guard.OPEN, unit.what), allowed
        if place < end:
            yield Region(place, end, Guard.OPEN, _UNKNOWN), False


_UNKNOWN = "content"


def units(source: Source) -> Iterator[Unit]:
    """Walk the units of a file as far as its framing is whole."""
    head = source.read(0, min(12, source.size))
    walk = next((walk for fits, walk in _WALKS if fits(head)), None)
    if walk is None:
        return
    try:
        for _, unit in zip(range(_MAX_UNITS), walk(source), strict=False):
            if unit.end > source.size:
                return
            yield unit
    except FormatError:
        return


def _jpeg(source: Source) -> Iterator[Unit]:
    at = 0
    while at + 2 <= source.size:
        marker = source.read(at, 2)
        if marker[0] != 0xFF:
            yield Unit(at, at, source.size, "bytes behind the picture")
            return
        if marker[1] == 0xFF:  # ITU-T T.81, B.1.1.2: fill bytes
            yield Unit(at, at, at + 1, "fill bytes")
            at += 1
            continue
        name = _SYMBOLS.get(marker[1], "")
        if marker[1] in (0xD8, 0xD9):
            yield Unit(at, at, at + 2, "start or end of a picture", box=name)
            at += 2
        elif 0xD0 <= marker[1] <= 0xD7:
            end = _end_of_scan(source, at + 2)
            yield Unit(at, at, end, "the picture", box=name)
            at = end
        else:
            end = at + 2 + int.from_bytes(source.read(at + 2, 2))
            if marker[1] == 0xDA:
                end = _end_of_scan(source, end)
                yield Unit(at, at, end, "the picture", box=name)
            else:
                what, metadata = _segment(marker[1], source.read(at + 4, min(40, end - at - 4)))
                yield Unit(at, at + 4, end, what, metadata, name)
            at = max(end, at + 4)


def _end_of_scan(source: Source, at: int) -> int:
    while at < source.size:
        block = source.read(at, min(_BLOCK, source.size - at))
        if found := _MARKER.search(block):
            return at + found.start()
        at += max(1, len(block) - 1)  # a marker may lie across two blocks
    return source.size


def _segment(marker: int, head: bytes) -> tuple[str, bool]:
    for number, start, what in (
        (0xE1, b"Exif\x00", "EXIF"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00", "XMP"),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\x00", "XMP"),
        (0xED, b"Photoshop 3.0\x00", "IPTC and Photoshop's own"),
    ):
        if marker == number and head.startswith(start):
            return what, True
    if marker == 0xFE:
        return "a comment", True
    if 0xE0 <= marker <= 0xEF:
        return f"a segment of an application (APP{marker - 0xE0})", False
    return _TABLES, False


def _png(source: Source) -> Iterator[Unit]:
    yield Unit(0, 0, 8, "start of the picture", box="PNGh")
    at = 8
    while at + 12 <= source.size:
        head = source.read(at, 8)
        end = at + 12 + int.from_bytes(head[:4])
        if end > source.size:
            break
        kind = head[4:].decode("latin-1")
        what = {"eXIf": "EXIF", "tIME": "a time"}.get(kind)
        if kind in ("tEXt", "zTXt", "iTXt"):
            xmp = source.read(at + 8, 17) if end - at >= 29 else b""
            what = "XMP" if xmp == b"XML:com.adobe.xmp" else "a text"
        yield Unit(at, at + 8, end, what or f"a chunk ({kind})", what is not None, kind)
        at = end
    if at < source.size:
        yield Unit(at, at, source.size, "bytes behind the picture")


def _riff(source: Source) -> Iterator[Unit]:
    at = 0
    while at + 8 <= source.size:
        head = source.read(at, min(12, source.size - at))
        kind, inner = head[:4].decode("latin-1"), head[8:].decode("latin-1")
        if kind == "RIFF":  # C2PA 2.2, 18.7.3.5: of each of the outermost, its first twelve bytes
            yield Unit(at, at, at + 12, "start of the file", box=inner)
            at += 12
            continue
        length = int.from_bytes(head[4:8], "little")
        end = at + 8 + length + length % 2
        what = "titles and names (INFO)" if (kind, inner) == ("LIST", "INFO") else _RIFF.get(kind)
        named = inner if kind == "LIST" else kind
        yield Unit(at, at + 8, end, what or f"a chunk ({kind})", what is not None, named)
        at = end


_RIFF = {
    "EXIF": "EXIF",
    "XMP ": "XMP",
    "_PMX": "XMP",
    "id3 ": "ID3",
    "ID3 ": "ID3",
    "bext": "broadcast metadata (bext)",
    "iXML": "recorder's metadata (iXML)",
}


def _gif(source: Source) -> Iterator[Unit]:
    """The blocks of a GIF (GIF89a, 17 to 27), by the names of C2PA 2.2, 18.7.3.4."""
    yield Unit(0, 0, 6, "start of the picture", box="GIF89a")
    at = 13 + _colours(source, 10)
    yield Unit(6, 6, at, _TABLES, box="LSD")
    while (kind := source.read(at, 1)[0]) != 0x3B:
        start = at
        if kind == 0x2C:
            at += 10 + _colours(source, at + 9)
            yield Unit(start, start, at, _TABLES, box="2C")
            start, at = at, _end_of_blocks(source, at + 1)
            yield Unit(start, start, at, "the picture", box="TBID")
        elif kind == 0x21:
            label, at = source.read(at + 1, 13), _end_of_blocks(source, at + 2)
            what = "a comment" if label[0] == 0xFE else _GIF.get(label[1:])
            named = f"21{label[0]:02X}"
            # What it is cut into says where it ends: so what it holds starts at its end.
            yield Unit(start, at, at, what or f"an extension ({named})", what is not None, named)
        else:
            return
    yield Unit(at, at, at + 1, "end of the picture", box="3B")
    if at + 1 < source.size:
        yield Unit(at + 1, at + 1, source.size, "bytes behind the picture")


_TABLES = "what the picture is decoded by"
_GIF = {b"\x0bXMP DataXMP": "XMP"}


def _colours(source: Source, at: int) -> int:
    """Return how long the colour table is that the flags at `at` speak of (GIF89a, 18 and 20)."""
    flags = source.read(at, 1)[0]
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(source: Source, at: int) -> int:
    """Return where sub-blocks end (GIF89a, 15 and 16)."""
    block, start = b"", at
    while True:
        if at - start >= len(block):
            start, block = at, source.read(at, max(1, min(_BLOCK, source.size - at)))
        length = block[at - start]
        at += 1 + length
        if not length:
            return at


def _id3(source: Source) -> Iterator[Unit]:
    """The frames of an ID3v2 tag (id3v2.4.0-structure, 4), all of which are metadata."""
    head = source.read(0, 10)
    size = sum((byte & 127) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
    yield Unit(0, 0, 10, "start of the file")
    at, end = 10, min(10 + size, source.size)
    while at + 10 <= end and (frame := source.read(at, 10))[0]:
        length = int.from_bytes(frame[4:8])
        if head[3] == 4:
            length = sum((b & 127) << 7 * place for place, b in enumerate(reversed(frame[4:8])))
        what = f"ID3 ({frame[:4].decode('latin-1')})"
        yield Unit(at, at + 10, at + 10 + length, what, metadata=True)
        at += 10 + length


_WALKS: tuple[tuple[Callable[[bytes], bool], Callable[[Source], Iterator[Unit]]], ...] = (
    (lambda head: head[:2] == b"\xff\xd8", _jpeg),
    (lambda head: head[:8] == b"\x89PNG\r\n\x1a\n", _png),
    (lambda head: head[:4] == b"RIFF", _riff),
    (lambda head: head[:4] == b"GIF8", _gif),
    (lambda head: head[:3] == b"ID3", _id3),
)
