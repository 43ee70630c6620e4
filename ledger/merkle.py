"""The Merkle tree of RFC 6962 section 2.1: hashes, inclusion proofs, consistency proofs.

Nothing here reads or writes. Whoever wants a root hash or a proof hands in a HashReader; each
function first works out which nodes it needs, asks for all of them in one call, and then computes.
The verifying half takes plain values and raises ProofError, so that nobody can forget to look.

RFC 6962 calls an inclusion proof a "Merkle audit path", and a root hash the MTH of the entries.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from .errors import ProofError, UnknownEntry

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256().digest()  # RFC 6962 section 2.1: MTH({}) = SHA-256()


@dataclass(frozen=True, slots=True)
class Node:
    """The root of the perfect subtree over leaves [index << level, (index + 1) << level)."""

    level: int
    index: int


class HashReader(Protocol):
    """Serves the hashes of nodes. The tree behind it may be larger than the one asked about."""

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return one hash of 32 bytes for each of `nodes`, in that order.

        Raises LedgerError when one of them is not to be had.
        """


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry into its leaf: SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each entry, written for speed."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children: SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Root hash over `hashes`, one or more roots of equal perfect subtrees, from left to right."""
    level = list(hashes)
    while len(level) > 1:
        # A last node without a sibling moves up unchanged: that is the RFC's split, read bottom-up.
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[0::2], level[1::2], strict=False)
        level = [node_hash(left, right) for left, right in pairs] + odd
    return level[0]


def root_hash(size: int, reader: HashReader) -> bytes:
    """Root hash of the tree of the first `size` leaves."""
    return _read_ranges([(0, size)], reader)[0] if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, reader: HashReader) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: from the leaf's sibling up.

    Raises UnknownEntry unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise UnknownEntry(f"there is no entry {index} in a tree of {size}")
    ranges = []
    start, stop = 0, size
    while stop - start > 1:
        split = start + _split(stop - start)
        if index < split:
            ranges.append((split, stop))
            stop = split
        else:
            ranges.append((start, split))
            start = split
    return _read_ranges(ranges[::-1], reader)


def prove_consistency(old_size: int, new_size: int, reader: HashReader) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 6962 section 2.1.2; empty from 0 and for equal sizes.

    Raises UnknownEntry unless 0 <= old_size <= new_size.
    """
    if not 0 <= old_size <= new_size:
        raise UnknownEntry(f"a tree of {new_size} does not hold one of {old_size}")
    if old_size == 0:
        return []
    ranges = []
    start, stop = 0, new_size
    while old_size != stop:  # SUBPROOF(m, D[n], b), where b is (start == 0)
        split = start + _split(stop - start)
        if old_size <= split:
            ranges.append((split, stop))
            stop = split
        else:
            ranges.append((start, split))
            start = split
    if start:
        ranges.append((start, stop))
    return _read_ranges(ranges[::-1], reader)


def inclusion_root(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root hash to which the proof leads from the leaf with hash `leaf` at `index`.

    The algorithm of RFC 9162 section 2.1.3.2. Raises ProofError for a proof of another shape.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a tree of {size}")
    _check_lengths(leaf, *proof)
    computed = leaf
    for sibling, is_left in _climb(index, size - 1, proof):
        computed = node_hash(sibling, computed) if is_left else node_hash(computed, sibling)
    return computed


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf with hash `leaf` is at `index` in the tree (size, root).

    The algorithm of RFC 9162 section 2.1.3.2. Raises ProofError.
    """
    _check_lengths(root)
    if inclusion_root(index, size, leaf, proof) != root:
        raise ProofError(f"the inclusion proof of entry {index} does not lead to the root hash")


def consistency_root(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> bytes:
    """Return the root hash of the tree of `new_size` of which (old_size, old_root) is a prefix.

    The algorithm of RFC 9162 section 2.1.4.2, which needs 0 < old_size. Raises ProofError.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"a tree of {new_size} does not hold one of {old_size}")
    _check_lengths(old_root, *proof)
    if old_size == new_size:
        if proof:
            raise ProofError("the consistency proof should be empty")
        return old_root
    first, last = old_size - 1, new_size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    # A perfect old tree is a node of the new one, so the proof leaves its root hash out.
    hashes = [old_root, *proof] if first == 0 else list(proof)
    if not hashes:
        raise ProofError("the proof is too short")
    old_computed = new_computed = hashes[0]
    for sibling, is_left in _climb(first, last, hashes[1:]):
        if is_left:
            old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
        else:
            new_computed = node_hash(new_computed, sibling)
    if old_computed != old_root:
        raise ProofError(f"the consistency proof does not lead to the old root hash of {old_size}")
    return new_computed


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree (old_size, old_root) is a prefix of the tree (new_size, new_root).

    The algorithm of RFC 9162 section 2.1.4.2. Raises ProofError.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a tree of {new_size} does not hold one of {old_size}")
    _check_lengths(old_root, new_root, *proof)
    if old_size in (0, new_size):
        _check_trivial(old_size, new_size, old_root, new_root, proof)
    elif consistency_root(old_size, new_size, old_root, proof) != new_root:
        raise ProofError(f"the consistency proof does not lead to the new root hash of {new_size}")


def _check_trivial(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check two trees of which nothing needs proving, as one is empty or they are the same."""
    if proof:
        raise ProofError("the consistency proof should be empty")
    is_wrong_empty = old_size == 0 and old_root != EMPTY_ROOT
    if is_wrong_empty or (old_size == new_size and old_root != new_root):
        raise ProofError(f"the tree of {old_size} has another root hash")


def _climb(index: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each sibling on the way up from `index`, and whether it stands on the left.

    `last` is the last index at that level; fn and sn of RFC 9162 section 2.1.3.2.
    """
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        is_left = bool(index & 1) or index == last
        yield sibling, is_left
        while is_left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")


def _check_lengths(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError(f"a hash in a proof has {HASH_SIZE} bytes")


def _split(size: int) -> int:
    """Return the largest power of two below `size` (k of RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _nodes(start: int, stop: int) -> list[Node]:
    """Perfect subtrees over [start, stop), left to right; start as the RFC's splits leave it."""
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def _read_ranges(ranges: Sequence[tuple[int, int]], reader: HashReader) -> list[bytes]:
    """MTH(D[start:stop]) of each range, from one call of the reader."""
    nodes = [_nodes(start, stop) for start, stop in ranges]
    hashes = iter(reader.read_hashes([node for group in nodes for node in group]))
    roots = []
    for group in nodes:
        *rest, root = [next(hashes) for _ in group]
        for left in reversed(rest):
            root = node_hash(left, root)
        roots.append(root)
    return roots
