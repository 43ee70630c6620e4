"""A picture that moves is a clip: made of one, recorded, and compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ledger.asset import Kind
from tests import media
from verifier.compare.compare import Kept, compare_in, read_medium
from verifier.compare.engines import ENGINES
from verifier.errors import NotComparable
from verifier.fingerprint import compute_in
from verifier.fingerprint.match import match
from verifier.media.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A clip, and its first seconds as a GIF and as a WebP, the latter a second shorter inside."""
    folder = tmp_path_factory.mktemp("moving")
    clip, gif = media.clip(folder), folder / "copy.gif"
    media.run_ffmpeg("-t", "6", "-i", str(clip), "-vf", "fps=12.5,scale=240:-2", str(gif))
    with Image.open(gif) as image:
        shown = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            if not 25 <= number < 40:
                shown.append(image.convert("RGB"))
    webp = folder / "cut.webp"
    shown[0].save(webp, save_all=True, append_images=shown[1:], duration=80, quality=40, method=0)
    return {"clip": clip, "gif": gif, "webp": webp}


def test_a_gif_made_of_a_clip_is_its_excerpt(sandbox: Sandbox, files: dict[str, Path]) -> None:
    clip, gif = read_medium(files["clip"]), read_medium(files["gif"])
    found = compare_in(sandbox, clip, gif, ENGINES)
    assert [each.kind for each in found.time_map] == ["same"]
    assert found.time_map[0].original == pytest.approx((0, 6), abs=0.1)


def test_what_a_webp_leaves_out_of_a_recorded_gif_is_found(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    gif, webp = read_medium(files["gif"]), read_medium(files["webp"])
    kept = compute_in(sandbox, gif.path, gif.media_type)
    assert {"picture-phash", "clip-phash", "clip-luma"} <= {each.algorithm for each in kept}
    found = compare_in(sandbox, Kept(Kind.PICTURE, kept), webp, ENGINES)
    ((first, last),) = found.removed
    assert (first, last) == pytest.approx((2.0, 3.2), abs=0.16)


def test_a_moving_picture_is_found_among_clips(sandbox: Sandbox, files: dict[str, Path]) -> None:
    prints = {
        name: compute_in(sandbox, path, read_medium(path).media_type)
        for name, path in files.items()
    }
    near = match(7, prints["webp"], prints["clip"])
    assert near is not None
    assert near.kind is Kind.CLIP


def test_a_still_picture_is_not_compared_with_a_moving_one(
    sandbox: Sandbox, files: dict[str, Path], tmp_path: Path
) -> None:
    still = read_medium(media.photograph(tmp_path))
    with pytest.raises(NotComparable, match="a picture cannot be compared with a clip"):
        compare_in(sandbox, read_medium(files["gif"]), still, ENGINES)
