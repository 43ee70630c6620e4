"""Lay one recording's peaks over another's, at whatever rate and pitch: a line through time.

Two triplets that agree say at what rate and pitch, and how far along, a suspect would lie over an
original. Where several say the same, all peaks of that part of the suspect are laid over the
original's, and how many meet decides. Pure functions of arrays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .align import Alignment
from .peaks import LEAST_PEAKS, SECONDS_PER_STEP, Peaks, peaks_of
from .triplets import IN_SUSPECT, Postings, Triplets

SLOWEST, FASTEST = 0.6, 1.7  # seconds of the original in a second of the suspect
MOST_SEMITONES = 6.0  # that a suspect may sound higher or lower
PART = 10.0  # seconds of a suspect, about, that are laid over an original together
MOST_PARTS = 12  # of a suspect, evenly spread, are looked for: all of it up to 120 s
LEAST_EVIDENCE = 30.0  # of one part
LEAST_VOTES = 3  # triplets that agree, before a line is tried
MOST_LINES = 64  # of one part over all originals, those with the most votes, are thought of
_MOST_TRIED = 8  # of one part over one original
_RATE_BIN, _PITCH_BIN, _SHIFT_BIN = 0.08, 1.0, 0.6  # of a natural logarithm, semitones, seconds
_MEETS = (0.1, 0.06, 0.04)  # seconds of the original within which peaks meet, ever nearer
_MEETS_IN_PITCH = 0.5  # semitones
_AROUND = 1.0  # seconds on either side tell how many peaks would meet by chance

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """Where a suspect lies over an original: the original's time is rate * time + offset."""

    rate: float
    offset: float  # seconds
    pitch: float  # semitones by which the suspect sounds higher


@dataclass(frozen=True, slots=True)
class Laid:
    """A part of a suspect laid over an original along a line.

    `evidence` says how unlikely chance makes it that so many peaks meet: it bounds the negative
    natural logarithm of that probability (Chernoff) were peaks thrown at random, which they are
    not; what it is worth was measured (`match.PEAKS_FALSE_MATCH_RATE`).
    """

    line: Line
    evidence: float
    meeting: Floats  # seconds: the suspect's peaks that meet one of the original's
    compared: int  # peaks of the suspect that lie over the original


@dataclass(frozen=True, slots=True)
class Votes:
    """Pairs of near triplets: whose the original's is, and the line that the two would lay.

    Rows of lines are rate, the original's time at the middle of the suspect's part, and pitch.
    """

    owners: Places
    lines: Floats


def parts(peaks: Peaks) -> Iterator[Peaks]:
    """The stretches of a suspect that are looked for."""
    start, end = float(peaks.times[0]), float(peaks.times[-1])
    count = max(1, round((end - start) / PART))
    length = (end - start) / count
    for place in np.unique(np.linspace(0, count - 1, min(count, MOST_PARTS)).round()):
        first = start + place * length
        part = peaks.between(first, first + length + SECONDS_PER_STEP)
        if len(part) >= LEAST_PEAKS:
            yield part


def vote(
    part: Peaks,
    postings: Iterable[Postings],
    originals: npt.NDArray[np.uint32],
    starts: Places,
) -> Votes:
    """Every pair of near triplets of a part and of the originals that gives a line within bounds.

    `originals` are the peaks of all originals, one after another; `starts` are where each begins.
    """
    ours = Triplets.of(part, IN_SUSPECT)
    spans = part.times[ours.thirds] - part.times[ours.firsts]
    times, pitches = part.times[ours.firsts], part.pitches[ours.firsts]
    middle = _middle(part)
    found = []
    for each in postings:
        mine, theirs = each.near(ours)
        rate = each.spans[theirs] * SECONDS_PER_STEP / spans[mine]
        good = (rate >= SLOWEST) & (rate <= FASTEST)
        mine, first, rate = mine[good], each.firsts[theirs[good]], rate[good]
        over = peaks_of(originals[first])
        pitch = pitches[mine] - over.pitches
        shift = over.times + rate * (middle - times[mine])
        good = np.abs(pitch) <= MOST_SEMITONES
        rows = np.stack((rate, shift, pitch), axis=1)[good]
        found.append((np.searchsorted(starts, first[good], side="right") - 1, rows))
    if not found:
        return Votes(np.zeros(0, np.int64), np.zeros((0, 3)))
    return Votes(*(np.concatenate(each) for each in zip(*found, strict=True)))


def elect(votes: Votes) -> list[tuple[int, Line]]:
    """Owners and lines on which at least LEAST_VOTES agree, MOST_LINES, the most votes first.

    The offset of each line counts from the middle of the suspect's part.
    """
    if len(votes.owners) < LEAST_VOTES:
        return []
    widths = (_RATE_BIN, _SHIFT_BIN, _PITCH_BIN)
    rates, shifts, pitches = votes.lines.T
    places = np.stack((np.log(rates), shifts, pitches), axis=1) / widths
    found: list[tuple[int, int, Line]] = []
    for shift in (0.0, 0.5):  # what one grid divides, the other does not
        bins = np.floor(places + shift).astype(np.int64)
        low = bins.min(axis=0)
        across = bins.max(axis=0) - low + 1
        codes = votes.owners
        for digits, first, base in zip(bins.T, low, across, strict=True):
            codes = codes * base + digits - first
        order = _crowded(codes)
        order = order[np.argsort(codes[order], kind="stable")]
        _, starts, counts = np.unique(codes[order], return_index=True, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:MOST_LINES]
        for place in most[counts[most] >= LEAST_VOTES]:
            rows = order[starts[place] : starts[place] + counts[place]]
            rate, middle, pitch = np.median(votes.lines[rows], axis=0).tolist()
            line = Line(rate, middle, pitch)
            found.append((int(counts[place]), int(votes.owners[rows[0]]), line))
    found.sort(key=lambda each: -each[0])
    return [(owner, line) for _, owner, line in found[:MOST_LINES]]


