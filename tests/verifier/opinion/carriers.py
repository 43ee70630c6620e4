"""Pictures of several formats: cut into their boxes by hand, and put around a manifest again."""

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from .mint import CREATED, Mint, Signer, superbox

Part = tuple[str, bytes]  # a box: its name (C2PA 2.2, 18.7.3), and its bytes


def picture(kind: str, **wishes: object) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).save(stream, kind, **wishes)
    return stream.getvalue()


def animation() -> bytes:
    """Return a GIF of two pictures with a comment, the second with colours of its own."""
    first, second = (Image.radial_gradient("L").resize((16, 16)).rotate(n) for n in (0, 90))
    stream = io.BytesIO()
    coloured = second.point(lambda value: 255 - value).convert("P")
    first.save(
        *(stream, "GIF"), save_all=True, append_images=[coloured], comment=b"A comment", loop=0
    )
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png_parts(data: bytes) -> Iterator[Part]:
    yield "PNGh", data[:8]
    at = 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8].decode(), data[at:end]
        at = end


def gif_parts(data: bytes) -> Iterator[Part]:
    def colours(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 128 else 0

    def blocks(at: int) -> int:
        while data[at]:
            at += 1 + data[at]
        return at + 1

    yield "GIF89a", data[:6]
    at = 13 + colours(data[10])
    yield "LSD", data[6:at]
    while data[at] != 0x3B:
        start = at
        if data[at] == 0x21:
            at = blocks(at + 2)
            yield f"21{data[start + 1]:02X}", data[start:at]
            continue
        at += 10 + colours(data[at + 9])
        yield "2C", data[start:at]
        start, at = at, blocks(at + 1)
        yield "TBID", data[start:at]
    yield "3B", data[at:]


def riff_parts(data: bytes) -> Iterator[Part]:
    yield data[8:12].decode(), data[:12]
    at = 12
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        yield data[at : at + 4].decode(), data[at:end]
        at = end


def gif_block(store: bytes) -> bytes:
    cut = (store[at : at + 255] for at in range(0, len(store), 255))
    blocks = b"".join(bytes([len(each)]) + each for each in cut)
    return b"\x21\xff\x0bC2PA_GIF\x01\x00\x00" + blocks + b"\x00"


def riff_chunk(store: bytes) -> bytes:
    return b"C2PA" + len(store).to_bytes(4, "little") + store + bytes(len(store) % 2)


@dataclass(frozen=True)
class Carrier:
    """How a format is cut, at which of its boxes the manifest's stands, and how that is made."""

    ending: str
    media_type: str
    parts: Callable[[bytes], Iterator[Part]]
    place: int
    carry: Callable[[bytes], bytes]


PNG = Carrier("png", "image/png", png_parts, 2, lambda store: chunk(b"caBX", store))
GIF = Carrier("gif", "image/gif", gif_parts, 2, gif_block)
WEBP = Carrier("webp", "image/webp", riff_parts, -1, riff_chunk)


def entry(names: Sequence[str], data: bytes, *, excluded: bool = False) -> dict[str, object]:
    found: dict[str, object] = {"names": list(names), "hash": hashlib.sha256(data).digest()}
    return found | {"pad": b""} | ({"excluded": True} if excluded else {})


def put_together(
    carrier: Carrier,
    data: bytes,
    signer: Signer,
    *,
    excluded: Sequence[str] = (),
    unlisted: Sequence[str] = (),
    behind: bytes = b"",
    after: bool = False,
    more: Mapping[str, object] | None = None,
) -> bytes:
    """Sign a picture box by box.

    Those `excluded` are listed without counting, those `unlisted` are not listed, and what lies
    `behind` the picture is listed as such where `after`; `more` are further assertions.
    """
    made, length = b"", 0
    for _ in range(2):  # first to learn how long it is
        parts = list(carrier.parts(data))
        if carrier is WEBP:
            parts[0] = (
                parts[0][0],
                b"RIFF" + (length - 8).to_bytes(4, "little", signed=True) + b"WEBP",
            )
        place = carrier.place % (len(parts) + 1)
        listed = [entry([name], part, excluded=name in excluded) for name, part in parts]
        listed.insert(place, {"names": ["C2PA"], "hash": b"\x00", "pad": b""})
        listed = [each for each in listed if each["names"] not in [[name] for name in unlisted]]
        listed += [entry(["c2pa.after"], behind)] if after else []
        said = {"c2pa.actions.v2": CREATED, "c2pa.hash.boxes": {"boxes": listed, "alg": "sha256"}}
        manifest = Mint(signer, binding=False, assertions=said | dict(more or {})).manifest({})
        store = superbox(b"c2pa", "c2pa", manifest)
        pieces = [part for _, part in parts]
        pieces.insert(place, carrier.carry(store))
        made = b"".join(pieces) + behind
        length = len(made) - len(behind)
    return made
