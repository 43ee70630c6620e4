"""The measurements that people look for in a face, each beside what is usual, in a sentence.

They are shown and weigh nothing: makers of swaps learn to blink. What is usual is the range of 95 %
of real clips, or of photographs, of the training, as printed by `python -m bench.detector_cues`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .result import Cue


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Measurements of one clip, or of a face in a picture; None where it does not give it."""

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
    skin: float | None = None  # doublings
    teeth: float | None = None  # doublings
    hair: float | None = None  # 0 to 1
    eyes: float | None = None  # levels of chroma
    ears: float | None = None  # levels
    place: float | None = None  # % of the picture's shorter side


@dataclass(frozen=True, slots=True)
class _Kind:
    code: str
    unit: str
    said: str  # {value}, {low}, {high}, {real}
    places: int


Usual = Mapping[str, tuple[float, float]]  # the range of 95 %, by the names of `Measured`

IN_CLIPS: Usual = {
    "blinks": (0, 83),
    "blink_length": (0.04, 0.58),
    "flicker": (0.81, 1.42),
    "jitter": (1.6, 22.0),
    "pulse": (-5.5, 2.2),
    "reflections": (0.12, 0.95),
    "light": (5, 169),
    "lips": (0.07, 0.58),
    "lips_lag": (-0.50, 0.47),
    "sharpness": (-0.8, 1.2),
    "rim": (0.9, 16.7),
    "skin": (-4.7, -0.7),
    "teeth": (-0.9, 1.0),
    "hair": (0.67, 0.95),
    "eyes": (0.9, 5.5),
    "ears": (2, 94),
}
IN_PICTURES: Usual = {
    "reflections": (0.07, 1.12),
    "light": (2, 159),
    "sharpness": (-1.3, 1.2),
    "rim": (0.0, 35.3),
    "skin": (-4.8, 1.2),
    "teeth": (-1.5, 2.2),
    "hair": (0.45, 0.93),
    "eyes": (0.0, 25.2),
    "ears": (0, 159),
    "place": (7.0, 63.8),
}

KINDS = {
    "blinks": _Kind(
        "face.blinks",
        "a minute",
        "The eyes blink {value} times a minute; in 95 % of {real} it is {low} to {high}.",
        0,
    ),
    "blink_length": _Kind(
        "face.blink-length",
        "s",
        "A blink lasts {value} s; in 95 % of {real} it is {low} to {high} s.",
        2,
    ),
    "flicker": _Kind(
        "face.edge-flicker",
        "times",
        "From frame to frame the face's edge changes {value} times as much as what lies inside and"
        " outside it; in 95 % of {real} it is {low} to {high} times.",
        2,
    ),
    "jitter": _Kind(
        "face.jitter",
        "thousandths of the distance between the eyes",
        "The points of the face tremble by {value} thousandths of the distance between the eyes;"
        " in 95 % of {real} it is {low} to {high}.",
        1,
    ),
    "pulse": _Kind(
        "face.pulse",
        "dB",
        "The strongest rhythm in the skin's colour stands {value} dB against the rest of the band;"
        " in 95 % of {real} it is {low} to {high} dB. Compression takes a pulse away.",
        1,
    ),
    "reflections": _Kind(
        "face.reflections",
        "radii of the iris",
        "The reflections in the two eyes lie {value} radii of the iris apart in place; in 95 % of"
        " {real} it is {low} to {high}.",
        2,
    ),
    "light": _Kind(
        "face.light",
        "degrees",
        "By the left half of the face the light comes from {value} degrees away from where it"
        " comes from by the right half; in 95 % of {real} it is {low} to {high} degrees.",
        0,
    ),
    "lips": _Kind(
        "face.lips-and-sound",
        "correlation",
        "The mouth opens with the sound by a correlation of {value}; in 95 % of {real} with"
        " sound it is {low} to {high}. The sound may be another voice's, or music.",
        2,
    ),
    "lips_lag": _Kind(
        "face.lips-lag",
        "s",
        "The sound fits the mouth best {value} s after it; in 95 % of {real} with sound it is"
        " {low} to {high} s.",
        2,
    ),
    "sharpness": _Kind(
        "face.sharpness",
        "doublings",
        "The face has {value} doublings of the fine detail around it; in 95 % of {real} it is"
        " {low} to {high}.",
        1,
    ),
    "rim": _Kind(
        "face.rim-colour",
        "levels",
        "The forehead's edge differs from the cheeks by {value} levels of colour; in 95 % of {real}"
        " it is {low} to {high}.",
        1,
    ),
    "skin": _Kind(
        "face.skin",
        "doublings",
        "In fine detail the cheeks differ from the eyes by {value} doublings; in 95 % of {real} it"
        " is {low} to {high}. Make-up, filters and compression smooth skin too.",
        1,
    ),
    "teeth": _Kind(
        "face.teeth",
        "doublings",
        "In fine detail what is between the lips differs from the eyes by {value} doublings; in"
        " 95 % of {real} it is {low} to {high}. Less is teeth that run into one another.",
        1,
    ),
    "hair": _Kind(
        "face.hair",
        "coherence",
        "Above the forehead fine lines run alongside one another by {value} of 1; in 95 % of {real}"
        " it is {low} to {high}. A hat and what is behind the head count too.",
        2,
    ),
    "eyes": _Kind(
        "face.eye-colours",
        "levels",
        "The colours of the two irises lie {value} levels apart; in 95 % of {real} it is {low} to"
        " {high}. Light from one side parts them too.",
        1,
    ),
    "ears": _Kind(
        "face.ears",
        "levels",
        "What glints beside the two jaws, as earrings do, differs by {value} levels of brightness;"
        " in 95 % of {real} it is {low} to {high}.",
        0,
    ),
    "place": _Kind(
        "face.place",
        "% of the shorter side",
        "The eyes lie {value} % of the picture's shorter side from where StyleGAN and its like put"
        " them; in 95 % of {real} it is {low} to {high} %. Photographs that were cut as those were"
        " that it learnt from lie there too.",
        1,
    ),
}


def of_clip(measured: Measured) -> tuple[Cue, ...]:
    """What was measured of a clip, in a fixed order; what was not is left out."""
    return tuple(_cues(measured, IN_CLIPS, "real clips"))


def of_picture(measured: Measured) -> tuple[Cue, ...]:
    """The same of a face in a picture."""
    return tuple(_cues(measured, IN_PICTURES, "photographs"))


def _cues(measured: Measured, usual: Usual, real: str) -> Iterator[Cue]:
    for name, (low, high) in usual.items():
        value, kind = getattr(measured, name), KINDS[name]
        if value is None:
            continue
        told = {
            key: f"{number:.{kind.places}f}"
            for key, number in (("value", value), ("low", low), ("high", high))
        }
        yield Cue(
            code=kind.code,
            value=round(value, 4),
            unit=kind.unit,
            usual=(low, high),
            sentence=kind.said.format(**told, real=real),
        )
