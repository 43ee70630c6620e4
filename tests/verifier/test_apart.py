"""Manifests that nothing leads to: each is judged and told, and none of them weighs anything."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.vocabulary import Outcome
from verifier.judgement import Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.opinion.coverage import Guard
from verifier.policy import parse_policy
from verifier.report import Finding, Report, Step
from verifier.trust import TrustList
from verifier.verify import verify

from .opinion import mint
from .opinion.generations import below, label
from .opinion.mint import CREATED, NOW, Authority, Mint, box, superbox
from .reports import INCONCLUSIVE, UNCHANGED, UNTRUSTED
from .test_lineage import named

PICTURE = mint.picture()
ROOT, STRANGERS = Authority("Known"), Authority("Unknown")
LIST = "Those we know"
CAMERA, AGENCY = named("A camera", ROOT), named("An agency", ROOT)
STRANGER = named("A stranger", STRANGERS)
APART = label(9)

Ask = Callable[[bytes], Report]


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def call(data: bytes) -> Report:
        path = tmp_path / "suspect.jpg"
        path.write_bytes(data)
        lists, bench = (TrustList(LIST, ROOT.pem()),), Bench(lists=(), clock=NOW)
        return verify(observe(path, sandbox, lists, bench=bench), None, {})

    return call


def beside(made: Mint, *, signed_by: Mint = CAMERA, **wishes: object) -> bytes:
    """Return a signed picture that carries what somebody else made, which nothing leads to."""
    other = replace(made, label=APART, **wishes)  # type: ignore[arg-type]
    return signed_by.into(PICTURE, [other.manifest(other._bound(PICTURE, 0))])


def told(report: Report) -> Finding:
    [found] = [each for each in report.findings if each.step is Step.UNREFERENCED]
    return found


def test_one_that_holds_is_told_with_its_signer_and_is_no_part_of_the_history(ask: Ask) -> None:
    report = ask(beside(AGENCY))
    assert report.conclusion.code == UNCHANGED
    found = told(report)
    assert (found.outcome, found.code) == (Outcome.PASSED, "unreferenced.holds")
    assert "no part of its history: An agency (The tests) signed it" in found.sentence
    assert f"known by your list “{LIST}”" in found.sentence
    assert [link.signer for link in report.chain] == ["A camera (The tests)"]
    [link] = report.apart
    assert (link.manifest, link.list, link.rejudged) == (APART, LIST, Outcome.PASSED)
    assert report.to_json()["apart"][0]["sentence"] == found.sentence  # type: ignore[index]


@pytest.mark.parametrize(
    ("wishes", "fault"),
    [
        ({"swapped": {"c2pa.actions.v2": {"actions": []}}}, "assertion.hashedURI.mismatch"),
        ({"signer": replace(AGENCY.signer, key=CAMERA.signer.key)}, "claimSignature.mismatch"),
        ({"hidden": ("c2pa.actions.v2",)}, "assertion.missing"),
    ],
    ids=["swapped", "another key", "taken out"],
)
def test_what_is_wrong_with_one_is_told_and_does_not_lower_the_conclusion(
    ask: Ask, wishes: dict[str, object], fault: str
) -> None:
    report = ask(beside(replace(AGENCY, **wishes)))  # type: ignore[arg-type]
    assert report.conclusion.code == UNCHANGED
    assert (told(report).outcome, told(report).code) == (Outcome.FAILED, "unreferenced.failed")
    assert fault in report.apart[0].codes


def test_one_of_a_known_signer_does_not_raise_what_a_stranger_signed(ask: Ask) -> None:
    report = ask(beside(AGENCY, signed_by=STRANGER))
    assert report.conclusion.code == UNTRUSTED
    assert told(report).code == "unreferenced.holds"


def test_one_of_a_stranger_is_told_as_claimed(ask: Ask) -> None:
    report = ask(beside(STRANGER))
    assert report.conclusion.code == UNCHANGED
    found = told(report)
    assert found.code == "unreferenced.failed"
    assert "somebody who goes by the name “A stranger (The tests)”" in found.sentence
    assert "its signer is on none of your lists" in found.sentence


def test_those_that_hang_together_are_each_told_and_none_says_that_it_leads_anywhere(
    ask: Ask,
) -> None:
    """A whole other history, with an ancestor of its own, and the file's own one behind it."""
    other = [manifest for _, manifest in below(PICTURE, [AGENCY, STRANGER])]
    report = ask(replace(CAMERA, label=label(5)).into(PICTURE, other))
    assert report.conclusion.code == UNCHANGED
    found = [each for each in report.findings if each.step is Step.UNREFERENCED]
    assert [each.code for each in found] == ["unreferenced.holds", "unreferenced.failed"]
    assert len(report.chain) == 1


