"""The edge: what lies beside a file, what cannot be read, and lists that list nobody."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import AssetError, FirsthandError, FormatError
from ledger.proof import format_log_proof
from ledger.vocabulary import Outcome
from verifier.errors import Unreadable, VerifierError
from verifier.media.sandbox import Sandbox
from verifier.observe import observe, parse_claim, read_manifest
from verifier.trust import TrustList, open_trust_lists

from .archive import Archive
from .conftest import Original


def test_a_file_is_observed_once_and_its_fingerprints_when_they_are_wanted(
    sandbox: Sandbox, trust: list[TrustList], original: Original
) -> None:
    suspect = observe(original.path, sandbox, trust)
    assert suspect.name == str(original.path)
    assert suspect.asset == original.signed.asset
    assert suspect.claim is not None
    assert suspect.claim.claim_digest == original.signed.claim_digest
    assert suspect.claim.hard_binding_digest == original.signed.hard_binding_digest
    assert tuple(suspect.fingerprints()) == original.fingerprints
    assert suspect.fingerprints() is suspect.fingerprints()
    assert observe(original.path, sandbox, trust, name="as told").name == "as told"


def test_a_relative_path_is_the_same_file(
    sandbox: Sandbox,
    trust: list[TrustList],
    original: Original,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.run(os.getcwd)  # the server runs already, elsewhere
    monkeypatch.chdir(original.path.parent)
    suspect = observe(Path(original.path.name), sandbox, trust)
    assert suspect.reading.outcome is Outcome.PASSED
    assert tuple(suspect.fingerprints()) == original.fingerprints


def test_a_file_that_is_no_picture_has_no_fingerprints_but_a_reason(
    sandbox: Sandbox, trust: list[TrustList], tmp_path: Path
) -> None:
    path = tmp_path / "cut.jpg"
    path.write_bytes(b"\xff\xd8\xff" + bytes(100))
    with pytest.raises(Unreadable):
        observe(path, sandbox, trust).fingerprints()


@pytest.mark.parametrize("make", ["missing", "folder", "empty"])
def test_what_is_no_file_is_said_in_a_line(
    sandbox: Sandbox, trust: list[TrustList], tmp_path: Path, make: str
) -> None:
    path = tmp_path / "it"
    if make == "folder":
        path.mkdir()
    elif make == "empty":
        path.touch()
    with pytest.raises(AssetError) as refusal:
        observe(path, sandbox, trust)
    assert "\n" not in str(refusal.value)


def test_a_proof_beside_the_file_is_taken_along(
    sandbox: Sandbox, trust: list[TrustList], recorded: Archive, original: Original, tmp_path: Path
) -> None:
    path = Path(shutil.copy(original.path, tmp_path / "signed.jpg"))
    assert observe(path, sandbox, trust).proof is None
    (tmp_path / "signed.jpg.tlog-proof").write_bytes(format_log_proof(recorded.proof(0)))
    assert observe(path, sandbox, trust).proof == recorded.proof(0)


def test_junk_beside_the_file_decides_nothing_and_a_named_proof_must_read(
    sandbox: Sandbox, trust: list[TrustList], original: Original, tmp_path: Path
) -> None:
    path = Path(shutil.copy(original.path, tmp_path / "signed.jpg"))
    junk = tmp_path / "signed.jpg.tlog-proof"
    junk.write_bytes(b"junk")
    assert observe(path, sandbox, trust).proof is None
    with pytest.raises(FormatError):
        observe(path, sandbox, trust, proof=junk)
    with pytest.raises(FirsthandError, match="missing"):
        observe(path, sandbox, trust, proof=tmp_path / "missing")
    junk.unlink()
    junk.mkdir()
    assert observe(path, sandbox, trust).proof is None


class Possessed(Sandbox):
    """A sandbox whose job was taken over by what it read, and answers whatever it likes."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self._answer = answer

    def run(self, *_: Any, **__: Any) -> Any:
        return self._answer

    ask = run


@pytest.mark.parametrize(
    "answer",
    [
        *(None, 7, [], {}, "store", {"store": 7}, {"store": "{}"}, {"failure": []}),
        {"store": "{}", "detailed": "{}", "url": None, "embedded": True},
        {"failure": "ManifestNotFound", "reason": "none"},
        {"failure": "ManifestNotFound", "reason": "none", "found": True, "identity": ["label"]},
        {"failure": "Other", "reason": 7, "found": True, "archive": 7, "identity": None},
    ],
)
def test_no_answer_from_the_sandbox_stops_us(answer: object, original: Original) -> None:
    reading, claim = read_manifest(original.path, "image/jpeg", Possessed(answer), [])
    assert reading.store is None
    assert claim is None


def test_a_claim_is_a_label_and_one_or_two_digests() -> None:
    assert parse_claim(["urn", bytes(32), None]) is not None
    assert parse_claim(["urn", bytes(32), bytes(32)]) is not None
    for other in (
        None,
        [],
        ["urn", bytes(31), None],
        ["urn", bytes(32), "x"],
        [1, bytes(32), None],
    ):
        assert parse_claim(other) is None


class TestTrustLists:
    def test_every_list_of_the_folder_is_opened_by_its_name(
        self, tmp_path: Path, trust: list[TrustList]
    ) -> None:
        for name in ("b", "a"):
            (tmp_path / f"{name}.pem").write_text(trust[0].pem)
        (tmp_path / "notes.txt").write_text("no list")
        assert open_trust_lists(tmp_path) == [
            TrustList("a", trust[0].pem),
            TrustList("b", trust[0].pem),
        ]
        assert open_trust_lists(tmp_path / "missing") == []

    @pytest.mark.parametrize("content", [b"", b"junk", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----"])
    def test_a_list_that_lists_nobody_is_refused(self, tmp_path: Path, content: bytes) -> None:
        """Taken for a list, it would make strangers of known signers, and nobody would notice."""
        (tmp_path / "broken.pem").write_bytes(content)
        with pytest.raises(VerifierError, match=r"broken\.pem"):
            open_trust_lists(tmp_path)
