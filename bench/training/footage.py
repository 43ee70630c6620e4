"""A line over what is seen of a clip's frames: learnt from clips, filmed and generated.

    python -m bench.training.footage FOLDER --keep DIR --to footage.npz

FOLDER holds `real*/` and `fake*/` sources of clips, one a folder, in any tree; `fake_wan21_…` and
`fake_wan-longlive_…` are of one family. Each clip is seen twice: as it was published, and coded
again by a draw from its own bytes (at most 480 lines, rate factors of 26 to 36), both classes
alike, since filmed and generated clips are published otherwise. Of what the encoder sees of their
frames a line is learnt and calibrated as in `verifier.detector.learn`; beside it is heard, half as
loud, what the frames score as pictures. What is seen is kept in DIR by digest. Printed beside: what
size, shape, length and rate of bits tell alone, and labels at random.
"""

import argparse
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import Kind, detect_media_type
from ledger.errors import FirsthandError
from verifier.detector import footage
from verifier.detector.calibration import auc
from verifier.detector.clip import too_coarse
from verifier.detector.domain import why_not
from verifier.detector.head import to_bytes
from verifier.detector.learn import Said, held_out, learn
from verifier.detector.views import looks
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.probe import probe

PUBLISHED, CODED = "published", "coded"
LINES, QUALITIES = 480, (26, 37)  # of the shorter side, at most; x264's constant rate factor

SHARE = 0.5  # of what the line says: how loud the score as pictures is heard, in deviations

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of a source in a view: what is seen, its format's numbers; or why it is not judged.

    `near` is whether a face is close in most of its frames.
    """

    digest: str
    source: str
    seen: Floats32 | None
    form: tuple[float, ...]
    reason: str = ""
    near: bool = False

    @property
    def generated(self) -> bool:
        """Whether its source is of a maker."""
        return self.source.startswith("fake")


def read(folder: Path, keep: Path, view: str, *, most: int | None = None) -> Iterator[Clip]:
    """See every clip of FOLDER in a view, or read what was kept; at most `most` of a source."""
    keep.mkdir(parents=True, exist_ok=True)
    for place in sorted(each for each in folder.rglob("*") if each.is_dir()):
        if not place.name.startswith(("real", "fake")):
            continue
        paths = sorted(
            (each for each in place.iterdir() if each.is_file()),
            key=lambda path: hashlib.sha256(path.name.encode()).digest(),
        )
        yield from (_seen(path, place.name, keep, view) for path in paths[:most])


def _seen(path: Path, source: str, keep: Path, view: str) -> Clip:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    kept = keep / f"{digest}.{view}.faces.npz"
    if not kept.exists():
        if view == CODED:
            with tempfile.TemporaryDirectory() as work:
                again = Path(work) / "clip.mp4"
                frames, near, form, reason = _looked(coded(path, again, digest))
        else:
            frames, near, form, reason = _looked(path)
        part = kept.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, frames=np.array(frames), near=near, form=form, reason=reason)
        part.replace(kept)
    with np.load(kept, allow_pickle=False) as held:
        shown, form, reason = list(held["frames"]), tuple(held["form"].tolist()), held["reason"]
        close = footage.most(held["near"].tolist())
    seen = footage.described(shown) if len(shown) >= footage.LEAST_FRAMES else None
    if seen is None and not str(reason):
        return Clip(digest, source, None, form, footage.UNLIKE)
    return Clip(digest, source, seen, form, str(reason), close)


def family(source: str) -> str:
    """A maker's family: what its source's name begins with; a filmed source is one of its own."""
    told = re.match(r"fake_[a-z]+", source)
    return told[0] if told else source


def _looked(path: Path) -> tuple[list[Floats32], list[bool], tuple[float, ...], str]:
    """What is seen of frames, faces close to them, the format, and why nothing is said of it."""
    nothing = (0.0,) * 4
    try:
        media_type = detect_media_type(path.read_bytes()[:4096])
        if media_type.kind is not Kind.CLIP:
            return [], [], nothing, "it is no clip"
        info = probe(path, media_type)
        if not info.video or info.size is None:
            return [], [], nothing, "it holds no moving pictures"
        images = list(footage.sampled(path, media_type, info))
    except FirsthandError as problem:
        return [], [], nothing, f"{problem}"
    width, height = info.size
    size, seconds = path.stat().st_size, info.duration or 1.0
    form = (width * height, width / height, seconds, 8 * size / seconds / (width * height))
    why = [why_not(each, None, moves=True) for each in images]
    judged = [each for each, reason in zip(images, why, strict=True) if reason is None]
    told = tuple(float(each) for each in np.log(form))
    coarse = too_coarse(info, size)
    if coarse is not None or len(judged) < footage.LEAST_FRAMES:
        return [], [], told, coarse or next(filter(None, why), "it has too few frames")
    near = [footage.close(each) for each in judged]
    return [footage.features(looks(each)) for each in judged], near, told, ""


def coded(path: Path, to: Path, digest: str) -> Path:
    """Code a clip again, without sound, by a draw; where that fails the empty file says so."""
    quality = int(np.random.default_rng(int(digest[:8], 16)).integers(*QUALITIES))
    even = "trunc(min({0},{1})/2)*2"
    wide, tall = (even.format(LINES, each) for each in ("iw", "ih"))
    scale = f"scale='if(gt(iw,ih),-2,{wide})':'if(gt(iw,ih),{tall},-2)'"
    command = [find_ffmpeg(), "-v", "error", "-i", str(path), "-an", "-vf", scale]
    command += ["-t", "20", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", str(quality)]
    done = subprocess.run([*command, "-threads", "1", "-y", str(to)], check=False)
    if done.returncode:
        to.write_bytes(b"")
    return to


def main() -> None:
    """Learn from what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where what is seen is kept")
    parser.add_argument("--most", type=int, default=12, help="clips of a source")
    parser.add_argument("--to", type=Path, required=True, help="where the line is written")
    options = parser.parse_args()
    clips = [
        each
        for view in (PUBLISHED, CODED)
        for each in read(options.folder, options.keep, view, most=options.most)
    ]
    seen = np.array([each.seen for each in clips if each.seen is not None], np.float64)
    clips = [each for each in clips if each.seen is not None]
    generated = np.array([each.generated for each in clips])
    sources = np.array([each.source for each in clips])
    families = np.array([family(each.source) for each in clips])
    said = Said(seen[:, -1], seen[:, -1])
    learnt = learn(seen[:, :-1], generated, sources, said=said, share=SHARE, families=families)
    for name, count in zip(*np.unique(sources, return_counts=True), strict=True):
        its = (sources == name) | (generated != str(name).startswith("fake"))
        print(f"{count:4d} {name:40} {auc(learnt.by_family[its], generated[its]):.3f}")
    form = np.array([each.form for each in clips])
    form = (form - form.mean(0)) / (form.std(0) + 1e-6)
    random = np.random.default_rng(0).permutation(generated)
    print(f"as pictures alone  AUC {auc(seen[:, -1], generated):.3f}")
    print(f"sources left out   AUC {auc(learnt.by_source, generated):.3f}")
    print(f"families left out  AUC {auc(learnt.by_family, generated):.3f}")
    print(f"format alone       AUC {auc(held_out(form, generated, families), generated):.3f}")
    print(f"labels at random   AUC {auc(learnt.left_out(random, sources), random):.3f}")
    low, high = learnt.head.calibration.bounds
    print(f"log10 likelihood ratios between {low:.2f} and {high:.2f}")
    data = to_bytes(learnt.head)
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
