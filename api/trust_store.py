"""The home's trust lists as files: what was ever added stays, pinned by its digest.

trust/history.jsonl        which list was which file, from which day on
trust/versions/HEX.pem     the files, by SHA-256
trust/NAME.pem             put there by hand: a list of claim signers, of any day
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from ledger.errors import FormatError
from ledger.storage.folder import FileLock
from ledger.vocabulary import digest_of
from verifier.trust import Kind, TrustList, open_trust_lists, parse_trust_list
from verifier.trust_history import Change, append_change, format_history, held_on, parse_history

from .errors import HomeBroken, ServiceError
from .files import replace_file

MAX_LIST_SIZE = 4 << 20  # bytes; the largest in use has some hundred certificates
_MEND = "add the list again"


class TrustStore:
    """The lists under one folder. Safe for many processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._history = folder / "history.jsonl"

    def history(self) -> tuple[Change, ...]:
        """Return every change that was made here, in order."""
        try:
            return parse_history(self._history.read_text("utf-8"))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, FormatError) as problem:
            raise HomeBroken(
                f"{self._history} does not read as what it is ({problem})",
                "restore it from a backup",
            ) from None

    def on(self, day: date) -> list[TrustList]:
        """Return the lists of a day, of every kind, in the order of their names."""
        return list(_held(self._folder, day, self._state()))

    def _state(self) -> frozenset[tuple[str, int, int, int]]:
        """What changes when a file is added, removed or changed, also by hand."""
        told = set()
        for folder in (self._folder, self._folder / "versions"):
            with suppress(FileNotFoundError), os.scandir(folder) as entries:
                found = ((each.name, each.stat()) for each in entries)
                told |= {(name, s.st_ino, s.st_mtime_ns, s.st_size) for name, s in found}
        return frozenset(told)

    def read(self, day: date) -> list[TrustList]:
        """Do what `on` does, from the files themselves, whether they were read before or not."""
        added = [self.version(change) for change in held_on(self.history(), day)]
        lists = [*added, *open_trust_lists(self._folder)]
        names = [each.name for each in lists]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise HomeBroken(
                f"there are two trust lists “{twice}”", f"remove {self._folder / twice}.pem"
            )
        return sorted(lists, key=lambda each: each.name)

    def version(self, change: Change) -> TrustList:
        """Open the file that a list was from one change on; raises HomeBroken for another one."""
        path = self._path(change)
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise HomeBroken(f"{path} cannot be read ({problem.strerror})", _MEND) from None
        if digest_of(data) != change.digest:
            raise HomeBroken(f"{path} is not the trust list that was added", _MEND)
        pem = parse_trust_list(str(path), data).pem
        return TrustList(change.name, pem, change.kind, change.source, change.date)

    def add(self, name: str, data: bytes, kind: Kind, source: str, since: date) -> TrustList:
        """Keep a list from a day on; raises FormatError or VerifierError for what is none."""
        pem = parse_trust_list(name, data).pem
        change = Change(name, kind, since, digest_of(data), source)
        if any(each.name == name for each in open_trust_lists(self._folder)):
            raise ServiceError(
                f"a list “{name}” was put into {self._folder} by hand",
                f"move {self._folder / name}.pem away, then add it",
            )
        with FileLock(self._folder / "lock")():
            changes = append_change(self.history(), change, datetime.now(UTC).date())
            self._path(change).parent.mkdir(exist_ok=True)
            replace_file(self._path(change), data)
            self._write(changes)
        return TrustList(name, pem, kind, source, since)

    def remove(self, name: str, since: date) -> None:
        """Let a list hold no longer, from a day on. Its history stays."""
        known = {each.name: each.kind for each in self.history()}
        if name not in known and (self._folder / f"{name}.pem").is_file():
            raise ServiceError(
                f"the list “{name}” was put there by hand", f"delete {self._folder / name}.pem"
            )
        change = Change(name, known.get(name, Kind.CLAIM_SIGNERS), since, None, "removed")
        with FileLock(self._folder / "lock")():
            self._write(append_change(self.history(), change, datetime.now(UTC).date()))

    def _path(self, change: Change) -> Path:
        name = change.digest.hex if change.digest else "none"
        return self._folder / "versions" / f"{name}.pem"

    def _write(self, changes: Sequence[Change]) -> None:
        replace_file(self._history, format_history(changes).encode())


@lru_cache(4)  # a day's lists are asked for with every file that is verified
def _held(
    folder: Path, day: date, _: frozenset[tuple[str, int, int, int]]
) -> tuple[TrustList, ...]:
    return tuple(TrustStore(folder).read(day))
