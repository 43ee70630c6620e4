"""The speed of the log, beside pymerkle and beside what this machine can do at all, in one run.

    python -m bench.ledger [--seconds 5] [--repeat 3] [--entries 10000000] [--plot FILE.png]

Every figure is the median of the repeats; below it stands where the time of one more run went.
Entries have 256 random bytes; SQLite commits with synchronous FULL; deduplication is always strict.
The extras `bench` and `test` bring what it needs.
"""

import argparse
import asyncio
import gc
import hashlib
import math
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.fsck import fsck
from ledger.integrate import Edge, extend_leaves, tile_files
from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.reader import LogReader
from ledger.sequencer import Sequencer
from ledger.storage import CHECKPOINT_PATH
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.sql import open_log_storage
from tests.postgres import running_postgres

from .parts import Parts

SIGNER = Ed25519NoteSigner("bench.example/log", bytes(32))
SIZE = 256  # bytes of an entry
CORES = os.cpu_count() or 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement, about")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--entries", type=int, default=10_000_000, help="for the proofs")
    parser.add_argument("--plot", type=Path, help="where to draw proof latency over tree size")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {CORES} cores")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        bench = Bench(Path(folder), options.seconds, options.repeat)
        bench.limits()
        bench.peer()
        bench.callers()
        for size in (1024, 8192):
            bench.batches(size)
        bench.fsck()
        bench.postgres(8192)
        bench.proofs(options.entries, options.plot)


class Bench:
    """One run, in a folder on the disk that is to be measured."""

    def __init__(self, root: Path, seconds: float, repeat: int) -> None:
        self._root = root
        self._seconds = seconds
        self._repeat = repeat
        self._made = 0
        self._hash_rate = self._row_rate = self._peer_rate = 1.0

    def limits(self) -> None:
        """What the machine can do at all."""
        entries = _entries(100_000, "limit")
        self._hash_rate = self._median(lambda: _hash_rate(entries))
        self._row_rate = self._median(lambda: _row_rate(self._folder() / "raw", entries))
        syncs = self._median(lambda: _sync_rate(self._folder() / "file"))
        _say("SHA-256 of a leaf, hashlib", self._hash_rate)
        _say("fsync of 4 KiB", syncs)
        _say("raw SQLite, one row an entry, 1,024 rows a commit", self._row_rate)

    def peer(self) -> None:
        """Pymerkle, with entries in SQLite; it signs nothing and writes no tiles."""
        from pymerkle import SqliteTree

        entries = _entries(50_000, "peer")

        def bulk() -> float:
            with SqliteTree(str(self._folder() / "peer"), algorithm="sha256") as tree:
                start = time.perf_counter()
                tree.append_entries(entries, chunksize=8192)
                return len(entries) / (time.perf_counter() - start)

        def single() -> float:
            with SqliteTree(str(self._folder() / "peer"), algorithm="sha256") as tree:
                start = time.perf_counter()
                for entry in entries[:500]:
                    tree.append_entry(entry)
                return 500 / (time.perf_counter() - start)

        self._peer_rate = self._median(bulk)
        _say("pymerkle, 8,192 a batch, unsigned, no tiles", self._peer_rate)
        _say("pymerkle, one entry a call", self._median(single))

    def callers(self, count: int = 1024) -> None:
        """Appends of one entry each, by many tasks."""
        gc.collect()
        gc.freeze()  # as a service does once it is up: what is there by then stays
        runs = [self._callers(count) for _ in range(self._repeat)]
        rate, p50, p99 = (statistics.median(values) for values in zip(*runs, strict=True))
        _say(f"append_async, {count} callers", rate, self._ratios(rate))
        print(f"  p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")
        parts = Parts()
        with parts.watch():
            self._callers(count)
        print(f"  of its time: {parts}")

    def _callers(self, count: int) -> tuple[float, float, float]:
        latencies: list[float] = []
        stop = time.perf_counter() + self._seconds

        async def call(sequencer: Sequencer, number: int) -> None:
            prefix = os.urandom(SIZE - 16) + number.to_bytes(8, "big")
            n = 0
            while (start := time.perf_counter()) < stop:
                await sequencer.append_async(prefix + n.to_bytes(8, "big"))
                latencies.append(time.perf_counter() - start)
                n += 1

        async def run(log: Log) -> float:
            with Sequencer(log) as sequencer:
                start = time.perf_counter()
                await asyncio.gather(*(call(sequencer, number) for number in range(count)))
                return len(latencies) / (time.perf_counter() - start)

        with self._log() as log:
            rate = asyncio.run(run(log))
        return rate, _quantile(latencies, 0.5), _quantile(latencies, 0.99)

    def batches(self, size: int) -> None:
        """Appends of `size` entries each, by one caller."""
        rate = self._median(lambda: self._batches(size))
        _say(f"append, {size} a batch", rate, self._ratios(rate))
        parts = Parts()
        with parts.watch():
            self._batches(size)
        print(f"  of its time: {parts}")

    def _batches(self, size: int) -> float:
        with self._log() as log:
            return self._append(log, size)

    def fsck(self, entries: int = 2_000_000) -> None:
        """Everything re-derived, on all cores, by the library (`log fsck` reads entries too)."""
        with self._log() as log:
            for n in range(entries // 16_384):
                log.append(_entries(16_384, f"fsck {n}"))
            storage, tiles = log._storage, log._folder  # noqa: SLF001  # its own log

            def run() -> float:
                start = time.perf_counter()
                assert not list(fsck(storage, tiles, SIGNER.verifier, workers=CORES))
                return log.size / (time.perf_counter() - start)

            rate = self._median(run)
        hashing = self._hash_rate * CORES / 2
        _say(f"fsck of {log.size:,} entries", rate, f"{rate / hashing:.2f} of its hashing alone")

    def postgres(self, size: int) -> None:
        """Appends of `size` entries each, on a PostgreSQL of its own with fsync."""
        with running_postgres() as server:

            def run() -> float:
                with self._log(server.create_database()) as log:
                    return self._append(log, size)

            rate = self._median(run)
        _say(f"append on PostgreSQL, {size} a batch", rate, self._ratios(rate))

    def proofs(self, entries: int, plot: Path | None) -> None:
        """Proofs from tile files, for trees that grow up to `entries`."""
        folder = FolderTileStorage(self._folder())
        edge = Edge()
        rows = []
        for size in _sizes(entries):
            while edge.size < size:
                count = min(size - edge.size, 1 << 18)
                edge, tiles = extend_leaves(edge, os.urandom(32 * count))
                folder.write_unsynced(tile_files(tiles))
            note = sign_checkpoint(Checkpoint(SIGNER.verifier.name, size, edge.root()), SIGNER)
            folder.write({CHECKPOINT_PATH: note})
            reader = LogReader(folder, SIGNER.verifier)
            inclusion = _time(reader.prove, size)
            consistency = _time(reader.consistency, size)
            rows.append((size, *inclusion, *consistency))
            print(
                f"proofs at {size:>11,}:"
                f" inclusion p50 {inclusion[0]:.2f} p99 {inclusion[1]:.2f} ms,"
                f" consistency p50 {consistency[0]:.2f} p99 {consistency[1]:.2f} ms"
            )
        if plot:
            _draw(rows, plot)

    def _append(self, log: Log, size: int) -> float:
        groups = max(int(self._seconds * 100_000 / size), 1)
        made = [_entries(size, f"{number}") for number in range(groups)]
        start = time.perf_counter()
        for group in made:
            log.append(group)
        return groups * size / (time.perf_counter() - start)

    @contextmanager
    def _log(self, url: str | None = None) -> Iterator[Log]:
        folder = self._folder()
        storage = open_log_storage(url or f"sqlite:///{folder}/sql")
        yield Log(storage, FolderTileStorage(folder / "log"), SIGNER, FileLock(folder / "lock"))
        storage.close()

    def _folder(self) -> Path:
        # Nothing is deleted before the end: ext4 is slow to create files where many just went.
        self._made += 1
        folder = self._root / str(self._made)
        folder.mkdir()
        return folder

    def _median(self, measure: Callable[[], float]) -> float:
        return statistics.median(measure() for _ in range(self._repeat))

    def _ratios(self, rate: float) -> str:
        peer, rows = rate / self._peer_rate, rate / self._row_rate
        return f"{peer:.2f} of pymerkle's batches, {rows:.2f} of raw SQLite rows"


def _entries(count: int, name: str) -> list[bytes]:
    noise = os.urandom(SIZE - 32)
    return [noise + f"{name} {n}".rjust(32).encode() for n in range(count)]


def _hash_rate(entries: list[bytes]) -> float:
    start = time.perf_counter()
    for entry in entries:
        hashlib.sha256(b"\x00" + entry).digest()
    return len(entries) / (time.perf_counter() - start)


def _row_rate(path: Path, entries: list[bytes]) -> float:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, entry BLOB)")
    start = time.perf_counter()
    for at in range(0, len(entries), 1024):
        rows = enumerate(entries[at : at + 1024], at)
        connection.executemany("INSERT INTO entry VALUES (?, ?)", rows)
        connection.commit()
    rate = len(entries) / (time.perf_counter() - start)
    connection.close()
    return rate


