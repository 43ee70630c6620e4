"""What was learnt: a line over what the encoder sees, its calibration, and what it was shown.

    face.npz   weights (features,) or of several lines (k, features), offset () or (k,), lines of
               the calibration (n, 2), bounds (2,), centre and directions of what
               was seen in training (directions in rows, each divided by its deviation), farthest
               (the distance from the centre beyond which nothing is said)

Of pictures there is more to learn than a line tells: `likeness`.

Written by `python -m verifier.detector.train`, read only if they have the digests below.
"""

import io
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import likeness
from .calibration import Calibration
from .likeness import Likeness
from .result import Subject
from .weights import held

FOLDER = Path(__file__).parent
DIGESTS = {  # SHA-256 of each file
    Subject.PICTURE: (
        "picture.npz",
        "89093824d816c5f5569f1f8969d22e4c640641b403c6ac21a0b75a5e1d9ee45a",
    ),
    Subject.FACE: ("face.npz", "d1b218f3e30f55e592c870c377e1aeba94ddbcdf83d2f988ecf656571b2515cf"),
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """The line, or several, and the data that it is calibrated and bounded by.

    Several are logarithms of likelihood ratios, each of another way in which something is made.
    """

    weights: Floats
    offset: Floats
    lines: Floats
    bounds: Floats
    centre: Floats
    directions: Floats
    farthest: Floats

    def score(self, features: npt.NDArray[np.float32]) -> float:
        """More for what looks generated: of several lines the logarithm of their mean ratio.

        That is the ratio of having been made in one of the ways, each as likely as another.
        """
        told = np.atleast_1d(features @ self.weights.T + self.offset)
        return float(np.logaddexp.reduce(told) - np.log(len(told)))

    def distance(self, features: npt.NDArray[np.float32]) -> float:
        """How far a picture is from those of the training, in deviations (root mean square)."""
        along = self.directions @ (features - self.centre)
        return float(np.sqrt(np.mean(along**2)))

    @property
    def calibration(self) -> Calibration:
        """How a score becomes a likelihood ratio."""
        return Calibration(self.lines, (float(self.bounds[0]), float(self.bounds[1])))


def to_bytes(head: Head) -> bytes:
    """Write a head as 32-bit floats, directions in 16; the same head gives the same bytes."""
    data = io.BytesIO()
    values = {each.name: getattr(head, each.name).astype(np.float32) for each in fields(head)}
    values["directions"] = values["directions"].astype(np.float16)
    np.savez(data, **values)
    return data.getvalue()


def from_bytes(data: bytes) -> Head:
    """Read a head that `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return Head(**{each.name: arrays[each.name].astype(np.float64) for each in fields(Head)})


@cache
def trained(subject: Subject) -> Head | Likeness:
    """What was learnt of pictures or faces for this version; raises ToolMissing."""
    name, digest = DIGESTS[subject]
    data = held(FOLDER / name, digest)
    return likeness.from_bytes(data) if subject == Subject.PICTURE else from_bytes(data)
