"""What comes of examining a file that nobody signed: opinions, measurements and traces. Frozen.

None of it is a finding, and no conclusion weighs it. An opinion (`Detection`) is learnt, and says
how strong the evidence is; a `Cue` is a measurement beside what is usual; a `Trace` is what an edit
leaves behind, found by a test, at a place that can be looked at.
"""

from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from ledger.errors import FormatError
from verifier.compare.result import Heat

from .evidence import Evidence, in_words

_T = TypeVar("_T")
_SIMPLE = (str, float, bool, float | None, str | None)

Seconds = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels, upright


class Subject(StrEnum):
    """What an opinion is about."""

    PICTURE = "image"
    FACE = "face"
    CLIP = "video"
    FOOTAGE = "footage"
    VOICE = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One measurement, as people look for it, beside the range of 95 % of real media.

    It is shown and weighs nothing. `usual` is None where it was measured on too few; `sentence`
    says both.
    """

    code: str
    value: float
    unit: str
    usual: tuple[float, float] | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How strong the evidence is, or why nothing is said.

    `log10_lr` is positive for *generated* (or swapped, or cloned: `words` says which), negative for
    captured; `interval` is its 95 % interval; `abstained` is the reason for saying nothing, and
    then both are None. `models` are the digests of all files of weights that it rests on, the one
    with the calibration first; `stratum` is the kind of file that it was measured on; `sides` are
    what a positive and a negative ratio speak for. `experimental` opinions did not reach their bar.
    """

    kind: Subject
    log10_lr: float | None
    interval: tuple[float, float] | None
    words: str
    abstained: str | None
    stratum: str
    models: tuple[str, ...]
    sides: tuple[str, str] = ("", "")
    experimental: bool = False
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What an edit, or a generator, left in a file: found by a test, at a place.

    `code` names the test, such as `jpeg.compressed-twice`; `sentence` says what was found, and
    `does_not_show` is a sentence of its own. `boxes` and `seconds` are where, empty where it is
    about the whole file. `score` is the test's own statistic, 0 to 1, higher for a clearer trace,
    and `usual` the score that 1 of 100 unedited files reaches. `models` are the digests of the
    weights that a learnt test rests on. `heat` is a picture of the score (0 to 255), shown and not
    told.
    """

    code: str
    sentence: str
    does_not_show: str
    boxes: tuple[Box, ...] = ()
    seconds: tuple[Seconds, ...] = ()
    score: float | None = None
    usual: float | None = None
    models: tuple[str, ...] = ()
    heat: Heat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that an examination of one file says; the first opinion is about the file as a whole."""

    detections: tuple[Detection, ...] = ()
    traces: tuple[Trace, ...] = ()
    not_looked_for: tuple[str, ...] = ()  # sentences: what could not be examined, and why


def opinion(
    kind: Subject,
    evidence: Evidence,
    *,
    sides: tuple[str, str],
    stratum: str,
    models: tuple[str, ...],
    experimental: bool = False,
    cues: tuple[Cue, ...] = (),
) -> Detection:
    """A detection that says something; `sides` are as of `calibration.in_words`."""
    return Detection(
        kind=kind,
        log10_lr=evidence.log10_lr,
        interval=evidence.interval,
        words=in_words(evidence, sides),
        abstained=None,
        stratum=stratum,
        models=models,
        sides=sides,
        experimental=experimental,
        cues=cues,
    )


def abstention(
    kind: Subject,
    reason: str,
    *,
    stratum: str,
    models: tuple[str, ...],
    experimental: bool = False,
    cues: tuple[Cue, ...] = (),
) -> Detection:
    """A detection that says nothing, with the reason: the end of “It says nothing, for …”."""
    return Detection(
        kind=kind,
        log10_lr=None,
        interval=None,
        words="abstained",
        abstained=reason,
        stratum=stratum,
        models=models,
        experimental=experimental,
        cues=cues,
    )


def format_examination(examination: Examination) -> dict[str, Any]:
    """An examination as plain values, as it leaves the sandbox."""
    return {
        "detections": [_plain(asdict(each)) for each in examination.detections],
        "traces": [_format_trace(each) for each in examination.traces],
        "not_looked_for": list(examination.not_looked_for),
    }


def parse_examination(value: dict[str, Any]) -> Examination:
    """Read what `format_examination` writes; raises FormatError for anything else."""
    try:
        found = Examination(
            detections=tuple(_parse_detection(each) for each in value["detections"]),
            traces=tuple(_parse_trace(each) for each in value["traces"]),
            not_looked_for=tuple(str(each) for each in value["not_looked_for"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise FormatError(f"this is not an examination ({problem})") from None
    if format_examination(found) != value:
        raise FormatError("this is an examination in another spelling")
    return found


def _format_trace(trace: Trace) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(asdict(replace(trace, heat=None)))
    if trace.heat is not None:
        plain["heat"] = asdict(trace.heat)
    return plain


def _plain(value: Any) -> Any:
    """Lists for tuples: what CBOR carries in one spelling."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, StrEnum):
        return value.value
    return value


def _parse_detection(value: dict[str, Any]) -> Detection:
    cues = tuple(_parse_cue(each) for each in value["cues"])
    kind, interval = Subject(value["kind"]), _pair(value["interval"])
    first, second = value["sides"]
    models = tuple(str(each) for each in value["models"])
    read = {"kind": kind, "interval": interval, "cues": cues, "sides": (first, second)}
    return _checked(Detection(**(value | read | {"models": models})))


def _parse_cue(value: dict[str, Any]) -> Cue:
    return _checked(Cue(**(value | {"usual": _pair(value["usual"])})))


def _parse_trace(value: dict[str, Any]) -> Trace:
    boxes = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in value["boxes"])
    seconds = tuple((float(start), float(end)) for start, end in value["seconds"])
    heat = Heat(**value["heat"]) if value["heat"] is not None else None
    models = tuple(str(each) for each in value["models"])
    read = {"boxes": boxes, "seconds": seconds, "models": models, "heat": heat}
    return _checked(Trace(**(value | read)))


def _checked(value: _T) -> _T:
    """Refuse text or a number that is none: what a job answers is a stranger's word."""
    for each in fields(value):  # type: ignore[arg-type]  # each is one of the classes above
        if each.type in _SIMPLE and not isinstance(
            getattr(value, each.name),
            each.type,  # type: ignore[arg-type]  # one of _SIMPLE
        ):
            raise ValueError(f"{each.name} is not what it should be")
    return value


def _pair(value: list[float] | None) -> tuple[float, float] | None:
    if value is None:
        return None
    low, high = value
    return float(low), float(high)
