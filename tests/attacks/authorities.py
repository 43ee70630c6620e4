"""Lies about who vouches for a signer: below a known authority stands another."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import NOW, Authority
from tests.verifier.reports import INCONCLUSIVE, UNTRUSTED

from .attack import Evidence, Theme
from .signers import UNLISTED, signed_by
from .world import EXPIRED, World

THEME = Theme("Who vouches for the signer")
ON_NO_LIST = "is on none of your lists"
CONDITION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def vouched(world: World, folder: Path, *between: x509.ExtensionType, **wishes: object) -> Evidence:
    """Sign below an authority in between, which a known one issued with these extensions."""
    middle = Authority("An authority in between")
    key = middle.key.public_key()
    issued = mint.issue(
        *(world.root, middle.name, key),
        ca=True,
        extensions=between,
        **wishes,  # type: ignore[arg-type]  # any wish
    )
    signer = mint.signer(middle)
    chain = (*signer.chain, issued.public_bytes(Encoding.DER))
    return signed_by(replace(signer, chain=chain), world, folder)


@THEME(
    "an authority for web servers",
    "The authority in between may issue for TLS alone, and issued a claim signer's certificate.",
    INCONCLUSIVE,
    "opinion.differs",
    "an issuer's certificate is for none of a claim signer's purposes",
)
def _(world: World, folder: Path) -> Evidence:
    return vouched(world, folder, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))


@THEME(
    "an authority for other names",
    "The authority in between may issue to “Others” alone, and issued to somebody else.",
    UNTRUSTED,
    UNLISTED,
    ON_NO_LIST,
)
def _(world: World, folder: Path) -> Evidence:
    others = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Others")])
    constraint = x509.NameConstraints([x509.DirectoryName(others)], None)
    return vouched(world, folder, constraint, critical=True)


@THEME(
    "an authority under a condition",
    "The authority in between is one under a condition that must be understood, and nobody does.",
    UNTRUSTED,
    UNLISTED,
    ON_NO_LIST,
)
def _(world: World, folder: Path) -> Evidence:
    return vouched(world, folder, CONDITION, critical=True)


@THEME(
    "a signer under a condition",
    "The signer's own certificate has such a condition.",
    UNTRUSTED,
    UNLISTED,
    ON_NO_LIST,
)
def _(world: World, folder: Path) -> Evidence:
    conditions = (CONDITION,)
    return signed_by(mint.signer(world.root, extensions=conditions, critical=True), world, folder)


@THEME(
    "an authority that is no more",
    "The signer's certificate is good, and that of the authority in between expired in 2023.",
    UNTRUSTED,
    "signingCredential.expired",
    "to 2023-06-01, not now",
)
def _(world: World, folder: Path) -> Evidence:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    return vouched(world, folder, since=since - NOW, until=EXPIRED - NOW)


@THEME(
    "an authority too deep",
    "A known authority let another issue to signers, which made a third that issued this one.",
    UNTRUSTED,
    UNLISTED,
    ON_NO_LIST,
)
def _(world: World, folder: Path) -> Evidence:
    first, second = Authority("An authority in between"), Authority("One too many")
    above = mint.issue(world.root, first.name, first.key.public_key(), ca=True, below=0)
    below = mint.issue(first, second.name, second.key.public_key(), ca=True)
    signer = mint.signer(second)
    issued = (each.public_bytes(Encoding.DER) for each in (below, above))
    return signed_by(replace(signer, chain=(*signer.chain, *issued)), world, folder)
