"""Lies about which bytes were signed."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.verifier.forge import flip
from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import CREATED, Mint, box
from tests.verifier.opinion.test_bmff import C2PA, USUAL
from tests.verifier.reports import ALTERED, INCONCLUSIVE, UNCHANGED, UNKNOWN

from .attack import Evidence, Theme
from .claims import ACTIONS, DIFFERS, MALFORMED, made
from .signers import minted
from .world import World

THEME = Theme("Which bytes were signed")
OTHER_BYTES, OPEN = "assertion.dataHash.mismatch", "are left out"
NOT_THESE = "The bytes are not those that the manifest signs"
TOO_WIDE = "assertion.dataHash.exclusionTooWide"
MORE_THAN_IT_MAY = "leaves out more than C2PA lets it"
Excludes = Callable[[int, int], Sequence[tuple[int, int]]]


def put_behind(world: World, folder: Path, behind: bytes, name: str = "s.jpg") -> Evidence:
    """Append to the original photograph."""
    return Evidence(path=minted(folder, world.original.path.read_bytes() + behind, name))


@THEME(
    "one pixel",
    "A byte of the picture was changed.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=flip(world.original.path, folder / "s.jpg", -2000))


@THEME(
    "an exclusion widened",
    "What the hash leaves out begins with the manifest, and does not end with it: the picture's "
    "tables are left out, too.",
    INCONCLUSIVE,
    TOO_WIDE,
    MORE_THAN_IT_MAY,
)
def _(world: World, folder: Path) -> Evidence:
    return _open(world, folder, lambda at, size: [(at, size + 100)])


@THEME(
    "a second exclusion",
    "Beside the manifest, the hash leaves out a part of the picture, which was replaced since.",
    INCONCLUSIVE,
    DIFFERS,
    OPEN,
)
def _(world: World, folder: Path) -> Evidence:
    return _open(world, folder, lambda at, size: [(at, size), (at + size + 20, 100)])


def _open(world: World, folder: Path, excludes: Excludes) -> Evidence:
    """Replace another table of the picture than the hash is over."""
    data = Mint(world.minter, excludes=excludes).into(world.tiny)
    at = len(data) - len(world.tiny) + world.tiny.index(b"\xff\xdb") + 8
    return Evidence(path=minted(folder, data[:at] + bytes(range(1, 41)) + data[at + 40 :]))


@THEME(
    "exclusions over one another",
    "Two exclusions overlap: one reader joins them, another counts bytes twice.",
    INCONCLUSIVE,
    DIFFERS,
    "its exclusions overlap",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, excludes=lambda at, size: [(at, size), (at + size - 8, 8)])


@THEME(
    "everything excluded",
    "The hash leaves out the whole file, and so fits every one.",
    INCONCLUSIVE,
    TOO_WIDE,
    MORE_THAN_IT_MAY,
)
def _(world: World, folder: Path) -> Evidence:
    rest = len(world.tiny)
    return _open(world, folder, lambda _, size: [(0, size + rest)])


@THEME(
    "the manifest of another file",
    "A known camera's manifest was cut out of its photograph and put into another.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    data, bare = world.original.path.read_bytes(), world.other.source.read_bytes()
    start = data.index(b"\xff\xeb")
    stop = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    return Evidence(path=minted(folder, bare[:2] + data[start:stop] + bare[2:]))


@THEME(
    "no hard binding",
    "The claim is signed, and says of no bytes that they are meant.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "claim missing hard binding",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, binding=False)


@THEME(
    "two hard bindings",
    "One fits the file, the other not: whoever reads may choose.",
    ALTERED,
    (MALFORMED, OTHER_BYTES),
    "multipleHardBindings",
)
def _(world: World, folder: Path) -> Evidence:
    other = {"alg": "sha256", "hash": bytes(32), "exclusions": [], "name": "", "pad": b""}
    return made(world, folder, assertions={ACTIONS: CREATED, "c2pa.hash.data__1": other})


@THEME(
    "a weak hash of the bytes",
    "The hard binding is an MD5, of which anybody can make two files with one hash.",
    INCONCLUSIVE,
    MALFORMED,
    "algorithm.unsupported",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, bound_by="md5")


@THEME(
    "words in the padding",
    "The signature's padding, which nothing covers, holds a message.",
    INCONCLUSIVE,
    DIFFERS,
    "something is hidden where no signature covers it",
)
def _(world: World, folder: Path) -> Evidence:
    data = Mint(world.minter).into(world.tiny)
    return Evidence(
        path=minted(folder, data.replace(bytes(60), b"Nobody hashed this.".ljust(60), 1))
    )


@THEME(
    "a box among the manifest's boxes",
    "A box of another kind, which no hash covers, was slipped into the store.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "required JUMBF box not found",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, among=box(b"free", b"Nobody hashed this."))


@THEME(
    "words in a label",
    "The description of the signature's box, which no hash covers, has room for a message.",
    INCONCLUSIVE,
    DIFFERS,
    "holds more than a salt",
)
def _(world: World, folder: Path) -> Evidence:
    return made(world, folder, private=box(b"c2sh", b"Nobody hashed this."))


@THEME(
    "words behind the store",
    "In a film, room was left behind the manifest in its box, and filled after it was signed.",
    INCONCLUSIVE,
    DIFFERS,
    "follows the manifest store",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=minted(folder, film(world.minter, b"Nobody hashed this."), "s.mp4"))


@THEME(
    "words in a box of C2PA's own",
    "A box of the type that the hash leaves out for the manifest was appended, with a message.",
    INCONCLUSIVE,
    DIFFERS,
    "the file holds more than one manifest store",
)
def _(world: World, folder: Path) -> Evidence:
    hidden = box(b"uuid", C2PA + bytes(4) + b"note\0" + b"Nobody hashed this.".ljust(40))
    return Evidence(path=minted(folder, world.signed_clip.read_bytes() + hidden, "s.mp4"))


@THEME(
    "words where fragments are listed",
    "A list of fragments, which the hash leaves out, was appended to a film that has none.",
    INCONCLUSIVE,
    DIFFERS,
    "is no list of the film's fragments",
)
def _(world: World, folder: Path) -> Evidence:
    hidden = box(b"mfra", box(b"free", b"Nobody hashed this."))
    return Evidence(path=minted(folder, world.signed_clip.read_bytes() + hidden, "s.mp4"))


def film(signer: mint.Signer, behind: bytes = b"") -> bytes:
    """Mint an ISO base media file that is bound as C2PA has it, with `behind` in its own box."""
    head, media = box(b"ftyp", b"isom" + bytes(4)), box(b"mdat", bytes(range(256)))
    value: dict[str, object] = {"alg": "sha256", "name": "film", "exclusions": list(USUAL)}
    bound = {"c2pa.hash.bmff.v3": value | {"hash": bytes(32)}}
    maker = Mint(signer, binding=False)
    carrier = b""
    for _ in range(2):  # first to learn how long it is
        store = mint.superbox(b"c2pa", "c2pa", maker.manifest(bound))
        carrier = box(b"uuid", C2PA + bytes(4) + b"manifest\0" + bytes(8) + store + behind)
        start = len(head) + len(carrier)
        digest = hashlib.sha256(start.to_bytes(8) + media).digest()
        bound = {"c2pa.hash.bmff.v3": value | {"hash": digest}}
    return head + carrier + media


@THEME(
    "bytes behind the picture",
    "Another picture was appended behind the end of the first.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    return put_behind(world, folder, world.tiny)


@THEME(
    "a picture that is an archive, too",
    "Behind the photograph a ZIP archive was appended: the file is both.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    empty = b"PK\x05\x06" + bytes(18)
    return put_behind(world, folder, b"PK\x03\x04" + bytes(26) + empty)


@THEME(
    "a picture that is a page, too",
    "A web page with a script was put into a comment of the photograph: the file is both.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    data = world.original.path.read_bytes()
    page = b"<!doctype html><script src=//example.org/x.js></script>"
    comment = b"\xff\xfe" + (2 + len(page)).to_bytes(2) + page
    return Evidence(path=minted(folder, data[:2] + comment + data[2:]))


@THEME(
    "a free box behind the film",
    "A box that C2PA lets the hash leave out was appended to a film, with a message in it.",
    ALTERED,
    "assertion.bmffHash.mismatch",
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    data = world.signed_clip.read_bytes() + box(b"free", b"Nobody hashed this." * 50)
    return Evidence(path=minted(folder, data, "s.mp4"))


@THEME(
    "half of the film",
    "The file was cut off in the middle.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    data = world.signed_clip.read_bytes()
    return Evidence(path=minted(folder, data[: len(data) // 2], "s.mp4"))


@THEME(
    "half of the picture",
    "The file was cut off in the middle: the lower half is gone.",
    ALTERED,
    OTHER_BYTES,
    NOT_THESE,
)
def _(world: World, folder: Path) -> Evidence:
    data = world.original.path.read_bytes()
    return Evidence(path=minted(folder, data[: len(data) // 2]))


@THEME(
    "two manifests in one file",
    "A stranger's store stands before the known camera's: one reader takes the first, another the "
    "last.",
    INCONCLUSIVE,
    "manifest.unreadable",
    "more than one manifest store",
)
def _(world: World, folder: Path) -> Evidence:
    stranger = Mint(mint.signer(mint.Authority("Strangers")))
    both = stranger.into(Mint(world.minter).into(world.tiny))
    # Each store is one box, and each box has a number of its own (ISO/IEC 19566-5, annex D).
    return Evidence(path=minted(folder, both.replace(b"JP\x02\x11", b"JP\x02\x12", 1)))


@THEME(
    "another name",
    "A photograph is called a PNG, so that somebody opens it as one.",
    UNCHANGED,
    "signingCredential.trusted",
    "known by your list",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=minted(folder, world.original.path.read_bytes(), "s.png"))


@THEME(
    "stripped",
    "The manifest was cut out, so that nobody can say anything against the picture.",
    UNKNOWN,
    "manifest.absent",
    "The file carries no C2PA manifest.",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=minted(folder, world.original.source.read_bytes()))
