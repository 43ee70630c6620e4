"""How much a face looks laid over another, or made otherwise: two networks, and a learnt line.

Learnt from real faces that `blend` laid over themselves (`python -m verifier.detector.clip_train`),
then from clips whose faces others swapped, edited or made to speak, and calibrated on those by
makers left out (`python -m bench.training.clips_made`). The score of a clip is the mean of its
faces'.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.errors import ToolMissing

from . import seams
from .adapted import SWAPS
from .encoder import SIDE
from .faces import Mesh, box_of
from .head import Head, from_bytes
from .weights import held

ROOM = 1.5  # side of the square that is looked at, in the longer side of the face's box
FILE = "swap.npz"
DIGEST = "e2b94b3480ce2b29d060723bbfe146c992185a9f421b6b62d9ac86d3e0ff83ff"  # SHA-256 of that file

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def look_at(rgb: Pixels, mesh: Mesh, room: float = ROOM) -> Pixels:
    """The square around a face, SIDE by SIDE; what lies beyond the frame is its edge, drawn out."""
    left, top, width, height = box_of(mesh)
    half = max(width, height) * room / 2
    x, y = left + width / 2, top + height / 2
    square = (round(x - half), round(y - half), round(x + half), round(y + half))
    rows = np.clip(np.arange(square[1], max(square[3], square[1] + 1)), 0, rgb.shape[0] - 1)
    columns = np.clip(np.arange(square[0], max(square[2], square[0] + 1)), 0, rgb.shape[1] - 1)
    part = Image.fromarray(np.ascontiguousarray(rgb[rows][:, columns]))
    return np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def features(square: Pixels) -> Floats:
    """Of one look at a face: what `adapted` sees, what it says of it, and what `seams` says.

    Raises ToolMissing.
    """
    seen, laid_over = SWAPS.look(square)
    return np.concatenate((seen, (laid_over, seams.score(square))), dtype=np.float32)


def score(squares: list[Pixels]) -> float | None:
    """The score of a clip, more for what looks swapped; None where it is unlike the training's.

    Raises ToolMissing.
    """
    head = trained()
    mean = np.mean([features(each) for each in squares], axis=0)  # the score is linear in them
    return None if head.distance(mean) > float(head.farthest) else head.score(mean)


@cache
def trained() -> Head:
    """The line that belongs to this version; raises ToolMissing."""
    return from_bytes(held(Path(__file__).with_name(FILE), DIGEST))


def ready() -> None:
    """Read the weights now, as far as they are installed; never raises."""
    for read in (trained, SWAPS.session, seams.NETWORK.session):
        try:
            read()
        except ToolMissing:
            return
