"""Chains three generations deep: each manifest is judged by us, and the weakest link is named."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.vocabulary import Outcome
from verifier.judgement import Answers, Bench
from verifier.lineage import judge_lineage
from verifier.manifest import ManifestReading, ManifestStore
from verifier.media.sandbox import Sandbox
from verifier.observe import observe, read_manifest
from verifier.opinion.examine import examine
from verifier.opinion.result import Judgement
from verifier.report import Link, Report, Step
from verifier.trust import TrustList
from verifier.verify import verify

from .opinion import mint
from .opinion.generations import generations
from .opinion.mint import NOW, Authority, Mint, Signer
from .reports import ALTERED, INCONCLUSIVE, UNCHANGED, UNTRUSTED, finding

PICTURE = mint.picture()
ROOT, STRANGERS = Authority("Known"), Authority("Unknown")
LIST = "Those we know"
PLAIN = MappingProxyType({"c2pa.actions.v2": mint.CREATED})

Ask = Callable[..., Report]


def named(name: str, issuer: Authority = ROOT, **wishes: object) -> Mint:
    """Return what a signer of that name makes."""
    key = mint.signer(issuer).key
    leaf = mint.issue(issuer, name, key.public_key(), **wishes)  # type: ignore[arg-type]
    return Mint(Signer(key, (leaf.public_bytes(Encoding.DER),)), assertions=dict(PLAIN))


CAMERA, AGENCY, NEWSROOM = named("A camera"), named("An agency"), named("A newsroom")


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def call(
        data: bytes,
        lists: Sequence[TrustList] = (TrustList(LIST, ROOT.pem()),),
        answers: Sequence[bytes] = (),
    ) -> Report:
        path = tmp_path / "suspect.jpg"
        path.write_bytes(data)
        bench = Bench(lists=(), clock=NOW, gather=lambda *_: Answers(tuple(answers)))
        return verify(observe(path, sandbox, lists, bench=bench), None, {})

    return call


def test_three_generations_that_hold_are_each_judged_and_told(ask: Ask) -> None:
    report = ask(generations(PICTURE, [CAMERA, AGENCY, NEWSROOM]))
    assert report.conclusion.code == UNCHANGED
    assert [link.signer for link in report.chain] == [
        f"{name} (The tests)" for name in ("A newsroom", "An agency", "A camera")
    ]
    assert {link.list for link in report.chain} == {LIST}
    assert [link.depth for link in report.chain] == [0, 1, 2]
    for link in report.chain[1:]:
        assert link.rejudged is Outcome.PASSED
        assert link.bytes is Outcome.NOT_CHECKED  # they are not here
        assert "not here to be checked" in link.sentence
    outcome, said = finding(report, Step.INGREDIENTS)
    assert outcome is Outcome.PASSED
    assert "all else was judged again" in said


def test_a_photograph_that_was_altered_before_an_agency_signed_it_is_found_below_a_newsroom(
    ask: Ask,
) -> None:
    """The engine says Trusted: the failure stands only in what the agency recorded."""
    recorded = {1: ("assertion.dataHash.mismatch",)}
    report = ask(generations(PICTURE, [CAMERA, AGENCY, NEWSROOM], recorded))
    assert report.conclusion.code == ALTERED
    said = report.conclusion.sentence
    assert "An ingredient of what An agency (The tests) signed" in said
    assert "not as A camera (The tests) signed it" in said
    assert "altered before An agency (The tests) signed over it" in said
    assert "ask A camera (The tests) for the file" in report.conclusion.settles
    assert report.chain[2].codes == ("assertion.dataHash.mismatch",)
    assert report.chain[1].codes == ()


@pytest.mark.parametrize("place", [0, 1])
def test_an_assertion_that_was_swapped_below_is_found_though_nobody_recorded_it(
    ask: Ask, place: int
) -> None:
    lie = {"actions": [{**mint.CREATED["actions"][0], "when": "2020-01-01T00:00:00Z"}]}
    makers = [CAMERA, AGENCY, NEWSROOM]
    makers[place] = replace(makers[place], swapped={"c2pa.actions.v2": lie})
    report = ask(generations(PICTURE, makers))
    assert report.conclusion.code in (ALTERED, INCONCLUSIVE)
    assert report.chain[2 - place].outcome is Outcome.FAILED
    assert finding(report, Step.INGREDIENTS)[0] is Outcome.FAILED


@pytest.mark.parametrize("place", [0, 1])
def test_a_claim_that_another_key_signed_is_found_below_whatever_was_recorded(
    ask: Ask, place: int
) -> None:
    makers = [CAMERA, AGENCY, NEWSROOM]
    forged = replace(makers[place].signer, key=mint.signer(ROOT).key)
    makers[place] = replace(makers[place], signer=forged)
    report = ask(generations(PICTURE, makers))
    assert report.conclusion.code in (ALTERED, INCONCLUSIVE)
    assert report.chain[2 - place].outcome is not Outcome.PASSED


@pytest.mark.parametrize("place", [0, 1])
def test_a_stranger_below_is_named_though_it_was_recorded_that_he_is_trusted(
    ask: Ask, place: int
) -> None:
    makers = [CAMERA, AGENCY, NEWSROOM]
    makers[place] = named("A stranger", STRANGERS)
    report = ask(generations(PICTURE, makers))
    assert report.conclusion.code == UNTRUSTED
    assert "A stranger (The tests)" in report.conclusion.sentence
    assert "on none of your lists" in report.conclusion.sentence
    assert report.chain[2 - place].codes == ("signingCredential.untrusted",)
    assert report.chain[2 - place].list is None


def test_that_another_did_not_know_a_signer_says_nothing_of_our_lists(ask: Ask) -> None:
    recorded = {1: ("signingCredential.untrusted",), 2: ("signingCredential.expired",)}
    report = ask(generations(PICTURE, [CAMERA, AGENCY, NEWSROOM], recorded))
    assert report.conclusion.code == UNCHANGED
    assert report.chain[2].list == LIST


def test_a_certificate_below_that_is_out_of_date_is_told(ask: Ask) -> None:
    old = named("An old camera", until=timedelta(days=-1))
    report = ask(generations(PICTURE, [old, AGENCY, NEWSROOM]))
    assert report.conclusion.code == UNTRUSTED
    assert "certificate was out of date" in report.conclusion.sentence
    assert report.chain[2].codes == ("signingCredential.expired",)


def test_a_certificate_below_that_may_not_sign_claims_is_told(ask: Ask) -> None:
    wrong = named("A stamper", purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))
    report = ask(generations(PICTURE, [wrong, AGENCY, NEWSROOM]))
    assert report.conclusion.code == UNTRUSTED
    assert report.chain[2].codes == ("signingCredential.invalid",)


def test_the_gravest_link_is_named_and_not_the_first(ask: Ask) -> None:
    makers = [CAMERA, named("A stranger", STRANGERS), NEWSROOM]
    recorded = {1: ("assertion.dataHash.mismatch",)}
    report = ask(generations(PICTURE, makers, recorded))
    assert report.conclusion.code == ALTERED
    assert "A camera (The tests)" in report.conclusion.sentence


def test_two_manifests_that_are_shown_under_one_label_vouch_for_nothing() -> None:
    """Labels are made harmless to show: what differs in what cannot be seen looks the same."""
    data = generations(PICTURE, [CAMERA, AGENCY, NEWSROOM])
    opinion = examine(io.BytesIO(data), {LIST: ROOT.pem()}, NOW)
    top, *below = opinion.judgements
    twins = [replace(each, label=f"a{c}b") for each, c in zip(below, "\u200b\u200c", strict=True)]
    links = [
        Link(manifest=name, signer="Anybody", list=None, outcome=Outcome.PASSED, depth=1)
        for name in (top.label, "a\ufffdb")
    ]
    store = ManifestStore(
        label=top.label,
        embedded=True,
        chain=tuple(links),
        signer="Anybody",
        signed_at=None,
        trust_list=None,
        successes=(),
        failures=(),
        signer_failures=(),
        time_stamps=(),
        broken_ancestors=(),
        uncovered=None,
        source_type=None,
    )
    told = ManifestReading(
        Outcome.PASSED, store=store, opinion=replace(opinion, judgements=(top, *twins))
    )
    judged = judge_lineage(told, Bench(lists=[TrustList(LIST, ROOT.pem())], clock=NOW)).store
    assert judged is not None
    assert judged.chain[1].rejudged is Outcome.NOT_CHECKED
    assert judged.chain[1].list is None


def test_a_signature_below_that_the_engine_does_not_read_so_vouches_for_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Whoever took our engine's process over might tell another's signature, or another time."""
    path = tmp_path / "suspect.jpg"
    path.write_bytes(generations(PICTURE, [CAMERA, AGENCY, NEWSROOM]))
    lists = [TrustList(LIST, ROOT.pem())]
    told, _ = read_manifest(path, "image/jpeg", sandbox, lists)
    opinion = told.opinion
    assert opinion is not None
    top, agency, camera = opinion.judgements

    def judged(*judgements: Judgement) -> Link:
        said = replace(told, opinion=replace(opinion, judgements=judgements))
        store = judge_lineage(said, Bench(lists=lists, clock=NOW)).store
        assert store is not None
        assert store.chain[2].rejudged is Outcome.PASSED
        return store.chain[1]

    assert judged(top, agency, camera).rejudged is Outcome.PASSED
    link = judged(top, replace(agency, carried=camera.carried), camera)
    assert (link.rejudged, link.list) == (Outcome.NOT_CHECKED, None)
    assert "another certificate" in link.reason
