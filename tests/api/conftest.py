"""A home, and real media of every type that can be signed."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.home import create_home, open_home
from api.services import Services
from tests import media
from verifier.media.sandbox import Sandbox

ORIGIN = "log.example/tests"
EMBEDDED = ("jpg", "png", "webp", "tif", "mp4", "mov", "wav", "mp3", "flac", "m4a", "pdf")
BESIDE = ("mkv", "webm", "ogg", "txt")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that nobody may change: copy it."""
    path = tmp_path_factory.mktemp("homes") / "empty"
    create_home(path, origin=ORIGIN, name="The tests", now=datetime.now(UTC))
    return path


@pytest.fixture
def home(empty_home: Path, tmp_path: Path) -> Path:
    """Return an empty home of the test's own."""
    return Path(shutil.copytree(empty_home, tmp_path / "home"))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def services(home: Path, sandbox: Sandbox) -> Services:
    return Services(open_home(home), sandbox)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for the user's files, apart from the home."""
    path = tmp_path / "files"
    path.mkdir()
    return path


@pytest.fixture
def photograph(folder: Path) -> Path:
    return media.photograph(folder)


@pytest.fixture
def note(folder: Path) -> Path:
    """Return the file that is signed fastest."""
    path = folder / "note.txt"
    path.write_text("A caption, by hand.\n")
    return path


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one file of each type, by its usual ending."""
    folder = tmp_path_factory.mktemp("originals")
    found = {
        "jpg": media.photograph(folder),
        "mp4": media.clip_with_sound(folder),
        "wav": media.recording(folder),
        "pdf": media.pdf(folder),
        "txt": folder / "note.txt",
    }
    found["txt"].write_text("A caption, by hand.\n" * 20)
    for ending in ("png", "webp", "tif"):
        found[ending] = media.convert(found["jpg"], folder / f"photograph.{ending}")
    small = folder / "small.mp4"
    media.run_ffmpeg("-i", str(found["mp4"]), "-t", "2", "-vf", "scale=320:-2", str(small))
    for ending in ("mov", "mkv", "webm"):
        found[ending] = media.convert(small, folder / f"clip.{ending}")
    for ending in ("mp3", "flac", "m4a", "ogg"):
        found[ending] = media.convert(found["wav"], folder / f"recording.{ending}")
    return found
