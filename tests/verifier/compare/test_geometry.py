"""How small frames of a copy are laid over those of its original, whatever was laid over them."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from verifier.compare.geometry import find_placement
from verifier.compare.placement import Frames

COUNT, WIDTH, HEIGHT = 20, 640, 360
SMALL = (64, 36)


def scene() -> Frames:
    """A camera that stands still before something of which little moves."""
    random = np.random.default_rng(2)
    still = ndimage.gaussian_filter(random.uniform(0, 255, (HEIGHT, WIDTH)), 7)
    still = 120 + (still - still.mean()) * 25 / still.std()
    frames = np.repeat(still[None], COUNT, 0).astype(np.float32)
    for number, frame in enumerate(frames):
        frame[150:200, 20 + 25 * number : 60 + 25 * number] = 220
    return frames


def small(frames: Frames, size: tuple[int, int] = SMALL) -> Frames:
    pictures = (Image.fromarray(each.clip(0, 255).astype(np.uint8)) for each in frames)
    return np.array([each.resize(size, Image.Resampling.BOX) for each in pictures], np.float32)


def cropped(frames: Frames, left: int, top: int) -> Frames:
    """85 % of each side, as large as before."""
    part = (left, top, left + round(0.85 * WIDTH), top + round(0.85 * HEIGHT))
    pictures = (Image.fromarray(each.clip(0, 255).astype(np.uint8)) for each in frames)
    size = WIDTH, HEIGHT
    return np.array([each.crop(part).resize(size) for each in pictures], np.float32)


@pytest.mark.parametrize("rows", [slice(310, 360), slice(0, 50)])
def test_a_banner_with_letters_does_not_hide_where_a_cropped_copy_lies(rows: slice) -> None:
    original = scene()
    suspect = cropped(original, 40, 20)
    suspect[:, rows] = 20
    for letter in range(12):
        left = 30 + 50 * letter
        suspect[:, rows.start + 15 : rows.start + 38, left : left + 12 + letter % 5 * 3] = 250
    placement, box, part, fit = find_placement(small(suspect), small(original))
    assert placement.scale == pytest.approx((0.85, 0.85), rel=0.02)
    assert placement.offset == pytest.approx((4.0, 2.0), abs=0.5)
    assert fit > 0.8
    high = box[3] - box[1]
    assert high >= 35  # the banner is a part of the copy, of which something is said
    assert part[3] - part[1] == high - 9  # but not of what it is laid by


def test_a_copy_that_was_cropped_and_stretched_to_another_shape_is_laid() -> None:
    original = scene()[:, 40:320]  # wider than the copy
    crop = original[:, 20:258, 40:584]
    stretched = np.array([Image.fromarray(each).resize((WIDTH, HEIGHT)) for each in crop])
    placement, _, _, fit = find_placement(small(stretched), small(original, (64, 28)))
    assert placement.scale == pytest.approx((0.85, 0.85 * 28 / 36), rel=0.02)
    assert fit > 0.8
