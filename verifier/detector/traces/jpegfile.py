"""How a JPEG file is built: its tables, its kind of scan, its restart markers. Pure.

ITU-T T.81, annex B: segments up to the first scan are read, and no pixel.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .blocks import ZIGZAG

Table = tuple[int, ...]  # 64 quantisation steps, row by row of frequencies

_MOST_SEGMENTS = 4096
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that no length follows

# T.81, annex K.1: what libjpeg scales by its quality, as most programs have it from there.
_LUMINANCE: Table = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE: Table = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 32),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegFile:
    """What the header of a JPEG file says of how it was compressed.

    `tables` are the quantisation tables by their number, `sampling` each component's factors across
    and down, `uses` the table's number of each component. `restart` is the interval between restart
    markers in units of blocks, 0 for none; `applications` the names of its application segments.
    """

    tables: dict[int, Table] = field(default_factory=dict)
    sampling: tuple[tuple[int, int], ...] = ()
    uses: tuple[int, ...] = ()
    progressive: bool = False
    restart: int = 0
    applications: tuple[str, ...] = ()

    @property
    def luma(self) -> Table | None:
        """The quantisation table of the first component; None where the file names none."""
        return self.tables.get(self.uses[0]) if self.uses else None

    @property
    def chroma(self) -> Table | None:
        """The table of the second component; None where there is no second."""
        return self.tables.get(self.uses[1]) if len(self.uses) > 1 else None


def parse_header(data: bytes) -> JpegFile:
    """Read the segments before the first scan, as far as they are whole; never raises."""
    tables: dict[int, Table] = {}
    frame: tuple[int, bytes] = (0, b"")
    restart, names = 0, []
    for marker, body in _segments(data):
        if marker == 0xDB:
            tables |= _tables(body)
        elif marker in _FRAMES:
            frame = (marker, body)
        elif marker == 0xDD and len(body) >= 2:
            restart = struct.unpack_from(">H", body)[0]
        elif 0xE0 <= marker <= 0xEF:
            names.append(f"APP{marker - 0xE0} {_identifier(body)}".strip())
    components = _components(frame[1])
    return JpegFile(
        tables=tables,
        sampling=tuple((factors >> 4, factors & 15) for factors, _ in components),
        uses=tuple(number for _, number in components),
        progressive=frame[0] in _PROGRESSIVE,
        restart=restart,
        applications=tuple(names),
    )


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":  # T.81, B.1.1.2: fill bytes
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] == 0xDA:
            return
        marker = data[at + 1]
        if marker in _BARE:
            at += 2
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)


def _tables(body: bytes) -> dict[int, Table]:
    """T.81, B.2.4.1: each table's precision and number, then 64 steps in zigzag order."""
    found: dict[int, Table] = {}
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 128 if wide else 64
        steps = body[at + 1 : at + 1 + size]
        if len(steps) < size:
            break
        values = struct.unpack(">64H", steps) if wide else tuple(steps)
        table = [0] * 64
        for place, value in zip(ZIGZAG, values, strict=True):
            table[place] = value
        found[number] = tuple(table)
        at += 1 + size
    return found


def _components(frame: bytes) -> list[tuple[int, int]]:
    """T.81, B.2.2: of each component, its sampling factors and its table."""
    count = frame[5] if len(frame) > 5 else 0
    parts = (frame[6 + 3 * n : 9 + 3 * n] for n in range(min(count, 4)))
    return [(part[1], part[2]) for part in parts if len(part) == 3]


def _identifier(body: bytes) -> str:
    name = body[:32].split(b"\0")[0]
    return name.decode("ascii", "replace")[:32] if name.isascii() else ""


def libjpeg_table(quality: int, *, chroma: bool = False) -> Table:
    """The table that libjpeg makes for a quality of 1 to 100 (jcparam.c, jpeg_quality_scaling)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = _CHROMINANCE if chroma else _LUMINANCE
    return tuple(min(max((step * scale + 50) // 100, 1), 255) for step in base)


def libjpeg_quality(file: JpegFile) -> int | None:
    """The libjpeg quality whose tables these are, exactly; None where they are the maker's own."""
    luma, chroma = file.luma, file.chroma
    for quality in range(100, 0, -1):
        if luma == libjpeg_table(quality) and chroma in (
            None,
            luma,
            libjpeg_table(quality, chroma=True),
        ):
            return quality
    return None
