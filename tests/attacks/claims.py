"""Lies in what is signed: the claim, its assertions, and the boxes around them."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import cbor2

from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import CREATED, Mint
from tests.verifier.opinion.test_boxes import mint_of
from tests.verifier.opinion.test_compressed import packed
from tests.verifier.reports import ALTERED, INCONCLUSIVE

from .attack import Evidence, Theme
from .signers import minted
from .world import World

THEME = Theme("What was signed")
MALFORMED, DIFFERS = "manifest.invalid", "opinion.differs"
DAMAGED = "manifest.damaged_claim"
ACTIONS, NOTE = "c2pa.actions.v2", "org.example.note"
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def made(world: World, folder: Path, **wishes: object) -> Evidence:
    """Mint a manifest that is as it should be, but for what is wished."""
    mint_ = Mint(world.minter, **wishes)  # type: ignore[arg-type]  # any wish
    return Evidence(path=minted(folder, mint_.into(world.tiny)))


def acts(world: World, folder: Path, *actions: Mapping[str, object], version: int = 2) -> Evidence:
    """Mint a manifest with these actions."""
    label = ACTIONS if version == 2 else "c2pa.actions"
    said = {label: {"actions": list(actions)}}
    return made(world, folder, assertions=said, version=version)


@THEME(
    "an assertion swapped",
    "“Created by a camera” was signed; “opened” stands in its place.",
    ALTERED,
    DAMAGED,
    "assertion.hashedURI.mismatch",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, swapped={ACTIONS: {"actions": [{"action": "c2pa.opened"}]}})


@THEME(
    "an assertion slipped in",
    "A note that nobody signed stands among the assertions that somebody did.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "AssertionNotFound",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, undeclared={NOTE: {"photographer": "Somebody else"}})


@THEME(
    "an assertion taken out",
    "The actions were signed, and are gone.",
    ALTERED,
    DAMAGED,
    "assertion.missing",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, hidden=(ACTIONS,))


@THEME(
    "a claim reworded",
    "One letter of the signed claim was changed.",
    ALTERED,
    "claimSignature.mismatch",
    "The claim signature does not verify.",
)
def _(world: World, folder: Path) -> Evidence:
    data = Mint(world.minter).into(world.tiny)
    return Evidence(path=minted(folder, data.replace(b"xmp:iid:1", b"xmp:iid:2")))


@THEME(
    "its own assertion redacted",
    "The claim redacts an assertion of its own, so that it can say and unsay.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.selfRedacted",
)
def _(world: World, folder: Path) -> Evidence:
    uri = f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/{NOTE}"
    return made(
        world,
        folder,
        hidden=(NOTE,),
        assertions={ACTIONS: CREATED, NOTE: {}},
        claim={"redacted_assertions": [uri]},
    )


@THEME(
    "no actions",
    "The claim says nothing of how the picture came to be.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.malformed",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, assertions={NOTE: {"made": "somehow"}})


@THEME(
    "edited from nothing",
    "The first action is an edit: neither created nor opened, so that nothing was there before.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.malformed",
)
def _(world: World, folder: Path) -> Evidence:
    return acts(world, folder, {"action": "c2pa.edited"}, *CREATED["actions"])


@THEME(
    "opened nothing",
    "The first action opens a parent, and there is no ingredient.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.ingredientMismatch",
)
def _(world: World, folder: Path) -> Evidence:
    return acts(world, folder, {"action": "c2pa.opened"})


@THEME(
    "created twice",
    "Captured by a camera, and made by an algorithm: whoever reads may choose.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.malformed",
)
def _(world: World, folder: Path) -> Evidence:
    generated = {"action": "c2pa.created", "digitalSourceType": GENERATED}
    return acts(world, folder, *CREATED["actions"], generated)


@THEME(
    "no source type",
    "“Created”, and not by what: a camera or an algorithm.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.malformed",
)
def _(world: World, folder: Path) -> Evidence:
    return acts(world, folder, {"action": "c2pa.created"})


@THEME(
    "another claim under the same signature",
    "The claim says that its signature is that of another manifest.",
    INCONCLUSIVE,
    MALFORMED,
    "claimSignature.missing",
)
def _(world: World, folder: Path) -> Evidence:
    uri = "self#jumbf=/c2pa/urn:c2pa:other/c2pa.signature"
    return made(world, folder, claim={"signature": uri})


@THEME(
    "an assertion of somebody else",
    "The claim lists an assertion that lies in another manifest.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.outsideManifest",
)
def _(world: World, folder: Path) -> Evidence:
    label = "urn:c2pa:00000000-0000-4000-8000-000000000009"
    note = {ACTIONS: CREATED, NOTE: {"photographer": "Somebody"}}
    another = Mint(world.minter, label=label, binding=False, assertions=note).manifest({})
    uri = f"self#jumbf=/c2pa/{label}/c2pa.assertions/{NOTE}"
    far = {"url": uri, "hash": mint.hashed(NOTE, mint.assertion(NOTE, note[NOTE]))["hash"]}
    own = Mint(world.minter, listed=[far])
    return Evidence(path=minted(folder, own.into(world.tiny, [another])))


@THEME(
    "a weak hash",
    "Assertions are hashed with SHA-1, of which anybody can make two with one hash.",
    INCONCLUSIVE,
    MALFORMED,
    "algorithm.unsupported",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, digest="sha1")


@THEME(
    "a hash that nobody knows",
    "The claim names an algorithm “quantum256”.",
    INCONCLUSIVE,
    MALFORMED,
    "algorithm.unsupported",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, claim={"alg": "quantum256"})


@THEME(
    "the claim under another label",
    "The label of the claim's box, which no hash covers, hides it from one of two readers.",
    INCONCLUSIVE,
    DIFFERS,
    "a claim is labelled c2pa.claim.v2, not 'c2pa.claim.w2'",
)
def _(world: World, folder: Path) -> Evidence:
    data = Mint(world.minter).into(world.tiny)
    return Evidence(path=minted(folder, data.replace(b"c2pa.claim.v2\0", b"c2pa.claim.w2\0")))


@THEME(
    "two manifests of one name",
    "A stranger's manifest and a known camera's have the same label: whoever reads may choose.",
    INCONCLUSIVE,
    DIFFERS,
    "two manifests of the store have the same label",
)
def _(world: World, folder: Path) -> Evidence:
    stranger = Mint(mint.signer(mint.Authority("Strangers"))).manifest({})
    return Evidence(path=minted(folder, Mint(world.minter).into(world.tiny, [stranger])))


@THEME(
    "two assertions of one name",
    "“Made by an algorithm” was signed, and “captured by a camera” stands before it.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "AssertionNotFound",
)
def _(world: World, folder: Path) -> Evidence:
    generated = {"actions": [{"action": "c2pa.created", "digitalSourceType": GENERATED}]}
    forged = mint.assertion(ACTIONS, CREATED)
    return made(world, folder, assertions={ACTIONS: generated}, ready=[forged])


@THEME(
    "said twice, otherwise",
    "A map of the claim has one key twice: one reader takes the first value, another the last.",
    INCONCLUSIVE,
    DIFFERS,
    "CBOR",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, recode=_with_a_key_twice)


def _with_a_key_twice(claim: bytes) -> bytes:
    """Add a second title to an encoded map, behind the first."""
    both = cbor2.dumps("dc:title") + cbor2.dumps("A riot") + cbor2.dumps("dc:title")
    return bytes([claim[0] + 2]) + claim[1:] + both + cbor2.dumps("A picnic")


@THEME(
    "words behind a compressed manifest",
    "The manifest is compressed, and behind its end lies a message, which nobody unpacks.",
    INCONCLUSIVE,
    DIFFERS,
    "cannot be unpacked",
)
def _(world: World, folder: Path) -> Evidence:
    plain = mint_of(world.tiny, signer=world.minter).manifest({})
    small = packed(plain, behind=b"Nobody hashed this.")
    return Evidence(path=minted(folder, mint.jpeg(world.tiny, [small])))


@THEME(
    "a box beside a compressed manifest",
    "In the box that holds the compressed manifest lies another, which no hash covers.",
    INCONCLUSIVE,
    DIFFERS,
    "compressed content",
)
def _(world: World, folder: Path) -> Evidence:
    plain = mint_of(world.tiny, signer=world.minter).manifest({})
    small = packed(plain, Mint.label, mint.box(b"free", b"Nobody hashed this."))
    return Evidence(path=minted(folder, mint.jpeg(world.tiny, [small])))


@THEME(
    "a compressed manifest under another name",
    "Outside it has one label, and inside another: one reader goes by the first, another not.",
    INCONCLUSIVE,
    DIFFERS,
    "holds something else than the one of its label",
)
def _(world: World, folder: Path) -> Evidence:
    plain = mint_of(world.tiny, signer=world.minter).manifest({})
    other = packed(plain, "urn:c2pa:00000000-0000-4000-8000-000000000009")
    return Evidence(path=minted(folder, mint.jpeg(world.tiny, [other])))


@THEME(
    "somebody else redacts it",
    "A manifest that nothing leads to redacts a known camera's note, and the note is gone.",
    ALTERED,
    DAMAGED,
    "assertion.missing",
)
def _(world: World, folder: Path) -> Evidence:
    uri = f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/{NOTE}"
    vandal = Mint(
        mint.signer(mint.Authority("Strangers")),
        label="urn:c2pa:00000000-0000-4000-8000-000000000009",
        binding=False,
        claim={"redacted_assertions": [uri]},
    ).manifest({})
    victim = Mint(world.minter, assertions={ACTIONS: CREATED, NOTE: {}}, hidden=(NOTE,))
    return Evidence(path=minted(folder, victim.into(world.tiny, [vandal])))


def redacting(
    world: World,
    folder: Path,
    label: str,
    said: Mapping[str, object] = MappingProxyType({ACTIONS: CREATED, NOTE: {}}),
) -> Evidence:
    """Redact an assertion of what the parent said, by an update of a known signer."""
    steady = mint.signer(world.root, -8)  # Ed25519: signed twice, the signature is the same
    parent = Mint(steady, assertions=said)
    length = len(parent.into(world.tiny)) - len(world.tiny)
    bound = parent._bound(world.tiny, length)
    whole, rest = parent.manifest(bound), replace(parent, hidden=(label,)).manifest(bound)
    uri = f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/{label}"
    made_ = replace(update(world, whole), claim={"redacted_assertions": [uri]})
    return Evidence(path=minted(folder, made_.into(world.tiny, [rest])))


def update(world: World, parent: bytes) -> Mint:
    """Return an update manifest over a parent's."""
    signature = parent[parent.index(b"c2cs") - 16 :]
    link = f"self#jumbf=/c2pa/{Mint.label}"
    ingredient = {
        "relationship": "parentOf",
        "activeManifest": {"url": link, "hash": hashlib.sha256(parent[8:]).digest()},
        "claimSignature": {
            "url": f"{link}/c2pa.signature",
            "hash": hashlib.sha256(signature[8:]).digest(),
        },
    }
    return Mint(
        world.minter,
        label="urn:c2pa:00000000-0000-4000-8000-000000000002",
        update=True,
        binding=False,
        assertions={"c2pa.ingredient.v3": ingredient},
    )


@THEME(
    "the binding redacted",
    "An update redacts its parent's hard binding: what the bytes were, nobody knows any more.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "claim missing hard binding",
)
def _(world: World, folder: Path) -> Evidence:
    return redacting(world, folder, "c2pa.hash.data")


@THEME(
    "the actions redacted",
    "An update redacts its parent's actions: that it was generated, nobody reads any more.",
    INCONCLUSIVE,
    MALFORMED,
    "assertion.action.redacted",
)
def _(world: World, folder: Path) -> Evidence:
    return redacting(world, folder, ACTIONS)
