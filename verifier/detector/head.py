"""What was learnt: a line over what the encoder sees, its calibration, and what it was shown.

    head.npz    weights (features,), offset, lines (n, 2), bounds (2,), centre and directions of
                what was seen in training (directions in rows, each divided by its deviation),
                farthest (the distance from the centre beyond which nothing is said)

Written by `python -m verifier.detector.train`, read only if it has the digest below.
"""

import hashlib
import io
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.errors import ToolMissing

from .calibration import Calibration

MODEL = Path(__file__).with_name("head.npz")
DIGEST = "e776b933c453faa2590066ca17a3820aa2e5dcd1393689f5c497635f94be67c4"  # SHA-256 of that file

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """The line, and the data it is calibrated and bounded by."""

    weights: Floats
    offset: Floats
    lines: Floats
    bounds: Floats
    centre: Floats
    directions: Floats
    farthest: Floats

    def score(self, features: npt.NDArray[np.float32]) -> float:
        """More for what looks generated; features of both views, one after the other."""
        return float(features @ self.weights + self.offset)

    def distance(self, features: npt.NDArray[np.float32]) -> float:
        """How far a picture is from those of the training, in deviations (root mean square)."""
        along = self.directions @ (features - self.centre)
        return float(np.sqrt(np.mean(along**2)))

    @property
    def calibration(self) -> Calibration:
        """How a score becomes a likelihood ratio."""
        return Calibration(self.lines, (float(self.bounds[0]), float(self.bounds[1])))


def to_bytes(head: Head) -> bytes:
    """Write a head as 32-bit floats; the same head gives the same bytes."""
    data = io.BytesIO()
    values = {each.name: getattr(head, each.name).astype(np.float32) for each in fields(head)}
    np.savez(data, **values)
    return data.getvalue()


def from_bytes(data: bytes) -> Head:
    """Read a head that `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        return Head(**{each.name: held[each.name].astype(np.float64) for each in fields(Head)})


@cache
def trained() -> Head:
    """The head that belongs to this version; raises ToolMissing."""
    try:
        data = MODEL.read_bytes()
    except OSError as problem:
        said = f"the detector's weights cannot be read ({problem.strerror})"
        raise ToolMissing(said, "install Firsthand again") from None
    if hashlib.sha256(data).hexdigest() != DIGEST:
        said = "the detector's weights are not those that belong to this version"
        raise ToolMissing(said, "install Firsthand again")
    return from_bytes(data)
