"""What is shipped: four packages with their data, one command, and nothing that strays in."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ledger", "signer", "verifier", "api")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build what a wheel would hold, from a copy and without a network; return the files.

    The build is setuptools' own `build_py`, the step that fills a wheel.
    """
    pytest.importorskip("setuptools", reason="setuptools is not in this environment")
    copy = tmp_path_factory.mktemp("project")
    leave_out = shutil.ignore_patterns("__pycache__")
    for package in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / package, copy / package, ignore=leave_out)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    lib = copy / "lib"
    subprocess.run(
        [
            *(sys.executable, "-c", "import setuptools; setuptools.setup()"),
            *("--quiet", "build_py", "--build-lib", lib),
        ],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    return {str(path.relative_to(lib)) for path in lib.rglob("*") if path.is_file()}


def test_there_are_just_our_four_packages(built: set[str]) -> None:
    assert {name.split("/")[0] for name in built} == set(PACKAGES)


def test_nothing_more_lies_at_the_top() -> None:
    """What the project's tree holds: packages, tests, documents, and what builds and measures."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is a copy without its history, which says what is tracked")
    git = shutil.which("git") or pytest.skip("git is not installed")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True)
    files = {"pyproject.toml", "README.md", "Makefile", "CHANGELOG.md", ".gitignore"}
    folders = {*PACKAGES, "tests", "docs", "bench", ".ci"}
    assert {name.split("/")[0] for name in listed.stdout.splitlines()} == files | folders


def test_nothing_of_them_is_forgotten(built: set[str]) -> None:
    """Every source file, and every page, style and picture that the service sends."""
    there = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert built == there
    assert {"api/web/page.html", "api/web/page.css", "api/web/page.js"} <= built


def test_it_is_one_distribution_with_one_command() -> None:
    ours = distribution("firsthand")
    assert version("firsthand") == PROJECT["project"]["version"]
    [command] = [each for each in ours.entry_points if each.group == "console_scripts"]
    assert (command.name, command.value) == ("firsthand", "api.cli:main")
    assert callable(command.load())


def test_no_index_will_take_it() -> None:
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_every_dependency_is_pinned_for_a_repeatable_install() -> None:
    constraints = (ROOT / ".ci" / "constraints.txt").read_text()
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in constraints.splitlines()
        if "==" in line and not line.startswith("#")
    }
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["project"]["dependencies"],
        *(each for extra in extras.values() for each in extra),
    ]
    for requirement in wanted:
        name = re.split(r"[\[<>=~! ]", requirement)[0].lower()
        assert name in pinned or name == "firsthand", requirement


def test_no_host_and_no_path_of_a_machine_is_named() -> None:
    for name in ("pyproject.toml", ".ci/constraints.txt", "Makefile"):
        text = (ROOT / name).read_text()
        assert not re.search(r"https?://|--index-url|--find-links|file:", text), name
        assert not re.search(r"(?<![\w$.])/(home|root|work|Users|usr/local)/", text), name


def test_nothing_imports_what_is_only_there_for_tests() -> None:
    """The packages run with their dependencies alone: no test, demo or lint extra is needed."""
    program = """
import importlib, pkgutil, sys
for name in "pytest hypothesis skimage skvideo pygame psycopg matplotlib tests".split():
    sys.modules[name] = None
for package in ("ledger", "signer", "verifier", "api"):
    top = importlib.import_module(package)
    for found in pkgutil.walk_packages(top.__path__, package + "."):
        if not found.name.startswith("ledger.migrations."):  # scripts that alembic runs
            importlib.import_module(found.name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
