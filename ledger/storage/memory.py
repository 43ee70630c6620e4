"""Both storages in memory: the reference that the others are compared with, and for tests.

Nothing survives the process, so nothing here is durable.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence

from ..errors import LogConflict, StorageError
from . import LeafRow, StagedBatch


class MemoryLogStorage:
    """A LogStorage in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checkpoint: bytes | None = None
        self._staged: list[StagedBatch] = []
        self._indexes: dict[bytes, int] = {}

    def read_checkpoint(self) -> bytes | None:
        """See LogStorage."""
        return self._checkpoint

    def commit(
        self,
        expected: bytes | None,
        checkpoint: bytes,
        batch: StagedBatch | None,
        leaf_hashes: Sequence[bytes],
        settled: int = 0,
    ) -> None:
        """See LogStorage."""
        with self._lock:
            if self._checkpoint != expected:
                raise LogConflict("the checkpoint is no longer the one we started from")
            start = batch.start if batch else 0
            rows = {leaf: start + offset for offset, leaf in enumerate(leaf_hashes)}
            if len(rows) != len(leaf_hashes) or rows.keys() & self._indexes.keys():
                raise StorageError("a leaf hash is recorded already", "run fsck")
            if batch and batch.start != len(self._indexes):
                raise StorageError("the batch does not follow the last one", "run fsck")
            self._checkpoint = checkpoint
            if batch:
                self._staged = [old for old in self._staged if old.start >= settled] + [batch]
            self._indexes |= rows

    def read_staged(self) -> list[StagedBatch]:
        """See LogStorage."""
        return list(self._staged)

    def find_indexes(self, leaf_hashes: Sequence[bytes]) -> dict[bytes, int]:
        """See LogStorage."""
        with self._lock:
            return {leaf: self._indexes[leaf] for leaf in leaf_hashes if leaf in self._indexes}

    def read_leaves(self, start: int, stop: int) -> Iterator[LeafRow]:
        """See LogStorage."""
        with self._lock:
            rows = [(index, leaf) for leaf, index in self._indexes.items() if start <= index < stop]
        yield from (LeafRow(index, leaf) for index, leaf in sorted(rows))

    def check(self) -> Iterator[str]:
        """See LogStorage: there is no structure that could be at fault."""
        yield from ()

    def close(self) -> None:
        """See LogStorage."""


class MemoryTileStorage:
    """A TileStorage in memory."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """See TileStorage."""
        return self._files.get(path)

    def write(self, files: Mapping[str, bytes]) -> None:
        """See TileStorage."""
        self._files.update(files)

    def write_unsynced(self, files: Mapping[str, bytes]) -> None:
        """See TileStorage."""
        self._files.update(files)

    def sync(self, paths: Sequence[str]) -> None:
        """See TileStorage."""
        if not self._files.keys() >= set(paths):
            raise StorageError("no such file to sync")

    def list_paths(self, prefix: str = "") -> Iterator[str]:
        """See TileStorage."""
        yield from [path for path in list(self._files) if path.startswith(prefix)]

    def delete(self, paths: Sequence[str]) -> None:
        """See TileStorage."""
        for path in paths:
            self._files.pop(path, None)
