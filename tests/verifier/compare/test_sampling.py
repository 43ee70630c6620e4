"""An edge that two samplings show differently is no difference; another content is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from bench.edits import HONEST, chained, cropped, screenshot, untouched
from tests import media
from verifier.compare.changes import find_changes, regions_of
from verifier.compare.picture import compare_pictures, picture_of, picture_of_thumbnail
from verifier.compare.placement import Frames
from verifier.compare.result import RegionKind
from verifier.compare.sampling import beyond
from verifier.fingerprint.thumbnail import make_thumbnail


def slowly(ours: Frames, theirs: Frames) -> Frames:
    """`beyond`, pixel by pixel."""
    height, width = ours.shape
    found = np.zeros_like(ours)
    for y in range(height):
        for x in range(width):
            beside = [theirs[(y + dy) % height, (x + dx) % width] for dy, dx in ((0, 1), (1, 0))]
            beside += [theirs[y - 1, x], theirs[y, x - 1]]
            near = [theirs[y, x], *((theirs[y, x] + each) / 2 for each in beside)]
            found[y, x] = max(ours[y, x] - max(near), min(near) - ours[y, x], 0)
    return found


@given(st.integers(0, 2**32 - 1))
def test_a_pixel_is_held_against_all_that_lies_within_half_a_pixel(seed: int) -> None:
    ours, theirs = np.random.default_rng(seed).uniform(0, 255, (2, 6, 7)).astype(np.float32)
    np.testing.assert_allclose(beyond(ours, theirs), slowly(ours, theirs), rtol=1e-6)


def test_nothing_is_beyond_itself_moved_by_less_than_half_a_pixel() -> None:
    frame = np.random.default_rng(1).uniform(0, 255, (20, 30))
    for share in (0.1, 0.3, 0.5):
        moved = (1 - share) * frame + share * np.roll(frame, 1, 1)
        assert beyond(moved, frame).max() < 1e-9


def lettered(shift: float) -> Frames:
    """Twelve frames with a line of sharp white strokes near their lower edge, so far aside."""
    random = np.random.default_rng(2)
    large = ndimage.gaussian_filter(random.uniform(60, 120, (80, 120)), 3).repeat(4, 0).repeat(4, 1)
    for x in range(40, 440, 16):
        large[264:288, x : x + 8] = 250
    moved = ndimage.shift(large, (0, 4 * shift), order=1, mode="nearest")
    frame = moved.reshape(80, 4, 120, 4).mean((1, 3))
    return np.stack([frame + random.normal(0, 1, frame.shape) for _ in range(12)]).astype("f4")


def test_letters_laid_nearly_half_a_pixel_aside_are_not_named() -> None:
    everywhere = np.ones((80, 120), bool)
    assert regions_of(find_changes(lettered(0.4), lettered(0.0), everywhere)) == []


@pytest.mark.parametrize("coarse", [False, True])
def test_letters_that_were_painted_over_are_named(coarse: bool) -> None:
    ours, everywhere = lettered(0.4), np.ones((80, 120), bool)
    ours[:, 60:76, 30:60] = 90
    found = regions_of(find_changes(ours, lettered(0.0), everywhere, coarse=coarse))
    assert found
    left, top, right, bottom = found[0].box
    assert left < 45 < right
    assert top < 68 < bottom


@pytest.mark.parametrize("full", [True, False])
def test_a_plain_bar_beside_a_plain_sky_is_no_change(
    tmp_path_factory: pytest.TempPathFactory, full: bool
) -> None:
    sky = Image.open(media.photograph(tmp_path_factory.mktemp("sky"))).convert("RGB")
    sky.paste((255, 255, 255), (0, 0, sky.width, sky.height // 3))
    copy = chained(cropped(0.15), screenshot)(untouched(sky), np.random.default_rng(4))
    original = picture_of(sky) if full else picture_of_thumbnail(make_thumbnail(sky))
    found = compare_pictures(picture_of(copy.image), original, copy.image.size)
    assert found is not None
    assert RegionKind.CHANGED not in {each.kind for each in found.regions}


@pytest.mark.parametrize("how", ["contrast 1.4", "crop 20 %, gamma 1.4, q40"])
def test_an_honest_copy_of_what_is_recorded_is_left_alone(
    tmp_path_factory: pytest.TempPathFactory, how: str
) -> None:
    for make in (media.photograph, media.another_photograph):
        image = Image.open(make(tmp_path_factory.mktemp("honest"))).convert("RGB")
        copy = HONEST[how](untouched(image), np.random.default_rng(5))
        original = picture_of_thumbnail(make_thumbnail(image))
        found = compare_pictures(picture_of(copy.image), original, copy.image.size)
        assert found is not None
        assert not found.regions
