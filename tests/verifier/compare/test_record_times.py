"""Speeds told from a record, of which few frames tell: none is alleged that does not show."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from verifier.compare.clip import map_clip
from verifier.compare.result import Segment, SegmentKind
from verifier.fingerprint.luma import Thumbnails, steadied

Floats = npt.NDArray[np.float64]
FRAMES, RATE = 200, 24.0
SIZE = (640, 360)


def seen(seed: int, *, bursts: int) -> Floats:
    """A wall before a camera that is moved; with `bursts`, for half a second now and then only."""
    random = np.random.default_rng(seed)
    wall = ndimage.gaussian_filter(random.normal(0, 1, (120, 160)), 2.0)
    steps = ndimage.gaussian_filter1d(random.normal(0, 1, (2, FRAMES + 40)), 8, 1)[:, 20:-20]
    moves = np.full(FRAMES, bursts == 0)
    for _ in range(bursts):
        start = int(random.integers(0, FRAMES - 12))
        moves[start : start + 12] = True
    path = np.cumsum(steps * moves, 1)
    path -= path.mean(1, keepdims=True)
    path *= 20 / np.abs(path).max()
    y, x = np.mgrid[0:36, 0:64]
    shown = [ndimage.map_coordinates(wall, [y + 42 + b, x + 48 + a], order=1) for b, a in path.T]
    return np.asarray(np.stack(shown) / wall.std() * 50 + 128)


def record(frames: Floats) -> Thumbnails:
    luma = frames[::6].clip(0, 255).astype(np.uint8)
    return steadied(Thumbnails(np.arange(0, FRAMES, 6) / RATE, luma, FRAMES / RATE, SIZE))


def played(frames: Floats, speed: float, frames_per_second: float, late: int = 0) -> Thumbnails:
    """A copy: of each of its frames the nearest of the original's, and a codec's noise."""
    times = np.arange(0, FRAMES / RATE / speed - 0.05, 1 / frames_per_second)
    moments = (times - late / frames_per_second) * speed
    shown = frames[np.round(moments * RATE).astype(int).clip(0, FRAMES - 1)]
    noise = np.random.default_rng(2).normal(0, 2, shown.shape)
    luma = (shown + noise).clip(0, 255).astype(np.uint8)
    return Thumbnails(times, luma, FRAMES / RATE / speed, SIZE)


def told(suspect: Thumbnails, original: Thumbnails) -> tuple[Segment, ...]:
    found = map_clip(suspect, [original])
    assert found is not None
    return found.shown.segments


@pytest.mark.parametrize("seed", [3, 7])
def test_a_copy_at_25_frames_of_a_clip_that_seldom_moves_plays_at_the_same_speed(
    seed: int,
) -> None:
    frames = seen(seed, bursts=3)
    (segment,) = told(played(frames, 1.0, 25), record(frames))
    assert segment.kind is SegmentKind.SAME


@pytest.mark.parametrize(("frames_per_second", "late"), [(10, 2), (12, 2), (15, 2), (25, 5)])
def test_a_copy_that_shows_the_first_frame_for_longer_begins_with_nothing_else(
    frames_per_second: float, late: int
) -> None:
    frames = seen(0, bursts=0)
    (segment,) = told(played(frames, 1.0, frames_per_second, late), record(frames))
    assert segment.kind is SegmentKind.SAME


def test_what_no_frame_on_record_shows_is_told_to_be_from_elsewhere() -> None:
    frames = seen(0, bursts=0)
    suspect = played(frames, 1.0, 25)
    dark = suspect.luma.copy()
    dark[:10] = 16
    first, second = told(replace(suspect, luma=dark), record(frames))
    assert (first.kind, second.kind) == (SegmentKind.INSERTED, SegmentKind.SAME)
    assert first.suspect == pytest.approx((0, 0.4), abs=0.1)


@pytest.mark.parametrize("speed", [0.95, 0.97, 1.03, 1.07])
def test_a_clip_that_moves_and_plays_a_few_percent_faster_or_slower_is_said_to(
    speed: float,
) -> None:
    frames = seen(0, bursts=0)
    (segment,) = told(played(frames, speed, RATE), record(frames))
    assert segment.rate == pytest.approx(speed, abs=0.01)
