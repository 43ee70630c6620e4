"""Where a manifest store lies in a file, and which bytes are its container's (C2PA 2.2, app. A).

An exclusion of the hard binding may cover the container and nothing else, so its extent matters as
much as what is in it. Each walk goes by the format's own framing, and ends: every step moves on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.jumbf import MAX_STORE_SIZE

from .bmff import C2PA_UUID, top_boxes
from .source import NotRead, Range, Source

_SUPERBOX = b"jumb"
# A description box of type c2pa, right behind the superbox's header (C2PA 2.2, 11.1.4.2).
_STORE = bytes.fromhex("0000001e 6a756d64 63327061 00110010800000aa00389b71")
_MAX_STEPS = 1 << 20
_TIFF_TAG = 0xCD41


@dataclass(frozen=True, slots=True)
class Embedded:
    """A manifest store: its JUMBF bytes, and the ranges of the file that are its container.

    `pieces` are the ranges in which the store's own bytes lie, one behind the other; none of a
    store that lies beside its file.
    """

    store: bytes
    container: tuple[Range, ...] = ()
    pieces: tuple[Range, ...] = ()


def find_store(source: Source) -> Embedded | None:
    """Return the manifest store of a file, None where there is none in its place.

    Raises FormatError where there are several, or where the file's own framing is broken before it;
    NotRead for files in which it does not look.
    """
    head = source.read(0, min(12, source.size))
    for fits, walk in _WALKS:
        if fits(head):
            return _only(walk(source))
    raise NotRead("it does not look for manifests in files of this type")


def _only(walk: Iterator[Embedded]) -> Embedded | None:
    found: list[Embedded] = []
    try:
        for each in walk:
            found.append(each)
            if len(found) > 1:  # C2PA 2.2, 15.5.2.1: one manifest store a file
                raise FormatError("the file holds more than one manifest store")
    except FormatError:
        if len(found) != 1:  # what is broken behind the store is the hard binding's business
            raise
    return found[0] if found else None


def _jpeg(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.1: a box cut into APP11 segments (ISO/IEC 19566-5, annex D)."""
    boxes: dict[bytes, bytearray] = {}
    ranges: dict[bytes, list[Range]] = {}
    pieces: dict[bytes, list[Range]] = {}
    at = 2
    while at + 4 <= source.size:
        marker = source.read(at, 4)
        if marker[0] != 0xFF:  # no longer a JPEG
            break
        if marker[1] == 0xFF:  # ITU-T T.81, B.1.1.2: fill bytes
            at += 1
            continue
        if marker[1] in (0xDA, 0xD9):  # T.81, B.1.1.3: start of scan, end of image
            break
        end = at + 2 + int.from_bytes(marker[2:])
        segment = source.read(at + 4, max(0, end - at - 4))
        if marker[1] == 0xEB and segment[:2] == b"JP" and len(segment) >= 16:  # 19566-5, D.2
            key = segment[2:4] + segment[8:16]  # box instance, and the box's header
            first = key not in boxes
            content = 8 if first else 16  # each further segment repeats the box's header
            boxes.setdefault(key, bytearray()).extend(segment[content:])
            pieces.setdefault(key, []).append((at + 4 + content, end))
            ranges.setdefault(key, []).append((at, end))
        at = max(end, at + 2)
    for key, box in boxes.items():
        if box[4:8] == _SUPERBOX and box[8 : 8 + len(_STORE)] == _STORE:
            yield Embedded(bytes(box), _joined(ranges[key]), tuple(pieces[key]))


