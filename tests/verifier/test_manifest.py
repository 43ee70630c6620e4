"""From the engine's answers to findings, without the engine: what it says, and nothing more."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.vocabulary import Outcome
from verifier.conclude import conclude
from verifier.harmless import printable
from verifier.manifest import ManifestReading, ManifestStore, parse_reading
from verifier.report import Finding, Step
from verifier.validation import manifest_findings

from .reports import ALTERED, INCONCLUSIVE, UNCHANGED, UNTRUSTED

LISTS = "urn:lists:"
ACTIVE, PARENT = "urn:c2pa:active", "urn:c2pa:parent"
GOOD = ("signingCredential.trusted", "claimSignature.validated", "assertion.dataHash.match")


def status(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "url": "self#jumbf=any"} for code in codes]


def answer(*, success: tuple[str, ...] = GOOD, failure: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what `Reading.read` says of a file with one manifest."""
    return {
        "state": "read",
        "embedded": True,
        "url": None,
        "expired": False,
        "identity": None,
        "claim": {"data_hash": {"exclusions": [{"start": 20, "length": 100}]}},
        "store": {
            "active_manifest": ACTIVE,
            "validation_state": "Invalid" if failure else "Trusted",
            "validation_results": {
                "activeManifest": {
                    "success": status(*success),
                    "informational": [],
                    "failure": status(*failure),
                },
                "trustListUri": f"{LISTS}mine",
            },
            "manifests": {
                ACTIVE: {
                    "claim_version": 2,
                    "signature_info": {"common_name": "Ada", "issuer": "Ada's desk"},
                    "assertions": [],
                }
            },
        },
    }


def with_parent(**ingredient: Any) -> dict[str, Any]:
    """Return the answer for a file that has a parent, described by the ingredient's fields."""
    said = answer()
    described = {"label": "c2pa.ingredient.v3", "active_manifest": PARENT} | ingredient
    said["store"]["manifests"][ACTIVE]["ingredients"] = [described]
    said["store"]["manifests"][PARENT] = {"signature_info": {"common_name": "Bob"}}
    return said


def found(success: tuple[str, ...], failure: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"activeManifest": {"success": status(*success), "failure": status(*failure)}}


def store(said: dict[str, Any]) -> ManifestStore:
    reading = parse_reading(said, LISTS)
    assert reading.store is not None, reading
    return reading.store


def findings(said: dict[str, Any]) -> dict[Step, Finding]:
    return {each.step: each for each in manifest_findings(parse_reading(said, LISTS))}


def conclusion(said: dict[str, Any]) -> str:
    return conclude(manifest_findings(parse_reading(said, LISTS)), []).code


def test_a_good_manifest_is_good() -> None:
    assert conclusion(answer()) == UNCHANGED
    assert store(answer()).trust_list == "mine"
    assert findings(answer())[Step.SIGNATURE].sentence == (
        "Ada (Ada's desk) signed it, known by your list “mine”."
    )


@pytest.mark.parametrize("missing", GOOD)
def test_nothing_is_passed_that_the_engine_did_not_pass(missing: str) -> None:
    said = answer(success=tuple(code for code in GOOD if code != missing))
    assert conclusion(said) in (UNTRUSTED, INCONCLUSIVE)


