"""Lies about files that are signed box by box, part by part, or several together."""

from pathlib import Path

from tests.verifier.opinion.carriers import GIF, PNG, Carrier, animation, chunk, put_together
from tests.verifier.opinion.carriers import picture as picture_of
from tests.verifier.opinion.test_collection import in_order, store
from tests.verifier.opinion.test_parts import in_parts
from tests.verifier.reports import ALTERED, INCONCLUSIVE, UNCHANGED

from .attack import Evidence, Theme
from .bindings import NOT_THESE, OTHER_BYTES
from .claims import DIFFERS
from .signers import minted
from .world import World

THEME = Theme("Which boxes, parts and files were signed")
LISTS_FILES = "sidecar.unreadable"
OTHER_BOXES = "assertion.boxesHash.mismatch"
FILM = b"A film of what happened a second before the picture. " * 8


def held(folder: Path, carrier: Carrier, data: bytes) -> Evidence:
    return Evidence(path=minted(folder, data, f"s.{carrier.ending}"))


@THEME(
    "a box that nobody listed",
    "A chunk with a text was appended to a picture that is signed chunk by chunk.",
    INCONCLUSIVE,
    DIFFERS,
    "the box tEXt is not listed",
)
def _(world: World, folder: Path) -> Evidence:
    data = put_together(PNG, picture_of("PNG"), world.minter)
    return held(folder, PNG, data + chunk(b"tEXt", b"Title\0Nobody hashed this."))


@THEME(
    "the colours left out",
    "The colours of a GIF are on the list as left out of its hash, and were changed since.",
    INCONCLUSIVE,
    DIFFERS,
    "are left out: what the picture is decoded by",
)
def _(world: World, folder: Path) -> Evidence:
    data = put_together(GIF, animation(), world.minter, excluded=["LSD"])
    return held(folder, GIF, data[:13] + bytes(range(30)) + data[43:])


@THEME(
    "a box that is called the manifest's",
    "What is called the manifest is left out of the hash, and so a chunk was called so.",
    INCONCLUSIVE,
    DIFFERS,
    "a box that is not the manifest's has its name",
)
def _(world: World, folder: Path) -> Evidence:
    source = picture_of("PNG")
    head = 8 + 25  # the signature, and IHDR
    hidden = chunk(b"C2PA", b"Nobody hashed this.")
    data = put_together(PNG, source[:head] + hidden + source[head:], world.minter)
    return held(folder, PNG, data)


@THEME(
    "two pictures of an animation swapped",
    "The second picture is shown before the first: every box is as it was, in its new place.",
    ALTERED,
    OTHER_BOXES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    parts = [part for _, part in GIF.parts(put_together(GIF, animation(), world.minter))]
    first, second = (at for at, part in enumerate(parts) if part[:1] == b"\x2c")
    for offset in (0, 1):  # the descriptor, and the picture
        at, other = first + offset, second + offset
        parts[at], parts[other] = parts[other], parts[at]
    return held(folder, GIF, b"".join(parts))


@THEME(
    "a picture of an animation taken out",
    "One picture less: what happened in between was never there.",
    ALTERED,
    OTHER_BOXES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    parts = [part for _, part in GIF.parts(put_together(GIF, animation(), world.minter))]
    first = next(at for at, part in enumerate(parts) if part[:1] == b"\x2c")
    return held(folder, GIF, b"".join(parts[:first] + parts[first + 2 :]))


@THEME(
    "words behind the last box",
    "Something was appended that is no box, so that the list of boxes still holds.",
    UNCHANGED,
    "coverage.partial",
    "not protected by the signature: bytes behind the picture",
)
def _(world: World, folder: Path) -> Evidence:
    data = put_together(PNG, picture_of("PNG"), world.minter)
    return held(folder, PNG, data + b"Nobody hashed this.")


@THEME(
    "another film behind the photograph",
    "Behind a photograph lies the film of that moment; another was put in its place.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    return _with_a_film(world, folder, FILM[::-1])


@THEME(
    "the film behind the photograph taken away",
    "The signer lets anybody leave out the film behind the photograph; somebody did, who had a "
    "reason.",
    INCONCLUSIVE,
    "assertion.multiAssetHash.partLeftOut",
    "which its signer lets anybody leave out, is not there",
)
def _(world: World, folder: Path) -> Evidence:
    return _with_a_film(world, folder, b"")


@THEME(
    "a film taken away that belongs to it",
    "The same with a film that may not be left out.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    return _with_a_film(world, folder, b"", optional=False)


@THEME(
    "a further part",
    "A third part was put behind the two that the manifest knows.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    return _with_a_film(world, folder, FILM + world.tiny)


@THEME(
    "a folder's manifest beside a stranger's file",
    "A known signer signed a list of files; it lies beside one that is not among them.",
    INCONCLUSIVE,
    LISTS_FILES,
    "this one is not on it",
)
def _(world: World, folder: Path) -> Evidence:
    return _listed(world, folder, [("one.jpg", bytes(32)), ("two.jpg", bytes(32))])


@THEME(
    "a list that leads out of its folder",
    "The list names a key two folders up, so that whoever verifies it opens that.",
    INCONCLUSIVE,
    LISTS_FILES,
    "it lists a file as no manifest may: ../../keys/signer.key",
)
def _(world: World, folder: Path) -> Evidence:
    return _listed(world, folder, [("../../keys/signer.key", bytes(32))])


def _listed(world: World, folder: Path, files: list[tuple[str, bytes]]) -> Evidence:
    """Lay a manifest of some files beside one."""
    path = minted(folder, world.tiny, "one.jpg")
    path.with_name("one.jpg.c2pa").write_bytes(store(in_order(files), signer=world.minter))
    return Evidence(path=path)


def _with_a_film(world: World, folder: Path, film: bytes, *, optional: bool = True) -> Evidence:
    """Sign a picture with a film behind it, and put another there."""
    data = in_parts(FILM, optional=optional, picture=world.tiny, signer=world.minter)
    return Evidence(path=minted(folder, data[: -len(FILM)] + film))
