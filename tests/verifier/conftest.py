"""A sandbox, a signer whom the trust list knows, one whom it does not, and signed photographs."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.asset import read_asset_file
from ledger.vocabulary import Fingerprint
from signer import (
    DevelopmentChain,
    DigitalSourceType,
    PemClaimSigner,
    SignedAsset,
    Statement,
    issue_development_chain,
    sign_file,
)
from tests import media
from verifier.fingerprint import compute
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Report
from verifier.trust import TrustList
from verifier.verify import verify

from .archive import Archive

LIST = "The newsroom's list"
EMBEDDED = (
    *("jpg", "png", "webp", "tif", "gif", "avif", "heic", "pdf"),
    *("mp4", "mov", "avi", "wav", "mp3", "flac", "m4a"),
)
BESIDE = ("bmp", "mkv", "webm", "ogg")
Check = Callable[..., Report]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def chain() -> DevelopmentChain:
    return issue_development_chain("A known camera", datetime.now(UTC), secrets.token_bytes)


@pytest.fixture(scope="session")
def strangers_chain() -> DevelopmentChain:
    return issue_development_chain("A stranger", datetime.now(UTC), secrets.token_bytes)


@pytest.fixture(scope="session")
def trust(chain: DevelopmentChain) -> list[TrustList]:
    return [TrustList(LIST, chain.root)]


@dataclass(frozen=True)
class Original:
    """A photograph, the same signed, and the fingerprints of the signed one."""

    source: Path
    path: Path
    signed: SignedAsset
    fingerprints: tuple[Fingerprint, ...]


def sign(
    source: Path, destination: Path, chain: DevelopmentChain, parent: Path | None = None
) -> SignedAsset:
    """Sign a file as a camera would."""
    return sign_file(
        source,
        destination,
        asset=read_asset_file(source),
        statement=Statement("At noon", DigitalSourceType.DIGITAL_CAPTURE),
        claim_signer=PemClaimSigner(chain.certificate_chain, chain.private_key),
        trust_anchors=chain.root,
        now=datetime.now(UTC),
        parent=parent,
    )


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, chain: DevelopmentChain) -> Original:
    folder = tmp_path_factory.mktemp("original")
    source = media.photograph(folder)
    signed = sign(source, folder / "signed.jpg", chain)
    return Original(source, signed.path, signed, compute(signed.path, signed.asset.media_type))


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory, chain: DevelopmentChain) -> Original:
    folder = tmp_path_factory.mktemp("other")
    source = media.another_photograph(folder)
    signed = sign(source, folder / "signed.jpg", chain)
    return Original(source, signed.path, signed, compute(signed.path, signed.asset.media_type))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def recorded(archive: Archive, original: Original) -> Archive:
    """Return an archive whose entry 0 records the signed photograph."""
    archive.register(
        original.path,
        original.signed,
        source=original.source,
        fingerprints=original.fingerprints,
        title="A rocket",
    )
    return archive


@pytest.fixture
def check(sandbox: Sandbox, trust: list[TrustList]) -> Check:
    """Look at a file for real, ask a log or none, and report."""

    def call(
        path: Path,
        ledger: object = None,
        *,
        lists: list[TrustList] | None = None,
        proof: Path | None = None,
    ) -> Report:
        suspect = observe(path, sandbox, trust if lists is None else lists, proof=proof)
        return verify(suspect, ledger, {"engine": "tested"})  # type: ignore[arg-type]  # liars too

    return call


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    small = folder / "small.mp4"
    media.run_ffmpeg("-i", str(media.clip(folder)), "-t", "1", "-vf", "scale=160:-2", str(small))
    sources = {"picture": media.photograph(folder), "clip": small, "sound": media.recording(folder)}
    found = {"jpg": sources["picture"], "mp4": small, "wav": sources["sound"]}
    for kind, endings in {
        "picture": ("png", "webp", "tif", "gif", "avif", "heic", "pdf", "bmp"),
        "clip": ("mov", "avi", "mkv", "webm"),
        "sound": ("mp3", "flac", "m4a", "ogg"),
    }.items():
        for ending in endings:
            found[ending] = media.convert(sources[kind], folder / f"{kind}.{ending}")
    return found
