"""Where exactly a stretch of sound begins and ends, and what is too short for peaks to propose.

Works on the spectra of both sides (`spectrum.py`): each edge between two stretches is moved to
where what lies before it is most like the one's moments of the original, and what lies after it
most like the other's. Between two stretches the original's time may also run on at another rate
(a second at double speed): all such bridges are tried. Pure functions of arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.lines import Line

from .hearing import Heard
from .pieces import Piece
from .spectrum import HOP, Spectrum, correlation

_REACH = 0.35  # seconds by which an edge between two lines may move
_FURTHEST = 60.0  # seconds, into a stretch without a line
_USUAL = 0.6  # of the correlation that is usual
_LEAST_ALIKE = (0.25, 0.7)  # correlation: so much of it, within these, speaks for neither
_AT_ONCE = 20_000  # moments looked at together
_SAMPLED = 4000  # frames tell what is usual
_SHORTEST = 0.15  # seconds of a bridge
_LONGEST = 4.0  # and of what it takes the place of
_AROUND = 0.7  # seconds on either side of it where a bridge may begin and end
_SLOWEST, _FASTEST = 0.4, 3.0  # seconds of the original in a second of a bridge
_GRID = (0.05, 0.02, 0.01, 0.005)  # seconds, ever finer
_SPARED = 0.25  # of what is neutral: at another rate and pitch, less is alike
_FRAMES = 16  # of a bridge, evenly spread, are looked at
SLACK = 3.0  # correlation summed over frames, by which an edge may explain less than the best
_GAIN = 2.5  # correlation summed over frames, that a bridge must add, or another line
_LESS_GAIN = 1.0  # where there was no line at all
_AGAINST = 3.5  # and that must speak against a line
_MOST_BARED = 6  # stretches in one another's rest
_NOT_JUST_UNLIKE = 0.15  # correlation: by so much less than neutral is another sound
_BEYOND = 0.05  # seconds
_SILENCED = 10.0  # half decibels above the noise of either would be heard
_MEETS = 0.03  # seconds of the original
_CRUMB = 0.1  # seconds
_BRIDGES = 0.7  # of a stretch without a line is to be bridged
_MOST_BRIDGED = 60  # gaps are tried: 50 ms each
_OTHER_RATE = 0.05

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fine:
    """Two recordings whose spectra are at hand, and what is usual where they are the same."""

    suspect: Heard
    original: Heard
    spectra: tuple[Spectrum, Spectrum]
    neutral: float = 0.0  # the correlation that speaks for neither

    @classmethod
    def of(cls, suspect: Heard, original: Heard, pieces: Sequence[Piece]) -> "Fine | None":
        """None where one of the two has no spectrum, or nothing lies on a line."""
        if suspect.spectrum is None or original.spectrum is None:
            return None
        fine = cls(suspect, original, (suspect.spectrum, original.spectrum))
        lined = [piece for piece in pieces if piece.line is not None]
        step = max(HOP, sum(piece.end - piece.start for piece in lined) / _SAMPLED)
        sampled = [_sounding(suspect, piece, step) for piece in lined]
        if not any(len(times) for _, times in sampled):
            return None
        fine = replace(fine, spectra=fine.drowned(sampled))
        usual = np.median(np.concatenate([fine.along(line, times) for line, times in sampled]))
        return replace(fine, neutral=float(np.clip(_USUAL * usual, *_LEAST_ALIKE)))

    def drowned(self, sampled: Sequence[tuple[Line, Floats]]) -> tuple[Spectrum, Spectrum]:
        """Both spectra in the noise of either, so that what noise hides speaks against nothing."""
        ours, theirs = self.spectra
        louder = np.concatenate(
            [
                ours.loudness(times) - theirs.loudness(line.rate * times + line.offset)
                for line, times in sampled
            ]
        )
        known = louder[~np.isnan(louder)]
        by = float(np.median(known)) if len(known) else 0.0
        floor = np.maximum(ours.floor(), theirs.floor() + by)
        return ours.above(floor), theirs.above(floor - by)

    def along(self, line: Line | None, times: Floats) -> Floats:
        """What each moment says for a line, none for no line: correlation less what is neutral."""
        if line is None:
            return np.zeros(times.shape)
        parts = np.array_split(times, 1 + len(times) // _AT_ONCE)
        told = [
            self.told(part, line.rate * part + line.offset, line.pitch, line.rate) for part in parts
        ]
        return np.concatenate(told)

    def told(self, times: Floats, moments: Floats, pitch: float, rate: Floats | float) -> Floats:
        """The same for times of the suspect and of the original, of any one shape.

        A pause of both says nothing; before the original begins and after it ends is nothing, and
        so is a pause where the original would be heard well above the noise.
        """
        told = correlation(*self.spectra, times, moments, pitch, rate) - self.neutral
        ours, theirs = self.spectra
        ours_clear = ours.is_clear(times)
        heard = self.suspect.sounds_at(times) & ours_clear
        heard |= self.original.sounds_at(moments) & theirs.is_clear(moments)
        outside = (moments < -_BEYOND) | (moments > self.original.duration + _BEYOND)
        silenced = theirs.is_clear(moments, _SILENCED) & ~ours_clear
        return np.where(outside | silenced, -1.0, np.where(heard, np.nan_to_num(told), 0.0))


def _sounding(suspect: Heard, piece: Piece, step: float) -> tuple[Line, Floats]:
    """The line of a piece, and times in it at which there is no pause."""
    times = np.arange(piece.start + HOP / 2, piece.end, step)
    return piece.line or Line(1.0, 0.0, 0.0), times[suspect.sounds_at(times)]


def sharp(pieces: Sequence[Piece], fine: Fine) -> list[Piece]:
    """The pieces as the spectra show them."""
    kept = [part for piece in sharpened(pieces, fine) for part in bared(piece, fine)]
    return bridged(simpler(sharpened(simpler(kept, fine), fine), fine), fine)


def bared(piece: Piece, fine: Fine, depth: int = _MOST_BARED) -> list[Piece]:
    """The piece without what is nothing like its line: the stretches that most speak against it."""
    if piece.line is None or not depth:
        return [piece]
    times = np.arange(piece.start + HOP / 2, piece.end, HOP)
    told = fine.along(piece.line, times)
    against = np.concatenate(([0.0], np.cumsum(np.where(told, -told - _NOT_JUST_UNLIKE, 0.0))))
    least = np.minimum.accumulate(against)
    last = int((against - least).argmax())
    if against[last] - least[last] < _AGAINST:
        return [piece]
    first = int(against[: last + 1].argmin())
    start, end = (piece.start + place * HOP for place in (first, last))
    before, after = replace(piece, end=start), replace(piece, start=min(end, piece.end))
    bare = Piece(start, after.start, None)
    return [*bared(before, fine, depth - 1), bare, *bared(after, fine, depth - 1)]


def simpler(pieces: Sequence[Piece], fine: Fine) -> list[Piece]:
    """The pieces, with two that one line explains as well, and what lies between, made one."""
    kept, number = list(pieces), 0
    while number < len(kept) - 1:
        for other in (number + 2, number + 1):
            if other < len(kept) and (found := _one_line(kept[number : other + 1], fine)):
                kept[number : other + 1] = [found]
                break
        else:
            number += 1
    return kept


def _one_line(pieces: Sequence[Piece], fine: Fine) -> Piece | None:
    """The first and last piece as one, on the line of either; None where that explains less."""
    first, last = pieces[0], pieces[-1]
    if first.line is None or last.line is None or last.start - first.end > _LONGEST:
        return None
    low, high = max(first.start, first.end - _FURTHEST), min(last.end, last.start + _FURTHEST)
    times = np.arange(low, high, HOP) + HOP / 2
    between = (times >= first.end) & (times < last.start)
    now = np.zeros(len(times))
    for each in pieces:
        own = (times >= each.start) & (times < each.end)
        now[own] = fine.along(each.line, times[own])
    gain = _GAIN if all(each.line for each in pieces) else _LESS_GAIN
    for one in sorted((first, last), key=_length, reverse=True):
        lost = now - fine.along(one.line, times)
        if max(lost.sum(), lost[between].sum()) <= gain:
            return Piece(first.start, last.end, one.line)
    return None


def _length(piece: Piece) -> float:
    return piece.end - piece.start


def sharpened(pieces: Sequence[Piece], fine: Fine) -> list[Piece]:
    """The pieces with their edges moved, and with those gone of which nothing is left."""
    kept = list(pieces)
    for number in range(len(kept) - 1):
        before, after = kept[number], kept[number + 1]
        first = before.start if before.line is None else before.end - _REACH
        last = after.end if after.line is None else after.start + _REACH
        first = max(first, before.start, before.end - _FURTHEST)
        last = min(last, after.end, after.start + _FURTHEST)
        others = [*kept[:number], replace(before, end=before.start)]
        others += [replace(after, start=after.end), *kept[number + 2 :]]
        edge = _edge(fine, before, after, (first, last), _met(others, fine))
        kept[number], kept[number + 1] = replace(before, end=edge), replace(after, start=edge)
    return _without_crumbs(kept)


def _without_crumbs(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces that are not too short to be told, and the time of the others."""
    kept: list[Piece] = []
    start = pieces[0].start if pieces else 0.0
    for piece in pieces:
        if piece.end - piece.start >= _CRUMB:
            kept.append(replace(piece, start=start))
            start = piece.end
        elif kept and kept[-1].line is not None:
            kept[-1] = replace(kept[-1], end=piece.end)
            start = piece.end
    return [*kept[:-1], replace(kept[-1], end=pieces[-1].end)] if kept else list(pieces)


