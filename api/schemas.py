"""What the HTTP interface answers, for its OpenAPI description."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, Field

from ledger.entry import Entry
from ledger.vocabulary import Digest

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

# The body is the file itself: no form, so nothing is copied or kept in memory on the way in.
OCTETS: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}
}
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is still what the ETag in If-None-Match names"}
}


def octets(media_type: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer that is a file of that type."""
    return {200: {"description": "The file itself", "content": {media_type: _BINARY}}}


BATCH: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in ("application/cbor", "application/cose", "application/x-ndjson")
        },
    }
}


class BatchAnswer(BaseModel):
    """The index of each entry of a batch, in its order; an entry that was there keeps its own."""

    tree_size: int
    indexes: list[int]


class Health(BaseModel):
    """The log can be read, and its checkpoint verifies."""

    origin: str
    tree_size: int


class ConclusionAnswer(BaseModel):
    """What it all comes to."""

    code: str
    sentence: str
    does_not_show: str
    settles: str = Field(description="what a person can do next to settle it")


class FindingAnswer(BaseModel):
    """One check."""

    step: str
    outcome: str
    code: str
    sentence: str
    does_not_show: str
    settles: str = Field(description="what a person can do next to settle it")


class LinkAnswer(BaseModel):
    """One manifest of the chain."""

    manifest: str
    signer: str
    list: str | None
    outcome: str
    codes: tuple[str, ...]
    sentence: str
    signed_at: str | None = Field(description="the proven time")
    depth: int = Field(description="0 is the active manifest, 1 what it was made from, and so on")
    is_parent: bool
    holder: str = Field(description="who signed over it")
    over: str = Field(description="the manifest that was signed over it")
    stamped_late: bool = Field(description="a later manifest carries its time-stamp")
    claimed_times: tuple[str, ...]
    outcome_of_bytes: str = Field(description="how whoever signed over it found its bytes")
    altered_before: bool = Field(description="whoever signed over it recorded that it was altered")
    rejudged: str = Field(description="what came of judging it again, here and now")
    reason: str = Field(description="why it was not judged again")
    bytes: str = Field(description="what holds of the bytes that it binds, if those are in hand")
    attested: bool = Field(description="a list attests the signer's name")


class MatchAnswer(BaseModel):
    """A recorded asset near the file."""

    index: int
    kind: str
    asset: str
    media_type: str
    distance: float | None
    false_match_rate: float | None
    algorithm: str | None
    title: str | None


class UncoveredAnswer(BaseModel):
    """Bytes that the hard binding skips."""

    bytes: tuple[int, int]
    what: str


Interval = tuple[float, float]
Part = tuple[float, float, float, float]


class SegmentAnswer(BaseModel):
    """A stretch of the file, and the stretch of the original that it shows."""

    suspect: Interval
    original: Interval | None
    rate: float | None = Field(description="seconds of the original in a second of the file")
    kind: str
    source: int
    starts: Interval | None = Field(description="within what it may start, where that is known")
    ends: Interval | None = Field(description="within what it may end")
    rates: Interval | None = Field(description="within what its rate may be")


class RegionAnswer(BaseModel):
    """A part of the file's picture that differs: left, top, width, height in its pixels."""

    box: tuple[int, int, int, int]
    kind: str
    time: Interval | None


class GeometryAnswer(BaseModel):
    """How the original was laid into the file: left, top, right, bottom, each 0 to 1."""

    crop: Part
    placed: Part
    mirrored: bool
    rotation: float


class HeatAnswer(BaseModel):
    """How much each part of the file's picture differs: rows from the top."""

    width: int
    height: int
    levels: str = Field(description="a byte for each part, 0 to 255, in base64")


class ComparisonAnswer(BaseModel):
    """What was done to the recorded original, in the terms of the file."""

    sentence: str
    geometry: GeometryAnswer | None
    heat: HeatAnswer | None
    regions: tuple[RegionAnswer, ...]
    time_map: tuple[SegmentAnswer, ...]
    removed: tuple[Interval, ...]
    sound: tuple[SegmentAnswer, ...]
    sound_removed: tuple[Interval, ...]
    lag: float | None


