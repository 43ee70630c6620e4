"""The fingerprint index of a home: in memory, and in a file that saves adding everything again.

The private store is what counts: the file is followed by what was recorded since, loses what was
erased since, and is made anew where it is damaged, incomplete or of another version.
"""

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ledger.catalogue import Catalogue
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.match import Match, Registers

from .files import replace_file


class LocalIndex:
    """Finds what a home has recorded by its fingerprints. Safe to use from many threads."""

    def __init__(
        self, path: Path, catalogue: Catalogue, registers: Registers | None = None
    ) -> None:
        """Keep the index at `path`; `registers` is what a match of pictures may ask."""
        self._path = path
        self._catalogue = catalogue
        self._registers = registers
        self._index: FingerprintIndex | None = None
        self._lock = threading.Lock()

    def search(self, fingerprints: Sequence[Fingerprint]) -> list[Match]:
        """Return the registered assets near some fingerprints, nearest first.

        The catalogue must have followed the log. Raises FormatError for malformed fingerprints.
        """
        with self._lock:
            index = self._followed()
        return index.search(fingerprints, registers=self._registers)

    def _followed(self) -> FingerprintIndex:
        if self._index is None:
            self._index = self._opened()
        before = self._index.reached
        for entry_index, record in self._catalogue.private_records(before):
            self._index.add(entry_index, record.fingerprints)
        if self._index.reached > before:
            self._write(self._index)
        return self._index

    def _opened(self) -> FingerprintIndex:
        index = FingerprintIndex(self._recorded)
        try:
            index.load(self._path.read_bytes())
        except FileNotFoundError:
            return index
        except (OSError, FormatError):
            with contextlib.suppress(OSError):
                self._path.unlink()
            return FingerprintIndex(self._recorded)
        gone = np.setdiff1d(index.entries(), self._catalogue.private_indexes())
        if len(gone):
            index.remove(*gone.tolist())
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._write(index)
        return index

    def _write(self, index: FingerprintIndex) -> None:
        """Append what is new, or write everything where there is no file."""
        # A home that cannot be written can still search; it just begins anew each time.
        with contextlib.suppress(OSError):
            if not self._path.exists():
                replace_file(self._path, index.save(whole=True))
                return
            with self._path.open("ab") as stream:
                stream.write(index.save())

    def _recorded(self, entry_index: int) -> Sequence[Fingerprint]:
        record = self._catalogue.private_record(entry_index)
        return () if record is None else record.fingerprints
