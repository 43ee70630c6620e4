"""Lay out the media that the detector is trained and measured on: no medium is shipped, a list is.

    python -m bench.training.media CLONES --to FOLDER [--only face/train ...] [--missing]

`media.csv.xz` has a row a file: where it comes to lie (`image/measure/fake_…/…`: sources, as
`verifier.detector.samples` reads them), the repository on GitHub, its commit, the path there, and
what is cut out (left:top:width:height in pixels, and a level), or nothing. A picture is cut out as
PNG, by zlib's level, since a file's bytes decide how it is drawn in training; a clip (`.mp4`)
without its sound, as H.264 of that rate factor. CLONES holds clones, bare or not, each in a folder
`owner+name` or in `repo` within it. What lies there already is left, so that a run that was cut
short goes on. `--missing` only names the repositories that CLONES lacks. The exit code is 1 where
something could not be laid out.
"""

import argparse
import csv
import io
import lzma
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from PIL import Image

from ledger.asset import detect_media_type
from verifier.media.ffmpeg import find_ffmpeg, open_stream
from verifier.media.picture import opaque

LIST = Path(__file__).with_name("media.csv.xz")


class Cut(NamedTuple):
    """What is cut out, in pixels, and zlib's level or H.264's rate factor."""

    left: int
    top: int
    width: int
    height: int
    level: int


@dataclass(frozen=True, slots=True)
class Medium:
    """A file: where it comes to lie, and where it comes from."""

    path: PurePosixPath
    repository: str
    commit: str
    source: str
    cut: Cut | None


def read(data: bytes) -> Iterator[Medium]:
    """Read a list; raises ValueError for a row that is none, or that would lie elsewhere."""
    for row in csv.reader(io.StringIO(lzma.decompress(data).decode())):
        path, repository, commit, source, cut = row
        told = PurePosixPath(path)
        if told.is_absolute() or ".." in told.parts:
            raise ValueError(f"{path!r} does not lie in the folder")
        if not all(each.isprintable() for each in row):  # git is asked a line a name
            raise ValueError(f"{row!r} holds what no name holds")
        numbers = [int(each) for each in cut.split(":")] if cut else None
        if numbers is not None and len(numbers) != len(Cut._fields):
            raise ValueError(f"{cut!r} is no left:top:width:height:level")
        yield Medium(told, repository, commit, source, Cut(*numbers) if numbers else None)


def written(media: Iterable[Medium]) -> bytes:
    """Write a list; the same media in any order give the same bytes."""
    text = io.StringIO()
    rows = sorted(media, key=lambda each: str(each.path))
    csv.writer(text, lineterminator="\n").writerows(
        (it.path, it.repository, it.commit, it.source, ":".join(map(str, it.cut or ())))
        for it in rows
    )
    return lzma.compress(text.getvalue().encode(), preset=9)


def by_repository(media: Iterable[Medium]) -> dict[str, list[Medium]]:
    """Media by what they come from."""
    told: dict[str, list[Medium]] = defaultdict(list)
    for each in media:
        told[each.repository].append(each)
    return dict(sorted(told.items()))


def under(media: Iterable[Medium], places: Iterable[str]) -> Iterator[Medium]:
    """Media that come to lie in one of these folders: `image/measure` is not `image/measure2`."""
    wanted = tuple(places)
    yield from (each for each in media if any(each.path.is_relative_to(it) for it in wanted))


def clone(clones: Path, repository: str) -> Path | None:
    """The git folder of a repository's clone, or None."""
    place = clones / repository.replace("/", "+")
    inner = place / "repo"
    places = (place / ".git", inner / ".git", inner, place)
    found = (each for each in places if (each / "HEAD").exists())
    return next(found, None)


def blobs(git: Path, names: list[str]) -> Iterator[bytes | None]:
    """What each name (COMMIT:PATH) holds, or None; one git for all of them."""
    command = ["git", f"--git-dir={git}", "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for name in names:
            running.stdin.write(f"{name}\n".encode())
            running.stdin.flush()
            told = running.stdout.readline().split()
            if told[-1:] == [b"missing"] or len(told) < 3:
                yield None
                continue
            data = running.stdout.read(int(told[2]) + 1)[:-1]
            yield data if told[1] == b"blob" else None


def lay(media: list[Medium], git: Path, folder: Path) -> list[Medium]:
    """Lay out what is not there yet; return what could not be had."""
    wanted = [each for each in media if not (folder / each.path).exists()]
    missing = []
    for it, data in zip(
        wanted, blobs(git, [f"{each.commit}:{each.source}" for each in wanted]), strict=True
    ):
        if data is None:
            missing.append(it)
            continue
        to = folder / it.path
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f".{to.name}.part")
        part.write_bytes(as_laid(it, data))
        part.replace(to)
    return missing


def as_laid(it: Medium, data: bytes) -> bytes:
    """The file that comes to lie there, of what the repository holds."""
    if it.cut is None:
        return data
    return clip_cut_out(data, it.cut) if it.path.suffix == ".mp4" else cut_out(data, it.cut)


def cut_out(data: bytes, cut: Cut) -> bytes:
    """A part of a picture, as PNG."""
    box = (cut.left, cut.top, cut.left + cut.width, cut.top + cut.height)
    told = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        opaque(image).convert("RGB").crop(box).save(told, "PNG", compress_level=cut.level)
    return told.getvalue()


def clip_cut_out(data: bytes, cut: Cut) -> bytes:
    """A part of a clip's frames, as H.264 in MP4; raises ffmpeg.Error where it is no clip."""
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder, "whole"), Path(folder, "part.mp4")
        whole.write_bytes(data)
        frames = open_stream(whole, detect_media_type(data[:4096]), "V:0")
        some = frames.filter("crop", cut.width, cut.height, cut.left, cut.top)
        how = {"vcodec": "libx264", "crf": cut.level, "pix_fmt": "yuv420p", "threads": 1}
        some.output(str(part), **how).run(cmd=find_ffmpeg(), quiet=True)
        return part.read_bytes()


def main() -> int:
    """Lay out what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clones", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[""], help="folders of it")
    parser.add_argument("--missing", action="store_true", help="name the clones that are lacking")
    options = parser.parse_args()
    some = list(under(read(LIST.read_bytes()), options.only))
    failed = 0
    for repository, media in by_repository(some).items():
        git = clone(options.clones, repository)
        if options.missing:
            if git is None:
                print(f"{repository} {media[0].commit}")
            continue
        lost = media if git is None else lay(media, git, options.to)
        failed += len(lost)
        why = "no clone" if git is None else "not in the clone"
        told = f", {len(lost)} could not be had: {why}" if lost else ""
        print(f"{len(media) - len(lost):6d} {repository}{told}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
