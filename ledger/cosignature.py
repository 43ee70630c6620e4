"""Timestamped cosignatures of checkpoints (c2sp.org/tlog-cosignature).

    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2o…

A cosignature says: at this time, this is the largest tree of the log that I have seen, and it is
consistent with every earlier one. A log signs its own checkpoints with ML-DSA-44 in the same form
(c2sp.org/tlog-checkpoint#signatures), under a key that has its origin for a name.
"""

from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from .checkpoint import Checkpoint, parse_checkpoint
from .errors import FormatError, ProofError
from .note import (
    PRIVATE,
    KeyedNoteVerifier,
    NoteSigner,
    check_key_name,
    format_key,
    format_verifier_key,
    key_id,
    parse_ed25519_key,
    parse_key,
)

ED25519_COSIGNATURE = 0x04  # c2sp.org/signed-note#signature-types
ML_DSA_44_COSIGNATURE = 0x06

Clock = Callable[[], int]  # seconds since 1970-01-01 UTC

_TIME_SIZE = 8
_MAX_TIME = (1 << 63) - 1
_SUBTREE_LABEL = b"subtree/v1\n\x00"


class Cosigner(NoteSigner, Protocol):
    """A private key that makes cosignatures, at a time that the caller states."""

    @property
    def verifier(self) -> KeyedNoteVerifier:
        """Who checks what this key signs."""

    def sign_at(self, text: bytes, time: int) -> bytes:
        """Cosign the checkpoint `text` as of `time`, in seconds since 1970-01-01 UTC."""

    def private_bytes(self) -> bytes:
        """Return the secret seed of 32 bytes."""


