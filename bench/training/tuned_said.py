"""What networks say of pictures that they were not taught: `python -m bench.training.tuned_said …`.

    python -m bench.training.tuned_said SUBJECT FOLDER --nets NETS … --most N --to said.csv
    python -m bench.training.tuned_said SUBJECT --nets NETS … --mean adapted.onnx

NETS are of runs of `bench.training.tuned`, which all begin alike. The second form writes the mean
of all networks of all runs (`adapted.mean`). The first asks the same of each picture of FOLDER,
looked at as the product looks, but of those networks alone that were taught without its family, and
of those without its source: of each run the one, or, where the picture came after it, all of the
run. A line a picture: the subject, the first digits of its SHA-256, both scores. Pictures that
said.csv has a line of are not asked again; nor, with --least, those that fewer networks were taught
without. `verifier.detector.train` takes the lines of both subjects, compressed (xz).
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

from . import adapted
from .tuned_views import opened

Line = tuple[str, str, str, str]
Networks = tuple[Path, ...]


@cache
def _mean_of(networks: Networks) -> onnxruntime.InferenceSession:
    graph = adapted.mean([each.read_bytes() for each in networks])
    return encoder.opened(threads=1, graph=graph)


def _score(networks: Networks, shown: tuple[Look, ...]) -> float:
    session = _mean_of(networks)
    asked = (np.ascontiguousarray(each)[None] for each in squares(shown))
    return float(np.mean([session.run(["generated"], {"pixels": each})[0] for each in asked]))


@dataclass(frozen=True, slots=True)
class Run:
    """The networks of a run, and which two were taught without a picture's family and source."""

    networks: Networks
    left_out: dict[str, list[str]]

    @classmethod
    def of(cls, nets: Path) -> "Run":
        """What `bench.training.tuned` wrote."""
        with (nets / "left_out.csv").open(encoding="ascii", newline="") as file:
            left_out = {digest: names for digest, *names in csv.reader(file)}
        return cls(tuple(sorted(nets.glob("*.onnx"))), left_out)

    def without(self, digest: str) -> tuple[Networks, Networks]:
        """The networks that were taught without a picture's family, and without its source.

        Raises KeyError where the run lacks one that it says it taught.
        """
        if digest not in self.left_out:
            return self.networks, self.networks
        named = {each.stem: each for each in self.networks}
        family, source = self.left_out[digest]
        return (named[family],), (named[source],)


@dataclass(frozen=True, slots=True)
class Asked:
    """The runs, of which pictures at least so many networks are asked, and what is known."""

    subject: Subject
    runs: tuple[Run, ...]
    least: int
    known: frozenset[str]

    def line(self, path: Path) -> Line | None:
        """What is said of a picture; None where it is not asked for, or cannot be looked at."""
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        of_runs = [each.without(digest) for each in self.runs]
        groups = [
            tuple(each for told in some for each in told) for some in zip(*of_runs, strict=True)
        ]
        if digest[:DIGITS] in self.known or len(groups[0]) < self.least:
            return None
        image = opened(path, data, self.subject)
        if image is None:
            return None
        of_picture = self.subject == Subject.PICTURE
        shown = looks(image) if of_picture else looks_at_face(image, aligned(image))
        told = {each: _score(each, shown) for each in dict.fromkeys(groups)}
        by_family, by_source = (f"{told[each]:.2f}" for each in groups)
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
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--nets", type=Path, nargs="+", required=True)
    parser.add_argument("--mean", type=Path, help="where the mean of all is written")
    parser.add_argument("--most", type=int, help="pictures of a source")
    parser.add_argument("--least", type=int, default=1, help="networks that a picture is asked of")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    runs = tuple(map(Run.of, options.nets))
    if options.mean is not None:
        every = [each.read_bytes() for run in runs for each in run.networks]
        options.mean.write_bytes(adapted.mean(every))
    if options.folder is None:
        return
    if options.to is None:
        parser.error("say where what is said of FOLDER is written: --to said.csv")
    with options.to.open("a+", encoding="ascii", newline="") as file:
        file.seek(0)
        known = frozenset(row[1] for row in csv.reader(file) if row[0] == options.subject)
        asked = Asked(options.subject, runs, options.least, known)
        paths = [path for _, path in files(options.folder, options.subject, options.most)]
        writer = csv.writer(file, lineterminator="\n")
        for done, line in enumerate(lines(asked, paths, options.workers), 1):
            writer.writerow(line)
            if done % 200 == 0:
                file.flush()
                print(f"{done + len(known)} of at most {len(paths)}", flush=True)


if __name__ == "__main__":
    main()
