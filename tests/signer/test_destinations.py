"""A destination holds a whole signed file, or what it held before."""

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from signer import (
    DestinationError,
    DevelopmentChain,
    PemClaimSigner,
    write_private_key,
)

from .conftest import RemoteSigner, Sign, listing


def test_an_existing_file_is_never_replaced(photograph: Path, sign: Sign, tmp_path: Path) -> None:
    existing = tmp_path / "existing.jpg"
    existing.write_bytes(b"precious")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    for destination in (existing, photograph, tmp_path / "dangling.jpg"):
        with pytest.raises(DestinationError, match="already exists") as caught:
            sign(photograph, destination)
        assert caught.value.remedy
    assert existing.read_bytes() == b"precious"
    assert listing(tmp_path) == {photograph.name, "existing.jpg", "dangling.jpg"}


def test_an_existing_sidecar_is_never_replaced(
    files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    sidecar = tmp_path / "signed.bin.c2pa"
    sidecar.write_bytes(b"precious")
    with pytest.raises(DestinationError, match=r"signed\.bin\.c2pa already exists"):
        sign(files["bin"], tmp_path / "signed.bin")
    assert sidecar.read_bytes() == b"precious"
    assert listing(tmp_path) == {"signed.bin.c2pa"}


@pytest.mark.parametrize("ending", ["jpg", "bin"])
@pytest.mark.parametrize("suffix", ["", ".c2pa"])
def test_a_file_that_appears_meanwhile_is_not_replaced(
    ending: str,
    suffix: str,
    files: dict[str, Path],
    sign: Sign,
    chain: DevelopmentChain,
    claim_signer: PemClaimSigner,
    tmp_path: Path,
) -> None:
    """Another process takes the name while the claim signer thinks."""
    taken = tmp_path / f"signed.{ending}{suffix}"

    def slow(data: bytes) -> bytes:
        taken.write_bytes(b"theirs")
        return claim_signer.sign(data)

    signer = RemoteSigner(chain.certificate_chain, slow)
    if (ending, suffix) == ("jpg", ".c2pa"):
        sign(files[ending], tmp_path / f"signed.{ending}", signer=signer)
        assert listing(tmp_path) == {"signed.jpg", "signed.jpg.c2pa"}
    else:
        with pytest.raises(DestinationError, match="cannot be put in place"):
            sign(files[ending], tmp_path / f"signed.{ending}", signer=signer)
        assert listing(tmp_path) == {taken.name}
    assert taken.read_bytes() == b"theirs"


def test_a_folder_that_cannot_be_written_is_named(photograph: Path, sign: Sign) -> None:
    """A file in the folder's place, no folder at all, and /proc, where not even root may write."""
    for destination in (photograph / "s.jpg", Path("/nowhere/s.jpg"), Path("/proc/1/s.jpg")):
        with pytest.raises(DestinationError, match=str(destination.parent)):
            sign(photograph, destination)


@pytest.mark.parametrize("ending", ["jpg", "png", "mp4", "wav", "pdf", "tif", "bin"])
@pytest.mark.parametrize("room", [0, 1000, 0.9, 1.0])
def test_a_full_disk_leaves_nothing(
    ending: str, room: float, files: dict[str, Path], sign: Sign, tmp_path: Path
) -> None:
    """The largest file that this process may write stands in for the room on the disk."""
    size = files[ending].stat().st_size
    limit = int(room * size) if isinstance(room, float) else room
    if ending == "bin" and limit == size:
        limit -= 1
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(DestinationError, match="cannot be written") as caught:
            sign(files[ending], tmp_path / f"signed.{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "room" in caught.value.remedy
    assert listing(tmp_path) == set()


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.asset import read_asset_file
from signer import DigitalSourceType, PemClaimSigner, Statement, load_claim_signer, sign_file

folder = Path(sys.argv[1])
signer = load_claim_signer(folder / "key.pem", folder / "chain.pem")

class Dying:
    algorithm, certificate_chain = signer.algorithm, signer.certificate_chain
    def sign(self, data):
        os.kill(os.getpid(), signal.SIGKILL)

source = Path(sys.argv[2])
sign_file(
    source, folder / "out" / "signed.jpg", asset=read_asset_file(source),
    statement=Statement("t", DigitalSourceType.DIGITAL_CAPTURE), claim_signer=Dying(),
    trust_anchors=(folder / "root.pem").read_text(), now=datetime.now(UTC),
)
"""


def test_a_process_killed_while_signing_leaves_no_signed_file(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    """A hidden draft may stay behind; the name does not exist, and signing again succeeds."""
    write_private_key(tmp_path / "key.pem", chain.private_key)
    (tmp_path / "chain.pem").write_text(chain.certificate_chain)
    (tmp_path / "root.pem").write_text(chain.root)
    (tmp_path / "out").mkdir()
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), str(photograph)])
    assert killed.returncode == -signal.SIGKILL
    left = listing(tmp_path / "out")
    assert all(name.startswith(".firsthand-") and name.endswith(".partial") for name in left)
    sign(photograph, tmp_path / "out" / "signed.jpg")


def test_the_drafts_of_two_signers_do_not_meet(
    photograph: Path,
    sign: Sign,
    chain: DevelopmentChain,
    claim_signer: PemClaimSigner,
    tmp_path: Path,
) -> None:
    """While one signs, another signs the same source to another name in the same folder."""
    inner: list[bytes] = []

    def nested(data: bytes) -> bytes:
        inner.append(sign(photograph, tmp_path / "inner.jpg").path.read_bytes())
        return claim_signer.sign(data)

    outer = sign(
        photograph, tmp_path / "outer.jpg", signer=RemoteSigner(chain.certificate_chain, nested)
    )
    assert hashlib.sha256(inner[0]).digest() != outer.asset.digest.value
    assert listing(tmp_path) == {photograph.name, "inner.jpg", "outer.jpg"}
    assert outer.path.stat().st_nlink == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else for a moment")
def test_a_read_only_source_is_signed_by_somebody_who_is_not_root(
    photograph: Path, sign: Sign
) -> None:
    """Root may write read-only files, and would not notice a draft that its maker cannot open."""
    nobody = 65534
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "read-only.jpg"
        source.write_bytes(photograph.read_bytes())
        for path, mode in ((source, 0o444), (Path(folder), 0o755)):
            os.chown(path, nobody, nobody)
            path.chmod(mode)
        os.seteuid(nobody)
        try:
            signed = sign(source, Path(folder) / "signed.jpg")
        finally:
            os.seteuid(0)
        assert stat.S_IMODE(signed.path.stat().st_mode) == 0o444
        assert signed.path.stat().st_uid == nobody
