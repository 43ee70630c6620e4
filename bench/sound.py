"""How well sound is found again, and how exactly its time map tells what was done to it.

    python -m bench.sound FOLDER [--copies N] [--maps N]

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.vocabulary import Fingerprint
from verifier.compare.hearing import hear, recorded
from verifier.compare.result import SegmentKind
from verifier.compare.sound import SoundMap, map_sound
from verifier.fingerprint.audio import RATE as BAND_RATE
from verifier.fingerprint.audio import fingerprint_samples
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.peaks import RATE, fingerprint_peaks
from verifier.media.ffmpeg import find_ffmpeg

HIGH = 16000  # samples a second, in which copies are made
Samples = npt.NDArray[np.float32]
Prints = tuple[Fingerprint, ...]
Copy = Callable[[Samples, "Others"], Samples]

assert RATE == BAND_RATE


@dataclass
class Others:
    """What is mixed into copies."""

    random: np.random.Generator
    voices: list[Samples]

    def noise(self, sound: Samples, decibels: float) -> Samples:
        """The sound with white noise so many decibels below it."""
        return mixed(sound, self.random.standard_normal(len(sound)).astype(np.float32), decibels)

    def voice(self, length: int) -> Samples:
        """Some other recording, repeated as needed."""
        return np.resize(self.voices[int(self.random.integers(len(self.voices)))], length)

    def babble(self, length: int) -> Samples:
        """Six of them at once."""
        each = [self.voice(length) for _ in range(6)]
        return np.sum([one / loudness(one) for one in each], axis=0).astype(np.float32)

    def echo(self, sound: Samples) -> Samples:
        """The sound in a room: as much echo as sound, falling by 60 dB in half a second."""
        after = np.arange(HIGH // 2) / HIGH
        room = self.random.standard_normal(len(after)) * 10 ** (-6 * after)
        room[: HIGH * 3 // 1000] = 0
        room /= np.sqrt(np.square(room).sum())
        room[0] = 1
        size = len(sound) + len(room)
        both = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)
        return (both[: len(sound)] / 2).astype(np.float32)


def loudness(sound: Samples) -> float:
    """The root mean square."""
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean() + 1e-12))


def mixed(sound: Samples, other: Samples, decibels: float) -> Samples:
    """A sound and another, so many decibels below it."""
    both = sound + other * np.float32(loudness(sound) / loudness(other) * 10 ** (-decibels / 20))
    return (both / max(1.0, float(np.abs(both).max()))).astype(np.float32)


def read(path: Path, rate: int = HIGH) -> Samples:
    """The samples of a file, one channel."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(path), "-vn", "-ac", "1"]
    done = subprocess.run(
        [*command, "-ar", str(rate), "-f", "f32le", "-"], capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.float32)


def through(*options: str, ending: str = ".wav", rate: int = HIGH) -> Copy:
    """A copy that ffmpeg makes with these options."""

    def copy(sound: Samples, _: Others) -> Samples:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"copy{ending}"
            raw = ("-f", "f32le", "-ar", str(HIGH), "-ac", "1", "-i", "-")
            subprocess.run(
                [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *raw, *options, str(path)],
                input=sound.astype("<f4").tobytes(),
                check=True,
            )
            return read(path, rate)

    return copy


def filtered(filters: str) -> Copy:
    """A copy that ffmpeg's filters make."""
    return through("-af", filters)


def faster(rate: float) -> Copy:
    """At another speed, so that the pitch moves."""
    return filtered(f"asetrate={round(HIGH * rate)},aresample={HIGH}")


def higher(semitones: float) -> Copy:
    """At the same speed and another pitch."""
    ratio = 2 ** (semitones / 12)
    return filtered(f"asetrate={round(HIGH * ratio)},aresample={HIGH},atempo={1 / ratio:.6f}")


