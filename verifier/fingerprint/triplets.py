"""Triplets of spectral peaks, keyed by what neither speed nor pitch changes.

Six and Leman, "Panako: a scalable acoustic fingerprinting system handling time-scale and pitch
modification", ISMIR 2014: of three peaks, the ratio of their distances in time and their distances
in pitch outlast another speed, tempo and pitch. Here the two pitches and the ratio are digits of
one number, so that what is near a triplet lies in four runs of a sorted list of such numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from .peaks import SECONDS_PER_STEP, STEPS_PER_SEMITONE, Peaks

IN_INDEX = (2, 3)  # triplets of one peak: so many second peaks, with so many third
IN_SUSPECT = (4, 4)
_APART = 0.02  # seconds from the first to the second, at least
_GAP = 0.35  # seconds from the first to the third, at least
_LONGEST = 3.0  # seconds from the first to the third, at most
_DIGITS = 256  # half semitones, from -64 to 63.5; the highest peaks are 48 semitones apart
_RATIOS = 1024
_RATIO_TOLERANCE = 0.035
_MOST_PAIRS = 1_000_000  # of triplets, looked at in one list

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Triplets:
    """Triplets of one recording: what their keys are made of, and the places of their peaks."""

    ratios: Places  # of 1 / 1024: from the first to the second peak, of from the first to the third
    lower: Places  # steps of pitch from the first to the second peak
    upper: Places  # and to the third
    firsts: Places
    thirds: Places

    @classmethod
    def of(cls, peaks: Peaks, many: tuple[int, int]) -> Self:
        """The triplets of each peak with so many second and third ones."""
        times, pitches = peaks.times, np.rint(peaks.pitches * STEPS_PER_SEMITONE).astype(np.int64)
        near = np.searchsorted(times, times + _APART)
        far = np.maximum(np.searchsorted(times, times + _GAP), near)
        first, second, third = (
            np.concatenate(each)
            for each in zip(
                *((np.arange(len(peaks)), near + i, far + j) for i, j in np.ndindex(many)),
                strict=True,
            )
        )
        inside = (third < len(peaks)) & (second < third)
        first, second, third = first[inside], second[inside], third[inside]
        inside = times[third] - times[first] <= _LONGEST
        first, second, third = first[inside], second[inside], third[inside]
        ratios = (times[second] - times[first]) / (times[third] - times[first]) * _RATIOS
        return cls(
            np.minimum(ratios.astype(np.int64), _RATIOS - 1),
            pitches[second] - pitches[first],
            pitches[third] - pitches[first],
            first,
            third,
        )

    def keys(self, lower: float = 0.0, upper: float = 0.0) -> Places:
        """The keys; or those of the cells that lie so many half semitones away."""
        digits = [
            np.floor(2 * pitches / STEPS_PER_SEMITONE + shift).astype(np.int64) + _DIGITS // 2
            for pitches, shift in ((self.lower, lower), (self.upper, upper))
        ]
        return (digits[0] * _DIGITS + digits[1]) * _RATIOS + self.ratios

    def runs(self) -> Iterator[tuple[Places, Places]]:
        """The least and the greatest key near each triplet, in each of the four cells around it."""
        reach = round(_RATIO_TOLERANCE * _RATIOS)
        down = np.minimum(self.ratios, reach)
        up = np.minimum(_RATIOS - 1 - self.ratios, reach)
        for lower, upper in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)):
            keys = self.keys(lower, upper)
            yield keys - down, keys + up


@dataclass(frozen=True, slots=True)
class Postings:
    """Triplets of many recordings in the order of their keys: 10 bytes each."""

    keys: npt.NDArray[np.uint32]
    firsts: npt.NDArray[np.uint32]  # places of their first peaks, among the peaks of all recordings
    spans: npt.NDArray[np.uint16]  # steps of time from the first peak to the third

    @classmethod
    def of(cls, peaks: Peaks, start: int = 0) -> Self:
        """The triplets of one recording whose first peak has the place `start`."""
        found = Triplets.of(peaks, IN_INDEX)
        keys = found.keys().astype(np.uint32)
        order = np.argsort(keys, kind="stable")
        spans = (peaks.times[found.thirds] - peaks.times[found.firsts]) / SECONDS_PER_STEP
        return cls(
            keys[order],
            (found.firsts + start).astype(np.uint32)[order],
            np.rint(spans).astype(np.uint16)[order],
        )

    @classmethod
    def merged(cls, each: Sequence[Self]) -> Self:
        """All of several lists as one."""
        keys = np.concatenate([postings.keys for postings in each])
        order = np.argsort(keys, kind="stable")  # runs that are sorted already are only merged
        firsts = np.concatenate([postings.firsts for postings in each])
        spans = np.concatenate([postings.spans for postings in each])
        return cls(keys[order], firsts[order], spans[order])

    def without(self, start: int, end: int) -> Self:
        """All but those with a first peak from `start` up to `end`, which are gone as well."""
        kept = (self.firsts < start) | (self.firsts >= end)
        firsts = self.firsts[kept]
        firsts[firsts >= end] -= np.uint32(end - start)
        return type(self)(self.keys[kept], firsts, self.spans[kept])

    @property
    def nbytes(self) -> int:
        """Bytes in which they are held."""
        return int(self.keys.nbytes + self.firsts.nbytes + self.spans.nbytes)

    def __len__(self) -> int:
        """How many triplets there are."""
        return len(self.keys)

    def near(self, suspect: Triplets) -> tuple[Places, Places]:
        """Places of triplets of the suspect, and places here of triplets near them, in pairs.

        Of more than _MOST_PAIRS the rarest triplets are followed: they tell most, and what a search
        costs no longer grows with what is recorded.
        """
        least, most = (np.concatenate(each) for each in zip(*suspect.runs(), strict=True))
        start = np.searchsorted(self.keys, least.astype(np.uint32))
        count = np.searchsorted(self.keys, most.astype(np.uint32), side="right") - start
        runs = np.argsort(count, kind="stable")
        runs = runs[np.cumsum(count[runs]) <= _MOST_PAIRS]
        start, count = start[runs], count[runs]
        theirs = np.arange(count.sum()) + np.repeat(start - np.cumsum(count) + count, count)
        return np.repeat(runs % len(suspect.ratios), count), theirs
