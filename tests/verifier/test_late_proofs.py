"""Proofs that come later, with an update manifest: time-stamps, and answers about revocation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import cbor2
import pytest
from cryptography import x509

from ledger.vocabulary import Outcome
from verifier.judgement import Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Report, Step
from verifier.timing import entered_findings
from verifier.trust import Kind, TrustList
from verifier.verify import verify

from . import pki
from .opinion import mint
from .opinion.generations import ingredient, label
from .opinion.mint import Mint, Signer
from .pki import STAMPS, authority, days
from .reports import ALTERED, UNCHANGED, UNTRUSTED, codes

PICTURE = mint.picture()
SIGNERS, STAMPERS = authority("Signers"), authority("Stampers")
STAMPER = STAMPERS.issue("A stamper", STAMPS)
ROGUE = authority("Stampers").issue("A stamper", STAMPS)
LISTS = (
    TrustList("Signers", SIGNERS.pem),
    TrustList("Stampers", STAMPERS.pem, Kind.TIME_STAMPS),
)
LONG_AGO = days(-200)


def signer(name: str, valid: tuple[float, float] = (-400, 400)) -> Signer:
    owner = SIGNERS.issue(name, valid=valid)
    return Signer(owner.key, (owner.der,))


OLD = signer("An expired camera", (-400, -100))
KEEPER = signer("A keeper")


@dataclass(frozen=True)
class Parent:
    """A manifest that a camera made, as it lies in a file, and its signature's own bytes."""

    manifest: bytes
    value: bytes
    leaf: x509.Certificate


def parent(by: Signer = OLD, when: str | None = None) -> Parent:
    created = dict(mint.CREATED["actions"][0])
    created |= {"when": when} if when else {}
    made = Mint(by, assertions={"c2pa.actions.v2": {"actions": [created]}}, label=label(0))
    length = len(made.into(PICTURE)) - len(PICTURE)
    return read(made.manifest(made._bound(PICTURE, length)), by)


def read(manifest: bytes, by: Signer) -> Parent:
    message = manifest[manifest.rindex(b"c2cs") :]
    message = message[message.index(b"cbor") + 4 :]
    value = cbor2.loads(message).value[3]
    return Parent(manifest, value, x509.load_der_x509_certificate(by.chain[0]))


def updated(of: Parent, by: Signer = KEEPER, **assertions: object) -> bytes:
    """Return a file whose parent manifest an update manifest brings something for."""
    named = {name.replace("_", ".", 1).replace("_", "-"): v for name, v in assertions.items()}
    said = {"c2pa.ingredient.v3": ingredient(of.manifest, label(0), "parentOf"), **named}
    update = Mint(by, label=label(1), update=True, binding=False, assertions=said)
    return update.into(PICTURE, [of.manifest])


Ask = Callable[..., Report]


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def call(data: bytes, lists: Sequence[TrustList] = LISTS) -> Report:
        path = tmp_path / "suspect.jpg"
        path.write_bytes(data)
        bench = Bench(lists=(), clock=pki.NOW)
        return verify(observe(path, sandbox, lists, bench=bench), None, {})

    return call


def stamped(of: Parent, time: datetime = LONG_AGO, **wishes: object) -> Mapping[str, bytes]:
    by, over = wishes.get("by", STAMPER), wishes.get("over", of.value)
    assert isinstance(over, bytes)
    return {label(0): pki.stamp(by, over, time)}  # type: ignore[arg-type]  # an Owner


def test_without_a_late_time_stamp_an_expired_parent_is_not_accepted(ask: Ask) -> None:
    report = ask(updated(parent()))
    assert report.conclusion.code == UNTRUSTED
    assert report.chain[1].codes == ("signingCredential.expired",)
    assert "An expired camera" in report.conclusion.sentence


