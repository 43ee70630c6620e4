"""One private record can be forgotten, and nothing else goes missing in silence."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.catalogue import Catalogue
from ledger.entry import Custody, Erasure, Registration, Statement, format_entry, parse_entry
from ledger.errors import FormatError, StorageError, UnknownEntry
from ledger.fsck import fsck
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner
from ledger.private import PrivateRecord, seal
from ledger.proof import verify_log_proof
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.subjects import Found, Role, subjects_of
from ledger.vocabulary import Digest, digest_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
Check = Callable[[], list[str]]
SECRET = b"a name that must not be found anywhere again"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(f"sqlite:///{tmp_path / 'private.sqlite'}")
    yield opened
    opened.close()


def record(number: int) -> PrivateRecord:
    return seal({"title": SECRET.decode() + str(number)}, lambda n: bytes([number]) * n)


def registration(number: int) -> bytes:
    sealed = record(number)
    statement = Registration(
        subject=digest_of(b"asset %d" % number),
        time=1_000 + number,
        size=1,
        media_type="image/jpeg",
        commitments=sealed.commitments(),
    )
    return format_entry(statement, KEY)


def register(log: Log, catalogue: Catalogue, number: int) -> int:
    catalogue.keep(registration(number), record(number))
    [index] = log.append([registration(number)])
    catalogue.follow(log)
    return index


def erasure(log: Log, index: int, key: Ed25519PrivateKey = KEY) -> bytes:
    entry = log.entry(index)
    leaf = Digest(leaf_hash(entry))
    subject = parse_entry(entry).statement.subject
    statement = Erasure(subject=subject, time=2_000, previous=leaf, erased=leaf, reason="asked to")
    return format_entry(statement, key)


@pytest.fixture
def differences(
    log: Log,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    catalogue: Catalogue,
) -> Check:
    def check() -> list[str]:
        found = list(fsck(log_storage, tiles, note_signer.verifier, catalogue.check_entries))
        return [str(each) for each in [*found, *catalogue.check_rows(log)]]

    return check


def test_a_forgotten_record_is_gone_from_the_disk_and_every_proof_still_verifies(
    log: Log,
    catalogue: Catalogue,
    note_signer: Ed25519NoteSigner,
    differences: Check,
    tmp_path: Path,
) -> None:
    for number in range(5):
        register(log, catalogue, number)
    before = [log.prove(index) for index in range(5)]
    log.append([erasure(log, 2)])
    catalogue.follow(log)
    catalogue.forget(2)
    assert catalogue.private_record(2) is None
    assert catalogue.private_record(3) == record(3)
    for index, proof in enumerate(before):
        leaf = leaf_hash(log.entry(index))
        for each in (proof, log.prove(index)):
            verify_log_proof(each, leaf, note_signer.verifier, log.origin)
    assert differences() == []
    catalogue.close()
    for path in tmp_path.glob("private.sqlite*"):
        data = path.read_bytes()
        assert SECRET + b"2" not in data
        assert path.suffix != ".sqlite" or SECRET + b"3" in data


def test_nothing_is_forgotten_before_the_log_says_so(log: Log, catalogue: Catalogue) -> None:
    register(log, catalogue, 0)
    with pytest.raises(StorageError, match="append an erasure first"):
        catalogue.forget(0)
    assert catalogue.private_record(0) == record(0)
    for index in (1, -1, 99):
        with pytest.raises(UnknownEntry):
            catalogue.forget(index)


def test_what_a_reader_keeps_from_being_overwritten_is_not_said_to_be_gone(
    log: Log, catalogue: Catalogue, tmp_path: Path
) -> None:
    register(log, catalogue, 0)
    log.append([erasure(log, 0)])
    catalogue.follow(log)
    with catalogue._connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")  # on the one connection of the pool
    reader = sqlite3.connect(tmp_path / "private.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM private_records").fetchone() == (1,)
    with pytest.raises(StorageError, match="a reader still holds it"):
        catalogue.forget(0)
    assert catalogue.private_record(0) is None
    with pytest.raises(StorageError, match="a reader still holds it"):
        catalogue.overwrite_erased()
    reader.execute("COMMIT")
    catalogue.overwrite_erased()
    assert all(SECRET not in path.read_bytes() for path in tmp_path.glob("private.sqlite*"))
    reader.close()


def test_a_record_that_goes_missing_without_an_erasure_is_named(
    log: Log, catalogue: Catalogue, differences: Check, tmp_path: Path
) -> None:
    for number in range(3):
        register(log, catalogue, number)
    log.append([erasure(log, 0)])
    catalogue.follow(log)
    catalogue.forget(0)
    with sqlite3.connect(tmp_path / "private.sqlite") as connection:
        connection.execute("DELETE FROM private_records WHERE entry_index = 1")
    connection.close()
    [found] = differences()
    assert "entry 1" in found
    assert "missing" in found


def test_an_erasure_that_was_not_carried_out_is_named(
    log: Log, catalogue: Catalogue, differences: Check
) -> None:
    register(log, catalogue, 0)
    log.append([erasure(log, 0)])
    catalogue.follow(log)
    [found] = differences()
    assert "still there" in found
    catalogue.forget(0)
    assert differences() == []


def test_a_stranger_s_erasure_excuses_nothing(
    log: Log, catalogue: Catalogue, differences: Check
) -> None:
    register(log, catalogue, 0)
    log.append([erasure(log, 0, STRANGER)])
    catalogue.follow(log)
    catalogue.forget(0)
    [found] = differences()
    assert "its key did not enter" in found


digests = st.binary(min_size=32, max_size=32).map(Digest)
optional = st.none() | digests


@given(
    statement=st.builds(
        Custody,
        subject=digests,
        time=st.integers(0, (1 << 53) - 1),
        previous=optional,
        giver=optional,
        receiver=digests,
        commitments=st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,39}", fullmatch=True), digests),
    )
    | st.builds(
        Erasure,
        subject=digests,
        time=st.integers(0, (1 << 53) - 1),
        previous=optional,
        erased=digests,
        reason=st.text(min_size=1, max_size=1000),
    )
)
def test_custody_and_erasure_read_back_as_they_were_written(statement: Statement) -> None:
    try:
        entry = format_entry(statement, KEY)
    except (FormatError, UnicodeEncodeError):
        assert isinstance(statement, Erasure)  # a lone surrogate in its reason
        return
    assert parse_entry(entry).statement == statement
    assert format_entry(parse_entry(entry).statement, KEY) == entry


def test_custody_and_erasure_are_found_by_every_digest_that_they_name(
    log: Log, catalogue: Catalogue
) -> None:
    subject, giver, receiver = (digest_of(name) for name in (b"s", b"g", b"r"))
    custody = Custody(subject=subject, time=1, giver=giver, receiver=receiver)
    erased = Erasure(subject=subject, time=1, erased=digest_of(b"e"), reason="asked to")
    log.append([format_entry(custody, KEY), format_entry(erased, KEY)])
    catalogue.follow(log)
    assert catalogue.find(giver) == [Found(0, Role.GIVER)]
    assert catalogue.find(receiver) == [Found(0, Role.RECEIVER)]
    assert catalogue.find(digest_of(b"e")) == [Found(1, Role.ERASED)]
    assert catalogue.find(subject) == [Found(0, Role.SUBJECT), Found(1, Role.SUBJECT)]
    entry = parse_entry(format_entry(custody, KEY))
    assert (receiver, Role.RECEIVER) in subjects_of(entry)
