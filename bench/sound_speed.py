"""What fingerprints of sound cost to make, beside fpcalc's, and to search among many hours.

    python -m bench.sound_speed FOLDER [--hours N]

FOLDER holds recordings. Times are of the processor, with those of ffmpeg and fpcalc, so that other
work on the machine changes them little. The many hours are made of the real ones: pieces of some
seconds, backwards, their pitches upside down, at other tempi, so that none is a copy of another.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from verifier.fingerprint import compute
from verifier.fingerprint.audio import fingerprint_samples
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.peaks import (
    PEAKS,
    RATE,
    VERSION,
    Peaks,
    fingerprint_peaks,
    format_peaks,
    parse_peaks,
)
from verifier.media.decode import samples

from .sound_edits import HIGH, Samples, interval, loudness, lower, mixed, read

SECONDS = 600


def spent(work: Callable[[], object]) -> float:
    """Seconds of the processor, of this process and its children; the best of three."""
    best = np.inf
    for _ in range(3):
        before = sum(os.times()[:4])
        work()
        best = min(best, sum(os.times()[:4]) - before)
    return float(best)


def run_quietly(command: list[str]) -> None:
    """Run a program for its time alone."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure_speed(sound: Samples, folder: Path) -> None:
    """Print how many times faster than real time fingerprints are made, on one core."""
    path = folder / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, HIGH, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    kind = detect_media_type(path.read_bytes()[:HEAD_SIZE])
    blocks = np.array_split(lower(sound), 200)
    fpcalc = shutil.which("fpcalc")
    works: dict[str, Callable[[], object]] = {
        "decoding alone": lambda: sum(map(len, samples(path, kind, rate=RATE))),
        "bands, of samples": lambda: fingerprint_samples(blocks),
        "peaks, of samples": lambda: fingerprint_peaks(blocks),
        "both, from the file": lambda: compute(path, kind),
    }
    if fpcalc:
        command = [fpcalc, "-raw", "-length", "0", str(path)]
        works["fpcalc, from the file"] = lambda: run_quietly(command)
    for name, work in works.items():
        print(f"  {name:24} {len(sound) / HIGH / spent(work):7.0f} x real time", flush=True)


def another(long: list[Peaks], random: np.random.Generator, seconds: float) -> Peaks:
    """Peaks as real ones are, of a recording that there is not."""
    times, pitches, at = [], [], 0.0
    while at < seconds:
        peaks = long[int(random.integers(len(long)))]
        length, rate = random.uniform(2, 8), np.exp(random.uniform(-0.5, 0.5))
        start = random.uniform(0, max(peaks.times[-1] - length, 0.01))
        piece = peaks.between(start, start + length)
        turned = random.uniform(31, 49) - piece.pitches
        inside = (turned >= 0) & (turned <= 48)
        times.append(at + (start + length - piece.times[inside]) / rate)
        pitches.append(turned[inside])
        at += length / rate
    order = np.argsort(np.concatenate(times))
    return Peaks(np.concatenate(times)[order], np.concatenate(pitches)[order])


def as_prints(peaks: Peaks) -> tuple[Fingerprint, ...]:
    """Peaks as they are recorded."""
    return (Fingerprint(PEAKS, VERSION, format_peaks(np.unique(peaks.numbers()))),)


def measure_search(sounds: list[Samples], hours: float) -> None:
    """Print what a search of 10 s costs, what is found of noisy excerpts, and what it takes."""
    random, index = np.random.default_rng(1), FingerprintIndex()
    prints = [fingerprint_peaks([lower(sound)]) for sound in sounds]
    for entry, each in enumerate(prints):
        index.add(entry, each)
    long = [parse_peaks(each[0].bits) for each in prints if each]
    for entry in range(round(hours * 6)):
        index.add(len(sounds) + entry, as_prints(another(long, random, SECONDS)))
    spends, found, wrong = [], 0, 0
    asked = [place for place, sound in enumerate(sounds) if len(sound) > 10.5 * HIGH][:40]
    for place in asked:
        start = int(random.integers(0, len(sounds[place]) - 10 * HIGH))
        part = sounds[place][start : start + 10 * HIGH]
        noise = random.standard_normal(len(part)).astype(np.float32)
        suspect = fingerprint_peaks([lower(mixed(part, noise, 5))])
        began = time.process_time()
        near = {each.entry_index for each in index.search(suspect)}
        spends.append(time.process_time() - began)
        found, wrong = found + (place in near), wrong + len(near - {place})
    kept = index.memory(PEAKS)
    total = sum(map(len, sounds)) / HIGH / 3600 + hours
    print(
        f"  {total:6.1f} hours: {1000 * np.median(spends):4.0f} ms of the processor for 10 s "
        f"(p95 {1000 * np.percentile(spends, 95):.0f}), {kept / total / 1e6:.1f} MB an hour; "
        f"at 5 dB of noise found {interval(found, len(asked))}, {wrong} false",
        flush=True,
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, nargs="*", default=[0, 100])
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.is_file())
    sounds = [sound for sound in map(read, paths) if len(sound) > HIGH and loudness(sound) > 1e-4]
    with tempfile.TemporaryDirectory() as name:
        whole = np.concatenate(sounds)[: SECONDS * HIGH]
        print(f"{len(whole) / HIGH:.0f} s of sound, one core")
        measure_speed(whole, Path(name))
    print("a search by peaks")
    for hours in options.hours:
        measure_search(sounds, hours)


if __name__ == "__main__":
    main()