def test_a_late_time_stamp_makes_an_expired_parent_good_at_its_time(ask: Ask) -> None:
    camera = parent()
    report = ask(updated(camera, c2pa_time_stamp=stamped(camera)))
    assert report.conclusion.code == UNCHANGED, report.conclusion
    link = report.chain[1]
    assert (link.list, link.signed_at) == ("Signers", LONG_AGO.isoformat())
    assert link.bytes is Outcome.PASSED  # an update binds through its parent
    [late] = [each for each in report.findings if each.code == "timeStamp.late"]
    assert f"existed at {LONG_AGO:%Y-%m-%d}" in late.sentence


WRONG: dict[str, Callable[[Parent], Mapping[str, object]]] = {
    "of an authority that nobody knows": lambda of: stamped(of, by=ROGUE),
    "over another signature": lambda of: stamped(of, over=b"another" * 10),
    "over the claim": lambda of: stamped(of, over=of.manifest),
    "from after the certificate's days": lambda of: stamped(of, days(-50)),
    "from before the certificate's days": lambda of: stamped(of, days(-500)),
    "named for another manifest": lambda of: {label(7): stamped(of)[label(0)]},
    "by a claim signer": lambda of: stamped(of, by=SIGNERS.issue("Signers' own", STAMPS)),
    "that does not read": lambda _: {label(0): b"\x30\x03\x02\x01\x00"},
    "that is no byte string": lambda _: {label(0): "soon"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_late_time_stamp_counts_for_nothing(ask: Ask, name: str) -> None:
    camera = parent()
    report = ask(updated(camera, c2pa_time_stamp=WRONG[name](camera)))
    assert report.conclusion.code != UNCHANGED
    assert report.chain == () or report.chain[1].list is None
    if "certificate's days" not in name:  # the time is proven, and the certificate was not valid
        assert "timeStamp.late" not in codes(report)


def test_a_late_time_stamp_does_not_heal_what_was_changed(ask: Ask) -> None:
    camera = parent()
    data = updated(camera, c2pa_time_stamp=stamped(camera))
    report = ask(data[:-20] + bytes(18) + data[-2:])
    assert report.conclusion.code == ALTERED


def test_who_brings_a_late_time_stamp_need_not_be_believed_for_it(ask: Ask) -> None:
    """The update's own signer is on no list, and the conclusion says so; the proof stands."""
    other = authority("Others").issue("Anybody")
    camera = parent()
    stranger = Signer(other.key, (other.der,))
    report = ask(updated(camera, by=stranger, c2pa_time_stamp=stamped(camera)))
    assert report.conclusion.code == UNTRUSTED
    assert "Anybody" in report.conclusion.sentence
    assert report.chain[1].list == "Signers"


@pytest.mark.parametrize(("ago", "code"), [(30, UNTRUSTED), (250, UNTRUSTED)])
def test_a_late_answer_that_a_parent_was_revoked_is_heard(ask: Ask, ago: int, code: str) -> None:
    camera = parent(signer("A camera"))
    answer = SIGNERS.answer(camera.leaf, at=days(-20), revoked=days(-ago))
    report = ask(updated(camera, c2pa_certificate_status={"ocspVals": [answer]}))
    assert report.conclusion.code == code
    assert report.chain[1].codes == ("signingCredential.revoked",)
    assert "certificate was revoked" in report.conclusion.sentence


def test_a_parent_that_was_revoked_after_its_late_time_stamp_stands(ask: Ask) -> None:
    camera = parent(signer("A camera"))
    answer = SIGNERS.answer(camera.leaf, at=days(-20), revoked=days(-30))
    data = updated(
        camera, c2pa_certificate_status={"ocspVals": [answer]}, c2pa_time_stamp=stamped(camera)
    )
    assert ask(data).conclusion.code == UNCHANGED


def test_a_late_answer_of_somebody_who_may_not_say_changes_nothing(ask: Ask) -> None:
    camera = parent(signer("A camera"))
    other = authority("Signers")
    answer = other.answer(camera.leaf, at=days(-20), revoked=days(-30))
    for held in ([answer], [b"junk"], ["text"], []):
        report = ask(updated(camera, c2pa_certificate_status={"ocspVals": held}))
        assert report.conclusion.code == UNCHANGED, held


def test_a_late_answer_about_the_active_signer_is_heard_too(ask: Ask) -> None:
    leaf = x509.load_der_x509_certificate(KEEPER.chain[0])
    answer = SIGNERS.answer(leaf, at=days(-1), revoked=days(-2))
    camera = parent(signer("A camera"))
    report = ask(updated(camera, c2pa_certificate_status={"ocspVals": [answer]}))
    assert report.conclusion.code == UNTRUSTED
    assert "revocation.revoked_before" in codes(report)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (LONG_AGO + timedelta(days=1), "claimedTime.after_proof"),
        (LONG_AGO - timedelta(days=90), "claimedTime.long_before"),
        (LONG_AGO - timedelta(hours=1), None),
    ],
)
def test_the_time_that_a_parent_claims_is_held_against_its_late_proof(
    ask: Ask, when: datetime, code: str | None
) -> None:
    camera = parent(when=f"{when:%Y-%m-%dT%H:%M:%SZ}")
    report = ask(updated(camera, c2pa_time_stamp=stamped(camera)))
    found = [each for each in report.findings if each.step is Step.CLAIMED_TIME]
    assert [each.code for each in found] == ([code] if code else [])
    assert all("An expired camera" in each.settles for each in found if each.code[-5:] == "proof")


