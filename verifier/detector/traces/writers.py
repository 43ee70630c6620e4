"""What generators and editors write into a file about themselves. Pure.

A name counts only where a program names itself, or where the form of the text is a program's own,
so that a caption about a program is none. All of it is a word that anybody can write or remove.
"""

import re
from collections.abc import Iterable, Iterator

from verifier.detector.result import Trace
from verifier.harmless import printable

from .forms import own_form, own_key
from .texts import Text
from .xmp import EVENT, IPTC_EXTENSION, PHOTOSHOP, XAP, Said

_SHOWN = 160  # characters of a stranger's text

_GENERATORS = re.compile(
    r"stable.?diffusion|midjourney|dall.?e\b|\bopenai\b|chatgpt|gpt.?image|\bgpt-4o\b"
    r"|adobe.firefly|made with google ai|imagen \d|google (?:gemini|imagen)|gemini \d"
    r"|nano.?banana|novelai|comfyui|automatic1111|invoke.?ai|fooocus|swarmui|draw things"
    r"|leonardo\.ai|ideogram|bing image creator|microsoft designer|\bflux\.?1\b"
    r"|black forest labs|dreamstudio|stability ai|\bsdxl\b|nightcafe|playground ai|\bgrok\b"
    r"|meta ai|seedream|hunyuan|kling ?ai|runway ?ml|stylegan",
    re.IGNORECASE,
)
_EDITORS = re.compile(
    r"photoshop|lightroom|\bgimp\b|paint\.net|affinity|capture one|darktable|rawtherapee|snapseed"
    r"|picsart|facetune|faceapp|meitu|beautyplus|pixlr|canva|acd ?see|acd systems|picasa|corel"
    r"|paint ?shop|luminar|\bdxo\b|topaz|polarr|\bvsco\b|photoscape|irfanview|xnview|imagemagick"
    r"|photo gallery|photo editor|photofiltre|fotor|\bkrita\b|pixelmator|noise ninja|inkscape"
    r"|\bphotos 1\.\d|aviary|photoimpact|capture nx|viewnx|silkypix",
    re.IGNORECASE,
)
_NAMING = ("EXIF Software", "EXIF ProcessingSoftware", "EXIF Make", "EXIF Model")
_NAMING_KEYS = ("software", "source", "creator", "generator", "credit")
# IPTC NewsCodes, digitalSourceType (2025): those that say that not all of it was captured.
_SOURCE_TYPES = {
    "trainedAlgorithmicMedia": (True, "created by a trained algorithm"),
    "compositeWithTrainedAlgorithmicMedia": (True, "edited with a trained algorithm"),
    "compositeSynthetic": (True, "composed with generated parts"),
    "algorithmicMedia": (True, "created by an algorithm"),
    "algorithmicallyEnhanced": (False, "enhanced by an algorithm"),
    "composite": (False, "composed of several"),
    "compositeCapture": (False, "composed of several captures"),
    "humanEdits": (False, "edited by a person"),
    "minorHumanEdits": (False, "edited a little by a person"),
    "virtualRecording": (False, "recorded from a virtual scene"),
    "digitalArt": (False, "drawn"),
    "digitalCreation": (False, "drawn"),
}
_XMP_NAMING = {
    (XAP, "CreatorTool"),
    (EVENT, "softwareAgent"),
    (PHOTOSHOP, "Credit"),
    (IPTC_EXTENSION, "AISystemUsed"),
}
_ANYBODY = "Anybody can write this into a file, or remove it from one. "
_NOT_MADE = _ANYBODY + "It does not show that the picture was made so, nor by whom."
_NOT_WHAT = _ANYBODY + "It does not show what was changed: saving or turning is enough."


def written(texts: Iterable[Text], xmp: Iterable[Said]) -> tuple[Trace, ...]:
    """Traces of the programs that name themselves, each program of a kind once at each place."""
    said = tuple(xmp)
    found = [*_named(texts), *_named_in_xmp(said), *_source_types(said), *_steps(said)]
    return tuple({(each.code, each.sentence): each for each in found}.values())


def _named(texts: Iterable[Text]) -> Iterator[Trace]:
    for each in texts:
        key = each.where.partition("“")[2].rstrip("”").lower()
        if own := own_form(each.text) or own_key(key):
            yield _generator(f"the {each.where} holds {own}", each.text)
        elif each.where in _NAMING or key in _NAMING_KEYS:
            yield from _by_name(each.where, each.text)


def _named_in_xmp(said: tuple[Said, ...]) -> Iterator[Trace]:
    for each in said:
        if (each.namespace, each.name) in _XMP_NAMING:
            yield from _by_name(f"XMP {each.name}", each.text)
        elif each.name in {"description", "Description", "UserComment", "AIGC"} and (
            own := own_form(each.text)
        ):
            yield _generator(f"the XMP {each.name} holds {own}", each.text)


def _by_name(where: str, text: str) -> Iterator[Trace]:
    if _GENERATORS.search(text):
        yield _generator(f"the {where} names a program that generates pictures", text)
    elif _EDITORS.search(text):
        sentence = f"The {where} names a program that edits pictures: “{printable(text, _SHOWN)}”."
        yield Trace(code="editor.named", sentence=sentence, does_not_show=_NOT_WHAT)


def _generator(what: str, text: str) -> Trace:
    sentence = f"{what[0].upper()}{what[1:]}: “{printable(text, _SHOWN)}”."
    return Trace(code="generator.named", sentence=sentence, does_not_show=_NOT_MADE)


def _source_types(said: tuple[Said, ...]) -> Iterator[Trace]:
    for each in said:
        term = each.text.rsplit("/", 1)[-1]
        if each.name == "DigitalSourceType" and term in _SOURCE_TYPES:
            is_generated, words = _SOURCE_TYPES[term]
            yield Trace(
                code="generator.named" if is_generated else "editor.named",
                sentence=f"The IPTC source type says that the picture was {words} ({term}).",
                does_not_show=_NOT_MADE if is_generated else _NOT_WHAT,
            )


def _steps(said: tuple[Said, ...]) -> Iterator[Trace]:
    """XMP Media Management (ISO 16684-1, 8.4): the history that editors append to."""
    actions = [each for each in said if (each.namespace, each.name) == (EVENT, "action")]
    if not actions:
        return
    whens = sorted(
        each.text[:25] for each in said if (each.namespace, each.name) == (EVENT, "when")
    )
    between = f" between {whens[0]} and {whens[-1]}" if whens else ""
    names = list(dict.fromkeys(each.text[:20] for each in actions))
    told = printable(f"{', '.join(names[:8])}{between}", _SHOWN)
    steps = "1 step" if len(actions) == 1 else f"{len(actions)} steps"
    yield Trace(
        code="editor.history",
        sentence=f"The file's XMP history lists {steps}: {told}.",
        does_not_show=_NOT_WHAT,
    )
