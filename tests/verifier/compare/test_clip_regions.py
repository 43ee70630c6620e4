"""What small frames of a record cannot tell is no difference of a copy; what they can tell is."""

import numpy as np
import pytest
from scipy import ndimage

from verifier.compare.changes import find_changes, regions_of
from verifier.compare.clip_regions import regions_by_record
from verifier.compare.geometry import find_placement, over
from verifier.compare.placed import Laid, describe
from verifier.compare.placement import Frames
from verifier.compare.result import WHOLE
from verifier.fingerprint.luma import Thumbnails, frame_size, steadied

COUNT, WIDTH, HEIGHT = 24, 640, 480
TOP, BOTTOM = 56, 424  # of the picture, between its black bars


def clip(painted: int | None = None) -> Frames:
    """Something that shakes behind a caption of fine lines, between black bars."""
    random = np.random.default_rng(3)
    scene = ndimage.gaussian_filter(random.uniform(0, 255, (HEIGHT + 80, WIDTH + 80)), 9)
    scene = 128 + (scene - scene.mean()) * 80 / scene.std() / 2
    frames = np.zeros((COUNT, HEIGHT, WIDTH), np.float32)
    for frame in frames:
        x, y = random.integers(0, 80, 2)
        frame[TOP:BOTTOM] = scene[y : y + BOTTOM - TOP, x : x + WIDTH].clip(0, 255)
        for line in range(360, BOTTOM, 20):
            frame[line : line + 10, 60:580] = 240
            frame[line + 10 : line + 20, 60:580] = 20
        if painted is not None:
            frame[200:290, 380:480] = painted
    return frames


def shrunk(frames: Frames, rows: int, columns: int) -> Frames:
    """Frames scaled by averaging."""
    for axis, count in ((1, rows), (2, columns)):
        length = frames.shape[axis]
        edges = np.linspace(0, length, count + 1)
        sums = np.concatenate(
            [np.zeros_like(frames.take([0], axis)), np.cumsum(frames, axis, dtype=np.float64)], axis
        )
        low = edges.astype(int).clip(0, length - 1)
        share = (edges - low).reshape([-1 if a == axis else 1 for a in range(3)])
        at = sums.take(low, axis) * (1 - share) + sums.take(low + 1, axis) * share
        frames = (np.diff(at, axis=axis) * count / length).astype(np.float32)
    return frames


def thumbnails(frames: Frames, part: tuple[float, float, float, float] = WHOLE) -> Thumbnails:
    top, bottom = (round(part[side] * HEIGHT) for side in (1, 3))
    width, height = frame_size((WIDTH, bottom - top))
    small = shrunk(frames[:, top:bottom], height, width).round().astype(np.uint8)
    return Thumbnails(np.arange(COUNT) / 4, small, COUNT / 4, (WIDTH, HEIGHT), part)


@pytest.fixture(scope="module")
def record() -> Thumbnails:
    return steadied(thumbnails(clip()))


def laid(suspect: Thumbnails, record: Thumbnails) -> Laid:
    ours, theirs = (each.luma.astype(np.float32) for each in (suspect, record))
    even = suspect.pixel_aspect / record.pixel_aspect
    placement, box, _, fit = find_placement(ours, theirs, even)
    geometry = describe(placement, box, suspect, record)
    return Laid(0, geometry, placement, fit, (np.arange(COUNT), np.arange(COUNT)))


def test_no_stretch_is_supposed_that_a_row_of_a_border_at_either_side_explains() -> None:
    box, even = (0, 0, 64, 27), 0.987  # of 27.3 rows; in the record they are 28, or seem to be
    for rows in ((4, 32), (4, 31), (5, 32)):
        found = over(box, (0, rows[0], 64, rows[1]), even)
        assert found.scale[0] / found.scale[1] == pytest.approx(even)
        assert found.scale[1] * 13.5 + found.offset[1] == pytest.approx(sum(rows) / 2)
    wide = over(box, (0, 0, 64, 36), even)  # pressed flat: nothing else explains that
    assert wide.scale == pytest.approx((1, 36 / 27))
    assert wide.offset == pytest.approx((0, 0))


@pytest.mark.parametrize("painted", [None, 128])
def test_fine_lines_are_compared_where_a_record_sampled_them(
    record: Thumbnails, painted: int | None
) -> None:
    suspect = clip(painted)
    large = shrunk(suspect[:, TOP:BOTTOM], 147, 256).round().astype(np.uint8)
    small = thumbnails(suspect, (0.0, TOP / HEIGHT, 1.0, BOTTOM / HEIGHT))
    found = regions_by_record(laid(small, record), small, record, large)
    assert len(found) == (painted is not None)
    for left, top, width, height in (each.box for each in found):
        assert left < 430 < left + width
        assert top < 245 < top + height


@pytest.mark.parametrize(("brighter", "told"), [(3.5, False), (14, True)])
def test_a_wall_that_grew_brighter_by_less_than_a_record_tells_is_no_change(
    brighter: float, told: bool
) -> None:
    random = np.random.default_rng(4)
    frame = ndimage.gaussian_filter(random.uniform(0, 255, (48, 64)), 2)
    frame[10:40, 36:] = 150
    ours = frame + random.normal(0, 0.5, (12, 48, 64))
    theirs = np.repeat(frame[None], 12, 0)
    ours[:, 12:38, 40:60] += brighter
    everywhere = np.ones(frame.shape, bool)
    found = find_changes(
        ours.astype(np.float32), theirs.astype(np.float32), everywhere, coarse=True
    )
    assert bool(regions_of(found)) is told
