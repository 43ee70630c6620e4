"""Sign one file, in a straight line."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.asset import Asset, MediaType, read_asset_file
from ledger.errors import FormatError
from ledger.jumbf import MAX_STORE_SIZE, ClaimIdentity, read_claim
from ledger.vocabulary import Digest, digest_of

from . import _c2pa
from ._files import draft, publish, require_new, sync
from .certificates import check_profile
from .errors import EngineError, ParentError, ReadBackError, SourceChanged
from .keys import ClaimSigner
from .manifest import JSON, Statement, build_manifest

# C2PA 2.3, 15.12 "Validate the Asset's Content": one of these says the bytes are the signed ones.
_BOUND = frozenset(
    f"assertion.{kind}.match" for kind in ("dataHash", "bmffHash", "boxesHash", "collectionHash")
)
# A parent may be somebody's whom we do not know; it may not be broken.
_TOLERABLE = frozenset(("signingCredential.untrusted",))


@dataclass(frozen=True, slots=True)
class SignedAsset:
    """A signed file, as it lies on the disk and as it was read back.

    path: the file. sidecar: the manifest store beside it, for types that cannot carry it inside.
    asset: the signed file's type, size and digest. label: of the manifest (`urn:c2pa:…`).
    claim_digest, hard_binding_digest: what identifies the claim whatever happens to unsigned bytes
    (see ledger.jumbf). certificate_digest: SHA-256 of the signing certificate in DER.
    """

    path: Path
    sidecar: Path | None
    asset: Asset
    label: str
    claim_digest: Digest
    hard_binding_digest: Digest
    certificate_digest: Digest


def sidecar_path(path: Path) -> Path:
    """Return where the manifest store of `path` lies when it cannot lie inside: `<name>.c2pa`."""
    return path.with_name(f"{path.name}.c2pa")


def sign_file(
    source: Path,
    destination: Path,
    *,
    asset: Asset,
    statement: Statement,
    claim_signer: ClaimSigner,
    trust_anchors: str,
    now: datetime,
    parent: Path | None = None,
) -> SignedAsset:
    """Sign `source`, write the result to `destination`, and read it back as a stranger would.

    asset: what `ledger.asset.read_asset_file(source)` said; it must still be so at the end.
    trust_anchors: PEM of the roots that a stranger would hold; the result must be Trusted by them.
    parent: the file that `source` was made from; a source with a manifest is its own parent.

    `source` is never written, an existing `destination` never replaced. Whatever fails, nothing
    lies at `destination`; a crash may leave a hidden draft (`.firsthand-*.partial`).

    Raises SigningError's children, and AssetError when `source` or `parent` cannot be read.
    """
    check_profile(claim_signer.certificate_chain, now)
    embeds = asset.media_type in _c2pa.EMBEDDABLE
    sidecar = None if embeds else sidecar_path(destination)
    for path in filter(None, (destination, sidecar)):
        require_new(path)
    ancestor = _find_parent(source, asset.media_type, parent, trust_anchors)
    definition = _definition(statement, asset.media_type, has_parent=ancestor is not None)
    request = _c2pa.Request(definition, claim_signer, asset.media_type, ancestor, trust_anchors)

    with ExitStack() as drafts:
        file = drafts.enter_context(draft(destination, like=source))
        store = (_c2pa.embed if embeds else _c2pa.sidecar)(source, file, request)
        sync(file)
        written = Path(file.name)
        names, beside = [(written, destination)], None
        if sidecar is not None:
            beside_file = drafts.enter_context(draft(sidecar, like=source))
            beside_file.write(store)
            sync(beside_file)
            beside = Path(beside_file.name)
            # A manifest store without its file claims nothing, so it is the one to come first.
            names.insert(0, (beside, sidecar))
        signed = read_asset_file(written)
        if read_asset_file(source) != asset or (not embeds and signed != asset):
            raise SourceChanged(f"{source} changed while it was being signed", "sign it again")
        claim, hard_binding = _read_back(written, beside, asset.media_type, store, trust_anchors)
        publish(names)
    return SignedAsset(
        path=destination,
        sidecar=sidecar,
        asset=signed,
        label=claim.label,
        claim_digest=claim.claim_digest,
        hard_binding_digest=hard_binding,
        certificate_digest=_certificate_digest(claim_signer.certificate_chain),
    )


def _definition(statement: Statement, media_type: MediaType, *, has_parent: bool) -> JSON:
    return build_manifest(
        title=statement.title,
        media_type=media_type,
        actions=statement.history(parent=has_parent),
        version=version("firsthand"),
        captured_at=statement.captured_at,
        captured_where=statement.captured_where,
        soft_bindings=statement.soft_bindings,
    )


def _find_parent(
    source: Path, media_type: MediaType, other: Path | None, trust_anchors: str
) -> _c2pa.Parent | None:
    """Return the parent: the source itself where it carries a manifest, else `other`, else none.

    Raises ParentError for two parents, and for a broken one: the engine would sign over a file that
    was tampered with, and call the result Trusted.
    """
    own = _read_parent(source, media_type, trust_anchors)
    if own.reading is not None:
        if other is not None:
            raise ParentError(
                f"{source} carries a manifest of its own, and C2PA allows one parent",
                "leave the other parent out",
            )
        return own
    if other is None:
        return None
    return _read_parent(other, read_asset_file(other).media_type, trust_anchors)


def _read_parent(path: Path, media_type: MediaType, trust_anchors: str) -> _c2pa.Parent:
    store: bytes | None = None
    try:
        reading = _c2pa.read(path, media_type, trust_anchors)
        if reading is None and sidecar_path(path).is_file():
            store = _read_sidecar(sidecar_path(path))
            reading = _c2pa.read(path, media_type, trust_anchors, store)
    except (EngineError, OSError) as problem:
        raise ParentError(
            f"no manifest can be read from {path} ({problem})",
            "give a file that is whole",
        ) from problem
    if reading is not None:
        broken = [code for code in reading.failures if code not in _TOLERABLE]
        if broken or reading.state is _c2pa.State.INVALID:
            raise ParentError(
                f"the manifest of {path} does not hold ({', '.join(broken) or 'Invalid'})",
                "sign a copy that nobody changed",
            )
    return _c2pa.Parent(path, media_type, store, reading)


def _read_sidecar(path: Path) -> bytes:
    with path.open("rb") as file:
        store = file.read(MAX_STORE_SIZE + 1)
    if len(store) > MAX_STORE_SIZE:
        raise ParentError(f"{path} is too long for a manifest store", "give the file it belongs to")
    return store


def _read_back(
    path: Path, beside: Path | None, media_type: MediaType, store: bytes, trust_anchors: str
) -> tuple[ClaimIdentity, Digest]:
    """Read what was written as a stranger would; raise ReadBackError unless all of it holds."""
    try:
        kept_beside = None if beside is None else beside.read_bytes()
        reading = _c2pa.read(path, media_type, trust_anchors, kept_beside)
        claim = read_claim(store)
    except (EngineError, FormatError) as problem:
        raise ReadBackError(f"the signed file cannot be read back ({problem})") from problem
    if reading is None or reading.label != claim.label:
        raise ReadBackError("the signed file does not carry the manifest that was just made")
    if reading.state is not _c2pa.State.TRUSTED:
        raise ReadBackError(
            f"the signed file reads {reading.state}, not Trusted ({', '.join(reading.failures)})",
            "check that the trust anchors hold the root of the signing certificate",
        )
    if not _BOUND & reading.successes or claim.hard_binding_digest is None:
        raise ReadBackError("the manifest is not bound to the bytes of the signed file")
    return claim, claim.hard_binding_digest


def _certificate_digest(certificate_chain: str) -> Digest:
    leaf = x509.load_pem_x509_certificate(certificate_chain.encode())
    return digest_of(leaf.public_bytes(Encoding.DER))
