"""The log appends, remembers, proves, and refuses to fork."""

import contextlib
import shutil
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.errors import EntryError, LogBusy, LogConflict, ProofError, StorageError, UnknownEntry
from ledger.fsck import fsck
from ledger.log import Log, LogReader
from ledger.merkle import leaf_hash, verify_consistency
from ledger.note import Ed25519NoteSigner
from ledger.proof import format_log_proof, parse_log_proof, verify_log_proof
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.storage.sql import open_log_storage
from ledger.tile import tiles_of
from tests import reference_merkle as reference

from .conftest import ORIGIN, SEED


def test_a_new_log_is_an_empty_signed_tree(log: Log, note_signer: Ed25519NoteSigner) -> None:
    checkpoint = open_checkpoint(log.checkpoint(), note_signer.verifier, ORIGIN)
    assert checkpoint == Checkpoint(ORIGIN, 0, reference.mth([]))
    assert log.size == 0
    assert list(log.entries(0, 0)) == []


def test_an_entry_has_one_index_however_often_and_however_it_comes(
    log: Log,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
) -> None:
    assert log.append([b"a", b"b", b"a"]) == [0, 1, 0]
    before = log.checkpoint()
    assert log.append([b"b"]) == [1]
    assert log.append([]) == []
    assert log.checkpoint() == before, "what the log has needs no new checkpoint"
    again = Log(log_storage, tiles, note_signer)
    assert again.append([b"c", b"a", b"c", b"d"]) == [2, 0, 2, 3]
    assert list(log.entries(0, 4)) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("entry", [b"", bytes(65_536)])
def test_an_entry_that_cannot_be_one_is_refused_before_anything_is_written(
    log: Log, entry: bytes
) -> None:
    with pytest.raises(EntryError):
        log.append([b"good", entry])
    assert log.size == 0
    assert log.append([bytes(65_535)]) == [0]


@settings(max_examples=25)
@given(st.lists(st.lists(st.binary(min_size=1, max_size=2), max_size=300), max_size=6))
def test_the_log_is_the_reference_tree_over_its_distinct_entries(
    groups: list[list[bytes]],
) -> None:
    storage, tiles = MemoryLogStorage(), MemoryTileStorage()
    signer = Ed25519NoteSigner(ORIGIN, SEED)
    log = Log(storage, tiles, signer)
    model: dict[bytes, int] = {}
    for group in groups:
        for entry in group:
            model.setdefault(entry, len(model))
        assert log.append(group) == [model[entry] for entry in group]
    assert list(log.entries(0, log.size)) == list(model)
    checkpoint = open_checkpoint(log.checkpoint(), signer.verifier, ORIGIN)
    assert checkpoint == Checkpoint(ORIGIN, len(model), reference.mth(list(model)))
    assert list(fsck(storage, tiles, signer.verifier)) == []


def test_every_entry_proves_from_a_copy_of_the_folder_with_the_public_key_alone(
    tmp_path: Path, note_signer: Ed25519NoteSigner
) -> None:
    folder = FolderTileStorage(tmp_path / "log")
    log = Log(open_log_storage(f"sqlite:///{tmp_path}/sql"), folder, note_signer)
    entries = [b"entry %d" % n for n in range(600)]
    notes = []
    for start in range(0, 600, 100):
        log.append(entries[start : start + 100])
        notes.append(log.checkpoint())
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    reader = LogReader(FolderTileStorage(tmp_path / "copy"), note_signer.verifier)
    assert reader.size == 600
    for index in range(0, 600, 7):
        proof = parse_log_proof(format_log_proof(reader.prove(index)))
        verify_log_proof(proof, leaf_hash(entries[index]), note_signer.verifier, ORIGIN)
        assert reader.entry(index) == entries[index]
    for number, note in enumerate(notes, 1):
        at = number * 100
        proof = reader.prove(at - 1, note)
        signed = verify_log_proof(proof, leaf_hash(entries[at - 1]), note_signer.verifier, ORIGIN)
        assert (signed.size, signed.root_hash) == (at, reader.root_hash(at))
        old, new = reader.root_hash(at), reader.root_hash(600)
        verify_consistency(at, 600, old, new, reader.consistency(at))
    assert list(reader.entries(250, 520)) == entries[250:520]
    assert list(fsck(None, FolderTileStorage(tmp_path / "copy"), note_signer.verifier)) == []


