"""What the documentation says is there, and what is there is documented."""

import argparse
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from api.cli import build_parser
from api.errors import __doc__ as errors_page
from bench.tables import TABLES
from verifier.report import ConclusionCode

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parsers() -> list[tuple[str, argparse.ArgumentParser]]:
    return list(_load("make_command_line").parsers(build_parser(), "firsthand"))


def test_the_page_of_statuses_is_the_table_that_words_them() -> None:
    """Else: python docs/make_statuses.py > docs/statuses.md."""
    assert (ROOT / "docs" / "statuses.md").read_text("utf-8") == _load("make_statuses").main()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_verb_and_option_is_on_the_command_line_page_and_no_other() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    sections = dict(re.findall(r"^## ([^\n]+)\n\n```\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    parsers = _parsers()
    assert [name for name, _ in parsers] == list(sections)
    for name, parser in parsers:
        offered = {o for action in parser._actions for o in action.option_strings}
        shown = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])", sections[name]))
        assert offered <= shown, (name, offered - shown)


def test_the_readme_names_every_verb_conclusion_and_exit_code() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, _ in _parsers():
        if name.count(" ") == 1:
            assert f"`{name}" in readme, name
    for code in ConclusionCode:
        assert f"| `{code}` |" in readme, code
    for number in range(6):
        assert re.search(rf"\b{number} \w", readme.partition("Exit codes")[2]), number


def test_the_readme_shows_both_commands_before_anything_else_to_do() -> None:
    first_block = re.search(r"```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert first_block is not None
    commands = [line.split("#")[0].strip() for line in first_block[1].splitlines()]
    assert commands == ["make demo", "make test"]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "serve", "lint"} <= set(targets)


def test_every_error_of_the_edges_is_drawn_in_their_tree() -> None:
    import api.errors

    kinds = [
        name
        for name, kind in vars(api.errors).items()
        if isinstance(kind, type) and kind.__module__ == "api.errors"
    ]
    for name in kinds:
        assert name in (errors_page or ""), name


def test_no_page_calls_a_file_authentic_or_fake() -> None:
    """The two words stand only where the pages say that they are never said."""
    for page in PAGES:
        for line in re.split(r"(?<=[.|])\s", page.read_text("utf-8")):
            if re.search(r"\b(authentic|fake)\b", line):
                assert re.search(r"\bnever\b|\"", line), (page.name, line)


def test_every_table_has_its_place_and_its_media_on_the_page_of_comparisons() -> None:
    page = (ROOT / "docs" / "compare.md").read_text("utf-8")
    for table in TABLES:
        assert f"<!-- table: {table.name} -->" in page
        assert importlib.util.find_spec(table.module) is not None
        for folder in table.needs:
            assert f"`{folder.partition('/')[0]}/" in page, folder
