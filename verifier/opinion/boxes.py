"""The hard binding box by box: JPEG, PNG, GIF, RIFF (C2PA 2.2, 15.12.3 and 18.7)."""

from collections import Counter
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
_AFTER = "c2pa.after"  # C2PA 2.2, 18.7.2: what lies behind the last box, up to the end of the file
WIDE = "assertion.boxesHash.exclusionTooWide"  # our own: C2PA lets a signer leave out any box


def check_boxes(
    source: Source, container: Sequence[Range], value: Mapping[str, object], default: object
) -> Bound:
    """Hold the boxes of a file against the list of them, in its order; raises FormatError."""
    listed = as_list(value.get("boxes"), "boxes")
    if len(listed) > _MAX_ENTRIES:
        raise FormatError(f"a list of over {_MAX_ENTRIES} boxes")
    entries = [as_map(each, "an entry of a list of boxes") for each in listed]
    listed_names = [name for entry in entries for name in _names(entry)]
    every = list(_boxes(source, container))
    found = [unit for unit in every if unit.box]
    if not found:
        return _unchecked("boxes of files of this type are not read here")
    if found[0].box == _PNG != next(iter(listed_names), ""):
        del found[0]  # the same eight bytes in each: older files do not list them
    if listed_names[-1:] == [_AFTER]:
        end = found[-1].end
        found.append(Unit(end, end, source.size, "what follows the picture", box=_AFTER))
    if fault := _compare([each.box for each in found], listed_names):
        return fault
    algorithm = value.get("alg") or default
    at = 0
    ranges: list[Range] = []
    left_out: list[Unit] = []
    for entry in entries:
        names = _names(entry)
        boxes = found[at : at + len(names)]
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
    between = [unit for unit in every if not unit.box]  # C2PA 2.2, 18.7.1: is in no hash
    return _held(ranges, left_out, between)


_PNG = "PNGh"  # C2PA 2.2, 18.7.3.2


def _names(entry: Mapping[str, object]) -> list[str]:
    names = [as_text(name, "a name") for name in as_list(entry.get("names"), "names")]
    if not names:
        raise FormatError("an entry of a list of boxes names none")
    return names


def _compare(found: Sequence[str], listed: Sequence[str]) -> Bound | None:
    """Hold the boxes of a file against those listed, by name and in order (C2PA 2.2, 15.12.3)."""
    if more := Counter(found) - Counter(listed):
        return _failed("unknownBox", f"the box {next(iter(more))} is not listed")
    if list(found) != list(listed):
        return _failed("mismatch", "boxes that are listed are missing, or in another order")
    return None


def _held(ranges: Sequence[Range], left_out: Sequence[Unit], between: Sequence[Unit]) -> Bound:
    checks = [Check(Aspect.CONTENT, Outcome.PASSED, "assertion.boxesHash.match")]
    if wide := next((box for box in left_out if not box.metadata), None):
        # Any other box may be put in its place: so where the picture comes from is not known.
        said = f"bytes {wide.start} to {wide.end} are left out: {wide.what}"
        checks.append(Check(Aspect.CONTENT, Outcome.FAILED, WIDE, said))
    named = sorted((*left_out, *between), key=lambda unit: unit.start)
    regions = tuple(Region(unit.start, unit.end, Guard.OPEN, unit.what) for unit in named)
    return Bound(tuple(checks), tuple(ranges), regions)


def _boxes(source: Source, container: Sequence[Range]) -> Iterator[Unit]:
    """Yield the boxes of a file, those that hold the manifest store as one (C2PA 2.2, 18.7.1).

    What lies between or behind them is there as well, without a box's name.
    """
    told = False
    for unit in units(source):
        if any(start <= unit.start and unit.end <= end for start, end in container):
            if not told:
                yield Unit(unit.start, unit.body, unit.end, "the manifest", box=_STORE)
            told = True
        elif unit.box == _STORE:  # C2PA 2.2, 15.12.3.1: what is called so holds the manifest store
            raise FormatError("a box that is not the manifest's has its name")
        else:
            yield unit


def _failed(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, f"assertion.boxesHash.{code}", about),))


def _unchecked(about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, "general.error", about),))
