"""One byte of a signed film or recording is changed: the report tells which second it lies in."""

from pathlib import Path

import pytest

from ledger.vocabulary import Outcome
from signer import DevelopmentChain
from tests import media
from verifier.opinion.bmff import top_boxes
from verifier.opinion.source import Source
from verifier.report import Step

from .conftest import Check, sign
from .media.test_film import packets
from .reports import ALTERED, finding


def media_data(path: Path) -> int:
    """Return where the box of media data starts."""
    with path.open("rb") as stream:
        return next(box.start for box in top_boxes(Source(stream)) if box.kind == b"mdat")


@pytest.mark.parametrize("ending", ["mp4", "mov", "m4a"])
def test_a_changed_byte_is_told_by_its_second(
    check: Check, chain: DevelopmentChain, tmp_path: Path, ending: str
) -> None:
    source = media.clip(tmp_path)
    if ending == "m4a":
        source = media.recording(tmp_path)
    original = media.convert(source, tmp_path / f"original.{ending}")
    path = sign(original, tmp_path / f"signed.{ending}", chain).path
    assert check(path).changed == ()
    told = packets(path)
    packet = told[len(told) * 2 // 3]
    second = float(packet["pts_time"])
    place = int(packet["pos"]) + int(packet["size"]) // 2
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    report = check(path)
    assert report.conclusion.code == ALTERED
    [changed] = report.changed
    assert changed.start <= place < changed.end
    assert changed.end - changed.start <= 16 << 10
    assert changed.time is not None
    since, until = changed.time
    assert since <= second <= until < since + 3
    outcome, sentence = finding(report, Step.HARD_BINDING)
    assert outcome is Outcome.FAILED
    assert f"bytes {changed.start:,} to {changed.end - 1:,}, about 0:" in sentence
    plain = report.to_json()["changed"]
    assert plain == [
        {"bytes": [changed.start, changed.end], "time": [round(since, 3), round(until, 3)]}
    ]


def test_several_changes_are_told_apart_and_those_of_neighbours_as_one(
    check: Check, chain: DevelopmentChain, tmp_path: Path
) -> None:
    path = sign(media.clip(tmp_path), tmp_path / "signed.mp4", chain).path
    data = bytearray(path.read_bytes())
    start = media_data(path) + 16
    for block in (2, 3, 9):
        data[start + (block << 14) + 5] ^= 1
    path.write_bytes(data)
    first, second = check(path).changed
    assert (first.start, first.end) == (start + (2 << 14), start + (4 << 14))
    assert (second.start, second.end) == (start + (9 << 14), start + (10 << 14))
    assert first.time is not None
    assert second.time is not None
    assert first.time[1] <= second.time[1]


def test_no_second_is_told_where_what_says_so_was_changed_too(
    check: Check, chain: DevelopmentChain, tmp_path: Path
) -> None:
    path = sign(media.clip(tmp_path), tmp_path / "signed.mp4", chain).path
    data = bytearray(path.read_bytes())
    data[media_data(path) + 500] ^= 1
    data[data.rindex(b"stts") + 12] ^= 1
    path.write_bytes(data)
    [changed] = check(path).changed
    assert changed.time is None
    assert "about" not in finding(check(path), Step.HARD_BINDING)[1]
