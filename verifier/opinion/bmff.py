"""The hard binding of ISO base media files (C2PA 2.2, 15.12.2 and 18.6)."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .coverage import Guard, Region
from .fragments import check_fragments, is_in_fragments
from .merkle import OFFSET, check_trees
from .result import Aspect, Bound, Check
from .source import Range, Source, new_hash
from .store import as_bytes, as_list, as_map, as_number, as_text

_MAX_BOXES = 1 << 16
_MAX_EXCLUSIONS = 64
_MAX_DEPTH = 10
_STEP = re.compile(r"(.{4})(?:\[([0-9]{1,6})\])?", re.DOTALL)
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.2, A.5.1.1
_FULL = frozenset(
    {b"meta"}
)  # boxes with version and flags before their children (14496-12, 8.11.1)
# C2PA 2.2, A.5.6: what is always left out, and what else may be without the content being open.
# What older files leave out besides, such as where the samples lie (`stco`, `trun`, `iloc`), it
# calls insecure: whoever changes it shows the film in another order.
_USUAL = frozenset(
    ("/ftyp", "/mfra", "/mfra/tfra", "/free", "/skip", "/uuid", "/emsg", "/moov/pssh")
)


@dataclass(frozen=True, slots=True)
class Box:
    """A box: where it starts, where what it holds starts, and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


def top_boxes(source: Source) -> Iterator[Box]:
    """Walk the outermost boxes of a file; raises FormatError where they do not fill it."""
    return _boxes(source, 0, source.size)


def _boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """Walk the boxes between two places (ISO/IEC 14496-12, 4.2)."""
    for _ in range(_MAX_BOXES):
        if start == end:
            return
        head = source.read(start, 8)
        size, body = int.from_bytes(head[:4]), start + 8
        if size == 1:
            size, body = int.from_bytes(source.read(body, 8)), start + 16
        elif size == 0:  # up to the end of the file
            size = end - start
        if size < body - start or start + size > end:
            raise FormatError(f"the box at byte {start} has a bad length: {size}")
        yield Box(head[4:], start, body, start + size)
        start += size
    raise FormatError(f"over {_MAX_BOXES} boxes in one box")


def check_bmff(
    source: Source, value: Mapping[str, object], default: object, *, old: bool = False
) -> Bound:
    """Hold the bytes of a file against its binding; raises FormatError.

    `old`: it is of version 1, which C2PA ignores by now: it binds no box to its place.
    """
    algorithm = as_text(value.get("alg") or default, "a hash algorithm")  # C2PA 2.2, 15.4.1
    boxes = list(top_boxes(source))
    said = as_list(value.get("exclusions"), "exclusions")
    if len(said) > _MAX_EXCLUSIONS:
        raise FormatError(f"over {_MAX_EXCLUSIONS} exclusions")
    exclusions = [as_map(each, "an exclusion") for each in said]
    trees, expected = value.get("merkle"), value.get("hash")
    left_out = _left_out(source, boxes, exclusions)
    kept = _kept_ranges(boxes, left_out)

    starts = list(kept)

    def hashed(within: Range, name: str) -> bytes:
        chosen = starts[bisect_left(starts, within[0]) : bisect_left(starts, within[1])]
        return _hash(source, {start: kept[start] for start in chosen}, name, places=not old)

    media: list[Box] = []
    if trees is not None and is_in_fragments(trees):
        outermost = [(box.kind, (box.start, box.end)) for box in boxes]
        held = check_fragments(source, outermost, trees, algorithm, hashed)
        in_blocks: Sequence[Range] = ()
    else:
        media = [box for box in boxes if box.kind == b"mdat"] if trees is not None else []
        held = check_trees(source, media, trees or [], algorithm)
        in_blocks = held.ranges or ()
        same = hashed((0, source.size), algorithm) == as_bytes(expected, "the hash of the bytes")
        held = replace(held, checks=held.checks or (_whole(same=same),), located=same)
    if held.ranges is None:
        return held
    checks = list(held.checks)
    if checks[0].outcome is Outcome.PASSED:
        wide = (each for each in exclusions if not _is_usual(each, trees is not None))
        about = [f"{each.get('xpath')} is left out" for each in wide]
        if _hides(source, boxes):
            about.append("the `mfra` box, which is left out, is no list of the film's fragments")
        if old:  # C2PA 2.2, 18.6.1
            about.append("it is of a version that binds no box to its place")
        checks += [_check(Outcome.FAILED, WIDE, each) for each in about[:1]]
    return replace(
        held,
        checks=tuple(checks),
        ranges=tuple(sorted([*(part for each in kept.values() for part in each), *in_blocks])),
        left_out=tuple(_named(source, left_out, media)),
    )


