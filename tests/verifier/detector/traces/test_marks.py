"""What the originals of the measuring have in them: a list that says what is seen, and where."""

import csv
from pathlib import Path

LIST = Path(__file__).parents[4] / "bench" / "motion_marks.csv"


def test_every_mark_says_what_is_seen_and_in_which_frames() -> None:
    with LIST.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(row["seen"] and row["measuring"] in ("second", "third") for row in rows)
    assert {row["marked"] for row in rows} == {"first", "again"}
    assert all(frame.isdigit() for row in rows for frame in row["frames"].split())
    assert len({(row["measuring"], row["test"], row["clip"]) for row in rows}) == len(rows)
