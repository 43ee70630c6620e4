"""The speed of the HTTP batch endpoint, beside what the cores can verify at all, in one run.

    python -m bench.endpoint [--entries 131072] [--repeat 3] [--batch 8192] [--callers 4]

The real service in a process of its own, on SQLite with synchronous FULL and strict deduplication;
the callers are here and share its cores. Entries are registrations of about 700 bytes, made and
signed before the clock starts. Every figure is the median of the repeats.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.home import create_home
from ledger.batch import format_batch, sign_batch
from ledger.entry import ManifestIdentity, Registration, format_entry
from ledger.vocabulary import Digest
from tests.api.server import Server, serving

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))  # the same in every process
CORES = os.cpu_count() or 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=131_072, help="a run")
    parser.add_argument("--batch", type=int, default=8192, help="entries a request")
    parser.add_argument("--callers", type=int, default=4, help="requests at a time")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {CORES} cores")
    with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        before = _possible(pool)
        batches = [
            list(pool.map(_make, range(options.batch), chunksize=256))
            for _ in range(2 * options.repeat * options.entries // options.batch)
        ]
        half = len(batches) // 2
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            path = Path(folder)
            home = create_home(
                path / "home", origin="bench.example/log", name="bench", now=datetime.now(UTC)
            )
            public = KEY.public_key().public_bytes_raw().hex()
            (home.path / "registrars/bench.pub").write_text(public + "\n")
            with serving(home.path, path / "uploads") as server:
                run = _Caller(server, options.callers, options.repeat)
                run.post("application/cbor", [format_batch(batches[0])])  # starts the workers
                signed = [sign_batch(batch, KEY) for batch in batches[:half]]
                one = run.rate("application/cose", signed, options.batch)
                plain = [format_batch(batch) for batch in batches[half:]]
                each = run.rate("application/cbor", plain, options.batch)
        possible = (before + _possible(pool)) / 2  # a core's clock changes as it grows warm
    print(f"{'Ed25519 verifications, on all cores at once':<52} {possible:>12,.0f} /s")
    print(f"{'POST /v1/entries, one signature a batch':<52} {one:>12,.0f} /s")
    print(f"{'POST /v1/entries, a signature an entry':<52} {each:>12,.0f} /s", end="")
    print(f"  {each / possible:.2f} of what the cores can verify")


class _Caller:
    def __init__(self, server: Server, callers: int, repeat: int) -> None:
        self._server = server
        self._callers = callers
        self._repeat = repeat

    def rate(self, media_type: str, bodies: Sequence[bytes], size: int) -> float:
        """Entries a second: the median over the repeats, each of its own bodies."""
        part = len(bodies) // self._repeat
        rates = []
        for at in range(0, part * self._repeat, part):
            start = time.perf_counter()
            self.post(media_type, bodies[at : at + part])
            rates.append(part * size / (time.perf_counter() - start))
        return statistics.median(rates)

    def post(self, media_type: str, bodies: Sequence[bytes]) -> None:
        headers = self._server.token | {"Content-Type": media_type}
        with (
            httpx.Client(base_url=self._server.url, headers=headers, timeout=300) as client,
            ThreadPoolExecutor(self._callers) as threads,
        ):
            for answer in threads.map(
                lambda body: client.post("/v1/entries", content=body), bodies
            ):
                assert answer.status_code == 200, answer.text


def _make(number: int) -> bytes:
    def digest() -> Digest:
        return Digest(os.urandom(32))

    names = ("file_name", "title", "fingerprints", "capture_time")
    manifest = ManifestIdentity(f"urn:c2pa:{number}", digest(), digest(), digest())
    return format_entry(
        Registration(
            subject=digest(),
            time=1_764_000_000,
            size=12_345_678,
            media_type="image/jpeg",
            source=digest(),
            manifest=manifest,
            commitments={name: digest() for name in names},
        ),
        KEY,
    )


def _possible(pool: ProcessPoolExecutor) -> float:
    list(pool.map(_verify, [0.2] * CORES))  # starts them
    return sum(pool.map(_verify, [2.0] * CORES))


def _verify(seconds: float) -> float:
    """Verifications a second, for so long, on this core."""
    message = bytes(700)
    signature, public = KEY.sign(message), KEY.public_key()
    verify: Callable[[bytes, bytes], None] = public.verify
    count = 0
    start = time.perf_counter()
    while (now := time.perf_counter()) < start + seconds:
        for _ in range(100):
            verify(signature, message)
        count += 100
    return count / (now - start)


if __name__ == "__main__":
    main()
