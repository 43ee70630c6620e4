"""Frames and samples come with the times at which they are shown and heard, exactly."""

import itertools
import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ledger import asset
from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.errors import Unreadable
from verifier.media.decode import colour_frames, frames, samples
from verifier.media.probe import Sound, probe


def kind_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


def made(path: Path, *options: str) -> Path:
    media.run_ffmpeg(*options, str(path))
    return path


def presentation_times(path: Path) -> list[float]:
    """What ffprobe says, frame by frame, of when each is shown after the first."""
    command = [str(media.ffprobe_path()), "-v", "error", "-select_streams", "v:0", "-of", "json"]
    told = subprocess.run(
        [*command, "-show_entries", "frame=pts_time", str(path)], capture_output=True, check=True
    ).stdout
    times = [float(frame["pts_time"]) for frame in json.loads(told)["frames"]]
    return [round(time - times[0], 6) for time in times]


def expected(times: list[float], per_second: float) -> list[float]:
    """The first of the times in each period."""
    periods = itertools.groupby(times, key=lambda time: math.floor(time * per_second))
    return [next(group) for _, group in periods]


@pytest.mark.parametrize("per_second", [1, 4, 1000])
def test_frames_come_with_their_own_times(tmp_path: Path, per_second: float) -> None:
    clip = media.clip(tmp_path)
    found = list(frames(clip, asset.MP4, per_second=per_second, size=(32, 16)))
    times = presentation_times(clip)
    assert [time for time, _ in found] == pytest.approx(expected(times, per_second), abs=1e-6)
    assert all(luma.shape == (16, 32) and luma.dtype == np.uint8 for _, luma in found)


def test_a_variable_frame_rate_is_followed(tmp_path: Path) -> None:
    """Some frames are dropped, the rest keep their times: no grid is laid over them."""
    clip = made(
        tmp_path / "variable.mkv",
        *("-i", str(media.clip(tmp_path)), "-fps_mode", "passthrough"),
        *("-vf", r"select=not(between(t\,2\,5.1))*gt(random(1)\,0.6)"),
    )
    found = [time for time, _ in frames(clip, asset.MKV)]
    assert found == pytest.approx(expected(presentation_times(clip), 4), abs=1e-6)
    assert max(np.diff(found)) > 3


@pytest.mark.parametrize(
    "coder",
    [("libx264", "-x264-params", "frame-packing=3"), ("mpeg2video", "-timecode", "01:00:00:00")],
    ids=["packed for two eyes", "with timecodes"],
)
def test_what_a_camera_says_of_frames_is_not_taken_for_their_times(
    tmp_path: Path, coder: tuple[str, ...]
) -> None:
    source = ("-f", "lavfi", "-i", "testsrc=s=320x240:d=2", "-pix_fmt", "yuv420p")
    clip = made(tmp_path / "clip.mp4", *source, "-c:v", *coder)
    times = presentation_times(clip)
    found = [time for time, _ in frames(clip, asset.MP4, per_second=1000, size=(32, 16))]
    assert found == pytest.approx(times, abs=1e-6)
    coloured = colour_frames(clip, asset.MP4, per_second=1000, size=(32, 16), within=(0.0, 2.0))
    assert [time for time, _ in coloured] == pytest.approx(times, abs=1e-6)


def test_a_clip_that_starts_late_is_counted_from_its_start(tmp_path: Path) -> None:
    clip = made(
        tmp_path / "late.mkv",
        *("-i", str(media.clip(tmp_path)), "-c", "copy", "-output_ts_offset", "1000"),
    )
    times = [time for time, _ in frames(clip, asset.MKV)]
    assert times[0] == pytest.approx(0, abs=0.001)
    assert times[-1] == pytest.approx(9.76, abs=0.05)


def test_a_rotated_clip_is_seen_upright(tmp_path: Path) -> None:
    clip = media.clip(tmp_path)
    turned = made(
        tmp_path / "turned.mp4",
        *("-display_rotation", "90", "-i", str(clip), "-c", "copy"),
    )
    upright = made(tmp_path / "upright.mp4", "-i", str(turned), "-c:v", "libx264", "-crf", "18")
    info = probe(turned, asset.MP4)
    assert (info.video[0].width, info.video[0].height) == (640, 272)
    assert info.video[0].rotation == 90
    assert info.size == (272, 640)
    pairs = zip(frames(turned, asset.MP4), frames(upright, asset.MP4), strict=True)
    assert all(np.abs(one.astype(int) - other).mean() < 3 for (_, one), (_, other) in pairs)


