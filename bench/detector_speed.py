"""What asking the detector costs: processor time of one core, and memory.

    python -m bench.detector_speed [FILE...]

First how long it takes to load the models, which a process does once. Then of each file (the
demo's photograph, clips and recording where none is named), in this process, the second time:
seconds for each part, decoders included, and the most memory that the process has taken so far.
As in the sandbox libraries have one thread: others that wait would be counted as work.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from ledger.asset import Kind, detect_media_type
from tests import media
from verifier.detector.examine import PARTS
from verifier.errors import VerifierError
from verifier.media.probe import probe
from verifier.media.sandbox import ONE_THREAD


def main() -> None:
    """Measure what the command line names."""
    if not ONE_THREAD.items() <= os.environ.items():
        again = [sys.executable, "-m", "bench.detector_speed", *sys.argv[1:]]
        os.execve(sys.executable, again, os.environ | ONE_THREAD)  # noqa: S606  # this program itself
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    began = time.process_time()
    from verifier.detector import ready

    print(f"models loaded in {time.process_time() - began:.2f} s ({ready.__name__})")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        makers = (media.photograph, media.clip, media.clip_with_sound, media.recording)
        for path in options.files or [make(folder) for make in makers]:
            cost(path)


def _spent() -> float:
    """Seconds of processor time, of this process and of the decoders that it ran."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def cost(path: Path) -> None:
    """Print what each part takes of a file."""
    media_type = detect_media_type(path.read_bytes()[:4096])
    lasts = None if media_type.kind is Kind.PICTURE else probe(path, media_type).duration
    for part in PARTS[media_type.kind]:
        spent = []
        for _ in range(2):
            before = _spent()
            try:
                part.task(str(path), media_type.name)
            except VerifierError as problem:
                print(f"{path.name}: {part.what}: {problem}")
                break
            spent.append(_spent() - before)
        if spent:
            length = f" of {lasts:.1f} s" if lasts else ""
            print(f"{spent[-1]:6.2f} s  {path.name}{length}: {part.what}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{most:6.0f} MiB at most, so far", flush=True)


if __name__ == "__main__":
    main()
