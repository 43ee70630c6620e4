"""Search every recorded asset for those near a suspect: exact, in memory, by brute force.

    pictures   the suspect's finder and descriptor against all others at once; `match` decides
    clips      frames of the suspect against all frames of all clips; assets that show one of them
               are aligned in full; beside it, however they were cropped or framed, views of the
               suspect against all views: the nearest assets are aligned, the nearest of those
               laid over it (`footage_index.py`)
    sound      blocks of the suspect slid over all sound of all assets, a few words of each; assets
               with a place that is near are aligned in full; beside it, at any speed and pitch,
               triplets of peaks near the suspect's (`sound_index.py`), where several agree

Nothing is approximated by a graph; of a long suspect, frames and blocks are taken evenly spread.
The index holds what is searched and nothing else: what a match is judged by is asked of the private
store, record by record, so that a million pictures take 80 MB here (`bench.scale`).
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

from .align import FRAME_THRESHOLD, WORDS_IN_BLOCK, blocks, find_block, spread
from .audio import SOUND, parse_words
from .described import FOOTAGE, parse_footage
from .descriptor import DESCRIPTOR
from .footage_index import near_footage
from .image import CONFIRMER, FINDER, HASH_BYTES, PDQ, parse_hash, parse_views
from .match import (
    DESCRIPTOR_THRESHOLD,
    FINDER_THRESHOLD,
    HASH_BITS,
    REGISTERED_THRESHOLD,
    Match,
    Registers,
    evidence,
    match,
)
from .peaks import PEAKS, parse_numbers
from .rows import Block, Part, Store, format_part, near_rows, parse_parts
from .sound_index import PeakStore, near_peaks
from .video import CLIP, parse_frames

_MOST_FRAMES = 64  # of a suspect, evenly spread, choose which clips to align
MOST_REGISTERED = (
    256  # of pictures that a suspect is near, the nearest, are laid over it: 15 ms each
)
MOST_CLIPS_REGISTERED = 32  # likewise of clips: 70 ms each
# How many of these are laid over it in any case; the others only while nothing was found.
_SURELY_REGISTERED = {DESCRIPTOR: 32, FOOTAGE: 8}
_MOST_REGISTERED = {DESCRIPTOR: MOST_REGISTERED, FOOTAGE: MOST_CLIPS_REGISTERED}
_MOST_BYTES = 8 << 20  # of what is recorded of these clips, which has to be read for it
_VERSION = 1


Rows = npt.NDArray[Any]
Owners = npt.NDArray[np.int64]
Recorded = Callable[[int], Sequence[Fingerprint]]


class FingerprintIndex:
    """Finds recorded assets by their fingerprints. Safe to search from threads while adding."""

    def __init__(self, recorded: Recorded | None = None) -> None:
        """`recorded` gives the fingerprints of an entry, none where it was erased.

        Without it, the index keeps those that it is given.
        """
        self._lock = threading.Lock()
        self._held: dict[int, tuple[Fingerprint, ...]] = {}
        self._recorded = recorded
        self._reached = self._saved = 0  # entries before these were taken in, and were saved
        self._stores: dict[str, Store | PeakStore] = {
            FINDER: Store(np.zeros((0, HASH_BYTES), np.uint8)),
            DESCRIPTOR: Store(np.zeros((0, HASH_BYTES), np.uint8)),
            CLIP: Store(np.zeros((0, HASH_BYTES), np.uint8)),
            FOOTAGE: Store(np.zeros((0, HASH_BYTES), np.uint8)),
            SOUND: Store(np.zeros(0, np.uint32), gap=WORDS_IN_BLOCK),
            PEAKS: PeakStore(),
        }
        self._unsaved: dict[str, list[tuple[int, Rows]]] = {name: [] for name in self._stores}

    def __len__(self) -> int:
        """How many entries can be found."""
        return len(self.entries())

    def entries(self) -> Owners:
        """The entries that can be found, in the order of the log."""
        with self._lock:
            return np.unique(np.concatenate([store.owners() for store in self._stores.values()]))

    def stores(self) -> list[tuple[Rows, Owners]]:
        """The rows that are searched one by one, by algorithm, and the entry of each."""
        with self._lock:
            stores = self._stores.values()
            return [store.arrays() for store in stores if isinstance(store, Store)]

    def memory(self, algorithm: str) -> int:
        """Bytes in which the hashes of an algorithm are held."""
        with self._lock:
            first, *rest = self._stores[algorithm].arrays()
        lists = rest[-1] if isinstance(rest[-1], tuple) else ()
        return int(first.nbytes + sum(postings.nbytes for postings in lists))

    def add(self, entry_index: int, fingerprints: Sequence[Fingerprint]) -> None:
        """Make the asset of a log entry findable. Adding an entry again replaces what it had.

        Fingerprints of algorithms and versions unknown here are kept out. Raises FormatError, and
        adds nothing, when one is malformed.
        """
        parsed = [(each.algorithm, _parse(each)) for each in fingerprints if _is_known(each)]
        with self._lock:
            self._forget(np.array([entry_index]))
            self._reached = max(self._reached, entry_index + 1)
            if self._recorded is None:
                self._held[entry_index] = tuple(fingerprints)
            for algorithm, rows in parsed:
                if algorithm in self._stores:
                    self._stores[algorithm].add(entry_index, rows)
                    self._unsaved[algorithm].append((entry_index, rows))

    def remove(self, *entries: int) -> None:
        """Make assets unfindable, for good (erasure). An unknown entry is none."""
        with self._lock:
            self._forget(np.array(entries, np.int64))

    @property
    def reached(self) -> int:
        """Every entry before this one has been taken in."""
        return self._reached

    def save(self, *, whole: bool = False) -> bytes:
        """What was added since the last time, or everything: for `load`, one after another."""
        with self._lock:
            start, added = self._saved, self._unsaved
            if whole:
                start = 0
                blocks = [_whole_block(name, store) for name, store in self._stores.items()]
            else:
                blocks = [_block(name, rows) for name, rows in added.items() if rows]
            blocks = [block for block in blocks if len(block.entries)]
            self._saved, self._unsaved = self._reached, {name: [] for name in self._stores}
            return format_part(Part(start, self._reached, blocks))

    def load(self, data: bytes) -> None:
        """Take in what `save` gave, before anything is added.

        Raises FormatError, with nothing taken in, where it is damaged, incomplete or of another
        version: then everything is to be added again, from the private store.
        """
        parts = list(parse_parts(data))
        for block in (block for part in parts for block in part.blocks):
            if block.version != _VERSION or block.algorithm not in self._stores:
                raise FormatError(f"the index holds {block.algorithm} {block.version}")
            if block.rows.shape[1] != _WIDTHS[block.algorithm]:
                raise FormatError(f"the index holds {block.algorithm} of another width")
        with self._lock:
            for part in parts:
                if part.start < self._reached:  # two processes wrote the same
                    for block in part.blocks:
                        self._forget(block.entries)
                for block in part.blocks:
                    self._take_in(block)
                self._reached = self._saved = max(self._reached, part.stop)

    def _take_in(self, block: Block) -> None:
        store = self._stores[block.algorithm]
        if not isinstance(store, Store) or block.algorithm == SOUND:
            words = np.split(block.rows.view("<u4")[:, 0], np.cumsum(block.counts))[:-1]
            for entry, rows in zip(block.entries.tolist(), words, strict=True):
                store.add(entry, rows.astype(np.uint32))
        else:
            store.extend(np.repeat(block.entries, block.counts), block.rows)

    def search(
        self, fingerprints: Sequence[Fingerprint], *, registers: Registers | None = None
    ) -> list[Match]:
        """Return one match for each recorded asset near a suspect, nearest first.

        `registers` is what `match` asks of the nearest pictures. Raises FormatError when a
        fingerprint of the suspect is malformed.
        """
        known = [each for each in fingerprints if _is_known(each) and each.algorithm in _NEAR]
        parsed = [(each.algorithm, _parse(each)) for each in known]
        with self._lock:
            stores = {name: store.arrays() for name, store in self._stores.items()}
        candidates: set[int] = set()
        for algorithm, rows in parsed:
            candidates |= _NEAR[algorithm](rows, *stores[algorithm])
        originals = {entry: self._original(entry) for entry in candidates}
        found = {entry: match(entry, fingerprints, each) for entry, each in originals.items()}
        if registers is not None:
            self._register(fingerprints, originals, found, registers)
        return sorted(
            (each for each in found.values() if each is not None),
            key=lambda each: (each.distance, each.entry_index),
        )

    @staticmethod
    def _register(
        suspect: Sequence[Fingerprint],
        originals: Mapping[int, Sequence[Fingerprint]],
        found: dict[int, Match | None],
        registers: Registers,
    ) -> None:
        """Lay what is nearest, and not found yet, over the suspect."""
        for algorithm, surely in _SURELY_REGISTERED.items():
            rest = [entry for entry, near in found.items() if near is None]
            for place, entry in enumerate(_nearest(algorithm, suspect, originals, rest)):
                if place >= surely and any(found.values()):
                    break
                found[entry] = match(entry, suspect, originals[entry], registers=registers)

    def _original(self, entry_index: int) -> Sequence[Fingerprint]:
        if self._recorded is not None:
            return self._recorded(entry_index)
        with self._lock:  # it may have been erased meanwhile
            return self._held.get(entry_index, ())

    def _forget(self, entries: Owners) -> None:
        if entries.min(initial=self._reached) >= self._reached:
            return  # none of them was ever taken in
        gone = set(entries.tolist())
        for entry in gone:
            self._held.pop(entry, None)
        for name, store in self._stores.items():
            store.remove(entries)
            self._unsaved[name] = [each for each in self._unsaved[name] if each[0] not in gone]


def _whole_block(name: str, store: Store | PeakStore) -> Block:
    """Everything in a store, without the gaps."""
    if isinstance(store, PeakStore):
        numbers, starts, entries, _ = store.arrays()
        counts = np.diff(starts, append=len(numbers))
        return Block(name, _VERSION, entries, counts.astype(np.uint32), _as_bytes(numbers))
    rows, owners = store.arrays()
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    counts = np.diff(starts, append=len(owners))
    if name == SOUND:
        counts -= WORDS_IN_BLOCK
        gaps = np.arange(len(owners)) - np.repeat(starts, counts + WORDS_IN_BLOCK)
        rows = rows[gaps < np.repeat(counts, counts + WORDS_IN_BLOCK)]
    return Block(name, _VERSION, owners[starts], counts.astype(np.uint32), _as_bytes(rows))


def _block(name: str, added: list[tuple[int, Rows]]) -> Block:
    return Block(
        name,
        _VERSION,
        np.array([entry for entry, _ in added], np.int64),
        np.array([len(rows) for _, rows in added], np.uint32),
        _as_bytes(np.concatenate([rows for _, rows in added])),
    )


def _as_bytes(rows: Rows) -> Rows:
    """Rows of bytes; a word of sound is four of them."""
    return rows.astype("<u4").view(np.uint8).reshape(-1, 4) if rows.dtype == np.uint32 else rows


def _is_known(fingerprint: Fingerprint) -> bool:
    return fingerprint.version == _VERSION and fingerprint.algorithm in _PARSERS


def _parse(fingerprint: Fingerprint) -> Rows:
    return _PARSERS[fingerprint.algorithm](fingerprint.bits)


def _parse_row(bits: bytes) -> Rows:
    return parse_hash(bits)[None]


def _nearest(
    algorithm: str,
    suspect: Sequence[Fingerprint],
    originals: Mapping[int, Sequence[Fingerprint]],
    rest: list[int],
) -> Iterator[int]:
    """Those of the rest for which an algorithm says most: as many as may be laid over the suspect.

    Of many million pictures, that is not all that geometry might confirm.
    """
    told = {entry: evidence(algorithm, suspect, originals[entry]) for entry in rest}
    promising = [entry for entry in rest if told[entry] > 0]
    promising.sort(key=lambda entry: (-told[entry], entry))
    size = 0
    for entry in promising[: _MOST_REGISTERED[algorithm]]:
        yield entry
        size += sum(len(each.bits) for each in originals[entry])
        if size > _MOST_BYTES:
            return


def _near_finders(finder: Rows, rows: Rows, owners: Owners) -> set[int]:
    return _owners_near(finder, rows, owners, FINDER_THRESHOLD * HASH_BITS)


def _near_descriptors(descriptor: Rows, rows: Rows, owners: Owners) -> set[int]:
    """All that PDQ may confirm, and the nearest of those that geometry may."""
    near = near_rows(descriptor, rows, REGISTERED_THRESHOLD * HASH_BITS)
    # Two views of two pictures are four pairs of rows: among so many are the nearest pictures.
    last = min(4 * MOST_REGISTERED, len(near.bits)) - 1
    if last < 0:
        return set()
    cut = max(np.partition(near.bits, last)[last], DESCRIPTOR_THRESHOLD * HASH_BITS)
    kept = near.bits <= cut
    bits, owned = near.bits[kept], owners[near.found[kept]]
    order = np.lexsort((owned, bits))
    entries, first = np.unique(owned[order], return_index=True)
    sure = bits[order][first] <= DESCRIPTOR_THRESHOLD * HASH_BITS
    rank = np.argsort(np.argsort(first))
    return set(entries[sure | (rank < MOST_REGISTERED)].tolist())


def _owners_near(asked: Rows, rows: Rows, owners: Owners, most: float) -> set[int]:
    return set(owners[near_rows(asked, rows, most).found].tolist())


def _near_frames(frames: Rows, rows: Rows, owners: Owners) -> set[int]:
    """Entries with a frame near one of the suspect's; `match` decides if they are enough."""
    near: set[int] = set()
    for place in spread(len(frames), _MOST_FRAMES):
        near |= _owners_near(frames[place][None], rows, owners, FRAME_THRESHOLD)
    return near


