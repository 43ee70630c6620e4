"""Both engines on every format that can be signed, and what each report says of them."""

from pathlib import Path

import pytest

from ledger.asset import read_asset_file
from ledger.vocabulary import Outcome
from signer import DevelopmentChain
from tests.verifier.conftest import BESIDE, EMBEDDED, Check, Original, sign
from tests.verifier.forge import forge
from tests.verifier.reports import INCONCLUSIVE, UNCHANGED, finding
from verifier import _c2pa
from verifier.agreement import AGREES, compare_opinions
from verifier.manifest import parse_reading
from verifier.reading import Reading
from verifier.report import Step
from verifier.trust import TrustList

from .mint import Mint
from .test_attacks import PICTURE, ROOT, SIGNER


def agree(path: Path, root: str) -> tuple[str, list[str]]:
    """Return what comes of both engines, and what our own found wrong."""
    beside = path.with_name(path.name + ".c2pa")
    sidecar = str(beside) if beside.exists() else None
    answer = Reading(str(path), sidecar, read_asset_file(path).media_type.name, {"A": root}).read()
    reading = parse_reading(answer, _c2pa.LIST_URI)
    if reading.store is None:
        return "", []
    [found] = compare_opinions(reading)
    assert reading.opinion is not None
    checks = (check for each in reading.opinion.judgements for check in each.checks)
    return found.code, [check.code for check in checks if check.outcome is not Outcome.PASSED]


@pytest.mark.parametrize("ending", [*EMBEDDED, *BESIDE])
def test_both_agree_on_every_format_and_on_a_flipped_byte_in_it(
    files: dict[str, Path], chain: DevelopmentChain, tmp_path: Path, ending: str
) -> None:
    signed = sign(files[ending], tmp_path / f"signed.{ending}", chain)
    assert agree(signed.path, chain.root) == (AGREES, [])
    data, source = bytearray(signed.path.read_bytes()), files[ending].read_bytes()
    middle = len(source) // 2
    data[data.index(source[middle : middle + 32]) + 16] ^= 1
    signed.path.write_bytes(data)
    code, [failed] = agree(signed.path, chain.root)
    assert code == AGREES
    assert failed.endswith("Hash.mismatch")


@pytest.mark.parametrize("version", [1, 2])
def test_both_agree_on_a_chain_of_manifests(
    original: Original, chain: DevelopmentChain, tmp_path: Path, version: int
) -> None:
    path = forge(original.source, tmp_path / "0.jpg", chain, claim_version=version)
    for number in (1, 2):
        parents = [(path, "parentOf")]
        made = tmp_path / f"{number}.jpg"
        path = forge(path, made, chain, ingredients=parents, claim_version=version)
    assert agree(path, chain.root) == (AGREES, [])


def test_the_report_says_that_both_agree(check: Check, original: Original) -> None:
    report = check(original.path)
    assert report.conclusion.code == UNCHANGED
    outcome, sentence = finding(report, Step.SECOND_OPINION)
    assert outcome is Outcome.PASSED
    assert "knows the signer by the same list" in sentence


def test_nothing_is_said_twice_of_a_file_without_a_manifest(
    check: Check, original: Original
) -> None:
    steps = [each.step for each in check(original.source).findings]
    assert Step.SECOND_OPINION not in steps


def test_what_the_first_engine_passes_and_the_second_does_not_is_inconclusive(
    check: Check, tmp_path: Path
) -> None:
    """Another picture under the same signature: a second exclusion left room for it."""
    wide = Mint(SIGNER, excludes=lambda at, size: [(at, size), (at + size + 20, 100)])
    data = wide.into(PICTURE)
    before = len(data) - len(PICTURE)  # the manifest, in which any bytes may stand
    at = before + PICTURE.index(b"\xff\xdb") + 8  # in the table that the picture is decoded with
    path = tmp_path / "suspect.jpg"
    path.write_bytes(data[:at] + bytes(range(1, 41)) + data[at + 40 :])
    report = check(path, lists=[TrustList("A list", ROOT.pem())])
    assert finding(report, Step.SIGNATURE)[0] is Outcome.PASSED
    assert finding(report, Step.HARD_BINDING)[0] is Outcome.PASSED
    assert finding(report, Step.SECOND_OPINION)[0] is Outcome.FAILED
    assert report.conclusion.code == INCONCLUSIVE
    assert "The two engines disagree" in report.conclusion.sentence
    assert "are left out: what the picture is decoded by" in report.conclusion.sentence
