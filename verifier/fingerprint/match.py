"""When two fingerprints are near enough to say: possibly the same, compare them.

A match never raises trust. Each threshold stands with the rate at which unrelated assets cross it,
measured by `bench/fingerprints.py --measure` on real media of public repositories (2026-11): the
upper end of the one-sided 95 % interval (Clopper-Pearson) of the rate per pair. Other takes of one
scene by one camera do match as clips, and other people in the same room: no hash of frames can tell
them from copies, and geometry knows the room again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.asset import Kind
from ledger.vocabulary import Fingerprint

from .align import Alignment, align_frames, align_words, bit_distances
from .audio import SOUND, parse_words
from .described import FOOTAGE, parse_footage
from .descriptor import DESCRIPTOR
from .image import CONFIRMER, FINDER, PDQ, parse_hash, parse_views
from .lines import agreement, align_peaks
from .moments import VIEW_THRESHOLD, align_footage
from .pdq import SIDE, eight_ways
from .peaks import PEAKS, parse_peaks
from .video import CLIP, parse_frames

HASH_BITS = 256

# Pictures: the finder and the confirmer must both be within their threshold. All but one of 4,840
# copies of 484 photographs are (JPEG q10 and q30, half and quarter size, WebP, grey, 30 % brighter
# or darker, 50 % more contrast, 3 % cropped away).
FINDER_THRESHOLD = 64 / HASH_BITS
CONFIRMER_THRESHOLD = 56 / HASH_BITS
PICTURE_FALSE_MATCH_RATE = 1.6e-6  # 0 of 1,873,079 pairs of photographs

# Pictures that were cropped, framed, turned or written on: the descriptor finds, and either PDQ, in
# any of eight ways to turn and mirror the suspect, or the geometry of the two pictures confirms.
DESCRIPTOR_THRESHOLD = 78 / HASH_BITS
PDQ_THRESHOLD = 76 / HASH_BITS
DESCRIBED_FALSE_MATCH_RATE = 1e-6  # 0 of 810 million pairs of `bench.retrieval`, this and phash
# Geometry is worth more than PDQ, and asked further out: 99.7 % of 600 crops of a quarter of their
# picture's area are within this, 86 % within the threshold above.
REGISTERED_THRESHOLD = 100 / HASH_BITS
# Unrelated pictures are so near in 1.1 % of pairs, of which the index looks at the nearest: 0.22 %
# of all pairs where 100,000 are recorded. Geometry confirmed none of 7,000 such: at most 4.3e-4.
REGISTERED_FALSE_MATCH_RATE = 9.2e-7

# Clips: so many frames, each within align.FRAME_THRESHOLD of its original, in the original's order;
# a clip that has fewer must show them all, and each of them nearer.
LEAST_FRAMES = 3
FEW_FRAMES_THRESHOLD = 40 / HASH_BITS
CLIP_FALSE_MATCH_RATE = 1.2e-4  # 0 of 25,058 pairs of copies and other clips

# Clips that were cropped, framed, mirrored or reframed: so many seconds, each with a view within
# moments.VIEW_THRESHOLD, in the original's order (a clip that has fewer must show them all); and
# the geometry of their frames confirms.
LEAST_SECONDS = 3
FOOTAGE_FALSE_MATCH_RATE = 1.1e-4  # 0 of 29,662 pairs of copies and clips of other scenes

# Sound: at least align.LEAST_WORDS words of some block within align.WORD_THRESHOLD.
SOUND_FALSE_MATCH_RATE = 1.2e-5  # 0 of 250,986 pairs of recordings

# Sound at any speed or pitch: lines.LEAST_EVIDENCE of some part.
# 0 of 711,160 pairs of a copy and another recording: at most 4.3e-6 a pair. No lower is told than
# that of words, so that where both agree the words, which hold at one speed only, are named.
PEAKS_FALSE_MATCH_RATE = 1.3e-5

# Whether two assets can be laid over one another, as an algorithm that found them so supposes.
Registers = Callable[[str, Sequence[Fingerprint], Sequence[Fingerprint]], bool]

_KINDS = {
    FINDER: Kind.PICTURE,
    DESCRIPTOR: Kind.PICTURE,
    CLIP: Kind.CLIP,
    FOOTAGE: Kind.CLIP,
    SOUND: Kind.RECORDING,
    PEAKS: Kind.RECORDING,
}


@dataclass(frozen=True, slots=True)
class Similarity:
    """How near two fingerprints are, and, for sequences, how they lie over one another."""

    distance: float  # the share of bits that differ, 0 to 1, where the two agree
    offset: float | None = None  # seconds: the second's time is rate times the first's, plus this
    overlap: float | None = None  # seconds of the first that agree
    length: int = 1  # hashes, frames, words or peaks that agree
    rate: float = 1.0  # seconds of the second in a second of the first
    pitch: float = 0.0  # semitones by which the first sounds higher


@dataclass(frozen=True, slots=True)
class Match:
    """A recorded asset near a suspect, by the fingerprint that says so most surely.

    `kind` says what is alike: the picture, the frames of a clip, or the sound.
    `false_match_rate` is for one pair of unrelated assets: times the assets searched, it is how
    many false matches to expect.
    """

    entry_index: int
    kind: Kind
    algorithm: str
    distance: float
    false_match_rate: float
    offset: float | None = None
    overlap: float | None = None
    rate: float = 1.0
    pitch: float = 0.0


def compare(suspect: Fingerprint, original: Fingerprint) -> Similarity | None:
    """How near two fingerprints are; None if of different algorithms, or with nothing in common.

    Nearness alone is no match: see `match`. Raises FormatError for malformed bits.
    """
    if (suspect.algorithm, suspect.version) != (original.algorithm, original.version):
        return None
    match suspect.algorithm:
        case "picture-pdq":
            return Similarity(_turned_distance(suspect.bits, original.bits) / HASH_BITS)
        case "picture-descriptor":
            ours, theirs = parse_views(suspect.bits), parse_views(original.bits)
            return Similarity(
                min(int(bit_distances(row, theirs).min()) for row in ours) / HASH_BITS
            )
        case "picture-phash" | "picture-dhash":
            ours, theirs = parse_hash(suspect.bits), parse_hash(original.bits)
            return Similarity(int(bit_distances(ours, theirs[None])[0]) / HASH_BITS)
        case "clip-phash":
            frames = parse_frames(suspect.bits), parse_frames(original.bits)
            return _similarity(align_frames(*frames))
        case "clip-descriptor":
            footage = parse_footage(suspect.bits), parse_footage(original.bits)
            return _similarity(align_footage(*footage))
        case "sound-bands":
            words = parse_words(suspect.bits), parse_words(original.bits)
            return _similarity(align_words(*words))
        case "sound-peaks":
            peaks = parse_peaks(suspect.bits), parse_peaks(original.bits)
            return _similarity(agreement(align_peaks(*peaks)))
        case _:
            return None


def _turned_distance(suspect: bytes, original: bytes) -> int:
    """Bits that differ, of the views and the ways to turn and mirror them that suit best."""
    views = np.unpackbits(parse_views(suspect), axis=1).reshape(-1, SIDE, SIDE)[:, ::-1, ::-1]
    turned = np.concatenate([eight_ways(view.astype(bool)) for view in views])
    ways = np.packbits(turned.reshape(len(turned), -1)[:, ::-1], axis=1)
    return min(int(bit_distances(row, ways).min()) for row in parse_views(original))


def _similarity(found: Alignment | None) -> Similarity | None:
    if found is None:
        return None
    return Similarity(
        found.distance, found.offset, found.overlap, found.length, found.rate, found.pitch
    )


def match(
    entry_index: int,
    suspect: Sequence[Fingerprint],
    original: Sequence[Fingerprint],
    *,
    registers: Registers | None = None,
) -> Match | None:
    """Judge a suspect's fingerprints against those of the recorded asset at `entry_index`.

    Where several ways agree, the one with the lowest false-match rate is told. `registers` says
    whether the geometry of two pictures or clips agrees; it is asked only where nothing cheaper
    does.
    """
    ours, theirs = _by_algorithm(suspect), _by_algorithm(original)
    found: list[Match] = []
    for name, rate, agrees in _RULES:
        near = _near(name, ours, theirs)
        if near is not None and agrees(near, ours, theirs):
            found.append(_match(entry_index, name, near, rate))
    if not found and registers is not None:
        for name, rate, is_near in _REGISTERED:
            near = _near(name, ours, theirs)
            asked = near is not None and is_near(near, ours, theirs)
            if near is not None and asked and registers(name, suspect, original):
                found.append(_match(entry_index, name, near, rate))
    return min(found, key=lambda each: (each.false_match_rate, each.distance), default=None)


def evidence(
    algorithm: str, suspect: Sequence[Fingerprint], original: Sequence[Fingerprint]
) -> float:
    """How much an algorithm says for asking whether two assets register: 0 for nothing.

    Of pictures the share of bits that agree; of clips in how many seconds, each by how much.
    """
    near = _near(algorithm, _by_algorithm(suspect), _by_algorithm(original))
    if near is None:
        return 0.0
    if algorithm == FOOTAGE:  # a few seconds that are near, or many that are less so
        return near.length * ((VIEW_THRESHOLD + 1) / HASH_BITS - near.distance)
    return 1.0 - near.distance


def _match(entry_index: int, name: str, near: Similarity, false_match_rate: float) -> Match:
    return Match(
        entry_index,
        _KINDS[name],
        name,
        near.distance,
        false_match_rate,
        near.offset,
        near.overlap,
        near.rate,
        near.pitch,
    )


def _near(
    name: str, ours: Mapping[str, Fingerprint], theirs: Mapping[str, Fingerprint]
) -> Similarity | None:
    return compare(ours[name], theirs[name]) if name in ours and name in theirs else None


def _hashes_agree(
    near: Similarity, ours: Mapping[str, Fingerprint], theirs: Mapping[str, Fingerprint]
) -> bool:
    second = _near(CONFIRMER, ours, theirs)
    return (
        near.distance <= FINDER_THRESHOLD
        and second is not None
        and second.distance <= CONFIRMER_THRESHOLD
    )


def _pdq_agrees(
    near: Similarity, ours: Mapping[str, Fingerprint], theirs: Mapping[str, Fingerprint]
) -> bool:
    if near.distance > DESCRIPTOR_THRESHOLD:
        return False
    second = _near(PDQ, ours, theirs)
    return second is not None and second.distance <= PDQ_THRESHOLD


def _enough_frames(
    near: Similarity, ours: Mapping[str, Fingerprint], theirs: Mapping[str, Fingerprint]
) -> bool:
    if near.length >= LEAST_FRAMES:
        return True
    fewest = min(len(parse_frames(clips[CLIP].bits).times) for clips in (ours, theirs))
    return near.length >= fewest and near.distance <= FEW_FRAMES_THRESHOLD


def _by_algorithm(fingerprints: Sequence[Fingerprint]) -> dict[str, Fingerprint]:
    return {each.algorithm: each for each in fingerprints}


def _enough_seconds(
    near: Similarity, ours: Mapping[str, Fingerprint], theirs: Mapping[str, Fingerprint]
) -> bool:
    clips = (parse_footage(each[FOOTAGE].bits) for each in (ours, theirs))
    fewest = min(len(np.unique(clip.times)) for clip in clips)
    return near.length >= min(LEAST_SECONDS, fewest)


def _described_near(
    near: Similarity, _ours: Mapping[str, Fingerprint], _theirs: Mapping[str, Fingerprint]
) -> bool:
    return near.distance <= REGISTERED_THRESHOLD


def _sounds_agree(
    _near: Similarity, _ours: Mapping[str, Fingerprint], _theirs: Mapping[str, Fingerprint]
) -> bool:
    return True  # only what agrees was aligned


_RULES = (
    (FINDER, PICTURE_FALSE_MATCH_RATE, _hashes_agree),
    (DESCRIPTOR, DESCRIBED_FALSE_MATCH_RATE, _pdq_agrees),
    (CLIP, CLIP_FALSE_MATCH_RATE, _enough_frames),
    (SOUND, SOUND_FALSE_MATCH_RATE, _sounds_agree),
    (PEAKS, PEAKS_FALSE_MATCH_RATE, _sounds_agree),
)
_REGISTERED = (
    (DESCRIPTOR, REGISTERED_FALSE_MATCH_RATE, _described_near),
    (FOOTAGE, FOOTAGE_FALSE_MATCH_RATE, _enough_seconds),
)
