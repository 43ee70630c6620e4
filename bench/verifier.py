"""The speed of a verification, and what the sandbox costs of it, in one run.

    python -m bench.verifier [--seconds 5] [--megabytes 503]

Small signed and recorded JPEGs, another each time, verified on all cores with the sandbox kept
warm: as `firsthand verify` does of many, and in threads of one process, beside what the sandbox and
both engines take of that. Then a large MP4, hashed in chunks when it was signed: its verification
beside hashing it, and the most memory that each process which reads it holds.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from PIL import Image

from api.home import create_home
from api.many import verify_each
from api.services import NOTHING_SPECIAL, Services
from signer.actions import DigitalSourceType
from signer.manifest import Statement
from tests import media
from verifier import _c2pa
from verifier.media.confine import report_isolation
from verifier.media.sandbox import READING, Sandbox
from verifier.reading import Reading, Run, here

from . import peak

SAID = Statement(source_type=DigitalSourceType.DIGITAL_CAPTURE)
PICTURES = 100
_NOISE = 1 << 20  # bytes at a time
THREADS = 2 * len(os.sched_getaffinity(0))  # one may wait while another computes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5, help="for each figure")
    parser.add_argument("--megabytes", type=int, default=503, help="of the MP4; 0 for none")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {THREADS // 2} cores")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, Sandbox() as sandbox:
        folder = Path(name)
        home = create_home(
            folder / "home", origin="bench.example/log", name="bench", now=datetime.now(UTC)
        )
        with Services(home, sandbox) as services:
            small(services, folder, options.seconds)
            if options.megabytes:
                large(services, folder, options.megabytes)


def small(services: Services, folder: Path, seconds: float) -> None:
    """Print how many small JPEGs a second, each of them another one than the last."""
    pictures = [sign(services, each, folder) for each in different(media.photograph(folder))]
    print(f"{PICTURES} signed JPEGs of {pictures[0].stat().st_size / 1000:.0f} kB")
    print_many("whole verifications, of many files", services, pictures, seconds)
    with Services(services.home, Sandbox(process_per_file=True)) as isolated:
        print_many("the same, with --process-per-file", isolated, pictures, seconds)
    turn = cycle(pictures)  # whose `next` is safe among threads
    run = services.sandbox.run
    reading = _reading(services, "image/jpeg")
    engine = None, reading.media_type, reading.trust_lists

    def read(way: Run) -> object:
        return replace(reading, path=str(next(turn)), run=way).read()

    print(f"the same in {THREADS} threads of one process")
    for what, act in (
        ("whole verifications", lambda: services.verify(next(turn))),
        ("read by both engines, in the sandbox", lambda: read(services.sandbox.ask)),
        ("read by both engines, in this process", lambda: read(here)),
        ("by the C2PA engine, in this process", lambda: _c2pa.read(str(next(turn)), *engine)),
        ("jobs that do nothing, a process each", lambda: run(report_isolation)),
    ):
        print_rate(what, act, seconds)


def different(photograph: Path) -> Iterator[Path]:
    """Yield so many pictures, none of which is another."""
    with Image.open(photograph) as opened:
        picture = opened.copy()
    for number in range(PICTURES):
        picture.putpixel((0, 0), (number, 0, 0))
        picture.save(photograph.with_stem(f"{number}"), quality=97)
        yield photograph.with_stem(f"{number}")


def print_many(what: str, services: Services, pictures: Sequence[Path], seconds: float) -> None:
    """Print how many a second `firsthand verify FILE...` does, once all its processes are warm."""
    count = int(600 * seconds)
    found = verify_each(services, list(islice(cycle(pictures), 600 + count)), NOTHING_SPECIAL)
    for _ in islice(found, 600):
        pass
    start = time.perf_counter()
    for _ in islice(found, count):  # the clock stops before the processes do
        pass
    print(f"  {what:<40} {rate(count, start):>8} /s")
    for _ in found:
        pass


def _reading(services: Services, media_type: str, signed: str = "") -> Reading:
    anchors = {each.name: each.pem for each in services.home.trust_lists()}
    return Reading(signed, None, media_type, anchors)


def print_rate(what: str, act: Callable[[], object], seconds: float) -> None:
    """Do it on all cores for so long; print how often a second."""

    def again(until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            act()
            count += 1
        return count

    act()  # starts what is to be kept warm
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        count = sum(threads.map(again, [start + seconds] * THREADS))
    print(f"  {what:<40} {rate(count, start):>8} /s")


def rate(count: int, start: float) -> str:
    """So many since `start`, a second."""
    return f"{count / (time.perf_counter() - start):,.0f}"


def large(services: Services, folder: Path, megabytes: int) -> None:
    """Print how long a large MP4 takes, beside hashing it."""
    clip = media.convert(media.clip(folder), folder / "small.mp4")
    grown = grow(clip, folder / "large.mp4", megabytes * 1_000_000)
    signed = sign(services, grown, folder)
    read = _reading(services, "video/mp4", str(signed))
    print(f"a signed MP4 of {signed.stat().st_size / 1e6:.0f} MB")
    hashing = timed(lambda: digest(signed))
    print(f"  {'hashing it (SHA-256)':<40} {hashing:>8.2f} s")
    whole = timed(lambda: services.verify(signed))
    print(f"  {'whole verification':<40} {whole:>8.2f} s  {whole / hashing:.2f} of hashing it")
    with Sandbox(preload=READING) as sandbox:  # what the processes that read manifests hold
        for what, task in (("the C2PA engine", peak.of_engine), ("ours", peak.of_ours)):
            before, most = sandbox.run(task, read.path, read.media_type, read.trust_lists)
            said = f"{before / 1e6:.0f} MB before, {most / 1e6:.0f} MB at its most"
            print(f"  {f'memory of {what}':<40} {said:>8}")


def sign(services: Services, source: Path, out: Path) -> Path:
    """Sign and record a file; return the signed one."""
    target = out / f"signed-{source.name}"
    services.registrar.sign(source, target, SAID)
    return target


def grow(clip: Path, target: Path, size: int) -> Path:
    """Copy an MP4 with so much noise behind its media data that it has so many bytes."""
    with clip.open("rb") as source, target.open("wb") as grown:
        while head := source.read(8):
            length, kind = int.from_bytes(head[:4]), head[4:]
            missing = size - clip.stat().st_size if kind == b"mdat" else 0
            grown.write((length + missing).to_bytes(4) + kind + source.read(length - 8))
            for at in range(0, missing, _NOISE):
                grown.write(os.urandom(min(_NOISE, missing - at)))
    return target


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def timed(act: Callable[[], object], before: Callable[[], object] = int, repeat: int = 3) -> float:
    """The best of a few runs, in seconds."""
    best = float("inf")
    for _ in range(repeat):
        before()
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
