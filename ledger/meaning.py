"""What a log's undamaged entries say, beside what somebody holds of them. Pure.

Whoever holds something of the entries gives a `CheckEntries`; fsck asks it bundle by bundle, in
other processes where there are some.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from .chain_check import Row
from .damage import Difference
from .tile import TILE_WIDTH, Tile, format_tile_path


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some entries say: sentences by index, and the chain row of each entry.

    The sentences say where an entry and what is held of it do not agree.
    """

    sentences: Sequence[tuple[int, str]]
    rows: Sequence[Row]


CheckEntries = Callable[[Sequence[tuple[int, bytes]]], Meaning]  # of some (index, entry)


@dataclass(frozen=True, slots=True)
class BundleMeaning:
    """The same of one bundle, where each sentence is a difference with its place in the file."""

    differences: Sequence[Difference]
    rows: Sequence[Row]


def read_meaning(
    check: CheckEntries,
    bundle: Tile,
    entries: Sequence[bytes],
    damaged: Container[int] = frozenset(),
) -> BundleMeaning:
    """Ask `check` about the entries of a bundle, but for those with a `damaged` position."""
    first, stop = bundle.index * TILE_WIDTH, 0
    extents, whole = [], []
    for position, entry in enumerate(entries):
        start, stop = stop + 2, stop + 2 + len(entry)
        extents.append((start, stop))
        if position not in damaged:
            whole.append((first + position, entry))
    meaning = check(whole)
    path = format_tile_path(bundle)
    return BundleMeaning(
        [Difference(path, said, at, extents[at - first]) for at, said in meaning.sentences],
        meaning.rows,
    )
