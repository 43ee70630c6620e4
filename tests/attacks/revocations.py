"""Lies about what was revoked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.verifier.pki import ANSWERS, Owner, authority, resign
from tests.verifier.reports import UNCHANGED, UNTRUSTED

from .attack import Evidence, Theme
from .world import LASTING, REVOKED, SIGNED, World

THEME = Theme("What was revoked")
FOR_EVER = datetime(2059, 1, 1, tzinfo=UTC)
STOLEN = SIGNED - timedelta(days=30)
BEFORE_IT, AFTER_IT = "revocation.revoked_before", "revocation.revoked_after"
WRONG, STALE, UNASKED = (
    f"revocation.{each}" for each in ("wrong_responder", "stale", "not_checked")
)


def bare(world: World, folder: Path, answer: bytes, **more: bytes) -> Evidence:
    """Sign without a time-stamp, with an answer at hand and perhaps one stapled."""
    stapled = list(more.values())
    path = resign(world.base(), folder / "s.jpg", world.camera, ocsp_answers=stapled)
    return Evidence(path=path, answers=[answer])


def stamped(world: World, folder: Path, answer: bytes) -> Evidence:
    """Sign in 2024, provably, with an answer at hand."""
    stamps = [(world.stamper, SIGNED)]
    return Evidence(
        path=resign(world.base(), folder / "s.jpg", world.camera, stamps=stamps), answers=[answer]
    )


def good(world: World, by: Owner | None = None, until: datetime = FOR_EVER) -> bytes:
    """Say that the camera's certificate was good in 2025."""
    carries = [by.certificate] if by else []
    return world.signers.answer(
        world.camera.certificate, at=REVOKED, until=until, by=by, carries=carries
    )


def revoked(world: World, since: datetime = REVOKED) -> bytes:
    return world.signers.answer(world.camera.certificate, at=since, until=FOR_EVER, revoked=since)


@THEME(
    "the stolen key signs",
    "A key that was stolen and revoked in May 2024 signs in June; a time-stamp proves when.",
    UNTRUSTED,
    BEFORE_IT,
    "was revoked on 2024-05-02 12:00:00 UTC",
)
def _(world: World, folder: Path) -> Evidence:
    return stamped(world, folder, revoked(world, STOLEN))


@THEME(
    "the stolen key signs, and says nothing of when",
    "A revoked key signs, without a time-stamp: it may have been before, says whoever shows it.",
    UNTRUSTED,
    BEFORE_IT,
    "and nothing proves that it signed before that",
)
def _(world: World, folder: Path) -> Evidence:
    return bare(world, folder, revoked(world))


@THEME(
    "revoked since, so worthless",
    "Who wants the picture gone says that its signer was revoked: in 2025, a year after it signed.",
    UNCHANGED,
    AFTER_IT,
    "after it signed at the proven time, 2024-06-01 12:00:00 UTC",
)
def _(world: World, folder: Path) -> Evidence:
    return stamped(world, folder, revoked(world))


@THEME(
    "a good answer, by a stranger",
    "An OCSP answer that the certificate is good is signed by an authority of the same name.",
    UNCHANGED,
    WRONG,
    "does not count",
)
def _(world: World, folder: Path) -> Evidence:
    return bare(world, folder, good(world, authority("An authority of the newsrooms")))


@THEME(
    "a good answer, by another camera",
    "The answer is signed with a certificate of the right authority that is for claims.",
    UNCHANGED,
    WRONG,
    "does not count",
)
def _(world: World, folder: Path) -> Evidence:
    return bare(world, folder, good(world, world.signers.issue("Another camera", valid=LASTING)))


@THEME(
    "a good answer, by nobody's delegate",
    "The responder's certificate is for answers, and of another authority.",
    UNCHANGED,
    WRONG,
    "does not count",
)
def _(world: World, folder: Path) -> Evidence:
    stranger = authority("Strangers").issue("A responder", ANSWERS, LASTING)
    return bare(world, folder, good(world, stranger))


@THEME(
    "a revocation that nobody made",
    "Who wants the picture gone forges an answer that its signer was revoked.",
    UNCHANGED,
    WRONG,
    "does not count",
)
def _(world: World, folder: Path) -> Evidence:
    forger = authority("An authority of the newsrooms")
    answer = world.signers.answer(
        world.camera.certificate,
        at=REVOKED,
        until=FOR_EVER,
        revoked=REVOKED,
        by=forger,
        carries=[forger.certificate],
    )
    return bare(world, folder, answer)


@THEME(
    "a good answer, of another certificate",
    "The answer is true, and about another camera of the same authority.",
    UNCHANGED,
    UNASKED,
    "was not checked",
)
def _(world: World, folder: Path) -> Evidence:
    another = world.signers.issue("Another camera", valid=LASTING).certificate
    return bare(world, folder, world.signers.answer(another, at=REVOKED, until=FOR_EVER))


@THEME(
    "a good answer, of long ago",
    "The answer was good for a week in 2025; what has been since, it does not say.",
    UNCHANGED,
    STALE,
    "was good until 2025-06-08",
)
def _(world: World, folder: Path) -> Evidence:
    return bare(world, folder, good(world, until=REVOKED + timedelta(days=7)))


@THEME(
    "an old list of revocations",
    "A CRL of 2025 does not list the signer yet.",
    UNCHANGED,
    STALE,
    "was good until 2025-06-08",
)
def _(world: World, folder: Path) -> Evidence:
    return bare(world, folder, world.signers.crl(at=REVOKED))


@THEME(
    "a list of revocations, by a namesake",
    "A CRL that lists nobody is signed by an authority of the same name.",
    UNCHANGED,
    WRONG,
    "is not signed by the certificate's issuer",
)
def _(world: World, folder: Path) -> Evidence:
    namesake = authority("An authority of the newsrooms")
    return bare(world, folder, world.signers.crl(at=REVOKED, by=namesake))


@THEME(
    "a good answer, stapled by the thief",
    "The revoked signer staples an answer that it was good, made before it was revoked.",
    UNTRUSTED,
    BEFORE_IT,
    "was revoked on 2025-06-01 12:00:00 UTC",
)
def _(world: World, folder: Path) -> Evidence:
    older = world.signers.answer(world.camera.certificate, at=SIGNED, until=FOR_EVER)
    return bare(world, folder, revoked(world), stapled=older)


@THEME(
    "asked as of the day before",
    "Whoever shows a picture of a revoked signer asks for the answer of 2024, before that.",
    UNCHANGED,
    "signingCredential.trusted",
    "As things stood at 2024-06-01 12:00:00 UTC",
    now=UNTRUSTED,
)
def _(world: World, folder: Path) -> Evidence:
    path = resign(world.base(), folder / "s.jpg", world.camera)
    return Evidence(path=path, answers=[revoked(world)], as_of=SIGNED)
