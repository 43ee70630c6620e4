"""The three famous shallowfakes, rebuilt from any talking clip, found, told and drawn.

    python -m bench.shallowfakes CLIP... [--out FOLDER] [--blank]

None of them carries a generated pixel: (a) the whole clip at 75 % of its speed, its pitch restored,
so that the speaker seems drunk; (b) two seconds in one, so that a gesture becomes a blow; (c) a
question, a frozen shot of the guest in silence where the answer was, and what came later, so that
the guest seems to have none. Of each CLIP, or each in a folder (15 s or longer, with sound; of a
longer one the first 30 s) ffmpeg makes them at 360 lines, H.264 crf 32, AAC 64 kb/s. Then the same
code as `firsthand compare` runs on each, and what was done is printed beside what was told, picture
and sound apart.

With `--out`, the copies and a drawing of each stay there; `--blank` draws no frame of the clip.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path

from bench.clip_edits import H264, Piece, even, headers, played, run_ffmpeg, type_of
from bench.time_maps import judge, true_kind
from verifier.compare.compare import Medium, compare_in, read_medium
from verifier.compare.draw import Side, draw
from verifier.compare.draw_time import Strip
from verifier.compare.engines import ENGINES
from verifier.compare.look import look_in
from verifier.compare.picturing import as_png, picture_of
from verifier.compare.result import WHOLE, Comparison, Interval, Segment, SegmentKind
from verifier.compare.words import interval, moment
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

SHORTEST, LONGEST = 15.0, 30.0  # seconds
WITHIN = 0.1  # seconds
Stated = tuple[Interval, Interval | None, Interval | None]  # a stretch; within what its edges lie
STILL = 3.0  # seconds for which the guest says nothing


@dataclass(frozen=True)
class Fake:
    """What is done: the stretches of the picture, those without sound, and what is left out."""

    name: str
    pieces: tuple[Piece, ...]
    silent: tuple[int, ...] = ()

    def starts(self) -> list[float]:
        """When each stretch of the suspect begins, and when the last one ends."""
        found = [0.0]
        for piece in self.pieces:
            found.append(found[-1] + piece.seconds)
        return found


def fakes(whole: float) -> list[Fake]:
    """The three, of a clip of so many seconds."""

    def play(first: float, last: float, rate: float = 1.0) -> Piece:
        return Piece(first, (last - first) / rate, rate)

    blow, asked, later = 0.45 * whole, 0.4 * whole, 0.7 * whole
    return [
        Fake("slowed to 75 %", (play(0, whole, 0.75),)),
        Fake(
            "two seconds in one",
            (play(0, blow), play(blow, blow + 2, 2.0), play(blow + 2, whole)),
        ),
        Fake(
            "no answer",
            (play(0, asked), Piece(0.85 * whole, STILL, 0.0), play(later, whole)),
            silent=(1,),
        ),
    ]


def snapped(fake: Fake, rate: float) -> Fake:
    """The same on whole frames."""

    def on_frames(piece: Piece) -> Piece:
        pace = abs(piece.rate) or 1.0
        return replace(
            piece,
            start=round(piece.start * rate) / rate,
            seconds=max(1, round(piece.seconds * pace * rate)) / rate / pace,
        )

    return replace(fake, pieces=tuple(map(on_frames, fake.pieces)))


def make(original: Path, fake: Fake, rate: float, path: Path) -> None:
    """Make one for real."""
    (width, height), _, _ = headers(original)
    short = min(1.0, 360 / min(width, height))
    size = f"{even(width * short)}:{even(height * short)}"
    chains = []
    for number, piece in enumerate(fake.pieces):
        chains.append(f"[0:V]{played(piece, rate)},scale={size},setsar=1,format=yuv420p[v{number}]")
        chains.append(f"{heard(piece, is_silent=number in fake.silent)}[a{number}]")
    joined = "".join(f"[v{number}][a{number}]" for number in range(len(fake.pieces)))
    chains.append(f"{joined}concat=n={len(fake.pieces)}:v=1:a=1[v][a];[v]fps={rate}[w]")
    run_ffmpeg(
        *("-i", str(original), "-filter_complex", ";".join(chains), "-map", "[w]", "-map", "[a]"),
        *(*H264, "-crf", "32", "-c:a", "aac", "-b:a", "64k", str(path)),
    )


def heard(piece: Piece, *, is_silent: bool) -> str:
    """The filters that play the sound of one stretch, its pitch kept."""
    form = "aformat=sample_rates=44100:channel_layouts=mono"
    length = f"apad=whole_dur={piece.seconds:.6f},atrim=end={piece.seconds:.6f}"
    if is_silent:
        return f"anullsrc=r=44100:cl=mono,atrim=end={piece.seconds:.6f},{form}"
    last = piece.start + piece.seconds * piece.rate
    cut = f"atrim={piece.start:.6f}:{last:.6f},asetpts=PTS-STARTPTS"
    return f"[0:a:0]{cut},{form},atempo={piece.rate},{length}"


@dataclass(frozen=True)
class Told:
    """One of the three, and what was told of it."""

    clip: str
    fake: Fake
    found: Comparison
    picture: float  # the share of its tenths of a second that are right
    sound: float

    def wrong(self) -> list[str]:
        """What is not as it was made: nothing of the following may be."""
        found = [
            *self._wrong("picture", self.found.time_map, {SegmentKind.FROZEN: "frozen"}),
            *self._wrong("sound", self.found.sound, {SegmentKind.FROZEN: "absent"}),
        ]
        missing = self._missing()
        heard = [*map(exactly, self.found.sound_removed), *hidden(self.found.sound)]
        for name, removed in (("picture", [*map(exactly, self.found.removed)]), ("sound", heard)):
            if not _near(removed, missing):
                said = ", ".join(interval(each) for each, *_ in removed) or "nothing"
                found.append(f"{name}: {said} of the original is said to be missing")
        geometry = self.found.geometry
        if geometry is not None and (
            max(abs(a - b) for a, b in zip(geometry.crop, WHOLE, strict=True)) > 0.01
            or geometry.mirrored
            or abs(geometry.rotation) > 0.5
        ):
            found.append(f"it is said to be cropped, mirrored or turned: {geometry}")
        if self.found.regions:
            found.append(f"so many regions are said to be changed: {len(self.found.regions)}")
        if abs(self.found.lag or 0.0) > WITHIN:
            found.append(f"the sound is said to lag by {self.found.lag:.2f} s")
        return found

    def _missing(self) -> list[tuple[float, float]]:
        """What of the original is left out between its first and last shown moments."""
        shown = sorted(
            (piece.start, piece.moment(piece.seconds)) for piece in self.fake.pieces if piece.rate
        )
        return [
            (before[1], after[0])
            for before, after in pairwise(shown)
            if after[0] - before[1] > WITHIN
        ]

    def _wrong(
        self, name: str, segments: Sequence[Segment], still: dict[SegmentKind, str]
    ) -> Iterator[str]:
        wanted = true_segments(self.fake)
        if len(segments) != len(wanted):
            yield f"{name}: {len(segments)} stretches instead of {len(wanted)}"
            return
        for true, said in zip(wanted, segments, strict=True):
            kind = still.get(true.kind, true.kind.value)
            if said.kind.value != kind:
                yield f"{name}: {interval(true.suspect)} is {kind}, told {said.kind.value}"
            if not all(map(is_edge, true.suspect, said.suspect, (said.starts, said.ends))):
                yield f"{name}: {interval(true.suspect)} is told as {interval(said.suspect)}"
            if true.rate and not is_rate(said.rate or 0.0, true, exact=name == "picture"):
                yield f"{name}: {interval(true.suspect)} plays at {true.rate}, told {said.rate}"


def is_rate(told: float, true: Segment, *, exact: bool) -> bool:
    """Whether a rate is right: of a picture to 1 %, of sound as well as its edges can tell."""
    wanted, seconds = true.rate or 0.0, true.suspect[1] - true.suspect[0]
    return abs(told - wanted) <= max(0.01 * wanted, 0.0 if exact else WITHIN / seconds)


def is_edge(true: float, said: float, stated: Interval | None = None) -> bool:
    """Whether an edge is told to WITHIN, or lies within what is stated of it."""
    return abs(true - said) <= WITHIN or (stated is not None and stated[0] <= true <= stated[1])


def exactly(span: Interval) -> Stated:
    """A stretch of whose edges nothing else is stated."""
    return span, None, None


def hidden(sound: Sequence[Segment]) -> list[Stated]:
    """What of the original should be heard where other sound is, or none."""
    bare = (SegmentKind.ABSENT, SegmentKind.REPLACED)
    found: list[Stated] = []
    for each in sound:
        if each.kind in bare and each.original:
            edges = zip((each.starts, each.ends), each.suspect, each.original, strict=True)
            starts, ends = (moved(*edge) for edge in edges)
            found.append((each.original, starts, ends))
    return found


def moved(stated: Interval | None, edge: float, moment: float) -> Interval | None:
    """What is stated of an edge, in moments of the original, which shows `moment` there."""
    return None if stated is None else (stated[0] - edge + moment, stated[1] - edge + moment)


def _near(some: Sequence[Stated], others: Sequence[Interval]) -> bool:
    return len(some) == len(others) and all(
        is_edge(true[0], said[0], starts) and is_edge(true[1], said[1], ends)
        for (said, starts, ends), true in zip(some, others, strict=True)
    )


def true_segments(fake: Fake) -> list[Segment]:
    """What was done, as a time map says it."""
    found = []
    for start, piece in zip(fake.starts(), fake.pieces, strict=False):
        found.append(
            Segment(
                (start, start + piece.seconds),
                (piece.start, piece.moment(piece.seconds)),
                piece.rate,
                SegmentKind(true_kind(piece, again=False)),
            )
        )
    return found


def told(sandbox: Sandbox, original: Medium, fake: Fake, rate: float, path: Path) -> Told:
    """Compare one with its original, and judge the answer."""
    found = compare_in(sandbox, original, read_medium(path), ENGINES)
    tracks = []
    for segments, silent in ((found.time_map, ()), (found.sound, fake.silent)):
        pieces = [
            replace(piece, source=1) if number in silent else piece  # shows nothing of the original
            for number, piece in enumerate(fake.pieces)
        ]
        right, tenths, *_ = judge(pieces, rate, segments)
        tracks.append(right / tenths)
    return Told(original.path.name, fake, found, *tracks)


def show(told: Told) -> None:
    """Print what was done beside what was told."""
    print(f"\n{told.clip}, {told.fake.name}: “{told.found.sentence}”")
    true = true_segments(told.fake)
    print(f"  {'':8}{'done':66}told")
    for name, segments, right in (
        ("picture", told.found.time_map, told.picture),
        ("sound", told.found.sound, told.sound),
    ):
        for number, (done, said) in enumerate(zip_longest(true, segments)):
            left = "" if done is None else line(done)
            if done is not None and name == "sound" and number in told.fake.silent:
                left = f"{span(done.suspect)} silent"
            print(f"  {'' if number else name:8}{left:64}  {'' if said is None else line(said)}")
        print(f"  {'':8}{right:.1%} of its tenths of a second within {WITHIN} s")
    wrong = told.wrong()
    print("  as it was made" if not wrong else "  NOT AS IT WAS MADE: " + "; ".join(wrong))


def line(segment: Segment) -> str:
    """A segment as a line."""
    shown = f" shows {span(segment.original)}" if segment.original else ""
    rate = f" at {segment.rate:.3f}" if segment.rate not in (None, 0.0) else ""
    starts = f", from {span(segment.starts)} on" if segment.starts else ""
    return f"{span(segment.suspect)} {segment.kind}{shown}{rate}{starts}"


def span(times: tuple[float, float]) -> str:
    """A stretch of time to a hundredth."""
    return "–".join(moment(each, 2) for each in times)


def drawing(sandbox: Sandbox, original: Medium, suspect: Medium, found: Comparison) -> bytes:
    """The time lines with the outline of the sound, without a frame of the clip."""
    sides = []
    for medium in (original, suspect):
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "sound.wav"
            run_ffmpeg("-i", str(medium.path), "-vn", "-ac", "1", "-ar", "8000", str(sound))
            seen = look_in(sandbox, sound, type_of(sound))
        seconds = probe(medium.path, medium.media_type).duration or 0.0
        sides.append(Side(medium.path.name, strip=Strip(seconds, seen.strip and seen.strip.look)))
    return as_png(draw(sides[0], sides[1], found))


def files(named: Sequence[Path]) -> Iterator[Path]:
    """The clips that are named, and those in the folders that are."""
    for path in named:
        yield from sorted(each for each in path.iterdir()) if path.is_dir() else [path]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--out", type=Path, metavar="FOLDER")
    parser.add_argument("--blank", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Sandbox() as sandbox:
        folder = options.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        right = []
        for clip in files(options.clips):
            original = read_medium(clip)
            _, rate, seconds = headers(clip)
            if seconds < SHORTEST or not probe(clip, type_of(clip)).sound:
                print(f"{clip}: not {SHORTEST:.0f} s long, or without sound")
                continue
            for fake in fakes(min(seconds - 2 / rate, LONGEST)):
                made = snapped(fake, rate)
                path = folder / f"{clip.stem}.{fake.name.replace(' %', '').replace(' ', '-')}.mp4"
                make(clip, made, rate, path)
                answer = told(sandbox, original, made, rate, path)
                show(answer)
                right.append(not answer.wrong())
                if options.out:
                    draw_it = drawing if options.blank else picture_of
                    drawn = draw_it(sandbox, original, read_medium(path), answer.found)
                    path.with_suffix(".png").write_bytes(drawn)
    print(f"\n{sum(right)} of {len(right)} told as they were made")


if __name__ == "__main__":
    main()
