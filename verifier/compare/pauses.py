"""Where a mute begins and ends, by the suspect's own pause: peaks are too few to tell it. Pure.

Of an original only the peaks may be on record; the suspect is heard whole. A mute begins where or
after its sound falls silent and ends where or before it sounds again.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .faint import silent
from .hearing import STEP, Heard
from .pieces import Piece
from .result import Interval

_REACH = 0.4  # seconds by which an edge that peaks tell may be off
_LEAST = 0.5  # of a stretch is one pause
_SLACK = 2 * STEP  # sound dies away, and noise hides its end


def paused(pieces: Sequence[Piece], suspect: Heard) -> tuple[list[Piece], dict[int, Interval]]:
    """The pieces, those that are mutes no longer than their pauses; and each one's pause."""
    kept, found = list(pieces), dict[int, Interval]()
    for number, piece in enumerate(kept):
        if piece.line is not None or not silent(piece, suspect):
            continue
        pause = _pause(piece, suspect)
        if pause is None:
            continue
        start, end = piece.start, piece.end
        if number:
            start = max(start, pause[0])
            kept[number - 1] = replace(kept[number - 1], end=start)
        if number + 1 < len(kept):
            end = min(end, pause[1])
            kept[number + 1] = replace(kept[number + 1], start=end)
        kept[number] = replace(piece, start=start, end=end)
        found[number] = pause
    return kept, found


def within_pauses(
    edges: dict[float, Interval], pieces: Sequence[Piece], pauses: dict[int, Interval]
) -> dict[float, Interval]:
    """What is known of each edge, with those of mutes not beyond their pauses."""
    told = dict(edges)
    for number, (first, last) in pauses.items():
        start, end = pieces[number].start, pieces[number].end
        if start in told:
            told[start] = min(first - _SLACK, start), max(told[start][1], start + STEP)
        if end in told:
            told[end] = min(told[end][0], end - STEP), max(last + _SLACK, end)
    return told


def _pause(piece: Piece, suspect: Heard) -> Interval | None:
    """The longest pause of the suspect about where a piece lies."""
    if suspect.sounding is None:
        return None
    low = max(0, int((piece.start - _REACH) / STEP))
    high = int(np.ceil((piece.end + _REACH) / STEP))
    quiet = np.concatenate(([False], ~suspect.sounding[low:high], [False]))
    turns = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    runs = [(low + a, low + b) for a, b in turns.reshape(-1, 2).tolist()]
    if not runs:
        return None
    first, last = max(runs, key=lambda run: run[1] - run[0])
    start, end = first * STEP, last * STEP
    overlap = min(end, piece.end) - max(start, piece.start)
    return (start, end) if overlap >= _LEAST * piece.length else None
