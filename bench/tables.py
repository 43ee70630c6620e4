"""Every table of docs/compare.md in one run, as text and as Markdown.

    python -m bench.tables [MEDIA] [--out FOLDER] [--only NAME...]

The table of speed needs no media. Each table of accuracy needs its sub-folder of MEDIA, as `TABLES`
below and docs/compare.md say; one that is not there is said, and its table is not run. What takes
long is kept in FOLDER/kept, so that a run that was cut short goes on from there; FOLDER/tables.txt
and FOLDER/tables.md hold what was printed, with the command of each.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TextIO


@dataclass(frozen=True)
class Table:
    """One command: what it measures, and the folders that it needs; {0} is MEDIA, {1} is kept."""

    name: str
    title: str
    needs: tuple[str, ...]
    module: str
    arguments: tuple[str, ...] = ()


TABLES = (
    Table("speed", "Speed", (), "bench.compare", ("{0}",)),
    Table(
        "retrieval",
        "Finding the original of an edited picture",
        ("queries", "distractors"),
        "bench.retrieval",
        ("{0}", "--keep", "{1}/retrieval"),
    ),
    Table(
        "clips",
        "Finding the original of an edited clip",
        ("clip-retrieval/queries", "clip-retrieval/distractors"),
        "bench.clip_retrieval",
        ("{0}/clip-retrieval", "--keep", "{1}/clip-retrieval"),
    ),
    Table(
        "regions",
        "What was changed in a picture, and where",
        ("pictures",),
        "bench.regions",
        ("{0}/pictures", "--keep", "{1}/regions.jsonl"),
    ),
    Table(
        "pairs",
        "Unrelated pictures taken for copies",
        ("pictures",),
        "bench.regions",
        ("{0}/pictures", "--pairs", "100000"),
    ),
    Table(
        "timemap",
        "Which second of the original a clip shows",
        ("clips",),
        "bench.timemap",
        ("{0}/clips", "--keep", "{1}/timemap", "--results", "{1}/timemap.jsonl"),
    ),
    Table(
        "honest",
        "Honest copies of clips that are said to differ",
        ("clips",),
        "bench.honest",
        ("{0}/clips", "--keep", "{1}/honest", "--results", "{1}/honest.jsonl"),
    ),
    Table(
        "faces",
        "A face that was replaced",
        ("faces/original",),
        "bench.faces",
        ("{0}/faces", "--results", "{1}/faces.jsonl"),
    ),
    Table("sound", "Finding and mapping sound", ("sounds",), "bench.sound", ("{0}/sounds",)),
    Table(
        "shallowfakes",
        "The three famous shallowfakes",
        ("talking",),
        "bench.shallowfakes",
        ("{0}/talking", "--out", "{1}/shallowfakes"),
    ),
)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("media", nargs="?", type=Path, metavar="MEDIA")
    parser.add_argument("--out", type=Path, default=Path("build/compare"), metavar="FOLDER")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in TABLES], metavar="NAME")
    options = parser.parse_args()
    kept: Path = options.out / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in TABLES if not options.only or each.name in options.only]
    codes = []
    with Report.into(options.out) as report:
        report.say(f"{machine()}\n")
        for table in chosen:
            report.head(table.title)
            if missing := absent(table, options.media):
                report.say(f"Not run: it needs {' and '.join(missing)} in MEDIA.\n")
            else:
                codes.append(report.run(command_of(table, options.media, kept)))
    print(f"\nWritten to {options.out}/tables.txt and tables.md")
    if left_out := len(chosen) - len(codes):
        print(
            f"{left_out} of {len(chosen)} tables were not run. Gather media as docs/compare.md says"
            " under “Measure it yourself”, then: make bench-compare MEDIA=/folder"
        )
    return 1 if any(codes) else 0


@dataclass(frozen=True)
class Report:
    """What is printed, as it is and as Markdown."""

    text: TextIO
    page: TextIO

    @classmethod
    @contextmanager
    def into(cls, folder: Path) -> Iterator[Self]:
        """Write into a folder for as long as the block lasts."""
        with (folder / "tables.txt").open("w") as text, (folder / "tables.md").open("w") as page:
            page.write("# Tables\n\n")
            yield cls(text, page)

    def head(self, title: str) -> None:
        """Begin a table."""
        self._write(f"\n== {title}\n", f"\n## {title}\n\n")

    def say(self, words: str) -> None:
        """Say something of it."""
        self._write(words, words)

    def run(self, command: Sequence[str]) -> int:
        """Run what prints it, and return its exit code."""
        called = " ".join(["python", *command[1:]])
        self._write(f"$ {called}\n", f"`{called}`\n\n```\n")
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert running.stdout
        with running:
            for line in running.stdout:
                self._write(line, line)
        ended = f"FAILED with exit code {running.returncode}\n" if running.returncode else ""
        self._write(ended, f"{ended}```\n")
        return running.returncode

    def _write(self, text: str, page: str) -> None:
        for stream, words in ((self.text, text), (self.page, page), (sys.stdout, text)):
            stream.write(words)
            stream.flush()


def absent(table: Table, folder: Path | None) -> list[str]:
    """The folders that a table needs and that are not there."""
    return [each for each in table.needs if folder is None or not (folder / each).is_dir()]


def command_of(table: Table, folder: Path | None, kept: Path) -> list[str]:
    """What runs a table; without MEDIA, only what needs none is asked for."""
    told = [each.format(folder, kept) for each in table.arguments if folder or "{0}" not in each]
    return [sys.executable, "-m", table.module, *told]


def machine() -> str:
    """Where and when it ran, and what of."""
    git = shutil.which("git")
    asked = [git or "git", "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False) if git else None
    what = commit.stdout.strip() if commit else "unknown"
    where = f"{os.cpu_count()} cores of {processor()}, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {what}, {where}"


def processor() -> str:
    """The name of the processor, where the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