def _whole(*, same: bool) -> Check:
    if same:
        return _check(Outcome.PASSED, "assertion.bmffHash.match")
    return _check(Outcome.FAILED, "assertion.bmffHash.mismatch")


# Our own: C2PA names what is always left out, and does not say what may not be.
WIDE = "assertion.bmffHash.exclusionTooWide"


def _left_out(
    source: Source, boxes: Sequence[Box], exclusions: Sequence[Mapping[str, object]]
) -> list[tuple[int, int, str]]:
    """Return what the exclusions leave out, in order, each with the path of its box."""
    found: set[tuple[int, int, str]] = set()
    for exclusion in exclusions:
        path = as_text(exclusion.get("xpath"), "xpath")
        for box in _matching(source, boxes, exclusion):
            found.update((*part, path) for part in _parts(box, exclusion))
    return sorted(found)


def _kept_ranges(
    boxes: Sequence[Box], left_out: Sequence[tuple[int, int, str]]
) -> Mapping[int, Sequence[Range]]:
    """Return what is hashed of each outermost box that is not left out as a whole, by its start."""
    ranges = [(start, end) for start, end, _ in left_out]
    whole = set(ranges)
    return {
        box.start: list(_kept(box, ranges)) for box in boxes if (box.start, box.end) not in whole
    }


def _hash(
    source: Source, kept: Mapping[int, Sequence[Range]], algorithm: str, *, places: bool
) -> bytes:
    hasher = new_hash(algorithm)
    for start, ranges in kept.items():
        if places:
            # C2PA 2.2, 18.6.2: from version 2, an outermost box's place goes before what it holds.
            hasher.update(start.to_bytes(8))
        for first, last in ranges:
            source.feed(hasher, first, last)
    return hasher.digest()


def _named(
    source: Source, left_out: Sequence[tuple[int, int, str]], media: Sequence[Box]
) -> Iterator[Region]:
    """Name what is left out, but for what the trees hash and for C2PA's own boxes."""
    in_trees = {box.start + OFFSET for box in media}
    at = 0
    for first, end, path in left_out:
        name = path.rsplit("/", 1)[-1][:4]
        start = max(at, first)
        if start >= end or start in in_trees:
            continue
        what = f"the `{name}` box"
        if name in ("free", "skip") and not _is_zero(source, start + 8, end):
            what += ", which is not empty"
        yield Region(start, end, Guard.OPEN, what)
        at = end


def _is_zero(source: Source, start: int, end: int) -> bool:
    blocks = (source.read(at, min(_BLOCK, end - at)) for at in range(start, end, _BLOCK))
    return not any(map(any, blocks))


_BLOCK = 1 << 20


def _matching(
    source: Source, boxes: Sequence[Box], exclusion: Mapping[str, object]
) -> Iterator[Box]:
    """Find the boxes that an exclusion means (C2PA 2.2, 18.6.2)."""
    path = as_text(exclusion.get("xpath"), "xpath").split("/")
    steps = [_STEP.fullmatch(each) for each in path[1:]]
    if path[0] or not 1 <= len(steps) <= _MAX_DEPTH:
        raise FormatError("an xpath does not start at the root, or goes too deep")
    level: Sequence[Box] = boxes
    for depth, step in enumerate(steps):
        if step is None:
            raise FormatError("an xpath is not made of four-letter names")
        families = [boxes]
        if depth:
            families = [list(boxes_in(source, box)) for box in level]
        if sum(map(len, families)) > _MAX_BOXES:
            raise FormatError(f"an xpath leads to over {_MAX_BOXES} boxes")
        level = [box for family in families for box in _stepped(family, step)]
    return (box for box in level if _is_meant(source, box, exclusion))


