"""The sound of published clips, edited as their pictures are: AAC as it was published."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.probe import probe

from .clip_edits import headers, type_of
from .motion_edits import LONGEST, Made, Span, edits

Stereo = npt.NDArray[np.float32]  # (samples, 2), in steps of 16 bits

SHORTEST = 5.0  # seconds
AUDIBLE = 40.0  # steps of 16 bits that the loudest sample has
_FADE = 0.005  # seconds
CUTS, SPED_UP = ("dropped 3-20", "jump cut"), "sped up 1.25"
LATER = {
    "WAV": ("wav", ("-c:a", "pcm_s16le")),
    "AAC 128 kb/s": ("m4a", ("-c:a", "aac", "-b:a", "128k")),
}


def read(path: Path) -> tuple[Stereo, int, float] | None:
    """The middle of a clip's sound, its rate, and its pictures'; None without AAC that is heard."""
    _, pictures, seconds = headers(path)
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
    return sound, streams[0].rate, pictures


def made(path: Path, folder: Path) -> Iterator[Made]:
    """Write a clip's sound cut as its pictures are, sped up, and as it is; nothing without AAC."""
    found = read(path)
    if found is None:
        return
    sound, rate, pictures = found
    count = round(len(sound) / rate * pictures)
    kept: list[tuple[str, Stereo, tuple[Span, ...], tuple[str, ...]]] = [("honest", sound, (), ())]
    for edit, moments, where in edits(count, pictures, path.stem):
        if edit in CUTS:
            last = int(np.flatnonzero(np.diff(moments) != 1)[0])
            at, end = (round(moments[n] / pictures * rate) for n in (last, last + 1))
            kept.append((edit, cut(sound, at, end, round(_FADE * rate)), where, ()))
        if edit == SPED_UP:
            kept.append((edit, sound, (), ("-af", "atempo=1.25")))
    for edit, steps, where, filters in kept:
        for way, (ending, options) in LATER.items():
            said = f"honest: {way}" if edit == "honest" else f"{edit}, {way}"
            label = "".join(c if c.isalnum() else "-" for c in said)
            written = folder / f"{path.stem}.{label}.{ending}"
            if not written.exists():
                raw = ("-f", "s16le", "-ar", str(rate), "-ac", "2", "-i", "-")
                subprocess.run(
                    [find_ffmpeg(), "-v", "error", "-y", *raw, *filters, *options, str(written)],
                    input=np.clip(np.rint(steps), -32768, 32767).astype("<i2").tobytes(),
                    check=True,
                )
            yield Made(written, said, where)


def cut(sound: Stereo, at: int, end: int, over: int) -> Stereo:
    """Leave out what lies between two samples, with a fade of `over` samples."""
    rise = np.linspace(0, 1, over, dtype=np.float32)[:, None]
    seam = sound[at - over : at] * (1 - rise) + sound[end - over : end] * rise
    return np.concatenate([sound[: at - over], seam, sound[end:]])