def test_one_frame_is_a_clip(tmp_path: Path) -> None:
    clip = made(tmp_path / "one.mp4", "-i", str(media.clip(tmp_path)), "-frames:v", "1")
    assert [time for time, _ in frames(clip, asset.MP4)] == [0]


def test_every_container_shows_the_same_frames(tmp_path: Path) -> None:
    original = list(frames(media.clip(tmp_path), asset.MP4))
    others = (".ts", ".m2ts", ".mpg", ".mxf", ".wmv", ".flv")
    for ending in (".mov", ".mkv", ".webm", ".avi", *others):
        copy = media.convert(media.clip(tmp_path), tmp_path / f"copy{ending}")
        found = list(frames(copy, kind_of(copy)))
        assert abs(len(found) - len(original)) <= 1
        same = [np.abs(a.astype(int) - b).mean() for (_, a), (_, b) in zip(found, original)]  # noqa: B905  # one may be longer
        assert np.median(same) < 6


def test_every_recording_sounds_the_same_and_as_long(tmp_path: Path) -> None:
    original = np.concatenate(list(samples(media.recording(tmp_path), asset.WAV)))
    assert original.dtype == np.float32
    assert 0.9 < np.abs(original).max() < 1.1
    for ending in (".mp3", ".flac", ".ogg", ".m4a", ".wav", ".aif", ".caf", ".aac"):
        copy = media.convert(media.recording(tmp_path), tmp_path / f"copy{ending}")
        found = np.concatenate(list(samples(copy, kind_of(copy))))
        assert abs(len(found) - len(original)) < 0.3 * 8000
        assert found.std() == pytest.approx(original.std(), rel=0.1)


def test_blocks_do_not_change_what_is_heard(tmp_path: Path) -> None:
    recording = media.recording(tmp_path)
    whole = np.concatenate(list(samples(recording, asset.WAV)))
    small = list(samples(recording, asset.WAV, block=1000))
    assert {len(block) for block in small[:-1]} == {1000}
    assert np.array_equal(np.concatenate(small), whole)


def test_sound_that_starts_late_is_preceded_by_silence(tmp_path: Path) -> None:
    """Sample n is heard n / rate seconds after the start of the clip, as its frames are."""
    clip = made(
        tmp_path / "late.mkv",
        *("-i", str(media.clip(tmp_path)), "-itsoffset", "2.5"),
        *("-i", str(media.recording(tmp_path)), "-map", "0:v", "-map", "1:a", "-c:v", "copy"),
        *("-c:a", "flac"),
    )
    heard = np.concatenate(list(samples(clip, asset.MKV)))
    assert not heard[: int(2.45 * 8000)].any()
    assert heard[int(2.5 * 8000) : int(3.5 * 8000)].std() > 0.01


def test_a_clip_without_sound_says_so(tmp_path: Path) -> None:
    clip = media.clip(tmp_path)
    assert probe(clip, asset.MP4).sound == ()
    with pytest.raises(Unreadable):
        list(samples(clip, asset.MP4))
    with pytest.raises(Unreadable):
        list(frames(media.recording(tmp_path), asset.WAV))


def test_a_cover_picture_is_no_clip(tmp_path: Path) -> None:
    cover = made(
        tmp_path / "cover.m4a",
        *("-i", str(media.recording(tmp_path)), "-i", str(media.photograph(tmp_path))),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic"),
    )
    info = probe(cover, asset.M4A)
    assert info.video == ()
    assert info.size is None
    assert len(info.sound) == 1


def test_the_headers_are_told_as_they_are(tmp_path: Path) -> None:
    info = probe(media.clip_with_sound(tmp_path), asset.MP4)
    assert info.duration == pytest.approx(5.312)
    assert info.size == (1280, 720)
    assert info.video[0].frame_rate == 25
    assert info.video[0].codec == "h264"
    assert info.sound == (Sound(rate=48000, channels=6, codec="aac"),)
    picture = probe(media.photograph(tmp_path), asset.JPEG)
    assert (picture.size, picture.duration, picture.video) == ((640, 427), None, ())


def test_leaving_early_ends_ffmpeg(tmp_path: Path) -> None:
    found = frames(media.clip(tmp_path), asset.MP4)
    next(found)
    found.close()  # type: ignore[attr-defined]  # it is a generator
    left = samples(media.recording(tmp_path), asset.WAV, block=10)
    next(left)
    left.close()  # type: ignore[attr-defined]  # it is a generator
