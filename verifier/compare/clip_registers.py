"""Whether two clips can be laid over one another: frame over frame, at several moments.

Views of both say which second of the original each second of the suspect may show (moments.py). At
some of those the small frames of the two records are registered as pictures are; they confirm one
another where two moments or more agree on the size, the turn and the side of the original. Its
place is left free: a frame that follows who speaks moves over the original. Views of an upright
cut-out may point to other seconds; its frames are then laid over all that the original shows.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.described import FOOTAGE, parse_footage
from verifier.fingerprint.luma import (
    CLIP_LUMA,
    FRAMES_PER_SECOND,
    Thumbnails,
    frames_at,
    parse_thumbnails,
)
from verifier.fingerprint.moments import Moments, find_moments

from .cut_out import likeness_of_cut_out, may_be_cut_out
from .placement import spread
from .register import Prepared, Registration, best_map, prepare

_MOMENTS = 5  # all along what the two may share
_UNPROMISING = 3  # of the nearest moments, in none of which anything agrees: no more are looked at
# Votes times likeness: of 976 pairs of clips that are near by chance no moment came above 1.1; of
# 161 copies the best moment of each came above 2.7, the second best above 1.6.
_LEAST = 1.4
# Of 4,146 pairs of a copy and a clip of another scene none came above 0.62; of 45 cut-outs each
# came above 0.91.
_LEAST_CUT_OUT = 0.8
_CUT_OUT_OF = (8, 512)  # frames of the suspect and of the original
_SAME = 0.3  # of the map: how far its size and turn may be off from one moment to the other


def clips_register(suspect: Sequence[Fingerprint], original: Sequence[Fingerprint]) -> bool:
    """Whether frames of the original are found in the suspect's, at two moments or more.

    False where either has no record, or a malformed one, or they share less than two seconds.
    """
    ours, theirs = (_records(each) for each in (suspect, original))
    if ours is None or theirs is None:
        return False
    try:
        footage = parse_footage(theirs[0])
        moments = find_moments(parse_footage(ours[0]), footage)
        chosen = _chosen(moments)
        agree = _agree(
            (_ready(ours[1], time), prepare(frame))
            for time, frame in zip(
                moments.ours[chosen].tolist(),
                frames_at(theirs[1], moments.theirs[chosen].tolist()),
                strict=True,
            )
        )
        return agree or (
            len(moments.bits) > 1 and _is_cut_out(ours[1], theirs[1], footage.duration)
        )
    except FormatError:
        return False


def _records(fingerprints: Sequence[Fingerprint]) -> tuple[bytes, bytes] | None:
    """The views and the small frames of a clip."""
    found = {each.algorithm: each.bits for each in fingerprints if each.version == 1}
    views, luma = found.get(FOOTAGE), found.get(CLIP_LUMA)
    return None if views is None or luma is None else (views, luma)


def _chosen(moments: Moments) -> list[int]:
    """The nearest of each part of what the two may share, the nearest of all first."""
    parts = np.array_split(np.arange(len(moments.bits)), _MOMENTS)
    nearest = [int(part[moments.bits[part].argmin()]) for part in parts if len(part)]
    return sorted(nearest, key=lambda place: float(moments.bits[place]))


def _agree(pairs: Iterable[tuple[Prepared, Prepared]]) -> bool:
    """Whether the maps of two pairs of frames are alike."""
    found: list[Registration] = []
    promising = False
    for number, (here, there) in enumerate(pairs, 1):
        best = best_map(here, there)
        promising |= best is not None
        if best is not None and best.votes * best.likeness >= _LEAST:
            if any(_alike(best, other) for other in found):
                return True
            found.append(best)
        if number == _UNPROMISING and not promising:
            break
    return False


def _is_cut_out(suspect: bytes, original: bytes, seconds: float) -> bool:
    """Whether half of the suspect's frames are upright or wide parts of the original's."""
    shown = _shown(suspect).luma
    ours = shown[spread(len(shown), _CUT_OUT_OF[0])].astype(np.float32)
    if not may_be_cut_out(ours, frames_at(original, [0.0])):
        return False
    most = min(_CUT_OUT_OF[1], int(seconds * FRAMES_PER_SECOND) + 1)
    theirs = frames_at(original, np.linspace(0, seconds, most).tolist()).astype(np.float32)
    return likeness_of_cut_out(ours, theirs) >= _LEAST_CUT_OUT


def _alike(one: Registration, other: Registration) -> bool:
    """Whether two maps turn and scale alike; where to is not asked."""
    ours, theirs = (each.matrix[:2, :2] / each.matrix[2, 2] for each in (one, other))
    return bool(np.linalg.norm(ours - theirs) <= _SAME * np.linalg.norm(ours))


@lru_cache(maxsize=64)  # one suspect is laid over several originals, often at the same moments
def _ready(luma: bytes, time: float) -> Prepared:
    shown = _shown(luma)
    return prepare(shown.luma[max(0, int(np.searchsorted(shown.times, time, "right")) - 1)])


@lru_cache(maxsize=1)  # a long suspect takes a second or two to read
def _shown(luma: bytes) -> Thumbnails:
    return parse_thumbnails(luma)
