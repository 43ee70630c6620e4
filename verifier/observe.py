"""Looks at a file: the one place where a verification touches the disk and the sandbox."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ledger.asset import Kind, read_asset_file
from ledger.errors import FirsthandError, FormatError
from ledger.jumbf import ClaimIdentity
from ledger.proof import LogProof, parse_log_proof
from ledger.vocabulary import Digest, Fingerprint, Outcome

from . import _c2pa
from .compare.compare import Engines, Kept, Medium, compare_in
from .compare.engines import ENGINES
from .compare.result import Comparison
from .errors import Unreadable
from .fingerprint import compute_in
from .judgement import Bench, judge
from .manifest import ManifestReading, parse_reading
from .media.limits import limits_for
from .media.sandbox import Sandbox
from .search import Suspect
from .trust import Kind as ListKind
from .trust import TrustList, of_kind

SIDECAR_SUFFIX = ".c2pa"
PROOF_SUFFIX = ".tlog-proof"
_MAX_PROOF = 1 << 20  # bytes


def observe(
    path: Path,
    sandbox: Sandbox,
    trust_lists: Sequence[TrustList],
    *,
    name: str | None = None,
    proof: Path | None = None,
    engines: Engines = ENGINES,
    bench: Bench | None = None,
) -> Suspect:
    """Look at the file at `path`, with its sidecar and its log proof where they lie beside it.

    `name` is what to call it (its path, if not given); `bench` is what its signer is judged by, if
    not by the lists alone and at the present time. Raises AssetError where there is no such
    file, FormatError where `proof` was named and does not read as one.
    """
    asset = read_asset_file(path)
    media_type = asset.media_type.name
    reading, claim = read_manifest(path, media_type, sandbox, trust_lists, find_sidecar(path))
    bench = bench or Bench(lists=trust_lists, clock=datetime.now(UTC))
    reading = judge(reading, replace(bench, lists=trust_lists))

    @cache
    def fingerprints() -> Sequence[Fingerprint]:
        return compute_in(sandbox, path, asset.media_type, limits=limits_for(asset.size))

    def compare(kind: Kind, kept: Sequence[Fingerprint]) -> Comparison:
        return compare_in(sandbox, Kept(kind, tuple(kept)), Medium(path, asset), engines)

    beside = _proof(path, proof)
    return Suspect(name or str(path), asset, reading, claim, fingerprints, compare, beside)


def find_sidecar(path: Path) -> Path | None:
    """Return the manifest store that lies beside the file at `path`, if one does."""
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    with contextlib.suppress(OSError):  # such as a name that is too long for one
        if sidecar.is_file():
            return sidecar
    return None


def read_manifest(
    path: Path,
    media_type: str,
    sandbox: Sandbox,
    trust_lists: Sequence[TrustList],
    sidecar: Path | None = None,
) -> tuple[ManifestReading, ClaimIdentity | None]:
    """Step 1: read the manifest store, in the sandbox, against the lists of claim signers."""
    anchors = {each.name: each.pem for each in of_kind(trust_lists, ListKind.CLAIM_SIGNERS)}
    try:
        answer = sandbox.run(
            # Resolved here: a name such as /dev/stdin means another file in another process.
            _c2pa.read,
            str(path.resolve()),
            str(sidecar.resolve()) if sidecar else None,
            media_type,
            anchors,
        )
    except Unreadable as problem:
        # It crashed or was stopped: that says nothing about a manifest.
        return ManifestReading(Outcome.NOT_CHECKED, problem.message), None
    if not isinstance(answer, dict):  # whatever the engine became when it read the file
        answer = {}
    return parse_reading(answer, _c2pa.LIST_URI), parse_claim(answer.get("identity"))


def engine_versions() -> dict[str, str]:
    """Return what judges the manifests, by name and version."""
    return {"c2pa": _c2pa.engine_version()}


def parse_claim(identity: object) -> ClaimIdentity | None:
    """Turn what `_c2pa.read` says of the claim into a value; None for what is none."""
    with contextlib.suppress(FormatError):
        return _claim(identity)
    return None


def _claim(identity: object) -> ClaimIdentity | None:
    match identity:
        case [str() as label, bytes() as claim, None]:
            return ClaimIdentity(label, Digest(claim), None)
        case [str() as label, bytes() as claim, bytes() as binding]:
            return ClaimIdentity(label, Digest(claim), Digest(binding))
        case _:
            return None


def _proof(path: Path, named: Path | None) -> LogProof | None:
    beside = named or path.with_name(path.name + PROOF_SUFFIX)
    try:
        with beside.open("rb") as stream:
            return parse_log_proof(stream.read(_MAX_PROOF))
    except FormatError:
        if named:
            raise
        return None  # what lies beside a stranger's file decides nothing
    except OSError as problem:
        if named:
            said = f"{named} cannot be read ({problem.strerror})"
            raise FirsthandError(said, "check the name") from None
        return None
