"""The hard binding by a hash of all bytes but for ranges (C2PA 2.2, 15.12.1, 18.5), streamed."""

from collections.abc import Iterator, Mapping, Sequence

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .coverage import Region
from .result import Aspect, Bound, Check
from .source import Range, Source
from .store import as_bytes, as_list, as_map, as_number, as_text
from .units import name_open

_MAX_EXCLUSIONS = 1024
ADDITIONAL = "assertion.dataHash.additionalExclusionsPresent"
# Our own: C2PA says `mismatch`, though nothing differs.
WIDE = "assertion.dataHash.exclusionTooWide"


def check_data(
    source: Source,
    container: Sequence[Range],
    value: Mapping[str, object],
    default: object,
    *,
    updated: bool = False,
) -> Bound:
    """Hold the bytes of a file, whose manifest store lies in `container`; raises FormatError."""
    algorithm = as_text(value.get("alg") or default, "a hash algorithm")  # C2PA 2.2, 15.4.1
    expected = as_bytes(value.get("hash"), "the hash of the bytes")
    exclusions = _exclusions(value)
    if updated:
        exclusions = list(_grown(exclusions, container))
    at = 0
    kept: list[Range] = []
    for start, end in exclusions:
        if start < at:  # C2PA 2.2, 15.12.1.1: in order, none over another
            return _failed("assertion.dataHash.malformed", "its exclusions overlap")
        if end > source.size:
            return _failed("assertion.dataHash.mismatch", "an exclusion ends beyond the file")
        kept.append((at, start))
        at = end
    kept.append((at, source.size))
    ranges = tuple(each for each in kept if each[0] < each[1])
    others = list(_outside(exclusions, container))
    named = list(name_open(source, others)) if others else []
    left_out = tuple(region for region, _ in named)
    if source.digest(algorithm, ranges) != expected:
        failed = Check(Aspect.CONTENT, Outcome.FAILED, "assertion.dataHash.mismatch")
        return Bound((failed,), ranges, left_out)
    checks = [Check(Aspect.CONTENT, Outcome.PASSED, "assertion.dataHash.match")]
    # C2PA 2.2, 15.12.1.1: the manifest store, padding and metadata may be left out, and no more:
    # whatever else is, anybody may change.
    wide = [region for region, allowed in named if not allowed]
    if wide:
        count = sum(region.end - region.start for region in wide)
        said = f"{count} bytes from byte {wide[0].start} on are left out: {_names(wide)}"
        checks.append(Check(Aspect.CONTENT, Outcome.FAILED, WIDE, said))
    elif named:
        checks.append(Check(Aspect.CONTENT, Outcome.PASSED, ADDITIONAL, _names(left_out)))
    return Bound(tuple(checks), ranges, left_out)


def _names(regions: Sequence[Region]) -> str:
    return ", ".join(dict.fromkeys(region.what for region in regions))


def _outside(exclusions: Sequence[Range], container: Sequence[Range]) -> Iterator[Range]:
    """Yield what of the exclusions lies outside the container of the manifest store."""
    for start, end in exclusions:
        at = start
        for first, last in sorted(container):
            if at < min(first, end):
                yield at, min(first, end)
            if last > at:
                at = max(at, last) if first < end else at
        if at < end:
            yield at, end


def _exclusions(value: Mapping[str, object]) -> Sequence[Range]:
    found = []
    said = as_list(value.get("exclusions", []), "exclusions")
    if len(said) > _MAX_EXCLUSIONS:
        raise FormatError(f"over {_MAX_EXCLUSIONS} exclusions")
    for exclusion in said:
        where = as_map(exclusion, "an exclusion")
        start, length = (as_number(where.get(key), key) for key in ("start", "length"))
        found.append((start, start + length))
    return found


def _grown(exclusions: Sequence[Range], container: Sequence[Range]) -> Iterator[Range]:
    """Stretch the exclusion of a parent's store to that which its update made longer.

    C2PA 2.2, 15.12.1.1: the update manifest's store took the place of its parent's; what lies
    behind it has moved by as much.
    """
    moved = 0
    for start, end in ((first + moved, last + moved) for first, last in exclusions):
        reach = next((last for first, last in container if first <= start < last), end)
        yield start, max(end, reach)
        moved += max(end, reach) - end


def _failed(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, code, about),))
