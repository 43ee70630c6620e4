"""The custody chain: a lie in it is found, a fork is said, damage elsewhere accuses nobody."""

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain_check
from ledger.catalogue import Catalogue
from ledger.chain import LinkState, Stated, follow
from ledger.chain_check import ChainCheck, chain_row
from ledger.entry import Correction, format_entry
from ledger.errors import StorageError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.vocabulary import Digest, digest_of

FIRST, HOLDS, FORKS, BROKEN = LinkState
KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(2)]


def name(number: int) -> Digest:
    """Return what stands for the leaf hash of an entry: here chains may do what hashes forbid."""
    return digest_of(b"leaf %d" % number)


def states(*previous: int | None) -> list[LinkState]:
    """Follow entries 0, 1, 2 …, each with the number of the entry that it names."""
    chain = [
        Stated(index, name(index), None if number is None else name(number))
        for index, number in enumerate(previous)
    ]
    return [link.state for link in follow(chain)]


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        ((), []),
        ((None,), [FIRST]),
        ((None, 0, 1, 2), [FIRST, HOLDS, HOLDS, HOLDS]),
        # Two registrars who did not know of one another, and then did.
        ((None, None, 1), [FIRST, FORKS, HOLDS]),
        ((None, 0, 0, 2), [FIRST, HOLDS, FORKS, HOLDS]),
        ((None, None, 0, 1), [FIRST, FORKS, FORKS, FORKS]),
        ((None, 0, None), [FIRST, HOLDS, FORKS]),
        # What no order of honest work leaves behind.
        ((9,), [BROKEN]),
        ((None, 9, 1), [FIRST, BROKEN, HOLDS]),
        ((0,), [BROKEN]),  # itself
        ((1, 0), [BROKEN, HOLDS]),  # a loop of two
        ((2, 0, 1), [BROKEN, HOLDS, HOLDS]),  # and of three
        ((None, 2, 1), [FIRST, BROKEN, HOLDS]),  # a later one
        ((None, 1), [FIRST, BROKEN]),
        ((None, 0, 9, 9), [FIRST, HOLDS, BROKEN, BROKEN]),
    ],
)
def test_each_link_is_what_it_is(previous: tuple[int | None, ...], expected: list[str]) -> None:
    assert states(*previous) == expected


def test_a_link_says_which_entry_it_names_and_which_it_passes_over() -> None:
    chain = [
        Stated(4, name(4), None),
        Stated(7, name(7), name(4)),
        Stated(9, name(9), name(4)),
        Stated(12, name(12), None),
        Stated(15, name(15), name(99)),
        Stated(16, name(16), name(17)),
        Stated(17, name(17), name(16)),
    ]
    assert [str(link) for link in follow(chain)] == [
        "is the first about it, and names none before it",
        "names entry 4, the one before it",
        "names entry 4, as if entry 7 were not there",
        "names none before it, as if entry 9 were not there",
        "names what is no earlier entry about it in this log",
        "names entry 17, which comes no earlier",
        "names entry 16, the one before it",
    ]


@given(st.lists(st.none() | st.integers(0, 7), max_size=7))
def test_it_agrees_with_the_rules_read_out_slowly(previous: list[int | None]) -> None:
    for index, (number, state) in enumerate(zip(previous, states(*previous), strict=True)):
        is_right = number == index - 1 if index else number is None
        assert (state in (FIRST, HOLDS)) is is_right
        # docs/formats/entry.md: null, or an earlier one about the subject. The first has none.
        may_be = number is None or number < index
        assert (state is BROKEN) is not may_be


def correction(
    subject: bytes, note: str, previous: Digest | None, key: Ed25519PrivateKey = KEYS[0]
) -> bytes:
    statement = Correction(subject=digest_of(subject), time=0, previous=previous, note=note)
    return format_entry(statement, key)


def leaf(entry: bytes) -> Digest:
    return Digest(leaf_hash(entry))


def chain_of(subject: bytes, length: int) -> list[bytes]:
    """Return an honest chain of that many entries."""
    entries: list[bytes] = []
    for number in range(length):
        previous = leaf(entries[-1]) if entries else None
        entries.append(correction(subject, f"Note {number}.", previous))
    return entries


Check = Callable[[], list[str]]


@pytest.fixture
def differences(
    log: Log,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    tmp_path: Path,
) -> Iterator[Check]:
    """Return fsck, with a real catalogue, as `firsthand log fsck` runs it."""
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'private.sqlite'}")

    def check() -> list[str]:
        with suppress(StorageError):  # damaged entries are not taken in
            catalogue.follow(log)
        found = fsck(log_storage, tiles, note_signer.verifier, catalogue.check_entries)
        return [str(each) for each in found]

    yield check
    catalogue.close()


