"""Signs files and enters statements about them in the log: what this home says to the world."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from ledger.asset import Asset, Kind, name_contradicts, read_asset_file
from ledger.catalogue import Catalogue
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
    parse_entry,
)
from ledger.errors import AssetError, UnknownEntry
from ledger.log import Log
from ledger.merkle import leaf_hash
from ledger.private import PrivateRecord, seal
from ledger.proof import format_log_proof
from ledger.reader import LogReader
from ledger.subjects import Role
from ledger.vocabulary import Digest, Fingerprint
from signer.errors import DestinationError
from signer.manifest import Statement as ManifestStatement
from signer.sign import sign_file
from verifier.errors import Unreadable
from verifier.fingerprint import compute_in
from verifier.media.capture import SelfSaid, self_said_in
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox
from verifier.observe import PROOF_SUFFIX, find_sidecar, read_manifest

from .errors import ServiceError
from .files import replace_file
from .home import Home

_NOT_DECODED = (Kind.OTHER, Kind.DOCUMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A file in the log: `proof` lies beside it; `again` says that it was in the log already."""

    path: Path
    asset: Asset
    index: int
    proof: bytes
    sidecar: Path | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Registrar:
    """The key of this home that signs entries, with all that it needs to make them."""

    home: Home
    log: Log
    catalogue: Catalogue
    sandbox: Sandbox
    clock: Callable[[], datetime]
    randomness: Callable[[int], bytes]

    def sign(
        self, source: Path, destination: Path, said: ManifestStatement, parent: Path | None = None
    ) -> Recorded:
        """Sign `source` into `destination`, and record that.

        The input is not touched and an existing destination not replaced. Raises a FirsthandError,
        with nothing left behind, where any part of it cannot be done.
        """
        asset, fingerprints, self_said = self._examine(source, source.name)
        signed = sign_file(
            source,
            destination,
            asset=asset,
            statement=said,
            claim_signer=self.home.claim_signer(),
            trust_anchors=self.home.anchors(),
            parent=parent,
            now=self.clock(),
        )
        manifest = ManifestIdentity(
            signed.label, signed.claim_digest, signed.hard_binding_digest, signed.certificate_digest
        )
        try:
            sealed = self._seal(source.name, said, fingerprints, self_said)
            recorded = self._register(signed.path, signed.asset, manifest, sealed, asset.digest)
        except BaseException:
            for path in (signed.path, signed.sidecar):
                if path is not None:
                    path.unlink(missing_ok=True)
            raise
        if parent is not None:
            self._derive(signed.asset.digest, parent)
        return replace(recorded, sidecar=signed.sidecar)

    def resume(
        self, source: Path, destination: Path, said: ManifestStatement, parent: Path | None = None
    ) -> Recorded:
        """Do what is left of `sign` after a call that was interrupted: at worst, all of it.

        Raises DestinationError where something else than a signed file lies at `destination`.
        """
        if not os.path.lexists(destination):
            return self.sign(source, destination, said, parent)
        asset = read_asset_file(destination)
        if self._manifest_of(destination, asset) is None:
            raise DestinationError(
                f"{destination} exists and was not signed", "name another folder with -o"
            )
        recorded = self.record(destination, said, source.name)
        if parent is not None:
            self._derive(asset.digest, parent)
        return replace(recorded, sidecar=find_sidecar(destination))

    def record(self, path: Path, said: ManifestStatement, name: str | None = None) -> Recorded:
        """Record a file as it is; one that is recorded already keeps its index.

        `name` is what the file is called, where `path` is only where an upload lies.
        """
        name = name or path.name
        asset, fingerprints, self_said = self._examine(path, name)
        sealed = self._seal(name, said, fingerprints, self_said)
        return self._register(path, asset, self._manifest_of(path, asset), sealed)

    def withdraw(self, index: int, reason: str) -> int:
        """Enter that this home no longer stands by the registration at `index`."""
        subject = self._registered_at(index).subject
        with self.home.entering():
            return self._enter(Withdrawal(subject=subject, reason=reason, **self._common(subject)))

    def correct(self, index: int, note: str) -> int:
        """Enter a note of context about the registration at `index`."""
        subject = self._registered_at(index).subject
        with self.home.entering():
            return self._enter(Correction(subject=subject, note=note, **self._common(subject)))

    def erase(self, index: int, reason: str) -> int:
        """Forget the private record behind entry `index`, and enter that it is forgotten.

        Raises UnknownEntry where there is none. What was interrupted is finished by asking again.
        """
        with self.home.entering():
            self.catalogue.follow(self.log)
            if self.catalogue.private_record(index) is None:
                self.catalogue.overwrite_erased()  # which may be what was interrupted
                raise UnknownEntry(f"no private record stands behind entry {index}")
            entry = self.log.entry(index)
            erased, subject = Digest(leaf_hash(entry)), parse_entry(entry).statement.subject
            found = self.catalogue.look_up(self.log, erased)
            tombstones = [each.index for each in found if each.role is Role.ERASED]
            if not tombstones:
                common = self._common(subject)
                statement = Erasure(subject=subject, erased=erased, reason=reason, **common)
                tombstones = [self._enter(statement)]
            self.home.index_path().unlink(missing_ok=True)  # it is made anew, without the record
            self.catalogue.forget(index)
        return tombstones[-1]

    def hand_over(self, index: int, giver: Digest | None, receiver: Digest) -> int:
        """Enter who handed the file registered at `index` to whom: SHA-256 of their keys."""
        subject = self._registered_at(index).subject
        with self.home.entering():
            common = self._common(subject)
            return self._enter(Custody(subject=subject, giver=giver, receiver=receiver, **common))

    def revoke(self, key: Digest, since: datetime, reason: str) -> int:
        """Enter that what a key signed since then is void.

        `key` is the SHA-256 of its certificate, or of the 32 bytes of a registrar's public key.
        """
        moment = int(since.timestamp())
        with self.home.entering():
            common = self._common(key)
            return self._enter(KeyRevocation(subject=key, since=moment, reason=reason, **common))

    def find_registration(
        self, digest: Digest, manifest: ManifestIdentity | None = None
    ) -> int | None:
        """Return the index under which these bytes are registered with that manifest, or None.

        A sidecar leaves the bytes as they are, so they may be signed, and recorded, more than once.
        """
        for found in self.catalogue.look_up(self.log, digest):
            if found.role is Role.SUBJECT:
                statement = parse_entry(self.log.entry(found.index)).statement
                if not isinstance(statement, Registration):
                    continue
                known = statement.manifest
                if manifest is None or (known and known.claim == manifest.claim):
                    return found.index
        return None

    def _examine(self, path: Path, name: str) -> tuple[Asset, Sequence[Fingerprint], SelfSaid]:
        """Read and decode a file before anything is said about it."""
        asset = read_asset_file(path)
        promised = name_contradicts(name, asset.media_type)
        if promised is not None:
            raise AssetError(
                f"{name} is named like {promised} and holds {asset.media_type}",
                f"rename it to end in {asset.media_type.extensions[0]}",
            )
        if asset.media_type.kind in _NOT_DECODED:
            return asset, (), SelfSaid()
        try:
            limits = limits_for(asset.size)
            found = compute_in(self.sandbox, path, asset.media_type, limits=limits)
            return asset, found, self_said_in(self.sandbox, path, asset.media_type)
        except Unreadable as problem:
            said = f"{name} cannot be decoded as {asset.media_type}: {problem.message}"
            raise type(problem)(said, problem.remedy or "give the whole file") from None

    def _manifest_of(self, path: Path, asset: Asset) -> ManifestIdentity | None:
        name, lists = asset.media_type.name, self.home.trust_lists()
        _, claim = read_manifest(path, name, self.sandbox, lists, find_sidecar(path))
        if claim is None:
            return None
        return ManifestIdentity(claim.label, claim.claim_digest, claim.hard_binding_digest, None)

    def _seal(
        self,
        name: str,
        said: ManifestStatement,
        fingerprints: Sequence[Fingerprint],
        self_said: SelfSaid,
    ) -> PrivateRecord:
        """Seal what is private; of time and place, the signer's word goes before the file's."""
        values: dict[str, object] = {
            "file_name": name,
            "title": said.title or None,
            "fingerprints": [[f.algorithm, f.version, f.bits] for f in fingerprints] or None,
        }
        if said.captured_at is not None:
            values |= {"capture_time": said.captured_at.isoformat()}
        elif self_said.time is not None:
            values |= {"capture_time": self_said.time, "capture_time_source": self_said.time_source}
        if (where := said.captured_where) is not None:
            values |= {"capture_place": [where.latitude, where.longitude]}
        elif self_said.place is not None:
            values |= {
                "capture_place": list(self_said.place),
                "capture_place_source": self_said.place_source,
                "capture_place_metres": self_said.metres,
            }
        return seal(values, self.randomness)

    def _register(
        self,
        path: Path,
        asset: Asset,
        manifest: ManifestIdentity | None,
        sealed: PrivateRecord,
        source: Digest | None = None,
    ) -> Recorded:
        """Enter the bytes, with that manifest, once, however many ask at once."""
        with self.home.entering():
            index = self.find_registration(asset.digest, manifest)
            again = index is not None
            if index is None:
                statement = Registration(
                    subject=asset.digest,
                    size=asset.size,
                    media_type=asset.media_type.name,
                    source=source,
                    manifest=manifest,
                    commitments=sealed.commitments(),
                    **self._common(asset.digest),
                )
                entry = format_entry(statement, self.home.registrar())
                self.catalogue.keep(entry, sealed)
                [index] = self.log.append([entry])
                self.catalogue.follow(self.log)
        proof = prove_entry(self.log, index)
        return Recorded(path=path, asset=asset, index=index, proof=proof, again=again)

    def _derive(self, subject: Digest, parent: Path) -> None:
        """Enter that the subject was made from the parent, unless that is entered."""
        parents = (read_asset_file(parent).digest,)
        with self.home.entering():
            for found in self.catalogue.look_up(self.log, subject):
                known = parse_entry(self.log.entry(found.index)).statement
                if isinstance(known, Derivation) and known.parents == parents:
                    return
            self._enter(Derivation(subject=subject, parents=parents, **self._common(subject)))

    def _enter(self, statement: Statement) -> int:
        [index] = self.log.append([format_entry(statement, self.home.registrar())])
        self.catalogue.follow(self.log)
        return index

    def _common(self, subject: Digest) -> "_Common":
        return {"time": int(self.clock().timestamp()), "previous": self._previous(subject)}

    def _previous(self, subject: Digest) -> Digest | None:
        """Return the leaf hash of the newest entry about the subject."""
        found = self.catalogue.look_up(self.log, subject)
        about = [each.index for each in found if each.role is Role.SUBJECT]
        return Digest(leaf_hash(self.log.entry(about[-1]))) if about else None

    def _registered_at(self, index: int) -> Registration:
        statement = parse_entry(self.log.entry(index)).statement
        if not isinstance(statement, Registration):
            raise UnknownEntry(f"entry {index} registers no file", "name the entry of a file")
        return statement


class _Common(TypedDict):
    time: int
    previous: Digest | None


def prove_entry(log: LogReader, index: int) -> bytes:
    """Return the log proof of an entry, the entry itself within as its extra data."""
    return format_log_proof(replace(log.prove(index), extra=log.entry(index)))


def proof_path(path: Path) -> Path:
    """Return where the log proof of the file at `path` lies: beside it."""
    return path.with_name(path.name + PROOF_SUFFIX)


def write_proof(recorded: Recorded) -> Path:
    """Write the log proof of a recorded file beside it; a proof is replaced by a newer one.

    Raises ServiceError where the folder cannot be written.
    """
    destination = proof_path(recorded.path)
    try:
        replace_file(destination, recorded.proof)
    except OSError as problem:
        raise ServiceError(
            f"{destination} cannot be written ({problem.strerror})",
            f"the file is recorded; for its proof: firsthand log prove {recorded.index}",
        ) from None
    return destination
