"""What programs wrote into a clip or a recording about themselves.

Anybody can write such a note, and anybody can remove it: it says what the file says of itself.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ledger.asset import MediaType
from verifier.detector.result import Trace
from verifier.harmless import printable
from verifier.media.ffmpeg import probe_json

from .forms import own_form

_READ = 4 << 20  # bytes of each end of a file that are looked through
_MOST_FIELDS, _LONGEST = 64, 80  # fields that are read, and characters of each that are shown
_LIMITS = "It does not show what is true of the file: anybody can write or remove such a note."

# Fields that programs sign with, as ffprobe names them (ISO ©too, ID3 TSSE and TENC, Vorbis …).
_SIGNED = re.compile(
    r"encoder|encoded_by|encoded-by|software|too$|tool|generator|swr$|producer|application|creator"
    r"|handler_name|comment|description|synopsis|make$|model$|version$|author$|artist$|title$"
    r"|copyright|prompt|workflow|c2pa|aigc|ai_?generated|tsse|tenc|source$",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"title|artist|comment|description|synopsis|author|copyright|source", re.IGNORECASE
)
_NAMES = re.compile(r"title|artist|author", re.IGNORECASE)  # people and songs are called so too
# Whole names of services and programs that make pictures, clips, voices or music from a prompt.
_GENERATORS = re.compile(
    r"\b(open ?ai|dall[-·]?e|chat ?gpt|sora(?: ?2)?(?= |$|[.,;)])|runway(?:ml)?|gen-[34]\b|pika"
    r"(?: ?labs)|kling ?ai|klingai|kling|luma ?(?:ai|labs|dream ?machine)|dream ?machine"
    r"|google ?veo|veo ?[23]|imagen ?[34]?|made with google ai|synth ?id|stable ?(?:video|diffusion"
    r"|audio)|comfy ?ui|animate ?diff|svd_xt|wan ?2\.[0-9]|hunyuan ?video|hailuo|minimax|vidu"
    r"|jimeng|seedance|dreamina|higgsfield|heygen|hey ?gen|synthesia|d-id\b|deepbrain|colossyan"
    r"|hedra|wav2lip|sadtalker|live ?portrait|deep ?face ?lab|face ?fusion|roop|face ?swap"
    r"|eleven ?labs|play\.?ht|resemble\.?ai|respeecher|murf(?:\.ai)?|wellsaid|speechify"
    r"|suno(?: ?ai)?|udio|bark tts|coqui|tortoise[- ]tts|rvc|so-vits|piper ?tts|xtts"
    r"|mid ?journey|adobe firefly|firefly|ai[- ]generated|generated (?:by|with) ai|aigc)\b",
    re.IGNORECASE,
)
_EDITORS = re.compile(
    r"(adobe (?:premiere|after effects|audition|media encoder|rush|photoshop)[^,;]{0,24}"
    r"|davinci resolve[^,;]{0,12}|blackmagic[^,;]{0,20}|final cut[^,;]{0,12}|imovie[^,;]{0,12}"
    r"|avid (?:media|mc)[^,;]{0,16}|(?:sony |magix )?vegas[^,;]{0,16}|magix[^,;]{0,20}|capcut"
    r"|inshot|kinemaster|vivavideo|filmora|wondershare[^,;]{0,16}|camtasia|kdenlive|shotcut"
    r"|mlt framework|openshot|olive video|avidemux|virtualdub[^,;]{0,12}|lightworks|flowblade"
    r"|powerdirector|cyberlink[^,;]{0,16}|clideo|kapwing|veed\.io|canva|flexclip|descript"
    r"|audacity[^,;]{0,8}|garageband|logic pro[^,;]{0,8}|ableton[^,;]{0,8}|reaper|fl studio"
    r"|cubase|wavelab|sound forge[^,;]{0,8}|ocenaudio|adobe[^,;]{0,24}|vn video|quik|beecut"
    r"|evcapture[^,;]{0,16}|obs studio|bandicam|xsplit)",
    re.IGNORECASE,
)
_ENCODERS = re.compile(
    r"(^google$|lavf[0-9.]*|lavc[0-9.]*[^,;]{0,16}|handbrake[^,;]{0,20}|x26[45][^,;]{0,24}"
    r"|lame ?[0-9.]*"
    r"|iso media file produced by google inc|mainconcept[^,;]{0,16}|nero[^,;]{0,16}|gpac[^,;]{0,12}"
    r"|mkvmerge[^,;]{0,12}|libebml[^,;]{0,12}|libvorbis[^,;]{0,16}|libopus[^,;]{0,12}"
    r"|qaac[^,;]{0,12}|fdk[^,;]{0,12}|vimeo[^,;]{0,12}|twitter|facebook)",
    re.IGNORECASE,
)
# IPTC's terms for how a medium came to be, which C2PA and XMP write as addresses (NewsCodes).
_SOURCE_TYPE = re.compile(rb"digitalsourcetype/([A-Za-z]{4,48})")
_MADE = {
    "trainedAlgorithmicMedia": "made by a trained algorithm",
    "compositeWithTrainedAlgorithmicMedia": "composed with what a trained algorithm made",
    "algorithmicMedia": "made by an algorithm",
    "compositeSynthetic": "composed with synthetic parts",
    "virtualRecording": "a recording of a virtual event",
}
_X264 = re.compile(rb"x26[45] (?:- core [0-9]+|\(build [0-9]+\))")


def noted(path: Path, media_type: MediaType) -> list[Trace]:
    """The notes of generators, editors and encoders in a file; raises Unreadable."""
    fields = list(_fields(probe_json(path, media_type)))
    ends = _ends(path)
    return [*_generators(fields, ends), *_programs(fields, ends), *_times(fields)]


def _fields(told: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Every field of a container and its streams: its name and what it says."""
    holders = [cast("dict[str, Any]", told.get("format") or {})]
    for key in ("streams", "chapters", "programs"):
        holders += cast("list[dict[str, Any]]", told.get(key) or [])[:_MOST_FIELDS]
    given = 0
    for holder in holders:
        for name, value in (holder.get("tags") or {}).items():
            given += 1
            if given > _MOST_FIELDS:
                return
            yield str(name)[:_LONGEST], str(value)[:2000]


