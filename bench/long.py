"""How much memory long clips take: recording one, and comparing it with its original.

    python -m bench.long [--seconds 600 3600 28800] [--only record compare]

A clip that a wheel carries, reduced to 160 pixels and 5 frames a second so that hours of it are
quick to decode, is repeated without encoding it again until it is so long. Each length is worked on
in a process of its own, through the sandbox and within the limits that the product sets. Printed is
the most memory (resident, with what it shares) that our own process had, and that the largest of
its jobs and decoders had.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from bench.compare import length, type_of
from tests import media
from verifier.compare.clip import compare_clips_in
from verifier.compare.listen import compare_sound_in
from verifier.fingerprint.compute import compute_in
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox

SMALL = ("-vf", "scale=160:-2,fps=5", "-c:v", "libx264", "-g", "25", "-c:a", "aac", "-b:a", "16k")
_EVERY = 0.05  # seconds
_MIB = 1 << 20


class Peaks(threading.Thread):
    """Watches the memory of this process and of all that it began, and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self.own = self.others = 0

    def run(self) -> None:
        """Look again and again."""
        while not self._done.wait(_EVERY):
            self.own = max(self.own, _peak(os.getpid()))
            self.others = max(self.others, *map(_peak, _begun_by(os.getpid())), 0)

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self.join()


def _peak(process: int) -> int:
    """The most bytes that a process had; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    told = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return 1024 * sum(told)


def _begun_by(process: int) -> Iterator[int]:
    """A process's children, and theirs."""
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        told = [int(child) for each in threads for child in (each / "children").read_text().split()]
    except OSError:
        return
    for child in told:
        yield child
        yield from _begun_by(child)


def clip_of(seconds: int, folder: Path) -> Path:
    """A clip with sound that plays for so long."""
    small, long = folder / "small.mp4", folder / f"{seconds}.mp4"
    media.run_ffmpeg("-i", str(media.clip_with_sound(folder)), *SMALL, str(small))
    again = ("-stream_loop", "-1", "-i", str(small), "-t", str(seconds), "-c", "copy")
    media.run_ffmpeg(*again, str(long))
    return long


def record(path: Path) -> str:
    """Record a clip as `firsthand sign` and the registrar do, and say what that takes."""
    with Sandbox() as sandbox:
        limits = limits_for(path.stat().st_size)
        found = compute_in(sandbox, path, type_of(path), limits=limits)
    size = sum(len(each.bits) for each in found)
    return f"{len(found)} records of {size / _MIB:.1f} MiB"


def compare(path: Path) -> str:
    """Compare a clip with itself, pictures and sound, as if it had another's."""
    file = path, type_of(path)
    with Sandbox() as sandbox:
        limits = limits_for(2 * path.stat().st_size)
        found = compare_clips_in(sandbox, file, [file], limits=limits)
        compare_sound_in(sandbox, file, file, limits=limits)
    return "nothing in common" if found is None else f"{len(found.time_map)} segments"


WORK = {"record": record, "compare": compare}


def measure(what: str, seconds: int) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as name:
        path = clip_of(seconds, Path(name))
        peaks = Peaks()
        peaks.start()
        told = WORK[what](path)
        peaks.stop()
        print(
            f"{what:8} {length(path) / 60:6.0f} min {path.stat().st_size / _MIB:6.1f} MiB"
            f"   ours {peaks.own / _MIB:6.0f} MiB   largest job {peaks.others / _MIB:6.0f} MiB"
            f"   {told}",
            flush=True,
        )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, nargs="+", default=[600, 3600, 28800])
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK))
    options = parser.parse_args()
    if len(options.seconds) == len(options.only) == 1:
        measure(options.only[0], options.seconds[0])
        return
    for what in options.only:
        for seconds in options.seconds:
            alone = ("--seconds", str(seconds), "--only", what)
            subprocess.run([sys.executable, "-m", "bench.long", *alone], check=True)


if __name__ == "__main__":
    main()
