"""How often an honest copy of a clip is said to differ from it.

    python -m bench.honest FOLDER [--maps] [--record dense|sparse] [--part N/M] [--results FILE]
        [--keep FOLDER]

Of each clip of FOLDER (6 s or longer; of one above 10 s the middle 8 s, encoded at crf 18, are the
original) copies are made as platforms and phones make them: `COPIES` below. Each is compared as
`firsthand compare` does it, with the original at hand, and its pictures with the record
`clip-luma` alone (with `--record`, by one of the two); with `--maps`, time and geometry alone,
which takes a third as long. Whatever is said to differ is an alarm, and is printed. Intervals are
95 % (Clopper and Pearson). `--part N/M` takes every M-th clip from the N-th on; `--results` gathers
the rows of several runs and leaves out clips that it has; `--keep` keeps the copies.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.vocabulary import Fingerprint
from verifier.compare.clip import compare_clips_in, map_clip
from verifier.compare.compare import compare_in, read_medium
from verifier.compare.engines import ENGINES
from verifier.compare.footage import read_footage
from verifier.compare.placed import strips
from verifier.compare.result import Comparison, Region, RegionKind
from verifier.compare.sentence import describe, differs
from verifier.fingerprint.luma import CLIP_LUMA, Thumbnails, format_thumbnails
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox

from .clip_edits import H264, even, headers, is_long_enough, recorded, run_ffmpeg, type_of
from .rows import gathered, kept_rows
from .time_maps import share

RECORDS = ("dense", "sparse")  # the original at hand; what is recorded of its pictures
LONG, EXCERPT = 10.0, 8.0  # seconds
AAC = ("-c:a", "aac", "-b:a", "64k")
VP9 = (
    "-c:v",
    "libvpx-vp9",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-crf",
    "40",
    "-b:v",
    "0",
    "-threads",
    "1",
)
COPIES: dict[str, tuple[str, int | None, tuple[str, ...]]] = {  # container, lines, arguments
    "crf 20": ("mp4", None, (*H264, "-crf", "20", "-c:a", "copy")),
    "480p crf 28": ("mp4", 480, (*H264, "-crf", "28", *AAC)),
    "360p crf 32": ("mp4", 360, (*H264, "-crf", "32", *AAC, "-movflags", "+faststart")),
    "360p crf 40": ("mp4", 360, (*H264, "-crf", "40", "-c:a", "aac", "-b:a", "32k")),
    "360p 15/s": ("mp4", 360, (*H264, "-crf", "30", "-r", "15", *AAC)),
    "480p 25/s": ("mp4", 480, (*H264, "-crf", "30", "-r", "25", *AAC)),
    "Matroska": ("mkv", None, ("-c", "copy")),
    "VP9, Opus": (
        "webm",
        360,
        (*VP9, "-c:a", "libopus", "-b:a", "32k"),
    ),
}


@dataclass(frozen=True)
class Row:
    """What was said of one honest copy."""

    clip: str
    copy: str
    record: str  # one of RECORDS
    differs: bool
    stretches: int  # of the time map
    regions: int
    said: str


def original_of(clip: Path, folder: Path) -> Path:
    """The clip, or a file of the middle of a long one."""
    (width, height), _, seconds = headers(clip)
    if seconds <= LONG:
        return clip
    path = folder / f"{clip.stem}.original.mp4"
    if not path.exists():
        scale = f"scale={scaled((width, height), 720)}"
        start = f"{(seconds - EXCERPT) / 2:.3f}"
        times = ("-ss", start, "-t", str(EXCERPT))
        run_ffmpeg(*times, "-i", str(clip), "-vf", scale, *H264, "-crf", "18", *AAC, str(path))
    return path


def scaled(size: tuple[int, int], lines: int) -> str:
    """A size as ffmpeg takes it, its shorter side of at most so many pixels."""
    share = min(1.0, lines / min(size))
    return f"{even(size[0] * share)}:{even(size[1] * share)}"


def copied(original: Path, name: str, folder: Path) -> Path:
    """Make an honest copy."""
    container, lines, arguments = COPIES[name]
    path = folder / f"{original.stem}.{name.replace(' ', '-').replace('/', '-')}.{container}"
    if not path.exists():
        scale = f"scale={scaled(headers(original)[0], lines)}" if lines else None
        filters = ("-vf", scale) if scale else ()
        run_ffmpeg("-i", str(original), *filters, *arguments, str(path))
    return path


def compared(
    sandbox: Sandbox, original: Path, sparse: Thumbnails, copy: Path, records: Sequence[str]
) -> Iterator[tuple[str, Comparison]]:
    """The comparisons of one copy."""
    suspect = read_medium(copy)
    if "dense" in records:
        yield "dense", compare_in(sandbox, read_medium(original), suspect, ENGINES)
    if "sparse" in records:
        kept = Fingerprint(CLIP_LUMA, 1, format_thumbnails(sparse))
        file, limits = (copy, suspect.media_type), limits_for(suspect.asset.size)
        found = compare_clips_in(sandbox, file, [kept], limits=limits)
        yield "sparse", found or Comparison(sentence="")


def mapped(copy: Path, originals: dict[str, Thumbnails]) -> Iterator[tuple[str, Comparison]]:
    """What the time maps and the geometry of one copy come to."""
    suspect = read_footage(copy, type_of(copy))
    for record, original in originals.items():
        found = map_clip(suspect, [original])
        if found is None:
            yield record, Comparison(sentence="")
            continue
        geometry, shown = found.laid[0].geometry, found.shown
        bars = [Region(box, RegionKind.ADDED) for box in strips(geometry.placed, suspect.size)]
        yield (
            record,
            Comparison(
                sentence="",
                geometry=geometry,
                regions=tuple(bars),
                time_map=shown.segments,
                removed=shown.removed,
            ),
        )


def measured(
    clips: Sequence[Path], folder: Path, done: set[str], records: Sequence[str], *, maps: bool
) -> Iterator[Row]:
    """Make copies, and compare each."""
    with Sandbox() as sandbox:
        for clip in clips:
            if clip.stem in done:
                continue
            original = original_of(clip, folder)
            sparse = recorded(original)
            held = {"sparse": sparse} if "sparse" in records else {}
            if maps and "dense" in records:
                held["dense"] = read_footage(original, type_of(original))
            for name in COPIES:
                copy = copied(original, name, folder)
                answers = (
                    mapped(copy, held)
                    if maps
                    else compared(sandbox, original, sparse, copy, records)
                )
                for record, found in answers:
                    said = found.sentence or describe(found, size=headers(copy)[0])
                    yield Row(
                        clip.stem,
                        name,
                        record,
                        differs(Comparison(sentence=said)),
                        len(found.time_map),
                        len(found.regions),
                        said,
                    )


def is_timed(row: Row) -> bool:
    """Whether anything was said of its time."""
    return row.differs and "Speed and order are those of the original" not in row.said


def report(rows: Sequence[Row]) -> None:
    """Print the tables."""
    for record in RECORDS:
        some = [row for row in rows if row.record == record]
        if not some:
            continue
        print(f"\n{record}: {len(some)} honest copies of {len({row.clip for row in some})} clips")
        for name in [*COPIES, "all"]:
            group = [row for row in some if name in (row.copy, "all")]
            timed = share(sum(map(is_timed, group)), len(group))
            wrong = share(sum(row.differs for row in group), len(group))
            print(f"  {name:14}time map alarms: {timed:32}anything alarms: {wrong}")
        for row in some:
            if row.differs or row.stretches != 1:
                print(f"  {row.clip}, {row.copy}: “{row.said}”")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--maps", action="store_true")
    parser.add_argument("--record", choices=RECORDS)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    rows = kept_rows(options.results, Row)
    records = (options.record,) if options.record else RECORDS
    first, of = (int(number) for number in options.part.split("/"))
    clips = [path for path in sorted(options.folder.iterdir()) if is_long_enough(path)][first::of]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        done = {row.clip for row in rows}
        more = measured(clips, folder, done, records, maps=options.maps)
        for row in gathered(more, options.results):
            rows.append(row)
            if row.differs or row.stretches != 1:
                print(f"{row.clip}, {row.copy}, {row.record}: “{row.said}”", flush=True)
    report(rows)


if __name__ == "__main__":
    main()
