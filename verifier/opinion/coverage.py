"""What a signature protects of a file, and what it does not: every byte in one region. Pure.

It parses nothing: the binding says which bytes it hashes, the container where the store's bytes
lie, the store where its parts are, the claim signature what of it is signed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import FormatError

from .source import Range

_MAX_REGIONS = 2048


class Guard(StrEnum):
    """What protects some bytes."""

    BOUND = "bound"  # the hard binding hashes them
    SIGNED = "signed"  # in the manifest: signed, or hashed by what is signed
    FRAME = "frame"  # in the manifest: its boxes and its padding, which no hash covers
    OPEN = "open"  # nothing: anybody may have changed them


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes from `start` up to, and without, `end`; `what` they are."""

    start: int
    end: int
    guard: Guard
    what: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The regions of a file of `size` bytes: in order, without a gap, none over another."""

    size: int
    regions: tuple[Region, ...]

    def total(self, guard: Guard) -> int:
        """Return how many bytes are guarded so."""
        return sum(each.end - each.start for each in self.regions if each.guard is guard)

    def within(self, start: int, end: int) -> Iterator[Region]:
        """Yield the regions that hold some of the bytes between two places."""
        return (each for each in self.regions if each.start < end and start < each.end)


def draw(
    size: int, layers: Iterable[Iterable[Region]], bound: Sequence[Range], what: str = "content"
) -> Coverage:
    """Lay regions over one another, each layer over those before, and over all what is `bound`.

    The regions of a layer are in order and apart from one another; those that reach beyond the file
    are cut. Where nothing lies, the bytes are open.
    """
    drawn = [Region(0, size, Guard.OPEN, "bytes without a name")] if size else []
    for layer in (*layers, [Region(*each, Guard.BOUND, what) for each in bound]):
        drawn = list(_over(drawn, layer, size))
    return Coverage(size, tuple(_joined(drawn)))


def _over(below: Sequence[Region], above: Iterable[Region], size: int) -> Iterator[Region]:
    lower = iter(below)
    under = next(lower, None)
    at = 0
    for region in above:
        start, end = max(at, region.start), min(size, region.end)
        if start >= end:
            continue
        while under is not None and under.start < end:
            if max(at, under.start) < min(under.end, start):
                first, last = max(at, under.start), min(under.end, start)
                yield Region(first, last, under.guard, under.what)
            if under.end > end:
                break
            under = next(lower, None)
        yield Region(start, end, region.guard, region.what)
        at = end
    while under is not None:
        if under.end > at:
            yield Region(max(at, under.start), under.end, under.guard, under.what)
        under = next(lower, None)


def _joined(regions: Iterable[Region]) -> Iterator[Region]:
    """Join neighbours of one kind; of very many regions the last stand for what follows."""
    held: Region | None = None
    count = 0
    for each in regions:
        alike = held is not None and (held.guard, held.what) == (each.guard, each.what)
        # The less protection is told of what is not told apart.
        if held is not None and (alike or count >= _MAX_REGIONS):
            guard = held.guard if alike else max(held.guard, each.guard, key=list(Guard).index)
            held = Region(held.start, each.end, guard, held.what if alike else "many regions")
            continue
        if held is not None:
            yield held
            count += 1
        held = each
    if held is not None:
        yield held


def placed(
    parts: Iterable[Region], pieces: Sequence[Range], *, limit: int = _MAX_REGIONS
) -> Iterator[Region]:
    """Move regions of the store to where its bytes lie in the file.

    `pieces` are the ranges of the file that make up the store, one behind the other; of a store in
    more than `limit` pieces nothing is told apart.
    """
    if len(pieces) > limit:
        return
    offsets = [0]
    for start, end in pieces:
        offsets.append(offsets[-1] + end - start)
    at = 0
    for part in parts:
        while at < len(pieces) and offsets[at + 1] <= part.start:
            at += 1
        for number in range(at, len(pieces)):
            if offsets[number] >= part.end:
                break
            shift = pieces[number][0] - offsets[number]
            first, last = max(part.start, offsets[number]), min(part.end, offsets[number + 1])
            if first < last:
                yield Region(first + shift, last + shift, part.guard, part.what)


def format_coverage(coverage: Coverage | None) -> object:
    """Turn a map into plain values."""
    if coverage is None:
        return None
    return [coverage.size, [[r.start, r.end, str(r.guard), r.what] for r in coverage.regions]]


def parse_coverage(value: object) -> Coverage | None:
    """Read what `format_coverage` writes; raises FormatError for anything else."""
    match value:
        case None:
            return None
        case [int() as size, [*said]] if len(said) <= _MAX_REGIONS + 1:
            regions = tuple(map(_region, said))
            at = 0
            for each in regions:
                if each.start != at or each.end <= at:
                    raise FormatError("the regions of a coverage map have gaps")
                at = each.end
            if at == size:
                return Coverage(size, regions)
    raise FormatError("this is no coverage map")


def _region(value: object) -> Region:
    match value:
        case [int() as start, int() as end, str() as guard, str() as what]:
            return Region(start, end, Guard(guard), what)
    raise FormatError("this is no region of a coverage map")


def coverage_json(coverage: Coverage) -> Mapping[str, object]:
    """Return a map for a report: how many bytes are guarded how, and every region."""
    return {
        "size": coverage.size,
        "totals": {str(guard): coverage.total(guard) for guard in Guard},
        "regions": [
            {"bytes": [each.start, each.end], "guard": str(each.guard), "what": each.what}
            for each in coverage.regions
        ],
    }