def _ends(path: Path) -> bytes:
    """The first and the last bytes of a file, where notes lie."""
    with path.open("rb") as stream:
        first = stream.read(_READ)
        size = stream.seek(0, 2)
        if size <= _READ:
            return first
        stream.seek(max(_READ, size - _READ))
        return first + stream.read(_READ)


def _generators(fields: list[tuple[str, str]], ends: bytes) -> Iterator[Trace]:
    for term in dict.fromkeys(_SOURCE_TYPE.findall(ends)):
        if said := _MADE.get(term.decode("ascii")):
            yield Trace(
                code="generator.named",
                sentence=f"A note in the file says that it is {said} (digitalSourceType).",
                does_not_show=_LIMITS,
            )
    for name, value in fields:
        if own := own_form(value):
            yield Trace(
                code="generator.named",
                sentence=f"Its field “{printable(name, _LONGEST)}” holds {own}: "
                f"“{printable(value, _LONGEST)}”.",
                does_not_show=_LIMITS,
            )
            continue
        where = _SIGNED.search(name) and not _NAMES.search(name)
        found = _GENERATORS.search(value) if where else None
        if found is None or (_PROSE.search(name) and len(value) > 400):
            continue
        yield Trace(
            code="generator.named",
            sentence=f"Its field “{printable(name, _LONGEST)}” names {printable(found[0])}, which "
            f"generates media: “{printable(value, _LONGEST)}”.",
            does_not_show=_LIMITS,
        )


def _programs(fields: list[tuple[str, str]], ends: bytes) -> Iterator[Trace]:
    signed = [(name, value) for name, value in fields if _SIGNED.search(name)]
    editors = [found[0] for _, value in signed for found in _EDITORS.finditer(value[:400])]
    own = [(name, value) for name, value in signed if not _PROSE.search(name)]
    encoders = [found[0] for _, value in own for found in _ENCODERS.finditer(value[:400])]
    if inside := _X264.search(ends):
        encoders.append(inside[0].decode("ascii"))
    for code, names, what in (
        ("editor.named", editors, "an editor's"),
        ("encoder.named", encoders, "an encoder's"),
    ):
        told = list(dict.fromkeys(printable(each.strip(), 48) for each in names))[:4]
        if told:
            yield Trace(
                code=code,
                sentence=f"The file bears {what} name: {', '.join(told)}. So that program wrote "
                "it, or a part of it, after it was recorded."
                if code == "editor.named"
                else f"The file bears {what} name: {', '.join(told)}. Cameras seldom write it, "
                "converters and platforms do.",
                does_not_show=_LIMITS,
            )


def _times(fields: list[tuple[str, str]]) -> Iterator[Trace]:
    """Times of making that disagree by over a day."""
    from datetime import datetime

    told: dict[str, datetime] = {}
    for name, value in fields:
        if re.fullmatch(r"creation_?time|com\.apple\.quicktime\.creationdate", name, re.IGNORECASE):
            with suppress(ValueError):
                time = datetime.fromisoformat(value.strip()[:32])
                if time.tzinfo is not None and time.year > 1980:  # 1904 and 1970 stand for none
                    told.setdefault(value, time)
    if len(told) < 2:
        return
    first, last = min(told.values()), max(told.values())
    days = (last - first).total_seconds() / 86400
    if days > 1:
        yield Trace(
            code="container.times-disagree",
            sentence=f"The file names two times of making that lie {days:.0f} days apart: "
            f"{first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M}.",
            does_not_show=_LIMITS,
        )
