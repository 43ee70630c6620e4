"""Doing the same to many files: several at once, each on its own, none lost for another's sake."""

import argparse
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from ledger.errors import FirsthandError
from signer.actions import DigitalSourceType
from signer.manifest import Place, Statement

from ..errors import EXIT_OK, EXIT_PARTLY_FAILED, exit_code, of_system
from ..registrar import Recorded
from .console import advance, print_json, progress, say, say_error

SOURCE_TYPES = {kind.value.rsplit("/", 1)[-1]: kind for kind in DigitalSourceType}


def add_statement(parser: argparse.ArgumentParser) -> None:
    """Add the options that say something about the files, and how to go about them."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--title", default="", help="what it is called")
    parser.add_argument(
        "--place",
        type=_place,
        metavar="LAT,LON",
        help="where it was captured, in degrees (southern or western: --place=-33.86,151.21)",
    )
    parser.add_argument(
        "--captured",
        type=_moment,
        metavar="TIME",
        help="when it was captured, with an offset: 2026-11-22T10:00:00+01:00",
    )
    parser.add_argument("--jobs", type=_jobs, default=os.cpu_count() or 1, help="files at once")
    parser.add_argument("--json", action="store_true", help="one object a file, one line each")


def statement(options: argparse.Namespace, source_type: DigitalSourceType) -> Statement:
    """Return what the options say of a file."""
    return Statement(
        title=options.title,
        source_type=source_type,
        captured_at=options.captured,
        captured_where=options.place,
    )


def each(
    what: str,
    options: argparse.Namespace,
    act: Callable[[Path], Recorded],
) -> int:
    """Do `act` to every file; print what came of each; return the exit code of the whole."""
    files: Sequence[Path] = options.files
    codes = []
    with ThreadPoolExecutor(options.jobs) as pool, progress(what, len(files)) as bar:
        futures = [pool.submit(act, path) for path in files]
        try:
            for path, future in zip(files, futures, strict=True):
                codes.append(_report(path, future, as_json=options.json))
                advance(bar)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # finish what is begun, begin no more
            raise
    return codes[0] if len(set(codes)) == 1 else EXIT_PARTLY_FAILED


def _report(path: Path, future: "Future[Recorded]", *, as_json: bool) -> int:
    """Print what came of one file; return its exit code."""
    try:
        recorded = future.result()
    except OSError as unforeseen:
        problem: FirsthandError = of_system(unforeseen)
    except FirsthandError as foreseen:
        problem = foreseen
    else:
        _print(path, recorded, as_json=as_json)
        return EXIT_OK
    say_error(problem, "" if str(path) in problem.message else str(path))
    if as_json:
        print_json({"file": str(path), "error": str(problem)})
    return exit_code(problem)


def _print(path: Path, recorded: Recorded, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "file": str(path),
                "path": str(recorded.path),
                "sidecar": recorded.sidecar and str(recorded.sidecar),
                "sha256": recorded.asset.digest.hex,
                "media_type": recorded.asset.media_type.name,
                "index": recorded.index,
                "again": recorded.again,
            }
        )
        return
    done = "was recorded already as" if recorded.again else "is recorded as"
    where = "" if recorded.path == path else f" → {recorded.path}"
    sidecar = f" (manifest in {recorded.sidecar.name})" if recorded.sidecar else ""
    say(f"{path}{where}{sidecar} {done} entry {recorded.index}")


def _place(text: str) -> Place:
    latitude, comma, longitude = text.partition(",")
    try:
        degrees = float(latitude), float(longitude)
        if not comma or not all(map(math.isfinite, degrees)):
            raise ValueError(text)
        return Place(*degrees)
    except (ValueError, FirsthandError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not LAT,LON in degrees, such as 52.52,13.40"
        ) from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time such as 2026-11-22T10:00:00+01:00"
        ) from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset; add one, such as Z or +01:00")
    return moment


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs from 1 to 256")
    return int(text)
