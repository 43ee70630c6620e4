"""Picture and sound judged apart: where the two maps of one suspect disagree. Pure.

A clip whose picture and sound show the same moments of the original was cut as a whole. Where they
differ, its sound was replaced, muted or moved, or only one of the two was slowed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .result import Interval, Segment, SegmentKind

IN_STEP = 0.08  # seconds: less is not noticed, and within what both maps err together
_SAME_RATE = 0.02
_LEAST = 0.2  # seconds that a disagreement lasts
_BARE = (SegmentKind.INSERTED, SegmentKind.REPLACED, SegmentKind.ABSENT)


class DisagreementKind(StrEnum):
    """How the sound of a stretch is not that of its picture."""

    OTHER_SOUND = "other-sound"  # the picture is the original's, the sound is not
    NO_SOUND = (
        "no-sound"  # the picture is the original's, and what it should sound like is not heard
    )
    OTHER_PICTURE = "other-picture"  # the sound is the original's, the picture is not
    MOVED = "moved"  # both are the original's, from different moments
    OTHER_RATE = "other-rate"  # both are the original's, at different rates


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch of the suspect in seconds; `lag` as in `Comparison`, where both are known."""

    suspect: Interval
    kind: DisagreementKind
    lag: float | None = None


def lag_between(picture: Sequence[Segment], sound: Sequence[Segment]) -> float | None:
    """By how many seconds the sound comes later, against the picture, than in the original.

    The median over the time for which both play the same original forwards; None where none does.
    """
    lags = [
        (end - start, lag)
        for (start, end), shown, heard in _shared(picture, sound)
        if (lag := _lag(shown, heard, (start + end) / 2)) is not None
    ]
    if not lags:
        return None
    lags.sort(key=lambda each: each[1])
    reached = np.cumsum([seconds for seconds, _ in lags])
    return float(lags[int(np.searchsorted(reached, reached[-1] / 2))][1])


def disagreements(picture: Sequence[Segment], sound: Sequence[Segment]) -> tuple[Disagreement, ...]:
    """The stretches in which the two maps disagree, in order; neighbours of one kind are joined."""
    found: list[Disagreement] = []
    for (start, end), shown, heard in _shared(picture, sound):
        lag = _lag(shown, heard, (start + end) / 2)
        kind = _kind(shown, heard, lag)
        if kind is None:
            continue
        before = found[-1] if found else None
        if before is not None and before.kind is kind and start - before.suspect[1] < 1e-6:
            found[-1] = Disagreement((before.suspect[0], end), kind, before.lag)
        else:
            found.append(Disagreement((start, end), kind, lag))
    return tuple(each for each in found if each.suspect[1] - each.suspect[0] >= _LEAST)


def _shared(
    picture: Sequence[Segment], sound: Sequence[Segment]
) -> Iterator[tuple[Interval, Segment, Segment]]:
    """The stretches in which neither map changes, with what each says of them."""
    for shown in picture:
        for heard in sound:
            start = max(shown.suspect[0], heard.suspect[0])
            end = min(shown.suspect[1], heard.suspect[1])
            if end > start:
                yield (start, end), shown, heard


def _lag(shown: Segment, heard: Segment, time: float) -> float | None:
    moments = [_moment(each, time) for each in (shown, heard)]
    if moments[0] is None or moments[1] is None or shown.source != heard.source:
        return None
    if not (shown.rate and heard.rate) or min(shown.rate, heard.rate) <= 0:
        return None
    return (moments[0] - moments[1]) / heard.rate


def _moment(segment: Segment, time: float) -> float | None:
    """The original's moment that a segment plays at a time of the suspect."""
    if segment.original is None or segment.rate is None or segment.kind in _BARE:
        return None
    first, last = segment.suspect
    share = (time - first) / max(last - first, 1e-9)
    start, end = segment.original
    return end - share * (end - start) if segment.rate < 0 else start + share * (end - start)


def _kind(shown: Segment, heard: Segment, lag: float | None) -> DisagreementKind | None:
    if SegmentKind.UNCLEAR in (shown.kind, heard.kind):
        return None
    pictured, sounding = shown.kind not in _BARE, heard.kind not in _BARE
    if pictured != sounding:
        if sounding:
            return DisagreementKind.OTHER_PICTURE
        silent = heard.kind is SegmentKind.ABSENT
        return DisagreementKind.NO_SOUND if silent else DisagreementKind.OTHER_SOUND
    if not pictured:
        return None
    if abs((shown.rate or 0.0) - (heard.rate or 0.0)) > _SAME_RATE:
        return DisagreementKind.OTHER_RATE
    if shown.source != heard.source or (lag is not None and abs(lag) > IN_STEP):
        return DisagreementKind.MOVED
    return None
