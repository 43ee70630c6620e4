"""How exactly the time map of a recording tells what was done to it. Run by `bench.sound`."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from verifier.compare.hearing import hear, recorded
from verifier.compare.result import Segment, SegmentKind
from verifier.compare.sound import SoundMap, map_sound
from verifier.fingerprint.peaks import RATE, fingerprint_peaks

from .sound_edits import (
    COPIES,
    HIGH,
    OPUS,
    Others,
    Samples,
    chosen,
    filtered,
    interval,
    lateness,
    loudness,
    lower,
    through,
)

# A script is a list of stretches: where in the original, in seconds, and what is done to it.


@dataclass(frozen=True)
class Stretch:
    """Some seconds of the original, through a filter, or other sound instead of them."""

    start: float
    end: float
    rate: float = 1.0
    filters: str = ""
    foreign: bool = False
    mute: bool = False
    late: float = 0.0  # seconds of the original by which the filter is off from an even map


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


def play(sound: Samples, script: list[Stretch], others: Others) -> tuple[Samples, list[Stretch]]:
    """The suspect of a script, and the script with how far its filters were off."""
    made, played = [], []
    for stretch in script:
        part, late = sound[round(stretch.start * HIGH) : round(stretch.end * HIGH)], 0.0
        if stretch.foreign:
            part = loudest(others.voice(4 * HIGH + len(part)), len(part)) * loudness(sound)
        if stretch.mute:
            part = part * np.float32(0)
        if stretch.filters:
            whole, part = part, filtered(stretch.filters)(part, others)
            if stretch.filters.startswith("atempo"):
                late = lateness(whole, part, stretch.rate)
            part = part[: round((stretch.end - stretch.start) / stretch.rate * HIGH)]
        made.append(part.astype(np.float32))
        played.append(replace(stretch, late=late))
    return np.concatenate(made), played


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
            moments[inside] = each.start + each.late + each.rate * (times[inside] - begin)
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
    stated: tuple[tuple[bool, float], ...]  # whether each lies within what is stated, and its width
    rate: float  # how far the rate said is from the true one, in shares; NaN where none was changed
    right: bool  # it says what was done
    found: bool  # it says that something was done there, whatever else it says
    unclear: float  # the share of the suspect of which it says that it cannot be told


def measure_maps(sounds: dict[str, Samples], count: int) -> None:
    """Map suspects of known scripts, through noise of 20 dB and Opus 24 kb/s; and honest copies."""
    voices = [sounds[name] for name in chosen(sounds, 200, 8)]
    results: dict[str, list[Score]] = defaultdict(list)
    spent, total = 0.0, 0.0
    order = list(enumerate(chosen(sounds, count, 12)))
    np.random.default_rng(1).shuffle(order)  # so that a run cut short tells of all kinds
    for done, (number, name) in enumerate(order, 1):
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
        print(f"  {done} recordings mapped", flush=True)
        if done % 10 == 0:
            print_maps(results)
    print_maps(results)
    print(f"a map takes {1000 * spent / total:.1f} ms of processor time for a second of sound")


def measure_words(sounds: dict[str, Samples], count: int, words: int) -> None:
    """Map suspects in each of which one word is replaced, so many of each of `count` recordings."""
    voices = [sounds[name] for name in chosen(sounds, 200, 8)]
    results: dict[str, list[Score]] = defaultdict(list)
    for number, name in enumerate(chosen(sounds, count, 12)):
        low = lower(sounds[name])
        originals = {"file": hear([low]), "record": recorded(fingerprint_peaks([low]))}
        for each in range(words):
            others = Others(np.random.default_rng((number, each)), voices)
            word, script, made = replaced(sounds[name], others)
            suspect = hear([made])
            for label, original in originals.items():
                found = map_sound(suspect, original)
                results[f"word replaced / {label}"].append(
                    score("word replaced", found, script, word)
                )
    print_maps(results)


def replaced(sound: Samples, others: Others) -> tuple[float, list[Stretch], Samples]:
    """A word, the script that replaces it, and what comes of it at RATE."""
    word = a_word(sound, others.random)
    script = dict(scripts(len(sound) / HIGH, word))["word replaced"]
    clean, played = play(sound, script, others)
    noisy = others.noise(clean, 20)
    return word, played, through(*OPUS, "24k", ending=".opus", rate=RATE)(noisy, others)


def suspects(
    sound: Samples, word: float, others: Others
) -> Iterator[tuple[str, list[Stretch], Samples]]:
    """What is done to a recording, as a script, and what comes of it at RATE."""
    length = len(sound) / HIGH
    for what, script in scripts(length, word):
        clean, played = play(sound, script, others)
        noisy = others.noise(clean, 20)
        yield what, played, through(*OPUS, "24k", ending=".opus", rate=RATE)(noisy, others)
    end = min(length, 24.0)
    for what in HONEST:
        made = COPIES[what](sound[: round(end * HIGH)], others)
        yield what, [Stretch(0, end)], lower(made)


def print_maps(results: dict[str, list[Score]]) -> None:
    """The table of maps."""
    print(
        f"{'':31} {'median error':>12} {'<= 0.05 s':>9} {'<= 0.1 s':>9}  {'edges':>8} "
        f"{'<= 0.05 s':>9} {'as stated':>9} {'stated':>8} {'rate off':>8}  unclear    found   "
        "as it was done"
    )
    for what, scores in results.items():
        edges = np.array([edge for each in scores for edge in each.edges])
        inside, widths = np.array([each for every in scores for each in every.stated] or [(0, 0)]).T
        near = np.mean([each.within for each in scores], axis=0)
        rates = [each.rate for each in scores if not np.isnan(each.rate)]
        error = 1000 * np.nanmedian([each.error for each in scores])
        said = (
            f"{1000 * np.median(edges):5.0f} ms {100 * (edges <= 0.05).mean():7.1f} % "
            f"{100 * inside.mean():7.1f} % {1000 * np.median(widths):5.0f} ms"
            if len(edges)
            else f"{'':37}"
        )
        rate = f"{100 * np.median(rates):6.2f} %" if rates else f"{'':8}"
        right = interval(sum(each.right for each in scores), len(scores))
        print(
            f"{what:31} {error:9.1f} ms {100 * near[0]:7.1f} % {100 * near[1]:7.1f} %  "
            f"{said} {rate}   {100 * np.mean([each.unclear for each in scores]):5.2f} % "
            f"{sum(each.found for each in scores):4} of {len(scores)}   {right}",
            flush=True,
        )


def score(what: str, found: SoundMap | None, script: list[Stretch], word: float) -> Score:
    """Judge a map by the script of its suspect."""
    ends = np.cumsum([(each.end - each.start) / each.rate for each in script])
    edges = ends[:-1].tolist()
    if found is None:
        none = tuple((False, 0.0) for _ in edges)
        return Score(
            np.nan,
            (0.0, 0.0),
            (9.0,) * len(edges),
            none,
            np.nan,
            right=False,
            found=False,
            unclear=0,
        )
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
        tuple(stated(found, edge) for edge in edges),
        min(off, default=np.nan),
        says(what, found, word),
        finds(found, script),
        sum(each.suspect[1] - each.suspect[0] for each in found.segments if is_unclear(each))
        / float(ends[-1]),
    )


def stated(found: SoundMap, edge: float) -> tuple[bool, float]:
    """Whether a true edge lies within what is stated of one, and how many seconds that are.

    What is not stated more exactly is to be right to 0.05 s.
    """
    spans = [
        each.ends or (each.suspect[1] - 0.05, each.suspect[1] + 0.05) for each in found.segments
    ]
    first, last = min(spans, key=lambda span: (max(span[0] - edge, edge - span[1]), span))
    return first - 1e-6 <= edge <= last + 1e-6, last - first


def is_unclear(segment: Segment) -> bool:
    """Whether a segment is one of which nothing is told."""
    return segment.kind is SegmentKind.UNCLEAR


def finds(found: SoundMap, script: list[Stretch]) -> bool:
    """Whether each stretch of other sound, or of none, and each hole is told to be something odd.

    What is told has to overlap it, wherever its edges are said to be.
    """
    odd = [
        each.suspect
        for each in found.segments
        if each.kind is not SegmentKind.SAME and not is_unclear(each)
    ]
    own = [each for each in script if not (each.foreign or each.mute)]
    begin, told = 0.0, []
    for each in script:
        end = begin + (each.end - each.start) / each.rate
        if each not in own:
            told.append(any(first < end and last > begin for first, last in odd))
        begin = end
    played = sorted((each.start, each.end) for each in [*own, *script])
    for (_, last), (first, _) in pairwise(played):
        if first > last:
            told.append(any(start < first and end > last for start, end in found.removed))
    return all(told)


def says(what: str, found: SoundMap, word: float) -> bool:
    """Whether a map tells what a script did, and nothing else that matters."""
    told = [each for each in found.segments if not is_unclear(each)]
    kinds = sorted({each.kind for each in told})
    if what in ("the same", "excerpt", *HONEST):
        return kinds == [SegmentKind.SAME] and not found.removed
    if what.startswith(("tempo", "speed")):
        rate = float(what.split()[1])
        longest = max(told, key=lambda each: each.suspect[1] - each.suspect[0])
        return len(kinds) == 1 and not found.removed and abs((longest.rate or 0) / rate - 1) < 0.01
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
