"""Looks at a file: the one place where a verification touches the disk and the sandbox."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ledger.asset import (
    HEAD_SIZE,
    Asset,
    Kind,
    MediaType,
    detect_media_type,
    read_asset_file,
)
from ledger.errors import FirsthandError, FormatError
from ledger.jumbf import ClaimIdentity
from ledger.proof import LogProof, parse_log_proof
from ledger.vocabulary import Digest, Fingerprint, Outcome

from . import _c2pa
from .apart import judge_apart
from .asking import Asking, answer
from .compare.compare import Engines, Kept, Medium, compare_in
from .compare.engines import ENGINES
from .compare.result import Comparison
from .detector.examine import examine_in
from .detector.result import Examination
from .errors import Unreadable
from .fingerprint import compute_in
from .identities import find_look_alikes, judge_identities
from .judgement import Bench, judge
from .lineage import judge_lineage
from .manifest import ManifestReading, parse_reading
from .media.limits import limits_for
from .media.sandbox import Sandbox
from .reading import Reading
from .search import Suspect
from .trust import Kind as ListKind
from .trust import TrustList, of_kind

SIDECAR_SUFFIX = ".c2pa"
PROOF_SUFFIX = ".tlog-proof"
_MAX_PROOF = 1 << 20  # bytes
_LONG = 1 << 24  # bytes


def observe(path: Path, sandbox: Sandbox, trust_lists: Sequence[TrustList], **how: Any) -> Suspect:
    """Look at one file, by all that `observing` is told."""
    return answer(observing(path, sandbox, trust_lists, **how), sandbox.ask)


def observing(
    path: Path,
    sandbox: Sandbox,
    trust_lists: Sequence[TrustList],
    *,
    name: str | None = None,
    proof: Path | None = None,
    engines: Engines = ENGINES,
    bench: Bench | None = None,
    detect: bool = False,
) -> Asking[Suspect]:
    """Look at the file at `path`, with its sidecar and its log proof where they lie beside it.

    `name` is what to call it (its path, if not given); `bench` is what its signer is judged by, if
    not by the lists alone and at the present time; with `detect` the detector may be asked. Raises
    AssetError where there is no such file, FormatError where `proof` was named and is none.
    """
    asset, reading, claim = yield from _looking(path, sandbox, trust_lists)
    bench = bench or Bench(lists=trust_lists, clock=datetime.now(UTC))
    bench = replace(bench, lists=trust_lists)
    for step in (judge, judge_lineage, judge_apart, judge_identities, find_look_alikes):
        reading = step(reading, bench)

    @cache
    def fingerprints() -> Sequence[Fingerprint]:
        return compute_in(sandbox, path, asset.media_type, limits=limits_for(asset.size))

    def compare(kind: Kind, kept: Sequence[Fingerprint]) -> Comparison:
        return compare_in(sandbox, Kept(kind, tuple(kept)), Medium(path, asset), engines)

    def examine() -> Examination:
        return examine_in(sandbox, path, asset.media_type, limits=limits_for(asset.size))

    return Suspect(
        name=name or str(path),
        asset=asset,
        reading=reading,
        claim=claim,
        fingerprints=fingerprints,
        compare=compare,
        proof=_proof(path, proof),
        examine=examine if detect else None,
    )


def _looking(
    path: Path, sandbox: Sandbox, trust_lists: Sequence[TrustList]
) -> Asking[tuple[Asset, ManifestReading, ClaimIdentity | None]]:
    """Hash a file and read its manifest; where it is long both at once, for both read all of it."""

    def reading(media_type: MediaType) -> Asking[tuple[ManifestReading, ClaimIdentity | None]]:
        return _reading(path, media_type.name, sandbox, trust_lists, find_sidecar(path))

    if not _is_long(path):
        asset = read_asset_file(path)
        return asset, *(yield from reading(asset.media_type))
    with path.open("rb") as stream:
        media_type = detect_media_type(stream.read(HEAD_SIZE))
    with ThreadPoolExecutor(1) as beside:
        hashed = beside.submit(read_asset_file, path)
        answered = answer(reading(media_type), sandbox.ask)
        return hashed.result(), *answered


def _is_long(path: Path) -> bool:
    with contextlib.suppress(OSError):  # which reading it says better
        return path.is_file() and path.stat().st_size > _LONG
    return False


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
    return answer(_reading(path, media_type, sandbox, trust_lists, sidecar), sandbox.ask)


def _reading(
    path: Path,
    media_type: str,
    sandbox: Sandbox,
    trust_lists: Sequence[TrustList],
    sidecar: Path | None,
) -> Asking[tuple[ManifestReading, ClaimIdentity | None]]:
    anchors = {each.name: each.pem for each in of_kind(trust_lists, ListKind.CLAIM_SIGNERS)}
    try:
        told = yield from Reading(
            # Resolved here: a name such as /dev/stdin means another file in another process.
            str(path.resolve()),
            str(sidecar.resolve()) if sidecar else None,
            media_type,
            anchors,
            sandbox.ask,
        ).asking()
    except Unreadable as problem:
        # It crashed or was stopped: that says nothing about a manifest.
        return ManifestReading(Outcome.NOT_CHECKED, problem.message), None
    return parse_reading(told, _c2pa.LIST_URI), parse_claim(told.get("identity"))


def engine_versions() -> dict[str, str]:
    """Return what judges the manifests, by name and version."""
    return {"c2pa": _c2pa.engine_version()}


def parse_claim(identity: object) -> ClaimIdentity | None:
    """Turn what `Reading.read` says of the claim into a value; None for what is none."""
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
