"""From two files, or a file and what was recorded of another, to a map of the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from ledger.asset import BY_NAME, MediaType
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.peaks import PEAKS, RATE, VERSION, Samples
from verifier.media.decode import samples
from verifier.media.limits import Limits
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

from .hearing import STEP, Heard, hear, recorded
from .sound import SoundMap, map_sound
from .spectrum import BANDS, HOP, MOST_ROWS, Spectrum

MOST_SECONDS = 12 * 3600  # of a file; what comes after is not compared

File = tuple[Path, MediaType]


def compare_sound_in(
    sandbox: Sandbox,
    suspect: File,
    original: File | Sequence[Fingerprint],
    *,
    limits: Limits | None = None,
) -> SoundMap | None:
    """Map the sound of a suspect onto an original's, or onto its recorded fingerprints.

    Files are decoded in jobs of `sandbox`, and only what `Heard` holds comes out. None where either
    has no sound, or nothing but silence. Raises Unreadable, FormatError for malformed fingerprints,
    and what `Sandbox.run` raises; a long file needs the limits of `limits_for` its size.
    """
    ours = hear_in(sandbox, *suspect, limits=limits)
    if original and isinstance(original[0], Path):
        theirs = hear_in(sandbox, *cast("File", original), limits=limits)
    else:
        theirs = recorded(cast("Sequence[Fingerprint]", original))
    return None if ours is None or theirs is None else map_sound(ours, theirs)


def pitched(heard: SoundMap) -> SoundMap:
    """The same, each segment with its own pitch."""
    pairs = zip(heard.segments, heard.pitches, strict=True)
    return replace(heard, segments=tuple(replace(each, pitch=pitch) for each, pitch in pairs))


def hear_in(
    sandbox: Sandbox, path: Path, media_type: MediaType, *, limits: Limits | None = None
) -> Heard | None:
    """What is to be heard in a file; None where it has no sound."""
    answer = sandbox.run(hear_task, str(path.resolve()), media_type.name, limits=limits)
    return None if answer is None else _parsed(answer)


def hear_task(path: str, media_type: str) -> dict[str, object] | None:
    """`hear` as plain values: duration, bits of the peaks, steps that are no pause, spectrum."""
    kind = BY_NAME[media_type]
    if not probe(Path(path), kind).sound:
        return None
    heard = hear(_at_most(samples(Path(path), kind, rate=RATE), MOST_SECONDS * RATE))
    sounding = heard.sounding if heard.sounding is not None else np.zeros(0, np.bool_)
    return {
        "duration": heard.duration,
        "peaks": heard.bits(),
        "steps": len(sounding),
        "sounding": np.packbits(sounding).tobytes(),
        "spectrum": heard.spectrum.rows.tobytes() if heard.spectrum is not None else b"",
    }


def _at_most(blocks: Iterator[Samples], left: int) -> Iterator[Samples]:
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


def _parsed(answer: dict[str, Any]) -> Heard:
    """Read what `hear_task` answers: it may have been taken over by the file that it decoded."""
    duration, steps = float(answer["duration"]), int(answer["steps"])
    bits = np.frombuffer(answer["sounding"], np.uint8)
    if not 0 <= duration <= MOST_SECONDS or not 0 <= steps <= min(8 * len(bits), duration / STEP):
        raise FormatError("what was heard is longer than it can be")
    rows = np.frombuffer(answer["spectrum"], np.uint8)
    if len(rows) % BANDS or len(rows) > BANDS * min(MOST_ROWS, duration / HOP):
        raise FormatError("the spectrum of what was heard is longer than it can be")
    prints = [Fingerprint(PEAKS, VERSION, answer["peaks"])] if answer["peaks"] else []
    peaks = recorded(prints).peaks
    sounding = np.unpackbits(bits, count=steps).astype(np.bool_)
    return Heard(duration, peaks, sounding, Spectrum(rows.reshape(-1, BANDS)))
