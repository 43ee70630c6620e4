"""One picture, or one face of it: abstain with the reason, or weigh it. Plain functions of pixels.

Nothing of it is a finding that a conclusion weighs.
"""

import contextlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.errors import ToolMissing

from . import faces, kinds, seen
from . import head as learnt
from .calibration import weigh
from .domain import why_not, why_not_face
from .result import Cue, Detection, Subject, abstention, opinion
from .views import Box, Look, looks, looks_at_face
from .weights import named

STRATA = {
    Subject.PICTURE: "photographs and generated pictures, re-compressed, of at least 320 pixels",
    Subject.FACE: "photographed and generated faces, re-compressed, of at least 96 pixels",
}
SIDES = {
    Subject.PICTURE: ("a generated picture", "a photograph"),
    Subject.FACE: ("a generated face", "a photographed face"),
}
EXPERIMENTAL = True  # both kinds: below the bar that MODEL_CARD.md states


def detect_picture(image: Image.Image, coarseness: float | None = None) -> Detection:
    """Weigh a picture of mode RGB; raises ToolMissing where weights are absent.

    `coarseness` is the mean step of the luma table of a JPEG file, None for other formats.
    """
    reason = why_not(image, coarseness)
    if reason is not None:
        return _abstained(Subject.PICTURE, reason)
    return _weighed(Subject.PICTURE, looks(image))


def detect_face(
    image: Image.Image, box: Box, *, cues: tuple[Cue, ...] = (), unlike: str | None = None
) -> Detection:
    """Weigh one face of a picture of mode RGB: made as a whole, or photographed.

    `box` is from brow to chin, and may reach beyond the picture; `cues` are what was measured of
    it; `unlike` is a reason to say nothing (`kinds.made`). A face that was swapped into a
    photograph is another question. Raises ToolMissing where weights are absent.
    """
    reason = unlike or why_not_face(image, box)
    if reason is not None:
        return replace(_abstained(Subject.FACE, reason), cues=cues)
    return replace(_weighed(Subject.FACE, looks_at_face(image, box)), cues=cues)


def ready() -> None:
    """Read all weights now, once in a process; absent ones are said when they are asked for."""
    seen.ready()
    with contextlib.suppress(ToolMissing):
        kinds.trained()
    for subject in learnt.DIGESTS:
        with contextlib.suppress(ToolMissing):
            nothing = np.zeros(seen.NUMBERS[subject] + 1, np.float32)
            learnt.trained(subject).score(nothing)  # what is worked out once is, now


def digests() -> dict[str, str]:
    """The files of weights and the SHA-256 that each must have."""
    return seen.digests() | kinds.digests() | dict(learnt.DIGESTS.values())


def unlike(subject: Subject, features: npt.NDArray[np.float32]) -> str | None:
    """The reason to say nothing of what is seen like this, or None; raises ToolMissing."""
    head = learnt.trained(subject)
    if head.distance(features) > float(head.farthest):
        return "it is unlike what the detector was trained on"
    return kinds.unlike(features) if subject == Subject.PICTURE else None


def _weighed(subject: Subject, what: tuple[Look, ...]) -> Detection:
    features = seen.see(subject, what)
    reason = unlike(subject, features)
    if reason is not None:
        return _abstained(subject, reason)
    head = learnt.trained(subject)
    evidence = weigh(head.score(features), head.calibration)
    sides, stratum = SIDES[subject], STRATA[subject]
    models = _models(subject)
    return opinion(
        subject, evidence, sides=sides, stratum=stratum, models=models, experimental=EXPERIMENTAL
    )


def _abstained(subject: Subject, reason: str) -> Detection:
    stratum, models = STRATA[subject], _models(subject)
    return abstention(subject, reason, stratum=stratum, models=models, experimental=EXPERIMENTAL)


def _models(subject: Subject) -> tuple[str, ...]:
    found_by = faces.digests().values() if subject == Subject.FACE else ()
    rests_on = (*seen.NETWORKS[subject], seen.ADAPTED[subject].digest, kinds.DIGEST, *found_by)
    return named((learnt.DIGESTS[subject][1], *rests_on))