def excerpt(seconds: int) -> Copy:
    """Some seconds from anywhere."""

    def copy(sound: Samples, others: Others) -> Samples:
        start = int(others.random.integers(0, len(sound) - seconds * HIGH))
        return sound[start : start + seconds * HIGH]

    return copy


OPUS = ("-c:a", "libopus", "-b:a")
COPIES: dict[str, Copy] = {
    "10 s": lambda sound, _: sound,
    "5 s": excerpt(5),
    "3 s": excerpt(3),
    "MP3 32 kb/s": through("-c:a", "libmp3lame", "-b:a", "32k", ending=".mp3"),
    "AAC 24 kb/s": through("-c:a", "aac", "-b:a", "24k", ending=".m4a"),
    "Opus 16 kb/s": through(*OPUS, "16k", ending=".opus"),
    "telephone": through(
        "-af", "highpass=f=300,lowpass=f=3400", "-ar", "8000", "-c:a", "pcm_mulaw"
    ),
    "noise 10 dB": lambda sound, others: others.noise(sound, 10),
    "noise 0 dB": lambda sound, others: others.noise(sound, 0),
    "babble 10 dB": lambda sound, others: mixed(sound, others.babble(len(sound)), 10),
    "another voice 0 dB": lambda sound, others: mixed(sound, others.voice(len(sound)), 0),
    "echo": lambda sound, others: others.echo(sound),
    **{f"tempo {rate}": filtered(f"atempo={rate}") for rate in (0.75, 0.9, 1.1, 1.25, 1.5)},
    **{f"speed {rate}": faster(rate) for rate in (0.75, 0.9, 1.1, 1.25)},
    **{f"pitch {steps:+d}": higher(steps) for steps in (-2, 2)},
}


def fingerprints(sound: Samples) -> Prints:
    """Both fingerprints of a recording in HIGH samples a second."""
    low = through(rate=RATE)(sound, Others(np.random.default_rng(0), []))
    return fingerprint_samples([low]) + fingerprint_peaks([low])


def interval(good: int, tried: int) -> str:
    """A share and its two-sided 95 % interval (Clopper-Pearson)."""
    from scipy.stats import beta

    low = beta.ppf(0.025, good, tried - good + 1) if good else 0.0
    high = beta.ppf(0.975, good + 1, tried - good) if good < tried else 1.0
    return f"{100 * good / max(tried, 1):5.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {tried}"


