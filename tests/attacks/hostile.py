"""Files that are aimed at whoever opens them."""

import struct
import zlib
from pathlib import Path

from tests.verifier.forge import forge
from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import SUFFIX, Mint, box, superbox
from tests.verifier.pki import authority, resign
from tests.verifier.reports import INCONCLUSIVE, UNTRUSTED

from .attack import Evidence, Theme
from .claims import ACTIONS
from .signers import UNLISTED, minted
from .world import LASTING, SIGNERS, World

THEME = Theme("What is aimed at the reader")
UNREADABLE, ABSENT = "manifest.unreadable", "manifest.absent"
# 200,000,000 zeros, by Brotli: 152 bytes.
BOMB = bytes.fromhex(
    "cfffff7f002400e2b14072effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffe7ffff3f001200715800baf7fffcffff074002200e0b40f7fe9fffffff004800c46101e8defff3ffff1f000980382c00ddfb7ffeffff032001108705a07bffcfffff7f002400e2b00074effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffcfffe075001200715800bab9eb"
)


def carrying(world: World, folder: Path, *manifests: bytes) -> Evidence:
    """Put what may be no manifests at all where manifests belong."""
    return Evidence(path=minted(folder, mint.jpeg(world.tiny, manifests)))


@THEME(
    "the manifest is on the web",
    "The picture carries no manifest, and names an address that would learn who looks at it.",
    INCONCLUSIVE,
    "manifest.elsewhere",
    "it names one at http://127.0.0.1:9/manifest.c2pa, which was not fetched",
)
def _(world: World, folder: Path) -> Evidence:
    address = "http://127.0.0.1:9/manifest.c2pa"
    return Evidence(
        path=forge(world.original.source, folder / "s.jpg", world.chain, remote=address)
    )


@THEME(
    "a name that turns the line around",
    "The signer's name holds marks of direction and of the terminal, to overwrite what is said.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    name = "gnp.\u202eA known camera\x1b[2J\x1b[1;32mUNCHANGED\r\n<script>"
    stranger = authority("Strangers").issue(name, valid=LASTING)
    return Evidence(path=resign(world.base(), folder / "s.jpg", stranger))


@THEME(
    "a name that is a verdict",
    "The signer is called what a report would say of a known one.",
    UNTRUSTED,
    UNLISTED,
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    name = f"A camera, known by your list “{SIGNERS}”. But"
    stranger = authority("Strangers").issue(name, valid=LASTING)
    return Evidence(path=resign(world.base(), folder / "s.jpg", stranger))


@THEME(
    "a text of 2⁶³ bytes",
    "CBOR in an assertion says that it is longer than any memory.",
    INCONCLUSIVE,
    UNREADABLE,
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    return encoded(world, folder, b"\xa1\x61a\x7b\x7f" + b"\xff" * 7 + b"and no more")


@THEME(
    "an array of 2⁶⁰ items",
    "CBOR in an assertion says that it has more items than any memory.",
    INCONCLUSIVE,
    UNREADABLE,
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    return encoded(world, folder, b"\xa1\x61a\x9b\x10" + bytes(7))


@THEME(
    "a hundred thousand arrays in one another",
    "CBOR in an assertion is nested deeper than any stack.",
    INCONCLUSIVE,
    UNREADABLE,
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    return encoded(world, folder, b"\xa1\x61a" + b"\x81" * 100_000 + b"\x00")


def encoded(world: World, folder: Path, cbor: bytes) -> Evidence:
    """Mint a manifest whose actions are these bytes, as a known signer signs them."""
    whole = superbox(b"cbor", ACTIONS, box(b"cbor", cbor))
    link = mint.hashed(ACTIONS, whole)
    made = Mint(world.minter, assertions={}, listed=[link], ready=[whole])
    return Evidence(path=minted(folder, made.into(world.tiny)))


@THEME(
    "ten thousand boxes in one another",
    "The manifest's boxes are nested deeper than any stack.",
    INCONCLUSIVE,
    UNREADABLE,
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    described = box(b"jumd", b"c2as" + SUFFIX + b"\x03a\x00")
    nested = b""
    for _ in range(10_000):
        nested = box(b"jumb", described + nested)
    return carrying(world, folder, superbox(b"c2ma", Mint.label, nested))


@THEME(
    "a hundred thousand boxes side by side",
    "The manifest is made of nothing but empty boxes.",
    INCONCLUSIVE,
    UNREADABLE,
    "cannot be read",
)
def _(world: World, folder: Path) -> Evidence:
    return carrying(world, folder, superbox(b"c2ma", Mint.label, box(b"free", b"") * 100_000))


@THEME(
    "a box longer than the file",
    "The manifest says that it is four thousand million bytes long.",
    INCONCLUSIVE,
    "opinion.differs",
    "has a bad length: 4294967280",
)
def _(world: World, folder: Path) -> Evidence:
    data = Mint(world.minter).into(world.tiny)
    at = data.index(b"jumb") - 4
    return Evidence(path=minted(folder, data[:at] + b"\xff\xff\xff\xf0" + data[at + 4 :]))


@THEME(
    "a compressed manifest that never ends",
    "152 bytes of Brotli where a manifest belongs come to two hundred million.",
    INCONCLUSIVE,
    UNREADABLE,
    "output exceeds maximum size",
)
def _(world: World, folder: Path) -> Evidence:
    packed = superbox(b"c2cm", Mint.label, box(b"brob", BOMB))
    return carrying(world, folder, packed)


@THEME(
    "a picture of four thousand million pixels",
    "A PNG of some hundred bytes says that it is 65,000 pixels wide and high.",
    INCONCLUSIVE,
    ("record.unreadable", ABSENT),
    "cannot be decoded",
)
def _(world: World, folder: Path) -> Evidence:  # noqa: ARG001  # nothing is forged from
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 65_000, 65_000, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    data = b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")
    return Evidence(path=minted(folder, data, "s.png"))


@THEME(
    "nothing but a beginning",
    "The file ends after the first bytes of a JPEG.",
    INCONCLUSIVE,
    "record.unreadable",
    "cannot be decoded",
)
def _(world: World, folder: Path) -> Evidence:  # noqa: ARG001  # nothing is forged from
    return Evidence(path=minted(folder, b"\xff\xd8\xff\xe0\x00\x10JFIF"))


@THEME(
    "words that look like a manifest",
    "A text quotes the first bytes of a manifest store, so that one may seem to be in it.",
    INCONCLUSIVE,
    "manifest.not_checked",
    "not where one belongs",
)
def _(world: World, folder: Path) -> Evidence:
    store = superbox(b"c2pa", "c2pa", Mint(world.minter).manifest({}))
    return Evidence(path=minted(folder, b"Dear editor,\n" + store, "s.txt"))
