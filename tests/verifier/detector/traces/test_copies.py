"""A part that was copied within a picture is found, and what repeats by nature is not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

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


@pytest.mark.parametrize("quality", [95, 85])
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


def test_a_pattern_that_repeats_everywhere_is_no_copy() -> None:
    tile = np.random.default_rng(3).integers(0, 256, (60, 60, 3), np.uint8)
    assert strength(Image.fromarray(np.tile(tile, (8, 10, 1)))) < USUAL["copy-move"]


def test_skies_edges_and_noise_hold_no_copy(tmp_path: Path) -> None:
    sky = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    edges = Image.new("RGB", (640, 480), "navy")
    draw = ImageDraw.Draw(edges)
    for offset in range(0, 1400, 90):
        draw.line((offset - 500, 0, offset, 480), "white", 4)
    noise = np.random.default_rng(4).integers(0, 256, (480, 640, 3), np.uint8)
    for picture in (sky, edges, Image.fromarray(noise)):
        assert "copy-move" not in codes(traces(jpeg(picture, 90), tmp_path))
