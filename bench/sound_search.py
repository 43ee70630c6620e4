"""What it costs to search fingerprints of sound among many hours, and whether it still finds.

    python -m bench.sound_search FOLDER [--hours N]

FOLDER holds recordings. The many hours are made of the real ones: pieces of some seconds,
backwards, their pitches upside down, at other tempi, so that none is a copy of another. What
fingerprints cost to make is measured by `bench.compare`.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from ledger.vocabulary import Fingerprint
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.peaks import (
    PEAKS,
    VERSION,
    Peaks,
    fingerprint_peaks,
    format_peaks,
    parse_peaks,
)

from .sound_edits import HIGH, Samples, interval, loudness, lower, mixed, read

SECONDS = 600


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
    print("a search by peaks")
    for hours in options.hours:
        measure_search(sounds, hours)


if __name__ == "__main__":
    main()
