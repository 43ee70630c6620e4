"""Sound that was AAC keeps the place of its frames, and shows where they were cut."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.io import wavfile

from tests import media
from verifier.detector.result import Trace
from verifier.detector.traces.framed import FRAME, framed
from verifier.detector.traces.sound import FRAMED, sound_traces

from .test_sound import type_of

RATE = 48_000
Steps = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """One channel of an animated film's scene, which was AAC, from an odd sample on."""
    folder = tmp_path_factory.mktemp("film")
    path = folder / "film.wav"
    clip = media.clip_with_sound(folder)
    media.run_ffmpeg("-i", str(clip), "-vn", "-af", "pan=mono|c0=FC", str(path))
    sound: Steps = wavfile.read(path)[1][333:]
    return sound


def found(steps: Steps, path: Path) -> dict[str, Trace]:
    """The traces of samples that are written as the ending of the path says."""
    plain = path.with_suffix(".wav")
    wavfile.write(plain, RATE, steps)
    if path != plain:
        media.run_ffmpeg("-i", str(plain), "-b:a", "192k", str(path))
    return {trace.code: trace for trace in sound_traces(path, type_of(path))[0]}


@pytest.mark.parametrize("name", ["film.wav", "film.flac", "film.mp3"])
def test_what_was_aac_before_is_told_and_has_no_breaks(
    film: Steps, tmp_path: Path, name: str
) -> None:
    traces = found(film, tmp_path / name)
    assert "sound.was-aac" in traces
    assert "sound.frames-break" not in traces


@pytest.mark.parametrize("name", ["film.wav", "film.mp3"])
def test_a_cut_of_a_tenth_of_a_second_lies_in_the_quarter_of_one_that_is_told(
    film: Steps, tmp_path: Path, name: str
) -> None:
    cut = np.concatenate([film[:120_000], film[125_000:]])
    ((start, end),) = found(cut, tmp_path / name)["sound.frames-break"].seconds
    assert start - 0.05 <= 2.5 <= end + 0.05
    assert end - start < 0.25


def test_a_part_that_was_put_in_has_two_ends(film: Steps, tmp_path: Path) -> None:
    longer = np.concatenate([film[:100_000], film[150_100:190_100], film[100_000:]])
    trace = found(longer, tmp_path / "longer.wav")["sound.frames-break"]
    ends = [end for where in trace.seconds for end in where]
    assert min(ends) == pytest.approx(100_000 / RATE, abs=0.3)
    assert max(ends) == pytest.approx(140_000 / RATE, abs=0.3)


def test_a_cut_of_whole_frames_leaves_none(film: Steps, tmp_path: Path) -> None:
    cut = np.concatenate([film[:120_000], film[120_000 + 7 * FRAME :]])
    assert "sound.frames-break" not in found(cut, tmp_path / "cut.wav")


def test_of_a_file_that_is_aac_it_is_said_that_nothing_was_looked_for(tmp_path: Path) -> None:
    clip = media.clip_with_sound(tmp_path)
    traces, untold = sound_traces(clip, type_of(clip))
    assert not {trace.code for trace in traces} & {"sound.was-aac", "sound.frames-break"}
    assert any("AAC itself" in sentence for sentence in untold)


@pytest.mark.parametrize("kind", ["noise", "faint noise", "tone", "clicks", "silence", "constant"])
def test_what_never_was_aac_has_no_frames(kind: str) -> None:
    time = np.arange(4 * RATE) / RATE
    random = np.random.default_rng(1)
    made = {
        "noise": random.normal(0, 0.1, len(time)),
        "faint noise": random.normal(0, 1 / 32768, len(time)),
        "tone": np.sin(2 * np.pi * 440 * time) / 2,
        "clicks": (np.arange(len(time)) % 4000 == 0) * 0.5,
        "silence": np.zeros(len(time)),
        "constant": np.full(len(time), 0.5),
    }
    seen = framed((np.rint(made[kind] * 32767) / 32768).astype(np.float32), RATE, FRAMED)
    assert seen is not None
    assert seen.strength < FRAMED
    assert not seen.breaks


@pytest.mark.parametrize("count", [0, 1, 5000, 12 * FRAME - 1])
def test_too_little_sound_has_no_answer(count: int) -> None:
    assert framed(np.zeros(count, np.float32), RATE, FRAMED) is None


def test_of_a_telephones_rate_it_is_said_why_nothing_was_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    wavfile.write(path, 8000, np.random.default_rng(2).normal(0, 900, 40_000).astype(np.int16))
    assert any("8000 samples" in sentence for sentence in sound_traces(path, type_of(path))[1])
