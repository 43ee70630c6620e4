"""Draws the time line: original above, suspect below, and which second shows which. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from . import ink
from .edits import moved_among
from .result import Comparison, Interval, Segment, SegmentKind
from .words import moment, speed

TIMELINE_HEIGHT = 468  # pixels: all that is drawn but for a lane of sound
_LABEL, _SMALL = 19, 16
_BAR, _GAP, _LANE, _EDGE = 84, 150, 26, 9
_TICK = 7
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds between ticks
_LEAST_BETWEEN = 90  # pixels between ticks
_CURVE = 24  # corners of a curve
_FAINT, _STRONG = 0.30, 0.72

WORDS = {
    SegmentKind.SAME: "as in the original",
    SegmentKind.SLOWED: "slowed",
    SegmentKind.SPED_UP: "sped up",
    SegmentKind.INSERTED: "not from the original",
    SegmentKind.REPEATED: "moved or repeated",
    SegmentKind.FROZEN: "stands still",
    SegmentKind.REVERSED: "backwards",
    SegmentKind.REPLACED: "other sound",
    SegmentKind.ABSENT: "muted",
    SegmentKind.UNCLEAR: "cannot be told",
}
_FOREIGN = (SegmentKind.INSERTED, SegmentKind.REPLACED, SegmentKind.ABSENT)


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole length of a clip or a recording: its seconds, and what it looks like, if known."""

    seconds: float
    look: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class _Bar:
    """Where a strip lies: its top, and how many pixels a second has."""

    top: int
    height: int
    scale: float

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def box(self, span: Interval) -> tuple[int, int, int, int]:
        return round(span[0] * self.scale), self.top, round(span[1] * self.scale), self.bottom


def timeline_height(comparison: Comparison) -> int:
    """Return how many pixels `draw_timeline` makes use of."""
    has_lane = bool(comparison.time_map and comparison.sound)
    return TIMELINE_HEIGHT + (_LANE + 6 if has_lane else 0)


def draw_timeline(
    sheet: Image.Image, original: Strip, suspect: Strip, comparison: Comparison, fine: int
) -> None:
    """Draw over a sheet of `timeline_height` times `fine` pixels, as wide as it is."""
    draw = ImageDraw.Draw(sheet)
    is_sound = not comparison.time_map
    segments = _told(comparison.time_map or comparison.sound)
    removed = _unheard(comparison) if is_sound else comparison.removed
    longest = max(original.seconds, suspect.seconds, 0.1)
    scale = (sheet.width - 2 * fine) / longest
    head = round(_LABEL * 3.2) * fine
    above = _Bar(head, _BAR * fine, scale)
    below = _Bar(above.bottom + _GAP * fine, _BAR * fine, scale)
    ink.write(draw, (0, 0), "The original, in time", _LABEL * fine, ink.QUIET)
    _ruler(draw, above, original.seconds, fine, is_above=True)
    _bands(sheet, segments, above, below)
    _strip(sheet, above, original)
    _strip(sheet, below, suspect)
    _missing(sheet, above, segments, removed, original.seconds, fine)
    _kinds(sheet, below, segments, fine)
    _names(draw, below, segments, fine)
    foot = below.bottom
    if comparison.sound and not is_sound:
        foot = _sound(sheet, below, comparison.sound, fine)
    _ruler(draw, _Bar(foot, 0, scale), suspect.seconds, fine, is_above=False)
    words = "The suspect, in time"
    ink.write(draw, (0, foot + round(_LABEL * 1.7) * fine), words, _LABEL * fine, ink.QUIET)
    heard = () if is_sound else comparison.sound
    _legend(sheet, [*segments, *heard], is_missing=bool(removed), fine=fine)


def _told(segments: Sequence[Segment]) -> list[Segment]:
    """The segments as the sentence tells them: of two that show the same, one is out of place."""
    moved, found = moved_among(segments), []
    for each in segments:
        kind = each.kind
        if kind is SegmentKind.SAME and each in moved:
            kind = SegmentKind.REPEATED
        elif kind is SegmentKind.REPEATED and each.rate == 1.0 and each not in moved:
            kind = SegmentKind.SAME
        found.append(replace(each, kind=kind))
    return found


