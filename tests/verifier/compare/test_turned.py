"""Clips that lie on a side, and where things are in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.compare.result import Geometry, Region, RegionKind
from verifier.compare.turned import geometry_back, turned, turned_back, turned_part
from verifier.fingerprint.luma import Thumbnails


def clip() -> Thumbnails:
    luma = np.zeros((1, 36, 64), np.uint8)
    luma[0, 4:10, 50:60] = 255
    return Thumbnails(np.zeros(1), luma, 0.0, (640, 360), (0.1, 0.0, 0.9, 1.0))


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_region_found_in_a_turned_clip_is_where_it_was_before(quarters: int) -> None:
    found = turned(clip(), quarters)
    assert found.size == ((640, 360) if quarters % 2 == 0 else (360, 640))
    rows, columns = np.nonzero(found.luma[0])
    left, top = int(columns.min()) * 10, int(rows.min()) * 10
    across, down = (int(np.ptp(columns)) + 1) * 10, (int(np.ptp(rows)) + 1) * 10
    region = Region((left, top, across, down), RegionKind.CHANGED)
    assert turned_back(region, (640, 360), quarters).box == (500, 40, 100, 60)


@given(st.integers(-8, 8), st.integers(0, 3))
def test_parts_turn_as_often_as_they_turn_back(quarters: int, more: int) -> None:
    part = (0.1, 0.2, 0.5, 0.9)
    there = turned_part(turned_part(part, quarters), more)
    assert turned_part(there, -quarters - more) == pytest.approx(part)


def test_a_clip_turned_back_by_a_quarter_had_been_turned_the_other_way() -> None:
    found = geometry_back(Geometry(placed=(0.0, 0.25, 1.0, 0.75)), 1)
    assert found.rotation == 270
    assert found.placed == pytest.approx((0.25, 0.0, 0.75, 1.0))
    assert geometry_back(Geometry(), 0) == Geometry()
