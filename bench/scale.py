"""Search among a million and ten million pictures: time, memory, and how long a restart takes.

    python -m bench.scale [--pictures 1000000 10000000]

One thread. The rows are made up at random, as far apart as rows can be; an exact search takes the
same time whatever they are. Beside it, plain numpy on the same rows, and faiss's IndexBinaryFlat.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import faiss
import numpy as np

from ledger.vocabulary import Fingerprint
from verifier.fingerprint.align import bit_distances
from verifier.fingerprint.descriptor import DESCRIPTOR
from verifier.fingerprint.image import FINDER
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.rows import Block, Part, format_part

SEARCHES = 200


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1_000_000, 10_000_000])
    faiss.omp_set_num_threads(1)
    for count in parser.parse_args().pictures:
        measure(count)


def measure(count: int) -> None:
    """Print what an index of so many pictures takes."""
    random = np.random.default_rng(1)
    rows = np.frombuffer(random.bytes(32 * count), np.uint8).reshape(count, 32)
    entries, counts = np.arange(count), np.ones(count, np.uint32)
    blocks = [Block(name, 1, entries, counts, rows) for name in (DESCRIPTOR, FINDER)]
    data = format_part(Part(0, count, blocks))
    index = FingerprintIndex(lambda _: ())
    started = time.perf_counter()
    index.load(data)
    took = time.perf_counter() - started
    held = sum(array.nbytes for store in index.stores() for array in store)
    print(
        f"{count:,} pictures: {held / 1e6:.0f} MB in memory, {len(data) / 1e6:.0f} MB in the file,"
    )
    print(f"  read again in {took:.2f} s")
    del data
    asked = [random.bytes(32) for _ in range(SEARCHES)]
    for title, names in (
        ("descriptor", [DESCRIPTOR]),
        ("descriptor and hash", [DESCRIPTOR, FINDER]),
    ):
        suspects = [[Fingerprint(name, 1, bits) for name in names] for bits in asked]
        report(f"the index, by {title}", [partial(index.search, one) for one in suspects])
    flat = faiss.IndexBinaryFlat(256)
    flat.add(rows)
    single = [np.frombuffer(bits, np.uint8)[None] for bits in asked[:50]]
    report("faiss IndexBinaryFlat, 10 nearest", [partial(flat.search, one, 10) for one in single])
    report("numpy", [partial(bit_distances, one[0], rows) for one in single[:10]])


def report(name: str, runs: list[Callable[[], object]]) -> None:
    """Time each and print the middle one, and the one that only 1 % exceed."""
    times = []
    for run in runs:
        started = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.percentile(times, (50, 99))
    print(f"  {name:34} median {p50:7.2f} ms, p99 {p99:7.2f} ms ({len(runs)} runs)", flush=True)


if __name__ == "__main__":
    main()