class RegionOfBytesAnswer(BaseModel):
    """Bytes from the first up to, and without, the second; `guard` is what protects them."""

    bytes: tuple[int, int]
    guard: str = Field(
        description="bound (hashed by the hard binding), signed (in the manifest), frame (the "
        "manifest's boxes and padding, which nothing covers), open (nothing protects them)"
    )
    what: str


class CoverageAnswer(BaseModel):
    """What the signature protects of a file of `size` bytes: each byte in one region."""

    size: int
    totals: dict[str, int] = Field(description="bytes by guard")
    regions: tuple[RegionOfBytesAnswer, ...]


class ChangedAnswer(BaseModel):
    """Bytes that were changed after signing, and the seconds of the film that they hold."""

    bytes: tuple[int, int]
    time: Interval | None


class AsOfAnswer(BaseModel):
    """The time that the report speaks of, what is concluded now, and why they differ."""

    time: str
    now: ConclusionAnswer
    because: tuple[str, ...]


class CueAnswer(BaseModel):
    """A measurement beside the range of 95 % of real media; it weighs nothing."""

    code: str
    value: float
    unit: str
    usual: tuple[float, float] | None
    sentence: str


class DetectionAnswer(BaseModel):
    """How strong the evidence is, or why nothing is said; `models` are its weights, by digest."""

    kind: str = Field(description="image, face, footage, video or audio")
    log10_lr: float | None
    interval: tuple[float, float] | None = Field(description="95 %")
    words: str
    abstained: str | None
    stratum: str = Field(description="the kind of file that this holds for")
    models: tuple[str, ...]
    sides: tuple[str, str] = Field(description="what a positive and a negative ratio speak for")
    experimental: bool
    cues: tuple[CueAnswer, ...]
    sentence: str


class TraceAnswer(BaseModel):
    """What an edit or a generator left: where, how clear, and what it does not show."""

    code: str
    sentence: str
    does_not_show: str
    boxes: tuple[tuple[int, int, int, int], ...] = Field(description="left, top, width, height")
    seconds: tuple[Interval, ...]
    score: float | None
    usual: float | None
    models: tuple[str, ...] = Field(description="weights of a learnt test, by digest")
    heat: HeatAnswer | None


class ReportAnswer(BaseModel):
    """Everything that one verification established."""

    file: str
    sha256: str | None
    media_type: str | None
    conclusion: ConclusionAnswer
    findings: tuple[FindingAnswer, ...]
    chain: tuple[LinkAnswer, ...]
    matches: tuple[MatchAnswer, ...]
    comparison: ComparisonAnswer | None
    uncovered: tuple[UncoveredAnswer, ...] | None
    coverage: CoverageAnswer | None = Field(description="what the signature protects, byte by byte")
    changed: tuple[ChangedAnswer, ...] = Field(
        description="bytes that were changed after signing, where the signature tells which"
    )
    detection: DetectionAnswer | None = Field(
        description="the detector's opinion on a file that nobody signed or recorded: it is no "
        "finding, and weighs nothing"
    )
    further_detections: tuple[DetectionAnswer, ...]
    traces: tuple[TraceAnswer, ...] = Field(description="what an edit or a generator left in it")
    not_looked_for: tuple[str, ...]
    as_of: AsOfAnswer | None = None
    engine: dict[str, str]


class RegistrationAnswer(BaseModel):
    """A file in the log."""

    index: int
    sha256: str
    media_type: str
    again: bool = Field(description="it was recorded before, at this index")
    proof: str = Field(description="the log proof (c2sp.org/tlog-proof)")


class FoundAnswer(BaseModel):
    """An entry that names a digest."""

    index: int
    role: str


class EntryAnswer(BaseModel):
    """One entry: its bytes in base64, and what they say."""

    index: int
    entry: str
    says: dict[str, Any]


def said(entry: Entry) -> dict[str, Any]:
    """Return what an entry says as plain JSON values; the key as 64 hexadecimal digits."""
    statement = entry.statement
    body = {field.name: _plain(getattr(statement, field.name)) for field in fields(statement)}
    return {"kind": statement.kind, "key": entry.key.hex()} | body


def _plain(value: object) -> Any:
    if isinstance(value, Digest):
        return str(value)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
