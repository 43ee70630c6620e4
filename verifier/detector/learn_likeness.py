"""Learn what `likeness` holds: pure, arrays in, arrays out.

A left-out source or family is told by what the others say of it. That needs no second learning:
with kernel ridge regression it follows from the one inverse that all were learnt by ("Fast Exact
Leave-One-Out Cross-Validation of Sparse Least-Squares Support Vector Machines", Cawley and Talbot,
Neural Networks 17, 2004, section 2; here for blocks).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .calibration import Labels, Names
from .learn import (
    DOMAIN,
    FARTHEST,
    Components,
    Floats,
    Learnt,
    Said,
    calibrated,
    evenly,
    family,
    with_said,
    worth,
)
from .likeness import Likeness, directions, kernel

COMPONENTS = 256  # of what differs most between pictures
SHARE = 0.7  # of what likeness says: how much a score of its own weighs, in deviations
RIDGE = 0.3  # over a picture's weight: how little a single picture is believed
_FINE = 3.0  # levels a deviation of a direction's numbers: 3.6 bits each
_COARSE = 0.08  # what rounding may add to a squared distance is its square, of the usual one


@dataclass(frozen=True, slots=True)
class Solved:
    """The regression's inverse matrix (n, n): what each picture says of each."""

    inverse: Floats

    def coefficients(self, generated: Labels) -> Floats:
        """How much each picture speaks for generated, (n,)."""
        told: Floats = self.inverse @ _sides(generated)
        return told

    def left_out(self, generated: Labels, groups: Names) -> Floats:
        """A score of each picture by all but those of its group."""
        scores, coefficients = np.zeros(len(groups)), self.coefficients(generated)
        for name in np.unique(groups):
            out = np.flatnonzero(groups == name)
            block = self.inverse[np.ix_(out, out)]
            scores[out] = _sides(generated)[out] - np.linalg.solve(block, coefficients[out])
        return scores


def learn_likeness(
    features: Floats,
    generated: Labels,
    sources: Names,
    *,
    said: Said | None = None,
    seed: int = 1,
) -> Learnt[Likeness]:
    """Learn from pictures of shape (n, features); raises ValueError for fewer than two sources.

    Each class weighs alike, and within it each family of makers, and each source of photographs.
    `said` is added as in `learn.learn`, and weighs SHARE of what likeness says.
    """
    components = Components(features, COMPONENTS)
    centre, scale = (each.astype(np.float32) for each in (components.centre, components.scale))
    # A direction is divided by the root of its deviation: what differs less counts more than it
    # does, and less than as much. Directions are rounded first, and pictures lie along those.
    fine = 1 / (_FINE * np.sqrt(features.shape[1]))  # a direction's length is one
    levels = _rounded(components.directions.T / fine)
    steps = (fine / np.sqrt(components.deviations)).astype(np.float32)
    along = (features - centre) @ directions(levels, steps, scale).T
    width = np.float32(2 * along.var(0).sum())  # the mean squared distance of two pictures
    step = np.float32(_COARSE * np.sqrt(12 * width / along.shape[1]))
    examples = _rounded(along.T / step)
    families = np.array([family(each) for each in sources])
    told = examples.T.astype(np.float64) * float(step)
    solved = solve(told, float(width), evenly(generated, families, power=0.0))
    by_family, by_source = (solved.left_out(generated, each) for each in (families, sources))
    more = 0.0 if said is None else worth(said, by_family, SHARE)
    if said is not None:
        by_family, by_source = with_said(by_family, by_source, said, more)
    calibration = calibrated(by_family, by_source, generated, sources, seed)
    spreads = along[:, :DOMAIN].std(0).astype(np.float32)
    distances = np.sqrt(((along[:, :DOMAIN] / spreads) ** 2).mean(1))
    likeness = Likeness(
        centre=centre,
        scale=scale,
        levels=levels,
        steps=steps,
        examples=examples,
        step=np.array(step),
        coefficients=solved.coefficients(generated).astype(np.float32),
        width=np.array(width),
        worth=np.array(more, np.float32),
        spreads=spreads,
        farthest=np.array(np.quantile(distances, FARTHEST), np.float32),
        lines=calibration.lines.astype(np.float32),
        bounds=np.array(calibration.bounds, np.float32),
    )
    return Learnt(likeness, by_family, by_source, solved.left_out)


def solve(along: Floats, width: float, weights: Floats) -> Solved:
    """Learn from pictures along directions, (n, directions); weights are (n,), their mean 1."""
    alike = kernel(along, along, width)
    alike[np.diag_indices(len(alike))] += RIDGE / weights
    return Solved(np.linalg.inv(alike).astype(np.float64, copy=False))


def _rounded(values: Floats) -> npt.NDArray[np.int8]:
    return np.rint(values).clip(-127, 127).astype(np.int8)


def _sides(generated: Labels) -> Floats:
    return np.where(generated, 1.0, -1.0)
