"""The line over statistics and network: prepared windows, folds of pages, a whole training."""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bench.training import voice_coded
from tests.media import ffmpeg_path
from verifier.detector import voice_model, voice_network
from verifier.detector.voice_bands import RATE, WINDOW

from .test_voice import babble
from .test_voice_training import _write


def test_a_prepared_window_has_one_level_and_nothing_above_its_band() -> None:
    for gain in (1e-3, 1.0):
        told = voice_network.prepared(babble(4) * np.float32(gain))
        assert told.shape == (WINDOW,)
        assert np.sqrt(np.mean(told.astype(float) ** 2)) == pytest.approx(0.06, rel=1e-3)
    bins = np.abs(np.fft.rfft(voice_network.prepared(babble(4, seed=2)))) ** 2
    above = np.fft.rfftfreq(WINDOW, 1 / RATE) > 7_800
    assert bins[above].mean() < 1e-3 * bins.mean()


def test_what_is_short_is_repeated_before_it_is_heard() -> None:
    short = babble(1.5)
    again = np.resize(short - short.mean(), WINDOW)
    told = voice_network.prepared(short)
    assert np.corrcoef(told, again)[0, 1] > 0.99


@pytest.mark.parametrize("sound", [
    np.zeros(2 * RATE, np.float32),
    np.full(2 * RATE, 0.5, np.float32),
    np.eye(1, 3 * RATE, RATE, dtype=np.float32)[0],
    np.resize(np.array((1, -1), np.float32), 2 * RATE),
    babble(4) * np.float32(1e-6),
    babble(4) * np.float32(1e4),
])  # fmt: skip
def test_silence_clicks_and_extremes_are_prepared_and_heard_without_harm(
    sound: npt.NDArray[np.float32],
) -> None:
    told = voice_network.numbers(sound)
    assert told.shape == (voice_network.NUMBERS,)
    assert np.isfinite(told).all()


def test_a_window_is_heard_alike_again_to_the_bit_and_by_both_networks() -> None:
    first, again = (voice_network.numbers(babble(4)) for _ in range(2))
    assert (first == again).all()
    other = voice_network.numbers(babble(4, seed=3)) != first
    assert other[: voice_network.OF_OURS].mean() > 0.5
    assert other[voice_network.OF_OURS :].mean() > 0.5


def test_the_line_has_a_weight_for_every_number() -> None:
    learnt = voice_model.trained()
    assert len(learnt.voice.weights) == voice_coded.LENGTH
    assert len(learnt.low_rate.weights) == voice_coded.LENGTH - voice_network.NUMBERS


def known(folds: dict[str, set[int]]) -> voice_coded.Heard:
    """Twelve windows of each source, the cloned ones moved in one number."""
    random = np.random.default_rng(1)
    sources = np.repeat(sorted(folds), 12)
    told = random.standard_normal((len(sources), voice_coded.LENGTH)).astype(np.float32)
    mean, deviation = voice_model.trained().low_rate.mean, voice_model.trained().low_rate.deviation
    told[:, : len(mean)] = told[:, : len(mean)] * deviation + mean
    told[:, -1] += 3 * np.char.startswith(sources, "fake")
    clips = np.array([str(each // 3) for each in range(len(sources))])
    ways = np.full(len(sources), voice_coded.AS_IT_IS)
    return voice_coded.Heard(told, np.zeros(len(sources), np.int64), ways, sources, clips)


def test_a_source_of_several_folds_is_judged_by_none_and_one_of_one_by_it() -> None:
    folds = {"real_a": {0}, "fake_a": {0}, "real_b": {1}, "fake_b": {1}, "fake_c": {0, 1}}
    _, scores = voice_coded.left_out(known(folds), folds, voice_model.trained().low_rate)
    judged = np.isfinite(scores)
    assert (judged == (np.repeat(sorted(folds), 12) != "fake_c")).all()


def test_ratios_are_raised_alike_again_and_by_nothing_where_folds_are_two() -> None:
    earlier = voice_model.trained().low_rate
    folds = {f"{kind}_{place}": {number} for number, place in enumerate("abc")
             for kind in ("real", "fake")}  # fmt: skip
    first, again = (voice_coded.power(known(folds), folds, earlier) for _ in range(2))
    assert first == again
    assert first in voice_coded.POWERS
    two = {name: its for name, its in folds.items() if its != {2}}
    assert voice_coded.power(known(two), two, earlier) == 1.0


def test_a_clip_is_weighed_by_the_mean_of_its_windows_that_were_judged() -> None:
    windows = known({"real_a": {0}, "fake_a": {1}})
    scores = np.arange(24, dtype=np.float64)
    scores[[0, 21, 22, 23]] = np.nan
    clips, means = voice_coded.by_clip(windows, scores)
    told = dict(zip(zip(clips.sources, clips.clips, strict=True), means, strict=True))
    assert len(told) == 7
    assert told["fake_a", "0"] == 1.5  # of 1 and 2
    assert told["real_a", "6"] == 19.0  # of 18, 19 and 20
    assert (clips.cloned == np.char.startswith(clips.sources, "fake")).all()


def test_a_clip_as_it_is_and_handled_are_two_and_copies_are_none() -> None:
    windows = known({"real_a": {0}, "fake_a": {1}, "fake_b": {1}})
    windows.ways[(windows.clips == "5") | (windows.clips == "0")] = "echoing"
    windows.ways[0] = voice_coded.AS_IT_IS
    scores = np.arange(36, dtype=np.float64)
    clips, means = voice_coded.by_clip(windows, scores, {"fake_b"})
    assert set(clips.sources) == {"real_a", "fake_a"}
    zeros = sorted(means[clips.clips == "0"])
    assert zeros == [0.0, 1.5]  # as it is the first window alone, handled the two others


def test_training_runs_whole_and_keeps_what_stands_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("real_a", "real_b", "fake_a", "fake_b")
    monkeypatch.setattr(voice_coded, "is_judged", lambda _part: True)
    for number, source in enumerate(names):
        for clip in range(3):
            heard = babble(2, seed=10 * number + clip)
            distorted = source.startswith("fake")
            sound = (np.tanh(4 * heard) / 4).astype(np.float32) if distorted else heard
            _write(tmp_path / source / f"{source}{clip}.wav", sound)
    table = tmp_path / "sources.csv"
    rows = [f"{each},nowhere,3,{number % 2}," for number, each in enumerate(names)]
    table.write_text("\n".join(["source,repository,clips,fold,copies", *rows]))
    command = ["voice_coded", str(tmp_path), "--sources", str(table), "--keep", str(tmp_path / "k")]
    command += ["--ffmpeg", str(ffmpeg_path()), "--to", str(tmp_path / "new.npz")]
    monkeypatch.setattr(sys, "argv", command)
    voice_coded.main()
    first = (tmp_path / "new.npz").read_bytes()
    voice_coded.main()
    assert (tmp_path / "new.npz").read_bytes() == first
    earlier, learnt = voice_model.trained(), voice_model.from_bytes(first)
    assert (learnt.low_rate.weights == earlier.low_rate.weights).all()
    assert (learnt.low_rate.mean == earlier.low_rate.mean).all()
    assert learnt.speech_least == earlier.speech_least
    assert len(learnt.voice.weights) == voice_coded.LENGTH
