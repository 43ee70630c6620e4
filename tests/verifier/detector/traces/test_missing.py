"""What counts missing frames: the same in pieces and at once, silent where it cannot be read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ledger.asset import HEAD_SIZE, detect_media_type
from tests import media
from verifier.detector.traces import counter
from verifier.detector.traces.clip import clip_traces, counted, in_motion
from verifier.detector.traces.missing import CLASSES, odds, shared, surely
from verifier.detector.traces.motion import SMALL, Motion, watch
from verifier.errors import ToolMissing
from verifier.media.decode import frames

RATE = 25.0
STREET_SHOT = slice(187, 242)  # one shot of it

Luma = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def street_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.clip(tmp_path_factory.mktemp("street"))


@pytest.fixture(scope="module")
def street(street_file: Path) -> Luma:
    """Bicycles in a street: every frame of one shot, small."""
    with street_file.open("rb") as stream:
        media_type = detect_media_type(stream.read(HEAD_SIZE))
    shown = frames(street_file, media_type, per_second=1000, size=SMALL)
    return np.array([luma for _, luma in shown][STREET_SHOT])


def seen(shown: Luma) -> Motion:
    motion, problem = counted((number / RATE, frame) for number, frame in enumerate(shown))
    assert not problem
    return motion


def told(shown: Luma) -> list[tuple[float, float]]:
    traces = {trace.code: trace for trace in in_motion(seen(shown))[0]}
    return list(traces["clip.jump"].seconds) if "clip.jump" in traces else []


def test_a_shot_from_which_nothing_was_taken_has_no_jump(street: Luma) -> None:
    assert not told(street)


@pytest.mark.parametrize("lost", [6, 12, 20])
def test_frames_taken_out_of_a_street_are_found_where_they_were(street: Luma, lost: int) -> None:
    cut = np.concatenate([street[:20], street[20 + lost :]])
    (place,) = told(cut)
    assert place == pytest.approx((19 / RATE, 20 / RATE), abs=0.01)


def test_captions_flashes_and_a_repeated_frame_are_no_jumps(street: Luma) -> None:
    written = street.copy()
    written[20:40, 56:68, 20:100] = 235
    assert not told(written)
    flashed = street.astype(int)
    flashed[25] = flashed[25] * 1.4
    assert not told(flashed.clip(0, 255).astype(np.uint8))
    again = street.copy()
    again[22] = again[21]
    assert not told(again)


def test_another_shot_is_a_cut_and_no_jump(street: Luma) -> None:
    other = np.concatenate([street[:20], street[25:, ::-1, ::-1]])
    assert not told(other)
    assert "clip.cut" in {trace.code for trace in in_motion(seen(other))[0]}


def test_the_same_is_said_of_a_clip_that_is_told_in_pieces(street: Luma) -> None:
    long = np.concatenate([street, street[::-1], street, street[::-1]])
    whole = counter.NETWORK.session().run(None, {"frames": long})[0]
    pieces = seen(long).missing
    assert pieces is not None
    assert pieces.shape == (len(long), CLASSES)
    assert np.abs(odds(shared(pieces)) - odds(shared(whole))).max() < 0.1


def test_a_clip_that_stands_upright_is_turned(street: Luma) -> None:
    lying, standing = seen(street), seen(street.transpose(0, 2, 1))
    assert lying.missing is not None
    assert standing.missing is not None
    assert np.allclose(lying.missing, standing.missing)


@pytest.mark.parametrize("count", [0, 1, 2, 25, 26, 303, 304, 305, 545])
def test_every_frame_is_told_of_once(count: int) -> None:
    random = np.random.default_rng(3)
    counting = counter.Counter()
    noise = random.integers(0, 256, (count, 72, 128)).astype(np.uint8)
    passed = list(counting.passed((number / RATE, each) for number, each in enumerate(noise)))
    said = counting.said()
    assert len(passed) == count
    assert said is not None
    assert said.shape == (count, CLASSES)
    assert np.isfinite(said).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_clip_and_black_and_white_by_turns_have_finite_numbers(level: int) -> None:
    plain = np.full((60, 72, 128), level, np.uint8)
    assert not told(plain)
    by_turns = plain.copy()
    by_turns[::2] = 255 - level
    sure = surely(seen(by_turns))
    assert np.isfinite(sure).all()
    assert (sure >= 0).all()
    assert (sure <= 1).all()


def test_at_most_so_many_frames_are_held(street: Luma) -> None:
    counting, most = counter.Counter(), 0
    long = np.concatenate([street] * 8)
    for _ in counting.passed((number / RATE, each) for number, each in enumerate(long)):
        most = max(most, len(counting._held))
    assert most <= 368


def test_nothing_is_told_where_the_picture_is_renewed_by_the_clock(street: Luma) -> None:
    cut = np.concatenate([street[:20], street[32:]])
    motion = seen(cut)
    assert surely(motion)[20] > 0.5
    assert surely(motion, [20 / RATE])[20] == 0


def test_without_the_network_a_clip_is_judged_by_its_steps_and_that_is_said(
    street_file: Path, street: Luma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter, "NETWORK", replace(counter.NETWORK, digest="0" * 64))
    with pytest.raises(ToolMissing, match="not those"):
        counter.NETWORK.session()
    motion, problem = counted((number / RATE, each) for number, each in enumerate(street))
    assert motion.missing is None
    assert "not those" in problem
    with street_file.open("rb") as stream:
        media_type = detect_media_type(stream.read(HEAD_SIZE))
    _, untold = clip_traces(street_file, media_type)
    assert any("how many frames are missing" in sentence for sentence in untold)
    monkeypatch.setattr(counter, "NETWORK", replace(counter.NETWORK, file="none.onnx"))
    with pytest.raises(ToolMissing, match="cannot be read"):
        counter.NETWORK.session()


def test_without_numbers_nothing_is_sure(street: Luma) -> None:
    motion = watch((number / RATE, each) for number, each in enumerate(street))
    assert not surely(motion).any()
