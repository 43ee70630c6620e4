"""All attacks, by their themes, and the page that tells them."""

import re
from pathlib import Path

from verifier.media.sandbox import Sandbox
from verifier.report import Report

from . import (
    authorities,
    bindings,
    boxes,
    claims,
    hostile,
    ingredients,
    records,
    revocations,
    signers,
    times,
)
from .attack import Attack, Evidence, Theme
from .judge import judge, lists_of
from .peer import ask_peer
from .world import World

_MODULES = (
    *(signers, authorities, times, revocations, claims),
    *(bindings, boxes, ingredients, records, hostile),
)
THEMES: tuple[Theme, ...] = tuple(module.THEME for module in _MODULES)
ATTACKS: tuple[Attack, ...] = tuple(attack for theme in THEMES for attack in theme)
COLUMNS = ("The lie", "c2pa-python alone", "with trust lists", "Firsthand")
# What is another each time: labels, which the engine makes up, and places, as keys are made anew.
_LABEL = re.compile(r"urn:c2pa:[0-9a-f-]{36}")
_PLACE = re.compile(r"\b(bytes?|of|to) \d{3,}\b")


def told_by(attack: Attack, report: Report) -> tuple[str, str]:
    """Return the code and the sentence by which a report tells the lie."""
    found = [each for each in report.findings if each.code == attack.codes[0]]
    said = [*(each.sentence for each in found), report.conclusion.sentence]
    sentence = next((each for each in said if attack.sentence in each), "")
    return (found[0].code if found else ""), sentence


def row(attack: Attack, report: Report, alone: tuple[str, str]) -> str:
    """Return an attack's line of the table; raises ValueError where nothing tells the lie."""
    code, sentence = told_by(attack, report)
    if not sentence:
        raise ValueError(f"nothing tells {attack.name}: {report}")
    ours = f"`{report.conclusion.code}`: {sentence} (`{code}`)"
    if report.as_of:
        ours += f" Now `{report.as_of.now.code}`. {' '.join(report.as_of.because)}"
    cells = (f"*{attack.name}*: {attack.lie}", *map(_shown, alone), ours)
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def ask(
    attack: Attack, world: World, folder: Path, sandbox: Sandbox
) -> tuple[Evidence, Report, str]:
    """Forge what an attack needs, verify it, and return its line of the table as well."""
    evidence = attack.forge(world, folder)
    report = judge(evidence, world, sandbox)
    alone = ask_peer(sandbox, evidence.path, lists_of(evidence, world))
    return evidence, report, row(attack, report, alone)


def _shown(said: str) -> str:
    """Mark what would be believed."""
    return f"**{said}**" if said == "Trusted" else said


def _plain(cell: str) -> str:
    steady = _PLACE.sub(r"\1 …", _LABEL.sub("urn:c2pa:…", cell))
    return steady.replace("|", "\\|").replace("<", "&lt;")
