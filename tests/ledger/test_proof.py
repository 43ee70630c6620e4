"""Log proofs are those of c2sp.org/tlog-proof; each byte of one counts."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, ProofError
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner, sign_note
from ledger.proof import LogProof, format_log_proof, parse_log_proof, verify_log_proof

ENTRIES = [b"entry %d" % n for n in range(7)]


@pytest.fixture
def proof(log: Log) -> LogProof:
    log.append(ENTRIES)
    return log.prove(5)


def test_a_log_proof_looks_like_the_specification_s(proof: LogProof) -> None:
    lines = format_log_proof(proof).decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert lines[5:8] == ["", "log.example/firsthand", "7"]
    assert parse_log_proof(format_log_proof(proof)) == proof


def test_a_log_proof_verifies_offline(proof: LogProof, note_signer: Ed25519NoteSigner) -> None:
    read = parse_log_proof(format_log_proof(proof))
    origin = note_signer.verifier.name
    assert verify_log_proof(read, leaf_hash(ENTRIES[5]), note_signer.verifier, origin).size == 7
    for other in (ENTRIES[4], b"", leaf_hash(ENTRIES[5])):
        with pytest.raises(ProofError):
            verify_log_proof(read, leaf_hash(other), note_signer.verifier, origin)


def test_every_changed_bit_is_refused(proof: LogProof, note_signer: Ed25519NoteSigner) -> None:
    data = format_log_proof(proof)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises((FormatError, ProofError)):
                verify_log_proof(
                    parse_log_proof(bytes(changed)),
                    leaf_hash(ENTRIES[5]),
                    note_signer.verifier,
                    note_signer.verifier.name,
                )


def test_every_truncation_is_refused(proof: LogProof) -> None:
    data = format_log_proof(proof)
    for stop in range(len(data)):
        with pytest.raises(FormatError):
            parse_log_proof(data[:stop])


@given(st.binary(max_size=50))
def test_extra_data_is_carried_and_not_believed(extra: bytes) -> None:
    note = sign_note("o\n1\n" + "A" * 43 + "=\n", [Ed25519NoteSigner("o", bytes(32))])
    proof = LogProof(0, (), note, extra)
    assert parse_log_proof(format_log_proof(proof)) == proof
    without = dataclasses.replace(proof, extra=None)
    assert parse_log_proof(format_log_proof(without)) == without


@given(st.binary(max_size=120))
def test_what_parses_is_written_the_same(data: bytes) -> None:
    try:
        proof = parse_log_proof(b"c2sp.org/tlog-proof@v1\n" + data)
    except FormatError:
        return
    assert format_log_proof(proof) == b"c2sp.org/tlog-proof@v1\n" + data


def test_values_that_a_proof_cannot_hold_are_refused(proof: LogProof) -> None:
    for changes in ({"index": -1}, {"hashes": (bytes(31),)}, {"hashes": (bytes(32),) * 64}):
        with pytest.raises(FormatError):
            format_log_proof(dataclasses.replace(proof, **changes))
    with pytest.raises(FormatError):
        format_log_proof(dataclasses.replace(proof, checkpoint=b"unsigned"))


def test_a_proof_for_another_log_s_checkpoint_is_refused(
    proof: LogProof, note_signer: Ed25519NoteSigner
) -> None:
    with pytest.raises(ProofError):
        verify_log_proof(proof, leaf_hash(ENTRIES[5]), note_signer.verifier, "another.example/log")
