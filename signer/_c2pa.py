"""The C2PA engine (c2pa-python), and the only file here that imports it.

What the engine does not do for its caller is done here: its settings are checked (it ignores what
it does not know), it never reaches for the network, exceptions of the streams and of the claim
signer keep their own words (it loses them), and its None never gets out.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import c2pa

from ledger.asset import (
    AVI,
    AVIF,
    FLAC,
    GIF,
    HEIC,
    JPEG,
    M4A,
    MOV,
    MP3,
    MP4,
    PDF,
    PNG,
    TIFF,
    UNKNOWN,
    WAV,
    WEBP,
    MediaType,
)
from ledger.errors import AssetError

from .boxes import has_one_media_data_box
from .certificates import SIGNING_PURPOSES
from .errors import ClaimSignerError, EngineError, SigningError
from .keys import ClaimSigner
from .manifest import JSON, PARENT

_T = TypeVar("_T")

EMBEDDABLE = frozenset(
    (JPEG, PNG, WEBP, TIFF, GIF, AVIF, HEIC, MP4, MOV, AVI, WAV, MP3, FLAC, M4A, PDF)
)
# The media data are hashed in blocks: verifying 503 MB then takes 7 MB of memory, not 485, and a
# changed byte is told to within a block. All hashes lie in the manifest, 33 bytes each.
_MOST_BLOCKS = 256
_BLOCKS = range(16, 1024 + 1)  # KiB: no smaller, and no larger
# The types whose hard binding is a BMFF hash.
_BOXED = frozenset((AVIF, HEIC, MP4, MOV, M4A))

# What the engine understands of what we set; it would ignore a misspelt key without a word.
_KNOWN_SETTINGS: Mapping[str, frozenset[str]] = {
    "version": frozenset(),
    "trust": frozenset({"trust_config", "anchors"}),
    "verify": frozenset({"remote_manifest_fetch", "ocsp_fetch", "verify_trust"}),
    "core": frozenset(
        {"allowed_network_hosts", "merkle_tree_chunk_size_in_kb", "merkle_tree_max_proofs"}
    ),
    "builder": frozenset({"thumbnail", "bmff_hash_exclude_free_and_skip_boxes"}),
}


class State(StrEnum):
    """The engine's validation states (C2PA 2.3, 14.3): each includes the one before."""

    INVALID = "Invalid"
    VALID = "Valid"
    TRUSTED = "Trusted"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader that holds only the trust anchors makes of a file.

    successes: status codes of the active manifest. failures: status codes of the active manifest
    and of every ingredient recorded in the store. results: the engine's own record.
    """

    label: str
    state: State
    successes: frozenset[str]
    failures: tuple[str, ...]
    results: JSON = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parent:
    """The asset that this one was made from, as the `parentOf` ingredient.

    manifest_store: where it lies beside the file, not in it. reading: None when it has no manifest.
    """

    path: Path
    media_type: MediaType
    manifest_store: bytes | None
    reading: Reading | None


def block_size(size: int) -> int:
    """Return in blocks of how many KiB the media data of a file of `size` bytes are hashed."""
    block = _BLOCKS.start
    while block < _BLOCKS[-1] and block << 10 < size / _MOST_BLOCKS:
        block *= 2
    return block


def engine_settings(trust_anchors: str, *, block: int | None = None) -> JSON:
    """Build the settings for signing and for reading back; `trust_anchors` is PEM.

    block: hash the media data in blocks of so many KiB.

    Only the manifest trust list is set: the engine pools its lists, so a time-stamp authority's
    root here would vouch for claim signers too.
    """
    # The global key must name every purpose, or leaves for claim signing read Invalid.
    purposes = "\n".join(purpose.dotted_string for purpose in SIGNING_PURPOSES)
    anchors = {"trust_kind": "manifest", "trust_uri": "urn:c2pa", "trust_anchors": trust_anchors}
    merkle: JSON = {}
    if block is not None:
        merkle = {"merkle_tree_chunk_size_in_kb": block, "merkle_tree_max_proofs": 0}
    settings: JSON = {
        "version": 1,
        "trust": {"trust_config": purposes, "anchors": [anchors]},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []} | merkle,
        "builder": {
            "thumbnail": {"enabled": False},
            "bmff_hash_exclude_free_and_skip_boxes": False,
        },
    }
    check_settings(settings)
    return settings


def check_settings(settings: Mapping[str, object]) -> None:
    """Raise EngineError for a setting that the engine does not know, and would ignore."""
    for section, values in settings.items():
        known = _KNOWN_SETTINGS.get(section)
        if known is None:
            raise EngineError(f"the C2PA engine has no settings called {section!r}")
        for name in values if isinstance(values, Mapping) else ():
            if name not in known:
                raise EngineError(f"the C2PA engine has no setting called {section}.{name!r}")


@dataclass(frozen=True, slots=True)
class Request:
    """What to sign, with what: the same for a file that carries its manifest and for a sidecar."""

    definition: JSON
    claim_signer: ClaimSigner
    media_type: MediaType
    parent: Parent | None
    trust_anchors: str


def embed(source: Path, destination: BinaryIO, request: Request) -> bytes:
    """Write `source` with its signed manifest inside to `destination`; return the manifest store.

    Raises EngineError when the engine refuses, ClaimSignerError when the claim signer raised,
    AssetError when `source` cannot be read, and OSError when `destination` cannot be written.
    """
    # Where a file has several `mdat`, the engine (0.91.3) reads one and the same file as Trusted at
    # one time and as Invalid at another if they were hashed in chunks. One by one they are safe.
    with _open(source) as file:
        blocks = request.media_type in _BOXED and has_one_media_data_box(file)
        block = block_size(file.seek(0, 2)) if blocks else None
    builder = _builder(request, block)
    return _sign(builder, source, destination, request, request.media_type)


def sidecar(source: Path, destination: BinaryIO, request: Request) -> bytes:
    """Copy `source` to `destination` byte for byte; return the manifest store to lie beside it.

    Raises as `embed` does.
    """
    builder = _builder(request, None)
    builder.set_no_embed()
    return _sign(builder, source, destination, request, UNKNOWN)


def read(
    path: Path, media_type: MediaType, trust_anchors: str, manifest_store: bytes | None = None
) -> Reading | None:
    """Read and validate a file's manifest with nothing but the trust anchors; None without one.

    `manifest_store` is the sidecar's, where there is one. Raises EngineError when the manifest
    cannot be read or lies elsewhere on the network, AssetError when the file cannot be read.
    """
    if manifest_store is None and media_type not in EMBEDDABLE:
        return None
    name = (UNKNOWN if manifest_store is not None else media_type).name
    with _open(path) as file, _engine_words() as kept:
        try:
            reader = c2pa.Reader(
                name,
                _KeptStream(file, kept),
                manifest_data=manifest_store,
                context=_context(trust_anchors),
            )
        except c2pa.C2paError.ManifestNotFound:
            return None
        with reader:
            return _reading(json.loads(reader.json()))


def _reading(report: dict[str, Any]) -> Reading:
    try:
        results = report["validation_results"]
        return Reading(
            label=report["active_manifest"],
            state=State(report["validation_state"]),
            successes=frozenset(each["code"] for each in results["activeManifest"]["success"]),
            failures=tuple(_failures(report)),
            results=results,
        )
    except (KeyError, TypeError, ValueError) as lacking:
        raise EngineError(f"the C2PA engine's report lacks what it must hold: {lacking}") from None


def _failures(report: dict[str, Any]) -> Iterator[str]:
    """Yield every failure that the store records, of the file itself and of its ancestors.

    The engine calls a file Trusted though its parent was tampered with: that lies deeper.
    """
    active = report["validation_results"]["activeManifest"]
    yield from (status["code"] for status in active["failure"])
    for manifest in report["manifests"].values():
        for ingredient in manifest.get("ingredients", []):
            recorded = ingredient.get("validation_results") or {}
            failed = (recorded.get("activeManifest") or {}).get("failure", [])
            yield from (status["code"] for status in failed)
            yield from (status["code"] for status in ingredient.get("validation_status") or [])


def _context(trust_anchors: str, block: int | None = None) -> c2pa.Context:
    return c2pa.Context.from_dict(engine_settings(trust_anchors, block=block))


def _builder(request: Request, block: int | None) -> c2pa.Builder:
    with _engine_words():
        context = _context(request.trust_anchors, block)
        return c2pa.Builder.from_json(json.dumps(request.definition), context)


def _sign(
    builder: c2pa.Builder,
    source: Path,
    destination: BinaryIO,
    request: Request,
    media_type: MediaType,
) -> bytes:
    claim_signer = request.claim_signer
    algorithm = getattr(c2pa.C2paSigningAlg, claim_signer.algorithm.name)
    with builder, _engine_words() as kept:
        sign = partial(kept.call, _signing(claim_signer))
        signer = c2pa.Signer.from_callback(sign, algorithm, claim_signer.certificate_chain)
        with signer, _open(source) as file:
            if request.parent is not None:
                _add_parent(builder, request.parent, kept)
            streams = _KeptStream(file, kept), _KeptStream(destination, kept)
            store: bytes = builder.sign(signer, media_type.name, *streams)
            return store


def _add_parent(builder: c2pa.Builder, parent: Parent, kept: "_Kept") -> None:
    # No title: a file's name is private, and the manifest is public.
    ingredient: JSON = {"relationship": "parentOf", "label": PARENT}
    media_type = parent.media_type
    if parent.manifest_store is not None and parent.reading is not None:
        # The engine cannot validate an ingredient against a sidecar, so it is told what we found.
        builder.add_resource("parent.c2pa", BytesIO(parent.manifest_store))
        ingredient |= {
            "active_manifest": parent.reading.label,
            "validation_results": parent.reading.results,
            "manifest_data": {"format": "application/c2pa", "identifier": "parent.c2pa"},
        }
    if media_type not in EMBEDDABLE:
        media_type = UNKNOWN
    with _open(parent.path) as file:
        builder.add_ingredient(json.dumps(ingredient), media_type.name, _KeptStream(file, kept))


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as problem:
        raise AssetError(f"{path} cannot be read ({problem.strerror})") from None


class _Kept:
    """The first exception of a callback: the engine only hears that something failed."""

    def __init__(self) -> None:
        self.problem: Exception | None = None

    def call(self, function: Callable[..., _T], *arguments: object) -> _T:
        """Call `function`, and keep what it raises."""
        try:
            return function(*arguments)
        except Exception as problem:
            self.problem = self.problem or problem
            raise


class _KeptStream:
    """A file as the engine wants it, whose exceptions are kept."""

    def __init__(self, file: BinaryIO, kept: _Kept) -> None:
        self._file, self._kept = file, kept

    def read(self, size: int) -> bytes:
        try:
            return self._kept.call(self._file.read, size)
        except OSError as problem:
            self._kept.problem = AssetError(f"the file cannot be read ({problem.strerror})")
            raise

    def write(self, data: bytes) -> int:
        return self._kept.call(self._file.write, data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._kept.call(self._file.seek, offset, whence)

    def tell(self) -> int:
        return self._kept.call(self._file.tell)

    def flush(self) -> None:
        self._kept.call(self._file.flush)


@contextmanager
def _engine_words() -> Iterator[_Kept]:
    """Turn what goes wrong within into our errors: a callback's own, else the engine's words."""
    kept = _Kept()
    try:
        yield kept
    except c2pa.C2paError as refusal:
        if kept.problem is None:
            words = " ".join(str(refusal).split())
            raise EngineError(f"the C2PA engine refuses: {words}") from refusal
    # An engine that carries on after a failed read or write must not be believed either.
    if kept.problem is not None:
        raise kept.problem


def _signing(claim_signer: ClaimSigner) -> Callable[[bytes], bytes]:
    def sign(data: bytes) -> bytes:
        try:
            return claim_signer.sign(data)
        except SigningError:
            raise
        except Exception as problem:
            words = " ".join(str(problem).split()) or type(problem).__name__
            raise ClaimSignerError(f"the claim signer failed: {words}") from problem

    return sign
