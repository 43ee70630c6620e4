"""How much a face looks laid over another, or made otherwise: three networks, and learnt lines.

Learnt from real faces that `blend` laid over themselves (`python -m verifier.detector.clip_train`),
then from clips whose faces others swapped, edited, made to speak or made as a whole, and calibrated
on those by makers left out (`python -m bench.training.clips_made`). A clip is scored by the mean of
what is seen of its faces.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from verifier.errors import ToolMissing

from . import seams
from .adapted import FACES, SWAPS
from .encoder import SIDE
from .faces import Mesh, box_of
from .head import Head, from_bytes
from .weights import held

ROOM = 1.5  # side of the square that is looked at, in the longer side of the face's box
FILE = "swap.npz"
DIGEST = "f9c48f3fe51f25d51705962ae0b8e51c7d92d6ab00b866fa408be74826a46c67"  # SHA-256 of that file

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
    """Of one look at a face: what is seen of a seam, then of a face that was generated.

    The latter is what the network for faces in pictures sees, and what it says. Raises ToolMissing.
    """
    seen, generated = FACES.look(square)
    return np.concatenate((laid_over(square), seen, (generated,)), dtype=np.float32)


def laid_over(square: Pixels) -> Floats:
    """What the network for swaps sees, what it says of it, and what `seams` says.

    Raises ToolMissing.
    """
    seen, said = SWAPS.look(square)
    return np.concatenate((seen, (said, seams.score(square))), dtype=np.float32)


def score(squares: list[Pixels]) -> float | None:
    """The score of a clip, more for what looks swapped; None where it is unlike the training's.

    Raises ToolMissing.
    """
    head = trained()
    mean = np.mean([features(each) for each in squares], axis=0)
    return None if head.distance(mean) > float(head.farthest) else head.score(mean)


@cache
def trained() -> Head:
    """The line that belongs to this version; raises ToolMissing."""
    return from_bytes(held(Path(__file__).with_name(FILE), DIGEST))


def ready() -> None:
    """Read the weights now, as far as they are installed; never raises."""
    for read in (trained, SWAPS.session, FACES.session, seams.NETWORK.session):
        try:
            read()
        except ToolMissing:
            return
