"""Lies about what was recorded, by the log and by those who show its proofs."""

import io
import shutil
from pathlib import Path

from PIL import Image, ImageDraw

from ledger.cosignature import Ed25519Cosigner
from ledger.entry import Correction, Erasure, KeyRevocation, Withdrawal
from ledger.merkle import leaf_hash
from ledger.note import format_verifier_key
from ledger.policy import parse_policy
from ledger.proof import format_log_proof
from ledger.subjects import Found, Role
from ledger.vocabulary import Digest, digest_of
from tests import media
from tests.verifier.archive import NOW, REGISTRAR, STRANGER, Archive
from tests.verifier.conftest import sign
from tests.verifier.forge import flip
from tests.verifier.reports import (
    ALTERED,
    DERIVED,
    INCONCLUSIVE,
    UNCHANGED,
    UNKNOWN,
    UNTRUSTED,
    WITHDRAWN,
)
from tests.verifier.test_liars import Liar, forked, rolled_back, signed_by_another
from verifier.compare.context import Claim, parse_moment

from .attack import Evidence, Theme
from .signers import minted
from .world import World

THEME = Theme("What was recorded")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FAILED, STAGED = "log.proof.failed", "The log does not prove the entry"


def lying(world: World, log: Archive, **answers: object) -> Evidence:
    """Ask a log that answers some questions otherwise about the original photograph."""
    return Evidence(path=world.original.path, ledger=Liar(log, **answers))


@THEME(
    "as if it were never withdrawn",
    "Its registrar withdrew the photograph; whoever shows it keeps that quiet.",
    WITHDRAWN,
    "history.withdrawn",
    "Entry 2 withdraws it: Staged.",
)
def _(world: World, folder: Path) -> Evidence:
    return Evidence(path=world.other.path, ledger=world.log(folder))


@THEME(
    "somebody else withdraws it",
    "Who wants the photograph gone enters that it is withdrawn, with a key of his own.",
    UNCHANGED,
    "history.clear",
    "The log names no later entry that withdraws",
)
def _(world: World, folder: Path) -> Evidence:
    log, subject = world.log(folder), world.original.signed.asset.digest
    said = Withdrawal(subject=subject, reason="Not mine.", **log.common(subject))
    log.enter(said, STRANGER)
    return Evidence(path=world.original.path, ledger=log)


@THEME(
    "recorded with a stolen key",
    "The registrar's key was stolen and revoked, and records a photograph a year later.",
    WITHDRAWN,
    "history.key_revoked",
    "revokes the key that signed it: Stolen.",
)
def _(world: World, folder: Path) -> Evidence:
    log = Archive(folder)
    log.register(world.original.path, world.original.signed)
    revoke(log, NOW - 1)
    return Evidence(path=world.original.path, ledger=log)


@THEME(
    "recorded with a stolen key, and dated back",
    "The same, and the entry says that it was made before the key was stolen.",
    WITHDRAWN,
    "history.key_revoked",
    "revokes the key that signed it: Stolen.",
)
def _(world: World, folder: Path) -> Evidence:
    log = Archive(folder)
    revoke(log, NOW)
    log.register(world.original.path, world.original.signed, time=NOW - 1000)
    return Evidence(path=world.original.path, ledger=log)


def revoke(log: Archive, since: int) -> None:
    """Enter that the registrar's key was stolen."""
    key = digest_of(REGISTRAR.public_key().public_bytes_raw())
    log.enter(KeyRevocation(subject=key, since=since, reason="Stolen.", **log.common(key)))


@THEME(
    "recorded by a stranger",
    "Somebody whom nobody named as a registrar recorded a picture without a signature.",
    UNTRUSTED,
    "record.registrar_unknown",
    "a registrar that you have not named as known",
)
def _(world: World, folder: Path) -> Evidence:
    log = world.log(folder)
    path = minted(folder, world.tiny)
    log.register(path, key=STRANGER)
    return Evidence(path=path, ledger=log)