def _stepped(family: Sequence[Box], step: re.Match[str]) -> Sequence[Box]:
    """Return which of some siblings a step means: all of a kind, or the n-th (XPath 1.0, 2.4)."""
    found = [box for box in family if box.kind == step[1].encode("latin-1", "replace")]
    if step[2] is None:
        return found
    return found[int(step[2]) - 1 : int(step[2])] if int(step[2]) else []


def boxes_in(source: Source, box: Box) -> Iterator[Box]:
    """Walk the boxes in a box; raises FormatError where they do not fill it."""
    return _boxes(source, box.body + (4 if box.kind in _FULL else 0), box.end)


def _is_meant(source: Source, box: Box, exclusion: Mapping[str, object]) -> bool:
    """Whether a box is as an exclusion says: length, version, flags, data (C2PA 2.2, 18.6.2)."""
    length, version, flags = (exclusion.get(key) for key in ("length", "version", "flags"))
    if length is not None and as_number(length, "length") != box.end - box.start:
        return False
    if version is not None or flags is not None:
        head = source.read(box.body, 4)
        if version is not None and as_number(version, "version") != head[0]:
            return False
        if flags is not None:
            wanted, found = as_bytes(flags, "flags"), head[1:]
            if exclusion.get("exact") is False:
                found = bytes(a & b for a, b in zip(wanted, found, strict=False))
            if wanted != found:
                return False
    for data in as_list(exclusion.get("data") or [], "data"):
        where = as_map(data, "data")
        start = box.start + as_number(where.get("offset"), "offset")
        wanted = as_bytes(where.get("value"), "value")
        if start + len(wanted) > box.end or source.read(start, len(wanted)) != wanted:
            return False
    return True


def _parts(box: Box, exclusion: Mapping[str, object]) -> Iterator[Range]:
    """Yield what of a box is excluded: all, or its subset (C2PA 2.2, 18.6.2)."""
    subset = exclusion.get("subset")
    if subset is None:
        yield box.start, box.end
        return
    for part in as_list(subset, "subset")[:_MAX_EXCLUSIONS]:
        where = as_map(part, "a subset")
        start = box.start + as_number(where.get("offset"), "offset")
        length = as_number(where.get("length"), "length")
        if start < box.end:  # a length of 0 means up to the end of the box
            yield start, min(box.end, start + length) if length else box.end


def _kept(box: Box, ranges: Sequence[Range]) -> Iterator[Range]:
    """Yield what of a box lies outside the ranges, which are in order."""
    at = box.start
    for first, last in ranges[max(0, bisect_left(ranges, (box.start, 0)) - 1) :]:
        if first >= box.end:
            break
        if last > at:
            yield at, max(at, first)
            at = max(at, last)
    if at < box.end:
        yield at, box.end


def _hides(source: Source, boxes: Sequence[Box]) -> bool:
    """Whether an `mfra` holds anything but a list of fragments (ISO/IEC 14496-12, 8.8.9)."""
    lists = [box for box in boxes if box.kind == b"mfra"]
    kinds = {child.kind for box in lists for child in boxes_in(source, box)}
    in_fragments = any(box.kind == b"moof" for box in boxes)
    return bool(lists) and not (in_fragments and kinds <= {b"tfra", b"mfro"})


def _is_usual(exclusion: Mapping[str, object], in_trees: bool) -> bool:
    xpath = re.sub(r"\[[0-9]+\]", "", as_text(exclusion.get("xpath"), "xpath"))
    if xpath == "/uuid":  # C2PA 2.2, A.5.6: C2PA's own, told by their type
        return any(
            as_map(each, "data") == {"offset": 8, "value": C2PA_UUID}
            for each in as_list(exclusion.get("data") or [], "data")
        )
    return xpath in _USUAL or (xpath == "/mdat" and in_trees)


def _check(outcome: Outcome, code: str, about: str = "") -> Check:
    return Check(Aspect.CONTENT, outcome, code, about)
