"""The hard binding box by box, of JPEG and PNG files (C2PA 2.2, 15.12.3 and 18.7)."""

from collections.abc import Iterator, Mapping, Sequence

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .coverage import Guard, Region
from .result import Aspect, Bound, Check
from .source import Range, Source
from .store import as_bytes, as_list, as_map, as_text
from .units import Unit, units

_MAX_ENTRIES = 1 << 14
_STORE = "C2PA"  # what the box of the manifest store is called
WIDE = "assertion.boxesHash.exclusionTooWide"  # our own: C2PA lets a signer leave out any box


def check_boxes(
    source: Source, container: Sequence[Range], value: Mapping[str, object], default: object
) -> Bound:
    """Hold the boxes of a file against the list of them, in its order; raises FormatError."""
    listed = as_list(value.get("boxes"), "boxes")
    if len(listed) > _MAX_ENTRIES:
        raise FormatError(f"a list of over {_MAX_ENTRIES} boxes")
    entries = [as_map(each, "an entry of a list of boxes") for each in listed]
    found = list(_boxes(source, container))
    if not found:
        return _unchecked("boxes of files of this type are not read here")
    algorithm = value.get("alg") or default
    at = 0
    ranges: list[Range] = []
    left_out: list[Unit] = []
    for entry in entries:
        names = _names(entry)
        boxes = found[at : at + len(names)]
        if not names or [box.box for box in boxes] != names:
            return _failed("unknownBox", "the boxes are not those that are listed")
        at += len(names)
        if names == [_STORE]:
            continue
        if entry.get("excluded") is True:
            left_out += boxes
            continue
        place = boxes[0].start, boxes[-1].end
        name = as_text(entry.get("alg") or algorithm, "a hash algorithm")  # C2PA 2.2, 15.4.1
        if source.digest(name, [place]) != as_bytes(entry.get("hash"), "the hash of boxes"):
            return _failed("mismatch", f"bytes {place[0]} to {place[1]} are not as they were")
        ranges.append(place)
    if at < len(found):
        return _failed("unknownBox", f"the box {found[at].box} is not listed")
    return _held(ranges, left_out)


def _names(entry: Mapping[str, object]) -> list[str]:
    return [as_text(name, "a name") for name in as_list(entry.get("names"), "names")]


def _held(ranges: Sequence[Range], left_out: Sequence[Unit]) -> Bound:
    checks = [Check(Aspect.CONTENT, Outcome.PASSED, "assertion.boxesHash.match")]
    if wide := next((box for box in left_out if not box.metadata), None):
        # Any other box may be put in its place: so where the picture comes from is not known.
        said = f"bytes {wide.start} to {wide.end} are left out: {wide.what}"
        checks.append(Check(Aspect.CONTENT, Outcome.FAILED, WIDE, said))
    regions = tuple(Region(box.start, box.end, Guard.OPEN, box.what) for box in left_out)
    return Bound(tuple(checks), tuple(ranges), regions)


def _boxes(source: Source, container: Sequence[Range]) -> Iterator[Unit]:
    """Yield the boxes of a file; those that hold the manifest store are one (C2PA 2.2, 18.7.1)."""
    told = False
    for unit in units(source):
        if any(start <= unit.start and unit.end <= end for start, end in container):
            if not told:
                yield Unit(unit.start, unit.body, unit.end, "the manifest", box=_STORE)
            told = True
        elif unit.box:
            yield unit


def _failed(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, f"assertion.boxesHash.{code}", about),))


def _unchecked(about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, "general.error", about),))
