"""Values that all four packages speak in: frozen, with one spelling each."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import FormatError

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class Outcome(StrEnum):
    """What one check came to. Absent, unreadable, failed and not checked are four answers."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256 digest: 32 bytes."""

    value: bytes

    def __post_init__(self) -> None:
        """Refuse anything but 32 bytes."""
        if len(self.value) != 32:
            raise FormatError(f"a SHA-256 digest has 32 bytes, not {len(self.value)}")

    @property
    def hex(self) -> str:
        """64 lower-case hexadecimal digits."""
        return self.value.hex()

    def __str__(self) -> str:
        return format_digest(self)


def digest_of(data: bytes) -> Digest:
    """SHA-256 of `data`."""
    return Digest(hashlib.sha256(data).digest())


def format_digest(digest: Digest) -> str:
    """`sha256:` and 64 lower-case hexadecimal digits."""
    return f"sha256:{digest.hex}"


def parse_digest(text: str) -> Digest:
    """Read what `format_digest` writes; raise FormatError for any other spelling."""
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise FormatError(f"not a digest (sha256: and 64 hexadecimal digits): {text[:80]!r}")
    return Digest(bytes.fromhex(match[1]))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A perceptual fingerprint, comparable only with the same algorithm and version.

    `bits` is opaque here; its layout is documented and decoded by the algorithm's own module in
    `verifier.fingerprint` (a picture's hash, or a sequence of hashes with their times).
    """

    algorithm: str
    version: int
    bits: bytes
