"""A policy decides what is enough, changes nothing else, and means what its author thought."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from verifier.policy import Policy, judge, parse_policy
from verifier.report import Conclusion, ConclusionCode, Finding, Link, Report, Step

FRONT_PAGE = """
version = 1
name = "front page"
conclusions = ["unchanged"]
require = ["claim-signature", "inclusion"]
[signature]
lists = ["official"]
"""


def finding(step: Step, outcome: Outcome = Outcome.PASSED, sentence: str = "So.") -> Finding:
    return Finding(step=step, outcome=outcome, code="a.code", sentence=sentence)


def report(
    code: ConclusionCode = ConclusionCode.UNCHANGED,
    known: str | None = "official",
    *findings: Finding,
) -> Report:
    link = Link(manifest="urn:c2pa:1", signer="A", list=known, outcome=Outcome.PASSED)
    return Report(
        file="a.jpg",
        sha256="",
        media_type="image/jpeg",
        conclusion=Conclusion(code, "So it is."),
        findings=findings or (finding(Step.SIGNATURE), finding(Step.INCLUSION)),
        chain=(link,),
        engine={},
    )


def met(policy: str, about: Report) -> bool:
    return judge(parse_policy(policy), about).outcome is Outcome.PASSED


def test_what_asks_for_what_is_there_is_met() -> None:
    assert met(FRONT_PAGE, report())


def test_everything_that_is_lacking_is_said_at_once() -> None:
    found = judge(
        parse_policy(FRONT_PAGE),
        report(ConclusionCode.UNTRUSTED, None, finding(Step.SIGNATURE, Outcome.FAILED)),
    )
    assert (found.outcome, found.code) == (Outcome.FAILED, "policy.not_met")
    for lacking in (
        "its conclusion is `untrusted`",
        "`claim-signature` must have passed, and came to `failed`",
        "`inclusion` must have passed, and came to `not_checked`",
        "its signer is on no list",
    ):
        assert lacking in found.sentence


def test_another_list_than_the_named_does_not_count() -> None:
    about = report(known="interim")
    assert not met(FRONT_PAGE, about)
    assert "only on the list “interim”" in judge(parse_policy(FRONT_PAGE), about).sentence


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.PASSED])
def test_only_passed_is_passed(outcome: Outcome) -> None:
    about = report(ConclusionCode.UNCHANGED, "official", finding(Step.SIGNATURE, outcome))
    assert not met(FRONT_PAGE, about)


def test_strangers_are_accepted_only_by_the_dangerous_word() -> None:
    about = report(ConclusionCode.UNTRUSTED, None)
    plain = 'version = 1\nname = "any"\nconclusions = ["unchanged"]\n'
    assert not met(plain, about)
    assert met(f"{plain}[dangerous]\naccept_signers_on_no_list = true\n", about)


@pytest.mark.parametrize(
    "code",
    [each for each in ConclusionCode if each not in ("unchanged", "derived", "untrusted")],
)
def test_the_dangerous_word_accepts_strangers_and_nothing_else(code: ConclusionCode) -> None:
    policy = Policy("any", frozenset({ConclusionCode.UNCHANGED}), accept_signers_on_no_list=True)
    assert judge(policy, report(code)).outcome is Outcome.FAILED


def test_a_contradicted_claim_is_not_enough_unless_somebody_says_so() -> None:
    wrong = finding(Step.CONTEXT, Outcome.FAILED, "It was captured in 2019.")
    about = report(ConclusionCode.UNCHANGED, "official", wrong)
    plain = 'version = 1\nname = "any"\nconclusions = ["unchanged"]\n'
    assert "It was captured in 2019" in judge(parse_policy(plain), about).sentence
    assert met(f"{plain}[dangerous]\naccept_contradicted_claims = true\n", about)


def test_a_policy_of_one_report_does_not_count_as_a_check_of_another() -> None:
    about = report()
    twice = replace(about, findings=(*about.findings, judge(parse_policy(FRONT_PAGE), about)))
    assert judge(parse_policy(FRONT_PAGE), twice) == twice.findings[-1]


REFUSED = {
    "": "empty",
    "# nothing but words": "empty",
    "version = 1": "`name`",
    'name = "a"': "`version`",
    'version = true\nname = "a"': "`version`",
    'version = 2\nname = "a"': "another version",
    'version = 1\nname = "a"': "names no conclusion",
    'version = 1\nname = "a"\nconclusions = []': "names no conclusion",
    'version = 1\nname = "a"\nconclusions = ["altered"]': "not with 'altered'",
    'version = 1\nname = "a"\nconclusions = ["untrusted"]': "not with 'untrusted'",
    'version = 1\nname = "a"\nconclusions = "unchanged"': "`conclusions`",
    'version = 1\nname = "a"\nconclusions = [1]': "array of texts",
    FRONT_PAGE.replace("require", "requires"): "knows no `requires`",
    FRONT_PAGE.replace("inclusion", "detection"): "not 'detection'",
    FRONT_PAGE.replace("inclusion", "policy"): "not 'policy'",
    FRONT_PAGE.replace("lists", "list"): "knows no `list`",
    FRONT_PAGE.replace("official", "../official"): "not the name of a trust list",
    f"{FRONT_PAGE}[dangerous]\naccept_everything = true": "knows no `accept_everything`",
    f"{FRONT_PAGE}[dangerous]\naccept_signers_on_no_list = true": "accepts signers that are on",
    f"{FRONT_PAGE}[dangerous]\naccept_contradicted_claims = 1": "true or false",
    "version = ": "not TOML",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_might_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=REFUSED[text].replace("(", r"\(")):
        parse_policy(text)


@given(st.text(max_size=200))
def test_no_text_at_all_is_anything_but_a_policy_or_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_policy(text + "\nversion = 0")


def test_the_example_of_the_documentation_is_a_policy() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs/policies.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    policy = parse_policy(example)
    assert policy.lists == ("official", "our cameras")
    assert Step.INGREDIENTS in policy.require
