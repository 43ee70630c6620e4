"""A log publishes nothing without its quorum, and nothing behind what any witness has seen."""

import threading
from collections.abc import Callable

import pytest

from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import Ed25519Cosigner, MlDsa44Cosigner
from ledger.errors import LogBehind, QuorumMissing
from ledger.log import Log
from ledger.note import Ed25519NoteSigner, format_verifier_key, open_note, parse_note
from ledger.policy import Policy, check_quorum, parse_policy
from ledger.storage import CHECKPOINT_PATH
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.witness import Witness
from ledger.witnessing import SIZE_TYPE, Answer, Witnessing
from tests.simulators import Network, make_witness

NAMES = ("a", "b", "c")
COSIGNERS = {
    name: (MlDsa44Cosigner if name == "a" else Ed25519Cosigner)(
        f"{name}.example/w", name.encode() * 32, lambda: 1_000
    )
    for name in NAMES
}


def policy_of(threshold: int) -> Policy:
    lines = [
        f"witness {name} {format_verifier_key(COSIGNERS[name].verifier)} https://{name}.example/"
        for name in NAMES
    ]
    lines += [f"group all {threshold} {' '.join(NAMES)}", "quorum all", ""]
    return parse_policy("\n".join(lines).encode())


@pytest.fixture
def witnesses(note_signer: Ed25519NoteSigner) -> dict[str, Witness]:
    return {name: make_witness(COSIGNERS[name], note_signer.verifier) for name in NAMES}


@pytest.fixture
def network(witnesses: dict[str, Witness]) -> Network:
    network = Network()
    for name, witness in witnesses.items():
        network.join(f"https://{name}.example", witness)
    return network


@pytest.fixture
def open_log(
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    network: Network,
) -> Callable[[int], Log]:
    def open_with(threshold: int) -> Log:
        ask = Witnessing(policy_of(threshold), tiles, network.ask, (), [note_signer.verifier], 0.05)
        return Log(log_storage, tiles, note_signer, cosigner=ask)

    return open_with


def published_size(tiles: MemoryTileStorage) -> int:
    note = tiles.read(CHECKPOINT_PATH)
    assert note is not None
    return parse_checkpoint(parse_note(note).text).size


def test_every_published_checkpoint_carries_its_quorum(
    open_log: Callable[[int], Log], note_signer: Ed25519NoteSigner
) -> None:
    log = open_log(3)
    for number in range(1, 12):
        log.append([b"%d/%d" % (number, each) for each in range(number * 7)])
        witnessed = check_quorum(log.checkpoint(), policy_of(3), [note_signer.verifier])
        assert witnessed.times == dict.fromkeys(NAMES, 1_000)
        assert witnessed.checkpoint.size == log.size
    assert log.prove(3).checkpoint == log.checkpoint()


def test_a_silent_witness_is_done_without_and_two_are_too_many(
    open_log: Callable[[int], Log], network: Network, tiles: MemoryTileStorage
) -> None:
    log = open_log(2)
    log.append([b"one"])
    del network.answerers["https://a.example"]
    log.append([b"two"])
    del network.answerers["https://b.example"]
    with pytest.raises(QuorumMissing, match=r"no cosignature of a, b.*cannot be reached") as caught:
        log.append([b"three"])
    assert "c:" not in caught.value.message
    assert published_size(tiles) == 2


def test_what_was_appended_without_a_quorum_is_published_once_there_is_one(
    open_log: Callable[[int], Log],
    network: Network,
    tiles: MemoryTileStorage,
    witnesses: dict[str, Witness],
) -> None:
    log = open_log(3)
    log.append([b"one"])
    del network.answerers["https://b.example"]
    for _ in range(3):
        with pytest.raises(QuorumMissing):
            log.append([b"two"])
    assert published_size(tiles) == 1
    network.join("https://b.example", witnesses["b"])
    assert log.append([b"two", b"three"]) == [1, 2]
    assert published_size(tiles) == 3


