"""The detector of voices abstains from what is no speech, and bears whatever it is given."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ledger.asset import MP3, WAV
from tests import media
from verifier.detector import voice, voice_model, voice_network
from verifier.detector.network import Network
from verifier.detector.result import Subject
from verifier.detector.voice_bands import FRAMES, RATE, WINDOW, normalised, seen, spectrum
from verifier.detector.voice_domain import is_narrow, loudness
from verifier.detector.voice_statistics import statistics
from verifier.errors import ToolMissing, Unreadable

Floats = npt.NDArray[np.float32]


def noise(seconds: float, level: float = 0.1) -> Floats:
    random = np.random.default_rng(3)
    return np.float32(level) * random.standard_normal(int(seconds * RATE), np.float32)


def tone(seconds: float) -> Floats:
    times = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    told: Floats = np.sin(2 * np.pi * 440 * times).astype(np.float32) / np.float32(2)
    return told


def babble(seconds: float, seed: int = 0) -> Floats:
    """Something with syllables, pauses, a moving pitch and moving formants, as speech has."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    times = np.arange(count) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.6 * times) + 12 * np.sin(2 * np.pi * 2.3 * times)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formants = 500 + 250 * np.sin(2 * np.pi * 3.1 * times), 1500 + 500 * np.sin(7 * times)
    told = np.zeros(count)
    for harmonic in range(1, 30):
        weight = sum(np.exp(-(((harmonic * pitch - each) / 250) ** 2)) for each in formants)
        told += (weight + 0.02) * np.sin(harmonic * phase)
    rhythm = np.clip(np.sin(2 * np.pi * 4.2 * times + np.sin(1.7 * times)), 0, 1) ** 0.7
    phrases = np.sin(2 * np.pi * 0.35 * times) > -0.7
    hiss = random.standard_normal(count)
    told = told * rhythm * phrases + 0.6 * hiss * np.clip(-np.sin(8.4 * np.pi * times), 0.8, 1) * (
        (rhythm < 0.02) & phrases
    )
    told += 0.003 * hiss
    quiet: Floats = (0.2 * told / np.abs(told).max()).astype(np.float32)
    return quiet


def reason_for(samples: Floats) -> str:
    told = voice.weigh_voice(samples)
    assert told.kind is Subject.VOICE
    assert told.log10_lr is None
    assert told.abstained is not None
    return told.abstained


@pytest.mark.parametrize("make", [lambda: np.zeros(5 * RATE, np.float32), lambda: noise(5, 1e-5)])
def test_silence_is_not_judged(make: Callable[[], Floats]) -> None:
    assert "silent" in reason_for(make())


def test_silence_with_a_constant_part_is_still_silent() -> None:
    assert "silent" in reason_for(np.full(5 * RATE, 0.4, np.float32))


@pytest.mark.parametrize("make", [lambda: noise(5), lambda: tone(9), lambda: noise(5, 40.0)])
def test_noise_and_tones_are_not_judged(make: Callable[[], Floats]) -> None:
    assert "no speech" in reason_for(make())


def test_music_is_not_judged(tmp_path: Path) -> None:
    told = voice.detect_voice(media.recording(tmp_path), WAV)
    assert told.log10_lr is None
    assert told.abstained is not None


@pytest.mark.parametrize("count", [0, 1, 511, 1600, RATE - 1])
def test_what_is_shorter_than_a_second_is_not_judged(count: int) -> None:
    assert "shorter" in reason_for(noise(1)[:count])


def test_numbers_that_are_none_do_not_matter() -> None:
    samples = babble(6)
    samples[RATE : RATE + 50] = np.nan
    samples[2 * RATE] = np.inf
    assert np.isfinite(voice.weigh_voice(samples).log10_lr or 0.0)


@pytest.mark.parametrize("gain", [1e-2, 1.0, 30.0])
def test_loud_clipped_and_quiet_voices_get_an_answer_within_the_bounds(gain: float) -> None:
    told = voice.weigh_voice((babble(8) * gain).clip(-1, 1))
    low, high = voice_model.trained().calibration.bounds
    assert told.experimental
    assert told.abstained is not None or low <= (told.log10_lr or 0) <= high


def test_the_bounds_of_an_opinion_are_those_that_were_calibrated() -> None:
    with np.load(voice_model.MODEL, allow_pickle=False) as file:
        assert voice_model.trained().calibration.bounds == tuple(file["bounds"].astype(float))


def test_an_opinion_is_experimental_and_shows_its_score_and_all_digests() -> None:
    told = voice.weigh_voice(babble(8))
    assert told.abstained is None
    assert told.experimental
    assert told.log10_lr is not None
    assert told.interval is not None
    assert told.interval[0] <= told.log10_lr <= told.interval[1]
    assert told.cues[0].usual == voice_model.trained().usual
    assert np.isfinite(told.cues[0].value)
    assert told.models == tuple(f"sha256:{each}" for each in voice.digests().values())


def test_the_same_samples_get_the_same_answer() -> None:
    assert voice.weigh_voice(babble(6)) == voice.weigh_voice(babble(6))


def test_a_telephone_is_told_from_a_wide_band() -> None:
    bins = np.fft.rfft(babble(4))
    bins[3500 * 4 :] = 0
    assert is_narrow(spectrum(np.fft.irfft(bins).astype(np.float32)))
    assert not is_narrow(spectrum(babble(4)))


