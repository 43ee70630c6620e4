"""An examination stands beside the findings: asked where nobody signed, and weighing nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.asset import read_asset_file
from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from tests import media
from tests.verifier.archive import Archive
from tests.verifier.conftest import Original
from verifier.compare.result import Heat
from verifier.detector.as_json import examination_json
from verifier.detector.evidence import Evidence
from verifier.detector.examine import examine_in, joined
from verifier.detector.result import (
    Cue,
    Detection,
    Examination,
    Subject,
    Trace,
    abstention,
    format_examination,
    opinion,
    parse_examination,
)
from verifier.detector.sentence import tell
from verifier.media.answer import format_value, parse_value
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Finding, Report, Step
from verifier.trust import TrustList
from verifier.verify import verify

SIDES = ("a generated picture", "a photograph")


def said(ratio: float, low: float, high: float) -> Detection:
    return opinion(
        Subject.PICTURE,
        Evidence(ratio, (low, high)),
        sides=SIDES,
        stratum="photographs",
        models=("sha256:00",),
        cues=(Cue(code="blink", value=3.0, unit="a minute", usual=(4.0, 40.0), sentence="Three."),),
    )


NOTHING_TO_SAY = abstention(Subject.FACE, "it is too small", stratum="faces", models=("sha256:00",))
TRACE = Trace(
    code="clip.frozen",
    sentence="It stands still.",
    does_not_show="It does not show why.",
    boxes=((1, 2, 3, 4),),
    seconds=((0.5, 1.25),),
    score=0.9,
    usual=0.1,
    heat=Heat(2, 1, b"\x00\xff"),
)


def step_11(report: Report) -> Finding:
    [finding] = [each for each in report.findings if each.step is Step.DETECTION]
    return finding


def test_an_examination_leaves_the_sandbox_and_comes_back_the_same() -> None:
    whole = Examination(
        detections=(said(1.0, 0.5, 1.5), NOTHING_TO_SAY), traces=(TRACE,), not_looked_for=("No.",)
    )
    carried: Any = parse_value(format_value(format_examination(whole)))
    assert parse_examination(carried) == whole


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(("detections", "traces", "not_looked_for", "kind")), inner
            )
        ),
    )
)
def test_whatever_a_job_answers_is_an_examination_or_an_error(value: Any) -> None:
    try:
        found = parse_examination(value)
    except FormatError:
        return
    assert format_examination(found) == value


@pytest.mark.parametrize("field", ["kind", "interval", "cues", "sides", "words"])
def test_an_opinion_without_one_of_its_fields_is_refused(field: str) -> None:
    value = format_examination(Examination(detections=(said(1.0, 0.5, 1.5),)))
    del value["detections"][0][field]
    with pytest.raises(FormatError):
        parse_examination(value)


def test_an_opinion_is_told_with_its_interval_and_what_it_holds_for() -> None:
    sentence = tell(said(1.0, 0.5, 1.5))
    assert "weak support for a generated picture" in sentence
    assert "+1.0" in sentence
    assert "+0.5 to +1.5" in sentence
    assert "photographs" in sentence


def test_an_abstention_is_told_with_its_reason_and_an_experiment_as_one() -> None:
    assert "abstains, for it is too small" in tell(NOTHING_TO_SAY)
    assert "experimental" in tell(replace(said(1.0, 0.5, 1.5), experimental=True))


def test_the_report_has_one_opinion_on_the_whole_and_the_others_beside() -> None:
    found = Examination(detections=(said(1.0, 0.5, 1.5), NOTHING_TO_SAY), traces=(TRACE,))
    told = examination_json(found)
    assert told["detection"]["kind"] == "image"  # type: ignore[index]
    assert [each["kind"] for each in told["further_detections"]] == ["face"]  # type: ignore[attr-defined]
    assert told["traces"][0]["heat"] == {"width": 2, "height": 1, "levels": "AP8="}  # type: ignore[index]
    assert set(examination_json(None)) == set(told)


def test_parts_are_joined_in_their_order_and_say_each_thing_once() -> None:
    one = Examination(detections=(NOTHING_TO_SAY,), not_looked_for=("No sound.",))
    other = Examination(traces=(TRACE,), not_looked_for=("No sound.", "No face."))
    whole = joined(one, other)
    assert whole.detections == (NOTHING_TO_SAY,)
    assert whole.not_looked_for == ("No sound.", "No face.")


def test_a_document_is_no_subject_and_that_is_said(sandbox: Sandbox, tmp_path: Path) -> None:
    path = media.pdf(tmp_path)
    found = examine_in(sandbox, path, read_asset_file(path).media_type)
    assert not found.detections
    assert found.not_looked_for == ("No detector looks at application/pdf.",)


def test_a_truncated_picture_ends_in_sentences(sandbox: Sandbox, tmp_path: Path) -> None:
    path = media.photograph(tmp_path)
    path.write_bytes(path.read_bytes()[:3000])
    found = examine_in(sandbox, path, read_asset_file(path).media_type)
    assert not [each for each in found.detections if each.abstained is None]
    assert found.not_looked_for


def test_a_photograph_gets_the_same_answer_twice(sandbox: Sandbox, tmp_path: Path) -> None:
    path = media.photograph(tmp_path)
    once, again = (examine_in(sandbox, path, read_asset_file(path).media_type) for _ in "ab")
    assert once == again
    assert once.detections[0].kind is Subject.PICTURE


def test_nobody_signed_it_so_the_detector_is_asked_and_changes_nothing(
    sandbox: Sandbox, trust: list[TrustList], recorded: Archive, tmp_path: Path
) -> None:
    path = media.another_photograph(tmp_path)
    suspect = observe(path, sandbox, trust, detect=True)
    asked, left_out = (
        verify(each, recorded, {}) for each in (suspect, replace(suspect, examine=None))
    )
    assert step_11(asked).code == "detection.advisory"
    assert step_11(asked).outcome is Outcome.NOT_CHECKED
    assert asked.examination is not None
    assert step_11(left_out).code == "detection.left_out"
    assert asked.conclusion == left_out.conclusion


def test_what_somebody_signed_or_recorded_is_not_put_to_the_detector(
    sandbox: Sandbox, trust: list[TrustList], recorded: Archive, original: Original, tmp_path: Path
) -> None:
    def refuse() -> Examination:
        raise AssertionError("the detector was asked")

    copy = media.convert(original.source, tmp_path / "copy.png")
    for path in (original.path, copy):
        suspect = replace(observe(path, sandbox, trust, detect=True), examine=refuse)
        report = verify(suspect, recorded, {})
        assert step_11(report).code == "detection.answered_for"
        assert report.examination is None


@pytest.mark.parametrize("ratio", [-6.0, 6.0])
def test_no_opinion_however_strong_moves_the_conclusion(
    sandbox: Sandbox, trust: list[TrustList], tmp_path: Path, ratio: float
) -> None:
    suspect = observe(media.another_photograph(tmp_path), sandbox, trust)
    strong = Examination(detections=(said(ratio, ratio - 0.1, ratio + 0.1),), traces=(TRACE,) * 9)
    moved = verify(replace(suspect, examine=lambda: strong), None, {})
    assert moved.examination is strong
    assert moved.conclusion == verify(suspect, None, {}).conclusion


def test_text_of_a_trace_is_harmless_in_the_report(
    sandbox: Sandbox, trust: list[TrustList], tmp_path: Path
) -> None:
    suspect = observe(media.another_photograph(tmp_path), sandbox, trust)
    hostile = Examination(traces=(replace(TRACE, sentence="It says \x1b[2J\u202egpj.exe"),))
    told = verify(replace(suspect, examine=lambda: hostile), None, {}).to_json()
    assert told["traces"][0]["sentence"].isprintable()  # type: ignore[index]
