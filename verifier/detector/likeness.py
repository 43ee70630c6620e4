"""What was learnt of pictures: the pictures themselves, as few numbers, and what each speaks for.

Kernel ridge regression: every picture of the training speaks for its side, the louder the more
alike it is to the one in question ("The Elements of Statistical Learning", 2nd edition, sections
5.8 and 12.3.7). Alike is what lies near along the main directions of what is seen (a Gaussian
kernel). A picture is held as 256 rounded numbers: what it shows may be guessed, not what it is.

    picture.npz   centre, scale (features,); levels (directions, features) of 8 bits, steps
                  (directions,); examples (directions, pictures) of 8 bits, step; coefficients
                  (pictures,); width, the kernel's, in squared numbers; worth of the last feature,
                  a score of its own that is added; spreads of the first directions, and farthest
                  (the distance from the centre, in those, beyond which nothing is said); lines (n,
                  2), bounds (2,) of the calibration

Written by `python -m verifier.detector.train image`, read only by its digest (`head`).
"""

import io
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .calibration import Calibration

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Levels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Likeness:
    """Arrays as they are stored; the answers are computed in 64 bits."""

    centre: Floats32
    scale: Floats32
    levels: Levels
    steps: Floats32
    examples: Levels
    step: Floats32
    coefficients: Floats32
    width: Floats32
    worth: Floats32
    spreads: Floats32
    farthest: Floats32
    lines: Floats32
    bounds: Floats32

    def score(self, features: Floats32) -> float:
        """More for what is alike to generated pictures, and for what the last feature says so."""
        along = self.along(features[None, :-1])
        near = kernel(along, self.learnt_from, float(self.width), self._lengths)
        return float(near[0] @ self.coefficients + self.worth * features[-1])

    def distance(self, features: Floats32) -> float:
        """How far a picture is from those of the training, in deviations (root mean square)."""
        along = self.along(features[None, :-1])[0, : len(self.spreads)] / self.spreads
        return float(np.sqrt(np.mean(along**2)))

    def along(self, features: Floats32 | Floats) -> Floats:
        """Pictures (n, features) along the directions: (n, directions)."""
        told: Floats = (features - self.centre).astype(np.float64) @ self._directions.T
        return told

    @cached_property
    def _directions(self) -> Floats:
        return directions(self.levels, self.steps, self.scale)

    @cached_property
    def learnt_from(self) -> Floats:
        """The pictures of the training along the directions: (pictures, directions)."""
        return np.ascontiguousarray(self.examples.T * self.step.astype(np.float64))

    @cached_property
    def _lengths(self) -> Floats:
        return lengths(self.learnt_from)

    @property
    def calibration(self) -> Calibration:
        """How a score becomes a likelihood ratio."""
        low, high = (float(each) for each in self.bounds)
        return Calibration(self.lines.astype(np.float64), (low, high))


def directions(levels: Levels, steps: Floats32, scale: Floats32) -> Floats:
    """The directions that features less their centre are told along: (directions, features)."""
    return (levels.astype(np.float64) * steps[:, None]) * scale.astype(np.float64)


def lengths(points: Floats) -> Floats:
    """The squared distance of each of (n, directions) from nought: (n,)."""
    told: Floats = (points**2).sum(1)
    return told


def kernel(some: Floats, others: Floats, width: float, far: Floats | None = None) -> Floats:
    """How alike each of some is to each of the others, 1 where they are the same: (n, m).

    `far` are the `lengths` of the others, where they are known.
    """
    squares = lengths(some)[:, None] + (lengths(others) if far is None else far)
    alike: Floats = np.exp((2 * some @ others.T - squares).clip(max=0) / width)
    return alike


def to_bytes(likeness: Likeness) -> bytes:
    """Write what was learnt; the same arrays give the same bytes."""
    data = io.BytesIO()
    values = {each.name: getattr(likeness, each.name) for each in fields(likeness)}
    np.savez_compressed(data, **values)
    return data.getvalue()


def from_bytes(data: bytes) -> Likeness:
    """Read what `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return Likeness(**{each.name: arrays[each.name] for each in fields(Likeness)})
