"""A monitor mirrors a log byte for byte, and cries out when it lies, shrinks or loses a file."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import Ed25519Cosigner
from ledger.entry import Custody, ManifestIdentity, Registration, Withdrawal, format_entry
from ledger.errors import FormatError, LedgerError, ProofError, StorageError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.monitor import Monitor, Rollback, SplitView, Watch, parse_watch
from ledger.note import Ed25519NoteSigner, format_verifier_key, open_note, parse_note
from ledger.policy import parse_policy
from ledger.reader import LogReader
from ledger.storage import CHECKPOINT_PATH
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.tile import format_tile_path, tiles_of
from ledger.vocabulary import digest_of
from tests.ledger.conftest import ORIGIN, SEED

SIZES = (0, 1, 2, 255, 256, 257, 511, 700)
SIGNER = Ed25519NoteSigner(ORIGIN, SEED)


def entries(start: int, stop: int, said: bytes = b"entry") -> list[bytes]:
    return [b"%s %d" % (said, number) for number in range(start, stop)]


class Followed:
    """A log, its mirror and the monitor between them."""

    def __init__(self) -> None:
        self.tiles = MemoryTileStorage()
        self.log = Log(MemoryLogStorage(), self.tiles, SIGNER)
        self.mirror = MemoryTileStorage()
        self.evidence = MemoryTileStorage()
        self.monitor = Monitor(self.tiles, self.mirror, self.evidence, SIGNER.verifier)

    def follow(self, *watches: Watch) -> list[int]:
        return [named.index for named in self.monitor.follow(watches)]

    def mirrored(self) -> dict[str, bytes]:
        return {path: self.mirror.read(path) or b"" for path in self.mirror.list_paths()}


@pytest.fixture
def followed() -> Followed:
    return Followed()


def grown(size: int, said: bytes = b"entry") -> MemoryTileStorage:
    """Another log under the same key: what a split view is made of."""
    tiles = MemoryTileStorage()
    Log(MemoryLogStorage(), tiles, SIGNER).append(entries(0, size, said))
    return tiles


def test_every_growth_is_mirrored_byte_for_byte(followed: Followed) -> None:
    size = 0
    for new in SIZES:
        followed.log.append(entries(size, new))
        size = new
        followed.follow()
        followed.follow()
        for tile in tiles_of(size):
            path = format_tile_path(tile)
            assert followed.mirror.read(path) == followed.tiles.read(path)
        reader = LogReader(followed.mirror, SIGNER.verifier)
        assert list(reader.entries(0, size)) == entries(0, size)
        assert [*fsck(None, followed.mirror, SIGNER.verifier)] == []


def test_a_large_log_is_mirrored_from_nothing_at_once(followed: Followed) -> None:
    followed.log.append(entries(0, 66_000))
    followed.follow()
    reader = LogReader(followed.mirror, SIGNER.verifier)
    assert reader.entry(65_999) == b"entry 65999"
    followed.log.append(entries(66_000, 66_001))
    followed.follow()
    assert reader.size == 66_001
    assert [*fsck(None, followed.mirror, SIGNER.verifier)] == []


@pytest.mark.parametrize(("known", "shown"), [(5, 5), (5, 9), (256, 300), (300, 513), (9, 5)])
def test_a_split_view_is_an_alarm_with_both_notes_as_evidence(
    followed: Followed, known: int, shown: int
) -> None:
    followed.log.append(entries(0, known))
    followed.follow()
    before = followed.mirrored()
    fork = grown(shown, b"another")
    monitor = Monitor(fork, followed.mirror, followed.evidence, SIGNER.verifier)
    with pytest.raises(SplitView) as caught:
        list(monitor.follow())
    kept = {followed.evidence.read(path) for path in followed.evidence.list_paths()}
    assert kept == set(caught.value.evidence)
    assert len(kept) == 2
    for note in caught.value.evidence:
        open_note(note, [SIGNER.verifier])
    assert followed.mirrored() == before


def test_a_rollback_is_an_alarm_even_where_it_is_an_honest_prefix(followed: Followed) -> None:
    followed.log.append(entries(0, 300))
    followed.follow()
    before = followed.mirrored()
    monitor = Monitor(grown(299), followed.mirror, followed.evidence, SIGNER.verifier)
    with pytest.raises(Rollback, match="showed 300 entries before, now 299") as caught:
        list(monitor.follow())
    sizes = [parse_checkpoint(parse_note(note).text).size for note in caught.value.evidence]
    assert sizes == [300, 299]
    assert followed.mirrored() == before


def test_every_missing_and_every_changed_file_is_an_alarm_that_names_it(
    followed: Followed,
) -> None:
    followed.log.append(entries(0, 300))
    followed.follow()
    followed.log.append(entries(300, 800))
    for tile in tiles_of(800):
        path = format_tile_path(tile)
        good = followed.tiles.read(path)
        assert good is not None
        if followed.mirror.read(path) is not None:
            continue
        for wrong in (None, good[:-1], good[:-1] + bytes([good[-1] ^ 1]), b""):
            before = followed.mirror.read(CHECKPOINT_PATH)
            followed.tiles.delete([path])
            if wrong is not None:
                followed.tiles.write({path: wrong})
            with pytest.raises((StorageError, FormatError)) as caught:
                followed.follow()
            named = path.partition(".p/")[0] in str(caught.value)
            assert named or "prove nothing" in str(caught.value)
            assert followed.mirror.read(CHECKPOINT_PATH) == before
        followed.tiles.write({path: good})
    followed.follow()
    assert list(followed.evidence.list_paths()) == []


def test_an_audit_names_every_file_that_changed_after_it_was_mirrored(followed: Followed) -> None:
    followed.log.append(entries(0, 700))
    followed.follow()
    assert list(followed.monitor.audit()) == []
    for tile in tiles_of(700):
        path = format_tile_path(tile)
        good = followed.tiles.read(path)
        assert good is not None
        for wrong in (None, good[:-1] + bytes([good[-1] ^ 1]), good[:-1]):
            followed.tiles.delete([path])
            if wrong is not None:
                followed.tiles.write({path: wrong})
            [found] = followed.monitor.audit()
            assert path in found
        followed.tiles.write({path: good})


def test_a_checkpoint_that_is_none_is_refused(followed: Followed) -> None:
    followed.log.append(entries(0, 3))
    good = followed.tiles.read(CHECKPOINT_PATH)
    assert good is not None
    stranger = Ed25519NoteSigner(ORIGIN, bytes(32))
    other = MemoryTileStorage()
    Log(MemoryLogStorage(), other, stranger).append([b"x"])
    for wrong in (b"", good[:-3], good.replace(b"3\n", b"4\n", 1), other.read(CHECKPOINT_PATH)):
        followed.tiles.write({CHECKPOINT_PATH: wrong or b""})
        with pytest.raises((FormatError, ProofError)):
            followed.follow()
    followed.tiles.delete([CHECKPOINT_PATH])
    with pytest.raises(StorageError, match="no checkpoint"):
        followed.follow()


def test_a_checkpoint_without_the_quorum_of_the_policy_is_refused(followed: Followed) -> None:
    cosigner = Ed25519Cosigner("witness.example/w", bytes(32), lambda: 5)
    key = format_verifier_key(cosigner.verifier)
    policy = parse_policy(f"witness W {key}\nquorum W\n".encode())
    monitor = Monitor(followed.tiles, followed.mirror, followed.evidence, SIGNER.verifier, policy)
    followed.log.append([b"one"])
    with pytest.raises(ProofError, match="no cosignature of W"):
        list(monitor.follow())
    assert followed.mirror.read(CHECKPOINT_PATH) is None


KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)


def withdrawal(name: bytes, reason: str, key: Ed25519PrivateKey = OTHER) -> bytes:
    statement = Withdrawal(subject=digest_of(name), time=1, reason=reason)
    return format_entry(statement, key)


def test_an_owner_hears_of_his_key_his_asset_and_his_name(followed: Followed) -> None:
    public = KEY.public_key().public_bytes_raw()
    handed = Custody(subject=digest_of(b"c"), time=1, giver=None, receiver=digest_of(public))
    followed.log.append(
        [
            withdrawal(b"a", "no reason"),
            withdrawal(b"b", "no reason", KEY),
            format_entry(handed, OTHER),
            withdrawal(b"d", "asked for by Ada Lovelace"),
            b"not an entry at all",
        ]
    )
    cases: list[tuple[str, list[int]]] = [
        (public.hex(), [1, 2, 4]),
        (str(digest_of(public)), [1, 2, 4]),
        (str(digest_of(b"a")), [0, 4]),
        (digest_of(b"d").hex, [3, 4]),
        ("ada lovelace", [3, 4]),
        ("Nobody", [4]),
    ]
    for said, found in cases:
        fresh = MemoryTileStorage()
        monitor = Monitor(followed.tiles, fresh, followed.evidence, SIGNER.verifier)
        named = list(monitor.follow([parse_watch(said)]))
        assert [each.index for each in named] == found, said
        assert [each.watch and each.watch.said for each in named] == [said] * (len(found) - 1) + [
            None
        ]
    followed.follow(parse_watch("nobody"))
    followed.log.append([withdrawal(b"e", "nobody asked")])
    assert followed.follow(parse_watch("nobody")) == [5]  # the new ones, and no other
    assert followed.follow(parse_watch("nobody")) == []


def test_the_owner_of_a_certificate_hears_of_every_file_that_it_signed(followed: Followed) -> None:
    certificate = digest_of(b"a certificate")
    manifest = ManifestIdentity("urn:1", digest_of(b"claim"), None, certificate)
    for signed in (None, manifest, replace(manifest, certificate=None)):
        statement = Registration(
            subject=digest_of(b"a"), time=1, size=1, media_type="image/jpeg", manifest=signed
        )
        followed.log.append([format_entry(statement, OTHER)])
    assert followed.follow(parse_watch(str(certificate))) == [1]


def test_what_is_watched_is_a_digest_only_where_it_reads_as_one() -> None:
    with pytest.raises(FormatError):
        parse_watch("sha256:abc")
    assert parse_watch("abc").words == "abc"
    assert parse_watch("0" * 64).words is None


def _kill(at: int) -> Callable[[MemoryTileStorage], MemoryTileStorage]:
    class Dies(MemoryTileStorage):
        calls = 0

        def write(self, files: object) -> None:
            type(self).calls += 1
            if type(self).calls == at:
                raise KeyboardInterrupt
            super().write(files)  # type: ignore[arg-type] # as it came

    def wrap(storage: MemoryTileStorage) -> MemoryTileStorage:
        dying = Dies()
        dying.__dict__.update(storage.__dict__)
        return dying

    return wrap


def test_a_monitor_killed_at_any_write_goes_on_where_it_stood(followed: Followed) -> None:
    followed.log.append(entries(0, 300))
    followed.follow()
    followed.log.append(entries(300, 66_000))
    for at in range(1, 12):
        dying = _kill(at)(followed.mirror)
        monitor = Monitor(followed.tiles, dying, followed.evidence, SIGNER.verifier)
        try:
            list(monitor.follow())
        except KeyboardInterrupt:
            assert LogReader(followed.mirror, SIGNER.verifier).size in (300, 66_000)
    followed.follow()
    assert [*fsck(None, followed.mirror, SIGNER.verifier)] == []


def test_misbehaviour_is_a_ledger_error() -> None:
    assert issubclass(SplitView, LedgerError)
    assert issubclass(Rollback, LedgerError)
