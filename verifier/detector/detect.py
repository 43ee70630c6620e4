"""One picture: abstain with the reason, or weigh it. A plain function of pixels.

Nothing of it is a finding that a conclusion weighs.
"""

from PIL import Image

from . import head as learnt
from .calibration import weigh
from .domain import why_not
from .encoder import encode
from .result import Detection, Subject, abstention, opinion
from .views import look

STRATUM = "photographs and generated pictures, re-compressed, of at least 224 pixels"
MODEL = f"sha256:{learnt.DIGEST}"
SIDES = ("a generated picture", "a photograph")


def detect_picture(image: Image.Image, coarseness: float | None = None) -> Detection:
    """Weigh a picture of mode RGB; raises ToolMissing where weights are absent.

    `coarseness` is the mean step of the luma table of a JPEG file, None for other formats.
    """
    reason = why_not(image, coarseness)
    if reason is not None:
        return abstention(Subject.PICTURE, reason, stratum=STRATUM, model=MODEL)
    features = encode(look(image))
    head = learnt.trained()
    if head.distance(features) > float(head.farthest):
        unlike = "it is unlike the pictures that the detector was trained on"
        return abstention(Subject.PICTURE, unlike, stratum=STRATUM, model=MODEL)
    evidence = weigh(head.score(features), head.calibration)
    return opinion(Subject.PICTURE, evidence, sides=SIDES, stratum=STRATUM, model=MODEL)
