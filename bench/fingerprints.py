"""Throughput of our fingerprints beside plain imagehash and decoding alone; and their error rates.

    python -m bench.fingerprints                   speed, on media that the wheels of `demo` carry
    python -m bench.fingerprints --measure FOLDER  false matches and recall on FOLDER/pictures,
                                                   FOLDER/clips and FOLDER/sounds

Files in one sub-folder of those (takes of one scene) are not counted as unrelated. Every false
match is printed, so that a person can see whether it is one.
"""

import argparse
import io
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageEnhance

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.errors import Unreadable
from verifier.fingerprint import compute, compute_in
from verifier.fingerprint.image import views
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.match import match
from verifier.fingerprint.pdq import pdq
from verifier.fingerprint.thumbnail import fingerprint_thumbnail
from verifier.media.confine import report_isolation
from verifier.media.decode import frames, samples
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.limits import Limits
from verifier.media.picture import picture as decode_picture
from verifier.media.sandbox import Sandbox

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
    parser.add_argument("--measure", type=Path, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.jobs)
    else:
        speed()


def speed() -> None:
    """Print times beside those of the parts that any such fingerprint needs, in this same run."""
    with tempfile.TemporaryDirectory() as name, Sandbox(Limits()) as sandbox:
        folder = Path(name)
        picture = large_picture(folder)
        kind = detect_media_type(picture.read_bytes()[:HEAD_SIZE])
        print("a photograph of 12 megapixels, JPEG")
        plain = report("imagehash.phash(Image.open(…), 16)", lambda: plain_hash(picture))
        report("decoding alone, at an eighth", lambda: decoded(picture, kind), beside=plain)
        report("ours, without the descriptor", lambda: cheap(picture, kind), beside=plain)
        report("ours, all", lambda: compute(picture, kind), beside=plain)
        report(
            "ours, all, in the sandbox", lambda: compute_in(sandbox, picture, kind), beside=plain
        )
        small = media.photograph(folder)
        report("sandbox alone (an empty job)", lambda: sandbox.run(report_isolation))
        report("ours, 640 by 427, in the sandbox", lambda: compute_in(sandbox, small, kind))
        for path in (media.clip_with_sound(folder), media.recording(folder)):
            speed_of_stream(path)
        speed_of_search()


def speed_of_stream(path: Path) -> None:
    """Print the times for a clip or a recording, as multiples of its own length."""
    kind = detect_media_type(path.read_bytes()[:HEAD_SIZE])
    seconds = length(path)
    print(f"{path.name}: {seconds:.1f} s of {kind}")
    decode = ("-i", str(path), "-f", "null", "-")
    alone = report("ffmpeg, decoding alone", lambda: run_ffmpeg(*decode), seconds)
    report("ours, all fingerprints", lambda: compute(path, kind), seconds, beside=alone)


def speed_of_search() -> None:
    """Print the time of a search among many assets (their fingerprints are made up at random)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = (media.photograph(folder), media.clip(folder), media.recording(folder))
        suspects = [fingerprints_of(path) for path in paths]
    for count in (1_000, 10_000):
        index = FingerprintIndex()
        for entry in range(count):
            for suspect, base in zip(suspects, (0, count, 2 * count), strict=True):
                index.add(base + entry, [scrambled(each, entry) for each in suspect])
        print(f"search among {count} pictures, {count} clips of 10 s, {count} sounds of 7 s")
        for suspect, what in zip(suspects, ("picture", "clip", "sound"), strict=True):
            report(f"a {what}", partial(index.search, suspect))


def scrambled(fingerprint: Fingerprint, seed: int) -> Fingerprint:
    """A fingerprint of the same length whose hashes are random (headers and times are kept)."""
    random = np.random.default_rng(seed)
    bits = bytearray(fingerprint.bits)
    if fingerprint.algorithm == "clip-phash":
        rows = np.frombuffer(memoryview(bits)[8:], np.uint8).reshape(-1, 40)
        rows[:, 8:] = random.integers(0, 256, (len(rows), 32), np.uint8)
    else:
        start = 8 if fingerprint.algorithm == "sound-bands" else 0
        bits[start:] = random.bytes(len(bits) - start)
    return Fingerprint(fingerprint.algorithm, fingerprint.version, bytes(bits))


def report(
    name: str, work: Callable[[], object], seconds: float | None = None, beside: float | None = None
) -> float:
    """Time `work` (the best of several runs) and print it; return its seconds."""
    best = min(timed(work) for _ in range(5))
    rate = f"{seconds / best:8.0f} x real time" if seconds else f"{1 / best:8.1f} a second "
    ratio = f"   {best / beside:5.2f} x the time of the first line" if beside else ""
    print(f"  {name:40} {best * 1000:9.1f} ms {rate}{ratio}")
    return best


def timed(work: Callable[[], object]) -> float:
    """Seconds on the clock that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def plain_hash(path: Path) -> imagehash.ImageHash:
    """What a program without us would do."""
    with Image.open(path) as image:
        return imagehash.phash(image, hash_size=16)


def decoded(path: Path, kind: MediaType) -> Image.Image:
    """A picture as all of ours look at it."""
    return decode_picture(path, kind, shrink_to=256)


def cheap(path: Path, kind: MediaType) -> list[object]:
    """What needs no network: two hashes, PDQ of the picture and of what a frame leaves, the luma.

    The product always computes the descriptor too; this is what it would cost without.
    """
    image = decoded(path, kind)
    luma = image.convert("L")
    found: list[object] = [
        hashed(luma, hash_size=16) for hashed in (imagehash.phash, imagehash.dhash)
    ]
    found += [pdq(np.asarray(view.convert("L"))) for view in views(image)]
    return [*found, fingerprint_thumbnail(image)]


def large_picture(folder: Path) -> Path:
    """A real photograph enlarged to 4000 by 3000 pixels."""
    path = folder / "large.jpg"
    with Image.open(media.photograph(folder)) as image:
        image.resize((4000, 3000), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def run_ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly; raises CalledProcessError."""
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


def length(path: Path) -> float:
    """Seconds that a clip or recording plays."""
    kind = detect_media_type(path.read_bytes()[:HEAD_SIZE])
    try:
        return sum(len(block) for block in samples(path, kind)) / 8000
    except Unreadable:
        return max(when for when, _ in frames(path, kind))


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
