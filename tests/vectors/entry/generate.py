"""Make the entries of this folder anew: `python -m tests.vectors.entry.generate`.

Everything is fixed (the key, the times, the digests), so the same bytes come out each time.
"""

from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.entry import (
    Correction,
    Custody,
    Derivation,
    Erasure,
    KeyRevocation,
    ManifestIdentity,
    Registration,
    Statement,
    Withdrawal,
    format_entry,
)
from ledger.merkle import leaf_hash
from ledger.private import PrivateRecord
from ledger.vocabulary import Digest, digest_of

HERE = Path(__file__).parent
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TIME = 1_763_800_000  # 2025-11-22T08:26:40Z
ASSET, SOURCE = digest_of(b"the signed file"), digest_of(b"the file before it was signed")
RECORD = PrivateRecord({"file_name": (b"\x5a" * 32, "rocket.jpg")})


def statements() -> dict[str, Statement]:
    """Return one statement of each kind, each about what the first registers."""
    registration = Registration(
        subject=ASSET,
        time=TIME,
        size=124_479,
        media_type="image/jpeg",
        source=SOURCE,
        manifest=ManifestIdentity(
            "urn:c2pa:00000000-0000-4000-8000-000000000000",
            digest_of(b"the claim"),
            digest_of(b"the hard binding"),
            digest_of(b"the certificate"),
        ),
        commitments=RECORD.commitments(),
    )
    previous = Digest(leaf_hash(format_entry(registration, KEY)))
    return {
        "registration": registration,
        "registration-bare": Registration(
            subject=SOURCE, time=TIME, size=112_000, media_type="image/jpeg"
        ),
        "derivation": Derivation(
            subject=digest_of(b"an edit"), time=TIME + 1, parents=(ASSET, SOURCE)
        ),
        "withdrawal": Withdrawal(
            subject=ASSET, time=TIME + 2, previous=previous, reason="The scene was staged."
        ),
        "correction": Correction(
            subject=ASSET, time=TIME + 3, previous=previous, note="Taken in 1969, not in 2025."
        ),
        "key-revocation": KeyRevocation(
            subject=digest_of(b"the certificate"),
            time=TIME + 4,
            since=TIME - 60,
            reason="The camera was stolen.",
        ),
        "custody": Custody(
            subject=ASSET,
            time=TIME + 5,
            previous=previous,
            giver=digest_of(b"the certificate"),
            receiver=digest_of(b"the archive's key"),
            commitments=RECORD.commitments(),
        ),
        "erasure": Erasure(
            subject=ASSET,
            time=TIME + 6,
            previous=previous,
            erased=previous,
            reason="At the request of a person shown.",
        ),
    }


def diagnostic(entry: bytes) -> str:
    """Write an entry in CBOR diagnostic notation (RFC 8949 section 8), a field a line."""
    protected, _, payload, signature = cbor2.loads(entry).value
    headers, said = _fields(cbor2.loads(protected), 2), _fields(cbor2.loads(payload), 2)
    return f"18([\n  <<{headers}>>,\n  {{}},\n  <<{said}>>,\n  h'{signature.hex()}'\n])"


def _fields(value: dict[object, object], depth: int) -> str:
    margin = "  " * depth
    lines = (
        f"{margin}{_value(name, depth)}: {_value(each, depth)}" for name, each in value.items()
    )
    return "{\n" + ",\n".join(lines) + "\n" + margin[2:] + "}"


def _value(value: object, depth: int) -> str:
    match value:
        case dict():
            return _fields(value, depth + 1)
        case bytes():
            return f"h'{value.hex()}'"
        case str():
            return f'"{value}"'
        case None:
            return "null"
        case _:
            return str(value)


def main() -> None:
    """Write `<name>.hex` for each."""
    for name, statement in statements().items():
        (HERE / f"{name}.hex").write_text(format_entry(statement, KEY).hex() + "\n")


if __name__ == "__main__":
    main()
