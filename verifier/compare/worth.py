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
from verifier.fingerprint.peaks import HIGHEST

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


def _part(levels: Floats, bounds: Floats) -> npt.NDArray[np.int64]:
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
            mine, theirs = meeting(self.suspect.peaks, self.original.peaks, piece.line)
            times, found = (
                (self._back(piece.line), theirs)
                if of_original
                else (self.suspect.peaks.times, mine)
            )
            counted = self._kept(piece.line) if of_original else self._heard(piece.line)
            meets = np.zeros(len(times), np.bool_)
            meets[found] = True
            inside = (counted | meets) & (times >= piece.start) & (times < piece.end)
            if of_original:
                inside &= self.suspect.sounds_at(times)
            levels.append(self._levels(times, of_original=of_original)[inside])
            met.append(meets[inside])
        return np.concatenate(levels), np.concatenate(met)

    def _back(self, line: Line) -> Floats:
        return (self.original.peaks.times - line.offset) / line.rate

    def _heard(self, line: Line) -> Bools:
        peaks = self.suspect.peaks
        return self.suspect.sounds_at(peaks.times) & in_range(peaks.pitches - line.pitch)

    def _kept(self, line: Line) -> Bools:
        peaks = self.original.peaks
        return self.original.sounds_at(peaks.times) & in_range(peaks.pitches + line.pitch)

    def _levels(self, times: Floats, *, of_original: bool) -> Floats:
        """How loud the suspect is at times: in the band of its own peaks, or in all bands."""
        spectrum = self.suspect.spectrum
        if spectrum is None:
            return np.full(len(times), np.nan)
        if of_original:
            return spectrum.levels(times)
        return spectrum.levels(times, self.suspect.peaks.pitches)

    def said(self, line: Line) -> tuple[Floats, Floats]:
        """Times of the suspect, and what a peak of either side says there for a line."""
        times = self.suspect.peaks.times
        mine, theirs = meeting(self.suspect.peaks, self.original.peaks, line)
        share = self.ours.at(self._levels(times, of_original=False)).clip(*_BELIEVED)
        gain = np.where(self._heard(line), _misses(share), 0.0)
        over = line.rate * times + line.offset
        if self.original.sounding is not None:  # a record does not say when the original ends
            gain[(over < -_BEYOND) | (over > self.original.duration + _BEYOND)] = OUTSIDE
        gain[mine] = _CREDIT * np.log(share[mine] / CHANCE)
        back = self._back(line)
        missed = np.where(self._kept(line), self._missed(line, back), 0.0)
        missed[theirs] = 0
        inside = (back >= 0) & (back < self.suspect.duration)
        return np.concatenate((times, back[inside])), np.concatenate((gain, missed[inside]))

    def _missed(self, line: Line, back: Floats) -> Floats:
        """What one of the original's says that meets none.

        There are so many peaks in a second at most: the faster it plays, the fewer are left.
        """
        share = self.theirs.at(self._levels(back, of_original=True)).clip(*_BELIEVED)
        pause = np.clip(self.theirs.usual, *_IN_A_PAUSE)
        share = np.where(self.suspect.sounds_at(back), share, pause)
        return _misses(share / max(1.0, line.rate / self.rate))

    def against(self, piece: Piece, before: Line, after: Line) -> tuple[float, float]:
        """What speaks against a stretch's running on along one line, then another; from when."""
        times, nats = self._inside(piece, before)
        others, theirs = self._inside(piece, after)
        order = np.argsort(np.concatenate((times, others)), kind="stable")
        at = np.concatenate((times, others))[order]
        gain = np.concatenate((nats, -theirs))[order]
        total = np.concatenate(([0.0], np.cumsum(gain))) + theirs.sum()
        best = int(total.argmax())
        edges = np.concatenate(([piece.start], at, [piece.end]))
        return -float(total[best]), float(edges[best : best + 2].mean())

    def _inside(self, piece: Piece, line: Line) -> tuple[Floats, Floats]:
        times, nats = self.said(line)
        inside = (times >= piece.start) & (times < piece.end)
        return times[inside], nats[inside]


def _misses(share: Floats) -> Floats:
    return np.asarray(_CREDIT * np.log((1 - share) / (1 - CHANCE)), np.float64)
