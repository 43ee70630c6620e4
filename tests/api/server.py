"""The real service in a process of its own, on a loopback port that was free."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .command import SCRIPT, environment

LIMIT = 3_000_000  # bytes of an upload


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, the home behind it, and the only folder that uploads may lie in."""

    url: str
    home: Path
    uploads: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    @property
    def token(self) -> dict[str, str]:
        """The headers of whoever may register."""
        return {"Authorization": f"Bearer {(self.home / 'keys/api-token').read_text().strip()}"}


@contextmanager
def serving(home: Path, uploads: Path, *options: str, detector: str = "off") -> Iterator[Server]:
    """Run `firsthand serve` on a home until the block ends; it must end in peace."""
    uploads.mkdir()
    process = subprocess.Popen(
        [str(SCRIPT), "serve", "--port", "0", *options],
        env=environment(
            home,
            TMPDIR=str(uploads),
            FIRSTHAND_MAX_UPLOAD=str(LIMIT),
            FIRSTHAND_DETECTOR=detector,
        ),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
        assert found is not None
        yield Server(found[0], home, uploads)
    finally:
        os.kill(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert "Traceback" not in said, said
    assert process.returncode == 0
