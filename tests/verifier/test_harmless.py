"""Nothing that a file says can do more than be read, wherever it is shown."""

import json
import unicodedata
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from api.cli.verify import print_report
from api.problems import _answer
from api.schemas import ReportAnswer
from verifier.harmless import harmless, harmless_values, printable
from verifier.judgement import Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Report
from verifier.trust import TrustList
from verifier.verify import verify

from .opinion import mint
from .opinion.generations import generations
from .opinion.mint import NOW, Authority, Mint, Signer

PICTURE = mint.picture()
ROOT = Authority("\x1b[31mA root\N{RIGHT-TO-LEFT OVERRIDE}")
NASTY = MappingProxyType(
    {
        "escape": "\x1b[2J\x1b]8;;http://x/\x07link",
        "line": "A\r\nunchanged: B",
        "turned": "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{RIGHT-TO-LEFT ISOLATE}",
        "unseen": "A\N{ZERO WIDTH SPACE}B\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}",
        "markup": "<img src=x onerror=alert(1)>[bold red]{{7*7}}",
        "formula": "=cmd|' /C calc'!A0",
        "tower": "Z" + "\N{COMBINING ACUTE ACCENT}" * 20,
        "tagged": "A\N{TAG LATIN SMALL LETTER A}\N{LINE SEPARATOR}",
    }
)
MOVES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def is_harmless(text: str) -> bool:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if unicodedata.category(character) in MOVES or marks > 3:
            return False
    return not set(text) & set("\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}\u115f\u1160\uffa0\u034f")


@given(st.text())
def test_any_text_comes_out_harmless_and_the_same_again(text: str) -> None:
    clean = harmless(text)
    assert is_harmless(clean)
    assert harmless(clean) == clean
    assert is_harmless(printable(text, 20))
    assert len(printable(text, 20)) <= 20


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], max_codepoint=0x10FF)))
def test_what_is_written_to_be_read_is_left_as_it_is(text: str) -> None:
    unseen = set("\u115f\u1160\u17b4\u17b5")
    assert harmless(text) == text or set(text) & unseen


def test_accents_as_languages_write_them_stay() -> None:
    for text in ("é", "ệ", "ậ́", "ก็", "हिन्दी", "שָׁלוֹם", "❤\ufe0f"):
        assert harmless(text) == text


json_ = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(json_)
def test_every_text_in_plain_values_comes_out_harmless(value: object) -> None:
    def texts(each: object) -> list[str]:
        if isinstance(each, dict):
            return [text for inner in each.values() for text in texts(inner)]
        if isinstance(each, list):
            return [text for inner in each for text in texts(inner)]
        return [each] if isinstance(each, str) else []

    assert all(map(is_harmless, texts(harmless_values(value))))


def by(name: str) -> Mint:
    key = mint.signer(ROOT).key
    leaf = mint.issue(ROOT, name, key.public_key())
    action: dict[str, object] = {"action": "c2pa.created", "digitalSourceType": f"http://x/{name}"}
    action |= {"softwareAgent": {"name": name}, "when": name}
    made = Signer(key, (leaf.public_bytes(Encoding.DER),))
    return Mint(made, assertions={"c2pa.actions.v2": {"actions": [action]}})


@pytest.fixture(scope="module", params=[None, ROOT], ids=["unknown", "known"])
def lists(request: pytest.FixtureRequest) -> list[TrustList]:
    return [TrustList("Ours", request.param.pem())] if request.param else []


def report_on(name: str, sandbox: Sandbox, folder: Path, lists: list[TrustList]) -> Report:
    path = folder / "suspect.jpg"
    path.write_bytes(generations(PICTURE, [by(NASTY[name]), by(NASTY[name])]))
    return verify(observe(path, sandbox, lists, bench=Bench(lists=(), clock=NOW)), None, {})


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_manifest_is_harmless_on_a_terminal_in_json_and_over_http(
    name: str,
    sandbox: Sandbox,
    tmp_path: Path,
    lists: list[TrustList],
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = report_on(name, sandbox, tmp_path, lists)
    assert report.chain, report.conclusion
    print_report(report)
    shown = capsys.readouterr().out
    assert all(map(is_harmless, shown.split("\n")))
    assert not any(line.startswith("unchanged: B") for line in shown.split("\n"))
    said = report.to_json()
    over_http = ReportAnswer.model_validate(said).model_dump_json()
    for text in (json.dumps(said, ensure_ascii=False), over_http):
        assert is_harmless(text)
    # And it is there to be read: a name is shown, not swallowed.
    assert ("markup" not in name) or "<img src=x" in shown


def test_a_problem_that_quotes_a_stranger_is_harmless_over_http() -> None:
    from http import HTTPStatus

    answer = _answer(HTTPStatus.UNPROCESSABLE_ENTITY, NASTY["turned"], NASTY["escape"])
    assert is_harmless(bytes(answer.body).decode())


def test_the_page_sets_text_and_never_markup() -> None:
    import api.web

    for script in api.web.FOLDER.glob("*.js"):
        source = script.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, script.name
