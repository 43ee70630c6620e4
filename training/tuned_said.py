"""What networks say of pictures that they were not taught: `python -m training.tuned_said …`.

    python -m training.tuned_said SUBJECT NETS FOLDER --most N --to said.csv

NETS is of `training.tuned`. Each picture of FOLDER is looked at as the product looks, by the
network that was taught without its family and by the one that was taught without its source; one
that came to the list later, by the one of all, which has not seen it. A line a picture: the
subject, the first digits of its SHA-256, both scores. Pictures that said.csv has a line of are not
asked again. `verifier.detector.train` takes the lines of both subjects, compressed (xz).
"""

import argparse
import csv
import hashlib
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime

from verifier.detector import encoder
from verifier.detector.result import Subject
from verifier.detector.samples import DIGITS, aligned, files
from verifier.detector.seen import squares
from verifier.detector.views import Look, looks, looks_at_face

from .tuned import ALL
from .tuned_views import opened

Line = tuple[str, str, str, str]


@cache
def _network(path: Path) -> onnxruntime.InferenceSession:
    return encoder.opened(threads=1, graph=path.read_bytes())


def _score(path: Path, shown: tuple[Look, ...]) -> float:
    asked = (np.ascontiguousarray(each)[None] for each in squares(shown))
    return float(
        np.mean([_network(path).run(["generated"], {"pixels": each})[0] for each in asked])
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The networks, who was taught what, and the digests that are known already."""

    subject: Subject
    nets: Path
    left_out: dict[str, list[str]]
    known: frozenset[str]

    def line(self, path: Path) -> Line | None:
        """What is said of a picture; None where it is known, cannot be read or is too small."""
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest[:DIGITS] in self.known or (image := opened(path, data, self.subject)) is None:
            return None
        of_picture = self.subject == Subject.PICTURE
        shown = looks(image) if of_picture else looks_at_face(image, aligned(image))
        names = self.left_out.get(digest, [ALL, ALL])
        told = {name: _score(self.nets / f"{name}.onnx", shown) for name in dict.fromkeys(names)}
        by_family, by_source = (f"{told[name]:.2f}" for name in names)
        return self.subject, digest[:DIGITS], by_family, by_source


def lines(asked: Asked, paths: list[Path], workers: int) -> Iterator[Line]:
    """The lines of pictures, as they come."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers) as pool:
        yield from (each for each in pool.imap_unordered(asked.line, paths, 8) if each is not None)


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("subject", type=Subject, choices=(Subject.PICTURE, Subject.FACE))
    parser.add_argument("nets", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, help="pictures of a source")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with (options.nets / "left_out.csv").open(encoding="ascii", newline="") as file:
        left_out = {digest: names for digest, *names in csv.reader(file)}
    with options.to.open("a+", encoding="ascii", newline="") as file:
        file.seek(0)
        known = frozenset(row[1] for row in csv.reader(file) if row[0] == options.subject)
        asked = Asked(options.subject, options.nets, left_out, known)
        paths = [path for _, path in files(options.folder, options.subject, options.most)]
        writer = csv.writer(file, lineterminator="\n")
        for done, line in enumerate(lines(asked, paths, options.workers), 1):
            writer.writerow(line)
            if done % 200 == 0:
                file.flush()
                print(f"{done + len(known)} of {len(paths)}", flush=True)


if __name__ == "__main__":
    main()
