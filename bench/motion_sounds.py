"""Recordings with edits of our own, and honest copies: what was done is known to each sample."""

import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .motion_edits import Made
from .sound_edits import HIGH, Samples, loudness, read, run_quietly, through

SHORTEST, LONGEST = 6.0, 20.0  # seconds
MOST_OF_A_SOURCE = 12  # recordings whose names begin alike
_FADE = 0.005  # seconds that a careful editor fades over
LATER = {  # how an edited recording is written
    "WAV": ("wav", ("-c:a", "pcm_s16le")),
    "AAC 64 kb/s": ("m4a", ("-c:a", "aac", "-b:a", "64k")),
}
HONEST = {
    **LATER,
    "AAC 24 kb/s": ("m4a", ("-c:a", "aac", "-b:a", "24k")),
    "AAC 128 kb/s at 44.1 kHz": ("m4a", ("-ar", "44100", "-c:a", "aac", "-b:a", "128k")),
    "MP3 48 kb/s": ("mp3", ("-c:a", "libmp3lame", "-b:a", "48k")),
    "MP3 128 kb/s at 44.1 kHz": ("mp3", ("-ar", "44100", "-c:a", "libmp3lame", "-b:a", "128k")),
    "Opus 24 kb/s": ("ogg", ("-c:a", "libopus", "-b:a", "24k")),
    "telephone": ("wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
    "louder": ("wav", ("-af", "volume=9dB,alimiter=limit=0.9", "-c:a", "pcm_s16le")),
}
AFTER_AAC = {  # how a recording is written that was AAC when it was edited
    "WAV": LATER["WAV"],
    "MP3 64 kb/s": ("mp3", ("-c:a", "libmp3lame", "-b:a", "64k")),
}
ATEMPO = {"stretched 0.8": 0.8, "stretched 1.25": 1.25}


def excerpt(path: Path) -> Samples | None:
    """The middle of a recording; None where it is too short or too quiet to edit."""
    sound = read(path)
    most = round(LONGEST * HIGH)
    start = max(0, (len(sound) - most) // 2)
    sound = sound[start : start + most]
    if len(sound) < SHORTEST * HIGH or loudness(sound) < 1e-3:
        return None
    return sound


def sources(folder: Path) -> Iterator[tuple[str, Samples, list[Samples]]]:
    """Some recordings of each source in a folder, and for each those of all other sources."""
    heard: dict[str, list[tuple[str, Samples]]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        source = path.name.replace("_", "-").split("-")[0]
        if len(heard[source]) < MOST_OF_A_SOURCE and (sound := excerpt(path)) is not None:
            heard[source].append((f"{source}{len(heard[source]) + 1}", sound))
    if sum(map(bool, heard.values())) < 2:
        raise SystemExit(
            "recordings of two sources are needed, for splices: a source is the beginning of a "
            "file's name, up to - or _"
        )
    for source, some in heard.items():
        others = [sound for other in heard if other != source for _, sound in heard[other]]
        for name, sound in some:
            yield name, sound, others


def quiet_place(sound: Samples, low: float, high: float, random: np.random.Generator) -> int:
    """Somewhere between two shares of a recording, where it is quiet for a moment: a sample."""
    step = HIGH // 50
    first, last = round(low * len(sound)), round(high * len(sound))
    levels = [loudness(sound[at : at + step]) for at in range(first, last - step, step)]
    quiet = np.argsort(levels)[: max(1, len(levels) // 8)]
    return first + step * int(random.choice(quiet)) + step // 2


def joined(parts: list[Samples]) -> Samples:
    """Parts one behind the other, each faded into the next for 5 ms."""
    over = round(_FADE * HIGH)
    rise = np.linspace(0, 1, over, dtype=np.float32)
    whole = parts[0].copy()
    for part in parts[1:]:
        whole[-over:] = whole[-over:] * (1 - rise) + part[:over] * rise
        whole = np.concatenate([whole, part[over:]])
    return whole


def edits(
    name: str, sound: Samples, others: list[Samples]
) -> Iterator[tuple[str, Samples, tuple[tuple[float, float], ...]]]:
    """What is done to a recording: the edit, what comes of it, and where (seconds)."""

    def drawn(edit: str) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"{name} {edit}".encode()))

    random = drawn("elsewhere")
    at, after = quiet_place(sound, 0.2, 0.45, random), quiet_place(sound, 0.55, 0.8, random)
    foreign = others[int(random.integers(len(others)))]
    length = round(random.uniform(1.0, 2.5) * HIGH)
    first = int(random.integers(0, len(foreign) - length))
    taken = foreign[first : first + length]
    taken = taken * np.float32(loudness(sound) / max(loudness(taken), 1e-4))
    where = ((at / HIGH, (at + length) / HIGH),)
    yield "spliced from elsewhere", joined([sound[:at], taken, sound[at:]]), where
    random = drawn("itself")
    length = max(HIGH // 2, min(after - at, round(1.5 * HIGH)))
    where = ((at / HIGH, at / HIGH),)
    yield "a part cut out", joined([sound[:at], sound[at + length :]]), where
    random = drawn("muted")
    length = round(random.uniform(0.2, 1.0) * HIGH)
    first = int(random.integers(HIGH, len(sound) - length - HIGH))
    mute = sound.copy()
    mute[first : first + length] = 0
    yield "muted", mute, ((first / HIGH, (first + length) / HIGH),)
    random = drawn("repeated")
    first = int(random.integers(0, len(sound) // 2 - HIGH))
    place = quiet_place(sound, 0.6, 0.9, random)
    again = joined([sound[:place], sound[first : first + HIGH], sound[place:]])
    yield "a second repeated", again, ((place / HIGH, (place + HIGH) / HIGH),)


def was_aac(name: str, sound: Samples) -> Samples:
    """What comes of a recording that was kept as AAC at 32 kb/s, from some sample on."""
    kept = through("-c:a", "aac", "-b:a", "32k", ending=".m4a")(sound, [])
    return kept[1 + zlib.crc32(name.encode()) % 1023 :]


def made(name: str, sound: Samples, others: list[Samples], folder: Path) -> Iterator[Made]:
    """Write every edited recording and every honest copy that is not there yet, and name each."""
    for edit, edited, where in edits(name, sound, others):
        for way, (ending, options) in LATER.items():
            yield written(name, edited, f"{edit}, {way}", where, folder, ending, options)
    yield from _made_of_aac(name, sound, others, folder)
    for edit, rate in ATEMPO.items():
        for way, (ending, options) in LATER.items():
            tempo = ("-af", f"atempo={rate}", *options)
            yield written(name, sound, f"{edit}, {way}", (), folder, ending, tempo)
    for way, (ending, options) in HONEST.items():
        yield written(name, sound, f"honest: {way}", (), folder, ending, options)


def _made_of_aac(name: str, sound: Samples, others: list[Samples], folder: Path) -> Iterator[Made]:
    before = was_aac(name, sound)
    for edit, edited, where in edits(name, before, others):
        if edit in ("spliced from elsewhere", "a part cut out"):
            for way, (ending, options) in AFTER_AAC.items():
                said = f"AAC before, {edit}, {way}"
                yield written(name, edited, said, where, folder, ending, options)
    for way, (ending, options) in AFTER_AAC.items():
        yield written(name, before, f"honest: AAC before, {way}", (), folder, ending, options)


def written(
    name: str,
    sound: Samples,
    edit: str,
    where: tuple[tuple[float, float], ...],
    folder: Path,
    ending: str,
    options: tuple[str, ...],
) -> Made:
    """Save a copy, unless it is there, and name it."""
    label = "".join(c if c.isalnum() or c == "." else "-" for c in edit)
    path = folder / f"{name}.{label}.{ending}"
    if not path.exists():
        whole = np.clip(np.rint(sound * 32768), -32768, 32767).astype("<i2")
        raw = ("-f", "s16le", "-ar", str(HIGH), "-ac", "1", "-i", "-")
        run_quietly(*raw, *options, str(path), sound=whole.tobytes())
    return Made(path, edit, where)
