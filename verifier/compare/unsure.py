"""Within what each edge between two stretches of sound lies. Pure.

In a pause of both sides nothing tells where a cut was made, and what is faint tells little: all
edges that explain the two recordings nearly as well as the best one does are as likely as it.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.lines import Line

from .pieces import Piece
from .result import Interval

_REACH = 1.5  # seconds on either side are looked at

Floats = npt.NDArray[np.float64]
Told = Callable[[Line | None, Floats], Floats]  # what each moment of the suspect says for a line


def unsure(pieces: Sequence[Piece], told: Told, step: float, slack: float) -> dict[float, Interval]:
    """For the edge between each two pieces the first and the last time at which it may be.

    `told` is asked about times that are `step` seconds apart; edges that explain less than the best
    one by up to `slack`, in what it answers, are likely as well.
    """
    found = {}
    for before, after in pairwise(pieces):
        edge = before.end
        count = int(min(before.length, _REACH) / step), int(min(after.length, _REACH) / step)
        times: Floats = edge + (np.arange(-count[0], count[1], dtype=np.float64) + 0.5) * step
        gain = np.subtract(told(before.line, times), told(after.line, times))
        total = np.concatenate(([0.0], np.cumsum(gain)))
        likely = np.flatnonzero(total >= total.max() - slack) - count[0]
        first, last = (float(edge + place * step) for place in (likely[0], likely[-1]))
        found[edge] = min(first, edge), max(last, edge)
    return found
