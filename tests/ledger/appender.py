"""A process that appends until it is killed, and says on stdout what was acknowledged.

python -m tests.ledger.appender HOME NAME [COUNT]
"""

import sys
from collections.abc import Callable
from pathlib import Path

from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage

from .conftest import ORIGIN, SEED

OpenStorages = Callable[[Path], tuple[SqlLogStorage, FolderTileStorage]]


def open_storages(home: Path) -> tuple[SqlLogStorage, FolderTileStorage]:
    """Open, or create, the two storages of a home."""
    return open_log_storage(f"sqlite:///{home}/sql"), FolderTileStorage(home / "log")


def open_log(home: Path, open_storages: OpenStorages = open_storages) -> Log:
    """Open the log of a home as a process does."""
    storage, tiles = open_storages(home)
    return Log(storage, tiles, Ed25519NoteSigner(ORIGIN, SEED), FileLock(home / "lock"))


def main(home: Path, name: str, count: int) -> None:
    """Append groups of 1 to 90 entries; every third comes from all processes alike."""
    log = open_log(home)
    for n in range(count):
        size = 1 + n * 37 % 90
        group = [f"{name} {n} {part}".encode() for part in range(size)]
        group.append(f"common {n // 3}".encode())
        for entry, index in zip(group, log.append(group), strict=True):
            print(index, entry.decode(), flush=False)
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000)
