"""Times in words. Pure."""

from collections.abc import Sequence

from verifier.detector.result import Seconds

from .motion import Floats

_MOST = 4  # places that a sentence names


def clock(moment: float) -> str:
    """A moment as minutes, seconds and tenths: 0:04.2."""
    tenths = round(max(0.0, moment) * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


def clocks(where: Sequence[Seconds]) -> str:
    """Places as the end of a sentence: “from 0:04.2 to 0:06.0 and at 0:09.1”."""
    told = [
        f"at {clock(start)}" if end - start < 0.15 else f"from {clock(start)} to {clock(end)}"
        for start, end in where[:_MOST]
    ]
    if len(where) > _MOST:
        told.append(f"at {len(where) - _MOST} other places")
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def seconds(times: Floats, first: int, end: int) -> Seconds:
    """From when to when the frames from `first` up to `end` are shown."""
    return float(times[first]), float(times[min(end, len(times) - 1)])
