"""Storages whose writes fail on command: "failed", and "failed but happened"."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from ledger.errors import StorageError
from ledger.storage import LeafRow, LogStorage, StagedBatch, TileStorage


class Fault:
    """Fails the call number `at` (from 0) of all; with `happens` it acts first."""

    def __init__(self, at: int, *, happens: bool) -> None:
        self._at = at
        self._happens = happens
        self.calls = 0

    @property
    def struck(self) -> bool:
        """Whether it came to that call."""
        return self.calls > self._at

    def strike(self, act: Callable[[], None]) -> None:
        """Do `act`, unless this call is the one that fails."""
        fails = self.calls == self._at
        self.calls += 1
        if not fails or self._happens:
            act()
        if fails:
            raise StorageError("no space left on device")


class FaultyLogStorage:
    """A LogStorage whose every call may fail."""

    def __init__(self, inner: LogStorage, fault: Fault) -> None:
        self._inner = inner
        self._fault = fault

    def read_checkpoint(self) -> bytes | None:
        self._fault.strike(lambda: None)
        return self._inner.read_checkpoint()

    def commit(
        self,
        expected: bytes | None,
        checkpoint: bytes,
        batch: StagedBatch | None,
        leaf_hashes: Sequence[bytes],
        settled: int = 0,
    ) -> None:
        self._fault.strike(
            lambda: self._inner.commit(expected, checkpoint, batch, leaf_hashes, settled)
        )

    def read_staged(self) -> list[StagedBatch]:
        self._fault.strike(lambda: None)
        return self._inner.read_staged()

    def find_indexes(self, leaf_hashes: Sequence[bytes]) -> dict[bytes, int]:
        self._fault.strike(lambda: None)
        return self._inner.find_indexes(leaf_hashes)

    def read_leaves(self, start: int, stop: int) -> Iterator[LeafRow]:
        return self._inner.read_leaves(start, stop)

    def check(self) -> Iterator[str]:
        return self._inner.check()

    def close(self) -> None:
        self._inner.close()


class FaultyTileStorage:
    """A TileStorage whose every call may fail; a write may also happen in part."""

    def __init__(self, inner: TileStorage, fault: Fault) -> None:
        self._inner = inner
        self._fault = fault

    def read(self, path: str) -> bytes | None:
        self._fault.strike(lambda: None)
        return self._inner.read(path)

    def write(self, files: Mapping[str, bytes]) -> None:
        for path, data in files.items():
            one = {path: data}
            self._fault.strike(lambda one=one: self._inner.write(one))  # type: ignore[misc] # bound now

    def write_unsynced(self, files: Mapping[str, bytes]) -> None:
        self.write(files)

    def sync(self, paths: Sequence[str]) -> None:
        self._fault.strike(lambda: self._inner.sync(paths))

    def list_paths(self, prefix: str = "") -> Iterator[str]:
        self._fault.strike(lambda: None)
        return self._inner.list_paths(prefix)

    def delete(self, paths: Sequence[str]) -> None:
        half = list(islice(paths, len(paths) // 2))
        self._fault.strike(lambda: self._inner.delete(half))
        self._fault.strike(lambda: self._inner.delete(paths))
