"""From signing to a verdict, on every type of file, by the command line."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.merkle import leaf_hash
from ledger.note import parse_verifier_key
from ledger.proof import parse_log_proof, verify_log_proof
from tests import media

from .command import code_of, firsthand, flip, verify
from .conftest import BESIDE, EMBEDDED, ORIGIN

ALL = (*EMBEDDED, *BESIDE)
# DESIGN.md section 7, and `as_of`; `chain` and `matches` may say more about each item.
KEYS = (
    *("file", "sha256", "media_type", "conclusion", "findings", "chain", "apart", "matches"),
    *(
        "comparison",
        "uncovered",
        "coverage",
        "changed",
        "detection",
        "further_detections",
        "traces",
        "not_looked_for",
        "as_of",
        "engine",
    ),
)
CONCLUSION = ["code", "sentence", "does_not_show", "settles"]
FINDING = ["step", "outcome", *CONCLUSION]

Reports = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Session:
    """One of each type, signed in one call; and what came of it."""

    home: Path
    signed: dict[str, Path]
    answers: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path, originals: dict[str, Path]
) -> Session:
    folder = tmp_path_factory.mktemp("session")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    out = folder / "signed"
    ran = firsthand(home, "sign", "--json", "-o", out, *(originals[each] for each in ALL))
    assert (ran.code, ran.err) == (0, "")
    answers = dict(zip(ALL, ran.objects, strict=True))
    return Session(home, {each: Path(answers[each]["path"]) for each in ALL}, answers)


@pytest.fixture(scope="module")
def reports(session: Session) -> Reports:
    ran = firsthand(session.home, "verify", "--json", *session.signed.values())
    assert (ran.code, ran.err) == (0, "")
    return dict(zip(ALL, ran.objects, strict=True))


@pytest.fixture(scope="module")
def flipped(session: Session) -> Reports:
    """Verify a copy of each, with its sidecar, of which one byte was changed."""
    folder = session.home.parent / "flipped"
    folder.mkdir()
    copies = {}
    for ending, path in session.signed.items():
        copies[ending] = flip(Path(shutil.copy(path, folder)))
        sidecar = path.with_name(path.name + ".c2pa")
        if sidecar.exists():
            shutil.copy(sidecar, folder)
    ran = firsthand(session.home, "verify", "--json", *copies.values())
    assert ran.code == 1
    return dict(zip(ALL, ran.objects, strict=True))


@pytest.mark.parametrize("ending", ALL)
def test_a_signed_file_is_unchanged_and_signed_and_recorded(
    session: Session, reports: Reports, ending: str
) -> None:
    report, answer = reports[ending], session.answers[ending]
    assert code_of(report) == "unchanged"
    assert [(m["index"], m["kind"]) for m in report["matches"]][:1] == [(answer["index"], "exact")]
    outcomes = {finding["step"]: finding["outcome"] for finding in report["findings"]}
    for step in ("manifest", "claim-signature", "hard-binding", "record-content", "inclusion"):
        assert outcomes[step] == "passed", step
    assert report["sha256"] == answer["sha256"]
    assert report["chain"][0]["list"] == "development"


@pytest.mark.parametrize("ending", ALL)
def test_a_report_has_the_shape_that_pipelines_rely_on(reports: Reports, ending: str) -> None:
    report = reports[ending]
    assert tuple(report) == KEYS
    assert list(report["conclusion"]) == CONCLUSION
    assert all(list(finding) == FINDING for finding in report["findings"])
    assert {"manifest", "signer", "list", "outcome"} <= set(report["chain"][0])
    assert {"index", "kind", "asset", "distance", "false_match_rate"} <= set(report["matches"][0])
    assert set(report["engine"]) == {"c2pa", "firsthand"}


@pytest.mark.parametrize("ending", ALL)
def test_one_flipped_byte_makes_it_altered_and_names_the_entry(
    session: Session, flipped: Reports, ending: str
) -> None:
    assert code_of(flipped[ending]) == "altered"
    assert flipped[ending]["matches"][0]["index"] == session.answers[ending]["index"]


@pytest.mark.parametrize("ending", BESIDE)
def test_what_cannot_carry_its_manifest_is_not_touched(
    session: Session, originals: dict[str, Path], ending: str
) -> None:
    assert session.signed[ending].read_bytes() == originals[ending].read_bytes()
    assert session.answers[ending]["sidecar"] == f"{session.signed[ending]}.c2pa"


@pytest.mark.parametrize("ending", ALL)
def test_the_proof_beside_it_verifies_with_the_log_key_alone(session: Session, ending: str) -> None:
    path = session.signed[ending]
    proof = parse_log_proof(path.with_name(path.name + ".tlog-proof").read_bytes())
    key = parse_verifier_key((session.home / "log.vkey").read_text().strip())
    assert proof.extra is not None
    verify_log_proof(proof, leaf_hash(proof.extra), key, ORIGIN)
    assert proof.index == session.answers[ending]["index"]


@pytest.mark.parametrize(("ending", "into"), [("jpg", "jpg"), ("mp4", "webm"), ("mp3", "m4a")])
def test_stripped_and_re_encoded_it_is_derived_from_its_entry(
    session: Session, tmp_path: Path, ending: str, into: str
) -> None:
    copy = media.convert(session.signed[ending], tmp_path / f"copy.{into}")
    ran = firsthand(session.home, "verify", "--json", copy)
    [report] = ran.objects
    assert (ran.code, code_of(report)) == (1, "derived")
    kinds = {(match["index"], match["kind"]) for match in report["matches"]}
    assert (session.answers[ending]["index"], "fingerprint") in kinds
    assert report["matches"][0]["false_match_rate"] < 0.01
    assert report["chain"] == []


def test_what_has_nothing_to_do_with_them_is_unknown(session: Session, tmp_path: Path) -> None:
    strangers = [media.another_photograph(tmp_path), media.clip(tmp_path)]
    strangers.append(media.another_recording(tmp_path))
    ran = firsthand(session.home, "verify", "--json", *strangers)
    assert ran.code == 3
    assert [code_of(report) for report in ran.objects] == ["unknown"] * 3
    assert [report["matches"] for report in ran.objects] == [[]] * 3


def test_the_original_that_was_signed_is_known_by_its_bytes(
    session: Session, originals: dict[str, Path]
) -> None:
    [report] = verify(session.home, originals["jpg"])
    assert code_of(report) == "unchanged"
    assert report["matches"][0]["index"] == session.answers["jpg"]["index"]


def test_a_batch_of_all_kinds_exits_by_its_worst_answer(session: Session, tmp_path: Path) -> None:
    good, stranger = session.signed["jpg"], media.another_photograph(tmp_path)
    altered = flip(Path(shutil.copy(good, tmp_path / "altered.jpg")))
    missing = tmp_path / "missing.jpg"
    assert firsthand(session.home, "verify", good, altered, stranger).code == 1
    assert firsthand(session.home, "verify", good, stranger).code == 3
    ran = firsthand(session.home, "verify", "--json", good, missing, stranger)
    assert ran.code == 5
    assert [code_of(report) for report in ran.objects] == ["unchanged", "inconclusive", "unknown"]


def test_the_log_is_clean_after_all_that(session: Session) -> None:
    ran = firsthand(session.home, "log", "fsck")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith(f"Tree size {len(ALL)}: ")
