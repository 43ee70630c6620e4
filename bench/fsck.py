"""The speed of a whole check of a log, and of taking it into the private store, in one run.

    python -m bench.fsck [--entries 100000] [--home DIR]

The log is of real registrations of about 700 bytes, each with a private record (a name, a title, a
time, two fingerprints); every signature is its own. `--home` keeps what was made there, to be
measured again. Each figure is of one run over all entries.
"""

import argparse
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from api.checking import CORES
from api.home import Home, create_home, open_home
from bench.endpoint import KEY, _possible
from ledger.entry import ManifestIdentity, Registration, format_entry
from ledger.merkle import leaf_hash
from ledger.private import format_private_record, seal
from ledger.reader import LogReader
from ledger.vocabulary import Digest
from ledger.workers import open_pool

_BATCH = 8192


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--home", type=Path, help="make it there, or use what was made there")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {CORES} cores")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = options.home or Path(folder) / "home"
        with open_pool(CORES) as pool:
            home = open_home(path) if path.exists() else _make(path, options.entries, pool)
            possible = _possible(pool)
        _say("Ed25519 verifications, on all cores at once", possible)
        size = LogReader(home.tiles(), home.log_verifier()).size
        one = _rate(size, partial(_follow, home, 0))
        _say("follow, one process", one)
        every = _rate(size, partial(_follow, home, CORES))
        _say("follow, all cores", every)
        checked = _rate(size, partial(_fsck, home))
        _say(
            "firsthand log fsck", checked, f"{checked / possible:.2f} of what the cores can verify"
        )


def _make(path: Path, entries: int, pool: ProcessPoolExecutor) -> Home:
    home = create_home(path, origin="bench.example/log", name="bench", now=datetime.now(UTC))
    public = KEY.public_key().public_bytes_raw().hex()
    (path / "registrars/bench.pub").write_text(public + "\n")
    storage = home.log_storage()
    log = home.log(storage)
    with closing(sqlite3.connect(path / "private.sqlite")) as database:
        for start in range(0, entries, _BATCH):
            numbers = range(start, min(start + _BATCH, entries))
            made = list(pool.map(_entry, numbers, chunksize=256))
            rows = [(leaf_hash(entry), body) for entry, body in made]
            with database:  # as Catalogue.keep does, one by one and synced
                insert = "INSERT INTO private_records (leaf_hash, body) VALUES (?, ?)"
                database.executemany(insert, rows)
            log.append([entry for entry, _ in made])
    storage.close()
    return home


def _entry(number: int) -> tuple[bytes, bytes]:
    prints = [[name, 1, os.urandom(32)] for name in ("picture-phash", "picture-dhash")]
    values = {
        "file_name": f"IMG_{number:06}.jpg",
        "title": f"What the picture {number} shows",
        "fingerprints": prints,
        "capture_time": "2026-07-14T12:00:00+00:00",
    }
    record = seal(values, secrets.token_bytes)
    subject, source, *manifest = (Digest(os.urandom(32)) for _ in range(5))
    statement = Registration(
        subject=subject,
        time=1_764_000_000,
        size=12_345_678,
        media_type="image/jpeg",
        source=source,
        manifest=ManifestIdentity(f"urn:c2pa:{number}", *manifest),
        commitments=record.commitments(),
    )
    return format_entry(statement, KEY), format_private_record(record)


def _follow(home: Home, workers: int) -> float:
    """Take everything in anew."""
    with closing(sqlite3.connect(home.path / "private.sqlite")) as database:
        database.executescript(
            "DELETE FROM subjects; UPDATE private_records SET entry_index = NULL;"
            "UPDATE followed SET size = 0; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"
        )
    with closing(home.catalogue()) as catalogue:
        start = time.perf_counter()
        catalogue.follow(LogReader(home.tiles(), home.log_verifier()), workers)
        return time.perf_counter() - start


def _fsck(home: Home) -> float:
    """Run it as a person does."""
    script = Path(sys.executable).with_name("firsthand")
    start = time.perf_counter()
    subprocess.run(
        [script, "log", "fsck"], check=True, env=os.environ | {"FIRSTHAND_HOME": home.path}
    )
    return time.perf_counter() - start


def _rate(size: int, measure: Callable[[], float]) -> float:
    return size / measure()


def _say(what: str, rate: float, beside: str = "") -> None:
    print(f"{what:<52} {rate:>12,.0f} /s  {beside}", flush=True)


if __name__ == "__main__":
    main()
