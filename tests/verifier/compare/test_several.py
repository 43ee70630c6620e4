"""A suspect that is cut together from several originals."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import media
from verifier.compare.compare import compare_in, read_medium
from verifier.compare.engines import ENGINES
from verifier.compare.result import Interval, Segment, SegmentKind
from verifier.compare.several import joined
from verifier.media.sandbox import Sandbox

SAME, INSERTED = SegmentKind.SAME, SegmentKind.INSERTED


@dataclass(frozen=True)
class Map:
    """What a map of one original says."""

    segments: tuple[Segment, ...]
    removed: tuple[Interval, ...] = ()


def foreign(start: float, end: float) -> Segment:
    return Segment((start, end), None, None, INSERTED)


def test_what_one_original_does_not_explain_is_asked_of_the_next() -> None:
    one = Map((Segment((0, 4), (2, 6), 1.0, SAME), foreign(4, 9)), ((1, 2),))
    other = Map((foreign(0, 4), Segment((4, 7), (1, 4), 1.0, SAME), foreign(7, 9)))
    found = joined([one, other])
    assert found is not None
    assert [(each.suspect, each.source) for each in found.segments] == [
        ((0, 4), 0),
        ((4, 7), 1),
        ((7, 9), 0),
    ]
    assert found.removed == ((1, 2),)


def test_the_original_that_is_heard_for_longest_is_believed_where_two_are() -> None:
    one = Map((Segment((0, 3), (0, 3), 1.0, SAME), foreign(3, 9)))
    other = Map((foreign(0, 2), Segment((2, 9), (12, 5), -1.0, SegmentKind.REVERSED)))
    found = joined([one, None, other])
    assert found is not None
    assert [(each.suspect, each.source) for each in found.segments] == [((0, 2), 0), ((2, 9), 2)]


def test_a_backward_stretch_of_which_a_part_is_used_keeps_its_moments() -> None:
    one = Map((Segment((0, 6), (0, 6), 1.0, SAME), foreign(6, 9)))
    other = Map((foreign(0, 4), Segment((4, 9), (10, 15), -1.0, SegmentKind.REVERSED)))
    found = joined([one, other])
    assert found is not None
    assert found.segments[-1].suspect == (6, 9)
    assert found.segments[-1].original == pytest.approx((10, 13))


def test_no_map_at_all_is_no_map() -> None:
    assert joined([None, None]) is None


def test_a_clip_cut_together_from_two_is_told_apart_and_said_in_a_sentence(tmp_path: Path) -> None:
    one, other = media.clip(tmp_path), media.clip_with_sound(tmp_path)
    cut = (
        "[0:v]trim=0:3,setpts=PTS-STARTPTS,scale=320:180,setsar=1,fps=25[a];"
        "[1:v]trim=1:4,setpts=PTS-STARTPTS,scale=320:180,setsar=1,fps=25[b];"
        "[0:v]trim=4:7,setpts=PTS-STARTPTS,scale=320:180,setsar=1,fps=25[c];"
        "[a][b][c]concat=n=3:v=1:a=0,format=yuv420p"
    )
    suspect = tmp_path / "cut.mp4"
    media.run_ffmpeg(
        *("-i", str(one), "-i", str(other), "-filter_complex", cut),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "30", str(suspect)),
    )
    with Sandbox() as sandbox:
        originals = [read_medium(other), read_medium(one)]
        found = compare_in(sandbox, originals[0], read_medium(suspect), ENGINES, originals[1:])
    assert [each.source for each in found.time_map] == [1, 0, 1]
    assert found.time_map[1].suspect == pytest.approx((3, 6), abs=0.09)
    assert found.time_map[1].original == pytest.approx((1, 4), abs=0.09)
    [removed] = found.removed
    assert removed == pytest.approx((3, 4), abs=0.12)
    assert "0:03–0:06 is 0:01–0:04 of the first original" in found.sentence
    assert "0:03–0:04 of the second original is missing" in found.sentence
    assert "the rest is as in the second original" in found.sentence
