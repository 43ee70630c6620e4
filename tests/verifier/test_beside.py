"""What lies beside a file, and what was entered later: believed only as far as it goes."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.entry import Correction, Derivation, KeyRevocation, Withdrawal
from ledger.proof import format_log_proof
from ledger.subjects import Found
from ledger.vocabulary import Digest, digest_of
from signer import DevelopmentChain
from tests import media
from verifier.report import MatchKind, Step

from .archive import NOW, REGISTRAR, STRANGER, Archive
from .conftest import Check, Original, sign
from .forge import flip
from .reports import (
    ALTERED,
    DERIVED,
    INCONCLUSIVE,
    UNCHANGED,
    UNKNOWN,
    WITHDRAWN,
    codes,
    finding,
)


def test_a_proof_in_hand_is_enough_where_the_catalogue_is_lost(
    check: Check, original: Original, tmp_path: Path
) -> None:
    class Forgetful(Archive):
        def find_each(self, digests: Sequence[Digest]) -> Sequence[Sequence[Found]]:
            return [[] for _ in super().find_each(digests)]

    forgetful = Forgetful(tmp_path)
    forgetful.register(original.path, original.signed)
    path = Path(shutil.copy(original.path, tmp_path / "signed.jpg"))
    proof = path.with_name("signed.jpg.tlog-proof")
    proof.write_bytes(format_log_proof(forgetful.proof(0)))
    report = check(path, forgetful)
    assert report.conclusion.code == UNCHANGED
    assert report.matches[0].kind is MatchKind.EXACT


def test_a_proof_of_other_bytes_is_told_and_decides_nothing(
    check: Check, recorded: Archive, other: Original, tmp_path: Path
) -> None:
    proof = tmp_path / "p"
    proof.write_bytes(format_log_proof(recorded.proof(0)))
    report = check(other.source, recorded, proof=proof)
    assert report.conclusion.code == UNKNOWN
    assert "record.proof_of_other_bytes" in codes(report)
    assert check(other.path, recorded, proof=proof).conclusion.code == UNCHANGED


def test_a_proof_of_another_log_is_told_and_decides_nothing(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    foreign = Archive(elsewhere, seed=bytes(32))
    foreign.register(original.path, original.signed)
    proof = tmp_path / "p"
    proof.write_bytes(format_log_proof(foreign.proof(0)))
    report = check(original.path, recorded, proof=proof)
    assert report.conclusion.code == UNCHANGED
    assert "record.proof_not_ours" in codes(report)


def test_a_strangers_proof_of_altered_bytes_hides_nothing(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    padding = original.path.read_bytes().index(bytes(1000))
    suspect = flip(original.path, tmp_path / "f.jpg", padding + 500)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    foreign = Archive(elsewhere, seed=bytes(32))
    foreign.register(suspect, original.signed, key=STRANGER)
    proof = tmp_path / "p"
    proof.write_bytes(format_log_proof(foreign.proof(0)))
    assert check(suspect, recorded, proof=proof).conclusion.code == ALTERED


def test_a_recorded_sidecar_file_is_unchanged_and_a_flipped_one_altered(
    check: Check,
    archive: Archive,
    chain: DevelopmentChain,
    tmp_path: Path,
    original: Original,
) -> None:
    bitmap = media.convert(original.source, tmp_path / "p.bmp")
    signed = sign(bitmap, tmp_path / "s.bmp", chain)
    archive.register(signed.path, signed)
    report = check(signed.path, archive)
    assert report.conclusion.code == UNCHANGED
    assert "in a sidecar" in finding(report, Step.MANIFEST)[1]
    flip(signed.path, signed.path, -5)
    report = check(signed.path, archive)
    assert report.conclusion.code == ALTERED
    assert "entry 0" in report.conclusion.sentence


def test_a_sidecar_of_another_file_does_not_make_recorded_bytes_altered(
    check: Check,
    archive: Archive,
    chain: DevelopmentChain,
    tmp_path: Path,
    original: Original,
    other: Original,
) -> None:
    one = media.convert(original.source, tmp_path / "one.bmp")
    two = media.convert(other.source, tmp_path / "two.bmp")
    signed = sign(two, tmp_path / "signed.bmp", chain)
    assert signed.sidecar is not None
    shutil.copy(signed.sidecar, tmp_path / "one.bmp.c2pa")
    archive.register(one)
    report = check(one, archive)
    assert report.conclusion.code == INCONCLUSIVE
    assert "entry 0" in report.conclusion.sentence
    assert "Verify it without that manifest" in report.conclusion.sentence
    (tmp_path / "one.bmp.c2pa").write_bytes(b"no manifest")
    assert check(one, archive).conclusion.code == UNCHANGED


def test_a_withdrawal_is_a_conclusion(check: Check, recorded: Archive, original: Original) -> None:
    subject = original.signed.asset.digest
    recorded.enter(
        Withdrawal(subject=subject, reason="Staged.\u202e\x1b[2J", **recorded.common(subject))
    )
    report = check(original.path, recorded)
    assert report.conclusion.code == WITHDRAWN
    assert "Staged." in report.conclusion.sentence
    assert report.conclusion.sentence.isprintable()


def test_an_altered_file_is_altered_even_where_the_original_was_withdrawn(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    subject = original.signed.asset.digest
    recorded.enter(Withdrawal(subject=subject, reason="Staged.", **recorded.common(subject)))
    report = check(flip(original.path, tmp_path / "f.jpg", -2000), recorded)
    assert report.conclusion.code == ALTERED
    assert "Staged." in report.conclusion.sentence
    report = check(media.convert(original.source, tmp_path / "copy.png"), recorded)
    assert report.conclusion.code == DERIVED
    assert "Staged." in report.conclusion.sentence


def test_a_withdrawal_signed_by_another_key_is_ignored(
    check: Check, recorded: Archive, original: Original
) -> None:
    subject = original.signed.asset.digest
    recorded.enter(
        Withdrawal(subject=subject, reason="Not mine.", **recorded.common(subject)), STRANGER
    )
    report = check(original.path, recorded)
    assert report.conclusion.code == UNCHANGED
    assert "history.clear" in codes(report)


def test_corrections_and_later_works_are_told_and_change_nothing(
    check: Check, recorded: Archive, original: Original, other: Original
) -> None:
    subject = original.signed.asset.digest
    recorded.enter(Correction(subject=subject, note="In 1969.", **recorded.common(subject)))
    edit = other.signed.asset.digest
    recorded.enter(Derivation(subject=edit, parents=(subject,), **recorded.common(edit)))
    report = check(original.path, recorded)
    assert report.conclusion.code == UNCHANGED
    assert {"history.corrected", "history.derivation"} <= codes(report)


@pytest.mark.parametrize(
    ("since", "conclusion"), [(NOW - 1, WITHDRAWN), (NOW, WITHDRAWN), (NOW + 1, UNCHANGED)]
)
@pytest.mark.parametrize("which", ["certificate", "registrar"])
def test_a_key_revoked_before_it_signed_is_void_and_after_it_signed_is_not(
    check: Check,
    recorded: Archive,
    original: Original,
    since: int,
    conclusion: str,
    which: str,
) -> None:
    key = (
        original.signed.certificate_digest
        if which == "certificate"
        else digest_of(REGISTRAR.public_key().public_bytes_raw())
    )
    recorded.enter(
        KeyRevocation(subject=key, since=since, reason="Stolen.", **recorded.common(key))
    )
    assert check(original.path, recorded).conclusion.code == conclusion


def test_a_strangers_revocation_is_ignored(
    check: Check, recorded: Archive, original: Original
) -> None:
    key = original.signed.certificate_digest
    recorded.enter(
        KeyRevocation(subject=key, since=0, reason="Ha.", **recorded.common(key)), STRANGER
    )
    assert check(original.path, recorded).conclusion.code == UNCHANGED


def test_another_known_registrar_may_revoke_a_stolen_key(
    check: Check, recorded: Archive, original: Original
) -> None:
    recorded.registrars |= {STRANGER.public_key().public_bytes_raw()}
    key = digest_of(REGISTRAR.public_key().public_bytes_raw())
    recorded.enter(
        KeyRevocation(subject=key, since=0, reason="Stolen.", **recorded.common(key)), STRANGER
    )
    assert check(original.path, recorded).conclusion.code == WITHDRAWN


def test_a_stolen_key_cannot_date_its_entries_back(
    check: Check, archive: Archive, original: Original
) -> None:
    """Entered after the revocation, an entry is after it, whatever time it gives."""
    key = digest_of(REGISTRAR.public_key().public_bytes_raw())
    archive.enter(KeyRevocation(subject=key, since=NOW, reason="Stolen.", **archive.common(key)))
    archive.register(original.path, original.signed, time=NOW - 1000)
    assert check(original.path, archive).conclusion.code == WITHDRAWN
