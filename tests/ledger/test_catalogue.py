"""The catalogue on real SQLite: it finds, it keeps private records, each changed row is named."""

import itertools
import pickle
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.catalogue import Catalogue
from ledger.entry import Erasure, ManifestIdentity, Registration, Withdrawal, format_entry
from ledger.errors import FormatError, LedgerError, StorageError
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.private import PrivateRecord, seal
from ledger.storage.memory import MemoryTileStorage
from ledger.subjects import Found, Role, label_digest
from ledger.vocabulary import Digest, digest_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MANIFEST = ManifestIdentity("urn:1", digest_of(b"claim"), digest_of(b"binding"), digest_of(b"leaf"))


def registration(name: str, number: int = 0) -> tuple[bytes, PrivateRecord]:
    """Return the entry of a made-up file, and the private record behind it."""
    salts = itertools.count(number * 100)
    record = seal(
        {"title": name, "fingerprints": [["picture-phash", 1, bytes(32)]]},
        lambda size: next(salts).to_bytes(size),
    )
    statement = Registration(
        subject=digest_of(name.encode()),
        time=number,
        size=1,
        media_type="image/jpeg",
        source=digest_of(b"source"),
        manifest=MANIFEST,
        commitments=record.commitments(),
    )
    return format_entry(statement, KEY), record


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "private.sqlite"


@pytest.fixture
def catalogue(database: Path) -> Iterator[Catalogue]:
    opened = Catalogue(f"sqlite:///{database}")
    yield opened
    opened.close()


@pytest.fixture
def filled(catalogue: Catalogue, log: Log) -> Catalogue:
    """Return a catalogue of three registrations and a withdrawal of the first."""
    for number, name in enumerate("abc"):
        entry, record = registration(name, number)
        catalogue.keep(entry, record)
        log.append([entry])
    log.append([format_entry(Withdrawal(subject=digest_of(b"a"), time=9, reason="No."), KEY)])
    catalogue.follow(log)
    return catalogue


def complaints(catalogue: Catalogue, log: Log) -> dict[int, list[str]]:
    """Return what does not agree, by entry; what is about no entry is under -1."""
    found: dict[int, list[str]] = {}
    for index, said in catalogue.check_entries([*enumerate(log.entries(0, log.size))]).sentences:
        found.setdefault(index, []).append(said)
    for difference in catalogue.check_rows(log):
        index = -1 if difference.entry is None else difference.entry
        found.setdefault(index, []).append(str(difference))
    return found


def change(database: Path, statement: str, *values: object) -> int:
    """Change the database behind the catalogue's back; return how many rows."""
    with sqlite3.connect(database) as connection:
        changed = connection.execute(statement, values).rowcount
    connection.close()
    return changed