class TestFsck:
    def test_honest_chains_are_clean_however_they_lie_among_one_another(
        self, log: Log, differences: Check
    ) -> None:
        chains = [chain_of(b"asset %d" % n, 1 + n % 4) for n in range(150)]
        for column in itertools.zip_longest(*chains):
            log.append([entry for entry in column if entry is not None])
        assert differences() == []

    def test_a_fork_is_no_difference(self, log: Log, differences: Check) -> None:
        first, second, _ = chain_of(b"a", 3)
        unaware = correction(b"a", "Unaware.", leaf(first), KEYS[1])
        another = correction(b"a", "A second beginning.", None, KEYS[1])
        log.append([first, second, unaware, another])
        assert differences() == []

    def test_an_entry_that_was_dropped_is_missed(self, log: Log, differences: Check) -> None:
        first, _, third = chain_of(b"a", 3)
        log.append([first, third])
        assert differences() == [
            "custody chain, entry 1: it names what is no earlier entry about it in this log"
        ]

    def test_a_first_entry_that_was_dropped_is_missed(self, log: Log, differences: Check) -> None:
        log.append(chain_of(b"a", 2)[1:])
        [said] = differences()
        assert said.startswith("custody chain, entry 0: ")

    def test_entries_that_were_swapped_are_named(self, log: Log, differences: Check) -> None:
        first, second, third = chain_of(b"a", 3)
        log.append([first, third, second])
        assert differences() == ["custody chain, entry 1: it names entry 2, which comes no earlier"]

    def test_an_entry_about_another_asset_is_not_its_previous(
        self, log: Log, differences: Check
    ) -> None:
        [other] = chain_of(b"b", 1)
        first, _ = chain_of(b"a", 2)
        log.append([other, first, correction(b"a", "Of b.", leaf(other))])
        [said] = differences()
        assert said.startswith("custody chain, entry 2: it names what is no earlier entry about it")

    @pytest.mark.parametrize("what", ["forged", "not yet hashed as a leaf", "a subject"])
    def test_a_digest_of_anything_else_is_not_its_previous(
        self, log: Log, differences: Check, what: str
    ) -> None:
        [first] = chain_of(b"a", 1)
        forged = {
            "forged": Digest(bytes(32)),
            "not yet hashed as a leaf": digest_of(first),
            "a subject": digest_of(b"a"),
        }[what]
        log.append([first, correction(b"a", "Forged.", forged)])
        [said] = differences()
        assert said.startswith("custody chain, entry 1: ")

    def test_every_broken_chain_of_many_is_named_and_no_other(
        self, log: Log, differences: Check
    ) -> None:
        """More entries than are sorted at once, in a random order of the chains."""
        random.seed(7)
        chains = [chain_of(b"asset %d" % n, 3) for n in range(400)]
        broken = set(random.sample(range(400), 40))
        places = [n for n in range(400) for _ in range(2 if n in broken else 3)]
        random.shuffle(places)
        for n in broken:
            del chains[n][1]
        rest = [iter(entries) for entries in chains]
        log.append([next(rest[n]) for n in places])
        expected = {
            log.append([chains[n][1]])[0]
            for n in broken  # known already: this finds its index
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chain_check, "_BATCH", 100)
            said = differences()
        assert {int(each.split("entry ")[1].split(":")[0]) for each in said} == expected
        assert len(said) == len(broken)

    def test_an_entry_that_is_none_of_ours_breaks_no_chain(
        self, log: Log, differences: Check
    ) -> None:
        first, second = chain_of(b"a", 2)
        log.append([first, b"no entry of ours", second])
        [said] = differences()
        assert "entry 1" in said
        assert "does not read as one" in said

    def test_a_damaged_entry_is_named_and_whoever_follows_it_is_not_accused(
        self, log: Log, tiles: MemoryTileStorage, differences: Check
    ) -> None:
        entries = [*chain_of(b"a", 3), correction(b"c", "Broken anyhow.", leaf(b"none"))]
        log.append(entries)
        path = "tile/entries/000.p/4"
        whole = tiles.read(path)
        assert whole is not None
        at = 0
        for index, entry in enumerate(entries[:3]):
            changed = bytearray(whole)
            changed[at + 2 + len(entry) // 2] ^= 1
            tiles.write({path: bytes(changed)})
            [damaged] = [each for each in differences() if "subject rows" not in each]
            assert f"entry {index}, " in damaged
            at += 2 + len(entry)
        tiles.write({path: whole})
        [said] = differences()
        assert said.startswith("custody chain, entry 3: ")


def test_a_full_disk_under_the_sorting_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chain_check, "_BATCH", 1)
    with closing(ChainCheck()) as chains:
        chains._sorter.execute("PRAGMA max_page_count = 4")
        entry = Correction(subject=name(0), time=0, note="x")
        with pytest.raises(StorageError, match="full"):
            _add(chains, entry, 1000)


def _add(chains: ChainCheck, entry: Correction, times: int) -> None:
    for index in range(times):
        chains.add([chain_row(index, name(index).value, entry)])
