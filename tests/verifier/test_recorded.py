"""What the log records, held against real files: a record is exact, and nobody can hide it."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ledger.asset import JPEG, Asset, Kind
from ledger.entry import Withdrawal
from ledger.vocabulary import Fingerprint, Outcome, digest_of
from tests import media
from verifier import _c2pa
from verifier.compare.result import Comparison
from verifier.errors import NotComparable
from verifier.manifest import parse_reading
from verifier.observe import parse_claim
from verifier.reading import Reading
from verifier.report import ConclusionCode, MatchKind, Step
from verifier.search import Suspect
from verifier.trust import TrustList
from verifier.verify import verify

from .archive import STRANGER, Archive
from .conftest import Check, Original
from .forge import flip
from .reports import (
    ALTERED,
    DERIVED,
    INCONCLUSIVE,
    UNCHANGED,
    UNKNOWN,
    UNTRUSTED,
    codes,
    finding,
)


def _not_compared(kind: Kind, kept: Sequence[Fingerprint]) -> Comparison:
    raise NotComparable(f"{len(kept)} fingerprints of a {kind} are not looked at here")


def test_the_signed_bytes_are_unchanged_and_their_entry_is_named(
    check: Check, recorded: Archive, original: Original
) -> None:
    report = check(original.path, recorded)
    assert report.conclusion.code == UNCHANGED
    assert "entry 0 (A rocket)" in report.conclusion.sentence
    assert report.sha256 == original.signed.asset.digest.hex
    [match] = report.matches
    assert (match.index, match.kind) == (0, MatchKind.EXACT)
    assert finding(report, Step.INCLUSION)[0] is Outcome.PASSED
    assert "no witness" in next(
        each.does_not_show for each in report.findings if each.step is Step.INCLUSION
    )


def test_the_bytes_before_signing_are_known_as_the_source(
    check: Check, recorded: Archive, original: Original
) -> None:
    report = check(original.source, recorded)
    assert report.conclusion.code == UNCHANGED
    assert "the source of entry 0" in report.conclusion.sentence
    assert "as the source of the file that it records" in next(
        each.sentence for each in report.findings if each.step is Step.RECORD
    )


def test_a_name_says_nothing(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    renamed = shutil.copy(original.path, tmp_path / "clip.mp4")
    assert check(renamed, recorded).conclusion.code == UNCHANGED


def test_a_flipped_picture_is_altered_and_carries_the_manifest_of_its_entry(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    report = check(flip(original.path, tmp_path / "f.jpg", -2000), recorded)
    assert report.conclusion.code == ALTERED
    assert report.matches[0].kind is MatchKind.MANIFEST
    assert "entry 0 (A rocket)" in report.conclusion.sentence


def test_bytes_that_no_signature_covers_are_covered_by_the_record(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    """The engine calls the file Trusted; the second one sees that its padding is not empty."""
    padding = original.path.read_bytes().index(bytes(1000))
    suspect = flip(original.path, tmp_path / "f.jpg", padding + 500)
    alone = check(suspect).conclusion
    assert alone.code == INCONCLUSIVE
    assert "its padding is not empty" in alone.sentence
    report = check(suspect, recorded)
    assert finding(report, Step.SIGNATURE)[0] is Outcome.PASSED
    assert finding(report, Step.HARD_BINDING)[0] is Outcome.PASSED
    assert report.conclusion.code == ALTERED
    assert "bytes outside it are not as recorded" in report.conclusion.sentence


def test_a_flipped_byte_anywhere_never_leaves_a_recorded_file_unchanged(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    size = original.signed.asset.size
    for at in (
        0,
        4,
        21,
        24,
        36,
        50,
        100,
        690,
        1300,
        5000,
        *range(13000, size, 30011),
        size - 1,
    ):
        report = check(flip(original.path, tmp_path / "f.jpg", at, 0x55), recorded)
        code, said = report.conclusion.code, report.conclusion.sentence
        assert code in (ALTERED, DERIVED, INCONCLUSIVE), (at, code, said)
        assert report.matches[0].index == 0, at
        assert "entry 0" in said, (at, said)


def test_every_flipped_byte_of_the_manifest_is_told(
    recorded: Archive, original: Original, trust: list[TrustList], tmp_path: Path
) -> None:
    """Densely, with the engine in this process: each byte of the claim, some of the padding."""
    data = original.path.read_bytes()
    padding = data.index(bytes(1000))
    suspect = tmp_path / "f.jpg"
    lists = {each.name: each.pem for each in trust}
    told: Counter[str] = Counter()
    for at in (*range(2, padding, 3), *range(padding, padding + 9000, 500)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        suspect.write_bytes(changed)
        answer = Reading(str(suspect), None, "image/jpeg", lists).read()
        report = verify(
            Suspect(
                name="f.jpg",
                asset=Asset(JPEG, len(changed), digest_of(bytes(changed))),
                reading=parse_reading(answer, _c2pa.LIST_URI),
                claim=parse_claim(answer.get("identity")),
                fingerprints=lambda: original.fingerprints,
                compare=_not_compared,
            ),
            recorded,
            {},
        )
        assert report.conclusion.code in (ALTERED, DERIVED, INCONCLUSIVE), (
            at,
            report.conclusion,
        )
        assert report.matches[0].index == 0, at
        assert "entry 0" in report.conclusion.sentence, (at, report.conclusion)
        told[report.conclusion.code] += 1
    others = told[ConclusionCode.DERIVED] + told[ConclusionCode.INCONCLUSIVE]
    assert told[ConclusionCode.ALTERED] > 20 * others, told


def test_an_unrelated_file_is_unknown_which_says_nothing_against_it(
    check: Check, recorded: Archive, tmp_path: Path
) -> None:
    report = check(media.another_photograph(tmp_path), recorded)
    assert report.conclusion.code == UNKNOWN
    assert "says nothing against the file" in report.conclusion.sentence
    assert report.matches == ()


def test_a_re_encoded_copy_is_derived_and_only_looks_alike(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    copy = media.convert(original.path, tmp_path / "copy.webp")
    report = check(copy, recorded)
    assert report.conclusion.code == DERIVED
    assert report.matches[0].kind is MatchKind.FINGERPRINT
    assert report.matches[0].false_match_rate is not None
    assert "looks like entry 0" in report.conclusion.sentence


def test_what_a_known_registrar_recorded_needs_no_signature(
    check: Check, archive: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("By hand.")
    archive.register(path)
    report = check(path, archive)
    assert report.conclusion.code == UNCHANGED
    assert "signer" not in report.conclusion.sentence


def test_a_record_by_an_unknown_registrar_is_untrusted(
    check: Check, archive: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("By hand.")
    archive.register(path, key=STRANGER)
    report = check(path, archive)
    assert report.conclusion.code == UNTRUSTED
    assert "record.registrar_unknown" in codes(report)


def test_a_strangers_record_hides_no_known_ones(
    check: Check, recorded: Archive, original: Original, tmp_path: Path
) -> None:
    """Whoever changes unsigned bytes, and enters the result himself, is found out."""
    padding = original.path.read_bytes().index(bytes(1000))
    suspect = flip(original.path, tmp_path / "f.jpg", padding + 500)
    index = recorded.register(suspect, original.signed, key=STRANGER)
    report = check(suspect, recorded)
    assert report.conclusion.code == ALTERED
    assert [match.index for match in report.matches] == [0, index]


def test_a_strangers_withdrawal_of_his_own_entry_withdraws_nothing(
    check: Check, recorded: Archive, original: Original
) -> None:
    subject = original.signed.asset.digest
    recorded.register(original.path, original.signed, key=STRANGER)
    recorded.enter(
        Withdrawal(subject=subject, reason="Mine.", **recorded.common(subject)), STRANGER
    )
    assert check(original.path, recorded).conclusion.code == UNCHANGED


def test_a_copy_of_what_a_stranger_recorded_says_whose_word_it_is(
    check: Check, archive: Archive, original: Original, tmp_path: Path
) -> None:
    archive.register(original.path, fingerprints=original.fingerprints, key=STRANGER)
    report = check(media.convert(original.source, tmp_path / "copy.png"), archive)
    assert report.conclusion.code == DERIVED
    assert "a registrar that you have not named as known" in report.conclusion.sentence