class TestFinding:
    def test_each_digest_finds_its_entries_by_what_it_is_to_them(self, filled: Catalogue) -> None:
        assert filled.find(digest_of(b"a")) == [Found(0, Role.SUBJECT), Found(3, Role.SUBJECT)]
        assert filled.find(digest_of(b"source")) == [Found(n, Role.SOURCE) for n in range(3)]
        assert filled.find(MANIFEST.claim) == [Found(n, Role.CLAIM) for n in range(3)]
        assert filled.find(label_digest("urn:1")) == [Found(n, Role.LABEL) for n in range(3)]
        assert filled.find(digest_of(b"binding")) == [Found(n, Role.HARD_BINDING) for n in range(3)]
        assert filled.find(digest_of(b"unheard of")) == []

    def test_nothing_is_found_before_it_is_followed(self, catalogue: Catalogue, log: Log) -> None:
        log.append([registration("a")[0]])
        assert catalogue.find(digest_of(b"a")) == []
        catalogue.follow(log)
        assert catalogue.find(digest_of(b"a")) == [Found(0, Role.SUBJECT)]
        catalogue.follow(log)
        assert catalogue.find(digest_of(b"a")) == [Found(0, Role.SUBJECT)]

    def test_long_logs_are_followed_to_their_end(self, catalogue: Catalogue, log: Log) -> None:
        log.append([registration(str(number), number)[0] for number in range(600)])
        catalogue.follow(log)
        for number in (0, 255, 256, 257, 511, 512, 599):
            found = catalogue.find(digest_of(str(number).encode()))
            assert found == [Found(number, Role.SUBJECT)]
        assert complaints(catalogue, log).keys() == set(range(600))  # no private record was kept

    def test_an_entry_that_is_none_does_not_stop_those_after_it(
        self, catalogue: Catalogue, log: Log
    ) -> None:
        log.append([b"no entry of ours", registration("a")[0]])
        catalogue.follow(log)
        assert catalogue.find(digest_of(b"a")) == [Found(1, Role.SUBJECT)]
        [(index, said)] = catalogue.check_entries([(0, b"no entry of ours")]).sentences
        assert index == 0
        assert "does not read" in said

    def test_an_entry_with_a_wrong_signature_says_nothing(
        self, catalogue: Catalogue, log: Log
    ) -> None:
        true = registration("a")[0]
        forged = true[:-1] + bytes([true[-1] ^ 1])
        log.append([true, forged])
        assert catalogue.look_up(log, digest_of(b"a")) == [Found(0, Role.SUBJECT)]
        leaf = Digest(leaf_hash(true))
        erasure = Erasure(subject=digest_of(b"a"), time=1, erased=leaf, reason="asked to")
        log.append([format_entry(erasure, KEY)[:-1] + b"?"])
        catalogue.follow(log)
        assert catalogue.find(leaf) == [], "a forged tombstone excuses no missing record"

    def test_what_cannot_be_read_is_not_passed_over(
        self, filled: Catalogue, log: Log, database: Path
    ) -> None:
        change(database, "INSERT INTO subjects VALUES (?, 'subject', 99)", digest_of(b"z").value)
        assert filled.look_up(log, digest_of(b"z")) == [Found(99, Role.SUBJECT)]

    def test_what_processes_take_in_is_what_one_does(
        self, catalogue: Catalogue, log: Log, database: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ledger.catalogue._BATCH", 100)
        monkeypatch.setattr("ledger.catalogue._FEW", 0)
        log.append([b"none", *(registration(str(number), number)[0] for number in range(450))])
        steps: list[tuple[int, int]] = []
        catalogue.follow(log, 2, lambda done, size: steps.append((done, size)))
        assert steps == [(done, 451) for done in (100, 200, 300, 400, 451)]
        alone = Catalogue(f"sqlite:///{database}.alone")
        alone.follow(log, most=120)
        assert alone.size == 120
        alone.follow(log)
        alone.close()
        query = "SELECT * FROM subjects ORDER BY digest, role, entry_index"
        rows = [
            sqlite3.connect(path).execute(query).fetchall()
            for path in (database, f"{database}.alone")
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) == 450 * 5

    @pytest.mark.parametrize("workers", [0, 2])
    def test_what_can_be_read_before_a_damaged_bundle_is_taken_in(
        self,
        catalogue: Catalogue,
        log: Log,
        tiles: MemoryTileStorage,
        monkeypatch: pytest.MonkeyPatch,
        workers: int,
    ) -> None:
        monkeypatch.setattr("ledger.catalogue._FEW", 0)
        log.append([registration(str(number), number)[0] for number in range(700)])
        bundle = tiles.read("tile/entries/001") or b""
        tiles.write({"tile/entries/001": bundle[:-1] + bytes([bundle[-1] ^ 1])})
        for _ in range(2):
            with pytest.raises(StorageError):
                catalogue.follow(log, workers)
            assert catalogue.size == 256

    def test_it_survives_being_closed(self, filled: Catalogue, database: Path, log: Log) -> None:
        filled.close()
        again = Catalogue(f"sqlite:///{database}")
        assert again.find(digest_of(b"b")) == [Found(1, Role.SUBJECT)]
        assert complaints(again, log) == {}
        again.close()


def test_in_another_process_it_is_the_same_store(filled: Catalogue, log: Log) -> None:
    entries = [*enumerate(log.entries(0, log.size))]
    sent = pickle.loads(pickle.dumps(filled.check_entries))  # noqa: S301  # our own
    assert sent(entries) == filled.check_entries(entries)
    sent.__self__.close()


class TestTwoAtOnce:
    def test_two_followers_take_every_entry_in_once(self, database: Path, log: Log) -> None:
        log.append([registration(str(number), number)[0] for number in range(700)])
        both = [Catalogue(f"sqlite:///{database}") for _ in range(2)]
        threads = [threading.Thread(target=each.follow, args=[log]) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in both:
            for number in (0, 300, 699):
                found = each.find(digest_of(str(number).encode()))
                assert found == [Found(number, Role.SUBJECT)]
            each.close()
        rows = sqlite3.connect(database).execute("SELECT count(*), sum(size) FROM followed")
        assert rows.fetchone() == (1, 700)

    def test_a_follower_goes_on_where_another_stopped_short(
        self, catalogue: Catalogue, log: Log, database: Path
    ) -> None:
        """Between its reading and its writing another takes in fewer entries than it would."""
        log.append([registration(str(number), number)[0] for number in range(3)])

        class Interrupted:
            interrupted = False
            size = 3

            def entries(self, start: int, stop: int) -> Iterator[bytes]:
                if not self.interrupted:
                    self.interrupted = True
                    other = Catalogue(f"sqlite:///{database}")
                    other.follow(First())
                    other.close()
                return log.entries(start, stop)

        class First:
            size = 1

            def entries(self, start: int, stop: int) -> Iterator[bytes]:
                return log.entries(start, stop)

        catalogue.follow(Interrupted())
        for number in range(3):
            found = catalogue.find(digest_of(str(number).encode()))
            assert found == [Found(number, Role.SUBJECT)]

    def test_two_that_begin_at_once_make_one_catalogue(self, database: Path) -> None:
        """Real processes, on a database that is not there yet."""
        program = "import sys; from ledger.catalogue import Catalogue; Catalogue(sys.argv[1])"
        arguments = [sys.executable, "-c", program, f"sqlite:///{database}"]
        running = [subprocess.Popen(arguments, stderr=subprocess.PIPE) for _ in range(4)]
        errors = [process.communicate()[1].decode() for process in running]
        for error in errors:
            assert not error or "ledger.errors." in error.splitlines()[-1]
        rows = sqlite3.connect(database).execute("SELECT count(*) FROM followed").fetchone()
        assert rows == (1,)


class TestPrivateRecords:
    def test_a_record_is_durable_before_its_entry_is_appended(
        self, catalogue: Catalogue, database: Path, log: Log
    ) -> None:
        entry, record = registration("a")
        catalogue.keep(entry, record)
        other = Catalogue(f"sqlite:///{database}")  # as a process after a crash would find it
        assert other.private_record(0) is None
        log.append([entry])
        other.follow(log)
        assert other.private_record(0) == record
        assert complaints(other, log) == {}
        other.close()

    def test_what_a_crash_left_behind_is_tolerated_and_found_by_nobody(
        self, filled: Catalogue, log: Log
    ) -> None:
        entry, record = registration("never appended", 50)
        filled.keep(entry, record)
        filled.follow(log)
        assert complaints(filled, log) == {}
        assert [index for index, _ in filled.private_records(0)] == [0, 1, 2]

    def test_to_keep_a_record_again_loses_nothing(self, filled: Catalogue, log: Log) -> None:
        entry, record = registration("b", 1)
        filled.keep(entry, record)
        filled.follow(log)
        assert filled.private_record(1) == record
        assert complaints(filled, log) == {}

    def test_records_come_in_the_order_of_the_log(self, filled: Catalogue) -> None:
        found = list(filled.private_records(1))
        assert [(index, record.value("title")) for index, record in found] == [(1, "b"), (2, "c")]
        assert filled.private_record(3) is None

    def test_one_row_that_is_gone_leaves_every_other_as_it_was(
        self, filled: Catalogue, log: Log, database: Path
    ) -> None:
        assert change(database, "DELETE FROM private_records WHERE entry_index = 1") == 1
        assert complaints(filled, log).keys() == {1}
        for index in range(4):
            log.prove(index)
        assert filled.find(digest_of(b"b")) == [Found(1, Role.SUBJECT)]
        assert [index for index, _ in filled.private_records(0)] == [0, 2]


CHANGES: dict[str, tuple[str, set[int]]] = {
    "a digest": ("UPDATE subjects SET digest = zeroblob(32) WHERE entry_index = 1", {1}),
    "a role": (
        "UPDATE subjects SET role = 'parent' WHERE entry_index = 1 AND role = 'subject'",
        {1},
    ),
    "a role of none": (
        "UPDATE subjects SET role = 'x' WHERE entry_index = 1 AND role = 'claim'",
        {1},
    ),
    "a row that is gone": ("DELETE FROM subjects WHERE entry_index = 2 AND role = 'source'", {2}),
    "a row too many": ("INSERT INTO subjects VALUES (zeroblob(32), 'subject', 2)", {2}),
    "a row beyond the end": ("INSERT INTO subjects VALUES (zeroblob(32), 'subject', 99)", {99}),
    "a row before the beginning": (
        "INSERT INTO subjects VALUES (zeroblob(32), 'subject', -5)",
        {-5},
    ),
    "a row of another entry": (
        "UPDATE subjects SET entry_index = 3 WHERE entry_index = 0 AND role = 'claim'",
        {0, 3},
    ),
    "the mark": ("UPDATE followed SET size = 2", {-1}),
    "a record": ("UPDATE private_records SET body = X'A0' WHERE entry_index = 1", {1}),
    "a record that is no CBOR": (
        "UPDATE private_records SET body = X'FF' WHERE entry_index = 1",
        {1},
    ),
    "a record of another type": (
        "UPDATE private_records SET body = 'text' WHERE entry_index = 1",
        {1},
    ),
    "a record's index": (
        "UPDATE private_records SET entry_index = 3 WHERE entry_index = 1",
        {1, 3},
    ),
    "a record that knows no index": (
        "UPDATE private_records SET entry_index = NULL WHERE entry_index = 1",
        {1},
    ),
    "a record beyond the end": (
        "INSERT INTO private_records VALUES (zeroblob(32), 99, X'A0')",
        {99},
    ),
    "a record's leaf hash": (
        "UPDATE private_records SET leaf_hash = zeroblob(32) WHERE entry_index = 1",
        {1},
    ),
    "a second record": ("INSERT INTO private_records VALUES (zeroblob(32), 2, X'A0')", {2}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_row_is_named_and_no_other(
    filled: Catalogue, log: Log, database: Path, name: str
) -> None:
    statement, entries = CHANGES[name]
    assert complaints(filled, log) == {}
    assert change(database, statement) >= 1
    assert complaints(filled, log).keys() == entries


def test_every_flipped_byte_of_a_private_record_is_named(
    filled: Catalogue, log: Log, database: Path
) -> None:
    entry = log.entry(1)
    with sqlite3.connect(database) as connection:
        [body] = connection.execute(
            "SELECT body FROM private_records WHERE entry_index = 1"
        ).fetchone()
    connection.close()
    for at in range(len(body)):
        changed = bytearray(body)
        changed[at] ^= 1
        change(
            database, "UPDATE private_records SET body = ? WHERE entry_index = 1", bytes(changed)
        )
        assert filled.check_entries([(1, entry)]).sentences, at


def test_what_was_changed_is_an_error_of_ours_wherever_it_is_met(
    filled: Catalogue, database: Path
) -> None:
    change(database, "UPDATE subjects SET role = 'x' WHERE entry_index = 1 AND role = 'subject'")
    with pytest.raises(StorageError):
        filled.find(digest_of(b"b"))
    change(database, "UPDATE private_records SET body = X'FF' WHERE entry_index = 1")
    with pytest.raises(FormatError):
        filled.private_record(1)
    with pytest.raises(FormatError):
        list(filled.private_records(0))


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "junk.sqlite"
    path.write_bytes(b"no database at all, but long enough to look like one" * 100)
    with pytest.raises(LedgerError):
        Catalogue(f"sqlite:///{path}")
    with pytest.raises(LedgerError):
        Catalogue(f"sqlite:///{tmp_path}/missing/private.sqlite")
