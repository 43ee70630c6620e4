"""Compare a clip with its recorded originals: geometry first, then time, then what changed where.

`map_clip` is pure; `compare_clips_in` decodes in the sandbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import MediaType
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.luma import Thumbnails, parse_thumbnails
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox

from .bends import bends
from .changes import LONG_SIDE
from .clip_regions import PAIRS_TO_LAY, changed_regions, regions_by_record, shown_by_record
from .exact import sharpened
from .footage import read_footage_in, read_frames_at_in
from .geometry import agreement, find_placement, refined_on
from .leaps import run_through
from .likeness import Likeness, likeness
from .lines import Nats, Piece, Rows, Times
from .placed import Laid, describe, strips
from .placement import Box, Placement, shape_of
from .result import Comparison, Region, RegionKind
from .segments import LEAST, Shown, removed_from, segments_of, within
from .still import stillness
from .timeline import GAP, align, nearest
from .turned import QUARTERS, geometry_back, turned, turned_back

_LEAST_SHOWN = (
    0.4  # seconds of an original in a suspect, below which the two have nothing in common
)
_LEAST_FIT = 0.36  # of frames laid over one another (correlation above chance), likewise
_LARGE_PER_SECOND, _MOST_LARGE = 5, 240  # pairs of larger frames, to find what changed
_PAIRS = 400  # frames that are compared to learn the noise
# Of clips of different scenes, laid over one another as well as they can be: correlation of frames
# at most 0.65 in 17 pairs, of how they move at most 0.32; of cropped copies at least 0.6 each.
_LEAST_ALIKE, _LEAST_MOVING = 0.85, 0.45
_PAIRS_TO_JUDGE = 60
_SPARSE = 0.15  # seconds from one frame to the next
_ROUNDS = 5  # at most: geometry and noise are learnt anew from what was aligned

File = tuple[Path, MediaType]


@dataclass(frozen=True, slots=True)
class ClipMap:
    """What a suspect shows of its originals; `laid` has each that it shows, the longest first."""

    shown: Shown
    laid: tuple[Laid, ...]


def compare_clips_in(
    sandbox: Sandbox, suspect: File, originals: Sequence[File | Fingerprint], *, limits: Limits
) -> Comparison | None:
    """Compare a clip with its originals, or with what is recorded of them (`clip-luma`).

    None where it has nothing in common with any. The sentence is left empty. Raises what
    `Sandbox.run` raises, and FormatError for a record that does not read.
    """
    ours = read_footage_in(sandbox, *suspect, limits=limits)
    theirs = [
        parse_thumbnails(each.bits)
        if isinstance(each, Fingerprint)
        else read_footage_in(sandbox, *each, limits=limits)
        for each in originals
    ]
    for quarters in QUARTERS:
        upright = turned(ours, quarters)
        if found := map_clip(upright, theirs):
            break
    else:
        return None
    regions: list[Region] = []
    for laid in found.laid:
        original, other = originals[laid.source], theirs[laid.source]
        recorded = isinstance(original, Fingerprint)
        shown = shown_by_record(laid, upright, other) if recorded else laid
        rows, columns = shown.pairs
        large = read_frames_at_in(
            sandbox, suspect, ours.part, ours.times[rows].tolist(), LONG_SIDE, limits=limits
        )
        large = np.rot90(large, quarters, (1, 2))
        if isinstance(original, Fingerprint):
            regions += regions_by_record(shown, upright, other, large)
            continue
        theirs_large = read_frames_at_in(
            sandbox, original, other.part, other.times[columns].tolist(), LONG_SIDE, limits=limits
        )
        regions += changed_regions(shown, upright, other, large, theirs_large)
    geometry = geometry_back(found.laid[0].geometry, quarters)
    regions = [turned_back(each, ours.size, quarters) for each in regions]
    return Comparison(
        sentence="",
        geometry=geometry,
        regions=(
            *regions,
            *(Region(box, RegionKind.ADDED) for box in strips(geometry.placed, ours.size)),
        ),
        time_map=found.shown.segments,
        removed=found.shown.removed,
    )


def map_clip(suspect: Thumbnails, originals: Sequence[Thumbnails]) -> ClipMap | None:
    """Lay a suspect over its originals, in space and in time; None where it shows none of them.

    A segment's `source` is the number of its original; `geometry` and `removed` speak of the one
    that is shown for longest.
    """
    sides: list[_Side | None] = [_Side.find(suspect, original) for original in originals]
    while True:  # until those that are left are all shown
        numbers = [number for number, side in enumerate(sides) if side is not None]
        fitting = [side for side in sides if side is not None]
        if not fitting:
            return None
        together, pieces = _aligned(suspect, fitting)
        axis = [
            (together.starts[place], originals[number].duration, number)
            for place, number in enumerate(numbers)
        ]
        shown = segments_of(pieces, suspect.times, suspect.duration, axis)
        seconds = [shown.seconds(number) for number in numbers]
        least = min(_LEAST_SHOWN, suspect.duration / 2)
        wrong = [
            number
            for place, number in enumerate(numbers)
            if seconds[place] < least or not fitting[place].agrees(*together.pairs(pieces, place))
        ]
        if not wrong:
            break
        # What it was said to show of these may be shown by the others, or by none.
        worst = min(wrong, key=lambda number: seconds[numbers.index(number)])
        sides[worst] = None
    order = sorted(range(len(numbers)), key=lambda place: -seconds[place])
    # All frames of an original tell its speed by themselves; of a record's, few lie in between.
    few = any(_is_sparse(originals[number]) for number in numbers)
    limits = bends(together, pieces, suspect.duration) if few else []
    return ClipMap(
        removed_from(within(shown, limits), numbers[order[0]]),
        tuple(
            fitting[place].laid(numbers[place], *together.pairs(pieces, place), suspect.duration)
            for place in order
        ),
    )


def _is_sparse(original: Thumbnails) -> bool:
    return len(original.times) > 1 and float(np.median(np.diff(original.times))) > _SPARSE


def _aligned(suspect: Thumbnails, sides: Sequence["_Side"]) -> tuple["_Together", list[Piece]]:
    """The suspect on the axis of its originals; geometry and noise are learnt on the way."""
    times = suspect.times
    still = stillness(times, suspect.luma)
    together = _Together(times, sides, still)
    pieces = align(together)
    for _ in range(_ROUNDS - 1):
        for number, side in enumerate(sides):
            side.learn(*together.pairs(pieces, number))
        together = _Together(times, sides, still)
        before, pieces = pieces, align(together)
        if pieces == before:
            break
    pieces = run_through(together, sharpened(together, pieces))
    return together, _to_the_ends(pieces, suspect)


def _to_the_ends(pieces: list[Piece], suspect: Thumbnails) -> list[Piece]:
    """The pieces, with less than a tenth of a second at either end on the line beside it.

    So few frames never speak against a line: it only reaches a little beyond the original.
    """
    edges = [*(float(suspect.times[each.first]) for each in pieces), suspect.duration]
    if len(pieces) > 1 and pieces[0].line is None and edges[1] - edges[0] < LEAST:
        pieces = [replace(pieces[1], first=pieces[0].first), *pieces[2:]]
    if len(pieces) > 1 and pieces[-1].line is None and edges[-1] - edges[-2] < LEAST:
        pieces = [*pieces[:-2], replace(pieces[-2], last=pieces[-1].last)]
    return pieces


class _Side:
    """The suspect and one original: how they lie over one another, and how alike their frames."""

    def __init__(
        self,
        suspect: Thumbnails,
        original: Thumbnails,
        placement: Placement,
        boxes: tuple[Box, Box],
        fit: float,
    ) -> None:
        self._suspect, self._original = suspect, original
        self._ours = suspect.luma.astype(np.float32)
        self._theirs = original.luma.astype(np.float32)
        self._box, self._part = boxes  # what is no border, and what of that they are laid by
        self.placement, self.fit = placement, fit
        self.likeness = self._alike(None)

    @classmethod
    def find(cls, suspect: Thumbnails, original: Thumbnails) -> "_Side | None":
        ours, theirs = suspect.luma.astype(np.float32), original.luma.astype(np.float32)
        even = suspect.pixel_aspect / original.pixel_aspect
        placement, box, part, fit = find_placement(ours, theirs, even)
        if fit < _LEAST_FIT:
            return None
        return cls(suspect, original, placement, (box, part), fit)

    def learn(self, rows: Rows, columns: Rows) -> None:
        """Refine geometry and noise on frames that show the same."""
        if len(rows) < 8:
            return
        columns = self.likeness.nearby(rows, columns)
        some = np.linspace(0, len(rows) - 1, min(len(rows), PAIRS_TO_LAY)).astype(int)
        self.placement = refined_on(
            self.placement, self._ours[rows[some]], self._theirs[columns[some]], self._part
        )
        self.likeness = self._alike((rows, columns))

    def _alike(self, pairs: tuple[Rows, Rows] | None) -> Likeness:
        shape = shape_of(self._theirs)
        laid = self.placement.laid(self._ours, shape)
        seen = self.placement.seen(self._part, self._ours.shape[2], shape)
        return likeness(self._suspect.times, laid, self._original.times, self._theirs, seen, pairs)

    def agrees(self, rows: Rows, columns: Rows) -> bool:
        """Whether frames that are said to show the same look alike, or at least move alike."""
        if not len(rows):
            return False
        some = np.linspace(0, len(rows) - 1, min(len(rows), _PAIRS_TO_JUDGE)).astype(int)
        alike, moving = agreement(
            self.placement, self._ours[rows[some]], self._theirs[columns[some]], self._part
        )
        return moving >= _LEAST_MOVING or alike >= _LEAST_ALIKE

    def laid(self, number: int, rows: Rows, columns: Rows, seconds: float) -> Laid:
        """How the original lies in the suspect, with a few pairs for each second."""
        most = int(min(_MOST_LARGE, max(1, _LARGE_PER_SECOND * seconds)))
        some = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int))
        shown = self.likeness.nearby(rows[some], columns[some])
        # A frame that stands still says the same again and again, and may be a frame early or late.
        fresh = np.append(True, np.diff(shown) != 0)
        pairs = rows[some][fresh], shown[fresh]
        geometry = describe(self.placement, self._box, self._suspect, self._original)
        return Laid(number, geometry, self.placement, self.fit, pairs)


class _Together:
    """A `timeline.Cost` of several originals, one behind another on one axis."""

    def __init__(self, times: Times, sides: Sequence[_Side], still: Nats) -> None:
        self.times, self.still = times, still
        self._parts = [side.likeness for side in sides]
        self.starts: list[float] = []
        start = 0.0
        for part in self._parts:
            self.starts.append(start)
            start += float(part.moments[-1]) + GAP
        self.moments = np.concatenate(
            [part.moments + start for part, start in zip(self._parts, self.starts, strict=True)]
        )

    def block(self, rows: Rows) -> Nats:
        """See `timeline.Cost`."""
        return np.concatenate([part.block(rows) for part in self._parts], 1)

    def at(self, rows: Rows, moments: Times) -> Nats:
        """See `timeline.Cost`."""
        costs = self._parts[0].at(rows, moments)
        for part, start in zip(self._parts[1:], self.starts[1:], strict=True):
            costs = np.where(moments > start - GAP / 2, part.at(rows, moments - start), costs)
        return costs

    def exactly(self, rows: Rows, moments: Times) -> Nats:
        """See `exact.Sharp`."""
        costs = self._parts[0].exactly(rows, moments)
        for part, start in zip(self._parts[1:], self.starts[1:], strict=True):
            beyond = moments > start - GAP / 2
            costs = np.where(beyond, part.exactly(rows, moments - start), costs)
        return costs

    def told(self, one: Times, other: Times) -> npt.NDArray[np.bool_]:
        """See `timeline.Cost`: moments of two originals always can."""
        found = np.ones(one.shape, bool)
        for part, start in zip(self._parts, self.starts, strict=True):
            inside = [
                (each > start - GAP / 2) & (each < start + float(part.moments[-1]) + GAP / 2)
                for each in (one, other)
            ]
            here = inside[0] & inside[1]
            found[here] = part.told(one[here] - start, other[here] - start)
        return found

    def pairs(self, pieces: Sequence[Piece], number: int) -> tuple[Rows, Rows]:
        """Rows and columns of frames that show the same of one original, according to `pieces`."""
        start, moments = self.starts[number], self._parts[number].moments
        rows, columns = [], []
        for piece in pieces:
            if piece.line is None:
                continue
            some = piece.rows(_PAIRS)
            wanted = piece.line.at(self.times[some]) - start
            inside = (wanted >= moments[0]) & (wanted <= moments[-1])
            found = nearest(moments, wanted[inside])
            near = np.abs(moments[found] - wanted[inside]) < 0.05
            rows.append(some[inside][near])
            columns.append(found[near])
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(rows), np.concatenate(columns)
