"""The kept index follows the private store, whatever becomes of its file."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.local_index import LocalIndex
from ledger.catalogue import Catalogue
from ledger.entry import Erasure, Registration, format_entry
from ledger.merkle import leaf_hash
from ledger.private import seal
from ledger.vocabulary import Digest, Fingerprint, digest_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAMES = ("picture-phash", "picture-dhash", "picture-pdq", "picture-descriptor")


class Store:
    """A log that is a list, and the catalogue behind it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "fingerprints.index"
        self.catalogue = Catalogue(f"sqlite:///{folder / 'private.sqlite'}")
        self.log: list[bytes] = []
        self.read = 0

    @property
    def size(self) -> int:
        return len(self.log)

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        yield from self.log[start:stop]

    def record(self, number: int) -> int:
        """Register a picture that is unlike any other."""
        salts = itertools.count(number * 100)
        values = [[each.algorithm, each.version, each.bits] for each in prints(number)]
        record = seal({"fingerprints": values}, lambda size: next(salts).to_bytes(size))
        subject, commitments = digest_of(b"%d" % number), record.commitments()
        statement = Registration(
            subject=subject, time=1, size=1, media_type="image/jpeg", commitments=commitments
        )
        self.catalogue.keep(format_entry(statement, KEY), record)
        self.log.append(format_entry(statement, KEY))
        self.catalogue.follow(self)
        return len(self.log) - 1

    def erase(self, index: int) -> None:
        erased = Digest(leaf_hash(self.log[index]))
        statement = Erasure(subject=digest_of(b"%d" % index), time=2, erased=erased, reason="Law.")
        self.log.append(format_entry(statement, KEY))
        self.catalogue.follow(self)
        self.catalogue.forget(index)

    def find(self, number: int) -> list[int]:
        """Search as a process that has just started."""
        return found(LocalIndex(self.path, self.catalogue), number)


def prints(number: int) -> tuple[Fingerprint, ...]:
    random = np.random.default_rng(number)
    return tuple(Fingerprint(name, 1, random.bytes(32)) for name in NAMES)


def found(index: LocalIndex, number: int) -> list[int]:
    return [match.entry_index for match in index.search(prints(number))]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    for number in range(4):
        assert opened.record(number) == number
    yield opened
    opened.catalogue.close()


def test_what_was_recorded_since_is_found_and_the_file_only_grows(store: Store) -> None:
    running = LocalIndex(store.path, store.catalogue)
    assert found(running, 2) == [2]
    first = store.path.read_bytes()
    store.record(4)
    assert found(running, 4) == [4]
    assert store.path.read_bytes().startswith(first)
    assert len(store.path.read_bytes()) > len(first)
    for number in range(5):
        assert store.find(number) == [number]


def test_a_new_process_reads_the_file_and_not_every_record(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.find(0) == [0]
    asked: list[int] = []
    plain = store.catalogue.private_records

    def watched(start: int) -> Iterator[tuple[int, object]]:
        asked.append(start)
        return plain(start)

    monkeypatch.setattr(store.catalogue, "private_records", watched)
    assert store.find(3) == [3]
    assert asked == [4]


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "later", "gone", "a folder"])
def test_a_damaged_file_is_noticed_and_made_anew(store: Store, damage: str) -> None:
    assert store.find(1) == [1]
    whole = store.path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    later = whole[:8] + (2).to_bytes(8, "little") + whole[16:]  # what was before it is missing
    store.path.unlink()
    if damage == "a folder":
        store.path.mkdir()
    elif damage != "gone":
        bad = {"cut": whole[:-3], "flipped": bytes(flipped), "emptied": b"", "later": later}
        store.path.write_bytes(bad[damage])
    for number in range(4):
        assert store.find(number) == [number]
    if damage != "a folder":
        assert store.path.read_bytes() == whole


def test_what_was_erased_is_found_no_more_and_leaves_the_file(store: Store) -> None:
    running = LocalIndex(store.path, store.catalogue)
    assert found(running, 1) == [1]
    store.erase(1)
    assert found(running, 1) == []
    assert store.find(1) == []
    assert prints(1)[3].bits not in store.path.read_bytes()
    assert [store.find(number) for number in (0, 2, 3)] == [[0], [2], [3]]


def test_two_processes_may_write_the_same(store: Store) -> None:
    one, other = (LocalIndex(store.path, store.catalogue) for _ in range(2))
    assert found(one, 0) == found(other, 0) == [0]
    store.record(4)
    assert found(one, 4) == found(other, 4) == [4]
    assert store.find(4) == [4]
    assert [store.find(number) for number in range(4)] == [[0], [1], [2], [3]]


def test_a_home_that_cannot_be_written_still_searches(store: Store, tmp_path: Path) -> None:
    nowhere = LocalIndex(tmp_path / "missing" / "index", store.catalogue)
    assert found(nowhere, 3) == [3]
