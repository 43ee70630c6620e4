"""Imports run one way, and the rule that says so can fail."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ledger", "signer", "verifier", "api")
LINTER = Path(sys.executable).with_name("lint-imports")

pytest.importorskip("importlinter", reason="the lint extra is not installed")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the four packages and of the contracts."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    """Check the contracts of a copy; return the exit code and what was said, in one line."""
    done = subprocess.run(
        [LINTER, "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "400"},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_imports_run_one_way(copy: Path) -> None:
    code, said = lint(copy)
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("ledger/entry.py", "import verifier.report", "Imports run one way"),
        ("ledger/vocabulary.py", "import api.settings", "Imports run one way"),
        ("signer/manifest.py", "import verifier.report", "Imports run one way"),
        ("verifier/report.py", "import signer.actions", "Imports run one way"),
        ("ledger/merkle.py", "import sqlalchemy", "formats and proofs are pure"),
        ("verifier/conclude.py", "import numpy", "The verdict is pure"),
    ],
)
def test_an_import_the_other_way_is_told(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / file
    path.write_text(f"{path.read_text()}\n{line}\n")
    code, said = lint(copy)
    assert code == 1, said
    broken = [each for each in said.split("KEPT") if "BROKEN" in each]
    assert any(contract in each for each in broken), said


def imports_of(path: Path) -> set[str]:
    """Return the top-level names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def test_the_c2pa_engine_has_one_door_in_each_package_that_needs_it() -> None:
    doors = {str(path.relative_to(ROOT)) for path in sources() if "c2pa" in imports_of(path)}
    assert doors == {"signer/_c2pa.py", "verifier/_c2pa.py"}


def test_no_file_is_longer_than_a_person_reads() -> None:
    longest = {path: len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {str(path): length for path, length in longest.items() if length > 400} == {}


def test_nothing_is_run_through_a_shell() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword):
                assert node.arg != "shell", path
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("system", "popen"), path
