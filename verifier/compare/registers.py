"""Whether two pictures can be laid over one another, by what is recorded of each: a second opinion.

The descriptor finds; this confirms what no hash can: a crop, a screenshot, a picture in a picture.
It looks at the small luma of both and at nothing else, so that no file has to be decoded again.
"""

from collections.abc import Sequence
from functools import lru_cache

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.thumbnail import THUMBNAIL, VERSION, parse_thumbnail

from .register import CLOSER, SIDE, Prepared, prepare, register


def registers(suspect: Sequence[Fingerprint], original: Sequence[Fingerprint]) -> bool:
    """Whether the original's luma is found in the suspect's (a `match.Registers`).

    False where either has none, or a malformed one: what cannot be looked at confirms nothing.
    """
    ours, theirs = _thumbnail(suspect), _thumbnail(original)
    if ours is None or theirs is None:
        return False
    return any(register(_ready(ours, side), _ready(theirs, side)) for side in (SIDE, CLOSER))


def _thumbnail(fingerprints: Sequence[Fingerprint]) -> bytes | None:
    for each in fingerprints:
        if (each.algorithm, each.version) == (THUMBNAIL, VERSION):
            try:
                parse_thumbnail(each.bits)
            except FormatError:
                return None
            return each.bits
    return None


@lru_cache(maxsize=8)  # one suspect is laid over several originals
def _ready(thumbnail: bytes, side: int) -> Prepared:
    return prepare(parse_thumbnail(thumbnail).luma(), side)
