"""How fast files are fingerprinted and found, each figure beside a peer or the machine's own limit.

    python -m bench.compare [FOLDER] [--clips 1000] [--pictures 1000000 10000000]

Figures are per second of processor time, of all processes that took part: what one core does. The
media are those that the wheels of `demo` carry, photographs enlarged to 12 megapixels; or FOLDER's
`pictures`, `clips` and `sounds`, where those are. pdqhash, vpdq, fpcalc and ffmpeg's chromaprint
muxer are peers where this machine has them; which one is absent is said. `--clips` and `--pictures`
are how many are searched (the pictures by `bench.scale`).
"""

import argparse
import importlib.util
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import imagehash
import numpy as np
from PIL import Image

from bench import scale
from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from ledger.errors import AssetError
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.errors import Unreadable
from verifier.fingerprint import compute
from verifier.fingerprint.audio import SOUND
from verifier.fingerprint.described import FOOTAGE
from verifier.fingerprint.descriptor import session
from verifier.fingerprint.image import views
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.pdq import pdq
from verifier.fingerprint.peaks import PEAKS, format_peaks, parse_numbers
from verifier.fingerprint.thumbnail import fingerprint_thumbnail
from verifier.fingerprint.video import CLIP
from verifier.media.decode import frames
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.picture import picture
from verifier.media.probe import probe

LARGE = (4000, 3000)  # 12 megapixels
MOST = 8  # files of each kind
LONGEST = 60.0  # seconds of each clip or recording
SEARCHES = 10
SHRINK_TO = 256  # pixels: what `fingerprint.compute` decodes to


@dataclass(frozen=True)
class Figure:
    """One line: how many a second of one core, or why there is none."""

    name: str
    rate: float | None
    unit: str
    beside: str = ""


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--pictures", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--clips", type=int, default=1000)
    options = parser.parse_args()
    session()  # the network is read once in the life of a process
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        photographs = large(found(options.folder, "pictures") or shipped(scratch), scratch)
        show(f"{len(photographs)} photographs of 12 megapixels, JPEG", of_pictures(photographs))
        clips = found(options.folder, "clips") or [
            media.clip(scratch),
            media.clip_with_sound(scratch),
        ]
        show(f"{len(clips)} clips", of_clips(clips))
        sounds = found(options.folder, "sounds") or [
            media.recording(scratch),
            media.another_recording(scratch),
        ]
        show(f"{len(sounds)} recordings", of_sounds([longer(each, scratch) for each in sounds]))
    faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        search_in_time(options.clips, Path(name))
    for count in options.pictures:
        scale.measure(count)


def of_pictures(paths: Sequence[Path]) -> list[Figure]:
    """Pictures a second."""
    kind = type_of(paths[0])
    each = partial(rate_of, paths, [1.0] * len(paths))
    decoding = each(lambda path: whole(path).load())
    known = importlib.util.find_spec("pdqhash")
    return [
        Figure("decoding alone, whole", decoding, "pictures/s"),
        Figure(
            "decoding alone, at an eighth",
            each(lambda path: picture(path, kind, shrink_to=SHRINK_TO)),
            "pictures/s",
        ),
        Figure("imagehash.phash alone", each(peer_hash), "pictures/s"),
        Figure("pdqhash alone", each(peer_pdq) if known else None, "pictures/s"),
        Figure(
            "ours, phash, dhash and PDQ",
            each(partial(hashes, media_type=kind)),
            "pictures/s",
            "asked: 60",
        ),
        Figure(
            "ours, without the descriptor",
            each(partial(cheap, media_type=kind)),
            "pictures/s",
        ),
        Figure(
            "ours, all",
            each(partial(compute, media_type=kind)),
            "pictures/s",
            "asked: 12",
        ),
    ]


