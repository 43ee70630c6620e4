"""From lines to what is said: segments of the suspect, and what it leaves out of the original."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from .bends import Bend
from .lines import Piece, Times
from .result import Interval, Segment, SegmentKind
from .timeline import GAP, STANDS

LEAST = 0.1  # seconds: shorter overlaps and holes are as likely a rounding of ours
_AGAIN = 0.15  # seconds, likewise: two edges of ours bound what is shown again
_SAME = 0.012  # of the rate


@dataclass(frozen=True, slots=True)
class Shown:
    """The segments, in the suspect's order, and what is removed of one original."""

    segments: tuple[Segment, ...]
    removed: tuple[Interval, ...] = ()

    def seconds(self, source: int) -> float:
        """How long the suspect shows this original."""
        return sum(
            each.suspect[1] - each.suspect[0]
            for each in self.segments
            if each.original is not None and each.source == source
        )


def segments_of(
    pieces: Sequence[Piece],
    times: Times,
    duration: float,
    sources: Sequence[tuple[float, float, int]],
) -> Shown:
    """Segments that fill the suspect from its first frame to its end.

    `sources` are where each original begins on the axis of moments, its duration, and its number.
    """
    found: list[Segment] = []
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        start = float(times[piece.first])
        end = duration if following is None else float(times[following.first])
        found += _segments(piece, (start, end), sources)
    return Shown(tuple(_repeats(found)))


def _segments(
    piece: Piece, suspect: Interval, sources: Sequence[tuple[float, float, int]]
) -> list[Segment]:
    if piece.line is None:
        return [Segment(suspect, None, None, SegmentKind.INSERTED)]
    line = piece.line
    moments = line.at(np.array(suspect))
    start, length, number = max(
        (each for each in sources if each[0] <= float(moments.mean()) + GAP / 2),
        key=lambda each: each[0],
    )
    first, last = sorted(float(np.clip(each - start, 0, length)) for each in moments)
    kind = _kind(line.rate)
    if kind is SegmentKind.FROZEN:
        first = last = (first + last) / 2
    rate = {SegmentKind.SAME: 1.0, SegmentKind.FROZEN: 0.0}.get(kind, line.rate)
    return [Segment(suspect, (first, last), rate, kind, number)]


def _kind(rate: float) -> SegmentKind:
    if abs(rate) < STANDS:
        return SegmentKind.FROZEN
    if rate < 0:
        return SegmentKind.REVERSED
    if abs(rate - 1) < _SAME:
        return SegmentKind.SAME
    return SegmentKind.SLOWED if rate < 1 else SegmentKind.SPED_UP


def _repeats(segments: Sequence[Segment]) -> list[Segment]:
    """Segments, split where they begin or cease to show what an earlier one has shown."""
    done: list[Segment] = []
    for segment in segments:
        earlier = [
            each.original
            for each in done
            if each.original is not None
            and each.source == segment.source
            and each.kind is not SegmentKind.FROZEN
        ]
        done += _split(segment, earlier)
    return done


def _split(segment: Segment, earlier: Sequence[Interval]) -> list[Segment]:
    """A segment cut at the edges of what was shown before, those parts as repeated."""
    if segment.original is None or segment.kind is SegmentKind.FROZEN:
        return [segment]
    begin, end = segment.original
    again = united([(max(first, begin), min(last, end)) for first, last in earlier], LEAST)
    again = [each for each in again if each[1] - each[0] > _AGAIN]
    edges = [edge for each in again for edge in each]
    inner = [edge for edge in edges if begin + LEAST < edge < end - LEAST]
    parts = []
    for first, last in pairwise([begin, *inner, end]):
        part = _part(segment, (first, last))
        if any(a <= (first + last) / 2 <= b for a, b in again):
            part = replace(part, kind=SegmentKind.REPEATED)
        parts.append(part)
    return sorted(parts, key=lambda each: each.suspect)


def _part(segment: Segment, original: Interval) -> Segment:
    """The part of a segment that shows this part of the original."""
    whole = segment.original
    assert whole is not None  # noqa: S101  # asked by the caller
    length = max(whole[1] - whole[0], 1e-9)
    shares = [(each - whole[0]) / length for each in original]
    if segment.rate is not None and segment.rate < 0:
        shares = [1 - shares[1], 1 - shares[0]]
    start, end = segment.suspect
    first, last = (start + share * (end - start) for share in shares)
    return replace(segment, suspect=(first, last), original=original)


def within(shown: Shown, bends: Sequence[Bend]) -> Shown:
    """Add within what stretches at another speed, and what is beside them, begin and end."""
    edges = {bend.suspect[1]: bend.ends for bend in bends}
    edges |= {bend.suspect[0]: bend.starts for bend in bends}
    rates = {bend.suspect: bend.rates for bend in bends}
    segments = [
        replace(
            each,
            starts=edges.get(each.suspect[0]),
            ends=edges.get(each.suspect[1]),
            rates=rates.get(each.suspect),
        )
        for each in shown.segments
    ]
    return replace(shown, segments=tuple(segments))


def removed_from(shown: Shown, source: int) -> Shown:
    """Add the holes between the first and the last moment that is shown of one original."""
    seen = [
        each.original
        for each in shown.segments
        if each.original is not None and each.source == source
    ]
    whole = united(seen, LEAST)
    holes = [(before[1], after[0]) for before, after in pairwise(whole)]
    return replace(shown, removed=tuple(holes))


def united(intervals: Sequence[Interval], least: float) -> list[Interval]:
    """The union, with holes of no more than `least` closed."""
    found: list[Interval] = []
    for first, last in sorted(each for each in intervals if each[0] <= each[1]):
        if found and first - found[-1][1] <= least:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