def _crowded(codes: Places) -> Places:
    """Places of the codes of which there may be LEAST_VOTES: the rest need not be sorted."""
    slots = codes % (4 * len(codes) + 1)
    return np.flatnonzero(np.bincount(slots)[slots] >= LEAST_VOTES)


def lay(part: Peaks, original: Peaks, line: Line) -> Laid:
    """Lay all peaks of a part along a line, and fit the line to those that meet."""
    line = fit(part, original, line)
    mine, _ = meeting(part, original, line)
    compared, expected = _by_chance(part, original, line)
    count = len(mine)
    evidence = count * np.log(count / expected) - count + expected if count > expected else 0.0
    return Laid(line, float(evidence), part.times[mine], compared)


def fit(part: Peaks, original: Peaks, line: Line) -> Line:
    """The line near `line` of least squares through peaks that meet, ever nearer."""
    for reach in _MEETS:
        line = _fitted(part, original, line, *meeting(part, original, line, reach))
    return line


def align_peaks(suspect: Peaks, original: Peaks) -> list[Laid]:
    """The best line of each part of a suspect over an original, in the order of the parts.

    Parts for which no line has been found are left out.
    """
    postings = [Postings.of(original)]
    numbers = original.numbers()
    found = []
    for part in parts(suspect):
        lines = elect(vote(part, postings, numbers, np.zeros(1, np.int64)))[:_MOST_TRIED]
        tried = [lay(part, original, from_start(line, part)) for _, line in lines]
        if tried:
            found.append(max(tried, key=lambda laid: laid.evidence))
    return found


def agreement(parts: Sequence[Laid]) -> Alignment | None:
    """What those parts agree on that lie well enough: the best one's line; None where none does."""
    good = [laid for laid in parts if laid.evidence >= LEAST_EVIDENCE]
    if not good:
        return None
    best = max(good, key=lambda laid: laid.evidence)
    length = sum(len(laid.meeting) for laid in good)
    return Alignment(
        distance=1 - length / sum(laid.compared for laid in good),
        offset=best.line.offset,
        overlap=float(sum(np.ptp(laid.meeting) for laid in good)),
        length=length,
        rate=best.line.rate,
        pitch=best.line.pitch,
    )


def from_start(line: Line, part: Peaks) -> Line:
    """A line that was elected, with its offset from the start of the suspect."""
    return Line(line.rate, line.offset - line.rate * _middle(part), line.pitch)


def _middle(part: Peaks) -> float:
    return float(part.times[0] + part.times[-1]) / 2


def meeting(
    part: Peaks, original: Peaks, line: Line, reach: float = _MEETS[-1]
) -> tuple[Places, Places]:
    """Places of peaks that lie over one another, the nearest of the original's for each."""
    times, pitches = line.rate * part.times + line.offset, part.pitches - line.pitch
    mine, theirs = _within(times, original.times, reach)
    across = np.abs(original.pitches[theirs] - pitches[mine]) / _MEETS_IN_PITCH
    near = across <= 1
    mine, theirs, across = mine[near], theirs[near], across[near]
    far = across**2 + np.square((original.times[theirs] - times[mine]) / reach)
    order = np.lexsort((far, mine))
    mine, first = np.unique(mine[order], return_index=True)
    return mine, theirs[order[first]]


def _within(times: Floats, others: Floats, reach: float) -> tuple[Places, Places]:
    """Pairs of places of times, and of others (sorted) that are at most so far from them."""
    start = np.searchsorted(others, times - reach)
    count = np.searchsorted(others, times + reach) - start
    theirs = np.arange(count.sum()) + np.repeat(start - np.cumsum(count) + count, count)
    return np.repeat(np.arange(len(times)), count), theirs


def _fitted(part: Peaks, original: Peaks, line: Line, mine: Places, theirs: Places) -> Line:
    """The line of least squares through peaks that meet; the one given where they are too few."""
    if len(mine) < LEAST_VOTES:
        return line
    ours = part.times[mine]
    middle = ours.mean()
    spread = np.square(ours - middle).sum()
    if spread <= 0:
        return line
    over = original.times[theirs]
    rate = float(((ours - middle) * over).sum() / spread)
    if not 0.9 < rate / line.rate < 1.1:
        return line
    pitch = float(np.median(part.pitches[mine] - original.pitches[theirs]))
    return Line(rate, float(over.mean() - rate * middle), pitch)


def _by_chance(part: Peaks, original: Peaks, line: Line) -> tuple[int, float]:
    """How many peaks lie over the original, and how many would meet one if it were another."""
    times, pitches = line.rate * part.times + line.offset, part.pitches - line.pitch
    first, last = original.times[0] - _MEETS[-1], original.times[-1] + _MEETS[-1]
    inside = (times >= first) & (times <= last)
    times, pitches = times[inside], pitches[inside]
    mine, theirs = _within(times, original.times, _AROUND)
    alike = np.abs(original.pitches[theirs] - pitches[mine]) <= _MEETS_IN_PITCH
    near = np.bincount(mine[alike], minlength=len(times))
    chance = 1 - np.exp(-near * _MEETS[-1] / _AROUND)
    return len(times), max(float(chance.sum()), 1.0)