def of_clips(paths: Sequence[Path]) -> list[Figure]:
    """Clips, as multiples of their own length."""
    lengths = [min(length(path), LONGEST) for path in paths]
    each = partial(rate_of, paths, lengths)
    cut = ("-t", f"{LONGEST:.0f}")
    known = importlib.util.find_spec("vpdq")
    return [
        Figure(
            "ffmpeg, decoding alone, whole",
            each(lambda path: ffmpeg(*cut, "-i", str(path), "-an", "-f", "null", "-")),
            "x real time",
        ),
        Figure("decoding alone, as ours does", each(decoded), "x real time"),
        Figure("vpdq alone", each(peer_vpdq) if known else None, "x real time"),
        Figure(
            "ours, all records of pictures and sound", each(recorded), "x real time", "asked: 12"
        ),
    ]


def of_sounds(paths: Sequence[Path]) -> list[Figure]:
    """Recordings, as multiples of their own length."""
    lengths = [length(path) for path in paths]
    each = partial(rate_of, paths, lengths)
    told = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-muxers"], capture_output=True, check=True
    )
    return [
        Figure(
            "ffmpeg, decoding alone",
            each(lambda path: ffmpeg("-i", str(path), "-vn", "-f", "null", "-")),
            "x real time",
        ),
        Figure(
            "fpcalc (Chromaprint)",
            each(peer_fpcalc) if shutil.which("fpcalc") else None,
            "x real time",
        ),
        Figure(
            "ffmpeg's chromaprint muxer",
            each(lambda path: ffmpeg("-i", str(path), "-vn", "-f", "chromaprint", "-"))
            if b"chromaprint" in told.stdout
            else None,
            "x real time",
        ),
        Figure("ours, all records of sound", each(recorded), "x real time", "asked: 200"),
    ]


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print a table; the first line is what the machine can do at best."""
    print(title)
    for each in figures:
        if each.rate is None:
            print(f"  {each.name:44}{'not on this machine':>26}", flush=True)
            continue
        share = each.rate / (figures[0].rate or each.rate)
        print(
            f"  {each.name:44}{each.rate:12.1f} {each.unit:13}{share:8.2f} of the first"
            f"   {each.beside}".rstrip(),
            flush=True,
        )


def search_in_time(count: int, folder: Path) -> None:
    """Print the time of a search among so many clips and recordings, made up of scrambled ones."""
    kinds = {"clip of 10 s": media.clip(folder), "recording of 7 s": media.recording(folder)}
    suspects = {name: compute(path, type_of(path)) for name, path in kinds.items()}
    index = FingerprintIndex()
    for entry in range(count):
        for place, prints in enumerate(suspects.values()):
            index.add(place * count + entry, [scrambled(each, entry) for each in prints])
    print(f"search among {count:,} clips of 10 s and {count:,} recordings of 7 s")
    for name, prints in suspects.items():
        scale.report(f"a {name}", [partial(index.search, prints)] * SEARCHES)


def scrambled(fingerprint: Fingerprint, seed: int) -> Fingerprint:
    """A fingerprint of the same length whose hashes are random (headers and times are kept)."""
    random = np.random.default_rng(seed)
    bits = bytearray(fingerprint.bits)
    if fingerprint.algorithm in (CLIP, FOOTAGE):
        rows = np.frombuffer(memoryview(bits)[8:], np.uint8).reshape(-1, 40)
        rows[:, 8:] = random.integers(0, 256, (len(rows), 32), np.uint8)
    elif fingerprint.algorithm == PEAKS:
        times = parse_numbers(fingerprint.bits) & ~np.uint32(0xFF)
        pitches = random.integers(0, 220, len(times), np.uint32)
        return replace(fingerprint, bits=format_peaks(np.unique(times | pitches)))
    else:
        start = 8 if fingerprint.algorithm == SOUND else 0
        bits[start:] = random.bytes(len(bits) - start)
    return Fingerprint(fingerprint.algorithm, fingerprint.version, bytes(bits))


def rate_of(
    paths: Sequence[Path], amounts: Sequence[float], work: Callable[[Path], object]
) -> float:
    """How much is done in a second of processor time; the better of two rounds."""
    best = float("inf")
    for _ in range(2):
        before = spent()
        for path in paths:
            work(path)
        best = min(best, spent() - before)
    return sum(amounts) / best


def spent() -> float:
    """Processor seconds of this process and of those that it waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in map(resource.getrusage, whose))


