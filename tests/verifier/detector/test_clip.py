"""A clip is measured and weighed, or its reason said: real faces, painted eyes, hostile files."""

import contextlib
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image, ImageDraw

from ledger import asset
from ledger.asset import detect_media_type
from tests import media
from verifier.detector import clip, faces, swap
from verifier.detector.calibration import Calibration, weigh
from verifier.detector.cues import IN_CLIPS, IN_PICTURES, KINDS, Measured, of_clip, of_picture
from verifier.detector.evidence import in_words
from verifier.detector.head import Head
from verifier.detector.result import Detection, Subject
from verifier.detector.track import LARGEST, scaled, stretch
from verifier.errors import ToolMissing, Unreadable
from verifier.media.probe import MediaInfo, Video

Pixels = npt.NDArray[np.uint8]
FACE: Pixels = np.asarray(
    Image.fromarray(skimage.data.astronaut()[:256, 96:352]).resize((320, 320), 3)
)
RATE = 15


def film(path: Path, frames: list[Pixels], *more: str) -> Path:
    """Write frames as H.264, RATE a second."""
    height, width = frames[0].shape[:2]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE))
    coder = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p")
    subprocess.run(
        [str(media.ffmpeg_path()), "-v", "error", "-y", *raw, "-i", "-", *more, *coder, str(path)],
        input=b"".join(each.tobytes() for each in frames),
        check=True,
        capture_output=True,
    )
    return path


def moving(count: int) -> list[Pixels]:
    """The astronaut, swaying a little, with a camera's noise."""
    random = np.random.default_rng(0)
    return [
        np.roll(
            (FACE + random.normal(0, 2, FACE.shape)).clip(0, 255).astype(np.uint8),
            (round(3 * np.sin(n / 9)), round(5 * np.cos(n / 7))),
            (0, 1),
        )
        for n in range(count)
    ]


def with_shut_eyes(rgb: Pixels) -> Pixels:
    """Lids painted over both eyes."""
    mesh = faces.fit(rgb, faces.find_faces(rgb)[0])
    assert mesh is not None
    flat = mesh.points[:, :2]
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    for ring, low, corners in (
        ((33, 246, 160, 159, 158, 173, 133, 154, 145, 144, 163, 7), 145, (33, 133)),
        ((362, 398, 385, 386, 387, 466, 263, 249, 373, 374, 380, 382), 374, (362, 263)),
    ):
        outline = flat[list(ring)]
        wide = (outline - outline.mean(0)) * 1.35 + outline.mean(0)
        skin = image.getpixel((int(flat[low][0]), int(flat[low][1]) + 9))
        draw.polygon([(float(x), float(y)) for x, y in wide], fill=skin)
        seam = [flat[corners[0]] + (0, 1), flat[low] + (0, 3), flat[corners[1]] + (0, 1)]
        draw.line([(float(x), float(y)) for x, y in seam], fill=(60, 35, 30), width=2)
    return np.asarray(image)


def detect(path: Path, rate: float = RATE) -> Detection:
    told = clip.detect_clip(path, detect_media_type(path.read_bytes()[:4096]), rate=rate)
    assert told.kind is Subject.CLIP
    assert (told.log10_lr is None) == (told.abstained is not None)
    for cue in told.cues:
        assert np.isfinite(cue.value)
        assert cue.usual is not None
        assert cue.usual[0] <= cue.usual[1]
        assert "fake" not in cue.sentence
        assert "nan" not in cue.sentence
    return told


def value(told: Detection, code: str) -> float | None:
    return next((cue.value for cue in told.cues if cue.code == code), None)


def test_painted_blinks_are_counted(tmp_path: Path) -> None:
    frames = moving(6 * RATE)
    for start in (20, 50, 70):
        frames[start : start + 3] = [with_shut_eyes(each) for each in frames[start : start + 3]]
    told = detect(film(tmp_path / "blinks.mp4", frames))
    rate = value(told, "face.blinks")
    assert rate == pytest.approx(30, abs=1.5)
    assert value(told, "face.blink-length") == pytest.approx(0.2, abs=0.08)
    assert value(told, "face.lips-lag") is None  # there is no sound


def test_a_face_whose_edge_flickers_is_measured_to(tmp_path: Path) -> None:
    steady = moving(3 * RATE)
    (face,) = faces.find_faces(FACE)
    mesh = faces.fit(FACE, face)
    assert mesh is not None
    from verifier.detector.skin import OVAL

    flat = mesh.points[:, :2]
    flickering = []
    for n, each in enumerate(moving(3 * RATE)):
        image = Image.fromarray(each)
        shift = np.array((5 * np.cos(n / 7), 3 * np.sin(n / 9))).round()
        corners = [tuple(map(float, flat[p] + shift)) for p in (*OVAL, OVAL[0])]
        ImageDraw.Draw(image).line(corners, fill=(90 + 60 * (n % 2),) * 3, width=3)
        flickering.append(np.asarray(image))
    one = value(detect(film(tmp_path / "steady.mp4", steady)), "face.edge-flicker")
    two = value(detect(film(tmp_path / "flicker.mp4", flickering)), "face.edge-flicker")
    assert one is not None
    assert two is not None
    assert two > 2 * one


def test_a_weighed_clip_has_a_bounded_opinion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = np.zeros(4)
    head = Head(
        weights=zeros,
        offset=np.array(9.0),
        lines=np.array([[2.0, 0.0], [1.5, 0.1]]),
        bounds=np.array((-0.5, 0.7)),
        centre=zeros,
        directions=np.zeros((2, 4)),
        farthest=np.array(1.0),
    )
    monkeypatch.setattr(swap, "features", lambda _: np.zeros(4, np.float32))
    monkeypatch.setattr(swap, "trained", lambda: head)
    told = detect(film(tmp_path / "a.mp4", moving(3 * RATE)), rate=5)
    assert told.log10_lr == pytest.approx(0.7)
    assert told.interval == pytest.approx((0.7, 0.7))
    assert told.experimental == clip.EXPERIMENTAL
    assert head.calibration == Calibration(head.lines, (-0.5, 0.7))


