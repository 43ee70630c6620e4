"""How well the time map of a clip is found: real clips, edited and encoded again for real.

    python -m bench.timemap FOLDER [--all] [--keep FOLDER] [--part N/M] [--results FILE]

Each clip of FOLDER (6 s or longer; of longer ones the first 20 s are edited) is slowed, sped up,
cut, re-ordered, and so on; then left plain, cropped by 15 % under a banner, mirrored, or laid into
an upright frame, in turn (with `--all`: each of these); and encoded with H.264 at 360 lines, crf
32. What `verifier.compare.clip` says is held against what was done, once with the whole original
at hand (dense) and once with its record `clip-luma` (sparse). Intervals are 95 %: of shares of
copies Clopper and Pearson's, of shares of seconds by drawing clips again. `--part N/M` takes every
M-th clip from the N-th on; `--results` gathers the rows of several runs and leaves out clips that
it has; `--keep` keeps the edited clips.
"""

import argparse
import json
import subprocess
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from verifier.compare.clip import map_clip
from verifier.compare.footage import read_footage
from verifier.compare.result import Segment
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
WITHIN = 0.1  # seconds
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


@dataclass(frozen=True)
class Row:
    """What one comparison came to."""

    clip: str
    edit: str
    layout: str
    record: str
    right: int  # tenths of a second, within WITHIN
    tenths: int
    rates: list[float]  # relative errors, of the stretches that were slowed or sped up
    boundaries: list[float]  # errors in frames
    missed: int  # boundaries that nothing was found near
    found: int  # segments that were found
    kinds: list[list[str]]  # true kind and found kind, by tenth
    seconds: float  # of processor time


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


def judge(
    pieces: Sequence[Piece], rate: float, segments: Sequence[Segment]
) -> tuple[int, int, list[float], list[float], int, list[list[str]]]:
    """Hold a time map against what was done."""
    starts = np.cumsum([0.0, *(piece.seconds for piece in pieces)])
    right, kinds, rates = 0, [], []
    tenths = np.arange(0.05, starts[-1] - 0.02, 0.1)
    seen: list[tuple[float, float]] = []
    for at in tenths.tolist():
        number = int(np.searchsorted(starts, at, "right")) - 1
        piece = pieces[number]
        wanted = None if piece.source else piece.moment(at - float(starts[number]))
        segment = next((each for each in segments if each.suspect[0] <= at < each.suspect[1]), None)
        shown = moment_of(segment, at)
        right += shown is wanted or (
            shown is not None and wanted is not None and abs(shown - wanted) <= WITHIN
        )
        again = wanted is not None and any(a <= wanted < b for a, b in seen)
        kinds.append([true_kind(piece, again), "nothing" if segment is None else segment.kind])
        if at + 0.1 >= starts[number + 1] and not piece.source:
            seen.append(tuple(sorted((piece.start, piece.moment(piece.seconds)))))
    for start, piece in zip(starts, pieces, strict=False):
        middle = float(start) + piece.seconds / 2
        segment = next((s for s in segments if s.suspect[0] <= middle < s.suspect[1]), None)
        if piece.rate not in (0.0, 1.0, -1.0) and segment is not None and segment.rate:
            rates.append(segment.rate / piece.rate - 1)
    edges = [each.suspect[0] for each in segments[1:]]
    errors = [min((abs(edge - s) * rate for edge in edges), default=1e9) for s in starts[1:-1]]
    near = [error for error in errors if error <= rate / 2]
    return right, len(tenths), rates, near, len(errors) - len(near), kinds


def moment_of(segment: Segment | None, at: float) -> float | None:
    """The original's moment that a segment shows at a time of the suspect."""
    if segment is None or segment.original is None or segment.rate is None:
        return None
    share = (at - segment.suspect[0]) / (segment.suspect[1] - segment.suspect[0])
    first, last = segment.original
    return first + (1 - share if segment.rate < 0 else share) * (last - first)


def true_kind(piece: Piece, again: bool) -> str:
    """What a stretch is called."""
    if piece.source:
        return "inserted"
    if piece.rate == 0:
        return "frozen"
    if piece.rate < 0:
        return "reversed"
    if again:
        return "repeated"
    return "same" if piece.rate == 1 else "slowed" if piece.rate < 1 else "sped-up"


def measured(
    clips: Sequence[Path], part: tuple[int, int], folder: Path, done: set[str], *, every: bool
) -> Iterator[Row]:
    """Edit, compare and judge."""
    for index, original in enumerate(clips):
        if index % part[1] != part[0] or original.stem in done:
            continue
        other = clips[(index + 3) % len(clips)]
        records = {"dense": read_footage(original, type_of(original)), "sparse": recorded(original)}
        for number, edit in enumerate(edits(10)):
            ways = LAYOUTS if every else [LAYOUTS[(index + number) % len(LAYOUTS)]]
            for layout in ways:
                path, pieces, rate = edited(original, other, edit, layout, folder)
                suspect = read_footage(path, type_of(path))
                for name, record in records.items():
                    start = time.process_time()
                    found = map_clip(suspect, [record])
                    spent = time.process_time() - start
                    segments = () if found is None else found.shown.segments
                    right, tenths, rates, errors, missed, kinds = judge(pieces, rate, segments)
                    yield Row(
                        original.stem,
                        edit,
                        layout,
                        name,
                        right,
                        tenths,
                        rates,
                        errors,
                        missed,
                        len(segments),
                        kinds,
                        spent,
                    )


