"""A cosignature binds who, when, and one tree of one log, and no other byte passes for it."""

import hashlib
import struct

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, format_checkpoint, sign_checkpoint
from ledger.cosignature import (
    Cosigner,
    Ed25519CosignatureVerifier,
    Ed25519Cosigner,
    MlDsa44CosignatureVerifier,
    MlDsa44Cosigner,
    cosignature_time,
    format_private_cosigner_key,
    parse_cosigner_key,
    parse_private_cosigner_key,
)
from ledger.errors import FormatError, ProofError
from ledger.note import (
    Ed25519NoteSigner,
    encode_base64,
    format_verifier_key,
    open_note,
    parse_note,
    parse_verifier_key,
    sign_note,
)

# The first example of c2sp.org/tlog-cosignature, whole.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Z"
    "hcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
NAME = "witness.example.com/w1"
SEED = bytes(range(32))
TIME = 1679315147
CHECKPOINT = Checkpoint("example.com/behind-the-sofa", 20852163, hashlib.sha256(b"tree").digest())
TEXT = format_checkpoint(CHECKPOINT).encode()
COSIGNERS: list[Cosigner] = [
    Ed25519Cosigner(NAME, SEED, lambda: TIME),
    MlDsa44Cosigner(NAME, SEED, lambda: TIME),
]

both = pytest.mark.parametrize("cosigner", COSIGNERS, ids=["ed25519", "ml-dsa-44"])


def test_the_time_in_the_specification_s_example_is_the_one_its_text_says() -> None:
    signature = parse_note(EXAMPLE).signatures[1]
    assert signature.name == NAME
    assert cosignature_time(signature.value) == TIME  # "time 1679315147"
    assert len(signature.value) == 8 + 64


def test_the_signed_bytes_of_ed25519_are_the_specification_s_lines() -> None:
    signature = COSIGNERS[0].sign(TEXT)
    message = b"cosignature/v1\ntime 1679315147\n" + TEXT
    Ed25519PrivateKey.from_private_bytes(SEED).public_key().verify(signature[8:], message)
    assert signature[:8] == struct.pack(">Q", TIME)


def test_the_signed_bytes_of_ml_dsa_44_are_the_specification_s_structure() -> None:
    signature = COSIGNERS[1].sign(TEXT)
    name, origin = NAME.encode(), CHECKPOINT.origin.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", TIME)
    message += bytes([len(origin)]) + origin
    message += struct.pack(">QQ", 0, CHECKPOINT.size) + CHECKPOINT.root_hash
    MLDSA44PrivateKey.from_seed_bytes(SEED).public_key().verify(signature[8:], message)
    assert len(signature) == 8 + 2420
    with pytest.raises(InvalidSignature):
        MLDSA44PrivateKey.from_seed_bytes(SEED).public_key().verify(signature[8:], message + b"\0")


def test_key_ids_cover_the_name_the_type_and_the_key() -> None:
    for cosigner, kind in zip(COSIGNERS, (b"\x04", b"\x06"), strict=True):
        verifier = cosigner.verifier
        digest = hashlib.sha256(NAME.encode() + b"\n" + kind + verifier.public_key).digest()
        assert verifier.key_id == digest[:4]


@both
def test_a_cosigned_note_opens_and_says_when(cosigner: Cosigner) -> None:
    note = open_note(sign_note(TEXT.decode(), [cosigner]), [cosigner.verifier])
    assert [cosignature_time(s.value) for s in note.signatures] == [TIME]


def test_every_changed_bit_of_an_ed25519_cosignature_is_refused() -> None:
    signature = COSIGNERS[0].sign(TEXT)
    for at in range(len(signature) * 8):
        changed = bytearray(signature)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(ProofError):
            COSIGNERS[0].verifier.verify(TEXT, bytes(changed))


@given(at=st.integers(0, (8 + 2420) * 8 - 1))
def test_any_changed_bit_of_an_ml_dsa_44_cosignature_is_refused(at: int) -> None:
    changed = bytearray(_ML_DSA_SIGNATURE)
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises(ProofError):
        COSIGNERS[1].verifier.verify(TEXT, bytes(changed))


_ML_DSA_SIGNATURE = COSIGNERS[1].sign(TEXT)


@both
def test_every_changed_byte_of_the_checkpoint_is_refused(cosigner: Cosigner) -> None:
    signature = cosigner.sign(TEXT)
    for at in range(len(TEXT)):
        changed = TEXT[:at] + bytes([TEXT[at] ^ 1]) + TEXT[at + 1 :]
        with pytest.raises(ProofError):
            cosigner.verifier.verify(changed, signature)


@both
def test_truncated_and_lengthened_cosignatures_are_refused(cosigner: Cosigner) -> None:
    signature = cosigner.sign(TEXT)
    for wrong in (b"", signature[:8], signature[:-1], signature + b"\0", signature[8:]):
        with pytest.raises(ProofError):
            cosigner.verifier.verify(TEXT, wrong)


@both
def test_a_cosignature_of_one_time_is_not_one_of_another(cosigner: Cosigner) -> None:
    early, late = cosigner.sign_at(TEXT, 1), cosigner.sign_at(TEXT, 2)
    cosigner.verifier.verify(TEXT, early)
    with pytest.raises(ProofError):
        cosigner.verifier.verify(TEXT, late[:8] + early[8:])