def test_partial_tiles_go_when_the_full_one_is_durable(
    log: Log, tiles: MemoryTileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.settle._FILES", 1)
    monkeypatch.setattr("ledger.settle._LIMIT", 0)
    for n in range(300):
        log.append([b"%d" % n])
    partial = {path for path in tiles.list_paths() if ".p/" in path}
    assert {path.split(".p/")[0] for path in partial} == {
        *("tile/0/001", "tile/entries/001", "tile/1/000")
    }
    for size in (257, 280, 300):
        for tile in tiles_of(size):
            assert tile.is_full or any(f"p/{tile.width}" in path for path in partial)


def test_what_the_log_does_not_have_is_unknown(log: Log) -> None:
    log.append([b"a", b"b"])
    for index in (-1, 2):
        with pytest.raises(UnknownEntry):
            log.entry(index)
        with pytest.raises(UnknownEntry):
            log.prove(index)
    for old, new in ((3, None), (0, 3), (-1, 2), (2, 1)):
        with pytest.raises(UnknownEntry):
            log.consistency(old, new)
    for size in (-1, 3):
        with pytest.raises(UnknownEntry):
            log.root_hash(size)


def test_a_proof_under_a_forked_or_future_checkpoint_is_refused(
    log: Log, note_signer: Ed25519NoteSigner
) -> None:
    log.append([b"a", b"b", b"c"])
    fork = sign_checkpoint(Checkpoint(ORIGIN, 2, bytes(32)), note_signer)
    with pytest.raises(ProofError):
        log.prove(0, fork)
    with pytest.raises(UnknownEntry):
        log.prove(0, sign_checkpoint(Checkpoint(ORIGIN, 4, bytes(32)), note_signer))
    stranger = Ed25519NoteSigner(ORIGIN, bytes(32))
    with pytest.raises(ProofError):
        log.prove(0, sign_checkpoint(Checkpoint(ORIGIN, 2, log.root_hash(2)), stranger))


def test_a_held_reader_speaks_of_one_state_while_others_append(
    log: Log, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> None:
    log.append([b"entry %d" % n for n in range(300)])
    reader = LogReader(tiles, note_signer.verifier)
    held = reader.held()
    note = held.checkpoint()
    log.append([b"later"])
    assert (held.size, reader.size) == (300, 301)
    assert held.checkpoint() == held.prove(0).checkpoint == note
    assert held.entry(299) == b"entry 299"
    with pytest.raises(UnknownEntry):
        held.entry(300)
    assert reader.held().entry(300) == b"later"


def test_a_held_reader_reads_no_file_twice(
    log: Log, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> None:
    log.append([b"entry %d" % n for n in range(300)])
    asked = Counter[str]()

    class Counting:
        def read(self, path: str) -> bytes | None:
            asked[path] += 1
            return tiles.read(path)

    held = LogReader(Counting(), note_signer.verifier).held()
    for index in (0, 1, 299):
        held.entry(index)
        held.prove(index)
        held.consistency(index)
    assert set(asked.values()) == {1}


def test_a_changed_byte_in_any_file_is_never_served(
    log: Log, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> None:
    entries = [b"entry %d" % n for n in range(300)]
    log.append(entries)
    reader = LogReader(tiles, note_signer.verifier)
    for path in list(tiles.list_paths()):
        good = tiles.read(path)
        assert good is not None
        for at in range(0, len(good), max(1, len(good) // 40)):
            tiles.write({path: good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]})
            for index in (0, 255, 256, 299):
                # Each question is answered rightly, or not at all.
                with contextlib.suppress(StorageError):
                    assert reader.entry(index) == entries[index]
                with contextlib.suppress(StorageError):
                    proof = reader.prove(index)
                    leaf = leaf_hash(entries[index])
                    verify_log_proof(proof, leaf, note_signer.verifier, ORIGIN)
        tiles.write({path: good})


def test_another_key_is_refused(
    log: Log, log_storage: MemoryLogStorage, tiles: MemoryTileStorage
) -> None:
    log.append([b"a"])
    with pytest.raises(StorageError, match="no known key"):
        Log(log_storage, tiles, Ed25519NoteSigner(ORIGIN, bytes(32)))
    with pytest.raises(StorageError, match="no known key"):
        Log(log_storage, tiles, Ed25519NoteSigner("another.example", SEED))


def test_a_restored_backup_of_the_database_is_refused(
    tmp_path: Path, note_signer: Ed25519NoteSigner
) -> None:
    folder = FolderTileStorage(tmp_path / "log")

    def open_log(name: str) -> Log:
        return Log(open_log_storage(f"sqlite:///{tmp_path}/{name}"), folder, note_signer)

    log = open_log("sql")
    log.append([b"a"])
    log._storage.close()
    shutil.copy(tmp_path / "sql", tmp_path / "backup")
    open_log("sql").append([b"b"])
    with pytest.raises(StorageError, match="2 entries are published and the database knows 1"):
        open_log("backup")
    with pytest.raises(StorageError, match="the database has none"):
        open_log("lost")
    assert open_log("sql").append([b"c"]) == [2]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tiles be made durable after each append, so that only the last batch is staged."""
    monkeypatch.setattr("ledger.settle._FILES", 1)
    monkeypatch.setattr("ledger.settle._LIMIT", 0)


@pytest.mark.usefixtures("settled")
def test_lost_or_changed_tiles_stop_the_log_and_sign_nothing(
    log: Log,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
) -> None:
    """A changed bundle, too: else the entry would be copied into the next, wider bundle."""
    for n in range(3):
        log.append([b"%d" % n])
    [batch] = log_storage.read_staged()
    assert batch.start == 2
    committed = log_storage.read_checkpoint()
    for path in ("tile/0/000.p/2", "tile/entries/000.p/2", "checkpoint"):
        good = tiles.read(path)
        assert good is not None
        tiles.delete([path])
        with pytest.raises(StorageError):
            Log(log_storage, tiles, note_signer)
        tiles.write({path: good[:-1] + b"x"})
        with pytest.raises(StorageError):
            Log(log_storage, tiles, note_signer)
        tiles.write({path: good})
    assert log_storage.read_checkpoint() == committed
    assert Log(log_storage, tiles, note_signer).append([b"new"]) == [3]


@pytest.mark.parametrize("damage", [None, b"", b"\x00" * 34])
def test_tiles_that_were_not_settled_are_written_again_from_what_is_staged(
    log: Log,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    damage: bytes | None,
) -> None:
    """As a power cut leaves them: gone, empty, or zeros."""
    for n in range(3):
        log.append([b"%d" % (n * 1000 + m) for m in range(100 * n + 90)])
    good = {path: tiles.read(path) for path in tiles.list_paths()}
    for path in set(good) - {"checkpoint"}:
        tiles.delete([path])
        if damage is not None:
            tiles.write({path: damage})
    again = Log(log_storage, tiles, note_signer)
    assert {path: tiles.read(path) for path in good} == good
    assert list(fsck(log_storage, tiles, note_signer.verifier)) == []
    assert again.append([b"0", b"new"]) == [0, 570]


def test_what_a_cosigner_adds_is_published_and_when_it_fails_the_next_append_publishes(
    log_storage: MemoryLogStorage, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> None:
    asked: list[bytes] = []
    answers = [False]

    def cosign(note: bytes) -> bytes:
        asked.append(note)
        if not answers[0]:
            raise StorageError("no witness answers")
        return note + b"\xe2\x80\x94 witness.example AAAAAAAA\n"

    with pytest.raises(StorageError, match="no witness"):
        Log(log_storage, tiles, note_signer, cosigner=cosign)
    answers[0] = True
    log = Log(log_storage, tiles, note_signer, cosigner=cosign)
    assert log.append([b"a"]) == [0]
    assert log.checkpoint() == asked[-1] + b"\xe2\x80\x94 witness.example AAAAAAAA\n"
    assert log_storage.read_checkpoint() == asked[-1]
    answers[0] = False
    with pytest.raises(StorageError, match="no witness"):
        log.append([b"b"])
    assert log.size == 1, "what no witness saw is not public"
    with pytest.raises(StorageError, match="no witness"):
        log.append([b"b"])
    answers[0] = True
    assert log.append([b"c", b"b"]) == [2, 1]
    assert list(log.entries(0, 3)) == [b"a", b"b", b"c"]
    assert b"witness.example" in log.checkpoint()
    assert list(fsck(log_storage, tiles, note_signer.verifier)) == []


def test_a_cosigner_cannot_put_another_tree_in_the_place_of_ours(
    log: Log, log_storage: MemoryLogStorage, tiles: MemoryTileStorage
) -> None:
    signer = Ed25519NoteSigner(ORIGIN, SEED)
    before = log.checkpoint()
    cosigned = Log(log_storage, tiles, signer, cosigner=lambda _: before)
    with pytest.raises(StorageError, match="another tree"):
        cosigned.append([b"a"])
    assert log.checkpoint() == before


def test_a_log_that_always_loses_the_race_gives_up_in_bounded_tries(
    tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> None:
    class Losing(MemoryLogStorage):
        tries = 0

        def commit(self, *arguments: object) -> None:
            self.tries += 1
            if self.tries > 1:
                raise LogConflict("lost")
            super().commit(*arguments)  # type: ignore[arg-type] # passed on unchanged

    storage = Losing()
    log = Log(storage, tiles, note_signer)
    with pytest.raises(LogConflict, match="5 times"):
        log.append([b"a"])
    assert storage.tries == 6
    assert log.size == 0


def test_a_log_that_another_holds_is_busy(
    tmp_path: Path,
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
) -> None:
    lock = FileLock(tmp_path / "lock", timeout_seconds=0)
    log = Log(log_storage, tiles, note_signer, lock)
    with lock(), pytest.raises(LogBusy):
        log.append([b"a"])
    assert log.append([b"a"]) == [0]


@pytest.mark.parametrize("shared", [True, False])
def test_many_threads_append_one_history(
    tmp_path: Path, note_signer: Ed25519NoteSigner, *, shared: bool
) -> None:
    """On one Log, and each on its own as processes would have."""
    url, folder = f"sqlite:///{tmp_path}/sql", FolderTileStorage(tmp_path / "log")

    def open_log() -> Log:
        return Log(open_log_storage(url), folder, note_signer, FileLock(tmp_path / "lock"))

    one = open_log()
    logs = [one if shared else open_log() for _ in range(6)]
    answers: dict[bytes, set[int]] = {}
    guard = threading.Lock()

    def work(log: Log, number: int) -> None:
        for n in range(12):
            entries = [b"%d %d" % (number, n), b"common %d" % n]
            indexes = log.append(entries)
            assert log.size > max(indexes), "acknowledged means published"
            with guard:
                for entry, index in zip(entries, indexes, strict=True):
                    answers.setdefault(entry, set()).add(index)

    threads = [threading.Thread(target=work, args=(log, n)) for n, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(one.entries(0, one.size))
    assert len(entries) == 6 * 12 + 12 == len(answers)
    assert {entry: {index} for index, entry in enumerate(entries)} == answers
    assert list(fsck(open_log_storage(url), folder, note_signer.verifier)) == []
