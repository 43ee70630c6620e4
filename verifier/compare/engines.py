"""The engines of this installation, behind the one protocol that `compare` asks.

Each is imported when it is first asked: what they compute with is slow to load.
"""

from collections.abc import Sequence

from ledger.vocabulary import Fingerprint
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox

from .compare import Engines, File, Way
from .result import Comparison
from .several import joined


def _pictures(
    sandbox: Sandbox, suspect: File, originals: Sequence[File | Fingerprint], *, limits: Limits
) -> Comparison | None:
    from .picture_in import compare_pictures_in

    return compare_pictures_in(sandbox, suspect, originals[0], limits=limits)


def _clips(
    sandbox: Sandbox, suspect: File, originals: Sequence[File | Fingerprint], *, limits: Limits
) -> Comparison | None:
    from .clip import compare_clips_in

    return compare_clips_in(sandbox, suspect, originals, limits=limits)


def _sound(
    sandbox: Sandbox, suspect: File, originals: Sequence[File | Fingerprint], *, limits: Limits
) -> Comparison | None:
    from .listen import compare_sound_in, pitched

    maps = []
    for original in originals:
        theirs = (original,) if isinstance(original, Fingerprint) else original
        heard = compare_sound_in(sandbox, suspect, theirs, limits=limits)
        maps.append(None if heard is None else pitched(heard))
    found = joined(maps)
    if found is None:
        return None
    return Comparison(sentence="", sound=found.segments, sound_removed=found.removed)


ENGINES = Engines(
    picture=Way(_pictures, ("picture-luma",)),
    clip=Way(_clips, ("clip-luma",)),
    sound=Way(_sound, ("sound-peaks",)),
)