def test_a_log_restored_from_a_backup_publishes_nothing(
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    network: Network,
    open_log: Callable[[int], Log],
) -> None:
    log = open_log(1)
    log.append([b"one", b"two"])
    # A second history with the same key: what a restored backup becomes when it is appended to.
    other_storage, other_tiles = MemoryLogStorage(), MemoryTileStorage()
    alone = Log(other_storage, other_tiles, note_signer)
    alone.append([b"one"])
    before = other_tiles.read(CHECKPOINT_PATH)
    ask = Witnessing(policy_of(1), other_tiles, network.ask, (), [note_signer.verifier])
    with pytest.raises(LogBehind, match="has cosigned 2 entries"):
        ask.check(alone.checkpoint())
    restored = Log(other_storage, other_tiles, note_signer, cosigner=ask)
    for entries in ([b"not two"], [b"nor this"], [b"nor that"]):
        with pytest.raises(LogBehind, match=r"restored backup or a second sequencer"):
            restored.append(entries)
        assert other_tiles.read(CHECKPOINT_PATH) == before
    log.append([b"three"])
    assert published_size(tiles) == 3


def test_a_second_sequencer_of_the_same_size_is_found_out(
    note_signer: Ed25519NoteSigner, network: Network, open_log: Callable[[int], Log]
) -> None:
    open_log(1).append([b"one", b"two"])
    tiles = MemoryTileStorage()
    ask = Witnessing(policy_of(1), tiles, network.ask, (), [note_signer.verifier])
    other = Log(MemoryLogStorage(), tiles, note_signer)
    other.append([b"one", b"TWO"])
    with pytest.raises(LogBehind, match="another tree"):
        ask(other.checkpoint())
    with pytest.raises(LogBehind, match="another tree"):
        ask.check(other.checkpoint())


LIES = {
    "an empty answer": Answer(200, "", b""),
    "no signature lines": Answer(200, "", b"hello\n"),
    "bytes that are no text": Answer(200, "", b"\xff\xfe\n"),
    "an error": Answer(500, "", b""),
    "not followed": Answer(404, "", b""),
    "a redirect": Answer(302, "", b""),
    "a size of another type": Answer(409, "text/plain", b"1000\n"),
    "a size that is none": Answer(409, SIZE_TYPE, b"-1\n"),
    "a smaller size, again and again": Answer(409, SIZE_TYPE, b"0\n"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_an_answer_that_is_none_counts_as_silence(
    lie: Answer, open_log: Callable[[int], Log], network: Network, tiles: MemoryTileStorage
) -> None:
    log = open_log(2)
    log.append([b"one"])
    network.answerers["https://c.example"] = lambda _: lie
    log.append([b"two"])
    assert published_size(tiles) == 2
    network.answerers["https://b.example"] = lambda _: lie
    with pytest.raises(QuorumMissing, match="b: "):
        log.append([b"three"])
    assert published_size(tiles) == 2


def test_a_cosignature_of_an_older_checkpoint_is_not_passed_on(
    open_log: Callable[[int], Log], network: Network, note_signer: Ed25519NoteSigner
) -> None:
    log = open_log(2)
    honest = network.answerers["https://c.example"]
    kept: list[Answer] = []

    def replay(body: bytes) -> Answer:
        answer = honest(body)
        if answer.status == 200:
            kept.append(answer)
            return kept[0]
        return answer

    network.answerers["https://c.example"] = replay
    log.append([b"one"])
    log.append([b"two"])
    witnessed = check_quorum(log.checkpoint(), policy_of(2), [note_signer.verifier])
    assert set(witnessed.times) == {"a", "b"}


def test_a_witness_that_never_answers_holds_up_a_quorum_for_the_grace_only(
    open_log: Callable[[int], Log], network: Network, tiles: MemoryTileStorage
) -> None:
    log = open_log(2)
    release = threading.Event()
    honest = network.answerers["https://c.example"]

    def hang(body: bytes) -> Answer:
        release.wait()
        return honest(body)

    network.answerers["https://c.example"] = hang
    for number in range(8):  # each returns, which is all that is asked of it
        log.append([b"%d" % number])
    assert network.asked.count("https://c.example") == 2  # when it was opened, and once more
    release.set()
    assert published_size(tiles) == 8


def test_the_log_s_second_key_signs_every_checkpoint(
    log_storage: MemoryLogStorage,
    tiles: MemoryTileStorage,
    note_signer: Ed25519NoteSigner,
    network: Network,
) -> None:
    ml_dsa = MlDsa44Cosigner(note_signer.verifier.name, bytes(32), lambda: 7)
    ask = Witnessing(Policy(), tiles, network.ask, [ml_dsa], [note_signer.verifier])
    log = Log(log_storage, tiles, note_signer, cosigner=ask)
    log.append([b"one"])
    opened = open_note(log.checkpoint(), [note_signer.verifier, ml_dsa.verifier])
    assert len(opened.signatures) == 2
    assert ask(log.checkpoint()) == log.checkpoint()  # once is enough
    assert network.asked == []