def whole(path: Path) -> Image.Image:
    """A picture, not yet decoded."""
    return Image.open(path)


def hashes(path: Path, media_type: MediaType) -> list[object]:
    """The three hashes of a picture."""
    return hashes_of(picture(path, media_type, shrink_to=SHRINK_TO))


def cheap(path: Path, media_type: MediaType) -> list[object]:
    """What needs no network: the hashes, PDQ of what a frame leaves, the luma record."""
    image = picture(path, media_type, shrink_to=SHRINK_TO)
    within = [pdq(np.asarray(view.convert("L"))) for view in views(image)[1:]]
    return [*hashes_of(image), *within, fingerprint_thumbnail(image)]


def hashes_of(image: Image.Image) -> list[object]:
    """The same of one that is decoded."""
    luma = image.convert("L")
    return [imagehash.phash(luma, 16), imagehash.dhash(luma, 16), pdq(np.asarray(luma))]


def peer_hash(path: Path) -> object:
    """What a program without us would do."""
    with whole(path) as image:
        return imagehash.phash(image, 16)


def peer_pdq(path: Path) -> object:
    """Meta's own PDQ, of the same file."""
    import pdqhash  # type: ignore[import-not-found]  # a peer that need not be there

    with whole(path) as image:
        image.draft(None, (512, 512))
        return pdqhash.compute(np.asarray(image.convert("RGB")))


def peer_vpdq(path: Path) -> object:
    """Meta's own vPDQ, four frames a second as ours."""
    import vpdq  # type: ignore[import-not-found]  # likewise

    return vpdq.computeHash(str(path), seconds_per_hash=0.25)


def peer_fpcalc(path: Path) -> object:
    """Chromaprint's own program."""
    command = [shutil.which("fpcalc") or "fpcalc", "-length", "0", str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert b"FINGERPRINT=" in done.stdout, done.stderr  # it fails at the end of some files
    return done.stdout


def decoded(path: Path) -> None:
    """Decode what the records of a clip need, and no more."""
    for _ in frames(path, type_of(path), per_second=4, size=(192, 192), beside=(64, 36)):
        pass


def recorded(path: Path) -> object:
    """All fingerprints of a file."""
    return compute(path, type_of(path))


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg in one thread."""
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-threads", "1", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def type_of(path: Path) -> MediaType:
    """What the first bytes of a file say it is."""
    with path.open("rb") as stream:
        return detect_media_type(stream.read(HEAD_SIZE))


def length(path: Path) -> float:
    """Seconds that a clip or recording plays."""
    return probe(path, type_of(path)).duration or 1.0


def found(folder: Path | None, kind: str) -> list[Path]:
    """Some files of one kind."""
    if folder is None or not (folder / kind).is_dir():
        return []
    some = [each for each in sorted((folder / kind).rglob("*")) if each.is_file()]
    return [each for each in some if is_media(each)][:MOST]


def is_media(path: Path) -> bool:
    """Whether a file reads as what we measure on."""
    try:
        return bool(probe(path, type_of(path)))
    except (Unreadable, AssetError):
        return False


def shipped(folder: Path) -> list[Path]:
    """The photographs that the wheels carry."""
    return [media.photograph(folder), media.another_photograph(folder)]


def large(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The same as JPEG files of 12 megapixels."""
    made = []
    for number, path in enumerate(paths):
        made.append(folder / f"large-{number}.jpg")
        with Image.open(path) as image:
            wide = image.convert("RGB").resize(LARGE, Image.Resampling.BICUBIC)
        wide.save(made[-1], quality=90)
    return made


def longer(path: Path, folder: Path) -> Path:
    """A recording repeated for a minute: of a few seconds, starting a program takes the most."""
    made = folder / f"long-{path.stem}.wav"
    times: Any = ("-stream_loop", "-1", "-i", str(path), "-t", f"{LONGEST:.0f}", "-vn")
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *times, str(made)], check=True)
    return made


if __name__ == "__main__":
    main()
