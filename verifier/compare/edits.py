"""What was done to the order and the speed of a clip or a recording, in clauses. Pure.

Sound that is compared on its own is told in the same words.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from .result import Interval, Segment, SegmentKind
from .words import Originals, interval, listing, moment, speed

# What is not said, because honest copies have it: seconds, semitones.
LEAST_TRIM = 0.5
LEAST_PITCH = 0.75
VAGUE = 0.1  # seconds: an edge that may lie farther off is said to be about there

FOREIGN, EDITED, LAID, SLIGHT = range(4)  # how grave: not the original's; moved; cropped; rest
MOST_ITEMS = 3  # of a clause
RATE_WITHIN = 0.03
_LITTLE_KNOWN = 0.15  # of a rate: it may be anything in so wide a span
_SOME = "all or some of"  # a stretch, for as long as is not known
_MEETS = 0.25  # seconds, by which what runs on may miss what it runs on from


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence: how grave it is, since when and for how long."""

    rank: int
    text: str
    at: float = 0.0
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a stretch: of one, and of several."""

    rank: int
    one: str
    many: str


_OF_KIND = {
    SegmentKind.REPLACED: Said(FOREIGN, "was replaced", "were replaced"),
    SegmentKind.ABSENT: Said(EDITED, "is muted", "are muted"),
    SegmentKind.FROZEN: Said(EDITED, "stands still", "stand still"),
    SegmentKind.REVERSED: Said(EDITED, "runs backwards", "run backwards"),
}


def edits(
    segments: Sequence[Segment],
    removed: Sequence[Interval],
    duration: float | None,
    named: Originals,
) -> list[Clause]:
    """Say what was done to the order and the speed of a clip or a recording."""
    moved = moved_among(segments, named.main)
    instead = _instead(segments, removed, moved)
    groups: dict[Said, list[Interval]] = {}
    for segment in segments:
        if said := said_of(segment, named, is_moved=segment in moved):
            if of := instead.get(segment):
                said = _placed(said, of, named)
            groups.setdefault(said, []).append(widest(segment))
    total = sum(length_of(each.suspect) for each in segments)
    how = {
        widest(each): _SOME if is_somewhere(each) else "about"
        for each in segments
        if is_somewhere(each) or is_vague(each)
    }
    clauses = [of_stretches(said, spans, total, how) for said, spans in groups.items()]
    if left_out := [span for span in removed if span not in instead.values()]:
        whole = named.name()
        said = Said(EDITED, f"of {whole} is missing", f"of {whole} are missing")
        clauses.append(of_stretches(said, left_out, how=_vaguely_removed(removed, segments)))
    return [*clauses, *_excerpt(segments, removed, duration, named)]


def _instead(
    segments: Sequence[Segment], removed: Sequence[Interval], moved: AbstractSet[Segment]
) -> dict[Segment, Interval]:
    """Tell which stretches stand where something of the original was left out."""
    found: dict[Segment, Interval] = {}
    for before, segment, after in zip(segments, segments[1:], segments[2:], strict=False):
        is_odd = segment in moved or segment.kind in (SegmentKind.FROZEN, SegmentKind.INSERTED)
        if not is_odd or not (_runs_on(before) and _runs_on(after)):
            continue
        hole = (before.original or (0.0, 0.0))[1], _start(after)
        for span in removed:
            if all(abs(a - b) <= _MEETS for a, b in zip(span, hole, strict=True)):
                found[segment] = span
    return found


def _placed(said: Said, of: Interval, named: Originals) -> Said:
    """Say of what stands where something was left out what that is."""
    whole = f" of {named.name()}"
    told = (
        each.replace("not from the original", "from elsewhere,").removesuffix(whole)
        + f" in place of {interval(of)}{whole}"
        for each in (said.one, said.many)
    )
    return Said(said.rank, *told)


def said_of(segment: Segment, named: Originals, *, is_moved: bool) -> Said | None:
    """Return what is to be said of a segment; None where it runs as in the original."""
    if segment.kind in _OF_KIND:
        return _OF_KIND[segment.kind]
    if segment.kind is SegmentKind.INSERTED:
        whence = "not from the original" if named.number == 1 else "from none of the originals"
        return Said(FOREIGN, f"is {whence}", f"are {whence}")
    again = "what came before"
    if segment.original:
        again = f"{interval(segment.original)} of {named.name(segment.source)}"
    if segment.kind is SegmentKind.REPEATED and (is_moved or not _runs_on(segment)):
        return Said(EDITED, f"repeats {again}", f"repeat {again}")
    pace = f" at {_speed(segment)}{pitch_of(segment)}" if _is_paced(segment) else ""
    if segment.source != named.main:
        return Said(FOREIGN, f"is {again}{pace}", f"are {again}{pace}")
    if is_moved:
        return Said(EDITED, f"shows {again}{pace}", f"show {again}{pace}")
    if pace:
        return Said(EDITED, f"plays{pace}", f"play{pace}")
    return _shifted(segment)


def _speed(segment: Segment) -> str:
    if segment.rates and is_somewhere(segment):
        slowest, fastest = map(speed, segment.rates)
        return f"{slowest.removesuffix(' %')} to {fastest} speed"
    return f"{speed(segment.rate)} speed" if segment.rate else "another speed"


def _is_paced(segment: Segment) -> bool:
    if segment.kind is SegmentKind.REPEATED:
        return abs((segment.rate or 1.0) - 1) > RATE_WITHIN
    return segment.kind in (SegmentKind.SLOWED, SegmentKind.SPED_UP)


def _shifted(segment: Segment) -> Said | None:
    """Say that the voice was disguised, where nothing else was done."""
    if segment.pitch is None or abs(segment.pitch) < LEAST_PITCH:
        return None
    by = f"{abs(segment.pitch):.0f} semitone{'' if round(abs(segment.pitch)) == 1 else 's'}"
    done = f"{'raised' if segment.pitch > 0 else 'lowered'} in pitch by {by}"
    return Said(EDITED, f"is {done}", f"are {done}")


def pitch_of(segment: Segment) -> str:
    """Say what became of the pitch of sound at another speed, where that can be told."""
    natural = 12 * math.log2(segment.rate) if segment.rate and segment.rate > 0 else 0.0
    if segment.pitch is None or abs(natural) < 2 * LEAST_PITCH:
        return ""
    if abs(segment.pitch) < LEAST_PITCH:
        return ", its pitch restored"
    if abs(segment.pitch - natural) < LEAST_PITCH:
        return f", its pitch {'lowered' if natural < 0 else 'raised'} too"
    return ", its pitch shifted"


def is_vague(segment: Segment) -> bool:
    """Tell whether a segment may start or end at another time than is said of it."""
    within = max(VAGUE, length_of(segment.suspect) / 50)
    return any(
        span is not None and max(edge - span[0], span[1] - edge) > within
        for edge, span in zip(segment.suspect, (segment.starts, segment.ends), strict=True)
    )


def is_somewhere(segment: Segment) -> bool:
    """Tell whether too little is known of how fast a segment is to say where it starts and ends."""
    return segment.rates is not None and segment.rates[1] - segment.rates[0] > _LITTLE_KNOWN


def widest(segment: Segment) -> Interval:
    """Return when a segment is: of one that is somewhere within a stretch, that stretch."""
    starts, ends = segment.starts, segment.ends
    return (starts[0], ends[1]) if starts and ends and is_somewhere(segment) else segment.suspect


def _vaguely_removed(
    removed: Sequence[Interval], segments: Sequence[Segment]
) -> Mapping[Interval, str]:
    """Return what was left out between stretches of which it is vague where they end."""
    edges = {each.original[1] for each in segments if each.original and is_vague(each)}
    return {span: "about" for span in removed if any(abs(span[0] - edge) < 1e-6 for edge in edges)}


def of_stretches(
    said: Said,
    spans: Sequence[Interval],
    total: float = 0.0,
    how: Mapping[Interval, str] = MappingProxyType({}),
) -> Clause:
    """Say something of stretches: of the longest by name, of all of `total` seconds as such.

    What `how` says of a stretch (it is about so, or some of it) is said before it.
    """
    length = sum(map(length_of, spans))
    start = min(span[0] for span in spans)
    if total and length >= 0.99 * total and not any(how.get(span) == _SOME for span in spans):
        return Clause(said.rank, f"all of it {said.one}", start, length)
    longest = sorted(spans, key=length_of, reverse=True)[:MOST_ITEMS]
    rest = [span for span in spans if span not in longest]
    named = [" ".join(filter(None, (how.get(each), interval(each)))) for each in longest]
    order = sorted(range(len(longest)), key=longest.__getitem__)
    stretches = listing([*(named[n] for n in order), *map(interval, rest)], MOST_ITEMS)
    return Clause(
        said.rank, f"{stretches} {said.one if len(spans) == 1 else said.many}", start, length
    )


def moved_among(segments: Sequence[Segment], main: int = 0) -> set[Segment]:
    """Return the segments out of order: all but the heaviest chain that runs on in the original."""
    ordered = sorted(
        (each for each in segments if each.original and each.source == main and _runs_on(each)),
        key=lambda each: each.suspect,
    )
    best: list[tuple[float, int | None]] = []  # of the chain that ends here: its weight, its last
    for place, segment in enumerate(ordered):
        before = [
            (best[other][0], other)
            for other in range(place)
            if (ordered[other].original or (0.0, 0.0))[1] <= _start(segment) + _MEETS
        ]
        weight, last = max(before, default=(0.0, None), key=lambda each: each[0])
        best.append((weight + length_of(segment.suspect), last))
    chain: set[Segment] = set()
    at = max(range(len(best)), key=lambda place: best[place][0], default=None)
    while at is not None:
        chain.add(ordered[at])
        at = best[at][1]
    return set(ordered) - chain


def _runs_on(segment: Segment) -> bool:
    again = segment.kind is SegmentKind.REPEATED and (segment.rate or 0.0) > 0
    return again or segment.kind in (SegmentKind.SAME, SegmentKind.SLOWED, SegmentKind.SPED_UP)


def _start(segment: Segment) -> float:
    return segment.original[0] if segment.original else 0.0


def is_in_place(segment: Segment, main: int = 0) -> bool:
    """Tell whether a stretch is the original's, at its speed and in its pitch."""
    is_same = segment.kind is SegmentKind.SAME and segment.source == main
    return is_same and abs(segment.pitch or 0.0) < LEAST_PITCH


def _excerpt(
    segments: Sequence[Segment],
    removed: Sequence[Interval],
    duration: float | None,
    named: Originals,
) -> Iterable[Clause]:
    """Say which part of the original is shown at all, where it is not the whole."""
    shown = [each.original for each in segments if each.original and each.source == named.main]
    if not shown:
        return
    spans = [*shown, *removed]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    if first < LEAST_TRIM:
        first = 0.0
    if duration is not None and (first or duration - last >= LEAST_TRIM):
        whole = moment(duration)
        yield Clause(
            SLIGHT, f"only {interval((first, last))} of {named.name()}'s {whole} are shown"
        )
    elif first:
        yield Clause(SLIGHT, f"it begins {moment(first, 1)} into {named.name()}")


def length_of(span: Interval) -> float:
    """Return the seconds of a stretch."""
    return max(span[1] - span[0], 0.0)
