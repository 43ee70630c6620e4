"""What was done to an asset, and how it came to be, in C2PA's words.

C2PA 2.3, 18.15 "Actions"; the source types are IPTC's NewsCodes, which that section names.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .errors import StatementError

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_C2PA = "http://c2pa.org/digitalsourcetype/"


class DigitalSourceType(StrEnum):
    """How the pixels or samples came to be (IPTC NewsCodes "Digital Source Type")."""

    DIGITAL_CAPTURE = _IPTC + "digitalCapture"
    COMPUTATIONAL_CAPTURE = _IPTC + "computationalCapture"
    NEGATIVE_FILM = _IPTC + "negativeFilm"
    POSITIVE_FILM = _IPTC + "positiveFilm"
    PRINT = _IPTC + "print"
    HUMAN_EDITS = _IPTC + "humanEdits"
    ALGORITHMICALLY_ENHANCED = _IPTC + "algorithmicallyEnhanced"
    DIGITAL_CREATION = _IPTC + "digitalCreation"
    DATA_DRIVEN_MEDIA = _IPTC + "dataDrivenMedia"
    TRAINED_ALGORITHMIC_MEDIA = _IPTC + "trainedAlgorithmicMedia"
    COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA = _IPTC + "compositeWithTrainedAlgorithmicMedia"
    ALGORITHMIC_MEDIA = _IPTC + "algorithmicMedia"
    SCREEN_CAPTURE = _IPTC + "screenCapture"
    VIRTUAL_RECORDING = _IPTC + "virtualRecording"
    COMPOSITE = _IPTC + "composite"
    COMPOSITE_CAPTURE = _IPTC + "compositeCapture"
    COMPOSITE_SYNTHETIC = _IPTC + "compositeSynthetic"
    EMPTY = _C2PA + "empty"


class ActionKind(StrEnum):
    """One thing done to an asset: the actions that C2PA defines for a single file.

    Left out: deprecated names (`c2pa.color_adjustments`), and actions whose parameters we never
    write (placed, removed, redacted, watermarked, translated).
    """

    CREATED = "c2pa.created"
    OPENED = "c2pa.opened"
    EDITED = "c2pa.edited"
    EDITED_METADATA = "c2pa.edited.metadata"
    CROPPED = "c2pa.cropped"
    RESIZED = "c2pa.resized"
    ORIENTATION = "c2pa.orientation"
    FILTERED = "c2pa.filtered"
    DRAWING = "c2pa.drawing"
    ADDED_TEXT = "c2pa.addedText"
    DELETED = "c2pa.deleted"
    ENHANCED = "c2pa.enhanced"
    ADJUSTED_COLOR = "c2pa.adjustedColor"
    TRIMMED = "c2pa.trimmed"
    CHANGED_SPEED = "c2pa.changedSpeed"
    DUBBED = "c2pa.dubbed"
    CONVERTED = "c2pa.converted"
    TRANSCODED = "c2pa.transcoded"
    REPACKAGED = "c2pa.repackaged"
    PUBLISHED = "c2pa.published"


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its kind, when (aware), why in free text, and what kind of source it used.

    Raises StatementError for a time without a zone.
    """

    kind: ActionKind
    when: datetime | None = None
    description: str = ""
    source_type: DigitalSourceType | None = None

    def __post_init__(self) -> None:
        """Refuse a time that names no instant."""
        if self.when is not None:
            require_aware(self.when, f"the time of {self.kind}")


def require_aware(moment: datetime, what: str) -> None:
    """Raise StatementError unless `moment` has a time zone; `what` begins the sentence."""
    if moment.utcoffset() is None:
        raise StatementError(f"{what} has no time zone", "give it one, such as +00:00")
