"""A log, its witnesses, an authority and a monitor, as commands over real connections."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from api.home import open_home
from ledger.merkle import leaf_hash
from ledger.note import parse_note, parse_signatures
from ledger.receipt import verify_inclusion_receipt
from ledger.vocabulary import digest_of
from ledger.witness import AddCheckpoint, format_add_checkpoint, parse_size
from tests.api.command import SCRIPT, environment, firsthand
from tests.ledger.authority import OPENSSL, LocalAuthority


@contextmanager
def witness_of(home: Path, folder: Path, name: str) -> Iterator[tuple[list[str], str]]:
    """Run a witness of the home's log; yield its keys and its URL."""
    key = (home / "log.vkey").read_text().strip()
    arguments = ["log", "witness", "--listen", "0", "--log", key, "--name", name, "--folder"]
    process = subprocess.Popen(
        [SCRIPT, *arguments, folder],
        env=environment(home, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    try:
        keys = [process.stdout.readline().strip() for _ in range(2)]
        url = process.stderr.readline().split("URL ")[1].split("/.")[0]
        httpx.get(f"{url}/", timeout=30)
        yield keys, url
    finally:
        process.terminate()
        process.communicate()


def write_policy(home: Path, keys: list[str], url: str) -> None:
    lines = [f"witness W1 {keys[0]} {url}/", f"witness W2 {keys[1]} {url}/"]
    lines += ["group both all W1 W2", "quorum both", ""]
    (home / "policy").write_text("\n".join(lines))


def asset(folder: Path, name: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(f"what {name} says\n")
    return path


def checkpoint(home: Path) -> bytes:
    return (home / "log/checkpoint").read_bytes()


def test_a_log_and_its_witness_over_http(home: Path, tmp_path: Path, folder: Path) -> None:
    with witness_of(home, tmp_path / "witness", "witness.example/w") as (keys, url):
        write_policy(home, keys, url)
        done = firsthand(home, "record", asset(folder, "one"))
        assert done.code == 0, done.err
        names = [signature.name for signature in parse_note(checkpoint(home)).signatures]
        assert names == ["log.example/tests"] * 2 + ["witness.example/w"] * 2

        shown = httpx.get(f"{url}/{digest_of(b'log.example/tests').hex}/checkpoint")
        assert shown.status_code == 200
        assert {s.name for s in parse_note(shown.content).signatures} == set(names)

        done = firsthand(home, "verify", folder / "one.txt", "--json")
        assert "cosigned by W1, W2" in done.out

        backup = tmp_path / "backup"
        shutil.copytree(home, backup)
        assert firsthand(home, "record", asset(folder, "two")).code == 0

        # The backup, restored: it may not sign what the witness has seen otherwise.
        before = checkpoint(backup)
        done = firsthand(backup, "record", asset(folder, "three"))
        assert done.code not in (0, 1)
        assert "restored backup or a second sequencer" in done.err
        assert checkpoint(backup) == before

        assert_statuses(home, url)
    done = firsthand(home, "record", asset(folder, "four"))
    assert done.code not in (0, 1)
    assert "lacks the quorum both: no cosignature of W1, W2" in done.err
    assert "cannot be reached" in done.err


def assert_statuses(home: Path, url: str) -> None:
    """Ask for every status of c2sp.org/tlog-witness over the wire."""
    note = checkpoint(home)

    def post(body: bytes) -> httpx.Response:
        return httpx.post(f"{url}/add-checkpoint", content=body)

    answer = post(format_add_checkpoint(AddCheckpoint(0, (), note)))
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "text/x.tlog.size"
    size = parse_size(answer.content)
    again = post(format_add_checkpoint(AddCheckpoint(size, (), note)))
    assert again.status_code == 200
    assert len(parse_signatures(again.text)) == 2
    wrong = format_add_checkpoint(AddCheckpoint(size, (bytes(32),), note))
    assert post(wrong).status_code == 422
    assert post(b"old 5\n").status_code == 400
    assert post(format_add_checkpoint(AddCheckpoint(size + 1, (), note))).status_code == 400
    other = note.replace(b"log.example/tests", b"log.example/other")
    assert post(format_add_checkpoint(AddCheckpoint(0, (), other))).status_code == 404
    moved = note.replace(f"\n{size}\n".encode(), f"\n{size + 1}\n".encode(), 1)
    assert post(format_add_checkpoint(AddCheckpoint(size, (), moved))).status_code == 403
    assert post(b"x" * 1_100_000).status_code == 413
    assert httpx.get(f"{url}/{'0' * 64}/checkpoint").status_code == 404
    assert httpx.get(f"{url}/add-checkpoint").status_code == 405


def test_a_monitor_mirrors_a_log_and_a_mirror_heals_it(
    home: Path, tmp_path: Path, folder: Path
) -> None:
    mirror = tmp_path / "mirror"
    one = asset(folder, "one")
    key = (home / "log.vkey").read_text().strip()
    assert firsthand(home, "record", one).code == 0
    follow = ("log", "monitor", home / "log", "--log", key, "--mirror", mirror)
    watched = str(digest_of(one.read_bytes()))
    done = firsthand(home, *follow, "--watch", watched)
    assert done.code == 0, done.err
    assert done.out == f"Entry 0 (registration) names {watched}\n"

    bundle = home / "log/tile/entries/000.p/1"
    good = bundle.read_bytes()
    bundle.write_bytes(good[:50] + bytes([good[50] ^ 1]) + good[51:])
    assert firsthand(home, *follow, "--all").code == 1
    assert firsthand(home, "log", "fsck").code == 1
    done = firsthand(home, "log", "fsck", "--repair-from", mirror / "log")
    assert done.code == 0, done.out + done.err
    assert "tile/entries/000.p/1 is healed" in done.out
    assert bundle.read_bytes() == good
    assert firsthand(home, *follow, "--all").code == 0

    # The same key signs another history.
    fork = tmp_path / "fork"
    shutil.copytree(home, fork)
    assert firsthand(home, "record", asset(folder, "two")).code == 0
    assert firsthand(home, *follow).code == 0
    assert firsthand(fork, "record", asset(folder, "three")).code == 0
    done = firsthand(home, "log", "monitor", fork / "log", *follow[3:])
    assert done.code == 1
    assert "signed two trees of 2 entries" in done.err
    assert len(list((mirror / "evidence/2").iterdir())) == 2


def test_a_monitor_follows_a_log_over_http_and_a_mirror_heals_it_over_http(
    home: Path, tmp_path: Path, folder: Path
) -> None:
    key = (home / "log.vkey").read_text().strip()
    assert firsthand(home, "record", asset(folder, "one"), asset(folder, "two")).code == 0
    mirror = tmp_path / "mirror"
    with files_of(home / "log") as url:
        follow = ("log", "monitor", url, "--log", key, "--mirror", mirror)
        done = firsthand(home, *follow, "--watch", "nothing at all", "--all")
        assert (done.code, done.out) == (0, "")
        assert "2 entries are mirrored" in done.err
        (home / "log/tile/0/000.p/2").rename(folder / "kept")
        assert firsthand(home, *follow, "--all").out.startswith("tile/0/000.p/2 is missing")
    done = firsthand(home, *follow)  # nobody answers now
    assert done.code == 4
    assert "cannot be reached" in done.err
    with files_of(mirror / "log") as url:
        assert firsthand(home, "log", "fsck", "--repair-from", url).code == 0
    assert (home / "log/tile/0/000.p/2").read_bytes() == (folder / "kept").read_bytes()


@contextmanager
def files_of(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server does; yield its URL."""

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_receipt_of_an_entry_is_written(home: Path, folder: Path) -> None:
    assert firsthand(home, "record", asset(folder, "one")).code == 0
    receipt = folder / "one.cose"
    assert firsthand(home, "log", "prove", "0", "--cose", "-o", receipt).code == 0
    opened = open_home(home)
    leaf = leaf_hash((home / "log/tile/entries/000.p/1").read_bytes()[2:])
    checkpoint = verify_inclusion_receipt(receipt.read_bytes(), leaf, opened.log_verifier())
    assert checkpoint.size == 1


def test_a_private_record_is_erased_and_the_log_says_so(home: Path, folder: Path) -> None:
    assert firsthand(home, "record", asset(folder, "one"), asset(folder, "two")).code == 0
    done = firsthand(home, "log", "erase", "0", "--reason", "asked to")
    assert done.code == 0, done.err
    assert firsthand(home, "log", "fsck").code == 0
    assert firsthand(home, "log", "erase", "0", "--reason", "asked to").code == 3
    assert firsthand(home, "verify", folder / "one.txt").code == 0
    receiver = str(digest_of(b"a key"))
    done = firsthand(home, "log", "hand", "1", "--receiver", receiver)
    assert done.code == 0, done.err
    assert firsthand(home, "log", "fsck").code == 0


@pytest.mark.skipif(OPENSSL is None, reason="the authority is openssl's")
def test_a_checkpoint_is_stamped_over_http_and_waits_where_nobody_answers(
    home: Path, tmp_path: Path
) -> None:
    authority = LocalAuthority(tmp_path / "tsa")
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(authority.root.public_bytes(Encoding.PEM))

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = authority.answer(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        there = ("--authority", "ours", url, anchors)
        nobody = ("--authority", "nobody", "http://127.0.0.1:1/", anchors)
        done = firsthand(home, "log", "stamp", *there, *nobody)
        assert done.code == 4
        assert "says ours (CN=tsa)" in done.out
        assert "waits for nobody" in done.err
        assert firsthand(home, "log", "stamp", *there).code == 0
        server.shutdown()
    assert (home / "timestamps/0/ours.tsr").exists()
