"""Files that name an address, or a file of somebody else, in the hope that a reader goes there."""

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests import media
from tests.verifier.forge import forge
from tests.verifier.opinion import mint
from tests.verifier.opinion.mint import CREATED, Mint, Signer, box

from .claims import ACTIONS
from .world import World

XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


@dataclass(frozen=True)
class Lure:
    """Where a file would have its reader go.

    web: an address of a host and port, as `127.0.0.1:1234`. canary: a folder with files that
    whoever runs the reader may read, and that nobody named to it.
    """

    web: str
    canary: Path

    @property
    def url(self) -> str:
        return f"http://{self.web}/lure"

    def file(self, name: str) -> str:
        return (self.canary / name).as_uri()


def lures(world: World, folder: Path, lure: Lure) -> Mapping[str, Path]:
    """Write every such file into a folder; return them by their names."""
    made: dict[str, Path] = {}
    for maker in (_playlists, _pages, _pictures, _sounds, _films):
        for name, data in maker(world, lure):
            made[name] = folder / name
            made[name].write_bytes(data)
    made |= {path.name: path for path in _manifests(world, folder, lure)}
    return made


Files = Iterator[tuple[str, bytes]]


def _playlists(world: World, lure: Lure) -> Files:  # noqa: ARG001  # nothing is forged from
    """Name other files, as what they are and under the names of what they are not."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    texts = {
        "hls-web": hls.format(f"{lure.url}.ts"),
        "hls-file": hls.format(lure.file("canary.ts")),
        "hls-key": hls.replace(
            "#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{lure.url}"\n#EXTINF', 1
        ).format(f"{lure.url}.ts"),
        "hls-concat": hls.format(f"concat:{lure.canary}/canary.ts|{lure.url}"),
        "hls-udp": hls.format(f"udp://{lure.web}"),
        "hls-subfile": hls.format(f"subfile,,start,0,end,64,,:{lure.canary}/canary.ts"),
        "concat": f"ffconcat version 1.0\nfile '{lure.canary}/canary.ts'\nfile '{lure.url}.ts'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 {lure.web.partition(':')[0]}\ns=x\nt=0 0\nm=video "
        f"{lure.web.partition(':')[2]} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "pls": f"[playlist]\nFile1={lure.url}\nNumberOfEntries=1\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>'
        f"{lure.url}</BaseURL><Period/></MPD>",
    }
    own = {"concat": "ffconcat", "sdp": "sdp", "pls": "pls", "dash": "mpd"}
    for name, text in texts.items():
        for ending in (own.get(name, "m3u8"), "mp4", "jpg"):
            yield f"{name}.{ending}", text.encode()


def _pages(world: World, lure: Lure) -> Files:
    """Name pictures, entities and scripts elsewhere."""
    entity = f'<!DOCTYPE svg [<!ENTITY a SYSTEM "{lure.file("canary.txt")}">'
    entity += f'<!ENTITY % b SYSTEM "{lure.url}.dtd"> %b;]>'
    svg = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    for name, inner in {
        "href": f'<image xlink:href="{lure.url}.png" width="9" height="9"/>',
        "file": f'<image href="{lure.file("canary.jpg")}" width="9" height="9"/>',
        "style": f'<style>@import url("{lure.url}.css");</style>',
        "entity": "<text>&a;</text>",
    }.items():
        text = f'<?xml version="1.0"?>{entity if name == "entity" else ""}{svg}{inner}</svg>'
        yield f"{name}.svg", text.encode()
        yield f"{name}-svg.png", text.encode()
    yield "provenance.svg", f"{svg}<metadata>{XMP.format(url=lure.url)}</metadata></svg>".encode()
    yield "page.html", f'<img src="{lure.url}"><iframe src="{lure.file("canary.txt")}">'.encode()
    yield "link.pdf", _pdf(lure)
    whole = media.pdf(world.folder).read_bytes()
    yield "provenance.pdf", whole + XMP.format(url=lure.url).encode()


def _pdf(lure: Lure) -> bytes:
    """Return a document that opens an address, and another document, by itself."""
    return (
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction 3 0 R"
        f"/AA<</WC<</S/GoToR/F({lure.canary}/canary.txt)/D[0/Fit]>>>>>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        f"3 0 obj<</S/URI/URI({lure.url})>>endobj\n"
        f"4 0 obj<</Type/Filespec/FS/URL/F({lure.url})>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n"
    ).encode()


def _pictures(world: World, lure: Lure) -> Files:
    """Say in their metadata where their manifest lies."""
    packet = XMP.format(url=lure.url).encode()
    segment = b"http://ns.adobe.com/xap/1.0/\0" + packet
    app1 = b"\xff\xe1" + (2 + len(segment)).to_bytes(2) + segment
    yield "provenance.jpg", world.tiny[:2] + app1 + world.tiny[2:]
    with Image.open(io.BytesIO(world.tiny)) as picture:
        for kind in ("PNG", "WEBP", "TIFF", "AVIF"):
            stream = io.BytesIO()
            more: dict[str, Any] = {"xmp": packet}
            if kind == "TIFF":
                more = {"tiffinfo": {700: packet}}
            elif kind == "PNG":
                more = {"pnginfo": PngInfo()}
                more["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())
            picture.save(stream, kind, **more)
            yield f"provenance.{kind.lower()}", stream.getvalue()


def _sounds(world: World, lure: Lure) -> Files:
    """Name a cover picture that lies elsewhere, as ID3 and FLAC allow."""
    cover = b"\x00-->\x00\x03\x00" + lure.url.encode()
    address = b"\x00" + lure.url.encode()
    frames = b"".join(
        kind + _syncsafe(len(data)) + bytes(2) + data
        for kind, data in ((b"APIC", cover), (b"WXXX", address), (b"WOAS", lure.url.encode()))
    )
    tag = b"ID3\x04\x00\x00" + _syncsafe(len(frames)) + frames
    source = media.recording(world.folder)
    short = world.folder / "short.wav"
    media.run_ffmpeg("-i", str(source), "-t", "1", str(short))
    yield "cover.mp3", tag + media.convert(short, world.folder / "s.mp3").read_bytes()
    flac = media.convert(short, world.folder / "s.flac").read_bytes()
    link = lure.url.encode()
    picture = struct.pack(">II", 3, 3) + b"-->" + struct.pack(">IIIIII", 0, 0, 0, 0, 0, len(link))
    picture += link
    block = b"\x06" + len(picture).to_bytes(3) + picture
    yield "cover.flac", flac[:4] + _not_last(flac[4:42]) + block + flac[42:]


def _not_last(block: bytes) -> bytes:
    return bytes([block[0] & 0x7F]) + block[1:]


def _syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _films(world: World, lure: Lure) -> Files:
    """Keep their pictures in another file (ISO/IEC 14496-12, 8.7.2), or say what comes next."""
    short = world.folder / "short.mp4"
    media.run_ffmpeg("-i", str(world.clip), "-t", "0.2", "-c", "copy", str(short))
    clip = short.read_bytes()
    for name, place in {"web": lure.url, "file": lure.file("canary.ts")}.items():
        entry = box(b"url ", bytes(4) + place.encode() + b"\0")
        yield f"data-{name}.mp4", _with_reference(clip, entry)
    path = str(lure.canary / "canary.ts").encode()
    path += bytes(len(path) % 2)
    alias = bytes(10) + bytes([5]) + b"Macin".ljust(27, b"\0") + bytes(12)
    alias += bytes([9]) + b"canary.ts".ljust(63, b"\0") + bytes(16) + struct.pack(">HH", 0, 0)
    alias += bytes(16) + struct.pack(">HH", 2, len(path)) + path + b"\xff\xff" + bytes(2)
    yield "data-alias.mov", _with_reference(clip, box(b"alis", bytes(4) + alias))
    reference = box(
        b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(lure.url)) + lure.url.encode()
    )
    movie = box(b"moov", box(b"rmra", box(b"rmda", reference)))
    yield "reference.mov", box(b"ftyp", b"qt  " + bytes(4)) + movie
    xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP.format(url=lure.url).encode()
    yield "provenance.mp4", clip + box(b"uuid", xmp)
    mkv = world.folder / "linked.mkv"
    media.run_ffmpeg(
        *("-i", str(short), "-c", "copy"),
        *(
            "-metadata",
            f"url={lure.url}",
            "-metadata",
            f"filename={lure.file('canary.ts')}",
            str(mkv),
        ),
    )
    yield "linked.mkv", mkv.read_bytes()


def _with_reference(data: bytes, entry: bytes) -> bytes:
    """Replace the entry of each `dref` box, and make each box around it as long as it now is."""

    def grown(start: int, end: int) -> bytes:
        made = b""
        while start < end:
            size, kind = int.from_bytes(data[start : start + 4]), data[start + 4 : start + 8]
            if kind == b"dref":
                made += box(kind, bytes(4) + (1).to_bytes(4) + entry)
            elif kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
                made += box(kind, grown(start + 8, start + size))
            else:
                made += data[start : start + size]
            start += size
        return made

    return grown(0, len(data))


def _manifests(world: World, folder: Path, lure: Lure) -> Iterator[Path]:
    """Name addresses in claims, assertions and certificates."""
    yield forge(world.original.source, folder / "remote.jpg", world.chain, remote=lure.url)
    address = {"url": lure.url, "hash": bytes(32), "alg": "sha256"}
    reference = {"location": address, "content_type": "application/cbor"}
    ingredient = {
        "relationship": "componentOf",
        "dc:title": "Elsewhere",
        "activeManifest": address,
        "thumbnail": address,
        "data": {"url": lure.url, "hash": bytes(32), "alg": "sha256"},
    }
    host = f"did:web:{lure.web.replace(':', '%3A')}"
    identity = {
        "signer_payload": {
            "sig_type": "cawg.identity_claims_aggregation",
            "referenced_assertions": [],
        },
        "signature": _credential(host),
        "pad1": b"",
    }
    saying: Mapping[str, Mapping[str, object]] = {
        "cloud": {"c2pa.cloud-data": {"label": "c2pa.actions.v2", "size": 9, **reference}},
        "external": {"c2pa.external-reference": reference},
        "ingredient": {"c2pa.ingredient.v3": ingredient},
        "identity": {"cawg.identity": identity},
        "soft-binding": {"c2pa.soft-binding": {"alg": "x", "url": lure.url, "blocks": []}},
        "metadata": {"c2pa.metadata": {"dcterms:provenance": lure.url, "@context": lure.url}},
    }
    for name, said in saying.items():
        yield _write(folder, name, Mint(world.minter, assertions={ACTIONS: CREATED, **said}), world)
    yield _write(folder, "listed", Mint(world.minter, listed=[address]), world)
    claim = {"remote_manifest": lure.url, "dcterms:provenance": lure.url, "signature": lure.url}
    yield _write(folder, "claim", Mint(world.minter, claim=claim), world)
    yield _write(folder, "certificate", Mint(_addressed(world, lure)), world)


def _write(folder: Path, name: str, made: Mint, world: World) -> Path:
    path = folder / f"manifest-{name}.jpg"
    path.write_bytes(made.into(world.tiny))
    return path


def _credential(issuer: str) -> bytes:
    """Return a COSE_Sign1 whose credential names an issuer on the web."""
    held = f'{{"issuer":"{issuer}","type":["VerifiableCredential"]}}'.encode()
    protected = cbor2.dumps({1: -8, 3: "application/vc"})
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, held, bytes(64)]))


def _addressed(world: World, lure: Lure) -> Signer:
    """Make a known signer whose certificate names addresses for its issuer, OCSP and CRLs."""

    def there(what: str) -> x509.UniformResourceIdentifier:
        return x509.UniformResourceIdentifier(f"http://{lure.web}/{what}")

    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, there("ocsp")),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, there("issuer.cer")),
    ]
    points = [x509.DistributionPoint([there("list.crl")], None, None, None)]
    extensions: tuple[x509.ExtensionType, ...] = (
        x509.AuthorityInformationAccess(access),
        x509.CRLDistributionPoints(points),
    )
    return mint.signer(world.root, extensions=extensions)
