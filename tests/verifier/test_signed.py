"""What signatures show without a record, and what they never show."""

from pathlib import Path

import pytest

from ledger.vocabulary import Outcome
from signer import DevelopmentChain
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox
from verifier.observe import read_manifest
from verifier.report import Step
from verifier.trust import TrustList

from .archive import Archive
from .conftest import Check, Original, sign
from .forge import flip, forge
from .reports import ALTERED, INCONCLUSIVE, UNCHANGED, UNKNOWN, UNTRUSTED, codes, finding


def test_signed_by_a_known_signer_and_not_recorded(
    check: Check, archive: Archive, original: Original
) -> None:
    report = check(original.path, archive)
    assert report.conclusion.code == UNCHANGED
    assert "no record of them was found here" in report.conclusion.sentence
    assert report.chain[0].list == "The newsroom's list"


def test_without_a_log_the_manifest_decides_and_the_report_says_so(
    check: Check, original: Original
) -> None:
    report = check(original.path)
    assert report.conclusion.code == UNCHANGED
    assert "no log was asked" in report.conclusion.sentence
    assert "record.no_log" in codes(report)


def test_without_a_log_and_without_a_manifest_nothing_is_concluded(
    check: Check, original: Original
) -> None:
    report = check(original.source)
    assert report.conclusion.code == INCONCLUSIVE
    assert "No log was asked" in report.conclusion.sentence


def test_the_list_that_knows_the_signer_is_named(
    check: Check,
    original: Original,
    trust: list[TrustList],
    strangers_chain: DevelopmentChain,
) -> None:
    lists = [TrustList("Another list", strangers_chain.root), *trust]
    assert check(original.path, lists=lists).chain[0].list == "The newsroom's list"
    assert check(original.path, lists=lists[:1]).conclusion.code == UNTRUSTED
    assert check(original.path, lists=[]).conclusion.code == UNTRUSTED


def test_the_manifest_of_another_file_binds_nothing(
    check: Check, recorded: Archive, original: Original, other: Original, tmp_path: Path
) -> None:
    """The store of the recorded photograph is cut out and put into another photograph."""
    data, bare = original.path.read_bytes(), other.source.read_bytes()
    start = data.index(b"\xff\xeb")
    stop = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    transplanted = tmp_path / "t.jpg"
    transplanted.write_bytes(bare[:2] + data[start:stop] + bare[2:])
    for ledger in (None, recorded):
        report = check(transplanted, ledger)
        assert report.conclusion.code == ALTERED
        assert "Not the bytes that were signed" in report.conclusion.sentence
    assert report.matches[0].index == 0


def test_a_parent_that_was_changed_and_signed_over_is_altered_and_named(
    check: Check, original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    tampered = flip(original.path, tmp_path / "t.jpg", -2000)
    laundered = forge(tampered, tmp_path / "l.jpg", chain, ingredients=[(tampered, "parentOf")])
    report = check(laundered)
    assert finding(report, Step.SIGNATURE)[0] is Outcome.PASSED
    assert finding(report, Step.HARD_BINDING)[0] is Outcome.PASSED
    assert report.conclusion.code == ALTERED
    assert "A known camera" in report.conclusion.sentence
    assert report.chain[1].manifest == original.signed.label
    assert report.chain[1].outcome is Outcome.FAILED


@pytest.mark.parametrize("intact_first", [True, False])
def test_an_intact_copy_beside_a_tampered_one_hides_nothing(
    check: Check,
    original: Original,
    chain: DevelopmentChain,
    tmp_path: Path,
    intact_first: bool,
) -> None:
    """Both ingredients carry the same manifest; one of them no longer fits it."""
    tampered = flip(original.path, tmp_path / "t.jpg", -2000)
    both = [(original.path, "componentOf"), (tampered, "componentOf")]
    laundered = forge(
        *(original.source, tmp_path / "l.jpg", chain),
        ingredients=both if intact_first else both[::-1],
    )
    assert check(laundered).conclusion.code == ALTERED


def test_an_intact_parent_is_the_signers_word_and_said_so(
    check: Check, original: Original, chain: DevelopmentChain, tmp_path: Path
) -> None:
    child = sign(original.source, tmp_path / "c.jpg", chain, parent=original.path)
    outcome, sentence = finding(check(child.path), Step.INGREDIENTS)
    assert outcome is Outcome.PASSED
    assert "A known camera" in sentence
    assert "found its 1 signed ingredient intact before signing" in sentence


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("cut.png", b"\x89PNG\r\n\x1a\n"),
        ("cut.mp4", b"\x00\x00\x00\x18ftypisom"),
        ("cut.pdf", b"%PDF-1.7"),
        ("cut.wav", b"RIFF\x00\x00\x00\x00WAVE"),
        ("cut.flac", b"fLaC"),
    ],
)
def test_a_broken_file_is_not_said_to_carry_a_manifest(
    check: Check, archive: Archive, tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    report = check(path, archive)
    assert report.conclusion.code in (INCONCLUSIVE, UNKNOWN)
    outcome, sentence = finding(report, Step.MANIFEST)
    assert outcome in (Outcome.ABSENT, Outcome.NOT_CHECKED)
    assert not sentence.startswith("The file carries a C2PA manifest")


def test_an_engine_that_was_stopped_says_nothing_about_a_manifest(
    original: Original, trust: list[TrustList]
) -> None:
    with Sandbox(Limits(address_space=1 << 28, cpu=5, wall=20.0, answer=10)) as tight:
        reading, claim = read_manifest(original.path, "image/jpeg", tight, trust)
    assert reading.outcome is Outcome.NOT_CHECKED
    assert claim is None
