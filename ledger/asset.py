"""What a file is: its type by its first bytes (never by its name), its size and its digest."""

import codecs
import hashlib
import stat
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedIOBase
from pathlib import Path

from .errors import AssetError
from .vocabulary import Digest

HEAD_SIZE = 4096  # bytes that `detect_media_type` wants to see
_CHUNK = 1 << 18


class Kind(StrEnum):
    """What a person would call it."""

    PICTURE = "picture"
    CLIP = "clip"
    RECORDING = "recording"
    DOCUMENT = "document"
    OTHER = "file"


@dataclass(frozen=True, slots=True)
class MediaType:
    """An IANA media type with the file name endings that may carry it (the first is the usual)."""

    name: str
    kind: Kind
    extensions: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


JPEG = MediaType("image/jpeg", Kind.PICTURE, (".jpg", ".jpeg", ".jpe", ".jfif"))
PNG = MediaType("image/png", Kind.PICTURE, (".png", ".apng"))
GIF = MediaType("image/gif", Kind.PICTURE, (".gif",))
WEBP = MediaType("image/webp", Kind.PICTURE, (".webp",))
TIFF = MediaType("image/tiff", Kind.PICTURE, (".tif", ".tiff", ".dng", ".arw", ".nef"))
BMP = MediaType("image/bmp", Kind.PICTURE, (".bmp",))
AVIF = MediaType("image/avif", Kind.PICTURE, (".avif",))
HEIC = MediaType("image/heic", Kind.PICTURE, (".heic", ".heif", ".hif"))
MP4 = MediaType("video/mp4", Kind.CLIP, (".mp4", ".m4v"))
MOV = MediaType("video/quicktime", Kind.CLIP, (".mov", ".qt"))
MKV = MediaType("video/x-matroska", Kind.CLIP, (".mkv", ".mka"))
WEBM = MediaType("video/webm", Kind.CLIP, (".webm",))
AVI = MediaType("video/x-msvideo", Kind.CLIP, (".avi",))
MPEG_TS = MediaType("video/mp2t", Kind.CLIP, (".ts", ".mts", ".m2ts"))  # AVCHD, broadcasts
MPEG_PS = MediaType("video/mp2p", Kind.CLIP, (".mpg", ".mpeg", ".vob"))
MXF = MediaType("application/mxf", Kind.CLIP, (".mxf",))  # cameras of broadcasters
ASF = MediaType("video/x-ms-asf", Kind.CLIP, (".wmv", ".asf", ".wma"))
FLV = MediaType("video/x-flv", Kind.CLIP, (".flv",))
WAV = MediaType("audio/wav", Kind.RECORDING, (".wav", ".wave"))
MP3 = MediaType("audio/mpeg", Kind.RECORDING, (".mp3",))
FLAC = MediaType("audio/flac", Kind.RECORDING, (".flac",))
M4A = MediaType("audio/mp4", Kind.RECORDING, (".m4a", ".m4b"))
OGG = MediaType("audio/ogg", Kind.RECORDING, (".ogg", ".oga", ".opus"))
AIFF = MediaType("audio/aiff", Kind.RECORDING, (".aif", ".aiff", ".aifc"))
CAF = MediaType("audio/x-caf", Kind.RECORDING, (".caf",))
AAC = MediaType("audio/aac", Kind.RECORDING, (".aac",))
OGV = MediaType("video/ogg", Kind.CLIP, (".ogv", ".ogg"))
PDF = MediaType("application/pdf", Kind.DOCUMENT, (".pdf",))
TEXT = MediaType("text/plain", Kind.OTHER, (".txt", ".md", ".csv", ".json", ".xml", ".html"))
UNKNOWN = MediaType("application/octet-stream", Kind.OTHER, (".bin",))

MEDIA_TYPES = (
    *(JPEG, PNG, GIF, WEBP, TIFF, BMP, AVIF, HEIC),
    *(MP4, MOV, MKV, WEBM, AVI, OGV, MPEG_TS, MPEG_PS, MXF, ASF, FLV),
    *(WAV, MP3, FLAC, M4A, OGG, AIFF, CAF, AAC),
    *(PDF, TEXT, UNKNOWN),
)
BY_NAME = {media_type.name: media_type for media_type in MEDIA_TYPES}

_MAGIC = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"fLaC", FLAC),
    (b"ID3", MP3),
    (b"%PDF-", PDF),
    (b"\x00\x00\x01\xba", MPEG_PS),  # ISO/IEC 13818-1, 2.5.3.4: a pack
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", MXF),  # SMPTE ST 377-1, 6.5: a partition
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
    (b"FLV\x01", FLV),
    (b"caff\x00\x01", CAF),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": AVI}
