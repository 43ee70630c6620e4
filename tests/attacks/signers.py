"""Lies about who signed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verifier.conftest import sign
from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import Authority, Mint, Signer
from tests.verifier.pki import ANSWERS, SIGNS_CLAIMS, STAMPS, authority, resign
from tests.verifier.reports import ALTERED, UNTRUSTED
from verifier.trust import Kind, TrustList

from .attack import Evidence, Theme
from .world import LASTING, World, ago

THEME = Theme("Who signed")
UNLISTED, INVALID = "signingCredential.untrusted", "signingCredential.invalid"


def minted(folder: Path, data: bytes, name: str = "suspect.jpg") -> Path:
    """Write what was made by hand."""
    path = folder / name
    path.write_bytes(data)
    return path


def signed_by(signer: Signer, world: World, folder: Path, version: int = 2) -> Evidence:
    """Sign the tiny picture."""
    return Evidence(path=minted(folder, Mint(signer, version).into(world.tiny)))


@THEME(
    "known as a clock, so known as a camera",
    "The signer's authority stands on the list of time-stamp authorities alone.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    root = authority("An authority of clocks alone")
    path = resign(world.base(), folder / "s.jpg", root.issue("A camera", valid=LASTING))
    return Evidence(path=path, lists=[*world.lists, TrustList("C", root.pem, Kind.TIME_STAMPS)])


@THEME(
    "known as a person, so known as a camera",
    "The signer's authority stands on the list of identities alone, as those of e-mail do.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    root = authority("An authority of e-mail")
    path = resign(world.base(), folder / "s.jpg", root.issue("A camera", valid=LASTING))
    return Evidence(path=path, lists=[*world.lists, TrustList("E", root.pem, Kind.IDENTITIES)])


@THEME(
    "self-signed capture",
    "Whoever made the picture signed it with a certificate of their own, as captured by a camera.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    key = ec.generate_private_key(ec.SECP256R1())
    own = Authority("A camera", key)
    leaf = mint.issue(own, "A camera", key.public_key())
    return signed_by(Signer(key, (leaf.public_bytes(Encoding.DER),)), world, folder)


@THEME(
    "a stranger's picture",
    "A signer whom nobody knows signed another's photograph, all by the rules.",
    UNTRUSTED,
    UNLISTED,
    "A stranger",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=sign(world.original.source, folder / "s.jpg", world.strangers).path)


@THEME(
    "a namesake of the authority",
    "The issuer has the name of a known authority, and another key.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(Authority(world.root.name)), world, folder)


@THEME(
    "a look-alike of the camera's name",
    "A stranger's certificate says “A known сamera”, with one letter of another alphabet.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    look_alike = authority("Strangers").issue("A known \N{CYRILLIC SMALL LETTER ES}amera")
    return Evidence(path=resign(world.base(), folder / "s.jpg", look_alike))


@THEME(
    "a clock's certificate signs",
    "A known authority issued the certificate for time-stamps, and a claim is signed with it.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(world.root, purposes=STAMPS), world, folder)


@THEME(
    "an OCSP responder's certificate signs",
    "A known authority issued the certificate for answers about revocation.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(world.root, purposes=ANSWERS), world, folder)


@THEME(
    "a clock that is a camera, too",
    "One certificate is for claims and for time-stamps, so that its holder dates its own claims.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(world.root, purposes=(*SIGNS_CLAIMS, *STAMPS)), world, folder)


@THEME(
    "a certificate for anything",
    "Its purpose is “any”, and so is none.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    anything = (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)
    return signed_by(mint.signer(world.root, purposes=anything), world, folder)


@THEME(
    "a web server's certificate signs",
    "A certificate for TLS, such as anybody gets for a domain, under a known authority.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(
        mint.signer(world.root, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), world, folder
    )


@THEME(
    "an authority signs",
    "The certificate is one of an authority: it may issue, and not sign claims.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(world.root, ca=True), world, folder)


@THEME(
    "a key that may not sign",
    "The certificate's key usage leaves out digital signatures.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(world.root, signs=False), world, folder)


@THEME(
    "a camera issues cameras",
    "A known signer's key issued the certificate, as if it were an authority.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    known = world.minter
    assert isinstance(known.key, ec.EllipticCurvePrivateKey)
    below = mint.signer(Authority("A signer", known.key))
    return signed_by(replace(below, chain=(*below.chain, *known.chain)), world, folder)


@THEME(
    "a link of the chain is missing",
    "Between signer and known authority stands another, whose certificate is not shown.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(mint.signer(Authority("An authority in between")), world, folder)


@THEME(
    "another's certificate",
    "A known camera's certificate stands beside a signature of another key.",
    ALTERED,
    "claimSignature.mismatch",
    "The claim signature does not verify.",
)
def _(world: World, folder: Path) -> Evidence:
    forged = replace(world.minter, key=ec.generate_private_key(ec.SECP256R1()))
    return signed_by(forged, world, folder)


@THEME(
    "two certificates, choose one",
    "One stands in the protected header and a known camera's beside it, for whoever looks there.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    stranger = mint.signer(Authority("Strangers"))
    known = world.minter.chain[0]
    return signed_by(replace(stranger, beside={33: known}), world, folder, 1)


@THEME(
    "RSA with the exponent 1",
    "With the exponent 1 a signature is its own padding: anybody signs.",
    ALTERED,
    "claimSignature.mismatch",
    "The claim signature does not verify.",
)
def _(world: World, folder: Path) -> Evidence:
    key = rsa.generate_private_key(65537, 2048)
    leaf = mint.issue(world.root, "A signer", key.public_key())
    forged = mint.with_exponent_one(leaf, world.root)
    return signed_by(Signer(key, (forged,), -37), world, folder)


@THEME(
    "RSA of 1024 bits",
    "The key is so short that whoever wants it can compute it.",
    UNTRUSTED,
    INVALID,
    "has a certificate that may not sign claims",
)
def _(world: World, folder: Path) -> Evidence:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  # that is the attack
    leaf = mint.issue(world.root, "A signer", key.public_key())
    return signed_by(Signer(key, (leaf.public_bytes(Encoding.DER),), -37), world, folder)


@THEME(
    "an algorithm that nobody has",
    "The signature names an algorithm that C2PA does not know (RSASSA-PKCS1 with SHA-1).",
    ALTERED,
    "claimSignature.mismatch",
    "The claim signature does not verify.",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(replace(world.minter, said=-65535), world, folder)


@THEME(
    "no algorithm at all",
    "The signature is empty, and its algorithm “none”.",
    ALTERED,
    "claimSignature.mismatch",
    "The claim signature does not verify.",
)
def _(world: World, folder: Path) -> Evidence:
    return signed_by(replace(world.minter, said=0, silent=True), world, folder)


@THEME(
    "a certificate from tomorrow",
    "The signer's certificate is not valid yet.",
    UNTRUSTED,
    "signingCredential.expired",
    "had a certificate that is valid from 2050-01-01 to 2060-01-01, not now",
)
def _(world: World, folder: Path) -> Evidence:
    first, last = (ago(datetime(year, 1, 1, tzinfo=UTC)) for year in (2050, 2060))
    early = world.signers.issue("A camera of tomorrow", valid=(first, last))
    return Evidence(path=resign(world.base(), folder / "s.jpg", early))


@THEME(
    "known on the web",
    "An identity assertion says that did:web:news.example vouches: its key would lie on the web.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    identity = {
        "signer_payload": {
            "sig_type": "cawg.identity_claims_aggregation",
            "referenced_assertions": [],
        },
        "signature": b"eyJpc3MiOiJkaWQ6d2ViOm5ld3MuZXhhbXBsZSJ9",
        "pad1": b"",
    }
    said = {"c2pa.actions.v2": mint.CREATED, "cawg.identity": identity}
    stranger = mint.signer(Authority("Strangers"))
    return Evidence(path=minted(folder, Mint(stranger, assertions=said).into(world.tiny)))
