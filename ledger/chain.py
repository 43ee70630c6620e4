"""The custody chain of one subject: each entry names the leaf hash of the one before it. Pure.

    for link in follow([Stated(41, leaf, None), Stated(57, other, leaf)]):
        …                              # the first; then one that holds

The rules are docs/formats/entry.md's ("The chain of one subject"). A registrar signs before the log
orders, so two that did not know of one another make a fork, which is no lie. A `previous` that is
not the leaf hash of an earlier entry about the same subject is a lie, or what it names is missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .vocabulary import Digest


class LinkState(StrEnum):
    """What the `previous` of an entry comes to."""

    FIRST = "first"
    HOLDS = "holds"
    FORKS = "forks"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Stated:
    """What an entry contributes to its chain: index, leaf hash, and the one it names."""

    index: int
    leaf: Digest
    previous: Digest | None


@dataclass(frozen=True, slots=True)
class CustodyLink:
    """How the entry at `index` follows on those before it.

    `before` is the entry about the subject just before it in the log, `named` the entry about the
    subject whose leaf hash `previous` is; None where there is none.
    """

    index: int
    leaf: Digest
    previous: Digest | None
    state: LinkState
    before: int | None
    named: int | None

    def __str__(self) -> str:
        """Say it, as the second half of a sentence about the entry."""
        match self:
            case CustodyLink(state=LinkState.FIRST):
                return "is the first about it, and names none before it"
            case CustodyLink(state=LinkState.HOLDS):
                return f"names entry {self.named}, the one before it"
            case CustodyLink(state=LinkState.FORKS, named=None):
                return f"names none before it, as if entry {self.before} were not there"
            case CustodyLink(state=LinkState.FORKS):
                return f"names entry {self.named}, as if entry {self.before} were not there"
            case CustodyLink(named=None):
                return "names what is no earlier entry about it in this log"
            case _:
                return f"names entry {self.named}, which comes no earlier"


def follow(entries: Iterable[Stated]) -> list[CustodyLink]:
    """Follow the chain through every entry about one subject, given in the order of the log."""
    chain = list(entries)
    anywhere = {each.leaf: each.index for each in chain}
    earlier: dict[Digest, int] = {}
    links = []
    before: Stated | None = None
    for each in chain:
        links.append(_link(each, before, earlier, anywhere))
        earlier[each.leaf] = each.index
        before = each
    return links


def _link(
    entry: Stated,
    before: Stated | None,
    earlier: dict[Digest, int],
    anywhere: dict[Digest, int],
) -> CustodyLink:
    named = None
    if entry.previous is not None:
        named = earlier.get(entry.previous, anywhere.get(entry.previous))
    if before is None:
        state = LinkState.FIRST if entry.previous is None else LinkState.BROKEN
    elif entry.previous == before.leaf:
        state = LinkState.HOLDS
    elif entry.previous is None or entry.previous in earlier:
        state = LinkState.FORKS
    else:
        state = LinkState.BROKEN
    last = None if before is None else before.index
    return CustodyLink(entry.index, entry.leaf, entry.previous, state, last, named)
