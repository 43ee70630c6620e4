"""One photograph, from the camera to the courtroom, as the people in between would do it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ledger.entry import Registration, parse_entry
from ledger.merkle import leaf_hash
from ledger.note import parse_verifier_key
from ledger.proof import parse_log_proof, verify_log_proof

from .media import photograph

PROGRAM = Path(sys.executable).with_name("firsthand")


@pytest.fixture
def firsthand(tmp_path: Path):  # type: ignore[no-untyped-def]  # a fixture of a local function
    """Run the program in a home of its own; return its exit code and what it printed."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            env={"FIRSTHAND_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        )
        return done.returncode, done.stdout

    return run


def test_one_photograph_from_camera_to_courtroom(firsthand, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """What each person holds at each moment is enough for what he has to establish."""
    # The photographer signs at capture, and says when and where.
    assert firsthand("init", "--origin", "example.com/log", "--name", "Ada Photographer")[0] == 0
    taken = photograph(tmp_path)
    before = taken.read_bytes()
    code, _ = firsthand(
        *("sign", taken, "-o", tmp_path / "signed"),
        *("--captured", "2026-11-22T10:00:00+01:00", "--place", "52.52,13.40"),
    )
    assert code == 0
    assert taken.read_bytes() == before
    signed = tmp_path / "signed" / taken.name

    # The newsroom verifies what arrived.
    code, out = firsthand("verify", "--json", signed)
    assert code == 0
    report = json.loads(out)
    assert report["conclusion"]["code"] == "unchanged"
    assert "Ada Photographer" in report["chain"][0]["signer"]

    # A platform strips it and compresses it; a journalist finds the copy.
    copy = tmp_path / "downloaded.jpg"
    with Image.open(signed) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(copy, quality=50)
    code, out = firsthand("verify", "--json", copy)
    assert (code, json.loads(out)["conclusion"]["code"]) == (1, "derived")
    assert json.loads(out)["matches"][0]["index"] == 0

    # Somebody changes one byte of the signed file.
    forged = tmp_path / "forged.jpg"
    data = bytearray(signed.read_bytes())
    data[-2000] ^= 1
    forged.write_bytes(data)
    code, out = firsthand("verify", "--json", forged)
    assert (code, json.loads(out)["conclusion"]["code"]) == (1, "altered")

    # The court has the file, its proof and the log's public key, and nothing of ours running.
    log_key = parse_verifier_key((tmp_path / "home" / "log.vkey").read_text().strip())
    proof = parse_log_proof(signed.with_name(signed.name + ".tlog-proof").read_bytes())
    assert proof.extra is not None
    checkpoint = verify_log_proof(proof, leaf_hash(proof.extra), log_key, "example.com/log")
    statement = parse_entry(proof.extra).statement
    assert checkpoint.size == 1
    assert isinstance(statement, Registration)
    assert statement.subject.value == hashlib.sha256(signed.read_bytes()).digest()
    assert statement.source is not None
    assert statement.source.value == hashlib.sha256(before).digest()
    # The public entry gives no private word away.
    for private in (b"photograph", b"52.52", b"2026-11-22"):
        assert private not in proof.extra

    # Years later the photographer withdraws it, and everybody is told.
    assert firsthand("log", "withdraw", "0", "--reason", "the scene was staged")[0] == 0
    code, out = firsthand("verify", "--json", signed)
    assert (code, json.loads(out)["conclusion"]["code"]) == (1, "withdrawn")
    assert "the scene was staged" in json.loads(out)["conclusion"]["sentence"]
    assert firsthand("log", "fsck")[0] == 0
