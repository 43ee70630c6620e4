"""What peaks alone can tell of a stretch of sound: whether it is another, or but hard to hear.

A record keeps where an original's spectrum peaks, not how loud it is there. Peaks of a pause are
noise, and noise is never the same twice: that few of them meet says nothing. So a stretch is told
to be replaced only where peaks of both sides miss each other that would meet, so loud as they are
(`worth.py`), and to be muted only where the record has as many peaks as loud sound has. Pure
functions.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.lines import FASTEST, SLOWEST, Line, meeting

from .hearing import STEP, Heard
from .pieces import ALIKE, Piece, alike
from .result import Interval
from .worth import Worth, in_range

_FAINT = 0.3  # of either side's peaks: where more meet, a stretch is not foreign
_LEAST_AGAINST = 3.0  # nats that must speak against a line, where but the record is at hand,
_CERTAIN = (9.0, 5.0)  # and to tell that it is other sound: nats, and more for each second of it
_MOSTLY_SILENT = 0.3  # of a stretch: so little of it is no pause
_LEAST_MEETING = 4  # peaks on a line, or it is none
_LEAST_HEARD = 0.45  # of a stretch that is told to be other sound
_LEAST_LOUD = -14.5  # dB below the loud parts of the suspect
_LEAST_TOLD = 0.25  # seconds
_LEAST_PEAKS = 8
_LEAST_MUTED = 0.5  # seconds
_LOUD_PEAKS = 15.0  # a second: the record of a pause has fewer, for louder ones are near
_MOST_BRIDGED = 40  # stretches
_LONGEST_BRIDGED = 2.0  # seconds
_SHIFTS = tuple(np.arange(-0.3, 0.31, 0.05).tolist())  # seconds: its ends are tried elsewhere
_SHORTEST = 0.15  # seconds

Floats = npt.NDArray[np.float64]


def surviving(suspect: Heard, original: Heard, line: Line, span: Interval) -> tuple[float, float]:
    """Which share of either side's peaks meets along a line, pauses left out."""
    mine, ours, theirs, over = _counted(suspect, original, line, span)
    return (ours / max(1, mine), over / max(1, theirs)) if theirs else (0.0, 0.0)


def _counted(
    suspect: Heard, original: Heard, line: Line, span: Interval
) -> tuple[int, int, int, int]:
    """Peaks of the suspect, of which so many meet, and of the original, of which so many do."""
    mine = suspect.peaks.between(*span)
    theirs = original.peaks.between(*(line.rate * time + line.offset for time in span))
    ours, over = meeting(mine, theirs, line) if len(theirs) else (np.zeros(0, np.int64),) * 2
    heard = suspect.sounds_at(mine.times) & in_range(mine.pitches - line.pitch)
    heard[ours] = True
    kept = original.sounds_at(theirs.times) & in_range(theirs.pitches + line.pitch)
    kept[over] = True
    return int(heard.sum()), len(ours), int(kept.sum()), len(np.unique(over))


def silent(piece: Piece, suspect: Heard) -> bool:
    """Whether a stretch of the suspect is mostly a pause."""
    return suspect.sounding is not None and _heard(piece, suspect).mean() < _MOSTLY_SILENT


def _heard(piece: Piece, suspect: Heard) -> npt.NDArray[np.bool_]:
    return suspect.sounds_at(np.arange(piece.start, piece.end, STEP) + STEP / 2)


def doubted(pieces: Sequence[Piece], worth: Worth) -> list[Piece]:
    """The pieces, with a line put back where a stretch of it is faint rather than foreign.

    How many peaks survive varies: where far more meet than by chance, it is the original's sound.
    From the record alone a line also is put back over a pause that the record may have as well, and
    taken away where hardly a peak speaks for it.
    """
    known = worth.original.sounding is not None  # else its pauses count against it
    kept = list(pieces) if known else _borne_out(pieces, worth.suspect, worth.original)
    for number in range(1, len(kept) - 1):
        before, bare, after = kept[number - 1 : number + 2]
        if bare.line is None and before.line is not None and after.line is not None:
            cut = _faint(bare, before.line, after.line, worth)
            if cut is not None:
                kept[number] = Piece(bare.start, cut, before.line)
                kept[number + 1] = replace(after, start=cut)
    return kept


def _faint(bare: Piece, before: Line, after: Line, worth: Worth) -> float | None:
    """Until when the one line runs on through a stretch, then the other; None: neither does."""
    one = alike(before, after, (bare.start + bare.end) / 2, apart=2 * ALIKE)
    if worth.original.sounding is not None:
        shares = surviving(worth.suspect, worth.original, before, (bare.start, bare.end))
        faint = one and min(shares) >= _FAINT
    elif silent(bare, worth.suspect):
        faint = one and not _is_muted(bare, before, worth.original)
    else:
        against, cut = worth.against(bare, before, after)
        return (bare.end if one else cut) if against < _LEAST_AGAINST else None
    return bare.end if faint else None


