"""One picture: abstain with the reason, or weigh it. A plain function of pixels.

The whole of what comes out is a `Detection`; nothing of it is a finding that a conclusion weighs.
"""

from dataclasses import dataclass

from PIL import Image

from . import head as learnt
from .calibration import Evidence, in_words, weigh
from .domain import why_not
from .encoder import encode
from .views import look

STRATUM = "photographs and generated pictures, re-compressed, of at least 224 pixels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What the detector says of a file: how strong the evidence is, or why it says nothing.

    `log10_lr` is positive for *generated*, negative for *photographed*; `interval` is its 95 %
    interval; `abstained` is the reason for saying nothing, and then both are None. `model` is the
    digest of the weights that were learnt, `stratum` the kind of file that they were measured on.
    """

    kind: str
    log10_lr: float | None
    interval: tuple[float, float] | None
    words: str
    abstained: str | None
    stratum: str
    model: str


def detect_picture(image: Image.Image, coarseness: float | None = None) -> Detection:
    """Weigh a picture of mode RGB; raises ToolMissing where weights are absent.

    `coarseness` is the mean step of the luma table of a JPEG file, None for other formats.
    """
    reason = why_not(image, coarseness)
    if reason is not None:
        return _answer(None, reason)
    features = encode(look(image))
    head = learnt.trained()
    if head.distance(features) > float(head.farthest):
        return _answer(None, "it is unlike the pictures that the detector was trained on")
    return _answer(weigh(head.score(features), head.calibration), None)


def _answer(evidence: Evidence | None, abstained: str | None) -> Detection:
    return Detection(
        kind="image",
        log10_lr=evidence.log10_lr if evidence else None,
        interval=evidence.interval if evidence else None,
        words=in_words(evidence) if evidence else "abstained",
        abstained=abstained,
        stratum=STRATUM,
        model=f"sha256:{learnt.DIGEST}",
    )
