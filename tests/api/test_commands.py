"""The verbs of the command line, one by one."""

import os
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.entry import Derivation, parse_entry
from ledger.merkle import leaf_hash
from ledger.note import parse_verifier_key
from ledger.proof import parse_log_proof, verify_log_proof
from tests import media

from .command import code_of, firsthand, flip, main, tree, verify
from .conftest import ORIGIN


def _sign(home: Path, *arguments: str | Path) -> list[dict[str, object]]:
    ran = main(home, "sign", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return ran.objects


def test_init_makes_a_home_that_keeps_its_keys_secret(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home [with] odd?name #1"
    ran = firsthand(home, "init", "--origin", ORIGIN)
    assert (ran.code, ran.err) == (0, "")
    key = parse_verifier_key((home / "log.vkey").read_text().strip())
    assert key.name == ORIGIN
    for path in (home / "keys").glob("*.key"):
        assert path.stat().st_mode & 0o077 == 0
    assert (home / "keys" / "api-token").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in home.parent.iterdir()) == [home.name]
    assert main(home, "log", "fsck").code == 0


def test_init_does_not_touch_a_home_that_is_there(home: Path) -> None:
    before = tree(home)
    ran = main(home, "init")
    assert ran.code == 2
    assert "set FIRSTHAND_HOME" in ran.complaint
    assert tree(home) == before


@pytest.mark.parametrize("call", [("--name", ""), ("--name", "n" * 65), ("--origin", "two words")])
def test_init_that_cannot_be_done_leaves_nothing(tmp_path: Path, call: tuple[str, str]) -> None:
    ran = main(tmp_path / "home", "init", *call)
    assert ran.code == 2
    assert ran.complaint
    assert tree(tmp_path) == {}


def test_sign_writes_a_copy_and_a_proof_and_nothing_else(home: Path, photograph: Path) -> None:
    original = photograph.read_bytes()
    [answer] = _sign(home, photograph)
    signed = photograph.with_name("photograph.signed.jpg")
    assert answer["path"] == str(signed)
    assert photograph.read_bytes() == original
    assert sorted(path.name for path in photograph.parent.iterdir()) == [
        "photograph.jpg",
        "photograph.signed.jpg",
        "photograph.signed.jpg.tlog-proof",
    ]


def test_sign_says_title_time_and_place_and_the_public_log_does_not(
    home: Path, photograph: Path
) -> None:
    title, time = "Zwölf Boxkämpfer", "2026-11-22T10:00:00+01:00"
    _sign(home, photograph, "--title", title, "--place=-33.86,151.21", "--captured", time)
    signed = photograph.with_name("photograph.signed.jpg")
    assert title.encode() in signed.read_bytes()
    [report] = verify(home, signed)
    assert report["matches"][0]["title"] == title
    public = b"".join(data or b"" for data in tree(home / "log").values())
    for secret in (title, "photograph", "2026-11-22", "33.86", "151.21"):
        assert secret.encode() not in public


def test_record_needs_no_manifest_and_leaves_the_file_alone(home: Path, photograph: Path) -> None:
    before = photograph.read_bytes()
    ran = main(home, "record", photograph)
    assert (ran.code, ran.err) == (0, "")
    assert photograph.read_bytes() == before
    [report] = verify(home, photograph)
    assert code_of(report) == "unchanged"
    assert report["chain"] == []


def test_a_file_recorded_twice_keeps_its_index(home: Path, photograph: Path, note: Path) -> None:
    first = main(home, "record", "--json", "--jobs", "1", photograph, note).objects
    again = main(home, "record", "--json", "--jobs", "1", note, photograph, note).objects
    assert [each["index"] for each in first] == [0, 1]
    assert [each["again"] for each in first] == [False, False]
    assert [each["index"] for each in again] == [1, 0, 1]
    assert all(each["again"] for each in again)
    assert main(home, "log", "fsck").err.startswith("Tree size 2: ")


def test_the_same_bytes_given_many_times_at_once_are_entered_once(home: Path, note: Path) -> None:
    copies = [note.with_name(f"copy-{number}.txt") for number in range(12)]
    for copy in copies:
        copy.write_bytes(note.read_bytes())
    answers = main(home, "record", "--json", "--jobs", "12", *copies).objects
    assert {each["index"] for each in answers} == {0}
    assert [each["again"] for each in answers].count(False) == 1


def test_a_file_signed_twice_beside_itself_is_recorded_with_both_manifests(
    home: Path, note: Path
) -> None:
    """A sidecar leaves the bytes as they are: each copy is held against its own record."""
    main(home, "record", note)
    folders = [note.parent / "one", note.parent / "two"]
    answers = [_sign(home, note, "-o", folder)[0] for folder in folders]
    assert [answer["index"] for answer in answers] == [1, 2]
    for answer, report in zip(
        answers, verify(home, *(f / note.name for f in folders)), strict=True
    ):
        assert code_of(report) == "unchanged"
        assert report["matches"][0]["index"] == answer["index"]
    assert main(home, "record", "--json", note).objects[0]["again"] is True


def test_a_withdrawn_file_reads_withdrawn(home: Path, photograph: Path) -> None:
    _sign(home, photograph)
    ran = main(home, "log", "withdraw", "0", "--reason", "The caption was wrong.")
    assert (ran.code, ran.out) == (0, "Entry 1 withdraws what entry 0 records.\n")
    signed = photograph.with_name("photograph.signed.jpg")
    ran = main(home, "verify", "--json", signed)
    assert (ran.code, code_of(ran.objects[0])) == (1, "withdrawn")
    assert "The caption was wrong." in ran.objects[0]["conclusion"]["sentence"]


def test_a_correction_is_told_and_changes_no_conclusion(home: Path, note: Path) -> None:
    main(home, "record", note)
    assert main(home, "log", "correct", "0", "--note", "Taken in Bonn.").code == 0
    [report] = verify(home, note)
    assert code_of(report) == "unchanged"
    [history] = [f for f in report["findings"] if f["step"] == "history"]
    assert history["code"] == "history.corrected"
    assert "Taken in Bonn." in history["sentence"]


@pytest.mark.parametrize(("since", "code"), [("2020-01-01", "withdrawn"), ("2120-01-01", None)])
def test_a_revoked_key_voids_what_it_signed_since(
    home: Path, photograph: Path, since: str, code: str | None
) -> None:
    _sign(home, photograph)
    ran = main(home, "log", "revoke", "0", "--since", since, "--reason", "Stolen.")
    assert ran.code == 0
    [report] = verify(home, photograph.with_name("photograph.signed.jpg"))
    assert code_of(report) == (code or "unchanged")


def test_a_parent_becomes_an_ingredient_and_a_derivation(
    home: Path, folder: Path, photograph: Path
) -> None:
    [parent] = _sign(home, photograph)
    edited = media.convert(photograph, folder / "edited.png")
    parent_path = Path(str(parent["path"]))
    [child] = _sign(home, edited, "--parent", parent_path)
    [report] = verify(home, Path(str(child["path"])))
    assert code_of(report) == "unchanged"
    assert len(report["chain"]) == 2
    ran = main(home, "log", "prove", "2")
    proof = parse_log_proof(ran.out.encode())
    statement = parse_entry(proof.extra or b"").statement
    assert isinstance(statement, Derivation)
    assert [each.hex for each in statement.parents] == [parent["sha256"]]


def test_checkpoint_and_prove_verify_with_the_log_key_alone(home: Path, note: Path) -> None:
    main(home, "record", note)
    key = parse_verifier_key((home / "log.vkey").read_text().strip())
    checkpoint = open_checkpoint(main(home, "log", "checkpoint").out.encode(), key, ORIGIN)
    assert checkpoint.size == 1
    beside = note.with_name("proof")
    assert main(home, "log", "prove", "0", "-o", beside).code == 0
    proof = parse_log_proof(beside.read_bytes())
    assert proof.extra is not None
    assert verify_log_proof(proof, leaf_hash(proof.extra), key, ORIGIN) == checkpoint
    assert main(home, "log", "prove", "0").out.encode() == beside.read_bytes()


def test_an_entry_that_the_log_does_not_have_is_unknown(home: Path) -> None:
    for call in (("prove", "0"), ("withdraw", "7", "--reason", "x"), ("prove", "9" * 19)):
        ran = main(home, "log", *call)
        assert (ran.code, ran.out) == (3, "")
        assert ran.complaint


def test_the_proof_of_another_file_is_told_and_decides_nothing(
    home: Path, photograph: Path, note: Path
) -> None:
    main(home, "record", photograph, note)
    note.with_name("note.txt.tlog-proof").replace(photograph.with_name("photograph.jpg.tlog-proof"))
    [report] = verify(home, photograph)
    assert code_of(report) == "unchanged"
    codes = [finding["code"] for finding in report["findings"]]
    assert "record.proof_of_other_bytes" in codes
    assert flip(photograph)
    [report] = verify(home, photograph)
    assert code_of(report) in ("derived", "unknown", "inconclusive")


def test_a_proof_that_was_named_and_is_none_is_refused(home: Path, note: Path) -> None:
    for proof in (note, note.with_name("missing"), note.parent):
        ran = main(home, "verify", "--proof", proof, note)
        assert ran.code in (2, 4)
        assert ran.complaint


def test_a_home_that_met_the_log_before_refuses_an_older_one(home: Path, note: Path) -> None:
    """A log rolled back behind what was accepted proves nothing."""
    main(home, "record", note)
    main(home, "log", "correct", "0", "--note", "One.")
    older = tree(home / "log")
    main(home, "log", "correct", "0", "--note", "Two.")
    assert code_of(verify(home, note)[0]) == "unchanged"
    for path in home.joinpath("log").rglob("*"):
        if path.is_file():
            path.unlink()
    for name, data in older.items():
        if data is not None:
            Path(name).parent.mkdir(exist_ok=True, parents=True)
            Path(name).write_bytes(data)
    [report] = verify(home, note)
    assert code_of(report) == "inconclusive"


def test_doctor_says_that_all_is_there(home: Path, tmp_path: Path) -> None:
    ran = main(home, "doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("✓") == len(ran.out.splitlines())
    assert main(tmp_path / "nowhere", "doctor").code == 1


def test_demo_shows_the_whole_job_on_files_of_ones_own(home: Path, photograph: Path) -> None:
    out = photograph.parent / "demo"
    ran = firsthand(home, "demo", "--json", "-o", out, photograph)
    assert ran.code == 0
    assert [code_of(report) for report in ran.objects] == [
        *("unchanged", "altered", "derived", "unknown")
    ]
    assert main(home, "log", "fsck").code == 0


def test_a_reader_that_goes_away_ends_it_quietly(home: Path, note: Path) -> None:
    main(home, "record", note)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        for call in (("verify", note), ("verify", "--json", note), ("log", "checkpoint")):
            ran = firsthand(home, *call, stdout=writer)
            assert (ran.code, ran.err) == (141, "")
    finally:
        os.close(writer)


def test_a_full_disk_behind_stdout_is_said(home: Path, note: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = firsthand(home, "verify", "--json", note, stdout=full.fileno())
    assert ran.code == 2
    assert "No space left" in ran.complaint


def test_a_policy_decides_what_is_enough_and_says_what_is_lacking(
    home: Path, note: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    said = 'version = 1\nname = "front page"\nconclusions = ["unchanged"]\n'
    policy.write_text(said + 'require = ["inclusion"]\n')
    main(home, "record", note)
    assert main(home, "verify", "--policy", policy, note).code == 0
    policy.write_text(said + 'require = ["claim-signature"]\n')
    ran = main(home, "verify", "--json", "--policy", policy, note)
    assert ran.code == 1
    [report] = ran.objects
    assert code_of(report) == "unchanged", "a policy changes no conclusion"
    assert report["findings"][-1]["code"] == "policy.not_met"
    assert "`claim-signature` must have passed" in report["findings"][-1]["sentence"]


@pytest.mark.parametrize("text", ["", "version = 1", "\udcff"])
def test_a_policy_that_is_none_is_refused_before_anything_is_verified(
    home: Path, note: Path, tmp_path: Path, text: str
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = main(home, "verify", "--policy", policy, note)
    assert (ran.code, ran.out) == (2, "")
    assert str(policy) in ran.complaint
    policy.unlink()
    assert main(home, "verify", "--policy", policy, note).code == 2
