"""Who may have signed, when, and by whose lists: each forgery is a file, really verified."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.vocabulary import Outcome
from tests import media
from verifier import _c2pa, second
from verifier.as_of import compare_reports, parse_as_of
from verifier.judgement import Answers, Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.reading import _described
from verifier.report import ConclusionCode, Report, Step
from verifier.timing import moment
from verifier.trust import Kind, TrustList
from verifier.verify import verify

from .pki import (
    ANSWERS,
    NOW,
    STAMPS,
    Authority,
    Owner,
    authority,
    base,
    days,
    resign,
)
from .reports import INCONCLUSIVE, UNCHANGED, UNTRUSTED, codes, finding

SIGNER, STAMPER = "claim signers", "time-stamp authorities"
LONG_AGO, LATER = days(-200), days(-50)


@dataclass(frozen=True)
class World:
    """Two signed pictures (claims of version 1 and 2), and two authorities that are known."""

    pictures: dict[int, Path]
    signers: Authority
    stampers: Authority
    stamper: Owner

    @property
    def lists(self) -> list[TrustList]:
        return [
            TrustList(SIGNER, self.signers.pem),
            TrustList(STAMPER, self.stampers.pem, Kind.TIME_STAMPS),
        ]


Ask = Callable[..., Report]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    source = media.photograph(folder)
    stampers = authority("Stampers")
    return World(
        {v: base(source, folder / f"{v}.jpg", v, when="2020-01-01T00:00:00Z") for v in (1, 2)},
        authority("Signers"),
        stampers,
        stampers.issue("A stamper", STAMPS),
    )


@pytest.fixture
def ask(world: World, sandbox: Sandbox) -> Ask:
    """Verify a file at a time, with what is known of revocations."""

    def call(
        path: Path,
        *,
        lists: Sequence[TrustList] | None = None,
        as_of: datetime | None = None,
        answers: Sequence[bytes] = (),
    ) -> Report:
        held = Answers(tuple(answers))
        bench = Bench(lists=(), clock=NOW, as_of=as_of, gather=lambda *_: held)
        known = world.lists if lists is None else lists
        return verify(observe(path, sandbox, known, bench=bench), None, {})

    return call


def expired(world: World) -> Owner:
    return world.signers.issue("A camera", valid=(-400, -100))


@pytest.fixture(scope="module")
def signer(world: World) -> Owner:
    return world.signers.issue("A camera")


@pytest.fixture(scope="module")
def bare(world: World, signer: Owner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bare") / "s.jpg"
    return resign(world.pictures[2], path, signer)


@pytest.fixture(scope="module")
def stamped(world: World, signer: Owner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stamped") / "s.jpg"
    return resign(world.pictures[2], path, signer, stamps=[(world.stamper, LONG_AGO)])


class TestLists:
    def test_the_lists_that_know_the_signer_and_the_time_are_both_named(
        self, world: World, ask: Ask, tmp_path: Path
    ) -> None:
        signed = resign(
            world.pictures[2],
            tmp_path / "s.jpg",
            world.signers.issue("A camera"),
            stamps=[(world.stamper, LONG_AGO)],
        )
        report = ask(signed)
        assert report.conclusion.code == UNCHANGED
        assert report.chain[0].list == SIGNER
        assert finding(report, Step.TIME) == (
            Outcome.PASSED,
            (
                f"A time-stamp proves that the signature existed at {moment(LONG_AGO)}: "
                f"its authority, CN=A stamper,O=The tests, is known by your list “{STAMPER}”."
            ),
        )

    @pytest.mark.parametrize("version", [1, 2])
    @pytest.mark.parametrize("kind", [Kind.TIME_STAMPS, Kind.IDENTITIES])
    def test_who_is_on_a_list_of_another_kind_signs_no_claim(
        self, world: World, ask: Ask, tmp_path: Path, kind: Kind, version: int
    ) -> None:
        """The engine pools its lists: it would call this Trusted."""
        signed = resign(
            world.pictures[version], tmp_path / "s.jpg", world.signers.issue("A camera")
        )
        report = ask(signed, lists=[TrustList("pooled", world.signers.pem, kind)])
        assert report.conclusion.code == UNTRUSTED
        assert report.chain[0].list is None
        assert ask(signed).conclusion.code == UNCHANGED

    @pytest.mark.parametrize("kind", [Kind.CLAIM_SIGNERS, Kind.IDENTITIES])
    def test_who_is_on_a_list_of_another_kind_proves_no_time(
        self, world: World, ask: Ask, tmp_path: Path, kind: Kind
    ) -> None:
        signed = resign(
            world.pictures[2],
            tmp_path / "s.jpg",
            expired(world),
            stamps=[(world.stamper, LONG_AGO)],
        )
        lists = [world.lists[0], TrustList("pooled", world.stampers.pem, kind)]
        report = ask(signed, lists=lists)
        assert report.conclusion.code == UNTRUSTED
        assert finding(report, Step.TIME)[0] is Outcome.NOT_CHECKED


class TestTime:
    @pytest.mark.parametrize("version", [1, 2])
    def test_a_good_stamp_makes_an_expired_signer_good_at_its_time(
        self, world: World, ask: Ask, tmp_path: Path, version: int
    ) -> None:
        signed = resign(
            world.pictures[version],
            tmp_path / "s.jpg",
            expired(world),
            stamps=[(world.stamper, LONG_AGO)],
        )
        report = ask(signed)
        assert report.conclusion.code == UNCHANGED
        assert report.chain[0].list == SIGNER


class TestRevocation:
    """The six outcomes, each in a real file, with and without a proven time."""

    def test_good(self, world: World, ask: Ask, signer: Owner, bare: Path) -> None:
        for answer in (world.signers.answer(signer.certificate), world.signers.crl()):
            report = ask(bare, answers=[answer])
            assert report.conclusion.code == UNCHANGED
            assert finding(report, Step.REVOCATION)[0] is Outcome.PASSED
            assert "was not revoked now, says" in finding(report, Step.REVOCATION)[1]

    def test_revoked_and_nothing_proves_when_it_signed(
        self, world: World, ask: Ask, signer: Owner, bare: Path
    ) -> None:
        for answer in (
            world.signers.answer(signer.certificate, revoked=LATER),
            world.signers.crl((signer.certificate, LATER)),
        ):
            report = ask(bare, answers=[answer])
            assert report.conclusion.code == UNTRUSTED
            assert "nothing proves that it signed before that" in report.conclusion.sentence
            assert report.chain[0].list is None

    def test_a_stale_answer_is_no_answer(
        self, world: World, ask: Ask, signer: Owner, bare: Path
    ) -> None:
        answer = world.signers.answer(signer.certificate, at=days(-30))
        report = ask(bare, answers=[answer])
        assert "revocation.stale" in codes(report)
        assert finding(report, Step.REVOCATION)[0] is Outcome.NOT_CHECKED

    def test_an_answer_after_a_proven_time_speaks_of_it_for_ever(
        self, world: World, ask: Ask, signer: Owner, stamped: Path
    ) -> None:
        answer = world.signers.answer(signer.certificate, at=days(-30))
        assert "revocation.good" in codes(ask(stamped, answers=[answer]))

    def test_a_revocation_never_gets_stale_and_no_good_answer_undoes_it(
        self, world: World, ask: Ask, signer: Owner, bare: Path
    ) -> None:
        old = world.signers.answer(signer.certificate, at=days(-90), revoked=days(-91))
        good = world.signers.answer(signer.certificate)
        assert ask(bare, answers=[good, old]).conclusion.code == UNTRUSTED

    def test_a_wrong_responder_is_not_believed(
        self, world: World, ask: Ask, signer: Owner, bare: Path
    ) -> None:
        stranger = authority("Signers")
        for wrong in (
            stranger,
            world.signers.issue("Not a responder"),
            stranger.issue("Nobody's delegate", ANSWERS),
            world.signers.issue("Out of date", ANSWERS, (-100, -50)),
        ):
            for revoked in (None, LATER):
                answer = world.signers.answer(
                    signer.certificate, by=wrong, carries=[wrong.certificate], revoked=revoked
                )
                report = ask(bare, answers=[answer])
                assert "revocation.wrong_responder" in codes(report)
                assert report.conclusion.code == UNCHANGED  # as without any answer: anybody can lie
        assert "revocation.wrong_responder" in codes(
            ask(bare, answers=[world.signers.crl(by=stranger)])
        )

    def test_a_delegate_of_the_issuer_is_believed(
        self, world: World, ask: Ask, signer: Owner, bare: Path
    ) -> None:
        delegate = world.signers.issue("Responder", ANSWERS)
        answer = world.signers.answer(
            signer.certificate, by=delegate, carries=[delegate.certificate], revoked=LATER
        )
        assert ask(bare, answers=[answer]).conclusion.code == UNTRUSTED

    def test_nothing_supplied_is_said_to_be_not_checked(self, ask: Ask, bare: Path) -> None:
        report = ask(bare)
        assert report.conclusion.code == UNCHANGED
        outcome, said = finding(report, Step.REVOCATION)
        assert outcome is Outcome.NOT_CHECKED
        assert "no answer was supplied" in said

    def test_what_is_about_another_certificate_or_is_no_answer_changes_nothing(
        self, world: World, ask: Ask, bare: Path
    ) -> None:
        other = world.signers.issue("Another").certificate
        answers = [
            world.signers.answer(other, revoked=LATER),
            b"",
            b"junk",
            b"\x30\x03\x0a\x01\x00",
        ]
        report = ask(bare, answers=answers)
        assert report.conclusion.code == UNCHANGED
        assert "revocation.not_checked" in codes(report)
        assert "does not read" in finding(report, Step.REVOCATION)[1]

    def test_an_answer_stapled_to_the_signature_counts(
        self, world: World, ask: Ask, signer: Owner, tmp_path: Path
    ) -> None:
        good = world.signers.answer(signer.certificate)
        stapled = resign(world.pictures[2], tmp_path / "s.jpg", signer, ocsp_answers=[good])
        assert "revocation.good" in codes(ask(stapled))
        revoked = world.signers.answer(signer.certificate, revoked=LATER)
        assert ask(stapled, answers=[revoked]).conclusion.code == UNTRUSTED


class TestAsOf:
    """The answer then, the answer now, and why they differ."""

    def both(
        self,
        ask: Ask,
        path: Path,
        time: datetime,
        answers: Sequence[bytes] = (),
        lists: tuple[list[TrustList], list[TrustList]] | None = None,
        world: World | None = None,
    ) -> Report:
        then_lists, now_lists = lists or (world.lists, world.lists) if world else lists or ([], [])
        then = ask(path, as_of=time, answers=answers, lists=then_lists)
        now = ask(path, answers=answers, lists=now_lists)
        return compare_reports(then, now, time, (then_lists, now_lists))

    def test_an_expired_signer(self, world: World, ask: Ask, tmp_path: Path) -> None:
        signed = resign(world.pictures[2], tmp_path / "s.jpg", expired(world))
        report = self.both(ask, signed, LONG_AGO, world=world)
        assert report.conclusion.code == UNCHANGED
        assert report.conclusion.sentence.startswith(f"As things stood at {LONG_AGO:%Y-%m-%d}")
        assert report.as_of is not None
        assert report.as_of.now.code == UNTRUSTED
        assert report.as_of.because == ("Its signer's certificate has expired since.",)

    def test_a_revoked_signer(self, world: World, ask: Ask, tmp_path: Path) -> None:
        signer = world.signers.issue("A camera")
        signed = resign(world.pictures[2], tmp_path / "s.jpg", signer)
        answers = [world.signers.answer(signer.certificate, revoked=LATER)]
        report = self.both(ask, signed, LONG_AGO, answers, world=world)
        assert report.conclusion.code == UNCHANGED
        assert "was not revoked on" in finding(report, Step.REVOCATION)[1]
        assert report.as_of is not None
        assert report.as_of.now.code == UNTRUSTED
        [because] = report.as_of.because
        assert because.startswith("It was revoked since.")
        later = self.both(ask, signed, days(-10), answers, world=world)
        assert later.conclusion.code == UNTRUSTED
        assert later.as_of is not None
        assert later.as_of.because == ()

    def test_a_list_that_has_changed(self, world: World, ask: Ask, tmp_path: Path) -> None:
        signed = resign(world.pictures[2], tmp_path / "s.jpg", world.signers.issue("A camera"))
        others = [TrustList(SIGNER, world.stampers.pem)]
        report = self.both(ask, signed, LONG_AGO, lists=(world.lists[:1], others))
        assert report.conclusion.code == UNCHANGED
        assert report.as_of is not None
        assert report.as_of.now.code == UNTRUSTED
        assert "has changed since" in report.as_of.because[0]
        report = self.both(ask, signed, LONG_AGO, lists=([], world.lists[:1]))
        assert report.conclusion.code == UNTRUSTED
        assert report.as_of is not None
        assert report.as_of.because == (f"Your list “{SIGNER}” was added since.",)

    def test_a_certificate_that_was_not_valid_yet(
        self, world: World, ask: Ask, tmp_path: Path
    ) -> None:
        signed = resign(world.pictures[2], tmp_path / "s.jpg", world.signers.issue("A camera"))
        report = self.both(ask, signed, days(-1000), world=world)
        assert report.conclusion.code == UNTRUSTED
        assert report.as_of is not None
        assert report.as_of.now.code is ConclusionCode.UNCHANGED
        assert report.as_of.because == ("Its signer's certificate was not valid yet.",)

    def test_a_stamp_that_was_made_later_proved_nothing_then(
        self, world: World, ask: Ask, tmp_path: Path
    ) -> None:
        signed = resign(
            world.pictures[2],
            tmp_path / "s.jpg",
            world.signers.issue("A camera"),
            stamps=[(world.stamper, LATER)],
        )
        report = ask(signed, as_of=LONG_AGO)
        assert finding(report, Step.TIME)[0] is Outcome.NOT_CHECKED
        assert "it was made later" in finding(report, Step.TIME)[1]

    def test_only_dates_that_have_passed_are_asked_about(self) -> None:
        assert parse_as_of("2026-01-02", NOW.replace(year=2027)).isoformat() == (
            "2026-01-02T23:59:59+00:00"
        )
        assert parse_as_of("2026-01-02T10:00:00+01:00", NOW.replace(year=2027)).hour == 9
        assert parse_as_of(f"{NOW:%Y-%m-%d}", NOW) == NOW
        for text in ("2026", "2026-13-01", "now", f"{days(1):%Y-%m-%d}", "2026-01-02T10:00"):
            with pytest.raises(Exception, match=r"is not a time|still to come"):
                parse_as_of(text, NOW)


def test_a_signature_that_is_not_found_again_is_not_accepted(
    world: World, tmp_path: Path, ask: Ask
) -> None:
    """Whoever hides it from us leaves only the engine's word, which is not enough."""
    signed = resign(world.pictures[2], tmp_path / "s.jpg", world.signers.issue("A camera"))
    whole = signed.read_bytes()
    # A description box that the engine does not look at twice, and we do.
    at = whole.index(b"c2cs") + 16
    hidden = tmp_path / "h.jpg"
    hidden.write_bytes(whole[:at] + bytes([whole[at] | 0x08]) + whole[at + 1 :])
    report = ask(hidden)
    assert report.conclusion.code in (INCONCLUSIVE, UNTRUSTED, "altered")


