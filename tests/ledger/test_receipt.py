"""A receipt proves what a log proof proves, to those who speak COSE, and no other byte passes."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest

from ledger.cbor import encode_cbor
from ledger.checkpoint import Checkpoint
from ledger.errors import FormatError, ProofError
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner, Ed25519NoteVerifier
from ledger.receipt import (
    Consistency,
    Inclusion,
    format_receipt,
    parse_receipt,
    sign_consistency_receipt,
    sign_inclusion_receipt,
    verify_consistency_receipt,
    verify_inclusion_receipt,
)
from tests.reference_merkle import mth, path, proof

ORIGIN = "log.example/firsthand"
SIGNER = Ed25519NoteSigner(ORIGIN, bytes(range(32)))
ENTRIES = [b"entry %d" % number for number in range(20)]


def tree(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, mth(ENTRIES[:size]))


def inclusion(index: int, size: int) -> bytes:
    return sign_inclusion_receipt(tree(size), index, path(index, ENTRIES[:size]), SIGNER)


def consistency(old: int, new: int) -> bytes:
    return sign_consistency_receipt(old, tree(new), proof(old, ENTRIES[:new]), SIGNER)


def test_every_entry_of_every_small_tree_has_a_receipt() -> None:
    for size in range(1, len(ENTRIES) + 1):
        for index in range(size):
            receipt = inclusion(index, size)
            leaf = leaf_hash(ENTRIES[index])
            assert verify_inclusion_receipt(receipt, leaf, SIGNER.verifier) == tree(size)
            assert format_receipt(parse_receipt(receipt)) == receipt


def test_every_growth_of_every_small_tree_has_a_receipt() -> None:
    for new in range(1, len(ENTRIES) + 1):
        for old in range(1, new + 1):
            receipt = consistency(old, new)
            root = tree(old).root_hash
            assert verify_consistency_receipt(receipt, root, SIGNER.verifier) == tree(new)
            assert format_receipt(parse_receipt(receipt)) == receipt


def test_the_bytes_are_those_of_rfc_9942() -> None:
    message = cbor2.loads(inclusion(3, 10))
    protected, unprotected, payload, signature = message.value
    assert message.tag == 18
    assert cbor2.loads(protected) == {
        1: -8,
        4: SIGNER.verifier.public_key,
        15: {1: ORIGIN, 2: "10"},
        395: 1,
    }
    assert payload is None
    [encoded] = unprotected[396][-1]
    assert list(map(_plain, cbor2.loads(encoded))) == [10, 3, path(3, ENTRIES[:10])]
    signed = cbor2.dumps(["Signature1", protected, b"", tree(10).root_hash], canonical=True)
    SIGNER.verifier.verify(signed, signature)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (list, tuple)) else value


def test_every_changed_bit_is_refused() -> None:
    leaf, root = leaf_hash(ENTRIES[3]), tree(5).root_hash
    for receipt, known in ((inclusion(3, 10), leaf), (consistency(5, 10), root)):
        verify = verify_inclusion_receipt if known == leaf else verify_consistency_receipt
        for at in range(len(receipt) * 8):
            changed = bytearray(receipt)
            changed[at // 8] ^= 1 << at % 8
            with pytest.raises((FormatError, ProofError)):
                verify(bytes(changed), known, SIGNER.verifier)


def test_truncated_and_lengthened_receipts_are_refused() -> None:
    receipt = inclusion(3, 10)
    for wrong in [receipt[:at] for at in range(len(receipt))] + [receipt + b"\0"]:
        with pytest.raises(FormatError):
            parse_receipt(wrong)


def test_a_receipt_is_of_one_leaf_at_one_place_under_one_log_s_name_and_key() -> None:
    receipt, leaf = inclusion(3, 10), leaf_hash(ENTRIES[3])
    with pytest.raises(ProofError):
        verify_inclusion_receipt(receipt, leaf_hash(ENTRIES[4]), SIGNER.verifier)
    with pytest.raises(ProofError):
        verify_consistency_receipt(consistency(5, 10), tree(6).root_hash, SIGNER.verifier)
    renamed = Ed25519NoteVerifier("other.example/log", SIGNER.verifier.public_key)
    stranger = Ed25519NoteSigner(ORIGIN, bytes(32)).verifier
    for verifier in (renamed, stranger):
        with pytest.raises(ProofError):
            verify_inclusion_receipt(receipt, leaf, verifier)
    parsed = parse_receipt(receipt)
    # A size of 11 leads to the same root, and RFC 9942 alone would take it: the subject does not.
    for moved in (
        Inclusion(10, 2, parsed.proof.hashes),
        Inclusion(11, 3, parsed.proof.hashes),
        Inclusion(10, 3, parsed.proof.hashes[::-1]),
        Inclusion(10, 3, parsed.proof.hashes[:-1]),
        Inclusion(10, 10, parsed.proof.hashes),
    ):
        wrong = format_receipt(replace(parsed, proof=moved))
        with pytest.raises(ProofError):
            verify_inclusion_receipt(wrong, leaf, SIGNER.verifier)
    forged = format_receipt(replace(parsed, origin="other.example/log"))
    with pytest.raises((FormatError, ProofError)):
        verify_inclusion_receipt(forged, leaf, SIGNER.verifier)


def test_one_kind_of_receipt_is_not_taken_for_the_other() -> None:
    with pytest.raises(FormatError, match="of inclusion, not"):
        verify_consistency_receipt(inclusion(3, 10), tree(3).root_hash, SIGNER.verifier)
    with pytest.raises(FormatError, match="of consistency, not"):
        verify_inclusion_receipt(consistency(3, 10), leaf_hash(ENTRIES[3]), SIGNER.verifier)


def test_other_shapes_are_refused() -> None:
    protected, unprotected, _, signature = cbor2.loads(inclusion(3, 10)).value
    [encoded] = unprotected[396][-1]
    header = {1: -8, 4: bytes(32), 15: {1: ORIGIN, 2: "10"}, 395: 1}
    for value in (
        [protected, {396: {-1: [encoded]}}, tree(10).root_hash, signature],  # attached payload
        [protected, {396: {-1: [encoded, encoded]}}, None, signature],
        [protected, {396: {-1: [encoded], -2: [encoded]}}, None, signature],
        [protected, {396: {-1: [encoded]}, 4: b"key"}, None, signature],
        [protected, {396: {-1: encoded}}, None, signature],
        [protected, {}, None, signature],
        [protected, {396: {-1: [encode_cbor([10, 3])]}}, None, signature],
        [protected, {396: {-1: [encode_cbor([10, True, []])]}}, None, signature],
        [protected, {396: {-1: [encode_cbor([10, -1, []])]}}, None, signature],
        [protected, {396: {-1: [encode_cbor([10, 3, [bytes(31)]])]}}, None, signature],
        [protected, {396: {-1: [encoded]}}, None, signature + b"\0"],
        [encode_cbor(header | {395: 2}), {396: {-1: [encoded]}}, None, signature],
        [encode_cbor(header | {1: -7}), {396: {-1: [encoded]}}, None, signature],
        [encode_cbor(header | {2: [395]}), {396: {-1: [encoded]}}, None, signature],
        [encode_cbor(header | {15: {1: ORIGIN, 2: "9"}}), {396: {-1: [encoded]}}, None, signature],
        [encode_cbor(header | {15: {1: ORIGIN}}), {396: {-1: [encoded]}}, None, signature],
        [b"", {396: {-1: [encoded]}}, None, signature],
    ):
        with pytest.raises(FormatError):
            parse_receipt(encode_cbor(cbor2.CBORTag(18, value)))
    with pytest.raises(FormatError):
        parse_receipt(encode_cbor(cbor2.CBORTag(98, [protected, unprotected, None, signature])))


def test_a_consistency_receipt_never_starts_from_nothing() -> None:
    receipt = format_receipt(
        replace(parse_receipt(consistency(1, 10)), proof=Consistency(0, 10, ()))
    )
    with pytest.raises(ProofError):
        verify_consistency_receipt(receipt, mth([]), SIGNER.verifier)


_JUDGE = """
import json, sys
from scitt_cose import receipt
counted = [0, 0]
for line in sys.stdin:
    case = json.loads(line)
    result = receipt.verify_receipt(
        bytes.fromhex(case["receipt"]), log_public_key_pem=case["pem"], leaf_entry_hex=case["entry"]
    )
    assert result.ok == case["good"], (case, result)
    if result.ok:
        assert (result.tree_size, result.leaf_index) == (case["size"], case["index"])
        assert (result.issuer, result.subject) == (case["issuer"], str(case["size"]))
    counted[result.ok] += 1
print(json.dumps(counted))
"""


@pytest.mark.skipif(
    "SCITT_COSE_PYTHON" not in os.environ,
    reason="SCITT_COSE_PYTHON names no interpreter that has scitt-cose (see tests/interop)",
)
def test_an_independent_implementation_agrees(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PublicKey.from_public_bytes(SIGNER.verifier.public_key)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    lines = []
    for size in range(1, len(ENTRIES) + 1):
        for index in range(size):
            receipt = inclusion(index, size)
            case = {
                "receipt": receipt.hex(),
                "pem": pem,
                "entry": ENTRIES[index].hex(),
                "size": size,
                "index": index,
                "issuer": ORIGIN,
            }
            flipped = bytearray(receipt)
            flipped[-1 - (size * 7 + index) % 64] ^= 1  # of the signature
            lines.append(json.dumps(case | {"good": True}))
            lines.append(json.dumps(case | {"good": False, "receipt": flipped.hex()}))
            lines.append(json.dumps(case | {"good": False, "entry": b"other".hex()}))
    judge = tmp_path / "judge.py"
    judge.write_text(_JUDGE)
    done = subprocess.run(
        [os.environ["SCITT_COSE_PYTHON"], str(judge)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [420, 210]
