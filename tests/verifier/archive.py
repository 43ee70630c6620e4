"""A real log with its catalogue, asked as a verification asks it, and who fills it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.asset import read_asset_file
from ledger.catalogue import Catalogue
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import ManifestIdentity, Registration, Statement, format_entry
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.note import Ed25519NoteSigner, NoteVerifier
from ledger.policy import Policy
from ledger.private import PrivateRecord, seal
from ledger.proof import LogProof
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage
from ledger.subjects import Found, Role
from ledger.vocabulary import Digest, Fingerprint
from signer import SignedAsset
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.match import Match

ORIGIN = "log.example/firsthand"
SEED = bytes(range(32))
REGISTRAR = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
NOW = 1_750_000_000  # seconds since 1970


class Common(TypedDict):
    """What every statement says."""

    time: int
    previous: Digest | None


class Archive:
    """A `verifier.logged.Ledger` over a log in memory and a catalogue in SQLite."""

    def __init__(self, folder: Path, *, seed: bytes = SEED) -> None:
        self.signer = Ed25519NoteSigner(ORIGIN, seed)
        self.log = Log(MemoryLogStorage(), MemoryTileStorage(), self.signer)
        self.catalogue = Catalogue(f"sqlite:///{folder / 'private.sqlite'}")
        self.registrars = frozenset({REGISTRAR.public_key().public_bytes_raw()})
        self.index = FingerprintIndex()
        self.policy: Policy | None = None
        self.tells_private = True
        self.remembered: bytes | None = None
        self._salts = itertools.count()

    # What a verification asks.

    @property
    def origin(self) -> str:
        return self.log.origin

    @property
    def log_key(self) -> NoteVerifier:
        return self.signer.verifier

    def find_each(self, digests: Sequence[Digest]) -> Sequence[Sequence[Found]]:
        self.catalogue.follow(self.log)
        return self.catalogue.find_each(digests)

    def entry(self, index: int) -> bytes:
        return self.log.entry(index)

    def prove(self, index: int) -> LogProof:
        return self.log.prove(index)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return self.log.consistency(old, new)

    def title(self, index: int) -> str | None:
        record = self.catalogue.private_record(index)
        value = record and record.value("title")
        return value if isinstance(value, str) else None

    def private(self, index: int) -> PrivateRecord | None:
        self.catalogue.follow(self.log)
        return self.catalogue.private_record(index)

    def similar(self, fingerprints: Sequence[Fingerprint]) -> Sequence[Match]:
        return self.index.search(fingerprints)

    def accepted(self) -> Checkpoint | None:
        if self.remembered is None:
            return None
        return open_checkpoint(self.remembered, self.log_key, self.origin)

    def accept(self, note: bytes) -> None:
        self.remembered = note

    # What a registrar does.

    def register(
        self,
        path: Path,
        signed: SignedAsset | None = None,
        *,
        source: Path | None = None,
        fingerprints: Sequence[Fingerprint] = (),
        title: str | None = None,
        more: Mapping[str, object] | None = None,
        key: Ed25519PrivateKey = REGISTRAR,
        time: int = NOW,
    ) -> int:
        """Enter the registration of a file; return its index. `more` is kept in private."""
        asset = read_asset_file(path)
        opened = {
            "title": title,
            "fingerprints": [[f.algorithm, f.version, f.bits] for f in fingerprints] or None,
            **(more or {}),
        }
        sealed = seal(opened, lambda size: next(self._salts).to_bytes(size))
        statement = Registration(
            subject=asset.digest,
            size=asset.size,
            media_type=asset.media_type.name,
            source=read_asset_file(source).digest if source else None,
            manifest=identity_of(signed) if signed else None,
            commitments=sealed.commitments(),
            **self.common(asset.digest, time),
        )
        index = self.enter(statement, key, sealed)
        self.index.add(index, fingerprints)
        return index

    def enter(
        self,
        statement: Statement,
        key: Ed25519PrivateKey = REGISTRAR,
        record: PrivateRecord | None = None,
    ) -> int:
        """Sign a statement and append it; return its index."""
        entry = format_entry(statement, key)
        if record is not None:
            self.catalogue.keep(entry, record)
        [index] = self.log.append([entry])
        return index

    def common(self, subject: Digest, time: int = NOW) -> Common:
        """Return the time and the leaf hash of the newest entry about the subject."""
        [found] = self.find_each([subject])
        about = [each.index for each in found if each.role is Role.SUBJECT]
        previous = Digest(leaf_hash(self.log.entry(about[-1]))) if about else None
        return {"time": time, "previous": previous}

    def proof(self, index: int) -> LogProof:
        """Return the proof that lies beside a registered file, the entry within."""
        return replace(self.log.prove(index), extra=self.log.entry(index))


def identity_of(signed: SignedAsset) -> ManifestIdentity:
    """Return what an entry says of a signed file's manifest."""
    return ManifestIdentity(
        signed.label, signed.claim_digest, signed.hard_binding_digest, signed.certificate_digest
    )
