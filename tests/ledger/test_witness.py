"""A witness cosigns one history of a log, whoever asks, however often and however many at once."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from ledger.cosignature import Cosigner, Ed25519Cosigner, MlDsa44Cosigner, cosignature_time
from ledger.errors import FormatError, LedgerError, StorageError
from ledger.merkle import EMPTY_ROOT
from ledger.note import (
    Ed25519NoteSigner,
    NoteSigner,
    encode_base64,
    open_note,
    parse_note,
    sign_note,
)
from ledger.witness import (
    AddCheckpoint,
    BadRequest,
    Inconsistent,
    OtherSize,
    Seen,
    UnknownLog,
    Untrusted,
    Witness,
    format_add_checkpoint,
    format_size,
    parse_add_checkpoint,
    parse_size,
)
from ledger.witness_storage import SqlWitnessStorage
from tests.reference_merkle import mth, proof

ORIGIN = "log.example/firsthand"
SIGNER = Ed25519NoteSigner(ORIGIN, bytes(32))
LEAVES = [b"entry %d" % number for number in range(40)]
FORK = [*LEAVES[:10], b"another entry", *LEAVES[11:]]
COSIGNERS: list[Cosigner] = [
    Ed25519Cosigner("witness.example/w1", bytes([1]) * 32, lambda: 0),
    MlDsa44Cosigner("witness.example/w1", bytes([2]) * 32, lambda: 0),
]

# The example of c2sp.org/tlog-witness#add-checkpoint.
EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv\
2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6\
267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlWitnessStorage]:
    opened = SqlWitnessStorage(f"sqlite:///{tmp_path / 'witness.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def witness(storage: SqlWitnessStorage, clock: Clock) -> Witness:
    return Witness(storage, COSIGNERS, {ORIGIN: [SIGNER.verifier]}, clock)


def note_of(size: int, leaves: list[bytes] = LEAVES, signer: NoteSigner = SIGNER) -> bytes:
    root = mth(leaves[:size])
    return sign_note(format_checkpoint(Checkpoint(ORIGIN, size, root)), [signer])


def request(old: int, new: int, leaves: list[bytes] = LEAVES) -> bytes:
    hashes = proof(old, leaves[:new]) if 0 < old < new else []
    return format_add_checkpoint(AddCheckpoint(old, tuple(hashes), note_of(new, leaves)))


def cosigned_size(witness: Witness) -> int:
    return parse_checkpoint(parse_note(witness.checkpoint(ORIGIN)).text).size


def test_the_specification_s_example_reads_and_writes_the_same() -> None:
    read = parse_add_checkpoint(EXAMPLE)
    assert read.old_size == 20852014
    assert len(read.proof) == 4
    assert format_add_checkpoint(read) == EXAMPLE


def test_every_growth_of_a_log_is_cosigned_with_both_keys(witness: Witness) -> None:
    old = 0
    for new in (0, 0, 1, 2, 3, 7, 8, 8, 9, 25, 40):
        lines = witness.add_checkpoint(request(old, new))
        verifiers = [each.verifier for each in COSIGNERS]
        opened = open_note(note_of(new) + lines, verifiers)
        assert len(opened.signatures) == 2
        assert {cosignature_time(each.value) for each in opened.signatures} == {1_000}
        assert witness.checkpoint(ORIGIN) == note_of(new) + lines
        old = new


def test_409_names_the_size_that_was_cosigned_and_nothing_moves(witness: Witness) -> None:
    with pytest.raises(OtherSize) as caught:
        witness.add_checkpoint(request(3, 5))
    assert caught.value.size == 0
    witness.add_checkpoint(request(0, 20))
    for old, new in ((0, 20), (0, 30), (19, 20), (21, 30), (5, 5)):
        with pytest.raises(OtherSize) as caught:
            witness.add_checkpoint(request(old, new))
        assert caught.value.size == 20
    assert cosigned_size(witness) == 20


def test_a_log_cannot_go_back(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 20))
    body = format_add_checkpoint(AddCheckpoint(20, (), note_of(10)))
    with pytest.raises(BadRequest):
        witness.add_checkpoint(body)
    assert cosigned_size(witness) == 20


def test_a_split_view_is_never_cosigned(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 20))
    for body in (
        request(20, 30, FORK),  # a proof in the forked tree
        format_add_checkpoint(AddCheckpoint(20, (), note_of(20, FORK))),  # the same size
        format_add_checkpoint(AddCheckpoint(20, (), note_of(30, FORK))),  # no proof at all
    ):
        with pytest.raises(Inconsistent):
            witness.add_checkpoint(body)
    honest = parse_add_checkpoint(request(20, 30))
    with pytest.raises(Inconsistent):
        witness.add_checkpoint(format_add_checkpoint(replace(honest, checkpoint=note_of(30, FORK))))
    assert cosigned_size(witness) == 20
    witness.add_checkpoint(request(20, 30))


def test_every_changed_or_missing_hash_of_the_proof_is_422(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 11))
    good = parse_add_checkpoint(request(11, 37))
    assert len(good.proof) > 3
    for at, value in enumerate(good.proof):
        changed = (*good.proof[:at], hashlib.sha256(value).digest(), *good.proof[at + 1 :])
        for wrong in (changed, good.proof[:at], (*good.proof, value), good.proof[::-1]):
            with pytest.raises(Inconsistent):
                witness.add_checkpoint(format_add_checkpoint(replace(good, proof=wrong)))
    witness.add_checkpoint(request(11, 37))


def test_an_empty_tree_has_one_root_hash_and_a_first_checkpoint_no_proof(witness: Witness) -> None:
    text = format_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)))
    empty = AddCheckpoint(0, (), sign_note(text, [SIGNER]))
    with pytest.raises(Inconsistent):
        witness.add_checkpoint(format_add_checkpoint(empty))
    first = AddCheckpoint(0, (bytes(32),), note_of(5))
    with pytest.raises(Inconsistent):
        witness.add_checkpoint(format_add_checkpoint(first))
    assert parse_checkpoint(parse_note(note_of(0)).text).root_hash == EMPTY_ROOT


def test_a_log_that_is_not_followed_is_404_even_where_its_signature_is_wrong(
    witness: Witness,
) -> None:
    stranger = Ed25519NoteSigner("other.example/log", bytes([7]) * 32)
    text = format_checkpoint(Checkpoint("other.example/log", 5, bytes(32)))
    for signer in (stranger, SIGNER):
        body = format_add_checkpoint(AddCheckpoint(0, (), sign_note(text, [signer])))
        with pytest.raises(UnknownLog):
            witness.add_checkpoint(body)
    for origin in (ORIGIN, "other.example/log"):
        with pytest.raises(UnknownLog):
            witness.checkpoint(origin)


def test_a_checkpoint_that_no_trusted_key_signed_is_403(witness: Witness) -> None:
    stranger = Ed25519NoteSigner(ORIGIN, bytes([7]) * 32)
    body = format_add_checkpoint(AddCheckpoint(0, (), note_of(5, signer=stranger)))
    with pytest.raises(Untrusted):
        witness.add_checkpoint(body)
    # A trusted key's line whose signature is another tree's: the note is malformed, so 403 too.
    other = note_of(6).split(b"\n\n")[1]
    head = note_of(5).split(b"\n\n")[0]
    with pytest.raises(Untrusted):
        witness.add_checkpoint(format_add_checkpoint(AddCheckpoint(0, (), head + b"\n\n" + other)))


def test_strangers_signatures_are_ignored_and_not_passed_on(witness: Witness) -> None:
    stranger = Ed25519NoteSigner(ORIGIN, bytes([7]) * 32)
    text = parse_note(note_of(5)).text
    both = sign_note(text, [stranger, SIGNER])
    lines = witness.add_checkpoint(format_add_checkpoint(AddCheckpoint(0, (), both)))
    assert witness.checkpoint(ORIGIN) == note_of(5) + lines


def test_every_prefix_and_many_mutations_of_a_body_are_400() -> None:
    body = request(11, 37)
    for at in range(len(body)):
        with pytest.raises(FormatError):
            parse_add_checkpoint(body[:at])
    for wrong in (
        body.replace(b"old 11", b"old 011"),
        body.replace(b"old 11", b"old -1"),
        body.replace(b"old 11", b"old +11"),
        body.replace(b"old 11", b"old 9223372036854775808"),
        body.replace(b"old 11", b"old  11"),
        body.replace(b"old 11", b"OLD 11"),
        body.replace(b"old 11\n", b""),
        body.replace(b"\n", b"\r\n"),
        b"\n" + body,
        body + b"\n",
        b"old 1" + b"\n" + b"A" * 44 + body[6:],
        b"old 11" + (b"\n" + encode_base64(bytes(32)).encode()) * 64 + b"\n\n" + note_of(37),
    ):
        with pytest.raises(FormatError):
            parse_add_checkpoint(wrong)


def test_a_bad_body_reaches_no_storage(witness: Witness) -> None:
    for body in (b"", b"old 0\n\nhello\n", request(0, 5)[:-2], b"\xff" * 100):
        with pytest.raises(BadRequest):
            witness.add_checkpoint(body)
    with pytest.raises(UnknownLog):
        witness.checkpoint(ORIGIN)


def test_the_size_in_a_409_reads_and_writes_the_same_in_one_spelling() -> None:
    for size in (0, 1, 20852163, (1 << 63) - 1):
        assert parse_size(format_size(size)) == size
    for wrong in (b"", b"5", b"05\n", b"5\n\n", b" 5\n", b"-5\n", b"9223372036854775808\n", b"\n"):
        with pytest.raises(FormatError):
            parse_size(wrong)


def test_a_clock_that_goes_back_does_not_take_a_cosignature_with_it(
    witness: Witness, clock: Clock
) -> None:
    witness.add_checkpoint(request(0, 5))
    clock.now = 10
    witness.add_checkpoint(request(5, 6))
    signatures = parse_note(witness.checkpoint(ORIGIN)).signatures[1:]
    assert {cosignature_time(each.value) for each in signatures} == {1_000}


def test_a_witness_killed_between_persisting_and_cosigning_goes_on_from_what_it_persisted(
    storage: SqlWitnessStorage, witness: Witness
) -> None:
    class Killed(BaseException):
        pass

    class Dies(MlDsa44Cosigner):
        def sign_at(self, _text: bytes, _time: int) -> bytes:
            raise Killed

    witness.add_checkpoint(request(0, 5))
    dying = Witness(
        storage,
        [Dies("witness.example/w1", bytes([2]) * 32, lambda: 0)],
        {ORIGIN: [SIGNER.verifier]},
        lambda: 2_000,
    )
    with pytest.raises(Killed):
        dying.add_checkpoint(request(5, 9))
    with pytest.raises(OtherSize) as caught:  # never the older tree again
        witness.add_checkpoint(request(5, 7))
    assert caught.value.size == 9
    assert cosigned_size(witness) == 5
    witness.add_checkpoint(request(9, 9))
    assert cosigned_size(witness) == 9


def test_nothing_is_cosigned_where_nothing_can_be_persisted(clock: Clock) -> None:
    class Broken:
        def read(self, _: str) -> Seen | None:
            return None

        def swap(self, _: str, _expected: Seen | None, _seen: Seen) -> bool:
            raise StorageError("no space left on device")

        def publish(self, _: str, _seen: Seen, _cosigned: bytes) -> None:
            raise AssertionError

    class Silent(MlDsa44Cosigner):
        def sign_at(self, _text: bytes, _time: int) -> bytes:
            raise AssertionError

    silent = Silent("witness.example/w1", bytes([2]) * 32, clock)
    witness = Witness(Broken(), [silent], {ORIGIN: [SIGNER.verifier]}, clock)
    with pytest.raises(StorageError):
        witness.add_checkpoint(request(0, 5))


def test_of_two_histories_asked_for_at_once_by_many_one_is_cosigned(
    tmp_path: Path, clock: Clock
) -> None:
    for round_number in range(6):
        url = f"sqlite:///{tmp_path / f'{round_number}.sqlite'}"
        storages = [SqlWitnessStorage(url) for _ in range(4)]
        logs = {ORIGIN: [SIGNER.verifier]}
        witnesses = [Witness(storage, COSIGNERS, logs, clock) for storage in storages]
        witnesses[0].add_checkpoint(request(0, 10))
        bodies = [request(10, 20 + n % 3, (LEAVES, FORK)[n % 2]) for n in range(24)]

        def ask(n: int, witnesses: list[Witness] = witnesses, bodies: list[bytes] = bodies) -> str:
            try:
                witnesses[n % 4].add_checkpoint(bodies[n])
            except OtherSize:
                return "409"
            return parse_note(parse_add_checkpoint(bodies[n]).checkpoint).text

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(24)))
        assert len(set(answers) - {"409"}) == 1
        for storage in storages:
            storage.close()


_ASK = """
import sys
from tests.ledger.test_witness import *
leaves = LEAVES if sys.argv[2] == "0" else [*LEAVES[:10], sys.argv[2].encode(), *LEAVES[11:]]
storage = SqlWitnessStorage(sys.argv[1])
witness = Witness(storage, COSIGNERS, {ORIGIN: [SIGNER.verifier]}, lambda: 5)
sys.stdin.readline()
for size in range(11, 31):
    try:
        witness.add_checkpoint(request(size - 1, size, leaves))
        print(size, mth(leaves[:size]).hex())
    except (OtherSize, Inconsistent):
        pass
