"""Compressed manifests: unpacked within a bound, and judged like any other."""

import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import brotli
import pytest

from ledger.jumbf import MAX_UNPACKED, read_claim, read_signed_claim
from ledger.vocabulary import Outcome
from signer import DevelopmentChain
from tests.verifier.conftest import Check, Original
from tests.verifier.forge import forge
from tests.verifier.reports import ALTERED, INCONCLUSIVE, UNCHANGED
from verifier.agreement import AGREES, DIFFERS
from verifier.opinion.coverage import Guard

from . import mint
from .generations import ingredient, label
from .mint import Mint, box, superbox
from .test_attacks import PICTURE, SIGNER, both, failures, opinion_on, update_of
from .test_boxes import mint_of
from .test_formats import agree

PLAIN = mint_of(PICTURE).manifest({})


def packed(
    manifest: bytes,
    name: str = Mint.label,
    *more: bytes,
    kind: bytes = b"c2cm",
    quality: int = 11,
    behind: bytes = b"",
) -> bytes:
    """Compress a manifest (C2PA 2.2, 11.2.4), with further boxes and bytes where none belong."""
    content = brotli.compress(manifest, quality=quality) + behind
    return superbox(kind, name, box(b"brob", content), *more)


def carrying(*manifests: bytes) -> bytes:
    return mint.jpeg(PICTURE, manifests)


def test_both_engines_read_one_and_find_what_was_changed(tmp_path: Path) -> None:
    data = carrying(packed(PLAIN))
    assert failures(opinion_on(data)) == []
    assert both(data, tmp_path) == (AGREES, [])
    changed = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    assert failures(opinion_on(changed)) == ["assertion.boxesHash.mismatch"]
    assert both(changed, tmp_path)[0] == AGREES
    lie = replace(mint_of(PICTURE), swapped={"c2pa.actions.v2": {"actions": []}}).manifest({})
    assert failures(opinion_on(carrying(packed(lie)))) == ["assertion.hashedURI.mismatch"]


def test_the_engines_own_are_read_signed_over_and_known(
    original: Original, chain: DevelopmentChain, check: Check, tmp_path: Path
) -> None:
    path = forge(original.source, tmp_path / "0.jpg", chain, compressed=True)
    assert b"brob" in path.read_bytes()
    for number, compressed in ((1, True), (2, False)):
        assert agree(path, chain.root) == (AGREES, [])
        assert check(path).conclusion.code == UNCHANGED
        made = tmp_path / f"{number}.jpg"
        path = forge(path, made, chain, ingredients=[(path, "parentOf")], compressed=compressed)
    report = check(path)
    assert report.conclusion.code == UNCHANGED
    assert [link.rejudged for link in report.chain[1:]] == [Outcome.PASSED, Outcome.PASSED]


def test_what_it_holds_is_signed_and_how_it_is_compressed_is_not() -> None:
    coverage = opinion_on(carrying(packed(PLAIN))).coverage
    assert coverage is not None
    assert coverage.total(Guard.OPEN) == coverage.total(Guard.SIGNED) == 0
    assert "a compressed manifest" in [region.what for region in coverage.regions]


def test_no_byte_of_it_can_be_changed_but_where_it_unpacks_to_the_same() -> None:
    data = carrying(packed(PLAIN))
    start = data.index(b"brob") + 4
    for at in range(start, len(data) - len(PICTURE), 11):
        changed = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        opinion = opinion_on(changed)
        if not (opinion.reason or failures(opinion)):
            content = changed[start : data.index(PICTURE[2:])]
            assert brotli.decompress(content) == PLAIN, at


BAD = {
    "another label": packed(PLAIN, label(7)),
    "a second box": packed(PLAIN, Mint.label, box(b"free", b"Nobody hashed this.")),
    "bytes behind": packed(PLAIN, behind=b"Nobody hashed this."),
    "bytes behind the manifest": packed(PLAIN + b"Nobody hashed this."),
    "two manifests": packed(PLAIN + PLAIN),
    "compressed twice": packed(packed(PLAIN)),
    "no manifest": packed(PLAIN.replace(b"c2ma", b"note", 1)),
    "another type": packed(PLAIN, kind=b"c2ma"),
    "no compression": superbox(b"c2cm", Mint.label, box(b"brob", PLAIN)),
    "another box": superbox(b"c2cm", Mint.label, box(b"cbor", brotli.compress(PLAIN))),
    "cut short": packed(PLAIN)[:-40],
    "nothing": superbox(b"c2cm", Mint.label, box(b"brob", b"")),
}
# What c2pa-rs 0.91.3 calls Trusted.
PASSED_BY_THE_FIRST = (
    *("another label", "a second box", "bytes behind", "bytes behind the manifest"),
    *("two manifests", "another type"),
)


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_hold_just_one_manifest_of_its_label_is_refused(
    tmp_path: Path, name: str
) -> None:
    data = carrying(BAD[name])
    opinion = opinion_on(data)
    assert opinion.refused
    assert not opinion.judgements
    assert both(data, tmp_path)[0] == (DIFFERS if name in PASSED_BY_THE_FIRST else "")


