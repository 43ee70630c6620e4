"""Recall of edited clips: what each of our fingerprints of frames finds, and what matches falsely.

    python -m bench.clip_retrieval FOLDER [--others FOLDER] [--seconds 8] [--keep FOLDER]

FOLDER/queries holds clips, FOLDER/distractors clips that have nothing to do with them, --others
more of these for the count of false matches. Clips of one scene by one camera (in one sub-folder,
or ACTOR__SCENE.mp4 with one SCENE) are counted apart: geometry knows the room again. The first
--seconds of each query go through the 17 edits of the note, encoded for real by ffmpeg. What is
found as shipped is searched among all clips but those of --others. False matches are counted pair
by pair: geometry, of which a search asks the nearest only, is asked of every clip that is near
enough. Intervals are Wilson's, 95 %.
"""

import argparse
import hashlib
import pickle
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.retrieval import files, upper, wilson
from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from verifier.compare.registers import registers
from verifier.errors import Unreadable
from verifier.fingerprint import compute
from verifier.fingerprint.described import FOOTAGE
from verifier.fingerprint.descriptor import DIGEST
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.luma import CLIP_LUMA
from verifier.fingerprint.match import match
from verifier.fingerprint.video import CLIP
from verifier.media.ffmpeg import find_ffmpeg

Prints = tuple[Fingerprint, ...]
Found = npt.NDArray[np.bool_]
ALONE = {"clip-phash": (CLIP,), "clip-descriptor": (FOOTAGE, CLIP_LUMA)}
SHIPPED = (CLIP, FOOTAGE, CLIP_LUMA)
EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2"


def _cut(share: float) -> str:
    return f"crop=iw*{1 - share:g}:ih*{1 - share:g}"


EDITS: dict[str, tuple[str, ...]] = {
    "crf 40": ("-crf", "40", "-vf", EVEN),
    "WhatsApp, 360p 150k": ("-b:v", "150k", "-vf", "scale=-2:360"),
    "10 frames/s, 240p": ("-crf", "30", "-vf", "fps=10,scale=-2:240"),
    "the middle 3 s": ("-ss", "2.4", "-t", "3", "-crf", "28", "-vf", EVEN),
    "crop 15 %": ("-crf", "28", "-vf", f"{_cut(0.15)},{EVEN}"),
    "crop 30 %": ("-crf", "28", "-vf", f"{_cut(0.3)},{EVEN}"),
    "reframed": (
        *("-crf", "28", "-vf"),
        f"crop='if(gt(iw,ih),ih*9/16,iw)':'if(gt(iw,ih),ih,iw*9/16)',{EVEN}",
    ),
    "letterboxed": (
        *("-crf", "28", "-vf"),
        (
            "scale=360:-2,pad='if(gt(iw,ih),iw,ih*16/9)':'if(gt(iw,ih),iw*16/9,ih)':-1:-1:black,"
            f"{EVEN}"
        ),
    ),
    "at 75 % speed": ("-crf", "28", "-vf", f"setpts=PTS/0.75,{EVEN}"),
    "at 125 % speed": ("-crf", "28", "-vf", f"setpts=PTS/1.25,{EVEN}"),
    "at twice the speed": ("-crf", "28", "-vf", f"setpts=PTS/2,{EVEN}"),
    "mirrored": ("-crf", "28", "-vf", f"hflip,{EVEN}"),
    "logo and banner": (
        *("-crf", "28", "-vf"),
        (
            "drawbox=x=iw*0.82:y=ih*0.05:w=iw*0.13:h=ih*0.13:color=red:t=fill,"
            f"drawbox=x=0:y=ih*0.82:w=iw:h=ih*0.18:color=navy:t=fill,{EVEN}"
        ),
    ),
    "in a window, 60 %": (
        *("-crf", "28", "-vf"),
        f"scale=384:-2,pad=iw/0.6:ih/0.6:iw*0.3:ih*0.35:color=0x305070,{EVEN}",
    ),
    "light and colour": (
        *("-crf", "28", "-vf", f"eq=brightness=0.08:contrast=1.3:saturation=1.5,{EVEN}"),
    ),
    "recaptured from a screen": (
        *("-crf", "30", "-vf"),
        (
            "perspective=x0=W*0.03:y0=H*0.02:x1=W*0.98:y1=H*0.05:x2=W*0.01:y2=H*0.96:x3=W*0.97:y3=H,"
            f"gblur=sigma=1,noise=alls=12:allf=t,{EVEN}"
        ),
    ),
    "turned 3 degrees": ("-crf", "28", "-vf", f"rotate=3*PI/180,{_cut(0.12)},{EVEN}"),
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--others", type=Path, help="more clips, for the count of false matches")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--keep", type=Path, help="a folder for what takes long to compute")
    options = parser.parse_args()
    queries, others = files(options.folder / "queries"), files(options.folder / "distractors")
    originals = [kept(path, "whole", options.keep) for path in queries]
    distractors = [kept(path, "whole", options.keep) for path in others]
    print(f"{len(queries)} queries, {len(EDITS)} edits of each, {len(others)} distractors")
    copies = [list(edited(path, options.seconds, options.keep)) for path in queries]
    show("as shipped", found_among([*originals, *distractors], copies))
    for way, names in ALONE.items():
        show(way, found_alone(names, originals, copies))
    more = files(options.others) if options.others else []
    folders = (options.folder / "queries", options.folder / "distractors", options.others)
    grouped = zip((queries, others, more), folders, strict=True)
    scenes = [scene(path, folder) for paths, folder in grouped for path in paths]
    distractors += [kept(path, "whole", options.keep) for path in more]
    judge([*originals, *distractors], scenes, copies)


