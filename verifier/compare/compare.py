"""From two files to one comparison: which engines their types call for, and one sentence.

    picture · picture      the picture engine; one that moves is a clip
    clip · clip            the clip engine, and the sound engine where both have sound
    recording · recording  the sound engine; also a recording with the sound of a clip

An engine is handed the originals, each as a file or as what the private store keeps of it, and the
suspect's file; it answers None where it finds nothing that it has in common with any of them. More
than one original is for clips and recordings that were cut together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ledger.asset import BY_NAME, Asset, Kind, MediaType, read_asset_file
from ledger.vocabulary import Fingerprint
from verifier.errors import NotComparable, Unreadable, Unrelated
from verifier.fingerprint.audio import SECONDS_PER_WORD, SOUND, parse_words
from verifier.fingerprint.video import CLIP, parse_frames
from verifier.media.limits import Limits, limits_for
from verifier.media.probe import MediaInfo, probe
from verifier.media.sandbox import Sandbox

from .result import Comparison, Segment, SegmentKind
from .sentence import IDENTICAL, describe, main_source
from .tracks import lag_between

_IN_TIME = {Kind.CLIP, Kind.RECORDING}


@dataclass(frozen=True, slots=True)
class Medium:
    """A file to compare."""

    path: Path
    asset: Asset

    @property
    def media_type(self) -> MediaType:
        """What its bytes say it is."""
        return self.asset.media_type


@dataclass(frozen=True, slots=True)
class Headers:
    """What the headers of a file, or the record of one, say of it."""

    size: tuple[int, int] | None = None  # width, height in pixels as displayed
    seconds: float | None = None
    has_pictures: bool = False
    has_sound: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What the private store keeps of an original: its fingerprints, and what kind it is."""

    kind: Kind
    fingerprints: tuple[Fingerprint, ...]

    def headers(self) -> Headers:
        """What the record says of the original. Raises FormatError where it does not read."""
        by_name = {each.algorithm: each.bits for each in self.fingerprints}
        seconds = None
        if CLIP in by_name:
            seconds = parse_frames(by_name[CLIP]).duration
        elif SOUND in by_name:
            seconds = len(parse_words(by_name[SOUND])) * SECONDS_PER_WORD
        return Headers(
            seconds=seconds,
            has_pictures=any(name.startswith("clip-") for name in by_name),
            has_sound=any(name.startswith("sound-") for name in by_name),
        )


Original = Medium | Kept


File = tuple[Path, MediaType]


class Engine(Protocol):
    """Compares the pictures of two files, or their sound."""

    def __call__(
        self,
        sandbox: Sandbox,
        suspect: File,
        originals: Sequence[File | Fingerprint],
        *,
        limits: Limits,
    ) -> Comparison | None:
        """Return what was found, its sentence empty; None where they have nothing in common.

        Raises VerifierError where one cannot be decoded, FormatError where the record does not
        read.
        """


@dataclass(frozen=True, slots=True)
class Way:
    """An engine, and the fingerprints that it can take in place of the original, best first."""

    engine: Engine
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engines:
    """How this installation compares; None for what it does not."""

    picture: Way | None = None
    clip: Way | None = None
    sound: Way | None = None


def compare_in(
    sandbox: Sandbox,
    original: Original,
    suspect: Medium,
    engines: Engines,
    others: Sequence[Original] = (),
) -> Comparison:
    """Compare a suspect with an original, and with others that it may be cut together from.

    Raises NotComparable where they have nothing in common, VerifierError where one of them cannot
    be decoded.
    """
    originals = (original, *others)
    for each in originals:
        if isinstance(each, Medium) and each.asset.digest == suspect.asset.digest:
            return Comparison(sentence=IDENTICAL)
    asked = _Asked(sandbox, originals, suspect, _limits(originals, suspect))
    ours = headers_in(sandbox, suspect, asked.limits)
    theirs = [_headers_of(sandbox, each, asked.limits) for each in originals]
    found = _compared(asked, engines, theirs, ours)
    seconds = theirs[main_source(found)].seconds
    said = describe(found, size=ours.size, duration=seconds, originals=len(originals))
    return replace(found, sentence=said)


def read_medium(path: Path) -> Medium:
    """Read which file this is; raises AssetError where there is none to read."""
    return Medium(path, read_asset_file(path))


def kind_of(original: Original) -> Kind:
    """What a person would call the original."""
    return original.kind if isinstance(original, Kept) else original.media_type.kind


@dataclass(frozen=True, slots=True)
class _Asked:
    sandbox: Sandbox
    originals: Sequence[Original]
    suspect: Medium
    limits: Limits


