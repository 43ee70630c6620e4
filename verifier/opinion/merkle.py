"""The Merkle trees of `c2pa.hash.bmff.v3`: the media data in blocks (C2PA 2.2, 18.6.1.2)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from ledger.vocabulary import Outcome

from .result import Aspect, Check
from .source import Source, digest, new_hash
from .store import as_bytes, as_list, as_map, as_number, as_text

_MAX_LEAVES = 1 << 20
# C2PA 2.2, 18.6.1.2: a tree starts here in its box; the binding's own hash is over what is before.
_OFFSET = 16


class _Box(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def check_trees(
    source: Source, media: Sequence[_Box], trees: object, algorithm: str
) -> Check | None:
    """Hold each `mdat` box against its tree; None where all match. Raises FormatError."""
    found: dict[int, Mapping[str, object]] = {}
    for each in as_list(trees, "merkle"):
        tree = as_map(each, "a Merkle map")
        if tree.get("initHash") is not None:
            return _unchecked("a film in fragments is not read here")
        found[as_number(tree.get("localId"), "localId")] = tree
    if set(found) != set(range(len(media))):  # C2PA 2.2, 18.6.1.2: one tree a box
        return _failed(f"{len(found)} trees for {len(media)} boxes of media data")
    for number, box in enumerate(media):
        failed = _check_tree(source, box, found[number], algorithm)
        if failed is not None:
            return failed
    return None


def _check_tree(
    source: Source, box: _Box, tree: Mapping[str, object], algorithm: str
) -> Check | None:
    algorithm = as_text(tree.get("alg") or algorithm, "a hash algorithm")
    expected = [as_bytes(each, "a hash") for each in as_list(tree.get("hashes"), "hashes")]
    count = as_number(tree.get("count"), "count")
    if not expected or count > _MAX_LEAVES:
        return _unchecked(f"a tree of {count} blocks is not read here")
    start = min(box.start + _OFFSET, box.end)
    ends = list(_block_ends(tree, start, box.end, count))
    if len(ends) != count or (ends or [start])[-1] != box.end:
        return _failed("the blocks do not fill the media data")
    row = []
    for first, last in pairwise((start, *ends)):
        hasher = new_hash(algorithm)
        source.feed(hasher, first, last)
        row.append(hasher.digest())
    # C2PA 2.2, 15.12.2.2: the assertion may hold any one row of the tree.
    while len(row) > len(expected):
        row = [_parent(algorithm, row[at : at + 2]) for at in range(0, len(row), 2)]
    return None if row == expected else _failed("a block is not as it was")


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
    # C2PA 2.2, 18.6.1.2: a node without a neighbour goes up as it is.
    return digest(algorithm, b"".join(pair)) if len(pair) == 2 else pair[0]


def _failed(about: str) -> Check:
    return Check(Aspect.CONTENT, Outcome.FAILED, "assertion.bmffHash.mismatch", about)


def _unchecked(about: str) -> Check:
    return Check(Aspect.CONTENT, Outcome.NOT_CHECKED, "general.error", about)
