"""Peaks outlast speed, tempo and pitch, say which it was, and are spelled one way."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.fingerprint import compute
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.lines import LEAST_EVIDENCE, Line, align_peaks, meeting
from verifier.fingerprint.match import Similarity, compare
from verifier.fingerprint.peaks import (
    PEAKS,
    RATE,
    Peaks,
    fingerprint_peaks,
    format_peaks,
    parse_numbers,
    parse_peaks,
    peaks_of,
)
from verifier.fingerprint.triplets import IN_INDEX, IN_SUSPECT, Postings, Triplets


def prints(path: Path) -> tuple[Fingerprint, ...]:
    found = compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))
    return tuple(each for each in found if each.algorithm == PEAKS)


def altered(folder: Path, ending: str, *options: str) -> Fingerprint:
    copy = folder / f"copy{ending}"
    media.run_ffmpeg("-i", str(media.recording(folder)), *options, str(copy))
    (found,) = prints(copy)
    return found


def near(suspect: Fingerprint, original: Fingerprint) -> Similarity:
    found = compare(suspect, original)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("filters", "rate", "pitch"),
    [
        ("anull", 1, 0),
        ("highpass=f=300,lowpass=f=3400,volume=0.2", 1, 0),
        ("atempo=0.75", 0.75, 0),
        ("atempo=1.25", 1.25, 0),
        ("aresample=44100,asetrate=44100*0.75,aresample=44100", 0.75, -4.98),
        ("aresample=44100,asetrate=44100*1.25,aresample=44100", 1.25, 3.86),
        ("aresample=44100,asetrate=44100*1.122462,aresample=44100,atempo=1/1.122462", 1, 2),
    ],
)
def test_a_copy_at_another_speed_tempo_or_pitch_matches_and_says_which(
    tmp_path: Path, filters: str, rate: float, pitch: float
) -> None:
    (original,) = prints(media.recording(tmp_path))
    copy = altered(tmp_path, ".ogg", "-af", filters, "-c:a", "libopus", "-b:a", "32k")
    found = near(copy, original)
    assert found.rate == pytest.approx(rate, abs=0.01)
    assert found.pitch == pytest.approx(pitch, abs=0.3)
    assert found.offset == pytest.approx(0, abs=0.1)


def test_an_excerpt_says_where_it_lies(tmp_path: Path) -> None:
    (original,) = prints(media.recording(tmp_path))
    found = near(altered(tmp_path, ".mp3", "-ss", "2.5", "-t", "3"), original)
    assert found.offset == pytest.approx(2.5, abs=0.06)  # an MP3 begins some milliseconds late
    assert found.overlap == pytest.approx(3, abs=0.6)


def test_the_index_finds_a_slowed_copy_and_forgets_what_was_erased(tmp_path: Path) -> None:
    (one,) = prints(media.recording(tmp_path))
    (other,) = prints(media.another_recording(tmp_path))
    index = FingerprintIndex()
    for entry, each in ((3, other), (7, one), (9, other)):
        index.add(entry, [each])
    slowed = altered(tmp_path, ".wav", "-af", "atempo=0.8")
    assert [found.entry_index for found in index.search([slowed])] == [7]
    index.remove(3)
    assert [found.entry_index for found in index.search([slowed])] == [7]
    assert [found.entry_index for found in index.search([other])] == [9]
    index.remove(7)
    assert index.search([slowed]) == []


def test_silence_hum_and_too_little_have_no_peaks() -> None:
    second = np.arange(10 * RATE) / RATE
    hum = (0.3 * np.sin(2 * np.pi * 50 * second)).astype(np.float32)
    for samples in (np.zeros(10 * RATE, np.float32), hum, hum[:1], hum[:0], hum[:799]):
        assert fingerprint_peaks([samples]) == ()


def test_blocks_do_not_change_the_peaks() -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, RATE * 60).astype(np.float32)
    whole = fingerprint_peaks([sound])
    assert len(parse_numbers(whole[0].bits)) == pytest.approx(20 * 60, rel=0.15)
    assert whole == fingerprint_peaks(np.array_split(sound, 77))


def test_noise_does_not_match_other_noise() -> None:
    random = np.random.default_rng(4)
    noises = [random.normal(0, 0.1, RATE * 10).astype(np.float32) for _ in range(6)]
    found = [parse_peaks(fingerprint_peaks([each])[0].bits) for each in noises]
    for i, one in enumerate(found):
        for j, other in enumerate(found):
            best = max((laid.evidence for laid in align_peaks(one, other)), default=0)
            assert (best >= LEAST_EVIDENCE) is (i == j)


NUMBERS = st.lists(
    st.builds(
        lambda time, pitch: time << 8 | pitch, st.integers(0, 2**24 - 1), st.integers(0, 241)
    ),
    min_size=8,
    max_size=60,
    unique=True,
).map(sorted)


@given(NUMBERS)
def test_peaks_are_read_back_exactly(numbers: list[int]) -> None:
    data = format_peaks(np.array(numbers, np.uint32))
    assert parse_numbers(data).tolist() == numbers
    assert parse_peaks(data).numbers().tolist() == numbers


@given(NUMBERS, st.data())
def test_other_spellings_of_peaks_are_refused(numbers: list[int], draw: st.DataObject) -> None:
    data = bytearray(format_peaks(np.array(numbers, np.uint32)))
    place = draw.draw(st.integers(0, 7))
    data[place] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        parse_numbers(bytes(data))


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        list(range(7)),
        [*range(8), 7],
        [1, 0, *range(2, 9)],
        [*range(8), 242],
    ],
)
def test_too_few_unordered_repeated_and_impossible_peaks_are_refused(numbers: list[int]) -> None:
    head = struct.pack(">HHI", 4, 5, len(numbers))
    data = head + b"".join(each.to_bytes(4, "big") for each in numbers)
    with pytest.raises(FormatError):
        parse_numbers(data)
    for end in range(len(head)):
        with pytest.raises(FormatError):
            parse_numbers(head[:end])


@settings(deadline=None, max_examples=30)
@given(NUMBERS, NUMBERS)
def test_hostile_peaks_are_compared_without_a_fault(one: list[int], other: list[int]) -> None:
    first, second = (
        Fingerprint(PEAKS, 1, format_peaks(np.array(each, np.uint32))) for each in (one, other)
    )
    compare(first, second)
    index = FingerprintIndex()
    index.add(1, [second])
    index.search([first])


def near_by_hand(suspect: Triplets, keys: list[tuple[int, int, int]]) -> set[int]:
    found = set()
    for place, (lower, upper, ratio) in enumerate(keys):
        for mine in range(len(suspect.firsts)):
            cells = [
                {np.floor(2 * steps / 5 - 0.5), np.floor(2 * steps / 5 + 0.5)}
                for steps in (suspect.lower[mine], suspect.upper[mine])
            ]
            close = abs(int(suspect.ratios[mine]) - ratio) <= 36
            if lower in cells[0] and upper in cells[1] and close:
                found.add(mine * len(keys) + place)
    return found


@settings(deadline=None, max_examples=5)
@given(NUMBERS, st.integers(0, 2**32 - 1))
def test_near_triplets_are_those_that_a_slow_search_finds(numbers: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    crowded = np.unique(random.integers(0, 600, 40) << 8 | random.integers(100, 120, 40))
    original, suspect = peaks_of(crowded.astype(np.uint32)), peaks_of(np.array(numbers, np.uint32))
    for one in (original, suspect):
        postings, ours = Postings.of(original), Triplets.of(one, IN_SUSPECT)
        keys = [
            (int(key) // 1024 // 256 - 128, int(key) // 1024 % 256 - 128, int(key) % 1024)
            for key in postings.keys
        ]
        fast = {
            int(mine) * len(keys) + int(theirs)
            for mine, theirs in zip(*postings.near(ours), strict=True)
        }
        assert fast == near_by_hand(ours, keys)


def test_merged_lists_hold_the_same_triplets_in_order() -> None:
    random = np.random.default_rng(5)
    each = [
        Postings.of(peaks_of(np.unique(random.integers(0, 2000, 99) << 8).astype(np.uint32)), start)
        for start in (0, 500, 1000)
    ]
    merged = Postings.merged(each)
    assert (np.diff(merged.keys.astype(np.int64)) >= 0).all()
    assert len(merged) == sum(map(len, each))
    left = merged.without(500, 1000)
    again = Postings.merged([each[0], each[2].without(400, 900)])
    assert sorted(left.firsts.tolist()) == sorted(again.firsts.tolist())


def test_of_too_many_near_triplets_the_rarest_are_followed_to_their_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(7)
    beeps = np.arange(0, 3000 * 40, 40) << 8 | 99
    voice = random.integers(0, 3000 * 40, 400) << 8 | random.integers(0, 200, 400)
    peaks = peaks_of(np.unique(np.concatenate((beeps, voice))).astype(np.uint32))
    postings, ours = Postings.of(peaks), Triplets.of(peaks, IN_SUSPECT)
    all_of_them = np.bincount(postings.near(ours)[0], minlength=len(ours.firsts))
    monkeypatch.setattr("verifier.fingerprint.triplets._MOST_PAIRS", 50_000)
    mine, theirs = postings.near(ours)
    assert 0 < len(mine) <= 50_000 < all_of_them.sum()
    assert int(theirs.max()) < len(postings)
    followed = np.bincount(mine, minlength=len(ours.firsts)) > 0
    assert followed.sum() / (all_of_them > 0).sum() > 1.5 * len(mine) / all_of_them.sum()


def meeting_by_hand(part: Peaks, original: Peaks, line: Line, reach: float) -> dict[int, float]:
    """How far each peak of a part that meets one of the original's is from the nearest."""
    found = {}
    for place, (time, pitch) in enumerate(zip(part.times, part.pitches, strict=True)):
        over, height = line.rate * time + line.offset, pitch - line.pitch
        far = [
            (abs(there - over) / reach) ** 2 + (abs(high - height) / 0.5) ** 2
            for there, high in zip(original.times, original.pitches, strict=True)
            if over - reach <= there < over + reach and abs(high - height) <= 0.5
        ]
        if far:
            found[place] = min(far)
    return found


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.6, 1.7), st.floats(-2, 2), st.floats(-6, 6))
def test_peaks_meet_those_that_a_slow_search_finds_nearest(
    seed: int, rate: float, offset: float, pitch: float
) -> None:
    random = np.random.default_rng(seed)
    one, other = (
        peaks_of(np.unique(random.integers(0, 500, 60) << 8 | random.integers(90, 130, 60)))
        for _ in range(2)
    )
    line = Line(rate, offset, pitch)
    slow = meeting_by_hand(one, other, line, 0.1)
    mine, theirs = meeting(one, other, line, 0.1)
    assert mine.tolist() == sorted(slow)
    for place, there in zip(mine.tolist(), theirs.tolist(), strict=True):
        along = (other.times[there] - rate * one.times[place] - offset) / 0.1
        across = (other.pitches[there] - one.pitches[place] + pitch) / 0.5
        assert along**2 + across**2 == pytest.approx(slow[place])


def test_triplets_of_nothing_are_none() -> None:
    empty = Peaks(np.zeros(0), np.zeros(0))
    assert len(Triplets.of(empty, IN_INDEX).firsts) == 0
