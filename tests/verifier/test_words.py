"""The words of every status: one row each, derived from the code that can yield it."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import verifier
from ledger.vocabulary import Outcome
from verifier.compare.context import Claim, not_checked, parse_moment, parse_spot
from verifier.report import ConclusionCode, Step
from verifier.standard_words import FAMILIES, STANDARD, Row
from verifier.words import CONCLUSIONS, TABLE, say

FOLDER = Path(verifier.__file__).parent
# A status: words of letters, parted by dots; no name of a module, a file or an object identifier.
CODE = re.compile(r"[a-z][A-Za-z_-]*(\.[a-zA-Z][A-Za-z0-9_-]*)+")
KINDS = {"cawg.x509.cose", "cawg.identity_claims_aggregation"}  # of signatures, no statuses
SPACES = {code.split(".")[0] for code in TABLE}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(FOLDER.rglob("*.py")):
        if path.name not in ("words.py", "standard_words.py") or path.parent != FOLDER:
            yield path, ast.parse(path.read_text())


def literals(tree: ast.AST) -> Iterator[str]:
    """Yield every text that spells a status, whether a step says it or asks for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if CODE.fullmatch(text) and text.split(".")[0] in SPACES and text not in KINDS:
                yield text


def said() -> list[tuple[str, ast.Call]]:
    """Return every call of `say`, with the file that it stands in."""
    return [
        (path.name, node)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"
    ]


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def rows() -> list[tuple[str, Row]]:
    return [
        *TABLE.items(),
        *((code.value, row) for code, row in CONCLUSIONS.items()),
        *FAMILIES,
    ]


def test_every_status_that_any_code_spells_has_a_row() -> None:
    spelt = {code for _, tree in modules() for code in literals(tree)}
    assert len(spelt) > 80
    assert sorted(code for code in spelt if code not in TABLE) == []


def test_no_step_words_a_finding_by_itself() -> None:
    makers = {
        path.name
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Finding", "Row")
    }
    assert makers == set()


def test_every_row_of_ours_can_be_reached() -> None:
    """By its code, or by the pattern that a step fills in: `revocation.{…}`."""
    spelt = {code for _, tree in modules() for code in literals(tree)}
    patterns = []
    for _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(each.value)) if isinstance(each, ast.Constant) else r"[a-z_]+"
                    for each in node.values
                ]
                if len(parts) < 4 and re.match(r"[a-z]+\\\.", parts[0]):
                    patterns.append("".join(parts))
    ours = [code for code in TABLE if code not in STANDARD and code not in spelt]
    assert [c for c in ours if not any(re.fullmatch(p, c) for p in patterns)] == []


def test_each_call_fills_all_the_holes_of_its_row() -> None:
    """Where the code stands in the call, or in the function just above it."""
    checked = 0
    for name, call in said():
        code = call.args[2]
        if not isinstance(code, ast.Constant):
            continue
        given = {each.arg for each in call.keywords}
        row = TABLE[str(code.value)]
        wanted = holes(row.sentence) | holes(row.does_not_show) | holes(row.settles)
        assert None in given or wanted <= given, (name, code.value, wanted - given)
        checked += 1
    assert checked > 40


def test_what_is_not_passed_says_what_would_settle_it() -> None:
    for name, call in said():
        outcome, code = call.args[1:3]
        if isinstance(code, ast.Constant) and getattr(outcome, "attr", "PASSED") != "PASSED":
            assert TABLE[str(code.value)].settles, (name, code.value)
    for _, row in FAMILIES[1:]:
        assert row.settles
    for conclusion, row in CONCLUSIONS.items():
        assert bool(row.settles) is (conclusion is not ConclusionCode.UNCHANGED)


def test_what_is_passed_asks_for_nothing() -> None:
    assert say(Step.HISTORY, Outcome.PASSED, "history.clear").settles == ""
    settled = say(Step.MANIFEST, Outcome.ABSENT, "manifest.absent", found="").settles
    assert settled.startswith("ask whoever published it")


@pytest.mark.parametrize(("code", "row"), rows())
def test_the_tone_is_the_houses(code: str, row: Row) -> None:
    whole = f"{row.sentence} {row.does_not_show} {row.settles}".lower()
    for word in ("authentic", "fake", "genuine", "fraud", "guilty", "tampered", "verified by us"):
        assert word not in whole, code
    assert row.sentence[0].isupper() or row.sentence[0] == "{", code
    assert row.sentence[-1] in ".}", code
    for clause in (row.does_not_show, row.settles):
        assert not clause.endswith("."), code
        assert not clause[:1].isupper() or clause.startswith("OCSP"), code
    assert row.does_not_show, code


def test_a_conclusion_has_its_words_for_each_code() -> None:
    assert set(CONCLUSIONS) == set(ConclusionCode)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("signingCredential.somethingNew", "certificate is not accepted"),
        ("assertion.new.mismatch", "not as it was signed"),
        ("timeStamp.new", "time-stamp proves nothing"),
        ("cawg.identity.new", "not established"),
        ("com.adobe.prerelease", "not known here"),
        ("", "not known here"),
        ("x\n{y}", "not known here"),
    ],
)
def test_a_code_that_is_newer_than_the_table_is_told_by_its_family(code: str, word: str) -> None:
    finding = say(Step.SIGNATURE, Outcome.FAILED, code)
    assert word in finding.sentence
    assert finding.code == code
    assert finding.settles


def test_a_hole_is_filled_once_whatever_a_stranger_puts_into_it() -> None:
    finding = say(
        Step.MANIFEST, Outcome.PASSED, "manifest.passed", signer="{source}{0.__class__}", source=""
    )
    assert finding.sentence == "A C2PA manifest of {source}{0.__class__} is inside the file."


def test_what_a_claim_lacks_is_said_with_what_would_settle_it() -> None:
    claim = Claim(parse_moment("2022"), parse_spot("52.52,13.40"))
    assert all(each.settles for each in not_checked(claim, "no record of it was found"))