def _joined(ranges: list[Range]) -> tuple[Range, ...]:
    joined = ranges[:1]
    for start, end in ranges[1:]:
        if start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _png(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.2: a `caBX` chunk."""
    at = 8
    for _ in _steps():
        if at + 12 > source.size:
            return
        head = source.read(at, 8)
        length = int.from_bytes(head[:4])
        if head[4:] == b"caBX":
            yield _whole(source, at + 8, length, ((at, at + 12 + length),))
        at += 12 + length


def _riff(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.6: a `C2PA` chunk of the RIFF chunk itself."""
    at = 12
    for _ in _steps():
        if at + 8 > source.size:
            return
        head = source.read(at, 8)
        length = int.from_bytes(head[4:], "little")
        end = min(at + 8 + length + length % 2, source.size)
        if head[:4] == b"C2PA":
            yield _whole(source, at + 8, length, ((at, end),))
        at += 8 + length + length % 2


def _gif(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.7: an application extension block (GIF89a, 26), before the pictures."""
    flags = source.read(10, 1)[0]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in _steps():
        if source.read(at, 1) != b"\x21":  # a picture, or the end
            return
        block, pieces, end = _sub_blocks(source, at + 2)
        if source.read(at, 14) == b"\x21\xff\x0bC2PA_GIF\x01\x00\x00":
            yield Embedded(block[11:], ((at, end),), pieces[1:])
        at = end


def _sub_blocks(source: Source, at: int) -> tuple[bytes, tuple[Range, ...], int]:
    """Join GIF's sub-blocks (GIF89a, 15); return them, where each lies, and where they end."""
    data = bytearray()
    pieces = []
    while length := source.read(at, 1)[0]:
        data += source.read(at + 1, length)
        pieces.append((at + 1, at + 1 + length))
        at += 1 + length
        if len(data) > MAX_STORE_SIZE:
            raise FormatError("a GIF extension is longer than a manifest store may be")
    return bytes(data), tuple(pieces), at + 1


def _tiff(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.5: the value of tag 0xCD41; its entry's count is part of the container."""
    head = source.read(0, 8)
    order = "little" if head[:2] == b"II" else "big"

    def number(at: int, length: int) -> int:
        return int.from_bytes(source.read(at, length), order)  # type: ignore[arg-type]  # either

    big = number(2, 2) == 43
    width, entry, counted = (8, 20, 8) if big else (4, 12, 2)
    directory = number(8, 8) if big else number(4, 4)
    seen: set[int] = set()
    while directory and directory not in seen and len(seen) < 16:
        seen.add(directory)
        count = number(directory, counted)
        if count > 4096:
            raise FormatError(f"a TIFF directory of {count} entries")
        for index in range(count):
            at = directory + counted + index * entry
            if number(at, 2) == _TIFF_TAG:
                length, start = number(at + 4, width), number(at + 4 + width, width)
                container = ((at + 4, at + 4 + 2 * width), (start, start + length))
                yield _whole(source, start, length, container)
        directory = number(directory + counted + count * entry, width)


def _id3(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.3.4: a GEOB frame of an ID3v2 tag (id3v2.4.0-frames, 4.15)."""
    head = source.read(0, 10)
    if head[:3] != b"ID3":
        return
    if head[3] not in (3, 4) or head[5] & 0xC0:
        raise NotRead("an ID3 tag of another version, unsynchronised or extended")
    at, end = 10, 10 + _syncsafe(head[6:10])
    for _ in _steps():
        if at + 10 > end or (frame := source.read(at, 10))[0] == 0:  # padding
            return
        length = _syncsafe(frame[4:8]) if head[3] == 4 else int.from_bytes(frame[4:8])
        if frame[:4] == b"GEOB":
            content = source.read(at + 10, length)
            parts = content[1:].split(b"\x00", 3)  # media type, file name, description, object
            if len(parts) == 4 and parts[0] in _GEOB_TYPES:
                end_of_frame = at + 10 + length
                piece = (end_of_frame - len(parts[3]), end_of_frame)
                yield Embedded(parts[3], ((at, end_of_frame),), (piece,))
        at += 10 + length


_GEOB_TYPES = (b"application/c2pa", b"application/x-c2pa-manifest-store")


def _syncsafe(data: bytes) -> int:
    if max(data) > 127:
        raise FormatError("an ID3 size is not syncsafe")
    return sum(byte << 7 * place for place, byte in enumerate(reversed(data)))


def _bmff(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.5.3: a `uuid` box with the purpose `manifest`."""
    for box in top_boxes(source):
        head = source.read(box.body, min(29, box.end - box.body))
        if box.kind != b"uuid" or head[:16] != C2PA_UUID:
            continue
        # Version and flags, then the purpose, then the offset of the first Merkle box.
        if head[20:29] == b"manifest\x00":
            start = box.body + 29 + 8
            whole = _store(source, start, box.end - start)
            store = whole[: int.from_bytes(whole[:4])]
            if any(whole[len(store) :]):  # room that was left there: no hash covers it
                raise FormatError("something follows the manifest store in its box")
            yield Embedded(store, ((box.start, box.end),), ((start, start + len(store)),))
        elif head[20:].startswith((b"original\x00", b"update\x00")):
            raise NotRead("a film with an update of its manifest")
        elif not head[20:].startswith(b"merkle\x00"):
            # By its type it is left out of the hash, whatever it is for: another store, or words.
            yield Embedded(b"", ((box.start, box.end),))


def _pdf(source: Source) -> Iterator[Embedded]:
    """C2PA 2.2, A.4.1: an embedded file, found by its first bytes: a PDF has no order of parts."""
    for at in source.find(_SUPERBOX + _STORE, 17):
        length = int.from_bytes(source.read(at - 4, 4))
        yield _whole(source, at - 4, length, ((at - 4, at - 4 + length),))


def _whole(source: Source, start: int, length: int, container: tuple[Range, ...]) -> Embedded:
    """Read a store that lies in one piece."""
    return Embedded(_store(source, start, length), container, ((start, start + length),))


def _store(source: Source, start: int, length: int) -> bytes:
    if length > MAX_STORE_SIZE:
        raise FormatError(f"the manifest store is over {MAX_STORE_SIZE} bytes long")
    return source.read(start, length)


def _steps() -> Iterator[int]:
    yield from range(_MAX_STEPS)
    raise FormatError(f"over {_MAX_STEPS} parts in a file")


_WALKS: tuple[tuple[Callable[[bytes], bool], Callable[[Source], Iterator[Embedded]]], ...] = (
    (lambda head: head[:2] == b"\xff\xd8", _jpeg),
    (lambda head: head[:8] == b"\x89PNG\r\n\x1a\n", _png),
    (lambda head: head[:4] == b"RIFF", _riff),
    (lambda head: head[:4] == b"GIF8", _gif),
    (lambda head: head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"), _tiff),
    (lambda head: head[:3] == b"ID3" or head[:4] == b"fLaC", _id3),
    (lambda head: head[:5] == b"%PDF-", _pdf),
    (lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"free"), _bmff),
)
