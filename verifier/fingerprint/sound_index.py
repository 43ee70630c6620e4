"""The triplets of all recordings' peaks in sorted lists: finds a suspect at any speed or pitch.

New recordings wait in lists of their own, which are merged with lists of like size, so that adding
costs little and a search looks through few lists. An hour of sound takes some 4 MB.
"""

import numpy as np
import numpy.typing as npt

from .lines import LEAST_EVIDENCE, Line, elect, from_start, lay, parts, vote
from .peaks import SECONDS_PER_STEP, Peaks, peaks_of
from .triplets import Postings

_MARGIN = 3.0  # seconds
_LATEST = (1 << 24) - 1  # step of time

Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]


class PeakStore:
    """Peaks of many entries and their triplets. Not safe to change from several threads."""

    def __init__(self) -> None:
        self._numbers = np.zeros(0, np.uint32)
        self._used = 0
        self._starts: list[int] = []
        self._owners: list[int] = []
        self._postings: list[Postings] = []

    def add(self, entry_index: int, numbers: Numbers) -> None:
        """Append the peaks of one entry."""
        end = self._used + len(numbers)
        if end > len(self._numbers):
            larger = np.zeros(max(end, 2 * len(self._numbers)), np.uint32)
            larger[: self._used] = self._numbers[: self._used]
            self._numbers = larger
        self._numbers[self._used : end] = numbers
        self._starts.append(self._used)
        self._owners.append(entry_index)
        self._postings.append(Postings.of(peaks_of(numbers), self._used))
        self._used = end
        self._merge()

    def remove(self, entries: Places) -> None:
        """Drop the peaks and triplets of some entries."""
        for entry_index in {*entries.tolist()} & {*self._owners}:
            self._remove(entry_index)

    def _remove(self, entry_index: int) -> None:
        place = self._owners.index(entry_index)
        start = self._starts.pop(place)
        self._owners.pop(place)
        end = self._starts[place] if place < len(self._starts) else self._used
        gone = end - start
        self._starts[place:] = [each - gone for each in self._starts[place:]]
        self._numbers = np.concatenate((self._numbers[:start], self._numbers[end : self._used]))
        self._used -= gone
        without = [postings.without(start, end) for postings in self._postings]
        self._postings = [postings for postings in without if len(postings)]

    def owners(self) -> Places:
        """The entry of each recording."""
        return np.array(self._owners, np.int64)

    def arrays(self) -> tuple[Numbers, Places, Places, tuple[Postings, ...]]:
        """What `near_peaks` looks through, as it is now: later changes leave it alone.

        The peaks of all recordings, one after another; where each begins; its entry; the triplets.
        """
        return (
            self._numbers[: self._used],
            np.array(self._starts, np.int64),
            np.array(self._owners, np.int64),
            tuple(self._postings),
        )

    def _merge(self) -> None:
        """Merge the last lists while the one before is not much longer: few are left."""
        while len(self._postings) > 1 and 2 * len(self._postings[-1]) > len(self._postings[-2]):
            self._postings[-2:] = [Postings.merged(self._postings[-2:])]


def near_peaks(
    suspect: Numbers,
    numbers: Numbers,
    starts: Places,
    owners: Places,
    postings: tuple[Postings, ...],
) -> set[int]:
    """Entries over which a part of the suspect lies well; `match` decides."""
    near: set[int] = set()
    ends = np.append(starts[1:], len(numbers))
    for part in parts(peaks_of(suspect)):
        for owner, line in elect(vote(part, postings, numbers, starts)):
            entry_index = int(owners[owner])
            if entry_index not in near:
                over = from_start(line, part)
                original = _around(part, over, numbers[starts[owner] : ends[owner]])
                if lay(part, original, over).evidence >= LEAST_EVIDENCE:
                    near.add(entry_index)
    return near


def _around(part: Peaks, line: Line, numbers: Numbers) -> Peaks:
    """The peaks of an original near which a part would lie: of hours, some seconds."""
    first, last = (line.rate * float(part.times[place]) + line.offset for place in (0, -1))
    edges = np.array((first - _MARGIN, last + _MARGIN)) / SECONDS_PER_STEP
    start, end = np.searchsorted(numbers, np.clip(edges, 0, _LATEST).astype(np.uint32) << 8)
    return peaks_of(numbers[start:end])