@both
def test_what_is_no_checkpoint_is_never_cosigned(cosigner: Cosigner) -> None:
    for text in (b"hello\n", b"a\nb\nc\n", TEXT[:-1], b"\xff" + TEXT, b""):
        with pytest.raises(FormatError):
            cosigner.sign(text)


def test_ml_dsa_44_commits_to_the_cosigner_s_name_and_ed25519_does_not() -> None:
    # "The Ed25519 signed message format doesn't commit to the cosigner name".
    ed25519, ml_dsa = COSIGNERS
    other = "witness.example.com/w2"
    Ed25519CosignatureVerifier(other, ed25519.verifier.public_key).verify(TEXT, ed25519.sign(TEXT))
    with pytest.raises(ProofError):
        MlDsa44CosignatureVerifier(other, ml_dsa.verifier.public_key).verify(
            TEXT, ml_dsa.sign(TEXT)
        )


def test_extension_lines_are_covered_by_ed25519_and_not_by_ml_dsa_44() -> None:
    extended = TEXT + b"an extension\n"
    with pytest.raises(ProofError):
        COSIGNERS[0].verifier.verify(extended, COSIGNERS[0].sign(TEXT))
    COSIGNERS[1].verifier.verify(extended, COSIGNERS[1].sign(TEXT))


def test_a_plain_note_signature_is_no_cosignature_and_the_reverse() -> None:
    signer = Ed25519NoteSigner(NAME, SEED)
    plain = signer.sign(TEXT)
    cosignature = COSIGNERS[0].sign(TEXT)
    assert signer.verifier.key_id != COSIGNERS[0].verifier.key_id
    for wrong in (plain, bytes(8) + plain):
        with pytest.raises(ProofError):
            COSIGNERS[0].verifier.verify(TEXT, wrong)
    with pytest.raises(ProofError):
        signer.verifier.verify(TEXT, cosignature[8:])


def test_a_log_signs_its_checkpoints_with_both_kinds_of_key() -> None:
    plain = Ed25519NoteSigner(CHECKPOINT.origin, SEED)
    ml_dsa = MlDsa44Cosigner(CHECKPOINT.origin, SEED, lambda: TIME)
    note = sign_note(format_checkpoint(CHECKPOINT), [plain, ml_dsa])
    opened = open_note(note, [plain.verifier, ml_dsa.verifier])
    assert len(opened.signatures) == 2
    assert note.startswith(sign_checkpoint(CHECKPOINT, plain))


@both
def test_times_beyond_2_to_the_63rd_are_refused(cosigner: Cosigner) -> None:
    cosigner.verifier.verify(TEXT, cosigner.sign_at(TEXT, (1 << 63) - 1))
    for time in (-1, 1 << 63):
        with pytest.raises(FormatError):
            cosigner.sign_at(TEXT, time)
    with pytest.raises(FormatError):
        cosignature_time(b"\x80" + bytes(71))


def test_origins_and_names_too_long_for_ml_dsa_44_are_refused() -> None:
    text = format_checkpoint(Checkpoint("o" * 256, 1, bytes(32))).encode()
    with pytest.raises(FormatError, match="255"):
        COSIGNERS[1].sign(text)
    COSIGNERS[1].sign(format_checkpoint(Checkpoint("o" * 255, 1, bytes(32))).encode())
    with pytest.raises(FormatError, match="255"):
        MlDsa44Cosigner("n" * 256, SEED, lambda: TIME).sign(TEXT)


@both
def test_keys_read_and_write_the_same_and_in_one_spelling(cosigner: Cosigner) -> None:
    public, private = format_verifier_key(cosigner.verifier), format_private_cosigner_key(cosigner)
    read = parse_cosigner_key(public)
    assert format_verifier_key(read) == public
    assert type(read) is type(cosigner.verifier)
    again = parse_private_cosigner_key(private, lambda: TIME)
    assert again.private_bytes() == SEED
    read.verify(TEXT, again.sign(TEXT))
    for text, parse in ((public, parse_cosigner_key), (private, _parse_private)):
        for at in [*range(60), *range(60, len(text), 97)]:
            for wrong in (text[:at], text[:at] + "!" + text[at + 1 :], text + "A"):
                if at < len(text):
                    with pytest.raises(FormatError):
                        parse(wrong)


def _parse_private(text: str) -> Cosigner:
    return parse_private_cosigner_key(text, lambda: TIME)


def test_keys_of_another_type_or_length_are_refused() -> None:
    plain = Ed25519NoteSigner(NAME, SEED)
    with pytest.raises(FormatError, match="0x04 or 0x06"):
        parse_cosigner_key(format_verifier_key(plain.verifier))
    for cosigner in COSIGNERS:
        with pytest.raises(FormatError, match="0x01"):
            parse_verifier_key(format_verifier_key(cosigner.verifier))
    for kind, size in ((b"\x04", 31), (b"\x06", 1311), (b"\x06", 32)):
        with pytest.raises(FormatError, match="public key"):
            parse_cosigner_key("a+00000000+" + encode_base64(kind + bytes(size)))
    with pytest.raises(FormatError, match="seed"):
        MlDsa44Cosigner(NAME, bytes(31), lambda: TIME)
    with pytest.raises(FormatError, match="private key"):
        Ed25519Cosigner(NAME, bytes(31), lambda: TIME)
