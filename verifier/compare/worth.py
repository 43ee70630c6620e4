"""What each peak says for a line, in nats, by how loud the suspect is where it lies.

A peak that meets one of the other side's speaks for a line, one of either side that meets none
speaks against it. How much depends on how many survive what the suspect is in, and noise and codecs
take what is faint first: the recordings themselves tell, where they lie on a line, which share of
peaks meets at which level. Pure functions of arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.lines import Line, meeting
from verifier.fingerprint.peaks import HIGHEST, Peaks

from .hearing import Heard
from .pieces import Piece

_MARGIN = 0.5  # semitones from the lowest and the highest pitch at which there are peaks
CHANCE = 0.1  # of a peak to meet one that is not its own
_CREDIT = 0.7  # peaks repeat each other: so much of what each would say alone
_BELIEVED = (0.05, 0.95)  # the least and greatest share of peaks that is believed to survive
_IN_A_PAUSE = (0.3, 0.75)  # the same for the original's in a pause of the suspect
_PARTS = 5  # of the levels, with as many peaks in each
_PRIOR = 4.0  # peaks of the usual share are added to each part
OUTSIDE = -3.0  # nats, for each peak of the suspect before the original begins or after it ends
_BEYOND = 0.1  # seconds

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def in_range(pitches: Floats) -> npt.NDArray[np.bool_]:
    """Which pitches, of one side, the other's peaks would have."""
    return np.asarray((pitches >= _MARGIN) & (pitches <= HIGHEST - _MARGIN), np.bool_)


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of peaks meets one of the other side's, by the level at which they lie.

    `bounds` part the levels; `shares` has one for each part, and one for where no level is known.
    """

    bounds: Floats
    shares: Floats

    @classmethod
    def of(cls, levels: Floats, met: Bools) -> "Shares":
        """From peaks, of which it is known whether they met."""
        known = levels[~np.isnan(levels)]
        bounds = np.quantile(known, np.arange(1, _PARTS) / _PARTS) if len(known) else np.zeros(0)
        usual = (met.sum() + 1) / (len(met) + 2)
        part = _part(levels, bounds)
        among = np.bincount(part, minlength=len(bounds) + 2)
        meet = np.bincount(part, met, minlength=len(bounds) + 2)
        shares = (meet + _PRIOR * usual) / (among + _PRIOR)
        shares[-1] = usual
        return cls(bounds, shares)

    def at(self, levels: Floats) -> Floats:
        """The share at each level."""
        return self.shares[_part(levels, self.bounds)]

    @property
    def usual(self) -> float:
        """The share of all peaks."""
        return float(self.shares[-1])


def _part(levels: Floats, bounds: Floats) -> Places:
    return np.where(np.isnan(levels), len(bounds) + 1, np.searchsorted(bounds, levels))


@dataclass(frozen=True)
class Worth:
    """What peaks of a suspect and of an original say, `rate` being the usual one."""

    suspect: Heard
    original: Heard
    ours: Shares
    theirs: Shares
    rate: float

    @classmethod
    def of(cls, suspect: Heard, original: Heard, laid: Sequence[Piece]) -> "Worth":
        """Learnt from pieces of the suspect that certainly lie on their lines."""
        rates = [piece.line.rate for piece in laid if piece.line is not None]
        rate = float(np.median(rates)) if rates else 1.0
        nothing = Shares.of(np.zeros(0), np.zeros(0, np.bool_))
        worth = cls(suspect, original, nothing, nothing, rate)
        ours, theirs = worth._met(laid, of_original=False), worth._met(laid, of_original=True)
        return cls(suspect, original, Shares.of(*ours), Shares.of(*theirs), rate)

    def _met(self, laid: Sequence[Piece], *, of_original: bool) -> tuple[Floats, Bools]:
        """The levels of peaks in these pieces, and which of them meet."""
        levels, met = [np.zeros(0)], [np.zeros(0, np.bool_)]
        for piece in laid:
            if piece.line is None:
                continue
            mine, theirs, back, ours, over = self._laid(piece.line, piece.start, piece.end)
            times, found = (back, over) if of_original else (mine.times, ours)
            meets = np.zeros(len(times), np.bool_)
            meets[found] = True
            line = piece.line
            counted = meets | (self._kept(theirs, line) if of_original else self._heard(mine, line))
            counted &= (times >= piece.start) & (times < piece.end)
            if of_original:
                counted &= self.suspect.sounds_at(times)
            level = self._levels(times, None if of_original else mine.pitches)
            levels.append(level[counted])
            met.append(meets[counted])
        return np.concatenate(levels), np.concatenate(met)

    def _laid(
        self, line: Line, start: float, end: float
    ) -> tuple[Peaks, Peaks, Floats, Places, Places]:
        """Either side's peaks about a stretch of the suspect, and which of them meet.

        The third are the suspect's times at which the original's lie.
        """
        span = start - _BEYOND, end + _BEYOND
        mine = self.suspect.peaks.between(*span)
        theirs = self.original.peaks.between(*(line.rate * time + line.offset for time in span))
        back = (theirs.times - line.offset) / line.rate
        return mine, theirs, back, *meeting(mine, theirs, line)

    def _heard(self, mine: Peaks, line: Line) -> Bools:
        return self.suspect.sounds_at(mine.times) & in_range(mine.pitches - line.pitch)

    def _kept(self, theirs: Peaks, line: Line) -> Bools:
        return self.original.sounds_at(theirs.times) & in_range(theirs.pitches + line.pitch)

    def _levels(self, times: Floats, pitches: Floats | None) -> Floats:
        """How loud the suspect is at times, in the bands of these pitches or in all."""
        spectrum = self.suspect.spectrum
        return np.full(len(times), np.nan) if spectrum is None else spectrum.levels(times, pitches)

    def said(
        self, line: Line, start: float = 0.0, end: float | None = None
    ) -> tuple[Floats, Floats]:
        """Times of the suspect, and what a peak of either side says there for a line."""
        end = self.suspect.duration if end is None else end
        mine, theirs, back, ours, over = self._laid(line, start, end)
        share = self.ours.at(self._levels(mine.times, mine.pitches)).clip(*_BELIEVED)
        gain = np.where(self._heard(mine, line), _misses(share), 0.0)
        if self.original.sounding is not None:  # a record does not say when the original ends
            there = line.rate * mine.times + line.offset
            gain[(there < -_BEYOND) | (there > self.original.duration + _BEYOND)] = OUTSIDE
        gain[ours] = _CREDIT * np.log(share[ours] / CHANCE)
        missed = np.where(self._kept(theirs, line), self._missed(line, back), 0.0)
        missed[over] = 0
        times, nats = np.concatenate((mine.times, back)), np.concatenate((gain, missed))
        inside = (times >= start) & (times < end)
        return times[inside], nats[inside]

    def _missed(self, line: Line, back: Floats) -> Floats:
        """What one of the original's says that meets none.

        There are so many peaks in a second at most: the faster it plays, the fewer are left.
        """
        share = self.theirs.at(self._levels(back, None)).clip(*_BELIEVED)
        pause = np.clip(self.theirs.usual, *_IN_A_PAUSE)
        share = np.where(self.suspect.sounds_at(back), share, pause)
        return _misses(share / max(1.0, line.rate / self.rate))

    def against(self, piece: Piece, before: Line, after: Line) -> tuple[float, float]:
        """What speaks against a stretch's running on along one line, then another; from when."""
        times, nats = self.said(before, piece.start, piece.end)
        others, theirs = self.said(after, piece.start, piece.end)
        order = np.argsort(np.concatenate((times, others)), kind="stable")
        at = np.concatenate((times, others))[order]
        gain = np.concatenate((nats, -theirs))[order]
        total = np.concatenate(([0.0], np.cumsum(gain))) + theirs.sum()
        best = int(total.argmax())
        edges = np.concatenate(([piece.start], at, [piece.end]))
        return -float(total[best]), float(edges[best : best + 2].mean())


def _misses(share: Floats) -> Floats:
    return np.asarray(_CREDIT * np.log((1 - share) / (1 - CHANCE)), np.float64)
