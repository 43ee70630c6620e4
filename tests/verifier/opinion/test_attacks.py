"""Manifests made to deceive: what the second engine says of each, and where the first differs."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.vocabulary import Outcome
from verifier import _c2pa
from verifier.agreement import AGREES, DIFFERS, compare_opinions
from verifier.manifest import parse_reading
from verifier.opinion.examine import examine
from verifier.opinion.result import Aspect, Opinion, format_opinion, parse_opinion
from verifier.reading import Reading

from . import mint
from .mint import NOW, Authority, Mint, Signer

ROOT = Authority()
SIGNER = mint.signer(ROOT)
LISTS = MappingProxyType({"A list": ROOT.pem()})
PICTURE = mint.picture()


def opinion_on(data: bytes, lists: dict[str, str] | None = None) -> Opinion:
    return examine(io.BytesIO(data), lists or LISTS, NOW)


def failures(opinion: Opinion) -> list[str]:
    """Return the codes of what failed, of all manifests."""
    checks = (check for each in opinion.judgements for check in each.checks)
    return [check.code for check in checks if check.outcome is not Outcome.PASSED]


def both(data: bytes, folder: Path) -> tuple[str, list[str]]:
    """Ask both engines; return the code that comes of it, and the first one's failures."""
    path = folder / "suspect.jpg"
    path.write_bytes(data)
    reading = parse_reading(Reading(str(path), None, "image/jpeg", LISTS).read(), _c2pa.LIST_URI)
    if reading.store is None:  # the first one gives up where the second one names what is wrong
        assert compare_opinions(reading) == []
        return "", [reading.reason]
    [finding] = compare_opinions(reading)
    assert finding.outcome is (Outcome.PASSED if finding.code == AGREES else Outcome.FAILED)
    return finding.code, [*reading.store.failures, *reading.store.signer_failures]


@pytest.mark.parametrize("version", [1, 2])
def test_a_manifest_as_it_should_be_passes_with_both(tmp_path: Path, version: int) -> None:
    data = Mint(SIGNER, version).into(PICTURE)
    assert failures(opinion_on(data)) == []
    assert both(data, tmp_path) == (AGREES, [])


@pytest.mark.parametrize("algorithm", [*mint.ECDSA, *mint.PSS, -8])
def test_each_of_the_seven_algorithms_verifies_and_a_changed_claim_does_not(
    tmp_path: Path, algorithm: int
) -> None:
    data = Mint(mint.signer(ROOT, algorithm)).into(PICTURE)
    assert failures(opinion_on(data)) == []
    assert both(data, tmp_path) == (AGREES, [])
    changed = data.replace(b"xmp:iid:1", b"xmp:iid:2")
    assert failures(opinion_on(changed)) == ["claimSignature.mismatch"]
    assert both(changed, tmp_path) == (AGREES, ["claimSignature.mismatch"])


def _in_wrong_order() -> Signer:
    middle = Authority("An authority in between")
    between = mint.issue(ROOT, middle.name, middle.key.public_key(), ca=True)
    signer = mint.signer(middle)
    return replace(signer, chain=(between.public_bytes(Encoding.DER), signer.chain[0]))


def _by_another_key() -> Signer:
    return replace(SIGNER, key=ec.generate_private_key(ec.SECP256R1()))


def _of_exponent_one() -> Signer:
    """Whoever knows the key can "sign": with the exponent 1, a signature is its own padding."""
    key = rsa.generate_private_key(65537, 2048)
    leaf = mint.issue(ROOT, "A signer", key.public_key())
    return Signer(key, (mint.with_exponent_one(leaf, ROOT),), -37)


def _with_a_link_missing() -> Signer:
    middle = Authority("An authority in between")
    return mint.signer(middle)


def _below_a_leaf() -> Signer:
    """A claim signer's own key issues a certificate, as if it were an authority."""
    assert isinstance(SIGNER.key, ec.EllipticCurvePrivateKey)
    signer = mint.signer(Authority("A signer", SIGNER.key))
    return replace(signer, chain=(*signer.chain, *SIGNER.chain))


# What c2pa-rs 0.91.3 lets pass: without a second opinion, the conclusion would be `unchanged`.
PASSED_BY_THE_FIRST = frozenset(
    {"a leaf for time-stamps", "a leaf that does not sign", "the exclusions overlap"}
)


def _compare(name: str, code: str, engine: list[str]) -> None:
    assert (name in PASSED_BY_THE_FIRST) == (engine == []), engine
    assert code in ((AGREES, "") if engine else (DIFFERS,)), engine