def _met(pieces: Sequence[Piece], fine: Fine) -> Floats:
    """Moments of the original at which pieces begin or end, and at which it does."""
    moments = [
        piece.line.rate * time + piece.line.offset
        for piece in pieces
        for time in (piece.start, piece.end)
        if piece.line is not None
    ]
    return np.array([0.0, fine.original.duration, *moments])


def _edge(
    fine: Fine, before: Piece, after: Piece, span: tuple[float, float], others: Floats
) -> float:
    """The edge within a span that explains both sides best.

    In a pause many do: then the one at which the original is cut where it is cut already, or begins
    or ends; or the nearest to where it was.
    """
    count = int((span[1] - span[0]) / HOP)
    times: Floats = (span[0] + (np.arange(count) + 0.5) * HOP).astype(np.float64)
    gain = fine.along(before.line, times) - fine.along(after.line, times)
    total = np.concatenate(([0.0], np.cumsum(gain)))
    edges = span[0] + np.flatnonzero(total >= total.max() - 1e-6) * HOP
    moments = [
        line.rate * edges + line.offset for line in (before.line, after.line) if line is not None
    ]
    apart = [np.abs(each[:, None] - others).min(axis=1) for each in moments]
    odd = np.minimum.reduce([*apart, np.full(len(edges), _MEETS)])
    far = np.abs(edges - before.end)
    return float(edges[np.lexsort((far, np.rint(odd / HOP)))[0]])