def chosen(sounds: dict[str, Samples], count: int, seconds: float) -> list[str]:
    """Some recordings of at least so many seconds, evenly spread over the names."""
    long = [
        name
        for name, sound in sounds.items()
        if len(sound) > seconds * HIGH and loudness(sound) > 1e-3
    ]
    return [long[place] for place in np.unique(np.linspace(0, len(long) - 1, count).astype(int))]


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
            began = time.perf_counter()
            for algorithm in {each.algorithm for each in prints}:
                for near in index.search([p for p in prints if p.algorithm == algorithm]):
                    if names[near.entry_index] == name:
                        by.add(algorithm)
                    elif what not in ("babble 10 dB", "another voice 0 dB"):  # those are there
                        wrong += 1
                        print(f"  match: {what} of {name} = {names[near.entry_index]} {near}")
            spent += time.perf_counter() - began
            pairs += len(names) - 1
            found[what].append(by)
            if number < 20 and shutil.which("fpcalc"):
                peer[what].append(chromaprint_error(made, sounds[name]))
    print(
        f"{len(names)} recordings, {hours:.2f} hours; "
        f"a search takes {spent / pairs * len(names) * 1000:.0f} ms"
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


# Maps. A script is a list of stretches: where in the original, in seconds, and what is done to it.


@dataclass(frozen=True)
class Stretch:
    """Some seconds of the original, through a filter, or other sound instead of them."""

    start: float
    end: float
    rate: float = 1.0
    filters: str = ""
    foreign: bool = False
    mute: bool = False


def scripts(length: float, word: float) -> Iterator[tuple[str, list[Stretch]]]:
    """What is done to a recording of `length` seconds with a word at `word`."""
    end = min(length, 24.0)
    third = end / 3
    yield "the same", [Stretch(0, end)]
    yield "tempo 0.75", [Stretch(0, end, 0.75, "atempo=0.75")]
    yield "tempo 1.25", [Stretch(0, end, 1.25, "atempo=1.25")]
    yield "speed 0.75", [Stretch(0, end, 0.75, f"asetrate={HIGH * 3 // 4},aresample={HIGH}")]
    yield "speed 1.1", [Stretch(0, end, 1.1, f"asetrate={HIGH * 11 // 10},aresample={HIGH}")]
    yield "excerpt", [Stretch(third, end)]
    yield "word removed", [Stretch(0, word), Stretch(word + 0.4, end)]
    yield (
        "word replaced",
        [Stretch(0, word), Stretch(word, word + 0.4, foreign=True), Stretch(word + 0.4, end)],
    )
    yield "re-ordered", [Stretch(third, 2 * third), Stretch(0, third), Stretch(2 * third, end)]
    yield (
        "1 s at 2x",
        [Stretch(0, word), Stretch(word, word + 1, 2, "atempo=2"), Stretch(word + 1, end)],
    )
    yield "voice inserted", [Stretch(0, word), Stretch(0, 2, foreign=True), Stretch(word, end)]
    yield (
        "1 s muted",
        [Stretch(0, word), Stretch(word, word + 1, mute=True), Stretch(word + 1, end)],
    )


def play(
    sound: Samples, script: list[Stretch], others: Others
) -> tuple[Samples, npt.NDArray[np.float64]]:
    """The suspect of a script, and for each hundredth second of it the original's (or NaN)."""
    made, truth = [], []
    for stretch in script:
        part = sound[round(stretch.start * HIGH) : round(stretch.end * HIGH)]
        if stretch.foreign:
            voice = others.voice(4 * HIGH + len(part))
            loud = (
                int(
                    np.argmax(np.convolve(np.square(voice[: 4 * HIGH : 16]), np.ones(400), "valid"))
                )
                * 16
            )
            part = voice[loud : loud + len(part)]
            part = part * np.float32(loudness(sound) / loudness(part))
        if stretch.mute:
            part = part * np.float32(0)
        if stretch.filters:
            part = filtered(stretch.filters)(part, others)
            part = part[: round((stretch.end - stretch.start) / stretch.rate * HIGH)]
        made.append(part)
        seconds = np.arange(len(part)) / HIGH
        moments = stretch.start + stretch.rate * seconds
        truth.append(np.full(len(part), np.nan) if stretch.foreign or stretch.mute else moments)
    return np.concatenate(made), np.concatenate(truth)[:: HIGH // 100]


def mapped(found: SoundMap, count: int) -> npt.NDArray[np.float64]:
    """For each hundredth second of the suspect the original's, as the map says."""
    times = np.arange(count) / 100
    moments = np.full(count, np.nan)
    for each in found.segments:
        if each.rate is not None and each.original is not None:
            inside = (times >= each.suspect[0]) & (times < each.suspect[1])
            share = (times[inside] - each.suspect[0]) / (each.suspect[1] - each.suspect[0])
            moments[inside] = each.original[0] + share * (each.original[1] - each.original[0])
    return moments


def a_word(sound: Samples, random: np.random.Generator) -> float:
    """Where 0.4 s of the sound are loud: seconds."""
    step = HIGH // 10
    levels = np.square(sound[: len(sound) // step * step]).reshape(-1, step).mean(axis=1)
    four = np.convolve(levels, np.ones(4) / 4, "valid")
    middle = np.arange(30, min(len(four), 240) - 45)
    loud = middle[four[middle] > np.percentile(four, 60)]
    return float(random.choice(loud if len(loud) else middle)) / 10


def measure_maps(sounds: dict[str, Samples], count: int) -> None:
    """Map suspects of known scripts, through noise of 20 dB and Opus 24 kb/s."""
    voices = [sounds[name] for name in chosen(sounds, 200, 8)]
    results: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for number, name in enumerate(chosen(sounds, count, 12)):
        others = Others(np.random.default_rng(number), voices)
        low = through(rate=RATE)(sounds[name], others)
        original = recorded(fingerprint_peaks([low]))
        both = hear([low])
        word = a_word(sounds[name], others.random)
        for what, script in scripts(len(sounds[name]) / HIGH, word):
            made, truth = play(sounds[name], script, others)
            noisy = others.noise(made, 20)
            suspect = hear([through(*OPUS, "24k", ending=".opus", rate=RATE)(noisy, others)])
            for against, label in ((both, "file"), (original, "record")):
                found = map_sound(suspect, against)
                results[f"{what} / {label}"].append(score(what, found, truth, word))
    print(
        f"{'':24} {'median error':>13} {'<= 0.05 s':>10} {'<= 0.1 s':>9} {'wrong':>6}  "
        "as it was done"
    )
    for what, rows in results.items():
        error, near, nearer, odd, right = np.array(rows).T
        print(
            f"{what:24} {1000 * np.nanmedian(error):10.1f} ms {100 * near.mean():8.1f} %"
            f" {100 * nearer.mean():7.1f} %"
            f" {100 * odd.mean():5.1f}  {interval(int(right.sum()), len(right))}"
        )


def score(
    what: str, found: SoundMap | None, truth: npt.NDArray[np.float64], word: float
) -> tuple[float, ...]:
    """A map's median error, the shares within limits, and whether it says what was done."""
    if found is None:
        return np.nan, 0.0, 0.0, 1.0, 0.0
    moments = mapped(found, len(truth))
    error = np.abs(moments - truth)[~np.isnan(truth)]
    error[np.isnan(error)] = 9
    foreign = ~np.isnan(moments[np.isnan(truth)])
    return (
        float(np.median(error)),
        float((error <= 0.05).mean()),
        float((error <= 0.1).mean()),
        float(foreign.mean()) if len(foreign) else 0.0,
        float(says(what, found, word)),
    )


def says(what: str, found: SoundMap, word: float) -> bool:
    """Whether a map tells what a script did, and nothing else that matters."""
    kinds = [each.kind for each in found.segments]
    if what in ("the same", "excerpt"):
        return kinds == [SegmentKind.SAME] and not found.removed
    if what.startswith(("tempo", "speed")):
        rate = float(what.split()[1])
        return (
            len(kinds) == 1
            and not found.removed
            and abs((found.segments[0].rate or 0) / rate - 1) < 0.01
        )
    if what == "word removed":
        return any(
            abs(first - word) < 0.15 and abs(last - word - 0.4) < 0.15
            for first, last in found.removed
        )
    around = [
        each
        for each in found.segments
        if each.suspect[0] < word + 0.3 and each.suspect[1] > word + 0.1
    ]
    wanted = {
        "word replaced": SegmentKind.REPLACED,
        "1 s at 2x": SegmentKind.SPED_UP,
        "voice inserted": SegmentKind.INSERTED,
        "1 s muted": SegmentKind.ABSENT,
    }
    if what in wanted:
        return wanted[what] in {each.kind for each in around}
    order = [
        each.original[0]
        for each in found.segments
        if each.rate and each.original and each.suspect[1] - each.suspect[0] > 1
    ]
    return len(order) >= 3 and order[1] == min(order) and order[-1] == max(order)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=100, help="recordings to make copies of")
    parser.add_argument("--maps", type=int, default=60, help="recordings to edit")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.is_file())
    sounds = {str(path.relative_to(options.folder)): read(path) for path in paths}
    if options.copies:
        measure_copies(sounds, options.copies)
    if options.maps:
        measure_maps(sounds, options.maps)


if __name__ == "__main__":
    main()
