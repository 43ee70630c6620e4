"""Names that are made to be taken for known ones, and names that are not."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from verifier.judgement import Bench
from verifier.lookalike import find_look_alike, skeletons
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.report import Report
from verifier.trust import Kind, TrustList
from verifier.verify import verify

from .opinion import mint
from .opinion.generations import generations
from .opinion.mint import NOW, Authority, Mint, Signer
from .reports import UNCHANGED, UNTRUSTED, codes

PICTURE = mint.picture()
BBC, STRANGERS = Authority("BBC News"), Authority("A root of strangers")
LISTS = (TrustList("Newsrooms", BBC.pem()),)
PLAIN = MappingProxyType({"c2pa.actions.v2": mint.CREATED})

ALIKE = (
    "BBC News",  # the very name, on another certificate
    "BBC News ",
    "bbc news",
    "BBCNews",
    "B.B.C. News",
    "BBC\N{NO-BREAK SPACE}News",
    "BBC\N{ZERO WIDTH SPACE} News",
    "BBC \N{RIGHT-TO-LEFT OVERRIDE}News",
    "\N{CYRILLIC CAPITAL LETTER VE}\N{CYRILLIC CAPITAL LETTER VE}C News",
    "\N{GREEK CAPITAL LETTER BETA}BC News",
    "BB\N{CYRILLIC CAPITAL LETTER ES} News",
    "BBC N\N{CYRILLIC SMALL LETTER IE}ws",
    "BBC New\N{CYRILLIC SMALL LETTER DZE}",
    "\N{FULLWIDTH LATIN CAPITAL LETTER B}BC News",
    "\N{MATHEMATICAL BOLD CAPITAL B}BC News",
    "BBC N\N{LATIN SMALL LETTER E WITH ACUTE}ws",
    "BBC-News®"[:-1],
)
OTHERS = ("ABC News", "BBC", "News", "BBC Newsround", "", "  ", "…", "Il Sole", "ВВС")


@pytest.mark.parametrize("name", ALIKE)
def test_a_name_that_looks_like_a_known_one_is_found(name: str) -> None:
    found = find_look_alike([name], LISTS)
    assert found is not None
    assert (found.name, found.known, found.list) == (name, "BBC News", "Newsrooms")


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_that_looks_like_none_is_not_found(name: str) -> None:
    assert find_look_alike([name], LISTS) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("Il Sole", "ll Sole"), ("Reuters", "Reuter\N{CYRILLIC SMALL LETTER DZE}"), ("Arm", "Arrn"),
     ("ВВС", "BBC"), ("AFP", "ΑFР"), ("Die Zeit", "DIE ZEIT"), ("Le Monde", "Lе Mоnde")],
)  # fmt: skip
def test_look_alikes_meet_in_a_skeleton(one: str, other: str) -> None:
    assert skeletons(one) & skeletons(other)


@given(st.text(max_size=30))
def test_any_name_looks_like_itself_in_any_case_and_with_spaces(name: str) -> None:
    assert skeletons(name) == skeletons(f" {name} ")
    assert (skeletons(name) & skeletons(name.lower())) or not skeletons(name.casefold())


Ask = Callable[..., Report]


def signer(name: str, issuer: Authority, **wishes: object) -> Signer:
    key = mint.signer(issuer).key
    leaf = mint.issue(issuer, name, key.public_key(), **wishes)  # type: ignore[arg-type]
    return Signer(key, (leaf.public_bytes(Encoding.DER),))


def by(name: str, issuer: Authority = STRANGERS) -> Mint:
    return Mint(signer(name, issuer), assertions=dict(PLAIN))


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Ask:
    def call(data: bytes, lists: Sequence[TrustList] = LISTS) -> Report:
        path = tmp_path / "suspect.jpg"
        path.write_bytes(data)
        return verify(observe(path, sandbox, lists, bench=Bench(lists=(), clock=NOW)), None, {})

    return call


def alike(report: Report) -> list[str]:
    return [each.sentence for each in report.findings if each.code == "name.resembles"]


def test_a_stranger_with_a_newsrooms_name_is_told_apart(ask: Ask) -> None:
    name = "\N{CYRILLIC CAPITAL LETTER VE}BC News"
    report = ask(by(name).into(PICTURE))
    assert report.conclusion.code == UNTRUSTED
    said = (
        f"Somebody calls himself “{name}”; that name is not verified, and it resembles “BBC News” "
        "of your list “Newsrooms”."
    )
    assert alike(report) == [said]
    assert said in report.conclusion.sentence
    assert "ask BBC News" in report.conclusion.settles


def test_who_is_on_the_list_is_marked_as_nothing(ask: Ask) -> None:
    report = ask(by("BBC News", BBC).into(PICTURE))
    assert report.conclusion.code == UNCHANGED
    assert alike(report) == []
    old = Mint(signer("BBC News", BBC, until=timedelta(days=-1)), assertions=dict(PLAIN))
    assert alike(ask(old.into(PICTURE))) == []  # out of date, and still the BBC's


def test_a_stranger_below_a_known_newsroom_is_told_apart_too(ask: Ask) -> None:
    report = ask(generations(PICTURE, [by("ВBC News"), by("BBC News", BBC)]))
    assert report.conclusion.code == UNTRUSTED
    assert len(alike(report)) == 1


def test_a_program_with_a_known_name_is_told_where_no_list_knows_who_says_so(ask: Ask) -> None:
    action = {**mint.CREATED["actions"][0], "softwareAgent": {"name": "B B C News"}}
    said = {"c2pa.actions.v2": {"actions": [action]}}
    for issuer, found in ((STRANGERS, 1), (BBC, 0)):
        report = ask(Mint(signer("Somebody else", issuer), assertions=said).into(PICTURE))
        assert len([each for each in alike(report) if "B B C News" in each]) == found


def test_lists_of_time_stamp_authorities_know_no_names(ask: Ask) -> None:
    lists = (TrustList("Stampers", BBC.pem(), Kind.TIME_STAMPS),)
    assert alike(ask(by("BBC News").into(PICTURE), lists)) == []


@pytest.mark.parametrize("issuer", [STRANGERS, BBC])
def test_a_name_that_no_list_attests_is_never_told_as_a_fact(ask: Ask, issuer: Authority) -> None:
    report = ask(by("Ada Lovelace", issuer).into(PICTURE))
    bare = [
        each.sentence
        for each in report.findings
        if "Ada Lovelace" in each.sentence and "goes by the name “Ada Lovelace" not in each.sentence
    ]
    assert bool(bare) is (issuer is BBC), bare
    assert "signingCredential.trusted" in codes(report) or issuer is STRANGERS