def bridged(pieces: Sequence[Piece], fine: Fine) -> list[Piece]:
    """The pieces, with bridges where the original's time runs on at another rate for a moment."""
    kept, number, tried = list(pieces), 0, 0
    while number < len(kept) - 1 and tried < _MOST_BRIDGED:
        for other in (number + 3, number + 2, number + 1):
            if other < len(kept) and _may_bridge(kept, number, other):
                tried += 1
                found = _bridge(kept[number : other + 1], fine)
                if found:
                    kept[number : other + 1] = found
                    number += 1
                    break
        number += 1
    return kept


def _may_bridge(pieces: Sequence[Piece], number: int, other: int) -> bool:
    before, after = pieces[number], pieces[other]
    if before.line is None or after.line is None or after.start - before.end > _LONGEST:
        return False
    longest = max((piece.end - piece.start for piece in pieces[number + 1 : other]), default=0)
    return longest <= min(before.end - before.start, after.end - after.start)


def _bridge(pieces: Sequence[Piece], fine: Fine) -> list[Piece]:
    """The first and last piece, and the bridge between; none where it would explain no more."""
    first, last = pieces[0], pieces[-1]
    if first.line is None or last.line is None:
        return []
    low, high = max(first.start, first.end - _AROUND), min(last.end, last.start + _AROUND)
    edges = np.arange(low, high, HOP)
    before, after = (_summed(fine, line, edges) for line in (first.line, last.line))
    span = Span(edges, before, after, first.line, last.line)
    now = sum(
        float(
            fine.along(each.line, edges[(edges >= each.start) & (edges < each.end)] + HOP / 2).sum()
        )
        for each in pieces
    )
    best, start, end, line = max(
        (_best(fine, span, moved) for moved in (False, True)), key=lambda each: each[0]
    )
    bare = sum(each.end - each.start for each in pieces[1:-1] if each.line is None)
    gain = _LESS_GAIN if bare > _SHORTEST else _GAIN
    if line is None or best - now < gain or end - start < _BRIDGES * bare:
        return []
    if abs(line.rate / first.line.rate - 1) < _OTHER_RATE:
        return []
    return [replace(first, end=start), Piece(start, end, line), replace(last, start=end)]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch around a bridge: what either side's line explains of it up to each edge."""

    edges: Floats
    before: Floats
    after: Floats
    first: Line
    last: Line

    def outside(self, starts: Floats, ends: Floats) -> Floats:
        """What the lines on either side explain, of what lies before `starts` and after `ends`."""
        rest = self.after[-1] - np.interp(ends, self.edges, self.after)
        return np.asarray(np.interp(starts, self.edges, self.before) + rest, np.float64)


