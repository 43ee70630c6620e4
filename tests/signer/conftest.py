"""One development chain, a claim signer, real media in every format, and a short way to sign."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.asset import read_asset_file
from signer import (
    Algorithm,
    ClaimSigner,
    DevelopmentChain,
    DigitalSourceType,
    PemClaimSigner,
    SignedAsset,
    Statement,
    issue_development_chain,
    sign_file,
)
from tests import media

NOW = datetime.now(UTC)
CAPTURE = Statement("A test", DigitalSourceType.DIGITAL_CAPTURE)
EMBEDDED = (
    *("jpg", "png", "webp", "tif", "gif", "avif", "heic", "pdf"),
    *("mp4", "mov", "avi", "wav", "mp3", "flac", "m4a"),
)
BESIDE = ("mkv", "webm", "ogg", "bmp", "txt", "bin")

Sign = Callable[..., SignedAsset]


@dataclass(frozen=True)
class RemoteSigner:
    """A claim signer of somebody else's making: only the protocol, and any function behind it."""

    certificate_chain: str
    call: Callable[[bytes], bytes]
    algorithm: Algorithm = Algorithm.ES256

    def sign(self, data: bytes) -> bytes:
        return self.call(data)


@pytest.fixture(scope="session")
def chain() -> DevelopmentChain:
    return issue_development_chain("The tests", NOW, secrets.token_bytes)


@pytest.fixture(scope="session")
def claim_signer(chain: DevelopmentChain) -> PemClaimSigner:
    return PemClaimSigner(chain.certificate_chain, chain.private_key)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    return media.photograph(tmp_path)


@pytest.fixture
def untouched(photograph: Path, tmp_path: Path) -> Iterator[None]:
    """Whatever the test does, only the source is left, as it was."""
    before = photograph.read_bytes()
    yield
    assert listing(tmp_path) == {photograph.name}
    assert photograph.read_bytes() == before


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one file of each type, by its usual ending."""
    folder = tmp_path_factory.mktemp("media")
    found = {
        "jpg": media.photograph(folder),
        "mp4": media.clip(folder),
        "wav": media.recording(folder),
        "pdf": media.pdf(folder),
        "txt": folder / "note.txt",
        "bin": folder / "bytes.bin",
    }
    found["txt"].write_text("A caption, by hand.\n" * 20)
    found["bin"].write_bytes(bytes(range(256)) * 4)
    for ending in ("png", "webp", "tif", "gif", "avif", "heic", "bmp"):
        found[ending] = media.convert(found["jpg"], folder / f"photograph.{ending}")
    small = folder / "small.mp4"
    media.run_ffmpeg("-i", str(found["mp4"]), "-t", "1", "-vf", "scale=160:-2", str(small))
    for ending in ("mov", "avi", "mkv", "webm"):
        found[ending] = media.convert(small, folder / f"clip.{ending}")
    for ending in ("mp3", "flac", "m4a", "ogg"):
        found[ending] = media.convert(found["wav"], folder / f"recording.{ending}")
    return found


@pytest.fixture
def sign(chain: DevelopmentChain, claim_signer: PemClaimSigner) -> Sign:
    """Sign with everything as it should be, but for what a test names."""

    def call(
        source: Path,
        destination: Path,
        *,
        statement: Statement = CAPTURE,
        signer: ClaimSigner = claim_signer,
        trust_anchors: str = chain.root,
        parent: Path | None = None,
        now: datetime = NOW,
    ) -> SignedAsset:
        return sign_file(
            source,
            destination,
            asset=read_asset_file(source),
            statement=statement,
            claim_signer=signer,
            trust_anchors=trust_anchors,
            now=now,
            parent=parent,
        )

    return call


def listing(folder: Path) -> set[str]:
    """Return the names of everything in a folder, hidden files too."""
    return {path.name for path in folder.iterdir()}
