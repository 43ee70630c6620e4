"""A log's home that is hurt, and what must be true of it afterwards.

Each drill takes a seed and can be repeated by it. FIRSTHAND_FAULT_RUNS multiplies how often each is
run: 1 in `make test`, far more in `make test-faults`.
"""

import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import LedgerError
from ledger.fsck import fsck
from ledger.log import Log
from tests.ledger.appender import open_log, open_storages

RUNS = int(os.environ.get("FIRSTHAND_FAULT_RUNS", "1"))
SEED = int(os.environ.get("FIRSTHAND_FAULT_SEED", "20261122"))


@dataclass
class Home:
    """A home on the disk, and everything that was acknowledged to anybody."""

    root: Path
    acknowledged: dict[str, int] = field(default_factory=dict)
    size: int = 0  # when it was last looked at

    def note(self, output: str) -> None:
        """Take in what a process said was acknowledged: lines of an index and an entry."""
        whole, _, _ = output.rpartition("\n")  # a last line cut by the kill says nothing
        for line in whole.splitlines():
            index, _, entry = line.partition(" ")
            assert self.acknowledged.setdefault(entry, int(index)) == int(index)

    def check(self) -> int:
        """Open the log as the next process does: nothing is lost, one history, fsck is content.

        Return its size.
        """
        log = open_log(self.root)
        entries = [entry.decode() for entry in log.entries(0, log.size)]
        assert len(set(entries)) == len(entries), "an entry is in the log twice"
        lost = [entry for entry, at in self.acknowledged.items() if entries[at : at + 1] != [entry]]
        assert lost == [], "acknowledged, and not there"
        assert log.size >= self.size, "the log went back"
        self.size = log.size
        storage, tiles = open_storages(self.root)
        assert list(fsck(storage, tiles, log._verifier)) == []
        storage.close()
        log._storage.close()  # no connection of ours must be open in a child
        return log.size


def append_for_ever(home: Path, name: str, out: int, settle_files: int) -> None:
    """Append groups of 1 to 60 entries, and write to `out` what is acknowledged, until killed."""
    import ledger.settle

    ledger.settle._FILES = settle_files  # so that tiles are settled often
    chance = random.Random(name)
    log = open_log(home)
    for n in range(1_000_000):
        append_group(log, name, n, chance, out)


def append_group(log: Log, name: str, n: int, chance: random.Random, out: int) -> None:
    """Append one group; its last entry comes from all processes alike."""
    group = [f"{name} {n} {part}" for part in range(chance.randrange(1, 60))] + [f"common {n}"]
    indexes = log.append([entry.encode() for entry in group])
    lines = "".join(f"{index} {entry}\n" for index, entry in zip(indexes, group, strict=True))
    os.write(out, lines.encode())


def fork(act: Callable[[int], None]) -> tuple[int, int]:
    """Do `act(out)` in a child process; return its id, and where what it writes can be read."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    os.close(reader)
    status = 1
    try:
        act(writer)
        status = 0
    except LedgerError:
        status = 2
    except BaseException:  # noqa: BLE001 (a child must never return into the test)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def read_all(reader: int) -> str:
    """Read a pipe to its end."""
    with os.fdopen(reader, "rb") as stream:
        return stream.read().decode()