def _summed(fine: Fine, line: Line, edges: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(fine.along(line, edges[:-1] + HOP / 2))))


def _best(fine: Fine, span: Span, moved: bool) -> tuple[float, float, float, Line | None]:
    """The bridge that explains most, with its pitch moved as its rate is, or kept."""
    low, high = float(span.edges[0]), float(span.edges[-1])
    grid = np.arange(low, high, _GRID[0])
    starts, ends = (each.ravel() for each in np.meshgrid(grid, grid, indexing="ij"))
    found: tuple[float, float, float, Line | None] = (-np.inf, low, high, None)
    for step, finer in pairwise((*_GRID, 0.0)):
        starts, ends = starts.clip(low, high), ends.clip(low, high)
        good = ends - starts >= _SHORTEST
        starts, ends = starts[good], ends[good]
        origin = span.first.rate * starts + span.first.offset
        rates = (span.last.rate * ends + span.last.offset - origin) / np.maximum(ends - starts, HOP)
        good = (rates >= _SLOWEST) & (rates <= _FASTEST)
        starts, ends, origin, rates = starts[good], ends[good], origin[good], rates[good]
        if not len(starts):
            break
        inside = _inside(fine, starts, ends, origin, rates, span.first, moved)
        total = span.outside(starts, ends) + inside
        place = int(total.argmax())
        start, end, rate = float(starts[place]), float(ends[place]), float(rates[place])
        pitch = _pitch(span.first, rate) if moved else span.first.pitch
        line = Line(rate, float(origin[place]) - rate * start, pitch)
        found = max(found, (float(total[place]), start, end, line), key=lambda each: each[0])
        around = np.arange(-step, step + finer / 2, finer) if finer else np.zeros(1)
        both = np.meshgrid(found[1] + around, found[2] + around, indexing="ij")
        starts, ends = (each.ravel() for each in both)
    return found


def _inside(
    fine: Fine,
    starts: Floats,
    ends: Floats,
    origin: Floats,
    rates: Floats,
    first: Line,
    moved: bool,
) -> Floats:
    """What each bridge explains of its own stretch."""
    along = (np.arange(_FRAMES) + 0.5) / _FRAMES
    times = starts[:, None] + (ends - starts)[:, None] * along
    moments = origin[:, None] + rates[:, None] * (times - starts[:, None])
    if moved:  # by one step of a band for many rates together
        pitches = np.rint(4 * (first.pitch + 12 * np.log2(rates / first.rate))) / 4
    else:
        pitches = np.full(len(rates), first.pitch)
    told = np.zeros(times.shape)
    for pitch in np.unique(pitches):
        rows = pitches == pitch
        told[rows] = fine.told(times[rows], moments[rows], float(pitch), rates[rows, None])
    told += np.where(told, _SPARED * fine.neutral, 0.0)
    return np.asarray(told.mean(axis=1) * (ends - starts) / HOP, np.float64)


def _pitch(line: Line, rate: float) -> float:
    return line.pitch + 12 * float(np.log2(rate / line.rate))
