"""Clips with edits of our own, and honest copies: which frames are shown is known to each frame."""

import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.media.ffmpeg import find_ffmpeg

from .clip_edits import H264, even, headers

LINES, LONGEST = 360, 10.0  # of the shorter side; seconds
Frames = npt.NDArray[np.uint8]  # (frames, bytes of one in yuv420p)
Moments = npt.NDArray[np.float64]  # of an edited clip's frames, in frames of the original
Span = tuple[float, float]


@dataclass(frozen=True)
class Original:
    """Some seconds of a clip, decoded."""

    name: str
    frames: Frames
    size: tuple[int, int]
    rate: float


@dataclass(frozen=True)
class Made:
    """A file that was made: by which edit, and where it was edited (seconds; empty: all of it)."""

    path: Path
    edit: str
    where: tuple[Span, ...]


def read(path: Path) -> Original | None:
    """Decode the middle of a clip; None where it is too short to edit."""
    size, rate, seconds = headers(path)
    scale = min(1.0, LINES / min(size))
    width, height = even(size[0] * scale), even(size[1] * scale)
    start = max(0.0, (seconds - LONGEST) / 2)
    wanted = ("-ss", f"{start:.3f}", "-i", str(path), "-t", str(LONGEST), "-an")
    scaled = ("-vf", f"scale={width}:{height},fps={rate}", "-pix_fmt", "yuv420p")
    done = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", *wanted, *scaled, "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    )
    each = width * height * 3 // 2
    frames = np.frombuffer(done.stdout, np.uint8)
    frames = frames[: len(frames) // each * each].reshape(-1, each)
    if len(frames) < 5 * rate or rate < 9:
        return None
    return Original(path.stem, frames, (width, height), rate)


def edits(count: int, rate: float, name: str) -> Iterator[tuple[str, Moments, tuple[Span, ...]]]:
    """What is done to a clip of so many frames: its name, which frames are shown, and where."""
    all_of_it = np.arange(count, dtype=np.float64)

    def drawn(edit: str) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"{name} {edit}".encode()))

    def pieces(*parts: Moments) -> Moments:
        return np.concatenate(parts)

    yield "slowed 0.75", np.floor(np.arange(count) * 0.75 + 1e-9), ()
    yield "slowed 0.75, blended", np.arange(count) * 0.75, ()
    yield "sped up 1.25", np.floor(np.arange(int(count / 1.25)) * 1.25 + 1e-9), ()
    first, last = round(0.3 * count), round(0.6 * count)
    slow = np.repeat(all_of_it[first:last], 2)
    where = ((first / rate, (2 * last - first) / rate),)
    yield "a stretch at 0.5", pieces(all_of_it[:first], slow, all_of_it[last:]), where
    random = drawn("frozen")
    length = round(random.uniform(0.5, min(2.0, count / rate / 4)) * rate)
    at = int(random.integers(round(rate), count - length - round(rate)))
    held = np.full(length, float(at))
    rest = all_of_it[at + length if random.random() < 0.5 else at :]
    where = ((at / rate, (at + length) / rate),)
    yield "frozen", pieces(all_of_it[:at], held, rest), where
    random = drawn("dropped")
    length = int(random.integers(3, 21))
    at = int(random.integers(round(rate), count - length - round(rate)))
    where = ((at / rate, at / rate),)
    yield "dropped 3-20", pieces(all_of_it[:at], all_of_it[at + length :]), where
    random = drawn("repeated")
    length = round(rate)
    at = int(random.integers(length, count - length))
    where = ((at / rate, (at + length) / rate),)
    yield "a second repeated", pieces(all_of_it[:at], all_of_it[at - length :]), where
    random = drawn("jump")
    length = round(random.uniform(1, min(3.0, count / rate / 3)) * rate)
    at = int(random.integers(round(rate), count - length - round(rate)))
    where = ((at / rate, at / rate),)
    yield "jump cut", pieces(all_of_it[:at], all_of_it[at + length :]), where


SECOND = (*H264, "-crf", "27")
HONEST = {
    "crf 20": (*H264, "-crf", "20"),
    "crf 27": SECOND,
    "crf 34": (*H264, "-crf", "34"),
    "GOP of 12": ("-c:v", "mpeg4", "-q:v", "5", "-g", "12", "-pix_fmt", "yuv420p"),
    "uneven times": (*H264, "-crf", "27", "-fps_mode", "passthrough", "-enc_time_base", "1/90000"),
    "240 lines": ("-vf", "scale=-2:240", *H264, "-crf", "30"),
}
CONVERTED = {"to 25 or 24 a second": SECOND, "to half the rate": SECOND}


def made(original: Original, folder: Path) -> Iterator[Made]:
    """Write every edited clip and every honest copy that is not there yet, and name each."""
    count, rate = len(original.frames), original.rate
    for edit, moments, where in edits(count, rate, original.name):
        yield _written(original, edit, moments, where, folder, SECOND)
    for edit, options in HONEST.items():
        yield _written(original, f"honest: {edit}", np.arange(count), (), folder, options)
    other = 24.0 if 24.5 < rate < 25.5 else 25.0
    steps = np.floor(np.arange(int(count * other / rate)) * rate / other + 1e-9)
    yield _written(original, "converted: 25/24", steps, (), folder, SECOND, other)
    yield _written(original, "converted: half", steps_of_two(count), (), folder, SECOND, rate / 2)


def steps_of_two(count: int) -> Moments:
    """Every other frame."""
    return np.arange(0, count, 2, dtype=np.float64)


def _written(
    original: Original,
    edit: str,
    moments: npt.NDArray[np.generic],
    where: tuple[Span, ...],
    folder: Path,
    options: tuple[str, ...],
    rate: float | None = None,
) -> Made:
    label = "".join(c if c.isalnum() or c == "." else "-" for c in edit)
    path = folder / f"{original.name}.{label}.mp4"
    if path.exists():
        return Made(path, edit, where)
    filters: tuple[str, ...] = ()
    if "uneven" in edit:  # as a phone does: each frame comes up to a third of a frame late
        late = f"settb=1/90000,setpts=PTS+random(1)*{90000 * 0.33 / original.rate:.1f}"
        filters = ("-vf", late)
    width, height = original.size
    raw = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}")
    speed = ("-r", f"{rate or original.rate:.6f}")
    process = subprocess.Popen(
        [find_ffmpeg(), "-v", "error", "-y", *raw, *speed, "-i", "-", *filters, *options, path],
        stdin=subprocess.PIPE,
    )
    assert process.stdin
    for moment in moments.astype(np.float64):
        process.stdin.write(shown(original.frames, float(moment)).tobytes())
    process.stdin.close()
    if process.wait():
        raise RuntimeError(f"ffmpeg did not write {path}")
    return Made(path, edit, where)


def shown(frames: Frames, moment: float) -> npt.NDArray[np.uint8]:
    """The frame of a moment, blended of two between frames."""
    before = min(int(moment), len(frames) - 1)
    share = moment - before
    if share < 1e-6 or before + 1 >= len(frames):
        return frames[before]
    both = (1 - share) * frames[before] + share * frames[before + 1]
    return np.rint(both).astype(np.uint8)
