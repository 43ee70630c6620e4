"""What the originals of the measuring have in them: a list that says what is seen, and where."""

import csv
from pathlib import Path

from bench import detector_motion
from bench.detector_motion import CLIP_TESTS, marked

LIST = Path(detector_motion.__file__).with_name("motion_marks.csv")


def test_later_marks_add_to_the_first_ones_and_take_none_away() -> None:
    first = set(marked(LIST, again=False))
    again = set(marked(LIST, again=True))
    assert first < again
    assert {test for test, _ in again} <= set(CLIP_TESTS)


def test_every_mark_says_what_is_seen_and_in_which_frames() -> None:
    with LIST.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(row["seen"] and row["measuring"] in ("second", "third") for row in rows)
    assert all(row["marked"] in ("first", "again") for row in rows)
    assert all(frame.isdigit() for row in rows for frame in row["frames"].split())
    assert len({(row["measuring"], row["test"], row["clip"]) for row in rows}) == len(rows)