def test_no_words_speak_for_an_unaltered_face() -> None:
    calibration = swap.trained().calibration
    least, greatest = calibration.bounds
    assert least <= 0 < greatest
    for score in (-100.0, -3.0, 0.0):
        said = weigh(score, calibration)
        assert in_words(said, clip.SIDES) == "no support"
        assert least <= said.log10_lr < greatest


def test_without_the_encoder_it_abstains_and_shows_its_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: Pixels) -> None:
        raise ToolMissing("the weights of the picture encoder are not installed", "install them")

    monkeypatch.setattr(swap, "features", missing)
    told = detect(film(tmp_path / "a.mp4", moving(3 * RATE)), rate=5)
    assert told.abstained is not None
    assert "not installed" in told.abstained
    assert told.cues


def test_there_is_no_face_in_an_animal_film_in_the_dark_nor_in_a_street(tmp_path: Path) -> None:
    dark = film(tmp_path / "dark.mp4", [np.zeros((120, 160, 3), np.uint8)] * 40)
    for path in (media.clip_with_sound(tmp_path), dark):
        told = detect(path, rate=2)
        assert told.abstained == "no face was found in it"
        assert told.cues == ()
    assert detect(media.clip(tmp_path), rate=2).abstained is not None


def test_forty_faces_are_not_judged(tmp_path: Path) -> None:
    one = np.asarray(Image.fromarray(FACE).resize((160, 160)))
    crowd = np.tile(one, (5, 8, 1))
    told = detect(film(tmp_path / "crowd.mp4", [crowd] * (3 * RATE)), rate=4)
    assert told.abstained is not None
    assert "alike size" in told.abstained or "pixels wide" in told.abstained


def test_a_small_face_and_a_face_seen_for_a_moment_are_not_judged(tmp_path: Path) -> None:
    small = np.asarray(Image.fromarray(FACE).resize((128, 128)))
    told = detect(film(tmp_path / "small.mp4", [small] * (3 * RATE)), rate=5)
    assert told.abstained is not None
    assert "pixels wide" in told.abstained
    one = detect(film(tmp_path / "one.mp4", [FACE]))
    assert one.abstained is not None
    assert "seen for 0.0 s" in one.abstained
    gone = moving(8) + [np.full_like(FACE, 90)] * (3 * RATE)
    told = detect(film(tmp_path / "gone.mp4", gone), rate=5)
    assert told.abstained is not None


def test_a_drawing_of_a_face_is_not_judged(tmp_path: Path) -> None:
    flat = Image.fromarray(FACE).quantize(4).convert("RGB")
    told = detect(film(tmp_path / "drawn.mp4", [np.asarray(flat)] * (3 * RATE)), rate=5)
    assert told.abstained is not None


def test_a_damaged_clip_is_unreadable_or_says_why(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", moving(2 * RATE), "-movflags", "+faststart").read_bytes()
    for share in (0.1, 0.5, 0.9):
        cut = tmp_path / f"cut-{share}.mp4"
        cut.write_bytes(whole[: int(len(whole) * share)])
        try:
            told = detect(cut, rate=5)
        except Unreadable:
            continue
        assert told.abstained is not None or abs(told.log10_lr or 0) < 6
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(whole[:64] + np.random.default_rng(0).bytes(9000))
    with contextlib.suppress(Unreadable):
        assert clip.detect_clip(noise, asset.MP4).abstained is not None


def test_a_recording_and_a_moving_picture_are_not_judged(tmp_path: Path) -> None:
    assert detect(media.recording(tmp_path)).abstained == "it holds no moving pictures"
    assert clip.detect_clip(tmp_path / "x.gif", asset.GIF).abstained is not None


def test_long_clips_are_watched_in_their_middle_and_large_frames_made_smaller() -> None:
    assert stretch(None) == stretch(30) == (0, 10)
    assert stretch(7200) == (3595, 3605)
    assert stretch(1e9)[0] <= 3600
    assert scaled((640, 272)) == (640, 272)
    assert scaled((7680, 4320)) == (LARGEST, LARGEST * 9 // 16)
    assert scaled((1, 100000)) == (2, LARGEST)


def test_heavier_compression_than_was_ever_measured_is_not_judged() -> None:
    shown = Video(1280, 720, 0, 30.0, "h264")
    info = MediaInfo(10.0, (1280, 720), (shown,), ())
    assert clip.too_coarse(info, 150_000) is None
    assert "compressed so heavily" in (clip.too_coarse(info, 50_000) or "")
    assert clip.too_coarse(replace(info, duration=None), 10) is None


def test_every_measurement_has_its_range_and_sentence() -> None:
    given = dict.fromkeys(KINDS, 1.0)
    for told, ranges in ((of_clip, IN_CLIPS), (of_picture, IN_PICTURES)):
        shown = told(Measured(**given))
        assert len({cue.code for cue in shown}) == len(shown) == len(ranges)
        assert told(Measured()) == ()
        for cue in shown:
            assert cue.usual is not None
            assert cue.usual[0] < cue.usual[1]
            assert "{" not in cue.sentence
            assert ("photographs" in cue.sentence) == (told is of_picture)
            assert ("real clips" in cue.sentence) == (told is of_clip)
    assert set(IN_CLIPS) | set(IN_PICTURES) == set(KINDS)
    assert set(clip.digests()) >= {"face_points.onnx", swap.FILE}
    clip.ready()
