"""Each edit of a recording leaves its trace where it was made; ordinary handling leaves none."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.io import wavfile
from scipy.signal import butter, sosfilt

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.detector.result import Trace
from verifier.detector.traces.floor import RATE
from verifier.detector.traces.sound import in_sound, sound_traces
from verifier.errors import Unreadable

Samples = npt.NDArray[np.float32]


def type_of(path: Path) -> MediaType:
    with path.open("rb") as stream:
        return detect_media_type(stream.read(HEAD_SIZE))


def room(seconds: float, *, seed: int = 1, hum: float = 0.0, level: float = 0.003) -> Samples:
    """Syllables of noise in a room: loud and low, faint and high, with the hum of the mains."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    slow = np.interp(time, np.arange(seconds * 4 + 2) / 4, random.random(round(seconds * 4) + 2))
    speech = sosfilt(
        butter(2, [200, 3500], "bandpass", fs=RATE, output="sos"), random.normal(size=count)
    )
    says = np.sin(2 * np.pi * 1.7 * time) > -0.3  # and then draws breath
    heard = 0.3 * says * np.clip(slow - 0.3, 0, 1) ** 2 * speech + level * random.normal(size=count)
    heard += hum * np.sin(2 * np.pi * 50.02 * time + 1)
    made: Samples = heard.astype(np.float32)
    return made


def found(sound: Samples) -> dict[str, Trace]:
    return {trace.code: trace for trace in in_sound(sound)[0]}


def written(sound: Samples, path: Path) -> Path:
    wavfile.write(path, RATE, np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16))
    return path


def test_an_unedited_recording_has_no_trace() -> None:
    assert not found(room(12))
    assert not found(room(12, hum=0.01))


def test_a_muted_stretch_is_found_to_the_hundredth_of_a_second() -> None:
    sound = room(10)
    sound[64000:72000] = 0
    assert found(sound)["sound.muted"].seconds[0] == pytest.approx((4.0, 4.5), abs=0.02)


def test_silence_at_the_ends_is_what_codecs_add() -> None:
    sound = room(10)
    sound[:3000] = sound[-3000:] = 0
    assert "sound.muted" not in found(sound)


def test_a_second_that_is_heard_twice_is_found_with_what_it_repeats() -> None:
    sound = room(12)
    again = np.concatenate([sound[:100000], sound[20000:36000], sound[100000:]])
    trace = found(again)["sound.repeated"]
    assert trace.seconds[0] == pytest.approx((6.25, 7.25), abs=0.06)
    assert "0:01.2" in trace.sentence


def test_a_cut_breaks_the_hum_of_the_mains_where_it_is() -> None:
    sound = room(14, hum=0.01)
    cut = np.concatenate([sound[:96000], sound[96000 + 8137 :]])
    trace = found(cut)["sound.hum-breaks"]
    assert trace.seconds[0][0] == pytest.approx(6.0, abs=0.3)
    assert "50 Hz" in trace.sentence


def test_without_hum_it_is_said_that_none_is_heard() -> None:
    assert any("none is heard" in sentence for sentence in in_sound(room(8))[1])


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_sound_stretched_with_its_pitch_kept_beats(tmp_path: Path, rate: float) -> None:
    path, stretched = written(room(12), tmp_path / "plain.wav"), tmp_path / "stretched.m4a"
    media.run_ffmpeg("-i", str(path), "-af", f"atempo={rate}", "-c:a", "aac", str(stretched))
    codes = {trace.code for trace in sound_traces(stretched, type_of(stretched))[0]}
    assert "sound.stretched" in codes
    honest = tmp_path / "honest.m4a"
    media.run_ffmpeg("-i", str(path), "-c:a", "aac", str(honest))
    assert "sound.stretched" not in {t.code for t in sound_traces(honest, type_of(honest))[0]}


def test_what_was_an_mp3_before_it_was_a_wave_is_told(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    path = tmp_path / "wide.wav"
    wavfile.write(path, 44100, (3000 * random.normal(size=44100 * 6)).astype(np.int16))
    before = {trace.code for trace in sound_traces(path, type_of(path))[0]}
    assert "sound.band-limited" not in before
    lossy, after = tmp_path / "lossy.mp3", tmp_path / "after.wav"
    media.run_ffmpeg("-i", str(path), "-b:a", "96k", str(lossy))
    media.run_ffmpeg("-i", str(lossy), str(after))
    traces = {trace.code: trace for trace in sound_traces(after, type_of(after))[0]}
    assert "not compressed" in traces["sound.band-limited"].sentence


@pytest.mark.parametrize("count", [0, 1, 100, RATE, 2 * RATE, 3 * RATE])
def test_silence_and_short_sound_say_why_nothing_was_looked_for(count: int) -> None:
    traces, untold = in_sound(np.zeros(count, np.float32))
    assert not traces
    assert "silent" in untold[0] or "too short" in untold[0]


@pytest.mark.parametrize("kind", ["tone", "square", "clicks", "constant", "noise"])
def test_sound_of_one_kind_is_answered_without_a_warning(kind: str) -> None:
    time = np.arange(8 * RATE) / RATE
    made = {
        "tone": np.sin(2 * np.pi * 440 * time),
        "square": np.sign(np.sin(2 * np.pi * 100 * time)),
        "clicks": (np.arange(len(time)) % 4000 == 0) * 1.0,
        "constant": np.full(len(time), 0.5),
        "noise": np.random.default_rng(7).normal(0, 0.1, len(time)),
    }
    traces, _ = in_sound(made[kind].astype(np.float32))
    assert all(trace.does_not_show.startswith("It does not show") for trace in traces)


def test_music_of_the_test_set_is_examined(tmp_path: Path) -> None:
    path = media.recording(tmp_path)
    _, untold = sound_traces(path, type_of(path))
    assert all(sentence.endswith(".") for sentence in untold)


def test_a_clip_without_sound_and_a_picture_say_nothing(tmp_path: Path) -> None:
    for path in (media.clip(tmp_path), media.photograph(tmp_path)):
        assert sound_traces(path, type_of(path)) == ((), ())


@pytest.mark.parametrize("kept", [0.01, 0.4, 0.9])
def test_a_truncated_recording_is_unreadable_or_answered(tmp_path: Path, kept: float) -> None:
    whole = media.convert(media.recording(tmp_path), tmp_path / "whole.flac").read_bytes()
    path = tmp_path / "part.flac"
    path.write_bytes(whole[: round(kept * len(whole))])
    try:
        sound_traces(path, type_of(path))
    except Unreadable:
        return