SIGNERS: dict[str, tuple[Callable[[], Signer], str]] = {
    "signed by another key": (_by_another_key, "claimSignature.mismatch"),
    "another algorithm is named": (lambda: replace(SIGNER, said=-35), "claimSignature.mismatch"),
    "an algorithm for other keys is": (
        lambda: replace(SIGNER, said=-37),
        "claimSignature.mismatch",
    ),
    "an algorithm that C2PA has not": (
        lambda: replace(SIGNER, said=-65535),
        "claimSignature.mismatch",
    ),
    "a chain in the wrong order": (_in_wrong_order, "claimSignature.mismatch"),
    "a chain with a link missing": (_with_a_link_missing, "signingCredential.untrusted"),
    "a leaf below a leaf": (_below_a_leaf, "signingCredential.invalid"),
    "RSA with the exponent 1": (_of_exponent_one, "claimSignature.mismatch"),
    "a leaf without a purpose": (
        lambda: mint.signer(ROOT, purposes=()),
        "signingCredential.invalid",
    ),
    "a leaf for time-stamps": (
        lambda: mint.signer(ROOT, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,)),
        "signingCredential.invalid",
    ),
    "a leaf for any purpose": (
        lambda: mint.signer(ROOT, purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
        "signingCredential.invalid",
    ),
    "a leaf that is an authority": (
        lambda: mint.signer(ROOT, ca=True),
        "signingCredential.invalid",
    ),
    "a leaf that does not sign": (
        lambda: mint.signer(ROOT, signs=False),
        "signingCredential.invalid",
    ),
    "a leaf that is out of date": (
        lambda: mint.signer(ROOT, until=timedelta(days=-1)),
        "signingCredential.expired",
    ),
    "a stranger": (lambda: mint.signer(Authority()), "signingCredential.untrusted"),
    "a namesake of the root": (
        lambda: mint.signer(Authority(ROOT.name)),
        "signingCredential.untrusted",
    ),
}


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signer_who_may_not_sign_is_refused(tmp_path: Path, name: str) -> None:
    make, code = SIGNERS[name]
    data = Mint(make()).into(PICTURE)
    assert code in failures(opinion_on(data))
    _compare(name, *both(data, tmp_path))


def test_a_certificate_of_an_eleventh_version_is_refused_and_raises_nothing(tmp_path: Path) -> None:
    version = b"\xa0\x03\x02\x01"  # RFC 5280, 4.1.2.1: 2 stands for the third
    chain = (SIGNER.chain[0].replace(version + b"\2", version + b"\x0a"),)
    data = Mint(replace(SIGNER, chain=chain)).into(PICTURE)
    assert failures(opinion_on(data)) == ["claimSignature.mismatch", "signingCredential.invalid"]
    assert both(data, tmp_path)[0] == DIFFERS


