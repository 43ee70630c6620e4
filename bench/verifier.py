"""The speed of a verification, and what the sandbox costs of it, in one run.

    python -m bench.verifier [--seconds 5] [--megabytes 503]

A small signed and recorded JPEG, verified over and over on all cores, with the sandbox kept warm:
whole verifications, manifests read in the sandbox, manifests read without it, and jobs that do
nothing. Then a large MP4, hashed in chunks when it was signed: its verification beside hashing it,
and the most memory that the process which reads it holds.
"""

import argparse
import hashlib
import importlib
import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from api.home import create_home
from api.services import Services
from signer.actions import DigitalSourceType
from signer.manifest import Statement
from tests import media
from verifier import _c2pa
from verifier.media.confine import report_isolation
from verifier.media.sandbox import Sandbox

SAID = Statement(source_type=DigitalSourceType.DIGITAL_CAPTURE)
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
    """Print how many small JPEGs a second."""
    signed = sign(services, media.photograph(folder), folder / "signed")
    anchors = {each.name: each.pem for each in services.home.trust_lists()}
    read = (str(signed), None, "image/jpeg", anchors)
    run = services.sandbox.run
    print(f"a signed JPEG of {signed.stat().st_size / 1000:.0f} kB, {THREADS} threads")
    print_rate("whole verifications", lambda: services.verify(signed), seconds)
    print_rate("manifests read in the sandbox", lambda: run(_c2pa.read, *read), seconds)
    print_rate("jobs of the sandbox that do nothing", lambda: run(report_isolation), seconds)
    print_rate("manifests read without a sandbox", lambda: _c2pa.read(*read), seconds)


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
    print(f"  {what:<40} {count / (time.perf_counter() - start):>8,.0f} /s")


def large(services: Services, folder: Path, megabytes: int) -> None:
    """Print how long a large MP4 takes, beside hashing it."""
    clip = media.convert(media.clip(folder), folder / "small.mp4")
    grown = grow(clip, folder / "large.mp4", megabytes * 1_000_000)
    signed = sign(services, grown, folder / "large")
    anchors = {each.name: each.pem for each in services.home.trust_lists()}
    read = (str(signed), None, "video/mp4", anchors)
    print(f"a signed MP4 of {signed.stat().st_size / 1e6:.0f} MB")
    hashing = timed(lambda: digest(signed))
    print(f"  {'hashing it (SHA-256)':<40} {hashing:>8.2f} s")
    whole = timed(lambda: services.verify(signed))
    print(f"  {'whole verification':<40} {whole:>8.2f} s  {whole / hashing:.2f} of hashing it")
    told = services.sandbox.run(importlib.import_module("bench.verifier").peak_of_read, *read)
    print(f"  {'memory of the process that reads it':<40} {told[0] / 1e6:>8.0f} MB", end="")
    print(f", {(told[1] - told[0]) / 1e6:.0f} MB more at its most")


def peak_of_read(
    path: str, sidecar: str | None, name: str, trust_lists: dict[str, str]
) -> list[int]:
    """Read a manifest; return what the process held before, and at most, in bytes."""
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    _c2pa.read(path, sidecar, name, trust_lists)
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return [before, int(peak.split()[1]) * 1024]


def sign(services: Services, source: Path, out: Path) -> Path:
    """Sign and record a file; return the signed one."""
    out.mkdir()
    target = out / source.name
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


def timed(act: Callable[[], object], repeat: int = 3) -> float:
    """The best of a few runs, in seconds."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
