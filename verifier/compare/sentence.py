"""What a comparison comes to, in plain words, the most important first. Pure.

    0:12–0:19 plays at 75 % speed; 0:31–0:44 of the original is missing; the rest is the same.

It never says "same" of anything that differs, and never more than a person reads: of many
differences it names the gravest and the longest, and says how many more there are.
"""

import math
from collections.abc import Iterable, Sequence

from .edits import (
    EDITED,
    FOREIGN,
    LAID,
    MOST_ITEMS,
    RATE_WITHIN,
    SLIGHT,
    Clause,
    Said,
    edits,
    is_in_place,
    is_somewhere,
    is_vague,
    length_of,
    moved_among,
    of_stretches,
    pitch_of,
    said_of,
    widest,
)
from .result import WHOLE, Comparison, Geometry, Interval, Region, RegionKind, Segment, SegmentKind
from .words import Originals, count, from_to, interval, listing, percent, sentence, where

IDENTICAL = "The two files are the same, byte for byte."
NOTHING_DIFFERS = "Nothing was found to differ but what encoding and scaling change."
NOT_COMPARED = "The two could not be compared."

# What is not said, because honest copies have it: parts of a side, degrees, seconds.
LEAST_PART = 0.01
LEAST_TURN = 0.5
LEAST_LAG = 0.1  # seconds; ITU-R BT.1359: noticed from 0.045 ahead and 0.125 behind

_MOST_CLAUSES = 4  # of a sentence
_WITHIN = 0.5  # seconds, by which the sound may follow the picture
_RATES_WITHIN = (
    0.1  # seconds, by which their lengths may differ then: rates of short ones are vague
)

_SOUND = "the sound "  # said once in a sentence, and "it" from then on


def describe(
    comparison: Comparison,
    *,
    size: tuple[int, int] | None = None,
    duration: float | None = None,
    originals: int = 1,
) -> str:
    """Say what a comparison established, from its parts; what it says of itself is not read.

    `size` is the suspect's width and height in pixels, `duration` the seconds of the original that
    it shows for longest: without them, places and excerpts are said less plainly. `originals` is
    how many it was compared with.
    """
    if _is_empty(comparison):
        return NOT_COMPARED
    time, picture, sound = _topics(comparison, size, duration, originals)
    named = _named(comparison, originals)
    if not (time or picture or sound):
        return " ".join(
            [NOTHING_DIFFERS, *_unclear(comparison.sound), *_not_shown(comparison, named)]
        )
    segments = comparison.time_map or comparison.sound
    is_steady = any(is_in_place(each, named.main) for each in segments)
    rest = f"the rest runs as in {named.name()}" if picture or sound else "the rest is the same"
    if named.number > 1 and time:
        rest = f"the rest is as in {named.name()}"
    said = [
        _sentence(time, rest if is_steady else None),
        _sentence(picture),
        _sentence(sound),
    ]
    ranks = [min((clause.rank for clause in topic), default=9) for topic in (time, picture, sound)]
    order = sorted(range(3), key=lambda topic: ranks[topic])
    return " ".join(
        [
            *filter(None, (said[topic] for topic in order)),
            *_unchanged(comparison, time, named),
            *_unclear(comparison.sound),
            *_not_shown(comparison, named),
        ]
    )


def main_source(comparison: Comparison) -> int:
    """The number of the original that is shown, or else heard, for longest."""
    seconds: dict[int, float] = {}
    for each in comparison.time_map or comparison.sound:
        if each.original is not None:
            seconds[each.source] = seconds.get(each.source, 0.0) + length_of(each.suspect)
    return min(seconds, key=lambda source: (-seconds[source], source), default=0)


def _named(comparison: Comparison, originals: int) -> Originals:
    sources = [each.source for each in (*comparison.time_map, *comparison.sound)]
    return Originals(main_source(comparison), max([originals, *(each + 1 for each in sources)]))


def _not_shown(comparison: Comparison, named: Originals) -> Iterable[str]:
    """Name the originals of which nothing is there."""
    segments = (*comparison.time_map, *comparison.sound)
    there = {each.source for each in segments if each.original is not None}
    for source in range(named.number):
        if named.number > 1 and source not in there:
            yield f"Nothing of {named.name(source)} was found."


def _unclear(sound: Sequence[Segment]) -> Iterable[str]:
    """Say of which sound the record of the original does not tell whether it is its own."""
    spans = [each.suspect for each in sound if each.kind is SegmentKind.UNCLEAR]
    if spans:
        longest = sorted(sorted(spans, key=length_of)[-MOST_ITEMS:])
        rest = [each for each in spans if each not in longest]
        told = listing([*map(from_to, longest), *map(from_to, rest)], MOST_ITEMS)
        yield f"Whether the sound {told} is as it was cannot be told from the record."


