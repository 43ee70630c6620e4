"""One recording: abstain with the reason, or weigh whether its voice is cloned.

A plain function of samples, and one of a file for inside the sandbox. Nothing of it is a finding
that a conclusion weighs. It says nothing of who speaks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from ledger.asset import MediaType
from verifier.errors import ToolMissing
from verifier.media.decode import samples as decoded

from . import voice_model as learnt
from .calibration import weigh
from .result import Cue, Detection, Subject, abstention, opinion
from .voice_bands import RATE, WINDOW, seen, spectrum
from .voice_domain import (
    EMPTY,
    SILENT,
    describe,
    emptiness,
    is_narrow,
    loudness,
    seconds_of_sound,
)
from .voice_network import NETWORKS, numbers
from .voice_statistics import statistics
from .weights import named

STRATUM = "speech of at least 2 seconds, most of it English, of more than telephone bandwidth"
SIDES = ("a synthetic or cloned voice", "a recorded voice")
MOST_WINDOWS = 24  # that are judged, spread over a recording: 96 seconds of it
LONGEST = 3600  # seconds that are decoded
LOW_RATE = (
    "it sounds like MP3 of a low bit rate, which changes what the detector listens for more than "
    "cloning does"
)
CLEANED = (
    "so much was taken from its sound, as noise reduction does, that it cannot be told from what "
    "cloning leaves out"
)
_LEAST = 2.0  # seconds of sound in windows of speech

Floats = npt.NDArray[np.float32]


def detect_voice(path: Path, media_type: MediaType) -> Detection:
    """Weigh the sound of a recording or a clip; raises Unreadable, ToolMissing.

    At most its first hour is decoded, and 24 windows of 4 seconds, spread over it, are judged.
    """
    return _judged(windows(decoded(path, media_type, rate=RATE)))


def weigh_voice(samples: Floats) -> Detection:
    """Weigh one channel at 16 kHz, full scale 1: shape (n,); raises ToolMissing."""
    return _judged(windows([samples]))


def ready() -> str | None:
    """Load what is needed; why it cannot be, or None. Never raises."""
    try:
        learnt.trained()
        for each in NETWORKS:
            each.session()
    except ToolMissing as problem:
        return str(problem)
    return None


def digests() -> dict[str, str]:
    """The SHA-256 digest of each file of weights, by its name."""
    told = {learnt.MODEL.name: learnt.DIGEST}
    for each in NETWORKS:
        told |= each.digests()
    return told


def windows(blocks: Iterable[Floats]) -> list[Floats]:
    """At most 24 windows of 4 seconds, evenly spread; the last, or the only one, may be shorter.

    Memory is bounded: once there are too many, every other is dropped, and as many are skipped.
    """
    kept: list[Floats] = []
    apart = 1
    for number, window in enumerate(_pieces(blocks)):
        if number * WINDOW >= LONGEST * RATE:
            break
        if number % apart:
            continue
        kept.append(window)
        if len(kept) > MOST_WINDOWS:
            kept, apart = kept[::2], 2 * apart
    return kept


def _pieces(blocks: Iterable[Floats]) -> Iterator[Floats]:
    held = np.zeros(0, np.float32)
    before = held
    for block in blocks:
        held = np.concatenate((held, np.nan_to_num(block, posinf=0, neginf=0)))
        while len(held) >= WINDOW:
            before, held = held[:WINDOW], held[WINDOW:]
            yield before
    if len(held) >= RATE // 2:
        # The rest of a longer recording is filled up with what came before it.
        yield np.concatenate((before[len(held) :], held)) if len(before) else held


class _Told(TypedDict):
    stratum: str
    models: tuple[str, ...]
    experimental: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What was made of windows: the line's score, or the reason to say nothing."""

    score: float | None
    reason: str | None


def listen(pieces: list[Floats]) -> Heard:
    """Score windows at 16 kHz, more for what sounds cloned; raises ToolMissing."""
    model = learnt.trained()
    long = [each for each in pieces if len(each) >= RATE]
    loud = [each for each in long if loudness(each) >= SILENT]
    spoken: list[tuple[Floats, Floats]] = []
    low_rate, empty, seconds, narrow = [], [], 0.0, 0
    for piece in loud:
        energy = spectrum(piece)
        if model.is_speech(describe(piece, energy)):
            told = statistics(seen(energy))
            spoken.append((piece, told))
            low_rate.append(model.low_rate.score(told))
            seconds += seconds_of_sound(energy)
            empty.append(emptiness(energy))
            narrow += is_narrow(energy)
    reason = _why_not(len(long), len(loud), len(spoken), seconds, narrow)
    if reason is None and np.mean(low_rate) > 0:
        reason = LOW_RATE
    if reason is None and np.mean(empty) > EMPTY:
        reason = CLEANED
    if reason is not None:
        return Heard(None, reason)
    scores = [model.voice.score(np.concatenate((told, numbers(piece)))) for piece, told in spoken]
    return Heard(float(np.mean(scores)), None)


def _judged(pieces: list[Floats]) -> Detection:
    heard = listen(pieces)
    told: _Told = {
        "stratum": STRATUM,
        "models": named(digests().values()),
        "experimental": True,
    }
    if heard.score is None:
        return abstention(Subject.VOICE, heard.reason or "it cannot be judged", **told)
    model = learnt.trained()
    evidence = weigh(heard.score, model.calibration)
    cue = _cue(heard.score, model.usual)
    return opinion(Subject.VOICE, evidence, sides=SIDES, cues=(cue,), **told)


def _cue(score: float, usual: tuple[float, float]) -> Cue:
    """The score as a measurement, which weighs nothing."""
    return Cue(
        code="voice.score",
        value=round(score, 2),
        unit="",
        usual=usual,
        sentence="How much it sounds like the synthetic voices of the training. Some recorded "
        "voices score high, and some cloned ones low.",
    )


def _why_not(long: int, loud: int, spoken: int, seconds: float, narrow: int) -> str | None:
    """The reason to abstain, of how many windows are long enough, loud, speech, and narrow."""
    if not long:
        return "it is shorter than a second"
    if not loud:
        return "it is silent"
    if not spoken:
        return "it holds no speech that stands out: music, noise or something else"
    if seconds < _LEAST:
        return "it holds less than 2 seconds of speech"
    if 2 * narrow > spoken:
        return "its sound is of telephone bandwidth, which the detector does not judge well"
    return None