def test_a_list_that_is_not_ours_knows_nobody() -> None:
    said = answer()
    said["store"]["validation_results"]["trustListUri"] = "urn:somebody"
    assert conclusion(said) == UNTRUSTED


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("claimSignature.mismatch", ALTERED),
        ("assertion.hashedURI.mismatch", ALTERED),
        ("assertion.missing", ALTERED),
        ("assertion.undeclared", ALTERED),
        ("assertion.dataHash.mismatch", ALTERED),
        ("assertion.bmffHash.mismatch", ALTERED),
        ("assertion.boxesHash.mismatch", ALTERED),
        ("assertion.collectionHash.mismatch", ALTERED),
        # These may be as old as the claim, or younger than the engine: nobody need have changed it.
        ("algorithm.unsupported", INCONCLUSIVE),
        ("assertion.action.malformed", INCONCLUSIVE),
        ("claim.malformed", INCONCLUSIVE),
        ("manifest.multipleParents", INCONCLUSIVE),
        ("general.error", INCONCLUSIVE),
        # These are about who signed.
        ("signingCredential.untrusted", UNTRUSTED),
        ("signingCredential.revoked", UNTRUSTED),
        ("timeStamp.mismatch", UNTRUSTED),
    ],
)
def test_a_failure_says_what_it_shows(code: str, expected: str) -> None:
    assert conclusion(answer(failure=(code,))) == expected


def test_what_the_engine_calls_invalid_is_never_unchanged() -> None:
    """Even where it lists no failure that we know how to find."""
    said = answer()
    said["store"]["validation_state"] = "Invalid"
    assert conclusion(said) == INCONCLUSIVE


class TestIngredients:
    def test_an_intact_parent_passes(self) -> None:
        said = with_parent(validation_results=found(GOOD))
        assert conclusion(said) == UNCHANGED
        assert findings(said)[Step.INGREDIENTS].outcome is Outcome.PASSED

    @pytest.mark.parametrize(
        "ingredient",
        [
            {"validation_results": found(GOOD, ("assertion.dataHash.mismatch",))},
            {"validation_status": status("assertion.dataHash.mismatch")},
            {
                "validation_results": found(GOOD)
                | {
                    "ingredientDeltas": [
                        {
                            "ingredientAssertionURI": "self#jumbf=/c2pa/urn/c2pa.assertions/i",
                            "validationDeltas": {"failure": status("claimSignature.mismatch")},
                        }
                    ]
                }
            },
            {"active_manifest": None, "validation_status": status("claimSignature.mismatch")},
        ],
    )
    def test_a_recorded_failure_is_told_wherever_it_is_recorded(
        self, ingredient: dict[str, Any]
    ) -> None:
        assert conclusion(with_parent(**ingredient)) == ALTERED

    @pytest.mark.parametrize("name", ["c2pa.ingredient.v3", "c2pa.ingredient.v3__7", ""])
    def test_a_failure_found_now_is_told_whichever_ingredient_it_names(self, name: str) -> None:
        said = with_parent(validation_results=found(GOOD))
        said["store"]["validation_results"]["ingredientDeltas"] = [
            {
                "ingredientAssertionURI": f"self#jumbf=/c2pa/{ACTIVE}/c2pa.assertions/{name}",
                "validationDeltas": {"failure": status("ingredient.manifest.mismatch")},
            }
        ]
        assert conclusion(said) == ALTERED

    def test_an_invalid_one_is_not_said_to_be_altered(self) -> None:
        said = with_parent(validation_results=found(GOOD, ("algorithm.unsupported",)))
        assert conclusion(said) == INCONCLUSIVE

    def test_a_strangers_is_untrusted(self) -> None:
        failure = ("signingCredential.untrusted",)
        said = with_parent(validation_results=found(GOOD[1:], failure))
        assert conclusion(said) == UNTRUSTED
        assert "Bob" in findings(said)[Step.INGREDIENTS].sentence

    @pytest.mark.parametrize("ingredient", [{}, {"validation_results": found(GOOD[:2])}])
    def test_silence_is_not_said_to_be_intact(self, ingredient: dict[str, Any]) -> None:
        outcome = findings(with_parent(**ingredient))[Step.INGREDIENTS].outcome
        assert outcome is Outcome.NOT_CHECKED

    def test_a_ring_of_ingredients_ends(self) -> None:
        said = with_parent(validation_results=found(GOOD))
        ring = {"label": "i", "active_manifest": ACTIVE, "validation_results": found(GOOD)}
        said["store"]["manifests"][PARENT]["ingredients"] = [ring, ring]
        assert len(store(said).chain) == 3

    def test_a_failure_a_thousand_manifests_down_is_found(self) -> None:
        said = answer()
        manifests = said["store"]["manifests"]
        label = ACTIVE
        for number in range(1000):
            failure = ("assertion.dataHash.mismatch",) if number == 999 else ()
            manifests[label]["ingredients"] = [
                {
                    "label": "i",
                    "active_manifest": str(number),
                    "validation_results": found(GOOD, failure),
                }
            ]
            label = str(number)
            manifests[label] = {}
        assert conclusion(said) == ALTERED