_BRANDS = {
    **dict.fromkeys((b"M4A ", b"M4B "), M4A),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), HEIC),
    b"qt  ": MOV,
}
# How the first packet of a moving picture in Ogg starts: Theora, VP8, Dirac.
_OGG_VIDEO = (b"\x80theora", b"OVP80", b"BBCD\x00")
# Where packets of a transport stream begin (ISO/IEC 13818-1, 2.4.3.2), and after times of 4 bytes.
_PACKETS = ((0, 188, 376), (4, 196, 388))
# The first box of an ISO base media or QuickTime file that has no `ftyp` (old cameras write these).
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"pnot")


def detect_media_type(head: bytes) -> MediaType:
    """Name the type of a file from its first HEAD_SIZE bytes; UNKNOWN when nothing fits."""
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    return _of_chunks(head) or _of_frames(head) or (TEXT if _is_text(head) else _of_packets(head))


def _of_chunks(head: bytes) -> MediaType | None:
    """The type of a file whose first chunk, box, element or page names it."""
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], MP4)
    if head[4:8] in _QUICKTIME_BOXES:
        return MOV
    if head.startswith(b"\x1aE\xdf\xa3"):  # RFC 8794: the EBML header names its DocType
        return WEBM if b"webm" in head[:64] else MKV
    if head.startswith(b"OggS"):
        return OGV if any(mark in head[:256] for mark in _OGG_VIDEO) else OGG
    return BMP if head.startswith(b"BM") and head[6:10] == bytes(4) else None


def _of_frames(head: bytes) -> MediaType | None:
    """The type of a recording that is bare frames of MPEG audio, each behind twelve sync bits."""
    if len(head) < 3 or head[0] != 0xFF:
        return None
    # Layer III without a tag: 11 sync bits, neither reserved rate.
    if head[1] & 0xE6 == 0xE2 and head[2] & 0x0C != 0x0C:
        return MP3
    # AAC (ISO/IEC 13818-7, 6.2): layer 0, a known rate, and a second frame where the first ends.
    length = int.from_bytes(head[3:6], "big") >> 5 & 0x1FFF
    adts = head[1] & 0xF6 == 0xF0 and head[2] & 0x3C <= 0x30 and length >= 7
    return AAC if adts and head[length : length + 2] == head[:2] else None


def _of_packets(head: bytes) -> MediaType:
    """The type of a transport stream, which no text is taken for."""
    packets = any(all(head[at : at + 1] == b"G" for at in places) for places in _PACKETS)
    return MPEG_TS if packets else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        # The last character of a longer file may be cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, len(head) < HEAD_SIZE)
    except UnicodeDecodeError:
        return False
    return bool(text) and all(c.isprintable() or c in "\t\r\n\f" for c in text)


def name_contradicts(name: str, media_type: MediaType) -> MediaType | None:
    """Return the type that the name's ending promises, where the bytes say something else.

    An ending that we do not know promises nothing.
    """
    suffix = Path(name).suffix.lower()
    promised = [known for known in MEDIA_TYPES if suffix in known.extensions]
    return None if not promised or media_type in promised else promised[0]


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it lay before us: what it is, how long, and its digest."""

    media_type: MediaType
    size: int
    digest: Digest


def read_asset(stream: BufferedIOBase) -> Asset:
    """Read `stream` once, to its end, in constant memory.

    Raises AssetError when it holds nothing.
    """
    head = stream.read(HEAD_SIZE)
    if not head:
        raise AssetError("the file is empty", "give a file that holds something")
    digest = hashlib.sha256(head)
    size = len(head)
    chunk = memoryview(bytearray(_CHUNK))
    while length := stream.readinto(chunk):
        digest.update(chunk[:length])
        size += length
    return Asset(detect_media_type(head), size, Digest(digest.digest()))


def read_asset_file(path: Path) -> Asset:
    """Read the file at `path` as `read_asset` does; raise AssetError where it cannot be read.

    What is read more than once must be a file: a pipe would be empty, or wait for ever.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise AssetError(f"the name of {path} is not UTF-8", "rename it") from None
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise AssetError(f"{path} is a folder", "name the files in it")
        if not stat.S_ISREG(mode):
            raise AssetError(f"{path} is not a file", "save it to a file first")
        with path.open("rb") as stream:
            return read_asset(stream)
    except FileNotFoundError:
        raise AssetError(f"{path} does not exist", "check the name") from None
    except OSError as problem:
        raise AssetError(f"{path} cannot be read ({problem.strerror})") from None
