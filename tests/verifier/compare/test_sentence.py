"""What a comparison says in words: plain, the gravest first, and never "same" of what differs."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.compare.result import (
    Comparison,
    Geometry,
    Interval,
    Region,
    RegionKind,
    Segment,
    SegmentKind,
)
from verifier.compare.sentence import NOT_COMPARED, NOTHING_DIFFERS, describe, differs, main_source
from verifier.compare.words import interval, moment, percent, speed

FRAME = (640, 480)
SAME, FROZEN, INSERTED = SegmentKind.SAME, SegmentKind.FROZEN, SegmentKind.INSERTED


def shown(
    start: float,
    end: float,
    at: float,
    until: float,
    kind: SegmentKind = SAME,
    rate: float | None = 1.0,
    source: int = 0,
) -> Segment:
    return Segment((start, end), (at, until), rate, kind, source)


def foreign(start: float, end: float, kind: SegmentKind = INSERTED) -> Segment:
    return Segment((start, end), None, None, kind)


def of(
    *time_map: Segment,
    geometry: Geometry | None = None,
    regions: tuple[Region, ...] = (),
    removed: tuple[Interval, ...] = (),
    sound: tuple[Segment, ...] = (),
    sound_removed: tuple[Interval, ...] = (),
    lag: float | None = None,
) -> Comparison:
    return Comparison(
        sentence="",
        geometry=geometry,
        regions=regions,
        time_map=time_map,
        removed=removed,
        sound=sound,
        sound_removed=sound_removed,
        lag=lag,
    )


def pitched(segment: Segment, pitch: float) -> Segment:
    return replace(segment, pitch=pitch)


SLOWED = (
    shown(0, 12, 0, 12),
    shown(12, 19, 12, 17.25, SegmentKind.SLOWED, 0.75),
    shown(19, 33, 17.25, 31),
    shown(33, 40, 44, 51),
)
WHOLE_CLIP = (shown(0, 40, 0, 40),)
CHANGED = Region((500, 20, 100, 120), RegionKind.CHANGED)
TABLE = [
    (of(), NOT_COMPARED),
    (of(geometry=Geometry()), NOTHING_DIFFERS),
    (of(*WHOLE_CLIP, geometry=Geometry(), sound=WHOLE_CLIP, lag=0.01), NOTHING_DIFFERS),
    (
        of(*SLOWED, removed=((31, 44),)),
        (
            "0:12–0:19 plays at 75 % speed; 0:31–0:44 of the original is missing; "
            "the rest is the same."
        ),
    ),
    (
        of(geometry=Geometry((0.12, 0, 1, 0.95), mirrored=True), regions=(CHANGED,)),
        (
            "One region was changed (top right, 4 % of the frame); the picture is mirrored and "
            "cropped (left 12 % and bottom 5 % are missing)."
        ),
    ),
    (
        of(
            *WHOLE_CLIP,
            sound=(shown(0, 4, 0, 4), foreign(4, 9, SegmentKind.REPLACED), shown(9, 40, 9, 40)),
            lag=0.4,
        ),
        (
            "The sound was replaced from 0:04 to 0:09; it runs 0.4 s behind the picture. "
            "Speed and order are those of the original."
        ),
    ),
    (
        of(shown(0, 20, 0, 15, SegmentKind.SLOWED, 0.75), sound=(foreign(0, 20),), lag=-0.2),
        (
            "The sound is not from the original; it runs 0.2 s ahead of the picture. "
            "All of it plays at 75 % speed."
        ),
    ),
    (
        of(
            shown(0, 20, 0, 15, SegmentKind.SLOWED, 0.75),
            sound=(shown(0, 19.9, 0, 15, SegmentKind.SLOWED, 0.751),),
        ),
        "All of it plays at 75 % speed. The sound was slowed with it.",
    ),
    (
        of(
            shown(0, 20, 0, 15, SegmentKind.SLOWED, 0.75),
            sound=(pitched(shown(0, 20, 0, 15, SegmentKind.SLOWED, 0.75), 0.1),),
        ),
        "All of it plays at 75 % speed. The sound was slowed with it, its pitch restored.",
    ),
    (
        of(
            *(shown(0, 9, 0, 9), shown(9, 10, 9, 11, SegmentKind.SPED_UP, 2.0)),
            shown(10, 19, 11, 20),
            sound=(
                *(shown(0, 9, 0, 9), pitched(shown(9, 10, 9, 11, SegmentKind.SPED_UP, 2.04), 0.1)),
                shown(10, 19, 11, 20),
            ),
        ),
        (
            "0:09–0:10 plays at 200 % speed; the rest is the same. "
            "The sound was sped up with it, its pitch restored."
        ),
    ),
    (
        of(
            *WHOLE_CLIP,
            sound=(
                *(shown(0, 9, 0, 9), pitched(shown(9, 19, 9, 29, SegmentKind.SPED_UP, 2.0), 0)),
                shown(19, 30, 29, 40),
            ),
        ),
        (
            "The sound plays at 200 % speed from 0:09 to 0:19, its pitch restored. "
            "Speed and order are those of the original."
        ),
    ),
    (
        of(sound=(pitched(shown(0, 20, 0, 15, SegmentKind.SLOWED, 0.75), -4.9),)),
        "All of it plays at 75 % speed, its pitch lowered too.",
    ),
    (
        of(*WHOLE_CLIP, sound=(pitched(shown(0, 40, 0, 40), -2.1),)),
        "The sound is lowered in pitch by 2 semitones. Speed and order are those of the original.",
    ),
    (
        of(sound=(shown(0, 4, 0, 4), pitched(shown(4, 9, 4, 9), 1.0))),
        "0:04–0:09 is raised in pitch by 1 semitone; the rest is the same.",
    ),
    (
        of(shown(0, 5, 0, 5), shown(5, 7, 5, 5, FROZEN, 0.0), shown(7, 9, 5, 7), lag=0.0),
        "0:05–0:07 stands still; the rest is the same.",
    ),
    (
        of(shown(0, 10, 0, 10), shown(10, 15, 20, 25), shown(15, 25, 10, 20)),
        "0:10–0:15 shows 0:20–0:25 of the original; the rest is the same.",
    ),
    (
        of(shown(0, 10, 0, 10), shown(10, 12, 3, 5, SegmentKind.REPEATED)),
        "0:10–0:12 repeats 0:03–0:05 of the original; the rest is the same.",
    ),
    (
        of(shown(0, 4, 0, 4), shown(4, 6, 4, 6, SegmentKind.REVERSED, -1), regions=(CHANGED,)),
        (
            "One region was changed (top right, 4 % of the frame). "
            "0:04–0:06 runs backwards; the rest runs as in the original."
        ),
    ),
    (
        of(
            *(shown(0, 8, 0, 8), shown(8, 11, 17, 17, FROZEN, 0.0), shown(11, 17, 14, 20)),
            removed=((8, 14),),
            sound=(shown(0, 8, 0, 8), foreign(8, 11, SegmentKind.ABSENT), shown(11, 17, 14, 20)),
        ),
        (
            "0:08–0:11 stands still in place of 0:08–0:14 of the original; the rest runs as in "
            "the original. The sound is muted from 0:08 to 0:11."
        ),
    ),
    (
        of(
            sound=(
                *(shown(0, 3, 0, 3), shown(3, 4, 6, 7), shown(4, 6, 4, 6)),
                *(shown(6, 7, 6, 7, SegmentKind.REPEATED), shown(7, 9, 7, 9)),
            ),
            sound_removed=((3, 4),),
        ),
        ("0:03–0:04 shows 0:06–0:07 in place of 0:03–0:04 of the original; the rest is the same."),
    ),
    (
        of(shown(0, 4, 0, 4), foreign(4, 6), shown(6, 9, 7, 10), removed=((4, 7),)),
        "0:04–0:06 is from elsewhere, in place of 0:04–0:07 of the original; the rest is the same.",
    ),
    (
        of(shown(0, 4, 0, 4), shown(4, 6, 1, 3, SegmentKind.REPEATED, -1)),
        "0:04–0:06 repeats 0:01–0:03 of the original; the rest is the same.",
    ),
    (
        of(shown(0, 4, 0, 4), shown(4, 6, 0, 2, source=1)),
        "0:04–0:06 is 0:00–0:02 of the second original; the rest is as in the first original.",
    ),
    (
        of(sound=(shown(0, 4, 0, 4), foreign(4, 5.5), shown(5.5, 9, 5, 8.5))),
        "0:04.0–0:05.5 is not from the original; the rest is the same.",
    ),
    (
        of(geometry=Geometry(placed=(0.2, 0.2, 0.8, 0.8), rotation=-3)),
        "The picture is turned 3° clockwise and set into a larger frame, of which it fills 36 %.",
    ),
    (of(regions=(Region((0, 0, 640, 480), RegionKind.COLOUR),)), "The colours were changed."),
    (
        of(regions=(Region((0, 400, 640, 80), RegionKind.ADDED),)),
        "One bar or border was added (bottom, 17 % of the frame).",
    ),
]


@pytest.mark.parametrize(("comparison", "expected"), TABLE)
def test_each_difference_has_its_plain_sentence(comparison: Comparison, expected: str) -> None:
    assert describe(comparison, size=FRAME) == expected
    assert differs(replace(comparison, sentence=expected)) is (expected != NOTHING_DIFFERS)


def test_what_the_record_does_not_tell_is_said_and_is_no_difference() -> None:
    sound = shown(0, 4, 0, 4), foreign(4, 9, SegmentKind.UNCLEAR), shown(9, 40, 9, 40)
    untold = "Whether the sound from 0:04 to 0:09 is as it was cannot be told from the record."
    said = describe(of(sound=sound))
    assert said == f"{NOTHING_DIFFERS} {untold}"
    assert not differs(replace(of(), sentence=said))
    replaced = foreign(40, 42, SegmentKind.REPLACED)
    said = describe(of(sound=(*sound, replaced)))
    assert said == f"0:40–0:42 was replaced; the rest is the same. {untold}"
    assert describe(of(shown(0, 40, 0, 40), sound=sound)).endswith(untold)


def test_a_speed_of_which_too_little_is_known_is_told_with_what_it_may_be_and_where() -> None:
    slowed = replace(
        shown(1.2, 4.5, 1.2, 4.2, SegmentKind.SLOWED, 0.89), starts=(0.4, 2.6), ends=(3.1, 5.0)
    )
    beside = shown(0, 1.2, 0, 1.2), shown(4.5, 20, 4.2, 19.7)
    for rates, told in (
        ((0.88, 0.9), "About 0:01.2–0:04.5 plays at 89 % speed; the rest is the same."),
        (
            (0.55, 0.92),
            "All or some of 0:00.4–0:05.0 plays at 55 to 92 % speed; the rest is the same.",
        ),
    ):
        unsure = replace(slowed, rates=rates)
        assert describe(of(beside[0], unsure, beside[1])) == told
    alone = replace(
        unsure, suspect=(0.0, 5.2), original=(0.0, 4.7), starts=(0.0, 2.6), ends=(3.1, 5.2)
    )
    assert describe(of(alone)) == "All or some of 0:00.0–0:05.2 plays at 55 to 92 % speed."
    heard = (
        shown(0, 2, 0, 2),
        shown(2, 3, 2, 2.75, SegmentKind.SLOWED, 0.75),
        shown(3, 5.2, 2.75, 4.95),
    )
    assert "The sound was slowed with it" in describe(of(alone, sound=heard))
    faster = replace(heard[1], kind=SegmentKind.SPED_UP, rate=1.5)
    assert "the sound plays" in describe(of(alone, sound=(heard[0], faster, heard[2]))).lower()


def test_an_edge_that_may_lie_elsewhere_is_said_to_be_about_there() -> None:
    sure, vague = (
        replace(foreign(8.4, 9.9, SegmentKind.REPLACED), ends=ends)
        for ends in ((9.85, 9.95), (9.7, 10.4))
    )
    rest = shown(0, 8.4, 0, 8.4), shown(9.9, 20, 9.9, 20)
    for each, about in ((sure, ""), (vague, "about ")):
        sound = rest[0], each, rest[1]
        said = describe(of(sound=sound))
        assert said == f"{about}0:08.4–0:09.9 was replaced; the rest is the same.".capitalize()
        said = describe(of(shown(0, 20, 0, 20), sound=sound))
        assert f"the sound was replaced from {about}0:08.4 to 0:09.9" in said.lower()
    cut = replace(rest[0], ends=(8.0, 8.8)), shown(8.4, 20, 11, 22.6)
    assert describe(of(sound=cut, sound_removed=((8.4, 11),))).startswith("About 0:08.4–0:11.0 of")


def test_an_excerpt_is_said_to_be_one_where_the_length_of_the_original_is_known() -> None:
    excerpt = of(shown(0, 9, 3, 12))
    assert describe(excerpt, duration=30).startswith("Only 0:03–0:12 of the original's 0:30 are")
    assert describe(excerpt).startswith("It begins 0:03.0 into the original")
    assert describe(of(shown(0, 29.8, 0.1, 29.9)), duration=30) == NOTHING_DIFFERS


def test_of_very_many_differences_the_longest_are_said_and_the_rest_counted() -> None:
    stills = [shown(i, i + 0.3 + i / 100, i, i, FROZEN, 0.0) for i in range(40)]
    said = describe(of(*stills, shown(40, 50, 40, 50)))
    assert "and 37 more stand still" in said
    assert "0:39.0–0:39.7" in said
    changed = tuple(Region((i, 0, 20, 20), RegionKind.CHANGED) for i in range(15))
    said = describe(of(regions=changed), size=FRAME)
    assert said.startswith("15 regions were changed (")
    assert "and 12 more)" in said


intervals = st.tuples(st.floats(0, 9e3), st.floats(0.01, 900)).map(
    lambda pair: (pair[0], sum(pair))
)
segments = st.builds(
    Segment,
    suspect=intervals,
    original=st.none() | intervals,
    rate=st.none() | st.floats(-1, 4),
    kind=st.sampled_from([each for each in SegmentKind if each is not SegmentKind.UNCLEAR]),
    source=st.integers(0, 2),
    starts=st.none() | intervals,
    ends=st.none() | intervals,
)
unclear = intervals.map(lambda span: Segment(span, None, None, SegmentKind.UNCLEAR))
boxes = st.tuples(*[st.integers(0, 320)] * 2, *[st.integers(1, 320)] * 2)
regions_ = st.builds(
    Region, box=boxes, kind=st.sampled_from(RegionKind), time=st.none() | intervals
)
parts = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.6, 1), st.floats(0.6, 1))
geometries = st.builds(
    Geometry, crop=parts, placed=parts, mirrored=st.booleans(), rotation=st.floats(-180, 360)
)
comparisons = st.builds(
    Comparison,
    sentence=st.just(""),
    geometry=st.none() | geometries,
    regions=st.lists(regions_, max_size=20).map(tuple),
    time_map=st.lists(segments, max_size=20).map(tuple),
    removed=st.lists(intervals, max_size=20).map(tuple),
    sound=st.lists(segments | unclear, max_size=20).map(tuple),
    sound_removed=st.lists(intervals, max_size=20).map(tuple),
    lag=st.none() | st.floats(-20, 20),
)
sizes = st.none() | st.just(FRAME)
durations = st.none() | st.floats(1, 1e4)


@given(comparisons, sizes, durations)
def test_whatever_was_found_is_said_in_whole_sentences_that_a_person_reads(
    comparison: Comparison, size: tuple[int, int] | None, duration: float | None
) -> None:
    said = describe(comparison, size=size, duration=duration)
    assert said[0].isupper() or said[0].isdigit()
    assert said.endswith(".")
    assert ".." not in said
    assert "  " not in said
    assert len(said) < 1500
    assert not re.search(r"\b(fake|authentic|nan|inf|None)\b", said), said


@given(comparisons, durations)
def test_nothing_that_differs_is_said_to_be_the_same(
    comparison: Comparison, duration: float | None
) -> None:
    said = describe(comparison, duration=duration)
    if "same" in said or said == NOTHING_DIFFERS:
        assert not any(each.kind is RegionKind.CHANGED for each in comparison.regions)
        assert comparison.geometry is None or not comparison.geometry.mirrored
        if comparison.time_map:
            assert comparison.lag is None or abs(comparison.lag) < 0.1
            assert all(each.kind is not SegmentKind.REPLACED for each in comparison.sound)
    if "the rest is" in said:
        main = main_source(comparison)
        assert any(
            e.kind is SAME and e.source == main for e in (*comparison.time_map, *comparison.sound)
        )
    if said.startswith(NOTHING_DIFFERS):
        assert all(e.kind is SAME for e in comparison.time_map)
        assert len({e.source for e in comparison.time_map}) < 2
        assert not comparison.removed


@given(st.permutations(range(6)))
def test_of_stretches_in_another_order_the_fewest_seconds_are_said_to_have_moved(
    order: list[int],
) -> None:
    pieces = [shown(10 * i, 10 * i + 10, 10 * at, 10 * at + 10) for i, at in enumerate(order)]
    said = describe(of(*pieces))
    assert ("of the original" in said) is (order != sorted(order))
    assert "the rest is the same" in said or said == NOTHING_DIFFERS


@given(st.floats(0, 4e4), st.floats(0.001, 1e4))
def test_a_stretch_is_said_to_within_a_fiftieth_of_its_length_or_a_tenth_of_a_second(
    start: float, length: float
) -> None:
    def read(text: str) -> float:
        seconds = 0.0
        for part in text.split(":"):
            seconds = 60 * seconds + float(part)
        return seconds

    first, _, last = interval((start, start + length)).partition("–")
    slack = max(0.1, length / 50)
    assert abs(read(first) - start) <= slack
    assert abs(read(last or first) - (start + length)) <= slack


def test_numbers_are_rounded_but_never_to_what_they_are_not() -> None:
    assert [percent(share) for share in (0, 0.001, 0.04, 0.999, 1)] == [
        "0 %",
        "under 1 %",
        "4 %",
        "over 99 %",
        "100 %",
    ]
    assert [speed(rate) for rate in (0.75, 2, 0.997, 0.99999, 1.00001)] == [
        "75 %",
        "200 %",
        "99.7 %",
        "just below 100 %",
        "just above 100 %",
    ]
    assert [moment(12), moment(3723), moment(59.96, 1)] == ["0:12", "1:02:03", "1:00.0"]
