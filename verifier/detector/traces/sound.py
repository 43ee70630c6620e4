"""What an edit left in a recording, or in the sound of a clip.

Each threshold is what at most 1 of 100 unedited recordings reached after ordinary handling; on what
it was measured is in docs/detector-motion.md.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ledger import asset
from ledger.asset import Kind, MediaType
from verifier.detector.result import Seconds, Trace
from verifier.detector.weights import named
from verifier.errors import ToolMissing, Unreadable
from verifier.media.decode import samples
from verifier.media.probe import MediaInfo, Sound, probe

from .band import highest
from .floor import RATE, Mute, Samples, levels, mutes
from .foreign import NETWORK, Foreign, foreign
from .framed import Framed, framed
from .hum import Break, listen
from .notes import noted
from .repeats import Copy, copied
from .stretched import Beat, beat
from .when import clock, clocks

Found = tuple[tuple[Trace, ...], tuple[str, ...]]

MUTE = 20.0  # decibels below the quietest else
FOREIGN, COPY, BREAK, BEAT = 0.5, 0.9, 0.25, 11.0  # scores of `foreign`, `copied`, `listen`, `beat`
FRAMED, STRAY = 1.2, 10.0  # deviations, and frames that speak for another place, of `framed`
_LONGEST = 10 * 60  # seconds that are listened to
_FRAMES_LONGEST = 5 * 60  # seconds whose former frames are looked for
_SHORTEST = 2.0
_MOST = 40  # places that one trace names
_LOSSLESS = (asset.WAV, asset.FLAC)


def sound_traces(path: Path, media_type: MediaType) -> Found:
    """Look for every trace in the sound of a file; also sentences of what could not be looked for.

    Nothing is said of a clip without sound. Raises Unreadable where the headers cannot be read.
    """
    if media_type.kind not in (Kind.CLIP, Kind.RECORDING):
        return (), ()
    info = probe(path, media_type)
    traces = noted(path, media_type) if media_type.kind is Kind.RECORDING else []
    if not info.sound:
        return tuple(traces), ()
    try:
        sound, whole = _heard(samples(path, media_type, rate=RATE), _LONGEST * RATE)
        band = list(_band(path, media_type, info.sound[0].rate))
        former, unlooked = _former(path, media_type, info)
    except Unreadable as problem:
        said = f"Its sound was not examined for edits: {problem.message}."
        return tuple(traces), (said,)
    found, untold = in_sound(sound)
    untold = (*untold, *unlooked)
    if not whole:
        told = f"Its sound was examined for edits up to {clock(_LONGEST)} only: it is too long."
        untold = (told, *untold)
    return (*traces, *band, *former, *found), untold


def _heard(blocks: Iterable[Samples], most: int) -> tuple[Samples, bool]:
    """The first samples, and whether that is all of them: at most 58 MB."""
    parts: list[Samples] = []
    left = most
    for block in blocks:
        if not left:
            return np.concatenate(parts), False
        parts.append(np.nan_to_num(block[:left], posinf=0, neginf=0).clip(-8, 8))
        left -= len(parts[-1])
    return np.concatenate(parts or [np.zeros(0, np.float32)]), True


def in_sound(sound: Samples) -> Found:
    """Every trace in samples of one channel, RATE a second."""
    if len(sound) < _SHORTEST * RATE:
        return (), ("Its sound was not examined for edits: it is too short.",)
    if float(np.abs(sound).max()) < 1e-3:
        return (), ("Its sound was not examined for edits: it is silent.",)
    decibels = levels(sound)
    hum = listen(sound)
    untold = []
    if hum.line is None:
        untold.append("It was not looked for breaks in the hum of the mains: none is heard.")
    other, unheard = _listened(sound)
    untold += unheard
    traces = (
        *_mutes(mutes(sound)),
        *_foreign(other),
        *_copied(copied(sound, decibels)),
        *_breaks(hum.broken),
        *_beats(beat(sound)),
    )
    return traces, tuple(untold)


def _mutes(found: list[Mute]) -> Iterator[Trace]:
    kept = [each for each in found if each.depth >= MUTE][:_MOST]
    if kept:
        where = tuple((each.start, each.end) for each in kept)
        deepest = max(each.depth for each in kept)
        yield Trace(
            code="sound.muted",
            sentence=f"There is no sound at all {clocks(where)}, not even the noise that is in the "
            "quietest other part.",
            does_not_show="It does not show whether somebody silenced it: noise gates, telephone "
            "calls and music made in a computer have such gaps too.",
            seconds=where,
            score=deepest / (deepest + MUTE),
            usual=0.5,
        )


def _listened(sound: Samples) -> tuple[Foreign | None, list[str]]:
    """What the network says, or why it says nothing."""
    try:
        found = foreign(sound)
    except ToolMissing as problem:
        return None, [f"It was not looked for parts of other recordings: {problem.message}."]
    short = "It was not looked for parts of other recordings: it is too short."
    return found, [] if found else [short]


def _foreign(found: Foreign | None) -> Iterator[Trace]:
    if found is not None and found.score >= FOREIGN and found.where:
        where = found.where[:_MOST]
        yield Trace(
            code="sound.foreign",
            sentence=f"What is heard {clocks(where)} does not sound as if it had been recorded "
            "with the rest: its noise, its echo or its colour is another.",
            does_not_show="It does not show that parts were joined: another voice or microphone, a "
            "loudspeaker, music and a machine differ from the rest too. It was learnt from splices "
            "of our own, and misses many.",
            seconds=where,
            score=found.score,
            usual=FOREIGN,
            models=named((NETWORK.digest,)),
        )


def _copied(found: Copy | None) -> Iterator[Trace]:
    if found is not None and found.score >= COPY:
        copy: Seconds = (found.start, found.end)
        source: Seconds = (found.source, found.source + found.end - found.start)
        yield Trace(
            code="sound.repeated",
            sentence=f"What is heard {clocks((copy,))} was heard {clocks((source,))} before, wave "
            "by wave.",
            does_not_show="It does not show why: music made of samples, jingles and ring tones "
            "repeat so too.",
            seconds=(copy,),
            score=found.score,
            usual=COPY,
        )


def _breaks(found: Break | None) -> Iterator[Trace]:
    if found is not None and found.score >= BREAK:
        yield Trace(
            code="sound.hum-breaks",
            sentence=f"The hum of the mains ({found.line:.0f} Hz) does not run on {clock(found.at)}"
            f" into the recording: its phase jumps by {found.score:.0%} of half a turn or more.",
            does_not_show="It does not show what was taken out or put in; a recorder that drops "
            "samples and a machine that is switched leave the same.",
            seconds=((found.at, found.at),),
            score=found.score,
            usual=BREAK,
        )


def _beats(found: Beat | None) -> Iterator[Trace]:
    if found is not None and found.strength >= BEAT:
        yield Trace(
            code="sound.stretched",
            sentence=f"Its noise beats {found.rate:.1f} times a second, as when it is slowed or "
            f"sped up with its pitch kept, in steps of {found.pieces}.",
            does_not_show="It does not show by how much, nor in which direction.",
            score=found.strength / (found.strength + BEAT),
            usual=0.5,
        )


def _band(path: Path, media_type: MediaType, rate: int) -> Iterator[Trace]:
    """What lies above a frequency was taken out of a recording that could hold it."""
    if media_type not in _LOSSLESS or not 32_000 <= rate <= 192_000:
        return
    found = highest(samples(path, media_type, rate=rate), rate)
    if found is not None:
        yield Trace(
            code="sound.band-limited",
            sentence=f"Nothing is heard above {found / 1000:.1f} kHz, though the file holds sound "
            f"up to {rate / 2000:.1f} kHz and is not compressed: it was compressed, or had a lower "
            "sample rate, before.",
            does_not_show="It does not show an edit: it is a note on where the file has been.",
        )


def _former(path: Path, media_type: MediaType, info: MediaInfo) -> Found:
    stream, reason = info.sound[0], ""
    if _is_aac(stream):
        reason = "it is AAC itself"
    elif not _has_rate_of_aac(stream):
        reason = f"few AAC files have {stream.rate} samples a second"
    elif (info.duration or 0) > _FRAMES_LONGEST:
        reason = f"it is too long, but up to {clock(_FRAMES_LONGEST)}"
    said = (f"It was not looked for frames of an earlier compression: {reason}.",)
    found = tuple(in_frames(former_frames(path, media_type, stream)))
    return found, said if reason else ()


def _is_aac(stream: Sound) -> bool:
    return stream.codec.startswith("aac")


def _has_rate_of_aac(stream: Sound) -> bool:
    return 16_000 <= stream.rate <= 48_000


def former_frames(path: Path, media_type: MediaType, stream: Sound) -> Framed | None:
    """Where the frames of an AAC file that it was before lie, in the first five minutes.

    None where it is short, of a rate that AAC files seldom have, or AAC itself: its own frames are
    clearer than those before. Raises Unreadable.
    """
    if _is_aac(stream) or not _has_rate_of_aac(stream):
        return None
    most = _FRAMES_LONGEST * stream.rate
    sound, _ = _heard(samples(path, media_type, rate=stream.rate), most)
    return framed(sound, stream.rate, FRAMED)


def in_frames(found: Framed | None) -> Iterator[Trace]:
    """Every trace in the frames that sound was once compressed in."""
    if found is None or found.strength < FRAMED:
        return
    yield Trace(
        code="sound.was-aac",
        sentence="It was AAC before: what AAC leaves out is missing, in frames of 1024 samples.",
        does_not_show="It does not show an edit: it is a note on where the file has been.",
        score=found.strength / (found.strength + FRAMED),
        usual=0.5,
    )
    kept = [each for each in found.breaks if each.clearness >= STRAY][:_MOST]
    if kept:
        where = tuple((each.start, each.end) for each in kept)
        clearest = max(each.clearness for each in kept)
        yield Trace(
            code="sound.frames-break",
            sentence=f"The frames in which it was AAC before do not run on {clocks(where)}, as "
            "when sound is taken out or put in after that compression.",
            does_not_show="It does not show what was taken out or put in, nor by whom: a pause of "
            "the recorder and music that is made of loops leave the same.",
            seconds=where,
            score=clearest / (clearest + STRAY),
            usual=0.5,
        )