def twice_updated(camera: Parent, stamps: Callable[[Parent], Mapping[str, object]]) -> bytes:
    """Return a file of three generations: a camera's, an update, and one that stamps below it."""
    said: dict[str, object] = {
        "c2pa.ingredient.v3": ingredient(camera.manifest, label(0), "parentOf")
    }
    middle = Mint(KEEPER, label=label(1), update=True, binding=False, assertions=said)
    first = read(middle.manifest({}), KEEPER)
    said = {
        "c2pa.ingredient.v3": ingredient(first.manifest, label(1), "parentOf"),
        "c2pa.time-stamp": stamps(first),
    }
    last = Mint(KEEPER, label=label(2), update=True, binding=False, assertions=said)
    return last.into(PICTURE, [camera.manifest, first.manifest])


def test_a_late_time_stamp_reaches_the_generation_that_it_names(ask: Ask) -> None:
    camera = parent()
    report = ask(twice_updated(camera, lambda _: stamped(camera)))
    assert report.conclusion.code == UNCHANGED, report.conclusion
    assert [link.signed_at is not None for link in report.chain] == [False, False, True]


def test_what_proves_a_manifest_proves_all_that_it_was_signed_over(ask: Ask) -> None:
    """The camera says yesterday, and an update over it was stamped long ago."""
    camera = parent(signer("A camera"), when=f"{days(-1):%Y-%m-%dT%H:%M:%SZ}")
    stamp = pki.stamp
    data = twice_updated(camera, lambda of: {label(1): stamp(STAMPER, of.value, LONG_AGO)})
    report = ask(data)
    assert "claimedTime.after_proof" in codes(report)
    # What was stamped says nothing of what was signed over it: that may be younger.
    assert report.chain[0].signed_at is None


@pytest.mark.parametrize(("after", "said"), [(-3600, True), (-60, False), (3600, False)])
def test_the_time_that_a_manifest_claims_is_held_against_the_entry_that_records_it(
    sandbox: Sandbox, tmp_path: Path, after: int, *, said: bool
) -> None:
    """`after` is by how many seconds the entry follows; two clocks differ by minutes."""
    created = dict(mint.CREATED["actions"][0]) | {"when": f"{LONG_AGO:%Y-%m-%dT%H:%M:%SZ}"}
    path = tmp_path / "suspect.jpg"
    made = Mint(KEEPER, assertions={"c2pa.actions.v2": {"actions": [created]}})
    path.write_bytes(made.into(PICTURE))
    store = observe(path, sandbox, LISTS).reading.store
    assert store is not None
    entered = LONG_AGO + timedelta(seconds=after)
    found = list(entered_findings(store, entered, 7, ()))
    assert [each.code for each in found] == (["claimedTime.after_entry"] if said else [])
    assert all("entry 7" in each.sentence for each in found)
    assert not list(entered_findings(store, entered, 7, found)), "it is said once"
