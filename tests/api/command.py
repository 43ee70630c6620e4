"""Run the real console script, and hold every run to what all runs promise."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

from api import cli

SCRIPT = Path(sys.executable).with_name("firsthand")
_LONGEST = 120  # seconds; a command that hangs is a failure, not a wait


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects that `--json` printed, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaint(self) -> str:
        """The only line on stderr; it must be ours."""
        [line] = self.err.splitlines()
        assert line.startswith("firsthand: ")
        return line


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command on that home."""
    usual = {"FIRSTHAND_DETECTOR": "off"}  # it takes longer to start than all else: see test_detect
    return usual | os.environ | {"FIRSTHAND_HOME": str(home), "COLUMNS": "80"} | more


def firsthand(
    home: Path,
    *arguments: str | Path,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    before: Callable[[], None] | None = None,
) -> Ran:
    """Run the console script to its end, in a process of its own."""
    done = subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        env=environment(home),
        stdin=stdin,
        preexec_fn=before,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=_LONGEST,
    )
    return _checked(done.returncode, done.stdout or b"", done.stderr)


def main(home: Path, *arguments: str | Path) -> Ran:
    """Do the same in this process: ten times as fast, and all but the script itself is real."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with patch.dict(os.environ, environment(home)), redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
    return _checked(code, *(stream.detach().getvalue() for stream in (out, err)))


def _checked(code: int, out: bytes, err: bytes) -> Ran:
    """Nothing that is ever printed is a traceback, an escape, or a mark of direction."""
    ran = Ran(code, out.decode(), err.decode())
    for text in (ran.out, ran.err):
        assert "Traceback" not in text
        assert all(c.isprintable() for line in text.split("\n") for c in line), repr(text)
    return ran


def verify(home: Path, *files: Path) -> list[dict[str, Any]]:
    """Return the reports on some files."""
    reports = main(home, "verify", "--json", *files).objects
    assert [report["file"] for report in reports] == [str(path) for path in files]
    return reports


def code_of(report: dict[str, Any]) -> str:
    """Return the code of a report's conclusion."""
    return str(report["conclusion"]["code"])


def flip(path: Path, at: int | None = None) -> Path:
    """Flip the lowest bit of one byte of a file: of the middle one, unless another is named."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)
    return path


def tree(*folders: Path) -> dict[str, bytes | None]:
    """Return every file under some folders with its bytes, hidden ones too; None for a folder."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for folder in folders
        for path in sorted(folder.rglob("*"))
    }
