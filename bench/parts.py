"""Where the time of an append goes: says what limits a figure, by measuring it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from ledger import log
from ledger.log import Log
from ledger.settle import Settler
from ledger.storage.folder import FolderTileStorage
from ledger.storage.sql import SqlLogStorage

_PARTS: dict[str, tuple[tuple[object, str], ...]] = {
    "leaf hashes": ((log, "leaf_hashes"),),
    "tree and bundles": ((log, "extend"), (log, "encode_entries")),
    "signing": ((log, "sign_checkpoint"),),
    "deduplication": ((SqlLogStorage, "find_indexes"),),
    "the database's commit": ((SqlLogStorage, "commit"),),
    "tile files": ((FolderTileStorage, "write_unsynced"),),
    "the checkpoint file and its fsync": ((FolderTileStorage, "write"),),
    "waiting for tiles to be synced": ((Settler, "published"),),
}


class Parts:
    """Adds up the seconds that each part of `Log.append` takes, while `watch` is open."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys((*_PARTS, "all"), 0.0)
        self._wall = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Measure what is appended meanwhile."""
        places = [(name, *place) for name, some in _PARTS.items() for place in some]
        patches = [
            mock.patch.object(owner, attribute, self._timed(name, getattr(owner, attribute)))
            for name, owner, attribute in [*places, ("all", Log, "append")]
        ]
        start = time.perf_counter()
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()
            self._wall += time.perf_counter() - start

    def _timed(self, name: str, act: Callable[..., object]) -> Callable[..., object]:
        def timed(*given: object, **named: object) -> object:
            start = time.perf_counter()
            try:
                return act(*given, **named)
            finally:
                self._seconds[name] += time.perf_counter() - start

        return timed

    def __str__(self) -> str:
        seconds = self._seconds | {"its callers": self._wall - self._seconds["all"]}
        del seconds["all"]
        shares = sorted(((part / self._wall, name) for name, part in seconds.items()), reverse=True)
        return ", ".join(f"{name} {share:.0%}" for share, name in shares if share >= 0.03)
