"""A map of sound tells what was done to it, and says nothing of a pause or an honest copy."""

import contextlib
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.compare.hearing import Heard, hear, recorded
from verifier.compare.listen import compare_sound_in
from verifier.compare.result import Segment, SegmentKind
from verifier.compare.sound import SoundMap, map_sound
from verifier.compare.tracks import DisagreementKind, disagreements, lag_between
from verifier.errors import Unreadable
from verifier.fingerprint.peaks import RATE, fingerprint_peaks
from verifier.media.decode import samples
from verifier.media.sandbox import Sandbox

Samples = npt.NDArray[np.float32]

NEAR = 0.1  # seconds: an edge from a record lies between two of its peaks


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Two pieces that the wheels carry, one after the other: 10 s."""
    folder = tmp_path_factory.mktemp("sound")
    paths = media.recording(folder), media.another_recording(folder)
    return np.concatenate([block for path in paths for block in samples(*known(path), rate=RATE)])


def known(path: Path) -> tuple[Path, MediaType]:
    return path, detect_media_type(path.read_bytes()[:HEAD_SIZE])


def mapped(suspect: Samples, original: Samples) -> SoundMap:
    found = map_sound(hear([suspect]), hear([original]))
    assert found is not None
    return found


def kinds(found: SoundMap) -> list[SegmentKind]:
    return [each.kind for each in found.segments]


def at(seconds: float) -> int:
    return round(seconds * RATE)


def test_the_same_sound_is_one_segment_and_nothing_is_removed(music: Samples) -> None:
    found = mapped(music, music)
    assert kinds(found) == [SegmentKind.SAME]
    assert found.removed == ()
    assert found.segments[0].original == pytest.approx((0, len(music) / RATE), abs=0.01)


def test_the_recorded_peaks_alone_are_enough(music: Samples) -> None:
    found = map_sound(hear([music[at(2) :]]), recorded(fingerprint_peaks([music])))
    assert found is not None
    assert kinds(found) == [SegmentKind.SAME]
    assert found.segments[0].original == pytest.approx((2, len(music) / RATE), abs=0.02)


def test_what_was_cut_out_is_removed(music: Samples) -> None:
    found = mapped(np.concatenate((music[: at(4)], music[at(5.5) :])), music)
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.SAME]
    assert found.segments[1].suspect[0] == pytest.approx(4, abs=0.05)
    assert [pytest.approx(each, abs=0.05) for each in found.removed] == [(4, 5.5)]


def test_what_was_re_ordered_is_told_in_the_suspects_order(music: Samples) -> None:
    found = mapped(np.concatenate((music[at(8) :], music[: at(8)])), music)
    originals = [each.original for each in found.segments if each.original is not None]
    assert originals[0][0] == pytest.approx(8, abs=0.05)
    assert originals[1][0] == pytest.approx(0, abs=0.05)


def test_a_stretch_that_comes_twice_is_repeated(music: Samples) -> None:
    found = mapped(np.concatenate((music[: at(5)], music[at(2) :])), music)
    assert SegmentKind.REPEATED in kinds(found)


def test_muted_and_foreign_stretches_are_absent_and_replaced(music: Samples) -> None:
    silent = music.copy()
    silent[at(3) : at(4.5)] = 0
    found = mapped(silent, music)
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.ABSENT, SegmentKind.SAME]
    assert found.segments[1].suspect == pytest.approx((3, 4.5), abs=0.15)
    assert found.segments[1].original == pytest.approx((3, 4.5), abs=0.15)
    noise = np.random.default_rng(1).normal(0, 0.1, at(1.5)).astype(np.float32)
    other = np.concatenate((music[: at(3)], noise, music[at(4.5) :]))
    assert kinds(mapped(other, music)) == [
        SegmentKind.SAME,
        SegmentKind.REPLACED,
        SegmentKind.SAME,
    ]
    more = np.concatenate((music[: at(3)], noise, music[at(3) :]))
    assert kinds(mapped(more, music)) == [SegmentKind.SAME, SegmentKind.INSERTED, SegmentKind.SAME]


def hurried(sound: Samples, folder: Path, filters: str) -> Samples:
    """Through ffmpeg's filters."""
    before, after = folder / "before.wav", folder / "after.wav"
    with wave.open(str(before), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    media.run_ffmpeg("-i", str(before), "-af", filters, str(after))
    return np.concatenate(list(samples(*known(after), rate=RATE)))


@pytest.mark.parametrize(
    ("filters", "pitch"), [("atempo=2", 0), (f"asetrate={2 * RATE},aresample={RATE}", 12)]
)
def test_one_second_at_twice_the_speed_is_found_with_its_pitch_kept_or_not(
    music: Samples, tmp_path: Path, filters: str, pitch: float
) -> None:
    second = hurried(music[at(4) : at(5)], tmp_path, filters)[: at(0.5)]
    found = mapped(np.concatenate((music[: at(4)], second, music[at(5) :])), music)
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.SPED_UP, SegmentKind.SAME]
    assert found.removed == ()
    assert found.segments[1].suspect == pytest.approx((4, 4.5), abs=0.05)
    assert found.segments[1].rate == pytest.approx(2, rel=0.05)
    assert found.pitches[1] == pytest.approx(pitch, abs=0.75)


