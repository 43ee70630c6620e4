"""Step 8 follows the custody chain: what is missing is missed, and a fork is only said."""

from pathlib import Path

import pytest

from ledger.entry import Correction, Withdrawal, format_entry
from ledger.merkle import leaf_hash
from ledger.proof import format_log_proof
from ledger.subjects import Found, Role
from ledger.vocabulary import Digest, Outcome, digest_of
from verifier.report import Report, Step

from .archive import NOW, REGISTRAR, STRANGER, Archive
from .conftest import Check
from .reports import INCONCLUSIVE, UNCHANGED, UNTRUSTED, WITHDRAWN, codes, finding
from .test_liars import Liar

NOTE = b"A caption, by hand."
SUBJECT = digest_of(NOTE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(NOTE)
    return path


@pytest.fixture
def log(archive: Archive, path: Path) -> Archive:
    """Return a log in which entry 0 records the note and entries 1 and 2 speak of it."""
    archive.register(path)
    for note in ("One.", "Two."):
        archive.enter(Correction(subject=SUBJECT, note=note, **archive.common(SUBJECT)))
    return archive


def enter(log: Archive, previous: Digest | None, *, by_stranger: bool = False) -> int:
    """Enter a correction of the note that names what it likes."""
    statement = Correction(subject=SUBJECT, time=NOW, previous=previous, note="Named so.")
    return log.enter(statement, STRANGER if by_stranger else REGISTRAR)


def leaf(log: Archive, index: int) -> Digest:
    return Digest(leaf_hash(log.entry(index)))


def chain(report: Report) -> str:
    """Return the code of the finding about the chain; there is one in every report on a record."""
    [code] = [each.code for each in report.findings if each.step is Step.CUSTODY_CHAIN]
    return code


def test_a_chain_that_holds_is_a_finding_of_its_own(check: Check, log: Archive, path: Path) -> None:
    report = check(path, log)
    assert report.conclusion.code == UNCHANGED
    assert finding(report, Step.CUSTODY_CHAIN) == (
        Outcome.PASSED,
        "Each entry about it that a known registrar made names the one before it.",
    )
    [said] = [each for each in report.findings if each.step is Step.CUSTODY_CHAIN]
    assert said.code == "custody_chain.holds"
    assert "newest entry" in said.does_not_show


def test_the_only_entry_is_said_to_be_the_first(check: Check, archive: Archive, path: Path) -> None:
    archive.register(path)
    outcome, sentence = finding(check(path, archive), Step.CUSTODY_CHAIN)
    assert (outcome, sentence) == (
        Outcome.PASSED,
        "Entry 0 is the first about it, and names none before it.",
    )


def test_a_file_without_a_record_has_no_chain(check: Check, archive: Archive, path: Path) -> None:
    assert not [each for each in check(path, archive).findings if each.step is Step.CUSTODY_CHAIN]


@pytest.mark.parametrize("named", [None, 0])
def test_a_fork_is_said_and_changes_no_conclusion(
    check: Check, log: Archive, path: Path, named: int | None
) -> None:
    index = enter(log, None if named is None else leaf(log, named))
    report = check(path, log)
    assert report.conclusion.code == UNCHANGED
    assert chain(report) == "custody_chain.forked"
    outcome, sentence = finding(report, Step.CUSTODY_CHAIN)
    assert outcome is Outcome.PASSED
    assert f"entry {index} names" in sentence
    assert "as if entry 2 were not there" in sentence


def test_of_many_forks_a_few_are_named(check: Check, log: Archive, path: Path) -> None:
    for number in range(40):
        statement = Correction(subject=SUBJECT, time=number, note="Unaware.")
        log.enter(statement)
    _, sentence = finding(check(path, log), Step.CUSTODY_CHAIN)
    assert sentence.count("were not there") == 3
    assert "(and 37 more)" in sentence


@pytest.mark.parametrize("what", ["nothing", "another file's", "the entry, not its leaf"])
def test_a_previous_that_cannot_be_is_a_failure_that_nothing_passes_over(
    check: Check, log: Archive, path: Path, tmp_path: Path, what: str
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Another file.")
    named = {
        "nothing": Digest(bytes(32)),
        "another file's": leaf(log, log.register(other)),
        "the entry, not its leaf": digest_of(log.entry(2)),
    }[what]
    index = enter(log, named)
    report = check(path, log)
    assert chain(report) == "custody_chain.broken"
    assert finding(report, Step.CUSTODY_CHAIN)[0] is Outcome.FAILED
    assert report.conclusion.code == INCONCLUSIVE
    assert f"Entry {index} names what is no earlier entry" in report.conclusion.sentence
    assert chain(check(other, log)) == "custody_chain.holds"


def test_entries_that_were_swapped_are_found(check: Check, archive: Archive, path: Path) -> None:
    """The later of two is entered first: the log could not know, but the registrar did."""
    archive.register(path)
    one = Correction(subject=SUBJECT, note="One.", **archive.common(SUBJECT))
    second = Digest(leaf_hash(format_entry(one, REGISTRAR)))
    archive.enter(Correction(subject=SUBJECT, time=NOW, previous=second, note="Two."))
    archive.enter(one)
    report = check(path, archive)
    assert chain(report) == "custody_chain.broken"
    assert "names entry 2, which comes no earlier" in report.conclusion.sentence


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_log_that_keeps_an_entry_in_the_middle_to_itself_is_found_out(
    check: Check, log: Archive, path: Path, hidden: int
) -> None:
    """It shows the record by its proof, and what it likes of the rest."""
    shown = [Found(index, Role.SUBJECT) for index in range(3) if index != hidden]
    proof = path.with_name("proof")
    proof.write_bytes(format_log_proof(log.proof(0)))
    report = check(path, Liar(log, find=lambda d: shown if d == SUBJECT else []), proof=proof)
    if hidden == 0:  # the proof in hand shows it nevertheless
        assert chain(report) == "custody_chain.holds"
    else:
        assert chain(report) == "custody_chain.broken"
        assert report.conclusion.code == INCONCLUSIVE


def test_a_withdrawal_that_is_hidden_behind_a_later_entry_is_missed(
    check: Check, log: Archive, path: Path
) -> None:
    withdrawal = Withdrawal(subject=SUBJECT, reason="Wrong.", **log.common(SUBJECT))
    hidden = log.enter(withdrawal)
    log.enter(Correction(subject=SUBJECT, note="Later.", **log.common(SUBJECT)))
    assert check(path, log).conclusion.code == WITHDRAWN
    shown = [Found(index, Role.SUBJECT) for index in range(5) if index != hidden]
    report = check(path, Liar(log, find=lambda d: shown if d == SUBJECT else []))
    assert report.conclusion.code == INCONCLUSIVE
    assert "an entry is missing" in report.conclusion.sentence


def test_a_withdrawn_file_stays_withdrawn_whatever_its_chain(
    check: Check, log: Archive, path: Path
) -> None:
    log.enter(Withdrawal(subject=SUBJECT, reason="Wrong.", **log.common(SUBJECT)))
    enter(log, Digest(bytes(32)))
    report = check(path, log)
    assert report.conclusion.code == WITHDRAWN
    assert chain(report) == "custody_chain.broken"


def test_a_stranger_breaks_nobodys_chain(check: Check, log: Archive, path: Path) -> None:
    """Anybody who may append could else make any file inconclusive."""
    index = enter(log, Digest(bytes(32)), by_stranger=True)
    report = check(path, log)
    assert report.conclusion.code == UNCHANGED
    assert chain(report) == "custody_chain.holds"
    enter(log, leaf(log, index))  # the registrar may follow on what is there
    assert chain(check(path, log)) == "custody_chain.holds"


def test_a_chain_of_strangers_alone_is_not_judged(
    check: Check, archive: Archive, path: Path
) -> None:
    archive.register(path, key=STRANGER)
    enter(archive, Digest(bytes(32)), by_stranger=True)
    report = check(path, archive)
    assert report.conclusion.code == UNTRUSTED
    assert chain(report) == "custody_chain.not_checked"
    assert finding(report, Step.CUSTODY_CHAIN)[0] is Outcome.NOT_CHECKED


def test_the_order_in_which_a_log_finds_them_is_not_believed(
    check: Check, log: Archive, path: Path
) -> None:
    every = [Found(index, Role.SUBJECT) for index in (2, 0, 1, 1)]
    report = check(path, Liar(log, find=lambda d: every if d == SUBJECT else []))
    assert chain(report) == "custody_chain.holds"
    assert "custody_chain.broken" not in codes(report)
