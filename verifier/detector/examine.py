"""Everything that is said of a file that nobody signed, each part in a sandboxed job of its own.

A part that fails says so, and leaves the others standing.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ledger.asset import BY_NAME, JPEG, Kind, MediaType
from ledger.errors import FirsthandError
from verifier.media.limits import Limits
from verifier.media.picture import opened, picture
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

from .result import Examination, format_examination, parse_examination

_AT_ONCE = 2  # parts: each may take memory and a core
_MOST_FACES = 5  # are weighed, the largest first


def examine_in(
    sandbox: Sandbox,
    path: Path,
    media_type: MediaType,
    *,
    limits: Limits | None = None,
    models: Sequence[Path] = (),
) -> Examination:
    """Examine a file, the parts beside one another, each in a job of `sandbox`.

    `models` are descriptions of others' models, for pictures (`outside`). Never raises for what the
    file is: what could not be looked for is said.
    """
    parts = PARTS.get(media_type.kind, ())
    if media_type.kind is Kind.PICTURE:
        parts += tuple(
            Part(f"what {each.name} says", outside_task, (str(each.resolve()),)) for each in models
        )
    if not parts:
        return Examination(not_looked_for=(f"No detector looks at {media_type.name}.",))

    def run(part: Part) -> Examination:
        try:
            arguments = (str(path.resolve()), media_type.name, *part.more)
            answer = sandbox.run(part.task, *arguments, limits=limits)
            return parse_examination(answer)
        except FirsthandError as problem:
            said = f"It was not found out {part.what}: {problem}."
            return Examination(not_looked_for=(said,))

    with ThreadPoolExecutor(_AT_ONCE) as beside:
        return joined(*beside.map(run, parts))


def joined(*parts: Examination) -> Examination:
    """One examination of several, in their order."""
    return Examination(
        detections=tuple(each for part in parts for each in part.detections),
        traces=tuple(each for part in parts for each in part.traces),
        not_looked_for=tuple(dict.fromkeys(s for part in parts for s in part.not_looked_for)),
    )


def picture_task(path: str, media_type: str) -> dict[str, Any]:
    """What the picture as a whole looks like, as plain values."""
    from .detect import detect_picture

    file, kind = Path(path), BY_NAME[media_type]
    found = detect_picture(picture(file, kind).convert("RGB"), _coarseness(file, kind))
    return format_examination(Examination(detections=(found,)))


def faces_task(path: str, media_type: str) -> dict[str, Any]:
    """What each face in it looks like, the largest first, as plain values."""
    from .cues import of_picture
    from .detect import detect_face
    from .faces import find_faces
    from .kinds import made, tokens
    from .pictured import pictured
    from .views import LEAST

    image = picture(Path(path), BY_NAME[media_type]).convert("RGB")
    rgb = np.asarray(image)
    faces = find_faces(rgb, most=_MOST_FACES)
    unlike = made(tokens(image)) if faces and min(image.size) >= LEAST else None
    found = [
        detect_face(image, face.box, cues=of_picture(pictured(rgb, face)), unlike=unlike)
        for face in faces
    ]
    return format_examination(Examination(detections=tuple(found)))


def outside_task(path: str, media_type: str, description: str) -> dict[str, Any]:
    """What somebody else's model says of a picture, as plain values."""
    from .outside import opened as opened_model

    model, calibration = opened_model(Path(description))
    image = picture(Path(path), BY_NAME[media_type]).convert("RGB")
    return format_examination(Examination(detections=(model.detect(image, calibration),)))


def clip_task(path: str, media_type: str) -> dict[str, Any]:
    """What the face in a clip looks like over time, as plain values."""
    from .clip import detect_clip

    return format_examination(Examination(detections=(detect_clip(*_named(path, media_type)),)))


def footage_task(path: str, media_type: str) -> dict[str, Any]:
    """What a clip's pictures look like, as plain values."""
    from .footage import detect_footage

    return format_examination(Examination(detections=(detect_footage(*_named(path, media_type)),)))


def voice_task(path: str, media_type: str) -> dict[str, Any]:
    """What its voice sounds like, as plain values."""
    from .voice import detect_voice

    file, kind = _named(path, media_type)
    if not probe(file, kind).sound:
        return format_examination(Examination(not_looked_for=("No voice: it holds no sound.",)))
    return format_examination(Examination(detections=(detect_voice(file, kind),)))


def traces_task(path: str, media_type: str) -> dict[str, Any]:
    """What edits and generators left in it, as plain values."""
    from .traces.clip import clip_traces
    from .traces.examine import picture_traces
    from .traces.sound import sound_traces

    file, kind = _named(path, media_type)
    looks = {
        Kind.PICTURE: (picture_traces,),
        Kind.CLIP: (clip_traces, sound_traces),
        Kind.RECORDING: (sound_traces,),
    }
    found = [look(file, kind) for look in looks[kind.kind]]
    return format_examination(
        Examination(
            traces=tuple(trace for traces, _ in found for trace in traces),
            not_looked_for=tuple(sentence for _, missing in found for sentence in missing),
        )
    )


def _named(path: str, media_type: str) -> tuple[Path, MediaType]:
    return Path(path), BY_NAME[media_type]


def _coarseness(path: Path, media_type: MediaType) -> float | None:
    """The mean step of the luma table of a JPEG file (ITU-T T.81, B.2.4.1), else None."""
    if media_type != JPEG:
        return None
    with opened(path, media_type) as image:
        tables: dict[int, list[int]] = getattr(image, "quantization", {})
        table = tables.get(0)
        return sum(table) / len(table) if table else None


@dataclass(frozen=True, slots=True)
class Part:
    """What one job looks for."""

    what: str
    task: Callable[..., dict[str, Any]]
    more: tuple[str, ...] = ()


PARTS: Mapping[Kind, tuple[Part, ...]] = {
    Kind.PICTURE: (
        Part("whether the picture was generated", picture_task),
        Part("whether a face in it was generated", faces_task),
        Part("what edits left in it", traces_task),
    ),
    Kind.CLIP: (
        Part("whether its pictures were generated", footage_task),
        Part("whether its face was swapped", clip_task),
        Part("whether its voice was cloned", voice_task),
        Part("what edits left in it", traces_task),
    ),
    Kind.RECORDING: (
        Part("whether its voice was cloned", voice_task),
        Part("what edits left in it", traces_task),
    ),
}