def test_one_that_nothing_leads_to_is_judged_and_one_that_does_not_unpack_is_told() -> None:
    other = replace(mint_of(PICTURE), label=label(8))
    bad = superbox(b"c2cm", label(9), box(b"brob", b"x"))
    opinion = opinion_on(carrying(packed(other.manifest({}), label(8)), bad, PLAIN))
    assert failures(opinion) == []
    good, broken = opinion.apart
    assert [check for check in good.checks if check.outcome is not Outcome.PASSED] == []
    assert [check.code for check in broken.checks] == ["manifest.compressed.invalid"]


def over(manifest: bytes, hashed: bytes) -> bytes:
    """Return a manifest whose ingredient's is this one, hashed as `hashed` stands."""
    said = ingredient(manifest, label(0))
    link = {"url": f"self#jumbf=/c2pa/{label(0)}", "hash": hashlib.sha256(hashed[8:]).digest()}
    top = replace(mint_of(PICTURE), label=label(1))
    said = {**said, "activeManifest": link}
    return replace(top, assertions={**top.assertions, "c2pa.ingredient.v3": said}).manifest({})


def test_an_ingredients_is_hashed_as_it_stands_or_as_it_was() -> None:
    """C2PA 2.2, 11.1.3.2, has the first, c2pa-rs 0.91.3 the second; both bind all that it says."""
    below = replace(mint_of(PICTURE), label=label(0)).manifest({})
    other = replace(mint_of(PICTURE), label=label(0), claim={"dc:title": "x"}).manifest({})
    stands = packed(below, label(0))
    for hashed in (stands, below):
        assert failures(opinion_on(carrying(stands, over(below, hashed)))) == []
        swapped = carrying(packed(other, label(0)), over(below, hashed))
        assert "ingredient.claimSignature.mismatch" in failures(opinion_on(swapped))
    again = carrying(packed(below, label(0), quality=3), over(below, stands))
    assert failures(opinion_on(again)) == ["ingredient.manifest.mismatch"]


def test_a_compressed_update_binds_through_its_parent() -> None:
    update = update_of(PLAIN)
    data = carrying(PLAIN, packed(update.manifest({}), update.label))
    assert failures(opinion_on(data)) == []
    changed = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    assert failures(opinion_on(changed)) == ["assertion.boxesHash.mismatch"]


def test_very_many_that_come_to_very_much_take_no_more_room_than_one_may() -> None:
    million = Mint(SIGNER, binding=False, assertions={"org.example.zeros": {"z": bytes(1 << 20)}})
    bombs = [
        packed(replace(million, label=label(n)).manifest({}), label(n)) for n in range(100, 180)
    ]
    tracemalloc.start()
    opinion = opinion_on(carrying(*bombs, PLAIN))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert failures(opinion) == []
    fits = [each for each in opinion.apart if each.checks[0].code != "manifest.compressed.invalid"]
    assert len(fits) == MAX_UNPACKED // (1 << 20) - 1
    assert peak < 4 * MAX_UNPACKED


def test_the_log_knows_it_by_the_same_claim_as_if_it_were_not_compressed() -> None:
    plain, small = (superbox(b"c2pa", "c2pa", each) for each in (PLAIN, packed(PLAIN)))
    assert read_claim(small) == read_claim(plain)
    assert read_signed_claim(small) == read_signed_claim(plain)


def test_what_one_says_of_its_bytes_counts(
    original: Original, chain: DevelopmentChain, check: Check, tmp_path: Path
) -> None:
    path = forge(original.source, tmp_path / "0.jpg", chain, compressed=True)
    data = path.read_bytes()
    path.write_bytes(data[:-2000] + bytes([data[-2000] ^ 1]) + data[-1999:])
    assert check(path).conclusion.code == ALTERED
    at = data.index(b"brob") + 200
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert check(path).conclusion.code in (ALTERED, INCONCLUSIVE)
