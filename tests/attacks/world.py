"""Whom everybody in the attacks believes, and the pictures that are forged from."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ledger.entry import Withdrawal
from signer import DevelopmentChain, issue_development_chain
from tests import media
from tests.verifier.archive import Archive
from tests.verifier.conftest import Original, sign
from tests.verifier.opinion import mint
from tests.verifier.pki import NOW, STAMPS, Authority, Owner, authority, base
from verifier.fingerprint import compute
from verifier.trust import Kind, TrustList

SIGNERS, STAMPERS = "Claim signers", "Time-stamp authorities"
# Days that stand in docs/attacks.md, so that they are the same whenever it is written.
EXPIRED, SIGNED, REVOKED = (datetime(year, 6, 1, 12, tzinfo=UTC) for year in (2023, 2024, 2025))
BEFORE, LONG_BEFORE = datetime(2022, 6, 1, tzinfo=UTC), datetime(2016, 6, 1, tzinfo=UTC)


def ago(time: datetime) -> float:
    """Return a time as `pki` takes it: in days from now."""
    return (time - NOW).total_seconds() / 86400


# From before all of those days until long after the last.
LASTING = (ago(datetime(2020, 1, 1, tzinfo=UTC)), ago(datetime(2060, 1, 1, tzinfo=UTC)))


@dataclass(frozen=True)
class World:
    """One folder, one of each that is expensive to make, each made when it is first needed."""

    folder: Path

    @cached_property
    def signers(self) -> Authority:
        """Who issues the certificates of claim signers, to any day."""
        return authority("An authority of the newsrooms")

    @cached_property
    def stampers(self) -> Authority:
        return authority("An authority of clocks")

    @cached_property
    def stamper(self) -> Owner:
        """A time-stamp authority that is known."""
        return self.stampers.issue("A known clock", STAMPS, LASTING)

    @cached_property
    def camera(self) -> Owner:
        """A claim signer that is known."""
        return self.signers.issue("A known camera", valid=LASTING)

    @cached_property
    def expired(self) -> Owner:
        """One whose certificate has expired."""
        return self.signers.issue("An old camera", valid=(LASTING[0], ago(EXPIRED)))

    @cached_property
    def root(self) -> mint.Authority:
        """Who issues for manifests that are made by hand."""
        return mint.Authority("An authority of the mint")

    @cached_property
    def minter(self) -> mint.Signer:
        """A known signer of manifests that are made by hand."""
        return mint.signer(self.root)

    @cached_property
    def chain(self) -> DevelopmentChain:
        """A known signer, for the engine."""
        return issue_development_chain("A known camera", datetime.now(UTC), secrets.token_bytes)

    @cached_property
    def strangers(self) -> DevelopmentChain:
        """One that nobody knows."""
        return issue_development_chain("A stranger", datetime.now(UTC), secrets.token_bytes)

    @cached_property
    def lists(self) -> tuple[TrustList, ...]:
        """Whom everybody believes."""
        return (
            TrustList(SIGNERS, self.signers.pem + self.chain.root + self.root.pem()),
            TrustList(STAMPERS, self.stampers.pem, Kind.TIME_STAMPS),
        )

    @cached_property
    def tiny(self) -> bytes:
        """A picture of some hundred bytes."""
        return mint.picture()

    @cached_property
    def clip(self) -> Path:
        """A second of a film."""
        small = self.folder / "small.mp4"
        whole = str(media.clip(self.folder))
        media.run_ffmpeg("-i", whole, "-t", "1", "-vf", "scale=160:-2", str(small))
        return small

    @cached_property
    def signed_clip(self) -> Path:
        """The same, signed by a known camera."""
        return sign(self.clip, self.folder / "signed.mp4", self.chain).path

    @cached_property
    def original(self) -> Original:
        """A photograph of a known camera."""
        return self._signed(media.photograph(self.folder), "signed.jpg")

    @cached_property
    def other(self) -> Original:
        """Another photograph of the same."""
        return self._signed(media.another_photograph(self.folder), "other.jpg")

    def _signed(self, source: Path, name: str) -> Original:
        signed = sign(source, self.folder / name, self.chain)
        prints = compute(signed.path, signed.asset.media_type)
        return Original(source, signed.path, signed, prints)

    def base(self, version: int = 2, when: str | None = None) -> Path:
        """Return a small picture with room for another claim signature."""
        name = f"base-{version}-{(when or 'none').replace(':', '-')}.jpg"
        path = self.folder / name
        if not path.exists():
            source = self.folder / "tiny.jpg"
            source.write_bytes(self.tiny)
            base(source, path, version, when)
        return path

    @cached_property
    def empty(self) -> Archive:
        """A log in which nothing is recorded."""
        folder = self.folder / "empty"
        folder.mkdir()
        return Archive(folder)

    def log(self, folder: Path) -> Archive:
        """Return a log with three entries: the original, the other, and the other's withdrawal."""
        log = Archive(folder)
        first, second = self.original, self.other
        log.register(first.path, first.signed, source=first.source, fingerprints=first.fingerprints)
        log.register(second.path, second.signed, fingerprints=second.fingerprints)
        subject = second.signed.asset.digest
        log.enter(Withdrawal(subject=subject, reason="Staged.", **log.common(subject)))
        return log
