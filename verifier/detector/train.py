"""Train the head that the package carries: `python -m verifier.detector.train FOLDER [--keep DIR]`.

FOLDER holds sources, one a folder: `real*/` of photographs and `fake*/` of generated pictures, in
any tree (`image/train/real_coco/…`). Every picture is resized and compressed once, by draws from
its own bytes and the seed, so that both classes come alike. What the encoder sees is kept in DIR
by digest: a second run costs seconds. The same folder and seed give the same weights, where the
runtime and its processor round alike. Printed beside the figure of what was held out: what file
size, shape and format alone would tell, and what is learnt from labels at random (about 0.5).
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import detect_media_type
from verifier.errors import Unreadable
from verifier.media.picture import picture

from .calibration import auc
from .encoder import SIDE, encode
from .head import to_bytes
from .learn import Components, held_out, learn
from .views import look, look_in_training


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of a source: what the encoder sees, and its format's own numbers."""

    source: str
    generated: bool
    features: npt.NDArray[np.float32]
    form: tuple[float, ...]


def read_samples(
    folder: Path, keep: Path, *, seed: int | None, most: int | None = None
) -> Iterator[Sample]:
    """Read every source under `folder`; with `seed` as in training, else as files are examined.

    `most` is how many pictures of a source are read, chosen by the digest of their names. Pictures
    that cannot be decoded, or are smaller than the encoder's square, are left out.
    """
    keep.mkdir(parents=True, exist_ok=True)
    for place in sorted(each for each in folder.rglob("*") if each.is_dir()):
        if not place.name.startswith(("real", "fake")):
            continue
        paths = sorted(
            (each for each in place.rglob("*") if each.is_file()),
            key=lambda path: hashlib.sha256(path.name.encode()).digest(),
        )
        for path in paths[:most]:
            sample = _sample(path, place.name, keep, seed)
            if sample is not None:
                yield sample


def _sample(path: Path, source: str, keep: Path, seed: int | None) -> Sample | None:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    kept = keep / f"{digest}.{'-' if seed is None else seed}.npz"
    if not kept.exists():
        try:
            image = picture(path, detect_media_type(data[:4096])).convert("RGB")
        except Unreadable:
            return None
        if min(image.size) < SIDE:
            return None
        part = kept.with_suffix(".part")
        with part.open("wb") as file:
            told = _features(image, digest, seed).astype(np.float16)  # half the room
            np.savez(file, features=told, size=np.array(image.size))
        part.replace(kept)
    with np.load(kept, allow_pickle=False) as held:
        width, height = (float(each) for each in held["size"])
        form = (width * height, width / height, 8 * len(data) / (width * height), len(data))
        kinds = tuple(float(data.startswith(each)) for each in (b"\xff\xd8", b"\x89PNG", b"RIFF"))
        told = held["features"].astype(np.float32)
    return Sample(source, source.startswith("fake"), told, (*np.log(form), *kinds))


def _features(image: Image.Image, digest: str, seed: int | None) -> npt.NDArray[np.float32]:
    if seed is None:
        return encode(look(image))
    random = np.random.default_rng((int(digest[:8], 16), seed))
    return encode(look_in_training(image, random))


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples as arrays: (n, features), (n,), (n,), (n, numbers of the format)."""

    features: npt.NDArray[np.float64]
    generated: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]
    form: npt.NDArray[np.float64]


def gathered(samples: Iterator[Sample]) -> Samples:
    """Put samples together."""
    rows = list(samples)
    return Samples(
        np.array([each.features for each in rows], np.float64),
        np.array([each.generated for each in rows]),
        np.array([each.source for each in rows]),
        np.array([each.form for each in rows], np.float64),
    )


def show(samples: Samples, seed: int) -> None:
    """Print how sources that were left out are told apart, and the two controls."""
    random = np.random.default_rng(seed)
    real = samples.generated
    along = Components(samples.features, 256)(samples.features)
    form = (samples.form - samples.form.mean(0)) / (samples.form.std(0) + 1e-6)
    shuffled = random.permutation(real)
    print(f"sources left out   AUC {auc(held_out(along, real, samples.sources), real):.3f}")
    print(f"format alone       AUC {auc(held_out(form, real, samples.sources), real):.3f}")
    folds = random.integers(0, 5, len(real)).astype(np.str_)
    print(f"labels at random   AUC {auc(held_out(along, shuffled, folds), shuffled):.3f}")


def main() -> None:
    """Train on what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where features are kept")
    parser.add_argument("--most", type=int, default=400, help="pictures of a source")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, required=True, help="where the weights are written")
    options = parser.parse_args()
    samples = gathered(
        read_samples(options.folder, options.keep, seed=options.seed, most=options.most)
    )
    for name, count in zip(*np.unique(samples.sources, return_counts=True), strict=True):
        print(f"{count:5d} {name}")
    show(samples, options.seed)
    head = learn(samples.features, samples.generated, samples.sources, seed=options.seed)
    low, high = head.bounds
    print(f"log10 likelihood ratios between {low:.2f} and {high:.2f}")
    data = to_bytes(head)
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