def test_one_that_redacts_what_the_file_says_takes_nothing_out(ask: Ask) -> None:
    uri = f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/c2pa.actions.v2"
    report = ask(beside(AGENCY, claim={"redacted_assertions": [uri]}))
    assert report.conclusion.code == UNCHANGED


def test_one_that_names_the_file_as_its_source_is_still_none_of_its_history(ask: Ask) -> None:
    link = {"url": f"self#jumbf=/c2pa/{Mint.label}", "hash": bytes(32)}
    said = {"relationship": "parentOf", "activeManifest": link}
    report = ask(beside(AGENCY, assertions={"c2pa.ingredient.v3": said}))
    assert report.conclusion.code == UNCHANGED
    assert "ingredient.manifest.mismatch" in report.apart[0].codes


def test_of_very_many_some_are_told_and_the_others_counted(ask: Ask) -> None:
    many = [replace(AGENCY, label=label(100 + n), binding=False).manifest({}) for n in range(20)]
    report = ask(CAMERA.into(PICTURE, many))
    found = [each for each in report.findings if each.step is Step.UNREFERENCED]
    assert len(report.apart) == 20
    assert len(found) == 9
    assert "12 more manifests" in found[-1].sentence


def test_what_is_no_manifest_is_skipped_over_and_its_bytes_are_open(ask: Ask) -> None:
    """C2PA 2.2, 11.1.2: boxes of kinds that are not known are skipped."""
    foreign = superbox(b"note", label(9), box(b"cbor", b"\x63abc"))
    report = ask(CAMERA.into(PICTURE, [foreign]))
    assert report.conclusion.code == UNCHANGED
    assert report.apart == ()
    assert report.coverage is not None
    [region] = [each for each in report.coverage.regions if each.guard is Guard.OPEN]
    assert region.what == "a box that is no manifest"


def test_where_one_that_does_not_read_stops_the_first_engine_nothing_is_concluded(ask: Ask) -> None:
    empty = superbox(b"c2ma", APART, superbox(b"c2as", "c2pa.assertions"))
    assert ask(CAMERA.into(PICTURE, [empty])).conclusion.code == INCONCLUSIVE
    more = beside(AGENCY, undeclared={"org.example.note": {}})
    assert ask(more).conclusion.code == INCONCLUSIVE


def test_one_that_only_the_first_engine_reads_is_told_and_stops_nothing(ask: Ask) -> None:
    """Words in the description of its signature's box, which no hash covers."""
    hidden = beside(AGENCY, private=box(b"c2sh", b"Nobody hashed this."))
    report = ask(hidden)
    assert report.conclusion.code == UNCHANGED
    assert report.apart[0].codes == ("claim.malformed",)


def test_one_that_does_not_read_is_no_way_past_where_something_leads_to_it(ask: Ask) -> None:
    broken = superbox(b"c2ma", label(0), superbox(b"c2as", "c2pa.assertions"))
    said = {
        "relationship": "componentOf",
        "activeManifest": {"url": f"self#jumbf=/c2pa/{label(0)}", "hash": bytes(32)},
    }
    over = replace(CAMERA, assertions={"c2pa.actions.v2": CREATED, "c2pa.ingredient.v3": said})
    assert ask(over.into(PICTURE, [broken])).conclusion.code == INCONCLUSIVE


def test_no_policy_can_require_what_weighs_nothing() -> None:
    text = 'version = 1\nname = "x"\nconclusions = ["unchanged"]\nrequire = ["unreferenced"]\n'
    with pytest.raises(Exception, match="a policy can require"):
        parse_policy(text)
