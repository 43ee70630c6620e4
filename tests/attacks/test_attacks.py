"""Every attack is told for what it is, and docs/attacks.md says so."""

from pathlib import Path

import pytest

from api.cli.verify import print_report
from verifier.media.sandbox import Sandbox

from .attack import Attack
from .catalogue import ATTACKS, THEMES, ask, told_by
from .watch import Calls
from .world import World

PAGE = Path(__file__).parent.parent.parent / "docs" / "attacks.md"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_lie_is_told_and_the_page_says_so(
    attack: Attack,
    world: World,
    sandbox: Sandbox,
    calls: Calls,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls.counts = True
    _, report, row = ask(attack, world, tmp_path, sandbox)
    assert calls.made == []
    assert report.conclusion.code == attack.conclusion, report.conclusion
    assert set(attack.codes) <= {each.code for each in report.findings}, report.findings
    assert told_by(attack, report)[1], report
    assert (report.as_of and report.as_of.now.code) == attack.now
    assert row in PAGE.read_text("utf-8").splitlines(), "write docs/attacks.md anew"
    print_report(report)
    printed = capsys.readouterr().out
    assert attack.conclusion.upper() in printed
    assert all(line.isprintable() for line in printed.split("\n"))


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names)) >= 50


def test_the_page_tells_just_these_attacks() -> None:
    text = PAGE.read_text("utf-8")
    assert text.count("\n| *") == len(ATTACKS)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")][: len(THEMES)] == [
        theme.title for theme in THEMES
    ]