def _unheard(comparison: Comparison) -> list[Interval]:
    """What of the original's sound is left out, and what other sound or none covers."""
    hidden = [each.original for each in comparison.sound if each.kind in _FOREIGN and each.original]
    return [*comparison.sound_removed, *hidden]


def _bands(sheet: Image.Image, segments: Sequence[Segment], above: _Bar, below: _Bar) -> None:
    """Join each stretch of the suspect with what it shows of the original."""
    ordered = sorted(segments, key=lambda each: each.kind is not SegmentKind.SAME)
    for segment in ordered:
        if segment.original is None or segment.rate is None or segment.source:
            continue
        left, _, right, _ = above.box(segment.original)
        if segment.kind is SegmentKind.REVERSED:
            left, right = right, left
        start, _, end, _ = below.box(segment.suspect)
        one = _curve((left, above.bottom), (start, below.top))
        other = _curve((right, above.bottom), (end, below.top))
        opacity = _FAINT if segment.kind is SegmentKind.SAME else _STRONG
        ink.polygon(sheet, [*one, *reversed(other)], ink.OF_SEGMENT[segment.kind], opacity)


def _curve(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Lead from one point to another, upright at both."""
    points = []
    for step in range(_CURVE + 1):
        along = step / _CURVE
        eased = along * along * (3 - 2 * along)
        x = start[0] + eased * (end[0] - start[0])
        points.append((x, start[1] + along * (end[1] - start[1])))
    return points


def _strip(sheet: Image.Image, bar: _Bar, strip: Strip) -> None:
    left, top, right, bottom = bar.box((0, strip.seconds))
    size = (max(right - left, 1), bottom - top)
    if strip.look is None:
        sheet.paste((226, 229, 234), (left, top, left + size[0], bottom))
    else:
        sheet.paste(strip.look.convert("RGB").resize(size, Image.Resampling.LANCZOS), (left, top))


def _missing(
    sheet: Image.Image,
    bar: _Bar,
    segments: Sequence[Segment],
    removed: Sequence[Interval],
    seconds: float,
    fine: int,
) -> None:
    """Hatch what of the original was cut out, and fade what lies before and after all of it."""
    spans = [each.original for each in segments if each.original and not each.source]
    if spans:
        ends = [*spans, *removed]
        first, last = min(start for start, _ in ends), max(end for _, end in ends)
        for outside in ((0.0, first), (last, seconds)):
            _veil(sheet, bar.box(outside), ink.PAPER, 0.72)
    for span in removed:
        box = bar.box(span)
        _veil(sheet, box, ink.PAPER, 0.62)
        _hatch(sheet, box, ink.INK, fine)


def _veil(
    sheet: Image.Image, box: tuple[int, int, int, int], colour: ink.Colour, opacity: float
) -> None:
    left, top, right, bottom = box
    if right > left:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        ink.polygon(sheet, corners, colour, opacity)


def _hatch(
    sheet: Image.Image, box: tuple[int, int, int, int], colour: ink.Colour, fine: int
) -> None:
    left, top, right, bottom = box
    size = (max(right - left, 2 * fine), bottom - top)
    lines = ink.hatched(size, colour, step=10 * fine, width=2 * fine)
    sheet.paste(lines, (left, top), lines)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((left, top, left + size[0], bottom), outline=colour, width=2 * fine)


def _kinds(sheet: Image.Image, bar: _Bar, segments: Sequence[Segment], fine: int) -> None:
    """Colour a line over the suspect's strip, and hatch what shows nothing of the original."""
    draw = ImageDraw.Draw(sheet)
    for segment in segments:
        left, top, right, bottom = bar.box(segment.suspect)
        colour = ink.OF_SEGMENT[segment.kind]
        if segment.kind in _FOREIGN or segment.source:
            _veil(sheet, (left, top, right, bottom), ink.PAPER, 0.35)
            _hatch(sheet, (left, top, right, bottom), ink.OF_SEGMENT[SegmentKind.INSERTED], fine)
        draw.rectangle((left, top - _EDGE * fine, max(right - 1, left), top), fill=colour)
        draw.line([(left, top), (left, bottom)], fill=ink.PAPER, width=2 * fine)


def _names(draw: ImageDraw.ImageDraw, bar: _Bar, segments: Sequence[Segment], fine: int) -> None:
    """Write over each stretch that does not run as in the original what was done to it."""
    size, taken = _SMALL * fine, [-1.0, -1.0, -1.0]  # where each line of words ends
    for segment in sorted(segments, key=lambda each: each.suspect):
        if segment.kind is SegmentKind.SAME and not segment.source:
            continue
        words = "another original" if segment.source else WORDS[segment.kind]
        if segment.rate and segment.kind in (SegmentKind.SLOWED, SegmentKind.SPED_UP):
            words = speed(segment.rate)
        wide = ink.width_of(words, size)
        left, _, right, _ = bar.box(segment.suspect)
        middle = min(max((left + right) / 2, wide / 2 + 4), draw.im.size[0] - wide / 2 - 4)
        row = next((r for r, end in enumerate(taken) if middle - wide / 2 > end), None)
        if row is not None:
            at = (middle, bar.top - (8 + _EDGE) * fine - round(1.4 * row * size))
            ink.write(draw, at, words, size, anchor="ms", halo=ink.PAPER)
            taken[row] = middle + wide / 2 + 6 * fine


def _sound(sheet: Image.Image, bar: _Bar, sound: Sequence[Segment], fine: int) -> int:
    """Draw the sound of a clip as a lane under its pictures; return where that ends."""
    lane = _Bar(bar.bottom + 6 * fine, _LANE * fine, bar.scale)
    draw = ImageDraw.Draw(sheet)
    for segment in sound:
        box = lane.box(segment.suspect)
        draw.rectangle(box, fill=ink.OF_SEGMENT[segment.kind])
        if segment.kind in _FOREIGN:
            _veil(sheet, box, ink.PAPER, 0.45)
            _hatch(sheet, box, ink.OF_SEGMENT[segment.kind], fine)
    middle = (lane.top + lane.bottom) / 2
    ink.write(draw, (8 * fine, middle), "sound", _SMALL * fine, anchor="lm", halo=ink.PAPER)
    return lane.bottom


def _ruler(
    draw: ImageDraw.ImageDraw, bar: _Bar, seconds: float, fine: int, *, is_above: bool
) -> None:
    """Write the time along a strip."""
    least = _LEAST_BETWEEN * fine / bar.scale
    step = next((each for each in _STEPS if each >= least), _STEPS[-1])
    edge, away = (bar.top, -1) if is_above else (bar.bottom, 1)
    anchor = "s" if is_above else "t"
    at = 0
    while at <= seconds:
        x = round(at * bar.scale)
        draw.line([(x, edge), (x, edge + away * _TICK * fine)], fill=ink.QUIET, width=fine)
        place = (x + (2 * fine if at == 0 else 0), edge + away * (_TICK + 4) * fine)
        is_last = x + ink.width_of(moment(at), _SMALL * fine) / 2 > draw.im.size[0]
        side = "l" if at == 0 else "r" if is_last else "m"
        ink.write(draw, place, moment(at), _SMALL * fine, ink.QUIET, anchor=side + anchor)
        at += step


def _legend(
    sheet: Image.Image, segments: Sequence[Segment], *, is_missing: bool, fine: int
) -> None:
    draw, size = ImageDraw.Draw(sheet), _SMALL * fine
    side, left, top = round(size * 0.95), 0.0, sheet.height - round(size * 1.4)
    kinds = {each.kind for each in segments}
    said = [
        (WORDS[kind], ink.OF_SEGMENT[kind], kind in _FOREIGN) for kind in WORDS if kind in kinds
    ]
    if is_missing:
        said.append(("missing from the suspect", ink.INK, True))
    for words, colour, is_hatched in said:
        box = (round(left), top, round(left) + side, top + side)
        if is_hatched:
            _hatch(sheet, box, colour, max(fine // 2, 1))
        else:
            draw.rectangle(box, fill=colour)
        ink.write(draw, (left + side * 1.5, top + side / 2), words, size, anchor="lm")
        left += side * 3.0 + ink.width_of(words, size)
