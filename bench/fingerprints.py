"""False matches and recall of the fingerprints as they are searched (speed: `bench.compare`).

    python -m bench.fingerprints FOLDER    on FOLDER/pictures, FOLDER/clips and FOLDER/sounds

Files in one sub-folder of those (takes of one scene) are not counted as unrelated. Every false
match is printed, so that a person can see whether it is one.
"""

import argparse
import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image, ImageEnhance

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from verifier.errors import Unreadable
from verifier.fingerprint import compute
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.match import match
from verifier.media.ffmpeg import find_ffmpeg

Fingerprints = tuple[Fingerprint, ...]

H264 = ("-an", "-c:v", "libx264", "-preset", "veryfast")
HALF = "scale=trunc(iw/4)*2:trunc(ih/4)*2"
COPIES = {
    "clips": {
        "H.264 crf 35, half size, MKV": (*H264, "-crf", "35", "-vf", HALF, ".mkv"),
        "VP8 300 kb/s, WebM": (
            "-an",
            "-c:v",
            "libvpx",
            "-deadline",
            "realtime",
            "-b:v",
            "300k",
            ".webm",
        ),
        "15 frames/s, 240 lines": (*H264, "-crf", "30", "-vf", "fps=15,scale=-2:240", ".mp4"),
        "at 75 % speed": (*H264, "-crf", "30", "-vf", "setpts=PTS/0.75", ".mp4"),
        "brighter, more contrast": (*H264, "-vf", "eq=brightness=0.06:contrast=1.2", ".mp4"),
        "from 1.13 s, for 3 s": ("-ss", "1.13", "-t", "3", *H264, "-crf", "30", ".mp4"),
    },
    "sounds": {
        "MP3 64 kb/s": ("-vn", "-c:a", "libmp3lame", "-b:a", "64k", ".mp3"),
        "Opus 24 kb/s": ("-vn", "-c:a", "libopus", "-b:a", "24k", ".opus"),
        "AAC 64 kb/s": ("-vn", "-c:a", "aac", "-b:a", "64k", ".m4a"),
        "telephone, Opus 16 kb/s": (
            *(
                "-vn",
                "-af",
                "highpass=f=300,lowpass=f=3400",
                "-c:a",
                "libopus",
                "-b:a",
                "16k",
                ".opus",
            ),
        ),
        "from 0.73 s, for 3 s, MP3": (
            "-ss",
            "0.73",
            "-t",
            "3",
            "-vn",
            "-c:a",
            "libmp3lame",
            ".mp3",
        ),
    },
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    measure(options.folder, options.jobs)


def run_ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly; raises CalledProcessError."""
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def fingerprints_of(path: Path) -> Fingerprints:
    """Fingerprint a file in this process: the media that we measure on are our own."""
    with path.open("rb") as stream:
        return compute(path, detect_media_type(stream.read(HEAD_SIZE)))


def measure(folder: Path, jobs: int) -> None:
    """Print false matches among unrelated files, and recall of copies, for each kind of media."""
    with ProcessPoolExecutor(jobs) as pool:
        for kind in ("pictures", "clips", "sounds"):
            paths = sorted(path for path in (folder / kind).rglob("*") if path.is_file())
            found = list(pool.map(fingerprints_of, paths, chunksize=8))
            keyed = [(path, prints) for path, prints in zip(paths, found, strict=True) if prints]
            print(f"{kind}: {len(paths)} files, {len(keyed)} with fingerprints")
            count_false_matches(keyed, folder / kind)
            some = keyed[:: max(1, len(keyed) // 200)]
            copies = list(pool.map(copies_of, *zip(*some, strict=True), [kind] * len(some)))
            count_recall(copies)


def count_false_matches(keyed: list[tuple[Path, Fingerprints]], folder: Path) -> None:
    """Search each file among all others, and print every match that should not be."""
    index = FingerprintIndex()
    for entry, (_, prints) in enumerate(keyed):
        index.add(entry, prints)
    scenes = [scene(path, folder) for path, _ in keyed]
    wrong: set[tuple[int, int]] = set()
    for entry, (_, prints) in enumerate(keyed):
        for near in index.search(prints):
            if scenes[near.entry_index] != scenes[entry]:
                pair = (min(entry, near.entry_index), max(entry, near.entry_index))
                if pair not in wrong:
                    names = " = ".join(str(keyed[each][0].relative_to(folder)) for each in pair)
                    print(f"  match: {names} at {near.distance:.3f}")
                wrong.add(pair)
    pairs = sum(scenes[i] != scenes[j] for i in range(len(scenes)) for j in range(i))
    print(f"  {len(wrong)} matches in {pairs} unrelated pairs: {interval(len(wrong), pairs)}")


def scene(path: Path, folder: Path) -> str:
    """Files in one sub-folder belong together; any other stands for itself."""
    return path.relative_to(folder).parts[0]


def interval(wrong: int, tried: int) -> str:
    """The upper end of the one-sided 95 % Clopper-Pearson interval."""
    from scipy.stats import beta

    return f"at most {beta.ppf(0.95, wrong + 1, tried - wrong):.2g} a pair (95 %)"


def copies_of(path: Path, original: Fingerprints, kind: str) -> dict[str, bool]:
    """Make copies of a file for real, and say which of them match it."""
    make = picture_copies if kind == "pictures" else partial(stream_copies, kind=kind)
    return {
        name: match(0, copy, original) is not None for name, copy in make(path) if copy is not None
    }


def picture_copies(path: Path) -> Iterator[tuple[str, Fingerprints]]:
    """Fingerprints of copies of a picture."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    half = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    for name, copy, form, quality in (
        ("JPEG q30", image, "JPEG", 30),
        ("JPEG q70, half size", half, "JPEG", 70),
        ("JPEG q10", image, "JPEG", 10),
        ("WebP q50", image, "WEBP", 50),
        ("grey", image.convert("L"), "JPEG", 85),
        ("30 % brighter", ImageEnhance.Brightness(image).enhance(1.3), "JPEG", 85),
        ("30 % darker", ImageEnhance.Brightness(image).enhance(0.7), "JPEG", 85),
        ("50 % more contrast", ImageEnhance.Contrast(image).enhance(1.5), "JPEG", 85),
        ("3 % cropped away", image.crop(inner(image, 0.015)), "JPEG", 85),
        ("10 % cropped away", image.crop(inner(image, 0.05)), "JPEG", 85),
    ):
        with tempfile.NamedTemporaryFile() as file:
            data = io.BytesIO()
            copy.save(data, form, quality=quality)
            file.write(data.getvalue())
            file.flush()
            yield name, fingerprints_of(Path(file.name))


def inner(image: Image.Image, margin: float) -> tuple[int, int, int, int]:
    """The box that leaves `margin` of each side away."""
    across, down = round(image.width * margin), round(image.height * margin)
    return across, down, image.width - across, image.height - down


def stream_copies(path: Path, kind: str) -> Iterator[tuple[str, Fingerprints | None]]:
    """Fingerprints of copies of a clip's frames or a recording; None where too little is left."""
    for name, (*options, ending) in COPIES[kind].items():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / f"copy{ending}"
            run_ffmpeg("-i", str(path), *options, str(copy))
            try:
                yield name, fingerprints_of(copy)
            except Unreadable:
                yield name, None


def count_recall(copies: list[dict[str, bool]]) -> None:
    """Print how many copies of each kind were found."""
    for name in {name: None for found in copies for name in found}:
        tried = [found[name] for found in copies if name in found]
        print(f"  {name:32} {sum(tried):4} of {len(tried):4} found")


if __name__ == "__main__":
    main()