def differs(comparison: Comparison) -> bool:
    """Tell whether a comparison says that anything differs which encoding does not explain."""
    return comparison.sentence != IDENTICAL and not comparison.sentence.startswith(NOTHING_DIFFERS)


def _is_empty(comparison: Comparison) -> bool:
    parts = (comparison.geometry, comparison.lag)
    many = (comparison.regions, comparison.time_map, comparison.removed)
    heard = (comparison.sound, comparison.sound_removed)
    return all(part is None for part in parts) and not any((*many, *heard))


def _topics(
    comparison: Comparison,
    size: tuple[int, int] | None,
    duration: float | None,
    originals: int,
) -> tuple[list[Clause], list[Clause], list[Clause]]:
    named = _named(comparison, originals)
    picture = [*_geometry(comparison.geometry), *_regions(comparison.regions, size)]
    if comparison.time_map or comparison.removed:
        done = edits(comparison.time_map, comparison.removed, duration, named)
        return done, picture, _sound(comparison, named)
    done = edits(comparison.sound, comparison.sound_removed, duration, named)
    if comparison.lag is None and comparison.geometry is None and not picture:
        return done, picture, []  # a recording is all sound
    return [], picture, _sound(comparison, named)


def _sentence(clauses: Sequence[Clause], rest: str | None = None) -> str | None:
    if not clauses:
        return None
    gravest = sorted(clauses, key=lambda each: (each.rank, -each.length))[:_MOST_CLAUSES]
    shown = [each.text for each in sorted(gravest, key=lambda each: (each.rank, each.at))]
    if more := len(clauses) - len(shown):
        shown.append(f"and {more} more")
    shown[1:] = [text.replace(_SOUND, "it ", 1) for text in shown[1:]]
    return sentence([*shown, rest] if rest else shown)


def _unchanged(comparison: Comparison, time: Sequence[Clause], named: Originals) -> Iterable[str]:
    """Say of what was compared that it is as it was, where something else is not."""
    if comparison.time_map and not time:
        yield "Speed and order are those of the original."
    if comparison.sound and comparison.time_map and not _sound(comparison, named):
        told = [each for each in comparison.sound if each.kind is not SegmentKind.UNCLEAR]
        moved = [each for each in told if not is_in_place(each, named.main)]
        yield _with_it(moved) if time and moved else "The sound is that of the original."


def _with_it(moved: Sequence[Segment]) -> str:
    """Say how the sound was changed where it just follows the picture."""
    kinds, pitches = {each.kind for each in moved}, {pitch_of(each) for each in moved}
    verb = {SegmentKind.SLOWED: "slowed", SegmentKind.SPED_UP: "sped up"}
    done = verb.get(next(iter(kinds)), "changed") if len(kinds) == 1 else "changed"
    return f"The sound was {done} with it{pitches.pop() if len(pitches) == 1 else ''}."


# The picture.


def _geometry(geometry: Geometry | None) -> Iterable[Clause]:
    """Say how the picture was laid into the suspect."""
    if geometry is None:
        return
    done = ["mirrored"] if geometry.mirrored else []
    if turn := _turn(geometry.rotation):
        done.append(turn)
    if lost := _lost(geometry):
        verb = "is" if len(lost) == 1 else "are"
        done.append(f"cropped ({listing(lost, 4)} {verb} missing)")
    left, top, right, bottom = geometry.placed
    if any(abs(a - b) >= LEAST_PART for a, b in zip(geometry.placed, WHOLE, strict=True)):
        done.append(
            f"set into a larger frame, of which it fills {percent((right - left) * (bottom - top))}"
        )
    if done:
        yield Clause(LAID, f"the picture is {listing(done, 4)}")


def _turn(rotation: float) -> str | None:
    degrees = (rotation + 180) % 360 - 180
    if abs(degrees) < LEAST_TURN:
        return None
    way = "" if round(abs(degrees)) == 180 else f" {'counter-' if degrees > 0 else ''}clockwise"
    return f"turned {abs(degrees):.0f}°{way}" if abs(degrees) >= 1 else f"turned slightly{way}"


def _lost(geometry: Geometry) -> list[str]:
    left, top, right, bottom = geometry.crop
    sides = {"left": left, "top": top, "right": 1 - right, "bottom": 1 - bottom}
    return [f"{name} {percent(part)}" for name, part in sides.items() if part >= LEAST_PART]