"""


def test_of_two_histories_asked_for_by_two_processes_one_is_cosigned(
    tmp_path: Path, witness: Witness
) -> None:
    witness.add_checkpoint(request(0, 10))
    url = f"sqlite:///{tmp_path / 'witness.sqlite'}"
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for asker in askers:
        assert asker.stdin
        asker.stdin.write("go\n")
        asker.stdin.flush()
    answers = [asker.communicate()[0].split("\n")[:-1] for asker in askers]
    assert all(asker.returncode == 0 for asker in askers)
    by_size: dict[str, set[str]] = {}
    for size, root in (line.split() for lines in answers for line in lines):
        by_size.setdefault(size, set()).add(root)
    assert by_size
    assert all(len(roots) == 1 for roots in by_size.values())
    assert cosigned_size(witness) == max(map(int, by_size))


def test_a_database_that_is_none_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 99)
    with pytest.raises(StorageError):
        SqlWitnessStorage(f"sqlite:///{tmp_path / 'bad.sqlite'}")


def test_every_refusal_is_a_ledger_error_that_a_caller_can_tell_apart() -> None:
    kinds = {BadRequest, Untrusted, UnknownLog, OtherSize, Inconsistent}
    assert all(issubclass(kind, LedgerError) for kind in kinds)
    assert len(kinds) == 5


def test_an_origin_longer_than_a_cosignature_covers_is_refused_at_once(
    storage: SqlWitnessStorage, clock: Clock
) -> None:
    with pytest.raises(FormatError, match="255"):
        Witness(storage, COSIGNERS, {"o" * 256: [SIGNER.verifier]}, clock)
