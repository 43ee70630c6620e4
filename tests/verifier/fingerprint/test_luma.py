"""The record of a clip's frames: one spelling, all of it read, nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from verifier.fingerprint.luma import (
    MOST_FRAMES,
    Thumbnails,
    collect,
    fingerprint_thumbnails,
    format_thumbnails,
    frame_size,
    frames_at,
    parse_thumbnails,
    steadied,
)


def thumbnails(count: int, size: tuple[int, int], seed: int, noise: int = 3) -> Thumbnails:
    random = np.random.default_rng(seed)
    width, height = frame_size(size)
    still = random.integers(0, 256, (height, width))
    moving = still + random.integers(-noise, noise + 1, (count, height, width))
    if count > 2:
        moving[count // 2 :] = 255 - moving[count // 2 :]  # a cut
    times = np.cumsum(random.integers(1, 500_000, count)) / 1e6
    return Thumbnails(times, moving.clip(0, 255).astype(np.uint8), float(times[-1]) + 0.25, size)


@given(
    st.integers(1, 6),
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.integers(0, 99),
    st.integers(0, 90),
)
def test_a_record_reads_back_as_it_was_written(
    count: int, size: tuple[int, int], seed: int, noise: int
) -> None:
    written = steadied(thumbnails(count, size, seed, noise))
    data = format_thumbnails(written)
    read = parse_thumbnails(data)
    assert (read.luma == written.luma).all()
    assert read.size == size
    assert np.allclose(read.times, written.times, atol=1e-6)
    assert format_thumbnails(read) == data


def test_grey_is_kept_to_within_a_level() -> None:
    whole = thumbnails(8, (640, 360), 1, noise=40)
    read = parse_thumbnails(fingerprint_thumbnails(whole).bits)
    assert int(np.abs(read.luma.astype(int) - whole.luma).max()) <= 4


def test_noise_below_a_level_costs_next_to_nothing() -> None:
    calm = thumbnails(2, (640, 360), 1, noise=1)
    one = Thumbnails(calm.times[:1], calm.luma[:1], 9, calm.size)
    assert len(format_thumbnails(steadied(calm))) - len(format_thumbnails(steadied(one))) < 60


@given(st.data())
def test_a_changed_byte_is_refused_or_is_another_clip(data: st.DataObject) -> None:
    original = format_thumbnails(steadied(thumbnails(3, (64, 36), 5)))
    place = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        read = parse_thumbnails(bytes(changed))
    except FormatError:
        return
    assert format_thumbnails(read) == bytes(changed)


@pytest.mark.parametrize("cut", [0, 1, 21, 22, 30, 40, 200, -1])
def test_a_record_that_is_cut_short_is_refused(cut: int) -> None:
    original = format_thumbnails(steadied(thumbnails(3, (64, 36), 5)))
    with pytest.raises(FormatError):
        parse_thumbnails(original[:cut])


def test_a_record_that_claims_many_frames_takes_no_memory() -> None:
    original = bytearray(format_thumbnails(steadied(thumbnails(1, (64, 36), 5))))
    original[18:22] = MOST_FRAMES.to_bytes(4, "big")
    with pytest.raises(FormatError):
        parse_thumbnails(bytes(original))


def test_a_clip_of_eight_hours_keeps_no_more_frames_than_any_other() -> None:
    frame = np.zeros((2, 3), np.uint8)
    kept = collect(((number / 4, frame) for number in range(8 * 3600 * 4)), (30, 20), most=1000)
    assert 500 <= len(kept.times) <= 1000
    gaps = np.diff(kept.times)
    assert gaps.min() == gaps.max() == 32.0
    assert kept.duration == 8 * 3600


def test_single_frames_are_read_without_what_comes_later() -> None:
    made = steadied(thumbnails(9, (640, 360), 3))
    data = format_thumbnails(made)
    times = made.times.tolist()
    for places in ([0], list(range(9)), [5, 2]):
        assert (frames_at(data, [times[place] for place in places]) == made.luma[places]).all()
    assert (frames_at(data, [0.0]) == made.luma[0]).all()  # before the first, there is no other
    between = float(made.times[3] + made.times[4]) / 2
    assert (frames_at(data, [between, 1e6]) == made.luma[[3, 8]]).all()
    assert frames_at(data, []).shape == (0, *made.luma.shape[1:])
    early = [float(made.times[1])]
    shown = frames_at(data, early)
    assert (frames_at(data[:-1], early) == shown).all()
    with pytest.raises(FormatError):
        frames_at(data[:-1], [float(made.times[8])])
    with pytest.raises(FormatError):
        frames_at(data[:20], early)
