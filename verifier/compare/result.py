"""What a comparison says. Frozen, serialisable, and in the suspect's terms.

Times are seconds from the start, as half-open intervals. Boxes are (left, top, width, height) in
pixels of the suspect as it is displayed. Parts of a picture are (left, top, right, bottom), each 0
to 1 of its width or height.
"""

from base64 import b64encode
from dataclasses import asdict, dataclass
from enum import StrEnum

Interval = tuple[float, float]
Part = tuple[float, float, float, float]
WHOLE: Part = (0.0, 0.0, 1.0, 1.0)


class SegmentKind(StrEnum):
    """How a stretch of the suspect relates to the original.

    INSERTED is not from this original at all; FROZEN shows one moment of it; REPEATED shows what an
    earlier stretch of the suspect has shown. REPLACED and ABSENT are said of sound only: other
    sound, or none, where the original has its own. UNCLEAR is no finding: what the record keeps of
    the original does not tell whether this stretch of sound is as it was.
    """

    SAME = "same"
    SLOWED = "slowed"
    SPED_UP = "sped-up"
    INSERTED = "inserted"
    REPEATED = "repeated"
    FROZEN = "frozen"
    REVERSED = "reversed"
    REPLACED = "replaced"
    ABSENT = "absent"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the suspect, and the stretch of the original that it shows.

    `rate` is seconds of the original in a second of the suspect: 0.75 is slowed, -1 is reversed, 0
    frozen. Both `original` and `rate` are None where it shows nothing of the original; but
    REPLACED, ABSENT and UNCLEAR name the `original` that should be heard there, where that is
    known. `source` tells several originals apart. `pitch` is by how many semitones sound is higher
    than in the original; None where that is not known. `starts` and `ends` are within what it may
    start and end, where it is known how exactly that is known: an edge in a pause cannot be heard.
    `rates` are likewise within what its rate may be.
    """

    suspect: Interval
    original: Interval | None
    rate: float | None
    kind: SegmentKind
    source: int = 0
    pitch: float | None = None
    starts: Interval | None = None
    ends: Interval | None = None
    rates: Interval | None = None


class RegionKind(StrEnum):
    """How a region of the suspect differs: its content, its colours alone, or it lies outside."""

    CHANGED = "changed"
    COLOUR = "colour"
    ADDED = "added"  # outside of what the original shows: a border, a caption bar, a frame around


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the suspect that differs from the original; `time` is None in a picture."""

    box: tuple[int, int, int, int]
    kind: RegionKind
    time: Interval | None = None


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the original was laid into the suspect.

    `crop` is the part of the original that can be seen, `placed` the part of the suspect that it
    fills. `rotation` is in degrees counter-clockwise, after the mirroring.
    """

    crop: Part = WHOLE
    placed: Part = WHOLE
    mirrored: bool = False
    rotation: float = 0.0


@dataclass(frozen=True, slots=True)
class Heat:
    """How much each part of a picture differs: rows from the top, 0 as in the original to 255.

    It lies over the whole suspect, and tells no more of the original than where it is another.
    """

    width: int
    height: int
    levels: bytes

    def __post_init__(self) -> None:
        """Refuse what is no map."""
        if len(self.levels) != self.width * self.height:
            raise ValueError("a heat map has one level for each of its parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that one comparison established; `sentence` says it in plain words.

    `removed` are stretches of the original, between its first and last shown moments, that the
    suspect leaves out. `lag` is by how many seconds the sound comes later, against the picture,
    than in the original; None where one of them was not compared.
    """

    sentence: str
    geometry: Geometry | None = None
    heat: Heat | None = None
    regions: tuple[Region, ...] = ()
    time_map: tuple[Segment, ...] = ()
    removed: tuple[Interval, ...] = ()
    sound: tuple[Segment, ...] = ()
    sound_removed: tuple[Interval, ...] = ()
    lag: float | None = None

    def to_json(self) -> dict[str, object]:
        """Return the `comparison` of a report, of plain values; the levels of heat in base64."""
        values = asdict(self)
        if self.heat is not None:
            values["heat"]["levels"] = b64encode(self.heat.levels).decode("ascii")
        return values
