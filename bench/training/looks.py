"""Draw training looks for `encoder`.

    python -m bench.training.looks FOLDER --to LOOKS.npy

FOLDER holds sources as `verifier.detector.samples` reads them. The first picture of each source,
then the second of each, until there are COUNT: an array (COUNT, SIDE, SIDE, 3) of bytes.
"""

import argparse
import hashlib
from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import detect_media_type
from verifier.detector.encoder import SIDE
from verifier.detector.result import Subject
from verifier.detector.samples import files
from verifier.detector.views import looks_in_training
from verifier.errors import Unreadable
from verifier.media.picture import picture

COUNT = 40


def looks(folder: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Every look that can be drawn, source after source in turn."""
    sources: dict[str, list[Path]] = {}
    for source, path in files(folder, Subject.PICTURE):
        sources.setdefault(source, []).append(path)
    for path in filter(None, chain.from_iterable(zip_longest(*sources.values()))):
        data = path.read_bytes()
        try:
            image = picture(path, detect_media_type(data[:4096])).convert("RGB")
        except Unreadable:
            continue
        if min(image.size) >= SIDE:
            digest = hashlib.sha256(data).hexdigest()
            random = np.random.default_rng((int(digest[:8], 16), 0))
            yield looks_in_training(image, random)[0].whole


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    np.save(options.to, np.array(list(islice(looks(options.folder), COUNT))))


if __name__ == "__main__":
    main()
