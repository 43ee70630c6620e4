"""Each edit of a clip leaves its trace where it was made, and ordinary handling leaves none."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.detector.result import Trace
from verifier.detector.traces.clip import clip_traces, in_motion, joined
from verifier.detector.traces.jumps import clearness
from verifier.detector.traces.motion import SMALL, Motion, share_of_the_way, watch
from verifier.detector.traces.packets import Packets, gaps, renewed
from verifier.detector.traces.when import clock, clocks
from verifier.errors import Unreadable
from verifier.media.decode import frames

RATE = 25.0
EDITS = {"clip.frozen", "clip.repeated", "clip.jump"}
CUTS = (30, 137, 187)  # frames that a shot of the street begins with
RHYTHMS = {"clip.frames-repeated", "clip.frames-left-out"}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> npt.NDArray[np.uint8]:
    """Bicycles in a street: every frame of its first four shots, small."""
    path = media.clip(tmp_path_factory.mktemp("street"))
    shown = frames(path, type_of(path), per_second=1000, size=SMALL)
    return np.array([luma for _, luma in shown][:235])


def type_of(path: Path) -> MediaType:
    with path.open("rb") as stream:
        return detect_media_type(stream.read(HEAD_SIZE))


def seen(shown: npt.NDArray[np.uint8], rate: float = RATE, noise: float = 0.0) -> Motion:
    """What is kept of frames, with the noise of another compression."""
    random = np.random.default_rng(1)

    def one_by_one() -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        for number, frame in enumerate(shown):
            noisy = frame + random.normal(0, noise, frame.shape) if noise else frame
            yield number / rate, np.clip(noisy, 0, 255).astype(np.uint8)

    return watch(one_by_one())


def found(shown: npt.NDArray[np.uint8], noise: float = 1.0) -> dict[str, Trace]:
    return {trace.code: trace for trace in in_motion(seen(shown, noise=noise))[0]}


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_an_unedited_clip_has_no_trace_but_the_cuts_between_its_shots(
    street: npt.NDArray[np.uint8], noise: float
) -> None:
    traces = found(street, noise=noise)
    assert set(traces) == {"clip.cut"}
    ends = [end for _, end in traces["clip.cut"].seconds]
    assert ends == pytest.approx([frame / RATE for frame in CUTS])


def test_a_frozen_stretch_is_found_to_the_tenth_of_a_second(street: npt.NDArray[np.uint8]) -> None:
    held = street.copy()
    held[100:130] = street[100]
    trace = found(held, noise=0.0)["clip.frozen"]
    assert trace.seconds[0] == pytest.approx((101 / RATE, 130 / RATE), abs=0.1)
    assert trace.score is not None
    assert trace.score > 0.9


def test_a_still_scene_with_the_noise_of_a_sensor_is_not_frozen() -> None:
    random = np.random.default_rng(2)
    still = np.full((200, 72, 128), 90.0) + random.normal(0, 3, (200, 72, 128))
    still[:70] += 20 * np.sin(np.arange(70)[:, None, None] + np.arange(128) / 9)
    still[130:] += 20 * np.sin(np.arange(70)[:, None, None] + np.arange(128) / 9)
    assert "clip.frozen" not in found(still.astype(np.uint8), noise=0.0)


def test_a_slide_show_is_neither_frozen_nor_in_a_rhythm() -> None:
    random = np.random.default_rng(3)
    slides = np.repeat(random.integers(0, 256, (6, 72, 128), np.uint8), 40, 0)
    assert set(found(slides, noise=0.0)) <= {"clip.cut"}


def test_a_repeated_second_is_found_with_what_it_repeats(street: npt.NDArray[np.uint8]) -> None:
    again = np.concatenate([street[:150], street[80:105], street[150:]])
    trace = found(again)["clip.repeated"]
    assert trace.seconds[0] == pytest.approx((150 / RATE, 175 / RATE), abs=0.1)
    assert "0:03.2" in trace.sentence


def test_a_clip_slowed_to_three_quarters_repeats_every_fourth_frame(
    street: npt.NDArray[np.uint8],
) -> None:
    slowed = street[(np.arange(len(street) / 0.75 - 1) * 0.75).astype(int)]
    trace = found(slowed)["clip.frames-repeated"]
    assert "One of 4 frames" in trace.sentence
    assert "throughout" in trace.sentence
    assert "75%" in trace.sentence


def test_a_clip_sped_up_by_a_quarter_leaves_every_fifth_frame_out(
    street: npt.NDArray[np.uint8],
) -> None:
    hurried = street[(np.arange(len(street) / 1.25 - 1) * 1.25).astype(int)]
    trace = found(hurried)["clip.frames-left-out"]
    assert "After every 4 frames" in trace.sentence
    assert "125%" in trace.sentence


def test_one_slowed_stretch_is_found_where_it_is(street: npt.NDArray[np.uint8]) -> None:
    part = np.concatenate([street[:80], np.repeat(street[80:140], 2, 0), street[140:]])
    trace = found(part)["clip.frames-repeated"]
    start, end = trace.seconds[0][0], trace.seconds[-1][1]
    assert start == pytest.approx(80 / RATE, abs=1.3)
    assert end == pytest.approx(200 / RATE, abs=1.3)


def pan(seed: int, count: int = 300) -> npt.NDArray[np.uint8]:
    """A camera that turns evenly past a wall."""
    random = np.random.default_rng(seed)
    wall = random.normal(0, 40, (72, 1200))
    wall = np.array([np.convolve(row, np.ones(61) / 8, "same") for row in wall]) + 128
    shown = np.array([wall[:, 2 * at : 2 * at + 128] for at in range(count)])
    return shown.clip(0, 255).astype(np.uint8)


def test_frames_taken_out_of_even_motion_are_found() -> None:
    even = pan(4)
    assert not found(even)
    trace = found(np.concatenate([even[:140], even[146:]]))["clip.jump"]
    assert trace.seconds[0] == pytest.approx((139 / RATE, 140 / RATE), abs=0.01)


@pytest.mark.parametrize("lost", [4, 6, 8])
def test_frames_taken_out_are_found_though_something_moved_more_before(lost: int) -> None:
    shown = pan(4, 200)
    shown[120:128:2, 8:40, 40:72] = 255
    shown[121:128:2, 8:40, 40:72] = 0
    cut = np.concatenate([shown[:134], shown[134 + lost :]])
    (place,) = found(cut)["clip.jump"].seconds
    assert place == pytest.approx((133 / RATE, 134 / RATE), abs=0.01)


def test_a_light_that_is_switched_on_in_one_corner_is_no_jump() -> None:
    lit = pan(4, 200)
    lit[100:, :16, :24] = 250
    assert not found(lit)


def test_what_gathers_speed_by_and_by_is_no_jump() -> None:
    """From rest to eight pixels a frame within a fifth of a second, and back."""
    speeds = np.concatenate([np.full(60, 0), [1, 2, 4, 6], np.full(20, 8), [6, 4, 2, 1]])
    at = np.cumsum(np.concatenate([speeds, np.full(60, 0)]))
    wall = np.concatenate([pan(4, 1)[0], pan(5, 1)[0], pan(6, 1)[0]], 1)
    shown = np.array([wall[:, place : place + 128] for place in at])
    assert not {"clip.jump", "clip.cut"} & set(found(shown))


def test_a_cut_to_another_shot_is_a_cut_and_no_jump() -> None:
    traces = found(np.concatenate([pan(4, 100), pan(5, 100)]))
    assert traces["clip.cut"].seconds[0][1] == pytest.approx(100 / RATE, abs=0.01)
    assert "clip.jump" not in traces


def test_the_share_of_the_way_is_a_half_in_even_motion_and_none_for_a_repetition() -> None:
    ramp = np.arange(64, dtype=np.float32)
    assert share_of_the_way(ramp, ramp + 1, ramp + 2) == pytest.approx(0.5)
    assert share_of_the_way(ramp, ramp, ramp + 2) == 0
    assert np.isnan(share_of_the_way(ramp, ramp + 1, ramp))


def test_a_black_clip_and_a_single_frame_say_why_nothing_was_looked_for() -> None:
    black = np.zeros((100, 72, 128), np.uint8)
    assert in_motion(seen(black)) == (
        (),
        ("Its pictures were not looked at for edits: nothing moves in them.",),
    )
    for count in (0, 1, 2, 3, 25):
        traces, untold = in_motion(seen(black[:count]))
        assert not traces
        assert "too few" in untold[-1]


def test_a_clip_that_goes_on_is_looked_at_up_to_a_limit(
    street: npt.NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.detector.traces.motion.MOST_FRAMES", 100)
    motion = seen(street)
    assert len(motion) == 100
    assert not motion.whole
    assert "up to 0:04.0 only" in in_motion(motion)[1][0]


def test_missing_pictures_are_found_only_where_pictures_come_evenly() -> None:
    even = np.arange(100) / 25
    none = gaps(even)
    assert none is not None
    assert none[0] == ()
    assert none[1] == pytest.approx(0.04)
    told = gaps(np.delete(even, slice(50, 55)))
    assert told is not None
    assert told[0][0] == pytest.approx((49 / 25, 55 / 25))
    uneven = np.cumsum(np.random.default_rng(5).uniform(0.02, 0.06, 100))
    assert gaps(uneven) is None
    assert gaps(even[:10]) is None


@pytest.mark.parametrize(
    ("alone", "told"),
    [
        ([0, 250], [250]),  # what an encoder does that nobody asked for anything
        ([0, 120], []),  # out of turn: a shot may end there
        ([0, 50, 100, 131, 181], [50, 100, 181]),
        (list(range(0, 300, 12)), []),  # so often that one is like the next
        (list(range(300)), []),
        ([0], []),
    ],
)
def test_pictures_stand_alone_by_the_clock_or_out_of_turn(
    alone: list[int], told: list[int]
) -> None:
    order = np.arange(300).reshape(-1, 3)[:, [0, 2, 1]].ravel()  # as stored: B pictures come later
    packets = Packets(5 + order / RATE, np.ones(300), np.isin(order, alone))
    assert renewed(packets) == pytest.approx([frame / RATE for frame in told])


def test_nothing_is_told_where_the_picture_is_renewed_by_the_clock() -> None:
    even = pan(4)
    motion = seen(np.concatenate([even[:140], even[146:]]), noise=1.0)
    assert clearness(motion)[140] > 0.5
    assert clearness(motion, [140 / RATE])[140] == 0
    assert clearness(motion, [139 / RATE])[140] > 0.5


def test_places_are_told_in_words() -> None:
    assert clock(64.25) == "1:04.2"
    assert clocks([(1, 1.05)]) == "at 0:01.0"
    assert clocks([(1, 2), (3, 3.1)]) == "from 0:01.0 to 0:02.0 and at 0:03.0"
    assert clocks([(n, n) for n in range(9)]).endswith("and at 5 other places")
    assert joined([(3, 4), (1, 2), (2, 2.5)]) == ((1, 2.5), (3, 4))


def test_the_traces_survive_another_compression(tmp_path: Path) -> None:
    source, edited = media.clip(tmp_path), tmp_path / "edited.mp4"
    freeze = "loop=loop=30:size=1:start=100,setpts=N/25/TB"
    smaller = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "30")
    media.run_ffmpeg(
        "-i", str(source), "-t", "9", "-vf", f"{freeze},scale=480:-2", *smaller, str(edited)
    )
    codes = {trace.code for trace in clip_traces(edited, type_of(edited))[0]}
    assert "clip.frozen" in codes
    honest = tmp_path / "honest.mp4"
    media.run_ffmpeg("-i", str(source), "-t", "9", "-vf", "scale=480:-2", *smaller, str(honest))
    codes = {trace.code for trace in clip_traces(honest, type_of(honest))[0]}
    assert not codes & (EDITS | RHYTHMS)


def test_a_clip_whose_pictures_were_taken_out_with_their_times_has_a_gap(tmp_path: Path) -> None:
    source, edited = media.clip(tmp_path), tmp_path / "gap.mp4"
    without = ("-vf", "select='not(between(n,100,120))'", "-fps_mode", "passthrough")
    media.run_ffmpeg("-i", str(source), *without, "-c:v", "libx264", str(edited))
    traces = {trace.code: trace for trace in clip_traces(edited, type_of(edited))[0]}
    assert traces["clip.time-gap"].seconds[0] == pytest.approx((4.0, 4.8), abs=0.15)


def test_sound_that_ends_early_is_told(tmp_path: Path) -> None:
    source, edited = media.clip_with_sound(tmp_path), tmp_path / "early.mp4"
    media.run_ffmpeg("-i", str(source), "-c:v", "copy", "-af", "atrim=0:3", str(edited))
    traces = {trace.code: trace for trace in clip_traces(edited, type_of(edited))[0]}
    assert "before the pictures" in traces["clip.sound-apart"].sentence
    whole = {trace.code for trace in clip_traces(source, type_of(source))[0]}
    assert "clip.sound-apart" not in whole


def test_what_an_edit_list_hides_is_told(tmp_path: Path) -> None:
    source, trimmed = media.clip(tmp_path), tmp_path / "trimmed.mp4"
    media.run_ffmpeg("-ss", "3", "-i", str(source), "-c", "copy", str(trimmed))
    traces = {trace.code: trace for trace in clip_traces(trimmed, type_of(trimmed))[0]}
    if "container.edit-list" in traces:  # a key frame may lie at the very place
        assert "hides" in traces["container.edit-list"].sentence
    assert "container.edit-list" not in {
        trace.code for trace in clip_traces(source, type_of(source))[0]
    }


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_clip_is_unreadable_or_answered(tmp_path: Path, kept: float) -> None:
    whole = media.convert(media.clip_with_sound(tmp_path), tmp_path / "whole.mkv").read_bytes()
    path = tmp_path / "part.mkv"
    path.write_bytes(whole[: round(kept * len(whole))])
    try:
        _, untold = clip_traces(path, type_of(path))
    except Unreadable:
        return
    assert all(sentence.endswith(".") for sentence in untold)


def test_a_recording_is_no_clip(tmp_path: Path) -> None:
    path = media.recording(tmp_path)
    assert clip_traces(path, type_of(path)) == ((), ())
