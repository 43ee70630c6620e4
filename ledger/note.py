"""Signed notes: a text, and one line for each signature over it (c2sp.org/signed-note).

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm…

Only `open_note` verifies. What `parse_note` returns has been read, not believed.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .errors import FormatError, ProofError

ED25519 = 0x01  # c2sp.org/signed-note#signature-types
MAX_NOTE_SIZE = 1_000_000  # bytes, as in Go's sumdb/note
MAX_SIGNATURES = 100  # the specification demands at least 16
PRIVATE = "PRIVATE+KEY+"  # before a signer's key, as in Go's sumdb/note

_KEY_ID_SIZE = 4
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its ID of 4 bytes, and the signature's own bytes."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...]


class NoteVerifier(Protocol):
    """One public key that checks signatures of one type."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """The key's ID: 4 bytes."""

    def __hash__(self) -> int:
        """Whoever has this key is the same verifier: what it verified need not be asked again."""

    def verify(self, text: bytes, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this key's over `text`."""


class KeyedNoteVerifier(NoteVerifier, Protocol):
    """A verifier whose key can be written as text."""

    @property
    def signature_type(self) -> int:
        """The key's signature type (c2sp.org/signed-note#signature-types)."""

    @property
    def public_key(self) -> bytes:
        """The encoded public key."""


class NoteSigner(Protocol):
    """One private key that makes signatures of one type."""

    @property
    def verifier(self) -> NoteVerifier:
        """Who checks what this key signs."""

    def sign(self, text: bytes) -> bytes:
        """Sign `text`."""


class Ed25519NoteVerifier:
    """Checks Ed25519 signatures (c2sp.org/signed-note#ed25519-signatures)."""

    def __init__(self, name: str, public_key: bytes) -> None:
        """Take the key's name and its 32 bytes (RFC 8032); raise FormatError for other input."""
        check_key_name(name)
        self._key = parse_ed25519_key(public_key)
        self.name = name
        self.signature_type = ED25519
        self.public_key = public_key
        self.key_id = key_id(name, ED25519, public_key)

    def verify(self, text: bytes, signature: bytes) -> None:
        """Raise ProofError unless `signature` is this key's over `text`."""
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            raise ProofError(f"the signature of {self.name} does not verify") from None


class Ed25519NoteSigner:
    """Makes Ed25519 signatures (c2sp.org/signed-note#ed25519-signatures)."""

    def __init__(self, name: str, private_key: bytes) -> None:
        """Take the key's name and its seed of 32 bytes; raise FormatError for other input."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        except ValueError:
            raise FormatError("not an Ed25519 private key of 32 bytes") from None
        self.verifier = Ed25519NoteVerifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """Sign `text`."""
        return self._key.sign(text)

    def private_bytes(self) -> bytes:
        """Return the secret seed of 32 bytes."""
        return self._key.private_bytes_raw()


def key_id(name: str, signature_type: int, public_key: bytes) -> bytes:
    """Compute SHA-256(name || 0x0A || type || key)[:4] (c2sp.org/signed-note#signatures)."""
    material = name.encode() + b"\n" + bytes([signature_type]) + public_key
    return hashlib.sha256(material).digest()[:_KEY_ID_SIZE]


def parse_ed25519_key(public_key: bytes) -> Ed25519PublicKey:
    """Read a public key of 32 bytes (RFC 8032); raise FormatError for other input."""
    try:
        return Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        raise FormatError("not an Ed25519 public key of 32 bytes") from None


def check_key_name(name: str) -> None:
    """Raise FormatError for an empty key name, and for one with a space, a plus or a control."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise FormatError(f"not a key name: {name[:80]!r}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise FormatError(f"a key name is UTF-8, not {name[:80]!r}") from None


def format_verifier_key(verifier: KeyedNoteVerifier) -> str:
    """Write the key as one line of text, to be handed out (c2sp.org/signed-note#verifier-keys)."""
    material = bytes([verifier.signature_type]) + verifier.public_key
    return format_key(verifier.name, verifier.key_id, material)


def parse_verifier_key(text: str) -> Ed25519NoteVerifier:
    """Read what `format_verifier_key` writes; raise FormatError for anything else.

    Of signature types only Ed25519 is read here; the others are those of `ledger.cosignature`.
    """
    name, material = parse_key(text)
    verifier = Ed25519NoteVerifier(name, _ed25519(material))
    if format_verifier_key(verifier) != text:
        raise FormatError("a verifier key whose ID is not that of its name and key")
    return verifier


def format_private_signer_key(signer: Ed25519NoteSigner) -> str:
    """Write the secret key as one line of text, as Go's sumdb/note does."""
    name, identity = signer.verifier.name, signer.verifier.key_id
    return PRIVATE + format_key(name, identity, bytes([ED25519]) + signer.private_bytes())


def parse_private_signer_key(text: str) -> Ed25519NoteSigner:
    """Read what `format_private_signer_key` writes; raise FormatError for anything else."""
    if not text.startswith(PRIVATE):
        raise FormatError("not a note signer's key")
    name, material = parse_key(text.removeprefix(PRIVATE))
    signer = Ed25519NoteSigner(name, _ed25519(material))
    if format_private_signer_key(signer) != text:
        raise FormatError("a signer key whose ID is not that of its name and key")
    return signer


def format_key(name: str, identity: bytes, material: bytes) -> str:
    """Write a key as text: its name, its ID of 4 bytes, and its type and bytes."""
    return f"{name}+{identity.hex()}+{encode_base64(material)}"


def parse_key(text: str) -> tuple[str, bytes]:
    """Read the name, and the type and bytes, of a key as text, without comparing its ID."""
    name, _, rest = text.partition("+")  # base64 may hold a plus, a name may not
    return name, decode_base64(rest.partition("+")[2])


def _ed25519(material: bytes) -> bytes:
    if material[:1] != bytes([ED25519]):
        raise FormatError("not an Ed25519 key (signature type 0x01)")
    return material[1:]


def format_note(note: Note) -> bytes:
    """Write a signed note; raise FormatError for a text or a name that a note cannot carry."""
    _check_text(note.text)
    data = f"{note.text}\n{format_signatures(note.signatures)}".encode()
    if len(data) > MAX_NOTE_SIZE:
        raise FormatError(f"a note has at most {MAX_NOTE_SIZE} bytes")
    return data


def parse_note(data: bytes) -> Note:
    """Read what `format_note` writes, without verifying; raise FormatError for anything else."""
    if len(data) > MAX_NOTE_SIZE:
        raise FormatError(f"a note has at most {MAX_NOTE_SIZE} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise FormatError("a note is UTF-8") from None
    # The text may hold empty lines; the last one of the note ends it.
    text, blank, lines = whole.rpartition("\n\n")
    if not blank:
        raise FormatError("a note is a text, an empty line and signature lines")
    note = Note(text + "\n", parse_signatures(lines))
    if format_note(note) != data:
        raise FormatError("a note that does not re-format to itself")
    return note


def format_signatures(signatures: Sequence[NoteSignature]) -> str:
    """Write signature lines; raise FormatError for none, for too many and for what none holds."""
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise FormatError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(signatures)}")
    return "".join(_format_signature(signature) for signature in signatures)


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Read what `format_signatures` writes, without verifying; raise FormatError otherwise."""
    if not lines.endswith("\n"):
        raise FormatError("a signature line ends in a newline")
    signatures = tuple(_parse_signature(line) for line in lines[:-1].split("\n"))
    if format_signatures(signatures) != lines:
        raise FormatError("signature lines that do not re-format to themselves")
    return signatures


def sign_note(
    text: str, signers: Iterable[NoteSigner], others: Iterable[NoteSignature] = ()
) -> bytes:
    """Sign `text`, which ends in a newline; the signatures of `others` follow unverified."""
    _check_text(text)
    ours = [
        NoteSignature(signer.verifier.name, signer.verifier.key_id, signer.sign(text.encode()))
        for signer in signers
    ]
    return format_note(Note(text, (*ours, *others)))


def open_note(data: bytes, verifiers: Sequence[NoteVerifier]) -> Note:
    """Read a note and verify every signature of a known key.

    The note returned holds the verified signatures only, one for each of the keys that signed.
    Raises FormatError for bytes that are no note; ProofError when a known key's signature does not
    verify, and when no known key signed (c2sp.org/signed-note#signatures).
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(known) != len(verifiers):
        raise ProofError("two verifiers have the same name and key ID")
    note = parse_note(data)
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    for signature in note.signatures:
        key = (signature.name, signature.key_id)
        if key in known:  # "MUST ignore signatures from unknown keys"
            known[key].verify(note.text.encode(), signature.value)
            verified.setdefault(key, signature)
    if not verified:
        raise ProofError("no known key signed the note")
    return Note(note.text, tuple(verified.values()))


def encode_base64(data: bytes) -> str:
    """Write standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Read what `encode_base64` writes; raise FormatError for any other spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"not base64: {text[:80]!r}") from None
    if encode_base64(data) != text:  # b64decode accepts stray bits in the last character
        raise FormatError(f"not the one spelling in base64: {text[:80]!r}")
    return data


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise FormatError("a note's text ends in a newline")
    if any(c < " " and c != "\n" for c in text):
        raise FormatError("a note holds no control character but newline")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormatError("a note is UTF-8") from None


def _format_signature(signature: NoteSignature) -> str:
    check_key_name(signature.name)
    if len(signature.key_id) != _KEY_ID_SIZE or not signature.value:
        raise FormatError("a signature is a key ID of 4 bytes and at least one byte more")
    return f"{_DASH}{signature.name} {encode_base64(signature.key_id + signature.value)}\n"


def _parse_signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise FormatError(f"not a signature line: {line[:80]!r}")
    data = decode_base64(encoded)
    return NoteSignature(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])
