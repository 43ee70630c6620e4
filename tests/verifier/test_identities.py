"""Identity assertions, real ones: who is named by whom, under which lists, and over which bytes."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import c2pa
import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ledger.vocabulary import Outcome
from verifier.judgement import Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Finding, Report, Step
from verifier.trust import Kind, TrustList
from verifier.verify import verify

from .opinion import mint
from .opinion.mint import NOW, Authority, Mint, Signer, assertion, hashed
from .reports import ALTERED, UNCHANGED

PICTURE = mint.picture()
SIGNERS, PEOPLE = Authority("Claim signers"), Authority("People")
LISTS = (
    TrustList("Signers", SIGNERS.pem()),
    TrustList("Newsrooms", PEOPLE.pem(), Kind.IDENTITIES),
)
PLAIN = MappingProxyType({"c2pa.actions.v2": mint.CREATED})


def somebody(name: str, issuer: Authority = PEOPLE, **wishes: object) -> Signer:
    key = mint.signer(issuer).key
    leaf = mint.issue(issuer, name, key.public_key(), **wishes)  # type: ignore[arg-type]
    return Signer(key, (leaf.public_bytes(Encoding.DER),))


NEWS = somebody("BBC News")
CAMERA = mint.signer(SIGNERS)


@dataclass(frozen=True)
class Naming(Mint):
    """A manifest that names somebody, over its hard binding and its actions."""

    named: Signer = NEWS
    over: Sequence[str] = ("c2pa.hash.data", "c2pa.actions.v2")
    payload: Mapping[str, object] = field(default_factory=dict)
    whole: Mapping[str, object] = field(default_factory=dict)
    forged: bool = False
    sorted: bool = False

    def _bound(self, source: bytes, length: int) -> dict[str, object]:
        bound = super()._bound(source, length)
        held = {**self.assertions, **bound}
        payload = {
            "referenced_assertions": [
                hashed(label, assertion(label, held.get(label, {}))) for label in self.over
            ],
            "sig_type": "cawg.x509.cose",
            "role": ["cawg.publisher"],
            **self.payload,
        }
        signed = cbor2.dumps(payload, canonical=self.sorted)
        said: dict[str, object] = {
            "signer_payload": {**payload, "role": ["cawg.creator"]} if self.forged else payload,
            "signature": self.named.sign(signed),
            "pad1": bytes(16),
        }
        return {**bound, "cawg.identity": {**said, **self.whole}}


def naming(**wishes: object) -> Naming:
    return Naming(CAMERA, assertions=dict(PLAIN), **wishes)  # type: ignore[arg-type]


Ask = Callable[..., Report]


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def call(data: bytes, lists: Sequence[TrustList] = LISTS) -> Report:
        path = tmp_path / "suspect.jpg"
        path.write_bytes(data)
        bench = Bench(lists=(), clock=NOW)
        return verify(observe(path, sandbox, lists, bench=bench), None, {})

    return call


def identity(report: Report) -> Finding:
    said = [each for each in report.findings if each.step is Step.IDENTITY]
    [found] = [each for each in said if each.code != "name.resembles"]
    return found


@pytest.mark.parametrize("is_sorted", [False, True])
def test_who_is_named_is_told_with_the_list_that_knows_him(ask: Ask, is_sorted: bool) -> None:
    """The engine signs the payload as it stands; the specification wants its keys sorted."""
    report = ask(naming(sorted=is_sorted).into(PICTURE))
    assert report.conclusion.code == UNCHANGED
    found = identity(report)
    assert (found.outcome, found.code) == (Outcome.PASSED, "cawg.identity.trusted")
    assert found.sentence == (
        "BBC News (The tests) is named as publisher in what A signer (The tests) signed, and "
        "signed that too: known by your list of identities “Newsrooms”."
    )


@pytest.mark.parametrize("kind", [Kind.CLAIM_SIGNERS, Kind.TIME_STAMPS])
def test_only_lists_of_identities_know_who_somebody_is(ask: Ask, kind: Kind) -> None:
    lists = (LISTS[0], TrustList("Newsrooms", PEOPLE.pem(), kind))
    report = ask(naming().into(PICTURE), lists)
    assert report.conclusion.code == UNCHANGED  # who signed the claim is known all the same
    found = identity(report)
    assert (found.outcome, found.code) == (Outcome.FAILED, "cawg.identity.well-formed")
    assert "calls somebody as publisher by the name BBC News (The tests)" in found.sentence
    assert "not verified" in found.sentence
    assert found.settles


def test_who_is_known_as_somebody_signs_no_claim(ask: Ask) -> None:
    made = replace(naming(), signer=NEWS)
    report = ask(made.into(PICTURE))
    assert report.conclusion.code == "untrusted"
    assert identity(report).code == "cawg.identity.trusted"


WRONG: dict[str, tuple[Callable[[], Naming], str]] = {
    "what was signed is another payload": (
        lambda: naming(forged=True),
        "cawg.x509.signature.mismatch",
    ),
    "another key signed": (
        lambda: naming(named=replace(NEWS, key=CAMERA.key)),
        "cawg.x509.signature.mismatch",
    ),
    "no hard binding is named": (
        lambda: naming(over=("c2pa.actions.v2",)),
        "cawg.identity.hard_binding_missing",
    ),
    "an assertion is named that is not there": (
        lambda: naming(over=("c2pa.hash.data", "c2pa.metadata")),
        "cawg.identity.assertion.mismatch",
    ),
    "an assertion is named twice": (
        lambda: naming(over=("c2pa.hash.data", "c2pa.hash.data")),
        "cawg.identity.assertion.duplicate",
    ),
    "it names itself": (
        lambda: naming(over=("c2pa.hash.data", "cawg.identity")),
        "cawg.identity.assertion.mismatch",
    ),
    "something hides in the padding": (
        lambda: naming(whole={"pad2": b"\0\1"}),
        "cawg.identity.pad.invalid",
    ),
    "the signature is none": (
        lambda: naming(whole={"signature": b"\xff" * 40}),
        "cawg.identity.cbor.invalid",
    ),
    "a strange kind of signature": (
        lambda: naming(payload={"sig_type": "org.example.seal"}),
        "cawg.identity.sig_type.unknown",
    ),
    "an aggregator's word, whose key lies elsewhere": (
        lambda: naming(payload={"sig_type": "cawg.identity_claims_aggregation"}),
        "identity.not_checked",
    ),
    "something else is expected": (
        lambda: naming(payload={"expected_partial_claim": {"alg": "sha256", "hash": bytes(32)}}),
        "identity.not_checked",
    ),
    "the certificate is out of date": (
        lambda: naming(named=somebody("BBC News", until=timedelta(days=-1))),
        "cawg.x509.signature.outside_validity",
    ),
    "the certificate is for time-stamps": (
        lambda: naming(named=somebody("BBC News", purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))),
        "cawg.x509.credential.invalid",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_an_identity_is_said_and_names_nobody_as_known(
    ask: Ask, name: str
) -> None:
    made, code = WRONG[name]
    found = identity(ask(made().into(PICTURE)))
    assert found.code == code, found
    assert found.outcome is not Outcome.PASSED
    assert found.settles


def test_an_identity_in_a_file_that_was_altered_is_no_evidence(ask: Ask) -> None:
    data = naming().into(PICTURE)
    report = ask(data[:-20] + bytes(18) + data[-2:])
    assert report.conclusion.code == ALTERED
    assert identity(report).code == "identity.not_checked"
    assert "BBC" not in identity(report).sentence


def test_a_hash_of_another_binding_is_found(ask: Ask) -> None:
    """An identity that was lifted from another file, with its signature as it was."""
    other = mint.assertion("c2pa.hash.data", {"hash": bytes(32), "alg": "sha256"})
    lifted = naming(payload={"referenced_assertions": [hashed("c2pa.hash.data", other)]})
    assert identity(ask(lifted.into(PICTURE))).code == "cawg.identity.assertion.mismatch"


def test_what_is_no_identity_assertion_at_all_names_nobody(ask: Ask) -> None:
    """The engine reads nothing of such a file, and so nothing of it is believed."""
    report = ask(naming(whole={"signer_payload": ["x"]}).into(PICTURE))
    assert report.conclusion.code != UNCHANGED
    assert "BBC" not in str(report.to_json())


def test_a_file_that_names_nobody_has_no_finding_of_it(ask: Ask) -> None:
    report = ask(Mint(CAMERA, assertions=dict(PLAIN)).into(PICTURE))
    assert [each for each in report.findings if each.step is Step.IDENTITY] == []


def test_an_identity_that_the_reference_engine_made_is_read_by_ours(ask: Ask) -> None:
    def local(signer: Signer, **more: object) -> dict[str, object]:
        certificate = x509.load_der_x509_certificate(signer.chain[0])
        key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pem = certificate.public_bytes(Encoding.PEM)
        said = {"alg": "es256", "sign_cert": pem.decode(), "private_key": key.decode()}
        return {"local": said | more}

    anchors = [
        {"trust_kind": kind, "trust_uri": f"urn:{kind}", "trust_anchors": authority.pem()}
        for kind, authority in (("manifest", SIGNERS), ("cawg", PEOPLE))
    ]
    context = c2pa.Context.from_dict(
        {
            "version": 1,
            "trust": {"anchors": anchors},
            "verify": {"verify_after_sign": False},
            "builder": {"thumbnail": {"enabled": False}},
            "signer": local(CAMERA),
            "cawg_x509_signer": local(NEWS, roles=["cawg.creator"]),
        }
    )
    context._has_signer = True  # which the binding only believes of signers that it made itself
    definition = {
        "claim_generator_info": [{"name": "Tests", "version": "1"}],
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions", "data": mint.CREATED}],
    }
    builder = c2pa.Builder.from_json(json.dumps(definition), context)
    made = io.BytesIO()
    builder.sign("image/jpeg", io.BytesIO(PICTURE), made)
    found = identity(ask(made.getvalue()))
    assert found.code == "cawg.identity.trusted"
    assert found.sentence.startswith("BBC News (The tests) is named as creator in what A signer")