def test_a_replaced_word_is_told_to_fifty_milliseconds(music: Samples) -> None:
    other = music.copy()
    other[at(4) : at(4.4)] = music[at(8) : at(8.4)][::-1]
    found = mapped(other, music)
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.REPLACED, SegmentKind.SAME]
    assert found.segments[1].suspect == pytest.approx((4, 4.4), abs=0.05)
    assert found.segments[1].original == pytest.approx((4, 4.4), abs=0.05)
    assert found.segments[1].rate is None


@pytest.mark.parametrize("start", [1.5, 2.5, 3.5, 6.5, 8.5])
@pytest.mark.parametrize("known_whole", [True, False])
def test_a_word_of_the_same_sound_in_place_of_another_is_told_through_noise(
    music: Samples, start: float, known_whole: bool
) -> None:
    """Where but the record is at hand, loud peaks that are missing tell, and faint ones do not."""
    made, there = music.copy(), (start + 4) % 9
    made[at(start) : at(start + 0.4)] = music[at(there) : at(there + 0.4)][::-1]
    noise = np.random.default_rng(4).standard_normal(len(made)).astype(np.float32)
    made += noise * np.float32(0.1 * np.sqrt(np.square(music).mean()))
    original = hear([music]) if known_whole else recorded(fingerprint_peaks([music]))
    found = map_sound(hear([made]), original)
    assert found is not None
    [word] = [each for each in found.segments if each.kind is SegmentKind.REPLACED]
    near = 0.0 if known_whole else NEAR
    for stated, true in ((word.starts, start), (word.ends, start + 0.4)):
        assert stated is not None
        assert stated[0] - near <= true <= stated[1] + near


def test_what_lies_on_no_line_leaves_no_hole_around_its_pause(music: Samples) -> None:
    noise = np.random.default_rng(6).normal(0, 0.1, at(2)).astype(np.float32)
    suspect = hear([np.concatenate((noise, np.zeros(at(6), np.float32), noise))])
    for original in (hear([music]), recorded(fingerprint_peaks([music]))):
        found = map_sound(suspect, original)
        assert found is not None
        edges = [edge for each in found.segments for edge in each.suspect]
        assert (edges[0], edges[-1]) == (0, suspect.duration)
        assert edges[1:-1:2] == edges[2::2]


@pytest.mark.parametrize("start", [2.43, 5.93, 8.03, 8.73])
def test_a_mute_is_told_to_fifty_milliseconds_and_lies_within_what_is_stated(
    music: Samples, start: float
) -> None:
    """The noise of a copy goes on in the mute: what is missing there is the original's sound."""
    made = music.copy()
    made[at(start) : at(start + 1)] = 0
    noise = np.random.default_rng(3).standard_normal(len(made)).astype(np.float32)
    made += noise * np.float32(0.1 * np.sqrt(np.square(music).mean()))
    [muted] = [each for each in mapped(made, music).segments if each.kind is SegmentKind.ABSENT]
    for said, stated, true in (
        (muted.suspect[0], muted.starts, start),
        (muted.suspect[1], muted.ends, start + 1),
    ):
        assert abs(said - true) <= 0.05
        assert stated is not None
        assert stated[0] <= true <= stated[1]


@pytest.mark.parametrize("start", [2.43, 3.13, 5.93])
def test_a_mute_is_told_by_the_suspects_own_pause_where_but_peaks_are_on_record(
    music: Samples, start: float
) -> None:
    made = music.copy()
    made[at(start) : at(start + 1)] = 0
    found = map_sound(hear([made]), recorded(fingerprint_peaks([music])))
    assert found is not None
    [muted] = [each for each in found.segments if each.kind is SegmentKind.ABSENT]
    for said, stated, true in (
        (muted.suspect[0], muted.starts, start),
        (muted.suspect[1], muted.ends, start + 1),
    ):
        assert abs(said - true) <= 0.1
        assert stated is not None
        assert stated[0] <= true <= stated[1]