class TestTime:
    @pytest.mark.parametrize("version", [1, 2])
    def test_a_time_counts_only_where_the_authority_was_checked(self, version: int) -> None:
        said = answer(success=(*GOOD, "timeStamp.validated", "timeStamp.trusted"))
        active = said["store"]["manifests"][ACTIVE]
        active["claim_version"] = version
        active["signature_info"]["time"] = "2026-01-01T00:00:00+00:00"
        outcome = findings(said)[Step.TIME].outcome
        assert outcome is Outcome.NOT_CHECKED  # the engine's word for a time is none of ours
        said["expired"] = True
        assert conclusion(said) == (UNCHANGED if version == 2 else UNTRUSTED)

    def test_one_by_nobody_known_is_not_said_to_be_missing(self) -> None:
        said = answer(success=(*GOOD, "timeStamp.validated"))
        assert "on none of your lists" in findings(said)[Step.TIME].sentence
        assert findings(answer())[Step.TIME].sentence.startswith("No time-stamp:")


def test_several_exclusions_are_not_all_called_the_manifest() -> None:
    said = answer()
    assert [each.what for each in store(said).uncovered or ()] == ["manifest"]
    said["claim"]["data_hash"]["exclusions"].append({"start": 500, "length": 9000})
    [first, second] = store(said).uncovered or ()
    assert second.bytes == (500, 9500)
    assert first.what == second.what == "manifest, or what the signer left out"


HARMLESS = "\x1b[2J\u202egnp.exe\n\x00"


def test_no_word_of_a_stranger_can_move_a_terminal_or_turn_a_line() -> None:
    said = with_parent(validation_results=found(GOOD, (f"x{HARMLESS}",)))
    manifests = said["store"]["manifests"]
    manifests[ACTIVE]["signature_info"] = {"common_name": HARMLESS, "issuer": HARMLESS}
    manifests[ACTIVE]["assertions"] = [
        {"label": "c2pa.actions", "data": {"actions": [{"digitalSourceType": HARMLESS}]}}
    ]
    manifests[HARMLESS] = manifests.pop(ACTIVE)
    said["store"]["active_manifest"] = HARMLESS
    for each in manifest_findings(parse_reading(said, LISTS)):
        assert each.sentence.isprintable(), each
        assert each.code.isprintable()
    assert all(link.manifest.isprintable() for link in store(said).chain)
    for other in (
        {"state": "unreadable", "reason": HARMLESS, "embedded": True},
        {"state": "unsearched", "reason": HARMLESS},
        {"state": "remote", "url": HARMLESS},
    ):
        [only] = manifest_findings(parse_reading(other, LISTS))
        assert only.sentence.isprintable()


def test_what_is_too_long_to_show_is_cut() -> None:
    assert printable("a" * 1000) == "a" * 199 + "…"


json_ = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data(), json_)
def test_an_answer_with_anything_in_any_place_is_read_or_unreadable(
    data: st.DataObject, anything: Any
) -> None:
    """A compromised engine answers from inside the sandbox: no answer of its may stop us."""
    said = copy.deepcopy(with_parent(validation_results=found(GOOD)))
    place: Any = said
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = anything
            break
        place = place[key]
    reading = parse_reading(said, LISTS)
    assert isinstance(reading, ManifestReading)
    conclude(manifest_findings(reading), [])
