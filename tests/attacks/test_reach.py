"""Nobody goes where a hostile file would have them go: to the network, or to another's file."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import c2pa
import pytest

from tests import media
from verifier.compare.compare import compare_in, read_medium
from verifier.compare.engines import ENGINES
from verifier.detector.as_json import examination_json
from verifier.detector.examine import examine_in
from verifier.errors import VerifierError
from verifier.media.sandbox import Sandbox

from .attack import Evidence
from .judge import judge
from .reach import Lure, lures
from .watch import Calls, Eye, Listener, listening, watching
from .world import World

TOKEN = "Nobody named this file."
needs_eyes = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def canary(tmp_path: Path, world: World) -> Path:
    """Return a folder whose files a reader may open, and whose words are found again."""
    folder = tmp_path / "canary"
    folder.mkdir()
    clip = folder / "canary.ts"
    media.run_ffmpeg("-i", str(world.clip), "-t", "0.2", "-metadata", f"title={TOKEN}", str(clip))
    (folder / "canary.txt").write_text(TOKEN)
    (folder / "canary.jpg").write_bytes(world.tiny)
    return folder


@pytest.fixture
def lure(listener: Listener, canary: Path) -> Lure:
    return Lure(f"127.0.0.1:{listener.port}", canary)


@pytest.fixture
def eye(canary: Path) -> Iterator[Eye]:
    with watching(canary) as eye:
        yield eye


@needs_eyes
def test_no_file_has_us_go_where_it_says(
    world: World,
    sandbox: Sandbox,
    lure: Lure,
    listener: Listener,
    eye: Eye,
    calls: Calls,
    tmp_path: Path,
) -> None:
    """Verified, with fingerprints taken, compared as suspect and as original, and examined."""
    folder = tmp_path / "lures"
    folder.mkdir()
    files = lures(world, folder, lure)
    assert len(files) > 60
    still, clip = (read_medium(files[name]) for name in ("provenance.png", "reference.mov"))
    calls.counts = True
    for path in files.values():
        said = str(judge(Evidence(path=path), world, sandbox).to_json())
        medium = read_medium(path)
        known = clip if medium.asset.media_type.kind in ("clip", "recording") else still
        for one, other in ((known, medium), (medium, known)):
            with contextlib.suppress(VerifierError):
                said += str(compare_in(sandbox, one, other, ENGINES).to_json())
        found = examine_in(sandbox, path, medium.asset.media_type)
        said += str(examination_json(found))
        assert TOKEN not in said, path
        assert (listener.heard, eye.opened(), calls.made) == ([], set(), []), path


@needs_eyes
def test_a_reader_that_goes_there_would_be_heard_and_seen(
    world: World, lure: Lure, listener: Listener, eye: Eye, tmp_path: Path
) -> None:
    """c2pa-python out of the box, and ffmpeg as everybody calls it."""
    files = lures(world, tmp_path, lure)
    for name in ("remote.jpg", "provenance.jpg"):
        with contextlib.suppress(c2pa.C2paError), files[name].open("rb") as stream:
            c2pa.Reader("image/jpeg", stream).close()
        assert b"GET /lure" in b"".join(listener.heard), name
        listener.heard.clear()
    play(files["hls-web.m3u8"], "-protocol_whitelist", "file,http,tcp")
    assert b"GET /lure.ts" in b"".join(listener.heard)
    assert eye.opened() == set()
    play(files["hls-file.m3u8"])  # with no option at all
    assert eye.opened() == {"canary.ts"}
    listener.heard.clear()
    play(files["data-alias.mov"], "-enable_drefs", "1", "-use_absolute_path", "1")
    assert eye.opened() == {"canary.ts"}


def play(path: Path, *options: str) -> None:
    """Decode a file with ffmpeg, as it is."""
    command = [str(media.ffmpeg_path()), "-v", "error", "-nostdin", *options, "-i", str(path)]
    subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=False, timeout=60)


def test_the_network_is_cut_off_where_hostile_files_are_read(sandbox: Sandbox) -> None:
    """So that no name is looked up there either."""
    isolation = sandbox.isolation()
    assert isolation.network or isolation.tcp
