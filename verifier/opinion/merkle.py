"""The Merkle trees of `c2pa.hash.bmff.v3`: the media data in blocks (C2PA 2.2, A.5.4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from ledger.vocabulary import Outcome

from .result import Aspect, Bound, Check
from .source import Range, Source, digest, new_hash
from .store import as_bytes, as_list, as_map, as_number, as_text

_MAX_LEAVES = 1 << 20
# C2PA 2.2, A.5.6: a tree starts here in its box; the binding's own hash is over what is before.
OFFSET = 16


class _Box(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def check_trees(source: Source, media: Sequence[_Box], trees: object, algorithm: str) -> Bound:
    """Hold each `mdat` box against its tree; no check where all match. Raises FormatError."""
    found: dict[int, Mapping[str, object]] = {}
    for each in as_list(trees, "merkle"):
        tree = as_map(each, "a Merkle map")
        found[as_number(tree.get("localId"), "localId")] = tree
    if set(found) != set(range(len(media))):  # C2PA 2.2, A.5.4.2: one tree a box
        return _failed(f"{len(found)} trees for {len(media)} boxes of media data")
    held = [_check_tree(source, box, found[at], algorithm) for at, box in enumerate(media)]
    checks = tuple(check for each in held for check in each.checks)[:1]
    if any(each.ranges is None for each in held):
        return Bound(checks)
    return Bound(
        checks=checks,
        ranges=tuple(place for each in held for place in each.ranges or ()),
        changed=tuple(place for each in held for place in each.changed),
    )


def _check_tree(source: Source, box: _Box, tree: Mapping[str, object], algorithm: str) -> Bound:
    algorithm = as_text(tree.get("alg") or algorithm, "a hash algorithm")
    expected = [as_bytes(each, "a hash") for each in as_list(tree.get("hashes"), "hashes")]
    count = as_number(tree.get("count"), "count")
    if not expected or count > _MAX_LEAVES:
        return _unchecked(f"a tree of {count} blocks is not read here")
    start = min(box.start + OFFSET, box.end)
    ends = list(_block_ends(tree, start, box.end, count))
    if len(ends) != count or (ends or [start])[-1] != box.end:
        return Bound(_failed("the blocks do not fill the media data").checks, ((start, box.end),))
    row = []
    for first, last in pairwise((start, *ends)):
        hasher = new_hash(algorithm)
        source.feed(hasher, first, last)
        row.append(hasher.digest())
    # C2PA 2.2, A.5.4.1: the assertion may hold any one row of the tree.
    wide = 1  # blocks under a node of the row
    while len(row) > len(expected):
        row = [_parent(algorithm, row[at : at + 2]) for at in range(0, len(row), 2)]
        wide *= 2
    if row == expected:
        return Bound((), ((start, box.end),))
    if len(row) != len(expected):
        return Bound(_failed("the hashes are no row of the tree").checks, ((start, box.end),))
    places = [start, *ends]
    differ = [at for at, (one, other) in enumerate(zip(row, expected, strict=True)) if one != other]
    changed = [(places[at * wide], places[min((at + 1) * wide, count)]) for at in differ]
    said = f"{len(differ)} of {len(row)} blocks are not as they were"
    checks = _failed(said).checks
    return Bound(checks, ((start, box.end),), changed=tuple(_joined(changed)))


def _joined(ranges: Iterable[Range]) -> Iterator[Range]:
    held: Range | None = None
    for start, end in ranges:
        if held is not None and start <= held[1]:
            held = held[0], end
        else:
            if held is not None:
                yield held
            held = start, end
    if held is not None:
        yield held


def _block_ends(tree: Mapping[str, object], start: int, end: int, count: int) -> Iterator[int]:
    """Yield where each block ends, at most one more than `count`."""
    sizes = tree.get("variableBlockSizes")
    if sizes is not None:
        listed = [as_number(each, "a block's size") for each in as_list(sizes, "sizes")]
        yield from list(accumulate(listed[: count + 1], initial=start))[1:]
        return
    fixed = tree.get("fixedBlockSize")
    size = as_number(fixed, "fixedBlockSize") if fixed is not None else end - start
    for number in range(1, count + 2):
        yield min(start + number * size, end)
        if start + number * size >= end:
            return


def _parent(algorithm: str, pair: Sequence[bytes]) -> bytes:
    # A node without a neighbour goes up as it is: C2PA's figures show it, its text is silent.
    return digest(algorithm, b"".join(pair)) if len(pair) == 2 else pair[0]


def _failed(about: str) -> Bound:
    check = Check(Aspect.CONTENT, Outcome.FAILED, "assertion.bmffHash.mismatch", about)
    return Bound((check,))


def _unchecked(about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, "general.error", about),))
