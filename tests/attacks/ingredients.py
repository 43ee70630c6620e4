"""Lies about what a file was made from."""

import hashlib
from pathlib import Path

from tests.verifier.conftest import sign
from tests.verifier.forge import flip, forge
from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import CREATED, Mint
from tests.verifier.reports import ALTERED, INCONCLUSIVE, UNCHANGED, UNTRUSTED

from .attack import Evidence, Theme
from .claims import ACTIONS, redacting, update
from .signers import minted
from .world import World

THEME = Theme("What it was made from")
CHANGED, STRANGER = "ingredient.altered", "ingredient.untrusted"
NOT_AS_SIGNED = "is not as A known camera"
FIRST, SECOND = (f"urn:c2pa:00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))


def tampered(world: World, folder: Path) -> Path:
    """Change a byte of the original photograph."""
    return flip(world.original.path, folder / "tampered.jpg", -2000)


def over(world: World, folder: Path, parent: Path, times: int = 1, version: int = 2) -> Evidence:
    """Have known signers sign over a parent, one over the other."""
    for number in range(times):
        made = folder / f"{number}.jpg"
        parents = [(parent, "parentOf")]
        parent = forge(
            parent, made, world.chain, ingredients=parents, claim_version=version, title="Clean"
        )
    return Evidence(path=parent)


@THEME(
    "a laundered parent",
    "A photograph was changed, and then signed over by a newsroom that everybody knows.",
    ALTERED,
    CHANGED,
    NOT_AS_SIGNED,
)
def _(world: World, folder: Path) -> Evidence:
    return over(world, folder, tampered(world, folder))


@THEME(
    "a parent laundered three times",
    "The same, and signed over twice more.",
    ALTERED,
    CHANGED,
    NOT_AS_SIGNED,
)
def _(world: World, folder: Path) -> Evidence:
    return over(world, folder, tampered(world, folder), 3)


@THEME(
    "a parent laundered by old claims",
    "The same with claims of version 1, whose ingredients keep their failures elsewhere.",
    ALTERED,
    CHANGED,
    NOT_AS_SIGNED,
)
def _(world: World, folder: Path) -> Evidence:
    old = forge(world.original.source, folder / "old.jpg", world.chain, claim_version=1)
    changed = flip(old, folder / "changed.jpg", -2000)
    return over(world, folder, changed, 1, 1)


@THEME(
    "a stranger's parent",
    "A newsroom that everybody knows signed over a picture of somebody whom nobody does.",
    UNTRUSTED,
    STRANGER,
    "A stranger",
)
def _(world: World, folder: Path) -> Evidence:
    parent = sign(world.original.source, folder / "p.jpg", world.strangers).path
    return over(world, folder, parent)


@THEME(
    "a stranger's parent, three deep",
    "The same, and signed over twice more.",
    UNTRUSTED,
    STRANGER,
    "A stranger",
)
def _(world: World, folder: Path) -> Evidence:
    parent = sign(world.original.source, folder / "p.jpg", world.strangers).path
    return over(world, folder, parent, 3)


@THEME(
    "an intact copy beside it",
    "A changed photograph is one ingredient, its intact original another, with the same manifest.",
    ALTERED,
    CHANGED,
    NOT_AS_SIGNED,
)
def _(world: World, folder: Path) -> Evidence:
    both = [(world.original.path, "componentOf"), (tampered(world, folder), "componentOf")]
    path = forge(world.original.source, folder / "s.jpg", world.chain, ingredients=both)
    return Evidence(path=path)


@THEME(
    "an ancestor reworded",
    "The manifest of the parent, inside the file, was changed after it was signed over.",
    ALTERED,
    CHANGED,
    "is not as",
)
def _(world: World, folder: Path) -> Evidence:
    child = over(world, folder, world.original.path).path
    at = child.read_bytes().index(b"digitalCapture")
    return Evidence(path=flip(child, folder / "s.jpg", at))


def naming(
    label: str, manifest: bytes | None, relationship: str = "componentOf"
) -> dict[str, object]:
    """Return what a manifest says of an ingredient, whose manifest it hashes or makes up."""
    digest = hashlib.sha256(manifest[8:]).digest() if manifest else bytes(32)
    return {
        "relationship": relationship,
        "dc:title": "An ingredient",
        "activeManifest": {"url": f"self#jumbf=/c2pa/{label}", "hash": digest},
        "validationResults": {
            "activeManifest": {"success": [], "informational": [], "failure": []}
        },
    }


def with_ingredient(world: World, ingredient: dict[str, object]) -> Mint:
    said = {ACTIONS: CREATED, "c2pa.ingredient.v3": ingredient}
    return Mint(world.minter, label=SECOND, assertions=said)


@THEME(
    "a tampered source redacted",
    "The parent named a source that it found tampered with; an update redacts that it did.",
    INCONCLUSIVE,
    "ingredient.invalid",
    "assertion.ingredient.malformed",
)
def _(world: World, folder: Path) -> Evidence:
    found = {"code": "assertion.dataHash.mismatch", "url": "self#jumbf=/c2pa/x"}
    results = {"success": [], "informational": [], "failure": [found]}
    source = naming(FIRST, None) | {"validationResults": {"activeManifest": results}}
    del source["activeManifest"]
    said = {ACTIONS: CREATED, "c2pa.ingredient.v3": source}
    return redacting(world, folder, "c2pa.ingredient.v3", said)


@THEME(
    "an ingredient that is not there",
    "The manifest names the known camera's manifest as an ingredient, and it is not in the file.",
    INCONCLUSIVE,
    "ingredient.invalid",
    "ingredient.manifest.missing",
)
def _(world: World, folder: Path) -> Evidence:
    data = with_ingredient(world, naming(FIRST, None)).into(world.tiny)
    return Evidence(path=minted(folder, data))


@THEME(
    "another ingredient than was hashed",
    "In the place of the ingredient's manifest stands a stranger's of the same label.",
    ALTERED,
    CHANGED,
    "is not as",
)
def _(world: World, folder: Path) -> Evidence:
    named = Mint(world.minter, binding=False).manifest({})
    stranger = Mint(mint.signer(mint.Authority("Strangers")), binding=False).manifest({})
    data = with_ingredient(world, naming(FIRST, named)).into(world.tiny, [stranger])
    return Evidence(path=minted(folder, data))


@THEME(
    "its own ingredient",
    "The manifest was made from itself: whoever follows its ingredients never comes back.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    data = with_ingredient(world, naming(SECOND, None)).into(world.tiny)
    return Evidence(path=minted(folder, data))


@THEME(
    "two that were made from one another",
    "The first manifest was made from the second, and the second from the first.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    said = {ACTIONS: CREATED, "c2pa.ingredient.v3": naming(SECOND, None)}
    first = Mint(world.minter, binding=False, assertions=said).manifest({})
    data = with_ingredient(world, naming(FIRST, first)).into(world.tiny, [first])
    return Evidence(path=minted(folder, data))


@THEME(
    "a known manifest put beside a stranger's",
    "Beside the stranger's manifest, and named by nothing, lies one that a known signer signed.",
    UNTRUSTED,
    ("unreferenced.holds", "signingCredential.untrusted"),
    "that is no part of its history",
)
def _(world: World, folder: Path) -> Evidence:
    known = Mint(world.minter, label=SECOND).manifest({})
    stranger = Mint(mint.signer(mint.Authority("Strangers")))
    return Evidence(path=minted(folder, stranger.into(world.tiny, [known])))


@THEME(
    "a broken manifest put beside a known one",
    "So that an intact photograph reads as damaged, a manifest that was changed was put into it.",
    UNCHANGED,
    ("unreferenced.failed", "signingCredential.trusted"),
    "an assertion is not as it was signed",
)
def _(world: World, folder: Path) -> Evidence:
    lie = {"actions": [{"action": "c2pa.opened"}]}
    broken = Mint(world.minter, label=SECOND, swapped={ACTIONS: lie}).manifest({})
    return Evidence(path=minted(folder, Mint(world.minter).into(world.tiny, [broken])))


@THEME(
    "two parents",
    "The picture is said to be an edit of two others: whoever reads may choose.",
    INCONCLUSIVE,
    "opinion.differs",
    "manifest.multipleParents",
)
def _(world: World, folder: Path) -> Evidence:
    parent = Mint(world.minter, binding=False).manifest({})
    said = {
        ACTIONS: CREATED,
        "c2pa.ingredient.v3": naming(FIRST, parent, "parentOf"),
        "c2pa.ingredient.v3__1": naming(FIRST, parent, "parentOf"),
    }
    data = Mint(world.minter, label=SECOND, assertions=said).into(world.tiny, [parent])
    return Evidence(path=minted(folder, data))


@THEME(
    "an update of the picture",
    "An update manifest, which may change no byte of the picture, was put over another picture.",
    ALTERED,
    "assertion.dataHash.mismatch",
    "The bytes ",
)
def _(world: World, folder: Path) -> Evidence:
    steady = mint.signer(world.root, -8)
    parent = Mint(steady)
    length = len(parent.into(world.tiny)) - len(world.tiny)
    whole = parent.manifest(parent._bound(world.tiny, length))
    data = update(world, whole).into(world.tiny, [whole])
    return Evidence(path=minted(folder, data[:-20] + bytes(18) + data[-2:]))
