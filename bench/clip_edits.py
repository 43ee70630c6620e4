"""Real clips, edited and encoded again for real: what was done to each is known to the frame."""

import subprocess
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from verifier.errors import Unreadable
from verifier.fingerprint.luma import (
    FRAMES_PER_SECOND,
    Thumbnails,
    collect,
    format_thumbnails,
    frame_size,
    parse_thumbnails,
    steadied,
)
from verifier.media.decode import frames
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.probe import probe

LONGEST, SHORTEST = 20.0, 6.0  # seconds
FOREIGN = 1  # the source of what was inserted
LAYOUTS = ("plain", "crop", "mirror", "tall")


@dataclass(frozen=True)
class Piece:
    """A stretch of an edited clip: where it begins in its source, how long it plays, how fast."""

    start: float
    seconds: float  # of the edited clip
    rate: float
    source: int = 0

    def moment(self, after: float) -> float:
        """The original's moment so long after this stretch began."""
        return self.start + self.rate * after


def edits(whole: float) -> dict[str, list[Piece]]:
    """What is done to a clip of so many seconds."""

    def play(first: float, last: float, rate: float = 1.0, source: int = 0) -> Piece:
        return Piece(first * whole, (last - first) * whole / abs(rate), rate, source)

    fast = min(2.0, 0.3 * whole) / whole
    return {
        "same": [play(0, 1)],
        "slowed 0.75": [play(0, 1, 0.75)],
        "slowed 0.83": [play(0, 1, 0.83)],
        "sped up 1.07": [play(0, 1, 1.07)],
        "one second at 2": [play(0, 0.45), play(0.45, 0.45 + fast, 2), play(0.45 + fast, 1)],
        "cut": [play(0, 0.35), play(0.35 + min(0.25, 2.5 / whole), 1)],
        "re-ordered": [play(0, 0.3), play(0.6, 0.85), play(0.3, 0.6), play(0.85, 1)],
        "repeated": [play(0, 0.6), play(0.35, 0.6), play(0.6, 1)],
        "frozen": [play(0, 0.5), Piece(0.5 * whole, 1.5, 0.0), play(0.5, 1)],
        "reversed": [play(0, 0.35), Piece(0.65 * whole, 0.3 * whole, -1.0), play(0.65, 1)],
        "inserted": [play(0, 0.45), Piece(0.5, min(3, 0.3 * whole), 1.0, FOREIGN), play(0.45, 1)],
    }


def edited(
    original: Path, other: Path, edit: str, layout: str, folder: Path
) -> tuple[Path, list[Piece], float]:
    """Make one edited clip; return it, what was done on whole frames, and its frame rate."""
    (width, height), rate, seconds = headers(original)
    late = next(frames(original, type_of(original), per_second=1000))[0]  # sound may come first
    whole = min(seconds - late - 2 / rate, LONGEST)
    upright = width < height
    size = f"{even(360 * min(width / height, 16 / 9))}:360"
    if upright:
        size = f"360:{even(360 * min(height / width, 16 / 9))}"
    pieces, chains = [], []
    for number, piece in enumerate(edits(whole)[edit]):
        snapped = Piece(
            round(piece.start * rate) / rate,
            max(1, round(piece.seconds * abs(piece.rate or 1) * rate))
            / rate
            / abs(piece.rate or 1),
            piece.rate,
            piece.source,
        )
        pieces.append(replace(snapped, start=snapped.start + late))
        chains.append(
            f"[{snapped.source}:V]setpts=PTS-STARTPTS,{played(snapped, rate)},scale={size},"
            f"setsar=1,format=yuv420p[p{number}]"
        )
    joined = "".join(f"[p{number}]" for number in range(len(pieces)))
    seed = zlib.crc32(f"{original.stem} {edit}".encode())
    laid = laid_out(layout, size, upright, seed)
    joined += f"concat=n={len(pieces)}:v=1:a=0,fps={rate},{laid},setsar=1[v]"
    graph = ";".join([*chains, joined])
    path = folder / f"{original.stem}.{edit.replace(' ', '-')}.{layout}.mp4"
    if not path.exists():
        inputs = ("-i", str(original), "-i", str(other), "-filter_complex", graph, "-map", "[v]")
        run_ffmpeg(*inputs, *H264, "-crf", "32", str(path))
    return path, pieces, rate


H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1")


def run_ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly; raises CalledProcessError."""
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def headers(path: Path) -> tuple[tuple[int, int], float, float]:
    """Size, frames a second and seconds of a clip."""
    info = probe(path, type_of(path))
    assert info.size
    assert info.duration
    return info.size, info.video[0].frame_rate or 25.0, info.duration


def type_of(path: Path) -> MediaType:
    """What the first bytes of a file say it is."""
    with path.open("rb") as stream:
        return detect_media_type(stream.read(HEAD_SIZE))


def even(side: float) -> int:
    """The nearest even number of pixels."""
    return round(side / 2) * 2


def played(piece: Piece, rate: float) -> str:
    """The filters that play one stretch."""
    half, length = 0.5 / rate, piece.seconds * abs(piece.rate or 0)
    if piece.rate == 0:
        still = f"tpad=stop_mode=clone:stop_duration={piece.seconds - 1 / rate:.6f}"
        first, last = piece.start - half, piece.start + half
        return f"trim={first:.6f}:{last:.6f},setpts=PTS-STARTPTS,{still}"
    if piece.rate < 0:
        first, last = piece.start - length - half, piece.start - half
        return f"trim={max(0, first):.6f}:{last:.6f},setpts=PTS-STARTPTS,reverse"
    first, last = piece.start - half, piece.start + length - half
    steady = f",fps={rate}" if piece.source == FOREIGN else ""
    return f"trim={max(0, first):.6f}:{last:.6f},setpts=(PTS-STARTPTS)/{piece.rate}{steady}"


def laid_out(layout: str, size: str, upright: bool, seed: int) -> str:
    """The filters that crop, mirror or letterbox."""
    if layout == "mirror":
        return "hflip"
    if layout == "tall" and upright:
        return "scale=-2:360,pad=640:360:(ow-iw)/2:0"
    if layout == "tall":
        return "scale=360:-2,pad=360:640:0:(oh-ih)/2"
    if layout == "plain":
        return "null"
    random = np.random.default_rng(seed)
    across, down = random.uniform(0, 0.15, 2)
    letters = "".join(
        f",drawbox=x=iw*{0.05 + 0.06 * n:.2f}:y=ih*0.9:w=iw*{random.uniform(0.02, 0.04):.3f}:"
        "h=ih*0.05:color=white:t=fill"
        for n in range(12)
    )
    banner = "drawbox=x=0:y=ih*0.86:w=iw:h=ih*0.14:color=0x1034a6:t=fill"
    return f"crop=iw*0.85:ih*0.85:iw*{across:.4f}:ih*{down:.4f},scale={size},{banner}{letters}"


def recorded(path: Path) -> Thumbnails:
    """What the ledger keeps of a clip."""
    size, _, _ = headers(path)
    shown = frames(path, type_of(path), per_second=FRAMES_PER_SECOND, size=frame_size(size))
    return parse_thumbnails(format_thumbnails(steadied(collect(shown, size))))


def is_long_enough(path: Path) -> bool:
    """Whether a file is a clip that can be edited."""
    try:
        return headers(path)[2] >= SHORTEST
    except (Unreadable, AssertionError, IndexError):
        return False
