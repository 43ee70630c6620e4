"""The tree is RFC 6962's, and no proof but the right one passes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ProofError, UnknownEntry
from ledger.merkle import (
    EMPTY_ROOT,
    Node,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    root_hash,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)
from tests import reference_merkle as reference

ENTRIES = [b"entry %d" % n for n in range(300)]


class Leaves:
    """A HashReader over all leaf hashes that counts its calls."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.hashes = [leaf_hash(entry) for entry in entries]
        self.calls = 0

    def read_hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes, and count."""
        self.calls += 1
        return [self._read(node) for node in nodes]

    def _read(self, node: Node) -> bytes:
        leaves = self.hashes[node.index << node.level : (node.index + 1) << node.level]
        assert len(leaves) == 1 << node.level, f"{node} is not in the tree"
        return subtree_root(leaves)


def test_hashes_are_those_published_for_certificate_transparency() -> None:
    """The roots that every RFC 6962 implementation tests, of these eight entries."""
    entries = [
        bytes.fromhex(text)
        for text in (
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        )
    ]
    reader = Leaves(entries)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    expected = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {size: root_hash(size, reader).hex() for size in expected} == expected


@pytest.mark.parametrize("size", range(71))
def test_every_root_and_proof_of_small_trees_is_the_reference_s(size: int) -> None:
    entries = ENTRIES[:size]
    reader = Leaves(entries)
    root = root_hash(size, reader)
    assert root == reference.mth(entries)
    for index in range(size):
        proof = prove_inclusion(index, size, reader)
        assert proof == reference.path(index, entries)
        verify_inclusion(index, size, leaf_hash(entries[index]), proof, root)
    for old in range(size + 1):
        proof = prove_consistency(old, size, reader)
        assert proof == (reference.proof(old, entries) if old else [])
        verify_consistency(old, size, reference.mth(entries[:old]), root, proof)


@given(st.integers(71, 300), st.data())
def test_larger_trees_agree_with_the_reference(size: int, data: st.DataObject) -> None:
    entries, reader = ENTRIES[:size], Leaves(ENTRIES)
    index = data.draw(st.integers(0, size - 1))
    assert root_hash(size, reader) == reference.mth(entries)
    assert prove_inclusion(index, size, reader) == reference.path(index, entries)
    assert prove_consistency(index + 1, size, reader) == reference.proof(index + 1, entries)


def test_a_proof_asks_for_all_its_nodes_in_one_call() -> None:
    reader = Leaves(ENTRIES)
    root_hash(300, reader)
    prove_inclusion(123, 300, reader)
    prove_consistency(123, 300, reader)
    assert reader.calls == 3


@pytest.mark.parametrize(
    ("index", "size"), [(0, 1), (0, 2), (5, 7), (6, 7), (100, 130), (255, 256)]
)
def test_every_flipped_bit_of_an_inclusion_proof_is_refused(index: int, size: int) -> None:
    reader = Leaves(ENTRIES)
    good = prove_inclusion(index, size, reader)
    leaf, root = reader.hashes[index], root_hash(size, reader)
    for place in range(len(good) + 2):
        for bit in range(256):
            values = [*good, leaf, root]
            values[place] = _flip(values[place], bit)
            *proof, changed_leaf, changed_root = values
            with pytest.raises(ProofError):
                verify_inclusion(index, size, changed_leaf, proof, changed_root)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (6, 8), (64, 130), (129, 130)])
def test_every_flipped_bit_of_a_consistency_proof_is_refused(old: int, new: int) -> None:
    reader = Leaves(ENTRIES)
    good = prove_consistency(old, new, reader)
    roots = [root_hash(old, reader), root_hash(new, reader)]
    for place in range(len(good) + 2):
        for bit in range(256):
            values = [*good, *roots]
            values[place] = _flip(values[place], bit)
            *proof, old_root, new_root = values
            with pytest.raises(ProofError):
                verify_consistency(old, new, old_root, new_root, proof)


@pytest.mark.parametrize("size", range(1, 34))
def test_a_proof_fits_one_index_one_size_and_one_length(size: int) -> None:
    reader = Leaves(ENTRIES)
    root = root_hash(size, reader)
    for index in range(size):
        leaf, proof = reader.hashes[index], prove_inclusion(index, size, reader)
        for other in set(range(-1, size + 2)) - {index}:
            with pytest.raises(ProofError):
                verify_inclusion(other, size, leaf, proof, root)
        wrong = [proof[:-1], proof[1:], [*proof, root], [leaf, *proof], proof[::-1]]
        for other_proof in wrong:
            if other_proof != proof:
                with pytest.raises(ProofError):
                    verify_inclusion(index, size, leaf, other_proof, root)


@pytest.mark.parametrize("new", range(1, 34))
def test_a_consistency_proof_fits_two_sizes_and_one_length(new: int) -> None:
    reader = Leaves(ENTRIES)
    new_root = root_hash(new, reader)
    for old in range(new + 1):
        old_root, proof = root_hash(old, reader), prove_consistency(old, new, reader)
        for other in set(range(-1, new + 2)) - {old}:
            with pytest.raises(ProofError):
                verify_consistency(other, new, old_root, new_root, proof)
        for other_proof in (proof[:-1], proof[1:], [*proof, new_root], [old_root, *proof]):
            if other_proof != proof:
                with pytest.raises(ProofError):
                    verify_consistency(old, new, old_root, new_root, other_proof)
        if old not in (0, new):
            with pytest.raises(ProofError):
                verify_consistency(old, new, new_root, old_root, proof)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """The second-preimage attack that the 0x00 and 0x01 prefixes are there for."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_hashes_of_another_length_are_refused() -> None:
    short, root = bytes(31), bytes(32)
    for leaf, proof in ((short, []), (root, [short]), (root, [bytes(33)])):
        with pytest.raises(ProofError, match="32 bytes"):
            verify_inclusion(0, 1 + len(proof), leaf, proof, root)


def test_an_entry_or_tree_that_is_not_there_cannot_be_proved() -> None:
    reader = Leaves(ENTRIES)
    for index, size in ((0, 0), (-1, 5), (5, 5)):
        with pytest.raises(UnknownEntry):
            prove_inclusion(index, size, reader)
    for old, new in ((-1, 5), (6, 5)):
        with pytest.raises(UnknownEntry):
            prove_consistency(old, new, reader)


def _flip(value: bytes, bit: int) -> bytes:
    flipped = bytearray(value)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)
