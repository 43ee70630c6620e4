"""One map of a suspect's sound from one map for each of its originals. Pure.

Each map says of what it does not know that it is something else. So the map that hears its original
for longest is taken, and what it does not know is asked of the others, the longest first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from .result import Interval, Segment, SegmentKind
from .segments import Shown

_LEAST = 0.2  # seconds: a shorter stretch of another original is as likely a coincidence
_FOREIGN = (
    SegmentKind.INSERTED,
    SegmentKind.REPLACED,
    SegmentKind.ABSENT,
    SegmentKind.UNCLEAR,
)


class Heard(Protocol):
    """What one map says: the suspect's segments in order, and what it leaves out."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Without holes."""
        ...

    @property
    def removed(self) -> tuple[Interval, ...]:
        """Stretches of the original."""
        ...


def joined(maps: Sequence[Heard | None]) -> Shown | None:
    """Join the maps of originals, in the originals' order; None where there is no map at all."""
    found = {
        number: Shown(tuple(replace(each, source=number) for each in one.segments), one.removed)
        for number, one in enumerate(maps)
        if one is not None
    }
    order = sorted(found, key=lambda number: -sum(map(_length, _known(found[number].segments))))
    if not order:
        return None
    main = found[order[0]]
    segments = list(main.segments)
    for number in order[1:]:
        for other in _known(found[number].segments):
            segments = [part for each in segments for part in _filled(each, other)]
    return Shown(tuple(segments), main.removed)


def _known(segments: Sequence[Segment]) -> list[Segment]:
    return [each for each in segments if _is_known(each)]


def _is_known(segment: Segment) -> bool:
    return segment.original is not None and segment.kind not in _FOREIGN


def _length(segment: Segment) -> float:
    return segment.suspect[1] - segment.suspect[0]


def _filled(segment: Segment, other: Segment) -> Iterator[Segment]:
    """A segment, with what another original is heard in instead of what is not known."""
    start, end = (
        max(segment.suspect[0], other.suspect[0]),
        min(segment.suspect[1], other.suspect[1]),
    )
    if _is_known(segment) or end - start < _LEAST:
        yield segment
        return
    if start > segment.suspect[0]:
        yield within(segment, (segment.suspect[0], start))
    yield within(other, (start, end))
    if end < segment.suspect[1]:
        yield within(segment, (end, segment.suspect[1]))


def within(segment: Segment, suspect: Interval) -> Segment:
    """The part of a segment that lies in a stretch of it."""
    if segment.original is None:
        return replace(segment, suspect=suspect)
    first, last = segment.original
    length = max(_length(segment), 1e-9)
    shares = [(time - segment.suspect[0]) / length for time in suspect]
    if segment.rate is not None and segment.rate < 0:
        shares = [1 - shares[1], 1 - shares[0]]
    begin, end = (first + share * (last - first) for share in shares)
    return replace(segment, suspect=suspect, original=(begin, end))
