"""Whether two assets can be laid over one another, by what is recorded of each: a second opinion.

The descriptor finds; this confirms what no hash can: a crop, a screenshot, a picture in a picture,
an upright cut-out of a clip. It looks at the small luma of both and at nothing else, so that no
file has to be decoded again.
"""

from collections.abc import Sequence
from functools import lru_cache

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.described import FOOTAGE
from verifier.fingerprint.descriptor import DESCRIPTOR
from verifier.fingerprint.thumbnail import THUMBNAIL, VERSION, parse_thumbnail

from .clip_registers import clips_register
from .register import CLOSER, SIDE, Prepared, prepare, promise, register

_PROMISING = 1.2  # votes: one in ten of what the descriptor finds near by chance has as many


def registers(
    algorithm: str, suspect: Sequence[Fingerprint], original: Sequence[Fingerprint]
) -> bool:
    """Whether the original's luma is found in the suspect's (a `match.Registers`).

    False where either has none, or a malformed one: what cannot be looked at confirms nothing.
    """
    if algorithm == DESCRIPTOR:
        return pictures_register(suspect, original)
    return algorithm == FOOTAGE and clips_register(suspect, original)


def pictures_register(suspect: Sequence[Fingerprint], original: Sequence[Fingerprint]) -> bool:
    """Whether one picture lies in the other."""
    ours, theirs = _thumbnail(suspect), _thumbnail(original)
    for side in (SIDE, CLOSER):
        here, there = _ready(ours, side), _ready(theirs, side)
        if here is None or there is None:
            return False
        if register(here, there) is not None:
            return True
        # A closer look takes three times as long, and most that are unrelated are not worth it.
        if promise(here, there) < _PROMISING:
            return False
    return False


def _thumbnail(fingerprints: Sequence[Fingerprint]) -> bytes | None:
    known = (THUMBNAIL, VERSION)
    return next(
        (each.bits for each in fingerprints if (each.algorithm, each.version) == known), None
    )


@lru_cache(maxsize=8)  # one suspect is laid over several originals
def _ready(thumbnail: bytes | None, side: int) -> Prepared | None:
    try:
        return None if thumbnail is None else prepare(parse_thumbnail(thumbnail).luma(), side)
    except FormatError:
        return None