def judge(
    clips: Sequence[Prints | None], scenes: Sequence[str], copies: Sequence[Sequence[Prints | None]]
) -> None:
    """Print how many copies match clips of other scenes, pair by pair, and by what."""
    tried, wrong, asked = 0, Counter[str](), 0
    takes = alike = 0

    def laid(algorithm: str, suspect: Prints, original: Prints) -> bool:
        nonlocal asked
        asked += 1
        return registers(algorithm, suspect, original)

    for owner, copy in ((place, each) for place, of_one in enumerate(copies) for each in of_one):
        for place, other in enumerate(clips):
            if not copy or not other or place == owner:
                continue
            if scenes[place] == scenes[owner]:
                takes += 1
                alike += (
                    match(0, only(copy, SHIPPED), only(other, SHIPPED), registers=registers)
                    is not None
                )
                continue
            tried += 1
            false = match(0, only(copy, SHIPPED), only(other, SHIPPED), registers=laid)
            if false is not None:
                wrong[false.algorithm] += 1
                print(f"  false: {scenes[owner]} = {scenes[place]} by {false.algorithm}")
    print(
        f"{wrong.total()} false matches in {tried} pairs: at most {upper(wrong.total(), tried):.2g}"
    )
    for name in (CLIP, FOOTAGE):
        print(f"  {name}: {wrong[name]}, at most {upper(wrong[name], tried):.2g}")
    rate = upper(wrong[FOOTAGE], asked)
    print(f"  geometry was asked of {asked} pairs, and confirms at most {rate:.2g} of such")
    print(f"{alike} of {takes} pairs of other takes of one scene match")


def scene(path: Path, folder: Path) -> str:
    """What clips of one scene have in common: their sub-folder, or what follows the actor."""
    return path.relative_to(folder).parts[0].split("__", 1)[-1]


def only(prints: Prints, names: Sequence[str]) -> Prints:
    """The fingerprints of some algorithms."""
    return tuple(each for each in prints if each.algorithm in names)


def kept(path: Path, what: str, keep: Path | None) -> Prints | None:
    """The fingerprints of a file; None where it has no frames that can be decoded."""
    key = hashlib.sha256(f"{DIGEST} {path} {what}".encode()).hexdigest()[:16]
    stored = keep / f"{key}.clip" if keep else None
    if stored and stored.exists():
        return tuple(Fingerprint(*row) for row in pickle.loads(stored.read_bytes()))  # noqa: S301  # our own
    with path.open("rb") as stream:
        kind = detect_media_type(stream.read(HEAD_SIZE))
    try:
        found = compute(path, kind)
    except Unreadable:
        return None
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(pickle.dumps([(f.algorithm, f.version, f.bits) for f in found]))
    return found


def edited(path: Path, seconds: float, keep: Path | None) -> Iterator[Prints | None]:
    """Fingerprints of each edit of a clip, encoded for real, in the order of EDITS."""
    for name, options in EDITS.items():
        key = hashlib.sha256(f"{path} {name} {options} {seconds}".encode()).hexdigest()[:16]
        with tempfile.TemporaryDirectory() as folder:
            copy = (keep or Path(folder)) / f"{key}.mp4"
            if not copy.exists():
                encode = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
                command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-t", f"{seconds:g}"]
                copy.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(
                    [*command, "-i", str(path), *encode, *options, str(copy)], check=True
                )
            yield kept(copy, "copy", keep)


def found_alone(
    names: Sequence[str],
    originals: Sequence[Prints | None],
    copies: Sequence[Sequence[Prints | None]],
) -> Found:
    """Which copies match their originals by some fingerprints."""
    return np.array(
        [
            [
                copy is not None
                and original is not None
                and match(0, only(copy, names), only(original, names), registers=registers)
                is not None
                for copy in of_one
            ]
            for of_one, original in zip(copies, originals, strict=True)
        ]
    )


def found_among(clips: Sequence[Prints | None], copies: Sequence[Sequence[Prints | None]]) -> Found:
    """Which copies are found among all clips, of which the queries' come first, in their order."""
    index = FingerprintIndex()
    for entry, prints in enumerate(clips):
        index.add(entry, only(prints or (), SHIPPED))
    return np.array(
        [
            [
                entry in {each.entry_index for each in index.search(copy, registers=registers)}
                for copy in (only(each or (), SHIPPED) for each in of_one)
            ]
            for entry, of_one in enumerate(copies)
        ]
    )


def show(way: str, found: Found) -> None:
    """Print recall by edit, in percent, with its interval."""
    print(f"{way}: mean {100 * found.mean():.1f}, {shares(found)}")
    for number, name in enumerate(EDITS):
        column = found[:, number]
        print(f"  {name:26} {100 * column.mean():6.1f}   {shares(column)}", flush=True)


def shares(found: Found) -> str:
    """A Wilson interval, in percent."""
    low, high = wilson(found)
    return f"{100 * low:.1f} to {100 * high:.1f}"


if __name__ == "__main__":
    main()
