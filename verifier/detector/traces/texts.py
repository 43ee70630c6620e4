"""The texts that a picture's file carries about itself, each with where it stands.

They are a stranger's: bounded here, and made harmless where they are shown.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from PIL import ExifTags, Image

from .xmp import Said, read_xmp

MOST_TEXT = 20_000  # characters of one text that are looked at: a workflow of ComfyUI is long
_MOST_TEXTS = 200
_USER_COMMENT = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"\0\0\0\0\0\0\0\0": "utf-8"}
_TEXT_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.ProcessingSoftware,
    ExifTags.Base.Artist,
    ExifTags.Base.UserComment,
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a file: `where` as in “EXIF Software”, and what stands there."""

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """What the EXIF says that can be held against the picture; None where it says nothing.

    `size` is width and height in pixels, as the camera stored them. `thumbnail` is the JPEG of the
    first embedded one, unread.
    """

    changed: datetime | None = None  # DateTime: when the file was last changed
    captured: datetime | None = None  # DateTimeOriginal
    digitised: datetime | None = None  # DateTimeDigitized
    size: tuple[int, int] | None = None
    thumbnail: bytes | None = None


def texts(image: Image.Image) -> tuple[Text, ...]:
    """Every text that names tools or tells of the making, EXIF, PNG and comments; not XMP."""
    found = [*_exif_texts(image), *_info_texts(image)]
    return tuple(found[:_MOST_TEXTS])


def xmp(image: Image.Image) -> tuple[Said, ...]:
    """What the file's XMP packet says; nothing where there is none."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    return read_xmp(packet) if isinstance(packet, bytes) else ()


def exif(image: Image.Image) -> Exif:
    """The parts of the EXIF that can be checked; all of them may be damaged, each alone."""
    main = _ifd(image, None)
    details = _ifd(image, ExifTags.IFD.Exif)
    size = _whole(details.get(0xA002)), _whole(details.get(0xA003))  # PixelX-, PixelYDimension
    return Exif(
        changed=_moment(main.get(ExifTags.Base.DateTime)),
        captured=_moment(details.get(ExifTags.Base.DateTimeOriginal)),
        digitised=_moment(details.get(ExifTags.Base.DateTimeDigitized)),
        size=(size[0], size[1]) if size[0] and size[1] else None,
        thumbnail=_thumbnail(image),
    )


def _ifd(image: Image.Image, which: int | None) -> Mapping[int, Any]:
    """A directory of the EXIF as far as it can be read."""
    with contextlib.suppress(Exception):  # Pillow raises nearly anything on damaged EXIF
        whole = image.getexif()
        return dict(whole) if which is None else dict(whole.get_ifd(which))
    return {}


def _exif_texts(image: Image.Image) -> Iterator[Text]:
    merged = {**_ifd(image, ExifTags.IFD.Exif), **_ifd(image, None)}
    for tag in _TEXT_TAGS:
        text = _decoded(merged.get(tag), is_comment=tag == ExifTags.Base.UserComment)
        if text:
            yield Text(f"EXIF {tag.name}", text)


def _info_texts(image: Image.Image) -> Iterator[Text]:
    """PNG's text chunks and the comments of JPEG and GIF; what Pillow itself notes is no text."""
    kind = "PNG text" if image.format == "PNG" else "comment"
    named: Mapping[Any, Any] = {"comment": image.info.get("comment")}
    if image.format == "PNG":
        named = {key: text for key, text in image.info.items() if isinstance(text, str)}
        with contextlib.suppress(Exception):  # what stands behind the pixels, where they are whole
            named = cast("Any", image).text
    for key, value in list(named.items())[:_MOST_TEXTS]:
        text = _decoded(value)
        if text and not str(key).startswith("XML:com.adobe.xmp"):
            yield Text(f"{kind} “{str(key)[:60]}”" if kind == "PNG text" else "JPEG comment", text)


def _decoded(value: object, *, is_comment: bool = False) -> str:
    if isinstance(value, str):
        return value[:MOST_TEXT].strip("\0 \r\n\t")
    if not isinstance(value, bytes):
        return ""
    coding, body = "utf-8", value[: 4 * MOST_TEXT]
    if is_comment and value[:8] in _USER_COMMENT:  # EXIF 2.32, 4.6.5: eight bytes name the code
        coding, body = _USER_COMMENT[value[:8]], body[8:]
    if coding == "utf-16":  # the order of bytes is the file's; which one is not said
        coding = "utf-16-be" if body[:2] != b"\xff\xfe" and body[:1] == b"\0" else "utf-16-le"
    return body.decode(coding, "replace")[:MOST_TEXT].strip("\0 \r\n\t")


def _moment(value: object) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    return None


def _whole(value: object) -> int:
    with contextlib.suppress(ValueError, TypeError, ArithmeticError):
        return int(cast("Any", value))
    return 0


def _thumbnail(image: Image.Image) -> bytes | None:
    """The bytes of the thumbnail of IFD1 (EXIF 2.32, 4.5.5), where they lie within the EXIF."""
    ifd = _ifd(image, ExifTags.IFD.IFD1)
    start, length = _whole(ifd.get(0x0201)), _whole(ifd.get(0x0202))
    held = image.info.get("exif", b"")
    if not isinstance(held, bytes) or start <= 0 or not 0 < length <= len(held):
        return None
    base = 6 if held.startswith(b"Exif\0\0") else 0
    data = held[base + start : base + start + length]
    return data if data.startswith(b"\xff\xd8") else None
