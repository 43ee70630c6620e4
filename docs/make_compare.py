"""Write the pictures of docs/compare.md: python -m docs.make_compare [TALKING_CLIP].

The photographs are those that scikit-image ships (the launch by SpaceX and the cup of coffee by
Rachel Michetti, both CC0); of the talking clip nothing is drawn but the outline of its sound.
"""

import argparse
import io
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from bench.clip_edits import headers, run_ffmpeg
from bench.shallowfakes import LONGEST, drawing, fakes, make, snapped
from tests import media
from verifier.compare.compare import compare_in, read_medium
from verifier.compare.context import Captured, Claim, check_context, parse_moment
from verifier.compare.engines import ENGINES
from verifier.compare.picturing import picture_of
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.sandbox import Sandbox

FOLDER = Path(__file__).parent
_WIDE, _MOST = 1000, 150_000  # pixels, bytes
_RATE = 16000
_TAKEN = "2019-03-02"  # as it would have been sealed when the picture was signed


@dataclass(frozen=True)
class Case:
    """A picture of the page: its name, the original and the suspect, and whether frames show."""

    name: str
    original: Path
    suspect: Path
    is_free: bool = True
    claimed: str | None = None


def cases(folder: Path, clip: Path | None) -> Iterator[Case]:
    """Make what is compared."""
    launch, cup = media.photograph(folder), media.another_photograph(folder)
    yield Case("changed", launch, second_rocket(launch, folder / "second-rocket.jpg"))
    yield Case("cropped", cup, cropped(cup, folder / "cropped.jpg"))
    today = folder / "launch-today.jpg"
    with Image.open(launch) as picture:
        picture.save(today, "JPEG", quality=60)
    yield Case("old", launch, today, claimed="2025-11-24")
    if clip is None:
        return
    _, rate, seconds = headers(clip)
    for fake in fakes(min(seconds - 2 / rate, LONGEST)):
        made = snapped(fake, rate)
        name = made.name.replace(" %", "").replace(" ", "-")
        path = folder / f"{name}.mp4"
        make(clip, made, rate, path)
        yield Case(name, clip, path, is_free=False)
    sound = folder / "recording.wav"
    run_ffmpeg("-i", str(clip), "-vn", "-ac", "1", "-ar", str(_RATE), str(sound))
    yield Case("replaced-word", sound, other_word(sound, folder / "other-word.mp3"), is_free=False)


def second_rocket(launch: Path, path: Path) -> Path:
    """A rocket that never stood there, as a platform serves it: smaller, and encoded again."""
    with Image.open(launch) as opened:
        picture = opened.convert("RGB")
    left, top, right, bottom = 280, 60, 370, 400
    rocket = picture.crop((left, top, right, bottom))
    soft = Image.new("L", rocket.size)
    ImageDraw.Draw(soft).rectangle((8, 8, rocket.width - 8, rocket.height - 8), fill=255)
    picture.paste(rocket, (left - 190, top), soft.filter(ImageFilter.GaussianBlur(6)))
    half = picture.resize((480, 320), Image.Resampling.LANCZOS)
    half.save(path, "JPEG", quality=50)
    return path


def cropped(picture: Path, path: Path) -> Path:
    """A mirrored crop under a caption."""
    with Image.open(picture) as opened:
        whole = opened.convert("RGB")
    part = whole.crop((90, 20, 560, 370)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    page = Image.new("RGB", (part.width, part.height + 60), "white")
    page.paste(part, (0, 60))
    ImageDraw.Draw(page).text((14, 14), "Who needs sleep?", fill="black", font_size=30)
    page.save(path, "JPEG", quality=55)
    return path


def other_word(sound: Path, path: Path) -> Path:
    """Four tenths of a second of the same voice from elsewhere, in place of what was said."""
    raw = ("-f", "s16le", "-ar", str(_RATE), "-ac", "1")
    told = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(sound), *raw, "-"],
        capture_output=True,
        check=True,
    )
    samples = np.frombuffer(told.stdout, "<i2").copy()
    loud = np.abs(samples.astype(np.float64)).reshape(-1, 1)[: len(samples) // 1600 * 1600]
    tenths = loud.reshape(-1, 1600).mean(1)  # as loud as any four tenths are
    four = np.convolve(tenths, np.ones(4), "valid")
    ordered = np.argsort(-four)
    first = int(ordered[0])
    other = int(next(each for each in ordered if abs(each - first) > 20))
    samples[1600 * first : 1600 * (first + 4)] = samples[1600 * other : 1600 * (other + 4)]
    subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *raw, "-i", "-", "-b:a", "48k", str(path)],
        input=samples.tobytes(),
        check=True,
    )
    return path


def contradicted(claimed: str) -> str:
    """What is said of a picture that was recorded long before the time that is claimed for it."""
    taken, entered = parse_moment(_TAKEN), datetime(2019, 3, 2, 12, tzinfo=UTC)
    record = Captured(time=taken, time_source="the signer's word", entered=entered)
    [finding] = check_context(Claim(time=parse_moment(claimed)), record, "picture")
    return finding.sentence


def small(png: bytes, path: Path) -> None:
    """Write a drawing as small as a page needs it."""
    with Image.open(io.BytesIO(png)) as image:
        size = (_WIDE, round(image.height * _WIDE / image.width))
        shown = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    for colours in (160, 96, 64, 32):
        few = shown.quantize(colours, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(path, optimize=True)
        if path.stat().st_size < _MOST:
            return


def main() -> None:
    """Write them, and print the sentences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip", nargs="?", type=Path, metavar="TALKING_CLIP")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Sandbox() as sandbox:
        for case in cases(Path(scratch), options.clip):
            original, suspect = read_medium(case.original), read_medium(case.suspect)
            found = compare_in(sandbox, original, suspect, ENGINES)
            if case.claimed:
                found = replace(found, sentence=f"{found.sentence} {contradicted(case.claimed)}")
            draw = picture_of if case.is_free else drawing
            path = options.output / f"compare-{case.name}.png"
            small(draw(sandbox, original, suspect, found), path)
            print(f"{path.name} ({path.stat().st_size // 1000} kB): {found.sentence}", flush=True)


if __name__ == "__main__":
    main()