@pytest.mark.parametrize("decibels", [20, 10, 5])
def test_what_noise_drowns_is_not_called_foreign(music: Samples, decibels: int) -> None:
    loud = float(np.sqrt(np.square(music).mean())) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(5).normal(0, loud, len(music)).astype(np.float32)
    for suspect, original in ((music + noise, music), (music, music + noise)):
        assert kinds(mapped(suspect, original)) == [SegmentKind.SAME]


@pytest.mark.parametrize("decibels", [20, 10])
def test_what_noise_drowns_is_not_called_foreign_from_the_record_either(
    music: Samples, decibels: int
) -> None:
    loud = float(np.sqrt(np.square(music).mean())) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(5).normal(0, loud, len(music)).astype(np.float32)
    found = map_sound(hear([music + noise]), recorded(fingerprint_peaks([music])))
    assert found is not None
    assert set(kinds(found)) <= {SegmentKind.SAME, SegmentKind.UNCLEAR}
    assert found.removed == ()


def test_of_a_faint_stretch_of_other_sound_the_record_does_not_tell(music: Samples) -> None:
    faint = music.copy()
    faint[at(4) : at(5)] = music[at(8) : at(9)][::-1] * np.float32(0.03)
    record = recorded(fingerprint_peaks([music]))
    found = map_sound(hear([faint]), record)
    assert found is not None
    assert SegmentKind.REPLACED not in kinds(found)
    faint[at(4) : at(5)] = music[at(8) : at(9)][::-1]
    found = map_sound(hear([faint]), record)
    assert found is not None
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.REPLACED, SegmentKind.SAME]
    starts, ends = (found.segments[1].starts or (0, 0)), (found.segments[1].ends or (0, 0))
    assert starts[0] - NEAR <= 4 <= starts[1] + NEAR
    assert ends[0] - NEAR <= 5 <= ends[1] + NEAR


@pytest.mark.parametrize(
    ("filters", "pitch"), [("atempo=2", 0), (f"asetrate={2 * RATE},aresample={RATE}", 12)]
)
def test_one_second_at_twice_the_speed_is_found_from_the_record_alone(
    music: Samples, tmp_path: Path, filters: str, pitch: float
) -> None:
    second = hurried(music[at(4) : at(5)], tmp_path, filters)[: at(0.5)]
    suspect = np.concatenate((music[: at(4)], second, music[at(5) :]))
    found = map_sound(hear([suspect]), recorded(fingerprint_peaks([music])))
    assert found is not None
    assert kinds(found) == [SegmentKind.SAME, SegmentKind.SPED_UP, SegmentKind.SAME]
    assert found.segments[1].rate == pytest.approx(2, rel=0.15)
    assert found.pitches[1] == pytest.approx(pitch, abs=1)


def test_where_a_cut_lies_in_a_pause_is_stated_to_be_anywhere_in_it(music: Samples) -> None:
    pause = np.zeros(at(0.8), np.float32)
    parts = music[: at(5)], pause, music[at(5) : at(9)], pause, music[at(9) :]
    original = np.concatenate(parts)
    suspect = np.concatenate((original[: at(5.3)], original[at(10.1) :]))  # from pause to pause
    for found in (
        mapped(suspect, original),
        map_sound(hear([suspect]), recorded(fingerprint_peaks([original]))),
    ):
        assert found is not None
        first, last = found.segments[0].ends or (0, 0)
        assert first <= 5.1 < 5.4 <= last
        assert found.segments[1].starts == found.segments[0].ends
        assert first <= found.segments[0].suspect[1] <= last
        assert last - first < 1.2
    exact = mapped(np.concatenate((music[: at(4)], music[at(7) :])), music).segments[0].ends
    assert exact is not None
    assert exact[1] - exact[0] < 0.3
    assert exact[0] <= 4 <= exact[1]


def test_silence_before_and_after_belongs_to_what_it_surrounds(music: Samples) -> None:
    pause = np.zeros(at(1.0), np.float32)
    original = np.concatenate((pause, music[: at(6)], pause, music[at(6) :], pause))
    assert kinds(mapped(original, original)) == [SegmentKind.SAME]


@pytest.mark.parametrize(
    ("filters", "rate", "pitch"),
    [
        ("atempo=0.75", 0.75, 0.0),
        ("atempo=1.25", 1.25, 0.0),
        ("aresample=44100,asetrate=44100*0.9,aresample=44100", 0.9, -1.82),
    ],
)
def test_a_slowed_or_hurried_recording_says_how_much_with_its_pitch_kept_or_not(
    tmp_path: Path, sandbox: Sandbox, filters: str, rate: float, pitch: float
) -> None:
    original = media.recording(tmp_path)
    copy = tmp_path / "copy.mp3"
    media.run_ffmpeg("-i", str(original), "-af", filters, str(copy))
    found = compare_sound_in(sandbox, known(copy), known(original))
    assert found is not None
    lined = [each for each in found.segments if each.rate is not None]
    assert max(lined, key=lambda each: each.suspect[1] - each.suspect[0]).rate == pytest.approx(
        rate, rel=0.01
    )
    assert next(each for each in found.pitches if each is not None) == pytest.approx(pitch, abs=0.3)
    again = compare_sound_in(sandbox, known(copy), fingerprint_peaks(samples(*known(original))))
    assert again is not None


