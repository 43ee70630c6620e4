"""The one place that weighs: as a table, and as properties of every set of findings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.vocabulary import Outcome
from verifier.conclude import conclude, is_contradicted
from verifier.report import Conclusion, Finding, Match, MatchKind, Report, Step

from .reports import ALTERED, DERIVED, INCONCLUSIVE, UNCHANGED, UNKNOWN, UNTRUSTED, WITHDRAWN

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
ABSENT, UNREADABLE, NOT_CHECKED = Outcome.ABSENT, Outcome.UNREADABLE, Outcome.NOT_CHECKED

# What a step can come to: outcome and code. The codes are those that the steps give.
ANSWERS: dict[Step, list[tuple[Outcome, str]]] = {
    Step.MANIFEST: [
        (PASSED, "manifest.passed"),
        (PASSED, "sidecar.passed"),
        (ABSENT, "manifest.absent"),
        (UNREADABLE, "manifest.unreadable"),
        (UNREADABLE, "sidecar.unreadable"),
        (NOT_CHECKED, "manifest.not_checked"),
    ],
    Step.SIGNATURE: [
        (PASSED, "signingCredential.trusted"),
        (FAILED, "signingCredential.untrusted"),
        (FAILED, "signingCredential.revoked"),
        (FAILED, "claimSignature.mismatch"),
        (FAILED, "manifest.damaged_claim"),
        (FAILED, "manifest.invalid"),
        (NOT_CHECKED, "claimSignature.not_validated"),
    ],
    Step.HARD_BINDING: [
        (PASSED, "assertion.dataHash.match"),
        (FAILED, "assertion.dataHash.mismatch"),
        (NOT_CHECKED, "claim.hardBindings.missing"),
    ],
    Step.INGREDIENTS: [
        (ABSENT, "ingredient.absent"),
        (PASSED, "ingredient.validated"),
        (NOT_CHECKED, "ingredient.not_told"),
        (FAILED, "ingredient.altered"),
        (FAILED, "ingredient.invalid"),
        (FAILED, "ingredient.untrusted"),
    ],
    Step.SECOND_OPINION: [
        (PASSED, "opinion.agrees"),
        (FAILED, "opinion.differs"),
        (FAILED, "opinion.milder"),
        (NOT_CHECKED, "opinion.not_checked"),
    ],
    Step.RECORD: [
        (PASSED, "record.found"),
        (ABSENT, "record.absent"),
        (UNREADABLE, "record.unreadable"),
        (NOT_CHECKED, "record.no_log"),
        (FAILED, "record.proof_not_ours"),
    ],
    Step.RECORD_CONTENT: [
        (PASSED, "record.content.match"),
        (PASSED, "record.content.source"),
        (FAILED, "record.bytes_differ"),
        (FAILED, "record.manifest_differs"),
        (FAILED, "record.size_differs"),
        (FAILED, "record.registrar_unknown"),
        (NOT_CHECKED, "record.other_bytes"),
    ],
    Step.INCLUSION: [
        (PASSED, "log.proof.verified"),
        (FAILED, "log.proof.failed"),
        (FAILED, "log.quorum.missing"),
        (FAILED, "log.failed"),
    ],
    Step.HISTORY: [
        (PASSED, "history.clear"),
        (PASSED, "history.corrected"),
        (FAILED, "history.withdrawn"),
        (FAILED, "history.key_revoked"),
    ],
    Step.CUSTODY_CHAIN: [
        (PASSED, "custody_chain.holds"),
        (PASSED, "custody_chain.forked"),
        (FAILED, "custody_chain.broken"),
        (NOT_CHECKED, "custody_chain.not_checked"),
    ],
    Step.DETECTION: [(PASSED, "detection.low"), (FAILED, "detection.high")],
    Step.COMPARISON: [
        (PASSED, "comparison.same"),
        (FAILED, "comparison.differs"),
        (NOT_CHECKED, "comparison.unrelated"),
        (NOT_CHECKED, "comparison.not_kept"),
    ],
    Step.CONTEXT: [
        (PASSED, "context.time.agrees"),
        (FAILED, "context.time.contradicted"),
        (ABSENT, "context.time.absent"),
        (NOT_CHECKED, "context.time.not_checked"),
    ],
}


def finding(step: Step, outcome: Outcome, code: str) -> Finding:
    return Finding(step=step, outcome=outcome, code=code, sentence=f"Said of {code}.")


def match(kind: MatchKind, algorithm: str = "picture-phash") -> Match:
    return Match(
        index=7,
        kind=kind,
        asset="00" * 32,
        media_type="video/mp4",
        title="A rocket",
        algorithm=algorithm,
    )


def of(*codes: str, match_kind: MatchKind | None = None) -> Conclusion:
    """Conclude from the findings with these codes."""
    known = {code: (step, outcome) for step in ANSWERS for outcome, code in ANSWERS[step]}
    findings = [finding(*known[code], code) for code in codes]
    return conclude(findings, [match(match_kind)] if match_kind else [])


SIGNED = ("manifest.passed", "signingCredential.trusted", "assertion.dataHash.match")
STRANGER = ("manifest.passed", "signingCredential.untrusted", "assertion.dataHash.match")
CHANGED = ("manifest.passed", "signingCredential.trusted", "assertion.dataHash.mismatch")
BESIDE = ("sidecar.passed", "signingCredential.trusted", "assertion.dataHash.mismatch")
BARE, FOUND = ("manifest.absent",), ("record.found", "log.proof.verified")
EXACT = (*FOUND, "record.content.match", "history.clear")
SOURCE = (*FOUND, "record.content.source", "history.clear")
NEAR = (*FOUND, "record.other_bytes", "history.clear")
OTHERS = (*FOUND, "record.bytes_differ", "history.clear")
FORGED = ("record.found", "log.proof.failed", "record.content.match")
BY_STRANGER = (*FOUND, "record.registrar_unknown", "history.clear")
NO_RECORD = ("record.absent",)
E, M, F = MatchKind.EXACT, MatchKind.MANIFEST, MatchKind.FINGERPRINT

TABLE: list[tuple[tuple[str, ...], MatchKind | None, str, str]] = [
    # findings, match, conclusion, words that must stand in its sentence
    ((*SIGNED, *EXACT), E, UNCHANGED, "a known signer signed and that entry 7 (A rocket) records"),
    ((*BARE, *EXACT), E, UNCHANGED, "a known registrar recorded as entry 7"),
    ((*BARE, *SOURCE), E, UNCHANGED, "recorded as the source of entry 7"),
    ((*SIGNED, *SOURCE), E, UNCHANGED, "its bytes are the source of entry 7"),
    ((*STRANGER, *EXACT), E, UNCHANGED, "a known registrar recorded"),
    (("manifest.unreadable", *EXACT), E, UNCHANGED, "a known registrar recorded"),
    ((*SIGNED, *NO_RECORD), None, UNCHANGED, "no record of them was found here"),
    ((*SIGNED, "record.no_log"), None, UNCHANGED, "no log was asked"),
    ((*SIGNED, "record.unreadable"), None, UNCHANGED, "was not established"),
    ((*SIGNED, *NEAR), F, UNCHANGED, "but it looks like entry 7"),
    ((*SIGNED, *BY_STRANGER), E, UNCHANGED, "that you have not named as known"),
    ((*STRANGER, *NO_RECORD), None, UNTRUSTED, "Said of signingCredential.untrusted."),
    ((*STRANGER, *NEAR), F, UNTRUSTED, "It looks like entry 7"),
    ((*SIGNED, "ingredient.untrusted", *NO_RECORD), None, UNTRUSTED, "ingredient.untrusted"),
    ((*BARE, *BY_STRANGER), E, UNTRUSTED, "record.registrar_unknown"),
    ((*CHANGED, *NO_RECORD), None, ALTERED, "Not the bytes that were signed."),
    ((*CHANGED, *OTHERS), M, ALTERED, "it carries the manifest of entry 7"),
    ((*CHANGED, *EXACT), E, ALTERED, "its bytes are those of entry 7"),
    ((*CHANGED, *FORGED), M, ALTERED, "which the log does not prove"),
    ((*SIGNED, *OTHERS), M, ALTERED, "bytes outside it are not as recorded"),
    ((*SIGNED, "ingredient.altered", *NO_RECORD), None, ALTERED, "ingredient.altered"),
    ((*SIGNED, "ingredient.altered", *EXACT), E, ALTERED, "ingredient.altered"),
    (("manifest.unreadable", *NEAR), F, ALTERED, "a damaged manifest; it looks like entry 7"),
    (("manifest.unreadable", *OTHERS), M, ALTERED, "Not the bytes that were recorded"),
    ((*OTHERS, *CHANGED, "history.withdrawn"), M, ALTERED, "Said of history.withdrawn."),
    ((*SIGNED, *EXACT, "history.withdrawn"), E, WITHDRAWN, "Said of history.withdrawn."),
    ((*BARE, *EXACT, "history.key_revoked"), E, WITHDRAWN, "Said of history.key_revoked."),
    ((*BARE, *NEAR, "history.withdrawn"), F, DERIVED, "Said of history.withdrawn."),
    ((*BARE, *NEAR), F, DERIVED, "looks like entry 7 (A rocket). Said of manifest.absent."),
    ((*BARE, *NEAR, "comparison.differs"), F, DERIVED, "(A rocket). Said of comparison.differs."),
    ((*BARE, *NEAR, "comparison.same"), F, DERIVED, "Said of comparison.same. Said of manifest."),
    ((*BARE, *NEAR, "comparison.not_kept"), F, DERIVED, "Compare before relying on it."),
    ((*BARE, *NEAR, "comparison.unrelated"), F, INCONCLUSIVE, "Said of comparison.unrelated."),
    ((*CHANGED, *OTHERS, "comparison.differs"), M, ALTERED, "Said of comparison.differs."),
    ((*BARE, *BY_STRANGER), F, DERIVED, "of a registrar that you have not named as known"),
    ((*BARE, *NO_RECORD), None, UNKNOWN, "says nothing against the file"),
    ((*BARE, *FORGED), E, INCONCLUSIVE, "Said of log.proof.failed."),
    ((*SIGNED, *FORGED), E, INCONCLUSIVE, "Said of log.proof.failed."),
    ((*BARE, "record.no_log"), None, INCONCLUSIVE, "record.no_log"),
    ((*BARE, "record.unreadable"), None, INCONCLUSIVE, "record.unreadable"),
    (("manifest.not_checked", *NO_RECORD), None, INCONCLUSIVE, "manifest.not_checked"),
    (("manifest.not_checked", *OTHERS), M, INCONCLUSIVE, "it carries the manifest of entry 7"),
    (("manifest.unreadable", *NO_RECORD), None, INCONCLUSIVE, "manifest.unreadable"),
    (("manifest.passed", "manifest.invalid", *NO_RECORD), None, INCONCLUSIVE, "manifest.invalid"),
    ((*SIGNED, "ingredient.invalid", *NO_RECORD), None, INCONCLUSIVE, "ingredient.invalid"),
    ((*SIGNED, *EXACT, "record.manifest_differs"), E, INCONCLUSIVE, "record.manifest_differs"),
    ((*BESIDE, *EXACT), E, INCONCLUSIVE, "Its bytes are those of entry 7 (A rocket)."),
    ((*BESIDE, *NO_RECORD), None, ALTERED, "Not the bytes that were signed"),
]


@pytest.mark.parametrize(("codes", "kind", "expected", "words"), TABLE)
def test_each_case_has_its_conclusion_and_its_words(
    codes: tuple[str, ...], kind: MatchKind | None, expected: str, words: str
) -> None:
    conclusion = of(*codes, match_kind=kind)
    assert conclusion.code == expected
    assert words.lower() in conclusion.sentence.lower(), conclusion.sentence


@pytest.mark.parametrize(("codes", "kind", "expected", "words"), TABLE)
def test_a_contradicted_claim_is_said_of_every_conclusion_and_changes_none(
    codes: tuple[str, ...], kind: MatchKind | None, expected: str, words: str
) -> None:
    conclusion = of(*codes, "context.time.contradicted", match_kind=kind)
    assert conclusion.code == expected
    assert words.lower() in conclusion.sentence.lower()
    assert conclusion.sentence.endswith(
        "But that is not what is claimed. Said of context.time.contradicted."
    )
    agreed = of(*codes, "context.time.agrees", match_kind=kind)
    assert agreed == of(*codes, match_kind=kind)


def test_only_a_contradiction_fails_a_claim() -> None:
    for outcome, code in ANSWERS[Step.CONTEXT]:
        findings = [finding(Step.CONTEXT, outcome, code)]
        assert is_contradicted(findings) is (code == "context.time.contradicted")
    assert not is_contradicted([finding(Step.COMPARISON, FAILED, "comparison.differs")])


def test_a_sound_is_said_to_sound_alike() -> None:
    steps = [finding(Step.INCLUSION, PASSED, "log.proof.verified")]
    assert "sounds like entry 7" in conclude(steps, [match(F, "sound-bands")]).sentence


findings_ = st.fixed_dictionaries(
    {}, optional={step: st.sampled_from(answers) for step, answers in ANSWERS.items()}
).map(lambda chosen: [finding(step, *answer) for step, answer in chosen.items()])
matches_ = st.lists(st.sampled_from(MatchKind).map(match), max_size=2)


@settings(max_examples=500)
@given(findings_, matches_)
def test_it_concludes_whatever_was_found(findings: list[Finding], matches: list[Match]) -> None:
    sentence = conclude(findings, matches).sentence
    assert sentence.endswith(".")
    assert ".." not in sentence
    assert "\n" not in sentence


BROKEN = (
    *("claimSignature.mismatch", "manifest.damaged_claim", "assertion.dataHash.mismatch"),
    *("ingredient.altered", "ingredient.invalid"),
    *("log.proof.failed", "log.quorum.missing", "log.failed"),
    *("record.bytes_differ", "record.manifest_differs", "record.size_differs"),
    "custody_chain.broken",
)


@settings(max_examples=500)
@given(findings_, matches_, st.sampled_from(BROKEN))
def test_nothing_outweighs_what_is_broken(
    findings: list[Finding], matches: list[Match], broken: str
) -> None:
    """Each of these alone is enough, whatever else was found."""
    step, outcome = next(
        (step, outcome) for step in ANSWERS for outcome, code in ANSWERS[step] if code == broken
    )
    if broken == "record.bytes_differ" and not matches:
        return  # it is about a match
    kept = [each for each in findings if each.step is not step]
    code = conclude([*kept, finding(step, outcome, broken)], matches).code
    if broken == "record.bytes_differ":
        known = {each.code for each in kept}
        if "log.proof.verified" not in known or not known & {"manifest.passed", "sidecar.passed"}:
            return  # an entry that the log does not prove says nothing about the file
    assert code != UNCHANGED


@settings(max_examples=500)
@given(findings_, matches_)
def test_what_only_looks_alike_never_raises_a_file(
    findings: list[Finding], matches: list[Match]
) -> None:
    """Without likeness and without a detector, no conclusion is worse founded than with them."""
    with_them = conclude(findings, matches).code
    facts = [each for each in findings if each.step not in (Step.DETECTION, Step.COMPARISON)]
    without = conclude(facts, matches).code
    if without == DERIVED and "comparison.unrelated" in {each.code for each in findings}:
        assert with_them == INCONCLUSIVE  # to have been compared in vain is the only way down
    else:
        assert without == with_them
    if with_them in (UNCHANGED, UNTRUSTED) and matches and matches[0].kind is F:
        assert conclude(facts, []).code == with_them


@settings(max_examples=500)
@given(findings_, matches_)
def test_unchanged_rests_on_a_whole_chain_of_evidence(
    findings: list[Finding], matches: list[Match]
) -> None:
    if conclude(findings, matches).code != UNCHANGED:
        return
    outcomes = {each.step: each.outcome for each in findings}
    codes = {each.code for each in findings}
    signed = outcomes.get(Step.SIGNATURE) is PASSED and outcomes.get(Step.HARD_BINDING) is PASSED
    recorded = (
        bool(matches)
        and matches[0].kind is E
        and outcomes.get(Step.INCLUSION) is PASSED
        and outcomes.get(Step.RECORD_CONTENT) is PASSED
    )
    assert signed or recorded
    assert "history.withdrawn" not in codes or not recorded


@settings(max_examples=500)
@given(findings_, matches_)
def test_unknown_means_that_everything_was_looked_at(
    findings: list[Finding], matches: list[Match]
) -> None:
    if conclude(findings, matches).code != UNKNOWN:
        return
    assert not matches
    looked = (Step.MANIFEST, Step.RECORD, Step.HARD_BINDING)
    assert not any(
        each.outcome in (UNREADABLE, NOT_CHECKED) for each in findings if each.step in looked
    )


@pytest.mark.parametrize("signature", ["trusted", "untrusted"])
@pytest.mark.parametrize("record", [EXACT, NEAR, NO_RECORD])
def test_a_failed_hard_binding_never_yields_more_than_altered(
    signature: str, record: tuple[str, ...]
) -> None:
    """Whoever signed, whatever is recorded: the bytes are not those that were signed."""
    for kind in (None, *MatchKind):
        conclusion = of(
            *("manifest.passed", f"signingCredential.{signature}", "assertion.dataHash.mismatch"),
            *record,
            match_kind=kind,
        )
        assert conclusion.code == ALTERED


def test_a_report_is_neither_true_nor_false() -> None:
    report = Report(
        file="a.jpg",
        sha256=None,
        media_type=None,
        conclusion=of("manifest.absent", "record.absent"),
        findings=(),
        engine={},
    )
    with pytest.raises(TypeError, match="no truth value"):
        assert report
    assert report.to_json()["conclusion"] == {
        "code": "unknown",
        "sentence": report.conclusion.sentence,
        "does_not_show": report.conclusion.does_not_show,
        "settles": report.conclusion.settles,
    }


@settings(max_examples=500)
@given(findings_, matches_)
def test_two_engines_that_disagree_never_leave_a_file_unchanged(
    findings: list[Finding], matches: list[Match]
) -> None:
    """Where the second one says changed and the first one intact, nothing is concluded of it."""
    kept = [each for each in findings if each.step is not Step.SECOND_OPINION]
    for code in ("opinion.differs", "opinion.milder"):
        said = finding(Step.SECOND_OPINION, FAILED, code)
        before, after = conclude(kept, matches), conclude([*kept, said], matches)
        assert after.code != UNCHANGED
        if before.code == UNCHANGED:
            assert after.code in (INCONCLUSIVE, UNTRUSTED)
            assert after.code == INCONCLUSIVE or code == "opinion.milder"
    for outcome, code in ANSWERS[Step.SECOND_OPINION]:
        if outcome is not FAILED:
            said = finding(Step.SECOND_OPINION, outcome, code)
            assert conclude([*kept, said], matches) == conclude(kept, matches)


def test_the_sentence_of_a_disagreement_is_that_of_the_conclusion() -> None:
    conclusion = of(*SIGNED, "opinion.differs")
    assert conclusion.code == INCONCLUSIVE
    assert "Said of opinion.differs." in conclusion.sentence
    assert of(*CHANGED, "opinion.milder").code == ALTERED
    assert of(*STRANGER, "opinion.milder").code == UNTRUSTED
