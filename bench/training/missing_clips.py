"""Cut what `missing` learns from.

    python -m bench.training.missing_clips FOLDER --to DIR

FOLDER is laid out by `bench.training.media`. `missing_clips.csv.xz` has a row for each clip of
eight seconds: its name (SOURCE~ANYTHING, each source one publisher), of which medium it is, from
which second on, of which part of the picture, and what it has as it is, as frames: jumps of the
publisher's own, cuts to another shot, and whether its frames come in a rhythm. Steps that the
present statistics rank high or that are long beside those around them were looked at, on contact
sheets; clips that are lettering, slides or one cut after another are not on the list.
"""

import argparse
import csv
import lzma
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av

from verifier.media.ffmpeg import find_ffmpeg

LIST = Path(__file__).with_name("missing_clips.csv.xz")
SECONDS = 8.0
_SHARE = "min(1,min(288/min(iw,ih),640/max(iw,ih)))"  # 288 lines, and no side above 640
_SCALED = f"scale='trunc(iw*{_SHARE}/2)*2':'trunc(ih*{_SHARE}/2)*2':flags=area"


@dataclass(frozen=True, slots=True)
class Listed:
    """A clip: of which medium, from when on, of which half (`left` or all), and what it has."""

    name: str
    medium: str
    start: float
    part: str
    own: tuple[int, ...]
    cuts: tuple[int, ...]
    rhythm: bool


def listed() -> dict[str, Listed]:
    """Every clip on the list, by its name."""
    with lzma.open(LIST, "rt", encoding="utf-8", newline="") as stream:
        rows = [
            Listed(
                row["clip"],
                row["medium"],
                float(row["start"]),
                row["part"],
                tuple(int(each) for each in row["own"].split()),
                tuple(int(each) for each in row["cuts"].split()),
                row["rhythm"] == "1",
            )
            for row in csv.DictReader(stream)
        ]
    return {each.name: each for each in rows}


def cut(clip: Listed, folder: Path, to: Path) -> Path | None:
    """Write one clip at 288 lines; None where its medium is not there."""
    medium = folder / clip.medium
    if not medium.exists():
        return None
    with av.open(str(medium)) as container:
        rate = float(container.streams.video[0].average_rate)
    path = to / f"{clip.name}.mp4"
    coded = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p")
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-ss", f"{clip.start:.2f}"]
    command += ["-i", str(medium), "-t", str(SECONDS), "-an"]
    half = "crop=iw/2:ih:0:0," if clip.part == "left" else ""
    command += ["-vf", f"{half}{_SCALED},fps={rate:.5f}", *coded, str(path)]
    subprocess.run(command, check=True)
    return path


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for each in listed().values():
        if not (options.to / f"{each.name}.mp4").exists() and not cut(
            each, options.folder, options.to
        ):
            print(f"{each.medium} is not there")


if __name__ == "__main__":
    main()
