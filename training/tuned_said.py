"""What networks say of pictures that they were not taught: `python -m training.tuned_said …`.

    python -m training.tuned_said SUBJECT NETS FOLDER --most N --to said.csv

NETS is of `training.tuned`. Each picture of FOLDER is looked at as the product looks, by the one of
the four networks that was taught without its family or source; one that came to the list later, by
the one of all, which has not seen it. A line a picture: the subject, the first digits of its
SHA-256, the score. `verifier.detector.train` takes the lines of both subjects, compressed (xz).
"""

import argparse
import csv
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime

from verifier.detector import encoder
from verifier.detector.result import Subject
from verifier.detector.samples import DIGITS, aligned, files
from verifier.detector.seen import squares
from verifier.detector.views import looks, looks_at_face

from .tuned_views import opened


@cache
def _network(path: Path) -> onnxruntime.InferenceSession:
    return encoder.opened(threads=1, graph=path.read_bytes())


def said(
    subject: Subject, nets: Path, folder: Path, most: int | None
) -> Iterator[tuple[str, str, float]]:
    """The lines, one a picture that can be read and is large enough."""
    with (nets / "left_out.csv").open(encoding="ascii", newline="") as file:
        left_out = dict(csv.reader(file))
    for _, path in files(folder, subject, most):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        image = opened(path, data, subject)
        if image is None:
            continue
        ours = looks(image) if subject == Subject.PICTURE else looks_at_face(image, aligned(image))
        network = _network(nets / f"{left_out.get(digest, 'all')}.onnx")
        scores = [
            network.run(["generated"], {"pixels": np.ascontiguousarray(square)[None]})[0]
            for square in squares(ours)
        ]
        yield subject, digest[:DIGITS], float(np.mean(scores))


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("nets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, help="pictures of a source")
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    with options.to.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for of, digest, score in said(options.subject, options.nets, options.folder, options.most):
            writer.writerow((of, digest, f"{score:.3f}"))


if __name__ == "__main__":
    main()