def _regions(regions: Sequence[Region], size: tuple[int, int] | None) -> Iterable[Clause]:
    """Say which regions differ: in content, in what stands around them, in colour."""
    for kind, rank, one, many in (
        (RegionKind.CHANGED, FOREIGN, "region was changed", "regions were changed"),
        (RegionKind.ADDED, SLIGHT, "bar or border was added", "bars or borders were added"),
        (RegionKind.COLOUR, SLIGHT, "region has other colours", "regions have other colours"),
    ):
        found = sorted((each for each in regions if each.kind is kind), key=_area, reverse=True)
        if not found:
            continue
        if kind is RegionKind.COLOUR and size and _area(found[0]) >= 0.9 * size[0] * size[1]:
            yield Clause(rank, f"the colours were changed{_when(found[0])}")
            continue
        places = [_place(each, size) + _when(each) for each in found]
        yield Clause(rank, f"{count(len(found), one, many)} ({_listed(places)})")


def _listed(places: Sequence[str]) -> str:
    more = len(places) - MOST_ITEMS
    return "; ".join([*places[:MOST_ITEMS], *([f"and {more} more"] if more > 0 else [])])


def _place(region: Region, size: tuple[int, int] | None) -> str:
    if size is not None and min(size) > 0:
        return where(region.box, size)
    left, top, width, height = region.box
    return f"{width} by {height} pixels at {left}, {top}"


def _when(region: Region) -> str:
    return f", {interval(region.time)}" if region.time else ""


def _area(region: Region) -> int:
    return region.box[2] * region.box[3]


# The sound of a clip.


def _sound(comparison: Comparison, named: Originals) -> list[Clause]:
    """Say how the sound differs where it does not just follow the picture."""
    moved = moved_among(comparison.sound, named.main)
    groups: dict[Said, list[Interval]] = {}
    for segment in comparison.sound:
        said = said_of(segment, named, is_moved=segment in moved)
        if said and not _follows(segment, comparison.time_map):
            groups.setdefault(said, []).append(segment.suspect)
    sound = comparison.sound
    total = sum(length_of(each.suspect) for each in sound)
    clauses = []
    for said, spans in groups.items():
        length = sum(map(length_of, spans))
        about = [
            from_to(span, vague=any(each.suspect == span and is_vague(each) for each in sound))
            for span in spans
        ]
        at = "" if length >= 0.99 * total else f" {listing(about, MOST_ITEMS)}"
        what, comma, pitch = said.one.partition(", ")
        text = f"{_SOUND}{what}{at}{comma}{pitch}"
        clauses.append(Clause(said.rank, text, spans[0][0], length))
    if comparison.lag is not None and abs(comparison.lag) >= LEAST_LAG:
        by, side = abs(comparison.lag), "behind" if comparison.lag > 0 else "ahead of"
        clauses.append(Clause(EDITED, f"{_SOUND}runs {by:.1f} s {side} the picture", math.inf))
    own = [span for span in comparison.sound_removed if not _is_among(span, comparison.removed)]
    if own:
        said = Said(EDITED, "of the original sound is missing", "of the original sound are missing")
        clauses.append(of_stretches(said, own))
    return clauses


def _follows(segment: Segment, pictures: Sequence[Segment]) -> bool:
    if segment.kind is SegmentKind.SAME and not is_in_place(segment, segment.source):
        return False
    exact = max(RATE_WITHIN, _RATES_WITHIN / max(length_of(segment.suspect), 0.1))
    return any(
        each.kind is segment.kind
        and each.source == segment.source
        and _is_told_by(segment, each)
        and abs((segment.rate or 0) - _nearest(segment.rate or 0, each)) <= exact
        for each in pictures
    )


def _is_told_by(segment: Segment, picture: Segment) -> bool:
    """Whether sound is where the picture is: anywhere within, if no more is known of that."""
    if not is_somewhere(picture):
        return _is_among(segment.suspect, [picture.suspect])
    first, last = widest(picture)
    return first - _WITHIN <= segment.suspect[0] and segment.suspect[1] <= last + _WITHIN


def _nearest(rate: float, picture: Segment) -> float:
    """Of the rates that a picture may have, the one that is nearest."""
    slowest, fastest = picture.rates or (picture.rate or 0, picture.rate or 0)
    return min(max(rate, slowest), fastest)


def _is_among(span: Interval, spans: Sequence[Interval]) -> bool:
    return any(
        abs(span[0] - other[0]) <= _WITHIN and abs(span[1] - other[1]) <= _WITHIN for other in spans
    )