def test_low_rate_mp3_is_heard_even_in_a_wav_and_is_not_judged(tmp_path: Path) -> None:
    source, low, again = (tmp_path / name for name in ("voice.wav", "low.mp3", "again.wav"))
    _write(source, babble(9))
    media.run_ffmpeg("-i", str(source), "-ar", "16000", "-b:a", "24k", str(low))
    media.run_ffmpeg("-i", str(low), "-ar", "44100", str(again))
    for path, kind in ((low, MP3), (again, WAV)):
        told = voice.detect_voice(path, kind)
        assert told.abstained == voice.LOW_RATE
        assert not told.cues
    assert voice.detect_voice(source, WAV).abstained is None


def test_level_and_colour_do_not_change_what_the_network_sees() -> None:
    samples = babble(4)
    colour = np.linspace(1, 30, 64, dtype=np.float32)
    plain, coloured = normalised(spectrum(samples)), normalised(spectrum(samples * 0.01))
    assert np.allclose(plain, coloured, atol=1e-3)
    assert np.abs(normalised(spectrum(samples) * colour) - plain).mean() < 0.1


def test_a_short_voice_fills_the_window_by_repeating_itself() -> None:
    bands = seen(spectrum(babble(1.5)))
    assert bands.shape == (FRAMES, 64)
    assert np.isfinite(bands).all()


def test_windows_of_a_long_recording_are_few_and_spread_over_it() -> None:
    def blocks() -> object:
        for minute in range(90):
            yield np.full(60 * RATE, minute, np.float32)

    kept = voice.windows(blocks())  # type: ignore[arg-type]
    assert voice.MOST_WINDOWS / 2 <= len(kept) <= voice.MOST_WINDOWS
    assert kept[0][0] == 0
    assert 50 <= kept[-1][0] < 60  # of the first hour


def test_the_end_of_a_recording_is_judged_with_what_came_before_it() -> None:
    kept = voice.windows([np.arange(WINDOW + RATE, dtype=np.float32)])
    assert [len(each) for each in kept] == [WINDOW, WINDOW]
    assert kept[1][-1] == WINDOW + RATE - 1


def test_a_truncated_file_is_unreadable_or_short(tmp_path: Path) -> None:
    path = media.recording(tmp_path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(Unreadable):
        voice.detect_voice(path, WAV)


def test_two_channels_and_eight_kilohertz_are_read(tmp_path: Path) -> None:
    source = tmp_path / "voice.wav"
    _write(source, babble(6))
    for name, arguments in (("two.wav", ("-ac", "2")), ("low.wav", ("-ar", "8000"))):
        media.run_ffmpeg("-i", str(source), *arguments, str(tmp_path / name))
        told = voice.detect_voice(tmp_path / name, WAV)
        assert told.kind is Subject.VOICE


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = bytearray(voice_model.MODEL.read_bytes())
    altered[len(altered) // 2] ^= 1
    path = tmp_path / "voice.npz"
    path.write_bytes(altered)
    voice_model.trained.cache_clear()
    monkeypatch.setattr(voice_model, "MODEL", path)
    with pytest.raises(ToolMissing, match="not those"):
        voice.weigh_voice(babble(4))
    assert "not those" in (voice.ready() or "")
    monkeypatch.undo()
    assert voice.ready() is None


@pytest.mark.parametrize("name", ["OURS", "MAPS"])
def test_another_network_under_the_name_of_one_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    its = getattr(voice_network, name)
    others = {"OURS": voice_network.MAPS, "MAPS": voice_network.OURS}
    posing = Network(others[name].file, its.digest)
    told = tuple(posing if each == its else each for each in voice_network.NETWORKS)
    for module in (voice, voice_network):
        monkeypatch.setattr(module, "NETWORKS", told)
    assert "not those" in (voice.ready() or "")
    with pytest.raises(ToolMissing, match="not those"):
        voice.weigh_voice(babble(4))
    assert "silent" in reason_for(np.zeros(5 * RATE, np.float32))  # asked of no network


def test_the_licence_of_what_came_from_a_wheel_lies_in_its_file() -> None:
    data = Path(voice_network.__file__).with_name(voice_network.MAPS.file).read_bytes()
    assert b"Copyright (c) Microsoft Corporation." in data
    assert b"Permission is hereby granted, free of charge" in data


def test_statistics_are_those_of_a_slow_reference() -> None:
    bands = np.random.default_rng(1).standard_normal((FRAMES, 64)).astype(np.float32)
    fast = statistics(bands)
    assert fast.shape == voice_model.trained().low_rate.weights.shape
    band = bands[:, 7].astype(np.float64)
    spread = band.std() + 0.05
    even = (band - band.mean()) / spread
    lagged = sum(even[place] * even[place + 1] for place in range(FRAMES - 1)) / (FRAMES - 1)
    assert np.isclose(fast[7], np.log(spread), atol=1e-4)
    assert np.isclose(fast[6 * 64 + 7], lagged, atol=1e-4)


def test_loudness_is_of_what_moves() -> None:
    assert loudness(np.full(100, 0.5, np.float32)) == 0
    assert loudness(np.zeros(0, np.float32)) == 0


def test_digests_name_the_weights() -> None:
    assert voice.digests() == {
        "voice.npz": voice_model.DIGEST,
        "voice.onnx": voice_network.OURS.digest,
        "voice_maps.onnx": voice_network.MAPS.digest,
    }


def _write(path: Path, samples: Floats) -> None:
    import wave

    with wave.open(str(path), "wb") as opened:
        opened.setparams((1, 2, RATE, 0, "NONE", ""))
        opened.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
