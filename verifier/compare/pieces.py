"""Stretches of a suspect's sound on lines through the original's time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.fingerprint.lines import Line

SAME_RATE = 0.012
ALIKE = 0.03  # seconds between two lines, below which they are one


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the suspect in seconds, and the line on which it lies; None: on none."""

    start: float
    end: float
    line: Line | None

    @property
    def length(self) -> float:
        """Seconds of the suspect."""
        return self.end - self.start


def alike(one: Line, other: Line, time: float, *, apart: float = ALIKE) -> bool:
    """Whether two lines are one about a time of the suspect, as well as can be told."""
    return (
        abs(one.rate * time + one.offset - other.rate * time - other.offset) <= apart
        and abs(one.rate - other.rate) <= SAME_RATE / 2
        and abs(one.pitch - other.pitch) <= 0.5
    )


def merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours joined that lie on one line, as well as can be told."""
    done: list[Piece] = []
    for piece in pieces:
        before = done[-1] if done else None
        if before is not None and _one(before, piece):
            longer = max(before, piece, key=lambda each: each.length)
            done[-1] = Piece(before.start, piece.end, longer.line)
        else:
            done.append(piece)
    return done


def _one(before: Piece, after: Piece) -> bool:
    if before.line is None or after.line is None:
        return before.line is after.line
    return alike(before.line, after.line, before.end)
