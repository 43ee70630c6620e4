"""Lies about when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.verifier.archive import NOW, Archive
from tests.verifier.pki import ANSWERS, STAMPS, Owner, authority, resign, stamp
from tests.verifier.reports import UNCHANGED, UNTRUSTED

from .attack import Evidence, Theme
from .world import BEFORE, LASTING, LONG_BEFORE, SIGNED, World, ago

THEME = Theme("When it was signed, and made")
NO_LONGER = "had a certificate that is valid from 2020-01-01 to 2023-06-01, not now"
OUT_OF_DATE, PROVES_NOTHING = "signingCredential.expired", "timeStamp.untrusted"


def stamped(
    world: World,
    folder: Path,
    by: Owner,
    time: datetime,
    *,
    signer: Owner | None = None,
    version: int = 2,
) -> Evidence:
    """Sign by an expired signer, if no other is named, and have it stamped."""
    path = folder / "s.jpg"
    resign(world.base(version), path, signer or world.expired, stamps=[(by, time)])
    return Evidence(path=path)


def says(world: World, folder: Path, when: str, stamps: Sequence[tuple[Owner, datetime]]) -> Path:
    """Sign a picture whose manifest says when it was made."""
    return resign(world.base(when=when), folder / "s.jpg", world.camera, stamps=stamps)


@THEME(
    "an expired signer signs on",
    "The certificate expired years ago, and the key signs today.",
    UNTRUSTED,
    OUT_OF_DATE,
    NO_LONGER,
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=resign(world.base(), folder / "s.jpg", world.expired))


@THEME(
    "a clock of one's own, for an old claim",
    "The expired key's owner runs a time-stamp authority that says 2022; the claim is of version "
    "1, whose time the engine takes from anybody.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "leads to none of the anchors",
)
def _(world: World, folder: Path) -> Evidence:
    own = authority("A clock of one's own").issue("A clock", STAMPS, LASTING)
    return stamped(world, folder, own, BEFORE, version=1)


@THEME(
    "a clock of one's own, for a new claim",
    "The same with a claim of version 2.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "leads to none of the anchors",
)
def _(world: World, folder: Path) -> Evidence:
    own = authority("A clock of one's own").issue("A clock", STAMPS, LASTING)
    return stamped(world, folder, own, BEFORE)


@THEME(
    "a namesake of the clock",
    "The time-stamp's authority has the names of a known one, and other keys.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "leads to none of the anchors",
)
def _(world: World, folder: Path) -> Evidence:
    own = authority("An authority of clocks").issue("A known clock", STAMPS, LASTING)
    return stamped(world, folder, own, BEFORE, version=1)


@THEME(
    "a camera as a clock",
    "The time-stamp is signed by a claim signer, whose authority is on the list of claim signers.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "proves nothing",
)
def _(world: World, folder: Path) -> Evidence:
    return stamped(world, folder, world.camera, BEFORE, version=1)


@THEME(
    "a clock that does other things, too",
    "A known authority issued a certificate for time-stamps and for answers about revocation.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "proves nothing",
)
def _(world: World, folder: Path) -> Evidence:
    more = world.stampers.issue("More than a clock", (*STAMPS, *ANSWERS), LASTING)
    return stamped(world, folder, more, BEFORE)


@THEME(
    "a time-stamp of another signature",
    "A known authority's token of 2022 was cut out of another file.",
    UNTRUSTED,
    (PROVES_NOTHING, OUT_OF_DATE),
    "over other bytes",
)
def _(world: World, folder: Path) -> Evidence:
    token = stamp(world.stamper, b"another signature", BEFORE)
    path = resign(world.base(), folder / "s.jpg", world.expired, other_token=token)
    return Evidence(path=path)


@THEME(
    "stamped after it expired",
    "A known authority stamped it in 2024, a year after the signer's certificate had expired.",
    UNTRUSTED,
    (OUT_OF_DATE, "timeStamp.trusted"),
    "not at the proven time, 2024-06-01",
)
def _(world: World, folder: Path) -> Evidence:
    return stamped(world, folder, world.stamper, SIGNED)


@THEME(
    "stamped before there was a signer",
    "The time-stamp is of 2016, the signer's certificate of 2020.",
    UNTRUSTED,
    (OUT_OF_DATE, "timeStamp.trusted"),
    "not at the proven time, 2016-06-01",
)
def _(world: World, folder: Path) -> Evidence:
    old = (ago(datetime(2015, 1, 1, tzinfo=UTC)), LASTING[1])
    clock = world.stampers.issue("An old clock", STAMPS, old)
    return stamped(world, folder, clock, LONG_BEFORE)


@THEME(
    "stamped tomorrow",
    "A known authority's clock is wrong, or lies: the token is of a day that is still to come.",
    UNCHANGED,
    PROVES_NOTHING,
    "proves nothing",
)
def _(world: World, folder: Path) -> Evidence:
    later = datetime(2059, 1, 1, tzinfo=UTC)
    return stamped(world, folder, world.stamper, later, signer=world.camera)


@THEME(
    "captured after it was signed",
    "The manifest says that the picture was made in May 2025; it was signed, provably, in 2024.",
    UNCHANGED,
    "claimedTime.after_proof",
    "yet it was signed before that: at 2024-06-01 12:00:00 UTC",
)
def _(world: World, folder: Path) -> Evidence:
    path = says(world, folder, "2025-05-01T00:00:00Z", [(world.stamper, SIGNED)])
    return Evidence(path=path)


@THEME(
    "captured years before anybody saw it",
    "The manifest says that the picture was made in 2020; the first proof is of 2024.",
    UNCHANGED,
    "claimedTime.long_before",
    "1613 days before the first proof that it existed",
)
def _(world: World, folder: Path) -> Evidence:
    path = says(world, folder, "2020-01-01T00:00:00Z", [(world.stamper, SIGNED)])
    return Evidence(path=path)


@THEME(
    "captured after it was recorded",
    "The manifest says that the picture was made a month after the entry that records it.",
    UNCHANGED,
    "claimedTime.after_entry",
    "yet entry 0 recorded it before that: at 2025-06-15",
)
def _(world: World, folder: Path) -> Evidence:
    path = says(world, folder, "2025-07-15T00:00:00Z", [])
    log = Archive(folder)
    log.register(path, time=NOW)
    return Evidence(path=path, ledger=log)


@THEME(
    "captured in the future",
    "The manifest says that the picture was made in 2050, and no time-stamp contradicts it.",
    UNCHANGED,
    "claimedTime.to_come",
    "The manifest says that it was made 2050-01-01T00:00:00Z, which is still to come.",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=says(world, folder, "2050-01-01T00:00:00Z", []))


@THEME(
    "asked as of better days",
    "Whoever shows it asks for the answer of 2022, when the signer's certificate was valid.",
    UNCHANGED,
    "signingCredential.trusted",
    "As things stood at 2022-06-01 00:00:00 UTC",
    now=UNTRUSTED,
)
def _(world: World, folder: Path) -> Evidence:
    path = resign(world.base(), folder / "s.jpg", world.expired)
    return Evidence(path=path, as_of=BEFORE)
