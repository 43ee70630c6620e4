"""Batches of entries over HTTP: all or none, once each, by those who may."""

import base64
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.routes.entries import MAX_BODY
from ledger.batch import format_batch, sign_batch
from ledger.entry import Withdrawal, format_entry
from ledger.vocabulary import digest_of

from .command import main
from .server import Server, serving

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
CBOR, COSE, NDJSON = "application/cbor", "application/cose", "application/x-ndjson"


def entries(name: str, count: int, key: Ed25519PrivateKey = KEY) -> list[bytes]:
    return [
        format_entry(
            Withdrawal(subject=digest_of(f"{name} {number}".encode()), time=1, reason=name), key
        )
        for number in range(count)
    ]


def lines(some: Sequence[bytes]) -> bytes:
    return b"".join(
        json.dumps({"entry": base64.b64encode(each).decode()}).encode() + b"\n" for each in some
    )


def signed(some: Sequence[bytes]) -> bytes:
    return sign_batch(some, KEY)


WAYS = {CBOR: format_batch, COSE: signed, NDJSON: lines}


@pytest.fixture(scope="module")
def server(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("batches")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    public = KEY.public_key().public_bytes_raw().hex()
    (home / "registrars/camera.pub").write_text(public + "\n")
    with serving(home, folder / "uploads") as server:
        yield server
    assert main(home, "log", "fsck").code == 0


def post(server: Server, media_type: str, body: bytes, **headers: str) -> httpx.Response:
    sent = {"Content-Type": media_type} | server.token | headers
    return httpx.post(f"{server.url}/v1/entries", content=body, headers=sent, timeout=60)


def append(server: Server, media_type: str, body: bytes) -> list[int]:
    answer = post(server, media_type, body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    indexes: list[int] = said["indexes"]
    assert said["tree_size"] > max(indexes)
    return indexes


def size(server: Server) -> int:
    told: int = httpx.get(f"{server.url}/healthz").json()["tree_size"]
    return told


@pytest.mark.parametrize("media_type", WAYS)
def test_a_batch_is_appended_in_its_order_and_can_be_read(server: Server, media_type: str) -> None:
    some = entries(media_type, 300)
    indexes = append(server, media_type, WAYS[media_type](some))
    assert indexes == list(range(indexes[0], indexes[0] + 300))
    told = httpx.get(f"{server.url}/v1/entries/{indexes[7]}").json()
    assert base64.b64decode(told["entry"]) == some[7]


def test_an_entry_that_was_sent_before_keeps_its_index(server: Server) -> None:
    some = entries("again", 5)
    first = append(server, CBOR, format_batch(some))
    assert append(server, COSE, signed([some[3], *entries("new", 1), some[0], some[0]])) == [
        first[3],
        first[-1] + 1,
        first[0],
        first[0],
    ]


def test_many_at_once_each_get_indexes_of_their_own(server: Server) -> None:
    groups = [entries(f"caller {n}", 20) for n in range(16)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda some: append(server, CBOR, format_batch(some)), groups))
    flat = [index for indexes in found for index in indexes]
    assert len(set(flat)) == 16 * 20


def test_what_is_appended_is_taken_in_before_anybody_asks(server: Server) -> None:
    append(server, CBOR, format_batch(entries("followed", 50)))
    for _ in range(600):
        with contextlib.closing(sqlite3.connect(server.home / "private.sqlite")) as database:
            [[followed]] = database.execute("SELECT size FROM followed")
        if followed == size(server):
            return
        time.sleep(0.1)
    pytest.fail(f"after a minute, {followed} entries of {size(server)} are taken in")


def _forged(some: list[bytes]) -> list[bytes]:
    return [*some[:-1], some[-1][:-1] + bytes([some[-1][-1] ^ 1])]


BAD = {
    "one forged": (CBOR, format_batch(_forged(entries("forged", 40))), 422, "entry 39"),
    "one forged, in lines": (NDJSON, lines(_forged(entries("forged", 3))), 422, "entry 2"),
    "one of a stranger": (
        CBOR,
        format_batch([*entries("a", 2), *entries("b", 1, STRANGER)]),
        422,
        "entry 2 of the batch: it is made by a key that may not",
    ),
    "signed by a stranger": (
        COSE,
        sign_batch(entries("c", 2, STRANGER), STRANGER),
        422,
        "signed by a key that may not",
    ),
    "a stranger's, vouched for": (COSE, signed(entries("d", 2, STRANGER)), 422, "entry 0"),
    "no entry": (COSE, signed([b"no entry"]), 422, "entry 0"),
    "a broken signature": (COSE, signed(entries("e", 2))[:-1] + b"\x00", 422, "does not verify"),
    "empty": (CBOR, b"", 422, "not CBOR"),
    "none": (CBOR, b"\x80", 422, "1 to"),
    "no lines": (NDJSON, b"", 422, "empty"),
    "a line of something else": (NDJSON, lines(entries("f", 1)) + b"[]\n", 422, "line 2"),
    "a line nested without end": (NDJSON, b"[" * 100_000, 422, "line 1"),
    "a line in loose base64": (NDJSON, b'{"entry": "aGk=\\n"}\n', 422, "line 1"),
    "of no type": ("", format_batch(entries("g", 1)), 415, "application/cbor"),
    "of another type": ("image/jpeg", b"\xff\xd8\xff", 415, "image/jpeg"),
    "too large": (CBOR, bytes(MAX_BODY + 1), 413, "at most"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_batch_is_refused_whole_and_says_why(server: Server, name: str) -> None:
    media_type, body, status, said = BAD[name]
    before = size(server)
    answer = post(server, media_type, body)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert size(server) == before


def test_without_the_token_nothing_is_read(server: Server) -> None:
    answer = post(server, CBOR, format_batch(entries("h", 1)), Authorization="Bearer wrong")
    assert answer.status_code == 401


def test_a_worker_that_is_killed_is_replaced(server: Server) -> None:
    append(server, CBOR, format_batch(entries("before", 1)))
    mine = f"FIRSTHAND_HOME={server.home}\0".encode()
    workers = [
        process
        for process in Path("/proc").glob("[0-9]*")
        if b"spawn_main" in _read(process / "cmdline") and mine in _read(process / "environ")
    ]
    assert workers
    os.kill(int(workers[0].name), signal.SIGKILL)
    append(server, CBOR, format_batch(entries("after", 200)))


def _read(path: Path) -> bytes:
    with contextlib.suppress(OSError):  # a process that has ended, or another's
        return path.read_bytes()
    return b""
