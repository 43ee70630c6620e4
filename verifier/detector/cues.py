"""The measurements that people look for in a face, each beside what is usual, in a sentence.

They are shown and weigh nothing: makers of swaps learn to blink. What is usual is the range of 95 %
of real clips of the training, as printed by `python -m bench.detector_cues`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .result import Cue


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Measurements of one clip; None where the clip does not give it."""

    blinks: float | None = None  # a minute
    blink_length: float | None = None  # seconds
    flicker: float | None = None  # change at the face's edge, in that inside and outside
    jitter: float | None = None  # thousandths of the distance between the eyes' outer corners
    pulse: float | None = None  # decibels
    beats: float | None = None  # a minute
    reflections: float | None = None  # radii of the iris
    light: float | None = None  # degrees
    lips: float | None = None  # correlation
    lips_lag: float | None = None  # seconds, sound after mouth
    sharpness: float | None = None  # doublings
    rim: float | None = None  # levels of chroma


@dataclass(frozen=True, slots=True)
class _Kind:
    code: str
    unit: str
    usual: tuple[float, float]
    said: str  # {value}, {low}, {high}
    places: int


KINDS = {
    "blinks": _Kind(
        "face.blinks",
        "a minute",
        (0, 74),
        "The eyes blink {value} times a minute; in 95 % of real clips it is {low} to {high}.",
        0,
    ),
    "blink_length": _Kind(
        "face.blink-length",
        "s",
        (0.05, 0.42),
        "A blink lasts {value} s; in 95 % of real clips it is {low} to {high} s.",
        2,
    ),
    "flicker": _Kind(
        "face.edge-flicker",
        "times",
        (0.77, 1.44),
        "From frame to frame the face's edge changes {value} times as much as what lies inside and"
        " outside it; in 95 % of real clips it is {low} to {high} times.",
        2,
    ),
    "jitter": _Kind(
        "face.jitter",
        "thousandths of the distance between the eyes",
        (1.6, 10.8),
        "The points of the face tremble by {value} thousandths of the distance between the eyes;"
        " in 95 % of real clips it is {low} to {high}.",
        1,
    ),
    "pulse": _Kind(
        "face.pulse",
        "dB",
        (-5.0, 1.8),
        "The strongest rhythm in the skin's colour stands {value} dB against the rest of the band;"
        " in 95 % of real clips it is {low} to {high} dB. Compression takes a pulse away.",
        1,
    ),
    "reflections": _Kind(
        "face.reflections",
        "radii of the iris",
        (0.18, 0.95),
        "The reflections in the two eyes lie {value} radii of the iris apart in place; in 95 % of"
        " real clips it is {low} to {high}.",
        2,
    ),
    "light": _Kind(
        "face.light",
        "degrees",
        (5, 168),
        "By the left half of the face the light comes from {value} degrees away from where it"
        " comes from by the right half; in 95 % of real clips it is {low} to {high} degrees.",
        0,
    ),
    "lips": _Kind(
        "face.lips-and-sound",
        "correlation",
        (0.08, 0.56),
        "The mouth opens with the sound by a correlation of {value}; in 95 % of real clips with"
        " sound it is {low} to {high}. The sound may be another voice's, or music.",
        2,
    ),
    "lips_lag": _Kind(
        "face.lips-lag",
        "s",
        (-0.50, 0.45),
        "The sound fits the mouth best {value} s after it; in 95 % of real clips with sound it is"
        " {low} to {high} s.",
        2,
    ),
    "sharpness": _Kind(
        "face.sharpness",
        "doublings",
        (-0.8, 1.1),
        "The face has {value} doublings of the fine detail around it; in 95 % of real clips it is"
        " {low} to {high}.",
        1,
    ),
    "rim": _Kind(
        "face.rim-colour",
        "levels",
        (1.0, 17.9),
        "The forehead's edge differs from the cheeks by {value} levels of colour; in 95 % of real"
        " clips it is {low} to {high}.",
        1,
    ),
}


def cues(measured: Measured) -> tuple[Cue, ...]:
    """What was measured, in a fixed order; what was not is left out."""
    return tuple(_cues(measured))


def _cues(measured: Measured) -> Iterator[Cue]:
    for name, kind in KINDS.items():
        value = getattr(measured, name)
        if value is None:
            continue
        low, high = kind.usual
        told = {
            key: f"{number:.{kind.places}f}"
            for key, number in (("value", value), ("low", low), ("high", high))
        }
        yield Cue(
            code=kind.code,
            value=round(value, 4),
            unit=kind.unit,
            usual=kind.usual,
            sentence=kind.said.format(**told),
        )
