"""What an entry commits to without saying it, and how the commitment is opened.

The public tree holds `commitment(name, salt, value)`; the salt and the value stay in the private
store, where one record can be forgotten while every proof over the tree still verifies.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .cbor import decode_cbor, encode_cbor
from .errors import FormatError, ProofError
from .vocabulary import Digest, Fingerprint

SALT_SIZE = 32
_DOMAIN = b"firsthand/commitment/v1\x00"


@dataclass(frozen=True, slots=True)
class PrivateRecord:
    """The opened values behind one entry: by name, the salt (32 bytes) and the CBOR value."""

    opened: Mapping[str, tuple[bytes, object]] = field(default_factory=dict)

    def value(self, name: str) -> object:
        """Return the value of that name, or None where the record has none."""
        return self.opened[name][1] if name in self.opened else None

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The fingerprints of the registered asset; raises FormatError for what are none."""
        values = self.value("fingerprints")
        if values is None:
            return ()
        if not isinstance(values, list):
            raise FormatError("not a list of fingerprints")
        return tuple(map(_parse_fingerprint, values))

    def commitments(self) -> dict[str, Digest]:
        """Return what the public entry says of this record."""
        return {name: commitment(name, salt, value) for name, (salt, value) in self.opened.items()}

    def check(self, commitments: Mapping[str, Digest]) -> None:
        """Raise ProofError unless this record opens just these commitments."""
        if self.commitments() != commitments:
            raise ProofError("the private record does not open the entry's commitments")


def _parse_fingerprint(value: object) -> Fingerprint:
    match value:
        case [str() as algorithm, int() as version, bytes() as bits]:
            return Fingerprint(algorithm, version, bits)
        case _:
            raise FormatError("not a fingerprint: an algorithm, its version, and bits")


def seal(values: Mapping[str, object], randomness: Callable[[int], bytes]) -> PrivateRecord:
    """Give every value that is not None a fresh salt; `randomness(n)` returns n random bytes."""
    return PrivateRecord(
        {
            name: (randomness(SALT_SIZE), value)
            for name, value in values.items()
            if value is not None
        }
    )


def commitment(name: str, salt: bytes, value: object) -> Digest:
    """SHA-256 over a domain, the 32-byte salt and the deterministic CBOR of [name, value]."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    return Digest(hashlib.sha256(_DOMAIN + salt + encode_cbor([name, value])).digest())


def format_private_record(record: PrivateRecord) -> bytes:
    """Deterministic CBOR: {name: [salt, value]}."""
    return encode_cbor({name: list(pair) for name, pair in record.opened.items()})


def parse_private_record(data: bytes) -> PrivateRecord:
    """Read what `format_private_record` writes; raise FormatError for anything else."""
    value = decode_cbor(data)
    if not isinstance(value, dict):
        raise FormatError("not a private record")
    opened: dict[str, tuple[bytes, object]] = {}
    for name, pair in value.items():
        match pair:
            case [bytes() as salt, opened_value] if (
                isinstance(name, str) and len(salt) == SALT_SIZE
            ):
                opened[name] = (salt, opened_value)
            case _:
                raise FormatError("not a private record")
    return PrivateRecord(opened)