def report(rows: Sequence[Row]) -> None:
    """Print the tables."""
    for record in ("dense", "sparse"):
        some = [row for row in rows if row.record == record]
        if not some:
            continue
        print(f"\n{record}: {len({row.clip for row in some})} clips, {len(some)} edited copies")
        print(
            f"  {'':18}{'within 0.1 s':>24}{'copies >= 95 %':>16}{'rate error %':>20}"
            f"{'boundaries':>11}{'<= 2 frames':>13}{'missed':>8}"
        )
        for name, group in groups(some):
            print(f"  {name:18}{line(group)}")
        honest = [row for row in some if row.edit == "same"]
        wrong = [row for row in honest if row.found != 1 or row.right < row.tenths]
        alarmed = [row for row in honest if row.found != 1]
        print(
            f"  honest copies with a false alarm: {share(len(alarmed), len(honest))}"
            f"; not wholly right: {len(wrong)}"
        )
        confusion(some)
        print(f"  {np.mean([row.seconds for row in some]):.1f} s of processor time a comparison")


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """All rows, by edit, and by layout."""
    for edit in edits(10):
        yield edit, [row for row in rows if row.edit == edit]
    for layout in LAYOUTS:
        yield f"- {layout}", [row for row in rows if row.layout == layout]
    yield "all", list(rows)


def line(rows: Sequence[Row]) -> str:
    """One line of a table."""
    if not rows:
        return ""
    right, tenths = sum(row.right for row in rows), sum(row.tenths for row in rows)
    good = sum(row.right >= 0.95 * row.tenths for row in rows)
    rates = np.abs([rate for row in rows for rate in row.rates]) * 100
    errors = np.array([error for row in rows for error in row.boundaries])
    missed = sum(row.missed for row in rows)
    told = ""
    if len(rates):
        told = f"{np.median(rates):.2f}, {(rates <= 1).mean() * 100:.0f} % <= 1"
    edges = (
        f"{np.median(errors):11.1f}{(errors <= 2.05).mean() * 100:11.1f} %" if len(errors) else ""
    )
    low, high = bootstrap(rows)
    return (
        f"{right / tenths * 100:8.2f} % ({low:5.1f}-{high:5.1f}){good:9} of{len(rows):4}"
        f"{told:>20}{edges}{missed:8}"
    )


def bootstrap(rows: Sequence[Row]) -> tuple[float, float]:
    """The 95 % interval of the share of right tenths, over clips drawn again."""
    random = np.random.default_rng(1)
    names = sorted({row.clip for row in rows})
    sums = np.array(
        [
            [
                sum(f(row) for row in rows if row.clip == name)
                for f in (lambda r: r.right, lambda r: r.tenths)
            ]
            for name in names
        ]
    )
    drawn = sums[random.integers(0, len(names), (2000, len(names)))].sum(1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1] * 100, [2.5, 97.5])
    return float(low), float(high)


def share(count: int, of: int) -> str:
    """A share with its interval."""
    from scipy.stats import beta

    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return f"{count} of {of} ({low * 100:.1f}-{high * 100:.1f} %)"


def confusion(rows: Sequence[Row]) -> None:
    """Print what each kind of second was called, in percent."""
    counts = Counter((true, found) for row in rows for true, found in row.kinds)
    names = ["same", "slowed", "sped-up", "repeated", "frozen", "reversed", "inserted"]
    print(f"  true kind, % called: {''.join(f'{name:>10}' for name in [*names, 'nothing'])}")
    for true in names:
        total = sum(counts[true, found] for found in [*names, "nothing"]) or 1
        cells = "".join(f"{counts[true, f] / total * 100:10.1f}" for f in [*names, "nothing"])
        print(f"  {true:>20} {cells}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    clips = [path for path in sorted(options.folder.iterdir()) if is_long_enough(path)]
    first, of = (int(number) for number in options.part.split("/"))
    kept = []
    if options.results and options.results.exists():
        kept = [Row(**json.loads(each)) for each in options.results.read_text().splitlines()]
    done = {row.clip for row in kept}
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        for row in measured(clips, (first, of), folder, done, every=options.all):
            kept.append(row)
            if options.results:
                with options.results.open("a") as stream:
                    stream.write(json.dumps(asdict(row)) + "\n")
    report(kept)


def is_long_enough(path: Path) -> bool:
    """Whether a file is a clip that can be edited."""
    try:
        return headers(path)[2] >= SHORTEST
    except (Unreadable, AssertionError, IndexError):
        return False


if __name__ == "__main__":
    main()
