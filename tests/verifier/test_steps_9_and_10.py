"""The record of an original, held against a suspect: what differs, and what is claimed of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ledger.asset import Kind
from ledger.private import PrivateRecord
from ledger.vocabulary import Fingerprint, Outcome
from verifier.compare.context import Claim, parse_moment, parse_spot
from verifier.compare.result import Comparison, Geometry
from verifier.compare.sentence import NOTHING_DIFFERS
from verifier.errors import NotComparable, Unreadable, Unrelated
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Report, Step
from verifier.search import Suspect
from verifier.trust import TrustList
from verifier.verify import NOTHING_CLAIMED, verify

from .archive import STRANGER, Archive
from .conftest import Original
from .reports import DERIVED, INCONCLUSIVE, UNCHANGED, UNKNOWN, codes, finding

Compare = Callable[[Kind, Sequence[Fingerprint]], Comparison]
MIRRORED = Comparison(sentence="The picture is mirrored.", geometry=Geometry(mirrored=True))
OLD = Claim(time=parse_moment("2031"), place=parse_spot("48.8566,2.3522"))


def raises(problem: Exception) -> Compare:
    def compare(*_: object) -> Comparison:
        raise problem

    return compare


@pytest.fixture
def copy(original: Original, tmp_path: Path) -> Path:
    """Return a stripped, re-encoded copy."""
    with Image.open(original.path) as picture:
        picture.save(tmp_path / "copy.jpg", quality=60)
    return tmp_path / "copy.jpg"


@pytest.fixture
def suspect(copy: Path, sandbox: Sandbox, trust: list[TrustList]) -> Suspect:
    return observe(copy, sandbox, trust)


def judged(
    suspect: Suspect,
    ledger: object,
    compare: Compare = lambda kind, kept: MIRRORED,  # noqa: ARG005  # as it is asked
    claim: Claim = NOTHING_CLAIMED,
) -> Report:
    return verify(replace(suspect, compare=compare), ledger, {}, claim)  # type: ignore[arg-type]


class Keeping:
    """A ledger with another private store, or with none."""

    def __init__(self, truth: Archive, private: PrivateRecord | None, **answers: object) -> None:
        self._truth, self._private, self._answers = truth, private, answers

    def private(self, index: int) -> PrivateRecord | None:  # noqa: ARG002  # as it is asked
        return self._private

    def __getattr__(self, name: str) -> object:
        return self._answers.get(name, getattr(self._truth, name))


def test_what_differs_from_the_recorded_original_is_said_in_the_conclusion(
    suspect: Suspect, recorded: Archive, original: Original
) -> None:
    asked = []

    def compare(kind: Kind, kept: Sequence[Fingerprint]) -> Comparison:
        asked.append((kind, tuple(kept)))
        return MIRRORED

    report = judged(suspect, recorded, compare)
    assert asked == [(Kind.PICTURE, original.fingerprints)]
    assert report.comparison == MIRRORED
    said = "Compared with the original: the picture is mirrored."
    assert finding(report, Step.COMPARISON) == (Outcome.FAILED, said)
    assert report.conclusion.code == DERIVED
    assert f"(A rocket). {said}" in report.conclusion.sentence
    assert "before relying" not in report.conclusion.sentence


def test_that_nothing_differs_is_said_too(suspect: Suspect, recorded: Archive) -> None:
    same = Comparison(sentence=NOTHING_DIFFERS, geometry=Geometry())
    report = judged(suspect, recorded, lambda _, __: same)
    said = f"Compared with the original: {NOTHING_DIFFERS[0].lower()}{NOTHING_DIFFERS[1:]}"
    assert finding(report, Step.COMPARISON) == (Outcome.PASSED, said)
    assert said in report.conclusion.sentence


@pytest.mark.parametrize(
    ("problem", "outcome", "code"),
    [
        (NotComparable("no engine"), Outcome.NOT_CHECKED, "comparison.not_comparable"),
        (Unreadable("damaged"), Outcome.UNREADABLE, "comparison.unreadable"),
    ],
)
def test_why_it_was_not_compared_is_said(
    suspect: Suspect, recorded: Archive, problem: Exception, outcome: Outcome, code: str
) -> None:
    report = judged(suspect, recorded, raises(problem))
    assert report.comparison is None
    assert code in codes(report)
    assert finding(report, Step.COMPARISON)[0] is outcome
    assert report.conclusion.code == DERIVED
    assert "Compare before relying on it." in report.conclusion.sentence


def test_a_likeness_that_no_comparison_bears_out_settles_nothing(
    suspect: Suspect, recorded: Archive
) -> None:
    report = judged(suspect, recorded, raises(Unrelated("nothing in common")))
    assert report.conclusion.code == INCONCLUSIVE
    assert "nothing was found that the two have in common" in report.conclusion.sentence


def test_without_the_private_record_nothing_is_compared(
    suspect: Suspect, recorded: Archive
) -> None:
    report = judged(suspect, Keeping(recorded, None))
    assert (report.comparison, "comparison.not_kept" in codes(report)) == (None, True)


def test_a_private_record_that_does_not_open_the_commitments_is_not_believed(
    suspect: Suspect, recorded: Archive
) -> None:
    kept = recorded.private(0)
    assert kept is not None
    forged = PrivateRecord({**kept.opened, "capture_time": (bytes(32), "2031-05-01T00:00:00Z")})
    report = judged(suspect, Keeping(recorded, forged), claim=OLD)
    assert report.comparison is None
    assert "comparison.record_failed" in codes(report)
    assert "context.time.not_checked" in codes(report)


def test_recorded_bytes_need_no_comparison(
    recorded: Archive, original: Original, sandbox: Sandbox, trust: list[TrustList]
) -> None:
    report = judged(observe(original.path, sandbox, trust), recorded)
    assert finding(report, Step.COMPARISON)[0] is Outcome.PASSED
    assert report.comparison is None


CAPTURED = {"capture_time": "2019-03-02T12:00:00+01:00", "capture_place": [52.52, 13.405]}


@pytest.fixture
def dated(archive: Archive, original: Original) -> Archive:
    """Return an archive that keeps when and where the photograph was captured."""
    archive.register(
        original.path, original.signed, fingerprints=original.fingerprints, more=CAPTURED
    )
    return archive


def test_an_old_picture_shown_as_new_is_told_of_the_original_and_of_its_copies(
    suspect: Suspect, dated: Archive, original: Original, sandbox: Sandbox, trust: list[TrustList]
) -> None:
    for each, code in ((suspect, DERIVED), (observe(original.path, sandbox, trust), UNCHANGED)):
        report = judged(each, dated, claim=OLD)
        said = report.conclusion.sentence
        assert report.conclusion.code == code
        assert "But that is not what is claimed. Recorded on 2019-03-02, 12 years before" in said
        assert "an old picture shown as new. Recorded 877 km from the claimed place." in said
        [time, place] = [each for each in report.findings if each.step is Step.CONTEXT]
        assert time.outcome is place.outcome is Outcome.FAILED
        assert "by the signer's word" in time.does_not_show


def test_a_claim_that_agrees_changes_no_conclusion(suspect: Suspect, dated: Archive) -> None:
    claim = Claim(parse_moment("2019-03"), parse_spot("52.5,13.4"))
    report = judged(suspect, dated, claim=claim)
    assert report.conclusion == judged(suspect, dated).conclusion
    assert {"context.time.agrees", "context.place.agrees"} <= codes(report)


def test_where_private_words_are_not_told_a_claim_gets_none_of_them(
    suspect: Suspect, dated: Archive
) -> None:
    """What was entered when is public: that alone may contradict."""
    silent = Keeping(dated, dated.private(0), tells_private=False)
    for claim in (OLD, Claim(parse_moment("2019-03"), parse_spot("52.5,13.4"))):
        report = judged(suspect, silent, claim=claim)
        said = " ".join(each.sentence for each in report.findings if each.step is Step.CONTEXT)
        assert "Recorded on" not in said
        assert " km" not in said
        assert "context.place.not_checked" in codes(report)
        assert ("Entered in the log on 2025-06-15, six years before the claimed 2031" in said) is (
            claim is OLD
        )


def test_a_strangers_record_and_no_record_say_nothing_of_a_claim(
    suspect: Suspect, archive: Archive, original: Original
) -> None:
    report = judged(suspect, archive, claim=OLD)
    assert report.conclusion.code == UNKNOWN
    assert {"context.time.not_checked", "context.place.not_checked"} <= codes(report)
    archive.register(original.path, fingerprints=original.fingerprints, more=CAPTURED, key=STRANGER)
    report = judged(suspect, archive, claim=OLD)
    assert "context.time.not_checked" in codes(report)
    assert "not what is claimed" not in report.conclusion.sentence
