"""Write docs/attacks.md from what the attacks yield: python -m docs.make_attacks."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.attacks.catalogue import ATTACKS, COLUMNS, THEMES, ask
from tests.attacks.world import World
from verifier.media.sandbox import Sandbox

PAGE = Path(__file__).with_name("attacks.md")
_HEAD = """# Attacks

{count} lies, each told by a forged file, or by forged evidence beside one, that the tests make
anew; and what is said of each: by c2pa-python alone, as its documentation shows it, without
settings and with the same trust lists as Firsthand (each for its kind), and by `firsthand verify`.
**Trusted** is what would be believed: {trusted} of them.

`unchanged` stands only where the bytes are those that a known signer signed and the lie is about
something else, which a finding then tells, here with its code. `python -m docs.make_attacks` writes
this page from `tests/attacks/`, whose tests fail where it is not what they yield.
"""


def page() -> str:
    """Forge everything, and return the whole page."""
    parts: list[str] = []
    seen: Counter[bool] = Counter()
    with tempfile.TemporaryDirectory() as work, Sandbox() as sandbox:
        world = World(Path(work))
        for theme in THEMES:
            rows = []
            for number, attack in enumerate(theme):
                folder = Path(work) / f"{theme.title} {number}"
                folder.mkdir()
                _, _, row = ask(attack, world, folder, sandbox)
                rows.append(row)
                seen["**Trusted**" in row] += 1
            parts.append("\n".join((f"## {theme.title}\n", *_headings(), *rows, "")))
    head = _HEAD.format(count=len(ATTACKS), trusted=seen[True])
    return "\n".join((head, *parts))


def _headings() -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in COLUMNS)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