def test_segments_leave_no_hole(music: Samples) -> None:
    random = np.random.default_rng(2)
    for _ in range(3):
        cuts = np.sort(random.integers(0, len(music), 6))
        made = np.concatenate([music[a:b] for a, b in pairwise(cuts)][::-1])
        found = map_sound(hear([made]), hear([music]))
        assert found is not None
        edges = [edge for each in found.segments for edge in each.suspect]
        assert edges[0] == 0
        assert edges[-1] == pytest.approx(len(made) / RATE)
        assert edges[1:-1:2] == pytest.approx(edges[2::2])


@pytest.mark.parametrize("options", [("-ac", "6"), ("-ar", "96000"), ("-af", "volume=30dB")])
def test_channels_rates_and_clipping_do_not_matter(
    tmp_path: Path, sandbox: Sandbox, options: tuple[str, ...]
) -> None:
    original, copy = media.recording(tmp_path), tmp_path / "copy.wav"
    media.run_ffmpeg("-i", str(original), *options, str(copy))
    found = compare_sound_in(sandbox, known(copy), known(original))
    assert found is not None
    assert SegmentKind.SAME in kinds(found)


def test_no_sound_and_silence_give_no_map_and_one_sample_is_none(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    original = known(media.recording(tmp_path))
    silent, one = tmp_path / "silent.wav", tmp_path / "one.wav"
    media.run_ffmpeg("-i", str(original[0]), "-af", "volume=0", str(silent))
    with wave.open(str(one), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes(b"\x01\x02")
    with pytest.raises(Unreadable):
        compare_sound_in(sandbox, known(one), original)
    for path in (silent, media.clip(tmp_path)):
        assert compare_sound_in(sandbox, known(path), original) is None
        assert compare_sound_in(sandbox, original, known(path)) is None
    assert compare_sound_in(sandbox, original, ()) is None
    assert map_sound(Heard(0, hear([]).peaks), hear([])) is None


def test_a_wav_that_lies_about_its_length_is_mapped_or_unreadable(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    original = known(media.recording(tmp_path))
    data = bytearray(original[0].read_bytes())
    place = data.index(b"data") + 4
    for length in (0, 2, 0x7FFFFFFF, 0xFFFFFFFF):
        data[place : place + 4] = length.to_bytes(4, "little")
        liar = tmp_path / "liar.wav"
        liar.write_bytes(data)
        with contextlib.suppress(Unreadable):  # any other error fails the test
            compare_sound_in(sandbox, known(liar), original)


def segment(
    suspect: tuple[float, float], start: float | None, rate: float, kind: SegmentKind
) -> Segment:
    if start is None:
        return Segment(suspect, None, None, kind)
    return Segment(suspect, (start, start + rate * (suspect[1] - suspect[0])), rate, kind)


def test_sound_that_comes_late_has_a_positive_lag() -> None:
    picture = [segment((0, 10), 5, 1, SegmentKind.SAME)]
    sound = [segment((0, 10), 4.8, 1, SegmentKind.SAME)]
    assert lag_between(picture, sound) == pytest.approx(0.2)
    assert lag_between(picture, picture) == 0
    (found,) = disagreements(picture, sound)
    assert (found.kind, found.suspect) == (DisagreementKind.MOVED, (0, 10))
    assert disagreements(picture, picture) == ()


def test_replaced_muted_and_slowed_sound_is_told_apart() -> None:
    picture = [segment((0, 12), 0, 1, SegmentKind.SAME)]
    sound = [
        segment((0, 3), 0, 1, SegmentKind.SAME),
        segment((3, 5), None, 0, SegmentKind.REPLACED),
        segment((5, 7), None, 0, SegmentKind.ABSENT),
        segment((7, 12), 7, 0.75, SegmentKind.SLOWED),
    ]
    assert [(each.kind.value, each.suspect) for each in disagreements(picture, sound)] == [
        ("other-sound", (3, 5)),
        ("no-sound", (5, 7)),
        ("other-rate", (7, 12)),
    ]
    bare = [segment((0, 12), None, 0, SegmentKind.INSERTED)]
    assert [each.kind.value for each in disagreements(bare, sound)] == ["other-picture"] * 2
    assert lag_between(bare, sound) is None