def _borne_out(pieces: Sequence[Piece], suspect: Heard, original: Heard) -> list[Piece]:
    """The pieces, on no line where too few peaks meet along it; neighbours on none are one."""
    kept: list[Piece] = []
    for piece in pieces:
        line = piece.line
        if line is not None and len(pieces) > 1:
            mine = suspect.peaks.between(piece.start, piece.end)
            line = line if len(meeting(mine, original.peaks, line)[0]) >= _LEAST_MEETING else None
        if kept and kept[-1].line is None and line is None:
            kept[-1] = replace(kept[-1], end=piece.end)
        else:
            kept.append(replace(piece, line=line))
    return kept


def _is_muted(piece: Piece, line: Line, original: Heard) -> bool:
    """Whether the record has as many peaks, where the suspect has a pause, as loud sound has."""
    first, last = (line.rate * time + line.offset for time in (piece.start, piece.end))
    count = len(original.peaks.between(first, last))
    return piece.length >= _LEAST_MUTED and count >= _LOUD_PEAKS * (last - first)


def tells(piece: Piece, before: Line | None, after: Line | None, worth: Worth) -> bool:
    """Whether peaks tell that a stretch without a line is other sound than the original's, or none.

    `before` and `after` are the lines that may run on through it; None where it stands between two
    that leave no room for it.
    """
    suspect, original = worth.suspect, worth.original
    if original.sounding is not None:
        return True
    if silent(piece, suspect):
        return before is not None and _is_muted(piece, before, original)
    if piece.length < _LEAST_TOLD:
        return False
    if before is not None and after is not None:
        against, _ = worth.against(piece, before, after)
        return against >= _CERTAIN[0] + _CERTAIN[1] * piece.length
    if _heard(piece, suspect).mean() < _LEAST_HEARD or _loudness(piece, suspect) < _LEAST_LOUD:
        return False
    return len(suspect.peaks.between(piece.start, piece.end)) >= _LEAST_PEAKS


def _loudness(piece: Piece, suspect: Heard) -> float:
    """The mean level in dB, pauses left out, below the loud parts; 0 where it is not known."""
    if suspect.spectrum is None:
        return 0.0
    times = np.arange(piece.start, piece.end, STEP) + STEP / 2
    return suspect.spectrum.below_loud(times[_heard(piece, suspect)])


def bridges(pieces: Sequence[Piece], suspect: Heard, original: Heard) -> list[Line]:
    """Lines that lead, between two others, from where the one ends to where the next begins.

    So a second at double speed is found, too short to be proposed; with its pitch kept and without.
    """
    found: list[Line] = []
    known = original.sounding is not None
    for before, after in _neighbours(pieces, 2 if known else 1)[:_MOST_BRIDGED]:
        coarse = known or after.start - before.end > _LONGEST_BRIDGED
        shifts = (0.0,) if coarse else _SHIFTS  # with its spectrum at hand others are tried later
        spans = [(before.end + a, after.start + b) for a in shifts for b in shifts]
        for moved in (False, True):
            tried = [
                (line, span) for span in spans if (line := _bridge(before, after, span, moved))
            ]
            if tried:
                found.append(
                    max(tried, key=lambda each: _met(each[0], each[1], suspect, original))[0]
                )
    return found


def _neighbours(pieces: Sequence[Piece], least: int) -> list[tuple[Piece, Piece]]:
    """Pieces on two lines, so many places apart or more, with at most one on none between them."""
    lined = [number for number, piece in enumerate(pieces) if piece.line is not None]
    return [
        (pieces[one], pieces[other]) for one, other in pairwise(lined) if least <= other - one <= 2
    ]


def _bridge(before: Piece, after: Piece, span: Interval, moved: bool) -> Line | None:
    start, end = span
    if before.line is None or after.line is None or end - start < _SHORTEST:
        return None
    first = before.line.rate * start + before.line.offset
    last = after.line.rate * end + after.line.offset
    rate = (last - first) / (end - start)
    if not SLOWEST / 2 <= rate <= FASTEST * 2:
        return None
    pitch = before.line.pitch + (12 * float(np.log2(rate / before.line.rate)) if moved else 0.0)
    return Line(rate, first - rate * start, pitch)


def _met(line: Line, span: Interval, suspect: Heard, original: Heard) -> float:
    """How much more peaks of the suspect meet along a bridge than do not.

    Of the original's, more are left out the faster it plays: there are so many in a second at most.
    """
    mine, ours, theirs, over = _counted(suspect, original, line, span)
    return ours - 0.5 * (mine - ours) - 0.2 * (theirs - over)
