"""Which second of an original each second of a suspect lets hear, at what rate and pitch.

Works on spectral peaks alone, so the recorded fingerprint of the original is enough, and a minute
or eight hours are mapped in the same memory. Lines (`verifier.fingerprint.lines`) are proposed for
short parts of the suspect; the best chain of lines, and of stretches without one, is found by
dynamic programming (Viterbi, 1967): a peak that meets one of the original's speaks for a line, a
peak of either side that meets none speaks against it, the more the louder it is (`worth.py`), and
pauses say nothing. Then each line is fitted to its own stretch, and the chain is found again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.lines import (
    Line,
    elect,
    fit,
    from_start,
    lay,
    vote,
)
from verifier.fingerprint.peaks import LEAST_PEAKS
from verifier.fingerprint.triplets import Postings

from .edges import SLACK, Fine, sharp
from .faint import bridges, doubted, silent, tells
from .hearing import STEP, Heard
from .pauses import paused, within_pauses
from .pieces import SAME_RATE, Piece, alike, merged
from .result import Interval, Segment, SegmentKind
from .spectrum import HOP
from .unsure import Told, unsure
from .worth import Worth

JUMP = 4.0  # nats to leave a line for another, or for none
ODD = 2.0  # nats more, to enter a line at another rate than the surest one's
BARE = 4.0  # nats more, to leave all lines
_PART = 3.0  # seconds of the suspect for which lines are proposed
_MOST_PARTS = 400
_MOST_LINES = 240
_TRIED = 6  # lines of one part are laid
_LEAST_EVIDENCE = 8.0
_MOST_STEPS = 72_000  # half an hour at STEP; what is longer is mapped in longer steps
_ROUNDS = 3
_SLACK = 4.0  # nats, by which an edge may explain less than the best one
_LEAST = 0.1  # seconds: shorter stretches and holes are as likely a rounding of ours

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoundMap:
    """The suspect's sound in its order, without holes, and what it leaves out of the original.

    A segment that is REPLACED or ABSENT names the stretch of the original that should be heard
    there. `pitches` are semitones by which each segment sounds higher; None where it has no line.
    """

    segments: tuple[Segment, ...]
    removed: tuple[Interval, ...]
    pitches: tuple[float | None, ...]


def map_sound(suspect: Heard, original: Heard) -> SoundMap | None:
    """Map a suspect's sound onto an original's; None where either has nothing to hear."""
    if min(len(suspect.peaks), len(original.peaks)) < LEAST_PEAKS:
        return None
    lines, worth = _proposed(suspect, original)
    pieces = _chain(lines, worth)
    for _ in range(_ROUNDS):
        fitted = merged([_fitted(suspect, original, piece) for piece in pieces])
        used = [piece.line for piece in fitted if piece.line is not None]
        bridging = bridges(fitted, suspect, original)
        lines = list(dict.fromkeys([*used, *bridging]))
        alone = bridging if original.sounding is None else ()  # else spectra tell of them later
        following = _chain(lines, worth, alone)
        if following == pieces:
            break
        pieces = following
    pieces = merged(doubted(pieces, worth))
    fine = Fine.of(suspect, original, pieces)
    if fine is None:
        pieces, pauses = paused(pieces, suspect)
        edges = unsure(pieces, _told_by_peaks(worth), STEP, _SLACK)
        edges = within_pauses(edges, pieces, pauses)
        # a peak is found in a tenth of a second, so it tells no better of when it is
        edges = {edge: (first - STEP, last + STEP) for edge, (first, last) in edges.items()}
    else:
        pieces = merged(sharp(pieces, fine))
        edges = unsure(pieces, fine.along, HOP, SLACK)
    return _said(pieces, worth, edges)


def _proposed(suspect: Heard, original: Heard) -> tuple[list[Line], Worth]:
    """The lines that parts of the suspect lie on, without near doubles, the surest first."""
    postings, numbers = [Postings.of(original.peaks)], original.peaks.numbers()
    length = max(_PART, 2 * suspect.duration / _MOST_PARTS)
    found: list[tuple[float, float, Line]] = []
    certain: list[Piece] = []
    for start in np.arange(0, max(suspect.duration - length / 2, 0.1), length / 2).tolist():
        part = suspect.peaks.between(start, start + length)
        if len(part) < LEAST_PEAKS:
            continue
        votes = vote(part, postings, numbers, np.zeros(1, np.int64))
        tried = [
            lay(part, original.peaks, from_start(line, part)) for _, line in elect(votes)[:_TRIED]
        ]
        good = [laid for laid in tried if laid.evidence >= _LEAST_EVIDENCE]
        found += [(laid.evidence, start + length / 2, laid.line) for laid in good]
        if good:
            best = max(good, key=lambda laid: laid.evidence).line
            certain.append(Piece(start, start + length, best))
    found.sort(key=lambda each: -each[0])
    kept: list[tuple[float, Line]] = []
    for _, middle, line in found:
        if not any(alike(line, other, middle) for _, other in kept):
            kept.append((middle, line))
    lines = [line for _, line in kept[:_MOST_LINES]]
    return lines, Worth.of(suspect, original, certain)


def _chain(lines: Sequence[Line], worth: Worth, bridging: Sequence[Line] = ()) -> list[Piece]:
    """The chain of lines, and of stretches without one, that explains the peaks best.

    Lines that lead from one to another may have other rates.
    """
    suspect = worth.suspect
    step = max(STEP, suspect.duration / _MOST_STEPS)
    count = max(1, int(np.ceil(suspect.duration / step)))
    gains = np.zeros((count, len(lines) + 1), np.float32)  # the last: on no line
    for number, line in enumerate(lines):
        gains[:, number] = _gains(worth, line, step, count)
    states = np.arange(len(lines) + 1)
    came = np.empty(gains.shape, np.int16)
    odd = [abs(each.rate - lines[0].rate) > SAME_RATE and each not in bridging for each in lines]
    entry = JUMP + ODD * np.array(odd, np.float64)
    entry = np.append(entry, JUMP + BARE).astype(np.float32)
    gains[[0, -1], -1] -= JUMP  # foreign sound at an end costs no less than in the middle
    total = gains[0].copy()
    for row in range(1, count):
        best = int(total.argmax())
        switched = total[best] - entry
        came[row] = np.where(total >= switched, states, best)
        total = np.maximum(total, switched) + gains[row]
    path = np.empty(count, np.int64)
    path[-1] = total.argmax()
    for row in range(count - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), count]
    return [
        Piece(
            first * step,
            min(last * step, suspect.duration) if last < count else suspect.duration,
            lines[path[first]] if path[first] < len(lines) else None,
        )
        for first, last in pairwise(edges)
    ]


def _gains(worth: Worth, line: Line, step: float, count: int) -> npt.NDArray[np.float32]:
    """What the peaks in each step say for a line, in nats."""
    times, nats = worth.said(line)
    places = np.clip((times / step).astype(np.int64), 0, count - 1)
    return np.bincount(places, nats, count).astype(np.float32)


def _told_by_peaks(worth: Worth) -> Told:
    """What the peaks within STEP of each time say for a line, in nats."""
    count = max(1, int(np.ceil(worth.suspect.duration / STEP)))

    @cache
    def gains(line: Line) -> npt.NDArray[np.float32]:
        return _gains(worth, line, STEP, count)

    def told(line: Line | None, times: Floats) -> Floats:
        if line is None:
            return np.zeros(len(times))
        places = np.clip((times / STEP).astype(np.int64), 0, count - 1)
        return gains(line)[places].astype(np.float64)

    return told


def _fitted(suspect: Heard, original: Heard, piece: Piece) -> Piece:
    """The piece with the line of least squares through its own peaks."""
    if piece.line is None:
        return piece
    part = suspect.peaks.between(piece.start, piece.end)
    if len(part) < LEAST_PEAKS:
        return piece
    return replace(piece, line=fit(part, original.peaks, piece.line))


def _said(pieces: Sequence[Piece], worth: Worth, edges: dict[float, Interval]) -> SoundMap:
    """The pieces as segments: what has no line is inserted, replaced, absent, or but a pause."""
    pieces = _without_pauses(pieces, worth.suspect)
    segments: list[Segment] = []
    pitches: list[float | None] = []
    for number, piece in enumerate(pieces):
        if piece.line is None:
            after = pieces[number + 1] if number + 1 < len(pieces) else None
            before = pieces[number - 1] if number else None
            segments.append(_bare(piece, before, after, worth))
            pitches.append(None)
        else:
            shown = _shown(piece, piece.line, segments)
            segments += shown
            pitches += [piece.line.pitch] * len(shown)
    segments = [
        replace(each, starts=edges.get(each.suspect[0]), ends=edges.get(each.suspect[1]))
        for each in segments
    ]
    return SoundMap(tuple(segments), _holes(segments), tuple(pitches))


def _without_pauses(pieces: Sequence[Piece], suspect: Heard) -> list[Piece]:
    """Silence at either end goes to the line beside it: nothing can be told of it."""
    kept = list(pieces)
    for end, beside in ((0, 1), (-1, -2)):
        if len(kept) < 2 or kept[end].line is not None or kept[beside].line is None:
            continue
        if not silent(kept[end], suspect):
            continue
        spans = sorted(((kept[end].start, kept[end].end), (kept[beside].start, kept[beside].end)))
        kept[beside] = replace(kept[beside], start=spans[0][0], end=spans[1][1])
        del kept[end]
    return kept


def _bare(piece: Piece, before: Piece | None, after: Piece | None, worth: Worth) -> Segment:
    """A piece without a line, and what of the original should be heard there."""
    instead = _between(piece, before, after)
    if instead is not None and instead[1] - instead[0] < _LEAST:
        instead = None
    beside = [each.line for each in (before, after) if each is not None and instead is not None]
    lines = beside if len(beside) == 2 else [None, None]
    if not tells(piece, lines[0], lines[1], worth):
        kind = SegmentKind.UNCLEAR
    elif silent(piece, worth.suspect):
        kind = SegmentKind.ABSENT
    else:
        kind = SegmentKind.INSERTED if instead is None else SegmentKind.REPLACED
    return Segment((piece.start, piece.end), instead, None, kind)


def _between(piece: Piece, before: Piece | None, after: Piece | None) -> Interval | None:
    """The stretch of the original that lies between the lines on either side, of like length."""
    if before is None or after is None or before.line is None or after.line is None:
        return None
    first = before.line.rate * piece.start + before.line.offset
    last = after.line.rate * piece.end + after.line.offset
    wanted = (piece.end - piece.start) * (before.line.rate + after.line.rate) / 2
    if not 0.4 * wanted <= last - first <= 2.5 * wanted:
        return None
    return first, last


def _shown(piece: Piece, line: Line, earlier: Sequence[Segment]) -> list[Segment]:
    """A piece as segments, cut where it begins or ceases to play what was played before."""
    kind, rate = SegmentKind.SAME, 1.0
    if abs(line.rate - 1) > SAME_RATE:
        rate = line.rate
        kind = SegmentKind.SLOWED if rate < 1 else SegmentKind.SPED_UP
    played = [each.original for each in earlier if each.original and each.rate is not None]
    edges = {(edge - line.offset) / line.rate for each in played for edge in each}
    inner = [edge for edge in sorted(edges) if piece.start + _LEAST < edge < piece.end - _LEAST]
    found: list[Segment] = []
    for start, end in pairwise([piece.start, *inner, piece.end]):
        first, last = (max(0.0, line.rate * time + line.offset) for time in (start, end))
        again = any(low <= (first + last) / 2 <= high for low, high in played)
        its = SegmentKind.REPEATED if again else kind
        found.append(Segment((start, end), (first, last), rate, its))
    return _joined(found)


def _joined(segments: Sequence[Segment]) -> list[Segment]:
    """Neighbours on one line, of one kind, as one."""
    done = list(segments[:1])
    for each in segments[1:]:
        before = done[-1]
        if before.kind is each.kind and before.original and each.original:
            own = (before.suspect[0], each.suspect[1])
            done[-1] = replace(before, suspect=own, original=(before.original[0], each.original[1]))
        else:
            done.append(each)
    return done


def _holes(segments: Sequence[Segment]) -> tuple[Interval, ...]:
    """What of the original, between its first and last heard moments, has no place."""
    heard = sorted(each.original for each in segments if each.original is not None)
    holes, reached = [], heard[0][1] if heard else 0.0
    for first, last in heard:
        if first - reached > _LEAST:
            holes.append((reached, first))
        reached = max(reached, last)
    return tuple(holes)
