"""What an XMP packet says, read without trusting it: no document type, no entity, no bomb. Pure.

ISO 16684-1 (XMP) is RDF in XML. Only names and texts are taken, flat and in the file's order.
"""

import contextlib
from dataclasses import dataclass
from xml.parsers import expat

MOST_BYTES = 1 << 20  # of a packet that are read: real ones are below 64 KiB
_MOST_SAID = 2000
_MOST_DEPTH = 60
_MOST_TEXT = 4000  # characters of one text
_MOST_PIECES = 8  # of one text, as the parser hands them over

XAP = "http://ns.adobe.com/xap/1.0/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"


@dataclass(frozen=True, slots=True)
class Said:
    """One property of a packet: the namespace and name of its element or attribute, and its text.

    `place` counts the elements that began before it, so that what belongs together stands together.
    """

    namespace: str
    name: str
    text: str
    place: int


class _Refused(Exception):
    """The packet holds what no honest one does."""


def read_xmp(packet: bytes) -> tuple[Said, ...]:
    """The properties of a packet in its order; those before the damage where it is damaged.

    Nothing at all where it declares a document type or an entity.
    """
    reader = _Reader()
    try:
        with contextlib.suppress(expat.ExpatError, UnicodeError, ValueError):
            reader.parser.Parse(packet[:MOST_BYTES].strip(b"\0 \r\n\t"), True)  # noqa: FBT003  # expat takes no name
    except _Refused:
        return ()
    return tuple(reader.said)


class _Reader:
    """Collects what the parser meets; refuses what could grow or reach out."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self._open: list[tuple[str, str, list[str], int]] = []
        self._elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True  # else every character reference is a call
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_: object) -> int:
        raise _Refused

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= _MOST_DEPTH or len(self.said) >= _MOST_SAID:
            raise ValueError("more than a packet holds")
        for name, text in attributes.items():
            self._add(name, text, self._elements)
        namespace, _, local = tag.rpartition(" ")
        self._open.append((namespace, local, [], self._elements))

    def _end(self, _: str) -> None:
        namespace, local, texts, place = self._open.pop()
        text = "".join(texts).strip()
        if not text:
            return
        # RDF wraps a list's and a language's texts in li: the property around names them.
        for outer_namespace, outer, _texts, _place in reversed(self._open):
            if local not in {"li", "Alt", "Seq", "Bag"}:
                break
            namespace, local = outer_namespace, outer
        self._add(f"{namespace} {local}", text, place)

    def _text(self, text: str) -> None:
        if self._open and len(self._open[-1][2]) < _MOST_PIECES:
            self._open[-1][2].append(text[:_MOST_TEXT])

    def _add(self, tag: str, text: str, place: int) -> None:
        if len(self.said) < _MOST_SAID:
            namespace, _, local = tag.rpartition(" ")
            self.said.append(Said(namespace, local, text[:_MOST_TEXT], place))
