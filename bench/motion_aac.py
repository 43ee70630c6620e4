"""The sound of published clips, cut at its own rate: AAC as its publisher's program left it."""

import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.probe import probe

from .clip_edits import headers, type_of
from .motion_edits import LONGEST, Made

Stereo = npt.NDArray[np.float32]  # (samples, 2), in steps of 16 bits

SHORTEST, MARGIN = 6.0, 2.0  # seconds; from both ends, where nothing is cut
AUDIBLE = 40.0  # steps of 16 bits that the loudest sample has
_FADE = 0.005  # seconds
LATER = {
    "WAV": ("wav", ("-c:a", "pcm_s16le")),
    "MP3 128 kb/s": ("mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    "AAC 192 kb/s": ("m4a", ("-c:a", "aac", "-b:a", "192k")),
    "AAC 128 kb/s": ("m4a", ("-c:a", "aac", "-b:a", "128k")),
}


def read(path: Path) -> tuple[Stereo, int] | None:
    """The middle of a clip's sound and its rate; None where it is not AAC, short or silent."""
    _, _, seconds = headers(path)
    streams = probe(path, type_of(path)).sound
    if not streams or streams[0].codec != "aac" or not 16_000 <= streams[0].rate <= 48_000:
        return None
    start = max(0.0, (seconds - LONGEST) / 2)
    some = ("-ss", f"{start:.3f}", "-i", str(path), "-t", str(LONGEST), "-vn", "-ac", "2")
    done = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", *some, "-f", "s16le", "-"],
        capture_output=True,
        check=True,
    )
    sound = np.frombuffer(done.stdout, "<i2").reshape(-1, 2).astype(np.float32)
    if len(sound) < SHORTEST * streams[0].rate or np.abs(sound).max() < AUDIBLE:
        return None
    return sound, streams[0].rate


def made(path: Path, folder: Path) -> Iterator[Made]:
    """Write a clip's sound with a part cut out, and without; nothing where it cannot be."""
    found = read(path)
    if found is None:
        return
    sound, rate = found
    random = np.random.default_rng(zlib.crc32(path.stem.encode()))
    length = round(random.uniform(0.1, 2.0) * rate)
    at = int(random.integers(round(MARGIN * rate), len(sound) - length - round(MARGIN * rate)))
    where = ((at / rate, at / rate),)
    for way, (ending, options) in LATER.items():
        for edit, steps, place in (
            (f"a part cut out, {way}", cut(sound, at, length, round(_FADE * rate)), where),
            (f"honest: {way}", sound, ()),
        ):
            label = "".join(c if c.isalnum() else "-" for c in edit)
            written = folder / f"{path.stem}.{label}.{ending}"
            if not written.exists():
                raw = ("-f", "s16le", "-ar", str(rate), "-ac", "2", "-i", "-")
                subprocess.run(
                    [find_ffmpeg(), "-v", "error", "-y", *raw, *options, str(written)],
                    input=np.clip(np.rint(steps), -32768, 32767).astype("<i2").tobytes(),
                    check=True,
                )
            yield Made(written, edit, place)


def cut(sound: Stereo, at: int, length: int, over: int) -> Stereo:
    """Leave out so many samples from a place on, with a fade of `over` samples."""
    rise = np.linspace(0, 1, over, dtype=np.float32)[:, None]
    end = at + length
    seam = sound[at - over : at] * (1 - rise) + sound[end - over : end] * rise
    return np.concatenate([sound[: at - over], seam, sound[end:]])