class Borrows(Sandbox):
    """Whose process of ours was taken over, and tells what that signer signed elsewhere."""

    def __init__(self, other: Path, honest: Sandbox) -> None:
        super().__init__()
        self._other, self._honest = other, honest

    def ask(self, task: Callable[..., object], *arguments: Any) -> Any:
        answer = self._honest.ask(task, *arguments)
        if task is second.identify_and_opine:
            said = self._honest.ask(_c2pa.read, str(self._other), None, "image/jpeg", {})
            named = _described(said, str(self._other))["named"]
            answer[0]["signature"] = self._honest.ask(second.identify, *named)["signature"]
        return answer


def test_a_time_that_the_engine_does_not_read_proves_nothing(
    world: World, bare: Path, stamped: Path, sandbox: Sandbox
) -> None:
    bench = Bench(lists=(), clock=NOW)
    honest = verify(observe(stamped, sandbox, world.lists, bench=bench), None, {})
    assert "timeStamp.trusted" in codes(honest)
    with Borrows(stamped, sandbox) as taken_over:
        report = verify(observe(bare, taken_over, world.lists, bench=bench), None, {})
    assert "timeStamp.untrusted" in codes(report)
    [told] = [each for each in report.findings if each.code == "timeStamp.untrusted"]
    assert "the engine reads another time, or none" in told.sentence
    assert report.chain[0].signed_at is None
