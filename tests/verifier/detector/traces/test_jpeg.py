"""How often, on which grid and where a picture was compressed, is told from its pixels."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from verifier.detector.traces.blocks import ZIGZAG, coefficients
from verifier.detector.traces.earlier import earlier
from verifier.detector.traces.grid import grids, periodicity, votes
from verifier.detector.traces.jpegfile import libjpeg_quality, libjpeg_table, parse_header
from verifier.detector.traces.sight import USUAL, of_history, of_steps, of_votes

from .make import CALM, again, codes, covered, jpeg, photograph, png, seen, seen_in, traces


def strength(data: bytes, code: str = "jpeg.compressed-twice") -> float:
    return {each.code: each.strength for each in of_history(seen_in(data))}.get(code, 0.0)


def test_coefficients_are_those_of_the_cosine_transform() -> None:
    from scipy import fft

    plane = np.random.default_rng(1).normal(0, 50, (24, 40)).astype(np.float32)
    ours = coefficients(plane, tuple(range(64)), 8, 8)
    theirs = fft.dctn(plane[8:16, 16:24], norm="ortho")
    assert np.allclose(ours[0, 1].reshape(8, 8), theirs, atol=1e-3)


def test_the_zigzag_begins_as_the_standard_draws_it() -> None:
    assert ZIGZAG[:10] == (0, 1, 8, 16, 9, 2, 3, 10, 17, 24)
    assert sorted(ZIGZAG) == list(range(64))


@pytest.mark.parametrize("quality", [1, 49, 50, 75, 92, 100])
def test_the_tables_of_libjpeg_are_named(quality: int) -> None:
    data = jpeg(photograph("chelsea.png"), quality)
    assert libjpeg_quality(parse_header(data)) == quality


def test_tables_of_its_maker_are_not_given_a_quality() -> None:
    own = list(libjpeg_table(80))
    own[5] += 1
    data = jpeg(photograph("chelsea.png"), 80, qtables=[own, own])
    assert libjpeg_quality(parse_header(data)) is None


def test_progressive_files_and_restart_markers_are_seen() -> None:
    plain = parse_header(jpeg(photograph("chelsea.png"), 80))
    other = parse_header(
        jpeg(photograph("chelsea.png"), 80, progressive=True, restart_marker_blocks=3)
    )
    assert (plain.progressive, plain.restart) == (False, 0)
    assert (other.progressive, other.restart) == (True, 3)


@given(st.binary(max_size=400), st.integers(0, 600))
def test_no_header_makes_the_parser_raise(junk: bytes, cut: int) -> None:
    parse_header(b"\xff\xd8" + junk)
    whole = jpeg(photograph("chelsea.png").crop((0, 0, 16, 16)), 80)
    parse_header(whole[:cut] + junk + whole[cut:])


@pytest.mark.parametrize("name", CALM)
def test_a_picture_compressed_once_is_not_told_to_be_compressed_twice(name: str) -> None:
    for quality in (75, 90, 95):
        assert strength(jpeg(photograph(name), quality)) < USUAL["jpeg.compressed-twice"]


@pytest.mark.parametrize("name", CALM)
@pytest.mark.parametrize("pair", [(60, 90), (75, 95), (70, 85), (85, 95)])
def test_a_picture_compressed_twice_is_told_to_be(name: str, pair: tuple[int, int]) -> None:
    twice = jpeg(again(photograph(name), pair[0]), pair[1])
    assert strength(twice) > 4 * USUAL["jpeg.compressed-twice"]
    assert strength(twice, "jpeg.region-other-history") < USUAL["jpeg.region-other-history"]


@pytest.mark.parametrize("name", ["gravel.png", "grass.png", "motorcycle_left.png"])
def test_a_fine_table_before_a_coarse_one_is_told_by_all_frequencies(name: str) -> None:
    picture = photograph(name)
    twice = of_history(seen_in(jpeg(again(picture, 95), 80)))[0]
    assert twice.strength > USUAL["jpeg.compressed-twice"]
    assert twice.notes["quality"] in (94, 95, 96)
    assert strength(jpeg(picture, 80)) < 0.6 * USUAL["jpeg.compressed-twice"]


@pytest.mark.parametrize("step", [0, 1, 255, 65535])
def test_no_table_makes_the_search_for_an_earlier_one_long_or_wrong(step: int) -> None:
    look = seen(photograph("chelsea.png"))
    found = earlier(look.luma, (step,) * 64, look.clipped)
    assert (found is None) == (step == 0)
    assert found is None or found.nats < 8


def test_the_earlier_quality_is_named(tmp_path: Path) -> None:
    found = traces(jpeg(again(photograph("coffee.png"), 75), 92), tmp_path)
    told = next(each for each in found if each.code == "jpeg.compressed-twice")
    assert any(f"about quality {near} of libjpeg" in told.sentence for near in (74, 75, 76))
    assert told.does_not_show.startswith("Every site")


def test_a_part_from_elsewhere_in_a_picture_compressed_twice_is_found(tmp_path: Path) -> None:
    ground, other = again(photograph("coffee.png"), 75), photograph("chelsea.png")
    ground.paste(other.crop((100, 60, 260, 200)), (203, 101))
    found = traces(jpeg(ground, 93), tmp_path)
    told = next(each for each in found if each.code == "jpeg.region-other-history")
    assert covered(told, (203, 101, 160, 140)) > 0.7
    assert told.heat is not None
    assert max(told.heat.levels) > 128


@pytest.mark.parametrize("name", CALM)
def test_a_picture_cropped_between_two_compressions_is_told_by_how_much(name: str) -> None:
    once = again(photograph(name), 80)
    cropped = once.crop((3, 5, once.width, once.height))
    (told,) = of_steps(seen_in(jpeg(cropped, 95)))
    assert told.code == "jpeg.moved-grid"
    assert told.strength > USUAL["jpeg.moved-grid"]
    assert (told.notes["cut"], told.notes["cut_down"]) == (3, 5)
    (honest,) = of_steps(seen_in(jpeg(photograph(name), 95)))
    assert honest.strength < USUAL["jpeg.moved-grid"]


def test_a_lossless_file_that_was_jpeg_is_told_to_have_been(tmp_path: Path) -> None:
    picture = photograph("coffee.png")
    assert codes(traces(png(again(picture, 85)), tmp_path, ".png")) == {"jpeg.before"}
    assert codes(traces(png(picture), tmp_path, ".png")) == set()


def test_a_part_on_another_grid_is_found() -> None:
    ground, other = again(photograph("coffee.png"), 90), again(photograph("chelsea.png"), 85)
    honest = of_votes(seen(ground))[0].strength
    ground.paste(other.crop((100, 60, 260, 200)), (203, 101))
    (told,) = of_votes(seen(ground))
    assert told.strength > USUAL["jpeg.region-other-grid"] > honest
    assert told.mask is not None
    assert told.mask[8:13, 14:21].mean() > 0.6
    assert told.mask.sum() < 200


def test_a_part_on_another_grid_outlives_being_saved_finely() -> None:
    ground, other = again(photograph("coffee.png"), 90), again(photograph("chelsea.png"), 85)
    honest = of_votes(seen_in(jpeg(ground, 98)))[0].strength
    ground.paste(other.crop((100, 60, 260, 200)), (203, 101))
    (told,) = of_votes(seen_in(jpeg(ground, 98)))
    assert told.strength > USUAL["jpeg.region-other-grid"] > honest


def test_noise_and_flat_planes_have_no_grid() -> None:
    noise = np.random.default_rng(2).normal(128, 30, (256, 320)).astype(np.float32)
    flat = np.full((256, 320), 128, np.float32)
    for plane in (noise, flat):
        found = grids(votes(plane))
        assert found.main is None
        assert found.foreign_certainty == 0
    assert periodicity(flat, np.zeros(flat.shape, bool)) is None


def test_a_picture_burnt_out_everywhere_has_no_history() -> None:
    white = Image.new("RGB", (320, 240), "white")
    assert of_history(seen_in(jpeg(white, 80))) == []
