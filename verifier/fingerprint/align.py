"""Lay one sequence over another: frames in the same order, sound at the same step.

Pure functions of arrays. A frame is a row of 32 bytes; a word of sound is 32 bits, zero where it
says nothing.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .audio import BITS, SECONDS_PER_WORD, Words
from .video import FRAMES_PER_SECOND, FrameHashes

FRAME_THRESHOLD = 48  # of 256 bits: frames that differ in no more may show the same
MOST_FRAMES = 512  # of a suspect, evenly spread, are looked for: more cost time and add nothing

WORDS_IN_BLOCK = 64  # 3.2 s of sound are looked for at once
LEAST_WORDS = 24  # that say something, of a block: 1.2 s
WORD_THRESHOLD = 0.25  # of the bits of a block
MOST_BLOCKS = 32  # of a suspect, evenly spread, are looked for: all of it up to 102 s
_SCREENED = 16  # words of a block, evenly spread, are compared first
# Of their bits: a block at the threshold stays under it but once in a million (512 bits, 5 sigma).
_SCREEN_THRESHOLD = 0.36

Hashes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where two sequences agree: the second's time is `rate` times the first's, plus `offset`."""

    distance: float  # of the bits that were compared, 0 to 1, where they agree
    offset: float  # seconds
    overlap: float  # seconds of the first that agree
    length: int  # frames, words or peaks that agree
    rate: float = 1.0
    pitch: float = 0.0  # semitones by which the first sounds higher


def bit_distances(one: Hashes, many: Hashes) -> npt.NDArray[np.uint16]:
    """How many of 256 bits differ between a hash of 32 bytes and each row of `many`."""
    lanes, ours = (np.ascontiguousarray(each).view(np.uint64) for each in (many, one))
    distances = np.zeros(len(many), np.uint16)
    for lane in range(4):  # five times as fast as a sum along such a short axis
        distances += np.bitwise_count(lanes[:, lane] ^ ours[lane])
    return distances


def spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most `most` of the numbers below `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def align_frames(suspect: FrameHashes, original: FrameHashes) -> Alignment | None:
    """The longest chain of the suspect's frames whose nearest originals come in the same order.

    None where no frame is near any. The order survives another speed, a cut and a trim.
    """
    chosen = spread(len(suspect.times), MOST_FRAMES)
    nearest = np.empty(len(chosen), np.int64)
    distances = np.empty(len(chosen), np.int64)
    for row, frame in enumerate(chosen):
        found = bit_distances(suspect.hashes[frame], original.hashes)
        nearest[row] = found.argmin()
        distances[row] = found[nearest[row]]
    near = np.flatnonzero(distances <= FRAME_THRESHOLD)
    if not len(near):
        return None
    chain = near[longest_rise(nearest[near])]
    shifts = original.times[nearest[chain]] - suspect.times[chosen[chain]]
    seconds = len(chain) / FRAMES_PER_SECOND * (len(suspect.times) / len(chosen))
    return Alignment(
        float(distances[chain].mean()) / 256, float(np.median(shifts)), seconds, len(chain)
    )


def longest_rise(values: npt.NDArray[np.int64]) -> list[int]:
    """The places of a longest subsequence of `values` that never falls (patience sorting)."""
    tails: list[int] = []  # the least value that ends a rise of each length
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values.tolist()):
        length = bisect_right(tails, value)
        before.append(places[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        places[length : length + 1] = [place]
    rise: list[int] = []
    place = places[-1] if places else -1
    while place >= 0:
        rise.append(place)
        place = before[place]
    return rise[::-1]


def blocks(words: Words) -> Iterator[int]:
    """Where the blocks of a suspect's sound begin that say enough to be looked for."""
    starts = np.arange(0, max(len(words) - WORDS_IN_BLOCK, 0) + 1, WORDS_IN_BLOCK)
    if len(words) > WORDS_IN_BLOCK:  # the last block ends with the last word
        starts = np.append(starts, len(words) - WORDS_IN_BLOCK)
    telling = [
        start
        for start in np.unique(starts).tolist()
        if np.count_nonzero(words[start : start + WORDS_IN_BLOCK]) >= LEAST_WORDS
    ]
    yield from (telling[place] for place in (spread(len(telling), MOST_BLOCKS) if telling else ()))


def find_block(block: Words, words: Words) -> npt.NDArray[np.int64]:
    """Every place in `words` where some words of the block lie near; the block may hang over.

    Place p lays the block's first word over word p; p runs from minus the block's length.
    """
    margin = len(block)
    padded = np.pad(words, margin)
    places = len(padded) - margin + 1
    errors = np.zeros(places, np.uint16)
    compared = np.zeros(places, np.uint8)
    telling = np.flatnonzero(block)
    for place in telling[spread(len(telling), _SCREENED)]:
        under = padded[place : place + places]
        told = under != 0
        errors += np.bitwise_count(under ^ block[place]) * told
        compared += told
    enough = compared >= _SCREENED * LEAST_WORDS // WORDS_IN_BLOCK
    near = enough & (errors <= _SCREEN_THRESHOLD * BITS * compared)
    return np.flatnonzero(near) - margin


def align_words(suspect: Words, original: Words) -> Alignment | None:
    """The best stretch of sound that the two share at one offset; None where there is none."""
    shifts = {
        int(p) - start
        for start in blocks(suspect)
        for p in find_block(_at(suspect, start), original)
    }
    found = [align_words_at(suspect, original, shift) for shift in shifts]
    return max((each for each in found if each), key=lambda each: each.length, default=None)


def _at(words: Words, start: int) -> Words:
    return words[start : start + WORDS_IN_BLOCK]


def align_words_at(suspect: Words, original: Words, shift: int) -> Alignment | None:
    """What the two share where the suspect's word n lies over the original's word n + `shift`.

    A word is shared when some block around it has LEAST_WORDS that say something in both, and no
    more than WORD_THRESHOLD of their bits differ.
    """
    first = max(0, -shift)
    ours = suspect[first : len(original) - shift]
    theirs = original[first + shift : first + shift + len(ours)]
    told = (ours != 0) & (theirs != 0)
    if np.count_nonzero(told) < LEAST_WORDS:
        return None
    errors = np.bitwise_count(ours ^ theirs) * told
    width = min(WORDS_IN_BLOCK, len(ours))
    counts, wrong = (_running(values, width) for values in (told, errors))
    near = (counts >= LEAST_WORDS) & (wrong <= WORD_THRESHOLD * BITS * counts)
    shared = told & (_running(np.pad(near, width - 1), width) > 0)
    length = int(np.count_nonzero(shared))
    if not length:
        return None
    distance = float(errors[shared].sum()) / (BITS * length)
    return Alignment(distance, shift * SECONDS_PER_WORD, length * SECONDS_PER_WORD, length)


def _running(values: npt.NDArray[np.generic], width: int) -> npt.NDArray[np.int64]:
    """The sum of each run of `width` values."""
    total = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return total[width:] - total[:-width]
