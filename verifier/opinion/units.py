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
    return "what the picture is decoded by", False


def _png(source: Source) -> Iterator[Unit]:
    yield Unit(0, 0, 8, "start of the picture", box="PNGh")
    at = 8
    while at + 12 <= source.size:
        head = source.read(at, 8)
        end = at + 12 + int.from_bytes(head[:4])
        kind = head[4:].decode("latin-1")
        what = {"eXIf": "EXIF", "tIME": "a time"}.get(kind)
        if kind in ("tEXt", "zTXt", "iTXt"):
            xmp = source.read(at + 8, 17) if end - at >= 29 else b""
            what = "XMP" if xmp == b"XML:com.adobe.xmp" else "a text"
        yield Unit(at, at + 8, end, what or f"a chunk ({kind})", what is not None, kind)
        at = end


def _riff(source: Source) -> Iterator[Unit]:
    yield Unit(0, 0, 12, "start of the file")
    at = 12
    while at + 8 <= source.size:
        head = source.read(at, 8)
        length = int.from_bytes(head[4:], "little")
        end = at + 8 + length + length % 2
        kind = head[:4].decode("latin-1")
        what = _RIFF.get(kind)
        if kind == "LIST" and length >= 4 and source.read(at + 8, 4) == b"INFO":
            what = "titles and names (INFO)"
        yield Unit(at, at + 8, end, what or f"a chunk ({kind})", what is not None)
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
    (lambda head: head[:3] == b"ID3", _id3),
)
