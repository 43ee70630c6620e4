"""What is said of a clip's pictures, and when nothing is said."""

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from ledger import asset
from ledger.asset import detect_media_type
from tests import media
from verifier.detector import faces, footage, head, kinds
from verifier.detector.calibration import weigh
from verifier.detector.evidence import in_words
from verifier.detector.examine import footage_task
from verifier.detector.result import Detection, Subject, parse_examination
from verifier.errors import ToolMissing, Unreadable
from verifier.media.probe import probe

Pixels = npt.NDArray[np.uint8]
RATE = 10


def film(path: Path, frames: list[Pixels]) -> Path:
    """Write frames as H.264, RATE a second."""
    height, width = frames[0].shape[:2]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE))
    coder = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")
    subprocess.run(
        [str(media.ffmpeg_path()), "-v", "error", "-y", *raw, "-i", "-", *coder, str(path)],
        input=b"".join(each.tobytes() for each in frames),
        check=True,
        capture_output=True,
    )
    return path


def shaky(side: int = 384, count: int = 24) -> list[Pixels]:
    """The astronaut, as a hand would hold the camera."""
    whole = Image.fromarray(skimage.data.astronaut())
    return [
        np.asarray(whole.crop((n, n, 460 + n, 460 + n)).resize((side, side)))
        for n in (round(20 + 15 * np.sin(place / 4)) for place in range(count))
    ]


def detect(path: Path) -> Detection:
    told = footage.detect_footage(path, detect_media_type(path.read_bytes()[:4096]))
    assert told.kind is Subject.FOOTAGE
    assert (told.log10_lr is None) == (told.abstained is not None)
    return told


def test_a_clip_is_weighed_within_its_bounds_and_twice_alike(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", shaky())
    told = detect(path)
    assert told.log10_lr is not None
    assert told.interval is not None
    low, high = footage.trained().calibration.bounds
    assert low <= told.interval[0] <= told.log10_lr <= told.interval[1] <= high
    assert told == detect(path)
    (again,) = parse_examination(footage_task(str(path), "video/mp4")).detections
    assert again == told


def test_an_answer_names_all_the_weights_that_it_rests_on(tmp_path: Path) -> None:
    told = detect(film(tmp_path / "film.mp4", shaky()))
    assert told.models[0] == f"sha256:{footage.DIGEST}"
    assert f"sha256:{head.DIGESTS[Subject.PICTURE][1]}" in told.models
    assert f"sha256:{kinds.DIGEST}" in told.models
    assert {f"sha256:{each}" for each in faces.digests().values()} <= set(told.models)
    assert len(set(told.models)) == len(told.models)


def test_no_words_speak_for_a_filmed_clip_where_a_face_is_close() -> None:
    near, far = (footage.calibration(faces_close=each) for each in (True, False))
    assert far == footage.trained().calibration
    for score in np.linspace(-20, 20, 81):
        said, otherwise = (weigh(float(score), each) for each in (near, far))
        assert not in_words(said, footage.SIDES).endswith(footage.SIDES[1])
        if otherwise.interval[0] > 0:
            assert said == otherwise
    assert in_words(weigh(-20.0, far), footage.SIDES).endswith(footage.SIDES[1])


def test_a_face_is_close_where_it_fills_a_quarter_of_the_side_in_half_of_the_frames() -> None:
    astronaut = Image.fromarray(skimage.data.astronaut())
    assert footage.close(astronaut.crop((130, 30, 330, 230)).resize((400, 400)))
    small = Image.new("RGB", (1000, 1000), (90, 110, 130))
    small.paste(astronaut.resize((400, 400)), (300, 300))
    assert not footage.close(small)
    assert not footage.close(Image.fromarray(skimage.data.coffee()))
    assert footage.most([True, False, True])
    assert footage.most([True, False])
    assert not footage.most([True, False, False])
    assert not footage.most([])


def test_of_an_animated_film_nothing_is_said(tmp_path: Path) -> None:
    assert detect(media.clip_with_sound(tmp_path)).abstained == kinds.SAID["animation"]


def test_frames_are_taken_from_all_along_a_clip(tmp_path: Path) -> None:
    shades = [np.full((64, 64, 3), 10 * n, np.uint8) for n in range(24)]
    path = film(tmp_path / "shades.mp4", shades)
    found = list(footage.sampled(path, asset.MP4, probe(path, asset.MP4)))
    levels = [float(np.asarray(each).mean()) for each in found]
    assert len(levels) == footage.FRAMES
    assert levels == sorted(levels)
    assert levels[0] < 40
    assert levels[-1] > 190


@pytest.mark.parametrize("duration", [None, 0.04, 10.0, 7200.0, 1e12])
def test_moments_rise_and_lie_within_an_hour(duration: float | None) -> None:
    told = footage.moments(duration)
    assert len(told) == footage.FRAMES
    assert told == sorted(told)
    assert told[0] >= 0
    assert told[-1] < min(duration or 3.0, 3600.0)


def test_a_small_clip_a_drawing_and_noise_are_not_judged(tmp_path: Path) -> None:
    small = detect(film(tmp_path / "small.mp4", shaky(side=200)))
    assert "smaller than 320" in (small.abstained or "")
    flat = np.zeros((400, 400, 3), np.uint8)
    flat[100:300, 100:300] = 200
    assert "a drawing" in (detect(film(tmp_path / "drawn.mp4", [flat] * 24)).abstained or "")
    random = np.random.default_rng(3)
    noise = [random.integers(0, 256, (400, 400, 3), np.uint8) for _ in range(24)]
    assert "noise" in (detect(film(tmp_path / "noise.mp4", noise)).abstained or "")


def test_a_clip_of_one_frame_gets_an_answer(tmp_path: Path) -> None:
    told = detect(film(tmp_path / "one.mp4", shaky(count=1)))
    assert told.abstained is not None


def test_a_clip_that_is_cut_short_is_unreadable_or_answered(tmp_path: Path) -> None:
    data = film(tmp_path / "film.mp4", shaky()).read_bytes()
    for share in (0.2, 0.6, 0.95):
        path = tmp_path / f"{share}.mp4"
        path.write_bytes(data[: int(share * len(data))])
        try:
            detect(path)
        except Unreadable:
            continue


def test_without_its_line_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(footage, "FILE", "none.npz")
    footage.trained.cache_clear()
    try:
        with pytest.raises(ToolMissing):
            detect(film(tmp_path / "film.mp4", shaky()))
    finally:
        footage.trained.cache_clear()