@THEME(
    "proved by another log",
    "Beside an unknown picture lies the proof of a log of the same name that the liar keeps.",
    UNKNOWN,
    "record.proof_not_ours",
    "proves nothing in your log",
)
def _(world: World, folder: Path) -> Evidence:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    foreign = Archive(elsewhere, seed=bytes(32))
    path = minted(folder, world.tiny)
    foreign.register(path)
    proof = path.with_name("s.tlog-proof")
    proof.write_bytes(format_log_proof(foreign.proof(0)))
    return Evidence(path=path, ledger=world.log(folder), proof=proof)


@THEME(
    "another file's proof",
    "Beside an unknown picture lies the true proof of a recorded photograph.",
    UNKNOWN,
    "record.proof_of_other_bytes",
    "speaks of other bytes",
)
def _(world: World, folder: Path) -> Evidence:
    log, path = world.log(folder), minted(folder, world.tiny)
    proof = path.with_name("s.tlog-proof")
    proof.write_bytes(format_log_proof(log.proof(0)))
    return Evidence(path=path, ledger=log, proof=proof)


@THEME(
    "a forked log",
    "The log proves the entry in another history, of the same name, size and key.",
    INCONCLUSIVE,
    FAILED,
    STAGED,
)
def _(world: World, folder: Path) -> Evidence:
    log = world.log(folder)
    log.accept(log.prove(0).checkpoint)
    return lying(world, log, prove=forked(log))


@THEME(
    "a log rolled back",
    "The log shows a checkpoint of yesterday, signed by its key, before the entry was withdrawn.",
    INCONCLUSIVE,
    FAILED,
    STAGED,
)
def _(world: World, folder: Path) -> Evidence:
    log = world.log(folder)
    log.accept(log.prove(0).checkpoint)
    return lying(world, log, **rolled_back(log))


@THEME(
    "a log of another key",
    "The checkpoint has the log's name, and is signed with another key.",
    INCONCLUSIVE,
    FAILED,
    STAGED,
)
def _(world: World, folder: Path) -> Evidence:
    log = world.log(folder)
    return lying(world, log, prove=signed_by_another(log))


@THEME(
    "another entry's proof",
    "The log proves another entry than the one that it says names the file.",
    INCONCLUSIVE,
    FAILED,
    "the proof is about entry 1, not 0",
)
def _(world: World, folder: Path) -> Evidence:
    log = world.log(folder)
    return lying(world, log, prove=lambda _: log.prove(1))


@THEME(
    "an entry that names other bytes",
    "The log says that entry 1 names the file; entry 1 names another.",
    INCONCLUSIVE,
    "log.failed",
    "entry 1 is not about what the log says it is",
)
def _(world: World, folder: Path) -> Evidence:
    return lying(world, world.log(folder), find=lambda _: [Found(1, Role.SUBJECT)])


@THEME(
    "shown to one reader alone",
    "The log shows a history that no witness has seen, where one must have.",
    INCONCLUSIVE,
    "log.quorum.missing",
    "too few witnesses agree",
)
def _(world: World, folder: Path) -> Evidence:
    witness = Ed25519Cosigner("witness.example/w", b"\x05" * 32, lambda: NOW)
    key = format_verifier_key(witness.verifier)
    policy = parse_policy(f"witness w {key}\nquorum w\n".encode())
    return lying(world, world.log(folder), policy=policy)


@THEME(
    "a withdrawal kept back",
    "The log shows the record and a later correction, and keeps the withdrawal between to itself.",
    INCONCLUSIVE,
    "custody_chain.broken",
    "an entry is missing",
)
def _(world: World, folder: Path) -> Evidence:
    log, subject = world.log(folder), world.other.signed.asset.digest
    log.enter(Correction(subject=subject, note="In 1969.", **log.common(subject)))
    shown = [Found(1, Role.SUBJECT), Found(3, Role.SUBJECT)]
    find = {subject: shown}
    liar = Liar(log, find=lambda asked: find.get(asked, []))
    return Evidence(path=world.other.path, ledger=liar)


