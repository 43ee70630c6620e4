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

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import LedgerError
from ledger.fsck import fsck
from ledger.log import Log
from ledger.merkle import EMPTY_ROOT, root_hash
from ledger.note import Ed25519NoteSigner
from ledger.tile import TileHashReader
from tests.ledger.appender import OpenStorages, open_log, open_storages
from tests.ledger.conftest import ORIGIN
from tests.ledger.conftest import SEED as KEY

RUNS = int(os.environ.get("FIRSTHAND_FAULT_RUNS", "1"))
SEED = int(os.environ.get("FIRSTHAND_FAULT_SEED", "20261122"))

_NOTHING = Checkpoint(ORIGIN, 0, EMPTY_ROOT)


@dataclass
class Home:
    """A home on the disk, and everything that was acknowledged to anybody."""

    root: Path
    acknowledged: dict[str, int] = field(default_factory=dict)
    seen: Checkpoint = _NOTHING  # the newest that anybody has
    open_storages: OpenStorages = open_storages

    def note(self, output: str) -> None:
        """Take in what a process said was acknowledged: lines of an index and an entry."""
        whole, _, _ = output.rpartition("\n")  # a last line cut by the kill says nothing
        for line in whole.splitlines():
            index, _, entry = line.partition(" ")
            assert self.acknowledged.setdefault(entry, int(index)) == int(index)

    def see(self, note: bytes) -> None:
        """Take in a checkpoint that somebody may have read."""
        seen = open_checkpoint(note, Ed25519NoteSigner(ORIGIN, KEY).verifier, ORIGIN)
        self.seen = max(self.seen, seen, key=lambda checkpoint: checkpoint.size)

    def check(self) -> int:
        """Open the log as the next process does: nothing is lost, one history, fsck is content.

        Return its size.
        """
        log = open_log(self.root, self.open_storages)
        entries = [entry.decode() for entry in log.entries(0, log.size)]
        assert len(set(entries)) == len(entries), "an entry is in the log twice"
        lost = [entry for entry, at in self.acknowledged.items() if entries[at : at + 1] != [entry]]
        assert not lost, f"acknowledged, and not there: {lost}"
        assert log.size >= self.seen.size, "the log went back"
        root = root_hash(self.seen.size, TileHashReader(log._tiles, log.size))
        assert root == self.seen.root_hash, "the log has another history"
        self.see(log.checkpoint())
        storage, tiles = self.open_storages(self.root)
        found = list(fsck(storage, tiles, log._verifier))
        assert not found, f"fsck found {len(found)}: {found[:3]}"
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
        os.write(out, append_group(log, name, n, chance).encode())


def append_group(log: Log, name: str, n: int, chance: random.Random) -> str:
    """Append one group, whose last entry comes from all processes alike; return what to note."""
    group = [f"{name} {n} {part}" for part in range(chance.randrange(1, 60))] + [f"common {n}"]
    indexes = log.append([entry.encode() for entry in group])
    return "".join(f"{index} {entry}\n" for index, entry in zip(indexes, group, strict=True))


def fork(act: Callable[[int], None]) -> tuple[int, int]:
    """Do `act(out)` in a child process; return its id, and where what it writes can be read."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = 1
    try:
        os.close(reader)
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
