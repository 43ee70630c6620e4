"""A log of ours is read by aics-tlog and cosigned by aics-witness, which share no line with us.

README.md beside this says how to run it, and what came of it.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.note import format_verifier_key
from tests.interop.write_log import ORIGIN, SIGNER

PYTHON = os.environ.get("AICS_TLOG_PYTHON", "")
ENTRIES = int(os.environ.get("INTEROP_ENTRIES", "70000"))

pytestmark = pytest.mark.skipif(not PYTHON, reason="AICS_TLOG_PYTHON names no interpreter")


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[list[str]]:
    """Run aics-witness for our log; yield its key and URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = ["--config", str(tmp_path / "witness.json")]
    command = [PYTHON, "-m", "aics_witness"]
    listen = ["--name", "witness.example/theirs", "--listen", f"127.0.0.1:{port}"]
    made = subprocess.run([*command, "init", *config, *listen], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    said = made.stdout + made.stderr
    [key] = {word for word in said.split() if word.startswith("witness.example/theirs+")}
    follow = ["--origin", ORIGIN, "--vkey", format_verifier_key(SIGNER.verifier)]
    subprocess.run([*command, "add-log", *config, *follow], check=True, capture_output=True)
    server = subprocess.Popen([*command, "serve", *config], stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield [key, f"http://127.0.0.1:{port}"]
    finally:
        server.terminate()
        server.wait()


def test_an_independent_reader_and_an_independent_witness_find_nothing_wrong(
    tmp_path: Path, witness: list[str]
) -> None:
    folder = tmp_path / "log"
    written = subprocess.run(
        [sys.executable, "-m", "tests.interop.write_log", folder, str(ENTRIES), *witness],
        capture_output=True,
        text=True,
    )
    assert written.returncode == 0, written.stderr
    script = Path(__file__).with_name("read_log.py")
    read = subprocess.run(
        [PYTHON, script, folder, written.stdout.strip(), witness[0]],
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr
    report = json.loads(read.stdout)
    print(report)
    assert report["size"] == ENTRIES
    assert report["bundles"] == -(-ENTRIES // 256)
    assert report["witnesses"] == 1
    assert report["flips_found"] >= 5
