"""A log that lies, in every way that the protocol leaves it: it is never believed, and never fatal.

Each liar is the real log with one answer replaced. The file asked about carries a good signature of
a known signer, so that to ignore the log would be to call the file unchanged.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.cosignature import Ed25519Cosigner
from ledger.entry import Withdrawal
from ledger.errors import LogBusy, ProofError, StorageError, UnknownEntry
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner, format_verifier_key, parse_note, sign_note
from ledger.policy import parse_policy
from ledger.proof import LogProof, format_log_proof
from ledger.subjects import Found, Role
from ledger.vocabulary import Digest, digest_of
from tests import media
from verifier.report import Report

from .archive import ORIGIN, STRANGER, Archive
from .conftest import Check, Original
from .reports import ALTERED, INCONCLUSIVE, UNCHANGED, WITHDRAWN, codes


class Liar:
    """A log that gives other answers to some questions."""

    def __init__(self, truth: Archive, **answers: Any) -> None:
        self._truth = truth
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        if name == "find_each" and "find" in self._answers:
            return lambda digests: [self._answers["find"](each) for each in digests]
        return self._answers.get(name, getattr(self._truth, name))


@pytest.fixture
def log(recorded: Archive, other: Original) -> Archive:
    """Return a log with three entries: the photograph, another one, and its withdrawal."""
    recorded.register(other.path, other.signed, fingerprints=other.fingerprints)
    subject = other.signed.asset.digest
    recorded.enter(Withdrawal(subject=subject, reason="Wrong.", **recorded.common(subject)))
    return recorded


def raises(problem: Exception) -> Callable[..., Any]:
    def answer(*_: object) -> Any:
        raise problem

    return answer


def with_hash(proof: LogProof, at: int, value: bytes) -> LogProof:
    hashes = list(proof.hashes)
    hashes[at] = value
    return replace(proof, hashes=tuple(hashes))


def names(index: int, role: Role = Role.SUBJECT) -> Callable[..., Sequence[Found]]:
    return lambda _: [Found(index, role)]


def changed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def only(digest: Digest, index: int) -> Callable[[Digest], Sequence[Found]]:
    """Find one entry for one digest, and nothing for any other."""
    return lambda asked: [Found(index, Role.SUBJECT)] if asked == digest else []


def rolled_back(log: Archive) -> dict[str, Any]:
    """Prove in a tree of one entry, signed by the log: an old copy of it was restored."""
    old = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(log.entry(0))), log.signer)

    def consistency(_: int, new: int) -> list[bytes]:
        if new > 1:
            raise UnknownEntry(f"the log has 1 entries, not {new}")
        return []

    return {"prove": lambda index: LogProof(index, (), old), "consistency": consistency}


def forked(log: Archive) -> Callable[[int], LogProof]:
    """Prove in another tree of the same size, signed by the log as well."""
    sibling = bytes(32)
    first = leaf_hash(log.entry(0))
    root = digest_of(b"\x01" + digest_of(b"\x01" + first + sibling).value + sibling).value
    note = sign_checkpoint(Checkpoint(ORIGIN, 3, root), log.signer)
    return lambda index: LogProof(index, (sibling, sibling), note)


def signed_by_another(log: Archive) -> Callable[[int], LogProof]:
    forger = Ed25519NoteSigner(ORIGIN, b"\x09" * 32)
    proof = log.prove(0)
    note = sign_checkpoint(Checkpoint(ORIGIN, 3, log.log.root_hash(3)), forger)
    return lambda _: replace(proof, checkpoint=note)


def smaller(log: Archive) -> Callable[[], Checkpoint]:
    """Have accepted the log when it had one entry."""
    return lambda: Checkpoint(ORIGIN, 1, leaf_hash(log.entry(0)))


LIES: dict[str, Callable[[Archive], dict[str, Any]]] = {
    "another entry is said to name the bytes": lambda _: {"find": names(1)},
    "an entry of another kind is": lambda _: {"find": names(2)},
    "an entry beyond the end is": lambda _: {"find": names(99)},
    "an entry before the beginning is": lambda _: {"find": names(-1)},
    "the bytes are said to be another's source": lambda _: {"find": names(1, Role.SOURCE)},
    "another entry is given": lambda log: {"entry": lambda _: log.entry(1)},
    "a changed entry is given": lambda log: {"entry": lambda _: changed(log.entry(0))},
    "no entry is given": lambda _: {"entry": lambda _: b""},
    "the answer is that there is none": lambda _: {"entry": raises(UnknownEntry("none"))},
    "the search fails": lambda _: {"find": raises(StorageError("the disk"))},
    "the log is busy": lambda _: {"find": raises(LogBusy("busy"))},
    "nothing is proved": lambda _: {"prove": raises(ProofError("no proof"))},
    "another entry is proved": lambda log: {"prove": lambda _: log.prove(1)},
    "the proof has another index": lambda log: {"prove": lambda i: replace(log.prove(i), index=1)},
    "a hash of the proof is changed": lambda log: {
        "prove": lambda i: with_hash(log.prove(i), 0, bytes(32))
    },
    "the proof is too short": lambda log: {"prove": lambda i: replace(log.prove(i), hashes=())},
    "the checkpoint is no note": lambda log: {
        "prove": lambda i: replace(log.prove(i), checkpoint=b"\x00")
    },
    "the log was forged with another key": lambda log: {"prove": signed_by_another(log)},
    "the log was rolled back": rolled_back,
    "the log was forked": lambda log: {"prove": forked(log)},
    "consistency is not proved": lambda log: {
        "accepted": smaller(log),
        "consistency": raises(UnknownEntry("larger")),
    },
    "consistency is proved with nonsense": lambda log: {
        "accepted": smaller(log),
        "consistency": lambda *_: [bytes(32)] * 3,
    },
    "the accepted checkpoint was spoilt": lambda _: {"accepted": raises(ProofError("spoilt"))},
}


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_leaves_a_well_signed_file_unchanged(
    check: Check, log: Archive, original: Original, lie: str
) -> None:
    assert check(original.path, log).conclusion.code == UNCHANGED
    first = log.remembered
    assert first is not None
    report = check(original.path, Liar(log, **LIES[lie](log)))
    assert report.conclusion.code == INCONCLUSIVE, report.conclusion
    assert {"log.proof.failed", "log.failed"} & codes(report)
    assert log.remembered == first


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_makes_an_altered_file_less_than_altered(
    check: Check, log: Archive, original: Original, tmp_path: Path, lie: str
) -> None:
    """That the bytes are not the signed ones needs no log; which entry it was, does."""
    data = bytearray(original.path.read_bytes())
    data[-2000] ^= 1
    suspect = tmp_path / "f.jpg"
    suspect.write_bytes(data)
    check(original.path, log)
    report = check(suspect, Liar(log, **LIES[lie](log)))
    assert report.conclusion.code == ALTERED
    if "entry" in report.conclusion.sentence and "log.proof.failed" in codes(report):
        assert "which the log does not prove" in report.conclusion.sentence


def test_an_old_copy_of_the_log_is_believed_only_where_nothing_newer_was_seen(
    check: Check, log: Archive, original: Original
) -> None:
    """A rollback shows only against what was accepted: which is why it is remembered."""
    assert log.remembered is None
    assert check(original.path, Liar(log, **rolled_back(log))).conclusion.code == UNCHANGED
    assert check(original.path, log).conclusion.code == UNCHANGED  # the smaller is a prefix
    assert check(original.path, Liar(log, **rolled_back(log))).conclusion.code == INCONCLUSIVE


def test_a_checkpoint_that_too_few_witnesses_saw_proves_nothing(
    check: Check, log: Archive, original: Original
) -> None:
    """The log may show it to us alone: that is what witnesses are for."""
    witness = Ed25519Cosigner("witness.example/w", b"\x05" * 32, lambda: 1_750_000_000)
    key = format_verifier_key(witness.verifier)
    policy = parse_policy(f"witness w {key}\nquorum w\n".encode())
    proof = log.prove(0)
    text = parse_note(proof.checkpoint).text
    cosigned = replace(proof, checkpoint=sign_note(text, [log.signer, witness]))

    report = check(original.path, Liar(log, policy=policy))
    assert report.conclusion.code == INCONCLUSIVE
    assert "log.quorum.missing" in codes(report)
    assert log.remembered is None
    report = check(original.path, Liar(log, policy=policy, prove=lambda _: cosigned))
    assert report.conclusion.code == UNCHANGED
    assert any("cosigned by w." in each.sentence for each in report.findings)


def test_a_proof_in_hand_shows_that_the_log_was_rolled_back(
    check: Check, log: Archive, original: Original, tmp_path: Path
) -> None:
    proof = tmp_path / "p"
    proof.write_bytes(format_log_proof(log.proof(0)))
    forgetful = Liar(log, find=lambda _: [], prove=raises(UnknownEntry("the log has 0 entries")))
    report = check(original.path, forgetful, proof=proof)
    assert report.conclusion.code == INCONCLUSIVE
    assert "log.proof.failed" in codes(report)


def test_a_withdrawal_of_another_file_withdraws_nothing(
    check: Check, log: Archive, original: Original
) -> None:
    """The log says that entry 2 is about these bytes; entry 2 says that it is not."""
    both = [Found(0, Role.SUBJECT), Found(2, Role.SUBJECT)]
    report = check(original.path, Liar(log, find=lambda _: both))
    assert report.conclusion.code == INCONCLUSIVE
    assert "Wrong." not in str(report)


def test_an_invented_likeness_is_no_likeness(
    check: Check, log: Archive, original: Original, tmp_path: Path
) -> None:
    """An entry that registers nothing, and one that is not there."""
    path = tmp_path / "note.bmp"
    media.convert(original.source, path)
    assert check(path, log).matches[0].index == 0
    nearest = log.similar(original.fingerprints)[0]
    for index in (2, 99, -1):
        lie = [replace(nearest, entry_index=index)]
        report = check(path, Liar(log, similar=lambda _, lie=lie: lie))
        assert report.conclusion.code == INCONCLUSIVE
        assert report.matches == ()


def test_an_entry_by_a_stranger_that_says_what_the_registrar_never_said(
    check: Check, log: Archive, original: Original
) -> None:
    """A log cannot put words into the registrar's mouth: every entry is signed."""
    index = log.register(original.path, original.signed, key=STRANGER)
    report = check(original.path, Liar(log, find=only(original.signed.asset.digest, index)))
    assert "record.registrar_unknown" in codes(report)
    assert "record of" not in report.conclusion.sentence
    assert "registrar that you have not named as known" in report.conclusion.sentence


def test_a_log_that_hides_a_withdrawal_is_not_said_to_have_none(
    check: Check, log: Archive, other: Original
) -> None:
    assert check(other.path, log).conclusion.code == WITHDRAWN
    report: Report = check(other.path, Liar(log, find=only(other.signed.asset.digest, 1)))
    [history] = [each for each in report.findings if each.code == "history.clear"]
    assert history.sentence.startswith("The log names no later entry")
    assert "not entered in this log" in history.does_not_show