CLAIMS: dict[str, tuple[Mint, str]] = {
    "an assertion is swapped": (
        Mint(SIGNER, swapped={"c2pa.actions.v2": {"actions": [{"action": "c2pa.opened"}]}}),
        "assertion.hashedURI.mismatch",
    ),
    "an assertion is added": (
        Mint(SIGNER, undeclared={"org.example.note": {"true": "words"}}),
        "assertion.undeclared",
    ),
    "an assertion is gone": (Mint(SIGNER, hidden=("c2pa.actions.v2",)), "assertion.missing"),
    "its own assertion is redacted": (
        Mint(
            SIGNER,
            hidden=("org.example.note",),
            assertions={"c2pa.actions.v2": mint.CREATED, "org.example.note": {}},
            claim={
                "redacted_assertions": [
                    f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/org.example.note"
                ]
            },
        ),
        "assertion.selfRedacted",
    ),
    "nothing binds it to bytes": (Mint(SIGNER, binding=False), "claim.hardBindings.missing"),
    "the exclusions overlap": (
        Mint(SIGNER, excludes=lambda at, size: [(at, size), (at + size - 8, 8)]),
        "assertion.dataHash.malformed",
    ),
    "its signature is elsewhere": (
        Mint(SIGNER, claim={"signature": "self#jumbf=/c2pa/urn:c2pa:other/c2pa.signature"}),
        "claimSignature.missing",
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_does_not_fit_its_store_fails(tmp_path: Path, name: str) -> None:
    made, code = CLAIMS[name]
    data = made.into(PICTURE)
    assert code in failures(opinion_on(data))
    _compare(name, *both(data, tmp_path))


def test_an_exclusion_wider_than_the_manifest_is_told_though_the_engine_passes_it(
    tmp_path: Path,
) -> None:
    """The signer left the picture itself open: any other picture fits as well."""
    made = Mint(SIGNER, excludes=lambda at, size: [(at, size), (at + size + 20, 100)])
    wide = made.into(PICTURE)
    # In the table that the picture is decoded with.
    at = len(wide) - len(PICTURE) + PICTURE.index(b"\xff\xdb") + 8
    changed = wide[:at] + bytes(range(1, 41)) + wide[at + 40 :]
    for data in (wide, changed):
        found = failures(opinion_on(data))
        assert found == ["assertion.dataHash.exclusionTooWide"]
        assert both(data, tmp_path) == (DIFFERS, [])


def test_the_manifest_of_another_file_binds_nothing(tmp_path: Path) -> None:
    data = Mint(SIGNER).into(PICTURE)
    other = PICTURE[:-20] + bytes([PICTURE[-20] ^ 1]) + PICTURE[-19:]
    moved = data[: len(data) - len(PICTURE) + 2] + other[2:]
    assert failures(opinion_on(moved)) == ["assertion.dataHash.mismatch"]
    assert both(moved, tmp_path) == (AGREES, ["assertion.dataHash.mismatch"])


def test_each_list_is_asked_on_its_own() -> None:
    data = Mint(SIGNER).into(PICTURE)
    lists = {"Strangers": Authority().pem(), "Ours": ROOT.pem(), "Ours, too": ROOT.pem()}
    [judgement] = opinion_on(data, lists).judgements
    assert [each.list for each in judgement.trust] == ["Ours", "Ours, too"]


def test_certificates_are_judged_at_the_time_that_is_given() -> None:
    data = Mint(mint.signer(ROOT, until=timedelta(days=-1))).into(PICTURE)
    for days, expected in (
        (0, ["signingCredential.expired"]),
        (2, []),
        (11, ["signingCredential.expired"]),
    ):
        opinion = examine(io.BytesIO(data), LISTS, NOW - timedelta(days=days))
        assert failures(opinion) == expected


def test_an_update_binds_through_its_parent() -> None:
    """The parent's exclusion stretches to the container that the update made longer."""
    parent = Mint(SIGNER)
    data = parent.into(PICTURE)
    length = len(data) - len(PICTURE)
    first = parent.manifest(parent._bound(PICTURE, length))
    update = update_of(first)
    made = update.into(PICTURE, [first])
    opinion = opinion_on(made)
    assert failures(opinion) == []
    assert [each.label for each in opinion.judgements] == [update.label, parent.label]
    assert failures(opinion_on(made[:-20] + bytes(18) + made[-2:])) == [
        "assertion.dataHash.mismatch"
    ]
    # A parent that is changed inside the store is told by its hash, and by its own claim.
    changed = made.replace(b"digitalCapture", b"digitalcapture", 1)
    assert "ingredient.manifest.mismatch" in failures(opinion_on(changed))
    assert "assertion.hashedURI.mismatch" in failures(opinion_on(changed))


def update_of(parent: bytes) -> Mint:
    """Return an update manifest over a parent."""
    signature = parent[parent.index(b"c2cs") - 16 :]
    link = f"self#jumbf=/c2pa/{Mint.label}"
    ingredient = {
        "relationship": "parentOf",
        "activeManifest": {"url": link, "hash": hashlib.sha256(parent[8:]).digest()},
        "claimSignature": {
            "url": f"{link}/c2pa.signature",
            "hash": hashlib.sha256(signature[8:]).digest(),
        },
    }
    return Mint(
        SIGNER,
        label="urn:c2pa:00000000-0000-4000-8000-000000000002",
        update=True,
        binding=False,
        assertions={"c2pa.ingredient.v3": ingredient},
    )


def test_a_redaction_by_a_later_claim_excuses_what_is_gone_and_never_actions() -> None:
    note = {"c2pa.actions.v2": mint.CREATED, "org.example.note": {"where": "a place"}}
    for gone, codes in (
        ("org.example.note", []),
        ("c2pa.actions.v2", ["assertion.action.redacted"]),
        ("c2pa.hash.data", ["assertion.dataHash.redacted"]),
    ):
        whole = Mint(SIGNER, assertions=note)
        length = len(whole.into(PICTURE)) - len(PICTURE)
        first = whole.manifest(whole._bound(PICTURE, length))
        rest = replace(whole, hidden=(gone,)).manifest(whole._bound(PICTURE, length))
        uri = f"self#jumbf=/c2pa/{Mint.label}/c2pa.assertions/{gone}"
        update = replace(update_of(first), claim={"redacted_assertions": [uri]})
        found = failures(opinion_on(update.into(PICTURE, [rest])))
        assert [each for each in found if each.startswith("assertion.")] == codes
        # What is said to be gone must be gone, and a manifest that stands apart redacts nothing.
        there = failures(opinion_on(update.into(PICTURE, [first])))
        assert len(codes or ["assertion.notRedacted"]) == 1
        assert (codes or ["assertion.notRedacted"])[0] in there
        apart = replace(update, assertions={"c2pa.actions.v2": mint.CREATED})
        lonely = apart.manifest({})
        alone = opinion_on(mint.jpeg(PICTURE, [lonely, rest]))
        assert "assertion.missing" in failures(alone)


def test_a_certificate_outside_the_protected_header_is_for_old_claims_alone() -> None:
    outside = replace(SIGNER, protected=False)
    assert failures(opinion_on(Mint(outside, 1).into(PICTURE))) == []
    assert "claimSignature.mismatch" in failures(opinion_on(Mint(outside, 2).into(PICTURE)))


def test_an_opinion_survives_the_way_out_of_the_sandbox() -> None:
    opinion = opinion_on(Mint(SIGNER).into(PICTURE))
    assert parse_opinion(format_opinion(opinion)) == opinion
    assert opinion.judgements[0].failed(Aspect.CONTENT) is None