@THEME(
    "erased, so never recorded",
    "The private record behind the entry was erased, and with it, says the liar, the proof.",
    UNCHANGED,
    ("log.proof.verified", "record.exact"),
    "Entry 0 is in the log",
)
def _(world: World, folder: Path) -> Evidence:
    log, subject = world.log(folder), world.original.signed.asset.digest
    erased = Digest(leaf_hash(log.entry(0)))
    log.enter(Erasure(subject=subject, erased=erased, reason="Asked.", **log.common(subject)))
    log.catalogue.follow(log.log)
    log.catalogue.forget(0)
    return Evidence(path=world.original.path, ledger=log)


@THEME(
    "padding, where a record stands",
    "A byte in the signature's padding was changed, so that the recorded digest is not found.",
    ALTERED,
    "record.bytes_differ",
    "its bytes are not the recorded ones",
)
def _(world: World, folder: Path) -> Evidence:
    padding = world.original.path.read_bytes().index(bytes(1000))
    path = flip(world.original.path, folder / "s.jpg", padding + 500)
    return Evidence(path=path, ledger=world.log(folder))


@THEME(
    "the signature's twin",
    "Of each ECDSA signature anybody can make another that verifies: the file has another digest.",
    ALTERED,
    "record.bytes_differ",
    "its bytes are not the recorded ones",
)
def _(world: World, folder: Path) -> Evidence:
    data = world.original.path.read_bytes()
    at = data.index(b"\xf6\x58\x40") + 3 + 32  # s, behind r, in COSE_Sign1 without a payload
    twin = P256_ORDER - int.from_bytes(data[at : at + 32])
    path = minted(folder, data[:at] + twin.to_bytes(32) + data[at + 32 :])
    return Evidence(path=path, ledger=world.log(folder))


@THEME(
    "a copy for the original",
    "The manifest was stripped and the picture encoded anew: “the recorded photograph”.",
    DERIVED,
    "record.fingerprint",
    "the file is near what entry 0 records",
)
def _(world: World, folder: Path) -> Evidence:
    path = media.convert(world.original.source, folder / "s.png")
    return Evidence(path=path, ledger=world.log(folder))


@THEME(
    "a copy with something painted in",
    "Stripped, encoded anew, and a black square painted into it.",
    DERIVED,
    ("record.fingerprint", "comparison.differs"),
    "Compared with the original: ",
)
def _(world: World, folder: Path) -> Evidence:
    stream = io.BytesIO()
    with Image.open(world.original.source) as picture:
        ImageDraw.Draw(picture).rectangle((300, 200, 380, 280), fill="black")
        picture.save(stream, "PNG")
    path = minted(folder, stream.getvalue(), "s.png")
    return Evidence(path=path, ledger=world.log(folder))


@THEME(
    "a stranger's signature over a copy",
    "Stripped, encoded anew, and signed as captured by somebody whom nobody knows.",
    UNTRUSTED,
    ("signingCredential.untrusted", "record.fingerprint"),
    "is on none of your lists",
)
def _(world: World, folder: Path) -> Evidence:
    copy = media.convert(world.original.source, folder / "copy.png")
    path = sign(copy, folder / "s.png", world.strangers).path
    return Evidence(path=path, ledger=world.log(folder))


@THEME(
    "an old picture as a new one",
    "The photograph was recorded in June 2025; “of November 2026”, says whoever shows it.",
    UNCHANGED,
    "context.time.contradicted",
    "an old picture shown as new",
)
def _(world: World, folder: Path) -> Evidence:
    log = Archive(folder)
    first = world.original
    log.register(first.path, first.signed)
    claim = Claim(time=parse_moment("2026-11-01"))
    return Evidence(path=first.path, ledger=log, claim=claim)


@THEME(
    "a sidecar of another file",
    "Beside a recorded picture lies the manifest of another: “not what was signed”.",
    INCONCLUSIVE,
    "assertion.dataHash.mismatch",
    "Verify it without that manifest.",
)
def _(world: World, folder: Path) -> Evidence:
    one = media.convert(world.original.source, folder / "one.bmp")
    two = media.convert(world.other.source, folder / "two.bmp")
    signed = sign(two, folder / "signed.bmp", world.chain)
    assert signed.sidecar is not None
    shutil.copy(signed.sidecar, folder / "one.bmp.c2pa")
    log = Archive(folder)
    log.register(one)
    return Evidence(path=one, ledger=log)
