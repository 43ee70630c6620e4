"""A comparison as a picture: what differs is marked where it is, and nothing breaks the drawing."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from PIL import Image, ImageDraw

from verifier.compare import ink
from verifier.compare.draw import Side, draw, with_boxes, with_crop, with_heat
from verifier.compare.draw_time import TIMELINE_HEIGHT, Strip, draw_timeline
from verifier.compare.look import wave
from verifier.compare.result import (
    Comparison,
    Geometry,
    Heat,
    Region,
    RegionKind,
    Segment,
    SegmentKind,
)

from .test_sentence import comparisons

GREY = (120, 120, 120)
SLOWED = Comparison(
    sentence="0:04–0:08 plays at 75 % speed.",
    time_map=(
        Segment((0, 4), (0, 4), 1, SegmentKind.SAME),
        Segment((4, 8), (4, 7), 0.75, SegmentKind.SLOWED),
        Segment((8, 10), None, None, SegmentKind.INSERTED),
    ),
    removed=((7.0, 9.0),),
)


def picture(width: int = 640, height: int = 480) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


def near(colour: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) < 40


def test_a_changed_region_is_boxed_where_it_is_and_nothing_else_is_touched() -> None:
    region = Region((320, 120, 80, 60), RegionKind.CHANGED)
    made = np.asarray(with_boxes(picture(), [region], (640, 480))).astype(int)
    touched = np.argwhere((made != GREY).any(axis=2))
    (top, left), (bottom, right) = touched.min(axis=0), touched.max(axis=0)
    assert (abs(left - 320), abs(top - 120)) < (20, 20)
    assert (abs(right - 400), abs(bottom - 180)) < (20, 20)
    assert near(tuple(made[top + 9, (left + right) // 2]), ink.OF_REGION[RegionKind.CHANGED])
    assert (made[150, 360] == GREY).all()  # what is within stays to be seen


def test_boxes_are_in_the_pixels_of_the_suspect_however_small_it_is_shown() -> None:
    region = Region((3200, 1200, 800, 600), RegionKind.CHANGED)
    small = with_boxes(picture(), [region], (6400, 4800))
    assert (
        small.tobytes()
        == with_boxes(picture(), [replace(region, box=(320, 120, 80, 60))], (640, 480)).tobytes()
    )


def test_what_was_cropped_away_is_dark_and_what_is_left_is_as_it_was() -> None:
    made = with_crop(picture(), Geometry(crop=(0.25, 0.0, 1.0, 1.0)))
    assert sum(made.getpixel((40, 240))) < 3 * 80  # type: ignore[arg-type]  # RGB
    assert made.getpixel((400, 240)) == GREY
    assert with_crop(picture(), Geometry()).tobytes() == picture().tobytes()


def test_what_differs_glows_and_the_rest_is_grey() -> None:
    heat = Image.new("L", (64, 48))
    ImageDraw.Draw(heat).rectangle((32, 24, 48, 36), fill=255)
    blue_picture = Image.new("RGB", (640, 480), (10, 90, 200))
    made = with_heat(blue_picture, Heat(64, 48, heat.tobytes()))
    red, green, blue = made.getpixel((400, 300))  # type: ignore[misc]  # RGB
    assert red > green
    assert red > blue
    cool = made.getpixel((60, 60))
    assert len(set(cool)) == 1  # type: ignore[arg-type]  # RGB


def test_each_second_of_the_suspect_is_led_to_its_second_of_the_original() -> None:
    """Down the middle of the slowed stretch the band has its colour; beside it there is none."""
    sheet = Image.new("RGB", (1002, TIMELINE_HEIGHT), ink.PAPER)
    draw_timeline(sheet, Strip(10), Strip(10), SLOWED, 1)
    rows = np.asarray(sheet).astype(int)
    middle = rows[200]  # between the strips
    blue = [x for x in range(1002) if near(tuple(middle[x]), (130, 199, 238))]
    assert blue
    assert 380 < min(blue) < max(blue) < 810
    hatched = rows[90:130, 700:900]
    assert (hatched < 80).all(axis=2).any()  # what is missing
    assert not (rows[90:130, 100:300] < 80).all(axis=2).any()


def test_of_two_stretches_that_play_the_same_the_one_out_of_place_is_coloured() -> None:
    sound = (
        Segment((0, 3), (0, 3), 1.0, SegmentKind.SAME),
        Segment((3, 4), (6, 7), 1.0, SegmentKind.SAME),
        Segment((4, 6), (4, 6), 1.0, SegmentKind.SAME),
        Segment((6, 7), (6, 7), 1.0, SegmentKind.REPEATED),
        Segment((7, 10), (7, 10), 1.0, SegmentKind.SAME),
    )
    sheet = Image.new("RGB", (1002, TIMELINE_HEIGHT), ink.PAPER)
    draw_timeline(sheet, Strip(10), Strip(10), Comparison(sentence="", sound=sound), 1)
    rows = np.asarray(sheet).astype(int)
    purple = np.abs(rows - ink.OF_SEGMENT[SegmentKind.REPEATED]).max(axis=2) < 8
    edge = purple[:400].sum(axis=0) > 5  # the line over the suspect's strip
    assert edge[320:380].all()
    assert not edge[620:680].any()


def test_a_whole_drawing_has_its_parts() -> None:
    look = wave(np.abs(np.sin(np.linspace(0, 60, 900))).astype(np.float32))
    sides = [Side(name, picture(), (640, 480), Strip(10, look)) for name in ("a.mp4", "b.mp4")]
    whole = draw(sides[0], sides[1], SLOWED)
    assert whole.width == 1600
    bare = draw(Side("a"), Side("b"), SLOWED)
    assert whole.height > bare.height + TIMELINE_HEIGHT
    heated = replace(SLOWED, heat=Heat(64, 48, bytes(64 * 48)))
    assert draw(sides[0], sides[1], heated).tobytes() == whole.tobytes()  # nothing is changed
    region = Region((8, 8, 64, 64), RegionKind.CHANGED)
    changed = draw(sides[0], sides[1], replace(SLOWED, regions=(region,)))
    with_map = draw(sides[0], sides[1], replace(heated, regions=(region,)))
    assert with_map.tobytes() != changed.tobytes()


def test_what_other_sound_covers_is_hatched_in_the_original() -> None:
    covered = Segment((2, 4), (2, 4), None, SegmentKind.REPLACED)
    beside = [
        Segment((0, 2), (0, 2), 1, SegmentKind.SAME),
        Segment((4, 9), (4, 9), 1, SegmentKind.SAME),
    ]
    sheet = Image.new("RGB", (1002, TIMELINE_HEIGHT), ink.PAPER)
    found = Comparison(sentence="", sound=(beside[0], covered, beside[1]))
    draw_timeline(sheet, Strip(10), Strip(10), found, 1)
    rows = np.asarray(sheet).astype(int)
    assert (rows[90:130, 220:380] < 80).all(axis=2).any()
    assert not (rows[90:130, 500:700] < 80).all(axis=2).any()


def test_a_text_is_broken_before_it_runs_out_and_never_between_a_number_and_its_sign() -> None:
    lines = ink.wrapped("one region was changed (top right, 4 % of the frame) " * 4, 30, 600)
    assert all(ink.width_of(line, 30) <= 600 for line in lines)
    assert not any(line.startswith("%") for line in lines)
    [long] = ink.wrapped("x" * 500, 30, 300)
    assert ink.width_of(long, 30) <= 300
    assert len(ink.wrapped("word " * 500, 30, 300, most=5)) == 5


def test_no_two_kinds_look_the_same_to_who_sees_no_red() -> None:
    """Machado, Oliveira and Fernandes (2009), protanopia: the colours stay apart."""
    matrix = np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    )
    colours = [matrix @ np.array(colour) for colour in dict.fromkeys(ink.OF_SEGMENT.values())]
    for place, one in enumerate(colours):
        for other in colours[place + 1 :]:
            assert np.linalg.norm(one - other) > 30


@settings(max_examples=15, deadline=None)
@given(comparisons)
def test_whatever_was_found_can_be_drawn(comparison: Comparison) -> None:
    sheet = Image.new("RGB", (700, TIMELINE_HEIGHT), ink.PAPER)
    draw_timeline(sheet, Strip(9900), Strip(0.0), comparison, 1)
    with_boxes(picture(64, 48), comparison.regions, (640, 480))
    with_crop(picture(64, 48), comparison.geometry)