def _sync_rate(path: Path) -> float:
    with path.open("wb", buffering=0) as stream:
        start = time.perf_counter()
        for _ in range(200):
            stream.write(bytes(4096))
            os.fsync(stream.fileno())
        return 200 / (time.perf_counter() - start)


def _sizes(entries: int) -> list[int]:
    steps = [10**n * m for n in range(3, 10) for m in (1, 3) if 10**n * m < entries]
    return [*steps, entries]


def _time(act: Callable[[int], object], size: int) -> tuple[float, float]:
    """Return the p50 and the p99 in milliseconds, over random places."""
    chance = random.Random(size)
    taken = []
    for _ in range(1000):
        place = chance.randrange(size)
        start = time.perf_counter()
        act(place)
        taken.append((time.perf_counter() - start) * 1e3)
    return _quantile(taken, 0.5), _quantile(taken, 0.99)


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(math.floor(part * len(values)), len(values) - 1)]


def _say(what: str, rate: float, beside: str = "") -> None:
    print(f"{what:<52} {rate:>12,.0f} /s  {beside}", flush=True)


def _draw(rows: Sequence[tuple[float, ...]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5))
    names = ("inclusion, p50", "inclusion, p99", "consistency, p50", "consistency, p99")
    for column, name in enumerate(names, 1):
        axes.plot([row[0] for row in rows], [row[column] for row in rows], marker="o", label=name)
    axes.set(xscale="log", xlabel="entries in the tree", ylabel="ms", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
