"""What one leaf of the log says: a COSE-signed statement, version first, one class a kind.

Only digests and salted commitments stand in an entry; the opened values live in the private store.
Every statement names its subject and the leaf hash of the entry before it about the same subject,
so that the custody of one asset can be followed by hand. docs/formats/entry.md has the format.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .cbor import decode_cbor, encode_cbor
from .cose import open1, sign1, split_unverified
from .errors import FormatError
from .vocabulary import Digest

CONTENT_TYPE = "application/vnd.firsthand.entry+cbor"
VERSION = 1
MAX_TEXT = 1000  # characters; a correction is a sentence, not an article
_NAME = re.compile(r"[a-z][a-z_]{0,39}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")


@dataclass(frozen=True, slots=True)
class ManifestIdentity:
    """Which C2PA manifest a registered asset carries: by its claim, not by the file's bytes.

    An update manifest has no hard binding of its own; a certificate is named by who signed.
    """

    label: str
    claim: Digest
    hard_binding: Digest | None
    certificate: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What every kind of entry says.

    `subject` is the digest of the registered file (of the public key, for a key revocation);
    `time` is the issuer's own clock, in seconds since 1970-01-01 UTC;
    `previous` is the leaf hash of the entry before this one about the same subject.
    """

    kind: ClassVar[str]
    subject: Digest
    time: int
    previous: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Statement):
    """These bytes were registered; `source` is the digest of the file before it was signed."""

    kind: ClassVar[str] = "registration"
    size: int
    media_type: str
    source: Digest | None = None
    manifest: ManifestIdentity | None = None
    commitments: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation(Statement):
    """The subject was made from the assets that `parents` registered (digests of their files)."""

    kind: ClassVar[str] = "derivation"
    parents: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Statement):
    """The issuer no longer stands by the subject."""

    kind: ClassVar[str] = "withdrawal"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Statement):
    """A note of context about the subject: shown as one thing, it is another."""

    kind: ClassVar[str] = "correction"
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevocation(Statement):
    """What the subject (SHA-256 of a certificate or public key) signed from `since` on is void."""

    kind: ClassVar[str] = "key-revocation"
    since: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody(Statement):
    """The subject was handed from `giver` to `receiver` (SHA-256 of a public key or certificate).

    A `giver` of None is whoever had it before the first entry; names and places are commitments.
    """

    kind: ClassVar[str] = "custody"
    giver: Digest | None
    receiver: Digest
    commitments: Mapping[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure(Statement):
    """The private record behind the entry with leaf hash `erased` was forgotten: a tombstone.

    It stands for the missing record only where the key that made that entry made this one too.
    """

    kind: ClassVar[str] = "erasure"
    erased: Digest
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement whose signature verified, and the Ed25519 public key (32 bytes) that made it."""

    statement: Statement
    key: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedEntry:
    """A statement, and the public key that is said to have made it: nobody has checked that."""

    statement: Statement
    key: bytes


def format_entry(statement: Statement, key: Ed25519PrivateKey) -> bytes:
    """Sign a statement into the bytes that become one leaf."""
    common = {
        "version": VERSION,
        "kind": statement.kind,
        "subject": statement.subject.value,
        "time": statement.time,
        "previous": _optional(statement.previous),
    }
    payload = encode_cbor(common | _format_body(statement))
    parse_statement(payload)  # nothing is signed that would not be read back
    return sign1(payload, CONTENT_TYPE, key)


@lru_cache(64)  # a verification meets the same few entries at several of its steps
def parse_entry(entry: bytes) -> Entry:
    """Read what `format_entry` writes.

    Raises FormatError for any other shape or spelling, ProofError for a wrong signature.
    """
    signed = open1(entry, CONTENT_TYPE)
    return Entry(parse_statement(signed.payload), signed.key)


def parse_unverified_entry(entry: bytes) -> UnverifiedEntry:
    """Read an entry as `parse_entry` does, but for its signature; raises FormatError."""
    signed = split_unverified(entry, CONTENT_TYPE)
    return UnverifiedEntry(parse_statement(signed.payload), signed.key)


def _format_body(statement: Statement) -> dict[str, object]:
    match statement:
        case Registration(size=size, media_type=media_type, manifest=manifest):
            return {
                "size": size,
                "media_type": media_type,
                "source": _optional(statement.source),
                "manifest": manifest and _format_manifest(manifest),
                "commitments": {name: d.value for name, d in statement.commitments.items()},
            }
        case Derivation(parents=parents):
            return {"parents": [parent.value for parent in parents]}
        case Withdrawal(reason=reason):
            return {"reason": reason}
        case Correction(note=note):
            return {"note": note}
        case KeyRevocation(since=since, reason=reason):
            return {"since": since, "reason": reason}
        case Custody(giver=giver, receiver=receiver, commitments=commitments):
            return {
                "giver": _optional(giver),
                "receiver": receiver.value,
                "commitments": {name: d.value for name, d in commitments.items()},
            }
        case Erasure(erased=erased, reason=reason):
            return {"erased": erased.value, "reason": reason}
        case _:
            raise TypeError(f"no such kind of entry: {type(statement).__name__}")


def _format_manifest(manifest: ManifestIdentity) -> dict[str, object]:
    return {
        "label": manifest.label,
        "claim": manifest.claim.value,
        "hard_binding": _optional(manifest.hard_binding),
        "certificate": _optional(manifest.certificate),
    }


def _optional(digest: Digest | None) -> bytes | None:
    return None if digest is None else digest.value


def parse_statement(payload: bytes) -> Statement:
    """Read what the signature of an entry signs; raises FormatError."""
    fields = _Fields(decode_cbor(payload))
    if fields.integer("version") != VERSION:
        raise FormatError(f"an entry of another version than {VERSION}")
    kind = fields.text("kind")
    subject, time = fields.digest("subject"), fields.integer("time")
    previous = fields.optional_digest("previous")
    statement: Statement
    match kind:
        case Registration.kind:
            statement = Registration(
                subject=subject,
                time=time,
                previous=previous,
                size=fields.integer("size"),
                media_type=fields.matching("media_type", _MEDIA_TYPE),
                source=fields.optional_digest("source"),
                manifest=_parse_manifest(fields.take("manifest")),
                commitments=_parse_commitments(fields.take("commitments")),
            )
        case Derivation.kind:
            parents = fields.digests("parents")
            statement = Derivation(subject=subject, time=time, previous=previous, parents=parents)
        case Withdrawal.kind:
            reason = fields.text("reason")
            statement = Withdrawal(subject=subject, time=time, previous=previous, reason=reason)
        case Correction.kind:
            note = fields.text("note")
            statement = Correction(subject=subject, time=time, previous=previous, note=note)
        case KeyRevocation.kind:
            since, reason = fields.integer("since"), fields.text("reason")
            statement = KeyRevocation(
                subject=subject, time=time, previous=previous, since=since, reason=reason
            )
        case Custody.kind:
            statement = Custody(
                subject=subject,
                time=time,
                previous=previous,
                giver=fields.optional_digest("giver"),
                receiver=fields.digest("receiver"),
                commitments=_parse_commitments(fields.take("commitments")),
            )
        case Erasure.kind:
            erased, reason = fields.digest("erased"), fields.text("reason")
            statement = Erasure(
                subject=subject, time=time, previous=previous, erased=erased, reason=reason
            )
        case _:
            raise FormatError(f"no such kind of entry: {kind!r}")
    fields.nothing_left()
    return statement


def _parse_manifest(value: object) -> ManifestIdentity | None:
    if value is None:
        return None
    fields = _Fields(value)
    manifest = ManifestIdentity(
        label=fields.text("label"),
        claim=fields.digest("claim"),
        hard_binding=fields.optional_digest("hard_binding"),
        certificate=fields.optional_digest("certificate"),
    )
    fields.nothing_left()
    return manifest


def _parse_commitments(value: object) -> dict[str, Digest]:
    fields = _Fields(value)
    commitments = {name: fields.digest(name) for name in fields.names()}
    fields.nothing_left()
    for name in commitments:
        if not _NAME.fullmatch(name):
            raise FormatError(f"not the name of a commitment: {name!r}")
    return commitments


_MISSING = object()


class _Fields:
    """A CBOR map that must hold just the fields that are asked of it, each of its type."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise FormatError("not a map of named fields")
        self._left: dict[object, object] = dict(value)

    def take(self, name: str) -> object:
        value = self._left.pop(name, _MISSING)
        if value is _MISSING:
            raise FormatError(f"the field {name!r} is missing")
        return value

    def names(self) -> list[str]:
        return [name for name in self._left if isinstance(name, str)]

    def integer(self, name: str) -> int:
        value = self._left.pop(name, _MISSING)
        if type(value) is not int or not 0 <= value < 1 << 53:
            raise FormatError(f"the field {name!r} is not a whole number below 2^53")
        return value

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
            raise FormatError(f"the field {name!r} is not a text of 1 to {MAX_TEXT} characters")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise FormatError(f"the field {name!r} does not read as one")
        return value

    def digest(self, name: str) -> Digest:
        value = self._left.pop(name, _MISSING)
        if not isinstance(value, bytes):
            raise FormatError(f"the field {name!r} is not a digest")
        return Digest(value)

    def optional_digest(self, name: str) -> Digest | None:
        if self._left.get(name, _MISSING) is not None:
            return self.digest(name)
        del self._left[name]
        return None

    def digests(self, name: str) -> tuple[Digest, ...]:
        value = self.take(name)
        if not isinstance(value, list) or not 0 < len(value) <= 100:
            raise FormatError(f"the field {name!r} is not a list of 1 to 100 digests")
        return tuple(_Fields({name: item}).digest(name) for item in value)

    def nothing_left(self) -> None:
        if self._left:
            raise FormatError(
                f"a field that this version does not know: {next(iter(self._left))!r}"
            )
