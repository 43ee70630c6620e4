"""How well sound is found again, and how exactly its time map tells what was done to it.

    python -m bench.sound FOLDER [--copies N] [--maps N] [--words N]

FOLDER holds unrelated recordings of any kind that ffmpeg reads, and is no folder that anything was
tuned on. Copies are made for real, by ffmpeg's codecs and filters. Every share is followed by its
95 % interval (Clopper-Pearson); every false match is printed, so that a person can listen to it.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.fingerprint.index import FingerprintIndex

from .sound_edits import (
    COPIES,
    HIGH,
    Others,
    Samples,
    chosen,
    fingerprints,
    interval,
    read,
)
from .sound_maps import measure_maps, measure_words


def measure_copies(sounds: dict[str, Samples], count: int) -> None:
    """Search copies among all recordings: what is found, by what, and what should not be."""
    index, names = FingerprintIndex(), list(sounds)
    recorded_prints = [fingerprints(sounds[name]) for name in names]
    for entry, prints in enumerate(recorded_prints):
        index.add(entry, prints)
    hours = sum(map(len, sounds.values())) / HIGH / 3600
    some = chosen(sounds, count, 10.5)
    voices = [sounds[name] for name in chosen(sounds, 200, 8)]
    found: dict[str, list[set[str]]] = defaultdict(list)
    peer: dict[str, list[float]] = defaultdict(list)
    wrong, pairs, spent = 0, 0, 0.0
    for number, name in enumerate(some):
        others = Others(np.random.default_rng(number), voices)
        start = int(others.random.integers(0, len(sounds[name]) - 10 * HIGH))
        whole = sounds[name][start : start + 10 * HIGH]
        for what, copy in COPIES.items():
            made = copy(whole, others)
            prints = fingerprints(made)
            by: set[str] = set()
            began = time.process_time()
            for algorithm in {each.algorithm for each in prints}:
                for near in index.search([p for p in prints if p.algorithm == algorithm]):
                    if names[near.entry_index] == name:
                        by.add(algorithm)
                    elif what not in ("babble 10 dB", "another voice 0 dB"):  # those are there
                        wrong += 1
                        print(f"  match: {what} of {name} = {names[near.entry_index]} {near}")
            spent += time.process_time() - began
            pairs += len(names) - 1
            found[what].append(by)
            if number < 20 and shutil.which("fpcalc"):
                peer[what].append(chromaprint_error(made, sounds[name]))
    print(
        f"{len(names)} recordings, {hours:.2f} hours; "
        f"a search takes {spent / pairs * len(names) * 1000:.0f} ms of processor time"
    )
    floor = (
        min(
            (
                chromaprint_error(sounds[one][: 10 * HIGH], sounds[other])
                for one in some[:20]
                for other in some[20:40]
            ),
            default=0.0,
        )
        if peer
        else 0.0
    )
    print_found(found, peer, floor)
    print(f"{wrong} false matches in {pairs} pairs: {interval(wrong, pairs)}")


def print_found(
    found: dict[str, list[set[str]]], peer: dict[str, list[float]], floor: float
) -> None:
    """The table of what was found."""
    print(f"{'':20} {'bands or peaks':38} bands   peaks   chromaprint")
    shares = []
    for what, each in found.items():
        either = sum(bool(by) for by in each)
        shares.append(either / len(each))
        alone = [
            sum(name in by for by in each) / len(each) for name in ("sound-bands", "sound-peaks")
        ]
        beside = (
            f"{100 * np.mean(np.array(peer[what]) < floor):5.0f}" if peer else "   not installed"
        )
        print(
            f"{what:20} {interval(either, len(each)):38} "
            f"{100 * alone[0]:5.1f}   {100 * alone[1]:5.1f}   {beside}"
        )
    print(f"{'mean':20} {100 * np.mean(shares):5.1f} %")


def chromaprint_error(suspect: Samples, original: Samples) -> float:
    """The share of bits that differ where fpcalc's fingerprints lie best over one another."""
    ours, theirs = chromaprint(suspect), chromaprint(original)
    if not len(ours) or len(theirs) < len(ours):
        return 1.0
    windows = np.lib.stride_tricks.sliding_window_view(theirs, len(ours))
    return float(np.bitwise_count(windows ^ ours).mean(axis=1).min()) / 32


def chromaprint(sound: Samples) -> npt.NDArray[np.uint32]:
    """What `fpcalc -raw` says of a sound."""
    import wave

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, HIGH, 0, "NONE", ""))
            file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
        done = subprocess.run(
            [shutil.which("fpcalc") or "fpcalc", "-raw", "-plain", "-length", "0", str(path)],
            check=False,
            capture_output=True,
        )
    return np.array([int(each) for each in done.stdout.split(b",") if each.strip()], np.uint32)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=100, help="recordings to make copies of")
    parser.add_argument("--maps", type=int, default=60, help="recordings to edit")
    parser.add_argument("--words", type=int, default=0, help="more words to replace in each")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.is_file())
    sounds = {str(path.relative_to(options.folder)): read(path) for path in paths}
    if options.copies:
        measure_copies(sounds, options.copies)
    if options.maps:
        measure_maps(sounds, options.maps)
    if options.words:
        measure_words(sounds, options.maps or 40, options.words)


if __name__ == "__main__":
    main()
