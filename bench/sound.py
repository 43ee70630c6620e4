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
from scipy.signal import resample_poly

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


def lower(sound: Samples) -> Samples:
    """The samples at RATE of a sound at HIGH."""
    return np.asarray(resample_poly(sound, 1, HIGH // RATE), np.float32)


def fingerprints(sound: Samples) -> Prints:
    """Both fingerprints of a recording in HIGH samples a second."""
    low = lower(sound)
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
    for name, filters in (
        ("", "atempo=2"),
        (", pitch moved", f"asetrate={HIGH * 2},aresample={HIGH}"),
    ):
        hurried = Stretch(word, word + 1, 2, filters)
        yield f"1 s at 2x{name}", [Stretch(0, word), hurried, Stretch(word + 1, end)]
    yield "voice inserted", [Stretch(0, word), Stretch(0, 2, foreign=True), Stretch(word, end)]
    yield (
        "1 s muted",
        [Stretch(0, word), Stretch(word, word + 1, mute=True), Stretch(word + 1, end)],
    )


def play(sound: Samples, script: list[Stretch], others: Others) -> Samples:
    """The suspect of a script."""
    made = []
    for stretch in script:
        part = sound[round(stretch.start * HIGH) : round(stretch.end * HIGH)]
        if stretch.foreign:
            part = loudest(others.voice(4 * HIGH + len(part)), len(part)) * loudness(sound)
        if stretch.mute:
            part = part * np.float32(0)
        if stretch.filters:
            part = filtered(stretch.filters)(part, others)
            part = part[: round((stretch.end - stretch.start) / stretch.rate * HIGH)]
        made.append(part.astype(np.float32))
    return np.concatenate(made)


def loudest(voice: Samples, length: int) -> Samples:
    """So much of a voice, from where it is loudest for 0.4 s, with a loudness of 1."""
    power = np.square(voice[: len(voice) - length + HIGH * 4 // 10 : 16])
    start = 16 * int(np.argmax(np.convolve(power, np.ones(400), "valid")))
    part = voice[min(start, len(voice) - length) :][:length]
    return np.asarray(part / np.float32(loudness(part)), np.float32)


def moments_played(
    script: list[Stretch], times: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """For times of a suspect the original's moments; NaN where it is heard nothing of."""
    moments, begin = np.full(len(times), np.nan), 0.0
    for each in script:
        end = begin + (each.end - each.start) / each.rate
        if not (each.foreign or each.mute):
            inside = (times >= begin) & (times < end)
            moments[inside] = each.start + each.rate * (times[inside] - begin)
        begin = end
    return moments


def moments_said(found: SoundMap, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The same, as a map says."""
    moments = np.full(len(times), np.nan)
    for each in found.segments:
        if each.rate is not None and each.original is not None:
            inside = (times >= each.suspect[0]) & (times < each.suspect[1])
            share = (times[inside] - each.suspect[0]) / (each.suspect[1] - each.suspect[0])
            moments[inside] = each.original[0] + share * (each.original[1] - each.original[0])
    return moments


def a_word(sound: Samples, random: np.random.Generator) -> float:
    """A second that is heard, and so is what lies before it, within it and after: its start."""
    step = HIGH // 10
    levels = np.square(sound[: len(sound) // step * step]).reshape(-1, step).mean(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(levels, 12)  # from a tenth before it
    middle = np.arange(30, min(len(around), 240) - 45)
    edges = around[middle - 1][:, [0, 1, 4, 5, 10, 11]].min(axis=1)
    heard = middle[edges >= np.percentile(edges, 80)]
    return float(random.choice(heard)) / 10


HONEST = ("MP3 32 kb/s", "Opus 16 kb/s", "telephone", "noise 10 dB")


@dataclass(frozen=True)
class Score:
    """How good one map is. Errors in seconds; shares of the suspect's hundredths."""

    error: float  # the median
    within: tuple[float, float]  # shares within 0.05 and 0.1 s
    edges: tuple[float, ...]  # from each true edge to the nearest said
    rate: float  # how far the rate said is from the true one, in shares; NaN where none was changed
    right: bool  # it says what was done


def measure_maps(sounds: dict[str, Samples], count: int) -> None:
    """Map suspects of known scripts, through noise of 20 dB and Opus 24 kb/s; and honest copies."""
    voices = [sounds[name] for name in chosen(sounds, 200, 8)]
    results: dict[str, list[Score]] = defaultdict(list)
    spent, total = 0.0, 0.0
    for number, name in enumerate(chosen(sounds, count, 12)):
        others = Others(np.random.default_rng(number), voices)
        low = lower(sounds[name])
        originals = {"file": hear([low]), "record": recorded(fingerprint_peaks([low]))}
        word = a_word(sounds[name], others.random)
        for what, script, made in suspects(sounds[name], word, others):
            suspect = hear([made])
            for label, original in originals.items():
                began = time.process_time()
                found = map_sound(suspect, original)
                spent, total = spent + time.process_time() - began, total + suspect.duration
                results[f"{what} / {label}"].append(score(what, found, script, word))
        print(f"  {number + 1} recordings mapped", flush=True)
        if number % 20 == 19:
            print_maps(results)
    print_maps(results)
    print(f"a map takes {1000 * spent / total:.1f} ms of processor time for a second of sound")


def suspects(
    sound: Samples, word: float, others: Others
) -> Iterator[tuple[str, list[Stretch], Samples]]:
    """What is done to a recording, as a script, and what comes of it at RATE."""
    length = len(sound) / HIGH
    for what, script in scripts(length, word):
        noisy = others.noise(play(sound, script, others), 20)
        yield what, script, through(*OPUS, "24k", ending=".opus", rate=RATE)(noisy, others)
    end = min(length, 24.0)
    for what in HONEST:
        made = COPIES[what](sound[: round(end * HIGH)], others)
        yield what, [Stretch(0, end)], lower(made)


def print_maps(results: dict[str, list[Score]]) -> None:
    """The table of maps."""
    print(
        f"{'':31} {'median error':>12} {'<= 0.05 s':>9} {'<= 0.1 s':>9}  {'edges':>8} "
        f"{'<= 0.05 s':>9} {'rate off':>8}   as it was done"
    )
    for what, scores in results.items():
        edges = np.array([edge for each in scores for edge in each.edges])
        near = np.mean([each.within for each in scores], axis=0)
        rates = [each.rate for each in scores if not np.isnan(each.rate)]
        error = 1000 * np.nanmedian([each.error for each in scores])
        said = (
            f"{1000 * np.median(edges):5.0f} ms {100 * (edges <= 0.05).mean():7.1f} %"
            if len(edges)
            else f"{'':18}"
        )
        rate = f"{100 * np.median(rates):6.2f} %" if rates else f"{'':8}"
        right = interval(sum(each.right for each in scores), len(scores))
        print(
            f"{what:31} {error:9.1f} ms {100 * near[0]:7.1f} % {100 * near[1]:7.1f} %  "
            f"{said} {rate}   {right}",
            flush=True,
        )


def score(what: str, found: SoundMap | None, script: list[Stretch], word: float) -> Score:
    """Judge a map by the script of its suspect."""
    ends = np.cumsum([(each.end - each.start) / each.rate for each in script])
    edges = ends[:-1].tolist()
    if found is None:
        return Score(np.nan, (0.0, 0.0), tuple(9.0 for _ in edges), np.nan, right=False)
    times = np.arange(0, ends[-1], 0.01)
    error = np.abs(moments_said(found, times) - moments_played(script, times))
    error = error[~np.isnan(moments_played(script, times))]
    error[np.isnan(error)] = 9
    said = np.array([0.0, *(each.suspect[1] for each in found.segments)])
    rates = [each.rate for each in script if each.rate != 1]
    off = [
        abs(each.rate / rates[0] - 1)
        for each in found.segments
        if rates and each.rate and each.kind in (SegmentKind.SLOWED, SegmentKind.SPED_UP)
    ]
    return Score(
        float(np.median(error)),
        (float((error <= 0.05).mean()), float((error <= 0.1).mean())),
        tuple(float(np.abs(said - edge).min()) for edge in edges),
        min(off, default=np.nan),
        says(what, found, word),
    )


def says(what: str, found: SoundMap, word: float) -> bool:
    """Whether a map tells what a script did, and nothing else that matters."""
    kinds = [each.kind for each in found.segments]
    if what in ("the same", "excerpt", *HONEST):
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
        "1 s at 2x, pitch moved": SegmentKind.SPED_UP,
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