def _compared(
    asked: _Asked, engines: Engines, theirs: Sequence[Headers], ours: Headers
) -> Comparison:
    kind = _moving(asked.suspect.media_type.kind, ours)
    others = [_moving(kind_of(each), of) for each, of in zip(asked.originals, theirs, strict=True)]
    kinds = {kind, *others}
    if kinds == {Kind.PICTURE} and len(asked.originals) == 1:
        return _related(_answer(engines.picture, "pictures", asked))
    if kinds == {Kind.PICTURE}:
        raise NotComparable("a picture has one original", "compare it with each of them in turn")
    if not kinds <= _IN_TIME:
        one = next(each for each in others if {kind, each} - _IN_TIME)
        raise NotComparable(
            f"a {kind} cannot be compared with a {one}", "give two pictures, clips or recordings"
        )
    pictures = sound = None
    if all(each.has_pictures for each in (*theirs, ours)):
        pictures = _answer(engines.clip, "clips", asked)
    if all(each.has_sound for each in (*theirs, ours)):
        sound = _answer(engines.sound, "sound", asked)
    return _related(_together(pictures, sound, (theirs[0], ours)))


def _moving(kind: Kind, headers: Headers) -> Kind:
    """What to compare it as: a picture that moves is a clip."""
    return Kind.CLIP if kind is Kind.PICTURE and headers.has_pictures else kind


def _answer(way: Way | None, what: str, asked: _Asked) -> Comparison | None:
    """Ask one engine. Raises NotComparable where it has nothing to go by."""
    if way is None:
        raise NotComparable(f"this version does not compare {what}", "use a later version")
    originals = [_as_asked(each, way, what) for each in asked.originals]
    suspect = asked.suspect.path, asked.suspect.media_type
    return way.engine(asked.sandbox, suspect, originals, limits=asked.limits)


def _as_asked(original: Original, way: Way, what: str) -> File | Fingerprint:
    if isinstance(original, Medium):
        return original.path, original.media_type
    kept = {each.algorithm: each for each in original.fingerprints}
    record = next((kept[name] for name in way.records if name in kept), None)
    if record is None:
        raise NotComparable(
            f"the record of the original keeps too little to compare {what}",
            "compare with the original itself: firsthand compare ORIGINAL SUSPECT",
        )
    return record


def _related(found: Comparison | None) -> Comparison:
    if found is None:
        raise Unrelated(
            "nothing was found that the two have in common", "check that this is its original"
        )
    return found


def _together(
    pictures: Comparison | None, sound: Comparison | None, headers: tuple[Headers, Headers]
) -> Comparison | None:
    """Make one comparison of what was found in the pictures and in the sound of two clips."""
    theirs, ours = headers
    has_pictures = theirs.has_pictures and ours.has_pictures
    if pictures is None and (sound is None or not any(map(_is_shown, sound.sound))):
        return None
    if pictures is None and sound is not None:
        if not has_pictures or ours.seconds is None:
            return sound
        foreign = Segment((0.0, ours.seconds), None, None, SegmentKind.INSERTED)
        return replace(sound, time_map=(foreign,))
    if pictures is None:
        return None
    if sound is None:  # of one that is silent nothing can be said
        if ours.has_sound or not theirs.has_sound:
            return pictures
        kind = SegmentKind.ABSENT
        whole = (0.0, ours.seconds or max(each.suspect[1] for each in pictures.time_map))
        return replace(pictures, sound=(Segment(whole, None, None, kind),))
    lag = pictures.lag if sound.lag is None else sound.lag
    return replace(
        pictures,
        sound=sound.sound,
        sound_removed=sound.sound_removed,
        lag=lag_between(pictures.time_map, sound.sound) if lag is None else lag,
    )


def _is_shown(segment: Segment) -> bool:
    return segment.original is not None and segment.rate is not None


def headers_in(sandbox: Sandbox, medium: Medium, limits: Limits) -> Headers:
    """Read the headers of a file in the sandbox; raises VerifierError."""
    path, name = str(medium.path.resolve()), medium.media_type.name
    if medium.media_type.kind not in (Kind.PICTURE, Kind.CLIP, Kind.RECORDING):
        return Headers()
    told = sandbox.run(headers_task, path, name, limits=limits)
    try:
        size, seconds, pictures, sound = told
        width, height = size or (0, 0)
        return Headers(
            (int(width), int(height)) if size else None,
            None if seconds is None else float(seconds),
            bool(pictures),
            bool(sound),
        )
    except (TypeError, ValueError):
        raise Unreadable("its headers read as none", "get a whole copy") from None


def headers_task(path: str, media_type: str) -> list[object]:
    """Read headers as plain values."""
    info: MediaInfo = probe(Path(path), BY_NAME[media_type])
    size = list(info.size) if info.size else None
    return [size, info.duration, bool(info.video), bool(info.sound)]


def _headers_of(sandbox: Sandbox, original: Original, limits: Limits) -> Headers:
    if isinstance(original, Medium):
        return headers_in(sandbox, original, limits)
    return original.headers()


def _limits(originals: Sequence[Original], suspect: Medium) -> Limits:
    """Give a comparison the time that all files together may take."""
    files = [suspect, *(each for each in originals if isinstance(each, Medium))]
    return limits_for(sum(each.asset.size for each in files))