class Ed25519CosignatureVerifier:
    """Checks Ed25519 cosignatures (c2sp.org/tlog-cosignature#ed25519-signed-message)."""

    signature_type = ED25519_COSIGNATURE

    def __init__(self, name: str, public_key: bytes) -> None:
        """Take the key's name and its 32 bytes (RFC 8032); raise FormatError for other input."""
        check_key_name(name)
        self._key = parse_ed25519_key(public_key)
        self.name = name
        self.public_key = public_key
        self.key_id = key_id(name, ED25519_COSIGNATURE, public_key)

    def verify(self, text: bytes, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this key's over the checkpoint `text`."""
        try:
            time = cosignature_time(signature)
            self._key.verify(signature[_TIME_SIZE:], _ed25519_message(text, time))
        except (InvalidSignature, FormatError):
            raise ProofError(f"the cosignature of {self.name} does not verify") from None


class MlDsa44CosignatureVerifier:
    """Checks ML-DSA-44 cosignatures (c2sp.org/tlog-cosignature#ml-dsa-44-signed-message)."""

    signature_type = ML_DSA_44_COSIGNATURE

    def __init__(self, name: str, public_key: bytes) -> None:
        """Take the key's name and its 1,312 bytes (FIPS 204); raise FormatError otherwise."""
        check_key_name(name)
        try:
            self._key = MLDSA44PublicKey.from_public_bytes(public_key)
        except ValueError:
            raise FormatError("not an ML-DSA-44 public key of 1312 bytes") from None
        self.name = name
        self.public_key = public_key
        self.key_id = key_id(name, ML_DSA_44_COSIGNATURE, public_key)

    def verify(self, text: bytes, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this key's over the checkpoint `text`."""
        try:
            time = cosignature_time(signature)
            self._key.verify(signature[_TIME_SIZE:], _ml_dsa_message(self.name, text, time))
        except (InvalidSignature, FormatError):
            raise ProofError(f"the cosignature of {self.name} does not verify") from None


class Ed25519Cosigner:
    """Makes Ed25519 cosignatures."""

    def __init__(self, name: str, private_key: bytes, clock: Clock) -> None:
        """Take the key's name, its seed of 32 bytes and the clock that `sign` reads."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        except ValueError:
            raise FormatError("not an Ed25519 private key of 32 bytes") from None
        self._clock = clock
        public_key = self._key.public_key().public_bytes_raw()
        self.verifier = Ed25519CosignatureVerifier(name, public_key)

    def sign(self, text: bytes) -> bytes:
        """Cosign the checkpoint `text` as of now."""
        return self.sign_at(text, self._clock())

    def sign_at(self, text: bytes, time: int) -> bytes:
        """Cosign the checkpoint `text` as of `time`; raise FormatError for another text."""
        return _encode_time(time) + self._key.sign(_ed25519_message(text, time))

    def private_bytes(self) -> bytes:
        """Return the secret seed of 32 bytes."""
        return self._key.private_bytes_raw()


class MlDsa44Cosigner:
    """Makes ML-DSA-44 cosignatures."""

    def __init__(self, name: str, private_key: bytes, clock: Clock) -> None:
        """Take the key's name, its seed of 32 bytes (FIPS 204) and the clock that `sign` reads."""
        try:
            self._key = MLDSA44PrivateKey.from_seed_bytes(private_key)
        except ValueError:
            raise FormatError("not an ML-DSA-44 seed of 32 bytes") from None
        self._clock = clock
        public_key = self._key.public_key().public_bytes_raw()
        self.verifier = MlDsa44CosignatureVerifier(name, public_key)

    def sign(self, text: bytes) -> bytes:
        """Cosign the checkpoint `text` as of now."""
        return self.sign_at(text, self._clock())

    def sign_at(self, text: bytes, time: int) -> bytes:
        """Cosign the checkpoint `text` as of `time`; raise FormatError for another text."""
        return _encode_time(time) + self._key.sign(_ml_dsa_message(self.verifier.name, text, time))

    def private_bytes(self) -> bytes:
        """Return the secret seed of 32 bytes."""
        return self._key.private_bytes_raw()


def cosignature_time(signature: bytes) -> int:
    """Return the time inside a cosignature, in seconds since 1970-01-01 UTC; nothing is verified.

    Raises FormatError for bytes that hold none, and for a time beyond 2^63 - 1.
    """
    time = int.from_bytes(signature[:_TIME_SIZE], "big")
    if len(signature) <= _TIME_SIZE or time > _MAX_TIME:
        raise FormatError("not a timestamped signature")
    return time


def parse_cosigner_key(text: str) -> KeyedNoteVerifier:
    """Read the key of a witness: what `ledger.note.format_verifier_key` writes of a cosigner's.

    Raises FormatError for anything else (c2sp.org/tlog-cosignature#format).
    """
    name, material = parse_key(text)
    verifier: KeyedNoteVerifier
    match material[:1]:
        case b"\x04":
            verifier = Ed25519CosignatureVerifier(name, material[1:])
        case b"\x06":
            verifier = MlDsa44CosignatureVerifier(name, material[1:])
        case _:
            raise FormatError("not a cosigner's key (signature type 0x04 or 0x06)")
    if format_verifier_key(verifier) != text:
        raise FormatError("a cosigner's key whose ID is not that of its name and key")
    return verifier


def format_private_cosigner_key(cosigner: Cosigner) -> str:
    """Write the secret key as one line of text, in the form of Go's sumdb/note."""
    verifier = cosigner.verifier
    material = bytes([verifier.signature_type]) + cosigner.private_bytes()
    return PRIVATE + format_key(verifier.name, verifier.key_id, material)


def parse_private_cosigner_key(text: str, clock: Clock) -> Cosigner:
    """Read what `format_private_cosigner_key` writes; raise FormatError for anything else."""
    if not text.startswith(PRIVATE):
        raise FormatError("not a cosigner's secret key")
    name, material = parse_key(text.removeprefix(PRIVATE))
    cosigner: Cosigner
    match material[:1]:
        case b"\x04":
            cosigner = Ed25519Cosigner(name, material[1:], clock)
        case b"\x06":
            cosigner = MlDsa44Cosigner(name, material[1:], clock)
        case _:
            raise FormatError("not a cosigner's secret key (signature type 0x04 or 0x06)")
    if format_private_cosigner_key(cosigner) != text:
        raise FormatError("a cosigner's secret key whose ID is not that of its name and key")
    return cosigner


def _parse_text(text: bytes) -> Checkpoint:
    try:
        return parse_checkpoint(text.decode())
    except UnicodeDecodeError:
        raise FormatError("a checkpoint is UTF-8") from None


def _ed25519_message(text: bytes, time: int) -> bytes:
    _parse_text(text)  # "a note signature applied to a checkpoint", and to nothing else
    return f"cosignature/v1\ntime {time}\n".encode() + text


def _ml_dsa_message(name: str, text: bytes, time: int) -> bytes:
    """Write the cosigned_message of a whole tree: its start is 0. Extension lines are not in it."""
    checkpoint = _parse_text(text)
    return b"".join(
        (
            _SUBTREE_LABEL,
            _encode_opaque(name),
            _encode_time(time),
            _encode_opaque(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root_hash,
        )
    )


def _encode_opaque(text: str) -> bytes:
    """Write opaque<1..2^8-1> (RFC 8446 section 3.4)."""
    data = text.encode()
    if not 1 <= len(data) <= 0xFF:
        raise FormatError("a name that ML-DSA-44 cosignatures cover has 1 to 255 bytes")
    return bytes([len(data)]) + data


def _encode_time(time: int) -> bytes:
    if not 0 <= time <= _MAX_TIME:
        raise FormatError(f"not a time of a cosignature: {time}")
    return time.to_bytes(_TIME_SIZE, "big")
