"""Past verdicts asked again: what changed is said, what cannot be asked is said too."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.home import open_home
from api.services import Asked, Services
from ledger.errors import FormatError, StorageError
from ledger.vocabulary import Outcome
from verifier.media.sandbox import Sandbox
from verifier.recall import Verdict, differences, format_verdict, parse_verdict
from verifier.report import ConclusionCode, Step

from .command import main


@pytest.fixture
def verified(home: Path, note: Path) -> Path:
    """Return a home that recorded a note and gave a verdict on it."""
    assert main(home, "record", note).code == 0
    assert main(home, "verify", note).code == 0
    return home


def test_nothing_to_recall_is_said(home: Path) -> None:
    ran = main(home, "recall")
    assert (ran.code, ran.out) == (3, "")
    assert "no verdict was given here yet" in ran.err


def test_verdicts_that_still_hold_are_counted_and_not_listed(verified: Path) -> None:
    ran = main(verified, "recall")
    assert (ran.code, ran.out) == (0, "")
    assert "1 verdicts, 0 changed, 0 could not be asked again" in ran.err


def test_a_withdrawal_changes_the_verdict_and_the_check_that_did_it_is_named(
    verified: Path, note: Path
) -> None:
    main(verified, "log", "withdraw", "0", "--reason", "shown as 2026, is 2019")
    ran = main(verified, "recall")
    assert ran.code == 1
    first, then, now, *why = ran.out.splitlines()
    assert first.startswith(f"{note}  UNCHANGED → WITHDRAWN")
    assert "The bytes that a known registrar recorded" in then
    assert "Recorded, and later withdrawn" in now
    assert any(line.split()[0] == "history" and "2019" in line for line in why)


def test_a_trust_list_that_goes_takes_its_verdicts_along(
    home: Path, photograph: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert main(home, "sign", photograph, "-o", out).code == 0
    signed = out / photograph.name
    shutil.copy(signed, alone := tmp_path / "alone.jpg")  # no proof beside it
    main(home, "verify", alone)
    assert main(home, "trust", "remove", "development").code == 0
    for registrar in (home / "registrars").glob("*.pub"):
        registrar.unlink()
    [told] = main(home, "recall", "--json").objects
    assert told["changed"] is True
    assert told["then"]["conclusion"]["code"] == "unchanged"
    assert told["now"]["conclusion"]["code"] == "untrusted"
    assert "claim-signature" in told["steps"]


def test_what_is_gone_or_replaced_is_not_checked_and_found_where_it_went(
    verified: Path, note: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "archive" / "deep" / "moved.txt"
    moved.parent.mkdir(parents=True)
    note.rename(moved)
    ran = main(verified, "recall")
    assert ran.code == 4
    assert "is gone; name the folder that it was moved to" in ran.out
    note.write_text("something else")
    ran = main(verified, "recall")
    assert ran.code == 4
    assert "no longer holds those bytes" in ran.out
    assert main(verified, "recall", tmp_path / "archive").code == 0


def test_a_change_is_told_again_until_it_is_accepted(verified: Path) -> None:
    main(verified, "log", "withdraw", "0", "--reason", "a mistake")
    assert main(verified, "recall").code == 1
    assert main(verified, "recall", "--accept").code == 1
    assert main(verified, "recall").code == 0


def test_the_last_verdict_on_a_file_is_the_one_that_is_kept(verified: Path, note: Path) -> None:
    main(verified, "log", "withdraw", "0", "--reason", "a mistake")
    assert main(verified, "verify", note).code == 1
    ran = main(verified, "recall", "--json")
    assert (ran.code, [told["changed"] for told in ran.objects]) == (0, [False])


def test_what_is_forgotten_is_overwritten(verified: Path, note: Path) -> None:
    assert "1 verdicts forgotten" in main(verified, "recall", "--forget").err
    assert main(verified, "recall").code == 3
    kept = b"".join(path.read_bytes() for path in verified.glob("verdicts.sqlite*"))
    assert note.name.encode() not in kept


def test_an_upload_is_found_by_its_digest_where_somebody_names_it(
    home: Path, sandbox: Sandbox, note: Path
) -> None:
    with Services(open_home(home), sandbox) as services:
        services.verify(note, Asked(name="upload"))
    ran = main(home, "recall")
    assert ran.code == 4
    assert "sent over HTTP and not kept" in ran.out
    assert main(home, "recall", note.parent).code == 0


def test_a_claim_about_time_and_place_is_no_part_of_the_verdict(home: Path, note: Path) -> None:
    main(home, "record", note)
    main(home, "verify", note, "--claimed-time", "1999")
    [told] = main(home, "recall", "--json").objects
    assert (told["changed"], told["steps"]) == (False, [])


def test_a_home_that_remembers_nothing_still_verifies(verified: Path, note: Path) -> None:
    for path in verified.glob("verdicts.sqlite*"):
        path.unlink()
    (verified / "verdicts.sqlite").mkdir()  # nothing can be kept there
    assert main(verified, "verify", note).code == 0
    ran = main(verified, "recall")
    assert "the database failed" in ran.complaint


def test_a_row_that_somebody_changed_is_said(verified: Path) -> None:
    with sqlite3.connect(verified / "verdicts.sqlite") as connection:
        connection.execute("UPDATE verdicts SET verdict = '{}'")
    connection.close()
    ran = main(verified, "recall")
    assert ran.code not in (0, 1)
    assert "does not read as one" in ran.complaint


checks = st.dictionaries(
    st.sampled_from(Step),
    st.lists(st.tuples(st.sampled_from(Outcome), st.text(max_size=20)), max_size=3).map(tuple),
)
verdicts = st.builds(
    Verdict,
    st.sampled_from(ConclusionCode),
    st.text(max_size=50),
    checks,
    st.dictionaries(st.text(max_size=9), st.text(max_size=9)),
)


@given(verdicts)
def test_what_is_kept_is_read(verdict: Verdict) -> None:
    assert parse_verdict(json.loads(json.dumps(format_verdict(verdict)))) == verdict
    assert differences(verdict, verdict) == []


@given(verdicts, verdicts)
def test_differences_are_those_of_the_checks_opinions_and_claims_aside(
    then: Verdict, now: Verdict
) -> None:
    found = differences(then, now)
    assert {each.step for each in found} == {
        step
        for step in Step
        if step not in (Step.CONTEXT, Step.DETECTION)
        and then.checks.get(step, ()) != now.checks.get(step, ())
    }
    assert [each.step for each in found] == sorted((e.step for e in found), key=list(Step).index)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"conclusion": {"code": "authentic", "sentence": ""}, "checks": {}, "engine": {}},
    ],
)
def test_another_shape_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        parse_verdict(value)


def test_a_store_that_cannot_be_opened_is_a_typed_error(tmp_path: Path) -> None:
    from api.verdicts import Verdicts

    (tmp_path / "verdicts.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError):
        Verdicts(tmp_path / "verdicts.sqlite")
