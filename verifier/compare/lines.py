"""What a time map is made of: costs, lines, and the stretches that follow one. Pure."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
Nats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


class Cost(Protocol):
    """How badly samples of a suspect fit moments of the original."""

    times: Times  # seconds of the suspect's samples, (n,), strictly growing
    moments: Times  # seconds of the original's samples on the axis, (m,), strictly growing
    still: Nats  # nats, (n,), above 0 for standing still, below for moving: of the suspect alone

    def block(self, rows: Rows) -> Nats:
        """The cost of some samples against all of the original's: (rows, m)."""
        ...

    def at(self, rows: Rows, moments: Times) -> Nats:
        """The cost of samples, (k,), each at its own moments, (k, ...), between samples too."""
        ...

    def told(self, one: Times, other: Times) -> npt.NDArray[np.bool_]:
        """Whether a copy could tell each of some moments from the other one."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """moment = rate * time + start, in seconds."""

    rate: float
    start: float

    def at(self, times: Times) -> Times:
        """The moments at these times."""
        return self.rate * times + self.start


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of samples, `first` to `last`, both included, and its line; None: unmatched."""

    first: int
    last: int
    line: Line | None

    def rows(self, most: int = 120) -> Rows:
        """At most so many of its samples, evenly spread."""
        count = self.last - self.first + 1
        return self.first + np.unique(np.linspace(0, count - 1, min(count, most)).round()).astype(
            np.int64
        )
