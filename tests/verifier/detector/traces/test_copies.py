"""A part that was copied within a picture is found, and what repeats by nature is not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage

from verifier.detector.traces.overlay import Planes, lay_over
from verifier.detector.traces.pairs import Affine, moves
from verifier.detector.traces.sight import USUAL, of_copies

from .make import CALM, again, codes, covered, jpeg, photograph, seen, traces


def strength(image: Image.Image) -> float:
    return max((each.strength for each in of_copies(seen(image))), default=0.0)


def with_copy(name: str, box: tuple[int, int, int, int], to: tuple[int, int]) -> Image.Image:
    picture = photograph(name).copy()
    picture.paste(picture.crop(box), to)
    return picture


@pytest.mark.parametrize("name", [*CALM, "brick.png"])
@pytest.mark.parametrize("quality", [None, 85])
def test_photographs_even_of_bricks_hold_no_copy(name: str, quality: int | None) -> None:
    picture = photograph(name)
    assert strength(again(picture, quality) if quality else picture) < USUAL["copy-move"]


def test_a_surface_that_was_made_seamless_by_copying_is_told_to_hold_a_copy() -> None:
    (told,) = of_copies(seen(photograph("grass.png")))
    assert told.strength > USUAL["copy-move"]


@pytest.mark.parametrize("quality", [95, 85, 75])
def test_a_copied_part_is_found_where_it_is(quality: int, tmp_path: Path) -> None:
    copied = with_copy("motorcycle_left.png", (100, 300, 260, 420), (510, 43))
    found = traces(jpeg(copied, quality), tmp_path)
    told = next(each for each in found if each.code == "copy-move")
    assert covered(told, (100, 300, 160, 120)) > 0.5
    assert covered(told, (510, 43, 160, 120)) > 0.5
    assert "410 pixels across and 257 down" in told.sentence


def test_a_turned_and_smaller_copy_is_found() -> None:
    picture = photograph("motorcycle_left.png").copy()
    part = picture.crop((250, 150, 500, 350)).convert("RGBA")
    part = part.rotate(14, Image.Resampling.BICUBIC, expand=True)
    part = part.resize((part.width * 9 // 10, part.height * 9 // 10), Image.Resampling.BICUBIC)
    picture.paste(part, (20, 20), part)
    (told,) = of_copies(seen(again(picture, 90)))
    assert told.strength > USUAL["copy-move"]
    assert 11 < abs(told.notes["degrees"]) < 17
    assert 0.87 < min(told.notes["factor"], 1 / told.notes["factor"]) < 0.93


@pytest.mark.parametrize("coarse", [1, 4])
def test_a_pattern_that_repeats_everywhere_is_no_copy(coarse: int) -> None:
    tile = np.random.default_rng(3).integers(0, 256, (60 // coarse, 60 // coarse, 3), np.uint8)
    large = Image.fromarray(tile).resize((60, 60), Image.Resampling.BICUBIC)
    assert strength(Image.fromarray(np.tile(np.asarray(large), (8, 10, 1)))) < USUAL["copy-move"]


def test_skies_edges_and_noise_hold_no_copy(tmp_path: Path) -> None:
    sky = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    edges = Image.new("RGB", (640, 480), "navy")
    draw = ImageDraw.Draw(edges)
    for offset in range(0, 1400, 90):
        draw.line((offset - 500, 0, offset, 480), "white", 4)
    noise = np.random.default_rng(4).integers(0, 256, (480, 640, 3), np.uint8)
    for picture in (sky, edges, Image.fromarray(noise)):
        assert "copy-move" not in codes(traces(jpeg(picture, 90), tmp_path))


def cloud(seed: int, height: int = 400, width: int = 560) -> np.ndarray:
    """A plane of detail that nowhere repeats."""
    noise = np.random.default_rng(seed).normal(0, 60, (height, width))
    return np.asarray(128 + ndimage.gaussian_filter(noise, 1.5) * 3, np.float32)


def turned_into(plane: np.ndarray, degrees: float, factor: float, to: tuple[int, int]) -> Affine:
    """Lay 120 by 120 pixels around (120, 150) around `to`, both x and y; give the move that did."""
    cos, sin = factor * np.cos(np.radians(degrees)), factor * np.sin(np.radians(degrees))
    linear = np.array([[cos, -sin], [sin, cos]])
    move = np.column_stack([linear, np.array(to) - linear @ (120, 150)])
    y, x = np.indices(plane.shape) + 0.5
    back = np.linalg.inv(linear)
    at = np.einsum("ij,jyx->iyx", back, np.stack([x, y]) - move[:, 2, None, None])
    inside = (np.abs(at - np.array([120, 150])[:, None, None]) < 60).all(0)
    source = ndimage.map_coordinates(plane, at[::-1] - 0.5, order=3, mode="nearest")
    plane[inside] = source[inside]
    return move


def off(move: Affine, truth: Affine) -> float:
    """By how many pixels a move errs at the corners of what was copied, at most."""
    corners = np.array([(60, 90), (180, 90), (60, 210), (180, 210)])
    return float(np.abs(corners @ (move - truth)[:, :2].T + (move - truth)[:, 2]).max())


def test_the_move_of_a_turned_copy_is_found_far_from_the_corner_that_places_are_counted_from() -> (
    None
):
    plane = np.pad(cloud(5), ((900, 0), (900, 0)), mode="edge")
    truth = turned_into(plane[900:, 900:], 25, 1.2, (400, 200))
    shift = np.array([900.0, 900.0])
    truth[:, 2] += shift - truth[:, :2] @ shift
    found = min((off(move, truth) for move, _ in moves(plane)), default=99.0)
    back = np.linalg.inv(np.vstack([truth, [0, 0, 1]]))[:2]
    assert min([found, *(off(move, back) for move, _ in moves(plane))]) < 4


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
@settings(max_examples=10, deadline=None)
def test_a_move_that_is_a_little_off_is_refined(right: float, down: float, lean: float) -> None:
    plane = cloud(6)
    truth = turned_into(plane, -20, 0.9, (400, 200))
    bent = np.array([[1 + lean / 100, 0], [0, 1 - lean / 100]])
    linear = truth[:, :2] @ bent
    guess = np.column_stack([linear, np.array([400 + right, 200 + down]) - linear @ (120, 150)])
    places = np.stack(np.meshgrid([80.0, 120, 160], [110.0, 150, 190]), 2).reshape(-1, 2)
    found = lay_over(Planes.of(plane), guess, places)
    assert found is not None
    assert off(found.move, truth) < 0.3
    assert found.evidence > 0.9
    assert (found.one & found.other).sum() == 0


def test_what_agrees_only_by_its_edges_is_no_evidence() -> None:
    """Two frames alike, with other things in them."""
    plane = cloud(7)
    for left in (40, 300):
        plane[100:280:30, left : left + 180] = 250
        plane[100:280, left : left + 180 : 30] = 250
    places = np.stack(np.meshgrid(np.arange(40.0, 220, 30), np.arange(100.0, 280, 30)), 2)
    found = lay_over(Planes.of(plane), np.array([[1, 0, 260.0], [0, 1, 0]]), places.reshape(-1, 2))
    assert found is None or found.evidence < 0.3


@pytest.mark.parametrize("shape", [(64, 64), (65, 900), (8, 8)])
def test_the_smallest_planes_are_paired_without_harm(shape: tuple[int, int]) -> None:
    plane = cloud(8, *shape)
    assert [lay_over(Planes.of(plane), *each) for each in moves(plane)].count(None) >= 0
