"""The hard binding of ISO base media files, versions 2 and 3 (C2PA 2.2, 15.12.2 and 18.6)."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .merkle import check_trees
from .result import Aspect, Check
from .source import Range, Source, new_hash
from .store import as_bytes, as_list, as_map, as_number, as_text

_MAX_BOXES = 1 << 16
_MAX_EXCLUSIONS = 64
_MAX_DEPTH = 10
_STEP = re.compile(r"(.{4})(?:\[([0-9]{1,6})\])?", re.DOTALL)
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.2, A.5.1
_FULL = frozenset(
    {b"meta"}
)  # boxes with version and flags before their children (14496-12, 8.11.1)
# C2PA 2.2, 18.6.2: what an exclusion is for; anything else leaves content unprotected.
_USUAL = frozenset(
    (
        *("/ftyp", "/mfra", "/free", "/skip", "/uuid", "/emsg", "/moov/pssh", "/meta/iloc"),
        *("/mfra/tfra", "/moof/traf/tfhd", "/moof/traf/trun"),
        *("/moov/trak/mdia/minf/stbl/stco", "/moov/trak/mdia/minf/stbl/co64"),
    )
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


def check_bmff(source: Source, value: Mapping[str, object], default: object) -> Check:
    """Hold the bytes of a file against its binding; raises FormatError."""
    algorithm = as_text(value.get("alg") or default, "a hash algorithm")  # C2PA 2.2, 15.4
    boxes = list(top_boxes(source))
    said = as_list(value.get("exclusions"), "exclusions")
    if len(said) > _MAX_EXCLUSIONS:
        raise FormatError(f"over {_MAX_EXCLUSIONS} exclusions")
    exclusions = [as_map(each, "an exclusion") for each in said]
    trees, expected = value.get("merkle"), value.get("hash")
    if trees is not None:
        media = [box for box in boxes if box.kind == b"mdat"]
        if failed := check_trees(source, media, trees, algorithm):
            return failed
    if expected is None:
        return _check(Outcome.NOT_CHECKED, "general.error", "a film in fragments is not read here")
    hashed = _hash(source, boxes, exclusions, algorithm)
    if hashed != as_bytes(expected, "the hash of the bytes"):
        return _check(Outcome.FAILED, "assertion.bmffHash.mismatch")
    for exclusion in exclusions:
        if not _is_usual(exclusion, trees is not None):
            code = "assertion.bmffHash.additionalExclusionsPresent"
            return _check(Outcome.FAILED, code, f"{exclusion.get('xpath')} is excluded")
    if _hides(source, boxes):
        said = "the `mfra` box, which is excluded, is no list of the film's fragments"
        return _check(Outcome.FAILED, "assertion.bmffHash.additionalExclusionsPresent", said)
    return _check(Outcome.PASSED, "assertion.bmffHash.match")


def _hash(
    source: Source,
    boxes: Sequence[Box],
    exclusions: Sequence[Mapping[str, object]],
    algorithm: str,
) -> bytes:
    whole: set[int] = set()
    ranges: list[Range] = []
    for exclusion in exclusions:
        for box in _matching(source, boxes, exclusion):
            parts = list(_parts(box, exclusion))
            ranges += parts
            if parts == [(box.start, box.end)]:
                whole.add(box.start)
    ranges.sort()
    hasher = new_hash(algorithm)
    for box in boxes:
        if box.start in whole:
            continue
        # C2PA 2.2, 18.6.3: from version 2, each outermost box's place goes before what it holds.
        hasher.update(box.start.to_bytes(8))
        for first, last in _kept(box, ranges):
            source.feed(hasher, first, last)
    return hasher.digest()


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
        if depth:
            level = [child for box in level for child in _children(source, box)]
        if len(level) > _MAX_BOXES:
            raise FormatError(f"an xpath leads to over {_MAX_BOXES} boxes")
        level = [box for box in level if box.kind == step[1].encode("latin-1", "replace")]
        if step[2] is not None:
            level = level[int(step[2]) - 1 : int(step[2])] if int(step[2]) else []
    return (box for box in level if _is_meant(source, box, exclusion))


def _children(source: Source, box: Box) -> Iterator[Box]:
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
    kinds = {child.kind for box in lists for child in _children(source, box)}
    in_fragments = any(box.kind == b"moof" for box in boxes)
    return bool(lists) and not (in_fragments and kinds <= {b"tfra", b"mfro"})


def _is_usual(exclusion: Mapping[str, object], in_trees: bool) -> bool:
    xpath = re.sub(r"\[[0-9]+\]", "", as_text(exclusion.get("xpath"), "xpath"))
    if xpath == "/uuid":  # C2PA 2.2, 18.6.2: C2PA's own, told by their type
        return any(
            as_map(each, "data") == {"offset": 8, "value": C2PA_UUID}
            for each in as_list(exclusion.get("data") or [], "data")
        )
    return xpath in _USUAL or (xpath == "/mdat" and in_trees)


def _check(outcome: Outcome, code: str, about: str = "") -> Check:
    return Check(Aspect.CONTENT, outcome, code, about)
