"""Search every recorded asset for those near a suspect: exact, in memory, by plain arrays.

    pictures   the suspect's finder against all finders at once; the confirmer decides
    clips      frames of the suspect against all frames of all clips; assets that show one of them
               are aligned in full
    sound      blocks of the suspect slid over all sound of all assets, a few words of each; assets
               with a place that is near are aligned in full; beside it, at any speed and pitch,
               triplets of peaks near the suspect's (`sound_index.py`), where several agree

Nothing is approximated by a graph; of a long suspect, frames and blocks are taken evenly
spread. `bench/fingerprints.py` prints the times.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ledger.vocabulary import Fingerprint

from .align import (
    FRAME_THRESHOLD,
    WORDS_IN_BLOCK,
    bit_distances,
    blocks,
    find_block,
    spread,
)
from .audio import SOUND, parse_words
from .image import CONFIRMER, FINDER, HASH_BYTES, parse_hash
from .match import FINDER_THRESHOLD, HASH_BITS, Match, match
from .peaks import PEAKS, parse_numbers
from .sound_index import PeakStore, near_peaks
from .video import CLIP, parse_frames

_MOST_FRAMES = 64  # of a suspect, evenly spread, choose which clips to align
_VERSION = 1


Rows = npt.NDArray[Any]
Owners = npt.NDArray[np.int64]


class FingerprintIndex:
    """Finds recorded assets by their fingerprints. Safe to search from threads while adding."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[int, tuple[Fingerprint, ...]] = {}
        self._stores: dict[str, _Store | PeakStore] = {
            FINDER: _Store(np.zeros((0, HASH_BYTES), np.uint8)),
            CLIP: _Store(np.zeros((0, HASH_BYTES), np.uint8)),
            SOUND: _Store(np.zeros(0, np.uint32), gap=WORDS_IN_BLOCK),
            PEAKS: PeakStore(),
        }

    def __len__(self) -> int:
        """How many entries have fingerprints."""
        return len(self._entries)

    def add(self, entry_index: int, fingerprints: Sequence[Fingerprint]) -> None:
        """Make the asset of a log entry findable. Adding an entry again replaces what it had.

        Fingerprints of algorithms and versions unknown here are kept out. Raises FormatError, and
        adds nothing, when one is malformed.
        """
        parsed = [(each.algorithm, _parse(each)) for each in fingerprints if _is_known(each)]
        with self._lock:
            self._forget(entry_index)
            self._entries[entry_index] = tuple(fingerprints)
            for algorithm, rows in parsed:
                if algorithm in self._stores:
                    self._stores[algorithm].add(entry_index, rows)

    def remove(self, entry_index: int) -> None:
        """Make an asset unfindable, for good (erasure). An unknown entry is none."""
        with self._lock:
            self._forget(entry_index)

    def search(self, fingerprints: Sequence[Fingerprint]) -> list[Match]:
        """Return one match for each recorded asset near a suspect, nearest first.

        Raises FormatError when a fingerprint of the suspect is malformed.
        """
        known = [each for each in fingerprints if _is_known(each) and each.algorithm in _NEAR]
        parsed = [(each.algorithm, _parse(each)) for each in known]
        with self._lock:
            stores = {name: store.arrays() for name, store in self._stores.items()}
        candidates: set[int] = set()
        for algorithm, rows in parsed:
            candidates |= _NEAR[algorithm](rows, *stores[algorithm])
        with self._lock:  # some may have been erased meanwhile
            originals = {i: self._entries[i] for i in candidates if i in self._entries}
        found = [match(i, fingerprints, original) for i, original in originals.items()]
        return sorted(
            (each for each in found if each is not None),
            key=lambda each: (each.distance, each.entry_index),
        )

    def _forget(self, entry_index: int) -> None:
        if self._entries.pop(entry_index, None) is not None:
            for store in self._stores.values():
                store.remove(entry_index)


class _Store:
    """Rows of many entries in one array that grows by doubling, and the entry of each row.

    After each entry's rows come `gap` rows of zeros, which say nothing.
    """

    def __init__(self, empty: Rows, *, gap: int = 0) -> None:
        self._rows = empty
        self._gap = gap
        self._owners = np.zeros(0, np.int64)
        self._used = 0

    def add(self, entry_index: int, rows: Rows) -> None:
        """Append the rows of one entry. Arrays that were given out before stay as they were."""
        end = self._used + len(rows)
        needed = end + self._gap
        if needed > len(self._rows):
            room = max(needed, 2 * len(self._rows))
            self._rows = _resized(self._rows, room)
            self._owners = _resized(self._owners, room)
        self._rows[self._used : end] = rows
        self._rows[end:needed] = 0
        self._owners[self._used : needed] = entry_index
        self._used = needed

    def remove(self, entry_index: int) -> None:
        """Drop the rows of one entry."""
        kept = self._owners[: self._used] != entry_index
        if not kept.all():
            self._rows = self._rows[: self._used][kept]
            self._owners = self._owners[: self._used][kept]
            self._used = len(self._rows)

    def arrays(self) -> tuple[Rows, Owners]:
        """The rows, and the entry of each."""
        return self._rows[: self._used], self._owners[: self._used]


def _resized(array: Rows, room: int) -> Rows:
    larger = np.zeros((room, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def _is_known(fingerprint: Fingerprint) -> bool:
    return fingerprint.version == _VERSION and fingerprint.algorithm in _PARSERS


def _parse(fingerprint: Fingerprint) -> Rows:
    return _PARSERS[fingerprint.algorithm](fingerprint.bits)


def _near_pictures(finder: Rows, rows: Rows, owners: Owners) -> set[int]:
    near = bit_distances(finder, rows) <= FINDER_THRESHOLD * HASH_BITS
    return set(owners[near].tolist())


def _near_frames(frames: Rows, rows: Rows, owners: Owners) -> set[int]:
    """Entries with a frame near one of the suspect's; `match` decides if they are enough."""
    near: set[int] = set()
    for place in spread(len(frames), _MOST_FRAMES):
        near.update(owners[bit_distances(frames[place], rows) <= FRAME_THRESHOLD].tolist())
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
    FINDER: parse_hash,
    CONFIRMER: parse_hash,
    CLIP: lambda bits: parse_frames(bits).hashes,
    SOUND: parse_words,
    PEAKS: parse_numbers,
}
_NEAR: dict[str, Callable[..., set[int]]] = {
    FINDER: _near_pictures,
    CLIP: _near_frames,
    SOUND: _near_words,
    PEAKS: near_peaks,
}