def _near_words(words: Rows, rows: Rows, owners: Owners) -> set[int]:
    near: set[int] = set()
    for start in blocks(words):
        places = find_block(words[start : start + WORDS_IN_BLOCK], rows)
        # A block may begin in the gap after one entry and end in the next: look at both.
        for end in (places, places + WORDS_IN_BLOCK - 1):
            near.update(owners[end[(end >= 0) & (end < len(owners))]].tolist())
    return near


_PARSERS: dict[str, Callable[[bytes], Rows]] = {
    FINDER: _parse_row,
    CONFIRMER: _parse_row,
    PDQ: parse_views,
    DESCRIPTOR: parse_views,
    CLIP: lambda bits: parse_frames(bits).hashes,
    FOOTAGE: lambda bits: parse_footage(bits).hashes,
    SOUND: parse_words,
    PEAKS: parse_numbers,
}
_WIDTHS = {
    FINDER: HASH_BYTES,
    DESCRIPTOR: HASH_BYTES,
    CLIP: HASH_BYTES,
    FOOTAGE: HASH_BYTES,
    SOUND: 4,
    PEAKS: 4,
}
_NEAR: dict[str, Callable[..., set[int]]] = {
    FINDER: _near_finders,
    DESCRIPTOR: _near_descriptors,
    CLIP: _near_frames,
    FOOTAGE: near_footage,
    SOUND: _near_words,
    PEAKS: near_peaks,
}
