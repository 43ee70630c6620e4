"""The hard binding of a film in fragments, one behind the other in one file (C2PA 2.2, A.5.4.1.2).

Each fragment, a `moof` box and what follows it, is a leaf of a tree; the C2PA box before it says of
which and where, and holds the hashes on the way up to the row that the assertion holds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .places import read_item
from .result import Aspect, Bound, Check
from .source import Range, Source, digest
from .store import as_bytes, as_list, as_map, as_number, as_text, decode

_MAX_FRAGMENTS = 1 << 14
_MAX_TREES = 32  # one a track
_MAX_PROOF = 1 << 16  # bytes
_PURPOSE = b"merkle\x00"
_HEAD = 20  # bytes: a C2PA box's type, version and flags

ELSEWHERE = "assertion.bmffHash.fragmentsElsewhere"  # our own

# From the places in the file between which whole boxes are hashed, and an algorithm.
Hasher = Callable[[Range, str], bytes]


@dataclass(frozen=True, slots=True)
class _Leaf:
    place: Range
    hashed: Range
    tree: tuple[int, int]
    location: int
    proof: tuple[bytes, ...]


def is_in_fragments(trees: object) -> bool:
    """Whether a binding is over a first part and fragments, and not over a file as it stands."""
    return any(
        as_map(each, "a Merkle map").get("initHash") is not None
        for each in as_list(trees, "merkle")
    )


def check_fragments(
    source: Source,
    boxes: Sequence[tuple[bytes, Range]],
    trees: object,
    default: str,
    hashed: Hasher,
) -> Bound:
    """Hold a first part and its fragments against their trees; raises FormatError.

    `boxes` are the outermost ones, by type and place.
    """
    rows: dict[tuple[int, int], Mapping[str, object]] = {}
    starts = [place[0] for kind, place in boxes if kind == b"moof"]
    first = starts[0] if starts else source.size
    listed = as_list(trees, "merkle")
    if len(listed) > _MAX_TREES:
        raise FormatError(f"over {_MAX_TREES} trees")
    for each in listed:
        tree = as_map(each, "a Merkle map")
        number = (as_number(tree.get("uniqueId"), "id"), as_number(tree.get("localId"), "id"))
        rows[number] = tree
        algorithm = as_text(tree.get("alg") or default, "a hash algorithm")
        if hashed((0, first), algorithm) != as_bytes(tree.get("initHash"), "initHash"):
            return _failed("the first part is not as it was")
    if not starts:
        said = "the fragments of this film are in other files: its first part is as it was signed"
        return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, ELSEWHERE, said),))
    leaves = list(_leaves(source, boxes, starts))
    seen = [sum(leaf.tree == number for leaf in leaves) for number in rows]
    if seen != [as_number(tree.get("count"), "count") for tree in rows.values()]:
        return _failed("the fragments are not as many as there were")
    whole = [_is_whole(leaf, rows.get(leaf.tree, {}), default, hashed) for leaf in leaves]
    ranges = ((0, first), *(leaf.hashed for leaf in leaves))
    if not _is_in_order(leaves):
        return Bound(_failed("the fragments are not in their order").checks, ranges)
    if all(whole):
        return Bound((Check(Aspect.CONTENT, Outcome.PASSED, "assertion.bmffHash.match"),), ranges)
    beside = _beside(leaves, whole)
    said = f"{len(beside)} of {len(leaves)} fragments are not as they were"
    told = tuple(beside.values())
    return Bound(_failed(said).checks, ranges, changed=tuple(beside), beside=told)


def _leaves(
    source: Source, boxes: Sequence[tuple[bytes, Range]], starts: Sequence[int]
) -> Iterator[_Leaf]:
    if len(starts) > _MAX_FRAGMENTS:
        raise FormatError(f"over {_MAX_FRAGMENTS} fragments")
    ends = (*starts[1:], source.size)
    before: dict[int, Range] = {}
    for (_, one), (kind, other) in pairwise(boxes):
        if kind == b"moof":
            before[other[0]] = one
    for start, end in zip(starts, ends, strict=True):
        place = before.get(start)
        if place is None:
            raise FormatError("a film in fragments starts with one")
        said = as_map(_proof(source, place), "the proof of a fragment")
        proof = as_list(said.get("hashes", []), "hashes")
        yield _Leaf(
            place=(start, before[end][0] if end in before else end),
            hashed=(start, end),
            tree=(as_number(said.get("uniqueId"), "id"), as_number(said.get("localId"), "id")),
            location=as_number(said.get("location"), "location"),
            proof=tuple(as_bytes(each, "a hash") for each in proof),
        )


def _proof(source: Source, place: Range) -> object:
    """Read the C2PA box before a fragment: CBOR, and padding behind it (C2PA 2.2, A.5.4.1.3)."""
    data = source.read(place[0], min(place[1] - place[0], _MAX_PROOF))
    at = 8 + _HEAD + len(_PURPOSE)
    if data[4:8] != b"uuid" or data[8 + _HEAD : at] != _PURPOSE:
        raise FormatError("a fragment comes without its proof")
    return decode(data[at : read_item(data, at).end])


def _is_whole(leaf: _Leaf, tree: Mapping[str, object], default: str, hashed: Hasher) -> bool:
    algorithm = as_text(tree.get("alg") or default, "a hash algorithm")
    row = as_list(tree.get("hashes", []), "hashes")
    size, place = as_number(tree.get("count", 0), "count"), leaf.location
    node, proof = hashed(leaf.hashed, algorithm), iter(leaf.proof)
    while size > len(row) > 0:
        if place ^ 1 < size:  # else it goes up as it is
            beside = next(proof, b"")
            node = digest(algorithm, node + beside if place % 2 == 0 else beside + node)
        place, size = place // 2, (size + 1) // 2
    return place < len(row) and node == row[place]


def _beside(
    leaves: Sequence[_Leaf], whole: Sequence[bool]
) -> dict[Range, tuple[Range | None, Range | None]]:
    """The whole fragments of its tree before and after each that was changed.

    A fragment says itself when it is shown, so that one that was changed is not to be asked.
    """
    found: dict[Range, tuple[Range | None, Range | None]] = {}
    last: dict[tuple[int, int], Range] = {}
    for leaf, same in zip(leaves, whole, strict=True):
        if same:
            last[leaf.tree] = leaf.place
        else:
            found[leaf.place] = (last.get(leaf.tree), None)
    coming: dict[tuple[int, int], Range] = {}
    for leaf, same in zip(reversed(leaves), reversed(whole), strict=True):
        if same:
            coming[leaf.tree] = leaf.place
        else:
            found[leaf.place] = (found[leaf.place][0], coming.get(leaf.tree))
    return found


def _is_in_order(leaves: Sequence[_Leaf]) -> bool:
    """Whether each tree's fragments come one behind the other (C2PA 2.2, 15.12.2)."""
    reached: dict[tuple[int, int], int] = {}
    for leaf in leaves:
        if leaf.location != reached.get(leaf.tree, 0):
            return False
        reached[leaf.tree] = leaf.location + 1
    return True


def _failed(about: str) -> Bound:
    check = Check(Aspect.CONTENT, Outcome.FAILED, "assertion.bmffHash.mismatch", about)
    return Bound((check,))
