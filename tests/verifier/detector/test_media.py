"""The list of media: what it names is laid out from clones, and nothing else is."""

import io
import lzma
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
import pytest
from PIL import Image

from bench.training.media import (
    LIST,
    Cut,
    Medium,
    by_repository,
    clip_cut_out,
    clone,
    cut_out,
    lay,
    read,
    under,
    written,
)
from ledger.asset import detect_media_type
from tests.media import run_ffmpeg
from verifier.media.ffmpeg import decoding, open_stream, probe_json
from verifier.media.picture import GREY


def _picture(colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def cloned(tmp_path: Path) -> tuple[Path, str]:
    place = tmp_path / "clones" / "somebody+pictures"
    (place / "a folder").mkdir(parents=True)
    whole = Image.new("RGB", (40, 30), (0, 0, 255))
    whole.paste((255, 0, 0), (10, 5, 30, 25))
    whole.save(place / "a folder" / "grid.png")
    (place / "photo.png").write_bytes(_picture((0, 255, 0)))
    git = shutil.which("git")
    assert git is not None
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "pictures")):
        subprocess.run([git, "-C", str(place), *command], check=True)
    told = subprocess.run(
        [git, "-C", str(place), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return tmp_path / "clones", told.stdout.strip()


def _medium(path: str, commit: str, source: str, cut: Cut | None) -> Medium:
    return Medium(PurePosixPath(path), "somebody/pictures", commit, source, cut)


def test_files_are_laid_out_whole_and_cut(cloned: tuple[Path, str], tmp_path: Path) -> None:
    clones, commit = cloned
    git = clone(clones, "somebody/pictures")
    assert git is not None
    media = [
        _medium("image/real_a/photo.png", commit, "photo.png", None),
        _medium("image/fake_b/part.png", commit, "a folder/grid.png", Cut(10, 5, 20, 20, 6)),
        _medium("image/fake_b/unpacked.png", commit, "a folder/grid.png", Cut(10, 5, 20, 20, 0)),
    ]
    assert lay(media, git, tmp_path / "out") == []
    assert (tmp_path / "out/image/real_a/photo.png").read_bytes() == _picture((0, 255, 0))
    parts = [tmp_path / "out/image/fake_b" / each for each in ("part.png", "unpacked.png")]
    for each in parts:
        with Image.open(each) as part:
            assert part.getcolors() == [(400, (255, 0, 0))]
    assert parts[0].stat().st_size < parts[1].stat().st_size


def test_what_is_transparent_lies_over_grey_as_wherever_a_picture_is_opened() -> None:
    data = io.BytesIO()
    Image.new("RGBA", (40, 30), (255, 0, 0, 0)).save(data, "PNG")
    with Image.open(io.BytesIO(cut_out(data.getvalue(), Cut(10, 5, 20, 20, 6)))) as part:
        assert part.getcolors() == [(400, (GREY, GREY, GREY))]


def test_a_part_of_a_clip_is_its_frames_alone(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    two = "color=red:s=64x48:d=0.4[a];color=blue:s=64x48:d=0.4[b];[a][b]hstack"
    run_ffmpeg("-f", "lavfi", "-i", two, "-f", "lavfi", "-i", "sine=d=0.4", str(whole))
    part = tmp_path / "part.mp4"
    part.write_bytes(clip_cut_out(whole.read_bytes(), Cut(64, 0, 64, 48, 18)))
    kind = detect_media_type(part.read_bytes()[:4096])
    (stream,) = cast("list[dict[str, object]]", probe_json(part, kind)["streams"])
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 64, 48)
    with decoding(open_stream(part, kind, "V:0"), format="rawvideo", pix_fmt="rgb24") as frames:
        red, _, blue = np.frombuffer(frames.read(), np.uint8).reshape(-1, 3).mean(0)
    assert blue > 200 > 50 > red


def test_what_a_clone_lacks_is_named_and_the_rest_is_laid_out(
    cloned: tuple[Path, str], tmp_path: Path
) -> None:
    clones, commit = cloned
    git = clone(clones, "somebody/pictures")
    assert git is not None
    media = [
        _medium("a.png", "0" * 40, "photo.png", None),
        _medium("b.png", commit, "no such file.png", None),
        _medium("c.png", commit, "a folder", None),
        _medium("d.png", commit, "photo.png", None),
    ]
    assert lay(media, git, tmp_path / "out") == media[:3]
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["d.png"]
    assert clone(clones, "somebody/else") is None


@pytest.mark.parametrize("inner", [".", ".git", "repo", "repo/.git"])
def test_a_clone_is_found_bare_or_not_in_its_folder_or_in_repo_within_it(
    tmp_path: Path, inner: str
) -> None:
    git = tmp_path / "somebody+pictures" / inner
    git.mkdir(parents=True)
    (git / "HEAD").touch()
    assert clone(tmp_path, "somebody/pictures") == git


def test_folders_are_laid_out_and_not_those_whose_names_begin_alike() -> None:
    media = [
        _medium(path, "0" * 40, "photo.png", None)
        for path in ("image/measure/real_a/a.png", "image/measure2/real_b/b.png", "face/c.png")
    ]
    assert list(under(media, ["image/measure"])) == media[:1]
    assert list(under(media, ["image", "face"])) == media
    assert list(under(media, [""])) == media


def test_what_lies_there_already_is_left(cloned: tuple[Path, str], tmp_path: Path) -> None:
    clones, commit = cloned
    git = clone(clones, "somebody/pictures")
    assert git is not None
    (tmp_path / "d.png").write_bytes(b"mine")
    assert lay([_medium("d.png", commit, "photo.png", None)], git, tmp_path) == []
    assert (tmp_path / "d.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "row",
    [
        "../out.png,a/b,c,d.png,\n",
        "/etc/out.png,a/b,c,d.png,\n",
        'out.png,a/b,c,"two\nlines.png",\n',
        "out.png,a/b,c,d.png,1:2:3\n",
        "out.png,a/b,c,d.png,1:2:3:4\n",
        "out.png,a/b,c,d.png\n",
    ],
)
def test_a_row_that_would_lie_elsewhere_or_is_none_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match=r"lie|holds|left|unpack"):
        list(read(lzma.compress(row.encode())))


def test_the_list_is_written_as_it_is_read() -> None:
    data = LIST.read_bytes()
    media = list(read(data))
    assert list(read(written(reversed(media)))) == media
    assert len({each.path for each in media}) == len(media)


def test_no_repository_is_both_trained_and_measured_on() -> None:
    media = list(read(LIST.read_bytes()))
    for subject in {each.path.parts[0] for each in media}:
        some = [each for each in media if each.path.parts[0] == subject]
        learnt, measured = (
            set(by_repository(each for each in some if _measured(each) == which))
            for which in (False, True)
        )
        assert learnt & measured == set(), subject


def _measured(medium: Medium) -> bool:
    return medium.path.parts[1].startswith(("measure", "third"))
